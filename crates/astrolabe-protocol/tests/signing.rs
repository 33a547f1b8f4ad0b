//! Signatures against published and cross-checked vectors, and what a signature must not let through.

use astrolabe_protocol::json;
use astrolabe_protocol::pairs::{Pairs, write_form, write_query};
use astrolabe_protocol::sign::{SignMethod, base_string, same, sign, sign_legacy, sign_spi};
use astrolabe_protocol::spi::{SpiIncoming, receive};
use astrolabe_protocol::time::parse_datetime;
use astrolabe_protocol::{Door, Envelope, EpochMs, Fields, Incoming, PlatformCode, Secret, Value, WireError};

fn vectors() -> Fields {
    match json::parse(include_str!("signing-vectors.json")) {
        Ok(Some(Value::Struct(fields))) => fields,
        other => panic!("the vectors are a JSON object: {other:?}"),
    }
}

fn secret() -> Secret {
    Secret::new("helloworld")
}

fn pairs_of(vector: &Fields, part: &str) -> Pairs {
    let texts = vector.structure(part).expect("a struct");
    texts.iter().map(|(name, value)| (name.to_owned(), value.as_text().expect("text").to_owned())).collect()
}

fn vector<'a>(all: &'a Fields, id: &str) -> &'a Fields {
    all.structs("vectors").expect("list").into_iter().find(|v| v.text("id") == Ok(id)).expect("the vector is there")
}

#[test]
fn top_and_qimen_vectors_hold_for_all_methods() {
    let all = vectors();
    let mut checked = 0;
    for vector in all.structs("vectors").expect("list").iter().filter(|v| v.has("params")) {
        let mut pairs = pairs_of(vector, "params");
        if !pairs.iter().any(|(name, _)| name == "app_key") {
            pairs.push(("app_key".into(), all.text("app_key").expect("text").into()));
        }
        let body = vector.opt_text("body").expect("text");
        for method in SignMethod::ALL {
            let mut signed = pairs.clone();
            signed.push(("sign_method".into(), method.as_str().into()));
            signed.push(("sign".into(), "never signed".into()));
            let wanted = vector.text(method.as_str()).expect("text");
            assert_eq!(
                sign(method, &secret(), &signed, body.map(str::as_bytes)),
                wanted,
                "{:?} {method:?}",
                vector.text("id")
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 9);
}

#[test]
fn spi_vectors_hold_and_a_receiver_accepts_them() {
    let all = vectors();
    let now = parse_datetime("2016-09-22 10:04:59").expect("a date");
    for (id, content_type) in [
        ("S1", "application/x-www-form-urlencoded;charset=utf-8"),
        ("S2", "application/json"),
        ("S3", "application/x-www-form-urlencoded"),
    ] {
        let vector = vector(&all, id);
        let wanted = vector.text("md5").expect("text");
        let mut query = pairs_of(vector, "query");
        let form = if vector.has("form") { pairs_of(vector, "form") } else { Pairs::new() };
        let headers = if vector.has("headers") { pairs_of(vector, "headers") } else { Pairs::new() };
        let body = vector.opt_text("body").expect("text");
        let listed = headers.iter().filter(|(name, _)| name != "top-sign-list").cloned();
        let signed: Pairs = query.iter().chain(&form).cloned().chain(listed).collect();
        assert_eq!(sign_spi(&secret(), &signed, body.map(str::as_bytes)), wanted, "{id}");

        query.push(("sign".into(), wanted.to_ascii_lowercase()));
        let bytes = body.map_or_else(|| write_form(&form), str::to_owned);
        let incoming = SpiIncoming {
            query: &write_query(&query),
            headers: &headers,
            content_type: Some(content_type),
            body: bytes.as_bytes(),
        };
        let call = receive(&incoming, &secret(), now).expect("a good call");
        assert_eq!(
            (call.method.name, call.fields.long("tid")),
            ("taobao.qimen.omniorder.allocate", Ok(2_004_574_256_073_903))
        );
        assert_eq!(call.fields.text("seller_nick"), Ok("xxx旗舰店"));
        assert!(receive(&incoming, &Secret::new("other"), now).is_err());
        assert!(receive(&incoming, &secret(), EpochMs(now.0 + 2000)).is_err(), "older than five minutes");
    }
}

#[test]
fn base_string_of_the_published_example() {
    let all = vectors();
    let mut pairs = pairs_of(vector(&all, "V1"), "params");
    pairs.push(("sign_method".into(), "md5".into()));
    assert!(base_string(&pairs).starts_with(
        "app_key12345678formatjsonmethodtaobao.omniorder.store.accpetedreport_timestamp1474509600000sessiontest"
    ));
}

#[test]
fn comparison_ignores_case_and_nothing_else() {
    assert!(same("AB12", "ab12") && same("AB12", "AB12"));
    assert!(!same("AB12", "AB1") && !same("AB12", "AB13") && !same("AB12", "") && !same("AB12", "AB12 "));
}

const NOW: &str = "2016-09-22 10:00:00";

/// A TOP call of `taobao.qimen.itemstore.query`, signed over what is then changed.
fn signed_query(extra: &[(&str, &str)], signer: impl Fn(&Pairs) -> String) -> Pairs {
    let system =
        [("method", "taobao.qimen.itemstore.query"), ("app_key", "12345678"), ("timestamp", NOW), ("v", "2.0")];
    let mut pairs: Pairs = system.iter().chain(extra).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let sign = signer(&pairs);
    pairs.push(("sign".into(), sign));
    pairs
}

fn md5(pairs: &Pairs) -> String {
    sign(SignMethod::Md5, &secret(), pairs, None)
}

fn envelope(pairs: &Pairs) -> Result<Envelope, WireError> {
    let query = write_query(pairs);
    let incoming = Incoming { door: Door::Top, query: &query, content_type: None, body: b"", multipart: None };
    Envelope::parse(&incoming).map_err(|refused| refused.error)
}

fn at(text: &str) -> EpochMs {
    parse_datetime(text).expect("a date")
}

#[test]
fn a_shifted_boundary_signs_alike_and_is_refused_by_name() {
    let mut pairs = signed_query(&[("sign_method", "md5"), ("item_id", "10"), ("page", "1")], md5);
    let shifted = pairs.iter_mut().find(|(name, _)| name == "item_id").expect("there");
    *shifted = ("item_i".into(), "d10".into());
    let envelope = envelope(&pairs).expect("parses");
    assert_eq!(envelope.verify(&secret(), at(NOW)), Ok(()), "the base string is the same");
    let refusal = envelope.decode(&|_| false).expect_err("refused");
    assert_eq!(refusal.sub_code().as_deref(), Some("isv.invalid-parameter:item_i"));
    // An operator may allow a name for an app: then it is ignored, and what it hid is missing.
    assert_eq!(envelope.decode(&|name| name == "item_i").expect_err("refused"), WireError::missing("item_id"));
}

#[test]
fn every_touched_byte_breaks_the_signature() {
    let good = signed_query(&[("sign_method", "md5"), ("item_id", "10")], md5);
    assert_eq!(envelope(&good).expect("parses").verify(&secret(), at(NOW)), Ok(()));
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place].1.push('0');
        let outcome = envelope(&bad).and_then(|envelope| envelope.verify(&secret(), at(NOW)));
        assert!(outcome.is_err(), "{}", bad[place].0);
    }
    assert_eq!(
        envelope(&good).expect("parses").verify(&Secret::new("other"), at(NOW)),
        Err(WireError::platform(PlatformCode::InvalidSignature))
    );
}

