//! The channel and the buyers behind it: trades paid, changed and closed, refunds in every order, codes shown at counters.

use astrolabe_core::command::{Command, HandoverPlace, UseCode};
use astrolabe_core::ids::{HoldKey, ItemId, LocationId, Oid, RefundId, Tid};
use astrolabe_core::order::refund::RefundStatus;
use astrolabe_core::order::trade::{ChannelConsign, Delivery, TradePayment};
use astrolabe_core::time::{Millis, Timestamp};

use super::{choose, choose_new};
use crate::letters::{self, Line, RefundOf};
use crate::step::{ChannelDeed, Step};
use crate::town::{ChannelTrade, Shop};

const LISTINGS: [i64; 8] = [100, 110, 300, 100, 110, 100, 400, 200];

pub(super) fn act(shop: &mut Shop, deed: ChannelDeed, step: &Step, now: Timestamp) -> Option<Command> {
    match deed {
        ChannelDeed::Pay => Some(open_trade(shop, step, true, now)),
        ChannelDeed::PayPart => Some(open_trade(shop, step, false, now)),
        ChannelDeed::ChangeTrade => change_trade(shop, step, now),
        ChannelDeed::AskRefund => ask_refund(shop, step, now),
        ChannelDeed::MoveRefund => move_refund(shop, step, now),
        ChannelDeed::Sign => {
            let tid = *choose_new(&tids(shop), step.first)?;
            Some(Command::SeeSigned { tid, sub_orders: Vec::new(), at: now })
        }
        ChannelDeed::Consign => consign(shop, step, now),
        ChannelDeed::ShowCode => show_code(shop, step, now),
    }
}

fn tids(shop: &Shop) -> Vec<Tid> {
    shop.channel.trades.keys().copied().collect()
}

/// A trade of one to three lines: shipped, or collected at a store that the buyer chose.
fn open_trade(shop: &mut Shop, step: &Step, paid: bool, now: Timestamp) -> Command {
    let tid = Tid(100 + shop.name());
    let count = 1 + step.first % 7 / 3;
    let stores: Vec<LocationId> = store_ids(shop);
    let lines = (0..count).map(|at| {
        let choice = step.second.rotate_left(at * 7);
        let listing = LISTINGS[(choice % 8) as usize];
        let store = choose(&stores, choice / 8).copied();
        let delivery = match store {
            Some(store) if choice.is_multiple_of(5) => Delivery::Pickup { store },
            _ => Delivery::Ship,
        };
        let key = HoldKey(format!("K{}", choice % 6));
        Line {
            oid: Oid(tid.0 * 10 + i64::from(at)),
            item: ItemId(listing),
            quantity: 1 + i64::from(choice / 64 % 3),
            delivery,
            reserve_key: (choice.is_multiple_of(3)).then_some(key),
            closed: false,
            finished: false,
        }
    });
    let trade = ChannelTrade { lines: lines.collect(), paid, closed: false };
    shop.channel.trades.insert(tid, trade);
    tell(shop, tid, now)
}

pub(super) fn store_ids(shop: &Shop) -> Vec<LocationId> {
    shop.merchant.places.iter().filter(|place| !place.is_warehouse()).map(|place| place.id).collect()
}

fn tell(shop: &Shop, tid: Tid, now: Timestamp) -> Command {
    let trade = &shop.channel.trades[&tid];
    let payment = match (trade.closed, trade.paid) {
        (true, _) => TradePayment::Closed,
        (false, true) => TradePayment::Paid,
        (false, false) => TradePayment::Awaited,
    };
    Command::SeeTrade(Box::new(letters::trade(tid, payment, &trade.lines, now)))
}

/// The rest is paid, a line is closed or finished, the whole trade is closed.
fn change_trade(shop: &mut Shop, step: &Step, now: Timestamp) -> Option<Command> {
    let tid = *choose_new(&tids(shop), step.first)?;
    let trade = shop.channel.trades.get_mut(&tid)?;
    let lines = trade.lines.len();
    let line = trade.lines.get_mut(step.second as usize % lines)?;
    match step.third % 6 {
        0 | 1 if trade.paid => line.closed = true,
        0..=2 => trade.paid = true,
        3 | 4 => line.finished = true,
        _ => trade.closed = true,
    }
    Some(tell(shop, tid, now))
}

fn ask_refund(shop: &mut Shop, step: &Step, now: Timestamp) -> Option<Command> {
    let tid = *choose_new(&tids(shop), step.first)?;
    let oid = choose(&shop.channel.trades[&tid].lines, step.second)?.oid;
    let id = RefundId(shop.name());
    let of = RefundOf { tid, oid, id, part: step.third.is_multiple_of(8), has_good_return: step.third % 2 == 1 };
    shop.channel.refunds.insert(id, (of, RefundStatus::Asked));
    Some(letters::refund(of, RefundStatus::Asked, now))
}

fn move_refund(shop: &mut Shop, step: &Step, now: Timestamp) -> Option<Command> {
    let open: Vec<RefundId> = shop.channel.refunds.keys().copied().collect();
    let id = *choose_new(&open, step.first)?;
    let (of, status) = shop.channel.refunds.get_mut(&id)?;
    *status = match step.second % 5 {
        0 => RefundStatus::Asked,
        1 => RefundStatus::Returning,
        2 => RefundStatus::RefusedBySeller,
        3 => RefundStatus::Withdrawn,
        _ => RefundStatus::Granted,
    };
    // The channel's own clock is coarse: two words of it may bear the same second.
    let modified = if step.third.is_multiple_of(4) { Timestamp(now.0 - now.0 % 1_000) } else { now };
    Some(letters::refund(*of, *status, modified))
}

/// A `logistics.*.send` that the merchant made at the channel (§3.4).
fn consign(shop: &mut Shop, step: &Step, now: Timestamp) -> Option<Command> {
    let tid = *choose_new(&tids(shop), step.first)?;
    let consign = ChannelConsign { company_code: "SF".to_owned(), waybill: format!("SF{}", step.second % 3), at: now };
    let lines = &shop.channel.trades[&tid].lines;
    let sub_orders = if step.third.is_multiple_of(2) { Vec::new() } else { vec![choose(lines, step.third / 2)?.oid] };
    Some(Command::SeeChannelConsign { tid, sub_orders, consign, who: letters::app(&crate::scenario::pos()) })
}

/// A buyer shows his code at the counter or at his door, or somebody tries another one.
fn show_code(shop: &mut Shop, step: &Step, now: Timestamp) -> Option<Command> {
    let (tid, code) = choose_new(&shop.channel.codes, step.first)?.clone();
    let place = if step.second.is_multiple_of(3) { HandoverPlace::Door } else { HandoverPlace::Counter };
    let holders = shop.keep.assignments.get(&tid).into_iter().flatten();
    let store = holders.filter(|made| made.handover.is_some()).map(|made| made.location).next_back()?;
    let who = if step.third.is_multiple_of(3) { letters::operator() } else { letters::keeper(store) };
    Some(Command::UseCode(UseCode { tid, code, place, who, happened: now + Millis(0) }))
}
