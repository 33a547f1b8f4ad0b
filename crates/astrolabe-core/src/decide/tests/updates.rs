//! What the channel changes of a trade that is known: address, notes, goods, payment, closing, its own holds; and that the
//! order in which its messages arrive does not matter.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::command::{Command, Outcome, SeenAside, SeenRefund, SeenTrade};
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::geo::Point;
use crate::goods::OmniTag;
use crate::ids::{ItemId, Oid, SkuId, Tid};
use crate::money::Fen;
use crate::order::assignment::AssignmentState;
use crate::order::refund::RefundStatus;
use crate::order::timeline::Fact;
use crate::order::told::{Fingerprint, PaymentWait};
use crate::order::trade::{ChannelConsign, Delivery, Level, TradePayment, UnassignedState};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::time::{Millis, Timestamp};

/// A merchant of mode 3.3 with goods near, one trade allocated there.
fn offered() -> Shop {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 9);
    shop.stock_of(OTHER_ARTICLE, NEAR, StockClass::Certain, 9, crate::command::BillKind::Initial);
    shop.tell(&seen(first(&shop)));
    shop.later(Millis::seconds(60));
    shop
}

fn first(shop: &Shop) -> SeenTrade {
    let aside = SeenAside { address: Fingerprint(1), notes: Fingerprint(1), ..SeenAside::default() };
    SeenTrade { aside, ..paid(1, &[(ITEM, 2)], shop.now) }
}

/// The trade as told now, changed.
fn told(shop: &Shop, change: impl FnOnce(&mut SeenTrade)) -> Command {
    let mut trade = first(shop);
    trade.pay_time = Some(OPENING);
    change(&mut trade);
    seen(trade)
}

fn accepted(shop: &mut Shop) {
    let yes = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(yes));
}

fn facts(shop: &Shop, fact: Fact) -> Vec<&str> {
    let of = shop.facts.iter().filter(|known| known.fact == fact);
    of.map(|known| known.detail.as_deref().unwrap_or_default()).collect()
}

#[test]
fn another_address_is_told_to_whoever_has_the_goods_and_recorded_after_shipping() {
    let mut shop = offered();
    let calls = shop.calls.len();
    let move_away = told(&shop, |trade| {
        trade.destination.point = Some(Point::from_degrees(31.2, 124.1));
        trade.aside.address = Fingerprint(2);
    });
    assert_eq!(shop.ask(&move_away), Ok(Outcome::Seen { changed: true }));
    assert_eq!(facts(&shop, Fact::AddressChanged), ["another place", "9511 m becomes 247286 m"]);
    assert_eq!(shop.live(10).location, NEAR, "an offer stands");
    assert_eq!(shop.told().lines().skip(calls).collect::<Vec<_>>(), ["pos: allocations 10@1"]);
    assert_eq!(shop.ask(&move_away), Ok(Outcome::Seen { changed: false }), "the same again");

    accepted(&mut shop);
    let relabel = told(&shop, |trade| trade.aside.address = Fingerprint(3));
    shop.later(Millis::seconds(1));
    shop.tell(&told(&shop, |trade| {
        trade.destination.point = Some(Point::from_degrees(31.2, 124.1));
        trade.aside.address = Fingerprint(3);
    }));
    assert_eq!(facts(&shop, Fact::AddressChanged)[2], "the same place, another label");
    assert_eq!(shop.ask(&relabel), Ok(Outcome::Seen { changed: false }), "older");

    let gone = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&shipping(gone, shipment("SF1", shop.now)));
    let calls = shop.calls.len();
    shop.later(Millis::seconds(1));
    shop.tell(&told(&shop, |trade| trade.aside.address = Fingerprint(4)));
    assert_eq!(facts(&shop, Fact::AddressChanged).last(), Some(&"nothing is left to ship: recorded only"));
    assert_eq!(shop.calls.len(), calls);
}

#[test]
fn another_address_sends_waiting_lines_on_their_way_again() {
    let mut shop = Shop::open(isv(), Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 9);
    shop.tell(&seen(first(&shop)));
    shop.later(Millis::seconds(1));
    shop.tell(&told(&shop, |trade| trade.aside.address = Fingerprint(2)));
    assert_eq!(shop.told(), "isv: allocate\nisv: allocate");
}

