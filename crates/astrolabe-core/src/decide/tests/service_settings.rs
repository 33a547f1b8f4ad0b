//! A location's settings at work: who is offered what, when, how often a day, and what wakes who waits.

use crate::command::{Command, Reallocate, RefuseReason, StoreAnswer};
use crate::decide::tests::kit::*;
use crate::ids::{HandoverCode, LocationId, Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::refund::RefundStatus;
use crate::order::timeline::Fact;
use crate::order::trade::Delivery;
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator, Settings};
use crate::service_settings::{
    Campaign, DayKey, DeliveryRules, PickupRules, Priority, Service, ServiceChange, ServiceSettings, Windows,
};
use crate::stock::cell::StockClass;
use crate::time::{Millis, OpeningHours, Timestamp};

/// The tests open at 06:13:20 in Shanghai, on the day that began then.
const OPEN_HOUR: u16 = 6;
const MIDNIGHT: Timestamp = Timestamp(1_699_977_600_000);

fn set(shop: &mut Shop, location: LocationId, change: ServiceChange) {
    shop.tell(&Command::SetService { location, change });
}

fn hours(from: u16, to: u16) -> Windows {
    Windows(vec![OpeningHours { opens_minute: from * 60, closes_minute: to * 60 }])
}

fn limit(threshold: i64) -> DeliveryRules {
    DeliveryRules { threshold: Some(threshold), ..DeliveryRules::default() }
}

/// Two stores with plenty of units; the near one is everybody's choice.
fn shop() -> Shop {
    let mut shop = Shop::open(Allocator::Platform, pos());
    for at in [NEAR, MIDDLE] {
        shop.stock(at, StockClass::Certain, 50);
    }
    shop
}

fn pay(shop: &mut Shop, tid: i64) {
    shop.tell(&seen(paid(tid, &[(ITEM, 1)], shop.now)));
}

fn pay_pickup(shop: &mut Shop, tid: i64, store: LocationId) {
    let mut trade = paid(tid, &[(ITEM, 1)], shop.now);
    trade.lines[0].delivery = Delivery::Pickup { store };
    shop.tell(&seen(trade));
}

fn taken(shop: &Shop, location: LocationId) -> i64 {
    let key = DayKey { day: shop.now.shanghai_day(), location, service: Service::Delivery };
    shop.world.day_loads.taken(key)
}

fn due(shop: &Shop, tid: i64) -> Option<Timestamp> {
    shop.file(tid).trade.due_at
}

