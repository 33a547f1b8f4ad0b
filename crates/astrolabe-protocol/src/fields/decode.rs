//! Reading: form pairs, JSON and XML against field definitions, to the neutral tree.

use std::borrow::Cow;

use super::Names;
use crate::catalogue::{Field, Item, Kind, Layout, Leaf, List, Need, WrapName};
use crate::error::WireError;
use crate::json;
use crate::limits::TEXT_BYTES_MAX;
use crate::time;
use crate::value::{Fields, Value};
use crate::xml::{Element, is_char, is_space};

/// How to read: which names errors use, and whether needs are checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Names in errors.
    pub(crate) names: Names,
    /// Requests must have what they need; answers are read as they come.
    pub(crate) check_needs: bool,
}

impl Reading {
    pub(crate) const fn request(names: Names) -> Self {
        Self { names, check_needs: true }
    }

    pub(crate) const fn answer() -> Self {
        Self { names: Names::Top, check_needs: false }
    }

    /// Reads top-level form fields; `pairs` holds fields only. A pair that no field defines is refused unless `allowed`.
    pub(crate) fn form<'a>(
        self,
        fields: &'static [Field],
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
        allowed: &dyn Fn(&str) -> bool,
        also_qimen_names: bool,
    ) -> Result<Fields, WireError> {
        let mut collected = Collected::new(fields, self);
        for (name, text) in pairs {
            let field = fields.iter().find(|f| f.is_top_name(name) || (also_qimen_names && f.is_qimen_name(name)));
            match field {
                Some(field) => collected.put(field, self.text(field, text)?)?,
                None if allowed(name) => {}
                None => return Err(WireError::invalid(name, "is not a parameter of this method")),
            }
        }
        collected.finish()
    }

    /// Reads the members of a JSON object; what no field defines is ignored.
    pub(crate) fn json_members(self, fields: &'static [Field], members: Fields) -> Result<Fields, WireError> {
        let mut collected = Collected::new(fields, self);
        for (name, value) in members {
            if let Some(field) = fields.iter().find(|f| f.is_top_name(&name) || f.is_qimen_name(&name)) {
                collected.put(field, self.json(field, value)?)?;
            }
        }
        collected.finish()
    }

    /// Reads the children of an element; what no field defines is ignored (§ tolerance: `remark`, `extendProps`, additions).
    pub(crate) fn xml_children<'d>(
        self,
        fields: &'static [Field],
        children: impl Iterator<Item = Element<'d>>,
    ) -> Result<Fields, WireError> {
        let mut collected = Collected::new(fields, self);
        for element in children {
            let Some(field) = fields.iter().find(|f| f.is_qimen_name(element.name()) || f.is_top_name(element.name()))
            else {
                continue;
            };
            match field.kind {
                Kind::List(list) if list.layout == Layout::Repeated && !element.has_children() => {
                    let item = self.list_text(field, &list, element.text().trim_matches(is_space))?;
                    collected.append(field, item)?;
                }
                Kind::List(_) | Kind::Leaf(_) | Kind::Struct(_) | Kind::Tree => {
                    collected.put(field, self.xml(field, element)?)?
                }
            }
        }
        collected.finish()
    }

    fn text(self, field: &Field, text: &str) -> Result<Option<Value>, WireError> {
        match field.kind {
            Kind::Leaf(leaf) => self.leaf(field, leaf, text),
            Kind::List(list) => self.list_text(field, &list, text.trim()).map(Some),
            Kind::Struct(_) | Kind::Tree if text.trim().is_empty() => Ok(None),
            Kind::Struct(_) | Kind::Tree => match self.parse_json(field, text)? {
                Some(value) => self.json(field, value),
                None => Ok(None),
            },
        }
    }

    fn list_text(self, field: &Field, list: &List, text: &str) -> Result<Value, WireError> {
        if text.starts_with(['[', '{']) {
            let value = self.parse_json(field, text)?.unwrap_or_else(|| Value::List(Vec::new()));
            return self.list_json(field, list, value);
        }
        if text.is_empty() {
            return Ok(Value::List(Vec::new()));
        }
        match list.item {
            Item::Leaf(leaf) => {
                // One more than allowed is enough to refuse.
                let pieces = text.split(',').take(list.items_max + 1);
                let items =
                    pieces.map(|piece| self.item_leaf(field, leaf, piece.trim())).collect::<Result<Vec<_>, _>>()?;
                self.bounded(field, list, items)
            }
            Item::Struct(_) | Item::Tree => Err(self.invalid(field, "is not a JSON list")),
        }
    }

    fn json(self, field: &Field, value: Value) -> Result<Option<Value>, WireError> {
        match field.kind {
            Kind::Leaf(leaf) => self.leaf_json(field, leaf, value),
            Kind::Tree => Ok(Some(value)),
            Kind::List(list) => self.list_json(field, &list, value).map(Some),
            Kind::Struct(fields) => match value {
                Value::Struct(members) => self.json_members(fields, members).map(|inner| Some(Value::Struct(inner))),
                Value::Text(text) if text.trim_start().starts_with('{') => self.text(field, &text),
                Value::Text(text) if text.trim().is_empty() => Ok(None),
                Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_) => {
                    Err(self.invalid(field, "is not a struct"))
                }
            },
        }
    }

    fn leaf_json(self, field: &Field, leaf: Leaf, value: Value) -> Result<Option<Value>, WireError> {
        match (value, leaf) {
            (Value::Text(text), _) => self.leaf(field, leaf, &text),
            (Value::Int(number), _) => self.leaf(field, leaf, &number.to_string()),
            (Value::Bool(truth), _) => self.leaf(field, leaf, if truth { "true" } else { "false" }),
            (tree @ (Value::Struct(_) | Value::List(_)), Leaf::JsonText) => self.leaf(field, leaf, &json::write(&tree)),
            (
                Value::Struct(_) | Value::List(_),
                Leaf::Text { .. }
                | Leaf::Choice(_)
                | Leaf::Whole { .. }
                | Leaf::Bool
                | Leaf::DateTime
                | Leaf::HourMinute,
            ) => Err(self.invalid(field, "is not a single value")),
        }
    }

    /// A list may come bare, wrapped as TOP answers wrap it, with every item wrapped once more (older Qimen pages), or as text.
    fn list_json(self, field: &Field, list: &List, value: Value) -> Result<Value, WireError> {
        let items = match value {
            Value::List(items) => items,
            Value::Text(text) => return self.list_text(field, list, text.trim()),
            Value::Int(number) => return self.list_text(field, list, &number.to_string()),
            Value::Struct(wrapper) => match single_member(wrapper, list) {
                Ok(Value::List(items)) => items,
                Ok(item) => vec![item],
                Err(bare) if bare.is_empty() => Vec::new(),
                Err(_) => return Err(self.invalid(field, "is not a list")),
            },
            Value::Bool(_) => return Err(self.invalid(field, "is not a list")),
        };
        let read = items
            .into_iter()
            .enumerate()
            .map(|(at, item)| self.item_json(field, list, item).map_err(|e| self.in_item(e, field, at)));
        self.bounded(field, list, read.collect::<Result<Vec<_>, _>>()?)
    }

    fn item_json(self, field: &Field, list: &List, item: Value) -> Result<Value, WireError> {
        match (list.item, item) {
            (Item::Struct(fields), Value::Struct(members)) => {
                let members = match single_member(members, list) {
                    Ok(Value::Struct(inner)) => inner,
                    Ok(_) => return Err(self.invalid(field, "holds an item that is not a struct")),
                    Err(members) => members,
                };
                self.json_members(fields, members).map(Value::Struct)
            }
            (Item::Struct(_), Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_)) => {
                Err(self.invalid(field, "holds an item that is not a struct"))
            }
            (Item::Leaf(leaf), item) => {
                self.leaf_json(field, leaf, item)?.ok_or_else(|| self.invalid(field, "holds an empty item"))
            }
            (Item::Tree, item) => Ok(item),
        }
    }

    fn xml(self, field: &Field, element: Element<'_>) -> Result<Option<Value>, WireError> {
        match field.kind {
            Kind::Leaf(leaf) if !element.has_children() => {
                self.leaf(field, leaf, element.text().trim_matches(is_space))
            }
            Kind::Leaf(_) => Err(self.invalid(field, "is not a single value")),
            Kind::Struct(fields) if !element.has_children() => {
                let text = element.text().trim_matches(is_space);
                if text.is_empty() && !self.check_needs {
                    return Ok(None);
                }
                if text.starts_with('{') {
                    self.text(field, text)
                } else {
                    self.xml_children(fields, std::iter::empty()).map(|inner| Some(Value::Struct(inner)))
                }
            }
            Kind::Struct(fields) => {
                self.xml_children(fields, element.children()).map(|inner| Some(Value::Struct(inner)))
            }
            Kind::List(list) if !element.has_children() => {
                self.list_text(field, &list, element.text().trim_matches(is_space)).map(Some)
            }
            Kind::List(list) => self.list_xml(field, &list, element).map(Some),
            Kind::Tree => Ok(Some(tree_of(element))),
        }
    }

    fn list_xml(self, field: &Field, list: &List, element: Element<'_>) -> Result<Value, WireError> {
        let mut items = Vec::new();
        let children = element.children().filter(|child| is_item_name(list, child.name()));
        for child in children.take(list.items_max + 1) {
            let item = match list.item {
                Item::Leaf(leaf) => self.item_leaf(field, leaf, child.text().trim_matches(is_space)),
                Item::Struct(fields) => self.xml_children(fields, child.children()).map(Value::Struct),
                Item::Tree => Ok(tree_of(child)),
            };
            items.push(item.map_err(|error| self.in_item(error, field, items.len()))?);
        }
        self.bounded(field, list, items)
    }

    fn item_leaf(self, field: &Field, leaf: Leaf, text: &str) -> Result<Value, WireError> {
        self.leaf(field, leaf, text)?.ok_or_else(|| self.invalid(field, "holds an empty item"))
    }

    /// Reads one value; an empty text is an absent one, as the published Java clients drop empty values.
    fn leaf(self, field: &Field, leaf: Leaf, text: &str) -> Result<Option<Value>, WireError> {
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(self.invalid(field, format!("is longer than {TEXT_BYTES_MAX} bytes")));
        }
        // What comes in must be able to go out in every shape; what others answer is read as it comes.
        if let Some(bad) = text.chars().find(|c| *c == '\0' || (self.check_needs && !is_char(*c))) {
            return Err(self.invalid(field, format!("holds U+{:04X}, which XML cannot carry", u32::from(bad))));
        }
        let value = match leaf {
            Leaf::Text { chars_max } if text.chars().count() > chars_max => {
                return Err(self.invalid(field, format!("is longer than {chars_max} characters")));
            }
            Leaf::Text { .. } | Leaf::JsonText => Value::Text(text.to_owned()),
            Leaf::Choice(words) if !words.contains(&text) => {
                return Err(self.invalid(field, format!("is none of {}", words.join(", "))));
            }
            Leaf::Choice(_) => Value::Text(text.to_owned()),
            Leaf::Whole { min, max } => match whole(text.trim()) {
                Some(number) if (min..=max).contains(&number) => Value::Int(number),
                Some(_) | None => return Err(self.invalid(field, format!("is not a whole number from {min} to {max}"))),
            },
            Leaf::Bool if text.eq_ignore_ascii_case("true") => Value::Bool(true),
            Leaf::Bool if text.eq_ignore_ascii_case("false") => Value::Bool(false),
            Leaf::Bool => return Err(self.invalid(field, "is neither true nor false")),
            Leaf::DateTime if time::parse_datetime(text.trim()).is_some() => Value::Text(text.trim().to_owned()),
            Leaf::DateTime => return Err(self.invalid(field, "is not a date yyyy-MM-dd HH:mm:ss")),
            Leaf::HourMinute => match time::parse_hour_minute(text.trim()) {
                Some(hour_minute) => Value::Text(hour_minute),
                None => return Err(self.invalid(field, "is not a time HH:MM")),
            },
        };
        Ok(Some(value))
    }

    fn parse_json(self, field: &Field, text: &str) -> Result<Option<Value>, WireError> {
        json::parse(text).map_err(|error| self.invalid(field, format!("is {error}")))
    }

    fn bounded(self, field: &Field, list: &List, items: Vec<Value>) -> Result<Value, WireError> {
        if items.len() > list.items_max {
            return Err(self.invalid(field, format!("has more than {} items", list.items_max)));
        }
        Ok(Value::List(items))
    }

    fn label(self, field: &Field) -> Cow<'static, str> {
        match self.names {
            Names::Top => Cow::Borrowed(field.name),
            Names::Qimen => field.qimen_name(),
        }
    }

    fn invalid(self, field: &Field, why: impl Into<Cow<'static, str>>) -> WireError {
        WireError::invalid(self.label(field), why)
    }

    fn in_item(self, error: WireError, field: &Field, at: usize) -> WireError {
        match error {
            WireError::Invalid { name, why } => {
                WireError::Invalid { name, why: Cow::Owned(format!("{why} (in {}[{at}])", self.label(field))) }
            }
            other @ (WireError::Platform { .. } | WireError::Missing { .. } | WireError::Business { .. }) => other,
        }
    }
}