#[test]
fn notes_are_passed_on_to_whoever_packs() {
    let mut shop = offered();
    let calls = shop.calls.len();
    shop.tell(&told(&shop, |trade| trade.aside.notes = Fingerprint(2)));
    assert_eq!(facts(&shop, Fact::NotesChanged).len(), 1);
    assert_eq!(shop.told().lines().skip(calls).collect::<Vec<_>>(), ["pos: allocations 10@1"]);
    shop.tell(&told(&shop, |trade| trade.aside.notes = Fingerprint(2)));
    assert_eq!(facts(&shop, Fact::NotesChanged).len(), 1);
}

#[test]
fn other_goods_are_taken_back_mapped_anew_and_routed_again() {
    for (item, quantity, held) in [(ITEM, 5, (5, 0)), (ITEM, 1, (1, 0)), (KIT_ITEM, 1, (1, 2)), (KIT_ITEM, 3, (3, 6))] {
        let mut shop = offered();
        shop.tell(&told(&shop, |trade| {
            trade.lines[0].item = item;
            trade.lines[0].quantity = quantity;
        }));
        let line = &shop.file(1).trade.sub_orders[0];
        assert_eq!((line.item, line.quantity, line.unassigned.is_none()), (item, quantity, true));
        assert_eq!(shop.live(10).units, quantity);
        let reserved = |article| {
            let cell = crate::stock::cell::CellKey::of(article, NEAR, StockClass::Certain, crate::ids::TMALL);
            shop.world.stock.cell(&cell).map_or(0, |cell| cell.reserved)
        };
        assert_eq!((reserved(ARTICLE), reserved(OTHER_ARTICLE)), held, "{item} {quantity}");
        assert!(shop.raised.is_empty());
        assert!(shop.told().ends_with("pos: allocations -10@1 10@1"), "{}", shop.told());
    }
}

#[test]
fn other_goods_after_acceptance_are_a_task_and_followed_once_the_units_come_back() {
    let mut shop = offered();
    accepted(&mut shop);
    let change = told(&shop, |trade| trade.lines[0].quantity = 3);
    shop.tell(&change);
    assert_eq!(shop.ask(&change), Ok(Outcome::Seen { changed: false }));
    shop.later(Millis::seconds(1));
    shop.tell(&told(&shop, |trade| trade.lines[0].quantity = 3));
    assert_eq!(shop.raised, [ExceptionKind::GoodsChanged], "flagged once");
    assert_eq!((shop.live(10).units, &shop.live(10).state), (2, &AssignmentState::Accepted));
    shop.stock(MIDDLE, StockClass::Certain, 9);
    let no = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&refusing(no, crate::command::RefuseReason::ShopClosed));
    assert_eq!((shop.live(10).location, shop.live(10).units), (MIDDLE, 3));
    assert!(!shop.file(1).trade.sub_orders[0].told.as_ref().unwrap().stands_out);
}

#[test]
fn another_store_of_a_pickup_is_followed_and_an_agreed_one_is_not_undone() {
    let mut shop = offered();
    let pickup = |shop: &Shop, store| told(shop, |trade| trade.lines[0].delivery = Delivery::Pickup { store });
    shop.stock(MIDDLE, StockClass::Certain, 9);
    shop.tell(&pickup(&shop, NEAR));
    assert_eq!((shop.live(10).location, shop.live(10).pickup), (NEAR, true));
    shop.later(Millis::seconds(1));
    shop.tell(&pickup(&shop, MIDDLE));
    assert_eq!(shop.live(10).location, MIDDLE);
    let agreed = crate::command::Reallocate {
        tid: Tid(1),
        sub_orders: vec![Oid(10)],
        target: Some(NEAR),
        who: operator(),
        request: 1,
        force: false,
    };
    shop.tell(&Command::Reallocate(agreed));
    shop.later(Millis::seconds(1));
    shop.tell(&pickup(&shop, MIDDLE));
    assert_eq!(shop.live(10).location, NEAR, "the channel said nothing new");
}

