//! What ISVs are known to answer, and how it is read: the published rule is a flat object, connectors do otherwise.

use astrolabe_protocol::catalogue::{self, Method};
use astrolabe_protocol::spi::{SpiRefusal, SpiReply, parse_reply};
use astrolabe_protocol::{Value, json};

fn method(name: &str) -> &'static Method {
    catalogue::find_outward(name).expect("an outward method")
}

fn read(name: &str, body: &str) -> Option<(String, String, String)> {
    let SpiReply { code, message, fields } = parse_reply(method(name), None, body.as_bytes()).ok()?;
    Some((code, message, json::write(&Value::Struct(fields))))
}

#[test]
fn replies_are_read_tolerantly() {
    let (allocate, get) = ("taobao.qimen.omniorder.allocate", "taobao.qimen.omniorder.allocatedinfo.get");
    let allocated = r#"{"tid":5,"status":"Allocated","store_allocated_list":[{"store_id":"123","sub_oid":6,"status":"Allocated","description":"x","store_type":"Store"}]}"#;
    let cases = [
        (
            allocate,
            r#"{"code":"0","message":"","appKey":"123543,89765"}"#,
            Some(("0", "", r#"{"app_key":"123543,89765"}"#)),
        ),
        (allocate, "\u{feff} {\"code\":0,\"app_key\":\"1\"}\n", Some(("0", "", r#"{"app_key":"1"}"#))),
        (allocate, r#"{"flag":"success","message":"ok"}"#, Some(("0", "ok", "{}"))),
        (allocate, r#"{"code":"500","message":"internal error"}"#, Some(("500", "internal error", "{}"))),
        (allocate, r#"{"flag":"failure","code":"0"}"#, Some(("failure", "", "{}"))),
        (
            allocate,
            r#"{"flag":"failure","sub_code":"sign-check-failure","sub_message":"Illegal request"}"#,
            Some(("sign-check-failure", "Illegal request", "{}")),
        ),
        (
            allocate,
            r#"{"qimen_omniorder_allocate_response":{"code":"0","appKey":"1"}}"#,
            Some(("0", "", r#"{"app_key":"1"}"#)),
        ),
        (allocate, r#"{"response":{"flag":"success","code":"0"}}"#, Some(("0", "", "{}"))),
        (allocate, r#"{"error_response":{"code":"isp.down","msg":"later"}}"#, Some(("isp.down", "later", "{}"))),
        (
            allocate,
            "<response><flag>success</flag><code>0</code><appKey>1</appKey></response>",
            Some(("0", "", r#"{"app_key":"1"}"#)),
        ),
        (get, &allocated.replacen('{', r#"{"code":"0","#, 1), Some(("0", "", allocated))),
        (
            get,
            &allocated
                .replacen('{', r#"{"code":"0","#, 1)
                .replace("store_type", "type")
                .replace("[", r#"{"allocated_info":["#)
                .replace("]", "]}"),
            Some(("0", "", allocated)),
        ),
        (
            get,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><tid>5</tid><code>0</code><message/><status>Allocated</status><store_allocated_list><allocated_info>\
             <store_id>123</store_id><sub_oid>6</sub_oid><status>Allocated</status><description>x</description><store_type>Store</store_type>\
             </allocated_info></store_allocated_list>",
            Some(("0", "", allocated)),
        ),
        (allocate, "{}", None),
        (allocate, "", None),
        (allocate, "[]", None),
        (allocate, "OK", None),
        (allocate, "<html><body>502</body></html>", None),
        (allocate, "<a><b></a>", None),
        (get, r#"{"code":"0","store_allocated_list":"later"}"#, None),
    ];
    for (name, body, wanted) in cases {
        let wanted = wanted.map(|(code, message, fields)| (code.to_owned(), message.to_owned(), fields.to_owned()));
        assert_eq!(read(name, body), wanted, "{body}");
    }
}

/// A reply as bytes, with its Content-Type, and the code, message and fields that it is read as; `None`: it is unreadable.
struct Case {
    what: &'static str,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    read: Option<[&'static str; 3]>,
}

/// A reply that is UTF-8 without a word about it.
fn plain(what: &'static str, body: &str, read: Option<[&'static str; 3]>) -> Case {
    Case { what, content_type: None, body: body.into(), read }
}

/// A reply with 好 in GBK between two texts.
fn gbk(what: &'static str, content_type: &'static str, around: [&str; 2], read: Option<[&'static str; 3]>) -> Case {
    let body = [around[0].as_bytes(), &[0xba, 0xc3], around[1].as_bytes()].concat();
    Case { what, content_type: Some(content_type), body, read }
}

fn check(cases: impl IntoIterator<Item = Case>) {
    for Case { what, content_type, body, read } in cases {
        let reply = parse_reply(method("taobao.qimen.omniorder.allocate"), content_type, &body).ok();
        let found =
            reply.map(|SpiReply { code, message, fields }| [code, message, json::write(&Value::Struct(fields))]);
        assert_eq!(found, read.map(|texts| texts.map(str::to_owned)), "{what}");
    }
}

const TAKEN: Option<[&str; 3]> = Some(["0", "", "{}"]);
const TAKEN_IN_CHINESE: Option<[&str; 3]> = Some(["0", "好", "{}"]);
const TAKEN_WITH_KEYS: Option<[&str; 3]> = Some(["0", "", r#"{"app_key":"1,2"}"#]);

#[test]
fn encodings_are_read_as_they_say() {
    let (json, xml) = ([r#"{"code":"0","message":""#, r#""}"#], ["<r><code>0</code><message>", "</message></r>"]);
    let declared = ["<?xml version=\"1.0\" encoding=\"GBK\"?><r><code>0</code><message>", "</message></r>"];
    let with_mark = [&[0xef, 0xbb, 0xbf][..], br#"{"code":"0"}"#].concat();
    let latin = Some("text/html;charset=ISO-8859-1");
    check([
        gbk("JSON in GBK", "application/json;charset=GBK", json, TAKEN_IN_CHINESE),
        gbk("GB18030, quoted", "text/plain; charset=\"gb18030\"", json, TAKEN_IN_CHINESE),
        gbk("XML in GBK", "text/xml;charset=gb2312", xml, TAKEN_IN_CHINESE),
        gbk("GBK that only the XML says", "text/xml", declared, TAKEN_IN_CHINESE),
        gbk("bytes that are no text", "application/json;charset=utf-8", json, None),
        Case { what: "a servlet's default", content_type: latin, body: br#"{"code":"0"}"#.to_vec(), read: TAKEN },
        Case { what: "a byte order mark", content_type: None, body: with_mark, read: TAKEN },
        plain("XML with a byte order mark", "\u{feff}<response><code>0</code></response>", TAKEN),
    ]);
}

#[test]
fn codes_are_numbers_or_texts() {
    check([
        plain("a number", r#"{"code":0}"#, TAKEN),
        plain("another number", r#"{"code":501,"message":"busy"}"#, Some(["501", "busy", "{}"])),
        plain("spaces around it", r#"{"code":" 0 ","message":"ok"}"#, Some(["0", "ok", "{}"])),
        plain("null beside flag", r#"{"code":null,"flag":"SUCCESS","message":null}"#, TAKEN),
        plain("a bare truth value", r#"{"success":true}"#, None),
    ]);
}

#[test]
fn wrappers_and_spellings_are_borne() {
    let full = r#"{"taobao_qimen_omniorder_allocate_response":{"code":0,"appKey":"1,2"},"request_id":"x"}"#;
    let rooted =
        "<qimen_omniorder_allocate_response><code>0</code><app_key>1,2</app_key></qimen_omniorder_allocate_response>";
    check([
        plain("app_key", r#"{"code":"0","app_key":"1,2"}"#, TAKEN_WITH_KEYS),
        plain("appKey", r#"{"code":"0","appKey":"1,2"}"#, TAKEN_WITH_KEYS),
        plain("app_key as a number", r#"{"code":"0","app_key":12}"#, Some(["0", "", r#"{"app_key":"12"}"#])),
        plain("a wrapper with company", r#"{"response":{"code":"0"},"request_id":"x"}"#, TAKEN),
        plain("a wrapper named in full", full, TAKEN_WITH_KEYS),
        plain("XML without a root", "<code>0</code><message/><appKey>1,2</appKey>", TAKEN_WITH_KEYS),
        plain("XML with the method's root", rooted, TAKEN_WITH_KEYS),
        plain("fields nobody defined", r#"{"code":"0","data":{"a":[1,{"b":null}]},"success":true}"#, TAKEN),
    ]);
}

#[test]
fn a_receiver_refuses_in_the_published_words() {
    let rendered = SpiRefusal::SignCheckFailure.render();
    assert_eq!(rendered.body, r#"{"flag":"failure","sub_code":"sign-check-failure","sub_message":"Illegal request"}"#);
}
