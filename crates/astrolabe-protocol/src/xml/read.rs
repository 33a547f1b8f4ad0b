//! The reader. It takes quick-xml's events and checks what that library lets pass: names, characters, references, `--` in
//! comments, duplicate attributes, several roots, text outside the root. DOCTYPE is refused, and every bound of
//! [`crate::limits`] holds. Attributes are checked and then dropped; comments and processing instructions are skipped.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::declaration::is_declaration;
use super::syntax::{is_char, is_name, is_space};
use super::{Document, Node, Span, short};
use crate::limits::{ATTRIBUTES_MAX, DEPTH_MAX, DOCUMENT_BYTES_MAX, ELEMENTS_MAX, TEXT_BYTES_MAX};

/// No element is shorter.
const SHORTEST_ELEMENT: &str = "<a/>";

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not well formed; the text says where or why.
    #[error("not well-formed XML: {0}")]
    IllFormed(String),
    /// A document type declaration: never read.
    #[error("a DOCTYPE is not accepted")]
    Doctype,
    /// Longer than [`DOCUMENT_BYTES_MAX`].
    #[error("a document longer than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
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
pub fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(XmlError::TooLong);
    }
    if let Some(bad) = text.chars().find(|c| !is_char(*c)) {
        return Err(ill_formed(format!("the character U+{:04X}", u32::from(bad))));
    }
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_comments = true;
    config.expand_empty_elements = true;
    let mut growing = Growing::new(text);
    loop {
        let at_start = reader.buffer_position() == 0;
        match reader.read_event().map_err(|error| ill_formed(error.to_string()))? {
            Event::Start(start) => growing.open(&start)?,
            Event::Empty(start) => {
                growing.open(&start)?;
                growing.close()?;
            }
            Event::End(_) => growing.close()?,
            Event::Text(part) => {
                if part.contains("]]>") {
                    return Err(ill_formed("]]> in text"));
                }
                growing.text(&part.xml10_content())?;
            }
            Event::CData(part) => growing.characters(&part.xml10_content())?,
            Event::GeneralRef(reference) => growing.reference(&reference)?,
            Event::Comment(_) => {}
            Event::Decl(declaration) => {
                if !at_start {
                    return Err(ill_formed("an XML declaration that is not first"));
                }
                if !is_declaration(&declaration) {
                    return Err(ill_formed("a broken XML declaration"));
                }
            }
            Event::PI(instruction) => check_instruction(instruction.target())?,
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Eof => return growing.finish(),
        }
    }
}

/// A document while it is read.
struct Growing<'t> {
    document: Document<'t>,
    /// The elements around the place that is read, outermost first.
    open: Vec<Open>,
}

/// An element whose end was not read yet.
struct Open {
    at: usize,
    text: Text,
}

/// The text of an open element, as far as it was read.
enum Text {
    /// Nothing, or one piece of the source.
    Piece(Span),
    /// More than one piece, or none that stands so in the source.
    Joined(String),
}

