//! Judges a call that a party makes at the platform's doors, by the same reader the platform uses: envelope, signature, session,
//! fields. What the call means is judged when the platform has answered it.

use astrolabe_protocol::request::Call;
use astrolabe_protocol::{
    AnswerStyle, AppKey, Door, Envelope, Fields, Incoming, PlatformCode, Secret, Value, WireError, json, pairs,
};

use super::rules::Rule;
use super::shape::oddities;
use crate::clock;
use crate::ids::Tid;
use crate::listener::Heard;

/// Whose calls are expected.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub app_key: AppKey,
    pub secret: Secret,
    pub session: String,
    pub seller: String,
}

/// A rule that a call breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breach {
    pub rule: Rule,
    pub expected: String,
    pub came: String,
}

/// A call as far as it could be read.
#[derive(Debug)]
pub(super) struct Judged {
    /// The method as it was called.
    pub name: String,
    pub style: AnswerStyle,
    pub call: Option<Call>,
    pub breaches: Vec<Breach>,
}

/// Which door a path is.
pub(super) fn door_of(path: &str) -> Option<Door> {
    match path {
        "/router/rest" => Some(Door::Top),
        "/router/qimen/service" => Some(Door::Qimen),
        "/router/qm" => Some(Door::QimenCloud),
        _ => None,
    }
}

/// The trade a call is about.
pub(super) fn tid_of(fields: &Fields) -> Option<Tid> {
    ["tid", "parent_order_code", "main_order_id"].iter().find_map(|name| fields.long(name).ok()).map(Tid)
}

/// Reads and judges it.
pub(super) fn judge(heard: &Heard, door: Door, caller: &Caller) -> Judged {
    let incoming =
        Incoming { door, query: &heard.query, content_type: heard.content_type(), body: &heard.body, multipart: None };
    let envelope = match Envelope::parse(&incoming) {
        Ok(envelope) => envelope,
        Err(refused) => {
            let breach = breach(Rule::CallUnreadable, "a readable call", &refused.error);
            return Judged {
                name: shown(&refused.style.method),
                style: refused.style,
                call: None,
                breaches: vec![breach],
            };
        }
    };
    let mut judged = Judged {
        name: shown(envelope.method_name()),
        style: envelope.style().clone(),
        call: None,
        breaches: identity(&envelope, door, caller),
    };
    match envelope.decode(&|_| false) {
        Ok(call) => {
            judged.name = call.method.name.to_owned();
            let unknown = unknown_members(&call, heard);
            judged.breaches.extend(unknown.into_iter().map(|came| Breach {
                rule: Rule::CallMemberUnknown,
                expected: "defined members".to_owned(),
                came,
            }));
            judged.call = Some(call);
        }
        Err(error) => judged.breaches.push(undecodable(&error)),
    }
    judged
}

fn shown(method: &str) -> String {
    if method.is_empty() { "(no method)".to_owned() } else { method.chars().take(80).collect() }
}

fn breach(rule: Rule, expected: &str, error: &WireError) -> Breach {
    let detail = error.sub_msg().map_or_else(|| error.msg(), |detail| format!("{}: {detail}", error.msg()));
    Breach { rule, expected: expected.to_owned(), came: detail }
}

fn identity(envelope: &Envelope, door: Door, caller: &Caller) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if let Err(error) = envelope.verify(&caller.secret, clock::now()) {
        breaches.push(breach(Rule::CallUnsigned, "a signature and a clock that hold", &error));
    }
    if envelope.app_key() != caller.app_key {
        let came = envelope.app_key().to_string();
        breaches.push(Breach { rule: Rule::CallSession, expected: format!("app_key {}", caller.app_key), came });
    }
    let session_fits = envelope.session() == Some(caller.session.as_str());
    let customer_fits = envelope.customer_id() == Some(caller.seller.as_str());
    let fits = match door {
        Door::Top => session_fits,
        Door::Qimen | Door::QimenCloud => session_fits || customer_fits,
    };
    if !fits {
        let expected = format!("the session it was given, or customerId {} at the Qimen doors", caller.seller);
        breaches.push(Breach { rule: Rule::CallSession, expected, came: "another, or none".to_owned() });
    }
    breaches
}

fn undecodable(error: &WireError) -> Breach {
    let rule = match error {
        WireError::Missing { .. } => Rule::CallFieldMissing,
        WireError::Invalid { why, .. } if why.contains("is not a parameter") || why.contains("system parameter") => {
            Rule::CallFieldUnknown
        }
        WireError::Invalid { .. } => Rule::CallFieldInvalid,
        WireError::Platform { code: PlatformCode::InvalidMethod, .. } | WireError::Business { .. } => {
            Rule::MethodUnknown
        }
        WireError::Platform { .. } => Rule::CallUnreadable,
    };
    breach(rule, "a call as defined", error)
}

/// Members inside lists and objects that nobody defined: carried, and probably meant to do something.
fn unknown_members(call: &Call, heard: &Heard) -> Vec<String> {
    let Some(members) = members_of(heard) else { return Vec::new() };
    let odd = oddities(call.method.fields, &members, &[]);
    odd.unknown.into_iter().filter(|path| path.contains('.')).collect()
}

