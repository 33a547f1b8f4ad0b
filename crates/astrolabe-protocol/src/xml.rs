//! A hardened XML reader to a small element tree, and the writer.
//!
//! The reader takes quick-xml's events and checks what that library lets pass: names, characters, references, `--` in
//! comments, duplicate attributes, several roots, text outside the root. DOCTYPE is refused, and every bound of
//! [`crate::limits`] holds. Attributes are checked and then dropped; comments and processing instructions are skipped. It
//! resolves no namespace: a prefix is part of the name.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::limits::{ATTRIBUTES_MAX, DEPTH_MAX, ELEMENTS_MAX, TEXT_BYTES_MAX};

/// One element: its text (of all text nodes, joined) and its child elements in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The name as written, prefix included.
    pub name: String,
    /// The character data directly inside.
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Element>,
}

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not well formed; the text says where or why.
    #[error("not well-formed XML: {0}")]
    IllFormed(String),
    /// A document type declaration: never read.
    #[error("a DOCTYPE is not accepted")]
    Doctype,
    /// Deeper than [`DEPTH_MAX`].
    #[error("elements nest deeper than {DEPTH_MAX}")]
    TooDeep,
    /// More attributes than [`ATTRIBUTES_MAX`] on one element.
    #[error("an element has more than {ATTRIBUTES_MAX} attributes")]
    TooManyAttributes,
    /// More elements than [`ELEMENTS_MAX`].
    #[error("more than {ELEMENTS_MAX} elements")]
    TooManyElements,
    /// A text longer than [`TEXT_BYTES_MAX`].
    #[error("the text of {0} is longer than {TEXT_BYTES_MAX} bytes")]
    TextTooLong(String),
}

/// Reads one document: exactly one root element.
///
/// # Errors
/// See [`XmlError`].
pub fn parse(text: &str) -> Result<Element, XmlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(bad) = text.chars().find(|c| !is_xml_char(*c)) {
        return Err(ill_formed(format!("the character U+{:04X}", u32::from(bad))));
    }
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_comments = true;
    config.expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        let at_start = reader.buffer_position() == 0;
        match reader.read_event().map_err(|error| ill_formed(error.to_string()))? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(part) => {
                if part.contains("]]>") {
                    return Err(ill_formed("]]> in text"));
                }
                tree.text(&part.xml10_content())?;
            }
            Event::CData(part) => tree.cdata(&part.xml10_content())?,
            Event::GeneralRef(reference) => tree.reference(&reference)?,
            Event::Comment(_) => {}
            Event::Decl(declaration) => {
                if !at_start {
                    return Err(ill_formed("an XML declaration that is not first"));
                }
                declaration.xml_version().map_err(|error| ill_formed(error.to_string()))?;
            }
            Event::PI(instruction) => check_instruction(instruction.target())?,
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Eof => return tree.finish(),
        }
    }
}

