//! Calls outward: from a committed row to the receiver, and its answer back through the lane.
//!
//! Rows come in two ways: handed over by the lane right after its commit (this node holds the lease from the start), and
//! leased from the database (after a restart, a failure, or another node's death). Each receiver has a task of its own,
//! so that a dead one never slows another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::ids::SellerId;
use astrolabe_core::outward::{Outward, Receiver};
use astrolabe_core::time::Millis;
use astrolabe_store::{DueOutward, Lease};
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::workers::attempt_log::AttemptLog;
use crate::workers::receiver::{self, ReceiverQueue};
use crate::workers::until_stopped;

/// Calls that may wait between lane and dispatcher; what does not fit is leased from the database later.
const HANDED_OVER_MAX: usize = 65_536;
/// How often the database is asked for calls that are due.
const LEASE_EVERY: Duration = Duration::from_millis(500);
/// Calls leased at once.
const LEASE_BATCH: usize = 500;
/// How long a leased call stays ours.
const LEASE_MS: i64 = 20_000;

/// The way from the lanes to the dispatcher.
#[derive(Debug)]
pub(crate) struct OutwardQueue {
    sender: mpsc::Sender<DueOutward>,
    receiver: Mutex<Option<mpsc::Receiver<DueOutward>>>,
}

impl Default for OutwardQueue {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(HANDED_OVER_MAX);
        Self { sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl OutwardQueue {
    /// Passes on calls that were just committed. Full: they stay in the database and are leased when the lease of this
    /// node has run out.
    pub(crate) fn hand_over(&self, seller: SellerId, calls: Vec<Outward>) {
        for outward in calls {
            if self.sender.try_send(DueOutward { seller, outward, attempts: 0 }).is_err() {
                metrics::counter!("astrolabe_outward_handover_full_total").increment(1);
                return;
            }
        }
    }
}

/// Runs until told to stop.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let Some(mut handed_over) = app.outward.receiver.lock().take() else { return };
    let mut dispatcher = Dispatcher::new(app);
    let mut tick = tokio::time::interval(LEASE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => break,
            call = handed_over.recv() => match call {
                Some(call) => dispatcher.dispatch(call),
                None => break,
            },
            _ = tick.tick() => dispatcher.lease().await,
        }
    }
    dispatcher.drain().await;
}

struct Dispatcher {
    app: Arc<App>,
    log: AttemptLog,
    log_writer: JoinHandle<()>,
    receivers: HashMap<(SellerId, Receiver), (ReceiverQueue, JoinHandle<()>)>,
}

impl Dispatcher {
    fn new(app: Arc<App>) -> Self {
        let (log, log_writer) = AttemptLog::start(Arc::clone(&app));
        Self { app, log, log_writer, receivers: HashMap::new() }
    }

    fn dispatch(&mut self, call: DueOutward) {
        let key = (call.seller, call.outward.receiver.clone());
        let (queue, _task) = self.receivers.entry(key).or_insert_with(|| {
            let queue = ReceiverQueue::default();
            let task = tokio::spawn(receiver::run(Arc::clone(&self.app), self.log.clone(), queue.clone()));
            (queue, task)
        });
        queue.push(call);
    }

    async fn lease(&mut self) {
        let now = self.app.clock.now();
        let lease = Lease { node: self.app.node, until: now + Millis(LEASE_MS) };
        match self.app.store.lease_outward(now, lease, LEASE_BATCH).await {
            Ok(due) => {
                for call in due {
                    self.dispatch(call);
                }
            }
            Err(error) => tracing::warn!(%error, "calls outward cannot be leased"),
        }
    }

    async fn drain(self) {
        for (queue, task) in self.receivers.into_values() {
            queue.close();
            if let Err(error) = task.await {
                tracing::error!(%error, "a receiver's task ended badly");
            }
        }
        // The last handle: what is still to be written is written, then the writer ends.
        drop(self.log);
        if let Err(error) = self.log_writer.await {
            tracing::error!(%error, "the log of attempts ended badly");
        }
    }
}
