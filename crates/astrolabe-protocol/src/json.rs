//! JSON texts to and from the neutral tree, with duplicates and depth refused.
//!
//! Numbers that are not whole become text as JSON prints them (money travels as text); `null` members are dropped, as the
//! published SDKs never tell null from absent. It knows no field definitions: [`crate::catalogue`] gives kinds afterwards.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::limits::{DEPTH_MAX, ITEMS_MAX, JSON_MEMBERS_MAX, JSON_NODE_BYTES_MIN, JSON_NODES_FREE, JSON_NODES_MAX};
use crate::value::{Name, Value};

/// Why a JSON text is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not acceptable JSON: {0}")]
pub struct JsonError(String);

/// Reads one JSON text. `Ok(None)` is a bare `null`.
///
/// # Errors
/// Malformed, a member given twice, a whole number outside i64, or more than a bound of [`crate::limits`] allows: depth, items of
/// one array, members of one object, and nodes for the bytes that came.
pub fn parse(text: &str) -> Result<Option<Value>, JsonError> {
    let mut nodes_left = (JSON_NODES_FREE + text.len() / JSON_NODE_BYTES_MIN).min(JSON_NODES_MAX);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Node { depth: 0, nodes_left: &mut nodes_left };
    let value = node.deserialize(&mut deserializer).map_err(|error| JsonError(error.to_string()))?;
    deserializer.end().map_err(|error| JsonError(error.to_string()))?;
    Ok(value)
}

struct Node<'n> {
    depth: usize,
    nodes_left: &'n mut usize,
}

impl Node<'_> {
    fn deeper(&mut self) -> Result<Node<'_>, &'static str> {
        if self.depth == DEPTH_MAX {
            return Err("nested too deep");
        }
        *self.nodes_left = self.nodes_left.checked_sub(1).ok_or("too many members and items")?;
        Ok(Node { depth: self.depth + 1, nodes_left: self.nodes_left })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(Value::Bool(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Value::Int(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(|n| Some(Value::Int(n))).map_err(|_| E::custom("a number beyond 63 bits"))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Value::Text(number.to_string())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Value::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self.deeper().map_err(de::Error::custom)?)? {
            if items.len() == ITEMS_MAX {
                return Err(de::Error::custom(format!("an array of more than {ITEMS_MAX} items")));
            }
            items.extend(item);
        }
        items.shrink_to_fit();
        Ok(Some(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Name, Value)> = Vec::new();
        let mut nulls: Vec<String> = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.len() + nulls.len() == JSON_MEMBERS_MAX {
                return Err(de::Error::custom(format!("an object of more than {JSON_MEMBERS_MAX} members")));
            }
            match access.next_value_seed(self.deeper().map_err(de::Error::custom)?)? {
                Some(value) => members.push((Name::Owned(name), value)),
                None => nulls.push(name),
            }
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        names.extend(nulls.iter().map(String::as_str));
        names.sort_unstable();
        if let Some(two) = names.windows(2).find(|two| two[0] == two[1]) {
            return Err(de::Error::custom(format!("the member {:?} is given twice", two[0])));
        }
        members.shrink_to_fit();
        Ok(Some(Value::Struct(members.into_iter().collect())))
    }
}

/// Writes a tree as JSON, members in order, non-ASCII raw.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    write_into(&mut out, value);
    out
}

fn write_into(out: &mut String, value: &Value) {
    match value {
        Value::Text(text) => out.push_str(&quote(text)),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_into(out, item);
            }
            out.push(']');
        }
        Value::Struct(fields) => {
            out.push('{');
            for (at, (name, member)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&quote(name));
                out.push(':');
                write_into(out, member);
            }
            out.push('}');
        }
    }
}

fn quote(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_connectors_send() {
        let value = parse(r#" { "a": 1, "b" : "小王", "c":[true, null, 12.5], "d": null, "e":{} } "#)
            .expect("well formed")
            .expect("not null");
        assert_eq!(write(&value), r#"{"a":1,"b":"小王","c":[true,"12.5"],"e":{}}"#);
    }

    #[test]
    fn refuses_duplicates_depth_and_noise() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert!(parse(&nested(DEPTH_MAX + 1)).is_err());
        for text in
            [r#"{"a":1,"a":2}"#, r#"{"a":null,"a":2}"#, "", "{", "[1,]", "1 2", "9223372036854775808", "nul", "'a'"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("9223372036854775807"), Ok(Some(Value::Int(i64::MAX))));
    }

    #[test]
    fn bounds_hold_at_the_bound_and_one_beyond() {
        let array = |items: usize| format!("[{}0]", "10000000000,".repeat(items - 1));
        assert!(parse(&array(ITEMS_MAX)).is_ok());
        assert!(parse(&array(ITEMS_MAX + 1)).is_err());
        let object = |members: usize| {
            let members: Vec<String> = (0..members).map(|number| format!("\"m{number}\":1234567")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(&object(JSON_MEMBERS_MAX)).is_ok());
        assert!(parse(&object(JSON_MEMBERS_MAX + 1)).is_err());
        // Two bytes an item pay for every sixth; the others come out of the free ones.
        let short = |items: usize| format!("[{}0]", "1,".repeat(items - 1));
        assert!(parse(&short(JSON_NODES_FREE)).is_ok());
        assert!(parse(&short(JSON_NODES_FREE * 3 / 2)).is_err());
    }
}
