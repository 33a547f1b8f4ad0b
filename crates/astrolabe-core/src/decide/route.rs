//! Level 3: bringing waiting units to somebody. The platform router plans and assigns at once, in the same command; an
//! allocating app is asked and its silence gets a deadline. Called at the end of every decision that leaves units
//! waiting.

use crate::exception::ExceptionKind;
use crate::goods::Component;
use crate::ids::{AllocationCode, AppKey, ItemId, LocationId, Oid, SkuId};
use crate::order::assignment::{AllocatedBy, Assignment, AssignmentState};
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{AllocationAsk, Delivery, SubOrder, UnassignedState};
use crate::order::waiting::WaitEvent;
use crate::outward::{Message, Receiver};
use crate::refusal::Refusal;
use crate::service_settings::Service;
use crate::stock::deduct::QueuePlace;
use crate::time::Millis;

use super::case::{Case, Note};
use super::planning;
use super::report::mapping_of_line;

/// How long a newcomer that lets an earlier order go first waits before it is looked at again.
pub(super) const YIELD_MS: Millis = Millis::seconds(1);

/// Why units are to be brought to somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// They entered level 3, or came back from somebody: an allocating app is asked (again).
    New,
    /// Time has passed: an allocating app that was asked already is not asked again.
    LookAgain,
}

/// A location that a plan leaves out, this once, for a sub-order.
pub(super) type LeftOut = (Oid, LocationId);

/// The reason of a line that nobody can serve because nobody knows what it is.
const NOT_MAPPED: &str = "the listing maps to no article";

/// Brings whatever waits in Routing to somebody.
pub(super) fn serve(case: &mut Case<'_>, why: Why, left_out: &[LeftOut]) -> Result<(), Refusal> {
    super::revise::catch_up(case)?;
    if case.is_held_back() {
        return hold_all(case);
    }
    sort_out_unknown(case, why)?;
    match case.allocator() {
        None => planning::plan_and_assign(case, why, left_out),
        Some(app) => {
            planning::serve_pickups(case, why)?;
            if why == Why::LookAgain && case.trade().allocation == AllocationAsk::None {
                // What the app could not place before, it is asked for anew.
                for oid in open_lines(case, why) {
                    let line = case.line(oid)?;
                    if line.delivery == Delivery::Ship && !line.components.is_empty() {
                        case.wait_step(oid, WaitEvent::LookAgain)?;
                    }
                }
            }
            hold_all(case)?;
            let ask_now = match case.trade().allocation {
                AllocationAsk::Asked { .. } | AllocationAsk::Silent { .. } => why == Why::New,
                AllocationAsk::SaysShipped { .. } => false,
                AllocationAsk::None | AllocationAsk::TakenOver { .. } => true,
            };
            if ask_now && !lines_of_app(case).is_empty() {
                ask(case, app);
            }
            Ok(())
        }
    }
}

/// Asks the allocating app for this trade, and starts its clock.
pub(super) fn ask(case: &mut Case<'_>, app: AppKey) {
    let call = case.send(Receiver::App(app.clone()), Message::AskAllocation);
    let asked_at = case.now();
    let deadline = asked_at + case.world.seller.settings.allocate_within_ms;
    case.file.trade.allocation = AllocationAsk::Asked { app, call, asked_at, deadline, queried: false };
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::AllocationAsked).of(recurrence).by(Actor::Platform));
}

/// Lines whose units are on their way to an allocation.
pub(super) fn routing_lines(case: &Case<'_>) -> Vec<Oid> {
    case.trade()
        .sub_orders
        .iter()
        .filter(|line| line.unassigned.as_ref().is_some_and(|unassigned| unassigned.state == UnassignedState::Routing))
        .map(|line| line.oid)
        .collect()
}

/// Those of them that an allocating app is to place. A pickup's store is the buyer's choice, not the app's.
pub(super) fn lines_of_app(case: &Case<'_>) -> Vec<Oid> {
    let mut lines = routing_lines(case);
    lines.retain(|oid| case.line(*oid).is_ok_and(|line| line.delivery == Delivery::Ship));
    lines
}

