//! An order's life over the wire: allocated, accepted or refused, shipped, taken back; what connectors read about it.

use astrolabe_protocol::client::{self, ClientError, Outgoing, Shape};
use astrolabe_protocol::{Fields, Value};

use crate::merchant::{Caller, Merchant, method};

const TID: i64 = 2_004_574_256_110_000;
const OID: i64 = 2_004_574_256_110_001;
const OTHER_OID: i64 = 2_004_574_256_110_002;

/// The published form: everything in the item.
fn report(oid: i64, store: &str, kind: &str) -> Fields {
    let item = Fields::new()
        .with("sub_oid", oid)
        .with("tid", TID)
        .with("store_id", store)
        .with("store_type", kind)
        .with("code", "0")
        .with("operator", "小王")
        .with("logistic_company_code", "SF")
        .with("logistic_company", "顺丰速运")
        .with("logistic_no", "SF1000001");
    Fields::new().with("tid", TID).with("sub_order_list", Value::List(vec![Value::Struct(item)]))
}

/// The white paper's form: store, type and operator once, at the head.
fn flat_report(oids: &[i64], store: &str) -> Fields {
    let items = oids.iter().map(|oid| Value::Struct(Fields::new().with("sub_oid", *oid).with("status", "STATUS_PAID")));
    Fields::new()
        .with("tid", TID)
        .with("store_id", store)
        .with("store_type", "Store")
        .with("operator", "小王")
        .with("sub_order_list", Value::List(items.collect()))
}

