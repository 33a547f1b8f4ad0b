//! One call is one command: it says one thing of each of its lines, and if any of them is refused, none changes.

use crate::command::{Address, Command, PerLine, RefuseReason, StoreAnswer};
use crate::decide::tests::kit::*;
use crate::ids::{LocationId, Oid};
use crate::order::assignment::AssignmentState;
use crate::order::timeline::Fact;
use crate::outward::Message;
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::time::Millis;

/// A paid trade with three sub-orders, all offered to the nearest store.
fn offered(acceptor: Acceptor) -> Shop {
    let mut shop = Shop::open(Allocator::Platform, acceptor);
    shop.stock(NEAR, StockClass::Certain, 9);
    shop.tell(&seen(paid(1, &[(ITEM, 1), (ITEM, 1), (ITEM, 1)], shop.now)));
    shop
}

fn about(shop: &Shop, lines: &[(i64, LocationId)]) -> StoreAnswer {
    let who =
        if shop.file(1).trade.mode.as_ref().unwrap().acceptor == Acceptor::Keeper { keeper(NEAR) } else { app("pos") };
    let lines = lines.iter().map(|(oid, location)| (Oid(*oid), *location)).collect();
    StoreAnswer { address: Address::Lines(lines), ..answer(10, NEAR, who, shop.now) }
}

const ALL: [(i64, LocationId); 3] = [(10, NEAR), (11, NEAR), (12, NEAR)];

fn parcels(shop: &Shop) -> PerLine<crate::order::assignment::Shipment> {
    PerLine::all(shipment("SF1", shop.now)).but(Oid(11), NEAR, shipment("SF2", shop.now))
}

#[test]
fn one_call_ships_each_line_in_its_own_parcel_and_its_repeat_is_nothing() {
    let mut shop = offered(Acceptor::Keeper);
    let said = about(&shop, &ALL);
    shop.tell(&Command::Accept(said.clone()));
    let ship = Command::Ship { answer: said, shipments: parcels(&shop) };
    shop.tell(&ship);
    let waybill = |oid| shop.live(oid).shipment.as_ref().unwrap().waybill.clone();
    assert_eq!([10, 11, 12].map(waybill), ["SF1", "SF2", "SF1"]);
    let mut told: Vec<(Vec<Oid>, String)> = Vec::new();
    for call in &shop.calls {
        if let Message::ConsignToChannel { sub_orders, shipment } = &call.message {
            told.push((sub_orders.clone(), shipment.waybill.clone()));
        }
    }
    assert_eq!(told, [(vec![Oid(10), Oid(12)], "SF1".to_owned()), (vec![Oid(11)], "SF2".to_owned())]);
    shop.later(Millis::minutes(1));
    shop.tell(&ship);
    assert_eq!(shop.rows, 0);
}

#[test]
fn a_line_named_twice_means_its_last_word_each_time_it_is_said() {
    let mut shop = offered(pos());
    let said = about(&shop, &[(10, NEAR), (10, NEAR)]);
    shop.tell(&Command::Accept(said.clone()));
    let shipments = PerLine::all(shipment("", shop.now)).but(Oid(10), NEAR, shipment("SF1", shop.now)).but(
        Oid(10),
        NEAR,
        shipment("SF2", shop.now),
    );
    let ship = Command::Ship { answer: said, shipments };
    shop.tell(&ship);
    assert_eq!(shop.live(10).shipment.as_ref().unwrap().waybill, "SF2");
    shop.tell(&ship);
    assert_eq!(shop.rows, 0);
}

