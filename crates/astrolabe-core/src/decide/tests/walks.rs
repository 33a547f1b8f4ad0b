//! The four role modes from payment to signature: what is on the timeline, who is told what, and what stock does.

use crate::command::Command;
use crate::decide::tests::kit::*;
use crate::ids::{LocationId, Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::timeline::Actor;
use crate::order::trade::{ChannelConsign, Level, TradePayment};
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::time::Millis;

fn accept(shop: &mut Shop, oid: i64, at: LocationId, who: Actor) {
    let answer = answer(oid, at, who, shop.now);
    shop.tell(&Command::Accept(answer));
}

fn ship(shop: &mut Shop, oid: i64, at: LocationId, who: Actor) {
    let answer = answer(oid, at, who, shop.now);
    let shipment = shipment("SF1", shop.now);
    shop.tell(&shipping(answer, shipment));
}

fn consign(shop: &mut Shop, tid: i64) {
    let consign = ChannelConsign { company_code: "SF".into(), waybill: "SF1".into(), at: shop.now };
    shop.tell(&Command::SeeChannelConsign { tid: Tid(tid), sub_orders: vec![], consign, who: app("pos") });
}

fn sign(shop: &mut Shop, tid: i64) {
    shop.tell(&Command::SeeSigned { tid: Tid(tid), sub_orders: vec![], at: shop.now });
}

#[test]
fn mode_3_1_platform_allocates_and_the_keeper_accepts() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    assert_eq!((shop.live(10).location, shop.cell(NEAR, StockClass::Certain).reserved), (NEAR, 2));
    accept(&mut shop, 10, NEAR, keeper(NEAR));
    ship(&mut shop, 10, NEAR, keeper(NEAR));
    sign(&mut shop, 1);
    assert_eq!(
        shop.story(),
        "Paid by channel\n\
         Allocated 10 at 1 by platform\n\
         Accepted 10 at 1 by keeper\n\
         Shipped 10 at 1 by keeper\n\
         Signed 10 at 1 by channel"
    );
    assert_eq!(shop.told(), "channel: consign SF1");
    let cell = shop.cell(NEAR, StockClass::Certain);
    assert_eq!((cell.on_hand, cell.reserved, cell.unreported), (3, 0, 2));
    assert_eq!(shop.raised, vec![]);
}

#[test]
fn mode_3_2_an_app_allocates_and_the_keeper_accepts() {
    let mut shop = Shop::open(isv(), Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.stock(FAR, StockClass::Certain, 3);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 2, "held by default deduction");
    shop.later(Millis::seconds(10));
    shop.tell(&sync(10, FAR, shop.now));
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 0, "the hold moved with the sync");
    assert_eq!(shop.cell(FAR, StockClass::Certain).reserved, 2);
    assert_eq!(shop.live(10).attributes.as_deref(), Some("gift:1"));
    accept(&mut shop, 10, FAR, keeper(FAR));
    ship(&mut shop, 10, FAR, keeper(FAR));
    sign(&mut shop, 1);
    assert_eq!(
        shop.story(),
        "Paid by channel\n\
         AllocationAsked by platform\n\
         Allocated 10 at 3 by isv\n\
         Accepted 10 at 3 by keeper\n\
         Shipped 10 at 3 by keeper\n\
         Signed 10 at 3 by channel"
    );
    assert_eq!(shop.told(), "isv: allocate\nisv: accepted\nchannel: consign SF1\nisv: shipped");
    assert_eq!(shop.file(1).trade.due_at, None);
}

#[test]
fn mode_3_3_platform_allocates_and_pos_accepts_within_the_row_budget() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    // trade, assignment, reservation, entry, cell, 2 facts, 1 call.
    assert_eq!(shop.rows, 8);
    let mut rows = shop.rows;
    accept(&mut shop, 10, NEAR, app("pos"));
    rows += shop.rows;
    consign(&mut shop, 1);
    ship(&mut shop, 10, NEAR, app("pos"));
    rows += shop.rows;
    assert!(rows <= 16, "{rows} rows for a one-line order");
    sign(&mut shop, 1);
    assert_eq!(
        shop.story(),
        "Paid by channel\n\
         Allocated 10 at 1 by platform\n\
         Accepted 10 at 1 by pos\n\
         ChannelConsigned 10 by pos\n\
         Shipped 10 at 1 by pos\n\
         Signed 10 at 1 by channel"
    );
    assert_eq!(shop.told(), "pos: allocations 10@1");
    assert_eq!(shop.raised, vec![]);
}

