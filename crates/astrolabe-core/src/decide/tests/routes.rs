//! Refusals, silence, re-allocation, shortage: how units that came back find somebody else.

use crate::command::{BillKind, Command, Reallocate, RefuseReason, SyncStatus};
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::ids::{AppKey, LocationId, Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::timeline::{Actor, Fact};
use crate::outward::{Message, OutwardState};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::stock::hold::Role;
use crate::time::Millis;

fn refuse(shop: &mut Shop, oid: i64, at: LocationId, who: Actor, reason: RefuseReason) {
    let answer = answer(oid, at, who, shop.now);
    shop.tell(&refusing(answer, reason));
}

fn accept(shop: &mut Shop, oid: i64, at: LocationId, who: Actor) -> Result<(), Refusal> {
    let answer = answer(oid, at, who, shop.now);
    shop.ask(&Command::Accept(answer)).map(|_| ())
}

fn reallocate(oid: i64, target: Option<LocationId>, who: Actor, request: i64, force: bool) -> Command {
    Command::Reallocate(Reallocate { tid: Tid(oid / 10), sub_orders: vec![Oid(oid)], target, who, request, force })
}

#[test]
fn a_refused_line_goes_to_the_next_store_and_never_back() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    for at in [NEAR, MIDDLE] {
        shop.stock(at, StockClass::Certain, 5);
    }
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    refuse(&mut shop, 10, NEAR, app("pos"), RefuseReason::NoGoods);
    assert_eq!(shop.live(10).location, MIDDLE);
    assert!(shop.cell(NEAR, StockClass::Certain).suspect, "no goods doubts the cell");
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 0);
    refuse(&mut shop, 10, MIDDLE, app("pos"), RefuseReason::Other);
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
    assert_eq!(shop.raised, vec![ExceptionKind::Unfillable]);
    assert_eq!(shop.cell(MIDDLE, StockClass::Certain).reserved, 0, "nothing is held where it was refused");
    assert_eq!(shop.told(), "pos: allocations 10@1\npos: allocations 10@2");
}

#[test]
fn stock_that_comes_later_serves_what_nobody_could() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 1);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
    shop.later(Millis::minutes(1));
    shop.stock(MIDDLE, StockClass::Certain, 2);
    shop.work_off();
    assert_eq!(shop.live(10).location, MIDDLE);
    let waiting = shop.world.stock.article(ARTICLE).unwrap().waiting().len();
    assert_eq!((waiting, shop.cell(MIDDLE, StockClass::Certain).reserved), (0, 2));
}

#[test]
fn a_newcomer_does_not_overtake_who_waits_and_is_served_when_there_is_enough() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 1);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    shop.later(Millis::minutes(1));
    // Two more units come: the first waits for them, and the newcomer comes before the work is done.
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, 2, BillKind::Excluded);
    shop.tell(&seen(paid(2, &[(ITEM, 2)], shop.now)));
    assert_eq!(shop.unassigned(2, 20).unwrap().name(), "routing", "it lets the first one go first");
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 0);
    shop.work_off();
    assert_eq!(shop.live(10).location, NEAR);
    shop.look(2, Millis::seconds(1));
    assert_eq!(shop.unassigned(2, 20).unwrap().name(), "unfillable");
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, 1, BillKind::Excluded);
    shop.work_off();
    assert_eq!(shop.live(20).location, NEAR);
}

#[test]
fn an_uncertain_offer_is_guarded_until_it_is_accepted() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Uncertain, 5);
    shop.stock(WAREHOUSE, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    assert_eq!(shop.live(10).location, NEAR);
    let roles = |shop: &Shop| {
        let held = shop.file(1).reservations.iter();
        held.map(|held| (held.cell.location, held.role, held.units)).collect::<Vec<_>>()
    };
    assert_eq!(roles(&shop), vec![(NEAR, Role::Primary, 2), (WAREHOUSE, Role::Guard, 2)]);
    let mut refusing = shop.clone();
    accept(&mut shop, 10, NEAR, app("pos")).unwrap();
    assert_eq!(roles(&shop), vec![(NEAR, Role::Primary, 2)]);
    refuse(&mut refusing, 10, NEAR, app("pos"), RefuseReason::NoGoods);
    assert_eq!(roles(&refusing), vec![(WAREHOUSE, Role::Primary, 2)], "the guard ships");
    assert_eq!(refusing.live(10).location, WAREHOUSE);
}