fn waits_because(shop: &Shop, tid: i64) -> String {
    match shop.unassigned(tid, tid * 10) {
        Some(crate::order::trade::UnassignedState::Unfillable { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_rule_sends_the_next_trade_elsewhere_and_its_end_brings_it_back() {
    let closed = |change: ServiceChange, open: ServiceChange| {
        let mut shop = shop();
        set(&mut shop, NEAR, change.clone());
        pay(&mut shop, 1);
        assert_eq!(shop.live(10).location, MIDDLE, "{change:?}");
        set(&mut shop, NEAR, open);
        pay(&mut shop, 2);
        assert_eq!(shop.live(20).location, NEAR, "{change:?}");
    };
    let any = || ServiceChange::Delivery(DeliveryRules::default());
    let rules = |rules| ServiceChange::Delivery(rules);
    closed(rules(DeliveryRules { working: hours(9, 12), ..DeliveryRules::default() }), any());
    closed(rules(DeliveryRules { dispatch: hours(22, 6), ..DeliveryRules::default() }), any());
    closed(rules(limit(0)), rules(limit(1)));
    closed(rules(DeliveryRules { priority: Priority::LAST, ..DeliveryRules::default() }), any());
    closed(
        ServiceChange::Switches { delivers: false, hands_out: true },
        ServiceChange::Switches { delivers: true, hands_out: false },
    );
    let campaign = |starts, ends| {
        let (starts, ends) = (OPENING + Millis::hours(starts), OPENING + Millis::hours(ends));
        ServiceChange::DeliveryCampaign(Campaign { starts, ends, rules: limit(0) })
    };
    closed(campaign(-1, 1), campaign(1, 2));
    closed(campaign(0, 0), campaign(-2, -1));
}

#[test]
fn who_waits_for_hours_or_for_the_day_is_looked_at_when_they_come_and_not_before() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    let nine = MIDNIGHT + Millis::hours(9);
    let rules = DeliveryRules { dispatch: hours(9, 12), ..limit(1) };
    set(&mut shop, NEAR, ServiceChange::Delivery(rules));
    shop.work_off();
    for tid in [1, 2] {
        pay(&mut shop, tid);
        assert_eq!((waits_because(&shop, tid).as_str(), due(&shop, tid)), ("closed", Some(nine)));
    }
    let until_nine = nine - shop.now;
    shop.look(1, Millis(until_nine.0 - 1));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
    shop.look(1, Millis(1));
    assert_eq!(shop.live(10).location, NEAR);
    shop.look(2, Millis(0));
    let midnight = shop.now.next_shanghai_day();
    assert_eq!((waits_because(&shop, 2).as_str(), due(&shop, 2)), ("no_capacity", Some(midnight)));
    // At midnight the day is empty and the hours are not; at nine the next day there is room.
    let wait = midnight - shop.now;
    shop.look(2, wait);
    assert_eq!(due(&shop, 2), Some(midnight + Millis::hours(9)));
    shop.look(2, Millis::hours(9));
    assert_eq!(shop.live(20).location, NEAR);
    assert_eq!((shop.raised.len(), taken(&shop, NEAR)), (4, 1), "a task for each reason that was new");
}

#[test]
fn a_limit_admits_exactly_its_number_and_a_place_given_back_goes_to_who_waits() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 50);
    set(&mut shop, NEAR, ServiceChange::Delivery(limit(3)));
    for tid in 1..=5 {
        pay(&mut shop, tid);
        shop.later(Millis(10));
    }
    let served = |shop: &Shop| (1..=5).filter(|tid| shop.unassigned(*tid, tid * 10).is_none()).collect::<Vec<_>>();
    assert_eq!((served(&shop), taken(&shop, NEAR)), (vec![1, 2, 3], 3));
    assert_eq!(waits_because(&shop, 4), "no_capacity");

    // Accepted: used for good, even if it is given back later. Refused while offered: free for who waits.
    let accepted = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(accepted.clone()));
    shop.tell(&refusing(accepted, RefuseReason::Other));
    assert_eq!(taken(&shop, NEAR), 3);
    shop.work_off();
    let refused = answer(20, NEAR, app("pos"), shop.now);
    shop.tell(&refusing(refused, RefuseReason::Other));
    assert_eq!(taken(&shop, NEAR), 2);
    shop.work_off();
    assert_eq!((served(&shop), taken(&shop, NEAR)), (vec![3, 4], 3), "the longest waiting takes the place");

    // Silence and a refund before acceptance free a place too; a raised limit wakes as well.
    shop.look(3, Millis::minutes(30));
    shop.work_off();
    assert_eq!((served(&shop), taken(&shop, NEAR)), (vec![4, 5], 3));
    let asked = refund(40, 900, RefundStatus::Granted, shop.now);
    shop.tell(&Command::SeeRefund(asked));
    assert_eq!(taken(&shop, NEAR), 2);
    for tid in 6..=8 {
        pay(&mut shop, tid);
    }
    assert_eq!((shop.unassigned(6, 60), taken(&shop, NEAR)), (None, 3));
    set(&mut shop, NEAR, ServiceChange::Delivery(limit(4)));
    shop.work_off();
    assert_eq!((shop.unassigned(7, 70), taken(&shop, NEAR)), (None, 4));
    assert_eq!(waits_because(&shop, 8), "no_capacity");
}

#[test]
fn lines_of_one_trade_never_take_more_places_than_there_are() {
    let mut shop = shop();
    set(&mut shop, NEAR, ServiceChange::Delivery(limit(1)));
    shop.tell(&seen(paid(1, &[(ITEM, 1), (ITEM, 1), (ITEM, 1)], shop.now)));
    let mut places: Vec<_> = (10..13).map(|oid| shop.live(oid).location).collect();
    places.sort_unstable();
    assert_eq!((places, taken(&shop, NEAR)), (vec![NEAR, MIDDLE, MIDDLE], 1));
}