#[test]
fn the_clock_may_be_ten_minutes_off_and_no_more() {
    let envelope = envelope(&signed_query(&[("sign_method", "md5"), ("item_id", "10")], md5)).expect("parses");
    for (now, holds) in [
        ("2016-09-22 10:10:00", true),
        ("2016-09-22 09:50:00", true),
        ("2016-09-22 10:10:01", false),
        ("2016-09-22 09:49:59", false),
    ] {
        assert_eq!(envelope.verify(&secret(), at(now)).is_ok(), holds, "{now}");
    }
    let refusal = envelope.verify(&secret(), at("2016-09-23 10:00:00")).expect_err("a day off");
    assert_eq!(
        (refusal.code(), refusal.sub_code().as_deref()),
        (PlatformCode::InvalidTimestamp, Some("isv.timestamp-limit-error"))
    );
}

#[test]
fn an_absent_sign_method_takes_the_legacy_rule_for_forms_only() {
    let legacy = signed_query(&[("item_id", "10")], |pairs| sign_legacy(&secret(), pairs));
    assert_eq!(envelope(&legacy).expect("parses").verify(&secret(), at(NOW)), Ok(()));
    let plain = signed_query(&[("item_id", "10")], md5);
    assert_eq!(envelope(&plain).expect("parses").verify(&secret(), at(NOW)), Ok(()));
    let named = signed_query(&[("item_id", "10"), ("sign_method", "md5")], |pairs| sign_legacy(&secret(), pairs));
    assert!(envelope(&named).expect("parses").verify(&secret(), at(NOW)).is_err(), "a named method is held to");

    let query = write_query(&signed_query(&[], |pairs| sign_legacy(&secret(), pairs)));
    let incoming = Incoming { door: Door::Qimen, query: &query, content_type: None, body: b"", multipart: None };
    let envelope = Envelope::parse(&incoming).expect("parses");
    assert!(envelope.verify(&secret(), at(NOW)).is_err(), "a raw body could be extended");
}
