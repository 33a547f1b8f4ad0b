//! Pickups from payment to the counter: who gets a code, what it opens, and where the hold is meanwhile.

use crate::command::{Address, Command, HandoverPlace, Reallocate, RefuseReason, StoreAnswer, UseCode};
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::goods::Component;
use crate::ids::{HandoverCode, LocationId, Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::refund::RefundStatus;
use crate::order::timeline::Actor;
use crate::order::trade::Delivery;
use crate::refusal::Refusal;
use crate::seller::{Allocator, ReturnPolicy};
use crate::service_settings::{DeliveryRules, ServiceChange};
use crate::stock::book::DiscrepancyKind;
use crate::stock::cell::StockClass;
use crate::time::Millis;

const COUNTER: HandoverPlace = HandoverPlace::Counter;
pub(super) const DOOR: HandoverPlace = HandoverPlace::Door;

pub(super) fn code(digits: &str) -> HandoverCode {
    HandoverCode::of(digits)
}

/// A paid trade to be collected at the far store, sub-orders tid × 10 + position.
fn collect_at_far(tid: i64, lines: &[(crate::ids::ItemId, i64)], shop: &Shop) -> Command {
    let mut trade = paid(tid, lines, shop.now);
    for line in &mut trade.lines {
        line.delivery = Delivery::Pickup { store: FAR };
    }
    seen(trade)
}

/// A shop whose POS accepts, and a pickup of one unit in the far store.
fn offered() -> Shop {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(FAR, StockClass::Certain, 2);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.stock(MIDDLE, StockClass::Certain, 5);
    let trade = collect_at_far(1, &[(ITEM, 1)], &shop);
    shop.tell(&trade);
    shop
}

fn confirm(oid: i64, fresh: &str, shop: &Shop) -> Command {
    Command::ConfirmPickup { answer: answer(oid, FAR, app("pos"), shop.now), fresh: code(fresh) }
}

fn confirmed() -> Shop {
    let mut shop = offered();
    let command = confirm(10, "111", &shop);
    shop.tell(&command);
    shop
}

pub(super) fn show(tid: i64, digits: &str, place: HandoverPlace, who: Actor, shop: &Shop) -> Command {
    Command::UseCode(UseCode { tid: Tid(tid), code: code(digits), place, who, happened: shop.now })
}

fn at_counter(tid: i64, digits: &str, shop: &Shop) -> Command {
    show(tid, digits, COUNTER, app("pos"), shop)
}

fn transfer(oid: i64, shop: &Shop) -> Command {
    Command::StartTransfer(answer(oid, FAR, app("pos"), shop.now))
}

fn brought(oid: i64, fresh: &str, shop: &Shop) -> Command {
    Command::ReceiveTransfer { answer: answer(oid, FAR, app("pos"), shop.now), fresh: code(fresh) }
}

pub(super) fn clerk(name: &str) -> Actor {
    Actor::App { key: crate::ids::AppKey("pos".into()), operator: name.into(), via: crate::order::timeline::Via::Other }
}

pub(super) fn state(shop: &Shop, oid: i64) -> AssignmentState {
    let file = shop.file(oid / 10);
    file.assignments.iter().rfind(|given| given.oid == Oid(oid)).expect("was allocated").state.clone()
}

/// (on hand, reserved, unreported) of the certain stock.
pub(super) fn balances(shop: &Shop, at: LocationId) -> (i64, i64, i64) {
    let cell = shop.cell(at, StockClass::Certain);
    (cell.on_hand, cell.reserved, cell.unreported)
}

#[test]
fn a_pickup_is_confirmed_and_collected_and_every_step_may_be_said_twice() {
    let mut shop = offered();
    let steps = [confirm(10, "111", &shop), at_counter(1, "111", &shop)];
    for step in steps {
        shop.tell(&step);
        shop.later(Millis::seconds(1));
        shop.tell(&step);
        assert_eq!(shop.rows, 0, "{} again writes nothing", step.name());
    }
    assert_eq!(
        shop.story(),
        "Paid by channel\n\
         Allocated 10 at 3 by platform\n\
         Confirmed 10 at 3 by pos\n\
         Collected 10 at 3 by pos"
    );
    assert_eq!(shop.told(), "pos: allocations 10@3\nchannel: code 111 of 3\nchannel: consign ");
    assert_eq!(balances(&shop, FAR), (1, 0, 1));
    assert_eq!(shop.file(1).trade.due_at, None);
    assert_eq!(shop.raised, vec![]);
}

#[test]
fn the_guard_goes_when_the_store_confirms() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(FAR, StockClass::Uncertain, 1);
    shop.stock(NEAR, StockClass::Certain, 1);
    let trade = collect_at_far(1, &[(ITEM, 1)], &shop);
    shop.tell(&trade);
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 1, "it stands behind the uncertain unit");
    let command = confirm(10, "111", &shop);
    shop.tell(&command);
    assert_eq!(shop.cell(NEAR, StockClass::Certain).reserved, 0);
    assert_eq!(shop.cell(FAR, StockClass::Uncertain).reserved, 1);
}

