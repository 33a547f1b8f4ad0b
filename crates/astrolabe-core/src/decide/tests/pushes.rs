//! Who gets which trade into his database, and when: after the call it belongs to, and never before goods have left where
//! an app has no duty in the trade.

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::ids::*;
use crate::order::refund::RefundStatus;
use crate::outward::{Message, OutwardState, Receiver};
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::time::{Millis, Timestamp};

fn key(app: &str) -> AppKey {
    AppKey(app.into())
}

fn user(app: &str, history_days: Option<i64>) -> PushUser {
    PushUser {
        app: key(app),
        rds_name: "jdp".into(),
        history_days,
        topics: None,
        deleted: false,
        created: OPENING,
        modified: OPENING,
    }
}

/// A shop with one unit near, of which the named apps get trades pushed.
fn pushed(allocator: Allocator, acceptor: Acceptor, apps: &[&str]) -> Shop {
    let mut shop = Shop::open(allocator, acceptor);
    shop.stock(NEAR, StockClass::Certain, 9);
    for app in apps {
        shop.tell(&Command::RegisterPush(user(app, None)));
    }
    shop
}

/// The first attempt at the newest call to an app that a push follows.
fn first_attempt(shop: &Shop, app: &str, state: OutwardState, named: &[&str]) -> Command {
    let receiver = Receiver::App(key(app));
    let mut calls = shop.calls.iter().rev().filter(|call| call.receiver == receiver);
    let (call, after) = calls.find_map(|call| Some((call, PushedAfter::of(&call.message)?))).unwrap();
    let named = named.iter().map(|app| key(app)).collect();
    let first = FirstAttempt { id: call.id, tid: call.tid, state, app: key(app), call: after, named };
    Command::SettleFirst(Box::new(first))
}

fn delivered(shop: &Shop) -> OutwardState {
    OutwardState::Delivered { attempts: 1, at: shop.now }
}

fn timed_out(shop: &Shop) -> OutwardState {
    OutwardState::Pending { attempts: 1, next_at: shop.now, last_error: None }
}

/// The pushes since the last look.
fn pushes(shop: &mut Shop) -> Vec<String> {
    let told = shop.told();
    shop.calls.retain(|call| !matches!(call.receiver, Receiver::Rds(_)));
    told.lines().filter_map(|line| line.strip_prefix("database of ")).map(str::to_owned).collect()
}

#[test]
fn an_allocating_app_gets_the_trade_after_its_first_answer_or_time_out_and_with_each_new_record() {
    for answered in [true, false] {
        let mut shop = pushed(isv(), Acceptor::Keeper, &["isv", "erp"]);
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        assert_eq!((shop.told().as_str(), pushes(&mut shop)), ("isv: allocate", vec![]));
        let state = if answered { delivered(&shop) } else { timed_out(&shop) };
        let settle = first_attempt(&shop, "isv", state, &[]);
        shop.tell(&settle);
        assert_eq!(pushes(&mut shop), ["isv: trade"], "answered: {answered}");
        shop.tell(&sync(10, NEAR, shop.now));
        assert_eq!(pushes(&mut shop), ["isv: trade"], "the record is new");
        shop.tell(&sync(10, WAREHOUSE, shop.now));
        assert_eq!(pushes(&mut shop), ["isv: trade"], "another store's, the old one withdrawn");
    }
}

#[test]
fn the_answer_names_databases_of_this_seller_alone_and_they_go_on_getting_the_trade() {
    let mut shop = pushed(isv(), Acceptor::Keeper, &["isv", "sister"]);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let settle = first_attempt(&shop, "isv", delivered(&shop), &["sister", "stranger"]);
    shop.tell(&settle);
    assert_eq!(pushes(&mut shop), ["sister: trade"]);
    shop.tell(&sync(10, NEAR, shop.now));
    assert_eq!(pushes(&mut shop), ["isv: trade", "sister: trade"]);

    let mut shop = pushed(isv(), Acceptor::Keeper, &["isv"]);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let settle = first_attempt(&shop, "isv", delivered(&shop), &["stranger"]);
    shop.tell(&settle);
    assert_eq!(pushes(&mut shop), ["isv: trade"], "nobody named is registered: its own");
}

#[test]
fn the_pos_app_is_told_first_and_others_see_the_trade_once_goods_have_left() {
    let mut shop = pushed(Allocator::Platform, pos(), &["pos", "erp"]);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(pushes(&mut shop), Vec::<String>::new());
    let settle = first_attempt(&shop, "pos", delivered(&shop), &["erp"]);
    shop.tell(&settle);
    assert_eq!(pushes(&mut shop), ["pos: trade"], "answers to other calls name nobody");
    shop.later(Millis::minutes(1));
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(pushes(&mut shop), ["pos: trade"], "the channel changed it");
    let said = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(said.clone()));
    assert_eq!(pushes(&mut shop), Vec::<String>::new());
    shop.tell(&shipping(said, shipment("SF1", shop.now)));
    assert_eq!(pushes(&mut shop), ["erp: trade", "pos: trade"]);
}

