//! A trade as the merchant's staff see it over REST.

use astrolabe_rehearsal::ids::{Oid, StoreId};
use serde_json::Value;

/// The body of `GET /api/v1/trades/{tid}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen(pub(crate) Value);

impl Seen {
    fn each(&self, list: &str) -> &[Value] {
        self.0[list].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn of_line<'a>(&'a self, list: &str, oid: Oid) -> impl DoubleEndedIterator<Item = &'a Value> {
        self.each(list).iter().filter(move |member| member["oid"].as_i64() == Some(oid.0))
    }

    /// Store and state of the latest assignment of a line.
    pub(crate) fn latest(&self, oid: Oid) -> Option<(StoreId, String)> {
        self.all_of(oid).pop()
    }

    /// Store and state of all assignments of a line, oldest first.
    pub(crate) fn all_of(&self, oid: Oid) -> Vec<(StoreId, String)> {
        let read = |it: &Value| Some((StoreId(it["location_id"].as_i64()?), it["state"].as_str()?.to_owned()));
        self.of_line("assignments", oid).filter_map(read).collect()
    }

    /// The allocation code of the latest assignment of a line.
    pub(crate) fn code(&self, oid: Oid) -> Option<i64> {
        self.of_line("assignments", oid).next_back().and_then(|it| it["code"].as_i64())
    }

    /// What a line's unassigned units wait for.
    pub(crate) fn waits_for(&self, oid: Oid) -> Option<&str> {
        self.of_line("lines", oid).next().and_then(|it| it["unassigned"]["state"].as_str())
    }

    /// The white paper's section of the role mode.
    pub(crate) fn mode(&self) -> Option<&str> {
        self.0["mode"].as_str()
    }

    /// Facts of a line, oldest first.
    pub(crate) fn facts(&self, oid: Oid) -> Vec<&str> {
        self.of_line("timeline", oid).filter_map(|it| it["fact"].as_str()).collect()
    }

    /// Facts of the whole trade, oldest first.
    pub(crate) fn facts_of_the_whole(&self) -> Vec<&str> {
        self.each("timeline").iter().filter(|it| it["oid"].is_null()).filter_map(|it| it["fact"].as_str()).collect()
    }

    /// States of its calls outward: `pending`, `delivered`, `dead`, `skipped`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.each("calls_outward").iter().map(|it| name_of(&it["state"])).collect()
    }

    /// What decisions made of it: everything but how far calls outward are.
    pub(crate) fn decided(&self) -> Value {
        let mut value = self.0.clone();
        let calls: Vec<Value> = self.each("calls_outward").iter().map(|it| it["id"].clone()).collect();
        value["calls_outward"] = calls.into();
        value
    }
}

/// The name of an enum's variant with or without data.
fn name_of(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Object(members) => members.keys().next().cloned().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => String::new(),
    }
}
