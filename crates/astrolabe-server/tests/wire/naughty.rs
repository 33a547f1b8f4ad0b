//! The Big List of Naughty Strings as names of stores: what was created is shown as it was sent, in XML and in JSON, or was refused by
//! name. `tests/suites/README.md` says where the list comes from.

use std::fs;
use std::path::Path;

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::{ClientError, Shape};

use crate::merchant::{Caller, Merchant, store_fields};

/// The longest name a store may have (white paper §6.1.1).
const NAME_CHARS_MAX: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn naughty_store_names_are_shown_as_they_were_sent() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suites/node_modules/collected.json");
    let text = fs::read_to_string(path).expect("the suites are installed: tests/suites/README.md says how");
    let collected: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    let names: Vec<&str> =
        collected["texts"].as_array().expect("texts").iter().filter_map(|text| text.as_str()).collect();

    let merchant = Merchant::open().await;
    let (mut shown, mut refused) = (0, 0);
    for (at, name) in names.iter().enumerate() {
        let shape = if at % 2 == 0 { Shape::TopJson } else { Shape::CloudForm };
        let fields: Fields = store_fields(&format!("N{at}"))
            .into_iter()
            .map(|(member, value)| if member == "store_name" { (member, (*name).into()) } else { (member, value) })
            .collect();
        match merchant.call_as(Caller::Erp, shape, "taobao.qimen.store.create", &fields).await {
            Ok(answer) => {
                shows(&merchant, answer.fields().long("store_id").expect("an id"), name).await;
                shown += 1;
            }
            Err(ClientError::Refused { sub_code, .. }) => {
                let too_long = name.chars().count() > NAME_CHARS_MAX;
                let expected = if name.is_empty() {
                    "isv.missing-parameter:store_name"
                } else {
                    "isv.invalid-parameter:store_name"
                };
                assert_eq!(sub_code.as_deref(), Some(expected), "{name:?}");
                assert!(
                    name.is_empty() || too_long || name.chars().any(|c| c.is_control() || c > '\u{fffd}'),
                    "{name:?}"
                );
                refused += 1;
            }
            Err(ClientError::Unreadable(why)) => panic!("{name:?}: {why}"),
        }
    }
    assert!(shown > 300 && refused > 10, "{shown} shown, {refused} refused");
    merchant.close().await;
}

async fn shows(merchant: &Merchant, store: i64, name: &str) {
    let query = Fields::new().with("store_id", store);
    for shape in [Shape::TopJson, Shape::TopXml, Shape::Qimen, Shape::CloudJson] {
        let answer = merchant.call_as(Caller::Erp, shape, "taobao.qimen.store.query", &query).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name:?} {shape:?}: {error}"));
        // White space around a text is layout in XML.
        let wanted = match shape {
            Shape::TopXml | Shape::Qimen => name.trim_matches([' ', '\t', '\r', '\n']),
            Shape::TopJson | Shape::TopSimplified | Shape::CloudForm | Shape::CloudJson => name,
        };
        let seen = answer.fields().opt_text("store_name").expect("is text").unwrap_or_default();
        assert_eq!(seen, wanted, "{shape:?}");
    }
}
