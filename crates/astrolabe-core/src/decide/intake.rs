//! Trades as the channel tells them: the three levels of routing (white paper §2.2), payment, closing. What a later message
//! changes of goods, address and notes is [`super::revise`]'s. Called for `SeeTrade` alone.

use std::collections::BTreeSet;

use crate::command::{Outcome, SeenLine, SeenTrade};
use crate::exception::ExceptionKind;
use crate::goods::{Item, OmniTag};
use crate::ids::{ItemId, Oid, TMALL, Tid};
use crate::order::file::TradeFile;
use crate::order::timeline::{Actor, Fact};
use crate::order::told::TradeTold;
use crate::order::trade::{
    AllocationAsk, Destination, Level, SubOrder, Trade, TradeHold, TradePayment, Unassigned, UnassignedState,
};
use crate::order::waiting::WaitEvent;
use crate::refusal::Refusal;
use crate::seller::RoleMode;
use crate::stock::book::Moment;
use crate::stock::hold::AheadState;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, Note};
use super::revise::{self, Before};
use super::route::{self, Why, components_of};
use super::{cancel, consign, early, holdback, returns};

/// Why a freshly paid trade waits.
const AFTER_PAID: &str = "the seller waits a while after payment";

/// Why what the channel calls paid is not routed.
const GONE_BEFORE: &str = "somebody had shipped it when it was first heard of";