#[test]
fn a_code_opens_its_own_goods_once() {
    let mut shop = confirmed();
    let trade = collect_at_far(2, &[(ITEM, 1)], &shop);
    shop.tell(&trade);
    let tid = Tid(1);
    let table = [
        (at_counter(1, "999", &shop), Refusal::HandoverCodeNotFound { tid }),
        (show(1, "111", DOOR, app("pos"), &shop), Refusal::HandoverCodeNotFound { tid }),
        (at_counter(2, "111", &shop), Refusal::NotReadyToCollect { oid: Oid(20) }),
    ];
    for (command, expected) in table {
        assert_eq!(shop.ask(&command), Err(expected));
    }
    for stranger in [app("isv"), keeper(FAR)] {
        let command = show(1, "111", COUNTER, stranger, &shop);
        assert!(matches!(shop.ask(&command), Err(Refusal::NotYours { .. })));
    }
    let first = show(1, "111", COUNTER, clerk("Wang"), &shop);
    shop.tell(&first);
    shop.tell(&first);
    let other = show(1, "111", COUNTER, clerk("Li"), &shop);
    assert_eq!(shop.ask(&other), Err(Refusal::HandoverCodeUsed { tid }));
}

#[test]
fn sub_orders_of_one_store_share_a_code_until_it_is_used() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(FAR, StockClass::Certain, 9);
    let trade = collect_at_far(1, &[(ITEM, 1), (ITEM, 2), (ITEM, 3)], &shop);
    shop.tell(&trade);
    let commands = [confirm(10, "111", &shop), confirm(11, "222", &shop), at_counter(1, "111", &shop)];
    for command in &commands {
        shop.tell(command);
    }
    assert_eq!([10, 11, 12].map(|oid| state(&shop, oid).name()), ["collected", "collected", "notified"]);
    let late = confirm(12, "333", &shop);
    shop.tell(&late);
    assert!(shop.ask(&at_counter(1, "222", &shop)).is_err(), "it was never issued");
    assert_eq!(
        shop.ask(&show(1, "111", COUNTER, clerk("Li"), &shop)),
        Err(Refusal::HandoverCodeUsed { tid: Tid(1) }),
        "a used code does not open what became ready later"
    );
    let last = at_counter(1, "333", &shop);
    shop.tell(&last);
    assert_eq!(balances(&shop, FAR), (3, 0, 6));
    let codes: Vec<_> = shop.told().lines().filter(|line| line.contains(": code")).map(str::to_owned).collect();
    assert_eq!(codes, ["channel: code 111 of 3", "channel: code 333 of 3"]);
}

#[test]
fn one_call_confirms_at_one_store() {
    let mut shop = offered();
    let mut trade = paid(2, &[(ITEM, 1), (ITEM, 1)], shop.now);
    trade.lines[0].delivery = Delivery::Pickup { store: FAR };
    trade.lines[1].delivery = Delivery::Pickup { store: NEAR };
    shop.tell(&seen(trade));
    let mut said = answer(20, FAR, app("pos"), shop.now);
    said.address = crate::command::Address::Lines(vec![(Oid(20), FAR), (Oid(21), NEAR)]);
    let command = Command::ConfirmPickup { answer: said, fresh: code("111") };
    assert!(matches!(shop.ask(&command), Err(Refusal::NotAllocatedThere { .. })));
}

