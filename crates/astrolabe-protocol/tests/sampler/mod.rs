//! Values for any field definition, from a seed: what the generated tests put through the wire.

use astrolabe_protocol::catalogue::{Field, Item, Kind, Leaf, List, Method};
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{EpochMs, Fields, Value};

pub(crate) struct Sampler {
    state: u64,
    /// What texts are taken from; made up while there is nothing here.
    pub(crate) texts: Vec<String>,
}

impl Sampler {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed | 1, texts: Vec::new() }
    }

    /// Xorshift: the tests need variety, not quality.
    fn next(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below.max(1)
    }

    /// Every field, with a value its kind takes.
    pub(crate) fn fields(&mut self, fields: &'static [Field]) -> Fields {
        fields.iter().map(|field| (field.name.into(), self.value(field))).collect()
    }

    fn value(&mut self, field: &Field) -> Value {
        match field.kind {
            Kind::Leaf(leaf) => self.leaf(leaf),
            Kind::Struct(fields) => Value::Struct(self.fields(fields)),
            Kind::Tree => Value::Struct(
                Fields::new().with("title", "连衣裙 <S>").with(
                    "orders",
                    Fields::new()
                        .with("order", vec![Fields::new().with("oid_str", "1"), Fields::new().with("oid_str", "2")]),
                ),
            ),
            Kind::List(list) => self.list(&list),
        }
    }

    fn list(&mut self, list: &List) -> Value {
        let count = 1 + self.next(3);
        let count = usize::try_from(count).expect("small").min(list.items_max);
        let item = |sampler: &mut Self| match list.item {
            Item::Leaf(leaf) => sampler.leaf(leaf),
            Item::Struct(fields) => Value::Struct(sampler.fields(fields)),
            Item::Tree => Value::Struct(Fields::new().with("tid_str", "7").with("status", "TRADE_FINISHED")),
        };
        Value::List((0..count).map(|_| item(self)).collect())
    }

    fn leaf(&mut self, leaf: Leaf) -> Value {
        match leaf {
            Leaf::Text { chars_max } if self.texts.is_empty() => Value::Text(self.text(chars_max)),
            Leaf::Text { chars_max } => Value::Text(self.given_text(chars_max)),
            Leaf::Choice(words) => {
                let at = self.next(words.len() as u64);
                Value::from(words[usize::try_from(at).expect("small")])
            }
            Leaf::Whole { min, max } => {
                let span = max.saturating_sub(min).clamp(0, i64::MAX - 1);
                let step = i64::try_from(self.next(span as u64 + 1)).expect("within i64");
                Value::Int(if self.next(4) == 0 { max } else { min.saturating_add(step).min(max) })
            }
            Leaf::Bool => Value::Bool(self.next(2) == 0),
            Leaf::DateTime => {
                let second = i64::try_from(self.next(2_000_000_000)).expect("small");
                Value::Text(format_datetime(EpochMs(second * 1000)))
            }
            Leaf::HourMinute => Value::Text(format!("{:02}:{:02}", self.next(24), self.next(60))),
            Leaf::JsonText => Value::from(r#"{"gift":"赠品 & 1","batch":[1,2]}"#),
        }
    }

    /// One of the given texts, as much of it as the field takes. The edges are what every shape keeps: XML trims white space, and an
    /// empty text is an absent one.
    fn given_text(&mut self, chars_max: usize) -> String {
        let at = usize::try_from(self.next(self.texts.len() as u64)).expect("small");
        let cut: String = self.texts[at].chars().take(chars_max).collect();
        let kept = cut.trim_matches([' ', '\t', '\r', '\n']);
        if kept.is_empty() { "0".to_owned() } else { kept.to_owned() }
    }

    /// Text as full as the field allows (up to 60 characters), with everything that shapes must escape inside.
    fn text(&mut self, chars_max: usize) -> String {
        const ALPHABET: &[char] = &[
            'a', 'Z', '0', '中', '旗', '&', '<', '>', '"', '\'', '=', '%', '+', ' ', ',', '{', '}', '[', ']', '\\',
            '/', '😀',
        ];
        let length = chars_max.min(if self.next(3) == 0 { 60 } else { 5 }).max(1);
        let mut text: String = (0..length)
            .map(|_| {
                let at = self.next(ALPHABET.len() as u64);
                ALPHABET[usize::try_from(at).expect("small")]
            })
            .collect();
        // The edges stay plain: XML trims white space, and a form may carry JSON where a list or struct stands.
        text.replace_range(..text.chars().next().map_or(0, char::len_utf8), "x");
        if length > 1 {
            text.pop();
            text.push('y');
        }
        text
    }
}

/// What a call of these fields decodes to: list items inherit the head where they lack a member.
pub(crate) fn inherited(method: &Method, fields: &Fields) -> Fields {
    let Some((list, names)) = method.inherited else {
        return fields.clone();
    };
    let heads: Vec<_> = names.iter().filter_map(|name| fields.get(name).map(|value| (*name, value.clone()))).collect();
    let members = fields.iter().map(|(name, value)| {
        let value = match value {
            Value::List(items) if name == list => {
                Value::List(items.iter().map(|item| with_heads(item, &heads)).collect())
            }
            Value::List(_) | Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Struct(_) => value.clone(),
        };
        (name.to_owned().into(), value)
    });
    members.collect()
}

fn with_heads(item: &Value, heads: &[(&'static str, Value)]) -> Value {
    let mut members = item.as_struct().cloned().unwrap_or_default();
    for (name, value) in heads {
        if !members.has(name) {
            members.push(*name, value.clone());
        }
    }
    Value::Struct(members)
}
