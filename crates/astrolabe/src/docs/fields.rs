//! Fields as the pages of the protocol show them: one line a field, nested ones by their path.

use astrolabe_protocol::catalogue::{Field, Item, Kind, Layout, Leaf, List, Need, camel_case};
use astrolabe_protocol::limits::{ITEMS_MAX, TEXT_BYTES_MAX};

use super::table::{head, row};

/// What a request takes.
pub(super) fn request(page: &mut String, fields: &'static [Field], with_qimen: bool) {
    let mut columns = vec!["field", "type", "needed", "also written"];
    if with_qimen {
        columns.insert(1, "in Qimen XML");
    }
    head(page, &columns);
    each(fields, "", "", &mut |path, qimen, field| {
        let also = field.also.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (path, qimen) = (format!("`{path}`"), format!("`{qimen}`"));
        let (kind, need) = (kind_of(field), need_of(field));
        let also = if also.is_empty() { "–" } else { also.as_str() };
        let mut cells = vec![path.as_str(), kind.as_str(), need.as_str(), also];
        if with_qimen {
            cells.insert(1, &qimen);
        }
        row(page, &cells);
    });
}

/// What an answer has, under its TOP names and its Qimen ones.
pub(super) fn answer(page: &mut String, fields: &'static [Field], with_qimen: bool) {
    let mut columns = vec!["field", "type"];
    if with_qimen {
        columns.insert(1, "in Qimen XML");
    }
    head(page, &columns);
    each(fields, "", "", &mut |path, qimen, field| {
        let path = format!("`{path}`");
        let qimen = if field.top_only { "left out".to_owned() } else { format!("`{qimen}`") };
        let kind = kind_of(field);
        let mut cells = vec![path.as_str(), kind.as_str()];
        if with_qimen {
            cells.insert(1, &qimen);
        }
        row(page, &cells);
    });
}

fn each(fields: &'static [Field], above: &str, qimen_above: &str, visit: &mut impl FnMut(&str, &str, &'static Field)) {
    for field in fields {
        let path = format!("{above}{}", field.name);
        let qimen = format!("{qimen_above}{}", field.qimen_name());
        match field.kind {
            Kind::Struct(inner) => {
                visit(&path, &qimen, field);
                each(inner, &format!("{path}."), &format!("{qimen}/"), visit);
            }
            Kind::List(list) => {
                let item = match list.layout {
                    Layout::Wrapped => format!("{qimen}/{}", camel_case(list.qimen_item)),
                    Layout::Repeated => qimen.clone(),
                };
                visit(&path, &item, field);
                if let Item::Struct(inner) = list.item {
                    each(inner, &format!("{path}[]."), &format!("{item}/"), visit);
                }
            }
            Kind::Leaf(_) | Kind::Tree => visit(&path, &qimen, field),
        }
    }
}

fn kind_of(field: &Field) -> String {
    match field.kind {
        Kind::Leaf(leaf) => leaf_of(leaf),
        Kind::Struct(_) => "struct; JSON text in a form".to_owned(),
        Kind::Tree => "tree, as the channel published it".to_owned(),
        Kind::List(list) => list_of(&list),
    }
}

fn list_of(list: &List) -> String {
    let bound = if list.items_max == ITEMS_MAX { String::new() } else { format!(", at most {}", list.items_max) };
    match list.item {
        Item::Leaf(leaf) => format!("list{bound}; each {}", leaf_of(leaf)),
        Item::Struct(_) => format!("list of structs{bound}"),
        Item::Tree => format!("list of trees{bound}"),
    }
}

fn leaf_of(leaf: Leaf) -> String {
    match leaf {
        Leaf::Text { chars_max } if chars_max >= TEXT_BYTES_MAX => "text".to_owned(),
        Leaf::Text { chars_max } => format!("text, at most {chars_max} characters"),
        Leaf::Choice(words) => {
            format!("one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))
        }
        Leaf::Whole { min: 1, max: i64::MAX } => "id: a positive number of 64 bits".to_owned(),
        Leaf::Whole { min, max: i64::MAX } => format!("number, from {min}"),
        Leaf::Whole { min, max } if (min, max) == (i64::from(i32::MIN), i64::from(i32::MAX)) => {
            "number of 32 bits".to_owned()
        }
        Leaf::Whole { min, max } => format!("number, {min} to {max}"),
        Leaf::Bool => "`true` or `false`".to_owned(),
        Leaf::DateTime => "date, `yyyy-MM-dd HH:mm:ss` GMT+8".to_owned(),
        Leaf::HourMinute => "time, `HH:MM`".to_owned(),
        Leaf::JsonText => "JSON as text".to_owned(),
    }
}

fn need_of(field: &Field) -> String {
    match field.need {
        Need::Optional => "no".to_owned(),
        Need::Required => "yes".to_owned(),
        Need::RequiredMayBeEmpty => "yes, may be empty".to_owned(),
        Need::RequiredWhen { field, is } => format!("where `{field}` is `{is}`"),
    }
}
