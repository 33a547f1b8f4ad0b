//! What a decision means for other orders: short cells, risen stock, shut stores.

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::ids::*;
use crate::order::assignment::AssignmentState;
use crate::order::refund::RefundStatus;
use crate::order::trade::{Delivery, UnassignedState};
use crate::place::{Location, StoreStatus};
use crate::seller::{Acceptor, Allocator, Settings};
use crate::service_settings::{DeliveryRules, ServiceChange};
use crate::stock::cell::StockClass;
use crate::stock::hold::{AheadState, Role};
use crate::time::Millis;
use crate::world::WAITING_MAX;

/// A cell of twelve certain units at NEAR holds two of each kind: accepted (trade 1), offered (2 and, newer, 3),
/// unassigned (4), before payment, and a Guard of trade 5, which was offered uncertain units at FAR.
fn crowded() -> Shop {
    let mut shop = Shop::open(isv(), Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 12);
    for tid in [1, 2, 3, 4] {
        shop.later(Millis::seconds(1));
        shop.tell(&seen(paid(tid, &[(ITEM, 2)], shop.now)));
        if tid < 4 {
            shop.tell(&sync(tid * 10, NEAR, shop.now));
        }
    }
    let said = answer(10, NEAR, keeper(NEAR), shop.now);
    shop.tell(&Command::Accept(said));
    let ahead =
        ReserveAhead { key: HoldKey("k".into()), item: ITEM, sku: SkuId(0), quantity: 2, ttl: Millis::minutes(30) };
    shop.tell(&Command::ReserveAhead(ahead));
    shop.tell(&seen(paid(5, &[(ITEM, 2)], shop.now)));
    shop.stock(FAR, StockClass::Uncertain, 2);
    shop.tell(&sync(50, FAR, shop.now));
    shop.work_off();
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 12);
    shop
}

fn shrink(shop: &mut Shop, units: i64) {
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, -units, BillKind::Balance);
    shop.work_off();
}

#[test]
fn a_short_cell_frees_the_lesser_kinds_first_and_the_newer_of_a_kind() {
    let guard = |shop: &Shop| shop.file(5).reservations.iter().any(|held| held.role == Role::Guard);
    let ahead = |shop: &Shop| shop.world.ahead.get(&HoldKey("k".into())).unwrap().state == AheadState::Held;
    let waits = |shop: &Shop| shop.file(4).reservations.is_empty();
    let state = |shop: &Shop, tid: i64| shop.file(tid).assignments[0].state.clone();
    let table = [
        // units gone,  Guard, before payment, unassigned, offered newer, offered older: still held
        (0, [true, true, true, true, true]),
        (1, [false, true, true, true, true]),
        (2, [false, true, true, true, true]),
        (3, [false, false, true, true, true]),
        (5, [false, false, false, true, true]),
        (7, [false, false, false, false, true]),
        (9, [false, false, false, false, false]),
        (12, [false, false, false, false, false]),
    ];
    for (gone, expected) in table {
        let mut shop = crowded();
        shrink(&mut shop, gone);
        let offered = AssignmentState::Notified;
        let found = [guard(&shop), ahead(&shop), !waits(&shop), state(&shop, 3) == offered, state(&shop, 2) == offered];
        assert_eq!(found, expected, "{gone} units gone");
        assert_eq!(state(&shop, 1), AssignmentState::Accepted, "accepted ones are only shown");
        let missing = (gone - 10).max(0);
        assert_eq!(shop.cell(NEAR, StockClass::Certain).available().min(0), -missing, "{gone} units gone");
    }
}

#[test]
fn a_freed_sub_order_is_deducted_anew_where_there_is_something() {
    let mut shop = crowded();
    shop.stock(MIDDLE, StockClass::Certain, 2);
    shop.work_off();
    shrink(&mut shop, 5);
    let held: Vec<_> = shop.file(4).reservations.iter().map(|held| held.cell.location).collect();
    assert_eq!(held, [MIDDLE]);
}

