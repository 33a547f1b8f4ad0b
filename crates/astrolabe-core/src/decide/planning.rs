//! The platform router's part of level 3: plans on the loaded truth, holds and assigns at once, and says why where nobody
//! can serve a line. Called by [`super::route::serve`] alone.

use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::{AllocatedBy, AssignmentState};
use crate::order::machine::Event;
use crate::order::trade::{Delivery, ExclusionReason};
use crate::place::StoreStatus;
use crate::refusal::Refusal;
use crate::routing::{Ask, Decision, LinePlan, Outcome, Reason, Snapshot, gather, next_opening};
use crate::service_settings::Service;
use crate::stock::moves::Move;

use super::case::Case;
use super::route::{LeftOut, Offer, Why, assign, must_yield, open_lines, unfillable, wait_behind};

/// Plans, assigns, and plans again for what another line of the same plan took away: each round assigns something or
/// is the last.
pub(super) fn plan_and_assign(case: &mut Case<'_>, why: Why, left_out: &[LeftOut]) -> Result<(), Refusal> {
    serve_pickups(case, why)?;
    let mut lines = Vec::new();
    for oid in open_lines(case, why) {
        if case.line(oid)?.delivery == Delivery::Ship && has_its_turn(case, oid)? {
            lines.push(oid);
        }
    }
    let known = case.file.assignments.len();
    while !lines.is_empty() {
        let decision = plan(case, &lines, left_out)?;
        let text = serde_json::to_string(&decision).unwrap_or_default();
        let mut failed = Vec::new();
        let mut assigned_any = false;
        for line in &decision.plan.lines {
            if line.outcome != Outcome::Allocated {
                give_up(case, line.oid, line.outcome.name(), text.clone())?;
                await_opening(case, line.oid, left_out)?;
                continue;
            }
            if assign_parts(case, line, &text)? {
                assigned_any = true;
            } else {
                failed.push(line.oid);
            }
        }
        if !assigned_any {
            for oid in failed.drain(..) {
                give_up(case, oid, Outcome::NoStock.name(), text.clone())?;
                await_opening(case, oid, left_out)?;
            }
        }
        lines = failed;
    }
    take_guards(case, known)
}

/// The Guards of what was just assigned: they come last, so that no line's Guard is another line's unit.
fn take_guards(case: &mut Case<'_>, known: usize) -> Result<(), Refusal> {
    let made: Vec<_> = case.file.assignments.iter().skip(known).cloned().collect();
    for offer in made.into_iter().filter(|offer| offer.state == AssignmentState::Notified) {
        case.ledger(offer.oid, |ledger, held, owner| {
            ledger.take_guard(held, owner, offer.code, offer.location);
        })?;
    }
    Ok(())
}

fn plan(case: &Case<'_>, lines: &[Oid], left_out: &[LeftOut]) -> Result<Decision, Refusal> {
    let left: Vec<Vec<LocationId>> = lines.iter().map(|oid| left_out_of(*oid, left_out)).collect();
    let mut asks = Vec::new();
    for (oid, left_out) in lines.iter().zip(&left) {
        asks.push(ask(case, *oid, left_out)?);
    }
    Ok(Decision::on(gather(&snapshot(case), &asks)))
}

/// A line that nobody could serve is looked at again when a location that has its units may open by the calendar alone.
fn await_opening(case: &mut Case<'_>, oid: Oid, left_out: &[LeftOut]) -> Result<(), Refusal> {
    let left_out = left_out_of(oid, left_out);
    let opening = next_opening(&snapshot(case), ask(case, oid, &left_out)?);
    if let Some(when) = opening {
        case.look_again(when);
    }
    Ok(())
}

fn snapshot<'c>(case: &'c Case<'_>) -> Snapshot<'c> {
    let world = &*case.world;
    Snapshot {
        places: &world.places,
        stock: &world.stock,
        day_loads: &world.day_loads,
        is_offer: true,
        channel: case.trade().channel,
        settings: world.seller.settings.router,
        split_quantity: world.seller.settings.split_quantity,
        destination: case.trade().destination.point,
        reservations: &case.file.reservations,
        version: world.version,
        now: case.now(),
    }
}

fn ask<'c>(case: &'c Case<'_>, oid: Oid, left_out: &'c [LocationId]) -> Result<Ask<'c>, Refusal> {
    let line = case.line(oid)?;
    Ok(Ask {
        oid,
        units: case.unassigned_units(oid)?,
        item: case.world.items.get(&line.item),
        components: &line.components,
        excluded: &line.excluded,
        left_out,
    })
}

fn left_out_of(oid: Oid, left_out: &[LeftOut]) -> Vec<LocationId> {
    left_out.iter().filter(|(of, _)| *of == oid).map(|(_, location)| *location).collect()
}

/// Whether the line may be placed now: it is known what it is, and no earlier order goes first.
fn has_its_turn(case: &mut Case<'_>, oid: Oid) -> Result<bool, Refusal> {
    if case.line(oid)?.components.is_empty() {
        return Ok(false);
    }
    if must_yield(case, oid)? {
        wait_behind(case, oid)?;
        return Ok(false);
    }
    Ok(true)
}

