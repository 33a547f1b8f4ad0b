//! Several sub-orders between an allocating app, stores and a warehouse: results in parts, repeated and late; what a person
//! takes back; and an app that says the goods have left.

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::ids::*;
use crate::order::assignment::{AllocatedBy, AssignmentState};
use crate::order::timeline::Fact;
use crate::order::trade::AllocationAsk;
use crate::outward::{Message, OutwardState};
use crate::refusal::{Refusal, RefusedLines};
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::time::Millis;

/// Five certain units everywhere, and a paid trade of `lines` single units that waits for its allocating app.
fn waiting(lines: usize, acceptor: Acceptor) -> Shop {
    let mut shop = Shop::open(isv(), acceptor);
    for place in [NEAR, MIDDLE, FAR, WAREHOUSE] {
        shop.stock(place, StockClass::Certain, 5);
    }
    shop.tell(&seen(paid(1, &vec![(ITEM, 1); lines], shop.now)));
    shop.later(Millis::seconds(5));
    shop
}

/// One result for sub-orders of trade 1: where each is, `None` where it failed.
fn result(shop: &Shop, lines: &[(i64, Option<LocationId>)]) -> Command {
    let line = |(oid, location): &(i64, Option<LocationId>)| SyncedLine {
        oid: Oid(*oid),
        status: if location.is_some() { SyncStatus::Allocated } else { SyncStatus::Failed },
        location: *location,
        message: String::new(),
        attributes: None,
    };
    Command::SyncAllocation(SyncAllocation {
        tid: Tid(1),
        who: app("isv"),
        lines: lines.iter().map(line).collect(),
        head: SyncStatus::Allocated,
        message: String::new(),
        happened: shop.now,
    })
}

fn reallocate(oids: &[i64], target: Option<LocationId>, request: i64) -> Command {
    let sub_orders = oids.iter().map(|oid| Oid(*oid)).collect();
    Command::Reallocate(Reallocate { tid: Tid(1), sub_orders, target, who: operator(), request, force: false })
}

fn accept(shop: &mut Shop, oid: i64, at: LocationId) {
    let said = answer(oid, at, app("pos"), shop.now);
    shop.tell(&Command::Accept(said));
}

fn answer_cancel(shop: &mut Shop, oid: i64, at: LocationId, confirmed: bool) {
    let answer = answer(oid, at, app("pos"), shop.now);
    shop.tell(&Command::AnswerCancel { answer, confirmed, refund: None });
}

fn noted(shop: &Shop, fact: Fact) -> usize {
    shop.facts.iter().filter(|known| known.fact == fact).count()
}

/// The app's `allocate` is given up with this answer.
fn allocate_ends(shop: &mut Shop, error: &str) {
    let asks = |call: &&crate::outward::Outward| call.message == Message::AskAllocation;
    let id = shop.calls.iter().rfind(asks).unwrap().id;
    let state = OutwardState::Dead { attempts: 1, at: shop.now, error: error.into() };
    shop.tell(&Command::SettleOutward { id, tid: Tid(1), state });
}

#[test]
fn a_trade_is_allocated_in_parts_over_stores_and_the_warehouse() {
    let mut shop = waiting(3, pos());
    shop.tell(&result(&shop, &[(10, Some(NEAR)), (11, Some(WAREHOUSE))]));
    assert_eq!((shop.live(10).location, shop.live(11).location), (NEAR, WAREHOUSE));
    assert!(shop.live(11).warehouse && !shop.live(10).warehouse);
    assert_eq!(shop.unassigned(1, 12).unwrap().name(), "routing");
    let asked = matches!(shop.file(1).trade.allocation, AllocationAsk::Asked { .. });
    assert!(asked, "the clock runs for what is still missing");
    assert_eq!(
        shop.told(),
        "isv: allocate\npos: allocations 10@1 11@9\nwms: allocations 10@1 11@9",
        "each system sees the whole trade, to leave out what is the other's"
    );

    // The same twice, with the rest: only the rest is new.
    shop.tell(&result(&shop, &[(10, Some(NEAR)), (11, Some(WAREHOUSE)), (12, Some(MIDDLE))]));
    assert_eq!(shop.file(1).assignments.len(), 3);
    assert_eq!(shop.live(12).location, MIDDLE);
    assert_eq!(shop.file(1).trade.allocation, AllocationAsk::None, "nothing waits for the app");
    for place in [NEAR, MIDDLE, WAREHOUSE] {
        assert_eq!(shop.cell(place, StockClass::Certain).reserved, 1, "{place}");
    }
}