/// Fields as they are found, put in the order of their definition at the end.
struct Collected {
    fields: &'static [Field],
    reading: Reading,
    found: Vec<Option<Value>>,
    seen: Vec<bool>,
}

impl Collected {
    fn new(fields: &'static [Field], reading: Reading) -> Self {
        Self { fields, reading, found: vec![None; fields.len()], seen: vec![false; fields.len()] }
    }

    fn slot(&self, field: &Field) -> usize {
        self.fields.iter().position(|f| f.name == field.name).expect("the field was taken from this list")
    }

    fn put(&mut self, field: &Field, value: Option<Value>) -> Result<(), WireError> {
        let slot = self.slot(field);
        if self.seen[slot] {
            return Err(self.reading.invalid(field, "is given twice"));
        }
        self.seen[slot] = true;
        self.found[slot] = value;
        Ok(())
    }

    fn append(&mut self, field: &Field, value: Value) -> Result<(), WireError> {
        let slot = self.slot(field);
        self.seen[slot] = true;
        let mut items = match self.found[slot].take() {
            Some(Value::List(items)) => items,
            Some(_) | None => Vec::new(),
        };
        if let Value::List(more) = value {
            items.extend(more);
        }
        let Kind::List(list) = field.kind else {
            return Err(self.reading.invalid(field, "is not a list"));
        };
        self.found[slot] = Some(self.reading.bounded(field, &list, items)?);
        Ok(())
    }

