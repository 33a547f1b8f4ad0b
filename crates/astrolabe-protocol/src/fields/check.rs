//! Whether a caller's fields can be sent: names, kinds, needs and bounds, before anything is written or signed.
//!
//! Writing takes what the catalogue knows and drops the rest, so a misspelt name would be a field that was never sent. The
//! receiver's own reading then judges the values: what passes here is not refused there for its form.

use super::Names;
use super::decode::Reading;
use crate::catalogue::{Field, Item, Kind};
use crate::error::WireError;
use crate::value::{Fields, Value};

/// # Errors
/// Platform 40 and 41, naming the field.
pub(crate) fn check(definitions: &'static [Field], values: &Fields) -> Result<(), WireError> {
    check_names(definitions, values)?;
    Reading::request(Names::Top).json_members(definitions, values.clone()).map(|_read| ())
}

fn check_names(definitions: &'static [Field], values: &Fields) -> Result<(), WireError> {
    for (at, (name, value)) in values.iter().enumerate() {
        if values.iter().take(at).any(|(earlier, _)| earlier == name) {
            return Err(WireError::invalid(name, "is given twice"));
        }
        match definitions.iter().find(|field| field.name == name) {
            Some(field) => check_kind(field, value)?,
            None => return Err(unknown(definitions, name)),
        }
    }
    Ok(())
}

fn unknown(definitions: &'static [Field], name: &str) -> WireError {
    match definitions.iter().find(|field| field.is_top_name(name) || field.is_qimen_name(name)) {
        Some(field) => WireError::invalid(name, format!("is called {} here", field.name)),
        None => WireError::invalid(name, "is not a parameter of this method"),
    }
}

fn check_kind(field: &Field, value: &Value) -> Result<(), WireError> {
    let wrong = |wanted: &str| Err(WireError::invalid(field.name, format!("is not {wanted}")));
    match (field.kind, value) {
        (Kind::Tree, _) | (Kind::Leaf(_), Value::Text(_) | Value::Int(_) | Value::Bool(_)) => Ok(()),
        (Kind::Leaf(_), Value::List(_) | Value::Struct(_)) => wrong("a single value"),
        (Kind::Struct(members), Value::Struct(values)) => check_names(members, values),
        (Kind::Struct(_), Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_)) => wrong("a struct"),
        (Kind::List(list), Value::List(items)) => items.iter().try_for_each(|item| match (list.item, item) {
            (Item::Struct(members), Value::Struct(values)) => check_names(members, values),
            (Item::Struct(_), Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_)) => {
                wrong("a list of structs")
            }
            (Item::Leaf(_), Value::List(_) | Value::Struct(_)) => wrong("a list of single values"),
            (Item::Leaf(_) | Item::Tree, _) => Ok(()),
        }),
        (Kind::List(_), Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Struct(_)) => wrong("a list"),
    }
}
