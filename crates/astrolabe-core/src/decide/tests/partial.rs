//! Answers about some of a line's units: what is divided, what keeps its code, and what a repeat of them finds.

use crate::command::{Address, BillKind, Command, RefuseReason, StoreAnswer, Work};
use crate::decide::tests::kit::*;
use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::AssignmentState;
use crate::order::refund::RefundStatus;
use crate::order::timeline::Fact;
use crate::refusal::Refusal;
use crate::seller::{Allocator, ReturnPolicy, Settings};
use crate::service_settings::{DeliveryRules, ServiceChange};
use crate::stock::cell::StockClass;
use crate::time::Millis;

/// Three units offered to the near store, two more in the middle one.
fn offered(split_quantity: bool) -> Shop {
    let mut shop =
        Shop::with(Settings { acceptor: pos(), allocator: Allocator::Platform, split_quantity, ..Settings::default() });
    shop.stock(NEAR, StockClass::Certain, 3);
    shop.stock(MIDDLE, StockClass::Certain, 2);
    shop.tell(&seen(paid(1, &[(ITEM, 3)], shop.now)));
    shop.later(Millis::seconds(5));
    shop
}

fn some(units: i64, shop: &Shop) -> StoreAnswer {
    of_units(units, answer(10, NEAR, app("pos"), shop.now))
}

/// Location, units and state of every assignment, in the order they were made.
fn parts(shop: &Shop) -> Vec<(LocationId, i64, &'static str)> {
    shop.file(1).assignments.iter().map(|given| (given.location, given.units, given.state.name())).collect()
}

fn code(shop: &Shop, nth: usize) -> AllocationCode {
    shop.file(1).assignments[nth].code
}

fn reserved(shop: &Shop) -> [i64; 2] {
    [NEAR, MIDDLE].map(|at| shop.cell(at, StockClass::Certain).reserved)
}

#[test]
fn a_store_takes_two_of_three_and_gives_the_third_back() {
    let mut shop = offered(true);
    let take = Command::Accept(some(2, &shop));
    shop.tell(&take);
    assert_eq!(parts(&shop), [(NEAR, 2, "accepted"), (NEAR, 1, "notified")]);
    assert_eq!(reserved(&shop), [3, 0], "both parts are held");
    shop.tell(&take);
    assert_eq!(shop.rows, 0, "as many as that were taken already");

    let give_back = refusing(some(1, &shop), RefuseReason::Other);
    shop.tell(&give_back);
    assert_eq!(parts(&shop), [(NEAR, 2, "accepted"), (NEAR, 1, "refused"), (MIDDLE, 1, "notified")]);
    assert_eq!(reserved(&shop), [2, 1]);
    shop.tell(&give_back);
    assert_eq!(shop.rows, 0);
    let told = shop.told();
    assert_eq!(told.lines().last(), Some("pos: allocations 10@1 10@2"));

    // Both places ship their part, and nothing is left.
    for (oid_at, waybill) in [(NEAR, "SF1"), (MIDDLE, "SF2")] {
        let said = answer(10, oid_at, app("pos"), shop.now);
        if oid_at == MIDDLE {
            shop.tell(&Command::Accept(said.clone()));
        }
        let parcel = shipment(waybill, shop.now);
        shop.tell(&shipping(said, parcel));
    }
    assert_eq!(reserved(&shop), [0, 0]);
    assert_eq!([NEAR, MIDDLE].map(|at| shop.cell(at, StockClass::Certain).on_hand), [1, 1]);
}