/// Pickups are the platform's to check in every role mode.
pub(super) fn serve_pickups(case: &mut Case<'_>, why: Why) -> Result<(), Refusal> {
    for oid in open_lines(case, why) {
        if let Delivery::Pickup { store } = case.line(oid)?.delivery
            && has_its_turn(case, oid)?
        {
            serve_pickup(case, oid, store)?;
        }
    }
    Ok(())
}

/// The buyer chose the store: it is only checked whether it can. A pickup never becomes a shipping order by itself.
fn serve_pickup(case: &mut Case<'_>, oid: Oid, store: LocationId) -> Result<(), Refusal> {
    let units = case.unassigned_units(oid)?;
    let open = case.world.places.live(store).is_some_and(|place| place.status == StoreStatus::Normal);
    let said_no = case.line(oid)?.excluded.iter().find(|exclusion| exclusion.location == store);
    let reason = if let Some(said_no) = said_no {
        match said_no.why {
            ExclusionReason::Refused => "the chosen store refused",
            ExclusionReason::NoAnswer => "the chosen store did not answer",
            ExclusionReason::GaveBack => "the chosen store gave it back",
        }
    } else if !open {
        "the chosen store is closed"
    } else if let Some(reason) = case.service_shut(store, Service::Pickup) {
        let place = case.world.places.live(store);
        if let Some(when) = place.and_then(|place| place.service.next_change(Service::Pickup, case.now())) {
            case.look_again(when);
        }
        pickup_shut(reason)
    } else {
        let code = AllocationCode(case.world.mint.long());
        let wanted = Move::to_assignment(code, store, units);
        if case.ledger(oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?.is_ok() {
            let offer = Offer { oid, location: store, units, by: AllocatedBy::Router, attributes: None };
            return assign(case, code, offer, Some("the buyer chose the store".to_owned()));
        }
        "the chosen store lacks the units"
    };
    give_up(case, oid, reason, reason.to_owned())
}

/// The reason of a pickup whose store is there and open, and takes none.
fn pickup_shut(reason: Reason) -> &'static str {
    match reason {
        Reason::OutsideWorkingTime | Reason::OutsideDispatchTime => "the chosen store takes no pickups at this time",
        Reason::DayFull => "the chosen store has taken all its pickups of the day",
        Reason::SwitchedOff => "the chosen store has pickup switched off",
        Reason::Deleted
        | Reason::OnHold
        | Reason::Shut
        | Reason::LeftOut
        | Reason::RefusedBefore
        | Reason::SilentBefore
        | Reason::GaveBackBefore
        | Reason::NotBound
        | Reason::Suspect
        | Reason::NoStock
        | Reason::TooFew => reason.name(),
    }
}

/// All parts of a planned line are held and assigned, or none.
fn assign_parts(case: &mut Case<'_>, planned: &LinePlan, text: &str) -> Result<bool, Refusal> {
    // First where the line holds units already: what another part takes along must not be these.
    let mut parts = planned.parts.clone();
    parts.sort_by_key(|part| std::cmp::Reverse(held_unassigned(case, planned.oid, part.location)));
    let mut made: Vec<AllocationCode> = Vec::new();
    for part in parts {
        let offer = Offer {
            oid: planned.oid,
            location: part.location,
            units: part.units,
            by: AllocatedBy::Router,
            attributes: None,
        };
        let code = AllocationCode(case.world.mint.long());
        let wanted = Move::planned(code, offer.location, offer.units);
        // An earlier line of the same plan may have taken the last place of the location's day.
        let has_room = case.service_shut(offer.location, Service::Delivery).is_none();
        let moved =
            has_room && case.ledger(offer.oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?.is_ok();
        if !moved {
            // Parts made before go back; a plan on exact stock fails only where two lines want the same last units.
            for code in made {
                case.carry(code, Event::Withdraw)?;
            }
            return Ok(false);
        }
        assign(case, code, offer, Some(text.to_owned()))?;
        made.push(code);
    }
    Ok(true)
}

fn held_unassigned(case: &Case<'_>, oid: Oid, location: LocationId) -> i64 {
    let held = case.file.reservations.iter();
    let there = held.filter(|held| held.oid == oid && held.code.is_none() && held.cell.location == location);
    there.map(|held| held.units).sum()
}

/// Nobody can serve the line now: it keeps what it holds (or what default deduction finds), and waits.
fn give_up(case: &mut Case<'_>, oid: Oid, reason: &str, decision: String) -> Result<(), Refusal> {
    let units = case.unassigned_units(oid)?;
    case.ledger(oid, |ledger, held, owner| {
        let lack = owner.unheld(held, None, units);
        if lack > 0 {
            // Refused means that it goes on lacking: it waits.
            let _ = ledger.hold_by_default(held, owner, lack);
        }
        let lack = owner.unheld(held, None, units);
        ledger.wait(owner, lack);
        ledger.let_pass(owner, lack);
    })?;
    unfillable(case, oid, reason, Some(decision))
}
