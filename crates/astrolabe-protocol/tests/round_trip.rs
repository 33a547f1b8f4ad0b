//! Every method in every shape it exists in: client → envelope → fields, answer → client. Generated from the catalogue, so a new
//! entry is covered the moment it is written.

mod sampler;

use astrolabe_protocol::answer::{Answer, RequestId};
use astrolabe_protocol::catalogue::{self, Doors, Field, Item, Kind, Method};
use astrolabe_protocol::client::{self, ClientError, Credentials, Outgoing, Shape, Signing};
use astrolabe_protocol::pairs::{self, Charset};
use astrolabe_protocol::sign::{self, SignMethod};
use astrolabe_protocol::spi::{self, ReplyShape, SpiBody, SpiCaller, SpiIncoming, SpiReply};
use astrolabe_protocol::{AppKey, Call, Door, Envelope, EpochMs, Fields, Incoming, Secret, Value, WireError, json};
use proptest::prelude::*;
use sampler::{Sampler, inherited};

const NOW: EpochMs = EpochMs(1_474_509_600_000);

fn credentials() -> Credentials {
    Credentials {
        app_key: AppKey::new("12345678"),
        secret: Secret::new("helloworld"),
        session: Some("session".into()),
        customer_id: Some("21230".into()),
    }
}

fn shapes_of(method: &Method) -> &'static [Shape] {
    match method.doors {
        Doors::TopAndQimen => &Shape::ALL,
        Doors::Top => &[Shape::TopXml, Shape::TopJson, Shape::TopSimplified],
        Doors::Spi => &[],
    }
}

fn send(outgoing: &Outgoing<'_>) -> (Call, Envelope) {
    let request = client::build(outgoing, &credentials(), NOW);
    let incoming = Incoming {
        door: request.door,
        query: &request.query,
        content_type: Some(request.content_type),
        body: &request.body,
        multipart: None,
    };
    let envelope = Envelope::parse(&incoming).expect("our own request parses");
    envelope.verify(&credentials().secret, NOW).expect("our own signature holds");
    let call = envelope
        .decode(&|_| false)
        .unwrap_or_else(|error| panic!("{} {:?}: {error}", outgoing.called_as, outgoing.shape));
    (call, envelope)
}

fn inward() -> impl Iterator<Item = &'static Method> {
    catalogue::all().filter(|method| method.direction.is_inward())
}

#[test]
fn requests_arrive_as_they_were_meant_in_every_shape() {
    for method in inward() {
        for (at, shape) in shapes_of(method).iter().enumerate() {
            for seed in 1..6_u64 {
                let fields = Sampler::new(seed * 7919).fields(method.fields);
                let mut outgoing = Outgoing::checked(method.name, &fields, *shape)
                    .unwrap_or_else(|error| panic!("{} {shape:?}: {error}", method.name));
                outgoing.signing = Signing { method: SignMethod::ALL[at % 3], millis: seed % 2 == 0 };
                let (call, _) = send(&outgoing);
                assert_eq!(call.method.name, method.name);
                assert_eq!(call.fields, inherited(method, &fields), "{} {shape:?}", method.name);
                assert_eq!((call.app_key.as_str(), call.session.as_deref()), ("12345678", Some("session")));
                assert_eq!(call.customer_id.as_deref(), (shape.door() != Door::Top).then_some("21230"));
            }
        }
    }
}

#[test]
fn what_a_channel_is_told_arrives_there_and_nowhere_else() {
    let told = catalogue::all().filter(|method| method.direction.is_outward() && method.doors == Doors::Top);
    let mut names = Vec::new();
    for method in told {
        names.push(method.name);
        let fields = Sampler::new(7919).fields(method.fields);
        let outgoing = Outgoing::new(method, &fields, Shape::TopJson);
        let request = client::build(&outgoing, &credentials(), NOW);
        let incoming = Incoming {
            door: request.door,
            query: &request.query,
            content_type: Some(request.content_type),
            body: &request.body,
            multipart: None,
        };
        let envelope = Envelope::parse(&incoming).expect("our own request parses");
        let call = envelope.decode_at_channel().unwrap_or_else(|error| panic!("{}: {error}", method.name));
        assert_eq!(call.fields, inherited(method, &fields), "{}", method.name);
        assert_eq!(envelope.decode(&|_| false).is_ok(), method.direction.is_inward(), "{}", method.name);
    }
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "astrolabe.handover.code.tell",
            "astrolabe.order.cancel.ask",
            "taobao.logistics.dummy.send",
            "taobao.logistics.offline.send"
        ]
    );
}

