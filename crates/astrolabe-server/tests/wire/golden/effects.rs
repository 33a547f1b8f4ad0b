//! The same request in every shape has the same effect: every writing method, with fields that the sample leaves out filled in
//! from a seed, texts with everything that a shape must escape.
//!
//! The goldens show it for the sample itself; that all shapes decode alike is the protocol crate's to show.

use astrolabe_protocol::catalogue::{Field, Item, Kind, Leaf, Need};
use astrolabe_protocol::client::{self, ClientError};
use astrolabe_protocol::{Fields, Value};

use super::samples::{self, Sample};
use super::spoken::{Speech, Spoken};
use super::stage::{Stage, credentials};

/// Requests for each method, each said in every shape. The first leaves out what the sample leaves out.
const SEEDS: [u64; 3] = [0x5eed, 0xfeed, 0xbead];

macro_rules! effects {
    ($($test:ident: $chapter:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            chapter($chapter).await;
        })*

        #[test]
        fn every_chapter_has_its_effects() {
            let tested = [$($chapter),*];
            let chapters: Vec<&str> =
                astrolabe_protocol::catalogue::CHAPTERS.iter().map(|chapter| chapter.name).collect();
            assert_eq!(tested.as_slice(), chapters);
        }
    };
}

effects! {
    stores_are_the_same_in_every_shape: "stores";
    inventory_is_the_same_in_every_shape: "inventory";
    order_states_are_the_same_in_every_shape: "orders";
    allocation_is_the_same_in_every_shape: "allocation";
    siblings_are_the_same_in_every_shape: "siblings";
    the_trade_side_is_the_same_in_every_shape: "trade-side";
    stock_ahead_is_the_same_in_every_shape: "stock-ahead";
}

async fn chapter(name: &str) {
    let written =
        samples::of_chapter(name).iter().filter(|sample| sample.method().writes_something()).collect::<Vec<_>>();
    let sellers = written
        .iter()
        .flat_map(|sample| vec![sample.mode; SEEDS.len() * Spoken::ways(sample.method()).len()])
        .collect();
    let stage = Stage::open(sellers).await;
    for sample in written {
        let mut done = 0;
        for seed in SEEDS {
            done += usize::from(same_effect(&stage, sample, seed).await);
        }
        assert!(done > 0, "{}: every request was refused, and refusals show no effect", sample.name);
    }
    stage.close().await;
}

/// Says one request in every shape; whether it was done.
async fn same_effect(stage: &Stage, sample: &Sample, seed: u64) -> bool {
    let method = sample.method();
    let mut first: Option<(String, Vec<String>)> = None;
    for spoken in Spoken::ways(method) {
        let tenant = stage.tenant(sample.mode);
        let good = (sample.prepare)(&tenant).await;
        tenant.settle().await;
        let fields = Draw { state: seed, fills: seed != SEEDS[0] }.filled(method.fields, &good);
        let speech = Speech::of(spoken, method, &fields, &credentials(sample.caller, tenant.seller), stage.now());
        let said = speech.send(stage).await;
        let outcome = match client::parse_answer(method, &spoken.style(method), said.body.as_bytes()) {
            Ok(answer) => {
                tenant.learn(&answer);
                format!("answered {:?}", answer.failure_code())
            }
            // The name of the field is the shape's.
            Err(ClientError::Refused { code, sub_code, .. }) => {
                let code = sub_code.unwrap_or(code);
                format!("refused {}", code.split(':').next().unwrap_or_default())
            }
            Err(error) => panic!("{} {}: {error}", sample.name, spoken.title()),
        };
        tenant.settle().await;
        let now = (outcome, tenant.state().await);
        let expected = first.get_or_insert_with(|| now.clone());
        let differing = expected.1.iter().zip(&now.1).find(|(one, other)| one != other);
        assert!(*expected == now, "{} {}: {} {differing:#?}", sample.name, spoken.title(), now.0);
    }
    first.is_some_and(|(outcome, _)| outcome == "answered None")
}

/// Draws values from a seed: variety, not quality.
struct Draw {
    state: u64,
    /// Whether optional fields that the sample leaves out are given.
    fills: bool,
}

impl Draw {
    fn next(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % (below.max(1) as u64)).expect("is small")
    }

    /// The good request with what it leaves out, as far as that names nothing, and with other texts for people.
    fn filled(&mut self, fields: &'static [Field], good: &Fields) -> Fields {
        let mut result = Fields::new();
        for field in fields {
            let value = match (good.get(field.name), field.kind) {
                (Some(Value::Struct(members)), Kind::Struct(inner)) => Some(Value::Struct(self.filled(inner, members))),
                (Some(Value::List(items)), Kind::List(list)) => Some(Value::List(self.items(list.item, items))),
                (Some(_), Kind::Leaf(leaf)) if is_for_people(field) && self.next(2) == 0 => Some(self.leaf(leaf)),
                (Some(value), _) => Some(value.clone()),
                (None, Kind::Leaf(leaf)) if self.fills && may_be_filled(field) && self.next(2) == 0 => {
                    Some(self.leaf(leaf))
                }
                (None, _) => None,
            };
            if let Some(value) = value {
                result.push(field.name, value);
            }
        }
        result
    }

    fn items(&mut self, item: Item, items: &[Value]) -> Vec<Value> {
        let one = |item_value: &Value, draw: &mut Self| match (item, item_value) {
            (Item::Struct(inner), Value::Struct(members)) => Value::Struct(draw.filled(inner, members)),
            (Item::Leaf(_) | Item::Struct(_) | Item::Tree, value) => value.clone(),
        };
        items.iter().map(|value| one(value, self)).collect()
    }

    fn leaf(&mut self, leaf: Leaf) -> Value {
        match leaf {
            Leaf::Text { chars_max } => Value::Text(self.text(chars_max)),
            Leaf::Choice(words) => Value::from(words[self.next(words.len())]),
            Leaf::Whole { min, max } => Value::Int(min.max(0).saturating_add(1).min(max)),
            Leaf::Bool => Value::Bool(self.next(2) == 0),
            Leaf::DateTime => Value::from("2026-01-01 08:30:00"),
            Leaf::HourMinute => Value::from("08:30"),
            Leaf::JsonText => Value::from(r#"{"gift":"赠品 & 1","batch":[1,2]}"#),
        }
    }

    /// The edges stay plain: XML trims white space, and a form may carry JSON where a list or struct stands.
    fn text(&mut self, chars_max: usize) -> String {
        const ALPHABET: [char; 16] =
            ['a', '0', '中', '&', '<', '>', '"', '\'', '=', '%', '+', ' ', ',', '{', '\\', '😀'];
        let inside = (0..chars_max.saturating_sub(2).min(12)).map(|_| ALPHABET[self.next(ALPHABET.len())]);
        std::iter::once('x').chain(inside.collect::<Vec<_>>()).chain(['y']).take(chars_max).collect()
    }
}

/// Optional and naming nothing: whatever stands there, the call stays in order or is refused alike.
fn may_be_filled(field: &Field) -> bool {
    field.need == Need::Optional && field.names.is_none()
}

/// A text that nobody but people reads; a database is called by the name that the app declared.
fn is_for_people(field: &Field) -> bool {
    let ends = ["name", "remark", "description", "operator", "message", "title", "address"];
    field.names.is_none()
        && field.name != "rds_name"
        && matches!(field.kind, Kind::Leaf(Leaf::Text { .. }))
        && ends.iter().any(|end| field.name.ends_with(end))
}