#[test]
fn a_result_names_every_refused_sub_order_and_changes_none() {
    let mut shop = waiting(3, pos());
    shop.tell(&result(&shop, &[(10, Some(NEAR))]));
    accept(&mut shop, 10, NEAR);
    shop.later(Millis::seconds(5));
    let lines = [(10, Some(FAR)), (11, Some(MIDDLE)), (19, Some(NEAR)), (12, Some(LocationId(77)))];
    let refused = shop.ask(&result(&shop, &lines));
    let expected = RefusedLines {
        first: (Oid(10), Refusal::AlreadyAccepted { oid: Oid(10) }),
        others: vec![
            (Oid(19), Refusal::SubOrderNotFound { tid: Tid(1), oid: Oid(19) }),
            (Oid(12), Refusal::LocationNotFound { location: LocationId(77) }),
        ],
    };
    assert_eq!(refused, Err(Refusal::Several(Box::new(expected))));
    assert_eq!((shop.live(10).location, shop.unassigned(1, 11).unwrap().name()), (NEAR, "routing"));
    let alone = shop.ask(&result(&shop, &[(10, Some(FAR))]));
    assert_eq!(alone, Err(Refusal::AlreadyAccepted { oid: Oid(10) }), "of one line its own refusal says it all");
}

#[test]
fn a_failure_beside_allocations_takes_none_of_them_away() {
    for takeover in [true, false] {
        let mut shop = waiting(2, pos());
        shop.world.seller.settings.takeover = takeover;
        // The failure comes first in the list, and is judged last.
        shop.tell(&result(&shop, &[(10, None), (11, Some(FAR))]));
        assert_eq!((shop.live(11).location, shop.live(11).allocated_by), (FAR, AllocatedBy::App));
        if takeover {
            assert_eq!((shop.live(10).location, shop.live(10).allocated_by), (NEAR, AllocatedBy::Router));
            shop.later(Millis::seconds(5));
            shop.tell(&result(&shop, &[(10, Some(NEAR)), (11, Some(FAR))]));
            assert_eq!(shop.rows, 0, "naming what is so is success");
            let late = shop.ask(&result(&shop, &[(10, Some(MIDDLE))]));
            assert_eq!(late, Err(Refusal::AllocationClosed { tid: Tid(1) }));
        } else {
            assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
        }
    }
}

#[test]
fn a_re_allocation_names_every_refused_sub_order_and_changes_none() {
    let mut shop = waiting(3, pos());
    shop.tell(&result(&shop, &[(10, Some(NEAR)), (11, Some(NEAR)), (12, Some(NEAR))]));
    accept(&mut shop, 11, NEAR);
    let said = answer(11, NEAR, app("pos"), shop.now);
    shop.tell(&shipping(said, shipment("SF1", shop.now)));
    let refused = shop.ask(&reallocate(&[10, 11, 12, 19], Some(MIDDLE), 7));
    let Err(Refusal::Several(lines)) = refused else { panic!("{refused:?}") };
    assert!(matches!(lines.first, (Oid(11), Refusal::IllegalMove { state: "shipped", .. })), "{lines}");
    assert_eq!(lines.others, [(Oid(19), Refusal::SubOrderNotFound { tid: Tid(1), oid: Oid(19) })]);
    assert_eq!((shop.live(10).location, shop.live(12).location), (NEAR, NEAR));
}

#[test]
fn what_nobody_has_and_nothing_waits_for_cannot_be_re_allocated() {
    let mut shop = waiting(1, pos());
    shop.tell(&Command::SeeRefund(refund(10, 5, crate::order::refund::RefundStatus::Asked, shop.now)));
    for target in [None, Some(FAR)] {
        let refused = shop.ask(&reallocate(&[10], target, 8));
        assert!(matches!(refused, Err(Refusal::IllegalMove { state: "cancelled", .. })), "{refused:?}");
    }
}

#[test]
fn an_accepted_sub_order_goes_where_it_was_asked_for_once_the_store_gives_it_back() {
    for refuses in [false, true] {
        let mut shop = waiting(1, pos());
        shop.tell(&sync(10, NEAR, shop.now));
        accept(&mut shop, 10, NEAR);
        shop.tell(&reallocate(&[10], Some(FAR), 7));
        assert_eq!(shop.live(10).state.name(), "cancel_requested");
        let (calls, asks) = (shop.calls.len(), |shop: &Shop| shop.told().matches("isv: allocate\n").count());
        if refuses {
            let said = answer(10, NEAR, app("pos"), shop.now);
            shop.tell(&refusing(said, RefuseReason::Other));
        } else {
            answer_cancel(&mut shop, 10, NEAR, true);
        }
        let there = shop.live(10);
        assert_eq!(
            (there.location, &there.state, there.allocated_by),
            (FAR, &AssignmentState::Notified, AllocatedBy::Operator)
        );
        assert_eq!(there.attributes.as_deref(), Some("gift:1"), "what the allocator wrote goes along");
        assert_eq!(
            (shop.cell(NEAR, StockClass::Certain).reserved, shop.cell(FAR, StockClass::Certain).reserved),
            (0, 1)
        );
        assert_eq!(asks(&shop), 1, "the app is not asked: {}", shop.told());
        assert!(shop.calls.len() > calls, "the POS app is told");
        shop.tell(&reallocate(&[10], Some(FAR), 7));
        assert_eq!(shop.rows, 0, "the same request again finds itself done");
    }
}

