//! A store's settings over the wire: what is told reads back, what is wrong is named, and the next trade obeys.

use std::sync::Arc;

use astrolabe_core::ids::SellerId;
use astrolabe_protocol::client::{ClientError, Shape};
use astrolabe_protocol::{Answer, Fields};
use astrolabe_server::app::{App, Clock, Limits};
use astrolabe_server::declare;
use astrolabe_store::StoreTarget;

use crate::merchant::{Caller, Merchant, NEIGHBOUR};

const GET_DELIVERY: &str = "taobao.omniorder.store.deliverconfig.get";
const SET_DELIVERY: &str = "taobao.omniorder.store.deliverconfig.update";
const GET_PICKUP: &str = "taobao.omniorder.store.collectconfig.get";
const SET_PICKUP: &str = "taobao.omniorder.store.collectconfig.update";
const GET_SWITCHES: &str = "taobao.omniorder.store.switchstatus.get";
const SET_SWITCHES: &str = "taobao.omniorder.store.switchstatus.update";

const TWO_RANGES: &str = r#"[{"startTime":"08:40","endTime":"12:20"},{"startTime":"18:00","endTime":"02:00"}]"#;
/// 2026-03-02 10:00 in Shanghai.
const TEN: i64 = 1_772_416_800_000;
const HOUR_MS: i64 = 3_600_000;

/// A top form is all that these methods have.
const SHAPES: [Shape; 2] = [Shape::TopJson, Shape::TopXml];

fn of(store: i64) -> Fields {
    Fields::new().with("store_id", store)
}

fn delivery(store: i64, config: Fields) -> Fields {
    of(store).with("store_deliver_config", config)
}

fn pickup(store: i64, config: Fields) -> Fields {
    of(store).with("store_collect_config", config)
}

fn campaign(config: Fields, starts: &str, ends: &str) -> Fields {
    config.with("activity", true).with("activity_start_time", starts).with("activity_end_time", ends)
}

/// The record in an answer, one `name=value` a field that is there and not empty.
fn told(answer: &Answer) -> Vec<String> {
    let Ok(Some(data)) = answer.fields().opt_structure("data") else { return Vec::new() };
    data.iter().map(|(name, value)| format!("{name}={}", astrolabe_protocol::json::write(value))).collect()
}

