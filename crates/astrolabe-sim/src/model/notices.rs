//! Who is told what, as the design's table has it: each new fact names the calls that its transaction must leave.

use astrolabe_core::command::Command;
use astrolabe_core::ids::{AppKey, Oid};
use astrolabe_core::order::assignment::Assignment;
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::{Fact, TimelineFact};
use astrolabe_core::order::trade::AllocationAsk;
use astrolabe_core::outward::{Message, Receiver};
use astrolabe_core::seller::{Acceptor, Allocator};

use super::Seen;

pub(super) fn who_must_know_is_told(seen: &Seen<'_>) -> Vec<String> {
    seen.judged.facts.iter().flat_map(|fact| missing_calls(seen, fact)).collect()
}

fn missing_calls(seen: &Seen<'_>, fact: &TimelineFact) -> Vec<String> {
    let Some(file) = seen.judged.after.get(&fact.tid) else { return Vec::new() };
    let told = |what: &str, app: &AppKey, is: &dyn Fn(&Message) -> bool| {
        let receiver = Receiver::App(app.clone());
        let any = seen.judged.calls.iter().any(|call| call.receiver == receiver && is(&call.message));
        (!any).then(|| format!("{:?} of {:?}: {app} is not told ({what})", fact.fact, fact.oid))
    };
    if fact.fact == Fact::AllocationAsked {
        let asked = |message: &Message| *message == Message::AskAllocation;
        return allocating_app(file).and_then(|app| told("allocate", app, &asked)).into_iter().collect();
    }
    let Some(made) = fact.code.and_then(|code| file.by_code(code)) else { return Vec::new() };
    let mut missing = Vec::new();
    if let Some(app) = allocating_app(file).filter(|_| !made.pickup) {
        let of = |sub_orders: &[Oid]| sub_orders.contains(&made.oid);
        let shipped_too = seen.judged.facts.iter().any(|other| other.code == fact.code && other.fact == Fact::Shipped);
        missing.extend(match fact.fact {
            Fact::Accepted if !shipped_too => told(
                "accepted",
                app,
                &|message| matches!(message, Message::TellAccepted { sub_orders, .. } if of(sub_orders)),
            ),
            Fact::Refused | Fact::GaveBack | Fact::Unanswered => told(
                "refused",
                app,
                &|message| matches!(message, Message::TellRefused { sub_orders, .. } if of(sub_orders)),
            ),
            Fact::Shipped => told(
                "shipped",
                app,
                &|message| matches!(message, Message::TellShipped { sub_orders, .. } if of(sub_orders)),
            ),
            _ => None,
        });
    }
    missing.extend(refund_untold(seen, fact, file, made));
    missing.extend(list_untold(seen, fact, file, made));
    missing.extend(channel_untold(seen, fact, file, made));
    missing
}

fn allocating_app(file: &TradeFile) -> Option<&AppKey> {
    match file.trade.mode.as_ref().map(|mode| &mode.allocator) {
        Some(Allocator::App(app)) => Some(app),
        Some(Allocator::Platform) | None => None,
    }
}

fn accepting_app(file: &TradeFile) -> Option<&AppKey> {
    match file.trade.mode.as_ref().map(|mode| &mode.acceptor) {
        Some(Acceptor::App(app)) => Some(app),
        Some(Acceptor::Keeper) | None => None,
    }
}

fn refund_untold(seen: &Seen<'_>, fact: &TimelineFact, file: &TradeFile, made: &Assignment) -> Vec<String> {
    let asked = [Fact::RefundAsked, Fact::ReturnAsked].contains(&fact.fact);
    let lifted = [Fact::RefundWithdrawn, Fact::ReturnWithdrawn].contains(&fact.fact);
    if !asked && !lifted {
        return Vec::new();
    }
    // Pickups are not the allocating app's.
    let allocating = allocating_app(file).filter(|_| !made.pickup);
    let apps = allocating.into_iter().chain(accepting_app(file));
    let untold = apps.filter(|app| {
        !seen.judged.calls.iter().any(|call| {
            let about = matches!(&call.message, Message::TellRefund { sub_orders, withdrawn }
                if sub_orders.contains(&made.oid) && *withdrawn == lifted);
            about && call.receiver == Receiver::App((*app).clone())
        })
    });
    untold.map(|app| format!("{:?} of {}: {app} is not told", fact.fact, made.oid)).collect()
}

