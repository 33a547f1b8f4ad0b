//! `jdp_response` as its readers find it: members in order of their names, ids as numbers, SKU ids and money as texts,
//! lists in their wrappers. Characters beyond the basic plane are escaped, so that a table in MySQL's three-byte `utf8`
//! takes them too. Called by pushes.

use astrolabe_protocol::{Fields, Value, json};
use astrolabe_store::RdsValue;

/// Members that are numbers, whichever way the channel told them.
const NUMBERS: [&str; 5] = ["tid", "oid", "num", "num_iid", "refund_id"];
/// Members that are texts.
const TEXTS: [&str; 1] = ["sku_id"];
/// Lists, and what each of their things is called.
const LISTS: [(&str, &str); 3] =
    [("orders", "order"), ("promotion_details", "promotion_detail"), ("service_orders", "service_order")];

/// A trade in the shape of `trade.fullinfo.get`.
pub(super) fn trade(trade: Fields) -> Fields {
    shaped(trade)
}

/// A refund in the shape of `refund.get`.
pub(super) fn refund(refund: Fields) -> Fields {
    shaped(refund)
}

/// The document: the thing in its wrappers.
pub(super) fn document(response: &'static str, name: &'static str, thing: Fields) -> String {
    let whole = Fields::new().with(response, Fields::new().with(name, Value::Struct(thing)));
    escaped(&json::write(&Value::Struct(sorted(whole))))
}

/// A member as a column's text.
pub(super) fn text(thing: &Fields, name: &str) -> RdsValue {
    match thing.get(name) {
        // Columns cannot escape: what a three-byte table would refuse is left out.
        Some(Value::Text(text)) => RdsValue::Text(text.chars().filter(|one| u32::from(*one) < 0x1_0000).collect()),
        Some(Value::Int(number)) => RdsValue::Text(number.to_string()),
        Some(Value::Bool(_) | Value::List(_) | Value::Struct(_)) | None => RdsValue::Null,
    }
}

/// A member as a column's time; one that is none is left out.
pub(super) fn moment(thing: &Fields, name: &str) -> RdsValue {
    match thing.get(name).and_then(Value::as_text) {
        Some(text) if astrolabe_protocol::time::parse_datetime(text).is_some() => RdsValue::Text(text.to_owned()),
        Some(_) | None => RdsValue::Null,
    }
}

/// A member as a column's number.
pub(super) fn long(thing: &Fields, name: &str) -> RdsValue {
    match thing.get(name) {
        Some(Value::Int(number)) => RdsValue::Long(*number),
        Some(Value::Text(_) | Value::Bool(_) | Value::List(_) | Value::Struct(_)) | None => RdsValue::Null,
    }
}

fn shaped(thing: Fields) -> Fields {
    thing.into_iter().map(|(name, value)| (name.clone(), shaped_member(&name, value))).collect()
}

fn shaped_member(name: &str, value: Value) -> Value {
    let wrapper = LISTS.iter().find(|(list, _)| *list == name).map(|(_, each)| *each);
    match (wrapper, value) {
        (Some(each), Value::List(things)) => {
            Value::Struct(Fields::new().with(each, Value::List(things.into_iter().map(shaped_value).collect())))
        }
        (_, Value::Text(text)) if NUMBERS.contains(&name) => text.parse().map_or(Value::Text(text), Value::Int),
        (_, Value::Int(number)) if TEXTS.contains(&name) => Value::Text(number.to_string()),
        (_, value) => shaped_value(value),
    }
}

fn shaped_value(value: Value) -> Value {
    match value {
        Value::Struct(thing) => Value::Struct(shaped(thing)),
        Value::List(things) => Value::List(things.into_iter().map(shaped_value).collect()),
        leaf @ (Value::Text(_) | Value::Int(_) | Value::Bool(_)) => leaf,
    }
}

fn sorted(thing: Fields) -> Fields {
    let mut members: Vec<_> = thing.into_iter().map(|(name, value)| (name, sorted_value(value))).collect();
    members.sort_by(|(left, _), (right, _)| left.cmp(right));
    members.into_iter().collect()
}

fn sorted_value(value: Value) -> Value {
    match value {
        Value::Struct(thing) => Value::Struct(sorted(thing)),
        Value::List(things) => Value::List(things.into_iter().map(sorted_value).collect()),
        leaf @ (Value::Text(_) | Value::Int(_) | Value::Bool(_)) => leaf,
    }
}

/// Outside of texts JSON has ASCII alone, so that any other character stands in one.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        let mut units = [0_u16; 2];
        match character.encode_utf16(&mut units) {
            [_] => out.push(character),
            pair => out.extend(pair.iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_sorted_wrapped_and_typed_as_readers_expect() {
        let published = r#"{"tid":"452790065331038","status":"S","buyer_nick":"喵🐱","is_o2o_passport":true,"payment":"1.50",
            "orders":[{"sku_id":31,"oid":"7","num":2}],"omnichannel_param":"orderType:STORE_DELIVER"}"#;
        let Ok(Some(Value::Struct(fields))) = json::parse(published) else { panic!("an object") };
        let shaped = trade(fields);
        assert_eq!(text(&shaped, "buyer_nick"), RdsValue::Text("喵".to_owned()));
        assert_eq!(
            document("trade_fullinfo_get_response", "trade", shaped),
            r#"{"trade_fullinfo_get_response":{"trade":{"buyer_nick":"喵\ud83d\udc31","is_o2o_passport":true,"omnichannel_param":"orderType:STORE_DELIVER","orders":{"order":[{"num":2,"oid":7,"sku_id":"31"}]},"payment":"1.50","status":"S","tid":452790065331038}}}"#
        );
    }

    #[test]
    fn members_that_are_no_times_or_numbers_leave_their_columns_empty() {
        let thing = Fields::new().with("created", "soon").with("modified", "2026-11-24 08:00:00").with("oid", "x");
        assert_eq!(moment(&thing, "created"), RdsValue::Null);
        assert_eq!(moment(&thing, "modified"), RdsValue::Text("2026-11-24 08:00:00".to_owned()));
        assert_eq!(long(&thing, "oid"), RdsValue::Null);
    }
}