#[test]
fn lines_are_added_closed_and_the_whole_is_closed() {
    let mut shop = offered();
    let two = |shop: &Shop, closed: [bool; 2]| {
        let mut trade = paid(1, &[(ITEM, 2), (ITEM, 1)], shop.now);
        trade.lines[0].closed = closed[0];
        trade.lines[1].closed = closed[1];
        seen(trade)
    };
    shop.tell(&two(&shop, [false, false]));
    assert_eq!((shop.live(10).units, shop.live(11).units), (2, 1));
    assert!(shop.file(1).trade.sub_orders[1].omni);
    shop.later(Millis::seconds(1));
    shop.tell(&two(&shop, [true, false]));
    let states: Vec<_> = shop.file(1).assignments.iter().map(|given| given.state.name()).collect();
    assert_eq!(states, ["closed", "notified"]);
    shop.later(Millis::seconds(1));
    shop.tell(&told(&shop, |trade| trade.payment = TradePayment::Closed));
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 0);
    shop.later(Millis::seconds(1));
    shop.tell(&two(&shop, [false, false]));
    assert_eq!(shop.raised, [ExceptionKind::PaidThoughClosed]);
    assert_eq!(shop.file(1).trade.payment, TradePayment::Closed);
}

#[test]
fn payment_is_waited_for_and_what_for_is_known() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 9);
    let awaits = |shop: &Shop, what| {
        let mut trade = paid(1, &[(ITEM, 1)], shop.now);
        trade.payment = TradePayment::Awaited;
        trade.aside.waits_for = Some(what);
        seen(trade)
    };
    for what in [PaymentWait::Deposit, PaymentWait::Balance, PaymentWait::Pending] {
        shop.tell(&awaits(&shop, what));
        assert_eq!(shop.file(1).trade.told.waits_for, Some(what));
        assert_eq!(shop.unassigned(1, 10), Some(UnassignedState::Created));
        shop.later(Millis::seconds(1));
    }
    // The goods of a trade that is not paid are what was told last.
    let mut other = paid(1, &[(KIT_ITEM, 1)], shop.now);
    other.payment = TradePayment::Awaited;
    shop.tell(&seen(other));
    shop.later(Millis::seconds(1));
    shop.tell(&seen(paid(1, &[(ITEM, 4)], shop.now)));
    assert_eq!((shop.live(10).units, shop.file(1).trade.told.waits_for), (4, None));
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 4);
}

#[test]
fn the_channel_holds_back_what_nobody_has_and_lets_it_go() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 9);
    let forbidden = |shop: &Shop, holds: &[&str]| {
        told(shop, |trade| trade.aside.holds = holds.iter().map(|why| (*why).to_owned()).collect())
    };
    shop.tell(&forbidden(&shop, &["PAID_FORBID_CONSIGN", "team_buy_hold"]));
    assert_eq!(shop.unassigned(1, 10), Some(UnassignedState::Held));
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 2, "what is paid is held");
    for holds in [&["team_buy_hold"][..], &[]] {
        assert_eq!(shop.unassigned(1, 10), Some(UnassignedState::Held));
        shop.later(Millis::seconds(1));
        shop.tell(&forbidden(&shop, holds));
    }
    assert_eq!(shop.live(10).location, NEAR);
    assert_eq!(facts(&shop, Fact::Held), ["PAID_FORBID_CONSIGN", "team_buy_hold"]);
    assert!(shop.raised.is_empty());
    shop.later(Millis::seconds(1));
    shop.tell(&forbidden(&shop, &["top_hold"]));
    assert_eq!(shop.raised, [ExceptionKind::ForbiddenThoughAllocated]);
    assert_eq!(shop.live(10).location, NEAR, "what a location has stays there");
}

#[test]
fn a_hold_is_its_holders_to_lift_or_an_operators() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 9);
    let set = |why: &str, until| Command::SetHold { tid: Tid(1), who: app("pos"), why: why.into(), until };
    let mut held = paid(1, &[(ITEM, 1)], shop.now);
    held.payment = TradePayment::Awaited;
    shop.tell(&seen(held));
    // Before payment, too; another end is the same hold.
    shop.tell(&set("fraud", None));
    shop.tell(&set("fraud", Some(shop.now + Millis::minutes(9))));
    shop.tell(&set("gift", None));
    let past = set("late", Some(shop.now));
    assert_eq!(shop.ask(&past), Err(Refusal::HoldEndsBefore));
    shop.later(Millis::seconds(1));
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let holds: Vec<_> = shop.file(1).trade.holds.iter().map(|hold| (hold.who.as_str(), hold.why.as_str())).collect();
    assert_eq!(holds, [("app:pos", "fraud"), ("app:pos", "gift")]);
    assert_eq!(shop.unassigned(1, 10), Some(UnassignedState::Held));

    let lift = |who, holder: Option<&str>| Command::LiftHold { tid: Tid(1), who, holder: holder.map(str::to_owned) };
    let of_another = shop.ask(&lift(app("isv"), Some("app:pos")));
    assert_eq!(of_another, Err(Refusal::HoldOfAnother { tid: Tid(1), holder: "app:pos".into() }));
    shop.tell(&lift(app("isv"), None));
    assert_eq!(shop.file(1).trade.holds.len(), 2);
    shop.tell(&lift(operator(), Some("app:pos")));
    assert_eq!(shop.live(10).location, NEAR);
    for number in 0..20 {
        shop.tell(&set(&number.to_string(), None));
    }
    let many = set("one more", None);
    assert_eq!(shop.ask(&many), Err(Refusal::TooManyHolds { tid: Tid(1), most: 20 }));
    assert_eq!(shop.live(10).location, NEAR, "a hold is of what nobody has");
    let mut plain = paid(2, &[(PLAIN_ITEM, 1)], shop.now);
    plain.tid = Tid(2);
    shop.tell(&seen(plain));
    let passed_on = Command::SetHold { tid: Tid(2), who: operator(), why: "w".into(), until: None };
    assert_eq!(shop.ask(&passed_on), Err(Refusal::NotOmnichannel { tid: Tid(2) }));
}

