//! The lanes of this process: one task a seller, started when first needed.

use std::collections::HashMap;
use std::sync::Arc;

use astrolabe_core::ids::SellerId;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::app::job::Job;
use crate::app::lane::{self, LANE_QUEUE_MAX};

/// All running lanes.
#[derive(Debug, Default)]
pub struct Lanes {
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    queues: HashMap<SellerId, mpsc::Sender<Job>>,
    tasks: Vec<JoinHandle<()>>,
    /// No new lane starts once the process drains.
    draining: bool,
}

impl Lanes {
    /// The queue of a seller's lane. While the process drains, a closed queue that accepts nothing.
    pub(crate) fn queue_of(&self, app: &Arc<App>, seller: SellerId) -> mpsc::Sender<Job> {
        let mut running = self.running.lock();
        if let Some(queue) = running.queues.get(&seller) {
            return queue.clone();
        }
        let (queue, jobs) = mpsc::channel(LANE_QUEUE_MAX);
        if !running.draining {
            running.tasks.push(tokio::spawn(lane::run(Arc::clone(app), seller, jobs)));
            running.queues.insert(seller, queue.clone());
        }
        queue
    }

    /// Commands waiting in all lanes, for metrics and readiness.
    pub fn waiting(&self) -> usize {
        let running = self.running.lock();
        running.queues.values().map(|queue| LANE_QUEUE_MAX - queue.capacity()).sum()
    }

    /// Takes no more commands, lets every lane finish what it has, and returns when all are done.
    pub async fn drain(&self) {
        let tasks = {
            let mut running = self.running.lock();
            running.draining = true;
            running.queues.clear();
            std::mem::take(&mut running.tasks)
        };
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a lane ended badly");
            }
        }
    }
}
