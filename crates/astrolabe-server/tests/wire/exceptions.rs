//! The exceptions queue and the ladders, over REST, with a clock that is moved by hand.

use std::time::Duration;

use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::time::parse_datetime;
use astrolabe_server::app::{Clock, Limits};
use serde_json::{Value, json};

use crate::merchant::{Merchant, SELLER};

const TID: i64 = 3_004_574_256_120_000;
const OID: i64 = 3_004_574_256_120_001;

const DECLARED: &str = r#"
[[seller]]
id = 21230
nick = "星盘示例旗舰店"
allocator = "platform"
acceptor = "keeper"
settings = { ask_cancel_after_ms = 86400000 }

[[seller]]
id = 21231
nick = "邻居专营店"

[[app]]
key = "12345678"
secret = "helloworld"
roles = ["erp", "pos"]
sellers = [21230]

[[session]]
token = "test-session"
app = "12345678"
seller = 21230

[[channel]]
name = "tmall"
seller = 21230
token = "channel-token"

[[user]]
name = "小王"
seller = 21230
role = "merchant"
token = "merchant-token"

[[user]]
name = "邻居"
seller = 21231
role = "merchant"
token = "neighbour-token"
"#;

fn clock() -> Clock {
    Clock::manual(Timestamp(parse_datetime("2026-01-02 10:00:00").expect("a date").0))
}

async fn open(clock: &Clock) -> Merchant {
    Merchant::open_with(DECLARED, clock.clone(), Limits::default()).await
}