impl<'t> Growing<'t> {
    fn new(source: &'t str) -> Self {
        // Room for all elements at once: a vector that doubles holds up to three times what it needs.
        let starts = source.as_bytes().windows(2).filter(|two| two[0] == b'<' && !matches!(two[1], b'/' | b'!' | b'?'));
        let elements_max = (source.len() / SHORTEST_ELEMENT.len()).min(ELEMENTS_MAX);
        let nodes = Vec::with_capacity(starts.count().min(elements_max));
        Self { document: Document { source, nodes, joined: String::new() }, open: Vec::with_capacity(DEPTH_MAX) }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        let Document { source, nodes, .. } = &mut self.document;
        if self.open.is_empty() && !nodes.is_empty() {
            return Err(ill_formed("more than one root element"));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(XmlError::TooDeep);
        }
        if nodes.len() == ELEMENTS_MAX {
            return Err(XmlError::TooManyElements);
        }
        let name = start.name().into_inner();
        check_name(name)?;
        check_attributes(start)?;
        let name = span_in(source, name).ok_or_else(|| ill_formed("a name that stands nowhere"))?;
        self.open.push(Open { at: nodes.len(), text: Text::Piece(Span::default()) });
        nodes.push(Node { name, text: Span::default(), end: 0 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let Some(Open { at, text }) = self.open.pop() else {
            return Err(ill_formed("an end tag without a start tag"));
        };
        let Document { source, nodes, joined } = &mut self.document;
        let text = match text {
            Text::Piece(span) => span,
            Text::Joined(text) => {
                joined.push_str(&text);
                Span { start: short(source.len() + joined.len() - text.len()), length: short(text.len()) }
            }
        };
        let end = short(nodes.len());
        nodes[at] = Node { text, end, ..nodes[at] };
        Ok(())
    }

    fn text(&mut self, part: &str) -> Result<(), XmlError> {
        if self.open.is_empty() && part.chars().all(is_space) {
            return Ok(());
        }
        self.characters(part)
    }

    fn characters(&mut self, part: &str) -> Result<(), XmlError> {
        let Some(Open { at, text }) = self.open.last_mut() else {
            return Err(ill_formed("text outside the root element"));
        };
        let source = self.document.source;
        let before = match text {
            Text::Piece(span) => span.of(source),
            Text::Joined(text) => text.as_str(),
        };
        if before.len() + part.len() > TEXT_BYTES_MAX {
            return Err(XmlError::TextTooLong(self.document.nodes[*at].name.of(source).to_owned()));
        }
        match text {
            Text::Piece(span) if span.length == 0 => {
                *text = span_in(source, part).map_or_else(|| Text::Joined(part.to_owned()), Text::Piece);
            }
            Text::Piece(span) => *text = Text::Joined([span.of(source), part].concat()),
            Text::Joined(text) => text.push_str(part),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let character = resolve(reference)?;
        self.characters(character.encode_utf8(&mut [0; 4]))
    }

    fn finish(self) -> Result<Document<'t>, XmlError> {
        if let Some(Open { at, .. }) = self.open.last() {
            let name = self.document.nodes[*at].name.of(self.document.source);
            return Err(ill_formed(format!("{name} is not closed")));
        }
        if self.document.nodes.is_empty() { Err(ill_formed("no root element")) } else { Ok(self.document) }
    }
}

/// Where `part` stands in `source`, if it is a piece of it.
fn span_in(source: &str, part: &str) -> Option<Span> {
    let start = (part.as_ptr() as usize).checked_sub(source.as_ptr() as usize)?;
    let is_inside = source.get(start..start + part.len()).is_some_and(|found| std::ptr::eq(found, part));
    is_inside.then(|| Span { start: short(start), length: short(part.len()) })
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, XmlError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| ill_formed(error.to_string()))? {
        if !is_char(character) {
            return Err(ill_formed(format!("a reference to U+{:04X}", u32::from(character))));
        }
        return Ok(character);
    }
    let name: &str = reference;
    let text = resolve_predefined_entity(name).and_then(|text| text.chars().next());
    text.ok_or_else(|| ill_formed(format!("the unknown entity &{name};")))
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
                if after_value && !is_space(character) && character != '/' {
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
        if value.chars().all(is_char) { Ok(()) } else { Err(ill_formed("a reference to a character XML forbids")) }
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
    if is_name(name) {
        Ok(())
    } else {
        Err(ill_formed(format!("the name {:?}", name.chars().take(32).collect::<String>())))
    }
}

fn ill_formed(why: impl Into<String>) -> XmlError {
    XmlError::IllFormed(why.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Element, Writer};
    use super::*;

    /// `name(text)[children]`
    fn shown(element: Element<'_>) -> String {
        let children: String = element.children().map(shown).collect();
        format!("{}({})[{children}]", element.name(), element.text())
    }

    fn outcome(document: &str) -> Result<(), XmlError> {
        parse(document).map(|_document| ())
    }

    #[test]
    fn reads_text_references_and_cdata() {
        let root = parse("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- a --><r a='1' b=\"&lt;\"><x>a&amp;b&#x4e2d;<![CDATA[<c>]]></x><y/></r>\n")
            .expect("well formed");
        assert_eq!(shown(root.root()), "r()[x(a&b中<c>)[]y()[]]");
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
        assert_eq!(outcome("<!DOCTYPE r [<!ENTITY x \"y\">]><r>&x;</r>"), Err(XmlError::Doctype));
    }

    #[test]
    fn texts_in_pieces_are_joined_element_by_element() {
        for (document, wanted) in [
            ("<a>1<b>x&lt;y</b>2<c>z</c>3</a>", "a(123)[b(x<y)[]c(z)[]]"),
            ("<a>1<!-- - -->2</a>", "a(12)[]"),
            ("<a><![CDATA[]]>1</a>", "a(1)[]"),
            ("<a>1\r\n2<b/>\r</a>", "a(1\n2\n)[b()[]]"),
            ("<a>&#x4e2d;</a>", "a(中)[]"),
            ("<a><b><c>1</c></b><b/></a>", "a()[b()[c(1)[]]b()[]]"),
        ] {
            assert_eq!(parse(document).map(|document| shown(document.root())).as_deref(), Ok(wanted), "{document}");
        }
    }

    #[test]
    fn bounds_hold_at_the_bound_and_one_beyond() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(outcome(&nested(DEPTH_MAX + 1)), Err(XmlError::TooDeep));
        let attributed = |count: usize| format!("<a{}/>", (0..count).map(|n| format!(" a{n}='x'")).collect::<String>());
        assert!(parse(&attributed(ATTRIBUTES_MAX)).is_ok());
        assert_eq!(outcome(&attributed(ATTRIBUTES_MAX + 1)), Err(XmlError::TooManyAttributes));
        let long = |length: usize| format!("<a>{}</a>", "x".repeat(length));
        assert!(parse(&long(TEXT_BYTES_MAX)).is_ok());
        assert_eq!(outcome(&long(TEXT_BYTES_MAX + 1)), Err(XmlError::TextTooLong("a".into())));
        let many = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
        assert!(parse(&many(ELEMENTS_MAX)).is_ok());
        assert_eq!(outcome(&many(ELEMENTS_MAX + 1)), Err(XmlError::TooManyElements));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[\\t\\n\\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{0,80}") {
            let mut writer = Writer::with_declaration();
            writer.element("response", |w| w.leaf("message", &text));
            let written = writer.finish();
            let root = parse(&written).expect("our own writer");
            prop_assert_eq!(root.root().child("message").map(Element::text), Some(text.as_str()));
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