#[test]
fn who_waits_longest_is_served_first() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    for (tid, units) in [(1, 3), (2, 2), (3, 1)] {
        shop.later(Millis::seconds(1));
        shop.tell(&seen(paid(tid, &[(ITEM, units)], shop.now)));
    }
    let served = |shop: &Shop| -> Vec<i64> {
        (1..=3).filter(|tid| shop.file(*tid).live_of(Oid(tid * 10)).next().is_some()).collect()
    };
    assert_eq!(served(&shop), Vec::<i64>::new());
    shop.stock(NEAR, StockClass::Certain, 3);
    // The clock has not had its turn, and a newcomer comes first: the first in the queue still gets the units.
    shop.tell(&seen(paid(9, &[(ITEM, 1)], shop.now)));
    shop.work_off();
    assert_eq!(served(&shop), [1]);
    assert!(shop.file(9).live_of(Oid(90)).next().is_none());
    shop.stock(FAR, StockClass::Certain, 1);
    shop.work_off();
    assert_eq!(served(&shop), [1, 3], "the larger order is passed: it cannot be served");
}

#[test]
fn nothing_is_left_when_nobody_waits_and_nothing_is_short() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 3);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, -2, BillKind::Balance);
    assert!(shop.work.is_empty(), "{:?}", shop.work);
}

fn set_status(shop: &mut Shop, location: LocationId, status: StoreStatus) {
    let place = shop.world.places.get(location).unwrap().clone();
    shop.tell(&Command::UpdateStore(Box::new(Location { status, ..place })));
}

#[test]
fn a_shut_store_gives_its_offers_back_and_an_opened_one_gets_what_waits() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    shop.tell(&seen(paid(2, &[(ITEM, 2)], shop.now)));
    let said = answer(10, NEAR, keeper(NEAR), shop.now);
    shop.tell(&Command::Accept(said));
    set_status(&mut shop, NEAR, StoreStatus::Hold);
    shop.work_off();
    assert_eq!(shop.file(1).assignments[0].state, AssignmentState::Accepted, "an accepted one stays");
    assert_eq!(shop.file(2).assignments[0].state, AssignmentState::Withdrawn);
    assert!(matches!(shop.unassigned(2, 20), Some(UnassignedState::Unfillable { .. })));
    set_status(&mut shop, NEAR, StoreStatus::Normal);
    shop.work_off();
    assert_eq!((shop.live(20).location, shop.live(20).state.clone()), (NEAR, AssignmentState::Notified));
}

#[test]
fn an_offer_freed_of_its_refund_gives_way_in_a_cell_that_fell_short_meanwhile() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 2);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    shop.later(Millis::seconds(1));
    shop.tell(&Command::SeeRefund(refund(10, 7, RefundStatus::Asked, shop.now)));
    shrink(&mut shop, 1);
    assert_eq!(shop.cell(NEAR, StockClass::Certain).available(), -1, "what is asked back keeps its units");
    shop.later(Millis::seconds(1));
    shop.tell(&Command::SeeRefund(refund(10, 7, RefundStatus::Withdrawn, shop.now)));
    shop.work_off();
    assert_eq!(shop.cell(NEAR, StockClass::Certain).available(), 1);
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
}

#[test]
fn units_a_store_accepted_but_never_held_give_way_when_it_gives_them_back() {
    let mut shop = Shop::open(isv(), Acceptor::Keeper);
    shop.stock(FAR, StockClass::Certain, 2);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    shop.later(Millis::seconds(1));
    shop.tell(&sync(10, NEAR, shop.now));
    let said = answer(10, NEAR, keeper(NEAR), shop.now);
    shop.tell(&Command::Accept(said.clone()));
    shop.stock_of(ARTICLE, FAR, StockClass::Certain, -1, BillKind::Balance);
    shop.work_off();
    assert_eq!(shop.cell(FAR, StockClass::Certain).available(), -1, "accepted units are kept");
    shop.tell(&refusing(said, RefuseReason::Other));
    shop.work_off();
    assert_eq!(shop.cell(FAR, StockClass::Certain).available(), 1);
}

