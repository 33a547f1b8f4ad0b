//! `adjust` / `itemadjust`: who may, when, and what becomes of the hold and the assignment.

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::ids::*;
use crate::order::assignment::AssignmentState;
use crate::order::timeline::Actor;
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator, Settings};
use crate::stock::cell::StockClass;
use crate::time::Millis;

fn adjust(oid: i64, target: LocationId, quantity: i64) -> AdjustHold {
    AdjustHold {
        bill_num: BillNum("j".into()),
        tid: Tid(oid / 10),
        oid: Oid(oid),
        target,
        goods: Goods::Listing { item: ITEM, sku: SkuId(0), outer_code: String::new() },
        class: StockClass::Certain,
        quantity,
        original: None,
        adjust_type: None,
        who: app("isv"),
    }
}

/// Five certain units at each of three stores, a paid trade of four waiting for its allocating app.
fn waiting() -> Shop {
    let mut shop = Shop::open(isv(), Acceptor::Keeper);
    for place in [NEAR, MIDDLE, FAR] {
        shop.stock(place, StockClass::Certain, 5);
    }
    shop.tell(&seen(paid(1, &[(ITEM, 4)], shop.now)));
    shop
}

fn held_at(shop: &Shop) -> Vec<(LocationId, i64)> {
    let held = shop.file(1).reservations.iter();
    held.map(|held| (held.cell.location, held.units)).collect()
}

#[test]
fn a_waiting_hold_goes_where_the_allocator_says() {
    let mut shop = waiting();
    assert_eq!(held_at(&shop), [(NEAR, 4)]);
    shop.tell(&Command::AdjustHold(adjust(10, FAR, 4)));
    assert_eq!(held_at(&shop), [(FAR, 4)]);
    let entries = shop.entries.len();
    shop.tell(&Command::AdjustHold(adjust(10, FAR, 4)));
    assert_eq!(shop.entries.len(), entries, "a repeat changes nothing");
    shop.tell(&sync(10, FAR, shop.now));
    assert_eq!((shop.live(10).location, shop.raised.len()), (FAR, 0));
}

#[test]
fn another_content_under_the_same_number_is_named() {
    let mut shop = waiting();
    shop.tell(&Command::AdjustHold(adjust(10, FAR, 4)));
    type Change = fn(&mut AdjustHold);
    let table: [(Change, Result<(), &str>); 6] = [
        (|asked| asked.target = MIDDLE, Err("target_warehouse_id")),
        (|asked| asked.class = StockClass::Uncertain, Err("inventory_type")),
        (|asked| asked.quantity = 3, Err("quantity")),
        (|asked| asked.original = Some(NEAR), Err("original_warehouse_id")),
        (|asked| asked.adjust_type = Some("x".into()), Ok(())),
        (|_| {}, Ok(())),
    ];
    for (change, expected) in table {
        let mut asked = adjust(10, FAR, 4);
        change(&mut asked);
        let expected = expected.map(|()| Outcome::Done).map_err(|field| Refusal::BillReused { field });
        assert_eq!(shop.ask(&Command::AdjustHold(asked)), expected);
    }
}

#[test]
fn what_an_adjust_cannot_do() {
    type Change = fn(&mut AdjustHold);
    let table: [(&str, Change, Refusal); 8] = [
        ("nothing", |asked| asked.quantity = 0, Refusal::QuantityNotPositive),
        ("to nowhere", |asked| asked.target = LocationId(77), Refusal::LocationNotFound { location: LocationId(77) }),
        (
            "more than ordered",
            |asked| asked.quantity = 5,
            Refusal::MoreThanOrdered { oid: Oid(10), wanted: 5, most: 4 },
        ),
        (
            "to where units lack",
            |asked| asked.target = WAREHOUSE,
            Refusal::InsufficientStock { wanted: 4, available: 0 },
        ),
        (
            "in a class that lacks",
            |asked| asked.class = StockClass::Uncertain,
            Refusal::InsufficientStock { wanted: 4, available: 0 },
        ),
        (
            "from where it is not",
            |asked| asked.original = Some(MIDDLE),
            Refusal::NotHeldThere { location: MIDDLE, held: 0, wanted: 4 },
        ),
        ("other goods", |asked| asked.goods = Goods::Article(OTHER_ARTICLE), Refusal::OtherGoods { oid: Oid(10) }),
        ("of no sub-order", |asked| asked.oid = Oid(11), Refusal::SubOrderNotFound { tid: Tid(1), oid: Oid(11) }),
    ];
    for (what, change, refusal) in table {
        let mut shop = waiting();
        let mut asked = adjust(10, FAR, 4);
        change(&mut asked);
        assert_eq!(shop.ask(&Command::AdjustHold(asked)), Err(refusal), "{what}");
        assert_eq!(held_at(&shop), [(NEAR, 4)], "{what}");
    }
}