#[test]
fn every_refused_line_is_told_and_none_of_the_others_ships() {
    let mut shop = offered(pos());
    shop.tell(&Command::Accept(about(&shop, &[(10, NEAR), (12, NEAR)])));
    let lines = [(10, NEAR), (11, NEAR), (12, FAR), (13, NEAR), (13, NEAR)];
    let ship = Command::Ship { answer: about(&shop, &lines), shipments: parcels(&shop) };
    let (facts, calls) = (shop.facts.len(), shop.calls.len());
    let refusal = shop.ask(&ship).unwrap_err();
    let Refusal::Several(told) = &refusal else { panic!("{refusal}") };
    // Lines that mean nothing are found before those that may not move.
    assert_eq!(told.first, (Oid(12), Refusal::NotAllocatedThere { oid: Oid(12), location: FAR }));
    let others: Vec<i64> = told.others.iter().map(|(oid, _)| oid.0).collect();
    assert_eq!(others, [13, 11]);
    let text = refusal.to_string();
    for said in ["12: sub-order 12 was never allocated to 3", "; 13: ", "; 11: sub-order 11 is notified"] {
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(shop.live(10).state, AssignmentState::Accepted);
    assert_eq!((shop.facts.len(), shop.calls.len()), (facts, calls));
    let stock = shop.cell(NEAR, StockClass::Certain);
    assert_eq!((stock.on_hand, stock.reserved), (9, 3));
}

#[test]
fn a_call_about_one_line_is_refused_with_that_lines_reason() {
    let mut shop = offered(pos());
    let ship = shipping(about(&shop, &[(11, NEAR)]), shipment("SF1", shop.now));
    assert!(matches!(shop.ask(&ship), Err(Refusal::IllegalMove { oid: Oid(11), .. })));
    let mut by_stranger = about(&shop, &ALL);
    by_stranger.who = app("stranger");
    let Err(Refusal::Several(told)) = shop.ask(&Command::Accept(by_stranger)) else { panic!("may not") };
    assert_eq!(told.others.len(), 2, "each line says why: {told}");
}

#[test]
fn each_line_is_refused_for_its_own_reason_and_only_no_goods_doubts_the_cell() {
    let reasons = |of_11| PerLine::all(RefuseReason::ShopClosed).but(Oid(11), NEAR, of_11);
    for (of_11, suspect) in [(RefuseReason::NoGoods, true), (RefuseReason::Damaged, false)] {
        let mut shop = offered(pos());
        shop.stock(MIDDLE, StockClass::Certain, 9);
        shop.tell(&Command::Accept(about(&shop, &[(12, NEAR)])));
        let refuse = Command::Refuse { answer: about(&shop, &ALL), reasons: reasons(of_11) };
        shop.tell(&refuse);
        assert_eq!(shop.cell(NEAR, StockClass::Certain).suspect, suspect);
        assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 0);
        assert_eq!([10, 11, 12].map(|oid| shop.live(oid).location), [MIDDLE; 3]);
        let why: Vec<(Fact, Option<&str>)> = shop
            .facts
            .iter()
            .filter(|fact| fact.fact == Fact::Refused || fact.fact == Fact::GaveBack)
            .map(|fact| (fact.fact, fact.detail.as_deref()))
            .collect();
        let expected = [(Fact::Refused, "shop_closed"), (Fact::Refused, of_11.name()), (Fact::GaveBack, "shop_closed")];
        assert_eq!(why, expected.map(|(fact, word)| (fact, Some(word))));
    }
}

#[test]
fn a_refusal_that_may_not_be_said_of_one_line_doubts_nothing() {
    let mut shop = offered(pos());
    shop.tell(&Command::Accept(about(&shop, &[(10, NEAR)])));
    shop.tell(&shipping(about(&shop, &[(10, NEAR)]), shipment("SF1", shop.now)));
    let refuse = refusing(about(&shop, &ALL), RefuseReason::NoGoods);
    let Err(Refusal::Several(told)) = shop.ask(&refuse) else { panic!("a shipped line was refused") };
    assert_eq!((told.first.0, told.others.len()), (Oid(10), 0));
    assert!(!shop.cell(NEAR, StockClass::Certain).suspect);
    assert_eq!(shop.live(11).state, AssignmentState::Notified);
}