#[test]
fn a_late_accept_wins_only_while_nobody_else_has_the_units() {
    let mut alone = Shop::open(Allocator::Platform, pos());
    alone.stock(NEAR, StockClass::Certain, 1);
    alone.tell(&seen(paid(1, &[(ITEM, 1)], alone.now)));
    alone.look(1, Millis::minutes(30));
    assert_eq!(alone.unassigned(1, 10).unwrap().name(), "unfillable");
    accept(&mut alone, 10, NEAR, app("pos")).unwrap();
    assert_eq!(alone.live(10).state, AssignmentState::Accepted);
    assert!(alone.unassigned(1, 10).is_none());
    assert_eq!(alone.cell(NEAR, StockClass::Certain).reserved, 1);

    let mut moved = Shop::open(Allocator::Platform, pos());
    moved.stock(NEAR, StockClass::Certain, 1);
    moved.stock(MIDDLE, StockClass::Certain, 1);
    moved.tell(&seen(paid(1, &[(ITEM, 1)], moved.now)));
    moved.look(1, Millis::minutes(30));
    let refused = accept(&mut moved, 10, NEAR, app("pos"));
    assert_eq!(refused, Err(Refusal::OfferWithdrawn { oid: Oid(10), location: NEAR }));
    assert_eq!(moved.live(10).location, MIDDLE);
}

#[test]
fn reallocation_moves_an_offer_and_asks_an_accepted_store() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    for at in [NEAR, MIDDLE, FAR] {
        shop.stock(at, StockClass::Certain, 5);
    }
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.tell(&reallocate(10, None, app("pos"), 71, false));
    assert_eq!(shop.live(10).location, MIDDLE, "the present place is left out");
    shop.tell(&reallocate(10, None, app("pos"), 71, false));
    assert_eq!((shop.live(10).location, shop.rows), (MIDDLE, 0), "the same request again does nothing");
    shop.tell(&reallocate(10, Some(FAR), app("pos"), 72, false));
    assert_eq!(shop.live(10).location, FAR);
    accept(&mut shop, 10, FAR, app("pos")).unwrap();
    let forced = shop.ask(&reallocate(10, None, app("pos"), 73, true));
    assert!(matches!(forced, Err(Refusal::NotYours { .. })), "{forced:?}");
    shop.tell(&reallocate(10, None, app("pos"), 74, false));
    assert_eq!(shop.live(10).state.name(), "cancel_requested");
    assert_eq!(accept(&mut shop, 10, FAR, app("pos")), Ok(()), "a repeat of the accept is success");
    let denied = answer(10, FAR, app("pos"), shop.now);
    shop.tell(&Command::AnswerCancel { answer: denied, confirmed: false, refund: None });
    assert_eq!(shop.live(10).state, AssignmentState::Accepted);
    shop.tell(&reallocate(10, None, operator(), 75, true));
    assert_ne!(shop.live(10).location, FAR);
}

#[test]
fn a_target_without_units_is_refused_whole_and_the_origin_stays() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 2), (ITEM, 1)], shop.now)));
    let both = Command::Reallocate(Reallocate {
        tid: Tid(1),
        sub_orders: vec![],
        target: Some(FAR),
        who: operator(),
        request: 9,
        force: false,
    });
    let Err(Refusal::Several(lines)) = shop.ask(&both) else { panic!("was not refused") };
    let lacks = |line: &(Oid, Refusal)| matches!(line.1, Refusal::InsufficientStock { available: 0, .. });
    assert!(lacks(&lines.first) && lines.others.len() == 1 && lacks(&lines.others[0]), "{lines}");
    assert_eq!((shop.live(10).location, shop.live(11).location), (NEAR, NEAR));
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 3);
}