    fn finish(self) -> Result<Fields, WireError> {
        if self.reading.check_needs {
            for (slot, field) in self.fields.iter().enumerate() {
                if self.needed(field) && !self.satisfied(slot, field) {
                    return Err(WireError::missing(self.reading.label(field)));
                }
            }
        }
        let mut fields = Fields::with_capacity(self.found.iter().flatten().count());
        let pairs = self.fields.iter().zip(self.found);
        pairs.for_each(|(field, value)| value.into_iter().for_each(|value| fields.push(field.name, value)));
        Ok(fields)
    }

    fn needed(&self, field: &Field) -> bool {
        match field.need {
            Need::Optional => false,
            Need::Required | Need::RequiredMayBeEmpty => true,
            Need::RequiredWhen { field: sibling, is } => {
                let slot = self.fields.iter().position(|f| f.name == sibling);
                slot.and_then(|slot| self.found[slot].as_ref()).and_then(Value::as_text) == Some(is)
            }
        }
    }

    fn satisfied(&self, slot: usize, field: &Field) -> bool {
        match &self.found[slot] {
            None => false,
            Some(Value::List(items)) => !items.is_empty() || field.need == Need::RequiredMayBeEmpty,
            Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Struct(_)) => true,
        }
    }
}

/// Reads decimal digits with an optional minus: no plus, no spaces, no other digits.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The only member of a struct that wraps list items, or the struct back if it is no wrapper.
fn single_member(members: Fields, list: &List) -> Result<Value, Fields> {
    let wraps =
        members.len() == 1 && members.iter().all(|(name, value)| is_item_name(list, name) && wraps_items(value));
    if !wraps {
        return Err(members);
    }
    match members.into_iter().next() {
        Some((_, value)) => Ok(value),
        None => Err(Fields::new()),
    }
}

