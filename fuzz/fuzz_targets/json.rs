//! Any text as JSON, and as every struct and list parameter of a method: no panic, and what is read is written and read the
//! same. The first byte chooses the method.

#![no_main]

use astrolabe_protocol::catalogue::{self, Kind};
use astrolabe_protocol::pairs::{self, Pairs};
use astrolabe_protocol::{Door, Envelope, Incoming, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if let Ok(Some(value)) = json::parse(text) {
        assert_eq!(json::parse(&json::write(&value)), Ok(Some(value)));
    }
    let inward: Vec<_> = catalogue::all().filter(|method| method.direction.is_inward()).collect();
    let method = inward[usize::from(choice) % inward.len()];
    let system =
        [("method", method.name), ("app_key", "1"), ("timestamp", "2016-09-22 10:00:00"), ("v", "2.0"), ("sign", "0")];
    let query = pairs::write_query(&owned(&system));
    let nested = method.fields.iter().filter(|field| !matches!(field.kind, Kind::Leaf(_)));
    for field in nested {
        let body = pairs::write_form(&owned(&[(field.name, text)]));
        decode(Door::Top, &query, "application/x-www-form-urlencoded", &body);
    }
    decode(Door::QimenCloud, &query, "application/json", text);
});

fn owned(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn decode(door: Door, query: &str, content_type: &str, body: &str) {
    let incoming = Incoming { door, query, content_type: Some(content_type), body: body.as_bytes(), multipart: None };
    if let Ok(envelope) = Envelope::parse(&incoming) {
        let _call_or_refusal = envelope.decode(&|_| false);
    }
}
