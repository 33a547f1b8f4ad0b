//! Everything that can be wrong with one method's request, derived from the catalogue: each required field missing, each bound
//! exceeded by one, each kind given something it is not. A new field is broken here without a line about it.

use astrolabe_protocol::catalogue::{Field, Item, Kind, Leaf, List, Method, Need};
use astrolabe_protocol::limits::{ITEMS_MAX, TEXT_BYTES_MAX};
use astrolabe_protocol::{Fields, Value};

/// A request with one thing wrong.
pub(crate) struct Case {
    /// What is wrong, as the golden file says it.
    pub(crate) name: String,
    pub(crate) fields: Fields,
    /// Whether it is a list of ten thousand items, which takes a while to read.
    pub(crate) is_long: bool,
}

/// All of them, on top of a good request.
pub(crate) fn of(method: &'static Method, good: &Fields) -> Vec<Case> {
    let mut cases = Vec::new();
    walk(method.fields, &mut Vec::new(), &mut |path, field| {
        let name = path.join(".");
        let mut add = |what: String, fields: Fields| {
            let is_long = what == too_many(ITEMS_MAX);
            cases.push(Case { name: format!("`{name}` {what}"), fields, is_long });
        };
        match field.need {
            Need::Required | Need::RequiredMayBeEmpty => add("missing".to_owned(), put(good, method, path, None)),
            Need::RequiredWhen { field: sibling, is } => {
                let at = path.len() - 1;
                let when: Vec<_> = path[..at].iter().copied().chain([sibling]).collect();
                let asked = put(good, method, &when, Some(Value::from(is)));
                add(format!("missing where {sibling} is {is}"), put(&asked, method, path, None));
            }
            Need::Optional => {}
        }
        if field.need == Need::Required && matches!(field.kind, Kind::List(_)) {
            add("empty".to_owned(), put(good, method, path, Some(Value::List(Vec::new()))));
        }
        for (what, value) in wrong(field, at(good, path)) {
            add(what, put(good, method, path, Some(value)));
        }
    });
    cases
}

/// Values that a field cannot take, and what is wrong with each. `present` is its good value, where the request has one.
fn wrong(field: &Field, present: Option<Value>) -> Vec<(String, Value)> {
    match field.kind {
        Kind::Leaf(leaf) => wrong_leaf(leaf),
        Kind::Struct(_) => vec![("is no struct".to_owned(), Value::from("x"))],
        Kind::Tree => Vec::new(),
        Kind::List(list) => wrong_list(&list, present),
    }
}

fn wrong_leaf(leaf: Leaf) -> Vec<(String, Value)> {
    let case = |what: String, value: &str| (what, Value::from(value));
    match leaf {
        Leaf::Text { chars_max } if chars_max >= TEXT_BYTES_MAX => {
            vec![case(format!("of {} bytes", chars_max + 1), &"x".repeat(chars_max + 1))]
        }
        Leaf::Text { chars_max } => vec![case(format!("of {} characters", chars_max + 1), &"长".repeat(chars_max + 1))],
        Leaf::JsonText => vec![case(format!("of {} bytes", TEXT_BYTES_MAX + 1), &"x".repeat(TEXT_BYTES_MAX + 1))],
        Leaf::Choice(_) => vec![case("is another word".to_owned(), "NO_SUCH_WORD")],
        Leaf::Whole { min, max } => {
            let (below, above) = (i128::from(min) - 1, i128::from(max) + 1);
            vec![
                case(format!("is {below}"), &below.to_string()),
                case(format!("is {above}"), &above.to_string()),
                case("is no number".to_owned(), "1x"),
            ]
        }
        Leaf::Bool => vec![case("is neither true nor false".to_owned(), "maybe")],
        Leaf::DateTime => vec![case("is no date".to_owned(), "2026-02-30 10:00:00")],
        Leaf::HourMinute => vec![case("is no time".to_owned(), "25:61")],
    }
}

fn wrong_list(list: &List, present: Option<Value>) -> Vec<(String, Value)> {
    let first = match present {
        Some(Value::List(items)) => items.into_iter().next(),
        Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Struct(_)) | None => None,
    };
    let item = first.unwrap_or_else(|| least_item(list));
    let items = Value::List(vec![item; list.items_max + 1]);
    let mut cases = vec![(too_many(list.items_max), items)];
    match list.item {
        Item::Leaf(leaf) => {
            let items = wrong_leaf(leaf).into_iter();
            cases.extend(items.map(|(what, value)| (format!("item {what}"), Value::List(vec![value]))));
        }
        Item::Struct(_) | Item::Tree => cases.push(("is no list".to_owned(), Value::from("x"))),
    }
    cases
}