#[test]
fn a_store_without_goods_has_them_brought_from_the_nearest_place() {
    let mut shop = offered();
    let command = transfer(10, &shop);
    shop.tell(&command);
    shop.tell(&command);
    assert_eq!((shop.live(10).location, state(&shop, 10)), (FAR, AssignmentState::Transferring));
    assert_eq!([FAR, MIDDLE, NEAR].map(|at| balances(&shop, at).1), [0, 1, 0], "MIDDLE is the nearest to FAR");
    assert_eq!(shop.ask(&at_counter(1, "111", &shop)), Err(Refusal::NotReadyToCollect { oid: Oid(10) }));

    // The place it comes from falls short: a pickup is never taken away by that.
    shop.stock_of(ARTICLE, MIDDLE, StockClass::Certain, -5, crate::command::BillKind::Excluded);
    shop.work_off();
    assert_eq!((state(&shop, 10), balances(&shop, MIDDLE)), (AssignmentState::Transferring, (0, 1, 0)));

    shop.stock_of(ARTICLE, FAR, StockClass::Certain, 1, crate::command::BillKind::Excluded);
    let command = brought(10, "111", &shop);
    shop.tell(&command);
    shop.tell(&command);
    assert_eq!([FAR, MIDDLE].map(|at| balances(&shop, at)), [(3, 1, 0), (0, 0, 0)]);
    let command = at_counter(1, "111", &shop);
    shop.tell(&command);
    assert_eq!(balances(&shop, FAR), (2, 0, 1));
    assert!(shop.story().ends_with(
        "TransferStarted 10 at 3 by pos\n\
         TransferArrived 10 at 3 by pos\n\
         Confirmed 10 at 3 by pos\n\
         Collected 10 at 3 by pos"
    ));
}

#[test]
fn goods_that_the_stores_stock_does_not_show_stay_held_where_they_came_from() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(FAR, StockClass::Certain, 1);
    shop.stock(NEAR, StockClass::Certain, 1);
    let trade = collect_at_far(1, &[(ITEM, 1)], &shop);
    shop.tell(&trade);
    let command = transfer(10, &shop);
    shop.tell(&command);
    // The last unit of the store goes over the counter.
    shop.stock_of(ARTICLE, FAR, StockClass::Certain, -1, crate::command::BillKind::Excluded);
    let command = brought(10, "111", &shop);
    shop.tell(&command);
    assert_eq!([FAR, NEAR].map(|at| balances(&shop, at)), [(0, 0, 0), (1, 1, 0)]);
    let kinds: Vec<_> = shop.discrepancies.iter().map(|found| (found.kind, found.cell.location)).collect();
    assert_eq!(kinds, [(DiscrepancyKind::TransferUnseen, FAR)]);
    let command = at_counter(1, "111", &shop);
    shop.tell(&command);
    assert_eq!(balances(&shop, NEAR), (0, 0, 1), "collected where the hold is");
}

#[test]
fn a_transfer_that_nothing_can_feed_is_refused_and_changes_nothing() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(FAR, StockClass::Certain, 2);
    let trade = collect_at_far(1, &[(ITEM, 2)], &shop);
    shop.tell(&trade);
    let command = transfer(10, &shop);
    assert!(matches!(shop.ask(&command), Err(Refusal::InsufficientStock { wanted: 2, .. })));
    assert_eq!((state(&shop, 10), balances(&shop, FAR)), (AssignmentState::Notified, (2, 2, 0)));
}

#[test]
fn a_refused_pickup_waits_for_a_choice_and_each_choice_can_be_made() {
    let refused = || {
        let mut shop = offered();
        let said = answer(10, FAR, app("pos"), shop.now);
        shop.tell(&refusing(said, RefuseReason::Other));
        assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable", "never a delivery by itself");
        assert_eq!(shop.raised, [ExceptionKind::PickupChoice]);
        shop
    };
    let go_to = |shop: &Shop, target| {
        Command::Reallocate(Reallocate {
            tid: Tid(1),
            sub_orders: vec![Oid(10)],
            target,
            who: operator(),
            request: shop.now.0,
            force: false,
        })
    };
    // A transfer, reported after the refusal as the white paper has it: a new assignment of the same store.
    let mut shop = refused();
    let command = transfer(10, &shop);
    shop.tell(&command);
    shop.tell(&command);
    assert_eq!((shop.live(10).location, state(&shop, 10)), (FAR, AssignmentState::Transferring));
    shop.later(Millis::seconds(1));
    let said = answer(10, FAR, app("pos"), shop.now);
    shop.tell(&refusing(said, RefuseReason::Other));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable", "and that may fail too");
    // The same by hand.
    let mut shop = refused();
    shop.stock_of(ARTICLE, FAR, StockClass::Certain, -2, crate::command::BillKind::Excluded);
    let command = go_to(&shop, Some(FAR));
    shop.tell(&command);
    assert_eq!((shop.live(10).location, state(&shop, 10)), (FAR, AssignmentState::Transferring));
    // Another store.
    let mut shop = refused();
    let command = go_to(&shop, Some(WAREHOUSE));
    assert!(matches!(shop.ask(&command), Err(Refusal::WrongLocationKind { .. })));
    let command = go_to(&shop, Some(NEAR));
    shop.tell(&command);
    assert_eq!((shop.live(10).location, state(&shop, 10)), (NEAR, AssignmentState::Notified));
    assert!(shop.live(10).pickup);
    // The money back.
    let mut shop = refused();
    shop.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Asked, shop.now)));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "cancelled");
    let reserved = [NEAR, MIDDLE, FAR].map(|at| balances(&shop, at).1);
    assert_eq!(reserved, [0, 0, 0]);
}