/// Lines to bring to somebody: those in Routing and, when time has passed, those that nobody could serve before.
pub(super) fn open_lines(case: &Case<'_>, why: Why) -> Vec<Oid> {
    match why {
        Why::New => routing_lines(case),
        Why::LookAgain => {
            let open = case.trade().sub_orders.iter().filter(|line| line.awaits_allocation());
            open.map(|line| line.oid).collect()
        }
    }
}

/// Holds what waits and holds nothing yet, by default deduction; what lacks waits in the shortage queue.
pub(super) fn hold_all(case: &mut Case<'_>) -> Result<(), Refusal> {
    for oid in waiting_lines(case) {
        hold(case, oid)?;
    }
    Ok(())
}

/// Lines whose units wait for somebody or for something, and are to be held for meanwhile.
pub(super) fn waiting_lines(case: &Case<'_>) -> Vec<Oid> {
    case.trade().sub_orders.iter().filter(|line| holds_while_waiting(line)).map(|line| line.oid).collect()
}

fn holds_while_waiting(line: &SubOrder) -> bool {
    match line.unassigned.as_ref().map(|unassigned| &unassigned.state) {
        Some(UnassignedState::Held | UnassignedState::Routing | UnassignedState::Unfillable { .. }) => true,
        Some(UnassignedState::Created | UnassignedState::Cancelled | UnassignedState::Closed) | None => false,
    }
}

/// Default deduction of what a line's unassigned units lack. What finds too little waits, and may be passed by others
/// that need less; what lets an earlier order go first is looked at again soon.
pub(super) fn hold(case: &mut Case<'_>, oid: Oid) -> Result<(), Refusal> {
    if must_yield(case, oid)? {
        return wait_behind(case, oid);
    }
    let units = case.unassigned_units(oid)?;
    let state = case.line(oid)?.unassigned.as_ref().map(|unassigned| &unassigned.state);
    let unfillable = matches!(state, Some(UnassignedState::Unfillable { .. }));
    case.ledger(oid, |ledger, held, owner| {
        let lack = owner.unheld(held, None, units);
        let held_all = lack == 0 || ledger.hold_by_default(held, owner, lack).is_ok();
        if held_all && !unfillable {
            ledger.stop_waiting(owner);
        } else {
            // Who holds elsewhere what cannot be served from there waits for stock as well.
            let lack = owner.unheld(held, None, units);
            ledger.wait(owner, lack);
            ledger.let_pass(owner, lack);
        }
    })
}

/// The articles a SKU of a listing takes, when they are known.
pub(super) fn components_of(case: &Case<'_>, item: ItemId, sku: SkuId) -> Vec<Component> {
    mapping_of_line(case.world, item, sku).map(|mapping| mapping.components.clone()).unwrap_or_default()
}

/// A listing that maps to nothing is a fault in our data or the merchant's: a task, never "no stock". One that has been
/// mapped since is routed like any other.
fn sort_out_unknown(case: &mut Case<'_>, why: Why) -> Result<(), Refusal> {
    for oid in open_lines(case, why) {
        let line = case.line(oid)?;
        if !line.components.is_empty() {
            continue;
        }
        let components = components_of(case, line.item, line.sku);
        if components.is_empty() {
            unfillable(case, oid, NOT_MAPPED, None)?;
        } else if components.iter().all(|component| case.world.stock.is_loaded(component.sc_item)) {
            case.line_mut(oid)?.components = components;
        } else {
            // The listing was not known when this command's needs were named; the next look has it.
            let soon = case.now();
            case.look_again(soon);
        }
    }
    Ok(())
}

/// A location that gets units of a sub-order.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) oid: Oid,
    pub(super) location: LocationId,
    pub(super) units: i64,
    pub(super) by: AllocatedBy,
    pub(super) attributes: Option<String>,
}