#[test]
fn a_target_that_filled_up_meanwhile_is_missed_and_the_units_are_routed_anew() {
    for (allocator, sold_out) in [(Allocator::Platform, true), (isv(), true), (Allocator::Platform, false)] {
        let mut shop = Shop::open(allocator.clone(), pos());
        shop.stock(NEAR, StockClass::Certain, 1);
        shop.stock(FAR, StockClass::Certain, 1);
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        if allocator == isv() {
            shop.later(Millis::seconds(5));
            shop.tell(&sync(10, NEAR, shop.now));
        }
        accept(&mut shop, 10, NEAR);
        shop.tell(&reallocate(&[10], Some(FAR), 7));
        shop.stock(MIDDLE, StockClass::Certain, 1);
        if sold_out {
            shop.later(Millis::minutes(1));
            shop.stock_of(ARTICLE, FAR, StockClass::Certain, -1, BillKind::Excluded);
        }
        answer_cancel(&mut shop, 10, NEAR, true);
        assert_eq!(noted(&shop, Fact::TargetMissed), usize::from(sold_out));
        match (allocator, sold_out) {
            (Allocator::Platform, true) => assert_eq!(shop.live(10).location, MIDDLE),
            (Allocator::Platform, false) => assert_eq!(shop.live(10).location, FAR),
            (Allocator::App(_), _) => {
                assert_eq!(shop.unassigned(1, 10).unwrap().name(), "routing");
                assert_eq!(shop.told().matches("isv: allocate\n").count(), 2, "{}", shop.told());
            }
        }
    }
}

#[test]
fn a_target_that_lacks_the_units_is_refused_before_the_store_is_asked() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.stock(FAR, StockClass::Certain, 1);
    shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
    accept(&mut shop, 10, NEAR);
    let refused = shop.ask(&reallocate(&[10], Some(FAR), 7));
    assert_eq!(refused, Err(Refusal::InsufficientStock { wanted: 2, available: 1 }));
    assert_eq!(shop.live(10).state, AssignmentState::Accepted);
}

#[test]
fn a_denied_re_allocation_is_forgotten() {
    let mut shop = waiting(1, pos());
    shop.tell(&sync(10, NEAR, shop.now));
    accept(&mut shop, 10, NEAR);
    shop.tell(&reallocate(&[10], Some(FAR), 7));
    answer_cancel(&mut shop, 10, NEAR, false);
    assert_eq!(shop.live(10).state, AssignmentState::Accepted);
    // A refund that is confirmed later sends nothing there.
    shop.tell(&Command::SeeRefund(refund(10, 5, crate::order::refund::RefundStatus::Asked, shop.now)));
    answer_cancel(&mut shop, 10, NEAR, true);
    assert_eq!(shop.file(1).assignments.len(), 1);
    assert_eq!(shop.cell(FAR, StockClass::Certain).reserved, 0);
    // Nor does a later re-allocation without a target.
    let mut shop = waiting(1, pos());
    shop.tell(&sync(10, NEAR, shop.now));
    accept(&mut shop, 10, NEAR);
    shop.tell(&reallocate(&[10], Some(FAR), 7));
    answer_cancel(&mut shop, 10, NEAR, false);
    shop.tell(&reallocate(&[10], None, 8));
    answer_cancel(&mut shop, 10, NEAR, true);
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "routing", "the app is asked");
}

#[test]
fn a_refund_meanwhile_outranks_the_target() {
    let mut shop = waiting(1, pos());
    shop.tell(&sync(10, NEAR, shop.now));
    accept(&mut shop, 10, NEAR);
    shop.tell(&reallocate(&[10], Some(FAR), 7));
    shop.tell(&Command::SeeRefund(refund(10, 5, crate::order::refund::RefundStatus::Asked, shop.now)));
    answer_cancel(&mut shop, 10, NEAR, true);
    assert_eq!(shop.file(1).assignments[0].state, AssignmentState::Cancelled);
    assert_eq!(shop.file(1).assignments.len(), 1);
}

