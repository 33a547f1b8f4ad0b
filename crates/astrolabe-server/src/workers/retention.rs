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
    let Some(up_to) = app.store.attempts_to_forget(seller, receiver, kept).await? else { return Ok(()) };
    for _ in 0..STEPS_MAX {
        if app.store.forget_attempts(seller, receiver, up_to, STEP).await? < STEP {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use astrolabe_core::ids::{AppKey, Tid};
    use astrolabe_core::time::Timestamp;
    use astrolabe_store::{Attempt, AttemptId, AttemptKey, AttemptOutcome, AttemptsOf, Exchange, StoreTarget};

    use super::*;
    use crate::app::{Clock, Limits};
    use crate::declare;

    const DECLARED: &str = r#"
[[seller]]
id = 1
nick = "one"
[[app]]
key = "a"
secret = "s"
roles = ["pos"]
sellers = [1]
[[app]]
key = "b"
secret = "s"
roles = ["pos"]
sellers = [1]
[[channel]]
name = "tmall"
seller = 1
token = "t"
"#;

    fn attempt(at: i64) -> Attempt {
        Attempt {
            seller: SellerId(1),
            receiver: Receiver::App(AppKey("a".to_owned())),
            key: AttemptKey { started_at: Timestamp(at), id: AttemptId(at) },
            call: None,
            tid: Tid(1),
            method: "m".to_owned(),
            number: 1,
            took: Millis(1),
            outcome: AttemptOutcome::Delivered,
            exchange: Exchange::default(),
        }
    }

    #[tokio::test]
    async fn more_than_a_step_is_forgotten_in_one_round_and_receivers_take_turns() {
        let data = tempfile::TempDir::new().unwrap();
        let store = astrolabe_store::open(&StoreTarget::DataDir(data.path().to_owned())).await.unwrap();
        let day = Millis::hours(24).0;
        let clock = Clock::manual(Timestamp(10 * day));
        let limits = Limits { attempts_kept_days: 3, attempts_kept_newest: 600, ..Limits::default() };
        let app = App::new(store, clock.clone(), 0, limits).await.unwrap();
        declare::apply(&app, DECLARED, false).await.unwrap();
        let receiver = Receiver::App(AppKey("a".to_owned()));
        let kept = async || {
            let of = AttemptsOf::Receiver(receiver.clone());
            let found = app.store.attempts(SellerId(1), &of, None, 10_000).await.unwrap();
            (found.len(), found.last().map(|oldest| oldest.key.started_at.0))
        };
        let all: Vec<Attempt> = (0..2_000).map(|n| attempt(9 * day + n)).collect();
        app.store.keep_attempts(&all).await.unwrap();
        forget(&app, SellerId(1), &receiver).await.unwrap();
        assert_eq!(kept().await, (600, Some(9 * day + 1_400)), "the newest are kept");
        clock.advance(Millis(2 * day + 1_500));
        forget(&app, SellerId(1), &receiver).await.unwrap();
        assert_eq!(kept().await, (500, Some(9 * day + 1_500)), "those of the last three days are kept");

        let first = next_receivers(&app, None);
        assert_eq!(first.len(), 3);
        let second = next_receivers(&app, Some(&first[0]));
        assert_eq!(second, [first[1].clone(), first[2].clone(), first[0].clone()]);
    }
}
