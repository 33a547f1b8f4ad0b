//! An allocating app's results (§6.6.2, the answer to §6.6.3, X_ALLOCATION_NOTIFIED with a store): taken as they come.
//! They are never refused for want of stock: a hold that cannot move stays where it is, and the mismatch is a task.

use crate::command::{Outcome, SyncAllocation, SyncStatus, SyncedLine};
use crate::exception::ExceptionKind;
use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::{AllocatedBy, Assignment, AssignmentState};
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{AllocationAsk, Delivery, SubOrder, UnassignedState};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::stock::moves::Move;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, Note};
use super::route::{self, Offer, Why};
use super::verdicts::Verdicts;
use super::who;

/// A result for some or all sub-orders; each line's own status rules, the head's only an empty list.
pub(super) fn sync(world: &mut World, sync: &SyncAllocation, now: Timestamp) -> Result<Outcome, Refusal> {
    let at = Moment { happened: sync.happened.min(now), learnt: now };
    let mut case = Case::open(world, sync.tid, sync.who.clone(), at)?;
    case.must_be_ours()?;
    who::check_allocator(&case)?;
    let before = case.file.clone();
    let lines = lines_of(&case, sync);
    let mut verdicts = Verdicts::default();
    // Failures last: one may hand the trade to the platform, and what is allocated beside it is still the app's.
    let (failures, others): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.status == SyncStatus::Failed);
    for line in others.into_iter().chain(failures) {
        verdicts.keep(line.oid, take_in(&mut case, line, sync.happened));
    }
    verdicts.settle()?;
    if lines.iter().any(|line| line.status == SyncStatus::Failed) && case.allocator().is_none() {
        route::serve(&mut case, Why::New, &[])?;
    }
    if case.file != before {
        settle_ask(&mut case);
        case.close();
    }
    Ok(Outcome::Done)
}

fn take_in(case: &mut Case<'_>, line: &SyncedLine, happened: Timestamp) -> Result<(), Refusal> {
    match (line.status, line.location) {
        (SyncStatus::Allocated, Some(location)) => allocated(case, line, location, happened),
        // Waiting extends nothing; an allocation to nowhere says no more than that.
        (SyncStatus::Allocated, None) | (SyncStatus::Waiting, _) => case.line(line.oid).map(drop),
        (SyncStatus::Failed, _) => failed(case, line),
    }
}

fn lines_of(case: &Case<'_>, sync: &SyncAllocation) -> Vec<SyncedLine> {
    if !sync.lines.is_empty() {
        return sync.lines.clone();
    }
    let of_app = |line: &&SubOrder| line.awaits_allocation() && line.delivery == Delivery::Ship;
    let open = case.trade().sub_orders.iter().filter(of_app);
    open.map(|line| SyncedLine {
        oid: line.oid,
        status: sync.head,
        location: None,
        message: sync.message.clone(),
        attributes: None,
    })
    .collect()
}

/// Once nothing waits for the app, its clock stops.
pub(super) fn settle_ask(case: &mut Case<'_>) {
    let waits = !route::lines_of_app(case).is_empty();
    let asked = match case.trade().allocation {
        AllocationAsk::Asked { .. } | AllocationAsk::Silent { .. } | AllocationAsk::SaysShipped { .. } => true,
        AllocationAsk::None | AllocationAsk::TakenOver { .. } => false,
    };
    if asked && !waits {
        case.file.trade.allocation = AllocationAsk::None;
    }
}

fn allocated(case: &mut Case<'_>, told: &SyncedLine, location: LocationId, happened: Timestamp) -> Result<(), Refusal> {
    let oid = told.oid;
    case.line(oid)?;
    if case.world.places.live(location).is_none() {
        return Err(Refusal::LocationNotFound { location });
    }
    if let Delivery::Pickup { store } = case.line(oid)?.delivery
        && store != location
    {
        return Err(Refusal::StoreWasChosen { oid, store });
    }
    if case.file.live_of(oid).any(|assignment| assignment.location == location)
        || is_repeat(case, oid, location, happened)
    {
        return Ok(());
    }
    if let AllocationAsk::TakenOver { .. } = case.trade().allocation {
        return Err(Refusal::AllocationClosed { tid: case.tid() });
    }
    let live: Vec<Assignment> = case.file.live_of(oid).cloned().collect();
    if live.is_empty() {
        must_await(case, oid)?;
        return offer(case, told, location);
    }
    for assignment in &live {
        must_be_movable(assignment)?;
    }
    // Its hold is given back to the sub-order first: what it holds at the new location then counts.
    for assignment in &live {
        case.carry(assignment.code, Event::Withdraw)?;
    }
    offer(case, told, location)
}

/// A result that was sent before what became of it: the network brought it twice.
fn is_repeat(case: &Case<'_>, oid: Oid, location: LocationId, happened: Timestamp) -> bool {
    case.file.assignments.iter().any(|assignment| {
        assignment.oid == oid
            && assignment.location == location
            && assignment.allocated_by == AllocatedBy::App
            && happened <= assignment.allocated_at
    })
}