#[test]
fn only_the_buyers_word_takes_a_pickup_to_another_store() {
    let ask = |shop: &Shop, target, force| {
        Command::Reallocate(Reallocate {
            tid: Tid(1),
            sub_orders: vec![Oid(10)],
            target,
            who: operator(),
            request: shop.now.0,
            force,
        })
    };
    let mut shop = offered();
    let chosen = Refusal::StoreWasChosen { oid: Oid(10), store: FAR };
    assert_eq!(shop.ask(&ask(&shop, None, true)), Err(chosen));
    let mut shop = confirmed();
    assert!(matches!(shop.ask(&ask(&shop, Some(NEAR), false)), Err(Refusal::IllegalMove { .. })));
    let command = ask(&shop, Some(NEAR), true);
    shop.tell(&command);
    assert_eq!((shop.live(10).location, state(&shop, 10)), (NEAR, AssignmentState::Notified));
    let refused = shop.ask(&at_counter(1, "111", &shop));
    assert!(matches!(refused, Err(Refusal::OfferWithdrawn { .. })), "{refused:?}");
}

#[test]
fn an_allocating_app_has_no_say_in_a_pickup() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(FAR, StockClass::Certain, 1);
    shop.stock(NEAR, StockClass::Certain, 1);
    let trade = collect_at_far(1, &[(ITEM, 1)], &shop);
    shop.tell(&trade);
    assert_eq!(shop.told(), "pos: allocations 10@3", "the app is not asked");
    let elsewhere = sync(10, NEAR, shop.now);
    assert_eq!(shop.ask(&elsewhere), Err(Refusal::StoreWasChosen { oid: Oid(10), store: FAR }));
    let same = sync(10, FAR, shop.now);
    shop.tell(&same);
    assert_eq!(shop.rows, 0);
    let said = answer(10, FAR, app("pos"), shop.now);
    shop.tell(&refusing(said, RefuseReason::Other));
    shop.look(1, Millis::hours(1));
    assert!(!shop.told().contains("isv"), "nor is it told, nor asked after the refusal: {}", shop.told());
}

#[test]
fn a_refund_before_the_counter_stops_the_pickup_and_cannot_be_denied() {
    for stage in ["notified", "transferring", "confirmed"] {
        let mut shop = if stage == "confirmed" { confirmed() } else { offered() };
        if stage == "transferring" {
            let command = transfer(10, &shop);
            shop.tell(&command);
        }
        shop.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Asked, shop.now)));
        assert_eq!(state(&shop, 10).name(), "cancel_requested", "{stage}");
        let stands = Refusal::CancelStands { oid: Oid(10) };
        let command = if stage == "confirmed" { at_counter(1, "111", &shop) } else { confirm(10, "222", &shop) };
        assert_eq!(shop.ask(&command), Err(stands), "{stage}");
        let said = answer(10, FAR, app("pos"), shop.now);
        let deny = Command::AnswerCancel { answer: said.clone(), confirmed: false, refund: None };
        assert!(matches!(shop.ask(&deny), Err(Refusal::IllegalMove { .. })), "{stage}");

        let mut lifted = shop.clone();
        lifted.later(Millis::seconds(1));
        lifted.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Withdrawn, lifted.now)));
        assert_eq!(state(&lifted, 10).name(), stage);

        shop.tell(&Command::AnswerCancel { answer: said, confirmed: true, refund: None });
        assert_eq!(state(&shop, 10), AssignmentState::Cancelled, "{stage}");
        let reserved = [NEAR, MIDDLE, FAR].map(|at| balances(&shop, at).1);
        assert_eq!(reserved, [0, 0, 0], "{stage}");
        let late = shop.ask(&at_counter(1, "111", &shop));
        assert!(late.is_err(), "{stage}: {late:?}");
    }
}

