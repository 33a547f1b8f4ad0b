//! Taking sub-orders back from where they are, without blame: `omniorder.store.reallocate` and the console. With a
//! target it withdraws and assigns in one step or not at all; without one the lines are routed anew. What a place has
//! accepted is asked back first: the target is remembered until the place has answered.

use crate::command::{Outcome, Reallocate};
use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::{AllocatedBy, Assignment, AssignmentState, BoundFor, CancelAim, RecordedFact};
use crate::order::file::TradeFile;
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{AllocationAsk, Delivery};
use crate::order::waiting::WaitEvent;
use crate::place::Location;
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::stock::moves::Move;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, Note};
use super::route::{self, LeftOut, Offer, Why};
use super::verdicts::Verdicts;
use super::who;
use super::{pickup, planning};

/// All named sub-orders, or none.
pub(super) fn reallocate(world: &mut World, asked: &Reallocate, now: Timestamp) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, asked.tid, asked.who.clone(), Moment::now(now))?;
    case.must_be_ours()?;
    who::check_reallocator(&case, asked.force)?;
    if let Some(location) = asked.target
        && case.world.places.live(location).is_none()
    {
        return Err(Refusal::LocationNotFound { location });
    }
    let before = case.file.clone();
    let mut left_out: Vec<LeftOut> = Vec::new();
    let mut oids = meant(&case, &asked.sub_orders);
    oids.retain(|oid| !was_done(&case, *oid, asked.request));
    if oids.is_empty() {
        return Ok(Outcome::Done);
    }
    let mut verdicts = Verdicts::default();
    for oid in oids.iter().copied() {
        verdicts.keep(oid, take_back(&mut case, oid, asked, &mut left_out));
    }
    verdicts.settle()?;
    if asked.target.is_none() {
        if let AllocationAsk::SaysShipped { .. } = case.trade().allocation {
            // Whoever wants it routed anew has settled what became of the goods.
            case.file.trade.allocation = AllocationAsk::None;
        }
        planning::serve_pickups(&mut case, Why::LookAgain)?;
    }
    let platform = case.allocator().is_none();
    if asked.target.is_none() && (platform || case.file != before) {
        let why = if platform { Why::LookAgain } else { Why::New };
        route::serve(&mut case, why, &left_out)?;
    }
    if case.file != before {
        sign(&mut case, &before, &oids, asked.request);
        super::allocation::settle_ask(&mut case);
        case.close();
    }
    Ok(Outcome::Done)
}

/// Those named, else every one with a live assignment.
fn meant(case: &Case<'_>, named: &[Oid]) -> Vec<Oid> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let lines = case.trade().sub_orders.iter().map(|line| line.oid);
    lines.filter(|oid| is_given(case, *oid)).collect()
}

/// Whether a place has units of the sub-order that have not left yet.
fn is_given(case: &Case<'_>, oid: Oid) -> bool {
    case.file.live_of(oid).any(|assignment| assignment.state.holds_stock())
}

/// Whether this very request was carried out for the sub-order before.
fn was_done(case: &Case<'_>, oid: Oid, request: i64) -> bool {
    request != 0
        && case.file.assignments.iter().any(|assignment| {
            assignment.oid == oid
                && (assignment.has(Fact::Withdrawn, request) || assignment.has(Fact::ReallocationAsked, request))
        })
}

/// One sub-order: taken back, and given to the target where one is named.
fn take_back(case: &mut Case<'_>, oid: Oid, asked: &Reallocate, left_out: &mut Vec<LeftOut>) -> Result<(), Refusal> {
    let chosen = match case.line(oid)?.delivery {
        Delivery::Ship => None,
        Delivery::Pickup { store } => Some(store),
    };
    if let Some(chosen) = chosen {
        choose_store(case, oid, chosen, asked.target)?;
    }
    withdraw(case, oid, asked, left_out)?;
    if let Some(location) = asked.target {
        return place(case, oid, location, chosen);
    }
    if !case.line(oid)?.awaits_allocation() && !is_given(case, oid) {
        return Err(nothing_to_take_back(case, oid));
    }
    if chosen.is_none() && case.allocator().is_some() && !case.line(oid)?.components.is_empty() {
        // The app is asked anew for what it could not place.
        case.wait_step(oid, WaitEvent::LookAgain)?;
    }
    Ok(())
}

fn nothing_to_take_back(case: &Case<'_>, oid: Oid) -> Refusal {
    let waiting = case.trade().sub_order(oid).and_then(|line| line.unassigned.as_ref());
    Refusal::IllegalMove {
        oid,
        state: waiting.map_or("done", |unassigned| unassigned.state.name()),
        asked: "re-allocated",
        who_may: "only units that wait or are not yet shipped can be re-allocated",
    }
}

