//! Time passing: deadlines in opening hours, silence, late shipping, holds, and milestones that move nothing.

use crate::command::{Address, Command, Outcome, StoreAnswer};
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::ids::{Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::timeline::{Actor, Fact};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::time::{Millis, OpeningHours};

#[test]
fn an_offer_left_unanswered_goes_elsewhere_at_its_deadline_and_not_before() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.later(Millis::seconds(5));
    shop.tell(&sync(10, NEAR, shop.now));
    shop.look(1, Millis(Millis::minutes(30).0 - 1));
    assert_eq!(shop.live(10).state, AssignmentState::Notified);
    shop.look(1, Millis(1));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "routing");
    assert!(
        shop.told().ends_with("isv: refused\npos: allocations -10@1\nisv: allocate")
            || shop.told().ends_with("isv: refused\nisv: allocate\npos: allocations -10@1"),
        "{}",
        shop.told()
    );
}

#[test]
fn deadlines_run_in_the_stores_opening_hours() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    let mut place = shop.world.places.get(NEAR).unwrap().clone();
    // It opens one hour from now and stays open for ten.
    let minute = shop.now.shanghai_time_of_day().0 / 60_000 + 60;
    place.hours =
        OpeningHours { opens_minute: (minute % 1_440) as u16, closes_minute: ((minute + 600) % 1_440) as u16 };
    shop.world.put_place(place);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    // Half of half an hour after the opening it is warned, at the end the offer goes elsewhere.
    let warned = shop.live(10).due_at.unwrap() - shop.now;
    assert!(warned > Millis::minutes(74) && warned <= Millis::minutes(75), "{warned:?}");
    shop.look(1, warned);
    let rest = shop.live(10).due_at.unwrap() - shop.now;
    assert_eq!(rest, Millis::minutes(15));
}

#[test]
fn late_shipping_is_a_fact_and_an_exception_once_and_moves_nothing() {
    for at in [NEAR, WAREHOUSE] {
        let mut shop = Shop::open(Allocator::Platform, pos());
        shop.stock(at, StockClass::Certain, 5);
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        if at == NEAR {
            let accepted = answer(10, NEAR, app("pos"), shop.now);
            shop.tell(&Command::Accept(accepted));
        }
        let before = shop.live(10).state.clone();
        shop.look(1, Millis::hours(24));
        shop.look(1, Millis::hours(24));
        assert_eq!(shop.live(10).state, before);
        assert_eq!(shop.raised, vec![ExceptionKind::ShipLate]);
        assert!(shop.live(10).has(Fact::ShipLate, 0));
    }
}

#[test]
fn a_trade_is_held_back_while_anybody_holds_it() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
    let hold = |who| Command::SetHold { tid: Tid(1), who, why: "address unclear".into(), until: None };
    shop.tell(&hold(app("pos")));
    shop.tell(&hold(app("pos")));
    assert_eq!(shop.rows, 0, "the same hold again is nothing new");
    shop.tell(&hold(operator()));
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.work_off();
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "held");
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 1, "it is held for, but not routed");
    shop.tell(&Command::LiftHold { tid: Tid(1), who: app("pos"), holder: None });
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "held");
    shop.tell(&Command::LiftHold { tid: Tid(1), who: operator(), holder: None });
    assert_eq!(shop.live(10).location, NEAR);
}

#[test]
fn milestones_are_facts_that_move_nothing_and_late_ones_say_so() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let mark = |shop: &mut Shop, fact| {
        let answer = answer(10, NEAR, app("pos"), shop.now);
        shop.ask(&Command::RecordMilestone { answer, fact })
    };
    assert_eq!(mark(&mut shop, Fact::ToSystem), Ok(Outcome::Done));
    assert_eq!(mark(&mut shop, Fact::ToSystem), Ok(Outcome::Done));
    assert_eq!(shop.rows, 0);
    let accepted = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(accepted.clone()));
    let sent = shipment("SF1", shop.now);
    shop.tell(&shipping(accepted, sent));
    mark(&mut shop, Fact::Packaged).unwrap();
    assert_eq!(shop.facts.last().unwrap().detail.as_deref(), Some("late"));
    assert!(matches!(mark(&mut shop, Fact::Shipped), Ok(Outcome::Done)), "a fact that is there already");
    assert!(matches!(mark(&mut shop, Fact::Returned), Err(Refusal::IllegalMove { .. })));
}

