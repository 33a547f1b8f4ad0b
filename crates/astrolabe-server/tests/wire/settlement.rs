//! Settlement (分账) end to end: a rule set is written, tried and activated over REST, orders ship and refunds come over the
//! wire, and the worker posts beside them.

use std::time::Duration;

use astrolabe_core::ids::SellerId;
use astrolabe_core::settlement::Period;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::time::parse_datetime;
use astrolabe_protocol::{Fields, Value as WireValue};
use astrolabe_server::app::Clock;
use astrolabe_server::declare;
use reqwest::Method;
use serde_json::{Value, json};

use crate::merchant::{Merchant, SELLER};

const TID: i64 = 2_004_574_256_990_000;
const OID: i64 = TID + 1;

const USERS: &str = r#"
[[user]]
name = "王经理"
seller = 21230
role = "merchant"
token = "merchant-token"

[[user]]
name = "平台"
seller = 21230
role = "operator"
token = "operator-token"

[[user]]
name = "店员"
seller = 21230
role = "store_clerk"
store_code = "S001"
token = "clerk-token"

[[user]]
name = "邻居"
seller = 21231
role = "merchant"
token = "neighbour-token"
"#;

/// A merchant with a store that sells item 7, and the store.
async fn open(clock: Clock) -> (Merchant, i64) {
    let merchant = Merchant::open_at(clock).await;
    let store = merchant.store("S001").await;
    declare::apply(merchant.app(), USERS, false).await.expect("is declared");
    merchant.offer(store, 7, 9).await;
    (merchant, store)
}