#[test]
fn an_allocators_result_is_never_refused_for_want_of_stock() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(NEAR, StockClass::Certain, 1);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.later(Millis::seconds(5));
    shop.tell(&sync(10, FAR, shop.now));
    assert_eq!(shop.live(10).location, FAR);
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 1, "the hold stays where it is");
    assert_eq!(shop.raised, vec![ExceptionKind::Mismatch]);
    accept(&mut shop, 10, FAR, app("pos")).unwrap();
    let said = answer(10, FAR, app("pos"), shop.now);
    let sent = shipment("SF1", shop.now);
    shop.tell(&shipping(said, sent));
    let near = shop.cell(NEAR, StockClass::Certain);
    assert_eq!((near.on_hand, near.reserved), (0, 0), "committed where it was held");
}

#[test]
fn results_of_an_allocator_state_by_state() {
    let mut shop = Shop::open(isv(), pos());
    for at in [NEAR, MIDDLE, FAR] {
        shop.stock(at, StockClass::Certain, 5);
    }
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let wrong = sync_as(app("other"), 10, SyncStatus::Allocated, Some(NEAR), shop.now);
    assert!(matches!(shop.ask(&wrong), Err(Refusal::NotYours { .. })));
    shop.later(Millis::seconds(5));
    let first = sync(10, NEAR, shop.now);
    shop.tell(&first);
    shop.tell(&first);
    assert_eq!(shop.rows, 0, "a repeat changes nothing");
    shop.later(Millis::seconds(5));
    shop.tell(&sync(10, MIDDLE, shop.now));
    assert_eq!(shop.live(10).location, MIDDLE, "before acceptance another result re-assigns");
    shop.tell(&first);
    assert_eq!(shop.live(10).location, MIDDLE, "the first one, brought twice, does not");
    accept(&mut shop, 10, MIDDLE, app("pos")).unwrap();
    shop.later(Millis::seconds(5));
    let after = shop.ask(&sync(10, FAR, shop.now));
    assert_eq!(after, Err(Refusal::AlreadyAccepted { oid: Oid(10) }));
    refuse(&mut shop, 10, MIDDLE, app("pos"), RefuseReason::Other);
    assert!(shop.file(1).assignments.iter().any(|gone| gone.has(Fact::GaveBack, 0)));
    let asked = shop.calls.iter().filter(|call| call.message == Message::AskAllocation).count();
    assert_eq!(asked, 2, "after a refusal the app is asked again");
    shop.later(Millis::seconds(5));
    shop.tell(&sync(10, MIDDLE, shop.now));
    assert_eq!(shop.live(10).location, MIDDLE, "an app may name the same store again");
}

#[test]
fn an_allocator_that_fails_or_stays_silent_loses_the_trade_where_the_seller_allows_it() {
    for (takeover, fails) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut shop = Shop::open(isv(), pos());
        shop.world.seller.settings.takeover = takeover;
        shop.stock(NEAR, StockClass::Certain, 5);
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        if fails {
            shop.later(Millis::seconds(5));
            shop.tell(&sync_as(app("isv"), 10, SyncStatus::Failed, None, shop.now));
        } else {
            shop.look(1, Millis::seconds(150));
            assert_eq!(shop.calls.last().unwrap().message, Message::QueryAllocation);
            shop.look(1, Millis::seconds(150));
        }
        if takeover {
            assert_eq!(shop.live(10).location, NEAR);
            shop.later(Millis::seconds(5));
            shop.tell(&sync(10, NEAR, shop.now));
            let late = shop.ask(&sync(10, FAR, shop.now));
            assert_eq!(late, Err(Refusal::AllocationClosed { tid: Tid(1) }));
            refuse(&mut shop, 10, NEAR, app("pos"), RefuseReason::Other);
            let asked = shop.calls.iter().filter(|call| call.message == Message::AskAllocation).count();
            assert_eq!(asked, 1, "the platform routes again by itself");
        } else {
            let task = if fails { ExceptionKind::Unfillable } else { ExceptionKind::AllocatorSilent };
            assert_eq!(shop.raised, vec![task]);
            shop.later(Millis::seconds(5));
            shop.tell(&sync(10, NEAR, shop.now));
            assert_eq!(shop.live(10).location, NEAR, "a late result still counts");
        }
    }
}

