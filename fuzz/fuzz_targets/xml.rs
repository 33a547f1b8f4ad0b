//! Any text as an XML document: no panic, and what is read can be written and is then read the same.

#![no_main]

use astrolabe_protocol::xml::{self, Element, Writer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(document) = xml::parse(text) else { return };
    assert!(!text.contains("<!DOCTYPE") || text.contains("<!--") || text.contains("<![CDATA[") || text.contains("<?"));
    let mut writer = Writer::bare();
    write(&mut writer, document.root());
    let written = writer.finish();
    let again = xml::parse(&written).expect("what is written is well formed");
    assert_same(document.root(), again.root());
});

fn write(writer: &mut Writer, element: Element<'_>) {
    writer.element(element.name(), |writer| {
        writer.text(element.text());
        element.children().for_each(|child| write(writer, child));
    });
}

fn assert_same(one: Element<'_>, other: Element<'_>) {
    assert_eq!((one.name(), one.text()), (other.name(), other.text()));
    assert_eq!(one.children().count(), other.children().count());
    one.children().zip(other.children()).for_each(|(one, other)| assert_same(one, other));
}
