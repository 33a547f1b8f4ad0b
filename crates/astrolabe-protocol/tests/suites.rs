//! Public collections of bad and odd input against the readers and doors: the XML conformance suite of the W3C, JSONTestSuite and
//! the Big List of Naughty Strings. `tests/suites/README.md` says how they get there; `cargo xtask test` brings them.

mod sampler;
mod wire;

use std::fs;
use std::path::PathBuf;

use astrolabe_protocol::catalogue::{self, Doors, Field, Kind, Leaf, Method};
use astrolabe_protocol::client::{self, Credentials, Outgoing, Shape};
use astrolabe_protocol::pairs::write_form;
use astrolabe_protocol::sign::SignMethod;
use astrolabe_protocol::xml::{self, XmlError};
use astrolabe_protocol::{AppKey, Door, Envelope, Fields, Incoming, PlatformCode, Value, WireError, json};
use sampler::{Sampler, inherited};
use serde::Deserialize;
use wire::{FORM, NOW, OnWire, secret};

#[derive(Debug, Deserialize)]
struct Collected {
    xml: Vec<XmlCase>,
    json: Vec<JsonCase>,
    texts: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct XmlCase {
    id: String,
    r#type: String,
    file: String,
    version: String,
    editions: Vec<String>,
    recommendation: String,
    disputed: bool,
}

#[derive(Debug, Deserialize)]
struct JsonCase {
    name: String,
    input: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/suites")
}

fn collected() -> Collected {
    let path = folder().join("node_modules/collected.json");
    let text = fs::read_to_string(path).expect("the suites are installed: tests/suites/README.md says how");
    serde_json::from_str(&text).expect("what collect.mjs writes")
}

fn assert_answered(what: &str, outcome: &Result<astrolabe_protocol::Call, WireError>) {
    if let Err(error) = outcome {
        let ours = error.sub_code().is_some_and(|code| code.starts_with("isp."));
        assert!(!ours && error.code() != PlatformCode::ServiceUnavailable, "{what}: {error}");
    }
}

/// What the reader must do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Tree,
    Refusal,
    RefusalOfDoctype,
    /// The document is no question to this reader; it must only answer.
    Either,
}

/// Ill formed only where nothing but the document says its encoding: over HTTP the Content-Type says it, and outranks what is declared.
const OF_ANOTHER_DECLARED_ENCODING: [&str; 2] = ["rmt-e2e-61", "hst-lhs-007"];
/// Documents with a DOCTYPE in ISO-2022-JP, whose escapes are no characters of XML when they are read as UTF-8.
const IN_ISO_2022_JP: [&str; 2] = ["pr-xml-iso-2022-jp", "weekly-iso-2022-jp"];
/// Well-formed documents with the letters DOCTYPE in a comment, an instruction or CDATA.
const DOCTYPE_IN_TEXT: [&str; 3] = ["o-p15pass1", "o-p16pass1", "o-p18pass1"];

/// The sentence the reader is written to: XML 1.0, fifth edition, without namespaces and without document types.
fn due(case: &XmlCase, text: Option<&str>) -> Due {
    let about_namespaces = case.recommendation.starts_with("NS");
    let of_this_edition = case.editions.is_empty() || case.editions.iter().any(|edition| edition == "5");
    let of_this_version = case.version != "1.1" && !case.recommendation.ends_with("1.1");
    let is_one_of = |ids: &[&str]| ids.contains(&case.id.as_str());
    let Some(text) = text else { return Due::Refusal };
    let has_doctype = text.contains("<!DOCTYPE") && !is_one_of(&DOCTYPE_IN_TEXT);
    let ill_formed = case.r#type == "not-wf" || is_one_of(&IN_ISO_2022_JP);
    match () {
        () if has_doctype && (ill_formed || !of_this_edition || !of_this_version) => Due::Refusal,
        () if has_doctype => Due::RefusalOfDoctype,
        () if case.disputed || is_one_of(&OF_ANOTHER_DECLARED_ENCODING) => Due::Either,
        () if !of_this_edition || !of_this_version || case.r#type == "error" => Due::Either,
        () if about_namespaces && ill_formed => Due::Either,
        () if ill_formed => Due::Refusal,
        () => Due::Tree,
    }
}

#[test]
fn documents_of_the_xml_suite_are_read_or_refused_as_the_standard_says() {
    let mut counts = [0_usize; 4];
    let mut wrong = Vec::new();
    for case in collected().xml {
        let bytes = fs::read(folder().join(&case.file)).unwrap_or_else(|error| panic!("{}: {error}", case.file));
        let text = std::str::from_utf8(&bytes).ok();
        let due = due(&case, text);
        counts[due as usize] += 1;
        let held = match (due, text.map(xml::parse)) {
            (Due::Either, _) | (Due::Tree, Some(Ok(_))) | (Due::Refusal, None | Some(Err(_))) => true,
            (Due::RefusalOfDoctype, Some(Err(XmlError::Doctype))) => true,
            (Due::Tree | Due::Refusal | Due::RefusalOfDoctype, _) => false,
        };
        if !held {
            wrong.push((case.id.clone(), due, text.map(|text| xml::parse(text).err())));
        }
        for content_type in ["text/xml", "text/xml;charset=gbk"] {
            let sent =
                OnWire::signed(Door::Qimen, "taobao.qimen.store.query", SignMethod::Md5, content_type, bytes.clone());
            assert_answered(&case.id, &sent.serve());
        }
    }
    assert!(wrong.is_empty(), "{counts:?} {wrong:#?}");
    // The suite was there, and asked every kind of question: of trees, refusals and document types.
    assert!(counts[0] > 60 && counts[1] > 1400 && counts[2] > 800, "{counts:?}");
}

