//! The log of attempts: what went over the wire, written in batches beside the lanes.
//!
//! An order must not pay for being looked at, so attempts are no rows of its transactions. A process that dies loses those of
//! its last moment; the calls themselves are rows and are made again. A full log slows the calls down rather than losing any.

use std::sync::Arc;
use std::time::Duration;

use astrolabe_store::Attempt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::App;

/// Attempts that may wait to be written.
const WAITING_MAX: usize = 4_096;
/// Attempts written at once: few enough that nobody behind them at SQLite's one writer waits long.
const BATCH_MAX: usize = 256;
/// How long the first of a batch waits for others.
const GATHER_FOR: Duration = Duration::from_millis(200);
/// How often a batch that the database refuses is tried, and how long it waits in between.
const TRIES_MAX: u32 = 20;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Where attempts are handed in.
#[derive(Clone, Debug)]
pub(super) struct AttemptLog(mpsc::Sender<Attempt>);

impl AttemptLog {
    /// Starts the writer; it ends when every handle is gone and all is written.
    pub(super) fn start(app: Arc<App>) -> (Self, JoinHandle<()>) {
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        (Self(sender), tokio::spawn(write(app, waiting)))
    }

    /// Hands one in, and waits while the log is full.
    pub(super) async fn keep(&self, attempt: Attempt) {
        if self.0.send(attempt).await.is_err() {
            metrics::counter!("astrolabe_outward_attempts_unkept_total").increment(1);
        }
    }
}

async fn write(app: Arc<App>, mut waiting: mpsc::Receiver<Attempt>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let gather = async {
            while batch.len() < BATCH_MAX {
                let left = BATCH_MAX - batch.len();
                if waiting.recv_many(&mut batch, left).await == 0 {
                    break;
                }
            }
        };
        // Time is up or the batch is full: either way it is written.
        let _elapsed = tokio::time::timeout(GATHER_FOR, gather).await;
        write_batch(&app, &batch).await;
        batch.clear();
    }
}

/// Repeating is harmless: an attempt is kept once.
async fn write_batch(app: &App, batch: &[Attempt]) {
    for tried in 1..=TRIES_MAX {
        match app.store.keep_attempts(batch).await {
            Ok(()) => return,
            Err(error) if tried == TRIES_MAX => {
                tracing::error!(%error, attempts = batch.len(), "attempts at calls outward are not kept");
                let lost = u64::try_from(batch.len()).unwrap_or(u64::MAX);
                metrics::counter!("astrolabe_outward_attempts_unkept_total").increment(lost);
            }
            Err(error) => {
                tracing::warn!(%error, "attempts at calls outward wait for the database");
                tokio::time::sleep(TRY_AGAIN_AFTER).await;
            }
        }
    }
}