#[derive(Debug, Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(ill_formed("more than one root element"));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(XmlError::TooDeep);
        }
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(XmlError::TooManyElements);
        }
        let name = start.name().into_inner();
        check_name(name)?;
        check_attributes(start)?;
        self.open.push(Element { name: name.to_owned(), ..Element::default() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let Some(element) = self.open.pop() else {
            return Err(ill_formed("an end tag without a start tag"));
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, part: &str) -> Result<(), XmlError> {
        if self.open.is_empty() && part.chars().all(is_xml_space) {
            return Ok(());
        }
        self.cdata(part)
    }

    fn cdata(&mut self, part: &str) -> Result<(), XmlError> {
        let Some(element) = self.open.last_mut() else {
            return Err(ill_formed("text outside the root element"));
        };
        if element.text.len() + part.len() > TEXT_BYTES_MAX {
            return Err(XmlError::TextTooLong(element.name.clone()));
        }
        element.text.push_str(part);
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let resolved = resolve(reference)?;
        self.cdata(&resolved)
    }

    fn finish(self) -> Result<Element, XmlError> {
        if let Some(element) = self.open.last() {
            return Err(ill_formed(format!("{} is not closed", element.name)));
        }
        self.root.ok_or_else(|| ill_formed("no root element"))
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| ill_formed(error.to_string()))? {
        if !is_xml_char(character) {
            return Err(ill_formed(format!("a reference to U+{:04X}", u32::from(character))));
        }
        return Ok(character.to_string());
    }
    let name: &str = reference;
    resolve_predefined_entity(name).map(str::to_owned).ok_or_else(|| ill_formed(format!("the unknown entity &{name};")))
}

fn check_attributes(start: &BytesStart<'_>) -> Result<(), XmlError> {
    // quick-xml finds a duplicate by comparing with every earlier name: count first, so that the work stays bounded.
    if start.attributes().with_checks(false).take(ATTRIBUTES_MAX + 1).count() > ATTRIBUTES_MAX {
        return Err(XmlError::TooManyAttributes);
    }
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| ill_formed(error.to_string()))?;
        check_name(attribute.key.into_inner())?;
        let value: &str = &attribute.value;
        if value.contains('<') {
            return Err(ill_formed("< in an attribute value"));
        }
        attribute.unescape_value_checked()?;
    }
    check_spacing(start.attributes_raw())
}

/// Between attributes there must be white space: `a="1"b="2"` is not well formed.
fn check_spacing(raw: &str) -> Result<(), XmlError> {
    let mut quote = None;
    let mut after_value = false;
    for character in raw.chars() {
        match quote {
            Some(open) if character == open => {
                quote = None;
                after_value = true;
            }
            Some(_) => {}
            None => {
                if after_value && !is_xml_space(character) && character != '/' {
                    return Err(ill_formed("no space between attributes"));
                }
                after_value = false;
                if matches!(character, '"' | '\'') {
                    quote = Some(character);
                }
            }
        }
    }
    Ok(())
}

trait CheckedValue {
    fn unescape_value_checked(&self) -> Result<(), XmlError>;
}

impl CheckedValue for quick_xml::events::attributes::Attribute<'_> {
    fn unescape_value_checked(&self) -> Result<(), XmlError> {
        let value = quick_xml::escape::unescape(&self.value).map_err(|error| ill_formed(error.to_string()))?;
        if value.chars().all(is_xml_char) { Ok(()) } else { Err(ill_formed("a reference to a character XML forbids")) }
    }
}