#[test]
fn a_trade_that_is_told_again_undoes_nothing_that_was_set_since() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    let mixed = paid(1, &[(ITEM, 1), (PLAIN_ITEM, 1)], shop.now);
    shop.tell(&seen(mixed.clone()));
    let tags = vec![OmniTag::StoreDeliver];
    shop.tell(&Command::TagItem { item: PLAIN_ITEM, tags, add: true, allocator: None, acceptor: None });
    let before = shop.file(1).clone();
    shop.tell(&seen(mixed.clone()));
    assert_eq!(shop.file(1), &before, "a later tag makes nothing of an old line");

    shop.later(Millis::seconds(1));
    let closed = SeenTrade { payment: TradePayment::Closed, modified: shop.now, ..mixed };
    shop.tell(&seen(closed.clone()));
    shop.tell(&Command::SetHold { tid: Tid(1), who: operator(), why: "fraud".into(), until: None });
    let before = shop.file(1).clone();
    shop.tell(&seen(closed));
    assert_eq!(shop.file(1), &before, "told of the closing again");
}

#[test]
fn what_was_shipped_before_it_was_heard_of_is_passed_on() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 9);
    let consign = ChannelConsign { company_code: "SF".into(), waybill: "SF9".into(), at: shop.now };
    let mut part = paid(1, &[(ITEM, 1), (ITEM, 2)], shop.now);
    part.aside.consigned = vec![(Oid(10), consign.clone())];
    shop.tell(&seen(part));
    assert_eq!(shop.unassigned(1, 10), Some(UnassignedState::Closed));
    assert_eq!((shop.live(11).units, shop.cell(NEAR, StockClass::Certain).reserved), (2, 2));
    let mut whole = paid(2, &[(ITEM, 1)], shop.now);
    whole.aside.consigned = vec![(Oid(20), consign)];
    shop.tell(&seen(whole));
    assert_eq!(shop.file(2).trade.level, Level::PassedOnOrdinary);
}

#[test]
fn the_trade_shows_what_was_consigned_at_the_channel() {
    // 3.3: the merchant's own call is seen in the trade, and store.consigned is not flagged.
    let mut shop = offered();
    accepted(&mut shop);
    let consigned = |shop: &Shop, waybill: &str| {
        let consign = ChannelConsign { company_code: "SF".into(), waybill: waybill.into(), at: shop.now };
        told(shop, |trade| trade.aside.consigned = vec![(Oid(10), consign)])
    };
    shop.tell(&consigned(&shop, "SF1"));
    assert_eq!(facts(&shop, Fact::ChannelConsigned), ["SF SF1"]);
    assert_eq!(shop.live(10).state, AssignmentState::Accepted);
    let gone = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&shipping(gone, shipment("SF1", shop.now)));
    assert_eq!(facts(&shop, Fact::Shipped), [""]);
    // 3.1: what we told the channel comes back and is nothing new.
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 9);
    shop.tell(&seen(first(&shop)));
    let yes = answer(10, NEAR, keeper(NEAR), shop.now);
    shop.tell(&Command::Accept(yes.clone()));
    shop.tell(&shipping(yes, shipment("SF1", shop.now)));
    shop.later(Millis::seconds(5));
    shop.tell(&consigned(&shop, "SF1"));
    assert!(facts(&shop, Fact::ChannelConsigned).is_empty());
    // A warehouse's ships.
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(WAREHOUSE, StockClass::Certain, 9);
    shop.tell(&seen(first(&shop)));
    shop.later(Millis::seconds(5));
    shop.tell(&consigned(&shop, "SF1"));
    assert_eq!(shop.live(10).state, AssignmentState::Shipped);
}

