//! 门店自提 (§6.5, `ZITI`): the store confirms that the goods lie ready, or has them brought from elsewhere. Collecting is
//! [`super::handover`]'s; refusing, refunds and returns are as for deliveries.

use std::collections::BTreeSet;

use crate::command::{Outcome, StoreAnswer};
use crate::ids::{AllocationCode, HandoverCode, LocationId, Oid};
use crate::order::assignment::{AllocatedBy, Assignment, AssignmentState, RecordedFact};
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::Delivery;
use crate::refusal::Refusal;
use crate::routing::{Ask, Decision, Outcome as Routed, RouterSettings, Snapshot, gather};
use crate::stock::hold::Reservation;
use crate::stock::moves::Move;
use crate::time::Timestamp;
use crate::world::World;

use super::answers::{self, Said, take_up_again};
use super::case::{Case, Note};
use super::handover;
use super::route::{self, Offer};
use super::who::Deed;

/// X_COMMODITY_CONFIRM: the buyer gets a code.
pub(super) fn confirm(
    world: &mut World,
    answer: &StoreAnswer,
    fresh: &HandoverCode,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let said = answers::open(world, answer, Deed::Confirm, now)?;
    must_be_one_store(&said)?;
    ready(said, fresh, |case, assignment| {
        if assignment.has(Fact::Confirmed, 0) {
            return Ok(false);
        }
        if assignment.state.is_taken_back() {
            take_up_again(case, assignment, AssignmentState::Confirmed)?;
        } else {
            case.carry(assignment.code, Event::Confirm)?;
        }
        Ok(true)
    })
}

/// X_COMMODITY_TRANSER: the goods are sent for. A store that refused first may still do this while nobody has decided
/// otherwise: the white paper lets the transfer follow the refusal.
pub(super) fn start_transfer(world: &mut World, answer: &StoreAnswer, now: Timestamp) -> Result<Outcome, Refusal> {
    let (case, moved) = answers::open(world, answer, Deed::Transfer, now)?.each(|case, code| {
        let assignment = case.assignment(code)?.clone();
        if assignment.has(Fact::TransferStarted, 0) {
            return Ok(false);
        }
        let ended =
            assignment.pickup && matches!(assignment.state, AssignmentState::Refused | AssignmentState::Unanswered);
        if ended {
            let oid = assignment.oid;
            if !still_wanted_there(case, &assignment)? {
                return Err(Refusal::OfferWithdrawn { oid, location: assignment.location });
            }
            send_for(case, oid, assignment.location)?;
            // The refusal stands; only a repeat of this call finds the old code answered.
            let fact = RecordedFact { fact: Fact::TransferStarted, request: 0 };
            case.assignment_mut(code)?.facts.insert(fact);
        } else {
            case.carry(code, Event::Transfer)?;
        }
        Ok(true)
    })?;
    if !moved.is_empty() {
        case.close();
    }
    Ok(Outcome::Done)
}

/// Whether the refused units still wait, for this very store.
fn still_wanted_there(case: &Case<'_>, refused: &Assignment) -> Result<bool, Refusal> {
    let line = case.line(refused.oid)?;
    let chosen = line.delivery == Delivery::Pickup { store: refused.location };
    Ok(chosen && line.awaits_allocation() && !line.channel_closed)
}

/// The line's waiting units become the store's, to be brought there: one of the choices when it has none itself.
pub(super) fn send_for(case: &mut Case<'_>, oid: Oid, store: LocationId) -> Result<(), Refusal> {
    let units = case.unassigned_units(oid)?;
    let code = AllocationCode(case.world.mint.long());
    case.ledger(oid, |ledger, held, owner| ledger.assign_in_place(held, owner, code, store, units))?;
    case.line_mut(oid)?.excluded.retain(|exclusion| exclusion.location != store);
    let by = match case.who {
        Actor::App { .. } => AllocatedBy::App,
        Actor::Operator { .. } | Actor::Keeper { .. } | Actor::Channel | Actor::Platform | Actor::Clock => {
            AllocatedBy::Operator
        }
    };
    route::assign(case, code, Offer { oid, location: store, units, by, attributes: None }, None)?;
    case.carry(code, Event::Transfer)
}

/// X_TRANSFER_SUCCESS: the goods have come, and lie ready.
pub(super) fn receive_transfer(
    world: &mut World,
    answer: &StoreAnswer,
    fresh: &HandoverCode,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let said = answers::open(world, answer, Deed::Transfer, now)?;
    must_be_one_store(&said)?;
    ready(said, fresh, |case, assignment| {
        if assignment.has(Fact::TransferArrived, 0) {
            return Ok(false);
        }
        if assignment.state == AssignmentState::Confirmed && assignment.has(Fact::TransferStarted, 0) {
            // The store was quicker to say that it has them; where the hold is, is looked at all the same.
            hold_at_store(case, assignment)?;
            return Ok(case.note(Note::on(assignment, Fact::TransferArrived)));
        }
        case.carry(assignment.code, Event::Arrive)?;
        let arrived = case.assignment(assignment.code)?.clone();
        Ok(case.note(Note::on(&arrived, Fact::Confirmed)))
    })
}

