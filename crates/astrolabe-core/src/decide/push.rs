//! Which databases of apps get which rows (white paper §3, and "who is told what"): a row is never written before the call
//! it belongs to was tried, and an app without a duty in an omnichannel trade gets it only once goods have left.
//!
//! What a row says is not decided here: it is read from the trade when the push is made, so that one push stands for all
//! changes before it. Called by [`super::case::Case::close`], for first attempts at calls, and for registrations.

use std::collections::BTreeSet;

use crate::command::{FirstAttempt, HistoryPlace, Outcome, PushUser, PushedAfter, Work};
use crate::ids::{AppKey, OutwardId, RefundId, Tid, WorkId};
use crate::order::assignment::AssignmentState;
use crate::order::file::TradeFile;
use crate::order::trade::{AllocationAsk, Level};
use crate::outward::{Message, Outward, Receiver};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator, RoleMode};
use crate::time::{Millis, Timestamp};
use crate::world::{HISTORY_MAX, NewWork, World};

use super::case::Case;
use super::clock;

/// Most days of history that a registration can ask for, as published.
const HISTORY_DAYS_MAX: i64 = 90;

impl Case<'_> {
    /// The trade's rows are written anew wherever they are, except where a call that this decision caused comes first.
    pub(super) fn push_trade(&mut self) {
        let tid = self.tid();
        for app in entitled(self.world, &self.file) {
            if !follows_a_call(self.world, tid, &app, asks_or_tells) {
                push(self.world, tid, app, Message::PushTrade, self.at.learnt);
            }
        }
    }

    /// The refund's row, likewise.
    pub(super) fn push_refund(&mut self, refund: RefundId) {
        let tid = self.tid();
        for app in entitled(self.world, &self.file) {
            if !follows_a_call(self.world, tid, &app, tells_refund) {
                push(self.world, tid, app, Message::PushRefund { refund }, self.at.learnt);
            }
        }
    }
}

/// The apps into whose databases a trade goes as it stands.
fn entitled(world: &World, file: &TradeFile) -> BTreeSet<AppKey> {
    if world.push_users().is_empty() {
        return BTreeSet::new();
    }
    let all = world.push_users().values().filter(|user| !user.deleted).map(|user| user.app.clone());
    match file.trade.level {
        Level::Awaited | Level::PassedOnSelfOperated => BTreeSet::new(),
        Level::PassedOnOrdinary => all.collect(),
        Level::Routed if file.assignments.iter().any(|given| has_left(&given.state)) => all.collect(),
        Level::Routed => {
            let concerned = concerned(world, file);
            all.filter(|app| concerned.contains(app)).collect()
        }
    }
}

/// The apps with a duty in an omnichannel trade, as soon as they have one.
fn concerned(world: &World, file: &TradeFile) -> BTreeSet<AppKey> {
    let mut apps = file.trade.pushed_to.clone();
    let Some(RoleMode { allocator, acceptor }) = file.trade.mode.clone() else { return apps };
    if let Allocator::App(app) = allocator
        && (file.trade.allocation != AllocationAsk::None || !file.assignments.is_empty())
    {
        apps.insert(app);
    }
    if let Acceptor::App(app) = acceptor
        && !file.assignments.is_empty()
    {
        apps.insert(app);
    }
    if file.assignments.iter().any(|given| given.warehouse) {
        apps.extend(world.seller.settings.wms.clone());
    }
    apps
}

fn has_left(state: &AssignmentState) -> bool {
    match state {
        AssignmentState::Shipped
        | AssignmentState::Signed
        | AssignmentState::Collected
        | AssignmentState::ReturnRequested { .. }
        | AssignmentState::Returned
        | AssignmentState::Refunded => true,
        AssignmentState::Notified
        | AssignmentState::Accepted
        | AssignmentState::Confirmed
        | AssignmentState::Transferring
        | AssignmentState::CancelRequested { .. }
        | AssignmentState::CancelDenied { .. }
        | AssignmentState::Refused
        | AssignmentState::Unanswered
        | AssignmentState::Withdrawn
        | AssignmentState::Cancelled
        | AssignmentState::Closed => false,
    }
}

fn asks_or_tells(after: &PushedAfter) -> bool {
    match after {
        PushedAfter::Allocate | PushedAfter::Allocations => true,
        PushedAfter::Refund { .. } => false,
    }
}

fn tells_refund(after: &PushedAfter) -> bool {
    match after {
        PushedAfter::Refund { .. } => true,
        PushedAfter::Allocate | PushedAfter::Allocations => false,
    }
}

/// Whether a call of this group to the app is still to be tried, and the push follows that.
fn follows_a_call(world: &World, tid: Tid, app: &AppKey, such: impl Fn(&PushedAfter) -> bool) -> bool {
    let receiver = Receiver::App(app.clone());
    let mut calls = world.journal.calls().iter().filter(|call| call.tid == tid && call.receiver == receiver);
    calls.any(|call| PushedAfter::of(&call.message).is_some_and(|after| such(&after)))
}