#[test]
fn refunds_that_come_before_their_trade_or_its_payment_stop_it() {
    let unpaid = |shop: &Shop| SeenTrade { payment: TradePayment::Awaited, ..paid(1, &[(ITEM, 2)], shop.now) };
    for before_trade in [true, false] {
        for (status, state) in [
            (RefundStatus::Asked, Some(UnassignedState::Cancelled)),
            (RefundStatus::Granted, Some(UnassignedState::Closed)),
            (RefundStatus::Withdrawn, None),
        ] {
            let mut shop = Shop::open(isv(), Acceptor::Keeper);
            shop.stock(NEAR, StockClass::Certain, 9);
            if !before_trade {
                shop.tell(&seen(unpaid(&shop)));
            }
            shop.later(Millis::seconds(1));
            let told = refund(10, 7, status, shop.now);
            assert_eq!(shop.ask(&Command::SeeRefund(told.clone())), Ok(Outcome::Seen { changed: true }));
            assert_eq!(shop.ask(&Command::SeeRefund(told)), Ok(Outcome::Seen { changed: false }));
            shop.later(Millis::seconds(1));
            shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
            let routing = Some(UnassignedState::Routing);
            assert_eq!(shop.unassigned(1, 10), state.clone().or(routing), "{status:?}");
            let asked = if state.is_none() { "isv: allocate" } else { "" };
            assert_eq!(shop.told(), asked, "nobody hears of a refund of what he never heard of");
            assert!(shop.file(1).trade.told.early_refunds.is_empty());
            assert_eq!(shop.file(1).trade.refunds.len(), 1);
        }
    }
    // Once it is withdrawn, the goods are wanted again.
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 9);
    shop.tell(&Command::SeeRefund(refund(10, 7, RefundStatus::Asked, shop.now)));
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    shop.later(Millis::seconds(1));
    shop.tell(&Command::SeeRefund(refund(10, 7, RefundStatus::Withdrawn, shop.now)));
    assert_eq!(shop.live(10).location, NEAR);
}

/// One message of a history.
#[derive(Clone, Debug)]
enum Told {
    Trade(Box<SeenTrade>),
    Refund(SeenRefund),
}