async fn ask(merchant: &Merchant, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = merchant.url(&format!("/api/v1/settlement/{path}"));
    let mut request = merchant.http().request(method, url).bearer_auth(token);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.expect("is answered");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("has a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn get(merchant: &Merchant, path: &str) -> Value {
    let (status, body) = ask(merchant, "merchant-token", Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn post(merchant: &Merchant, path: &str, body: Value) -> (u16, Value) {
    ask(merchant, "merchant-token", Method::POST, path, Some(body)).await
}

/// The store has 80 %, the platform 2 yuan, the company the rest.
fn rules(store_bp: i64, on: &str, after_days: i64) -> Value {
    json!({"rules": {"name": "门店八成", "trigger": {"on": on, "after_days": after_days}, "remainder": "company",
        "rules": [{"parts": [{"party": "platform", "fixed_fen": 200}, {"party": "store", "share_bp": store_bp}]}]}})
}

async fn activated(merchant: &Merchant, rules: Value) -> i64 {
    let (status, draft) = post(merchant, "rule-sets", rules).await;
    assert_eq!((status, &draft["state"]), (201, &json!("draft")), "{draft}");
    let version = draft["version"].as_i64().expect("a version");
    let (status, active) = post(merchant, &format!("rule-sets/{version}/activate"), json!({"why": "新政策"})).await;
    assert_eq!((status, &active["state"]), (200, &json!("active")), "{active}");
    version
}

/// A paid line of 279.00 is allocated, accepted and shipped by the store.
async fn ship(merchant: &Merchant, tid: i64, store: i64) {
    merchant.pay(tid, &[(tid + 1, 7, 1)]).await;
    merchant.reaches(tid, tid + 1, "X_ALLOCATION_NOTIFIED").await;
    let item = Fields::new()
        .with("sub_oid", tid + 1)
        .with("tid", tid)
        .with("store_id", store.to_string())
        .with("store_type", "Store")
        .with("code", "0")
        .with("operator", "小王")
        .with("logistic_company_code", "SF")
        .with("logistic_company", "顺丰速运")
        .with("logistic_no", format!("SF{tid}"));
    let report = Fields::new().with("tid", tid).with("sub_order_list", WireValue::List(vec![WireValue::Struct(item)]));
    merchant.done("taobao.omniorder.store.accpeted", report.clone()).await;
    merchant.done("taobao.omniorder.store.consigned", report).await;
}

async fn refund(merchant: &Merchant, id: i64, fee: &str, status: &str) {
    let told = json!({"refund_id": id.to_string(), "tid": TID, "oid": OID, "status": status, "refund_fee": fee,
        "has_good_return": false, "modified": "2026-01-03 10:20:00"});
    let (status, answer) = merchant.push("tmall/refunds", "channel-token", told.to_string()).await;
    assert_eq!(status, 200, "{answer}");
}

/// Looks until so many postings are there. Never a fixed pause: the test fails when it takes too long.
async fn postings(merchant: &Merchant, tid: i64, count: usize) -> Vec<Value> {
    let mut last = Value::Null;
    for _ in 0..800 {
        last = get(merchant, &format!("trades/{tid}")).await;
        let found = last["postings"].as_array().expect("a list");
        if found.len() >= count {
            assert_eq!(found.len(), count, "{last}");
            return found.clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{tid} has not {count} postings: {last}");
}

/// Account and amount of each entry.
fn entries(posting: &Value) -> Vec<(String, i64)> {
    let entry = |entry: &Value| {
        let account = entry["account"].as_str().expect("an account").to_owned();
        (account, entry["amount_fen"].as_i64().expect("an amount"))
    };
    posting["entries"].as_array().expect("entries").iter().map(entry).collect()
}

fn named(entries: &[(&str, i64)]) -> Vec<(String, i64)> {
    entries.iter().map(|(account, amount)| ((*account).to_owned(), *amount)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shipped_line_is_shared_and_a_refund_takes_its_part_back() {
    let (merchant, store) = open(Clock::System).await;
    let shop = format!("store:{store}");
    activated(&merchant, rules(8_000, "shipped", 0)).await;
    ship(&merchant, TID, store).await;
    let posted = postings(&merchant, TID, 1).await;
    assert_eq!((&posted[0]["cause"], &posted[0]["version"]), (&json!("settled"), &json!(1)));
    let shares = [("platform", 200), (&shop, 22_320), ("company", 5_380), ("clearing", -27_900)];
    assert_eq!(entries(&posted[0]), named(&shares));

    refund(&merchant, 5, "27.90", "SUCCESS").await;
    let posted = postings(&merchant, TID, 2).await;
    assert_eq!((&posted[1]["cause"], &posted[1]["refund_id"]), (&json!("refunded"), &json!(5)));
    let back = [("platform", -20), (&shop, -2_232), ("company", -538), ("clearing", 2_790)];
    assert_eq!(entries(&posted[1]), named(&back));

    // Statements: by month, by party, as files.
    let month = Period::of(merchant.app().clock.now()).to_string();
    let statement = get(&merchant, &format!("statements/{month}")).await;
    let parties = statement["parties"].as_array().expect("parties");
    let of_shop = parties.iter().find(|party| party["account"] == shop.as_str()).expect("the store's month");
    assert_eq!((&of_shop["name"], &of_shop["balance_fen"]), (&json!("S001店"), &json!(20_088)));
    let sum: i64 = parties.iter().map(|party| party["balance_fen"].as_i64().expect("a sum")).sum();
    assert_eq!((sum, parties.len()), (0, 4));
    let first = get(&merchant, &format!("statements/{month}/{shop}?limit=1")).await;
    let next = first["next"].as_str().expect("there is more");
    let second = get(&merchant, &format!("statements/{month}/{shop}?after={next}")).await;
    assert_eq!((&first["lines"][0]["amount_fen"], &second["lines"][0]["amount_fen"]), (&json!(22_320), &json!(-2_232)));
    assert_eq!(second["lines"].as_array().map(Vec::len), Some(1));
    for (path, ending, text) in [(month.clone(), "csv", "223.20"), (format!("{month}/{shop}"), "csv", "-22.32")] {
        let url = merchant.url(&format!("/api/v1/settlement/statements/{path}?format={ending}"));
        let file = merchant.http().get(url).bearer_auth("merchant-token").send().await.expect("is answered");
        assert!(file.headers()["content-disposition"].to_str().expect("ASCII").contains(&month));
        let said = file.text().await.expect("is text");
        assert!(said.contains(text) && said.contains(&shop), "{said}");
    }
    let url = merchant.url(&format!("/api/v1/settlement/statements/{month}/{shop}?format=xlsx&limit=1"));
    let book = merchant.http().get(url).bearer_auth("merchant-token").send().await.expect("is answered");
    assert_eq!(book.headers()["astrolabe-next"], next);
    assert!(book.bytes().await.expect("a body").starts_with(b"PK"));

    assert_eq!(merchant.app().store.settlement_faults(SellerId(SELLER), 10).await.expect("is read"), []);
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_waits_for_its_day_and_a_refund_lowers_it_meanwhile() {
    let clock = Clock::manual(Timestamp(parse_datetime("2026-01-03 09:00:00").expect("a date").0));
    let (merchant, store) = open(clock.clone()).await;
    activated(&merchant, rules(5_000, "shipped", 7)).await;
    clock.advance(Millis::minutes(1));
    ship(&merchant, TID, store).await;
    let mut waiting = Value::Null;
    for _ in 0..800 {
        waiting = get(&merchant, &format!("trades/{TID}")).await["waiting"].clone();
        if waiting.as_array().is_some_and(|waiting| !waiting.is_empty()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(waiting[0]["due_at"].as_i64(), Some(clock.now().0 + 7 * 86_400_000), "{waiting}");
    clock.advance(Millis::hours(2));
    refund(&merchant, 5, "79.00", "SUCCESS").await;
    clock.advance(Millis::hours(7 * 24));
    let posted = postings(&merchant, TID, 1).await;
    assert_eq!((&posted[0]["gross_fen"], &posted[0]["amount_fen"]), (&json!(27_900), &json!(20_000)));
    assert_eq!(get(&merchant, &format!("trades/{TID}")).await["waiting"], json!([]));
    // The trade was made on the second of January; it is the tenth.
    for (days, trades) in [(10, 1), (7, 0)] {
        let (status, run) = post(&merchant, "rule-sets/1/dry-run", json!({"days": days})).await;
        assert_eq!((status, &run["trades"], &run["more"]), (200, &json!(trades), &json!(false)), "{run}");
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_set_is_checked_tried_and_activated_by_the_merchant_alone() {
    let (merchant, store) = open(Clock::System).await;
    // Whoever may write it, and what is wrong with it.
    let table = [
        (json!({"rules": {"name": "x", "trigger": {"on": "shipped"}, "remainder": "nobody"}}), "rules"),
        (
            json!({"rules": {"name": "x", "trigger": {"on": "shipped", "after_days": 999}, "remainder": "company"}}),
            "rules.trigger.after_days",
        ),
        (rules(10_001, "shipped", 0), "rules.rules[0].parts[1].share_bp"),
        (
            json!({"rules": {"name": "x", "trigger": {"on": "shipped"}, "remainder": "company",
            "rules": [{"locations": [1], "parts": [{"party": "store", "share_bp": 1}]}]}}),
            "rules.rules[0].locations",
        ),
    ];
    for (wrong, field) in table {
        let (status, answer) = post(&merchant, "rule-sets", wrong).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
    }
    let (status, answer) = post(&merchant, "rule-sets/validate", rules(10_001, "shipped", 0)).await;
    assert_eq!((status, &answer["faults"][0]["field"]), (200, &json!("rules.rules[0].parts[1].share_bp")));
    assert_eq!(get(&merchant, "rule-sets").await["rule_sets"], json!([]), "nothing wrong was kept");

    activated(&merchant, rules(8_000, "shipped", 0)).await;
    let (_, draft) = post(&merchant, "rule-sets", rules(7_000, "shipped", 0)).await;
    assert_eq!(draft["version"], 2);
    for (token, action) in [
        ("operator-token", "activate"),
        ("clerk-token", "activate"),
        ("operator-token", "retire"),
        ("clerk-token", "dry-run"),
    ] {
        let body = if action == "dry-run" { json!({"days": 1}) } else { json!({"why": ""}) };
        let path = format!("rule-sets/2/{action}");
        let (status, answer) = ask(&merchant, token, Method::POST, &path, Some(body)).await;
        assert_eq!((status, &answer["error"]["code"]), (403, &json!("isv.invalid-permission")), "{token} {action}");
    }
    for (path, body) in [("rule-sets/1/activate", json!({"why": ""})), ("rule-sets/2/retire", json!({"why": ""}))] {
        let (status, answer) = post(&merchant, path, body).await;
        assert_eq!((status, &answer["error"]["code"]), (409, &json!("isv.rule-set-state")), "{path}");
    }

    // What it would have done, beside the active one; nothing is changed by asking.
    ship(&merchant, TID, store).await;
    let before = postings(&merchant, TID, 1).await;
    let (status, run) = post(&merchant, "rule-sets/2/dry-run", json!({"tids": [TID, 1]})).await;
    assert_eq!((status, &run["trades"], &run["active_version"]), (200, &json!(1), &json!(1)), "{run}");
    let parties = run["parties"].as_array().expect("parties");
    let of_shop = parties.iter().find(|party| party["account"] == format!("store:{store}")).expect("the store");
    let told = ["amount_fen", "active_fen", "difference_fen"].map(|name| of_shop[name].as_i64().expect("fen"));
    assert_eq!(told, [19_530, 22_320, -2_790]);
    assert_eq!(run["postings"].as_array().map(Vec::len), Some(1));
    let (status, _) = post(&merchant, "rule-sets/2/dry-run", json!({"days": 1, "tids": [1]})).await;
    assert_eq!(status, 400);
    assert_eq!(postings(&merchant, TID, 1).await, before);

    // A neighbour sees nothing of it.
    for (path, status) in [(format!("trades/{TID}"), 404), ("rule-sets/1".to_owned(), 404)] {
        assert_eq!(ask(&merchant, "neighbour-token", Method::GET, &path, None).await.0, status, "{path}");
    }
    let month = Period::of(merchant.app().clock.now());
    let (_, statement) = ask(&merchant, "neighbour-token", Method::GET, &format!("statements/{month}"), None).await;
    assert_eq!(statement["parties"], json!([]));

    // The draft takes over, and a set may end with nothing in its place.
    let (status, active) = post(&merchant, "rule-sets/2/activate", json!({"why": "降到七成"})).await;
    assert_eq!(
        (status, &active["activated"]["who"], &active["activated"]["why"]),
        (200, &json!("王经理"), &json!("降到七成"))
    );
    assert_eq!(get(&merchant, "rule-sets/1").await["state"], "retired");
    assert_eq!(post(&merchant, "rule-sets/2/retire", json!({"why": ""})).await.0, 200);
    let (status, _) = ask(&merchant, "merchant-token", Method::DELETE, "rule-sets/2", None).await;
    assert_eq!(status, 409);
    merchant.close().await;
}
