//! Mistakes that order systems have made before, each a test by its name. What needs a wire or a database stands with
//! those: a database that fails while routing and one order for one unit under load in the program's `e2e` tests.

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::ids::*;
use crate::order::assignment::AssignmentState;
use crate::order::trade::Delivery;
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator, Settings};
use crate::service_settings::{DayKey, DeliveryRules, Service, ServiceChange};
use crate::stock::cell::StockClass;
use crate::time::Millis;

const CERTAIN: StockClass = StockClass::Certain;

/// A merchant whose POS accepts, with so many certain units at each of some stores.
fn shop(split_quantity: bool, stock: &[(LocationId, i64)]) -> Shop {
    let mut shop = Shop::with(Settings { split_quantity, acceptor: pos(), ..Settings::default() });
    for (at, units) in stock {
        shop.stock(*at, CERTAIN, *units);
    }
    shop
}

fn buy(shop: &mut Shop, tid: i64, units: i64) {
    shop.tell(&seen(paid(tid, &[(ITEM, units)], shop.now)));
    shop.later(Millis::seconds(1));
}

/// Where the live units of the trade's first line are.
fn at(shop: &Shop, tid: i64) -> Vec<(LocationId, i64)> {
    let mut parts: Vec<_> = shop.file(tid).live_of(Oid(tid * 10)).map(|given| (given.location, given.units)).collect();
    parts.sort_unstable();
    parts
}

fn waits(shop: &Shop, tid: i64) -> &'static str {
    shop.unassigned(tid, tid * 10).map_or("", |state| state.name())
}

fn reserved(shop: &Shop, at: LocationId) -> i64 {
    shop.cell(at, CERTAIN).reserved
}

#[test]
fn one_and_one_for_two_is_two_assignments_where_quantities_are_divided() {
    let mut shop = shop(true, &[(NEAR, 1), (MIDDLE, 1)]);
    buy(&mut shop, 1, 2);
    assert_eq!(at(&shop, 1), [(NEAR, 1), (MIDDLE, 1)]);
    assert_eq!((reserved(&shop, NEAR), reserved(&shop, MIDDLE)), (1, 1));
}

#[test]
fn one_and_one_for_two_waits_for_one_more_where_quantities_are_not_divided() {
    let mut shop = shop(false, &[(NEAR, 1), (MIDDLE, 1)]);
    buy(&mut shop, 1, 2);
    assert_eq!((at(&shop, 1), waits(&shop, 1)), (vec![], "unfillable"));
    shop.stock_of(ARTICLE, MIDDLE, CERTAIN, 1, BillKind::Balance);
    shop.work_off();
    assert_eq!((at(&shop, 1), waits(&shop, 1)), (vec![(MIDDLE, 2)], ""));
    assert_eq!(reserved(&shop, NEAR), 0, "what it held elsewhere is free again");
}

#[test]
fn thirteen_of_ten_and_fifteen_come_from_the_fifteen() {
    for split_quantity in [false, true] {
        let mut shop = shop(split_quantity, &[(NEAR, 10), (MIDDLE, 15)]);
        buy(&mut shop, 1, 13);
        assert_eq!(at(&shop, 1), [(MIDDLE, 13)]);
        assert_eq!((reserved(&shop, NEAR), reserved(&shop, MIDDLE)), (0, 13));
    }
}

#[test]
fn five_of_two_four_and_five_come_from_the_five() {
    for split_quantity in [false, true] {
        let mut shop = shop(split_quantity, &[(NEAR, 2), (MIDDLE, 4), (FAR, 5)]);
        buy(&mut shop, 1, 5);
        assert_eq!(at(&shop, 1), [(FAR, 5)]);
    }
}

#[test]
fn a_quantity_is_divided_only_where_the_seller_allows_it() {
    for (split_quantity, parts) in [(true, 2), (false, 0)] {
        let mut shop = shop(split_quantity, &[(NEAR, 3), (MIDDLE, 4)]);
        buy(&mut shop, 1, 6);
        assert_eq!(at(&shop, 1).len(), parts);
        assert_eq!(at(&shop, 1).iter().map(|(_, units)| units).sum::<i64>(), if split_quantity { 6 } else { 0 });
    }
}

