//! Webhooks: who is told of which facts, how the calls are signed, in which order they come, and what they survive.

use std::time::Duration;

use astrolabe_protocol::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookSecret};
use astrolabe_server::app::Clock;
use serde_json::{Value, json};

use crate::isv::{Heard, Isv};
use crate::merchant::Merchant;
use crate::spi::{declared, limits, rest};

const PATH: &str = "/api/v1/webhooks";

async fn open() -> Merchant {
    Merchant::open_with(&declared(""), Clock::System, limits()).await
}

/// Makes a webhook and answers its secret.
async fn subscribed(merchant: &Merchant, name: &str, wish: Value) -> WebhookSecret {
    let (status, kept) = rest(merchant, "PUT", &format!("{PATH}/{name}"), "merchant-token", Some(wish)).await;
    assert_eq!(status, 200, "{kept}");
    WebhookSecret::parse(kept["secret"].as_str().expect("a secret was made")).expect("reads")
}

async fn heard(isv: &Isv, path: &str, count: usize) -> Vec<Heard> {
    for _ in 0..800 {
        let there: Vec<Heard> = isv.heard().into_iter().filter(|heard| heard.path == path).collect();
        if there.len() >= count {
            return there;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not {count} calls to {path} within 8 s: {:?}", isv.heard());
}

fn body(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).expect("is JSON")
}

fn is_signed(heard: &Heard, secret: &WebhookSecret) -> bool {
    let header = |name| heard.header(name).expect("is sent");
    let timestamp = header(TIMESTAMP_HEADER).parse().expect("seconds");
    secret.verify(header(ID_HEADER), timestamp, heard.body.as_bytes(), header(SIGNATURE_HEADER))
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_told_in_their_order_signed_and_to_those_who_asked() {
    let isv = Isv::open(Clock::System).await;
    let merchant = open().await;
    let store = merchant.store("S1").await;
    merchant.offer(store, 900, 9).await;
    let all = subscribed(&merchant, "all", json!({"url": isv.url("/empty")})).await;
    let paid = subscribed(&merchant, "paid", json!({"url": isv.url("/success"), "facts": ["paid"]})).await;
    subscribed(&merchant, "off", json!({"url": isv.url("/two-hundred"), "paused": true})).await;
    merchant.pay(7001, &[(70011, 900, 1)]).await;

    let told = heard(&isv, "/empty", 2).await;
    let types: Vec<Value> = told.iter().map(|heard| body(heard)["type"].clone()).collect();
    assert_eq!(types, ["order.paid", "order.allocated"]);
    let allocated = body(&told[1]);
    assert_eq!(
        (&allocated["data"]["tid"], &allocated["data"]["oid"], &allocated["data"]["location_id"]),
        (&json!("7001"), &json!("70011"), &json!(store))
    );
    assert!(!told.iter().any(|heard| heard.body.contains("张")), "the buyer is nobody's business");
    assert!(told.iter().all(|heard| is_signed(heard, &all) && !is_signed(heard, &paid)));

    let told = heard(&isv, "/success", 1).await;
    assert_eq!(told.iter().map(|heard| body(heard)["type"].clone()).collect::<Vec<_>>(), ["order.paid"]);
    assert!(is_signed(&told[0], &paid));
    merchant.close().await;
    assert!(!isv.heard().iter().any(|heard| heard.path == "/two-hundred"), "a paused one is told nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deaf_webhook_is_called_again_with_the_same_id_and_a_removed_one_not() {
    let isv = Isv::open(Clock::System).await;
    let merchant = open().await;
    let store = merchant.store("S1").await;
    merchant.offer(store, 900, 9).await;
    subscribed(&merchant, "erp", json!({"url": isv.url("/broken"), "facts": ["paid"]})).await;
    merchant.pay(7001, &[(70011, 900, 1)]).await;
    let told = heard(&isv, "/broken", 2).await;
    assert_eq!(told[0].header(ID_HEADER), told[1].header(ID_HEADER), "a repeat is known by its id");
    assert_eq!(told[0].body, told[1].body);
    let (status, _) =
        rest(&merchant, "PUT", &format!("{PATH}/erp"), "merchant-token", Some(json!({"url": isv.url("/empty")}))).await;
    assert_eq!(status, 200);
    let mended = heard(&isv, "/empty", 1).await;
    assert_eq!(mended[0].header(ID_HEADER), told[0].header(ID_HEADER));

    let removed =
        merchant.http().delete(merchant.url(&format!("{PATH}/erp"))).bearer_auth("merchant-token").send().await;
    assert_eq!(removed.expect("is answered").status(), 204);
    let calls = isv.heard().len();
    merchant.pay(7002, &[(70021, 900, 1)]).await;
    merchant.close().await;
    assert_eq!(isv.heard().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_its_sellers_alone_and_what_is_wrong_is_named() {
    let isv = Isv::open(Clock::System).await;
    let merchant = open().await;
    subscribed(&merchant, "erp", json!({"url": isv.url("/empty")})).await;
    let (_, mine) = rest(&merchant, "GET", PATH, "merchant-token", None).await;
    assert_eq!(mine, json!([{"name": "erp", "url": isv.url("/empty"), "facts": [], "paused": false}]));
    let (_, theirs) = rest(&merchant, "GET", PATH, "neighbour-token", None).await;
    assert_eq!(theirs, json!([]));
    let (status, _) = rest(&merchant, "POST", &format!("{PATH}/erp/test"), "neighbour-token", None).await;
    assert_eq!(status, 404);

    let (status, went) = rest(&merchant, "POST", &format!("{PATH}/erp/test"), "merchant-token", None).await;
    assert_eq!(
        (status, &went["outcome"], &body(&isv.last())["type"]),
        (200, &json!("delivered"), &json!("ping")),
        "{went}"
    );

    for (wish, field) in [
        (json!({"url": "ftp://x/"}), "url"),
        (json!({"url": "http://10.0.0.1/"}), "url"),
        (json!({"url": "https://x.example.com/", "secret": "whsec_AAAA"}), "secret"),
    ] {
        let (status, told) = rest(&merchant, "PUT", &format!("{PATH}/x"), "merchant-token", Some(wish.clone())).await;
        assert_eq!((status, &told["error"]["field"]), (400, &json!(field)), "{wish}: {told}");
    }
    let long = format!("{PATH}/{}", "x".repeat(51));
    let (status, told) = rest(&merchant, "PUT", &long, "merchant-token", Some(json!({"url": isv.url("/")}))).await;
    assert_eq!((status, &told["error"]["field"]), (400, &json!("name")), "{told}");
    merchant.close().await;
}
