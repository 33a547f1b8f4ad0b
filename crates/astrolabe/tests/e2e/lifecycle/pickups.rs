//! Goods that change hands against a code: collected at the store, and brought by the store itself. The clerk never sees the
//! code before the buyer shows it; the channel tells it to the buyer.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};
use astrolabe_rehearsal::wire::{CallError, Verb};
use serde_json::json;

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{first_oid, listing, paid, tid};
use crate::server::assert_healthy;
use crate::shop::{self, NEAR, balance, done, refusal};

const TID: Tid = tid(40);

#[tokio::test(flavor = "multi_thread")]
async fn the_buyer_collects_at_the_store_with_the_code_that_the_channel_told_him() {
    let database = Database::sqlite();
    let channel = Ear::of_channel(&shop::parties(Mode::PlatformKeeper).at_channel).await;
    let addresses = Addresses { channel: Some(channel.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::PlatformKeeper, &addresses, &[]).await;
    let goods = listing(40);
    let store = shop.open_store("NEAR", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 5).await;
    let mut trade = paid(TID, goods, 2);
    let members = &mut trade["trade_fullinfo_get_response"]["trade"];
    members["rt_omni_send_type"] = json!("pickUp");
    members["rt_omni_store_id"] = json!(store.to_string());
    shop.push("trades", &trade).await;
    shop.reaches(TID, store, "notified").await;

    assert_eq!(shop.press(TID, "confirm", &json!({})).await["state"], "confirmed");
    let told = channel.hears(TID, &["astrolabe.handover.code.tell"]).await;
    let code = told.fields.text("code").expect("a code").to_owned();
    assert_eq!(told.fields.long("store_id").ok(), Some(store.0));
    assert_eq!(shop.press(TID, "confirm", &json!({})).await["state"], "confirmed", "again, nothing new");

    let list = shop.server.at("/api/v1/keeper/assignments");
    let list = shop.http.rest(Verb::Get, &list, &shop.parties.merchant_token(), None).await.expect("the list");
    assert_eq!(list["assignments"][0]["pickup"], json!(true), "{list}");
    assert!(!list.to_string().contains(&code), "a clerk could hand the goods to anybody");
    assert_eq!(
        shop.trade(TID).await.0["assignments"][0]["handover_code"],
        json!(code),
        "the merchant's staff may look"
    );

    let given = shop.trade(TID).await.code(first_oid(TID)).expect("an allocation");
    let collect = shop.server.at(&format!("/api/v1/keeper/assignments/{given}/collect"));
    let wrong = json!({ "code": "000000000000" });
    let refused = shop.http.rest(Verb::Post, &collect, &shop.parties.merchant_token(), Some(&wrong)).await;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code.ends_with("isv.handover-code-not-exist")),
        "{refused:?}"
    );
    for _ in 0..2 {
        assert_eq!(shop.press(TID, "collect", &json!({ "code": code })).await["state"], "collected");
    }
    channel.hears(TID, &["astrolabe.handover.code.tell", "logistics.dummy.send"]).await;
    shop.balances(store, goods, balance(3, 0)).await;
    assert_eq!(shop.trade(TID).await.facts(first_oid(TID)), ["allocated", "confirmed", "collected"]);
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_brings_the_goods_and_the_buyer_signs_with_his_code() {
    let database = Database::sqlite();
    let parties = shop::parties(Mode::PlatformPos);
    let channel = Ear::of_channel(&parties.at_channel).await;
    let addresses = Addresses { channel: Some(channel.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::PlatformPos, &addresses, &[]).await;
    let goods = listing(41);
    let store = shop.open_store("NEAR", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 5).await;
    shop.push("trades", &paid(TID, goods, 1)).await;
    shop.reaches(TID, store, "notified").await;
    shop.accept(TID, store).await;

    let consign = Fields::new().with("main_order_id", TID.0).with("store_id", store.0);
    done(&shop.pos(), "taobao.omniorder.dtd.consign", Shape::TopJson, &consign).await;
    let told = channel.hears(TID, &["logistics.offline.send", "astrolabe.handover.code.tell"]).await;
    let code = told.fields.text("code").expect("a code").to_owned();
    shop.balances(store, goods, balance(4, 0)).await;

    let again = Fields::new().with("main_order_id", TID.0);
    done(&shop.pos(), "taobao.omniorder.dtd.resend", Shape::TopJson, &again).await;
    let heard = channel
        .hears(TID, &["logistics.offline.send", "astrolabe.handover.code.tell", "astrolabe.handover.code.tell"])
        .await;
    assert_eq!((heard.fields.text("code").ok(), heard.fields.boolean("again").ok()), (Some(code.as_str()), Some(true)));

    let consume = |code: &str| {
        let request = Fields::new().with("code", code).with("operator", "小王").with("main_order_id", TID.0);
        Fields::new().with("param_door2door_consume_request", request)
    };
    let refused = refusal(&shop.pos(), "taobao.omniorder.dtd.consume", Shape::TopJson, &consume("1")).await;
    assert_eq!(refused, "isv.handover-code-not-exist");
    done(&shop.pos(), "taobao.omniorder.dtd.consume", Shape::TopJson, &consume(&code)).await;
    assert_eq!(
        shop.trade(TID).await.facts(first_oid(TID)),
        ["allocated", "accepted", "shipped", "code_resent", "signed"]
    );
    assert_healthy(&database).await;
}
