//! Judges a party's answer to a call of the platform by the catalogue: HTTP status, readability, the name of the code, required
//! fields, types, names.

use astrolabe_protocol::spi::{SpiReply, parse_reply};
use astrolabe_protocol::{Fields, Method, Value, json};

use super::rules::Rule;
use super::shape::{HEAD, oddities};
use super::spi_call::Sent;
use super::transcript::Transcript;

/// Names under which result codes stand elsewhere, and not in SPI answers.
const MISNAMED: [&str; 9] = [
    "err_code",
    "errCode",
    "error_code",
    "errorCode",
    "result_code",
    "resultCode",
    "qimen_code",
    "Code",
    "status_code",
];

/// What the answer of a method must have (§6.6), besides the code: member names of the catalogue.
fn required(method: &str) -> &'static [&'static str] {
    match method {
        "taobao.qimen.omniorder.allocatedinfo.get" => &["store_allocated_list"],
        _ => &[],
    }
}

/// The answer, as far as it can be read. What is wrong with it is in the transcript.
pub(super) fn judge(method: &'static Method, sent: &Sent, transcript: &Transcript) -> Option<SpiReply> {
    let find = |rule: Rule, expected: &str, came: &str| {
        transcript.find(rule, method.name, expected, came, Some(&sent.exchange));
    };
    let got = match &sent.got {
        Ok(got) => got,
        Err(why) => {
            find(Rule::NoAnswer, "an answer within 8 s", why);
            return None;
        }
    };
    if got.status != 200 {
        find(Rule::HttpStatus, "HTTP 200", &format!("HTTP {}", got.status));
        if !(200..300).contains(&got.status) {
            return None;
        }
    }
    let object = object_of(&got.body);
    let reply = match parse_reply(method, got.content_type.as_deref(), &got.body) {
        Ok(reply) => reply,
        Err(error) => {
            unreadable(object.as_ref(), &error.to_string(), &find);
            return None;
        }
    };
    let Some(object) = object else { return Some(reply) };
    let members = if object.wrapped {
        find(Rule::Wrapped, "{\"code\":…}", "the members stand in an object of their own");
        object.members
    } else {
        object.members
    };
    if !members.has("code") && members.has("flag") && reply.is_ok() {
        find(Rule::CodeMissing, "code: \"0\"", "flag only");
    }
    let odd = oddities(method.answer.fields, &members, &HEAD);
    odd.unknown.iter().for_each(|path| find(Rule::FieldUnknown, "defined fields", path));
    odd.mistyped.iter().for_each(|what| find(Rule::FieldType, "the defined type", what));
    if reply.is_ok() {
        for name in required(method.name).iter().filter(|name| !reply.fields.has(name)) {
            find(Rule::FieldMissing, name, "absent");
        }
    }
    Some(reply)
}

/// A right call: it must be answered with success.
pub(super) fn judge_right(method: &'static Method, sent: &Sent, transcript: &Transcript) -> Option<SpiReply> {
    let reply = judge(method, sent, transcript)?;
    if reply.is_ok() {
        return Some(reply);
    }
    let came = format!("code {} {}", reply.code, reply.message);
    transcript.find(Rule::CallFailed, method.name, "code \"0\"", &came, Some(&sent.exchange));
    None
}

fn unreadable(object: Option<&Object>, why: &str, find: &dyn Fn(Rule, &str, &str)) {
    let Some(object) = object else {
        find(Rule::Unreadable, "JSON or XML", why);
        return;
    };
    match MISNAMED.iter().find(|name| object.members.has(name)) {
        Some(name) => find(Rule::CodeMisnamed, "code", name),
        None if object.members.has("code") => find(Rule::FieldType, "the defined type", why),
        None => find(Rule::CodeMissing, "code", "neither code nor flag"),
    }
}

struct Object {
    members: Fields,
    wrapped: bool,
}

/// The members of a JSON answer; nothing for XML and for what is neither.
fn object_of(body: &[u8]) -> Option<Object> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}').trim();
    let Ok(Some(Value::Struct(members))) = json::parse(text) else { return None };
    let wrapper = members.len() == 1
        && members
            .iter()
            .all(|(name, value)| (name == "response" || name.ends_with("_response")) && value.as_struct().is_some());
    if !wrapper {
        return Some(Object { members, wrapped: false });
    }
    match members.into_iter().next() {
        Some((_, Value::Struct(members))) => Some(Object { members, wrapped: true }),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use astrolabe_protocol::catalogue::find_outward;

    use super::*;
    use crate::rehearse::exchange::{Asked, Masks};
    use crate::wire::Got;

    fn judged(status: u16, body: &str) -> Vec<Rule> {
        let transcript = Transcript::new(Duration::from_secs(300), Masks::default());
        let method = find_outward("taobao.qimen.omniorder.allocatedinfo.get").unwrap();
        let got = Got { status, content_type: Some("application/json".into()), body: body.into() };
        let asked = Asked { verb: "POST", target: "/", content_type: None, body: b"" };
        let exchange = transcript.exchange(Duration::ZERO, asked, Ok(&got));
        let sent = Sent { got: Ok(got), took: Duration::ZERO, exchange };
        judge_right(method, &sent, &transcript);
        transcript.gathered().found.into_keys().map(|(rule, _)| rule).collect()
    }

    #[test]
    fn every_way_an_answer_can_be_wrong() {
        let list = r#""store_allocated_list":[]"#;
        let table: [(u16, String, &[Rule]); 12] = [
            (200, format!(r#"{{"code":"0","tid":1,"status":"Waiting",{list}}}"#), &[]),
            (200, format!(r#"{{"code":0,{list}}}"#), &[]),
            (200, "<?xml version=\"1.0\"?><response><code>0</code><store_allocated_list/></response>".into(), &[]),
            (503, "oops".into(), &[Rule::HttpStatus]),
            (200, "%%% no json".into(), &[Rule::Unreadable]),
            (200, format!(r#"{{"err_code":"0",{list}}}"#), &[Rule::CodeMisnamed]),
            (200, format!("{{{list}}}"), &[Rule::CodeMissing]),
            (200, r#"{"code":"0"}"#.into(), &[Rule::FieldMissing]),
            (200, format!(r#"{{"code":"0","tid":"1",{list}}}"#), &[Rule::FieldType]),
            (200, format!(r#"{{"code":"0","colour":1,{list}}}"#), &[Rule::FieldUnknown]),
            (200, format!(r#"{{"response":{{"code":"0",{list}}}}}"#), &[Rule::Wrapped]),
            (200, r#"{"code":"7","message":"no"}"#.into(), &[Rule::CallFailed]),
        ];
        for (status, body, rules) in table {
            assert_eq!(judged(status, &body), rules, "{status} {body}");
        }
    }
}