#[test]
fn a_dead_allocate_is_replaced_by_the_query_and_leaves_a_task() {
    let mut shop = Shop::open(isv(), pos());
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let id = shop.calls[0].id;
    let state = OutwardState::Dead { attempts: 1, at: shop.now, error: "gone".into() };
    shop.tell(&Command::SettleOutward { id, tid: Tid(1), state });
    assert_eq!(shop.calls[1].message, Message::QueryAllocation);
    assert!(shop.raised.contains(&ExceptionKind::DeadLetter));
    shop.look(1, Millis::minutes(3));
    assert_eq!(shop.calls.len(), 2, "it is not queried twice");
}

#[test]
fn an_allocating_app_that_says_shipped_gets_a_task_of_its_own() {
    // What it answers to `allocate`, and the task.
    let table = [
        ("ALREADY_SHIPPED order gone", ExceptionKind::AllocatorSaysShipped),
        ("1 Order was Shipped yesterday", ExceptionKind::AllocatorSaysShipped),
        ("F01 订单已发货", ExceptionKind::AllocatorSaysShipped),
        ("F02 订单未发货", ExceptionKind::DeadLetter),
        ("1 no such shop", ExceptionKind::DeadLetter),
    ];
    for (error, expected) in table {
        let mut shop = Shop::open(isv(), pos());
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        let id = shop.calls[0].id;
        let dead = OutwardState::Dead { attempts: 1, at: shop.now, error: error.into() };
        shop.tell(&Command::SettleOutward { id, tid: Tid(1), state: dead.clone() });
        assert_eq!(shop.raised, vec![expected], "{error}");
        assert_eq!(shop.unassigned(1, 10).unwrap().name(), "routing", "no state changes by its word");
        let other = shop.calls[1].id;
        shop.tell(&Command::SettleOutward { id: other, tid: Tid(1), state: dead });
        assert_eq!(shop.raised[1], ExceptionKind::DeadLetter, "only the answer to allocate is read");
    }
}

#[test]
fn a_listing_that_maps_to_nothing_is_a_task_and_routes_once_it_is_mapped() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(UNMAPPED_ITEM, 1)], shop.now)));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
    assert_eq!(shop.raised, vec![ExceptionKind::Unfillable]);
    let map =
        Command::MapItem { item: UNMAPPED_ITEM, sku: crate::ids::SkuId(0), sc_item: Some(ARTICLE), outer_code: None };
    shop.tell(&map);
    shop.look(1, Millis::seconds(1));
    assert_eq!(shop.live(10).location, NEAR);
}

#[test]
fn who_may_answer_depends_on_the_role_mode() {
    // (allocator, acceptor, who, may accept)
    let table = [
        (Allocator::Platform, Acceptor::Keeper, keeper(NEAR), true),
        (Allocator::Platform, Acceptor::Keeper, keeper(MIDDLE), false),
        (Allocator::Platform, Acceptor::Keeper, app("pos"), false),
        (isv(), Acceptor::Keeper, app("isv"), false),
        (isv(), Acceptor::Keeper, keeper(NEAR), true),
        (Allocator::Platform, pos(), app("pos"), true),
        (Allocator::Platform, pos(), keeper(NEAR), false),
        (Allocator::Platform, pos(), app("wms"), false),
        (isv(), pos(), app("pos"), true),
        (isv(), pos(), app("stranger"), false),
        (isv(), pos(), operator(), true),
        (isv(), pos(), Actor::Channel, false),
    ];
    for (allocator, acceptor, who, may) in table {
        let mut shop = Shop::open(allocator.clone(), acceptor);
        shop.stock(NEAR, StockClass::Certain, 5);
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        if allocator == isv() {
            shop.later(Millis::seconds(5));
            shop.tell(&sync(10, NEAR, shop.now));
        }
        let outcome = accept(&mut shop, 10, NEAR, who.clone());
        assert_eq!(outcome.is_ok(), may, "{who:?}: {outcome:?}");
        assert!(may || matches!(outcome, Err(Refusal::NotYours { .. })));
    }
}

