//! Figures of chapter 5: what is new on the timelines is added up, seller by seller, in small steps. Reports read the sums.
//!
//! It is never in a hurry: after each step it rests as long as the step took, so that the orders' own writes have at least
//! half of the database's time. Two nodes may read the same facts; only one of them keeps the sum.

use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_core::ids::SellerId;
use astrolabe_core::time::Timestamp;
use astrolabe_store::{StoreError, TimelineReader, derive_figures};
use tokio::sync::watch;

use crate::app::{App, FIGURE_DAYS_KEPT};
use crate::workers::until_stopped;

/// How often timelines are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Sellers taken up in one round.
const SELLERS_MAX: usize = 1_000;
/// Facts of one step: what it writes must not keep a group waiting for long.
const FACTS_MAX: usize = 200;
/// Steps for one seller in one round, after which the next has its turn.
const STEPS_MAX: usize = 50;

/// Runs until told to stop.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut cleaned_day = None;
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = round(&app, &mut stopped).await {
            tracing::warn!(%error, "the timeline's figures are not up to date");
        }
        let today = app.clock.now().shanghai_day();
        if cleaned_day != Some(today) {
            cleaned_day = Some(today);
            forget(&app, today - FIGURE_DAYS_KEPT).await;
        }
    }
}

/// Everybody who is behind, a little.
async fn round(app: &App, stopped: &mut watch::Receiver<bool>) -> Result<(), StoreError> {
    let behind = app.store.sellers_behind(TimelineReader::Kpi, SELLERS_MAX).await?;
    let mut oldest = None;
    for seller in &behind {
        match serve(app, *seller, stopped).await {
            Ok(first) => oldest = oldest.into_iter().chain(first).min(),
            Err(error) => tracing::warn!(%seller, %error, "a timeline's figures are not up to date"),
        }
        if *stopped.borrow() {
            return Ok(());
        }
    }
    let lag = oldest.map_or(0, |first: Timestamp| (app.clock.now() - first).0.max(0));
    metrics::gauge!("astrolabe_timeline_reader_sellers_behind", "reader" => "kpi").set(behind.len() as f64);
    metrics::gauge!("astrolabe_timeline_reader_lag_seconds", "reader" => "kpi").set(lag as f64 / 1_000.0);
    Ok(())
}

/// Some steps for one seller; when the first fact of the last of them was learnt.
async fn serve(
    app: &App,
    seller: SellerId,
    stopped: &mut watch::Receiver<bool>,
) -> Result<Option<Timestamp>, StoreError> {
    let mut last = None;
    for _ in 0..STEPS_MAX {
        let started = Instant::now();
        let Some(step) = derive_figures(app.store.as_ref(), seller, FACTS_MAX).await? else { break };
        last = Some(step.oldest);
        if step.kept {
            metrics::counter!("astrolabe_timeline_reader_facts_total", "reader" => "kpi").increment(step.facts as u64);
        }
        if step.facts < FACTS_MAX {
            break;
        }
        let rest = tokio::time::timeout(started.elapsed(), until_stopped(stopped)).await;
        if rest.is_ok() {
            break;
        }
    }
    Ok(last)
}

/// Once a day: figures of single days that are no longer kept. Those of months stay.
async fn forget(app: &App, before: i64) {
    let directory = app.directory.get();
    for seller in directory.sellers().map(|seller| seller.id) {
        if let Err(error) = app.store.forget_figures(seller, before).await {
            tracing::warn!(%seller, %error, "old figures are not forgotten");
        }
    }
}
