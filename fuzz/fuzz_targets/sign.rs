//! A query and a body, signed by us: the signature holds, a wrong one does not, and what passed is decoded without a panic.
//!
//! The first byte chooses door, content type and signing method; the first line is the query, the rest is the body.

#![no_main]

use astrolabe_protocol::pairs::{self, Charset, Pairs};
use astrolabe_protocol::sign::{self, SignMethod};
use astrolabe_protocol::{Door, Envelope, EpochMs, Incoming, Secret};
use libfuzzer_sys::fuzz_target;

const NOW: EpochMs = EpochMs(1_474_509_600_000);

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let (query, body) =
        rest.iter().position(|byte| *byte == b'\n').map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + 1..]));
    let door = [Door::Top, Door::Qimen, Door::QimenCloud][usize::from(choice % 3)];
    let content_type = ["application/x-www-form-urlencoded", "application/json", "text/xml", "text/plain;charset=gbk"]
        [usize::from(choice / 3 % 4)];
    let method = SignMethod::ALL[usize::from(choice / 12 % 3)];
    let Ok(mut signed) = pairs::parse(query, Charset::Utf8) else { return };
    signed.retain(|(name, _)| name != sign::SIGN && name != "sign_method");
    signed.push(("sign_method".to_owned(), method.as_str().to_owned()));

    let is_form = door != Door::Qimen && content_type == "application/x-www-form-urlencoded";
    let form = if is_form { pairs::parse(body, Charset::Utf8).unwrap_or_default() } else { Pairs::new() };
    let all: Pairs = signed.iter().chain(&form).cloned().collect();
    let raw = (!is_form && (door == Door::Qimen || !body.is_empty())).then_some(body);
    let secret = Secret::new("helloworld");
    let good = sign::sign(method, &secret, &all, raw);

    for (sign, holds) in [(good.clone(), true), (good.replacen(|c: char| c.is_ascii_digit(), "A", 1), false)] {
        let changed = sign != good;
        let query = pairs::write_query(&[&signed[..], &[(sign::SIGN.to_owned(), sign)]].concat());
        let incoming = Incoming { door, query: &query, content_type: Some(content_type), body, multipart: None };
        let Ok(envelope) = Envelope::parse(&incoming) else { return };
        let verdict = envelope.verify(&secret, NOW);
        let signature_holds = verdict.as_ref().err().is_none_or(|error| error.code().number() != 25);
        assert_eq!(signature_holds, holds || !changed, "{verdict:?}");
        let _call_or_refusal = envelope.decode(&|_| false);
    }
});
