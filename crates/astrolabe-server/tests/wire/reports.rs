//! Reports (white paper chapter 5) over HTTP: an order's life leaves its figures, for whom they are, in the forms asked for.

use std::time::Duration;

use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::{Fields, Value};
use astrolabe_server::app::{Clock, Limits};
use serde_json::{Value as Json, json};

use crate::merchant::{DECLARED, Merchant};

const TID: i64 = 2_004_574_256_140_000;
const OID: i64 = 2_004_574_256_140_001;
/// The day on which the trade of `trade_json` was paid.
const PAID_DAY: &str = "2026-01-02";

const PEOPLE: &str = r#"
[[user]]
name = "运营"
seller = 21230
role = "merchant"
token = "merchant-token"

[[user]]
name = "邻居"
seller = 21231
role = "merchant"
token = "neighbour-token"
"#;

const CLERK: &str = r#"
[[user]]
name = "店员"
seller = 21230
role = "store_clerk"
store_code = "S001"
token = "clerk-token"
"#;

async fn get(merchant: &Merchant, token: &str, path: &str) -> (u16, Json) {
    let request = merchant.http().get(merchant.url(&format!("/api/v1/reports/{path}"))).bearer_auth(token);
    let answer = request.send().await.expect("is answered");
    let (status, text) = (answer.status().as_u16(), answer.text().await.expect("has a body"));
    (status, serde_json::from_str(&text).unwrap_or(Json::String(text)))
}

