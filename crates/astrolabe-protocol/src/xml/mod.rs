//! XML both ways: a hardened reader to a flat [`Document`], and the [`Writer`].
//!
//! A document keeps no copy of its text: an element is a few numbers that say where its name and its text stand, so that
//! what it takes in memory is bounded by the bytes that came, whatever they say. It knows no method and no field
//! ([`crate::catalogue`] does), resolves no namespace (a prefix is part of the name) and keeps no attribute.

mod declaration;
mod read;
mod syntax;
mod write;

pub use read::{XmlError, parse};
pub(crate) use syntax::{is_char, is_space};
pub use write::Writer;

/// A document that was read.
#[derive(Debug)]
pub struct Document<'t> {
    source: &'t str,
    /// Elements in document order; the root is the first.
    nodes: Vec<Node>,
    /// The texts that do not stand in the source as one piece: with references, CDATA, comments or elements between. Their
    /// places are counted on from the source's end.
    joined: String,
}

/// Where an element's parts stand.
#[derive(Debug, Clone, Copy)]
struct Node {
    name: Span,
    text: Span,
    /// The node after the last descendant.
    end: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    length: u32,
}

impl Span {
    fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + self.length as usize).unwrap_or_default()
    }
}

/// A place or a length in a document, which [`crate::limits::DOCUMENT_BYTES_MAX`] keeps far below the bound.
fn short(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Document<'_> {
    /// The root element.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element { document: self, at: 0 }
    }
}

/// One element of a [`Document`]: its name, its text and its child elements in order.
#[derive(Debug, Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document<'d>,
    at: usize,
}

impl<'d> Element<'d> {
    /// The name as written, prefix included.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.node().name.of(self.document.source)
    }

    /// The character data directly inside, all pieces joined.
    #[must_use]
    pub fn text(self) -> &'d str {
        let Document { source, joined, .. } = self.document;
        let Span { start, length } = self.node().text;
        match (start as usize).checked_sub(source.len()) {
            Some(start) => Span { start: short(start), length }.of(joined),
            None => Span { start, length }.of(source),
        }
    }

    /// The child elements in order.
    #[must_use]
    pub fn children(self) -> Children<'d> {
        Children { document: self.document, next: self.at + 1, end: self.node().end as usize }
    }

    /// The first child of that name.
    #[must_use]
    pub fn child(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.name() == name)
    }

    /// Whether it has child elements.
    #[must_use]
    pub fn has_children(self) -> bool {
        self.node().end as usize > self.at + 1
    }

    fn node(self) -> Node {
        self.document.nodes[self.at]
    }
}

/// The children of one [`Element`].
#[derive(Debug, Clone)]
pub struct Children<'d> {
    document: &'d Document<'d>,
    next: usize,
    end: usize,
}

impl<'d> Iterator for Children<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Element<'d>> {
        if self.next >= self.end {
            return None;
        }
        let element = Element { document: self.document, at: self.next };
        self.next = element.node().end as usize;
        Some(element)
    }
}
