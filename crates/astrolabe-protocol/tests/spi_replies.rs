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

/// What a reply is read as when its bytes and its Content-Type matter.
fn read_bytes(content_type: Option<&str>, body: &[u8]) -> Option<(String, String, String)> {
    let SpiReply { code, message, fields } =
        parse_reply(method("taobao.qimen.omniorder.allocate"), content_type, body).ok()?;
    Some((code, message, json::write(&Value::Struct(fields))))
}

#[test]
fn encodings_and_habits_of_frameworks_are_borne() {
    let text = |text: &str| text.as_bytes().to_vec();
    // 好 in GBK.
    let gbk = |before: &str, after: &str| [before.as_bytes(), &[0xba, 0xc3], after.as_bytes()].concat();
    let both = r#"{"app_key":"1,2"}"#;
    let table: [(&str, Option<&str>, Vec<u8>, Option<(&str, &str, &str)>); 21] = [
        (
            "JSON in GBK",
            Some("application/json;charset=GBK"),
            gbk(r#"{"code":"0","message":""#, r#""}"#),
            Some(("0", "好", "{}")),
        ),
        (
            "GB18030, quoted",
            Some("text/plain; charset=\"gb18030\""),
            gbk(r#"{"code":"0","message":""#, r#""}"#),
            Some(("0", "好", "{}")),
        ),
        (
            "XML in GBK",
            Some("text/xml;charset=gb2312"),
            gbk("<response><code>0</code><message>", "</message></response>"),
            Some(("0", "好", "{}")),
        ),
        (
            "GBK that only the XML says",
            Some("text/xml"),
            gbk("<?xml version=\"1.0\" encoding=\"GBK\"?><response><code>0</code><message>", "</message></response>"),
            Some(("0", "好", "{}")),
        ),
        (
            "a servlet's default charset",
            Some("text/html;charset=ISO-8859-1"),
            text(r#"{"code":"0"}"#),
            Some(("0", "", "{}")),
        ),
        (
            "UTF-8 with a byte order mark",
            None,
            [&[0xef, 0xbb, 0xbf][..], br#"{"code":"0"}"#].concat(),
            Some(("0", "", "{}")),
        ),
        (
            "XML with a byte order mark",
            None,
            text("\u{feff}<response><code>0</code></response>"),
            Some(("0", "", "{}")),
        ),
        ("a number as code", None, text(r#"{"code":0}"#), Some(("0", "", "{}"))),
        ("spaces around the code", None, text(r#"{"code":" 0 ","message":"ok"}"#), Some(("0", "ok", "{}"))),
        ("another number", None, text(r#"{"code":501,"message":"busy"}"#), Some(("501", "busy", "{}"))),
        ("null beside flag", None, text(r#"{"code":null,"flag":"SUCCESS","message":null}"#), Some(("0", "", "{}"))),
        ("app_key", None, text(r#"{"code":"0","app_key":"1,2"}"#), Some(("0", "", both))),
        ("appKey", None, text(r#"{"code":"0","appKey":"1,2"}"#), Some(("0", "", both))),
        (
            "app_key as a number",
            None,
            text(r#"{"code":"0","app_key":12345678}"#),
            Some(("0", "", r#"{"app_key":"12345678"}"#)),
        ),
        ("a wrapper with company", None, text(r#"{"response":{"code":"0"},"request_id":"x"}"#), Some(("0", "", "{}"))),
        (
            "a wrapper named in full",
            None,
            text(r#"{"taobao_qimen_omniorder_allocate_response":{"code":0,"appKey":"1,2"},"request_id":"x"}"#),
            Some(("0", "", both)),
        ),
        ("XML without a root", None, text("<code>0</code><message/><appKey>1,2</appKey>"), Some(("0", "", both))),
        (
            "XML with the method's root",
            None,
            text(
                "<qimen_omniorder_allocate_response><code>0</code><app_key>1,2</app_key></qimen_omniorder_allocate_response>",
            ),
            Some(("0", "", both)),
        ),
        (
            "fields nobody defined",
            None,
            text(r#"{"code":"0","data":{"a":[1,{"b":null}]},"success":true}"#),
            Some(("0", "", "{}")),
        ),
        ("a bare truth value", None, text(r#"{"success":true}"#), None),
        (
            "bytes that are no text",
            Some("application/json;charset=utf-8"),
            gbk(r#"{"code":"0","message":""#, r#""}"#),
            None,
        ),
    ];
    for (what, content_type, body, wanted) in table {
        let wanted = wanted.map(|(code, message, fields)| (code.to_owned(), message.to_owned(), fields.to_owned()));
        assert_eq!(read_bytes(content_type, &body), wanted, "{what}");
    }
}

#[test]
fn a_receiver_refuses_in_the_published_words() {
    let rendered = SpiRefusal::SignCheckFailure.render();
    assert_eq!(rendered.body, r#"{"flag":"failure","sub_code":"sign-check-failure","sub_message":"Illegal request"}"#);
}
