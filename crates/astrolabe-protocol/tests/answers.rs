//! Golden answers: what stands on the wire, byte for byte, in each shape.

use astrolabe_protocol::answer::{Answer, AnswerStyle, Format, RequestId};
use astrolabe_protocol::catalogue::{self, Found, Method};
use astrolabe_protocol::{Door, Fields, PlatformCode, WireError};

fn method(name: &str) -> &'static Method {
    match catalogue::find_inward(name) {
        Some(Found::Method(method, _)) => method,
        other => panic!("{name}: {other:?}"),
    }
}

fn style(door: Door, format: Format, simplify: bool, method: &str) -> AnswerStyle {
    AnswerStyle { door, format, simplify, method: method.to_owned() }
}

fn body(answer: &Answer, asked: &str, door: Door, format: Format, simplify: bool) -> String {
    answer.render(method(asked), &style(door, format, simplify, asked), &RequestId::new("r1")).body
}

const XML: &str = r#"<?xml version="1.0" encoding="utf-8"?>"#;

#[test]
fn store_create_in_every_shape() {
    let (asked, answer) = ("taobao.qimen.store.create", Answer::ok().with("store_id", 1_000_263_146));
    assert_eq!(
        body(&answer, asked, Door::Top, Format::Json, false),
        r#"{"qimen_store_create_response":{"flag":"success","qimen_code":"200","store_id":1000263146,"request_id":"r1"}}"#
    );
    assert_eq!(
        body(&answer, asked, Door::Top, Format::Json, true),
        r#"{"flag":"success","qimen_code":"200","store_id":1000263146,"request_id":"r1"}"#
    );
    assert_eq!(
        body(&answer, asked, Door::Top, Format::Xml, false),
        format!(
            "{XML}<qimen_store_create_response><flag>success</flag><qimen_code>200</qimen_code><store_id>1000263146</store_id><request_id>r1</request_id></qimen_store_create_response>"
        )
    );
    assert_eq!(
        body(&answer, asked, Door::Qimen, Format::Xml, false),
        format!(
            "{XML}<response><flag>success</flag><storeId>1000263146</storeId><code>0</code><message></message></response>"
        )
    );
    assert_eq!(
        body(&answer, asked, Door::QimenCloud, Format::Json, false),
        r#"{"response":{"flag":"success","code":"0","message":"","store_id":1000263146,"request_id":"r1"}}"#
    );
}

