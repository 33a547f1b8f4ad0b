//! Trades as the channel tells them: the three levels of routing (white paper §2.2), payment, later changes. Called for
//! `SeeTrade` alone.

use std::collections::BTreeSet;

use crate::command::{Outcome, SeenLine, SeenTrade};
use crate::goods::{Item, OmniTag};
use crate::ids::{ItemId, Oid};
use crate::order::file::TradeFile;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{
    AllocationAsk, Level, SubOrder, Trade, TradeHold, TradePayment, Unassigned, UnassignedState,
};
use crate::order::waiting::WaitEvent;
use crate::refusal::Refusal;
use crate::seller::RoleMode;
use crate::stock::book::Moment;
use crate::stock::hold::AheadState;
use crate::time::Timestamp;
use crate::world::World;

use super::cancel;
use super::case::{Case, Note};
use super::returns;
use super::route::{self, Why, components_of};

/// Why a freshly paid trade waits.
const AFTER_PAID: &str = "the seller waits a while after payment";

/// A trade, new or changed. One older than what is known changes nothing.
pub(super) fn see_trade(world: &mut World, seen: &SeenTrade, now: Timestamp) -> Result<Outcome, Refusal> {
    let at = Moment { happened: seen.modified.min(now), learnt: now };
    let known = world.files.get(&seen.tid).cloned();
    if known.as_ref().is_some_and(|known| seen.modified < known.trade.modified) {
        return Ok(Outcome::Seen { changed: false });
    }
    let file = known.clone().unwrap_or_else(|| new_file(seen));
    let mut case = Case::with(world, file, Actor::Channel, at);
    take_in(&mut case, seen);
    match (case.trade().level, case.trade().payment) {
        (Level::Awaited, TradePayment::Paid) => judge_levels(&mut case, seen)?,
        (Level::Awaited | Level::Routed, TradePayment::Closed) => {
            let all = case.named_lines(&[])?;
            close_lines(&mut case, all)?;
        }
        // A line that the channel adds to a paid trade is paid too.
        (Level::Routed, TradePayment::Paid | TradePayment::Awaited) => {
            if pay_lines(&mut case, seen)? {
                route::serve(&mut case, Why::New, &[])?;
            }
        }
        (Level::Awaited, TradePayment::Awaited) => {}
        (Level::PassedOnSelfOperated | Level::PassedOnOrdinary, _) => {}
    }
    if case.trade().level == Level::Routed {
        let closed = seen.lines.iter().filter(|line| line.closed).map(|line| line.oid).collect();
        close_lines(&mut case, closed)?;
        for line in seen.lines.iter().filter(|line| line.finished) {
            returns::sign_line(&mut case, line.oid)?;
        }
    }
    let changed = known.as_ref() != Some(&case.file);
    if changed {
        case.world.journal.published(seen.tid, seen.published.clone());
        case.row_changed();
        case.close();
    }
    Ok(Outcome::Seen { changed })
}

fn new_file(seen: &SeenTrade) -> TradeFile {
    let trade = Trade {
        tid: seen.tid,
        channel: seen.channel,
        created: seen.created,
        pay_time: None,
        modified: seen.modified,
        payment: TradePayment::Awaited,
        destination: seen.destination.clone(),
        level: Level::Awaited,
        mode: None,
        allocation: AllocationAsk::None,
        holds: Vec::new(),
        sub_orders: Vec::new(),
        refunds: Vec::new(),
        pushed_to: BTreeSet::new(),
        due_at: None,
    };
    TradeFile { trade, assignments: Vec::new(), reservations: Vec::new() }
}

/// Brings the facts of the trade up to date. Payment only goes forward, and a paid line's quantity stands.
fn take_in(case: &mut Case<'_>, seen: &SeenTrade) {
    let lines: Vec<SubOrder> = seen
        .lines
        .iter()
        .filter(|line| case.trade().sub_order(line.oid).is_none())
        .map(|line| new_line(case, line))
        .collect();
    let trade = &mut case.file.trade;
    trade.modified = seen.modified;
    trade.destination = seen.destination.clone();
    trade.payment = match (trade.payment, seen.payment) {
        (TradePayment::Closed, _) => TradePayment::Closed,
        (TradePayment::Paid, TradePayment::Awaited) => TradePayment::Paid,
        (TradePayment::Awaited | TradePayment::Paid, told) => told,
    };
    if trade.level == Level::Awaited {
        trade.pay_time = seen.pay_time;
    }
    for told in &seen.lines {
        if let Some(line) = trade.sub_order_mut(told.oid)
            && let Some(unassigned) = line.unassigned.as_mut()
            && unassigned.state == UnassignedState::Created
        {
            unassigned.units = told.quantity;
            line.quantity = told.quantity;
            line.payment = told.payment;
        }
    }
    trade.sub_orders.extend(lines);
}

fn new_line(case: &Case<'_>, told: &SeenLine) -> SubOrder {
    SubOrder {
        oid: told.oid,
        item: told.item,
        sku: told.sku,
        outer_code: told.outer_code.clone(),
        quantity: told.quantity,
        payment: told.payment,
        components: components_of(case, told.item, told.sku),
        delivery: told.delivery,
        reserve_key: told.reserve_key.clone(),
        omni: false,
        unassigned: Some(Unassigned { units: told.quantity, state: UnassignedState::Created }),
        excluded: Vec::new(),
        channel_consigned: None,
        channel_closed: false,
        milestones: BTreeSet::new(),
    }
}