/// Makes the assignment of units whose hold is already its own.
pub(super) fn assign(
    case: &mut Case<'_>,
    code: AllocationCode,
    offer: Offer,
    detail: Option<String>,
) -> Result<(), Refusal> {
    let warehouse = case.world.places.get(offer.location).is_some_and(crate::place::Location::is_warehouse);
    let service = Service::of(case.line(offer.oid)?.delivery);
    // An app's or a person's choice stands whatever the location's settings say; that they say otherwise is kept.
    let against = case.service_shut(offer.location, service);
    let detail = detail.or_else(|| against.map(|reason| format!("{}: {}", reason.name(), reason.en())));
    let pickup = case.line(offer.oid)?.delivery != Delivery::Ship;
    let assignment = Assignment {
        code,
        tid: case.tid(),
        oid: offer.oid,
        location: offer.location,
        warehouse,
        pickup,
        units: offer.units,
        state: AssignmentState::Notified,
        allocated_at: case.now(),
        allocated_by: offer.by,
        decided_at_version: case.world.version,
        attributes: offer.attributes,
        shipment: None,
        facts: std::collections::BTreeSet::new(),
        due_at: None,
        clock: None,
        committed: Vec::new(),
        day_place: case.hold_capacity(offer.location, service),
        handover: None,
        bound_for: None,
    };
    let note = Note::on(&assignment, Fact::Allocated);
    case.file.assignments.push(assignment);
    case.start_clock(code)?;
    let note = match offer.by {
        AllocatedBy::Router => note.by(Actor::Platform),
        AllocatedBy::App | AllocatedBy::Operator => note,
    };
    case.note(match detail {
        Some(detail) => note.saying(detail),
        None => note,
    });
    let line = case.line_mut(offer.oid)?;
    line.unassigned =
        line.unassigned.take().filter(|unassigned| unassigned.units > offer.units).map(|mut unassigned| {
            unassigned.units -= offer.units;
            unassigned
        });
    case.queue_for_lack(offer.oid)?;
    case.allocations_changed();
    Ok(())
}

/// The line is Unfillable: a fact and a task, once a reason.
pub(super) fn unfillable(case: &mut Case<'_>, oid: Oid, reason: &str, decision: Option<String>) -> Result<(), Refusal> {
    if !case.wait_step(oid, WaitEvent::NothingServes { reason: reason.to_owned() })? {
        return Ok(());
    }
    let recurrence = case.recurrence();
    let note = Note::line(oid, Fact::Unfillable).of(recurrence).by(Actor::Platform);
    case.note(note.saying(decision.unwrap_or_else(|| reason.to_owned())));
    match case.line(oid)?.delivery {
        Delivery::Ship => case.raise(ExceptionKind::Unfillable, Some(oid), reason),
        Delivery::Pickup { .. } => {
            let detail = format!("{reason}: have it brought there, agree on another store, or refund");
            case.raise(ExceptionKind::PickupChoice, Some(oid), detail);
        }
    }
    Ok(())
}

/// Whether an earlier paid order waits for the same goods and the stock could serve it.
pub(super) fn must_yield(case: &mut Case<'_>, oid: Oid) -> Result<bool, Refusal> {
    let units = case.unassigned_units(oid)?;
    case.ledger(oid, |ledger, held, owner| {
        let lack = owner.unheld(held, None, units);
        let place = QueuePlace { pay_time: owner.pay_time, tid: owner.tid, oid: owner.oid };
        lack > 0 && ledger.sources(owner).must_yield(&owner.needs(lack), place)
    })
}

/// The line lets earlier ones go first and is looked at again soon.
pub(super) fn wait_behind(case: &mut Case<'_>, oid: Oid) -> Result<(), Refusal> {
    case.queue_for_lack(oid)?;
    let soon = case.now() + YIELD_MS;
    case.look_again(soon);
    Ok(())
}
