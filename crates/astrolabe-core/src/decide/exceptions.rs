//! Exceptions: raising them, ending those whose cause is gone, and what people do about them.
//!
//! A cause is gone when the trade or the cell says so: that is read off the difference that a command makes, in one place,
//! so that no decision has to think of it. Acting on an order is done by its own commands; nothing here moves anything.

use crate::command::Outcome;
use crate::exception::{
    Closing, Exception, ExceptionChange, ExceptionKind, ExceptionState, NOTE_CHARS_MAX, Raised, Subject,
};
use crate::ids::{ExceptionId, LocationId, Oid, OutwardId};
use crate::order::assignment::{Assignment, AssignmentState};
use crate::order::file::TradeFile;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{AllocationAsk, Delivery, SubOrder, UnassignedState};
use crate::refusal::Refusal;
use crate::stock::cell::CellKey;
use crate::stock::entry::EntryKind;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, label};
use super::hops::late_exception;

impl Case<'_> {
    /// Something only a person can settle, about a sub-order or the trade.
    pub(super) fn raise(&mut self, kind: ExceptionKind, oid: Option<Oid>, detail: impl Into<String>) {
        let tid = self.tid();
        let subject = oid.map_or(Subject::Trade(tid), |oid| Subject::SubOrder(tid, oid));
        let at_one = |oid| self.file.live_of(oid).next().map(|assignment| assignment.location);
        let location = oid.and_then(at_one);
        raise(self.world, kind, subject, location, detail.into(), self.at.learnt);
    }

    /// The same about one assignment.
    pub(super) fn raise_on(&mut self, assignment: &Assignment, kind: ExceptionKind, detail: String) {
        let subject = Subject::Assignment(assignment.tid, assignment.oid, assignment.code);
        raise(self.world, kind, subject, Some(assignment.location), detail, self.at.learnt);
    }

    /// The same about a call outward.
    pub(super) fn raise_call(&mut self, kind: ExceptionKind, call: OutwardId, detail: String) {
        let subject = Subject::Call(self.tid(), call);
        raise(self.world, kind, subject, None, detail, self.at.learnt);
    }
}

pub(super) fn raise(
    world: &mut World,
    kind: ExceptionKind,
    subject: Subject,
    location: Option<LocationId>,
    detail: String,
    at: Timestamp,
) {
    let id = ExceptionId(world.mint.long());
    let raised = Raised { id, kind, subject, location, detail, at };
    world.journal.exception(ExceptionChange::Raised(raised));
}

/// Ends what is open of a cause that is gone.
pub(super) fn gone(world: &mut World, kind: ExceptionKind, subject: Subject, how: &'static str, at: Timestamp) {
    // One that a person acts on in this very group is no longer open for him.
    let known = world.exceptions.iter().find(|(_, known)| known.kind == kind && known.subject == subject);
    if let Some(id) = known.map(|(id, _)| *id)
        && let Some(exception) = world.exceptions.get_mut(&id)
    {
        close(exception, None, how, at);
    }
    world.journal.exception(ExceptionChange::Gone { kind, subject, how, at });
}

fn close(exception: &mut Exception, by: Option<String>, how: &str, at: Timestamp) {
    if exception.state != ExceptionState::Closed {
        exception.state = ExceptionState::Closed;
        exception.closing = Some(Closing { at, by, how: how.to_owned() });
    }
}

/// What the trade's change ends: called for every trade that a command changed.
pub(super) fn end_of_trade(world: &mut World, after: &TradeFile, now: Timestamp) {
    let Some(before) = world.files.get(&after.trade.tid) else { return };
    let mut ended = ended_lines(before, after);
    ended.extend(ended_assignments(before, after));
    if is_silent(before) && !is_silent(after) {
        let subject = Subject::Trade(after.trade.tid);
        ended.push((ExceptionKind::AllocatorSilent, subject, "allocated, or nothing waits"));
    }
    for (kind, subject, how) in ended {
        gone(world, kind, subject, how, now);
    }
}

fn is_silent(file: &TradeFile) -> bool {
    matches!(file.trade.allocation, AllocationAsk::Silent { .. })
}