fn must_await(case: &Case<'_>, oid: Oid) -> Result<(), Refusal> {
    let line = case.line(oid)?;
    if line.awaits_allocation() {
        return Ok(());
    }
    let state = line.unassigned.as_ref().map_or("done", |unassigned| unassigned.state.name());
    Err(Refusal::IllegalMove {
        oid,
        state,
        asked: "allocated",
        who_may: "only units in Routing or Unfillable can be allocated",
    })
}

fn must_be_movable(assignment: &Assignment) -> Result<(), Refusal> {
    let oid = assignment.oid;
    match &assignment.state {
        AssignmentState::Notified => Ok(()),
        AssignmentState::Accepted | AssignmentState::Confirmed | AssignmentState::Transferring => {
            Err(Refusal::AlreadyAccepted { oid })
        }
        AssignmentState::CancelRequested { .. } | AssignmentState::CancelDenied { .. } => {
            Err(Refusal::CancelStands { oid })
        }
        AssignmentState::Shipped
        | AssignmentState::Signed
        | AssignmentState::Collected
        | AssignmentState::ReturnRequested { .. }
        | AssignmentState::Returned
        | AssignmentState::Refunded
        | AssignmentState::Refused
        | AssignmentState::Unanswered
        | AssignmentState::Withdrawn
        | AssignmentState::Cancelled
        | AssignmentState::Closed => Err(Refusal::IllegalMove {
            oid,
            state: assignment.state.name(),
            asked: "allocated",
            who_may: "it has left already",
        }),
    }
}

/// Assigns the line's waiting units to the location, wherever their hold is.
fn offer(case: &mut Case<'_>, told: &SyncedLine, location: LocationId) -> Result<(), Refusal> {
    let oid = told.oid;
    let units = case.unassigned_units(oid)?;
    let code = AllocationCode(case.world.mint.long());
    let held_there = bring_hold(case, oid, code, location, units)?;
    let offer = Offer { oid, location, units, by: AllocatedBy::App, attributes: told.attributes.clone() };
    route::assign(case, code, offer, None)?;
    if !held_there {
        let assignment = case.assignment(code)?.clone();
        let detail = format!("the units are not held at {location}");
        case.note(Note::on(&assignment, Fact::Mismatch).by(Actor::Platform).saying(detail.clone()));
        case.raise(ExceptionKind::Mismatch, Some(oid), detail);
    }
    Ok(())
}

/// Tries to bring the hold to the location; if it cannot move it stays, and belongs to the assignment where it is.
fn bring_hold(
    case: &mut Case<'_>,
    oid: Oid,
    code: AllocationCode,
    location: LocationId,
    units: i64,
) -> Result<bool, Refusal> {
    let moves = case.world.seller.settings.auto_adjust;
    case.ledger(oid, |ledger, held, owner| {
        let wanted = Move::to_assignment(code, location, units);
        (moves && ledger.move_to(held, owner, wanted).is_ok())
            || ledger.assign_in_place(held, owner, code, location, units)
    })
}

/// AllocateFail: the platform falls back to its own router where the seller allows it, else the line is Unfillable
/// with the app's own message.
fn failed(case: &mut Case<'_>, told: &SyncedLine) -> Result<(), Refusal> {
    let oid = told.oid;
    let line = case.line(oid)?;
    let waits = line.awaits_allocation();
    let fresh = line.unassigned.as_ref().is_some_and(|unassigned| unassigned.state == UnassignedState::Routing);
    if let AllocationAsk::TakenOver { .. } = case.trade().allocation {
        return Ok(());
    }
    if !waits {
        return must_await(case, oid);
    }
    if !fresh {
        return Ok(());
    }
    if case.world.seller.settings.takeover {
        take_over(case, "the allocating app could not allocate");
        return Ok(());
    }
    let reason = if told.message.is_empty() { "the allocating app could not allocate" } else { &told.message };
    route::unfillable(case, oid, reason, None)?;
    let units = case.unassigned_units(oid)?;
    case.ledger(oid, |ledger, held, owner| {
        let lack = owner.unheld(held, None, units);
        ledger.wait(owner, lack);
    })
}

/// From here on the platform owns the trade's allocation.
pub(super) fn take_over(case: &mut Case<'_>, why: &str) {
    let Some(app) = case.allocator() else { return };
    let at = case.now();
    let call = match case.trade().allocation {
        AllocationAsk::Asked { call, .. } => Some(call),
        AllocationAsk::None
        | AllocationAsk::TakenOver { .. }
        | AllocationAsk::Silent { .. }
        | AllocationAsk::SaysShipped { .. } => None,
    };
    case.file.trade.allocation = AllocationAsk::TakenOver { app, at, call };
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::TakenOver).of(recurrence).by(Actor::Platform).saying(why));
}