/// A pickup goes where the buyer will come: to the store that is named, and to no other place than he was told.
fn choose_store(case: &mut Case<'_>, oid: Oid, chosen: LocationId, target: Option<LocationId>) -> Result<(), Refusal> {
    let Some(target) = target else {
        return if is_given(case, oid) { Err(Refusal::StoreWasChosen { oid, store: chosen }) } else { Ok(()) };
    };
    if case.world.places.get(target).is_some_and(Location::is_warehouse) {
        return Err(Refusal::WrongLocationKind { actual: "Warehouse", claimed: "Store" });
    }
    case.line_mut(oid)?.delivery = Delivery::Pickup { store: target };
    Ok(())
}

/// Takes the sub-order back from where it is; from an accepted place it is asked for, and the target must be able to take
/// the units now, so that nobody is asked in vain.
fn withdraw(case: &mut Case<'_>, oid: Oid, asked: &Reallocate, left_out: &mut Vec<LeftOut>) -> Result<(), Refusal> {
    let live: Vec<Assignment> = case.file.live_of(oid).cloned().collect();
    for assignment in live {
        if asked.target == Some(assignment.location) {
            // It is where it is wanted.
            continue;
        }
        left_out.push((oid, assignment.location));
        case.carry(assignment.code, Event::Reallocate { request: asked.request, force: asked.force })?;
        if let AssignmentState::CancelRequested { .. } = case.assignment(assignment.code)?.state {
            bind(case, &assignment, asked.target)?;
        }
    }
    Ok(())
}

/// Remembers where an accepted assignment is to go when its place gives it back.
fn bind(case: &mut Case<'_>, given: &Assignment, target: Option<LocationId>) -> Result<(), Refusal> {
    if let Some(location) = target {
        let code = AllocationCode(case.world.mint.long());
        let wanted = Move::between(given.code, code, location, given.units);
        case.ledger(given.oid, |ledger, held, owner| ledger.could_move(held, owner, wanted))??;
    }
    let by = AllocatedBy::choice_of(&case.who);
    case.assignment_mut(given.code)?.bound_for = target.map(|location| BoundFor { location, by });
    Ok(())
}

/// A place gave back what was asked of it for another one: it goes there now, if it can still be held there. Otherwise it
/// waits, to be routed anew by the caller, and the timeline says why.
pub(super) fn send_on(case: &mut Case<'_>, before: &Assignment) -> Result<(), Refusal> {
    let AssignmentState::CancelRequested { aim: CancelAim::Reallocate(request), .. } = before.state else {
        return Ok(());
    };
    let Some(BoundFor { location, by }) = before.bound_for else { return Ok(()) };
    let code = AllocationCode(case.world.mint.long());
    let waits = case.line(before.oid)?.awaits_allocation() && case.world.places.live(location).is_some();
    let wanted = Move::to_assignment(code, location, before.units);
    if !waits || case.ledger(before.oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?.is_err() {
        let detail = format!("{location} cannot take it any more");
        case.note(Note::on(before, Fact::TargetMissed).of(request).by(Actor::Platform).saying(detail));
        return Ok(());
    }
    let attributes = before.attributes.clone();
    route::assign(case, code, Offer { oid: before.oid, location, units: before.units, by, attributes }, None)
}

/// The waiting units of the sub-order go to the target.
fn place(case: &mut Case<'_>, oid: Oid, location: LocationId, chosen: Option<LocationId>) -> Result<(), Refusal> {
    let line = case.line(oid)?;
    if !line.awaits_allocation() {
        if is_given(case, oid) {
            // Accepted elsewhere and asked back: it goes on when the store has answered. Or it is there already.
            return Ok(());
        }
        return Err(nothing_to_take_back(case, oid));
    }
    // Naming the store again that the buyer chose is the choice to have the goods brought there, if it still has none.
    let units = case.unassigned_units(oid)?;
    let code = AllocationCode(case.world.mint.long());
    let wanted = Move::to_assignment(code, location, units);
    let moved = case.ledger(oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?;
    if moved.is_err() && chosen == Some(location) {
        return pickup::send_for(case, oid, location);
    }
    moved?;
    let by = AllocatedBy::choice_of(&case.who);
    // Gifts and batch numbers go along, whoever wrote them (§2.4).
    let last = case.file.assignments.iter().rfind(|assignment| assignment.oid == oid);
    let attributes = last.and_then(|assignment| assignment.attributes.clone());
    route::assign(case, code, Offer { oid, location, units, by, attributes }, None)
}

/// Marks what the request made, so that the same request again finds itself done.
fn sign(case: &mut Case<'_>, before: &TradeFile, oids: &[Oid], request: i64) {
    if request == 0 {
        return;
    }
    let fact = RecordedFact { fact: Fact::ReallocationAsked, request };
    for made in &mut case.file.assignments {
        if oids.contains(&made.oid) && before.by_code(made.code).is_none() {
            made.facts.insert(fact);
        }
    }
}
