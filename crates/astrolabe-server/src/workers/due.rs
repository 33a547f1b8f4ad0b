//! Clocks that ran out and work that decisions left: found here, decided in the lanes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::command::Command;
use astrolabe_core::ids::SellerId;
use astrolabe_store::StoreError;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::app::App;
use crate::workers::until_stopped;

/// How often the database is asked what is due.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often the directory's version is compared.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// Sellers looked at in one round.
const SELLERS_MAX: usize = 1_000;
/// Things of one kind taken up for one seller in one round.
const BATCH_MAX: usize = 200;

/// Runs until told to stop.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    // A seller whose last round is still under way is left out of this one: its rows are still there.
    let busy: Arc<Mutex<HashSet<SellerId>>> = Arc::default();
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            _ = tick.tick() => {}
            () = app.work_left.notified() => {}
        }
        let due = match app.store.sellers_with_due(app.clock.now(), SELLERS_MAX).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "what is due cannot be read");
                continue;
            }
        };
        for seller in due {
            if !busy.lock().insert(seller) {
                continue;
            }
            let (app, busy) = (Arc::clone(&app), Arc::clone(&busy));
            tokio::spawn(async move {
                if let Err(error) = serve(&app, seller).await {
                    tracing::warn!(%seller, %error, "what is due cannot be read");
                }
                busy.lock().remove(&seller);
            });
        }
    }
}

/// One round for one seller: everything that is due goes through its lane, oldest first.
async fn serve(app: &Arc<App>, seller: SellerId) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut commands = Vec::new();
    for work in app.store.open_work(seller, BATCH_MAX).await? {
        commands.push(Command::DoWork { id: work.id, work: work.work });
    }
    for tid in app.store.due_trades(seller, now, BATCH_MAX).await? {
        commands.push(Command::LookAtClock { tid });
    }
    for cell in app.store.due_cells(seller, now, BATCH_MAX).await? {
        commands.push(Command::JudgeUnreported { cell, as_of: now });
    }
    for key in app.store.expired_holds(seller, now, BATCH_MAX).await? {
        commands.push(Command::ExpireAhead { key });
    }
    let answers = commands.into_iter().map(|command| {
        let app = Arc::clone(app);
        async move {
            let name = command.name();
            if let Err(error) = app.submit(seller, command, None).await {
                tracing::warn!(%seller, command = name, %error, "due work was not done");
            }
        }
    });
    futures::future::join_all(answers).await;
    Ok(())
}

/// Keeps the directory cache as new as the database, until told to stop.
pub(super) async fn refresh_directory(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(REFRESH_EVERY);
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = app.directory.refresh(app.store.as_ref()).await {
            tracing::warn!(%error, "the directory cannot be read");
        }
    }
}