/// Parameters of a form whose text is JSON, and the members of a JSON body.
fn members_of(heard: &Heard) -> Option<Fields> {
    let kind = pairs::media_type(heard.content_type());
    if kind.as_deref().is_some_and(|kind| kind.contains("json")) {
        return match json::parse(std::str::from_utf8(&heard.body).ok()?) {
            Ok(Some(Value::Struct(members))) => Some(members),
            Ok(_) | Err(_) => None,
        };
    }
    let mut all = pairs::parse(heard.query.as_bytes(), pairs::Charset::Utf8).ok()?;
    all.extend(pairs::parse(&heard.body, pairs::Charset::Utf8).ok()?);
    let is_json = |text: &str| text.starts_with('[') || text.starts_with('{');
    let read = |(name, text): (String, String)| match json::parse(&text) {
        Ok(Some(value)) if is_json(text.trim()) => Some((name, value)),
        Ok(_) | Err(_) => None,
    };
    let members = all.into_iter().filter_map(read);
    Some(members.fold(Fields::new(), |fields, (name, value)| fields.with(name, value)))
}

#[cfg(test)]
mod tests {
    use astrolabe_protocol::catalogue::{Found, find_inward};
    use astrolabe_protocol::client::{Credentials, Outgoing, Shape, build};
    use axum::http::Method as Verb;

    use super::*;

    fn caller() -> Caller {
        Caller {
            app_key: AppKey::new("12345678"),
            secret: Secret::new("helloworld"),
            session: "the-session".to_owned(),
            seller: "21230".to_owned(),
        }
    }

    fn item() -> Fields {
        Fields::new().with("sub_oid", 2_i64).with("store_id", "5").with("store_type", "Store").with("code", "0")
    }

    fn heard(credentials: &Credentials, fields: &Fields, extra: &str) -> Heard {
        let Some(Found::Method(method, _)) = find_inward("taobao.omniorder.store.accpeted") else { panic!() };
        let request = build(&Outgoing::new(method, fields, Shape::TopJson), credentials, clock::now());
        let mut body = request.body;
        body.extend(extra.as_bytes());
        Heard {
            verb: Verb::POST,
            path: "/router/rest".into(),
            query: request.query,
            headers: vec![("content-type".into(), request.content_type.into())],
            body: body.into(),
        }
    }

    #[test]
    fn every_way_a_call_can_be_wrong() {
        let good = Credentials {
            app_key: caller().app_key,
            secret: caller().secret,
            session: Some("the-session".into()),
            customer_id: None,
        };
        let right = Fields::new().with("tid", 1_i64).with("report_timestamp", 1_i64);
        let fields = right.clone().with("sub_order_list", vec![item()]);
        let bad_secret = Credentials { secret: Secret::new("x"), ..good.clone() };
        let bad_session = Credentials { session: Some("other".into()), ..good.clone() };
        let bad_key = Credentials { app_key: AppKey::new("1"), ..good.clone() };
        let bare = Fields::new().with("tid", 1_i64);
        let shop = Fields::new().with("sub_oid", 2_i64).with("store_id", "5").with("store_type", "Shop");
        let bad_type = right.clone().with("sub_order_list", vec![shop]);
        let table: [(&str, Heard, &[Rule]); 8] = [
            ("right", heard(&good, &fields, ""), &[]),
            ("secret", heard(&bad_secret, &fields, ""), &[Rule::CallUnsigned]),
            ("session", heard(&bad_session, &fields, ""), &[Rule::CallSession]),
            ("key", heard(&bad_key, &fields, ""), &[Rule::CallSession]),
            ("missing", heard(&good, &bare, ""), &[Rule::CallFieldMissing]),
            ("value", heard(&good, &bad_type, ""), &[Rule::CallFieldInvalid]),
            // Added after signing: the signature does not hold either.
            ("unknown", heard(&good, &fields, "&colour=red"), &[Rule::CallUnsigned, Rule::CallFieldUnknown]),
            ("twice", heard(&good, &fields, "&tid=1"), &[Rule::CallUnreadable]),
        ];
        for (what, heard, rules) in table {
            let judged = judge(&heard, Door::Top, &caller());
            let found: Vec<Rule> = judged.breaches.iter().map(|breach| breach.rule).collect();
            assert_eq!(found, rules, "{what}: {:?}", judged.breaches);
        }
    }

    #[test]
    fn undefined_members_are_noted() {
        let heard = Heard {
            verb: Verb::POST,
            path: "/router/rest".into(),
            query: "sub_order_list=%5B%7B%22sub_oid%22%3A2%2C%22colour%22%3A1%7D%5D".into(),
            headers: vec![],
            body: bytes::Bytes::new(),
        };
        let Some(Found::Method(method, _)) = find_inward("taobao.omniorder.store.accpeted") else { panic!() };
        let odd = oddities(method.fields, &members_of(&heard).unwrap(), &[]);
        assert_eq!(odd.unknown, ["sub_order_list[0].colour"]);
    }
}
