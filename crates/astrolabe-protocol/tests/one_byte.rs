//! One byte of a signed request is changed, added or taken away: the request is refused, or it still says the very same. And
//! characters that move across the boundary of a name and its value, which the signature cannot see, are refused by name.

mod wire;

use astrolabe_protocol::pairs::{self, Charset, Pairs, write_form, write_query};
use astrolabe_protocol::sign::{self, SignMethod};
use astrolabe_protocol::{Call, Door, WireError};
use wire::{FORM, OnWire, secret};

const REPORT: &str = "taobao.qimen.storeinventory.itemupdate";
const STORES: &str = r#"[{"warehouse_type":"STORE","warehouse_id":"10 1+%","store_inventories":[{"bill_num":"号1","bill_type":"BALANCE","item_id":7,"outer_id":"a&b","inventory_type":"CERTAINTY","quantity":-3}]}]"#;
const XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><request><operationTime>2016-09-22 10:00:00</operationTime><stores><store>\
    <warehouseType>STORE</warehouseType><warehouseId>101</warehouseId><storeInventories><storeInventory><billNum>号1</billNum>\
    <billType>BALANCE</billType><itemId>7</itemId><outerId>a&amp;b</outerId><inventoryType>CERTAINTY</inventoryType>\
    <quantity>-3</quantity></storeInventory></storeInventories></store></stores></request>";

/// Where the parameters of a request stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// System parameters in the query, fields in the body.
    Form,
    /// Everything in the query: a GET.
    Query,
    /// Everything in the body.
    Body,
    /// Everything in the parts of a multipart body.
    Multipart,
    Xml,
    CloudForm,
    CloudJson,
}

const LAYOUTS: [Layout; 7] =
    [Layout::Form, Layout::Query, Layout::Body, Layout::Multipart, Layout::Xml, Layout::CloudForm, Layout::CloudJson];

/// What is named as `sign_method`; nothing by the clients of 2012.
const SIGNINGS: [Option<SignMethod>; 4] =
    [Some(SignMethod::Md5), Some(SignMethod::Hmac), Some(SignMethod::HmacSha256), None];

fn request(layout: Layout, signing: Option<SignMethod>) -> OnWire {
    let owned = |pairs: &[(&str, &str)]| -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let mut system = owned(&[
        ("method", REPORT),
        ("app_key", "12345678"),
        ("session", "test-session"),
        ("timestamp", "2016-09-22 10:00:00"),
        ("v", "2.0"),
        ("format", "json"),
    ]);
    system.extend(signing.map(|method| ("sign_method".to_owned(), method.as_str().to_owned())));
    let fields = owned(&[("operation_time", "2016-09-22 10:00:00"), ("stores", STORES)]);
    let json = format!(r#"{{"request":{{"operation_time":"2016-09-22 10:00:00","stores":{STORES}}}}}"#);
    let (door, content_type, raw) = match layout {
        Layout::Form | Layout::Query | Layout::Body => (Door::Top, FORM, None),
        Layout::Multipart => (Door::Top, "multipart/form-data; boundary=x", None),
        Layout::CloudForm => (Door::QimenCloud, FORM, None),
        Layout::CloudJson => (Door::QimenCloud, "application/json", Some(json)),
        Layout::Xml => (Door::Qimen, "text/xml", Some(XML.to_owned())),
    };
    if door == Door::Qimen {
        system.retain(|(name, _)| name != "format");
    }
    let signed: Pairs = if raw.is_some() { system.clone() } else { [&system[..], &fields].concat() };
    let sign = sign::sign(signing.unwrap_or(SignMethod::Md5), &secret(), &signed, raw.as_deref().map(str::as_bytes));
    system.push((sign::SIGN.to_owned(), sign));
    let all = [&system[..], &fields].concat();
    let (query, body, multipart) = match layout {
        Layout::Form | Layout::CloudForm => (write_query(&system), write_form(&fields), None),
        Layout::Query => (write_query(&all), String::new(), None),
        Layout::Body => (String::new(), write_form(&all), None),
        Layout::Multipart => (String::new(), String::new(), Some(all)),
        Layout::Xml | Layout::CloudJson => (write_query(&system), raw.unwrap_or_default(), None),
    };
    OnWire { door, query, content_type: content_type.to_owned(), body: body.into_bytes(), multipart }
}

/// Everything a handler could see of a request, the spelling of the signature aside.
fn said(call: &Call) -> impl PartialEq + std::fmt::Debug {
    let Call { method, alias, door, app_key, session, customer_id, target_app_key, sign, fields } = call.clone();
    (method.name, alias.is_some(), door, app_key, session, customer_id, target_app_key, sign, fields)
}

/// Xorshift: the cases are many, and the same at every run.
struct Dice(u64);

impl Dice {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[3]
    }
}