fn too_many(items_max: usize) -> String {
    format!("has {} items", items_max + 1)
}

/// Visits every field with its path.
pub(crate) fn walk(
    fields: &'static [Field],
    path: &mut Vec<&'static str>,
    visit: &mut impl FnMut(&[&'static str], &'static Field),
) {
    for field in fields {
        path.push(field.name);
        visit(path, field);
        match field.kind {
            Kind::Struct(inner) => walk(inner, path, visit),
            Kind::List(list) => {
                if let Item::Struct(inner) = list.item {
                    walk(inner, path, visit);
                }
            }
            Kind::Leaf(_) | Kind::Tree => {}
        }
        path.pop();
    }
}

/// The value at a path; of lists the first item.
pub(crate) fn at(fields: &Fields, path: &[&str]) -> Option<Value> {
    let (name, rest) = path.split_first()?;
    let value = fields.get(name)?;
    if rest.is_empty() {
        return Some(value.clone());
    }
    match value {
        Value::Struct(inner) => at(inner, rest),
        Value::List(items) => at(items.first()?.as_struct()?, rest),
        Value::Text(_) | Value::Int(_) | Value::Bool(_) => None,
    }
}

/// The request with another value at a path, or with none there. Structs on the way that are not there are made, as small as
/// they may be.
pub(crate) fn put(good: &Fields, method: &'static Method, path: &[&'static str], value: Option<Value>) -> Fields {
    put_in(good, method.fields, path, value)
}

fn put_in(good: &Fields, fields: &'static [Field], path: &[&'static str], value: Option<Value>) -> Fields {
    let (name, rest) = path.split_first().expect("a path has a name");
    let field = fields.iter().find(|field| field.name == *name).expect("the path is from the catalogue");
    let changed = if rest.is_empty() { value } else { Some(inside(field, good.get(name), rest, value)) };
    let kept = good.iter().filter(|(kept, _)| kept != name);
    let mut result: Fields = kept.map(|(name, value)| (name.to_owned().into(), value.clone())).collect();
    if let Some(changed) = changed {
        result.push(*name, changed);
    }
    result
}

fn inside(field: &'static Field, present: Option<&Value>, rest: &[&'static str], value: Option<Value>) -> Value {
    match (field.kind, present) {
        (Kind::Struct(inner), Some(Value::Struct(members))) => Value::Struct(put_in(members, inner, rest, value)),
        (Kind::Struct(inner), _) => Value::Struct(put_in(&least(inner), inner, rest, value)),
        (Kind::List(List { item: Item::Struct(inner), .. }), Some(Value::List(items))) => {
            let none = least(inner);
            let first = items.first().and_then(Value::as_struct).unwrap_or(&none);
            let changed = Value::Struct(put_in(first, inner, rest, value));
            Value::List(std::iter::once(changed).chain(items.iter().skip(1).cloned()).collect())
        }
        (Kind::List(List { item: Item::Struct(inner), .. }), _) => {
            Value::List(vec![Value::Struct(put_in(&least(inner), inner, rest, value))])
        }
        (Kind::List(_) | Kind::Leaf(_) | Kind::Tree, _) => panic!("{} has nothing inside", field.name),
    }
}

/// The required members alone, with values of their kind.
fn least(fields: &'static [Field]) -> Fields {
    let required = fields.iter().filter(|field| field.need != Need::Optional);
    required.map(|field| (field.name.into(), least_value(field))).collect()
}

fn least_value(field: &'static Field) -> Value {
    match field.kind {
        Kind::Leaf(leaf) => least_leaf(leaf),
        Kind::Struct(inner) => Value::Struct(least(inner)),
        Kind::List(list) => Value::List(vec![least_item(&list)]),
        Kind::Tree => Value::Struct(Fields::new()),
    }
}

fn least_item(list: &List) -> Value {
    match list.item {
        Item::Leaf(leaf) => least_leaf(leaf),
        Item::Struct(inner) => Value::Struct(least(inner)),
        Item::Tree => Value::Struct(Fields::new()),
    }
}

fn least_leaf(leaf: Leaf) -> Value {
    match leaf {
        Leaf::Text { .. } => Value::from("1"),
        Leaf::Choice(words) => Value::from(words[0]),
        Leaf::Whole { min, .. } => Value::Int(min.max(1)),
        Leaf::Bool => Value::Bool(true),
        Leaf::DateTime => Value::from("2026-01-02 10:00:00"),
        Leaf::HourMinute => Value::from("10:00"),
        Leaf::JsonText => Value::from("{}"),
    }
}
