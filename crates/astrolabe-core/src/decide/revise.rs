//! What a later message of the channel changes of a trade that is known: what a line is of, where it goes, what was
//! written beside it. Before anybody has accepted a line its offers are taken back and it is routed anew; after that it
//! is a person's to settle, and followed once the units are ours to route again. Called by [`super::intake`], and by
//! [`super::route`] before it routes.

use crate::command::{SeenLine, SeenTrade};
use crate::exception::ExceptionKind;
use crate::geo::Point;
use crate::ids::Oid;
use crate::order::assignment::{Assignment, AssignmentState};
use crate::order::machine::Event;
use crate::order::timeline::Fact;
use crate::order::told::{LineTold, TradeTold};
use crate::order::trade::{Delivery, Destination, SubOrder, Trade, TradePayment, UnassignedState};
use crate::order::waiting::WaitEvent;
use crate::refusal::Refusal;
use crate::time::Timestamp;

use super::case::{Case, Note};
use super::intake::is_omnichannel;
use super::route::{components_of, waiting_lines};

/// The trade as it was before the message.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) modified: Timestamp,
    pub(super) payment: TradePayment,
    destination: Destination,
    told: TradeTold,
}

impl Before {
    pub(super) fn of(trade: &Trade) -> Self {
        Self {
            modified: trade.modified,
            payment: trade.payment,
            destination: trade.destination.clone(),
            told: trade.told.clone(),
        }
    }
}

/// What the channel says a line is of.
pub(super) fn as_told(line: &SeenLine) -> LineTold {
    LineTold {
        item: line.item,
        sku: line.sku,
        outer_code: line.outer_code.clone(),
        quantity: line.quantity,
        payment: line.payment,
        delivery: line.delivery,
        stands_out: false,
    }
}

fn same_goods(known: &LineTold, told: &LineTold) -> bool {
    (known.item, known.sku, known.quantity, known.delivery) == (told.item, told.sku, told.quantity, told.delivery)
}

/// A line that is not paid is whatever was told last.
pub(super) fn unpaid_line(case: &mut Case<'_>, seen: &SeenLine) {
    let is_unpaid = |line: &SubOrder| {
        line.unassigned.as_ref().is_some_and(|unassigned| unassigned.state == UnassignedState::Created)
    };
    if !case.trade().sub_order(seen.oid).is_some_and(is_unpaid) {
        return;
    }
    let components = components_of(case, seen.item, seen.sku);
    if let Some(line) = case.file.trade.sub_order_mut(seen.oid) {
        become_told(line, as_told(seen));
        line.components = components;
        line.reserve_key.clone_from(&seen.reserve_key);
    }
}

/// The line is of what was told, and all of its units wait.
fn become_told(line: &mut SubOrder, told: LineTold) {
    if (line.item, line.sku) != (told.item, told.sku) {
        line.excluded.clear();
    }
    line.item = told.item;
    line.sku = told.sku;
    line.outer_code.clone_from(&told.outer_code);
    line.quantity = told.quantity;
    line.payment = told.payment;
    line.delivery = told.delivery;
    if let Some(unassigned) = line.unassigned.as_mut() {
        unassigned.units = told.quantity;
    }
    line.told = Some(LineTold { stands_out: false, ..told });
}

/// Lines of which the channel now says something else than it did. Says whether one is to be routed anew.
pub(super) fn goods(case: &mut Case<'_>, seen: &SeenTrade) -> Result<bool, Refusal> {
    let mut open = false;
    for told in seen.lines.iter().filter(|line| !line.closed).map(|line| (line.oid, as_told(line))) {
        let (oid, told) = told;
        let line = case.line(oid)?;
        let known = line.told.clone();
        if line.channel_closed || known.as_ref().is_some_and(|known| same_goods(known, &told)) {
            continue;
        }
        if known.is_none() {
            // Told before it was kept what was told: from here on a difference can be seen.
            case.line_mut(oid)?.told = Some(told);
        } else if is_ours_to_change(case, oid)? {
            open |= change(case, oid, told)?;
        } else {
            stand_out(case, oid, told)?;
        }
    }
    Ok(open)
}

/// Changes that had to wait until the units came back. Called before anything is routed.
pub(super) fn catch_up(case: &mut Case<'_>) -> Result<(), Refusal> {
    let waiting = case.trade().sub_orders.iter().filter(|line| !line.channel_closed);
    let waiting = waiting.filter_map(|line| Some((line.oid, line.told.clone().filter(|told| told.stands_out)?)));
    for (oid, told) in waiting.collect::<Vec<_>>() {
        if is_ours_to_change(case, oid)? {
            change(case, oid, told)?;
        }
    }
    Ok(())
}

/// Whether every unit of the line waits, was cancelled before anybody had it, or is merely offered.
fn is_ours_to_change(case: &Case<'_>, oid: Oid) -> Result<bool, Refusal> {
    let line = case.line(oid)?;
    let waiting = line.unassigned.as_ref().map_or(0, |unassigned| unassigned.units);
    let offered = case.file.live_of(oid).filter(|offer| offer.state == AssignmentState::Notified);
    Ok(waiting + offered.map(|offer| offer.units).sum::<i64>() == line.quantity)
}