fn sub_code(result: Result<astrolabe_protocol::Answer, ClientError>) -> String {
    match result {
        Err(ClientError::Refused { sub_code: Some(sub_code), .. }) => sub_code,
        other => panic!("not refused by the business: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_is_allocated_accepted_and_shipped_and_every_step_may_be_said_twice() {
    let merchant = Merchant::open().await;
    let (near, far) = (merchant.store("S001").await, merchant.store("S002").await);
    merchant.offer(near, 7, 5).await;
    merchant.offer(far, 8, 7).await;
    merchant.pay(TID, &[(OID, 7, 1), (OTHER_OID, 8, 2)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    merchant.reaches(TID, OTHER_OID, "X_ALLOCATION_NOTIFIED").await;
    let (near, far) = (near.to_string(), far.to_string());
    for (name, expected) in [
        ("orderType", "STORE_DELIVER"),
        ("targetType", "STORE"),
        ("targetCode", near.as_str()),
        ("targetStoreOuterId", "S001"),
        ("everStoreAllocated", "1"),
    ] {
        assert_eq!(merchant.told(TID, OID, name).await.as_deref(), Some(expected), "{name}");
    }
    assert!(merchant.told(TID, OID, "acceptExpirationTime").await.is_some());
    assert_eq!(merchant.stock_at("STORE", &near, 7).await, (4, 1));

    for _ in 0..2 {
        merchant.done("taobao.omniorder.store.accpeted", report(OID, &near, "Store")).await;
        merchant.done("taobao.omniorder.store.accepted", flat_report(&[OTHER_OID], &far)).await;
    }
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_SHOP_ALLOCATION"));
    for _ in 0..2 {
        let answer = merchant.done("taobao.omniorder.store.consigned", report(OID, &near, "Store")).await;
        assert_eq!(answer.fields().structure("data").expect("data").text("mail_no"), Ok("SF1000001"));
    }
    merchant.reaches(TID, OID, "X_SHOP_HANDLED").await;
    assert_eq!(merchant.stock_at("STORE", &near, 7).await, (4, 0));

    let fields = Fields::new().with("tid", TID).with("fields", "status,orders.oid,orders.status,orders.invoice_no");
    let trade = merchant.done("taobao.trade.fullinfo.get", fields).await;
    let trade = trade.fields().structure("trade").expect("a trade");
    assert_eq!(trade.text("status"), Ok("SELLER_CONSIGNED_PART"));
    assert!(!trade.has("receiver_name") && !trade.has("omnichannel_param"), "only what was asked for");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_line_leaves_the_whole_call_undone() {
    let merchant = Merchant::open().await;
    let (near, far) = (merchant.store("S001").await, merchant.store("S002").await);
    merchant.offer(near, 7, 5).await;
    merchant.offer(far, 8, 7).await;
    merchant.pay(TID, &[(OID, 7, 1), (OTHER_OID, 8, 2)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    let (near, far) = (near.to_string(), far.to_string());
    let accept = "taobao.omniorder.store.accpeted";
    let table = [
        (flat_report(&[OID, OTHER_OID], &near), "isv.not-allocated-there"),
        (report(OID, &near, "Warehouse"), "isv.location-type-mismatch"),
        (report(OID, "999", "Store"), "isv.store-not-exist"),
        (report(9, &near, "Store"), "isv.sub-order-not-exist"),
    ];
    for (fields, expected) in table {
        assert_eq!(sub_code(merchant.call(accept, fields).await), expected);
    }
    let told = merchant.call_as(Caller::Neighbour, Shape::TopJson, accept, &report(OID, &near, "Store")).await;
    assert_eq!(sub_code(told), "isv.store-not-exist");
    let told = merchant.call_as(Caller::Wms, Shape::TopJson, accept, &report(OID, &near, "Store")).await;
    assert_eq!(sub_code(told), "isv.not-in-role-mode");
    let early = merchant.call("taobao.omniorder.store.consigned", report(OTHER_OID, &far, "Store")).await;
    assert_eq!(sub_code(early), "isv.order-state-invalid");
    for oid in [OID, OTHER_OID] {
        assert_eq!(merchant.told(TID, oid, "orderState").await.as_deref(), Some("X_ALLOCATION_NOTIFIED"));
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn different_parcels_in_one_call_ship_all_or_none() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    merchant.offer(store, 8, 7).await;
    merchant.pay(TID, &[(OID, 7, 1), (OTHER_OID, 8, 2)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    merchant.reaches(TID, OTHER_OID, "X_ALLOCATION_NOTIFIED").await;
    let near = store.to_string();
    let consigned = "taobao.omniorder.store.consigned";
    let parcel = |oid: i64, waybill: &str| {
        let item = Fields::new().with("sub_oid", oid).with("tid", TID).with("store_id", near.as_str());
        Value::Struct(item.with("store_type", "Store").with("logistic_company_code", "SF").with("logistic_no", waybill))
    };
    let both = Value::List(vec![parcel(OID, "SF1"), parcel(OTHER_OID, "SF2")]);
    let both = Fields::new().with("tid", TID).with("sub_order_list", both);
    merchant.done("taobao.omniorder.store.accpeted", flat_report(&[OID], &near)).await;
    let early = merchant.call(consigned, both.clone()).await;
    let Err(ClientError::Refused { sub_code, message, .. }) = early else { panic!("not refused: {early:?}") };
    assert_eq!(sub_code.as_deref(), Some("isv.order-state-invalid"));
    assert!(message.contains(&format!("{OTHER_OID}: sub-order {OTHER_OID} is notified")), "{message}");
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_SHOP_ALLOCATION"), "none ships");

    merchant.done("taobao.omniorder.store.accpeted", flat_report(&[OTHER_OID], &near)).await;
    for _ in 0..2 {
        let answer = merchant.done(consigned, both.clone()).await;
        assert_eq!(answer.fields().structure("data").expect("data").text("mail_no"), Ok("SF1,SF2"));
        for oid in [OID, OTHER_OID] {
            assert_eq!(merchant.told(TID, oid, "orderState").await.as_deref(), Some("X_SHOP_HANDLED"));
        }
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_milestone_may_come_before_the_allocation() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 0).await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    let update = "taobao.qimen.orderstatus.update";
    let of = |status: &str| {
        let fields = Fields::new().with("parent_order_code", TID).with("status", status);
        fields.with("type", "FAHUO").with("operator", "小王")
    };
    for _ in 0..2 {
        merchant.done(update, of("X_TO_SYSTEM").with("order_codes", vec![OID])).await;
    }
    merchant.done("taobao.qimen.orderstatus.sync", of("X_SERVICE_AUDITED")).await;
    let told = merchant.call(update, of("X_SHOP_ALLOCATION").with("order_codes", vec![OID])).await;
    assert_eq!(sub_code(told), "isv.missing-parameter:store_id");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_sends_the_order_on_and_the_warehouse_needs_no_acceptance() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    let initial = crate::merchant::bill("W-1", 7).with("inventory_type", "CERTAINTY").with("quantity", 9);
    let report_stock = crate::merchant::stock_report("WAREHOUSE", "WH-EAST", vec![initial]);
    merchant.done("taobao.qimen.storeinventory.iteminitial", report_stock).await;

    let mut refusal = flat_report(&[OID], &store.to_string());
    refusal.push("trace_id", "t-1");
    merchant.done("taobao.omniorder.store.refuse", refusal).await;
    for _ in 0..400 {
        if merchant.told(TID, OID, "targetType").await.as_deref() == Some("WAREHOUSE") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(merchant.told(TID, OID, "targetCode").await.as_deref(), Some("WH-EAST"));
    let sent = report(OID, "WH-EAST", "Warehouse");
    let shipped = merchant.call_as(Caller::Wms, Shape::TopJson, "taobao.omniorder.store.consigned", &sent).await;
    assert_eq!(shipped.expect("is answered").failure_code(), None);
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_SHOP_HANDLED"));
    assert_eq!(merchant.stock_at("WAREHOUSE", "WH-EAST", 7).await, (8, 0));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_reported_by_allocation_code_or_by_store_at_every_door() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    let code = merchant.told(TID, OID, "allocationCode").await.expect("a code");
    let by_code = |status: &str| {
        Fields::new()
            .with("allocation_code", code.as_str())
            .with("order_codes", vec![OID])
            .with("status", status)
            .with("operator", "小王")
    };
    let by_store = |status: &str| {
        Fields::new()
            .with("seller_code", "21230")
            .with("parent_order_code", TID)
            .with("order_codes", vec![OID])
            .with("store_id", store)
            .with("type", "FAHUO")
            .with("status", status)
            .with("operator", "小王")
    };
    let update = "taobao.qimen.orderStatus.update";
    let steps = [
        (Shape::Qimen, by_store("X_TO_SYSTEM"), "X_ALLOCATION_NOTIFIED"),
        (Shape::TopXml, by_code("X_SHOP_ALLOCATION"), "X_SHOP_ALLOCATION"),
        (Shape::CloudJson, by_store("X_PACKAGED"), "X_SHOP_ALLOCATION"),
        (Shape::Qimen, by_store("X_SHOP_HANDLED"), "X_SHOP_HANDLED"),
    ];
    for (shape, fields, state) in steps {
        let answer = merchant.call_as(Caller::Erp, shape, update, &fields).await;
        assert_eq!(answer.unwrap_or_else(|error| panic!("{shape:?}: {error}")).failure_code(), None);
        assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some(state));
    }
    let general = Fields::new().with("parent_order_code", TID).with("status", "X_OUT_WAREHOUSE");
    merchant.done("taobao.qimen.orderstatus.sync", general).await;

    for (fields, expected) in [
        (by_store("X_SHOP_CANCEL"), "isv.invalid-parameter:status"),
        (by_store("X_NONSENSE"), "isv.invalid-parameter:status"),
        (by_store("X_COMMODITY_CONFIRM"), "isv.invalid-parameter:type"),
        (by_code("X_COMMODITY_CONFIRM"), "isv.order-state-invalid"),
        (by_store("X_SHOP_CANCEL_CONFIRM"), "isv.nothing-to-answer"),
    ] {
        assert_eq!(sub_code(merchant.call(update, fields).await), expected);
    }
    let told = merchant.call(update, by_code("X_MATCHED").with("seller_code", "21231")).await;
    assert_eq!(sub_code(told), "isv.invalid-permission");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_before_shipping_is_answered_by_the_store() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    let refund = serde_json::json!({"refund_id": "98765", "tid": TID, "oid": OID, "status": "WAIT_SELLER_AGREE",
        "refund_fee": "279.00", "has_good_return": false, "modified": "2026-01-02 10:20:00"});
    let (status, answer) = merchant.push("tmall/refunds", "channel-token", refund.to_string()).await;
    assert_eq!((status, &answer["results"][0]["refund_id"]), (200, &serde_json::json!(98765)), "{answer}");
    merchant.reaches(TID, OID, "X_SHOP_CANCEL").await;
    let accept = merchant.call("taobao.omniorder.store.accpeted", report(OID, &store.to_string(), "Store")).await;
    assert_eq!(sub_code(accept), "isv.cancel-requested");
    let confirm = Fields::new()
        .with("parent_order_code", TID)
        .with("order_codes", vec![OID])
        .with("store_id", store)
        .with("status", "X_SHOP_CANCEL_CONFIRM")
        .with("operator", "小王");
    merchant.done("taobao.qimen.orderstatus.update", confirm).await;
    assert_eq!(merchant.told(TID, OID, "orderState").await.as_deref(), Some("X_SHOP_CANCEL_CONFIRM"));
    assert_eq!(merchant.stock_at("STORE", &store.to_string(), 7).await, (5, 0));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeated_byte_for_byte_moves_an_order_once() {
    let merchant = Merchant::open().await;
    let (near, far) = (merchant.store("S001").await, merchant.store("S002").await);
    merchant.offer(near, 7, 5).await;
    merchant.offer(far, 7, 5).await;
    merchant.pay(TID, &[(OID, 7, 1)]).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    let first = merchant.told(TID, OID, "targetCode").await.expect("a store");
    let fields = Fields::new().with("main_order_id", TID).with("sub_order_ids", vec![OID.to_string()]);
    let outgoing = Outgoing::new(method("taobao.omniorder.store.reallocate"), &fields, Shape::TopJson);
    let request = client::build(&outgoing, &Caller::Erp.credentials(), merchant.now());
    merchant.send(request.clone()).await;
    merchant.reaches(TID, OID, "X_ALLOCATION_NOTIFIED").await;
    let second = merchant.told(TID, OID, "targetCode").await.expect("a store");
    assert_ne!(first, second, "the present location is left out");
    let code = merchant.told(TID, OID, "allocationCode").await;
    for _ in 0..3 {
        let body = merchant.send(request.clone()).await;
        let answer = client::parse_answer(outgoing.method, &outgoing.style(), &body).expect("is answered");
        assert_eq!(answer.failure_code(), None);
    }
    assert_eq!(merchant.told(TID, OID, "allocationCode").await, code);
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_chapter_round_trips() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    assert_eq!(merchant.store("S001").await, store, "the same content is the same store");
    let other = crate::merchant::store_fields("S001").with("remark", "别的内容");
    assert_eq!(sub_code(merchant.call("taobao.qimen.store.create", other).await), "isv.store-code-exists");
    let update = crate::merchant::store_fields("S001-B").with("store_id", store).with("store_status", "HOLD");
    merchant.done("taobao.qimen.store.update", update).await;
    for shape in Shape::ALL {
        let asked = Fields::new().with("store_id", store);
        let told = merchant.call_as(Caller::Erp, shape, "taobao.qimen.store.query", &asked).await.expect("is answered");
        let fields = told.fields();
        assert_eq!((fields.text("store_code"), fields.text("store_status")), (Ok("S001-B"), Ok("HOLD")), "{shape:?}");
        assert_eq!((fields.text("start_time"), fields.text("end_time")), (Ok("00:00"), Ok("24:00")), "{shape:?}");
        assert_eq!(fields.structure("address").expect("an address").text("city"), Ok("杭州市"), "{shape:?}");
    }
    let bind = Fields::new().with("action_type", "ADD").with("item_id", 7).with("store_ids", vec![store]);
    merchant.done("taobao.qimen.itemstore.banding", bind).await;
    let stores = merchant.done("taobao.qimen.itemstore.query", Fields::new().with("item_id", 7)).await;
    assert_eq!((stores.fields().longs("store_ids"), stores.fields().long("total_lines")), (Ok(vec![store]), Ok(1)));
    let items = merchant.done("taobao.qimen.storeitem.query", Fields::new().with("store_id", store)).await;
    assert_eq!(items.fields().texts("item_ids"), Ok(vec!["7"]));
    merchant.done("taobao.qimen.store.delete", Fields::new().with("store_id", vec![store])).await;
    let gone = merchant.call("taobao.qimen.store.query", Fields::new().with("store_id", store)).await;
    assert_eq!(sub_code(gone), "isv.store-not-exist");
    merchant.close().await;
}