#[test]
fn a_refund_after_the_counter_is_a_return() {
    let mut shop = confirmed();
    shop.world.seller.settings.returns = ReturnPolicy::Restock;
    let command = at_counter(1, "111", &shop);
    shop.tell(&command);
    shop.later(Millis::seconds(1));
    let asked = refund(10, 5, RefundStatus::Asked, shop.now);
    shop.tell(&Command::SeeRefund(crate::command::SeenRefund { has_good_return: true, ..asked }));
    assert_eq!(state(&shop, 10).name(), "return_requested");
    let said = answer(10, FAR, app("pos"), shop.now);
    shop.tell(&Command::ReceiveReturn(said));
    assert_eq!(state(&shop, 10), AssignmentState::Returned);
    assert_eq!(balances(&shop, FAR), (2, 0, 0), "back on the shelf it left from");
}

#[test]
fn a_silent_store_loses_the_pickup_to_a_choice_and_wins_it_back_by_confirming() {
    let mut shop = offered();
    shop.look(1, Millis::minutes(31));
    assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable");
    assert_eq!(shop.raised, [ExceptionKind::PickupChoice]);
    let command = confirm(10, "111", &shop);
    shop.tell(&command);
    assert_eq!((state(&shop, 10), shop.unassigned(1, 10)), (AssignmentState::Confirmed, None));
    let command = at_counter(1, "111", &shop);
    shop.tell(&command);
    assert_eq!(balances(&shop, FAR), (1, 0, 1));
}

#[test]
fn no_clock_takes_what_lies_ready_and_a_slow_transfer_is_an_exception() {
    let mut shop = confirmed();
    let mut shop2 = offered();
    let command = transfer(10, &shop2);
    shop2.tell(&command);
    shop2.look(1, Millis::hours(49));
    assert_eq!((state(&shop2, 10), shop2.raised.len()), (AssignmentState::Transferring, 1));
    assert_eq!(shop2.raised, [ExceptionKind::TransferLate]);
    shop.look(1, Millis::hours(7 * 24));
    assert_eq!((state(&shop, 10), &shop.raised[..]), (AssignmentState::Confirmed, &[ExceptionKind::CollectLate][..]));
}

#[test]
fn deliveries_and_pickups_do_not_take_each_others_words() {
    let mut shop = offered();
    let delivery = seen(paid(2, &[(ITEM, 1)], shop.now));
    shop.tell(&delivery);
    let near = shop.live(20).location;
    let said = answer(10, FAR, app("pos"), shop.now);
    let of_delivery = answer(20, near, app("pos"), shop.now);
    let commands = [
        Command::Accept(said.clone()),
        shipping(said, shipment("SF1", shop.now)),
        Command::ConfirmPickup { answer: of_delivery.clone(), fresh: code("111") },
        Command::StartTransfer(of_delivery.clone()),
        Command::ReceiveTransfer { answer: of_delivery, fresh: code("111") },
    ];
    for command in commands {
        assert!(matches!(shop.ask(&command), Err(Refusal::IllegalMove { .. })), "{}", command.name());
    }
}

#[test]
fn the_store_of_a_pickup_holds_a_kit_whole() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    for (at, units) in [(FAR, 1), (NEAR, 2)] {
        shop.stock(at, StockClass::Certain, units);
        shop.stock_of(OTHER_ARTICLE, at, StockClass::Certain, units * 2, crate::command::BillKind::Initial);
    }
    let trade = collect_at_far(1, &[(KIT_ITEM, 1)], &shop);
    shop.tell(&trade);
    let command = transfer(10, &shop);
    shop.tell(&command);
    let file = shop.file(1);
    let held: Vec<_> =
        file.reservations.iter().map(|held| (held.cell.location, held.cell.sc_item, held.units)).collect();
    let components: Vec<Component> = file.trade.sub_orders[0].components.clone();
    assert_eq!(held.len(), components.len());
    for component in components {
        assert!(held.contains(&(NEAR, component.sc_item, component.per_unit)), "{held:?}");
    }
}

