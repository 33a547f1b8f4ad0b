//! Pickups (§6.5, `ZITI`, `storecollect.*`) and what stores bring themselves (`dtd.*`), over the wire.

use astrolabe_core::ids::{Oid, SellerId, Tid};
use astrolabe_protocol::client::{ClientError, Shape};
use astrolabe_protocol::{Answer, Fields, Value};
use astrolabe_store::ExceptionQuery;

use crate::merchant::{Caller, Merchant, SELLER, stock_report, trade_json};

const TID: i64 = 2_004_574_256_120_000;
const OID: i64 = 2_004_574_256_120_001;
const OTHER_TID: i64 = 2_004_574_256_130_000;
const OTHER_OID: i64 = 2_004_574_256_130_001;
const UPDATE: &str = "taobao.qimen.orderStatus.update";
const CONSUME: &str = "taobao.omniorder.storecollect.consume";
const QUERY: &str = "taobao.omniorder.storecollect.query";
const CONSIGN: &str = "taobao.omniorder.dtd.consign";

/// A merchant with two stores that have five of an item each.
async fn two_stores() -> (Merchant, i64, i64) {
    let merchant = Merchant::open().await;
    let (chosen, other) = (merchant.store("S001").await, merchant.store("S002").await);
    merchant.offer(chosen, 7, 5).await;
    merchant.offer(other, 7, 5).await;
    (merchant, chosen, other)
}

