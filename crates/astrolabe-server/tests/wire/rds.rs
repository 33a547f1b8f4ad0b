//! Orders in apps' databases, read there as connectors read them: real MariaDB, real PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::command::{Command, PushUser};
use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_protocol::client::{self, Outgoing, Shape};
use astrolabe_protocol::{Fields, Value};
use astrolabe_server::app::{App, Clock, Limits};
use astrolabe_server::declare;
use astrolabe_store::RdsKind;

use crate::merchant::{Caller, Merchant, SELLER, method, trade_json};
use databases::{Fresh, fresh};

const TID: i64 = 2_004_574_256_110_000;
const OID: i64 = 2_004_574_256_110_001;
const ORDINARY: i64 = 2_004_574_256_119_000;

#[path = "../../../astrolabe-store/tests/rds/databases.rs"]
#[expect(dead_code, reason = "the store's own tests look more closely")]
mod databases;

async fn mysql() -> Fresh {
    fresh(RdsKind::Mysql).await
}

async fn postgres() -> Fresh {
    fresh(RdsKind::Postgres).await
}

/// Looks until a row's document holds a text. Never a fixed pause.
async fn shows(database: &Fresh, table: &str, key: &str, id: i64, text: &str) -> String {
    for _ in 0..1_500 {
        if let Some(found) = database.document(table, key, id).await.filter(|found| found.contains(text)) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{text} is not in {table} {id}: {:?}", database.document(table, key, id).await);
}

async fn has_trade(database: &Fresh, tid: i64) -> bool {
    database.document("jdp_tb_trade", "tid", tid).await.is_some()
}

/// The POS app with one database, the other ERP app with another.
fn declared(pos: &str, erp: &str) -> String {
    format!(
        r#"
[[seller]]
id = 21230
nick = "星盘示例旗舰店"
acceptor = "app:12345678"
[[app]]
key = "12345678"
secret = "helloworld"
roles = ["erp", "pos"]
sellers = [21230]
rds = [{{ name = "jdp", url = "{pos}" }}]
[[app]]
key = "44444444"
secret = "sessionless"
roles = ["erp"]
sellers = [21230]
rds = [{{ name = "jdp", url = "{erp}" }}]
[[session]]
token = "test-session"
app = "12345678"
seller = 21230
[[channel]]
name = "tmall"
seller = 21230
token = "channel-token"
[[user]]
name = "boss"
seller = 21230
role = "merchant"
token = "boss-token"
"#
    )
}

async fn open(pos: &str, erp: &str) -> Merchant {
    let limits = Limits { allow_private_addresses: true, ..Limits::default() };
    let merchant = Merchant::open_with(&declared(pos, erp), Clock::System, limits).await;
    merchant.done("taobao.jushita.jdp.user.add", Fields::new().with("rds_name", "jdp")).await;
    register(merchant.app(), "44444444", None).await;
    merchant
}

async fn register(app: &Arc<App>, key: &str, history_days: Option<i64>) {
    let now = app.clock.now();
    let user = PushUser {
        app: AppKey(key.to_owned()),
        rds_name: "jdp".to_owned(),
        history_days,
        topics: None,
        deleted: false,
        created: now,
        modified: now,
    };
    app.submit(SellerId(SELLER), Command::RegisterPush(user), None).await.expect("is kept");
}

/// A connector's own parser: the first record that holds the oid, its pairs by the first colon.
fn parsed(document: &str, oid: i64, name: &str) -> Option<String> {
    let whole: serde_json::Value = serde_json::from_str(document).expect("is JSON");
    let trade = &whole["trade_fullinfo_get_response"]["trade"];
    let param = trade["omnichannel_param"].as_str()?;
    let record = param.split(';').find(|record| record.contains(&oid.to_string()))?;
    let pair = record.split(',').find(|pair| pair.split(':').next() == Some(name))?;
    pair.split_once(':').map(|(_, value)| value.to_owned())
}

fn ordinary(tid: i64) -> String {
    let mut trade: serde_json::Value = serde_json::from_str(&trade_json(tid, &[(tid + 1, 9, 1)])).expect("is JSON");
    trade["trade_fullinfo_get_response"]["trade"]["is_o2o_passport"] = false.into();
    trade.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_read_with_its_allocation_and_by_others_only_once_it_has_left() {
    for (pos, erp) in [(mysql().await, postgres().await), (postgres().await, mysql().await)] {
        let merchant = open(&pos.url, &erp.url).await;
        let store = merchant.store("S001").await;
        merchant.offer(store, 7, 5).await;
        merchant.pay(TID, &[(OID, 7, 1)]).await;
        let document = shows(&pos, "jdp_tb_trade", "tid", TID, "X_ALLOCATION_NOTIFIED").await;
        assert!(document.starts_with("{\"trade_fullinfo_get_response\":{\"trade\":{\"created\":"), "{document}");
        for (name, expected) in
            [("targetCode", store.to_string()), ("targetType", "STORE".into()), ("targetStoreOuterId", "S001".into())]
        {
            assert_eq!(parsed(&document, OID, name), Some(expected), "{name}");
        }
        assert!(parsed(&document, OID, "allocationCode").is_some_and(|code| code.parse::<i64>().is_ok()));
        let whole: serde_json::Value = serde_json::from_str(&document).expect("is JSON");
        let trade = &whole["trade_fullinfo_get_response"]["trade"];
        let order = &trade["orders"]["order"][0];
        assert!(
            trade["tid"].is_i64()
                && order["oid"].is_i64()
                && order["sku_id"].is_string()
                && trade["payment"].is_string()
        );

        // Level 2 goes untouched to everybody registered; level 3 not yet to who has no part in it.
        let (status, _) = merchant.push("tmall/trades", "channel-token", ordinary(ORDINARY)).await;
        assert_eq!(status, 200);
        for database in [&pos, &erp] {
            let document = shows(database, "jdp_tb_trade", "tid", ORDINARY, "WAIT_SELLER_SEND_GOODS").await;
            assert!(!document.contains("omnichannel_param"));
        }
        assert!(!has_trade(&erp, TID).await, "a neighbour of the order sees it too early");

        let refund = serde_json::json!({"refund_get_response": {"refund": {
            "refund_id": 99, "tid": ORDINARY, "oid": ORDINARY + 1, "status": "WAIT_SELLER_AGREE", "refund_fee": "1.00",
            "has_good_return": false, "created": "2026-01-02 10:00:00", "modified": "2026-01-02 10:00:00",
        }}});
        let (status, answer) = merchant.push("tmall/refunds", "channel-token", refund.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        shows(&erp, "jdp_tb_refund", "refund_id", 99, "\"refund_get_response\":{\"refund\":{").await;

        let item = Fields::new().with("sub_oid", OID).with("tid", TID).with("store_id", store.to_string());
        let item = item.with("store_type", "Store").with("code", "0").with("operator", "小王");
        let item = item.with("logistic_company_code", "SF").with("logistic_no", "SF1000001");
        let report = Fields::new().with("tid", TID).with("sub_order_list", Value::List(vec![Value::Struct(item)]));
        for step in ["taobao.omniorder.store.accpeted", "taobao.omniorder.store.consigned"] {
            merchant.done(step, report.clone()).await;
        }
        for database in [&pos, &erp] {
            let document = shows(database, "jdp_tb_trade", "tid", TID, "X_SHOP_HANDLED").await;
            assert!(document.contains("SF1000001") && document.contains("WAIT_BUYER_CONFIRM_GOODS"), "{document}");
        }
        assert_eq!(erp.status(TID).await, "WAIT_BUYER_CONFIRM_GOODS");
        merchant.close().await;
        pos.drop().await;
        erp.drop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_database_slows_nobody_and_gets_its_rows_when_it_is_back() {
    let (pos, erp) = (mysql().await, postgres().await);
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let dead = format!("mysql://u:hidden-word@127.0.0.1:{free}/jdp");
    let merchant = open(&dead, &erp.url).await;
    for tid in [ORDINARY, ORDINARY + 10] {
        merchant.push("tmall/trades", "channel-token", ordinary(tid)).await;
        shows(&erp, "jdp_tb_trade", "tid", tid, "WAIT_SELLER_SEND_GOODS").await;
    }
    // What is kept of the attempts has neither credentials nor the buyer's data.
    let url = merchant.url("/api/v1/outward/attempts?app=12345678&rds=true");
    let mut told = String::new();
    for _ in 0..500 {
        told = merchant
            .http()
            .get(&url)
            .bearer_auth("boss-token")
            .send()
            .await
            .expect("answers")
            .text()
            .await
            .expect("text");
        if told.contains("cannot be reached") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(told.contains("cannot be reached") && told.contains("jdp_tb_trade"), "{told}");
    assert!(!told.contains("hidden-word") && !told.contains("张**"), "{told}");
    declare::apply(merchant.app(), &declared(&pos.url, &erp.url), false).await.expect("is declared");
    for tid in [ORDINARY, ORDINARY + 10] {
        shows(&pos, "jdp_tb_trade", "tid", tid, "WAIT_SELLER_SEND_GOODS").await;
    }
    merchant.close().await;
    pos.drop().await;
    erp.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_registration_brings_the_days_it_asks_for() {
    let (pos, erp) = (mysql().await, mysql().await);
    let limits = Limits { allow_private_addresses: true, ..Limits::default() };
    let clock = Clock::manual(astrolabe_core::time::Timestamp(1_767_320_000_000));
    let merchant = Merchant::open_with(&declared(&pos.url, &erp.url), clock, limits).await;
    for tid in [ORDINARY, ORDINARY + 10] {
        merchant.push("tmall/trades", "channel-token", ordinary(tid)).await;
    }
    assert!(!has_trade(&erp, ORDINARY).await);
    register(merchant.app(), "44444444", Some(3)).await;
    for tid in [ORDINARY, ORDINARY + 10] {
        shows(&erp, "jdp_tb_trade", "tid", tid, "WAIT_SELLER_SEND_GOODS").await;
    }
    assert!(!has_trade(&pos, ORDINARY).await, "nobody registered it");
    merchant.close().await;
    pos.drop().await;
    erp.drop().await;
}

/// What the connection test of an app's databases says.
async fn tried(merchant: &Merchant, key: &str, body: &'static str) -> String {
    let url = merchant.url(&format!("/api/v1/apps/{key}/rds/test"));
    let asked = merchant.http().post(url).bearer_auth("boss-token").header("content-type", "application/json");
    asked.body(body).send().await.expect("answers").text().await.expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_test_names_what_is_wrong_and_shows_no_secret() {
    let good = mysql().await;
    let wrong = good.url.replacen("mysql://astrolabe:", "mysql://astrolabe:not-", 1);
    let merchant = open(&good.url, &wrong).await;
    let test = async |key: &str| {
        let text = tried(&merchant, key, "{}").await;
        serde_json::from_str::<serde_json::Value>(&text).expect("is JSON")
    };
    let told = test("12345678").await;
    assert_eq!(
        (&told["databases"][0]["ok"], &told["databases"][0]["tables"][0]["state"]),
        (&true.into(), &"will_be_made".into()),
        "{told}"
    );
    let told = test("44444444").await;
    assert_eq!(
        (&told["databases"][0]["ok"], &told["databases"][0]["problem"]),
        (&false.into(), &"credentials".into()),
        "{told}"
    );
    assert!(!told.to_string().contains("not-") && !told.to_string().contains("127.0.0.1"), "{told}");
    assert!(test("11111111").await["error"]["code"].is_string());
    assert!(!has_trade(&good, ORDINARY).await);
    merchant.close().await;
    good.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_in_private_networks_are_not_dialled_unless_allowed() {
    let database = mysql().await;
    let merchant = Merchant::open_with(&declared(&database.url, &database.url), Clock::System, Limits::default()).await;
    let told = tried(&merchant, "12345678", r#"{"name":"jdp"}"#).await;
    assert!(told.contains("allowed_networks"), "{told}");
    merchant.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_registration_does_not_come_back_after_it_was_deleted() {
    let merchant = Merchant::open().await;
    let fields = Fields::new().with("rds_name", "rds-1");
    let add = "taobao.jushita.jdp.user.add";
    let outgoing = Outgoing::new(method(add), &fields, Shape::TopJson);
    let signed = client::build(&outgoing, &Caller::Erp.credentials(), merchant.now());
    let told = async || {
        let body = merchant.send(signed.clone()).await;
        client::parse_answer(method(add), &outgoing.style(), &body).expect("is done")
    };
    told().await;
    merchant.done("taobao.jushita.jdp.user.delete", Fields::new().with("user_id", SELLER)).await;
    told().await;
    let answer = merchant.done("taobao.jushita.jdp.users.get", Fields::new()).await;
    let users = answer.fields().structs("users").expect("users");
    assert_eq!(users[0].long("status"), Ok(3), "deleted stays deleted");
    merchant.close().await;
}