fn check_instruction(target: &str) -> Result<(), XmlError> {
    check_name(target)?;
    if target.eq_ignore_ascii_case("xml") {
        return Err(ill_formed("an XML declaration that is not first"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), XmlError> {
    let mut characters = name.chars();
    let well_formed = characters.next().is_some_and(is_name_start) && characters.all(is_name_part);
    if well_formed {
        Ok(())
    } else {
        Err(ill_formed(format!("the name {:?}", name.chars().take(32).collect::<String>())))
    }
}

/// XML 1.0 fifth edition, production [2].
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn is_xml_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// XML 1.0 fifth edition, production [4].
fn is_name_start(c: char) -> bool {
    matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// XML 1.0 fifth edition, production [4a].
fn is_name_part(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

fn ill_formed(why: impl Into<String>) -> XmlError {
    XmlError::IllFormed(why.into())
}

/// Writes a document without white space between elements: published clients cut text between literal tags.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// Starts with the declaration as chapter 6 prints it.
    #[must_use]
    pub fn with_declaration() -> Self {
        Self { out: r#"<?xml version="1.0" encoding="utf-8"?>"#.to_owned() }
    }

    /// Starts with nothing: what the Java Qimen client sends.
    #[must_use]
    pub fn bare() -> Self {
        Self::default()
    }

    /// Writes an element around what `inside` writes. `name` must be an XML name; names here come from the catalogue.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.out.extend(["<", name, ">"]);
        inside(self);
        self.out.extend(["</", name, ">"]);
    }

    /// Writes an element holding text.
    pub fn leaf(&mut self, name: &str, text: &str) {
        self.element(name, |writer| writer.text(text));
    }

    /// Writes text; a character that XML forbids becomes U+FFFD.
    pub fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                // A reader turns a bare carriage return into a line feed.
                '\r' => self.out.push_str("&#13;"),
                other if is_xml_char(other) => self.out.push(other),
                _ => self.out.push('\u{fffd}'),
            }
        }
    }

    /// The document.
    #[must_use]
    pub fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_text_references_and_cdata() {
        let root = parse("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- a --><r a='1' b=\"&lt;\"><x>a&amp;b&#x4e2d;<![CDATA[<c>]]></x><y/></r>\n")
            .expect("well formed");
        assert_eq!(root.name, "r");
        assert_eq!(root.children[0].text, "a&b中<c>");
        assert_eq!(root.children[1], Element { name: "y".into(), ..Element::default() });
    }

    #[test]
    fn refuses_what_is_not_well_formed() {
        let documents = [
            "",
            "text",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>text",
            "text<a/>",
            "<a><b></a></b>",
            "<1a/>",
            "<a b=1/>",
            "<a b/>",
            "<a b='1' b='2'/>",
            "<a b='<'/>",
            "<a b='&nope;'/>",
            "<a b='1'c='2'/>",
            "<a>&nope;</a>",
            "<a>& b</a>",
            "<a>]]></a>",
            "<a>\u{1}</a>",
            "<a>&#1;</a>",
            "<a>&#xd800;</a>",
            "<a><!-- -- --></a>",
            "<a/><?xml version='1.0'?>",
            " <?xml version='1.0'?><a/>",
            "<a><?XML x?></a>",
            "<a 1b='x'/>",
            "<a><![CDATA[x]]</a>",
            "<![CDATA[x]]><a/>",
            "<a>\u{ffff}</a>",
            "<a=\"\"/>",
            "<a/>&#32;",
        ];
        for document in documents {
            assert!(matches!(parse(document), Err(XmlError::IllFormed(_))), "{document:?} gave {:?}", parse(document));
        }
        assert_eq!(parse("<!DOCTYPE r [<!ENTITY x \"y\">]><r>&x;</r>"), Err(XmlError::Doctype));
    }

    #[test]
    fn bounds_hold_at_the_bound_and_one_beyond() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(parse(&nested(DEPTH_MAX + 1)), Err(XmlError::TooDeep));
        let attributed = |count: usize| format!("<a{}/>", (0..count).map(|n| format!(" a{n}='x'")).collect::<String>());
        assert!(parse(&attributed(ATTRIBUTES_MAX)).is_ok());
        assert_eq!(parse(&attributed(ATTRIBUTES_MAX + 1)), Err(XmlError::TooManyAttributes));
        let long = |length: usize| format!("<a>{}</a>", "x".repeat(length));
        assert!(parse(&long(TEXT_BYTES_MAX)).is_ok());
        assert_eq!(parse(&long(TEXT_BYTES_MAX + 1)), Err(XmlError::TextTooLong("a".into())));
        let many = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
        assert!(parse(&many(ELEMENTS_MAX)).is_ok());
        assert_eq!(parse(&many(ELEMENTS_MAX + 1)), Err(XmlError::TooManyElements));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[\\t\\n\\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{0,80}") {
            let mut writer = Writer::with_declaration();
            writer.element("response", |w| w.leaf("message", &text));
            let root = parse(&writer.finish()).expect("our own writer");
            prop_assert_eq!(&root.children[0].text, &text);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_markup_soup_panics(pieces in proptest::collection::vec(proptest::sample::select(vec![
            "<", ">", "/", "a", " ", "=", "'", "\"", "&", ";", "#", "x", "!", "--", "[", "]", "CDATA", "?", "xml", "DOCTYPE", "1", "中"]), 0..40)) {
            let _ = parse(&pieces.concat());
        }
    }
}