#[test]
fn answers_arrive_as_they_were_meant_in_every_shape() {
    let id = RequestId::new("2swi5veg6778");
    for method in inward() {
        let request = Sampler::new(17).fields(method.fields);
        for called_as in std::iter::once(method.name).chain(method.aliases.iter().map(|alias| alias.name)) {
            for shape in shapes_of(method) {
                let outgoing = Outgoing::checked(called_as, &request, *shape).expect("sendable under every name");
                let (_, envelope) = send(&outgoing);
                for seed in 1..4_u64 {
                    let fields = Sampler::new(seed * 104_729).fields(method.answer.fields);
                    let answer = Answer::of(fields.clone());
                    assert_eq!(answer.undeclared(method), None);
                    let rendered = answer.render(method, envelope.style(), &id);
                    let read = client::parse_answer(method, &outgoing.style(), rendered.body.as_bytes())
                        .unwrap_or_else(|error| panic!("{called_as} {shape:?}: {error}\n{}", rendered.body));
                    let wanted = if *shape == Shape::Qimen { visible(method.answer.fields, &fields) } else { fields };
                    let wanted =
                        if *shape == Shape::TopSimplified { simplified(method.answer.fields, wanted) } else { wanted };
                    assert_eq!(read.fields(), &wanted, "{called_as} {shape:?}\n{}", rendered.body);
                    assert_eq!(read.failure_code(), None, "{called_as} {shape:?}");
                }
            }
        }
    }
}

/// What Qimen XML shows: fields marked TOP-only are left out, at every depth.
fn visible(definitions: &'static [Field], fields: &Fields) -> Fields {
    let shown = definitions
        .iter()
        .filter(|field| !field.top_only)
        .filter_map(|field| fields.get(field.name).map(|value| (field, value)));
    shown
        .map(|(field, value)| {
            let value = match (field.kind, value) {
                (Kind::Struct(inner), Value::Struct(members)) => Value::Struct(visible(inner, members)),
                (Kind::List(list), Value::List(items)) => Value::List(
                    items
                        .iter()
                        .map(|item| match (list.item, item) {
                            (Item::Struct(inner), Value::Struct(members)) => Value::Struct(visible(inner, members)),
                            (Item::Struct(_) | Item::Leaf(_) | Item::Tree, item) => item.clone(),
                        })
                        .collect(),
                ),
                (Kind::Leaf(_) | Kind::Struct(_) | Kind::List(_) | Kind::Tree, value) => value.clone(),
            };
            (field.name.into(), value)
        })
        .collect()
}

/// An undescribed tree loses its list wrappers under `simplify`: the sampled one has one, under `orders`.
fn simplified(definitions: &'static [Field], fields: Fields) -> Fields {
    let is_tree = |name: &str| definitions.iter().any(|field| field.name == name && matches!(field.kind, Kind::Tree));
    fields
        .into_iter()
        .map(|(name, value)| {
            let Some(members) = value.as_struct().filter(|_| is_tree(&name)) else {
                return (name, value);
            };
            let orders = members.structure("orders").expect("sampled").get("order").expect("sampled").clone();
            let bare = Fields::new().with("title", members.text("title").expect("sampled")).with("orders", orders);
            (name, Value::Struct(bare))
        })
        .collect()
}

#[test]
fn refusals_arrive_as_refusals_in_every_shape() {
    let id = RequestId::new("2swi5veg6778");
    let error = WireError::business("isv.store-code-exists", "门店编码已存在 <1342>");
    for method in inward() {
        for shape in shapes_of(method) {
            let style = shape.style(method.name);
            let read = client::parse_answer(method, &style, error.render(&style, &id).body.as_bytes());
            let Err(ClientError::Refused { message, sub_code, .. }) = read else {
                panic!("{} {shape:?}: {read:?}", method.name);
            };
            assert_eq!(
                (message.as_str(), sub_code.as_deref()),
                ("门店编码已存在 <1342>", Some("isv.store-code-exists"))
            );
        }
    }
}