#[test]
fn one_refused_sub_order_refuses_the_call_and_claims_of_kind_are_checked() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1), (ITEM, 1)], shop.now)));
    refuse(&mut shop, 11, NEAR, app("pos"), RefuseReason::Other);
    let mut both = answer(10, NEAR, app("pos"), shop.now);
    both.address = crate::command::Address::Lines(vec![(Oid(10), NEAR), (Oid(11), NEAR)]);
    let Err(Refusal::Several(lines)) = shop.ask(&Command::Accept(both)) else { panic!("was not refused") };
    assert!(matches!(
        lines.first,
        (Oid(11), Refusal::IllegalMove { oid: Oid(11), state: "refused", asked: "accepted", .. })
    ));
    assert_eq!(lines.others, []);
    assert_eq!(shop.live(10).state, AssignmentState::Notified);
    let mut wrong = answer(10, NEAR, app("pos"), shop.now);
    wrong.claims_warehouse = Some(true);
    let refused = shop.ask(&Command::Accept(wrong));
    assert_eq!(refused, Err(Refusal::WrongLocationKind { actual: "Store", claimed: "Warehouse" }));
    let elsewhere = answer(10, FAR, app("pos"), shop.now);
    let refused = shop.ask(&Command::Accept(elsewhere));
    assert_eq!(refused, Err(Refusal::NotAllocatedThere { oid: Oid(10), location: FAR }));
}

#[test]
fn the_pos_app_that_allocates_itself_is_told_only_what_the_platform_decided() {
    let same = Acceptor::App(AppKey("isv".into()));
    let mut shop = Shop::open(isv(), same);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.later(Millis::seconds(5));
    shop.tell(&sync(10, NEAR, shop.now));
    assert_eq!(shop.told(), "isv: allocate");
    shop.tell(&seen(paid(2, &[(ITEM, 1)], shop.now)));
    shop.look(2, Millis::minutes(5));
    assert!(shop.told().ends_with("isv: allocations 20@1"), "{}", shop.told());
}

#[test]
fn a_pickup_is_offered_to_the_chosen_store_alone() {
    let pickup = |shop: &Shop, tid| {
        let mut trade = paid(tid, &[(ITEM, 1)], shop.now);
        trade.lines[0].delivery = crate::order::trade::Delivery::Pickup { store: FAR };
        seen(trade)
    };
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.stock(FAR, StockClass::Certain, 1);
    shop.tell(&pickup(&shop, 1));
    shop.tell(&pickup(&shop, 2));
    assert_eq!(shop.live(10).location, FAR);
    assert_eq!(shop.unassigned(2, 20).unwrap().name(), "unfillable");
    refuse(&mut shop, 10, FAR, app("pos"), RefuseReason::Other);
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
}

#[test]
fn a_pre_payment_hold_is_taken_over_at_payment() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(FAR, StockClass::Certain, 1);
    let key = crate::ids::HoldKey("cart".into());
    shop.tell(&Command::ReserveAhead(crate::command::ReserveAhead {
        key: key.clone(),
        item: ITEM,
        sku: crate::ids::SkuId(0),
        quantity: 1,
        ttl: Millis::minutes(10),
    }));
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable", "the only unit is held for somebody");
    let mut trade = paid(2, &[(ITEM, 1)], shop.now);
    trade.lines[0].reserve_key = Some(key);
    shop.tell(&seen(trade));
    assert_eq!(shop.live(20).location, FAR);
    assert_eq!(shop.cell(FAR, StockClass::Certain).reserved, 1);
}

#[test]
fn a_listing_divided_over_two_places_is_one_line_with_two_assignments() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 1);
    shop.stock(MIDDLE, StockClass::Certain, 2);
    shop.tell(&seen(paid(1, &[(ITEM, 3)], shop.now)));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable", "not unless the seller allows it");
    shop.world.seller.settings.split_quantity = true;
    shop.look(1, Millis::seconds(1));
    let parts: Vec<_> = shop.file(1).live_of(Oid(10)).map(|part| (part.location, part.units)).collect();
    assert!(parts.contains(&(NEAR, 1)) && parts.contains(&(MIDDLE, 2)), "{parts:?}");
    let fact = shop.facts.iter().find(|fact| fact.fact == Fact::Allocated).unwrap();
    let text = fact.detail.as_ref().unwrap();
    assert!(text.len() <= 1_024, "{} bytes", text.len());
    let decision: crate::routing::Decision = serde_json::from_str(text).unwrap();
    assert_eq!(crate::routing::choose(&decision.input), decision.plan, "it can be replayed from what is stored");
}