/// The POS app reads the list of allocations anew whenever it changes, unless it is the app that allocates; so does the
/// WMS app where a warehouse is concerned.
fn list_untold(seen: &Seen<'_>, fact: &TimelineFact, file: &TradeFile, made: &Assignment) -> Vec<String> {
    let given = fact.fact == Fact::Allocated && made.state.is_live();
    let taken = [Fact::Withdrawn, Fact::Unanswered, Fact::Closed].contains(&fact.fact) && !made.state.is_live();
    if !given && !taken {
        return Vec::new();
    }
    let taken_over = matches!(file.trade.allocation, AllocationAsk::TakenOver { .. });
    let pos = accepting_app(file).filter(|pos| made.pickup || taken_over || allocating_app(file) != Some(*pos));
    let wms = seen.settings.wms.as_ref().filter(|_| made.warehouse);
    let told = |app: &AppKey| {
        let list = seen.judged.calls.iter().rev().find_map(|call| match &call.message {
            Message::TellAllocations { allocations } if call.receiver == Receiver::App(app.clone()) => {
                Some(allocations)
            }
            _ => None,
        });
        let here = |told: &&astrolabe_core::outward::ToldAllocation| {
            told.oid == made.oid && told.location == made.location && (taken || !told.withdrawn)
        };
        list.is_some_and(|list| list.iter().any(|told| here(&told)))
    };
    pos.into_iter()
        .chain(wms)
        .filter(|app| !told(app))
        .map(|app| format!("{:?} of {} at {}: {app} has no new list", fact.fact, made.oid, made.location))
        .collect()
}

/// In keepers' modes the channel hears of a shipment from us, once, unless the merchant told it himself; codes are always
/// the channel's to pass on.
fn channel_untold(seen: &Seen<'_>, fact: &TimelineFact, file: &TradeFile, made: &Assignment) -> Vec<String> {
    let channel = Receiver::Channel(file.trade.channel);
    let line = seen.judged.before.get(&fact.tid).and_then(|file| file.trade.sub_order(made.oid));
    let consigned = line.is_some_and(|line| line.channel_consigned.is_some());
    let keeps = accepting_app(file).is_none();
    // What ships by the merchant's own word at the channel, the channel knows.
    let from_channel = matches!(seen.judged.command, Command::SeeChannelConsign { .. });
    let by_us = !from_channel && ((fact.fact == Fact::Shipped && keeps) || fact.fact == Fact::Collected);
    let any = |is: &dyn Fn(&Message) -> bool| {
        seen.judged.calls.iter().any(|call| call.receiver == channel && is(&call.message))
    };
    let parcel = |message: &Message| matches!(message, Message::ConsignToChannel { sub_orders, .. } if sub_orders.contains(&made.oid));
    let mut missing = Vec::new();
    if by_us && !consigned && !any(&parcel) {
        missing.push(format!("{:?} of {}: the channel is not told", fact.fact, made.oid));
    }
    let code = made.handover.as_ref().map(|handover| &handover.code);
    // What is handed over together shares a code: the buyer has it already.
    let others = seen.judged.before.get(&fact.tid).into_iter().flat_map(|file| &file.assignments);
    let mut known = others.filter_map(|other| other.handover.as_ref()).map(|handover| &handover.code);
    let code_is_new = code.is_some_and(|code| !known.any(|other| other == code));
    let told_code = |message: &Message| matches!(message, Message::TellHandoverCode { sub_orders, .. } if sub_orders.contains(&made.oid));
    if fact.fact == Fact::Confirmed && code_is_new && !any(&told_code) {
        missing.push(format!("the buyer of {} is not told his code", made.oid));
    }
    missing
}