/// Takes the step on each assignment that is meant, and issues a code for those that lie ready by it.
fn ready(
    said: Said<'_>,
    fresh: &HandoverCode,
    mut step: impl FnMut(&mut Case<'_>, &Assignment) -> Result<bool, Refusal>,
) -> Result<Outcome, Refusal> {
    let mut issued = Vec::new();
    let (mut case, moved) = said.each(|case, code| {
        let assignment = case.assignment(code)?.clone();
        let moved = step(case, &assignment)?;
        if moved && case.assignment(code)?.handover.is_none() {
            issued.extend(handover::issue(case, code, fresh)?);
        }
        Ok(moved)
    })?;
    if !moved.is_empty() {
        handover::tell_issued(&mut case, &issued);
        case.close();
    }
    Ok(Outcome::Done)
}

/// A code is one store's. What a call says of two of them is refused, before it could be given to both.
fn must_be_one_store(said: &Said<'_>) -> Result<(), Refusal> {
    let mut stores: BTreeSet<LocationId> = BTreeSet::new();
    for code in said.codes() {
        let assignment = said.case.assignment(code)?;
        stores.insert(assignment.location);
        if let (true, Some(location)) = (stores.len() > 1, stores.first()) {
            return Err(Refusal::NotAllocatedThere { oid: assignment.oid, location: *location });
        }
    }
    Ok(())
}

/// The hold of a pickup moves to where its goods will come from; it has no Guard any more.
pub(super) fn hold_at_source(case: &mut Case<'_>, before: &Assignment) -> Result<(), Refusal> {
    let code = before.code;
    case.ledger(before.oid, |ledger, held, owner| ledger.release_guard(held, owner, code))?;
    let source = nearest_source(case, before)?;
    let wanted = whole(code, source, before.units);
    case.ledger(before.oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?
}

/// The hold moves to the store if its stock shows the goods; else it stays where it is, and that is written down.
pub(super) fn hold_at_store(case: &mut Case<'_>, before: &Assignment) -> Result<(), Refusal> {
    let wanted = whole(before.code, before.location, before.units);
    case.ledger(before.oid, |ledger, held, owner| {
        if ledger.move_to(held, owner, wanted).is_err() {
            ledger.note_unseen_transfer(owner, before.code, before.location, before.units);
        }
    })
}

/// All units of the assignment to one place, without a Guard.
fn whole(code: AllocationCode, location: LocationId, units: i64) -> Move {
    Move { guarded: false, ..Move::between(code, code, location, units) }
}

/// The place nearest to the store that may serve the line and has all its units: the router's own search, with the way as
/// the only cost. It is offered nothing, so its switches, times and limit of a day don't count.
fn nearest_source(case: &Case<'_>, pickup: &Assignment) -> Result<LocationId, Refusal> {
    let world = &*case.world;
    let line = case.line(pickup.oid)?;
    let seller = &world.seller.settings.router;
    let settings = RouterSettings {
        store_package: 0,
        warehouse_package: 0,
        per_km: 1_000,
        per_line: 0,
        split: 0,
        scarcity: 0,
        per_priority: 0,
        packages_max: 0,
        unfilled: crate::routing::WEIGHT_MAX,
        ..*seller
    };
    // What the pickup holds already may be brought from there, as what a waiting line holds may be shipped from there.
    let own = case.file.reservations.iter().filter(|held| held.code == Some(pickup.code));
    let own: Vec<Reservation> = own.map(|held| Reservation { code: None, ..held.clone() }).collect();
    let snapshot = Snapshot {
        places: &world.places,
        stock: &world.stock,
        day_loads: &world.day_loads,
        is_offer: false,
        channel: case.trade().channel,
        settings,
        split_quantity: false,
        destination: world.places.get(pickup.location).and_then(|store| store.point),
        reservations: &own,
        version: world.version,
        now: case.now(),
    };
    let ask = Ask {
        oid: pickup.oid,
        units: pickup.units,
        item: world.items.get(&line.item),
        components: &line.components,
        excluded: &line.excluded,
        left_out: &[pickup.location],
    };
    let decision = Decision::on(gather(&snapshot, &[ask]));
    let planned = decision.plan.lines.iter().find(|planned| planned.outcome == Routed::Allocated);
    let source = planned.and_then(|planned| planned.parts.first()).map(|part| part.location);
    source.ok_or(Refusal::InsufficientStock { wanted: pickup.units, available: 0 })
}