#[test]
fn lists_wrap_as_published() {
    let asked = "taobao.qimen.itemstore.query";
    let answer = Answer::ok().with("store_ids", vec![1_i64, 2]).with("total_lines", 2);
    assert_eq!(
        body(&answer, asked, Door::Top, Format::Json, false),
        r#"{"qimen_itemstore_query_response":{"flag":"success","qimen_code":"200","store_ids":{"number":[1,2]},"total_lines":2,"request_id":"r1"}}"#
    );
    assert_eq!(
        body(&answer, asked, Door::Qimen, Format::Xml, false),
        format!(
            "{XML}<response><flag>success</flag><code>0</code><storeIds><storeId>1</storeId><storeId>2</storeId></storeIds><message></message></response>"
        )
    );
    let items = Answer::ok().with("item_ids", vec![7_i64]);
    assert!(
        body(&items, "taobao.qimen.storeitem.query", Door::Top, Format::Json, false)
            .contains(r#""item_ids":{"string":["7"]}"#)
    );
}

#[test]
fn failed_bills_keep_the_published_misprint_in_top_only() {
    let error = Fields::new().with("descrpition", "初始化过").with("failed_bill_num", "1,2");
    let answer = Answer::failed("isv.bill-failed", "2 bills failed").with("error_descriptions", vec![error]);
    assert_eq!(
        body(&answer, "taobao.jst.astrolabe.storeinventory.iteminitial", Door::Top, Format::Json, false),
        r#"{"jst_astrolabe_storeinventory_iteminitial_response":{"flag":"failure","qimen_code":"isv.bill-failed","message":"2 bills failed","error_descriptions":{"taobao_jst_astrolabe_storeinventory_iteminitial_error":[{"descrpition":"初始化过","failed_bill_num":"1,2"}]},"request_id":"r1"}}"#
    );
    assert_eq!(
        body(&answer, "taobao.qimen.storeinventory.iteminitial", Door::Qimen, Format::Xml, false),
        format!(
            "{XML}<response><flag>failure</flag><code>isv.bill-failed</code><message>2 bills failed</message><errorDescriptions><error><description>初始化过</description><failedBillNum>1,2</failedBillNum></error></errorDescriptions></response>"
        )
    );
}

#[test]
fn result_codes_are_named_per_method_and_alias() {
    let cases = [
        (
            "taobao.omniorder.store.accpeted",
            r#"{"omniorder_store_accpeted_response":{"err_code":"0","request_id":"r1"}}"#,
        ),
        ("taobao.omniorder.store.refuse", r#"{"omniorder_store_refuse_response":{"err_code":"0","request_id":"r1"}}"#),
        (
            "taobao.qimen.orderStatus.sync",
            r#"{"qimen_orderStatus_sync_response":{"qimen_code":"Success","request_id":"r1"}}"#,
        ),
        (
            "taobao.jst.astrolabe.orderstatus.sync",
            r#"{"jst_astrolabe_orderstatus_sync_response":{"result_code":"0","request_id":"r1"}}"#,
        ),
        (
            "taobao.qimen.orderstatus.update",
            r#"{"qimen_orderstatus_update_response":{"result_code":"0","is_success":true,"request_id":"r1"}}"#,
        ),
        (
            "taobao.omniorder.item.tag.operate",
            r#"{"omniorder_item_tag_operate_response":{"code":"0","request_id":"r1"}}"#,
        ),
        (
            "taobao.omniorder.store.reallocate",
            r#"{"omniorder_store_reallocate_response":{"result":{"code":"0"},"request_id":"r1"}}"#,
        ),
        ("astrolabe.stock.release", r#"{"astrolabe_stock_release_response":{"result_code":"0","request_id":"r1"}}"#),
        (
            "tmall.storedeliver.allocation.accept",
            r#"{"tmall_storedeliver_allocation_accept_response":{"is_success":true,"request_id":"r1"}}"#,
        ),
    ];
    for (asked, wanted) in cases {
        assert_eq!(body(&Answer::ok(), asked, Door::Top, Format::Json, false), wanted);
    }
}

#[test]
fn trades_pass_through_and_lose_their_wrappers_under_simplify() {
    let trade =
        Fields::new().with("tid", 5).with("orders", Fields::new().with("order", vec![Fields::new().with("oid", 5)]));
    let answer = Answer::ok().with("trade", trade);
    let asked = "taobao.trade.fullinfo.get";
    assert_eq!(
        body(&answer, asked, Door::Top, Format::Json, false),
        r#"{"trade_fullinfo_get_response":{"trade":{"tid":5,"orders":{"order":[{"oid":5}]}},"request_id":"r1"}}"#
    );
    assert_eq!(
        body(&answer, asked, Door::Top, Format::Json, true),
        r#"{"trade":{"tid":5,"orders":[{"oid":5}]},"request_id":"r1"}"#
    );
    assert!(
        body(&answer, asked, Door::Top, Format::Xml, false)
            .contains("<trade><tid>5</tid><orders><order><oid>5</oid></order></orders></trade>")
    );
}

#[test]
fn errors_in_every_shape() {
    let render =
        |error: &WireError, door, format| error.render(&style(door, format, false, "x"), &RequestId::new("r1")).body;
    let missing = WireError::missing("tid");
    assert_eq!(
        render(&missing, Door::Top, Format::Json),
        r#"{"error_response":{"code":40,"msg":"Missing required arguments:tid","sub_code":"isv.missing-parameter:tid","sub_msg":"tid is required","request_id":"r1"}}"#
    );
    assert_eq!(
        render(&missing, Door::Top, Format::Xml),
        format!(
            "{XML}<error_response><code>40</code><msg>Missing required arguments:tid</msg><sub_code>isv.missing-parameter:tid</sub_code><sub_msg>tid is required</sub_msg><request_id>r1</request_id></error_response>"
        )
    );
    let business = WireError::business("isv.invalid-permission", "not yours");
    assert_eq!(
        render(&business, Door::Top, Format::Json),
        r#"{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isv.invalid-permission","sub_msg":"not yours","request_id":"r1"}}"#
    );
    assert_eq!(
        render(&business, Door::QimenCloud, Format::Json),
        r#"{"response":{"flag":"failure","code":"isv.invalid-permission","message":"not yours","sub_code":"isv.invalid-permission","sub_message":"not yours","request_id":"r1"}}"#
    );
    let signature = WireError::platform(PlatformCode::InvalidSignature);
    assert_eq!(
        render(&signature, Door::Top, Format::Json),
        r#"{"error_response":{"code":25,"msg":"Invalid signature","request_id":"r1"}}"#
    );
    assert_eq!(
        render(&signature, Door::Qimen, Format::Xml),
        format!(
            "{XML}<response><flag>failure</flag><code>sign-check-failure</code><message>Illegal request</message><sub_code>sign-check-failure</sub_code><sub_message>Illegal request</sub_message><request_id>r1</request_id></response>"
        )
    );
}
