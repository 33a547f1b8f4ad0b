//! One receiver's calls: trades side by side, each trade's calls in their order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use astrolabe_core::command::{Command, FirstAttempt, PushedAfter};
use astrolabe_core::ids::{AppKey, OutwardId, Tid};
use astrolabe_core::outward::{OutwardState, Receiver};
use astrolabe_core::time::Timestamp;
use astrolabe_store::DueOutward;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::app::App;
use crate::workers::attempt_log::AttemptLog;
use crate::workers::attempts::{self, Ending, Next};
use crate::workers::{replies, send};

/// Calls to one receiver that are under way at once.
const IN_FLIGHT_MAX: usize = 32;

/// Calls waiting for one receiver.
#[derive(Clone, Debug, Default)]
pub(super) struct ReceiverQueue {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    by_trade: HashMap<Tid, VecDeque<DueOutward>>,
    /// Trades with calls and none under way, in the order they came.
    ready: VecDeque<Tid>,
    /// Every call that is here, waiting or under way: the same one may be leased twice.
    known: HashSet<OutwardId>,
    closed: bool,
}

impl ReceiverQueue {
    /// Adds a call; one that is here already is not added again.
    pub(super) fn push(&self, call: DueOutward) {
        let mut waiting = self.shared.waiting.lock();
        if !waiting.known.insert(call.outward.id) {
            return;
        }
        let tid = call.outward.tid;
        match waiting.by_trade.get_mut(&tid) {
            Some(calls) => calls.push_back(call),
            None => {
                waiting.by_trade.insert(tid, VecDeque::from([call]));
                waiting.ready.push_back(tid);
            }
        }
        drop(waiting);
        self.shared.changed.notify_one();
    }

    /// Takes no more; what waits stays in the database.
    pub(super) fn close(&self) {
        self.shared.waiting.lock().closed = true;
        self.shared.changed.notify_one();
    }

    /// The next call whose trade has none under way.
    fn take(&self) -> Option<DueOutward> {
        let mut waiting = self.shared.waiting.lock();
        if waiting.closed {
            return None;
        }
        let tid = waiting.ready.pop_front()?;
        waiting.by_trade.get_mut(&tid).and_then(VecDeque::pop_front)
    }

    /// A trade's call has ended: delivered or dead ones let the next pass; after a failure the trade's other calls are
    /// forgotten here and come back from the database, behind the one that failed.
    fn ended(&self, tid: Tid, id: OutwardId, passed: bool) {
        let mut waiting = self.shared.waiting.lock();
        waiting.known.remove(&id);
        let rest = waiting.by_trade.get(&tid).is_some_and(|calls| !calls.is_empty());
        if rest && passed {
            waiting.ready.push_back(tid);
            return;
        }
        for call in waiting.by_trade.remove(&tid).into_iter().flatten() {
            waiting.known.remove(&call.outward.id);
        }
    }

    fn is_closed(&self) -> bool {
        self.shared.waiting.lock().closed
    }
}

/// Serves the queue until it is closed.
pub(super) async fn run(app: Arc<App>, log: AttemptLog, queue: ReceiverQueue) {
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < IN_FLIGHT_MAX {
            let Some(call) = queue.take() else { break };
            let (app, log, queue) = (Arc::clone(&app), log.clone(), queue.clone());
            under_way.spawn(async move {
                let (tid, id) = (call.outward.tid, call.outward.id);
                let passed = attempt(&app, &log, call).await;
                queue.ended(tid, id, passed);
            });
        }
        if queue.is_closed() && under_way.is_empty() {
            return;
        }
        tokio::select! {
            () = queue.shared.changed.notified() => {}
            Some(ended) = under_way.join_next(), if !under_way.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "an attempt at a call outward ended badly");
                }
            }
        }
    }
}

/// Whether the app that was called can be reached is known from here on.
fn note_reach(app: &App, call: &DueOutward, ending: &Ending, now: Timestamp) {
    let Receiver::App(key) = &call.outward.receiver else { return };
    match ending {
        Ending::Unreachable(_) => app.unreachable.failed(key, now),
        Ending::Delivered | Ending::Fault(_) | Ending::Refused(_) => app.unreachable.answered(key),
        Ending::NoAddress => {}
    }
}

/// A first attempt that a push follows is settled together with it.
fn settling(call: &DueOutward, state: OutwardState, named: Vec<AppKey>) -> Command {
    let (id, tid) = (call.outward.id, call.outward.tid);
    match (&call.outward.receiver, PushedAfter::of(&call.outward.message)) {
        (Receiver::App(app), Some(after)) if call.attempts == 0 => {
            let first = FirstAttempt { id, tid, state, app: app.clone(), call: after, named };
            Command::SettleFirst(Box::new(first))
        }
        (Receiver::App(_) | Receiver::Channel(_) | Receiver::Webhook(_) | Receiver::Rds(_), _) => {
            Command::SettleOutward { id, tid, state }
        }
    }
}

/// Makes one attempt and sends what came of it through the lane. Answers whether the trade's next call may go.
async fn attempt(app: &Arc<App>, log: &AttemptLog, call: DueOutward) -> bool {
    let attempts = call.attempts + 1;
    let sent = send::send(app, &call).await;
    let now = app.clock.now();
    let jitter = rand::random_range(-1_000..=1_000);
    note_reach(app, &call, &sent.ending, now);
    let next = attempts::after(sent.ending, attempts, call.outward.made_at, now, jitter);
    let (state, outcome) = match next {
        Next::Done => (OutwardState::Delivered { attempts, at: now }, "delivered"),
        Next::Skip => (OutwardState::Skipped { at: now }, "skipped"),
        Next::RetryAt(next_at, error) => {
            (OutwardState::Pending { attempts, next_at, last_error: Some(error) }, "retried")
        }
        Next::GiveUp(error) => (OutwardState::Dead { attempts, at: now, error }, "dead"),
    };
    metrics::counter!("astrolabe_outward_attempts_total", "outcome" => outcome).increment(1);
    let passed = outcome != "retried";
    let named = sent.reply.as_ref().map(|reply| replies::named_apps(app, &call, reply)).unwrap_or_default();
    if let (Some(reply), Some(attempt)) = (sent.reply, &sent.attempt) {
        replies::take_back(app, &call, reply, attempt.key.started_at).await;
    }
    let settle = settling(&call, state, named);
    if let Err(error) = app.submit(call.seller, settle, None).await {
        // The row stays pending and is tried again: a receiver must expect repeats.
        tracing::warn!(%error, "a call outward could not be settled");
    }
    // After the settling: nothing of the order waits for the log.
    if let Some(kept) = sent.attempt {
        log.keep(kept).await;
    }
    passed
}