/// The report as soon as it shows what is waited for: the figures follow the orders.
async fn shows(merchant: &Merchant, path: &str, pointer: &str, expected: &Json) -> Json {
    let mut last = Json::Null;
    for _ in 0..800 {
        let (status, body) = get(merchant, "merchant-token", path).await;
        assert_eq!(status, 200, "{body}");
        if body.pointer(pointer) == Some(expected) {
            return body;
        }
        last = body;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{path} never showed {expected} at {pointer}: {last:#}");
}

fn report(store: i64, at: Timestamp) -> Fields {
    let item = Fields::new()
        .with("sub_oid", OID)
        .with("tid", TID)
        .with("store_id", store.to_string())
        .with("store_type", "Store")
        .with("logistic_company", "顺丰速运")
        .with("logistic_no", "SF1000009");
    Fields::new()
        .with("tid", TID)
        .with("report_timestamp", at.0)
        .with("sub_order_list", Value::List(vec![Value::Struct(item)]))
}

/// One order: accepted three minutes after the offer and told one minute later, shipped ten minutes after and told six
/// minutes later, with a clock that moves by hand.
async fn one_order() -> (Merchant, i64, Timestamp) {
    let began = Timestamp(1_767_319_200_000);
    let clock = Clock::manual(began);
    let declared = format!("{DECLARED}{PEOPLE}");
    let merchant = Merchant::open_with(&declared, clock.clone(), Limits::default()).await;
    let store = merchant.store("S001").await;
    astrolabe_server::declare::apply(merchant.app(), &format!("{declared}{CLERK}"), false).await.expect("a clerk");
    merchant.offer(store, 7, 5).await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    clock.advance(Millis::minutes(4));
    merchant.done("taobao.omniorder.store.accpeted", report(store, began + Millis::minutes(3))).await;
    clock.advance(Millis::minutes(15));
    merchant.done("taobao.omniorder.store.consigned", report(store, began + Millis::minutes(13))).await;
    (merchant, store, began)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_life_leaves_its_figures() {
    let (merchant, store, _) = one_order().await;
    let body = shows(&merchant, "shipping?by=store", "/rows/0/count", &json!(1)).await;
    let row = &body["rows"][0];
    assert_eq!(
        (&row["hop"], &row["store"]["id"], &row["store"]["code"]),
        (&json!("shipping"), &json!(store), &json!("S001"))
    );
    assert_eq!((&row["average_ms"], &row["max_ms"]), (&json!(600_000), &json!(600_000)));
    assert_eq!(
        row["distribution"].as_array().map(|classes| classes.iter().map(|class| class["count"].as_i64()).sum()),
        Some(Some(1))
    );
    let body = shows(&merchant, "acceptance?by=app", "/rows/0/count", &json!(1)).await;
    assert_eq!((&body["rows"][0]["app"], &body["rows"][0]["average_ms"]), (&json!("12345678"), &json!(180_000)));

    let body = shows(&merchant, "timeliness", "/groups/0/shipped_by_app", &json!(1)).await;
    let on_time = |status: &str, interface: &str| {
        let rows = body["groups"][0]["rows"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["status"] == status && row["interface"] == interface).expect("a row");
        (row["reports"].as_i64(), row["on_time"].as_i64())
    };
    assert_eq!(on_time("X_SHOP_ALLOCATION", "taobao.omniorder.store.accpeted"), (Some(1), Some(1)));
    assert_eq!(on_time("X_SHOP_HANDLED", "taobao.omniorder.store.consigned"), (Some(1), Some(0)), "six minutes late");
    assert_eq!(on_time("X_SHOP_ALLOCATION", "taobao.qimen.orderstatus.sync"), (Some(0), Some(0)));
    assert_eq!(body["groups"][0]["to_system_missing"], 1);

    let (_, body) = get(&merchant, "merchant-token", "maturity").await;
    let row = &body["rows"][0];
    let rates = ["order_acceptance_rate", "store_acceptance_rate", "stores_with_offers", "stores_with_acceptances"];
    assert_eq!(rates.map(|rate| row[rate].as_f64()), [Some(1.0); 4], "{body:#}");
    let (_, body) = get(&merchant, "merchant-token", "stores?sort=shipping").await;
    assert_eq!(
        (&body["stores"], &body["rows"][0]["offers"], &body["rows"][0]["shipped"]),
        (&json!(1), &json!(1), &json!(1))
    );
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_orders_belong_to_the_day_of_payment_and_to_a_region() {
    let (merchant, _, _) = one_order().await;
    let path = format!("maturity?from={PAID_DAY}&to={PAID_DAY}&by=city");
    let body = shows(&merchant, &path, "/rows/0/sub_orders", &json!(1)).await;
    let row = &body["rows"][0];
    assert_eq!((&row["store_allocation_rate"], &row["stores_with_offers"]), (&json!(1.0), &Json::Null));
    assert!(row["province"].as_str().is_some_and(|province| !province.is_empty()), "{body:#}");
    let (_, body) = get(&merchant, "merchant-token", &format!("allocation?from={PAID_DAY}&to={PAID_DAY}&by=day")).await;
    assert_eq!(body["rows"][0]["period"], json!(PAID_DAY), "{body:#}");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shows_everybody_only_what_is_his() {
    let (merchant, store, _) = one_order().await;
    shows(&merchant, "acceptance", "/rows/0/count", &json!(1)).await;
    let (_, body) = get(&merchant, "neighbour-token", "acceptance").await;
    assert_eq!(body["rows"], json!([]), "another merchant's");
    let (status, body) = get(&merchant, "clerk-token", "acceptance?by=store").await;
    assert_eq!((status, &body["rows"][0]["store"]["id"]), (200, &json!(store)));
    let (_, body) = get(&merchant, "clerk-token", "maturity").await;
    assert_eq!((&body["rows"][0]["offers"], &body["rows"][0]["sub_orders"]), (&json!(1), &Json::Null));
    for path in ["acceptance?store=99", "acceptance?by=province", "maturity?city=x", "stores?limit=0"] {
        let (status, _) = get(&merchant, "clerk-token", path).await;
        assert_eq!(status, if path.ends_with("limit=0") { 400 } else { 403 }, "{path}");
    }
    let (_, body) = get(&merchant, "clerk-token", "stores").await;
    assert_eq!(body["stores"], 1);
    assert_eq!(get(&merchant, "nobody", "acceptance").await.0, 401);
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_question_names_the_field() {
    let merchant = Merchant::open_with(&format!("{DECLARED}{PEOPLE}"), Clock::System, Limits::default()).await;
    for (path, field) in [
        ("shipping?from=2024-02-30", "from"),
        ("shipping?to=yesterday", "to"),
        ("shipping?from=2024-02-02&to=2024-02-01", "from"),
        ("shipping?from=2010-01-05&to=2010-02-01", "from"),
        ("shipping?by=day&from=2024-01-01&to=2026-01-01", "from"),
        ("shipping?store=1&province=x", "province"),
        ("shipping?by=city&app=a", "by"),
        ("stores?limit=1001", "limit"),
    ] {
        let (status, body) = get(&merchant, "merchant-token", path).await;
        assert_eq!((status, &body["error"]["field"]), (400, &json!(field)), "{path}: {body}");
    }
    for path in ["nonsense", "shipping?by=moon", "shipping?colour=red"] {
        assert_eq!(get(&merchant, "merchant-token", path).await.0, 400, "{path}");
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_leave_as_files_and_the_reader_shows_its_lag() {
    astrolabe_server::api::install_metrics();
    let (merchant, store, _) = one_order().await;
    shows(&merchant, "shipping", "/rows/0/count", &json!(1)).await;
    let (_, text) = get(&merchant, "merchant-token", "shipping?by=store&format=csv").await;
    let text = text.as_str().expect("text").trim_start_matches('\u{feff}').to_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("store_id,store_code,store_name,hop,count,average_s,max_s,"), "{text}");
    assert!(lines[1].starts_with(&format!("{store},S001,")) && lines[1].contains(",shipping,1,600,600,"), "{text}");
    for report in ["shipping", "maturity", "timeliness", "stores"] {
        for (format, kind) in [("csv", "text/csv"), ("xlsx", "spreadsheetml")] {
            let url = merchant.url(&format!("/api/v1/reports/{report}?format={format}"));
            let answer = merchant.http().get(url).bearer_auth("merchant-token").send().await.expect("is answered");
            let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
            assert!(header("content-type").contains(kind), "{report} {format}");
            assert!(header("content-disposition").contains(&format!("{report}_")), "{report} {format}");
        }
    }
    let text = merchant.http().get(merchant.url("/metrics")).send().await.expect("is answered").text().await;
    let text = text.expect("has a body");
    let shown: Vec<&str> = text.lines().filter(|line| line.starts_with("astrolabe_timeline_reader_")).collect();
    assert!(
        shown.iter().any(|line| line.starts_with("astrolabe_timeline_reader_lag_seconds{reader=\"kpi\"} ")),
        "{text}"
    );
    assert!(!shown.iter().any(|line| line.contains("seller=") || line.contains("21230")), "no seller: {shown:?}");
    merchant.close().await;
}