/// One push. One that this group leaves already says the same.
fn push(world: &mut World, tid: Tid, app: AppKey, message: Message, now: Timestamp) {
    let receiver = Receiver::Rds(app);
    let same = |call: &Outward| call.tid == tid && call.receiver == receiver && call.message == message;
    if !world.journal.calls().iter().any(same) {
        let id = OutwardId(world.mint.long());
        world.journal.outward(Outward { id, receiver, tid, message, made_at: now });
    }
}

/// A call was tried for the first time, and is settled like any other; what follows it is pushed, whatever came of it. An
/// answer that names databases is listened to as far as they are this seller's to push into.
pub(super) fn settle_first(world: &mut World, first: &FirstAttempt, now: Timestamp) -> Result<Outcome, Refusal> {
    let outcome = clock::settle_outward(world, first.id, first.tid, &first.state, now)?;
    let own = Vec::from_iter(is_registered(world, &first.app).then(|| first.app.clone()));
    match &first.call {
        PushedAfter::Allocate => {
            let named: Vec<AppKey> = first.named.iter().filter(|app| is_registered(world, app)).cloned().collect();
            let into = if named.is_empty() { own } else { named };
            remember(world, first.tid, &into);
            for app in into {
                push(world, first.tid, app, Message::PushTrade, now);
            }
        }
        PushedAfter::Allocations => {
            for app in own {
                push(world, first.tid, app, Message::PushTrade, now);
            }
        }
        PushedAfter::Refund { sub_orders } => {
            let refunds = world.files.get(&first.tid).map(|file| file.trade.refunds.clone()).unwrap_or_default();
            let told = refunds.iter().filter(|refund| sub_orders.contains(&refund.oid)).map(|refund| refund.id);
            for refund in told.collect::<BTreeSet<_>>() {
                for app in &own {
                    push(world, first.tid, app.clone(), Message::PushRefund { refund }, now);
                }
            }
        }
    }
    Ok(outcome)
}

/// Databases of other apps that an allocating app has named go on getting the trade.
fn remember(world: &mut World, tid: Tid, apps: &[AppKey]) {
    let Some(mut file) = world.files.get(&tid).cloned() else { return };
    let known = concerned(world, &file);
    let new: Vec<AppKey> = apps.iter().filter(|app| !known.contains(*app)).cloned().collect();
    if !new.is_empty() {
        file.trade.pushed_to.extend(new);
        world.files.put(tid, file);
    }
}

fn is_registered(world: &World, app: &AppKey) -> bool {
    world.push_users().get(app).is_some_and(|user| !user.deleted)
}

/// `jushita.jdp.user.add`: new, changed or brought back; the same again changes nothing. What the seller's trades of the
/// asked days say is pushed bit by bit.
pub(super) fn register(world: &mut World, asked: &PushUser, now: Timestamp) -> Outcome {
    let known = world.push_users().get(&asked.app);
    let content = |user: &PushUser| (user.rds_name.clone(), user.history_days, user.topics.clone());
    if known.is_some_and(|known| !known.deleted && content(known) == content(asked)) {
        return Outcome::Done;
    }
    let created = known.map_or(now, |known| known.created);
    world.put_push_user(PushUser { deleted: false, created, modified: now, ..asked.clone() });
    let days = asked.history_days.unwrap_or(0).clamp(0, HISTORY_DAYS_MAX);
    if days > 0 {
        // The first bit begins with the newest trade there is.
        let place =
            HistoryPlace { since: now + Millis::hours(-24 * days), before: (Timestamp(i64::MAX), Tid(i64::MAX)) };
        leave(world, Work::PushHistory { app: asked.app.clone(), place }, now);
    }
    Outcome::Done
}

/// `jushita.jdp.user.delete`: deleted stays deleted.
pub(super) fn unregister(world: &mut World, app: &AppKey, now: Timestamp) -> Outcome {
    if let Some(known) = world.push_users().get(app).filter(|known| !known.deleted).cloned() {
        world.put_push_user(PushUser { deleted: true, modified: now, ..known });
    }
    Outcome::Done
}

/// A bit of a seller's history: each of its trades, and then the next bit.
pub(super) fn push_history(world: &mut World, app: &AppKey, place: HistoryPlace, now: Timestamp) {
    if !is_registered(world, app) {
        return;
    }
    let trades = world.history.get(&place).cloned().unwrap_or_default();
    for (_, tid) in &trades {
        leave(world, Work::PushAgain { app: app.clone(), tid: *tid }, now);
    }
    if let (Some(last), true) = (trades.last(), trades.len() >= HISTORY_MAX) {
        leave(world, Work::PushHistory { app: app.clone(), place: HistoryPlace { before: *last, ..place } }, now);
    }
}

/// One trade of the history with its refunds, if the app is to have it.
pub(super) fn push_again(world: &mut World, app: &AppKey, tid: Tid, now: Timestamp) {
    let Some(file) = world.files.get(&tid).cloned() else { return };
    if !entitled(world, &file).contains(app) {
        return;
    }
    push(world, tid, app.clone(), Message::PushTrade, now);
    for refund in &file.trade.refunds {
        push(world, tid, app.clone(), Message::PushRefund { refund: refund.id }, now);
    }
}

fn leave(world: &mut World, work: Work, now: Timestamp) {
    let id = WorkId(world.mint.long());
    world.journal.work(NewWork { id, work, made_at: now });
}