#[test]
fn mode_3_4_an_app_allocates_and_another_accepts() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.later(Millis::seconds(10));
    shop.tell(&sync(10, NEAR, shop.now));
    accept(&mut shop, 10, NEAR, app("pos"));
    consign(&mut shop, 1);
    ship(&mut shop, 10, NEAR, app("pos"));
    assert_eq!(shop.told(), "isv: allocate\npos: allocations 10@1\nisv: accepted\nisv: shipped");
}

#[test]
fn a_warehouse_ships_from_notified_when_the_merchant_consigns_at_the_channel() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(WAREHOUSE, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(PLAIN_ITEM, 1), (ITEM, 1)], shop.now)));
    assert_eq!(shop.live(10).location, WAREHOUSE);
    consign(&mut shop, 1);
    assert_eq!(shop.live(10).state, AssignmentState::Shipped);
    assert_eq!(shop.live(11).state, AssignmentState::Shipped);
    assert_eq!(shop.told(), "pos: allocations 10@9 11@9\nwms: allocations 10@9 11@9");
    let cell = shop.cell(WAREHOUSE, StockClass::Certain);
    assert_eq!((cell.on_hand, cell.reserved), (3, 0));
}

#[test]
fn trades_that_are_not_ours_are_recorded_and_left_alone() {
    let table = [
        (true, false, ITEM, Level::PassedOnSelfOperated),
        (false, false, PLAIN_ITEM, Level::PassedOnOrdinary),
        (false, true, PLAIN_ITEM, Level::Routed),
        (false, false, ITEM, Level::Routed),
    ];
    for (self_operated, omni_marked, item, level) in table {
        let mut shop = Shop::open(Allocator::Platform, pos());
        shop.stock(WAREHOUSE, StockClass::Certain, 5);
        let trade = paid(1, &[(item, 1)], shop.now);
        shop.tell(&seen(crate::command::SeenTrade { self_operated, omni_marked, ..trade }));
        assert_eq!(shop.file(1).trade.level, level);
        let held = shop.cell(WAREHOUSE, StockClass::Certain).reserved;
        assert_eq!(held, i64::from(level == Level::Routed));
    }
}

#[test]
fn only_what_is_paid_in_full_is_routed_and_old_news_changes_nothing() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    let mut trade = paid(1, &[(ITEM, 1)], shop.now);
    trade.payment = TradePayment::Awaited;
    trade.pay_time = None;
    shop.tell(&seen(trade.clone()));
    assert_eq!((shop.rows, shop.file(1).trade.level), (1, Level::Awaited));
    shop.later(Millis::seconds(5));
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(shop.live(10).location, NEAR);
    shop.tell(&seen(trade));
    assert_eq!((shop.rows, shop.live(10).location), (0, NEAR));
}

#[test]
fn a_seller_who_waits_after_payment_holds_the_units_and_routes_later() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.world.seller.settings.hold_after_paid_ms = Millis::minutes(10);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "held");
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 1);
    shop.look(1, Millis::minutes(9));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "held");
    shop.look(1, Millis::minutes(1));
    assert_eq!(shop.live(10).location, NEAR);
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 1);
}

#[test]
fn what_the_allocator_wrote_goes_along_when_a_person_sends_the_order_elsewhere() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.stock(FAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.tell(&sync(10, NEAR, shop.now));
    let to = crate::command::Reallocate {
        tid: Tid(1),
        sub_orders: vec![Oid(10)],
        target: Some(FAR),
        who: operator(),
        request: 9,
        force: false,
    };
    shop.tell(&Command::Reallocate(to));
    assert_eq!((shop.live(10).location, shop.live(10).attributes.as_deref()), (FAR, Some("gift:1")));
}

#[test]
fn a_kit_is_held_and_shipped_as_a_whole_from_one_location() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.stock(MIDDLE, StockClass::Certain, 5);
    shop.stock_of(OTHER_ARTICLE, MIDDLE, StockClass::Certain, 4, crate::command::BillKind::Initial);
    shop.tell(&seen(paid(1, &[(KIT_ITEM, 2)], shop.now)));
    assert_eq!(shop.live(10).location, MIDDLE);
    accept(&mut shop, 10, MIDDLE, keeper(MIDDLE));
    ship(&mut shop, 10, MIDDLE, keeper(MIDDLE));
    assert_eq!(shop.cell(MIDDLE, StockClass::Certain).on_hand, 3);
    let parts: Vec<i64> = shop.live(10).committed.iter().map(|part| part.units).collect();
    assert_eq!(parts, vec![2, 4]);
    assert!(shop.file(1).reservations.is_empty());
    assert!(shop.file(1).trade.sub_order(Oid(10)).unwrap().unassigned.is_none());
}
