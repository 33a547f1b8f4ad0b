//! Reading the licence expressions of packages (SPDX), as far as packages use them.
//!
//! It answers one question: can this package be used under licences we accept? It is no validator: an expression it
//! cannot read counts as not accepted, and is shown.

/// May be used in a program given away under Apache-2.0 without asking anybody.
const ACCEPTED: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Whether `expression`, such as `(MIT OR GPL-2.0) AND Zlib`, can be met with accepted licences alone.
///
/// An exception (`WITH …`) only ever grants more, so it is passed over. `/` is the old way to write OR.
pub(crate) fn is_accepted(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    reader.alternatives() == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn alternatives(&mut self) -> Option<bool> {
        let mut accepted = self.requirements()?;
        while self.take("OR") {
            let next = self.requirements()?;
            accepted |= next;
        }
        Some(accepted)
    }

    fn requirements(&mut self) -> Option<bool> {
        let mut accepted = self.licence()?;
        while self.take("AND") {
            let next = self.licence()?;
            accepted &= next;
        }
        Some(accepted)
    }

    fn licence(&mut self) -> Option<bool> {
        if self.take("(") {
            let accepted = self.alternatives()?;
            return self.take(")").then_some(accepted);
        }
        let name = self.next()?;
        if self.take("WITH") {
            self.next()?;
        }
        Some(ACCEPTED.contains(&name))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::is_accepted;

    #[test]
    fn expressions() {
        for (expression, accepted) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("MIT OR GPL-3.0 AND Zlib", true),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("(MIT OR Zlib) AND OpenSSL", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("", false),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(is_accepted(expression), accepted, "{expression}");
        }
    }
}
