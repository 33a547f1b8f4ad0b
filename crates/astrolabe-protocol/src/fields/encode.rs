//! Writing: the neutral tree against field definitions, as form pairs, JSON and XML.

use std::borrow::Cow;

use super::Names;
use crate::catalogue::{Field, Item, Kind, Layout, Leaf, List, WrapName};
use crate::json;
use crate::pairs::Pairs;
use crate::value::{Fields, Value};
use crate::xml::Writer;

/// How to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writing<'m> {
    /// Which names.
    pub(crate) names: Names,
    /// Whether JSON lists are wrapped in their item's name.
    pub(crate) wrap_lists: bool,
    /// The method name in use, which some lists wrap their items by.
    pub(crate) method: &'m str,
}

impl Writing<'_> {
    /// Writes top-level form fields: scalars as text, scalar lists comma-joined, the rest as JSON text.
    pub(crate) fn form(self, fields: &'static [Field], values: &Fields) -> Pairs {
        let present = fields.iter().filter_map(|field| values.get(field.name).map(|value| (field, value)));
        present.map(|(field, value)| (self.name(field).into_owned(), self.form_text(field, value))).collect()
    }

    fn form_text(self, field: &Field, value: &Value) -> String {
        match (field.kind, value) {
            (Kind::Leaf(_), value) => leaf_text(value),
            (Kind::List(List { item: Item::Leaf(_), .. }), Value::List(items)) if items.iter().all(joins_plainly) => {
                items.iter().map(leaf_text).collect::<Vec<_>>().join(",")
            }
            (Kind::List(_) | Kind::Struct(_) | Kind::Tree, value) => json::write(&self.json(field, value)),
        }
    }

    /// Writes members as a JSON object's members, in the order of their definition.
    pub(crate) fn json_members(self, fields: &'static [Field], values: &Fields) -> Fields {
        let present = fields.iter().filter_map(|field| values.get(field.name).map(|value| (field, value)));
        present.map(|(field, value)| (self.name(field), self.json(field, value))).collect()
    }

    fn json(self, field: &Field, value: &Value) -> Value {
        match (field.kind, value) {
            (Kind::Leaf(leaf), value) => coerced(leaf, value),
            (Kind::Struct(fields), Value::Struct(members)) => Value::Struct(self.json_members(fields, members)),
            (Kind::List(list), Value::List(items)) => {
                let written = Value::List(items.iter().map(|item| self.json_item(&list, item)).collect());
                if self.wrap_lists {
                    Value::Struct(Fields::new().with(self.wrap_name(&list), written))
                } else {
                    written
                }
            }
            (Kind::Tree, value) if !self.wrap_lists => unwrapped(value),
            (Kind::Struct(_) | Kind::List(_) | Kind::Tree, value) => value.clone(),
        }
    }

    fn json_item(self, list: &List, item: &Value) -> Value {
        match (list.item, item) {
            (Item::Leaf(leaf), item) => coerced(leaf, item),
            (Item::Struct(fields), Value::Struct(members)) => Value::Struct(self.json_members(fields, members)),
            (Item::Tree, item) if !self.wrap_lists => unwrapped(item),
            (Item::Struct(_) | Item::Tree, item) => item.clone(),
        }
    }

    /// Writes members as child elements, in the order of their definition.
    pub(crate) fn xml_children(self, writer: &mut Writer, fields: &'static [Field], values: &Fields) {
        for field in fields {
            let hidden = field.top_only && self.names == Names::Qimen;
            if let Some(value) = values.get(field.name).filter(|_| !hidden) {
                self.xml(writer, field, value);
            }
        }
    }

    fn xml(self, writer: &mut Writer, field: &Field, value: &Value) {
        let name = self.name(field);
        match (field.kind, value) {
            (Kind::Leaf(_), value) => writer.leaf(&name, &leaf_text(value)),
            (Kind::Struct(fields), Value::Struct(members)) => {
                writer.element(&name, |w| self.xml_children(w, fields, members))
            }
            (Kind::List(list), Value::List(items)) if list.layout == Layout::Repeated && self.names == Names::Qimen => {
                items.iter().for_each(|item| self.xml_item(writer, &list, &name, item));
            }
            (Kind::List(list), Value::List(items)) => {
                let item_name = self.item_name(&list);
                writer.element(&name, |w| items.iter().for_each(|item| self.xml_item(w, &list, &item_name, item)));
            }
            (Kind::Struct(_) | Kind::List(_) | Kind::Tree, value) => xml_tree(writer, &name, value),
        }
    }

    fn xml_item(self, writer: &mut Writer, list: &List, name: &str, item: &Value) {
        match (list.item, item) {
            (Item::Leaf(_), item) => writer.leaf(name, &leaf_text(item)),
            (Item::Struct(fields), Value::Struct(members)) => {
                writer.element(name, |w| self.xml_children(w, fields, members))
            }
            (Item::Struct(_) | Item::Tree, item) => xml_tree(writer, name, item),
        }
    }

    fn name(self, field: &Field) -> Cow<'static, str> {
        match self.names {
            Names::Top => Cow::Borrowed(field.name),
            Names::Qimen => field.qimen_name(),
        }
    }

    fn item_name(self, list: &List) -> Cow<'static, str> {
        match self.names {
            Names::Top => self.wrap_name(list),
            Names::Qimen => crate::catalogue::camel_case(list.qimen_item),
        }
    }

    fn wrap_name(self, list: &List) -> Cow<'static, str> {
        match list.wrap {
            WrapName::Fixed(name) => Cow::Borrowed(name),
            WrapName::OfMethod(suffix) if self.method.starts_with("taobao.jst.") => {
                Cow::Owned(format!("{}_{suffix}", self.method.replace('.', "_")))
            }
            WrapName::OfMethod(suffix) => Cow::Borrowed(suffix),
        }
    }
}