#[test]
fn a_refused_pickup_is_brought_from_where_its_last_units_are_held() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(FAR, StockClass::Certain, 1);
    shop.stock(MIDDLE, StockClass::Certain, 1);
    let trade = collect_at_far(1, &[(ITEM, 1)], &shop);
    shop.tell(&trade);
    let said = answer(10, FAR, app("pos"), shop.now);
    shop.tell(&refusing(said, RefuseReason::NoGoods));
    assert_eq!([FAR, MIDDLE].map(|at| balances(&shop, at).1), [0, 1], "it waits with the last unit there is");
    let command = transfer(10, &shop);
    shop.tell(&command);
    assert_eq!(state(&shop, 10), AssignmentState::Transferring);
    assert_eq!([FAR, MIDDLE].map(|at| balances(&shop, at).1), [0, 1]);
}

#[test]
fn what_a_place_is_offered_does_not_matter_for_fetching_goods_there() {
    let shut = [
        ServiceChange::Switches { delivers: false, hands_out: false },
        ServiceChange::Delivery(DeliveryRules { threshold: Some(0), ..DeliveryRules::default() }),
    ];
    for change in shut {
        let mut shop = offered();
        shop.tell(&Command::SetService { location: MIDDLE, change });
        let command = transfer(10, &shop);
        shop.tell(&command);
        assert_eq!([MIDDLE, NEAR].map(|at| balances(&shop, at).1), [1, 0], "MIDDLE is the nearest to FAR");
    }
}

#[test]
fn a_pickup_that_holds_units_elsewhere_is_offered_once_the_chosen_store_has_them() {
    for allocator in [Allocator::Platform, isv()] {
        let mut shop = Shop::open(allocator, pos());
        shop.stock(NEAR, StockClass::Certain, 1);
        let trade = collect_at_far(1, &[(ITEM, 1)], &shop);
        shop.tell(&trade);
        assert_eq!((shop.unassigned(1, 10).unwrap().name(), balances(&shop, NEAR).1), ("unfillable", 1));
        shop.stock(FAR, StockClass::Certain, 1);
        shop.work_off();
        assert_eq!((shop.live(10).location, balances(&shop, NEAR).1), (FAR, 0));
    }
}

#[test]
fn a_refusal_that_comes_again_does_not_undo_the_transfer_that_followed_it() {
    let mut shop = offered();
    let untimed = |shop: &Shop| StoreAnswer { timed: false, ..answer(10, FAR, app("pos"), shop.now) };
    let refuse = refusing(untimed(&shop), RefuseReason::NoGoods);
    shop.tell(&refuse);
    shop.later(Millis::seconds(2));
    let fetch = transfer(10, &shop);
    shop.tell(&fetch);
    shop.later(Millis::seconds(2));
    let again = refusing(untimed(&shop), RefuseReason::NoGoods);
    shop.tell(&again);
    assert_eq!((shop.rows, state(&shop, 10)), (0, AssignmentState::Transferring));
    // Said with its time, or of this very allocation, it is a new refusal.
    let mut by_code = shop.clone();
    let address = Address::Code(shop.live(10).code, vec![]);
    by_code.tell(&refusing(StoreAnswer { address, ..untimed(&shop) }, RefuseReason::Other));
    assert_eq!(state(&by_code, 10), AssignmentState::Refused);
    let said = answer(10, FAR, app("pos"), shop.now);
    shop.tell(&refusing(said, RefuseReason::Other));
    assert_eq!(state(&shop, 10), AssignmentState::Refused);
}

#[test]
fn an_allocating_app_hears_of_no_pickups_refund() {
    let mut shop = Shop::open(isv(), pos());
    shop.stock(FAR, StockClass::Certain, 2);
    let trade = collect_at_far(1, &[(ITEM, 1)], &shop);
    shop.tell(&trade);
    shop.calls.clear();
    shop.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Asked, shop.now)));
    shop.later(Millis::seconds(1));
    shop.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Withdrawn, shop.now)));
    assert_eq!(shop.told(), "pos: refund withdrawn=false\npos: refund withdrawn=true");
}