type Ended = (ExceptionKind, Subject, &'static str);

fn ended_lines(before: &TradeFile, after: &TradeFile) -> Vec<Ended> {
    let mut ended = Vec::new();
    let tid = after.trade.tid;
    for line in &after.trade.sub_orders {
        let Some(old) = before.trade.sub_order(line.oid) else { continue };
        if is_unfillable(old) && !is_unfillable(line) {
            let kind = match old.delivery {
                Delivery::Ship => ExceptionKind::Unfillable,
                Delivery::Pickup { .. } => ExceptionKind::PickupChoice,
            };
            ended.push((kind, Subject::SubOrder(tid, line.oid), "routed again, or ended"));
        }
        if line.cancel_asked.is_some() && awaits_channel(before, old) && !awaits_channel(after, line) {
            ended.push((ExceptionKind::CancelAsked, Subject::SubOrder(tid, line.oid), "closed, or served after all"));
        }
    }
    ended
}

fn is_unfillable(line: &SubOrder) -> bool {
    line.unassigned.as_ref().is_some_and(|unassigned| matches!(unassigned.state, UnassignedState::Unfillable { .. }))
}

/// Whether nobody has taken the sub-order on, and the channel has not ended it.
pub(super) fn awaits_channel(file: &TradeFile, line: &SubOrder) -> bool {
    let waits = line.unassigned.as_ref().is_some_and(|unassigned| match unassigned.state {
        UnassignedState::Held | UnassignedState::Routing | UnassignedState::Unfillable { .. } => true,
        UnassignedState::Created | UnassignedState::Cancelled | UnassignedState::Closed => false,
    });
    let mut live = file.live_of(line.oid).peekable();
    let offered = live.peek().is_some();
    !line.channel_closed && (waits || offered) && live.all(|given| given.state == AssignmentState::Notified)
}

fn ended_assignments(before: &TradeFile, after: &TradeFile) -> Vec<Ended> {
    let mut ended = Vec::new();
    for given in &after.assignments {
        let Some(old) = before.by_code(given.code) else { continue };
        let (tid, oid) = (given.tid, given.oid);
        if let Some(kind) = late_exception(old).filter(|kind| late_exception(given) != Some(*kind)) {
            ended.push((kind, Subject::Assignment(tid, oid, given.code), "it went on"));
        }
        let mismatched = given.facts.iter().any(|recorded| recorded.fact == Fact::Mismatch);
        if mismatched && !is_matched(before, old) && is_matched(after, given) {
            ended.push((ExceptionKind::Mismatch, Subject::SubOrder(tid, oid), "held where it is shipped, or ended"));
        }
        if given.state == AssignmentState::Returned && old.state != AssignmentState::Returned {
            ended.push((ExceptionKind::ShippedThoughClosed, Subject::SubOrder(tid, oid), "the goods came back"));
        }
    }
    ended
}

/// Whether all that the assignment needs to hold is held at its location.
fn is_matched(file: &TradeFile, given: &Assignment) -> bool {
    let mut held = file.reservations.iter().filter(|held| held.code == Some(given.code)).peekable();
    let holds = held.peek().is_some();
    !given.state.holds_stock()
        || (holds
            && held.all(|held| held.role == crate::stock::hold::Role::Guard || held.cell.location == given.location))
}

/// What the running command did to cells that people should see, and what it ended. Called at the end of every command
/// that is kept.
pub(super) fn of_stock(world: &mut World, now: Timestamp) {
    for found in world.stock.discrepancies_now().to_vec() {
        let late = found.kind == crate::stock::book::DiscrepancyKind::UnreportedLate;
        let kind = if late { ExceptionKind::UnreportedLate } else { ExceptionKind::Discrepancy };
        let detail = format!("{}: {} expected, {} told", found.kind.name(), found.expected, found.reported);
        raise(world, kind, Subject::Cell(found.cell), Some(found.cell.location), detail, now);
    }
    let counted: Vec<CellKey> = world
        .stock
        .entries_now()
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::Initial | EntryKind::Balance | EntryKind::Overwrite))
        .map(|entry| entry.cell)
        .collect();
    for cell in counted {
        gone(world, ExceptionKind::Discrepancy, Subject::Cell(cell), "counted anew", now);
    }
    let touched = world.stock.touched_now();
    for (cell, before) in touched {
        let is_short = world.stock.cell(&cell).is_some_and(crate::stock::cell::StockCell::is_short);
        if before.is_short() && !is_short {
            gone(world, ExceptionKind::ShortStock, Subject::Cell(cell), "there is enough again", now);
        }
    }
}

/// A person takes it, from whoever has it.
pub(super) fn take(world: &mut World, id: ExceptionId, who: &Actor, now: Timestamp) -> Result<Outcome, Refusal> {
    let name = label(who);
    let exception = open(world, id)?;
    if exception.owner.as_ref() == Some(&name) {
        return Ok(Outcome::Done);
    }
    if let Some(before) = exception.owner.take() {
        exception.note(now, &name, &format!("taken over from {before}"));
    }
    exception.state = ExceptionState::Taken;
    exception.owner = Some(name);
    Ok(Outcome::Done)
}

/// A person writes something down.
pub(super) fn note(
    world: &mut World,
    id: ExceptionId,
    who: &Actor,
    text: &str,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let text: String = text.chars().take(NOTE_CHARS_MAX).collect();
    open(world, id)?.note(now, &label(who), &text);
    Ok(Outcome::Done)
}

/// A person closes it and says why.
pub(super) fn close_by_hand(
    world: &mut World,
    id: ExceptionId,
    who: &Actor,
    why: &str,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let why: String = why.chars().take(NOTE_CHARS_MAX).collect();
    close(open(world, id)?, Some(label(who)), &why, now);
    Ok(Outcome::Done)
}

fn open(world: &mut World, id: ExceptionId) -> Result<&mut Exception, Refusal> {
    match world.exceptions.get(&id).map(|known| known.state) {
        None => return Err(Refusal::ExceptionNotFound { id }),
        Some(ExceptionState::Closed) => return Err(Refusal::ExceptionClosed { id }),
        Some(ExceptionState::Open | ExceptionState::Taken) => {}
    }
    world.exceptions.get_mut(&id).ok_or(Refusal::ExceptionNotFound { id })
}

/// A row of a source cannot be read, or was read at last.
pub(super) fn see_source_row(
    world: &mut World,
    source: &str,
    row: &str,
    fault: Option<&str>,
    now: Timestamp,
) -> Outcome {
    let subject = Subject::SourceRow { source: source.to_owned(), row: row.to_owned() };
    match fault {
        Some(fault) => raise(world, ExceptionKind::BadSourceRow, subject, None, fault.to_owned(), now),
        None => gone(world, ExceptionKind::BadSourceRow, subject, "read at last", now),
    }
    Outcome::Done
}