/// A wrapper holds structs or items, so that `{"type":"FAHUO"}` in a list whose items are named `type` stays an item.
fn wraps_items(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Struct(_) => true,
        Value::Text(_) | Value::Int(_) | Value::Bool(_) => false,
    }
}

fn is_item_name(list: &List, written: &str) -> bool {
    let wrapped = match list.wrap {
        WrapName::Fixed(name) => written == name,
        WrapName::OfMethod(suffix) => {
            written == suffix || written.strip_suffix(suffix).is_some_and(|head| head.ends_with('_'))
        }
    };
    let qimen = list.qimen_item == written || crate::catalogue::is_camel_case_of(list.qimen_item, written);
    wrapped || qimen
}

/// An undescribed element: repeated names become lists, elements without children text.
fn tree_of(element: Element<'_>) -> Value {
    if !element.has_children() {
        return Value::Text(element.text().trim_matches(is_space).to_owned());
    }
    let mut members = Fields::new();
    for child in element.children() {
        let value = tree_of(child);
        match members.get_mut(child.name()) {
            None => members.push(child.name().to_owned(), value),
            Some(Value::List(items)) => items.push(value),
            Some(first) => {
                let both = vec![std::mem::replace(first, Value::Bool(false)), value];
                *first = Value::List(both);
            }
        }
    }
    Value::Struct(members)
}
