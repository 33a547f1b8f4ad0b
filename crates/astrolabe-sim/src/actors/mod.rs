//! Everybody who makes calls to us. Each reads a step's numbers as choices among what it knows, which is what it was
//! told or saw, not what is: stale answers are part of every run. An actor that knows of nothing does nothing.

mod channel;
mod merchant;
mod platform;
mod stores;

use astrolabe_core::command::{Bill, BillKind, Command, Goods, HandoverPlace, UseCode};
use astrolabe_core::ids::{BillNum, HandoverCode};
use astrolabe_core::order::assignment::Assignment;
use astrolabe_core::order::trade::ChannelConsign;
use astrolabe_core::outward::OutwardState;
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::stock::hold::{AheadHold, AheadState};
use astrolabe_core::time::Timestamp;

use crate::letters;

use crate::step::{Deed, Step};
use crate::town::Shop;

/// What the step's actor asks of us; `None` where he has nothing to say.
pub(crate) fn act(shop: &mut Shop, step: &Step, now: Timestamp) -> Option<Command> {
    match step.deed {
        Deed::Channel(deed) => channel::act(shop, deed, step, now),
        Deed::Merchant(deed) => merchant::act(shop, deed, step, now),
        Deed::Stores(deed) => stores::act(shop, deed, step, now),
        Deed::Platform(deed) => platform::act(shop, deed, step, now),
        Deed::Machine(_) => None,
    }
}

/// One of what there is.
fn choose<T>(of: &[T], choice: u32) -> Option<&T> {
    if of.is_empty() { None } else { of.get(choice as usize % of.len()) }
}

/// One of what there is, mostly one of the newest.
fn choose_new<T>(of: &[T], choice: u32) -> Option<&T> {
    let newest = if choice.is_multiple_of(4) { of.len() } else { of.len().min(4) };
    choose(&of[of.len() - newest..], choice / 4)
}

/// The count of every cell with which a merchant begins.
pub(crate) fn opening_bills(shop: &Shop, now: Timestamp) -> Vec<Bill> {
    let classes = [StockClass::Certain, StockClass::Uncertain];
    let mut bills = Vec::new();
    for (at, place) in shop.merchant.places.iter().enumerate() {
        for (turn, article) in shop.merchant.sc_items.iter().enumerate() {
            bills.push(Bill {
                bill_num: BillNum(format!("OPEN{at}-{turn}")),
                location: place.id,
                goods: Goods::Article(article.id),
                class: classes[(at + turn) % 2],
                kind: BillKind::Initial,
                quantity: shop.merchant.opening_units,
                final_quantity: None,
                operated_at: now,
            });
        }
    }
    bills
}

/// The next thing that nobody has to ask for: a call to deliver, work, a clock that ran out.
pub(crate) fn next_chore(shop: &mut Shop, now: Timestamp) -> Option<Command> {
    if let Some(id) = shop.calls_to_deliver().first().copied() {
        shop.deliver(id);
        let (call, _) = shop.keep.outward.get(&id)?;
        let state = OutwardState::Delivered { attempts: 1, at: now };
        return Some(Command::SettleOutward { id, tid: call.tid, state });
    }
    if let Some(work) = shop.keep.work.values().next() {
        return Some(Command::DoWork { id: work.id, work: work.work.clone() });
    }
    let over = |hold: &&AheadHold| hold.state == AheadState::Held && hold.expires_at <= now;
    if let Some(hold) = shop.keep.ahead.values().find(over) {
        return Some(Command::ExpireAhead { key: hold.key.clone() });
    }
    shop.due_trades(now).first().map(|tid| Command::LookAtClock { tid: *tid })
}

/// What stores, buyers and staff who do their work would say now of what is open.
pub(crate) fn everybody_does_his_part(shop: &mut Shop, now: Timestamp) -> Vec<Command> {
    let open: Vec<Assignment> = shop.keep.assignments.values().flatten().cloned().collect();
    let mut parts = Vec::new();
    for made in open {
        let answer = letters::answer(made.tid, made.oid, made.location, Some(made.code), letters::operator(), now);
        let fresh = HandoverCode::of(format!("{:08}", shop.name()));
        parts.extend(match made.state.name() {
            "notified" if made.pickup => Some(Command::ConfirmPickup { answer, fresh }),
            "transferring" => Some(Command::ReceiveTransfer { answer, fresh }),
            "notified" if !made.warehouse => Some(Command::Accept(answer)),
            "notified" | "accepted" => Some(letters::shipping(answer, 7)),
            "cancel_requested" => Some(Command::AnswerCancel { answer, confirmed: true, refund: None }),
            "return_requested" => Some(Command::ReceiveReturn(answer)),
            "confirmed" => made.handover.as_ref().map(|handover| {
                let (tid, code, who) = (made.tid, handover.code.clone(), letters::operator());
                Command::UseCode(UseCode { tid, code, place: HandoverPlace::Counter, who, happened: now })
            }),
            _ => None,
        });
        if ["notified", "accepted"].contains(&made.state.name()) {
            let consign = ChannelConsign { company_code: "SF".to_owned(), waybill: "SF7".to_owned(), at: now };
            let sub_orders = vec![made.oid];
            let who = letters::operator();
            parts.insert(0, Command::SeeChannelConsign { tid: made.tid, sub_orders, consign, who });
        }
    }
    parts
}