#[test]
fn what_a_store_brings_itself_has_left_too() {
    let mut shop = pushed(Allocator::Platform, Acceptor::Keeper, &["erp"]);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.tell(&Command::Accept(answer(10, NEAR, keeper(NEAR), shop.now)));
    assert_eq!(pushes(&mut shop), Vec::<String>::new());
    let fresh = super::pickups::code("555");
    let parcel = shipment("1-1", shop.now);
    shop.tell(&Command::SetOut(SetOut { tid: Tid(1), store: NEAR, shipment: parcel, fresh, who: keeper(NEAR) }));
    assert_eq!(pushes(&mut shop), ["erp: trade"]);
}

#[test]
fn a_refund_told_before_its_ordinary_trade_goes_with_it() {
    let mut shop = pushed(Allocator::Platform, pos(), &["erp"]);
    shop.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Asked, shop.now)));
    assert_eq!(pushes(&mut shop), Vec::<String>::new(), "nobody knows yet whose it is");
    shop.later(Millis::minutes(1));
    shop.tell(&seen(paid(1, &[(PLAIN_ITEM, 1)], shop.now)));
    assert_eq!(pushes(&mut shop), ["erp: refund 5", "erp: trade"]);
}

#[test]
fn ordinary_trades_go_to_everybody_registered_and_unpaid_or_self_operated_ones_to_nobody() {
    let mut shop = pushed(Allocator::Platform, pos(), &["pos", "erp"]);
    let mut trade = paid(1, &[(PLAIN_ITEM, 1)], shop.now);
    trade.payment = crate::order::trade::TradePayment::Awaited;
    shop.tell(&seen(trade));
    assert_eq!(pushes(&mut shop), Vec::<String>::new());
    shop.later(Millis::minutes(1));
    shop.tell(&seen(paid(1, &[(PLAIN_ITEM, 1)], shop.now)));
    assert_eq!(pushes(&mut shop), ["erp: trade", "pos: trade"]);
    shop.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Asked, shop.now)));
    assert_eq!(pushes(&mut shop), ["erp: refund 5", "pos: refund 5"]);
    let mut own = paid(2, &[(ITEM, 1)], shop.now);
    own.self_operated = true;
    shop.tell(&seen(own));
    assert_eq!(pushes(&mut shop), Vec::<String>::new());
}

#[test]
fn a_refund_is_told_and_then_pushed() {
    let mut shop = pushed(Allocator::Platform, pos(), &["pos", "erp"]);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let settle = first_attempt(&shop, "pos", delivered(&shop), &[]);
    shop.tell(&settle);
    pushes(&mut shop);
    shop.tell(&Command::SeeRefund(refund(10, 5, RefundStatus::Asked, shop.now)));
    assert!(!pushes(&mut shop).contains(&"pos: refund 5".to_owned()), "the call comes first");
    let settle = first_attempt(&shop, "pos", timed_out(&shop), &[]);
    shop.tell(&settle);
    assert_eq!(pushes(&mut shop), ["pos: refund 5"]);
}

#[test]
fn without_a_registration_there_is_no_row_and_a_deleted_one_is_none() {
    let mut shop = pushed(isv(), pos(), &[]);
    shop.tell(&Command::RegisterPush(user("isv", None)));
    shop.tell(&Command::UnregisterPush { app: key("isv") });
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let settle = first_attempt(&shop, "isv", delivered(&shop), &["isv"]);
    shop.tell(&settle);
    shop.tell(&sync(10, NEAR, shop.now));
    assert_eq!(pushes(&mut shop), Vec::<String>::new());
    assert!(shop.world.push_users()[&key("isv")].deleted);
}

#[test]
fn a_new_registration_gets_history_once_bit_by_bit_and_only_what_it_may_have() {
    let mut shop = pushed(Allocator::Platform, pos(), &[]);
    for tid in 1..=450 {
        shop.later(Millis(1));
        shop.tell(&seen(paid(tid, &[(PLAIN_ITEM, 1)], shop.now)));
    }
    shop.tell(&seen(paid(500, &[(ITEM, 1)], shop.now)));
    let mut old = paid(501, &[(PLAIN_ITEM, 1)], OPENING);
    old.modified = Timestamp(OPENING.0 - Millis::hours(100).0);
    shop.tell(&seen(old));
    let command = Command::RegisterPush(user("erp", Some(3)));
    shop.tell(&command);
    shop.work_off();
    let told = pushes(&mut shop);
    assert_eq!(told.len(), 450, "the omnichannel trade and the old one are left out");
    assert!(told.iter().all(|push| push == "erp: trade"));
    shop.later(Millis::minutes(1));
    shop.tell(&command);
    assert_eq!((shop.rows, shop.work.len()), (0, 0), "the same again changes nothing");
}

#[test]
fn pushes_of_one_group_that_say_the_same_are_one() {
    let mut shop = pushed(Allocator::Platform, pos(), &["erp"]);
    let trade = paid(1, &[(PLAIN_ITEM, 1)], shop.now);
    shop.world.load(&crate::world::Names { tids: [Tid(1)].into(), ..Default::default() }, Default::default());
    for later in 0..3 {
        let mut trade = trade.clone();
        trade.modified = shop.now + Millis(later);
        crate::decide::decide(&mut shop.world, &seen(trade), shop.now).unwrap();
    }
    let left = shop.world.take_changes().outward;
    assert_eq!(left.iter().filter(|call| call.message == Message::PushTrade).count(), 1);
}
