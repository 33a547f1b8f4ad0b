//! A neighbour on the same platform, with a connector of his own and ids of ours, gets the published refusals and moves nothing.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::ids::{SellerId, StoreId, Tid};
use astrolabe_rehearsal::merchant::{RefundStatus, StockClass};
use astrolabe_rehearsal::parties::{Addresses, Mode, Parties};
use astrolabe_rehearsal::wire::{CallError, Verb};
use serde_json::json;

use crate::database::Database;
use crate::paper::{first_oid, listing, paid, refund, tid};
use crate::server::{Server, apply, assert_healthy};
use crate::shop::{self, FARTHER, NEAR, Shop, refusal};

const TID: Tid = tid(4);

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_gets_at_nothing_of_ours() {
    let database = Database::sqlite();
    let ours = shop::parties(Mode::PlatformPos);
    let theirs = Parties::of(SellerId(21_231), "邻居专营店", Mode::PlatformPos);
    for parties in [&ours, &theirs] {
        apply(&database, &shop::declaration(parties, &Addresses::default(), &[])).await;
    }
    let server = Server::start(&database).await;
    let (shop, neighbour) = (Shop::at(&server, ours), Shop::at(&server, theirs));
    let goods = listing(4);
    let store = shop.open_store("OURS", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 3).await;
    shop.push("trades", &paid(TID, goods, 1)).await;
    let before = shop.reaches(TID, store, "notified").await.decided();
    neighbour.open_store("THEIRS", FARTHER, &[]).await;

    for (app, name, fields, code) in attempts(&shop, &neighbour, store) {
        let connector = neighbour.as_app(&app);
        assert_eq!(refusal(&connector, name, Shape::TopJson, &fields).await, code, "{name}");
    }
    over_rest(&shop, &neighbour).await;

    assert_eq!(shop.trade(TID).await.decided(), before);
    assert_eq!(shop.balance(store, goods, StockClass::Certain).await, shop::balance(2, 1));
    let query = Fields::new().with("store_id", store.0);
    let asked = shop::done(&shop.erp(), "taobao.qimen.store.query", Shape::TopJson, &query).await;
    assert_eq!(asked.fields().text("store_code").ok(), Some("OURS"));
    assert_healthy(&database).await;
    database.remove().await;
}

type Attempt = (astrolabe_rehearsal::parties::AppParty, &'static str, Fields, &'static str);

/// App, method, fields with our ids, and the refusal that is published for it.
fn attempts(shop: &Shop, neighbour: &Shop, store: StoreId) -> Vec<Attempt> {
    const STORE: &str = "isv.store-not-exist";
    const TRADE: &str = "isv.trade-not-exist";
    const PERMISSION: &str = "isv.invalid-permission";
    let goods = listing(4);
    let (erp, pos) = (&neighbour.parties.erp, &neighbour.parties.pos);
    let (our_id, their_id) = (shop.parties.seller, neighbour.parties.seller);
    let one = |name, value: i64| Fields::new().with(name, value);
    let bill = || shop::bill_fields("STOLEN", goods, StockClass::Certain, -1, Some("BALANCE"));
    let trade = one("tid", TID.0).with("fields", "tid");
    let update = shop::store_fields("STOLEN", NEAR).with("store_id", store.0);
    let status = |seller| shop::status_fields(seller, TID, first_oid(TID), store, "X_SHOP_CANCEL_CONFIRM");
    let asked = Fields::new().with("stores", vec![shop::place_fields(store, bill_query())]);
    vec![
        (erp.clone(), "taobao.qimen.store.query", one("store_id", store.0), STORE),
        (erp.clone(), "taobao.qimen.store.update", update, STORE),
        (erp.clone(), "taobao.qimen.store.delete", Fields::new().with("store_id", vec![store.0]), STORE),
        (erp.clone(), "taobao.qimen.itemstore.banding", shop::bind_fields(goods, &[store]), STORE),
        (erp.clone(), "taobao.qimen.storeitem.query", one("store_id", store.0), STORE),
        (erp.clone(), "taobao.qimen.storeinventory.itemquery", asked, STORE),
        (erp.clone(), "taobao.qimen.storeinventory.itemupdate", shop::stock_fields(our_id, store, bill()), PERMISSION),
        (erp.clone(), "taobao.qimen.storeinventory.itemupdate", shop::stock_fields(their_id, store, bill()), STORE),
        (erp.clone(), "taobao.trade.fullinfo.get", trade, TRADE),
        (pos.clone(), "taobao.omniorder.store.accpeted", shop::answer_fields(TID, store, "0", None), STORE),
        (pos.clone(), "taobao.omniorder.store.refused", shop::answer_fields(TID, store, "0", Some("无货")), STORE),
        (pos.clone(), "taobao.omniorder.store.consigned", shop::ship_fields(TID, store), STORE),
        (pos.clone(), "taobao.logistics.offline.send", shop::consign_fields(TID), TRADE),
        (pos.clone(), "taobao.qimen.orderStatus.update", status(our_id), PERMISSION),
        (pos.clone(), "taobao.qimen.orderStatus.update", status(their_id), STORE),
    ]
}

fn bill_query() -> Fields {
    let goods = listing(4);
    Fields::new().with("item_id", goods.item.0).with("outer_id", shop::outer_code(goods)).with("sku_id", goods.sku.0)
}

/// The REST side: what is not yours does not exist, and a token opens what it is for.
async fn over_rest(shop: &Shop, neighbour: &Shop) {
    let seen = shop.trade(TID).await;
    let code = seen.code(first_oid(TID)).expect("an allocation");
    let (staff, channel) = (neighbour.parties.merchant_token(), neighbour.parties.channel_token());
    let trade = format!("/api/v1/trades/{TID}");
    let trade_path = trade.clone();
    let accept = format!("/api/v1/keeper/assignments/{code}/accept");
    let door = |what: &str| format!("/api/v1/channels/{}/{what}", shop.parties.channel_name());
    let asked_back = refund(TID, listing(4), RefundStatus::WaitSellerAgree, 0);
    let paid = paid(tid(5), listing(4), 1);
    let table = [
        (Verb::Get, trade.clone(), &staff, None, "404 isv.not-found"),
        (Verb::Post, accept, &staff, Some(json!({})), "404 isv.not-found"),
        (Verb::Post, door("trades"), &staff, Some(paid), "401 isv.invalid-permission"),
        (Verb::Get, trade.clone(), &channel, None, "401 isv.invalid-permission"),
        (Verb::Get, trade, &"guessed".to_owned(), None, "401 isv.invalid-permission"),
    ];
    for (verb, path, token, body, expected) in table {
        match shop.http.rest(verb, &shop.server.at(&path), token, body.as_ref()).await {
            Err(CallError::Refused { code, .. }) => assert_eq!(code, expected, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    // Whose trades come, the token says: to the neighbour it is a refund that came before a trade of his own.
    let kept = shop.http.rest(Verb::Post, &shop.server.at(&door("refunds")), &channel, Some(&asked_back)).await;
    assert!(kept.is_ok(), "{kept:?}");
    assert_eq!(shop.trade(TID).await.code(first_oid(TID)), Some(code));
    let facts = shop.http.rest(Verb::Get, &shop.server.at(&trade_path), &shop.parties.merchant_token(), None).await;
    assert!(!facts.expect("is ours").to_string().contains("refund_asked"), "ours was asked back by a neighbour");
}