/// A value in the JSON type its kind has: numbers as numbers, text as text, whichever the handler gave.
fn coerced(leaf: Leaf, value: &Value) -> Value {
    match (leaf, value) {
        (Leaf::Whole { .. }, Value::Text(text)) => text.parse().map_or_else(|_| value.clone(), Value::Int),
        (Leaf::Bool, Value::Text(text)) if text == "true" || text == "false" => Value::Bool(text == "true"),
        (Leaf::Text { .. } | Leaf::Choice(_) | Leaf::DateTime | Leaf::HourMinute | Leaf::JsonText, value) => {
            Value::Text(leaf_text(value))
        }
        (Leaf::Whole { .. } | Leaf::Bool, value) => value.clone(),
    }
}

/// A value as text; a tree where a single value was wanted goes as JSON.
pub(crate) fn leaf_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Bool(truth) => if *truth { "true" } else { "false" }.to_owned(),
        Value::List(_) | Value::Struct(_) => json::write(value),
    }
}

/// Whether an item survives being joined by commas.
fn joins_plainly(item: &Value) -> bool {
    let text = leaf_text(item);
    !text.is_empty() && text.trim() == text && !text.contains(',') && !text.starts_with(['[', '{'])
}

/// Undescribed trees: `{"orders":{"order":[…]}}` becomes `{"orders":[…]}` under `simplify`.
fn unwrapped(value: &Value) -> Value {
    match value {
        Value::Struct(members) if members.len() == 1 && members.iter().all(|(_, v)| v.as_list().is_some()) => {
            members.iter().next().map_or_else(|| value.clone(), |(_, list)| unwrapped(list))
        }
        Value::Struct(members) => {
            Value::Struct(members.iter().map(|(n, v)| (Cow::Owned(n.to_owned()), unwrapped(v))).collect())
        }
        Value::List(items) => Value::List(items.iter().map(unwrapped).collect()),
        Value::Text(_) | Value::Int(_) | Value::Bool(_) => value.clone(),
    }
}

fn xml_tree(writer: &mut Writer, name: &str, value: &Value) {
    match value {
        Value::Struct(members) => writer.element(name, |w| members.iter().for_each(|(n, v)| xml_tree(w, n, v))),
        Value::List(items) => items.iter().for_each(|item| xml_tree(writer, name, item)),
        Value::Text(_) | Value::Int(_) | Value::Bool(_) => writer.leaf(name, &leaf_text(value)),
    }
}
