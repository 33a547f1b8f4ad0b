//! Forgetting attempts that need not be kept: some receivers a round, in steps, so that no round is long however much there is.

use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::ids::SellerId;
use astrolabe_core::outward::Receiver;
use astrolabe_core::time::Millis;
use astrolabe_store::{AttemptsKept, StoreError};
use tokio::sync::watch;

use crate::app::App;
use crate::workers::until_stopped;

/// How often a round is made.
const ROUND_EVERY: Duration = Duration::from_secs(10);
/// Receivers looked at in one round.
const RECEIVERS_MAX: usize = 200;
/// Attempts forgotten in one step, and steps for one receiver in one round.
const STEP: usize = 500;
const STEPS_MAX: usize = 100;

/// Runs until told to stop.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(ROUND_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            _ = tick.tick() => {}
        }
        for (seller, receiver) in next_receivers(&app, last.as_ref()) {
            if *stopped.borrow() {
                return;
            }
            if let Err(error) = forget(&app, seller, &receiver).await {
                tracing::warn!(%error, "old attempts at calls outward are not forgotten");
            }
            last = Some((seller, receiver));
        }
    }
}

/// The receivers after the last one looked at, from the first again after the end.
fn next_receivers(app: &App, last: Option<&(SellerId, Receiver)>) -> Vec<(SellerId, Receiver)> {
    let all = app.directory.get().receivers();
    let from = last.map_or(0, |last| all.partition_point(|one| one <= last));
    all[from..].iter().chain(&all[..from]).take(RECEIVERS_MAX).cloned().collect()
}

async fn forget(app: &App, seller: SellerId, receiver: &Receiver) -> Result<(), StoreError> {
    let since = app.clock.now() + Millis::hours(-24 * app.limits.attempts_kept_days);
    let kept = AttemptsKept { since, newest: app.limits.attempts_kept_newest };
    for _ in 0..STEPS_MAX {
        if app.store.forget_attempts(seller, receiver, kept, STEP).await? < STEP {
            break;
        }
    }
    Ok(())
}
