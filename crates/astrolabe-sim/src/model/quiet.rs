//! What must be true when nothing is left to do: everybody told, every line at its end or waiting for a reason that
//! somebody can read, no units waiting in vain and none held for nobody.

use astrolabe_core::exception::{Exception, ExceptionKind, ExceptionState};
use astrolabe_core::ids::TMALL;
use astrolabe_core::order::timeline::{Fact, TimelineFact};
use astrolabe_core::order::trade::{AllocationAsk, Level, SubOrder, Trade, TradePayment, UnassignedState};
use astrolabe_core::outward::OutwardState;
use astrolabe_core::seller::{Acceptor, Allocator};
use astrolabe_core::stock::cell::CellKey;

use super::Broken;
use crate::keep::Keep;
use crate::town::Shop;

/// A sentence about a quiet merchant.
struct QuietRule {
    id: &'static str,
    sentence: &'static str,
    check: fn(&Shop) -> Vec<String>,
}

const QUIET: [QuietRule; 5] = [
    QuietRule {
        id: "SIM-QUIET-CALLS",
        sentence: "every call outward was delivered or is a dead letter with its task",
        check: calls_are_settled,
    },
    QuietRule {
        id: "SIM-QUIET-LISTS",
        sentence: "the newest list of allocations that an app has names every live offer and none that was taken back",
        check: lists_are_true,
    },
    QuietRule {
        id: "SIM-QUIET-WAITS",
        sentence: "what waits has a reason that somebody can read: a hold, an open question, a task",
        check: waits_are_explained,
    },
    QuietRule {
        id: "SIM-QUIET-SUPPLY",
        sentence: "nobody lacks units that lie there for the taking",
        check: nobody_waits_in_vain,
    },
    QuietRule {
        id: "SIM-QUIET-SHORT",
        sentence: "a short cell is held only by those who may not be freed",
        check: short_cells_are_freed,
    },
];

/// Judges a merchant for whom nothing is left to do.
pub(crate) fn when_quiet(shop: &Shop) -> Vec<Broken> {
    let judged = QUIET.iter().flat_map(|rule| {
        (rule.check)(shop).into_iter().map(|detail| Broken { id: rule.id, sentence: rule.sentence, detail })
    });
    judged.collect()
}

/// After everybody has done his part: every line has ended, or waits for stock, for a person or for the buyer's money.
pub(crate) fn when_done(shop: &Shop) -> Vec<Broken> {
    let open = shop.keep.assignments.values().flatten().filter(|made| {
        let state = made.state.name();
        ["notified", "accepted", "confirmed", "transferring", "cancel_requested", "return_requested"].contains(&state)
    });
    let stuck = open.map(|made| Broken {
        id: "SIM-DONE",
        sentence: "when everybody does his part every order comes to an end",
        detail: format!("assignment {} of {} is still {}", made.code, made.oid, made.state.name()),
    });
    stuck.collect()
}

fn calls_are_settled(shop: &Shop) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, (call, state)) in &shop.keep.outward {
        match state {
            OutwardState::Pending { .. } => broken.push(format!("call {id} of {} is pending", call.tid)),
            OutwardState::Delivered { .. } if !shop.minds.delivered.contains(id) => {
                broken.push(format!("call {id} of {} counts as delivered and never was", call.tid));
            }
            OutwardState::Dead { .. } if !has_task(&shop.keep, call.tid) => {
                broken.push(format!("call {id} of {} is dead and nobody has a task", call.tid));
            }
            OutwardState::Delivered { .. } | OutwardState::Dead { .. } | OutwardState::Skipped { .. } => {}
        }
    }
    broken
}

fn has_task(keep: &Keep, tid: astrolabe_core::ids::Tid) -> bool {
    let kinds = [ExceptionKind::DeadLetter, ExceptionKind::AllocatorSaysShipped];
    keep.exceptions.iter().any(|kept| kept.subject.tid() == Some(tid) && kinds.contains(&kept.kind))
}