#[test]
fn shipping_without_the_channel_is_flagged_or_refused_and_a_new_waybill_corrects() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let say = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(say.clone()));
    let ship = |waybill: &str| shipping(say.clone(), shipment(waybill, OPENING));
    shop.world.seller.settings.require_channel_consign = true;
    assert!(matches!(shop.ask(&ship("SF1")), Err(Refusal::ChannelConsignMissing { .. })));
    shop.world.seller.settings.require_channel_consign = false;
    shop.tell(&ship("SF1"));
    let shipped = shop.facts.iter().find(|fact| fact.fact == Fact::Shipped).unwrap();
    assert_eq!(shipped.detail.as_deref(), Some("without_channel"));
    shop.tell(&ship("SF1"));
    assert_eq!(shop.rows, 0);
    shop.tell(&ship("SF2"));
    assert_eq!(shop.live(10).shipment.as_ref().unwrap().waybill, "SF2");
    assert_eq!(shop.facts.last().unwrap().fact, Fact::ShipmentCorrected);
    assert_eq!(shop.cell(NEAR, StockClass::Certain).on_hand, 4, "a correction ships nothing");
}

/// A milestone of sub-orders wherever they are.
fn mark(shop: &mut Shop, oids: &[i64], who: Actor, fact: Fact) -> Result<usize, Refusal> {
    let address = Address::SubOrders(oids.iter().copied().map(Oid).collect());
    let answer = StoreAnswer { address, ..answer(10, NEAR, who, shop.now) };
    shop.ask(&Command::RecordMilestone { answer, fact }).map(|_| shop.rows)
}

#[test]
fn a_milestone_before_the_allocation_is_the_sub_orders_own_and_its_repeat_after_it_is_nothing() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1), (ITEM, 1)], shop.now)));
    assert_eq!(mark(&mut shop, &[10], app("pos"), Fact::ToSystem), Ok(2), "the fact and the trade");
    let told = shop.facts.last().unwrap().clone();
    assert_eq!((told.oid, told.code, told.fact, told.detail), (Some(Oid(10)), None, Fact::ToSystem, None));
    assert_eq!(mark(&mut shop, &[10], app("isv"), Fact::ToSystem), Ok(0));
    shop.later(Millis::seconds(5));
    shop.tell(&sync(10, NEAR, shop.now));
    assert_eq!(mark(&mut shop, &[10], app("pos"), Fact::ToSystem), Ok(0), "the repeat of what came before it");
    // One call, two sub-orders: one is allocated, the other is not yet.
    mark(&mut shop, &[], app("pos"), Fact::Packaged).unwrap();
    let mut told: Vec<_> = shop.facts.iter().rev().take(2).map(|fact| (fact.oid, fact.code)).collect();
    told.sort_unstable();
    assert_eq!(told, [(Some(Oid(10)), Some(shop.live(10).code)), (Some(Oid(11)), None)]);
    assert_eq!(mark(&mut shop, &[], app("pos"), Fact::Packaged), Ok(0));
}

#[test]
fn a_milestone_of_the_sub_order_is_refused_to_strangers_once_it_is_closed_and_where_it_is_none() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(mark(&mut shop, &[10], operator(), Fact::Sorted), Ok(2));
    for who in [app("stranger"), app("wms"), keeper(NEAR), Actor::Channel] {
        assert!(matches!(mark(&mut shop, &[10], who, Fact::Weighed), Err(Refusal::NotYours { .. })));
    }
    let unknown = mark(&mut shop, &[19], app("pos"), Fact::Weighed);
    assert_eq!(unknown, Err(Refusal::SubOrderNotFound { tid: Tid(1), oid: Oid(19) }));
    assert!(matches!(mark(&mut shop, &[10], app("pos"), Fact::Shipped), Err(Refusal::IllegalMove { .. })));
    let address = Address::SubOrders(vec![Oid(10)]);
    let accept = Command::Accept(StoreAnswer { address, ..answer(10, NEAR, app("pos"), shop.now) });
    assert!(matches!(shop.ask(&accept), Err(Refusal::IllegalMove { state: "unfillable", .. })));
    let mut closed = paid(1, &[(ITEM, 1)], shop.now + Millis(1));
    closed.lines[0].closed = true;
    shop.tell(&seen(closed));
    assert!(matches!(
        mark(&mut shop, &[10], app("pos"), Fact::Weighed),
        Err(Refusal::IllegalMove { state: "closed", .. })
    ));
    assert_eq!(mark(&mut shop, &[10], app("pos"), Fact::Sorted), Ok(0), "what it had is a repeat for ever");
}