/// A trade, new or changed. One older than what is known changes nothing; of the same second, what only goes forward
/// (payment, closing) does so whichever came first, and of the rest the later message counts.
pub(super) fn see_trade(world: &mut World, seen: &SeenTrade, now: Timestamp) -> Result<Outcome, Refusal> {
    let at = Moment { happened: seen.modified.min(now), learnt: now };
    let known = world.files.get(&seen.tid).cloned();
    if known.as_ref().is_some_and(|known| seen.modified < known.trade.modified) {
        return Ok(Outcome::Seen { changed: false });
    }
    let file = known.clone().unwrap_or_else(|| unseen_file(seen.tid));
    let mut case = Case::with(world, file, Actor::Channel, at);
    let before = Before::of(case.trade());
    take_in(&mut case, seen);
    match (case.trade().level, case.trade().payment) {
        (Level::Awaited, TradePayment::Paid) => judge_levels(&mut case, seen)?,
        (Level::Awaited | Level::Routed, TradePayment::Closed) => {
            let all = case.named_lines(&[])?;
            close_lines(&mut case, all)?;
            // What somebody set on a closed trade stays: the channel may tell of the closing again.
            if before.payment != TradePayment::Closed {
                case.file.trade.holds.clear();
            }
            paid_though_closed(&mut case, &before, seen);
        }
        (Level::Routed, TradePayment::Paid | TradePayment::Awaited) => follow(&mut case, &before, seen)?,
        (Level::Awaited, TradePayment::Awaited) => {}
        (Level::PassedOnSelfOperated | Level::PassedOnOrdinary, _) => leave_to_others(&mut case),
    }
    if case.trade().level == Level::Routed {
        let closed = seen.lines.iter().filter(|line| line.closed).map(|line| line.oid).collect();
        close_lines(&mut case, closed)?;
        consign::see_consigned_lines(&mut case, &seen.aside.consigned)?;
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

/// A later message about a trade that is ours: what it closes, changes and adds; then what that leaves open is routed.
fn follow(case: &mut Case<'_>, before: &Before, seen: &SeenTrade) -> Result<(), Refusal> {
    let closed = seen.lines.iter().filter(|line| line.closed).map(|line| line.oid).collect();
    close_lines(case, closed)?;
    let mut open = revise::goods(case, seen)?;
    open |= revise::address(case, before)?;
    revise::notes(case, before)?;
    // A line that the channel adds to a paid trade is paid too.
    let added = pay_lines(case, seen)?;
    early::catch_up(case)?;
    let let_go = holdback::see_channel_holds(case, &seen.aside.holds)?;
    if open || added || let_go {
        route::serve(case, Why::New, &[])?;
    }
    Ok(())
}

/// Closed is for ever. Should the channel tell of a payment later all the same, a person has to look.
fn paid_though_closed(case: &mut Case<'_>, before: &Before, seen: &SeenTrade) {
    let reopened = before.payment == TradePayment::Closed && seen.payment == TradePayment::Paid;
    if reopened && seen.modified > before.modified {
        case.raise(
            ExceptionKind::PaidThoughClosed,
            None,
            "the channel had closed the trade, and now tells that it is paid",
        );
    }
}

/// A trade that nothing is known of but its number; whatever the channel tells is newer.
pub(super) fn unseen_file(tid: Tid) -> TradeFile {
    let nowhere = Destination { province: String::new(), city: String::new(), district: String::new(), point: None };
    let trade = Trade {
        tid,
        channel: TMALL,
        created: Timestamp(0),
        pay_time: None,
        modified: Timestamp(0),
        payment: TradePayment::Awaited,
        destination: nowhere,
        level: Level::Awaited,
        mode: None,
        allocation: AllocationAsk::None,
        holds: Vec::new(),
        sub_orders: Vec::new(),
        refunds: Vec::new(),
        pushed_to: BTreeSet::new(),
        due_at: None,
        told: TradeTold::default(),
    };
    TradeFile { trade, assignments: Vec::new(), reservations: Vec::new() }
}

/// Brings the facts of the trade up to date. Payment only goes forward; what a paid line is of is [`revise`]'s to change.
fn take_in(case: &mut Case<'_>, seen: &SeenTrade) {
    let lines: Vec<SubOrder> = seen
        .lines
        .iter()
        .filter(|line| case.trade().sub_order(line.oid).is_none())
        .map(|line| new_line(case, line))
        .collect();
    let trade = &mut case.file.trade;
    trade.channel = seen.channel;
    trade.created = seen.created;
    trade.modified = seen.modified;
    trade.destination = seen.destination.clone();
    trade.payment = match (trade.payment, seen.payment) {
        (TradePayment::Closed, _) => TradePayment::Closed,
        (TradePayment::Paid, TradePayment::Awaited) => TradePayment::Paid,
        (TradePayment::Awaited | TradePayment::Paid, told) => told,
    };
    trade.told.waits_for = seen.aside.waits_for.filter(|_| trade.payment == TradePayment::Awaited);
    trade.told.address = seen.aside.address;
    trade.told.notes = seen.aside.notes;
    if trade.level == Level::Awaited {
        trade.pay_time = seen.pay_time;
    }
    trade.sub_orders.extend(lines);
    for told in &seen.lines {
        revise::unpaid_line(case, told);
    }
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
        cancel_asked: None,
        told: Some(revise::as_told(told)),
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
    if seen.lines.iter().all(|line| line.closed || is_gone(seen, line))
        && seen.lines.iter().any(|line| is_gone(seen, line))
    {
        return pass_on(case, Level::PassedOnOrdinary, GONE_BEFORE);
    }
    case.file.trade.mode = Some(role_mode(case, seen, &tagged));
    case.file.trade.level = Level::Routed;
    enter(case, seen)
}

/// Whether somebody has shipped the line, as the channel knows.
fn is_gone(seen: &SeenTrade, line: &SeenLine) -> bool {
    line.finished || seen.aside.consigned.iter().any(|(oid, _)| *oid == line.oid)
}

pub(super) fn is_omnichannel(item: &Item) -> bool {
    item.tags.contains(&OmniTag::StoreDeliver) || item.tags.contains(&OmniTag::StoreCollect)
}

fn pass_on(case: &mut Case<'_>, level: Level, why: &str) -> Result<(), Refusal> {
    case.file.trade.level = level;
    leave_to_others(case);
    early::pass_on(case);
    case.note(Note::trade(Fact::PassedOn).by(Actor::Platform).saying(why));
    Ok(())
}

fn leave_to_others(case: &mut Case<'_>) {
    for line in &mut case.file.trade.sub_orders {
        line.unassigned = None;
    }
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
    holdback::see_channel_holds(case, &seen.aside.holds)?;
    pay_lines(case, seen)?;
    early::catch_up(case)?;
    route::serve(case, Why::New, &[])
}

/// Lines that are new to us and not closed are paid now. Says whether there was one.
fn pay_lines(case: &mut Case<'_>, seen: &SeenTrade) -> Result<bool, Refusal> {
    let mut any = false;
    for line in &seen.lines {
        let tagged = case.world.items.get(&line.item).is_some_and(is_omnichannel);
        let added = case.line_mut(line.oid)?;
        let is_new = added.unassigned.as_ref().is_some_and(|unassigned| unassigned.state == UnassignedState::Created);
        // As its item was tagged when it came: a later tag makes nothing of an old line.
        added.omni |= is_new && (seen.omni_marked || tagged);
        if line.closed {
            close_lines(case, vec![line.oid])?;
            continue;
        }
        if is_new && is_gone(seen, line) {
            // Shipped when it was first heard of: nothing of it is left to route.
            case.wait_step(line.oid, WaitEvent::Close)?;
            case.note(Note::line(line.oid, Fact::PassedOn).by(Actor::Platform).saying(GONE_BEFORE));
            continue;
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
    let hold = TradeHold { who: TradeHold::PLATFORM.to_owned(), why: AFTER_PAID.to_owned(), since, until: Some(until) };
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
