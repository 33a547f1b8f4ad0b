//! Admission and shapes: who is let in, in which form, and what the others are told.

use std::io::Read;

use astrolabe_protocol::client::{self, ClientError, Credentials, Outgoing, Shape, Signing};
use astrolabe_protocol::sign::SignMethod;
use astrolabe_protocol::{AppKey, Door, Fields, Secret};

use crate::merchant::{Caller, Merchant, NEIGHBOUR, SELLER, bill, method, stock_report, store_fields};

const CATEGORIES: &str = "taobao.qimen.storecategory.get";

fn refused(result: Result<astrolabe_protocol::Answer, ClientError>) -> (String, String) {
    match result {
        Err(ClientError::Refused { code, sub_code, .. }) => (code, sub_code.unwrap_or_default()),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_and_signing_method_is_spoken() {
    let merchant = Merchant::open().await;
    let fields = Fields::new();
    for shape in Shape::ALL {
        for signing in SignMethod::ALL.map(|method| [false, true].map(|millis| Signing { method, millis })).concat() {
            let outgoing = Outgoing { signing, ..Outgoing::new(method(CATEGORIES), &fields, shape) };
            let body = merchant.send(client::build(&outgoing, &Caller::Erp.credentials(), merchant.now())).await;
            let answer = client::parse_answer(method(CATEGORIES), &outgoing.style(), &body);
            let answer = answer.unwrap_or_else(|error| panic!("{shape:?} {signing:?}: {error}"));
            assert!(answer.fields().text("store_category").is_ok_and(|tree| tree.starts_with("[{")), "{shape:?}");
        }
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_come_in_is_told_by_the_published_table() {
    let merchant = Merchant::open().await;
    let good = Caller::Erp.credentials();
    let table = [
        ("wrong secret", Credentials { secret: Secret::new("wrong"), ..good.clone() }, "25"),
        ("unknown app", Credentials { app_key: AppKey::new("11111111"), ..good.clone() }, "29"),
        ("no session", Credentials { session: None, ..good.clone() }, "26"),
        ("another's session", Credentials { session: Some("neighbour-session".into()), ..good.clone() }, "27"),
    ];
    let fields = Fields::new();
    for (what, credentials, code) in table {
        let outgoing = Outgoing::new(method(CATEGORIES), &fields, Shape::TopJson);
        let body = merchant.send(client::build(&outgoing, &credentials, merchant.now())).await;
        let told = refused(client::parse_answer(method(CATEGORIES), &outgoing.style(), &body));
        assert_eq!(told.0, code, "{what}");
    }
    let late = Outgoing::new(method(CATEGORIES), &fields, Shape::TopJson);
    let old = astrolabe_protocol::EpochMs(merchant.now().0 - 11 * 60_000);
    let body = merchant.send(client::build(&late, &good, old)).await;
    assert_eq!(refused(client::parse_answer(method(CATEGORIES), &late.style(), &body)).0, "31");

    // The WMS may ship, not move what others hold.
    let told = merchant.call_as(Caller::Wms, Shape::TopJson, "taobao.qimen.storeinventory.itemadjust", &adjust()).await;
    assert_eq!(refused(told), ("11".to_owned(), "isv.permission-api-package-limit".to_owned()));

    for (path, method, query, expected) in [
        ("/router/rest", reqwest::Method::PUT, "format=json", "\"code\":9"),
        ("/router/rest", reqwest::Method::GET, "format=json", "\"code\":21"),
        ("/router/rest", reqwest::Method::GET, "method=no.such&app_key=1&sign=1&timestamp=1&v=2.0", "<code>29</code>"),
        ("/router/batch", reqwest::Method::POST, "format=json", "\"sub_code\":\"isv.not-supported\""),
        ("/router/batch", reqwest::Method::POST, "", "<sub_code>isv.not-supported</sub_code>"),
        ("/router/qimen/service", reqwest::Method::POST, "", "<flag>failure</flag>"),
        ("/router/qm", reqwest::Method::POST, "", "\"flag\":\"failure\""),
    ] {
        let url = format!("{}?{query}", merchant.url(path));
        let answer = merchant.http().request(method, url).send().await.expect("is answered");
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.expect("has a body");
        assert!(text.contains(expected), "{path} {query}: {text}");
    }
    merchant.close().await;
}

fn adjust() -> Fields {
    let info = bill("A-1", 7)
        .with("tb_trade_order", "1")
        .with("tb_sub_trade_order", "2")
        .with("target_warehouse_id", "WH-EAST")
        .with("inventory_type", "CERTAINTY")
        .with("quantity", 1);
    Fields::new().with("operation_time", "2026-01-01 10:00:00").with("inventory_adjust_info", info)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_named_in_the_body_decides_nothing_and_must_be_the_same() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    let report = |user: i64| {
        let line = bill("B-1", 7).with("inventory_type", "CERTAINTY").with("quantity", 5);
        stock_report("STORE", &store.to_string(), vec![line]).with("user_id", user)
    };
    let initial = "taobao.qimen.storeinventory.iteminitial";
    for shape in Shape::ALL {
        let told = merchant.call_as(Caller::Erp, shape, initial, &report(NEIGHBOUR)).await;
        assert!(
            matches!(&told, Err(ClientError::Refused { code, sub_code, .. })
            if sub_code.as_deref().unwrap_or(code) == "isv.invalid-permission"),
            "{shape:?} {told:?}"
        );
        // A neighbour who names his own id and our store finds no store there.
        let told = merchant.call_as(Caller::Neighbour, shape, initial, &report(NEIGHBOUR)).await;
        assert!(told.is_ok_and(|answer| answer.failure_code() == Some("isv.store-not-exist")), "{shape:?}");
    }
    let mut foreign = Caller::Erp.credentials();
    foreign.customer_id = Some(NEIGHBOUR.to_string());
    for session in [None, Some("test-session".to_owned())] {
        foreign.session = session;
        let fields = report(SELLER);
        let outgoing = Outgoing::new(method(initial), &fields, Shape::Qimen);
        let body = merchant.send(client::build(&outgoing, &foreign, merchant.now())).await;
        let text = String::from_utf8(body).expect("is text");
        assert!(text.contains("<code>isv.invalid-permission</code>"), "{text}");
    }
    assert_eq!(merchant.stock_at("STORE", &store.to_string(), 7).await, (0, 0));
    merchant.done(initial, report(SELLER)).await;
    assert_eq!(merchant.stock_at("STORE", &store.to_string(), 7).await, (5, 0));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zipped_and_multipart_bodies_are_read_and_long_answers_zipped() {
    let merchant = Merchant::open().await;
    let fields = store_fields("S-ZIP");
    let outgoing = Outgoing::new(method("taobao.qimen.store.create"), &fields, Shape::TopJson);
    let plain = client::build(&outgoing, &Caller::Erp.credentials(), merchant.now());

    let mut zipped = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(plain.body.as_slice(), flate2::Compression::fast());
    encoder.read_to_end(&mut zipped).expect("zips");
    let url = format!("{}?{}", merchant.url("/router/rest"), plain.query);
    let request =
        merchant.http().post(&url).header("content-type", plain.content_type).header("content-encoding", "gzip");
    let text = request.body(zipped).send().await.expect("is answered").text().await.expect("has a body");
    assert!(text.contains("\"flag\":\"success\""), "{text}");

    // The same parameters as multipart parts carry the same signature; the same store again is the same store.
    let mut parts = String::new();
    for (name, value) in form_urlencoded::parse(&plain.body) {
        parts.push_str(&format!("--PYTHON_SDK_BOUNDARY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n"));
        parts.push_str(&format!("Content-Type: text/plain; charset=UTF-8\r\n\r\n{value}\r\n"));
    }
    parts.push_str("--PYTHON_SDK_BOUNDARY--\r\n");
    let request =
        merchant.http().post(&url).header("content-type", "multipart/form-data; boundary=PYTHON_SDK_BOUNDARY");
    let again = request.body(parts).send().await.expect("is answered").text().await.expect("has a body");
    let store_id = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).expect("is JSON")["qimen_store_create_response"]["store_id"]
            .clone()
    };
    assert_eq!(store_id(&again), store_id(&text), "{again}");

    let long = client::build(
        &Outgoing::new(method(CATEGORIES), &Fields::new(), Shape::TopJson),
        &Caller::Erp.credentials(),
        merchant.now(),
    );
    let url = format!("{}?{}", merchant.url("/router/rest"), long.query);
    for (accepts, encoding) in [("gzip", Some("gzip")), ("identity", None)] {
        let answer = merchant.http().get(&url).header("accept-encoding", accepts).send().await.expect("is answered");
        let told = answer.headers().get("content-encoding").map(|value| value.to_str().expect("is text").to_owned());
        assert_eq!(told.as_deref(), encoding);
        let body = answer.bytes().await.expect("has a body");
        let mut unzipped = String::new();
        if encoding.is_some() {
            flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut unzipped).expect("unzips");
        } else {
            unzipped = String::from_utf8(body.to_vec()).expect("is text");
        }
        assert!(unzipped.starts_with("{\"qimen_storecategory_get_response\":"));
    }
    merchant.close().await;
}

/// A TOP call signed by hand, as form text: for what the client side never writes.
fn signed(merchant: &Merchant, app: (&str, &str, &str), method: &str, extra: &[(&str, &str)]) -> String {
    let (key, secret, session) = app;
    let now = merchant.now().0.to_string();
    let system =
        [("app_key", key), ("method", method), ("session", session), ("sign_method", "md5"), ("timestamp", &now)];
    let given = system.iter().chain(&[("v", "2.0")]).chain(extra);
    let pairs: Vec<(String, String)> = given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sign = astrolabe_protocol::sign::sign(SignMethod::Md5, &Secret::new(secret), &pairs, None);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).append_pair("sign", &sign).finish()
}

const ERP: (&str, &str, &str) = ("12345678", "helloworld", "test-session");
const WMS: (&str, &str, &str) = ("33333333", "wmsworld", "wms-session");

#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_answered_whichever_way_the_call_comes() {
    let merchant = Merchant::open().await;
    let (xml, json) = ("text/xml;charset=utf-8", "application/json;charset=utf-8");
    let wrapped_xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?><qimen_storecategory_get_response><flag>success";
    let wrapped_json = "{\"qimen_storecategory_get_response\":{\"flag\":\"success\"";
    let bare_json = "{\"flag\":\"success\"";
    let table: [(&[(&str, &str)], _, _); 9] = [
        (&[], xml, wrapped_xml),
        (&[("format", "xml")], xml, wrapped_xml),
        (&[("format", "xml2")], xml, wrapped_xml),
        (&[("format", "json")], json, wrapped_json),
        (&[("format", "json2")], json, wrapped_json),
        (&[("format", "json"), ("simplify", "false")], json, wrapped_json),
        (&[("format", "json"), ("simplify", "true")], json, bare_json),
        (&[("format", "json2"), ("simplify", "true")], json, bare_json),
        (&[("format", "yaml")], xml, "<?xml version=\"1.0\" encoding=\"utf-8\"?><error_response><code>23</code>"),
    ];
    for (extra, content_type, start) in table {
        let form = signed(&merchant, ERP, CATEGORIES, extra);
        let (head, tail) = form.split_once("&session=").expect("a session");
        let (split, rest) = (format!("{}?{head}", merchant.url("/router/rest")), format!("session={tail}"));
        let whole = merchant.url("/router/rest");
        let mut parts = String::new();
        for (name, value) in form_urlencoded::parse(form.as_bytes()) {
            parts.push_str(&format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        }
        let forms = "application/x-www-form-urlencoded;charset=utf-8";
        let ways = [
            merchant.http().get(format!("{whole}?{form}")),
            merchant.http().post(format!("{whole}?{form}")),
            merchant.http().post(&whole).header("content-type", forms).body(form.clone()),
            merchant.http().post(split).header("content-type", forms).body(rest),
            merchant
                .http()
                .post(&whole)
                .header("content-type", "multipart/form-data; boundary=B")
                .body(parts + "--B--\r\n"),
        ];
        for way in ways {
            let answer = way.send().await.expect("is answered");
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["content-type"], content_type, "{extra:?}");
            let text = answer.text().await.expect("has a body");
            assert!(text.starts_with(start), "{extra:?}: {text}");
        }
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_gzip_gets_long_answers_zipped_at_every_door() {
    let merchant = Merchant::open().await;
    let fields = Fields::new();
    for shape in Shape::ALL {
        let outgoing = Outgoing::new(method(CATEGORIES), &fields, shape);
        let request = client::build(&outgoing, &Caller::Erp.credentials(), merchant.now());
        let path = match request.door {
            Door::Top => "/router/rest",
            Door::Qimen => "/router/qimen/service",
            Door::QimenCloud => "/router/qm",
        };
        let url = format!("{}?{}", merchant.url(path), request.query);
        for (accepts, zipped) in
            [("gzip, deflate", true), ("deflate, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false)]
        {
            let call = merchant.http().post(&url).header("content-type", request.content_type);
            let answer =
                call.header("accept-encoding", accepts).body(request.body.clone()).send().await.expect("is answered");
            let header =
                |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("is text").to_owned());
            assert_eq!(header("content-encoding").as_deref(), zipped.then_some("gzip"), "{shape:?} {accepts}");
            assert_eq!(header("vary").as_deref(), Some("Accept-Encoding"));
            let length: usize = header("content-length").expect("a length").parse().expect("a number");
            let body = answer.bytes().await.expect("has a body");
            assert_eq!(length, body.len(), "the length is that of what was sent");
            let mut text = String::new();
            if zipped {
                flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).expect("unzips");
            } else {
                text = String::from_utf8(body.to_vec()).expect("is text");
            }
            let told =
                client::parse_answer(method(CATEGORIES), &outgoing.style(), text.as_bytes()).expect("is an answer");
            assert!(told.fields().text("store_category").is_ok_and(|tree| tree.len() > 1_024), "{shape:?} {accepts}");
        }
    }
    // Short answers are not worth it.
    let form = signed(&merchant, ERP, "taobao.qimen.store.query", &[("store_id", "999")]);
    let call =
        merchant.http().get(format!("{}?{form}", merchant.url("/router/rest"))).header("accept-encoding", "gzip");
    let answer = call.send().await.expect("is answered");
    assert!(!answer.headers().contains_key("content-encoding"));
    assert!(answer.text().await.expect("has a body").contains("isv.store-not-exist"));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_parameter_is_refused_by_name_unless_the_operator_allows_it_to_the_app() {
    let merchant = Merchant::open().await;
    let table = [
        (ERP, "vendor_trace", None),
        (ERP, "vendor_other", Some("vendor_other")),
        (ERP, "Vendor_Trace", Some("Vendor_Trace")),
        (WMS, "vendor_trace", Some("vendor_trace")),
    ];
    for (app, name, refused) in table {
        let form = signed(&merchant, app, CATEGORIES, &[("format", "json"), (name, "v-1")]);
        let answer = merchant.http().get(format!("{}?{form}", merchant.url("/router/rest"))).send().await;
        let text = answer.expect("is answered").text().await.expect("has a body");
        match refused {
            None => assert!(text.contains("\"flag\":\"success\""), "{text}"),
            Some(named) => {
                assert!(text.contains(&format!("isv.invalid-parameter:{named}")), "{text}");
                assert!(!text.contains("v-1"), "the value is not repeated: {text}");
            }
        }
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded_by_the_method() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    let padding = format!("<vendorNote>{}</vendorNote>", "长".repeat(20_000)).repeat(20);
    let table = [
        ("taobao.qimen.store.query", Fields::new().with("store_id", store), false),
        (
            "taobao.qimen.storeinventory.itemquery",
            Fields::new().with(
                "stores",
                stock_report("STORE", &store.to_string(), vec![bill("B", 7)]).get("stores").expect("stores").clone(),
            ),
            true,
        ),
    ];
    for (name, fields, fits) in table {
        let outgoing = Outgoing::new(method(name), &fields, Shape::Qimen);
        let mut request = client::build(&outgoing, &Caller::Erp.credentials(), merchant.now());
        // Unknown elements are ignored, their length is not. Signed again by hand, as the body has changed.
        let text = String::from_utf8(request.body).expect("is text");
        request.body = text.replace("</request>", &format!("{padding}</request>")).into_bytes();
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(request.query.as_bytes()).into_owned().filter(|(name, _)| name != "sign").collect();
        let sign = astrolabe_protocol::sign::sign(
            SignMethod::HmacSha256,
            &Secret::new("helloworld"),
            &pairs,
            Some(&request.body),
        );
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&pairs).append_pair("sign", &sign);
        request.query = query.finish();
        assert_eq!(request.door, Door::Qimen);
        let text = String::from_utf8(merchant.send(request).await).expect("is text");
        let expected = if fits { "<flag>success</flag>" } else { "a body longer than" };
        assert!(text.contains(expected), "{name}: {text}");
    }
    let huge = merchant.http().post(merchant.url("/router/rest?format=json")).body("x".repeat(5 << 20));
    let text = huge.send().await.expect("is answered").text().await.expect("has a body");
    assert!(text.contains("\"code\":41"), "{text}");
    merchant.close().await;
}