/// Offers are taken back, what is held is released, and the line waits as what it is now.
fn change(case: &mut Case<'_>, oid: Oid, told: LineTold) -> Result<bool, Refusal> {
    let offers: Vec<Assignment> = case.file.live_of(oid).cloned().collect();
    for offer in offers {
        // No rule takes a pickup from the store that the buyer chose; the channel's word does.
        let event =
            if offer.pickup { Event::Reallocate { request: case.recurrence(), force: false } } else { Event::Withdraw };
        case.carry(offer.code, event)?;
    }
    case.release_unassigned(oid)?;
    let detail = difference(case.line(oid)?, &told);
    let components = components_of(case, told.item, told.sku);
    // Articles that this command has not loaded are looked up when the line is routed.
    let loaded = components.iter().all(|component| case.world.stock.is_loaded(component.sc_item));
    let tagged = case.world.items.get(&told.item).is_some_and(is_omnichannel);
    let line = case.line_mut(oid)?;
    become_told(line, told);
    line.omni |= tagged;
    line.components = if loaded { components } else { Vec::new() };
    case.wait_step(oid, WaitEvent::LookAgain)?;
    let recurrence = case.recurrence();
    case.note(Note::line(oid, Fact::GoodsChanged).of(recurrence).saying(detail));
    Ok(waiting_lines(case).contains(&oid))
}

/// Somebody accepted the line as it was, or it has left: a person has to settle it.
fn stand_out(case: &mut Case<'_>, oid: Oid, told: LineTold) -> Result<(), Refusal> {
    let detail = difference(case.line(oid)?, &told);
    let recurrence = case.recurrence();
    case.note(Note::line(oid, Fact::GoodsChanged).of(recurrence).saying(format!("not followed: {detail}")));
    let gone = case.file.live_of(oid).all(|given| !given.state.holds_stock());
    let when = if gone { "after it had left" } else { "after somebody had accepted it" };
    case.raise(ExceptionKind::GoodsChanged, Some(oid), format!("{when}: {detail}"));
    case.line_mut(oid)?.told = Some(LineTold { stands_out: true, ..told });
    case.allocations_changed();
    Ok(())
}

fn difference(line: &SubOrder, told: &LineTold) -> String {
    let mut parts = Vec::new();
    if (line.item, line.sku) != (told.item, told.sku) {
        parts.push(format!("listing {}/{} becomes {}/{}", line.item, line.sku, told.item, told.sku));
    }
    if line.quantity != told.quantity {
        parts.push(format!("quantity {} becomes {}", line.quantity, told.quantity));
    }
    if line.delivery != told.delivery {
        let way = |delivery| match delivery {
            Delivery::Ship => "delivery".to_owned(),
            Delivery::Pickup { store } => format!("pickup at {store}"),
        };
        parts.push(format!("{} becomes {}", way(line.delivery), way(told.delivery)));
    }
    parts.join(", ")
}

/// The goods go elsewhere, or to somebody else. Whoever has them unshipped is told; an offer stands, with the distances
/// noted; what has shipped is recorded only. Says whether waiting lines are to be routed anew.
pub(super) fn address(case: &mut Case<'_>, before: &Before) -> Result<bool, Refusal> {
    let moved = case.trade().destination != before.destination;
    if !moved && !case.trade().told.address.differs_from(before.told.address) {
        return Ok(false);
    }
    let request = case.recurrence();
    let here = unshipped(case);
    let open: Vec<Oid> =
        case.trade().sub_orders.iter().filter(|line| line.awaits_allocation()).map(|l| l.oid).collect();
    let detail = match (here.is_empty() && open.is_empty(), moved) {
        (true, _) => "nothing is left to ship: recorded only",
        (false, true) => "another place",
        (false, false) => "the same place, another label",
    };
    case.note(Note::trade(Fact::AddressChanged).of(request).saying(detail));
    let (from, to) = (before.destination.point, case.trade().destination.point);
    for given in &here {
        let place = case.world.places.get(given.location).and_then(|place| place.point);
        let note = Note::on(given, Fact::AddressChanged).of(request);
        let distances = format!("{} becomes {}", distance(place, from), distance(place, to));
        case.note(note.saying(distances));
    }
    if !here.is_empty() {
        case.allocations_changed();
    }
    for oid in &open {
        case.wait_step(*oid, WaitEvent::LookAgain)?;
    }
    Ok(!open.is_empty())
}

/// Deliveries that a location has and has not shipped.
fn unshipped(case: &Case<'_>) -> Vec<Assignment> {
    let given = case.file.assignments.iter().filter(|given| given.state.holds_stock() && !given.pickup);
    given.cloned().collect()
}

fn distance(from: Option<Point>, to: Option<Point>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!("{} m", from.metres_to(to)),
        (Some(_) | None, _) => "unknown distance".to_owned(),
    }
}

/// What buyer or seller wrote beside the trade is another: whoever packs it reads it again.
pub(super) fn notes(case: &mut Case<'_>, before: &Before) -> Result<(), Refusal> {
    if !case.trade().told.notes.differs_from(before.told.notes) {
        return Ok(());
    }
    let request = case.recurrence();
    case.note(Note::trade(Fact::NotesChanged).of(request));
    if case.file.assignments.iter().any(|given| given.state.holds_stock()) {
        case.allocations_changed();
    }
    Ok(())
}