#[test]
fn nobody_takes_over_what_the_app_says_was_shipped() {
    let mut shop = waiting(2, pos());
    allocate_ends(&mut shop, "ALREADY_SHIPPED 订单已发货");
    assert_eq!(shop.raised, [ExceptionKind::AllocatorSaysShipped]);
    assert_eq!(shop.calls.last().unwrap().message, Message::QueryAllocation, "its own list may say where");
    shop.look(1, Millis::hours(1));
    assert_eq!(shop.file(1).trade.due_at, None, "no clock runs");
    let asks = |shop: &Shop| shop.calls.iter().filter(|call| call.message == Message::AskAllocation).count();
    assert_eq!((shop.file(1).assignments.len(), asks(&shop), shop.raised.len()), (0, 1, 1));
    // Its own result settles one line; the other still waits for somebody.
    shop.tell(&sync(10, NEAR, shop.now));
    let said = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&refusing(said, RefuseReason::Other));
    assert_eq!((asks(&shop), shop.unassigned(1, 10).unwrap().name()), (1, "routing"));
    // A person who has looked has it routed: the app is asked anew, and may be replaced.
    shop.tell(&reallocate(&[10, 11], None, 7));
    assert_eq!(asks(&shop), 2);
    shop.look(1, Millis::minutes(3));
    shop.look(1, Millis::minutes(3));
    assert_eq!((shop.live(10).allocated_by, shop.live(11).allocated_by), (AllocatedBy::Router, AllocatedBy::Router));
}

#[test]
fn a_person_may_give_to_a_place_what_the_app_says_was_shipped() {
    let mut shop = waiting(1, pos());
    allocate_ends(&mut shop, "order was shipped");
    shop.tell(&reallocate(&[10], Some(FAR), 7));
    assert_eq!((shop.live(10).location, &shop.file(1).trade.allocation), (FAR, &AllocationAsk::None));
}

#[test]
fn an_app_that_says_shipped_after_the_takeover_gets_its_task_and_the_store_keeps_the_order() {
    let mut shop = waiting(1, pos());
    shop.look(1, Millis::minutes(3));
    shop.look(1, Millis::minutes(3));
    assert_eq!(shop.live(10).allocated_by, AllocatedBy::Router);
    allocate_ends(&mut shop, "ALREADY_SHIPPED");
    assert_eq!(shop.raised, [ExceptionKind::AllocatorSaysShipped]);
    assert_eq!(shop.live(10).state, AssignmentState::Notified);
}

#[test]
fn a_result_moves_the_hold_by_itself_only_where_the_seller_wants_that() {
    // (auto_adjust, units at the place named, where the hold is then, whether that is a mismatch)
    let table = [(true, 5, FAR, false), (true, 0, NEAR, true), (false, 5, NEAR, true), (false, 0, NEAR, true)];
    for (auto_adjust, there, held_at, mismatch) in table {
        let mut shop = Shop::open(isv(), pos());
        shop.world.seller.settings.auto_adjust = auto_adjust;
        shop.stock(NEAR, StockClass::Certain, 9);
        shop.stock(FAR, StockClass::Certain, there);
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        shop.later(Millis::seconds(5));
        shop.tell(&sync(10, FAR, shop.now));
        let case = format!("auto_adjust {auto_adjust}, {there} there");
        assert_eq!((shop.live(10).location, &shop.live(10).state), (FAR, &AssignmentState::Notified), "{case}");
        let held = |shop: &Shop| shop.file(1).reservations.iter().map(|held| held.cell.location).collect::<Vec<_>>();
        assert_eq!(held(&shop), [held_at], "{case}");
        assert_eq!(
            (shop.raised.contains(&ExceptionKind::Mismatch), noted(&shop, Fact::Mismatch) == 1),
            (mismatch, mismatch)
        );

        // The app's own adjust brings it there, once the units are there.
        if there == 0 {
            shop.later(Millis::seconds(5));
            shop.stock_of(ARTICLE, FAR, StockClass::Certain, 1, BillKind::Excluded);
        }
        let adjust = AdjustHold {
            bill_num: BillNum("adjust".into()),
            tid: Tid(1),
            oid: Oid(10),
            target: FAR,
            goods: Goods::Article(ARTICLE),
            class: StockClass::Certain,
            quantity: 1,
            original: None,
            adjust_type: None,
            who: app("isv"),
        };
        shop.tell(&Command::AdjustHold(adjust));
        assert_eq!(held(&shop), [FAR], "{case}");
    }
}