#[test]
fn two_orders_for_one_unit_give_it_to_exactly_one() {
    let mut shop = shop(false, &[(NEAR, 1)]);
    buy(&mut shop, 1, 1);
    buy(&mut shop, 2, 1);
    assert_eq!((at(&shop, 1), at(&shop, 2)), (vec![(NEAR, 1)], vec![]));
    assert_eq!((reserved(&shop, NEAR), waits(&shop, 2)), (1, "unfillable"));
}

#[test]
fn a_move_to_a_store_without_units_is_refused_and_the_origin_kept() {
    let mut shop = shop(false, &[(NEAR, 5), (FAR, 1)]);
    buy(&mut shop, 1, 2);
    let to = Command::Reallocate(Reallocate {
        tid: Tid(1),
        sub_orders: vec![Oid(10)],
        target: Some(FAR),
        who: operator(),
        request: 9,
        force: false,
    });
    let before = shop.live(10).clone();
    assert_eq!(shop.ask(&to), Err(Refusal::InsufficientStock { wanted: 2, available: 1 }));
    assert_eq!(shop.live(10), &before);
    assert_eq!((reserved(&shop, NEAR), reserved(&shop, FAR)), (2, 0));
}

#[test]
fn a_store_without_an_assignment_of_the_sub_order_cannot_ship_it() {
    let mut shop = shop(false, &[(NEAR, 5), (FAR, 5)]);
    buy(&mut shop, 1, 1);
    let ship = shipping(answer(10, FAR, app("pos"), shop.now), shipment("SF1", shop.now));
    assert_eq!(shop.ask(&ship), Err(Refusal::NotAllocatedThere { oid: Oid(10), location: FAR }));
    assert_eq!((shop.cell(FAR, CERTAIN).on_hand, shop.live(10).state.name()), (5, "notified"));
}

#[test]
fn a_hold_that_lies_elsewhere_goes_to_the_store_that_ships() {
    let mut shop = Shop::open(isv(), pos());
    shop.world.seller.settings.auto_adjust = false;
    shop.stock(NEAR, CERTAIN, 1);
    buy(&mut shop, 1, 1);
    shop.stock(FAR, CERTAIN, 1);
    shop.tell(&sync(10, FAR, shop.now));
    assert_eq!((reserved(&shop, NEAR), reserved(&shop, FAR)), (1, 0), "the hold lies elsewhere");
    let said = answer(10, FAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(said.clone()));
    let parcel = shipment("SF1", shop.now);
    shop.tell(&shipping(said, parcel));
    let (near, far) = (shop.cell(NEAR, CERTAIN), shop.cell(FAR, CERTAIN));
    assert_eq!((near.on_hand, near.reserved), (1, 0), "given back where it lay");
    assert_eq!((far.on_hand, far.reserved, far.unreported), (0, 0, 1), "gone from the store that shipped");
}

#[test]
fn stock_that_is_held_to_the_last_unit_still_ships_its_own_order() {
    let mut shop = shop(false, &[(NEAR, 2)]);
    buy(&mut shop, 1, 2);
    assert_eq!(shop.cell(NEAR, CERTAIN).available(), 0);
    let said = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(said.clone()));
    let parcel = shipment("SF1", shop.now);
    shop.tell(&shipping(said, parcel));
    let cell = shop.cell(NEAR, CERTAIN);
    assert_eq!((cell.on_hand, cell.reserved), (0, 0));
}

#[test]
fn a_limit_of_a_day_admits_exactly_its_number() {
    let mut shop = shop(false, &[(NEAR, 50)]);
    let rules = DeliveryRules { threshold: Some(3), ..DeliveryRules::default() };
    shop.tell(&Command::SetService { location: NEAR, change: ServiceChange::Delivery(rules) });
    for tid in 1..=5 {
        buy(&mut shop, tid, 1);
    }
    let served = (1..=5).filter(|tid| !at(&shop, *tid).is_empty()).collect::<Vec<_>>();
    assert_eq!(served, [1, 2, 3]);
    let key = DayKey { day: shop.now.shanghai_day(), location: NEAR, service: Service::Delivery };
    assert_eq!(shop.world.day_loads.taken(key), 3);
}