/// JSONTestSuite allows it, and we refuse it: of two members of one name nobody can say which one is meant.
const REFUSED_THOUGH_VALID: [&str; 2] = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];

#[test]
fn json_texts_are_read_or_refused_as_the_suite_says() {
    let cases = collected().json;
    assert!(cases.len() > 300);
    for JsonCase { name, input } in &cases {
        let read = json::parse(input);
        match name.as_bytes()[0] {
            b'y' => assert_eq!(read.is_err(), REFUSED_THOUGH_VALID.contains(&name.as_str()), "{name}: {read:?}"),
            b'n' => assert!(read.is_err(), "{name}: {read:?}"),
            _ => {}
        }
        let form = write_form(&[("stores".to_owned(), input.clone())]).into_bytes();
        let report = "taobao.qimen.storeinventory.itemupdate";
        for sent in [
            OnWire::signed(Door::Top, report, SignMethod::Hmac, FORM, form),
            OnWire::signed(Door::QimenCloud, report, SignMethod::Hmac, "application/json", input.clone().into_bytes()),
        ] {
            let outcome = sent.serve();
            assert_answered(name, &outcome);
            assert!(outcome.is_err(), "{name}: no text of the suite is a stock report");
        }
    }
}

/// The inward method with the longest plain text field at its head, and that field.
fn roomiest() -> (&'static Method, &'static Field, usize) {
    let inward = catalogue::all().filter(|method| method.direction.is_inward() && method.doors == Doors::TopAndQimen);
    let texts = inward.flat_map(|method| {
        method.fields.iter().filter_map(move |field| match field.kind {
            Kind::Leaf(Leaf::Text { chars_max }) => Some((method, field, chars_max)),
            Kind::Leaf(_) | Kind::Struct(_) | Kind::List(_) | Kind::Tree => None,
        })
    });
    texts.max_by_key(|(_, _, chars_max)| *chars_max).expect("a text field")
}

#[test]
fn naughty_strings_come_through_every_door_as_they_are() {
    let (method, field, chars_max) = roomiest();
    let texts = collected().texts;
    assert!(texts.len() > 400);
    let mut refused = 0;
    for text in &texts {
        for shape in Shape::ALL {
            let read = sent_as(method, field.name, text, shape);
            let carried = text.chars().all(is_carried_by_xml);
            // White space around a text is layout in XML; an empty text is an absent one.
            let wanted = if shape == Shape::Qimen { text.trim_matches([' ', '\t', '\r', '\n']) } else { text };
            let wanted = (!wanted.is_empty()).then(|| wanted.to_owned());
            match read {
                Ok(read) if carried => assert_eq!(read, wanted, "{shape:?}"),
                Err(error) if !carried || text.chars().count() > chars_max => {
                    assert_eq!(error.sub_code().as_deref(), Some(&*format!("isv.invalid-parameter:{}", field.name)));
                    refused += 1;
                }
                // The writer puts U+FFFD where XML has no character for it.
                Ok(read) if shape == Shape::Qimen => assert!(read.is_some_and(|read| read.contains('\u{fffd}'))),
                other => panic!("{shape:?} {text:?}: {other:?}"),
            }
        }
    }
    assert!(refused < texts.len() / 10, "{refused} refusals");
}

fn is_carried_by_xml(c: char) -> bool {
    !(c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// The text as it is decoded after it was sent in that field.
fn sent_as(method: &'static Method, name: &'static str, text: &str, shape: Shape) -> Result<Option<String>, WireError> {
    let sampled = Sampler::new(7).fields(method.fields);
    let fields: Fields = sampled
        .into_iter()
        .map(|(member, value)| if member == name { (member, Value::from(text)) } else { (member, value) })
        .collect();
    let credentials = Credentials {
        app_key: AppKey::new("12345678"),
        secret: secret(),
        session: Some("test-session".to_owned()),
        customer_id: Some("21230".to_owned()),
    };
    let request = client::build(&Outgoing::new(method, &fields, shape), &credentials, NOW);
    let incoming = Incoming {
        door: request.door,
        query: &request.query,
        content_type: Some(request.content_type),
        body: &request.body,
        multipart: None,
    };
    let envelope = Envelope::parse(&incoming).expect("our own request parses");
    envelope.verify(&secret(), NOW).expect("our own signature holds");
    let call = envelope.decode(&|_| false)?;
    let others = |fields: &Fields| fields.clone().into_iter().filter(|(member, _)| member != name).collect::<Fields>();
    assert_eq!(others(&call.fields), others(&inherited(method, &fields)), "the neighbours are as they were");
    Ok(call.fields.opt_text(name)?.map(str::to_owned))
}
