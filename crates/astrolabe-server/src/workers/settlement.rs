//! 分账: keeps every merchant's postings up with his timeline. Several nodes may do it at once: a step that another took
//! first is not kept, and looked at again in the next round.

use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::ids::SellerId;
use astrolabe_store::StoreError;
use futures::StreamExt;
use tokio::sync::watch;

use crate::app::{App, settling};
use crate::workers::until_stopped;

/// How often it is asked who has something to settle.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Sellers looked at in one round, and at the same time.
const SELLERS_MAX: usize = 1_000;
const TOGETHER_MAX: usize = 4;
/// Steps of one seller in one round: a merchant with years behind him does not keep the others waiting.
const STEPS_MAX: usize = 100;

/// Runs until told to stop.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            _ = tick.tick() => {}
        }
        match app.store.sellers_to_settle(app.clock.now(), SELLERS_MAX).await {
            Ok(sellers) => {
                let (app, stopped) = (&app, &stopped);
                futures::stream::iter(sellers)
                    .for_each_concurrent(TOGETHER_MAX, |seller| serve(app, seller, stopped))
                    .await;
            }
            Err(error) => tracing::warn!(%error, "who is to be settled cannot be read"),
        }
    }
}

async fn serve(app: &App, seller: SellerId, stopped: &watch::Receiver<bool>) {
    for _ in 0..STEPS_MAX {
        if *stopped.borrow() {
            return;
        }
        match settling::take_step(app, seller).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(StoreError::Conflict(why)) => {
                tracing::debug!(%seller, why, "another node settles");
                return;
            }
            Err(error) => {
                tracing::warn!(%seller, %error, "a seller was not settled");
                return;
            }
        }
    }
}