#[test]
fn an_opened_store_wakes_everybody_who_waits_however_many() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 500);
    set_status(&mut shop, NEAR, StoreStatus::Hold);
    let all = i64::try_from(WAITING_MAX).unwrap() * 2 + 3;
    for tid in 1..=all {
        shop.tell(&seen(paid(tid, &[(ITEM, 1)], shop.now)));
        shop.later(Millis::seconds(1));
    }
    shop.work_off();
    set_status(&mut shop, NEAR, StoreStatus::Normal);
    let first = shop.work.pop_front().unwrap();
    shop.tell(&Command::DoWork { id: first.id, work: first.work });
    assert_eq!(shop.work.len(), WAITING_MAX + 1, "so many at a time, and where to go on");
    shop.work_off();
    let waits = (1..=all).filter(|tid| shop.unassigned(*tid, tid * 10).is_some()).count();
    assert_eq!(waits, 0);
}

#[test]
fn a_place_given_back_at_a_full_store_wakes_as_many_as_there_are_places() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 500);
    let rules = DeliveryRules { threshold: Some(1), ..DeliveryRules::default() };
    shop.tell(&Command::SetService { location: NEAR, change: ServiceChange::Delivery(rules) });
    for tid in 1..=120 {
        let mut trade = paid(tid, &[(ITEM, 1)], shop.now);
        if tid > 1 && tid < 70 {
            // Nothing of these wants a place for deliveries.
            trade.lines[0].delivery = Delivery::Pickup { store: FAR };
        }
        shop.tell(&seen(trade));
        shop.later(Millis::seconds(1));
    }
    shop.work_off();
    let refuse = refusing(answer(10, NEAR, app("pos"), shop.now), RefuseReason::Other);
    shop.tell(&refuse);
    // That a unit is free as well is another piece of work.
    shop.work.retain(|left| !matches!(left.work, Work::StockRisen { .. }));
    assert_eq!(shop.work.len(), 1);
    let mut most = 0;
    let mut done = 0;
    while let Some(work) = shop.work.pop_front() {
        shop.tell(&Command::DoWork { id: work.id, work: work.work });
        most = most.max(shop.work.len());
        done += 1;
    }
    assert_eq!((most, done), (2, 4), "a look past those who want none, one that finds who does, his turn, a full day");
    assert_eq!(shop.live(700).location, NEAR, "the longest waiting who wants it");
    assert!(shop.unassigned(71, 710).is_some());
}

/// Late, one of two offers is taken up after all; what is left holds its unit where it cannot be shipped from, and has to
/// hear of stock elsewhere.
#[test]
fn what_is_left_unfillable_keeps_waiting_for_stock_whatever_it_holds() {
    let mut shop = Shop::with(Settings { split_quantity: true, acceptor: pos(), ..Settings::default() });
    shop.stock(NEAR, StockClass::Certain, 1);
    shop.stock(MIDDLE, StockClass::Certain, 1);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    assert_eq!(shop.file(1).assignments.len(), 2);
    shop.stock(FAR, StockClass::Certain, 2);
    set_status(&mut shop, FAR, StoreStatus::Hold);
    shop.look(1, Millis::minutes(31));
    shop.work_off();
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
    assert_eq!(shop.cell(FAR, StockClass::Certain).reserved, 2);
    let late = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(late));
    assert_eq!(
        (shop.cell(FAR, StockClass::Certain).reserved, shop.unassigned(1, 10).unwrap().name()),
        (1, "unfillable")
    );
    shop.stock(WAREHOUSE, StockClass::Certain, 1);
    shop.work_off();
    assert_eq!(shop.unassigned(1, 10), None);
    assert!(shop.file(1).live_of(Oid(10)).any(|given| given.location == WAREHOUSE));
}