#[test]
fn what_an_app_or_a_person_decides_stands_and_is_counted_and_noted() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    set(&mut shop, NEAR, ServiceChange::Delivery(DeliveryRules { dispatch: hours(9, 12), ..limit(0) }));
    pay(&mut shop, 1);
    shop.later(Millis::seconds(1));
    shop.tell(&sync(10, NEAR, shop.now));
    assert_eq!((shop.live(10).location, taken(&shop, NEAR)), (NEAR, 1));
    let note = |shop: &Shop| {
        let allocated = shop.facts.iter().rev().find(|fact| fact.fact == Fact::Allocated).unwrap();
        allocated.detail.clone().unwrap_or_default()
    };
    assert_eq!(note(&shop), "outside_dispatch_time: The location is offered nothing at this time of day.");

    // Taken away, the place is free; a late accept takes one whatever the limit.
    let away = Reallocate {
        tid: Tid(1),
        sub_orders: vec![Oid(10)],
        target: Some(MIDDLE),
        who: operator(),
        request: 5,
        force: false,
    };
    shop.stock(MIDDLE, StockClass::Certain, 5);
    shop.tell(&Command::Reallocate(away));
    assert_eq!((shop.live(10).location, taken(&shop, NEAR), note(&shop).as_str()), (MIDDLE, 0, ""));

    let mut late = Shop::open(Allocator::Platform, pos());
    late.stock(NEAR, StockClass::Certain, 1);
    set(&mut late, NEAR, ServiceChange::Delivery(limit(1)));
    pay(&mut late, 1);
    late.look(1, Millis::minutes(30));
    set(&mut late, NEAR, ServiceChange::Delivery(limit(0)));
    assert_eq!(taken(&late, NEAR), 0);
    let accepted = answer(10, NEAR, app("pos"), late.now);
    late.tell(&Command::Accept(accepted));
    assert_eq!((late.live(10).state.clone(), taken(&late, NEAR)), (AssignmentState::Accepted, 1));
}

#[test]
fn an_unlimited_location_is_not_counted_and_a_limited_one_costs_one_row_more() {
    let rows = |change: Option<ServiceChange>| {
        let mut shop = shop();
        if let Some(change) = change {
            set(&mut shop, NEAR, change);
        }
        pay(&mut shop, 1);
        assert_eq!(shop.live(10).location, NEAR);
        let paid = shop.rows;
        let accepted = answer(10, NEAR, app("pos"), shop.now);
        shop.tell(&Command::Accept(accepted));
        (paid, shop.rows, taken(&shop, NEAR))
    };
    let (paid, accepted, _) = rows(None);
    let hours = DeliveryRules { working: hours(OPEN_HOUR, 22), ..DeliveryRules::default() };
    assert_eq!(rows(Some(ServiceChange::Delivery(hours))), (paid, accepted, 0));
    assert_eq!(rows(Some(ServiceChange::Delivery(limit(9)))), (paid + 1, accepted, 1));
}

#[test]
fn a_pickup_waits_for_its_store_by_the_pickup_settings_alone() {
    let deaf = ServiceChange::Delivery(DeliveryRules { dispatch: hours(9, 12), ..limit(0) });
    let table = [
        (deaf, None, None),
        (
            ServiceChange::Pickup(PickupRules { working: hours(9, 12), threshold: None }),
            Some("the chosen store takes no pickups at this time"),
            Some(9),
        ),
        (
            ServiceChange::Pickup(PickupRules { threshold: Some(0), ..PickupRules::default() }),
            Some("the chosen store has taken all its pickups of the day"),
            Some(24),
        ),
        (
            ServiceChange::Switches { delivers: true, hands_out: false },
            Some("the chosen store has pickup switched off"),
            None,
        ),
    ];
    for (change, reason, hour) in table {
        let mut shop = shop();
        set(&mut shop, MIDDLE, change);
        pay_pickup(&mut shop, 1, MIDDLE);
        match reason {
            None => assert_eq!(shop.live(10).location, MIDDLE),
            Some(reason) => assert_eq!(waits_because(&shop, 1), reason),
        }
        assert_eq!(due(&shop, 1), hour.map(|hour| MIDNIGHT + Millis::hours(hour)), "{reason:?}");
        set(&mut shop, MIDDLE, ServiceChange::Pickup(PickupRules::default()));
        set(&mut shop, MIDDLE, ServiceChange::Switches { delivers: true, hands_out: true });
        shop.work_off();
        assert_eq!(shop.live(10).location, MIDDLE, "{reason:?}");
    }
}