#[test]
fn a_refused_part_leaves_the_rest_its_place_in_the_day() {
    let mut shop = offered(true);
    let rules = DeliveryRules { threshold: Some(1), ..DeliveryRules::default() };
    shop.tell(&Command::SetService { location: MIDDLE, change: ServiceChange::Delivery(rules) });
    let refuse = refusing(some(3, &shop), RefuseReason::Other);
    shop.tell(&refuse);
    assert_eq!(parts(&shop).last(), Some(&(NEAR, 3, "refused")), "two units are not three");
    shop.stock_of(ARTICLE, MIDDLE, StockClass::Certain, 1, BillKind::Balance);
    shop.work_off();
    assert_eq!(parts(&shop).last(), Some(&(MIDDLE, 3, "notified")));
    shop.later(Millis::seconds(1));
    let part = of_units(1, answer(10, MIDDLE, app("pos"), shop.now));
    shop.tell(&refusing(part, RefuseReason::Other));
    let there: Vec<_> = shop.file(1).assignments.iter().filter(|given| given.location == MIDDLE).collect();
    assert_eq!(there.len(), 2);
    assert_eq!((there[0].state.clone(), there[0].day_place), (AssignmentState::Refused, None));
    assert!(there[1].day_place.is_some_and(|place| !place.confirmed), "{:?}", there[1]);
    let freed = |work: &Work| matches!(work, Work::PlaceFreed { .. });
    assert!(!shop.work.iter().any(|left| freed(&left.work)), "no place was freed: {:?}", shop.work);
}

#[test]
fn a_part_is_shipped_and_the_rest_follows_by_its_own_code() {
    let mut shop = offered(true);
    let take = Command::Accept(answer(10, NEAR, app("pos"), shop.now));
    shop.tell(&take);
    let parcel = shipment("SF1", shop.now);
    let first = shipping(some(1, &shop), parcel);
    shop.tell(&first);
    shop.tell(&first);
    assert_eq!(shop.rows, 0);
    assert_eq!(parts(&shop), [(NEAR, 1, "shipped"), (NEAR, 2, "accepted")]);
    let rest = StoreAnswer {
        address: Address::Code(code(&shop, 1), vec![]),
        units: crate::command::PerLine::all(None),
        ..some(1, &shop)
    };
    let parcel = shipment("SF2", shop.now);
    shop.tell(&shipping(rest, parcel));
    assert_eq!(parts(&shop), [(NEAR, 1, "shipped"), (NEAR, 2, "shipped")]);
    let waybills: Vec<_> =
        shop.file(1).assignments.iter().map(|given| given.shipment.as_ref().unwrap().waybill.clone()).collect();
    assert_eq!(waybills, ["SF1", "SF2"]);
    assert_eq!(shop.cell(NEAR, StockClass::Certain).on_hand, 0);
}

#[test]
fn a_part_is_only_taken_where_the_seller_divides_and_never_more_than_is_there() {
    let mut shop = offered(false);
    let whole = Refusal::QuantityIsWhole { oid: Oid(10), units: 3 };
    assert_eq!(shop.ask(&Command::Accept(some(2, &shop))), Err(whole.clone()));
    assert_eq!(shop.ask(&refusing(some(1, &shop), RefuseReason::NoGoods)), Err(whole));
    assert_eq!(parts(&shop), [(NEAR, 3, "notified")]);
    shop.tell(&Command::Accept(some(3, &shop)));
    assert_eq!(parts(&shop), [(NEAR, 3, "accepted")], "all of them are no part");

    let mut shop = offered(true);
    let more = Refusal::MoreThanOrdered { oid: Oid(10), wanted: 4, most: 3 };
    assert_eq!(shop.ask(&Command::Accept(some(4, &shop))), Err(more));
    assert_eq!(shop.ask(&Command::Accept(some(0, &shop))), Err(Refusal::QuantityNotPositive));
    assert_eq!(parts(&shop), [(NEAR, 3, "notified")]);
}