#[test]
fn outward_calls_arrive_and_are_answered_in_every_shape() {
    let (app_key, secret) = (AppKey::new("12345678"), Secret::new("helloworld"));
    let headers = [("x-trace".to_owned(), "a b%+c=中".to_owned())];
    for method in catalogue::all().filter(|method| method.doors == Doors::Spi) {
        for (seed, signed_headers) in [(3, &headers[..]), (5, &[])] {
            let fields = Sampler::new(seed).fields(method.fields);
            for body in [SpiBody::Form, SpiBody::Json] {
                let caller = SpiCaller { app_key: &app_key, secret: &secret, signed_headers };
                let request = spi::build(method, &fields, &caller, body, NOW);
                // A registered address may bring parameters of its own: they are signed with the rest.
                for address in [
                    "https://isv.example/spi",
                    "https://isv.example/spi?store=%E5%BA%97&v1",
                    "https://isv.example/spi?#top",
                ] {
                    let url = request.url(address);
                    let (_, query) = url.split_once('?').expect("a query");
                    let incoming = SpiIncoming {
                        query,
                        headers: &request.headers,
                        content_type: Some(request.content_type),
                        body: &request.body,
                    };
                    let call = spi::receive(&incoming, &secret, NOW)
                        .unwrap_or_else(|error| panic!("{} {body:?} {url}: {error}", method.name));
                    assert_eq!((call.method.name, &call.fields, &call.app_key), (method.name, &fields, &app_key));
                }
            }
            let answered = SpiReply {
                code: "0".into(),
                message: "好".into(),
                fields: Sampler::new(seed).fields(method.answer.fields),
            };
            for shape in ReplyShape::ALL {
                let rendered = spi::reply(method, &answered, shape);
                let read = spi::parse_reply(method, Some(rendered.content_type), rendered.body.as_bytes());
                assert_eq!(read.as_ref(), Ok(&answered), "{} {shape:?}", method.name);
            }
        }
    }
}

/// What texts are made of: anything that XML can carry, and what one shape or another has to escape, quote or leave alone.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let any = "[\\t\\n\\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{1,40}";
    let marks = "[,;&<>\"'=%+{}:/#0 \\[\\]\\\\\u{3000}中é]{1,12}";
    let known = proptest::sample::select(vec![
        "007",
        "0.10",
        "-0",
        "1e3",
        "null",
        "true",
        "&amp;",
        "&#x41;",
        "]]>",
        "<!--",
        "{}",
        "[]",
        "[1",
        "{\"a\":1}",
        "a,b",
        ",",
        "%41",
        "+",
        "\u{a0}x\u{a0}",
        "\u{3000}",
        "\u{feff}x",
        "e\u{301}",
        "👨‍👩‍👧",
        "\u{202e}abc",
        "\u{85}",
    ]);
    proptest::collection::vec(prop_oneof![any, marks, known.prop_map(str::to_owned)], 1..12)
}

/// The request with its form taken apart, as a server takes a multipart body apart; `as_json` writes lists of single values as JSON.
fn form_as_parts(outgoing: &Outgoing<'_>, as_json: bool) -> Result<Call, WireError> {
    let plain = client::build(outgoing, &credentials(), NOW);
    let mut parts = pairs::parse(&plain.body, Charset::Utf8).expect("our own form");
    for (name, text) in parts.iter_mut().filter(|_| as_json) {
        if let Some(list @ Value::List(_)) = outgoing.fields.get(name) {
            *text = json::write(list);
        }
    }
    let mut query = pairs::parse(plain.query.as_bytes(), Charset::Utf8).expect("our own query");
    query.retain(|(name, _)| name != sign::SIGN);
    let all = [&query[..], &parts].concat();
    query.push((sign::SIGN.to_owned(), sign::sign(outgoing.signing.method, &credentials().secret, &all, None)));
    let incoming = Incoming {
        door: plain.door,
        query: &pairs::write_query(&query),
        content_type: Some("multipart/form-data; boundary=x"),
        body: b"",
        multipart: Some(&parts),
    };
    let envelope = Envelope::parse(&incoming).map_err(|refused| refused.error)?;
    envelope.verify(&credentials().secret, NOW)?;
    envelope.decode(&|_| false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The same content as XML, as a form (nested parts as JSON text, lists with commas or as JSON), as multipart and as JSON decodes
    /// to the same fields, for every method in every shape it exists in.
    #[test]
    fn all_shapes_of_a_method_mean_the_same(seed in any::<u64>(), texts in texts()) {
        for method in inward() {
            let mut sampler = Sampler::new(seed);
            sampler.texts.clone_from(&texts);
            let fields = sampler.fields(method.fields);
            let wanted = inherited(method, &fields);
            for shape in shapes_of(method) {
                let (call, _) = send(&Outgoing::new(method, &fields, *shape));
                prop_assert_eq!(&call.fields, &wanted, "{} {:?}", method.name, shape);
            }
            for as_json in [false, true] {
                let read = form_as_parts(&Outgoing::new(method, &fields, Shape::TopJson), as_json).map(|call| call.fields);
                prop_assert_eq!(read.as_ref(), Ok(&wanted), "{} as parts", method.name);
            }
        }
    }
}
