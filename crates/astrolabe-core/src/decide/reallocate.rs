//! Taking sub-orders back from where they are, without blame: `omniorder.store.reallocate` and the console. With a
//! target it withdraws and assigns in one step or not at all; without one the lines are routed anew.

use crate::command::{Outcome, Reallocate};
use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::{AllocatedBy, Assignment, RecordedFact};
use crate::order::file::TradeFile;
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::Delivery;
use crate::order::waiting::WaitEvent;
use crate::place::Location;
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::stock::moves::Move;
use crate::time::Timestamp;
use crate::world::World;

use super::case::Case;
use super::route::{self, LeftOut, Offer, Why};
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
    let mut oids = meant(&case, &asked.sub_orders)?;
    oids.retain(|oid| !was_done(&case, *oid, asked.request));
    if oids.is_empty() {
        return Ok(Outcome::Done);
    }
    for oid in oids.iter().copied() {
        let chosen = match case.line(oid)?.delivery {
            Delivery::Ship => None,
            Delivery::Pickup { store } => Some(store),
        };
        if let Some(chosen) = chosen {
            choose_store(&mut case, oid, chosen, asked.target)?;
        }
        withdraw(&mut case, oid, asked, &mut left_out)?;
        if let Some(location) = asked.target {
            place(&mut case, oid, location, chosen)?;
        } else if chosen.is_none() && case.allocator().is_some() && !case.line(oid)?.components.is_empty() {
            // The app is asked anew for what it could not place.
            case.wait_step(oid, WaitEvent::LookAgain)?;
        }
    }
    if asked.target.is_none() {
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
fn meant(case: &Case<'_>, named: &[Oid]) -> Result<Vec<Oid>, Refusal> {
    let lines = case.named_lines(named)?;
    if !named.is_empty() {
        return Ok(lines);
    }
    Ok(lines.into_iter().filter(|oid| case.file.live_of(*oid).any(|a| a.state.holds_stock())).collect())
}

/// Whether this very request was carried out for the sub-order before.
fn was_done(case: &Case<'_>, oid: Oid, request: i64) -> bool {
    request != 0
        && case.file.assignments.iter().any(|assignment| {
            assignment.oid == oid
                && (assignment.has(Fact::Withdrawn, request) || assignment.has(Fact::ReallocationAsked, request))
        })
}

/// A pickup goes where the buyer will come: to the store that is named, and to no other place than he was told.
fn choose_store(case: &mut Case<'_>, oid: Oid, chosen: LocationId, target: Option<LocationId>) -> Result<(), Refusal> {
    let Some(target) = target else {
        let given = case.file.live_of(oid).any(|assignment| assignment.state.holds_stock());
        return if given { Err(Refusal::StoreWasChosen { oid, store: chosen }) } else { Ok(()) };
    };
    if case.world.places.get(target).is_some_and(Location::is_warehouse) {
        return Err(Refusal::WrongLocationKind { actual: "Warehouse", claimed: "Store" });
    }
    case.line_mut(oid)?.delivery = Delivery::Pickup { store: target };
    Ok(())
}

/// Takes the sub-order back from where it is; from an accepted place it is asked for.
fn withdraw(case: &mut Case<'_>, oid: Oid, asked: &Reallocate, left_out: &mut Vec<LeftOut>) -> Result<(), Refusal> {
    let live: Vec<Assignment> = case.file.live_of(oid).cloned().collect();
    for assignment in live {
        if asked.target == Some(assignment.location) {
            // It is where it is wanted.
            continue;
        }
        left_out.push((oid, assignment.location));
        case.carry(assignment.code, Event::Reallocate { request: asked.request, force: asked.force })?;
    }
    Ok(())
}

/// The waiting units of the sub-order go to the target.
fn place(case: &mut Case<'_>, oid: Oid, location: LocationId, chosen: Option<LocationId>) -> Result<(), Refusal> {
    let line = case.line(oid)?;
    if !line.awaits_allocation() {
        if case.file.live_of(oid).any(|assignment| assignment.state.holds_stock()) {
            // Accepted elsewhere and asked back: it is routed when the store has answered. Or it is there already.
            return Ok(());
        }
        let state = line.unassigned.as_ref().map_or("done", |unassigned| unassigned.state.name());
        return Err(Refusal::IllegalMove {
            oid,
            state,
            asked: "re-allocated",
            who_may: "only units that wait or are not yet shipped can be re-allocated",
        });
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
    let by = match case.who {
        Actor::App { .. } => AllocatedBy::App,
        Actor::Operator { .. } | Actor::Keeper { .. } | Actor::Channel | Actor::Platform | Actor::Clock => {
            AllocatedBy::Operator
        }
    };
    // Gifts and batch numbers go along: a person says where, not what.
    let latest = case.file.assignments.iter().rfind(|given| given.oid == oid);
    let attributes = latest.and_then(|given| given.attributes.clone());
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