/// The three levels, when the trade is paid in full.
fn judge_levels(case: &mut Case<'_>, seen: &SeenTrade) -> Result<(), Refusal> {
    if seen.self_operated {
        return pass_on(case, Level::PassedOnSelfOperated, "self-operated: out of scope");
    }
    let tagged: BTreeSet<ItemId> = seen
        .lines
        .iter()
        .map(|line| line.item)
        .filter(|item| case.world.items.get(item).is_some_and(is_omnichannel))
        .collect();
    if tagged.is_empty() && !seen.omni_marked {
        return pass_on(case, Level::PassedOnOrdinary, "no line is omnichannel");
    }
    case.file.trade.mode = Some(role_mode(case, seen, &tagged));
    case.file.trade.level = Level::Routed;
    for line in &mut case.file.trade.sub_orders {
        line.omni = seen.omni_marked || tagged.contains(&line.item);
    }
    enter(case, seen)
}

fn is_omnichannel(item: &Item) -> bool {
    item.tags.contains(&OmniTag::StoreDeliver) || item.tags.contains(&OmniTag::StoreCollect)
}

fn pass_on(case: &mut Case<'_>, level: Level, why: &str) -> Result<(), Refusal> {
    case.file.trade.level = level;
    for line in &mut case.file.trade.sub_orders {
        line.unassigned = None;
    }
    case.note(Note::trade(Fact::PassedOn).by(Actor::Platform).saying(why));
    Ok(())
}

/// The seller's mode, but for what the first omnichannel item says otherwise. It stays with the trade.
fn role_mode(case: &Case<'_>, seen: &SeenTrade, tagged: &BTreeSet<ItemId>) -> RoleMode {
    let mut mode = case.world.seller.settings.role_mode();
    let first = seen.lines.iter().find(|line| tagged.contains(&line.item));
    if let Some(item) = first.and_then(|line| case.world.items.get(&line.item)) {
        if let Some(allocator) = &item.allocator {
            mode.allocator = allocator.clone();
        }
        if let Some(acceptor) = &item.acceptor {
            mode.acceptor = acceptor.clone();
        }
    }
    mode
}

/// Level 3: what is paid is held, and brought to somebody unless somebody holds it back.
fn enter(case: &mut Case<'_>, seen: &SeenTrade) -> Result<(), Refusal> {
    let paid_at = seen.pay_time.unwrap_or(seen.modified);
    case.file.trade.pay_time = Some(paid_at);
    case.at.happened = paid_at.min(case.now());
    case.note(Note::trade(Fact::Paid));
    hold_after_paid(case, paid_at);
    pay_lines(case, seen)?;
    route::serve(case, Why::New, &[])
}

/// Lines that are new to us and not closed are paid now. Says whether there was one.
fn pay_lines(case: &mut Case<'_>, seen: &SeenTrade) -> Result<bool, Refusal> {
    let mut any = false;
    for line in &seen.lines {
        if line.closed {
            close_lines(case, vec![line.oid])?;
        }
        if case.wait_step(line.oid, WaitEvent::Pay { held_back: case.is_held_back() })? {
            take_over(case, line)?;
            any = true;
        }
    }
    Ok(any)
}

fn hold_after_paid(case: &mut Case<'_>, paid_at: Timestamp) {
    let until = paid_at + case.world.seller.settings.hold_after_paid_ms;
    if until <= case.now() {
        return;
    }
    let since = case.now();
    let hold = TradeHold { who: "platform".to_owned(), why: AFTER_PAID.to_owned(), since, until: Some(until) };
    case.file.trade.holds.push(hold);
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::Held).of(recurrence).by(Actor::Platform).saying(AFTER_PAID));
}

/// A line that names a pre-payment hold takes it over while it is still held, however late the payment is heard of; one
/// that ran out or is another listing's is as if not named.
fn take_over(case: &mut Case<'_>, told: &SeenLine) -> Result<(), Refusal> {
    let Some(key) = &told.reserve_key else { return Ok(()) };
    let units = case.unassigned_units(told.oid)?;
    let Some(mut ahead) = case
        .world
        .ahead
        .get(key)
        .cloned()
        .filter(|ahead| ahead.item == told.item && ahead.sku == told.sku && ahead.state == AheadState::Held)
    else {
        return Ok(());
    };
    case.ledger(told.oid, |ledger, held, owner| ledger.take_over(held, &mut ahead, owner, units))?;
    case.world.ahead.put(key.clone(), ahead);
    case.queue_for_lack(told.oid)
}

/// The channel closed these sub-orders.
pub(super) fn close_lines(case: &mut Case<'_>, oids: Vec<Oid>) -> Result<(), Refusal> {
    for oid in oids {
        let Some(line) = case.file.trade.sub_order_mut(oid) else { continue };
        if line.channel_closed {
            continue;
        }
        line.channel_closed = true;
        cancel::close_line(case, oid)?;
    }
    Ok(())
}
