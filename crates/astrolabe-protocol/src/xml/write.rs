//! The writer: elements and text, nothing else.

use super::syntax::is_char;

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
                other if is_char(other) => self.out.push(other),
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
