//! What runs beside the doors: calls outward, clocks and left-over work, the directory's refresh, figures and settlement from the
//! timelines.
//!
//! Workers decide nothing. They find what is due and send commands through the lanes, like anybody else.

mod attempt_log;
mod attempts;
mod due;
mod figures;
mod outward;
mod receiver;
mod replies;
mod retention;
mod send;
mod settlement;
mod sources;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use outward::OutwardQueue;

use crate::app::App;

/// Running workers.
#[derive(Debug)]
pub(crate) struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts all of them.
    pub(crate) fn start(app: &Arc<App>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(outward::run(Arc::clone(app), stopped.clone())),
            tokio::spawn(due::run(Arc::clone(app), stopped.clone())),
            tokio::spawn(due::refresh_directory(Arc::clone(app), stopped.clone())),
            tokio::spawn(sources::run(Arc::clone(app), stopped.clone())),
            tokio::spawn(retention::run(Arc::clone(app), stopped.clone())),
            tokio::spawn(figures::run(Arc::clone(app), stopped.clone())),
            tokio::spawn(settlement::run(Arc::clone(app), stopped)),
        ];
        Self { stop, tasks }
    }

    /// Takes up nothing new, lets running attempts end, and returns.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a worker ended badly");
            }
        }
    }
}

/// Ends when the workers are told to stop.
async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    // A closed channel means that nobody is left to tell us: stop as well.
    let _closed = stopped.wait_for(|stop| *stop).await;
}