async fn told(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("is text");
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

async fn get(merchant: &Merchant, token: &str, path: &str) -> (u16, Value) {
    let asked = merchant.http().get(merchant.url(&format!("/api/v1/{path}"))).bearer_auth(token);
    let answer = asked.send().await.expect("is answered");
    told(answer).await
}

async fn post(merchant: &Merchant, path: &str, body: Value) -> (u16, Value) {
    let asked = merchant.http().post(merchant.url(&format!("/api/v1/{path}"))).bearer_auth("merchant-token");
    let told_json = asked.header("content-type", "application/json").body(body.to_string());
    let answer = told_json.send().await.expect("is answered");
    told(answer).await
}

/// Waits until the queue holds exactly these kinds, oldest first, and gives the list.
async fn holds(merchant: &Merchant, kinds: &[&str]) -> Vec<Value> {
    let mut found = Vec::new();
    for _ in 0..1_000 {
        let (_, list) = get(merchant, "merchant-token", "exceptions").await;
        found = list["exceptions"].as_array().cloned().expect("a list");
        if found.iter().map(|one| one["kind"].as_str().expect("a kind")).eq(kinds.iter().copied()) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the queue never held {kinds:?}: {found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_nobody_can_serve_is_taken_noted_and_ends_when_it_is_routed() {
    let merchant = open(&clock()).await;
    let store = merchant.store("S001").await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    let queue = holds(&merchant, &["unfillable"]).await;
    let id = queue[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!((queue[0]["oid"].as_i64(), queue[0]["state"].as_str()), (Some(OID), Some("open")));
    assert_eq!(get(&merchant, "neighbour-token", "exceptions").await.1["exceptions"], json!([]));
    assert_eq!(get(&merchant, "neighbour-token", &format!("exceptions/{id}")).await.0, 404);

    let (_, taken) = post(&merchant, &format!("exceptions/{id}/take"), json!({})).await;
    assert_eq!((taken["state"].as_str(), taken["owner"].as_str()), (Some("taken"), Some("小王")));
    let (_, noted) = post(&merchant, &format!("exceptions/{id}/notes"), json!({"text": "asked the supplier"})).await;
    assert_eq!(noted["notes"][0]["text"], "asked the supplier");
    let (status, _) = post(&merchant, &format!("exceptions/{id}/notes"), json!({"text": " "})).await;
    assert_eq!(status, 400);

    let act = |action: &str| json!({"action": action});
    let (status, wrong) = post(&merchant, &format!("exceptions/{id}/actions"), act("resend")).await;
    assert_eq!((status, wrong["error"]["field"].as_str()), (400, Some("action")));
    let (_, tried) = post(&merchant, &format!("exceptions/{id}/actions"), act("reallocate")).await;
    assert_eq!(tried["state"], "taken", "still nobody has it");
    merchant.offer(store, 7, 5).await;
    holds(&merchant, &[]).await;
    let (_, ended) = get(&merchant, "merchant-token", &format!("exceptions/{id}")).await;
    assert_eq!((ended["state"].as_str(), ended["owner"].as_str()), (Some("closed"), Some("小王")));
    assert!(ended["closed"]["by"].is_null(), "its cause was gone");
    let (status, closed) = post(&merchant, &format!("exceptions/{id}/close"), json!({"text": "done"})).await;
    assert_eq!((status, closed["error"]["code"].as_str()), (409, Some("isv.exception-closed")));
    let (_, history) =
        get(&merchant, "merchant-token", "exceptions?state=closed&kind=unfillable&owner=%E5%B0%8F%E7%8E%8B").await;
    assert_eq!(history["exceptions"].as_array().map(Vec::len), Some(1));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_store_is_warned_then_an_exception_and_time_moves_nothing_it_accepted() {
    let clock = clock();
    let merchant = open(&clock).await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    let own = json!({"ship_within_ms": 7_200_000});
    let url = merchant.url(&format!("/api/v1/locations/{store}/deadlines"));
    let set = merchant.http().put(url).bearer_auth("merchant-token").header("content-type", "application/json");
    let set = set.body(own.to_string()).send().await.expect("is answered");
    assert_eq!(set.status().as_u16(), 200);
    assert_eq!(get(&merchant, "merchant-token", &format!("locations/{store}/deadlines")).await.1, own);
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    let (_, list) = get(&merchant, "merchant-token", &format!("keeper/assignments?store_id={store}")).await;
    let code = list["assignments"][0]["code"].as_i64().expect("an offer");
    assert_eq!(post(&merchant, &format!("keeper/assignments/{code}/accept"), json!({})).await.0, 200);

    let facts = |trade: &Value, fact: &str| {
        trade["timeline"].as_array().expect("facts").iter().filter(|told| told["fact"] == fact).count()
    };
    clock.advance(Millis::hours(1));
    let mut trade = Value::Null;
    for _ in 0..1_000 {
        trade = get(&merchant, "merchant-token", &format!("trades/{TID}")).await.1;
        if facts(&trade, "deadline_near") == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((facts(&trade, "deadline_near"), facts(&trade, "ship_late")), (1, 0), "{trade}");
    clock.advance(Millis::hours(1));
    let queue = holds(&merchant, &["ship_late"]).await;
    assert_eq!((queue[0]["location_id"].as_i64(), queue[0]["tid"].as_i64()), (Some(store), Some(TID)));
    // Days later it is still the store's, and the channel is not asked for what was accepted.
    clock.advance(Millis::hours(72));
    let parcel = json!({"company_code": "SF", "waybill": "SF1000001"});
    assert_eq!(post(&merchant, &format!("keeper/assignments/{code}/ship"), parcel).await.0, 200);
    holds(&merchant, &[]).await;
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_on_is_given_back_to_the_channel_and_the_queue_leaves_as_a_file() {
    let clock = clock();
    let merchant = open(&clock).await;
    merchant.store("S001").await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    holds(&merchant, &["unfillable"]).await;
    clock.advance(Millis::hours(24));
    let queue = holds(&merchant, &["unfillable", "cancel_asked"]).await;
    let (_, first) = get(&merchant, "merchant-token", "exceptions?limit=1").await;
    let next = first["next"].as_str().expect("another page");
    let (_, second) = get(&merchant, "merchant-token", &format!("exceptions?limit=1&after={next}")).await;
    assert_eq!(second["exceptions"][0]["id"], queue[1]["id"]);
    let (_, old) = get(&merchant, "merchant-token", "exceptions?older_than_minutes=60").await;
    assert_eq!(old["exceptions"].as_array().map(Vec::len), Some(1));

    let file = merchant.http().get(merchant.url("/api/v1/exceptions?format=csv")).bearer_auth("merchant-token");
    let text = file.send().await.expect("is answered").text().await.expect("is text");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("id,kind,about,trade,location,state,owner,opened,hours,times,detail,closed,how"));
    assert!(lines[1].contains(&format!(",unfillable,sub-order {OID},{TID},,open,,2026-01-02 10:00:00,24,")), "{text}");
    let calls = merchant.app().store.trade(astrolabe_core::ids::SellerId(SELLER), astrolabe_core::ids::Tid(TID)).await;
    let asked = calls.expect("is read").expect("is there").outward;
    let asked: Vec<_> = asked.iter().map(|call| format!("{:?}", call.outward.message)).collect();
    assert_eq!(asked.iter().filter(|said| said.starts_with("AskCancel")).count(), 1, "{asked:?}");
    merchant.close().await;
}