#[test]
fn settings_survive_an_update_of_the_store_and_a_stranger_has_none() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    set(&mut shop, NEAR, ServiceChange::Delivery(limit(7)));
    let kept = shop.world.places.get(NEAR).unwrap().clone();
    let asked = crate::place::Location { name: "new".into(), service: ServiceSettings::default(), ..kept.clone() };
    shop.tell(&Command::UpdateStore(Box::new(asked)));
    let now = shop.world.places.get(NEAR).unwrap();
    assert_eq!((now.name.as_str(), &now.service), ("new", &kept.service));
    set(&mut shop, NEAR, ServiceChange::Delivery(limit(7)));
    assert_eq!(shop.rows, 0, "the same again changes nothing");
    let change = ServiceChange::Switches { delivers: false, hands_out: false };
    let unknown = shop.ask(&Command::SetService { location: LocationId(77), change });
    assert_eq!(unknown, Err(Refusal::LocationNotFound { location: LocationId(77) }));
}

#[test]
fn a_pickup_that_lies_ready_has_used_its_place_whatever_the_way_there() {
    let said = |shop: &Shop| answer(10, FAR, app("pos"), shop.now);
    let fresh = || HandoverCode::of("111");
    type Steps = fn(StoreAnswer, HandoverCode) -> Vec<Command>;
    let ways: [Steps; 3] = [
        |answer, fresh| vec![Command::ConfirmPickup { answer, fresh }],
        |answer, fresh| vec![Command::StartTransfer(answer.clone()), Command::ConfirmPickup { answer, fresh }],
        |answer, fresh| vec![Command::StartTransfer(answer.clone()), Command::ReceiveTransfer { answer, fresh }],
    ];
    for steps in ways {
        let mut shop = shop();
        shop.stock(FAR, StockClass::Certain, 5);
        let rules = PickupRules { threshold: Some(1), ..PickupRules::default() };
        set(&mut shop, FAR, ServiceChange::Pickup(rules));
        pay_pickup(&mut shop, 1, FAR);
        for step in steps(said(&shop), fresh()) {
            shop.tell(&step);
        }
        assert!(shop.live(10).day_place.is_some_and(|place| place.confirmed));
        let back = refusing(said(&shop), RefuseReason::Other);
        shop.tell(&back);
        let key = DayKey { day: shop.now.shanghai_day(), location: FAR, service: Service::Pickup };
        assert_eq!(shop.world.day_loads.taken(key), 1, "given back after it was accepted");
    }
}

#[test]
fn a_place_given_back_in_the_very_instant_it_was_taken_is_given_again() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 2);
    set(&mut shop, NEAR, ServiceChange::Delivery(limit(1)));
    shop.work_off();
    for tid in [1, 2] {
        pay(&mut shop, tid);
    }
    assert_eq!(waits_because(&shop, 2), "no_capacity");
    // Each goes on holding its unit, so that no stock rises: the place alone wakes who waits.
    shop.tell(&Command::Reallocate(Reallocate {
        tid: Tid(1),
        sub_orders: vec![Oid(10)],
        target: None,
        who: operator(),
        request: 1,
        force: false,
    }));
    assert_eq!(taken(&shop, NEAR), 0);
    shop.work_off();
    assert_eq!(taken(&shop, NEAR), 1);
}

#[test]
fn an_offer_that_ran_out_does_not_make_the_clock_forget_who_waits_for_hours() {
    let settings = Settings { allocator: isv(), acceptor: pos(), ..Settings::default() };
    let mut shop = Shop::with(Settings { allocate_within_ms: Millis::hours(24), ..settings });
    for at in [NEAR, FAR] {
        shop.stock(at, StockClass::Certain, 5);
    }
    let eight = MIDNIGHT + Millis::hours(8);
    let rules = PickupRules { working: hours(8, 22), ..PickupRules::default() };
    set(&mut shop, FAR, ServiceChange::Pickup(rules));
    let mut trade = paid(1, &[(ITEM, 1), (ITEM, 1)], shop.now);
    trade.lines[1].delivery = Delivery::Pickup { store: FAR };
    shop.tell(&seen(trade));
    let command = sync(10, NEAR, shop.now);
    shop.tell(&command);
    assert_eq!(due(&shop, 1), Some(eight));
    let offer = shop.now + Millis::minutes(30);
    assert!(offer < eight);
    shop.look(1, Millis::minutes(30));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "routing", "the app is asked anew");
    assert_eq!(due(&shop, 1), Some(eight));
}