#[test]
fn before_acceptance_it_re_assigns_and_after_it_does_not() {
    let mut shop = waiting();
    shop.tell(&sync(10, MIDDLE, shop.now));
    shop.tell(&Command::AdjustHold(adjust(10, FAR, 4)));
    let states: Vec<_> = shop.file(1).assignments.iter().map(|a| (a.location, a.state.clone())).collect();
    assert_eq!(states, [(MIDDLE, AssignmentState::Withdrawn), (FAR, AssignmentState::Notified)]);
    assert_eq!(held_at(&shop), [(FAR, 4)]);

    let said = answer(10, FAR, keeper(FAR), shop.now);
    shop.tell(&Command::Accept(said));
    let elsewhere = AdjustHold { bill_num: BillNum("k".into()), ..adjust(10, NEAR, 4) };
    assert_eq!(shop.ask(&Command::AdjustHold(elsewhere)), Err(Refusal::AlreadyAccepted { oid: Oid(10) }));
    let there = AdjustHold { bill_num: BillNum("l".into()), ..adjust(10, FAR, 4) };
    shop.tell(&Command::AdjustHold(there));
    assert_eq!(held_at(&shop), [(FAR, 4)]);
}

#[test]
fn less_than_the_whole_divides_an_offer_which_is_a_mismatch_where_that_is_not_allowed() {
    for split_quantity in [false, true] {
        let mut shop = Shop::with(Settings { allocator: isv(), split_quantity, ..Settings::default() });
        for place in [NEAR, FAR] {
            shop.stock(place, StockClass::Certain, 5);
        }
        shop.tell(&seen(paid(1, &[(ITEM, 4)], shop.now)));
        shop.tell(&sync(10, NEAR, shop.now));
        shop.tell(&Command::AdjustHold(adjust(10, FAR, 1)));
        let live: Vec<_> = shop.file(1).live_of(Oid(10)).map(|a| (a.location, a.units)).collect();
        assert_eq!(live, [(NEAR, 3), (FAR, 1)]);
        assert_eq!(shop.raised.contains(&ExceptionKind::Mismatch), !split_quantity);
    }
}

#[test]
fn who_may_adjust() {
    let pos_app = || app("pos");
    let isv_app = || app("isv");
    type Case = (&'static str, Allocator, Acceptor, Actor, LocationId, bool);
    let table: [Case; 8] = [
        ("3.2, the allocating app", isv(), Acceptor::Keeper, isv_app(), FAR, true),
        ("3.2, another app", isv(), Acceptor::Keeper, pos_app(), FAR, false),
        ("3.4, the allocating app", isv(), pos(), isv_app(), FAR, true),
        ("3.4, the POS app", isv(), pos(), pos_app(), NEAR, false),
        ("3.3, the POS app, where it was assigned", Allocator::Platform, pos(), pos_app(), NEAR, true),
        ("3.3, the POS app, elsewhere", Allocator::Platform, pos(), pos_app(), FAR, false),
        ("3.1, an app", Allocator::Platform, Acceptor::Keeper, isv_app(), NEAR, false),
        ("3.1, an operator", Allocator::Platform, Acceptor::Keeper, operator(), FAR, true),
    ];
    for (what, allocator, acceptor, who, target, may) in table {
        let asks_app = allocator != Allocator::Platform;
        let mut shop = Shop::open(allocator, acceptor);
        shop.stock(NEAR, StockClass::Certain, 5);
        shop.stock(FAR, StockClass::Certain, 5);
        shop.tell(&seen(paid(1, &[(ITEM, 4)], shop.now)));
        if asks_app {
            shop.tell(&sync(10, NEAR, shop.now));
        }
        let outcome = shop.ask(&Command::AdjustHold(AdjustHold { who, ..adjust(10, target, 4) }));
        let refused = matches!(outcome, Err(Refusal::NotYours { .. }));
        assert_eq!((outcome.is_ok(), refused), (may, !may), "{what}: {outcome:?}");
    }
}

#[test]
fn what_an_adjust_leaves_is_held_where_it_can_be_and_keeps_nobody_waiting() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    for place in [NEAR, MIDDLE] {
        for sc_item in [ARTICLE, OTHER_ARTICLE] {
            shop.stock_of(sc_item, place, StockClass::Certain, 2, BillKind::Initial);
        }
    }
    shop.tell(&seen(paid(1, &[(KIT_ITEM, 2)], shop.now)));
    assert_eq!(held_at(&shop), [], "no place has two kits");
    let goods = Goods::Listing { item: KIT_ITEM, sku: SkuId(0), outer_code: String::new() };
    let one = AdjustHold { goods, who: operator(), ..adjust(10, MIDDLE, 1) };
    shop.tell(&Command::AdjustHold(one));
    assert_eq!(held_at(&shop), [(MIDDLE, 1), (MIDDLE, 2), (NEAR, 1), (NEAR, 2)]);
    shop.later(Millis::seconds(1));
    shop.tell(&seen(paid(2, &[(ITEM, 1)], shop.now)));
    assert_eq!(shop.live(20).location, NEAR);
}