#[test]
fn the_same_quantity_under_two_bill_numbers_is_two_effects() {
    let mut shop = shop(false, &[(NEAR, 5)]);
    let bill = |number: &str, shop: &Shop| Bill {
        bill_num: BillNum(number.into()),
        location: NEAR,
        goods: Goods::Article(ARTICLE),
        class: CERTAIN,
        kind: BillKind::Excluded,
        quantity: 3,
        final_quantity: None,
        operated_at: shop.now,
    };
    for number in ["X1", "X2", "X1"] {
        let command = Command::ReportStock(vec![bill(number, &shop)]);
        shop.tell(&command);
    }
    assert_eq!(shop.cell(NEAR, CERTAIN).on_hand, 11, "two bills, one of them said twice");
}

#[test]
fn a_refused_pickup_never_becomes_a_shipping_order() {
    let mut shop = shop(false, &[(NEAR, 5), (FAR, 5)]);
    let mut trade = paid(1, &[(ITEM, 1)], shop.now);
    trade.lines[0].delivery = Delivery::Pickup { store: FAR };
    shop.tell(&seen(trade));
    let refuse = refusing(answer(10, FAR, app("pos"), shop.now), RefuseReason::NoGoods);
    shop.tell(&refuse);
    shop.stock_of(ARTICLE, NEAR, CERTAIN, 5, BillKind::Balance);
    shop.work_off();
    shop.look(1, Millis::hours(30));
    assert_eq!((at(&shop, 1), waits(&shop, 1)), (vec![], "unfillable"));
    assert_eq!(shop.file(1).trade.sub_orders[0].delivery, Delivery::Pickup { store: FAR });
}

#[test]
fn a_refused_kit_refuses_its_parts_together() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    for place in [NEAR, MIDDLE] {
        shop.stock(place, CERTAIN, 1);
        shop.stock_of(OTHER_ARTICLE, place, CERTAIN, 2, BillKind::Initial);
    }
    shop.tell(&seen(paid(1, &[(KIT_ITEM, 1)], shop.now)));
    let refuse = refusing(answer(10, NEAR, keeper(NEAR), shop.now), RefuseReason::Damaged);
    shop.tell(&refuse);
    let held: Vec<_> = shop.file(1).reservations.iter().map(|held| (held.cell.location, held.units)).collect();
    assert_eq!((at(&shop, 1), held), (vec![(MIDDLE, 1)], vec![(MIDDLE, 1), (MIDDLE, 2)]));
}

#[test]
fn a_stuck_order_wakes_when_another_order_gives_its_units_back() {
    let mut shop = shop(false, &[(NEAR, 1)]);
    buy(&mut shop, 1, 1);
    buy(&mut shop, 2, 1);
    assert_eq!(waits(&shop, 2), "unfillable");
    let mut closed = paid(1, &[(ITEM, 1)], shop.now);
    closed.lines[0].closed = true;
    shop.tell(&seen(closed));
    shop.work_off();
    assert_eq!(at(&shop, 2), [(NEAR, 1)]);
    assert_eq!(shop.live(20).state, AssignmentState::Notified);
}

#[test]
fn what_was_only_asked_for_and_refused_changes_nothing() {
    let mut shop = shop(false, &[(NEAR, 1)]);
    buy(&mut shop, 1, 1);
    let (file, cell) = (shop.file(1).clone(), shop.cell(NEAR, CERTAIN));
    let ship = shipping(answer(10, NEAR, app("pos"), shop.now), shipment("SF1", shop.now));
    assert!(shop.ask(&ship).is_err(), "it was not accepted");
    assert_eq!((shop.file(1), shop.cell(NEAR, CERTAIN), shop.rows), (&file, cell, 0));
}