/// Every way in which one byte at one place changes: each bit, two other bytes, two bytes added, one taken away.
fn changes(text: &[u8], at: usize, dice: &mut Dice) -> Vec<Vec<u8>> {
    let replaced = |byte: u8| [&text[..at], &[byte], &text[at + 1..]].concat();
    let added = |byte: u8| [&text[..at], &[byte], &text[at..]].concat();
    let mut all: Vec<Vec<u8>> = (0..8).map(|bit| replaced(text[at] ^ (1 << bit))).collect();
    all.extend([replaced(dice.byte()), replaced(b"&=+% <>"[usize::from(dice.byte() % 7)])]);
    all.extend([added(dice.byte()), added(b"&=+% 0\""[usize::from(dice.byte() % 7)])]);
    all.push([&text[..at], &text[at + 1..]].concat());
    all.retain(|changed| changed != text);
    all
}

#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    refused: usize,
}

impl Tally {
    fn judge(&mut self, layout: Layout, original: &Call, changed: &OnWire) {
        self.cases += 1;
        match changed.serve() {
            Err(_) => self.refused += 1,
            Ok(call) => assert!(said(&call) == said(original), "{layout:?}: {changed:?} gave {call:?}"),
        }
    }
}

#[test]
fn one_byte_changes_nothing_or_is_refused() {
    let (mut tally, mut dice) = (Tally::default(), Dice(88_172_645_463_325_252));
    for layout in LAYOUTS {
        for signing in SIGNINGS {
            let whole = request(layout, signing);
            let call = whole.serve().unwrap_or_else(|error| panic!("{layout:?} {signing:?}: {error}"));
            for at in 0..whole.query.len() {
                for changed in changes(whole.query.as_bytes(), at, &mut dice) {
                    // What is no text never is the query of an HTTP request.
                    let Ok(query) = String::from_utf8(changed) else { continue };
                    tally.judge(layout, &call, &OnWire { query, ..whole.clone() });
                }
            }
            for at in 0..whole.body.len() {
                for body in changes(&whole.body, at, &mut dice) {
                    tally.judge(layout, &call, &OnWire { body, ..whole.clone() });
                }
            }
            for part in 0..whole.multipart.as_ref().map_or(0, Vec::len) {
                change_part(&whole, part, &mut |changed| tally.judge(layout, &call, changed), &mut dice);
            }
        }
    }
    assert!(tally.cases > 100_000 && tally.refused > tally.cases * 9 / 10, "{tally:?}");
}

/// The names and values of a multipart body, as the server took them from it.
fn change_part(whole: &OnWire, part: usize, judge: &mut dyn FnMut(&OnWire), dice: &mut Dice) {
    let parts = whole.multipart.as_ref().expect("multipart");
    let texts = |pair: &(String, String)| [pair.0.clone(), pair.1.clone()];
    for (side, text) in texts(&parts[part]).into_iter().enumerate() {
        for at in 0..text.len() {
            for changed in changes(text.as_bytes(), at, dice) {
                let Ok(changed) = String::from_utf8(changed) else { continue };
                let mut parts = parts.clone();
                *(if side == 0 { &mut parts[part].0 } else { &mut parts[part].1 }) = changed;
                judge(&OnWire { multipart: Some(parts), ..whole.clone() });
            }
        }
    }
}

#[test]
fn characters_that_move_across_a_boundary_are_refused() {
    let pairs = |signing: SignMethod| -> Pairs {
        let signed =
            OnWire::signed(Door::Top, "taobao.qimen.itemstore.query", signing, FORM, b"item_id=10&page=1".to_vec());
        let read = |text: &[u8]| pairs::parse(text, Charset::Utf8).expect("our own pairs");
        [read(signed.query.as_bytes()), read(&signed.body)].concat()
    };
    let serve = |pairs: &Pairs| -> Result<Call, WireError> {
        OnWire {
            door: Door::Top,
            query: write_query(pairs),
            content_type: FORM.to_owned(),
            body: Vec::new(),
            multipart: None,
        }
        .serve()
    };
    let mut unseen_by_the_signature = 0;
    for signing in SignMethod::ALL {
        let good = pairs(signing);
        assert!(serve(&good).is_ok());
        for at in 0..good.len() {
            let joined = [good[at].0.as_str(), good[at].1.as_str()].concat();
            for boundary in (0..=joined.len()).filter(|boundary| *boundary != good[at].0.len()) {
                let mut shifted = good.clone();
                shifted[at] = (joined[..boundary].to_owned(), joined[boundary..].to_owned());
                unseen_by_the_signature += usize::from(sign::base_string(&shifted) == sign::base_string(&good));
                assert!(serve(&shifted).is_err(), "{:?}", shifted[at]);
            }
        }
    }
    assert!(unseen_by_the_signature > 50, "{unseen_by_the_signature}");
}