fn why(result: Result<Answer, ClientError>) -> (String, String) {
    match result {
        Err(ClientError::Refused { sub_code, message, .. }) => (sub_code.unwrap_or_default(), message),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_reads_back_and_the_campaign_is_a_record_of_its_own() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    for shape in SHAPES {
        let call = async |name: &'static str, fields: Fields| {
            let answer = merchant.call_as(Caller::Erp, shape, name, &fields).await;
            let answer = answer.unwrap_or_else(|error| panic!("{name} {shape:?}: {error}"));
            assert_eq!(answer.failure_code(), None, "{name} {shape:?}");
            answer
        };
        let nothing = told(&call(GET_DELIVERY, of(store)).await);
        assert!(nothing.contains(&"priority=0".to_owned()), "{nothing:?}");

        let usual = Fields::new()
            .with("working_time", "09:00-21:00")
            .with("dispatch_time_range", TWO_RANGES)
            .with("priority", 3)
            .with("deliver_threshold", 120);
        call(SET_DELIVERY, delivery(store, usual)).await;
        let busy = campaign(Fields::new().with("deliver_threshold", 900), "2026-11-11 00:00:00", "2026-11-11 23:59:59");
        call(SET_DELIVERY, delivery(store, busy)).await;
        call(SET_PICKUP, pickup(store, Fields::new().with("collect_threshold", 0))).await;

        let ranges = astrolabe_protocol::json::write(&TWO_RANGES.into());
        let usual = told(&call(GET_DELIVERY, of(store).with("activity", false)).await);
        let range = format!("dispatch_time_range={ranges}");
        for member in ["working_time=\"09:00-21:00\"", &range, "priority=3", "deliver_threshold=120", "activity=false"]
        {
            assert!(usual.contains(&member.to_owned()), "{member} in {usual:?}");
        }
        let busy = told(&call(GET_DELIVERY, of(store).with("activity", true)).await);
        for member in ["deliver_threshold=900", "activity=true", "activity_end_time=\"2026-11-11 23:59:59\""] {
            assert!(busy.contains(&member.to_owned()), "{member} in {busy:?}");
        }
        let counted = told(&call(GET_PICKUP, of(store)).await);
        assert!(counted.contains(&"collect_threshold=0".to_owned()), "{counted:?}");
        assert_eq!(told(&call(GET_PICKUP, of(store).with("activity", true)).await), Vec::<String>::new());

        for status in ["storeCollect", "none", "storeDeliver,storeCollect"] {
            call(SET_SWITCHES, of(store).with("status", status)).await;
            let answer = call(GET_SWITCHES, of(store).with("seller_id", crate::merchant::SELLER)).await;
            assert_eq!(answer.fields().text("data"), Ok(status));
        }
        // The whole record: what an update leaves out is not restricted any more.
        call(SET_DELIVERY, delivery(store, Fields::new().with("priority", 0))).await;
        let bare = told(&call(GET_DELIVERY, of(store)).await);
        assert!(!bare.iter().any(|member| member.starts_with("deliver_threshold")), "{bare:?}");
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    let before = told(&merchant.done(GET_DELIVERY, of(store)).await);
    let one = |name: &'static str, value: &str| Fields::new().with(name, value);
    let table = [
        (SET_DELIVERY, delivery(store, one("working_time", "nine to five")), "working_time"),
        (SET_DELIVERY, delivery(store, one("working_time", "09:00-25:00")), "working_time"),
        (SET_DELIVERY, delivery(store, one("dispatch_time_range", "08:40-12:20")), "dispatch_time_range"),
        (
            SET_DELIVERY,
            delivery(store, one("dispatch_time_range", r#"[{"startTime":"08:40"}]"#)),
            "dispatch_time_range",
        ),
        (SET_DELIVERY, delivery(store, one("priority", "11")), "priority"),
        (SET_DELIVERY, delivery(store, one("priority", "-1")), "priority"),
        (SET_DELIVERY, delivery(store, one("deliver_threshold", "-1")), "deliver_threshold"),
        (SET_PICKUP, pickup(store, one("collect_threshold", "many")), "collect_threshold"),
        (
            SET_DELIVERY,
            delivery(store, campaign(Fields::new(), "2026-11-12 00:00:00", "2026-11-11 00:00:00")),
            "activity_end_time",
        ),
        (SET_PICKUP, pickup(store, Fields::new().with("activity", true)), "activity_start_time"),
        (SET_SWITCHES, of(store).with("status", "open"), "status"),
    ];
    for (name, fields, field) in table {
        let (sub_code, message) = why(merchant.call(name, fields).await);
        assert!(sub_code.contains(field) || message.contains(field), "{name}: {field} in {sub_code} {message}");
    }
    assert_eq!(told(&merchant.done(GET_DELIVERY, of(store)).await), before);
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_set_by_its_own_seller_alone() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    let calls = [
        (GET_DELIVERY, of(store)),
        (SET_DELIVERY, delivery(store, Fields::new().with("deliver_threshold", 0))),
        (GET_PICKUP, of(store)),
        (SET_PICKUP, pickup(store, Fields::new().with("collect_threshold", 0))),
        (GET_SWITCHES, of(store)),
        (SET_SWITCHES, of(store).with("status", "none")),
    ];
    for (name, fields) in calls {
        let foreign = merchant.call_as(Caller::Neighbour, Shape::TopJson, name, &fields).await;
        let unknown = merchant.call(name, fields.clone()).await.map(|_| ());
        assert!(unknown.is_ok(), "{name}: the seller's own store");
        assert_eq!(why(foreign).0, "isv.store-not-exist", "{name}");
    }
    let stranger = merchant.call(GET_SWITCHES, of(store).with("seller_id", NEIGHBOUR)).await;
    assert_eq!(why(stranger).0, "isv.invalid-permission");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_trade_obeys_and_who_waits_is_served_when_the_hour_comes() {
    let merchant = Merchant::open_at(Clock::manual(astrolabe_core::time::Timestamp(TEN))).await;
    let (first, second) = (merchant.store("S001").await, merchant.store("S002").await);
    for store in [first, second] {
        merchant.offer(store, 7, 50).await;
    }
    let mut tid = 2_004_574_256_200_000;
    let mut goes = async |to: Option<i64>, after: &str| {
        tid += 10;
        merchant.pay(tid, &[(tid + 1, 7, 1)]).await;
        let at = merchant.told(tid, tid + 1, "targetCode").await;
        assert_eq!(at, to.map(|store| store.to_string()), "after {after}");
        tid
    };
    goes(Some(first), "nothing").await;
    merchant.done(SET_DELIVERY, delivery(first, Fields::new().with("priority", 1))).await;
    goes(Some(second), "a lower priority").await;
    let afternoon = r#"[{"startTime":"14:00","endTime":"16:00"}]"#;
    let hours = Fields::new().with("dispatch_time_range", afternoon);
    merchant.done(SET_DELIVERY, delivery(second, hours)).await;
    goes(Some(first), "hours that have not come").await;
    merchant.done(SET_SWITCHES, of(first).with("status", "storeCollect")).await;
    let waiting = goes(None, "a switch").await;
    merchant.app().clock.advance(astrolabe_core::time::Millis(4 * HOUR_MS));
    merchant.reaches(waiting, waiting + 1, "X_ALLOCATION_NOTIFIED").await;
    assert_eq!(merchant.told(waiting, waiting + 1, "targetCode").await, Some(second.to_string()));

    // Offers that nobody answered meanwhile have found their places, before places are counted.
    let seller = astrolabe_core::ids::SellerId(crate::merchant::SELLER);
    let store = &merchant.app().store;
    while !store.due_trades(seller, merchant.app().clock.now(), 1).await.expect("reads").is_empty() {
        tokio::task::yield_now().await;
    }
    // One has been taken today before there was a limit; two more are.
    merchant.done(SET_DELIVERY, delivery(second, Fields::new().with("deliver_threshold", 2))).await;
    goes(Some(second), "a limit of two").await;
    goes(Some(second), "one of two").await;
    let waiting = goes(None, "two of two").await;
    let busy = Fields::new().with("deliver_threshold", 3);
    let busy = campaign(busy, "2026-03-02 00:00:00", "2026-03-02 23:59:59");
    merchant.done(SET_DELIVERY, delivery(second, busy)).await;
    merchant.reaches(waiting, waiting + 1, "X_ALLOCATION_NOTIFIED").await;
    goes(None, "three of three in the campaign").await;
    merchant.done(SET_SWITCHES, of(first).with("status", "storeDeliver")).await;
    goes(Some(first), "the switch again").await;
    merchant.close().await;
}

/// Two nodes share a database, and neither sees the other's working set.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_over_two_nodes() {
    const LIMIT: i64 = 7;
    const TRADES: i64 = 40;
    let merchant = Merchant::open().await;
    let (near, far) = (merchant.store("S001").await, merchant.store("S002").await);
    for store in [near, far] {
        merchant.offer(store, 7, 100).await;
    }
    merchant.done(SET_DELIVERY, delivery(far, Fields::new().with("priority", 10))).await;
    merchant.done(SET_DELIVERY, delivery(near, Fields::new().with("deliver_threshold", LIMIT))).await;
    let target = StoreTarget::DataDir(merchant.data_dir().to_owned());
    let store = astrolabe_store::open(&target).await.expect("opens twice");
    let other = App::new(Arc::clone(&store), Clock::System, 2, Limits::default()).await.expect("starts");
    let second = astrolabe_server::serve(other, ([127, 0, 0, 1], 0).into()).await.expect("listens");
    let url = format!("http://{}/api/v1/channels/tmall/trades", second.address());

    let tid = |number: i64| 2_004_574_256_300_000 + number * 10;
    let elsewhere = async |number: i64| {
        let body = crate::merchant::trade_json(tid(number), &[(tid(number) + 1, 7, 1)]);
        let request = merchant.http().post(&url).bearer_auth("channel-token").body(body);
        let answer = request.header("content-type", "application/json").send().await.expect("is answered");
        assert_eq!(answer.status(), 200);
    };
    for number in 0..TRADES / 2 {
        let lines = [(tid(number) + 1, 7, 1)];
        tokio::join!(merchant.pay(tid(number), &lines), elsewhere(TRADES / 2 + number));
    }
    let mut taken = 0;
    for number in 0..TRADES {
        let at = merchant.told(tid(number), tid(number) + 1, "targetCode").await;
        assert!(at == Some(near.to_string()) || at == Some(far.to_string()), "{at:?}");
        taken += i64::from(at == Some(near.to_string()));
    }
    assert_eq!(taken, LIMIT);
    second.stop().await;
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_warehouse_has_delivery_settings_too() {
    let merchant = Merchant::open().await;
    let table = |delivery: &str| {
        format!("[[warehouse]]\nseller = 21230\ncode = \"WH-WEST\"\nname = \"西部电商仓\"\n{delivery}\n")
    };
    let apply = async |delivery: &str| declare::apply(merchant.app(), &table(delivery), false).await;
    let rules = async || {
        let places = merchant.app().store.locations(SellerId(crate::merchant::SELLER)).await.expect("are there");
        let place = places.into_iter().find(|place| place.name == "西部电商仓").expect("is declared");
        (place.service.delivery.usual.threshold, place.service.delivery.usual.dispatch.0.len())
    };
    let told = r#"delivery = { dispatch_time = ["08:00-12:00", "18:00-02:00"], deliver_threshold = 5000 }"#;
    assert_eq!(apply(told).await.expect("applies").changes, 1);
    assert_eq!(rules().await, (Some(5_000), 2));
    assert_eq!(apply(told).await.expect("applies").changes, 0);
    assert_eq!(apply("").await.expect("applies").changes, 0, "what is not named stays");
    assert_eq!(rules().await, (Some(5_000), 2));
    for wrong in [r#"working_time = "all day""#, "priority = 11", "deliver_threshold = -1", r#"dispatch_time = ["8"]"#]
    {
        let refused = apply(&format!("delivery = {{ {wrong} }}")).await.expect_err("is refused").to_string();
        let field = wrong.split(' ').next().expect("a field");
        assert!(refused.contains("WH-WEST") && refused.contains(field), "{refused}");
    }
    assert_eq!(apply("delivery = {}").await.expect("applies").changes, 1);
    assert_eq!(rules().await, (None, 0));
    merchant.close().await;
}