fn lists_are_true(shop: &Shop) -> Vec<String> {
    let mut broken = Vec::new();
    for trade in shop.keep.trades.values() {
        let Some(Acceptor::App(pos)) = trade.mode.as_ref().map(|mode| mode.acceptor.clone()) else { continue };
        let a_call_died = shop
            .keep
            .outward
            .values()
            .any(|(call, state)| call.tid == trade.tid && matches!(state, OutwardState::Dead { .. }));
        let both = trade.mode.as_ref().is_some_and(|mode| mode.allocator == Allocator::App(pos.clone()));
        if a_call_died || both {
            continue;
        }
        let list = shop.minds.lists.get(&(pos.clone(), trade.tid)).cloned().unwrap_or_default();
        for made in shop.keep.assignments.get(&trade.tid).into_iter().flatten() {
            let listed =
                list.iter().any(|told| told.oid == made.oid && told.location == made.location && !told.withdrawn);
            let state = made.state.name();
            if state == "notified" && !listed {
                broken.push(format!("{pos} does not know of {} at {}", made.oid, made.location));
            }
            let taken = ["withdrawn", "unanswered", "closed"].contains(&state);
            let again = shop
                .keep
                .assignments
                .get(&trade.tid)
                .into_iter()
                .flatten()
                .any(|other| other.code != made.code && other.oid == made.oid && other.location == made.location);
            if taken && listed && !again {
                broken.push(format!("{pos} still believes in {} at {}", made.oid, made.location));
            }
        }
    }
    broken
}

fn waits_are_explained(shop: &Shop) -> Vec<String> {
    let routed = shop.keep.trades.values().filter(|trade| trade.level == Level::Routed);
    let lines = routed.flat_map(|trade| trade.sub_orders.iter().map(move |line| (trade, line)));
    lines.filter_map(|(trade, line)| unexplained(shop, trade, line)).collect()
}

fn unexplained(shop: &Shop, trade: &Trade, line: &SubOrder) -> Option<String> {
    let state = &line.unassigned.as_ref()?.state;
    let asks_app = trade.mode.as_ref().is_some_and(|mode| mode.allocator != Allocator::Platform);
    let explained = match state {
        UnassignedState::Held => !trade.holds.is_empty(),
        UnassignedState::Unfillable { reason } => {
            let kinds = [ExceptionKind::Unfillable, ExceptionKind::PickupChoice];
            let is_about = |kept: &Exception| {
                kept.subject.tid() == Some(trade.tid)
                    && kept.subject.oid() == Some(line.oid)
                    && kept.state != ExceptionState::Closed
                    && kinds.contains(&kept.kind)
            };
            !reason.is_empty() && shop.keep.exceptions.iter().any(is_about)
        }
        UnassignedState::Routing => {
            let silent = matches!(trade.allocation, AllocationAsk::Silent { .. } | AllocationAsk::SaysShipped { .. });
            asks_app && silent
        }
        UnassignedState::Created => trade.payment == TradePayment::Awaited,
        UnassignedState::Cancelled => trade.refunds.iter().any(|refund| refund.oid == line.oid),
        UnassignedState::Closed => {
            // Or it was finished at the channel before it was first heard of.
            let passed_on = |told: &TimelineFact| told.oid == Some(line.oid) && told.fact == Fact::PassedOn;
            let is_gone = shop.keep.timeline.iter().filter(|told| told.tid == trade.tid).any(passed_on);
            line.channel_closed || trade.payment == TradePayment::Closed || is_gone
        }
    };
    (!explained).then(|| format!("{} of {} is {} for no reason", line.oid, trade.tid, state.name()))
}

fn nobody_waits_in_vain(shop: &Shop) -> Vec<String> {
    let mut broken = Vec::new();
    for file in shop.keep.files() {
        for line in file.trade.sub_orders.iter().filter(|line| line.awaits_allocation()) {
            let ([part], Some(unassigned)) = (line.components.as_slice(), line.unassigned.as_ref()) else { continue };
            let held = file.reservations.iter().filter(|held| held.oid == line.oid && held.code.is_none());
            let held: i64 = held.map(|held| held.units).sum();
            let lack = unassigned.units * part.per_unit - held;
            let promisable = |(key, cell): (&CellKey, &astrolabe_core::stock::cell::StockCell)| {
                let counts = key.sc_item == part.sc_item && !line.is_excluded(key.location);
                let ours = key.channel == TMALL || key.channel == astrolabe_core::ids::ALL_CHANNELS;
                if counts && ours && !cell.suspect { (cell.on_hand - cell.reserved).max(0) } else { 0 }
            };
            let supply: i64 = shop.keep.cells.iter().map(promisable).sum();
            if lack > 0 && supply >= lack {
                broken.push(format!("{} waits for {lack} units of {}, {supply} lie there", line.oid, part.sc_item));
            }
        }
    }
    broken
}

fn short_cells_are_freed(shop: &Shop) -> Vec<String> {
    let short = shop.keep.cells.iter().filter(|(_, cell)| cell.on_hand < cell.reserved);
    let lesser = short.map(|(key, _)| (key, shop.keep.holders(key))).filter(|(_, holders)| !holders.is_empty());
    lesser.map(|(key, holders)| format!("{key} is short and held by {holders:?}")).collect()
}
