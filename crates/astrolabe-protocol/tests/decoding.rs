//! What requests decode to and what is refused, by name: tables over the doors.

use astrolabe_protocol::limits::{BODY_BYTES_MAX, PARAMS_MAX};
use astrolabe_protocol::pairs::{Pairs, write_form, write_query};
use astrolabe_protocol::{Call, Door, Envelope, Incoming, PlatformCode, Value, WireError, json};

const SYSTEM: [(&str, &str); 5] = [
    ("app_key", "12345678"),
    ("timestamp", "2016-09-22 10:00:00"),
    ("v", "2.0"),
    ("sign", "00"),
    ("sign_method", "md5"),
];

fn owned(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn query(method: &str, extra: &[(&str, &str)]) -> String {
    let mut all = owned(&SYSTEM);
    all.push(("method".into(), method.into()));
    all.extend(owned(extra));
    write_query(&all)
}

fn decode(incoming: &Incoming<'_>) -> Result<Call, WireError> {
    Envelope::parse(incoming).map_err(|refused| refused.error)?.decode(&|_| false)
}

fn top(method: &str, fields: &[(&str, &str)]) -> Result<Call, WireError> {
    let body = write_form(&owned(fields));
    decode(&Incoming {
        door: Door::Top,
        query: &query(method, &[]),
        content_type: Some("application/x-www-form-urlencoded"),
        body: body.as_bytes(),
        multipart: None,
    })
}

fn qimen(method: &str, xml: &str) -> Result<Call, WireError> {
    decode(&Incoming {
        door: Door::Qimen,
        query: &query(method, &[("customerId", "c1")]),
        content_type: Some("text/xml;charset=utf-8"),
        body: xml.as_bytes(),
        multipart: None,
    })
}

fn cloud(method: &str, json: &str) -> Result<Call, WireError> {
    decode(&Incoming {
        door: Door::QimenCloud,
        query: &query(method, &[]),
        content_type: Some("application/json"),
        body: json.as_bytes(),
        multipart: None,
    })
}

/// The decoded fields as JSON, or the refusal as `code msg|sub_code`.
fn shown(outcome: Result<Call, WireError>) -> String {
    match outcome {
        Ok(call) => json::write(&Value::Struct(call.fields)),
        Err(error) => format!("{} {}|{}", error.code().number(), error.msg(), error.sub_code().unwrap_or_default()),
    }
}

fn store(change: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
    let mut fields = owned(&[
        ("store_code", "1342"),
        ("company_name", "甘其食"),
        ("store_name", "文一西路淘宝店"),
        ("store_type", "NORMAL"),
        ("main_category", "170403"),
        ("start_time", "09:00:30"),
        ("end_time", "21:30"),
        ("address", r#"{"province":"浙江省", "city":"杭州市","area":"西湖区","detail_address":"文一西路969号"}"#),
        ("store_keeper", r#"{"tel":"0571-1","mobile":"139"}"#),
    ]);
    for (name, value) in change {
        fields.retain(|(n, _)| n != name);
        if let Some(value) = value {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    fields
}

#[test]
fn store_create_takes_what_the_white_paper_says_and_names_what_it_refuses() {
    let longest = "店".repeat(50);
    let too_long = "店".repeat(51);
    let invalid = |name: &str| format!("41 Invalid arguments:{name}|isv.invalid-parameter:{name}");
    let missing = |name: &str| format!("40 Missing required arguments:{name}|isv.missing-parameter:{name}");
    let cases: [(&str, Option<&str>, Option<String>); 19] = [
        ("store_code", Some(&longest), None),
        ("store_code", Some(&too_long), Some(invalid("store_code"))),
        ("store_code", None, Some(missing("store_code"))),
        ("store_code", Some(""), Some(missing("store_code"))),
        ("store_type", Some("SHOP"), Some(invalid("store_type"))),
        ("store_type", Some("normal"), Some(invalid("store_type"))),
        ("main_category", Some("2147483647"), None),
        ("main_category", Some("2147483648"), Some(invalid("main_category"))),
        ("main_category", Some("+1"), Some(invalid("main_category"))),
        ("main_category", Some("1.0"), Some(invalid("main_category"))),
        ("shop_id", Some("9223372036854775807"), None),
        ("shop_id", Some("9223372036854775808"), Some(invalid("shop_id"))),
        ("shop_id", Some("0"), Some(invalid("shop_id"))),
        ("start_time", Some("25:00"), Some(invalid("start_time"))),
        ("store_status", Some("OPEN"), Some(invalid("store_status"))),
        ("address", Some("{}"), Some(missing("province"))),
        ("address", Some("[1]"), Some(invalid("address"))),
        ("address", Some(r#"{"province":"a","province":"b"}"#), Some(invalid("address"))),
        ("storeCode", Some("1"), Some(invalid("storeCode"))),
    ];
    for (name, value, refusal) in cases {
        let fields = store(&[(name, value)]);
        let borrowed: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let outcome = top("taobao.qimen.store.create", &borrowed);
        assert_eq!(outcome.map(|_| ()).map_err(|e| shown(Err(e))), refusal.map_or(Ok(()), Err), "{name} = {value:?}");
    }
}

#[test]
fn opening_hours_lose_their_seconds() {
    let fields = store(&[]);
    let borrowed: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(top("TAOBAO.QIMEN.Store.Create", &borrowed).expect("good").fields.text("start_time"), Ok("09:00"));
}

#[test]
fn qimen_refusals_use_qimen_names() {
    let bill = |bill_num: &str, extra: &str| {
        format!(
            "<request><userId>1</userId><operationTime>2016-09-22 10:00:00</operationTime><remark>x</remark><stores><store>\
             <warehouseType>STORE</warehouseType><warehouseId>7</warehouseId><storeInventories><storeInventory><billNum>{bill_num}</billNum>\
             <itemId>5</itemId><outerId>o</outerId><inventoryType>CERTAINTY</inventoryType><quantity>0</quantity>{extra}\
             <extendProps><key1>v</key1></extendProps></storeInventory></storeInventories></store></stores></request>"
        )
    };
    let method = "taobao.qimen.storeinventory.iteminitial";
    assert_eq!(
        shown(qimen(method, &bill(&"9".repeat(50), ""))),
        format!(
            r#"{{"user_id":1,"operation_time":"2016-09-22 10:00:00","stores":[{{"warehouse_type":"STORE","warehouse_id":"7","store_inventories":[{{"bill_num":"{}","item_id":5,"outer_id":"o","inventory_type":"CERTAINTY","quantity":0}}]}}]}}"#,
            "9".repeat(50)
        )
    );
    let cases = [
        (bill(&"9".repeat(51), ""), "41 Invalid arguments:billNum|isv.invalid-parameter:billNum"),
        (bill("", ""), "40 Missing required arguments:billNum|isv.missing-parameter:billNum"),
        (bill("1", "<billNum>2</billNum>"), "41 Invalid arguments:billNum|isv.invalid-parameter:billNum"),
        (bill("1", "<skuId>x</skuId>"), "41 Invalid arguments:skuId|isv.invalid-parameter:skuId"),
        ("<request/>".to_owned(), "40 Missing required arguments:operationTime|isv.missing-parameter:operationTime"),
        ("<response/>".to_owned(), "41 Invalid arguments|"),
        ("<request>".to_owned(), "41 Invalid arguments|"),
        ("<!DOCTYPE request><request/>".to_owned(), "41 Invalid arguments|"),
        (String::new(), "41 Invalid arguments|"),
    ];
    for (xml, refusal) in cases {
        assert_eq!(shown(qimen(method, &xml)), refusal, "{xml}");
    }
}

#[test]
fn older_pages_wrap_every_item_once_more() {
    let plain = r#"[{"warehouse_type":"STORE","warehouse_id":7,"store_inventories":[{"item_id":5,"outer_id":"o"},{"item_id":"6","outer_id":"p"}]}]"#;
    let wrapped = r#"[{"store":{"warehouse_type":"STORE","warehouse_id":"7","store_inventories":[{"store_inventory":{"item_id":5,"outer_id":"o"}},{"store_inventory":{"item_id":6,"outer_id":"p"}}]}}]"#;
    let as_answered = r#"{"store":[{"warehouseType":"STORE","warehouseId":"7","storeInventories":{"storeInventory":[{"itemId":5,"outerId":"o"},{"itemId":6,"outerId":"p"}]}}]}"#;
    let decoded = |stores: &str| {
        top("taobao.jst.astrolabe.storeinventory.itemquery", &[("stores", stores)]).expect(stores).fields
    };
    assert_eq!(decoded(plain).structs("stores").expect("list")[0].structs("store_inventories").expect("list").len(), 2);
    assert_eq!(decoded(plain), decoded(wrapped));
    assert_eq!(decoded(plain), decoded(as_answered));
}

#[test]
fn both_request_forms_of_a_pos_answer_mean_the_same() {
    let published = [
        ("tid", "2004574256073903"),
        ("report_timestamp", "1474509600000"),
        (
            "sub_order_list",
            r#"[{"store_id":"1342","store_type":"Store","operator":"小王","logistic_company":"顺丰","logistic_id":"1","logistic_no":"23","sub_oid":2004574256073903}]"#,
        ),
    ];
    let flat = [
        ("tid", "2004574256073903"),
        ("store_id", "1342"),
        ("type", "Store"),
        ("operator", "小王"),
        ("logistic_id", "1"),
        ("logistic_company", "顺丰"),
        ("mail_no", "23"),
        ("sub_order_list", r#"[{"sub_oid":"2004574256073903","status":"STATUS_PAID"}]"#),
    ];
    let read = |fields: &[(&str, &str)]| {
        let call = top("taobao.omniorder.store.consigned", fields).expect("good");
        let item = call.fields.structs("sub_order_list").expect("list")[0].clone();
        ["store_id", "store_type", "operator", "logistic_company", "logistic_id", "logistic_no"]
            .map(|name| item.text(name).expect("inherited").to_owned())
    };
    assert_eq!(read(&published), read(&flat));
}

#[test]
fn allocation_results_come_in_two_forms() {
    let method = "taobao.omniorder.allocatedinfo.sync";
    let published =
        r#"[{"code":"0","store_id":"123","store_type":"Store","status":"Allocated","sub_oid":5,"message":"ok"}]"#;
    let printed =
        r#"[{"code":"0","store_id":"123","type":"Store","status":"Allocated","sub_oid":5,"description":"ok"}]"#;
    let head = [("tid", "5"), ("status", "Allocated")];
    let decoded = |name: &'static str, list: &'static str| shown(top(method, &[head[0], head[1], (name, list)]));
    assert_eq!(decoded("sub_order_list", published), decoded("store_allocated_list", printed));
    let cases = [
        (
            r#"[{"sub_oid":5,"status":"AllocateFail","message":"无货"}]"#,
            r#"{"tid":5,"status":"Allocated","sub_order_list":[{"sub_oid":5,"status":"AllocateFail","message":"无货"}]}"#,
        ),
        ("[]", r#"{"tid":5,"status":"Allocated","sub_order_list":[]}"#),
        (
            r#"[{"sub_oid":5,"status":"Allocated"}]"#,
            "40 Missing required arguments:store_id|isv.missing-parameter:store_id",
        ),
        (r#"[{"sub_oid":5,"status":"Done"}]"#, "41 Invalid arguments:status|isv.invalid-parameter:status"),
    ];
    for (list, wanted) in cases {
        assert_eq!(decoded("sub_order_list", list), wanted, "{list}");
    }
    assert_eq!(
        shown(top(method, &head)),
        "40 Missing required arguments:sub_order_list|isv.missing-parameter:sub_order_list"
    );
    let many = |count: usize| format!("[{}]", vec![r#"{"sub_oid":5,"status":"Waiting"}"#; count].join(","));
    assert!(top(method, &[head[0], head[1], ("sub_order_list", &many(50))]).is_ok());
    assert_eq!(
        shown(top(method, &[head[0], head[1], ("sub_order_list", &many(51))])),
        "41 Invalid arguments:sub_order_list|isv.invalid-parameter:sub_order_list"
    );
    assert_eq!(
        shown(top(method, &[head[0], head[1], ("sub_order_list", "[]"), ("store_allocated_list", "[]")])),
        "41 Invalid arguments:sub_order_list|isv.invalid-parameter:sub_order_list",
        "one field under two names is given twice"
    );
}

#[test]
fn lists_of_numbers_in_every_shape() {
    let wanted = r#"{"action_type":"ADD","item_id":5,"store_ids":[1,2]}"#;
    let form = |ids: &'static str| {
        shown(top("taobao.qimen.itemstore.banding", &[("action_type", "ADD"), ("item_id", "5"), ("store_ids", ids)]))
    };
    for ids in ["1,2", " 1 , 2 ", "[1,2]", r#"["1","2"]"#, r#"{"number":[1,2]}"#, r#"{"storeId":[1,2]}"#] {
        assert_eq!(form(ids), wanted, "{ids}");
    }
    for ids in ["1,,2", "1,x", "{\"a\":[1]}", "[[1]]", "-1"] {
        assert_eq!(form(ids), "41 Invalid arguments:store_ids|isv.invalid-parameter:store_ids", "{ids}");
    }
    assert_eq!(form(""), "40 Missing required arguments:store_ids|isv.missing-parameter:store_ids");
    let xml = "<request><actionType>ADD</actionType><itemId> 5\n</itemId><storeIds><storeId>1</storeId><remark/><storeId>2</storeId></storeIds></request>";
    assert_eq!(shown(qimen("taobao.qimen.itemstore.banding", xml)), wanted);
    let body = r#"{"actionType":"ADD","item_id":5,"storeIds":[1,"2"],"vendorAddition":true}"#;
    assert_eq!(shown(cloud("taobao.qimen.itemstore.banding", body)), wanted);
    assert_eq!(shown(cloud("taobao.qimen.itemstore.banding", &format!(r#"{{"request":{body}}}"#))), wanted);
    let repeated = "<request><storeId>1</storeId><storeId>2</storeId></request>";
    assert_eq!(shown(qimen("taobao.qimen.store.delete", repeated)), r#"{"store_id":[1,2]}"#);
    assert_eq!(shown(top("taobao.qimen.store.delete", &[("store_id", "1")])), r#"{"store_id":[1]}"#);
}

#[test]
fn envelopes_are_refused_with_their_published_codes() {
    let good = [
        ("method", "taobao.qimen.store.query"),
        ("app_key", "1"),
        ("timestamp", "2016-09-22 10:00:00"),
        ("v", "2.0"),
        ("sign", "00"),
        ("store_id", "1"),
    ];
    let refused = |pairs: &[(&str, &str)]| {
        let query = write_query(&owned(pairs));
        decode(&Incoming { door: Door::Top, query: &query, content_type: None, body: b"", multipart: None })
            .err()
            .map(|error| error.code())
    };
    assert_eq!(refused(&good), None);
    let missing = [
        ("method", PlatformCode::MissingMethod),
        ("app_key", PlatformCode::MissingAppKey),
        ("timestamp", PlatformCode::MissingTimestamp),
        ("v", PlatformCode::MissingVersion),
        ("sign", PlatformCode::MissingSignature),
        ("store_id", PlatformCode::MissingArguments),
    ];
    for (name, code) in missing {
        let without: Vec<_> = good.iter().filter(|(n, _)| *n != name).copied().collect();
        assert_eq!(refused(&without), Some(code), "{name}");
    }
    let added = [
        (("format", "yaml"), PlatformCode::InvalidFormat),
        (("v", "2.0"), PlatformCode::InvalidArguments),
        (("store_id", "1"), PlatformCode::InvalidArguments),
        (("unknown", ""), PlatformCode::InvalidArguments),
        (("customerId", "1"), PlatformCode::InvalidArguments),
    ];
    for (pair, code) in added {
        let with: Vec<_> = good.iter().copied().chain([pair]).collect();
        assert_eq!(refused(&with), Some(code), "{pair:?}");
    }
    let version: Vec<_> = good.iter().map(|(n, v)| if *n == "v" { ("v", "3.0") } else { (*n, *v) }).collect();
    assert_eq!(refused(&version), Some(PlatformCode::UnsupportedVersion));
    let many: Vec<_> = std::iter::repeat_n(("a", ""), PARAMS_MAX + 1).collect();
    assert_eq!(refused(&many), Some(PlatformCode::InvalidArguments));
}

#[test]
fn methods_are_found_at_their_doors_only() {
    let code = |outcome: Result<Call, WireError>| {
        outcome.err().map(|error| (error.code(), error.sub_code().map(|s| s.into_owned())))
    };
    assert_eq!(code(top("taobao.nothing.here", &[])), Some((PlatformCode::InvalidMethod, None)));
    assert_eq!(code(qimen("taobao.scitem.add", "<request/>")), Some((PlatformCode::InvalidMethod, None)));
    assert_eq!(code(top("taobao.qimen.omniorder.allocate", &[])), Some((PlatformCode::InvalidMethod, None)));
    assert_eq!(
        code(top("taobao.omniorder.store.sdtconsign", &[])),
        Some((PlatformCode::RemoteServiceError, Some("isv.not-supported".into())))
    );
    for (asked, name) in [
        ("taobao.omniorder.store.refuse", "taobao.omniorder.store.refused"),
        ("taobao.omniorder.store.accepted", "taobao.omniorder.store.accpeted"),
    ] {
        let call = top(asked, &[("tid", "5"), ("sub_order_list", r#"[{"sub_oid":5}]"#)]).expect("an alias");
        assert_eq!(call.method.name, name);
    }
    let fields = [("parent_order_code", "5"), ("sub_order_ids", "6,7"), ("status", "X_TO_SYSTEM")];
    for asked in
        ["taobao.qimen.orderStatus.sync", "taobao.qimen.orderstatus.sync", "taobao.jst.astrolabe.orderstatus.sync"]
    {
        assert_eq!(top(asked, &fields).expect("an alias").fields.longs("order_codes"), Ok(vec![6, 7]));
    }
}

#[test]
fn query_and_body_are_one_set_of_parameters() {
    let incoming = |query: &'static str, body: &'static [u8]| Incoming {
        door: Door::Top,
        query,
        content_type: None,
        body,
        multipart: None,
    };
    let all = "method=taobao.qimen.store.query&app_key=1&timestamp=2016-09-22+10:00:00&v=2.0&sign=0";
    assert!(decode(&incoming(all, b"store_id=1")).is_ok());
    assert!(
        decode(&incoming(
            "",
            b"method=taobao.qimen.store.query&app_key=1&timestamp=2016-09-22%2010:00:00&v=2.0&sign=0&store_id=1"
        ))
        .is_ok()
    );
    let twice = decode(&incoming(all, b"store_id=1&v=2.0")).expect_err("twice");
    assert_eq!(twice, WireError::invalid("v", "is given twice"));
    let parts = owned(&[("store_id", "1")]);
    let multipart = Incoming {
        multipart: Some(&parts),
        content_type: Some("multipart/form-data; boundary=x"),
        ..incoming(all, b"")
    };
    assert_eq!(decode(&multipart).expect("good").fields.longs("store_id").ok(), None);
    assert_eq!(decode(&multipart).expect("good").fields.long("store_id"), Ok(1));
    let json = Incoming { content_type: Some("application/json"), ..incoming(all, b"{}") };
    assert_eq!(decode(&json).expect_err("no form").code(), PlatformCode::ParameterError);
}

#[test]
fn gbk_bodies_are_read_where_the_content_type_says_so() {
    let form = Incoming {
        door: Door::Top,
        query: &query("taobao.qimen.storecategory.get", &[]),
        content_type: Some("application/x-www-form-urlencoded;charset=GBK"),
        body: b"remark=%D0%A1%CD%F5",
        multipart: None,
    };
    assert_eq!(decode(&form).expect("GBK").fields.text("remark"), Ok("小王"));
    let utf8 = Incoming { content_type: Some("application/x-www-form-urlencoded"), ..form };
    assert_eq!(decode(&utf8).expect_err("not UTF-8").code(), PlatformCode::InvalidEncoding);
    let xml = Incoming {
        door: Door::Qimen,
        content_type: Some("text/xml;charset=gbk"),
        body: b"<request><remark>\xD0\xA1\xCD\xF5</remark></request>",
        ..form
    };
    assert_eq!(decode(&xml).expect("GBK").fields.text("remark"), Ok("小王"));
}

#[test]
fn bodies_have_a_limit_per_method() {
    let store_free = "<request><operationTime>2016-09-22 10:00:00</operationTime></request>";
    let padded =
        |length: usize| format!("<!--{}-->{store_free}", "x".repeat(length - store_free.len() - "<!---->".len()));
    assert!(qimen("taobao.qimen.storecategory.get", &padded(BODY_BYTES_MAX)).is_ok());
    let refusal = qimen("taobao.qimen.storecategory.get", &padded(BODY_BYTES_MAX + 1)).expect_err("too long");
    assert_eq!(
        (refusal.code(), refusal.sub_msg()),
        (PlatformCode::InvalidArguments, Some("a body longer than 1048576 bytes".into()))
    );
    // A batch stock call of that length is read, and then lacks its stores.
    assert_eq!(
        qimen("taobao.qimen.storeinventory.initial", &padded(BODY_BYTES_MAX + 1)).expect_err("no stores"),
        WireError::missing("stores")
    );
}

/// Whatever comes in, the answer is a call or a refusal: nothing panics, and nothing that is no text gets through.
mod noise {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_answered(query in "[ -~]{0,80}", body in proptest::collection::vec(any::<u8>(), 0..200), charset in "(|;charset=gbk)") {
            for door in [Door::Top, Door::Qimen, Door::QimenCloud] {
                for media in ["application/x-www-form-urlencoded", "application/json", "text/xml"] {
                    let content_type = format!("{media}{charset}");
                    let _ = decode(&Incoming { door, query: &query, content_type: Some(&content_type), body: &body, multipart: None });
                }
            }
        }

        #[test]
        fn any_text_as_any_field_is_answered(text in "\\PC{0,60}", json in "[\\[\\]{}:,\"a-c0-9]{0,60}") {
            for method in astrolabe_protocol::catalogue::all().filter(|method| method.direction.is_inward()) {
                for field in method.fields {
                    for value in [&text, &json] {
                        if let Err(error) = top(method.name, &[(field.name, value)]) {
                            prop_assert!(error.sub_code().is_some(), "{}: {error}", method.name);
                        }
                    }
                }
            }
        }
    }
}
