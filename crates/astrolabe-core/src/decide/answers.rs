//! What stores, POS and WMS apps say: accepted, refused, shipped (§6.6.8–6.6.10, §6.5, the keeper). One call is one
//! command: if any sub-order in it is refused, none changes. A repeat answers success and changes nothing.

use crate::command::{Address, Outcome, RefuseReason, StoreAnswer};
use crate::ids::AllocationCode;
use crate::order::assignment::{Assignment, AssignmentState, Shipment};
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::UnassignedState;
use crate::outward::Message;
use crate::refusal::Refusal;
use crate::seller::Acceptor;
use crate::stock::book::Moment;
use crate::stock::moves::Move;
use crate::time::Timestamp;
use crate::world::{TaskKind, World};

use super::case::{Case, Note};
use super::route::{self, Why};
use super::tell::{tell_allocator, tell_shipped};
use super::who::{self, Deed};

/// The trade on the table, and the assignments that the caller means and may speak for.
pub(super) fn open<'w>(
    world: &'w mut World,
    answer: &StoreAnswer,
    deed: Deed,
    now: Timestamp,
) -> Result<(Case<'w>, Vec<AllocationCode>), Refusal> {
    let at = Moment { happened: answer.happened.min(now), learnt: now };
    let case = Case::open(world, answer.tid, answer.who.clone(), at)?;
    case.must_be_ours()?;
    let codes = addressed(&case, &answer.address, deed)?;
    for code in &codes {
        let assignment = case.assignment(*code)?;
        check_kind(assignment, answer.claims_warehouse)?;
        who::check(&case, assignment, deed)?;
    }
    Ok((case, codes))
}

fn addressed(case: &Case<'_>, address: &Address, deed: Deed) -> Result<Vec<AllocationCode>, Refusal> {
    let mut codes = Vec::new();
    match address {
        Address::Lines(lines) => {
            for (oid, location) in lines {
                case.line(*oid)?;
                if case.world.places.get(*location).is_none() {
                    return Err(Refusal::LocationNotFound { location: *location });
                }
                let there = case.file.addressed(*oid, *location);
                if there.is_empty() {
                    return Err(Refusal::NotAllocatedThere { oid: *oid, location: *location });
                }
                codes.extend(there.into_iter().map(|code| said_before(case, code, deed).unwrap_or(code)));
            }
        }
        Address::Code(code, oids) => {
            let assignment = case.assignment(*code)?;
            for oid in oids {
                case.line(*oid)?;
                if *oid != assignment.oid {
                    return Err(Refusal::NotAllocatedThere { oid: *oid, location: assignment.location });
                }
            }
            codes.push(*code);
        }
    }
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}

/// The network may bring a call twice, and the location may have been offered the same sub-order again in between: what was
/// said no later than the new offer was made, and is on an earlier one's timeline, is about the earlier one.
fn said_before(case: &Case<'_>, code: AllocationCode, deed: Deed) -> Option<AllocationCode> {
    let offer = case.file.by_code(code)?;
    if case.at.happened > offer.allocated_at {
        return None;
    }
    let earlier = case.file.assignments.iter().rev().find(|made| {
        made.oid == offer.oid
            && made.location == offer.location
            && made.code != code
            && made.allocated_at <= offer.allocated_at
            && made.facts.iter().any(|known| deed.is_told_by(known.fact))
    })?;
    Some(earlier.code)
}

fn check_kind(assignment: &Assignment, claims_warehouse: Option<bool>) -> Result<(), Refusal> {
    let kind = |warehouse| if warehouse { "Warehouse" } else { "Store" };
    match claims_warehouse {
        Some(claimed) if claimed != assignment.warehouse => {
            Err(Refusal::WrongLocationKind { actual: kind(assignment.warehouse), claimed: kind(claimed) })
        }
        Some(_) | None => Ok(()),
    }
}

/// §6.6.8 / X_SHOP_ALLOCATION.
pub(super) fn accept(world: &mut World, answer: &StoreAnswer, now: Timestamp) -> Result<Outcome, Refusal> {
    let (mut case, codes) = open(world, answer, Deed::Accept, now)?;
    let mut moved = Vec::new();
    for code in codes {
        let assignment = case.assignment(code)?.clone();
        if assignment.has(Fact::Accepted, 0) {
            continue;
        }
        match assignment.state {
            AssignmentState::Withdrawn | AssignmentState::Unanswered => late_accept(&mut case, &assignment)?,
            AssignmentState::Notified
            | AssignmentState::Accepted
            | AssignmentState::CancelRequested { .. }
            | AssignmentState::CancelDenied { .. }
            | AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::ReturnRequested { .. }
            | AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Cancelled
            | AssignmentState::Closed => case.carry(code, Event::Accept)?,
        }
        moved.push(assignment.oid);
    }
    if moved.is_empty() {
        return Ok(Outcome::Done);
    }
    tell_allocator(&mut case, moved, |sub_orders, operator| Message::TellAccepted { sub_orders, operator });
    case.close();
    Ok(Outcome::Done)
}

