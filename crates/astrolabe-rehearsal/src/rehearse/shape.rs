//! Which members of a JSON object a definition does not know, and which are of another type than it says. The catalogue's own
//! reader is tolerant, as a platform must be; a rehearsal says what it put up with.

use astrolabe_protocol::catalogue::{Field, Item, Kind, Leaf};
use astrolabe_protocol::{Fields, Value};

/// Names that every SPI answer may have beside its own.
pub(super) const HEAD: [&str; 9] =
    ["code", "message", "flag", "sub_code", "sub_message", "msg", "sub_msg", "request_id", "success"];

/// What is odd about an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Oddities {
    /// Paths of members without a definition.
    pub unknown: Vec<String>,
    /// Paths of members of another type, with what they should be.
    pub mistyped: Vec<String>,
}

/// Compares an object with its definition. `head` are names that are fine on the first level.
pub(super) fn oddities(fields: &'static [Field], members: &Fields, head: &[&str]) -> Oddities {
    let mut odd = Oddities::default();
    walk(fields, members, "", head, &mut odd);
    odd
}

fn walk(fields: &'static [Field], members: &Fields, path: &str, head: &[&str], odd: &mut Oddities) {
    for (name, value) in members.iter() {
        let here = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match fields.iter().find(|field| field.is_top_name(name) || field.is_qimen_name(name)) {
            Some(field) => value_of(field, value, &here, odd),
            None if head.contains(&name) => {}
            None => odd.unknown.push(here),
        }
    }
}

fn value_of(field: &'static Field, value: &Value, path: &str, odd: &mut Oddities) {
    let mut wrong = |wanted: &str| odd.mistyped.push(format!("{path} should be {wanted}, is {}", kind_of(value)));
    match (field.kind, value) {
        (Kind::Leaf(leaf), value) => {
            if let Some(wanted) = leaf_wants(leaf, value) {
                wrong(wanted);
            }
        }
        (Kind::Struct(inner), Value::Struct(members)) => walk(inner, members, path, &[], odd),
        (Kind::Struct(_), _) => wrong("an object"),
        (Kind::List(list), Value::List(items)) => {
            for (at, item) in items.iter().enumerate() {
                if let (Item::Struct(inner), Value::Struct(members)) = (list.item, item) {
                    walk(inner, members, &format!("{path}[{at}]"), &[], odd);
                }
            }
        }
        // `{"store_allocated_list":{"allocated_info":[…]}}`, as TOP wraps lists; text is JSON in a form.
        (Kind::List(list), Value::Struct(members)) if members.len() == 1 => {
            if let Some((_, Value::List(_))) = members.iter().next() {
                let inner = members.iter().next().map(|(_, items)| items.clone()).unwrap_or(Value::List(Vec::new()));
                let plain = Field { kind: Kind::List(list), ..*field };
                list_of(&plain, &inner, path, odd);
            }
        }
        (Kind::List(_), Value::Text(_)) => {}
        (Kind::List(_), _) => wrong("a list"),
        (Kind::Tree, _) => {}
    }
}

fn list_of(field: &Field, value: &Value, path: &str, odd: &mut Oddities) {
    let (Kind::List(list), Value::List(items)) = (field.kind, value) else { return };
    for (at, item) in items.iter().enumerate() {
        if let (Item::Struct(inner), Value::Struct(members)) = (list.item, item) {
            walk(inner, members, &format!("{path}[{at}]"), &[], odd);
        }
    }
}

/// What a leaf should be, if the value is not that.
fn leaf_wants(leaf: Leaf, value: &Value) -> Option<&'static str> {
    let plain = match value {
        Value::Text(_) | Value::Int(_) | Value::Bool(_) => true,
        Value::List(_) | Value::Struct(_) => false,
    };
    match (leaf, value) {
        (Leaf::JsonText, _) => None,
        (Leaf::Whole { .. }, Value::Int(_)) => None,
        (Leaf::Whole { .. }, _) => Some("a number"),
        (Leaf::Bool, Value::Bool(_)) => None,
        (Leaf::Bool, _) => Some("true or false"),
        (Leaf::Choice(words), Value::Text(text)) if !words.contains(&text.as_str()) => Some("one of the defined words"),
        (Leaf::Text { .. } | Leaf::Choice(_) | Leaf::DateTime | Leaf::HourMinute, _) => (!plain).then_some("text"),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text",
        Value::Int(_) => "a number",
        Value::Bool(_) => "a truth value",
        Value::List(_) => "a list",
        Value::Struct(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use astrolabe_protocol::catalogue::find_outward;
    use astrolabe_protocol::json;

    use super::*;

    fn of_get(text: &str) -> Oddities {
        let method = find_outward("taobao.qimen.omniorder.allocatedinfo.get").unwrap();
        let Some(Value::Struct(members)) = json::parse(text).unwrap() else { panic!("an object") };
        oddities(method.answer.fields, &members, &HEAD)
    }

    #[test]
    fn names_and_types() {
        let right =
            r#"{"code":"0","tid":1,"status":"Allocated","store_allocated_list":[{"store_id":"5","sub_oid":2}]}"#;
        assert_eq!(of_get(right), Oddities::default());
        let wrapped = r#"{"code":"0","store_allocated_list":{"allocated_info":[{"storeId":"5","colour":1}]}}"#;
        assert_eq!(of_get(wrapped).unknown, ["store_allocated_list[0].colour"]);
        let odd = of_get(r#"{"tid":"1","colour":"red","store_allocated_list":7}"#);
        assert_eq!(odd.unknown, ["colour"]);
        assert_eq!(odd.mistyped.len(), 2, "{odd:?}");
        assert!(odd.mistyped[0].contains("tid should be a number, is text"));
    }
}
