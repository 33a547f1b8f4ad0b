//! Any bytes as a form body, in both encodings: no panic, and what is read can be written and is then read the same.

#![no_main]

use astrolabe_protocol::pairs::{self, Charset};
use astrolabe_protocol::{Door, Envelope, Incoming};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for charset in [Charset::Utf8, Charset::Gbk] {
        if let Ok(read) = pairs::parse(body, charset) {
            for written in [pairs::write_form(&read), pairs::write_query(&read)] {
                assert_eq!(pairs::parse(written.as_bytes(), Charset::Utf8).as_ref(), Ok(&read));
            }
        }
    }
    for door in [Door::Top, Door::Qimen, Door::QimenCloud] {
        for content_type in ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=gbk"] {
            let incoming = Incoming { door, query: "", content_type: Some(content_type), body, multipart: None };
            if let Ok(envelope) = Envelope::parse(&incoming) {
                let _call_or_refusal = envelope.decode(&|_| false);
            }
        }
    }
});