/// A paid trade of one unit that the buyer collects at the store.
async fn collect_at(merchant: &Merchant, store: i64, tid: i64, oid: i64) {
    let mut trade: serde_json::Value = serde_json::from_str(&trade_json(tid, &[(oid, 7, 1)])).expect("is JSON");
    let members = &mut trade["trade_fullinfo_get_response"]["trade"];
    members["rt_omni_send_type"] = "pickUp".into();
    members["rt_omni_store_id"] = store.to_string().into();
    let (status, answer) = merchant.push("tmall/trades", "channel-token", trade.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    merchant.reaches(tid, oid, "X_ALLOCATION_NOTIFIED").await;
}

fn status(store: i64, tid: i64, oid: i64, status: &str) -> Fields {
    Fields::new()
        .with("parent_order_code", tid)
        .with("order_codes", vec![oid])
        .with("store_id", store)
        .with("type", "ZITI")
        .with("status", status)
        .with("operator", "小王")
}

fn shown(tid: i64, code: &str) -> Fields {
    shown_to(tid, code, "小王")
}

fn shown_to(tid: i64, code: &str, operator: &str) -> Fields {
    Fields::new().with("main_order_id", tid).with("code", code).with("operator", operator)
}

/// The code that was issued for a sub-order, as the merchant's own staff see it; no answer on this wire has it.
async fn code_of(merchant: &Merchant, tid: i64, oid: i64) -> String {
    let view = merchant.app().store.trade(SellerId(SELLER), Tid(tid)).await.expect("is read").expect("is there");
    let of_line = view.file.live_of(Oid(oid)).next().expect("is allocated");
    of_line.handover.as_ref().expect("has a code").code.digits().to_owned()
}

fn refused(result: Result<Answer, ClientError>) -> String {
    match result {
        Err(ClientError::Refused { sub_code: Some(sub_code), .. }) => sub_code,
        Ok(answer) => answer.failure_code().expect("is no success").to_owned(),
        other => panic!("not refused by the business: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pickup_is_confirmed_and_its_code_opens_it_once() {
    let (merchant, chosen, other) = two_stores().await;
    collect_at(&merchant, chosen, TID, OID).await;
    collect_at(&merchant, other, OTHER_TID, OTHER_OID).await;
    assert_eq!(merchant.told(TID, OID, "orderType").await.as_deref(), Some("STORE_COLLECT"));
    let early = merchant.call(CONSUME, shown(TID, "000000000000")).await;
    assert_eq!(refused(early), "isv.pickup-not-confirmed");
    for shape in Shape::ALL {
        let told = merchant.call_as(Caller::Erp, shape, UPDATE, &status(chosen, TID, OID, "X_COMMODITY_CONFIRM")).await;
        assert_eq!(told.expect("is answered").failure_code(), None, "{shape:?}: said again, nothing new");
    }
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_COMMODITY_CONFIRM"));
    let code = code_of(&merchant, TID, OID).await;
    let answer = merchant.done(QUERY, Fields::new().with("code", code.as_str())).await;
    assert_eq!(answer.fields().structure("data").expect("data").long("main_order_id"), Ok(TID));
    assert_eq!(answer.failure_code(), None, "0: the code is good");

    let table = [
        (shown(TID, "999999999999"), "isv.handover-code-not-exist"),
        (shown(OTHER_TID, &code), "isv.handover-code-mismatch"),
    ];
    for (fields, expected) in table {
        assert_eq!(refused(merchant.call(CONSUME, fields).await), expected);
    }
    let door = Fields::new().with("param_door2door_consume_request", Value::Struct(shown(TID, &code)));
    assert_eq!(refused(merchant.call("taobao.omniorder.dtd.consume", door).await), "isv.handover-code-not-exist");
    let neighbour = merchant.call_as(Caller::Neighbour, Shape::TopJson, CONSUME, &shown(TID, &code)).await;
    assert_eq!(refused(neighbour), "isv.trade-not-exist", "a code is its seller's");
    let wms = merchant.call_as(Caller::Wms, Shape::TopJson, CONSUME, &shown(TID, &code)).await;
    assert_eq!(refused(wms), "isv.permission-api-package-limit");

    for _ in 0..2 {
        merchant.done(CONSUME, shown(TID, &code)).await;
    }
    let later = merchant.call(CONSUME, shown_to(TID, &code, "小李")).await;
    assert_eq!(refused(later), "isv.handover-code-used");
    assert_eq!(
        refused(merchant.call(QUERY, Fields::new().with("code", code.as_str())).await),
        "isv.handover-code-used"
    );
    let unknown = merchant.call(QUERY, Fields::new().with("code", "1")).await;
    assert_eq!(refused(unknown), "isv.handover-code-not-exist");
    assert_eq!(merchant.stock_at("STORE", &chosen.to_string(), 7).await, (4, 0));
    let asked = Fields::new().with("tid", TID).with("fields", "status");
    let trade = merchant.done("taobao.trade.fullinfo.get", asked).await;
    let trade = trade.fields().structure("trade").expect("a trade");
    assert_eq!(trade.text("status"), Ok("WAIT_BUYER_CONFIRM_GOODS"), "the goods are out of the merchant's hands");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_goods_has_them_brought() {
    let (merchant, chosen, other) = two_stores().await;
    collect_at(&merchant, chosen, TID, OID).await;
    let report = |change: i64| {
        let bill = crate::merchant::bill(&format!("MOVE{change}"), 7);
        let bill =
            bill.with("inventory_type", "CERTAINTY").with("bill_type", "TAOBAO_EXCLUDED").with("quantity", change);
        let place = if change < 0 { other } else { chosen };
        stock_report("STORE", &place.to_string(), vec![bill])
    };
    for _ in 0..2 {
        merchant.done(UPDATE, status(chosen, TID, OID, "X_COMMODITY_TRANSER")).await;
    }
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_COMMODITY_TRANSER"));
    assert_eq!(merchant.told(TID, OID, "targetCode").await, Some(chosen.to_string()), "the buyer still comes here");
    assert_eq!(merchant.stock_at("STORE", &other.to_string(), 7).await, (4, 1));
    // The merchant's own reports move the unit.
    for change in [-1, 1] {
        merchant.done("taobao.qimen.storeinventory.itemupdate", report(change)).await;
    }
    merchant.done("taobao.qimen.orderStatus.sync", status(chosen, TID, OID, "X_TRANSFER_SUCCESS")).await;
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_COMMODITY_CONFIRM"));
    assert_eq!(merchant.stock_at("STORE", &other.to_string(), 7).await, (4, 0));
    assert_eq!(merchant.stock_at("STORE", &chosen.to_string(), 7).await, (5, 1));
    // A system that says the usual word as well says nothing new.
    merchant.done(UPDATE, status(chosen, TID, OID, "X_COMMODITY_CONFIRM")).await;
    let code = code_of(&merchant, TID, OID).await;
    merchant.done(CONSUME, shown(TID, &code)).await;
    assert_eq!(merchant.stock_at("STORE", &chosen.to_string(), 7).await, (5, 0));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_pickup_goes_where_a_person_says() {
    let (merchant, chosen, other) = two_stores().await;
    collect_at(&merchant, chosen, TID, OID).await;
    let reallocate = |store: Option<i64>| {
        let fields = Fields::new().with("main_order_id", TID).with("sub_order_ids", vec![OID.to_string()]);
        fields.with_opt("store_id", store)
    };
    const REALLOCATE: &str = "taobao.omniorder.store.reallocate";
    assert_eq!(refused(merchant.call(REALLOCATE, reallocate(None)).await), "isv.pickup-store-chosen");
    merchant.done(UPDATE, status(chosen, TID, OID, "X_SHOP_DENY")).await;
    merchant.reaches(TID, OID, "X_SHOP_DENY").await;
    let query = ExceptionQuery { limit: 10, ..ExceptionQuery::default() };
    let open = merchant.app().store.exceptions(SellerId(SELLER), &query).await.expect("are read");
    assert_eq!(open.iter().map(|found| found.kind.name()).collect::<Vec<_>>(), ["pickup_choice"]);
    merchant.done(REALLOCATE, reallocate(Some(other))).await;
    assert_eq!(merchant.told(TID, OID, "targetCode").await, Some(other.to_string()));
    assert_eq!(merchant.told(TID, OID, "orderType").await.as_deref(), Some("STORE_COLLECT"), "still a pickup");
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_ALLOCATION_NOTIFIED"));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_before_the_counter_cannot_be_denied() {
    let (merchant, chosen, _) = two_stores().await;
    collect_at(&merchant, chosen, TID, OID).await;
    merchant.done(UPDATE, status(chosen, TID, OID, "X_COMMODITY_CONFIRM")).await;
    let code = code_of(&merchant, TID, OID).await;
    let refund = serde_json::json!({"refund_id": "98765", "tid": TID, "oid": OID, "status": "WAIT_SELLER_AGREE",
        "refund_fee": "279.00", "has_good_return": false, "modified": "2026-01-02 10:20:00"});
    merchant.push("tmall/refunds", "channel-token", refund.to_string()).await;
    merchant.reaches(TID, OID, "X_SHOP_CANCEL").await;
    assert_eq!(refused(merchant.call(CONSUME, shown(TID, &code)).await), "isv.cancel-requested");
    let denied = status(chosen, TID, OID, "X_SHOP_CANCEL_DENIED");
    assert_eq!(refused(merchant.call(UPDATE, denied).await), "isv.invalid-parameter:type", "no state of pickups");
    let untyped: Fields =
        status(chosen, TID, OID, "X_SHOP_CANCEL_DENIED").into_iter().filter(|(name, _)| name != "type").collect();
    assert_eq!(refused(merchant.call(UPDATE, untyped).await), "isv.order-state-invalid");
    merchant.done(UPDATE, status(chosen, TID, OID, "X_SHOP_CANCEL_CONFIRM")).await;
    assert_eq!(merchant.stock_at("STORE", &chosen.to_string(), 7).await, (5, 0));
    let late = merchant.call(CONSUME, shown(TID, &code)).await;
    assert_eq!(refused(late), "isv.order-state-invalid");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_brings_a_delivery_itself() {
    let (merchant, ..) = two_stores().await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    let store: i64 = merchant.told(TID, OID, "targetCode").await.expect("a store").parse().expect("an id");
    let consign = Fields::new().with("main_order_id", TID).with("store_id", store);
    assert_eq!(refused(merchant.call(CONSIGN, consign.clone()).await), "isv.order-state-invalid", "nobody accepted it");
    let accepted = Fields::new()
        .with("parent_order_code", TID)
        .with("order_codes", vec![OID])
        .with("store_id", store)
        .with("type", "FAHUO")
        .with("status", "X_SHOP_ALLOCATION")
        .with("operator", "小王");
    merchant.done(UPDATE, accepted).await;
    for _ in 0..2 {
        merchant.done(CONSIGN, consign.clone()).await;
    }
    merchant.reaches(TID, OID, "X_SHOP_HANDLED").await;
    assert_eq!(merchant.stock_at("STORE", &store.to_string(), 7).await, (4, 0));
    let asked = Fields::new().with("tid", TID).with("fields", "orders.logistics_company,orders.invoice_no");
    let trade = merchant.done("taobao.trade.fullinfo.get", asked).await;
    let told = format!("{:?}", trade.fields());
    assert!(told.contains("门店自送") && told.contains(&format!("{TID}-{store}")), "{told}");

    let code = code_of(&merchant, TID, OID).await;
    let answer = merchant.done("taobao.omniorder.dtd.query", Fields::new().with("code", code.as_str())).await;
    assert_eq!(answer.fields().structure("data").expect("data").long("main_order_id"), Ok(TID));
    assert_eq!(
        refused(merchant.call(QUERY, Fields::new().with("code", code.as_str())).await),
        "isv.handover-code-not-exist"
    );

    const RESEND: &str = "taobao.omniorder.dtd.resend";
    let again = Fields::new().with("main_order_id", TID);
    merchant.done(RESEND, again.clone()).await;
    // Another wish, not the same signed request: the day's one has been used.
    let other = merchant.call_as(Caller::Erp, Shape::TopXml, RESEND, &again).await;
    assert_eq!(refused(other), "isv.handover-code-sent-today");
    assert_eq!(code_of(&merchant, TID, OID).await, code, "it is the same code");

    let consume = |operator: &str| {
        Fields::new().with("param_door2door_consume_request", Value::Struct(shown_to(TID, &code, operator)))
    };
    const DOOR: &str = "taobao.omniorder.dtd.consume";
    for _ in 0..2 {
        merchant.done(DOOR, consume("小王")).await;
    }
    assert_eq!(refused(merchant.call(DOOR, consume("小李")).await), "isv.handover-code-used");
    let view = merchant.app().store.trade(SellerId(SELLER), Tid(TID)).await.expect("is read").expect("is there");
    let states: Vec<_> = view.file.assignments.iter().map(|given| given.state.name()).collect();
    assert_eq!(states, ["signed"]);
    merchant.close().await;
}