/// An accept that comes after the offer was taken back wins if nobody has the units yet and it can hold them again.
fn late_accept(case: &mut Case<'_>, assignment: &Assignment) -> Result<(), Refusal> {
    let (oid, location, code) = (assignment.oid, assignment.location, assignment.code);
    let withdrawn = Refusal::OfferWithdrawn { oid, location };
    let line = case.line(oid)?;
    let free = line.unassigned.as_ref().is_some_and(|unassigned| {
        unassigned.units >= assignment.units
            && matches!(unassigned.state, UnassignedState::Routing | UnassignedState::Unfillable { .. })
    });
    if !free || line.channel_closed {
        return Err(withdrawn);
    }
    let wanted = Move { guarded: false, ..Move::to_assignment(code, location, assignment.units) };
    case.ledger(oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?.map_err(|_| withdrawn)?;
    let line = case.line_mut(oid)?;
    line.excluded.retain(|exclusion| exclusion.location != location);
    line.unassigned =
        line.unassigned.take().filter(|unassigned| unassigned.units > assignment.units).map(|mut unassigned| {
            unassigned.units -= assignment.units;
            unassigned
        });
    case.queue_for_lack(oid)?;
    case.note(Note::on(assignment, Fact::Accepted).saying("late: the units were still free"));
    let due_at = case.deadline(assignment, &AssignmentState::Accepted);
    let revived = case.assignment_mut(code)?;
    revived.state = AssignmentState::Accepted;
    revived.due_at = due_at;
    case.allocations_changed();
    Ok(())
}

/// §6.6.9 / X_SHOP_DENY.
pub(super) fn refuse(
    world: &mut World,
    answer: &StoreAnswer,
    reason: RefuseReason,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let (mut case, codes) = open(world, answer, Deed::Refuse, now)?;
    let mut moved = Vec::new();
    for code in codes {
        let assignment = case.assignment(code)?.clone();
        if assignment.has(Fact::Refused, 0) || assignment.has(Fact::GaveBack, 0) {
            continue;
        }
        // Before the step gives the units back: they must not be held anew in the cells just doubted.
        if reason == RefuseReason::NoGoods && case.world.seller.settings.suspect_on_no_goods {
            doubt(&mut case, &assignment)?;
        }
        case.carry(code, Event::Refuse)?;
        moved.push(assignment.oid);
    }
    if moved.is_empty() {
        return Ok(Outcome::Done);
    }
    tell_allocator(&mut case, moved, |sub_orders, operator| Message::TellRefused { sub_orders, operator });
    route::serve(&mut case, Why::New, &[])?;
    case.close();
    Ok(Outcome::Done)
}

fn doubt(case: &mut Case<'_>, assignment: &Assignment) -> Result<(), Refusal> {
    let (code, location) = (assignment.code, assignment.location);
    case.ledger(assignment.oid, |ledger, _, owner| ledger.mark_suspect(owner, code, location))
}

/// §6.6.10 / X_SHOP_HANDLED.
pub(super) fn ship(
    world: &mut World,
    answer: &StoreAnswer,
    shipment: &Shipment,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let (mut case, codes) = open(world, answer, Deed::Ship, now)?;
    let mut moved = Vec::new();
    let mut corrected = false;
    for code in codes {
        let assignment = case.assignment(code)?.clone();
        if assignment.has(Fact::Shipped, 0) {
            corrected |= correct(&mut case, &assignment, shipment)?;
            continue;
        }
        channel_comes_first(&mut case, &assignment)?;
        hand_over(&mut case, &assignment, shipment)?;
        moved.push(assignment.oid);
    }
    if moved.is_empty() && !corrected {
        return Ok(Outcome::Done);
    }
    if !moved.is_empty() {
        tell_shipped(&mut case, moved, shipment);
    }
    case.close();
    Ok(Outcome::Done)
}

/// The goods leave: the machine's step, with the waybill on the assignment.
pub(super) fn hand_over(case: &mut Case<'_>, assignment: &Assignment, shipment: &Shipment) -> Result<(), Refusal> {
    case.carry(assignment.code, Event::Ship { warehouse: assignment.warehouse })?;
    case.assignment_mut(assignment.code)?.shipment = Some(shipment.clone());
    Ok(())
}

/// Another waybill for what has shipped is a correction; the same one is a repeat.
fn correct(case: &mut Case<'_>, assignment: &Assignment, shipment: &Shipment) -> Result<bool, Refusal> {
    let same = assignment
        .shipment
        .as_ref()
        .is_some_and(|known| known.company_code == shipment.company_code && known.waybill == shipment.waybill);
    if same {
        return Ok(false);
    }
    let recurrence = case.recurrence();
    let detail = format!("{} {}", shipment.company_code, shipment.waybill);
    case.note(Note::on(assignment, Fact::ShipmentCorrected).of(recurrence).saying(detail));
    case.assignment_mut(assignment.code)?.shipment = Some(shipment.clone());
    Ok(true)
}

/// In 3.3 and 3.4 the merchant consigns at the channel first (§3.4); without it the shipment is refused or flagged.
fn channel_comes_first(case: &mut Case<'_>, assignment: &Assignment) -> Result<(), Refusal> {
    let consigned = case.line(assignment.oid)?.channel_consigned.is_some();
    if consigned || case.mode().acceptor == Acceptor::Keeper {
        return Ok(());
    }
    if case.world.seller.settings.require_channel_consign {
        return Err(Refusal::ChannelConsignMissing { oid: assignment.oid });
    }
    case.note(Note::on(assignment, Fact::ShippedWithoutChannel).by(Actor::Platform));
    case.task(TaskKind::ShippedWithoutChannel, Some(assignment.oid), "not consigned at the channel");
    Ok(())
}