#[test]
fn a_part_of_a_kit_takes_all_its_components_along() {
    let mut shop = Shop::with(Settings { acceptor: pos(), split_quantity: true, ..Settings::default() });
    for (at, units) in [(NEAR, 2), (MIDDLE, 2)] {
        shop.stock(at, StockClass::Certain, units);
        shop.stock_of(OTHER_ARTICLE, at, StockClass::Certain, units * 2, BillKind::Initial);
    }
    shop.tell(&seen(paid(1, &[(KIT_ITEM, 2)], shop.now)));
    shop.later(Millis::seconds(5));
    let from = shop.live(10).location;
    let part = of_units(1, answer(10, from, app("pos"), shop.now));
    shop.tell(&refusing(part, RefuseReason::Other));
    let other = if from == NEAR { MIDDLE } else { NEAR };
    assert_eq!(parts(&shop), [(from, 1, "refused"), (from, 1, "notified"), (other, 1, "notified")]);
    let held = |shop: &Shop, nth: usize| {
        let code = Some(code(shop, nth));
        let mut held: Vec<_> = shop.file(1).reservations.iter().filter(|held| held.code == code).collect();
        held.sort_unstable_by_key(|held| held.cell.sc_item);
        held.iter().map(|held| (held.cell.sc_item, held.units)).collect::<Vec<_>>()
    };
    for nth in [1, 2] {
        assert_eq!(held(&shop, nth), [(ARTICLE, 1), (OTHER_ARTICLE, 2)]);
    }
}

/// Refused, shipped and come back: every step of a kit is one of all its components.
#[test]
fn a_kit_is_refused_shipped_and_taken_back_as_a_whole() {
    let settings = Settings { acceptor: pos(), returns: ReturnPolicy::Restock, ..Settings::default() };
    let mut shop = Shop::with(settings);
    for at in [NEAR, MIDDLE] {
        shop.stock(at, StockClass::Certain, 2);
        shop.stock_of(OTHER_ARTICLE, at, StockClass::Certain, 4, BillKind::Initial);
    }
    shop.tell(&seen(paid(1, &[(KIT_ITEM, 2)], shop.now)));
    let both = |shop: &Shop, at: LocationId| {
        [ARTICLE, OTHER_ARTICLE].map(|of| {
            let cell = crate::stock::cell::CellKey::of(of, at, StockClass::Certain, crate::ids::TMALL);
            let cell = shop.world.stock.cell(&cell).cloned().unwrap_or_default();
            (cell.on_hand, cell.reserved)
        })
    };
    assert_eq!(both(&shop, NEAR), [(2, 2), (4, 4)]);
    let refuse = refusing(answer(10, NEAR, app("pos"), shop.now), RefuseReason::Other);
    shop.tell(&refuse);
    assert_eq!((both(&shop, NEAR), both(&shop, MIDDLE)), ([(2, 0), (4, 0)], [(2, 2), (4, 4)]));
    shop.later(Millis::seconds(1));
    let said = answer(10, MIDDLE, app("pos"), shop.now);
    shop.tell(&Command::Accept(said.clone()));
    let parcel = shipment("SF1", shop.now);
    shop.tell(&shipping(said.clone(), parcel));
    assert_eq!(both(&shop, MIDDLE), [(0, 0), (0, 0)]);
    let back = crate::command::SeenRefund { has_good_return: true, ..refund(10, 5, RefundStatus::Asked, shop.now) };
    shop.tell(&Command::SeeRefund(back));
    shop.tell(&Command::ReceiveReturn(said));
    assert_eq!(both(&shop, MIDDLE), [(2, 0), (4, 0)]);
}

#[test]
fn what_was_divided_says_so_and_since_when_it_was_allocated() {
    let mut shop = offered(true);
    let allocated_at = shop.live(10).allocated_at;
    shop.tell(&Command::Accept(some(2, &shop)));
    let told: Vec<_> = shop.facts.iter().filter(|fact| fact.fact == Fact::Allocated).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((told[1].code, told[1].at.happened), (Some(code(&shop, 1)), allocated_at));
    assert_eq!(told[1].detail, Some(format!("divided from {}", code(&shop, 0))));
}
