//! The channel door: who may push, what is read, what is refused and by which path.

use astrolabe_core::ids::{SellerId, Tid};

use crate::merchant::{Merchant, NEIGHBOUR, SELLER, trade_json};

const PUBLISHED: &str = include_str!("../../../../tests/data/trade.json");
const PUBLISHED_REFUND: &str = include_str!("../../../../tests/data/refund.json");
const PUBLISHED_TID: i64 = 2_004_574_256_073_903;

#[tokio::test(flavor = "multi_thread")]
async fn the_published_examples_are_taken_and_taken_again_without_effect() {
    let merchant = Merchant::open().await;
    for changed in [true, false] {
        let (status, answer) = merchant.push("tmall/trades", "channel-token", PUBLISHED.to_owned()).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["results"], serde_json::json!([{"tid": PUBLISHED_TID, "changed": changed}]));
    }
    let (status, answer) = merchant.push("tmall/refunds", "channel-token", PUBLISHED_REFUND.to_owned()).await;
    assert_eq!((status, &answer["results"][0]["changed"]), (200, &serde_json::json!(true)), "{answer}");
    let view =
        merchant.app().store.trade(SellerId(SELLER), Tid(PUBLISHED_TID)).await.expect("reads").expect("is there");
    assert!(view.published.contains("promotion_details") && view.published.contains("张**"));
    let decided = format!("{:?} {:?}", view.file, view.timeline);
    assert!(
        !decided.contains("张**") && !decided.contains("138***"),
        "the buyer's data is in the published text alone"
    );
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_own_channel_and_nothing_else() {
    let merchant = Merchant::open().await;
    let table = [
        ("tmall/trades", "no-such-token", 401),
        ("tmall/trades", "test-session", 401),
        ("jd/trades", "channel-token", 403),
        ("other/refunds", "channel-token", 403),
    ];
    for (path, token, expected) in table {
        let (status, answer) = merchant.push(path, token, trade_json(1, &[(2, 7, 1)])).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (expected, &serde_json::json!("isv.invalid-permission")),
            "{path}"
        );
    }
    // The neighbour's token brings the trade to the neighbour, whatever the trade says.
    let (status, answer) = merchant.push("tmall/trades", "neighbour-channel-token", trade_json(1, &[(2, 7, 1)])).await;
    assert_eq!(status, 200, "{answer}");
    assert!(merchant.app().store.trade(SellerId(NEIGHBOUR), Tid(1)).await.expect("reads").is_some());
    assert!(merchant.app().store.trade(SellerId(SELLER), Tid(1)).await.expect("reads").is_none());
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unreadable_trade_and_nothing_of_the_call_is_done() {
    let merchant = Merchant::open().await;
    let good = trade_json(1, &[(2, 7, 1)]);
    let bad = trade_json(3, &[(4, 7, 1)]).replace("\"num\":1", "\"num\":0");
    let (status, answer) =
        merchant.push("tmall/trades", "channel-token", format!("{{\"trades\":[{good},{bad}]}}")).await;
    assert_eq!(status, 400, "{answer}");
    let path = "trades[1].trade_fullinfo_get_response.trade.orders.order[0].num";
    assert_eq!(answer["error"]["field"], serde_json::json!(path));
    assert!(merchant.app().store.trade(SellerId(SELLER), Tid(1)).await.expect("reads").is_none());
    for body in ["", "[]", "{", "{\"tid\":1,\"tid\":2}"] {
        let (status, answer) = merchant.push("tmall/trades", "channel-token", body.to_owned()).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &serde_json::json!("$")), "{body}");
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_answered_in_its_order_and_a_hold_is_taken_over() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    let hold = astrolabe_protocol::Fields::new()
        .with("reserve_key", "cart-1")
        .with("item_id", 7)
        .with("sku_id", crate::merchant::sku(7))
        .with("quantity", 2);
    merchant.done("astrolabe.stock.reserve", hold).await;
    let held = trade_json(11, &[(12, 7, 2)]).replace("\"num\":2", "\"num\":2,\"astrolabe_reserve_key\":\"cart-1\"");
    let list = format!("{{\"trades\":[{},{held}]}}", trade_json(21, &[(22, 7, 3)]));
    let (status, answer) = merchant.push("tmall/trades", "channel-token", list).await;
    assert_eq!(status, 200, "{answer}");
    let tids: Vec<i64> =
        answer["results"].as_array().expect("a list").iter().filter_map(|one| one["tid"].as_i64()).collect();
    assert_eq!(tids, [21, 11]);
    // 3 for the first, and the 2 held before payment for the second: nothing is held twice.
    assert_eq!(merchant.stock_at("STORE", &store.to_string(), 7).await, (0, 5));
    merchant.close().await;
}