/// What is true in the end, whatever the way there: payment, what each line is of, how many units are wanted and who holds
/// how many, refunds, holds.
#[derive(Clone, PartialEq, Eq, Debug)]
struct End {
    payment: TradePayment,
    holds: Vec<(String, String)>,
    lines: BTreeMap<Oid, LineEnd>,
    refunds: BTreeMap<i64, RefundStatus>,
    reserved: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct LineEnd {
    /// As last told; of no matter once it is closed.
    goods: Option<(ItemId, SkuId, i64)>,
    /// Units that somebody has, or that wait for somebody.
    wanted: i64,
}

fn end_of(shop: &mut Shop) -> End {
    // Stores give back what was asked back, as they do.
    let asked = |shop: &Shop| {
        let file = shop.world.files.get(&Tid(1))?;
        let given = file.assignments.iter().find(|g| matches!(g.state, AssignmentState::CancelRequested { .. }))?;
        Some((given.oid, given.location))
    };
    while let Some((oid, location)) = asked(shop) {
        let back = answer(oid.0, location, app("pos"), shop.now);
        shop.tell(&Command::AnswerCancel { answer: back, confirmed: true, refund: None });
    }
    shop.work_off();
    let file = shop.file(1).clone();
    let wanted = |oid| {
        let line = file.trade.sub_order(oid).unwrap();
        let waiting = line.unassigned.as_ref().map_or(0, |waiting| match waiting.state {
            UnassignedState::Cancelled | UnassignedState::Closed => 0,
            UnassignedState::Created
            | UnassignedState::Held
            | UnassignedState::Routing
            | UnassignedState::Unfillable { .. } => waiting.units,
        });
        waiting + file.live_of(oid).map(|given| given.units).sum::<i64>()
    };
    let lines = file.trade.sub_orders.iter().map(|line| {
        let told = line.told.as_ref().unwrap();
        let goods = (!line.channel_closed).then_some((told.item, told.sku, told.quantity));
        (line.oid, LineEnd { goods, wanted: wanted(line.oid) })
    });
    let early = file.trade.told.early_refunds.iter().map(|refund| (refund.id.0, refund.status));
    End {
        payment: file.trade.payment,
        holds: file.trade.holds.iter().map(|hold| (hold.who.clone(), hold.why.clone())).collect(),
        lines: lines.collect(),
        refunds: file.trade.refunds.iter().map(|refund| (refund.id.0, refund.status)).chain(early).collect(),
        reserved: file.reservations.iter().map(|held| held.units).sum(),
    }
}

/// A history as a channel tells it: a trade from its making on, growing and changing until it is closed or not, with the
/// course of up to two refunds beside it. Refunds stand for money of the whole line or of a part.
fn history(steps: &[(u8, u8)], refunds: &[(u8, bool)], ends: bool) -> Vec<Told> {
    let mut now = Timestamp(OPENING.0 + 1_000);
    let mut trade = paid(1, &[(ITEM, 1)], now);
    trade.payment = TradePayment::Awaited;
    trade.aside = SeenAside { address: Fingerprint(1), notes: Fingerprint(1), ..SeenAside::default() };
    let mut told = vec![Told::Trade(Box::new(trade.clone()))];
    for (what, number) in steps {
        now = now + Millis::seconds(1);
        match what % 8 {
            0..=2 => trade.payment = TradePayment::Paid,
            3 => trade.lines[0].quantity = i64::from(number % 3) + 1,
            4 => trade.lines[0].item = if number % 2 == 0 { ITEM } else { KIT_ITEM },
            5 => trade.aside.address = Fingerprint(i64::from(*number) + 1),
            6 => trade.aside.holds = if number % 2 == 0 { vec!["top_hold".to_owned()] } else { Vec::new() },
            _ => trade.aside.notes = Fingerprint(i64::from(*number) + 1),
        }
        trade.modified = now;
        told.push(Told::Trade(Box::new(trade.clone())));
    }
    for (at, (course, whole)) in refunds.iter().enumerate() {
        let statuses: &[RefundStatus] = match course % 4 {
            0 => &[RefundStatus::Asked],
            1 => &[RefundStatus::Asked, RefundStatus::Withdrawn],
            2 => &[RefundStatus::Asked, RefundStatus::RefusedBySeller, RefundStatus::Asked],
            _ => &[RefundStatus::Asked, RefundStatus::Granted],
        };
        for (step, status) in statuses.iter().enumerate() {
            let modified = Timestamp(OPENING.0 + 2_000 + 1_000 * step as i64);
            let mut asked = refund(10, 70 + at as i64, *status, modified);
            asked.refund_fee = Fen(if *whole { 1_000 } else { 1 });
            told.push(Told::Refund(asked));
        }
    }
    if ends {
        // In the very second of the last change.
        told.push(Told::Trade(Box::new(SeenTrade { payment: TradePayment::Closed, ..trade })));
    }
    told
}

fn arrive(messages: &[Told]) -> End {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 50);
    shop.stock_of(OTHER_ARTICLE, NEAR, StockClass::Certain, 50, crate::command::BillKind::Initial);
    shop.later(Millis::hours(1));
    for message in messages {
        let outcome = match message {
            Told::Trade(trade) => shop.ask(&Command::SeeTrade(trade.clone())),
            Told::Refund(refund) => shop.ask(&Command::SeeRefund(refund.clone())),
        };
        assert!(outcome.is_ok(), "{message:?}: {outcome:?}");
        shop.later(Millis::seconds(1));
    }
    end_of(&mut shop)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_messages_arrive_does_not_matter_nor_how_often(
        steps in prop::collection::vec((0_u8..8, 0_u8..6), 0..7),
        refunds in prop::collection::vec((0_u8..4, any::<bool>()), 0..3),
        ends in any::<bool>(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let in_order = history(&steps, &refunds, ends);
        let mut shuffled = in_order.clone();
        for (at, with) in order.iter().enumerate() {
            let other = with.index(shuffled.len());
            let at = at % shuffled.len();
            shuffled.swap(at, other);
        }
        // Some of them twice.
        let again: Vec<Told> = order.iter().step_by(3).map(|with| in_order[with.index(in_order.len())].clone()).collect();
        shuffled.extend(again);
        prop_assert_eq!(arrive(&shuffled), arrive(&in_order));
    }
}
