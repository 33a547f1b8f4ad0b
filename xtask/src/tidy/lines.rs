//! Files by their text: size, words that mark unfinished or hidden things, and what belongs to one crate only.

use super::names::vague_module;
use super::{Finding, SourceFile};

const LINES_MAX: usize = 600;

/// A text that may not stand in a file of a kind, and what to write.
struct Word {
    /// Split where this file would otherwise find itself.
    text: &'static str,
    instead: &'static str,
}

const RUST_WORDS: [Word; 4] = [
    Word { text: concat!("todo", "!("), instead: "do it, or leave the feature out and open an issue" },
    Word { text: concat!("unimplemented", "!("), instead: "do it, or refuse with an error of this layer" },
    Word { text: concat!("#[", "ignore"), instead: "make the test reliable, or delete it" },
    Word {
        text: concat!("#[", "allow("),
        instead: "use `#[expect(lint, reason = \"…\")]`, which says why and disappears when it is not needed",
    },
];

const INNER_ALLOW: Word = Word {
    text: concat!("#![", "allow("),
    instead: "use `#[expect(lint, reason = \"…\")]` at the smallest place that needs it",
};

const UNFINISHED: [Word; 2] = [
    Word { text: concat!("FIX", "ME"), instead: "fix it, or open an issue: a note in the code is read by nobody" },
    Word { text: concat!("XX", "X"), instead: "say in a sentence what is wrong here, or open an issue" },
];

const CORE_WORDS: [Word; 7] = [
    Word { text: "SystemTime::now", instead: "take `now` as an argument: core does not know time" },
    Word { text: "Instant::now", instead: "take `now` as an argument: core does not know time" },
    Word { text: "tokio", instead: "core does not wait: let the caller do it and pass the result" },
    Word { text: "std::fs", instead: "core does not read files: take the text or the parsed value" },
    Word { text: "std::net", instead: "core does not speak to anybody: return a value that says what to send" },
    Word { text: "println!", instead: "return a value: core has nowhere to print to" },
    Word { text: "rand::", instead: "take the draw or the seed as an argument: the same input gives the same output" },
];

const SQL_INSTEAD: &str = "make it an operation of the storage trait in astrolabe-store: SQL stands nowhere else";

pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let kind = file.path.rsplit_once('.').map_or("", |(_, kind)| kind);
    let code = ["rs", "ts", "tsx", "js", "mjs", "py", "sql", "sh", "toml"].contains(&kind);
    let mut findings = Vec::from_iter(check_size(file, kind));
    for (index, line) in file.text.lines().enumerate() {
        let place = || format!("{}:{}", file.path, index + 1);
        let mut found = |what: String, instead: &str| findings.push(Finding::new(place(), what, instead));
        for word in words_for(file, kind, code).filter(|word| contains_word(line, word.text)) {
            found(format!("`{}`", word.text), word.instead);
        }
        if kind != "rs" {
            continue;
        }
        if let Some(vague) = vague_module(line) {
            found(vague.what, &vague.instead);
        }
        if !file.path.starts_with("crates/astrolabe-store/") && holds_sql(line) {
            found("SQL outside the store".to_owned(), SQL_INSTEAD);
        }
    }
    findings
}

fn check_size(file: &SourceFile, kind: &str) -> Option<Finding> {
    let lines = file.text.lines().count();
    (["rs", "ts", "tsx", "sql"].contains(&kind) && lines > LINES_MAX).then(|| {
        let instead = "split it by the reasons to open it, one file each; a file of its own for the tests is one way";
        Finding::new(&file.path, format!("has {lines} lines, more than {LINES_MAX}"), instead)
    })
}

fn words_for(file: &SourceFile, kind: &str, code: bool) -> impl Iterator<Item = &'static Word> {
    let rust: &[Word] = if kind == "rs" { &RUST_WORDS } else { &[] };
    let inner: &[Word] = if kind == "rs" { std::slice::from_ref(&INNER_ALLOW) } else { &[] };
    let core: &[Word] = if file.path.starts_with("crates/astrolabe-core/src/") { &CORE_WORDS } else { &[] };
    let unfinished: &[Word] = if code { &UNFINISHED } else { &[] };
    rust.iter().chain(inner).chain(core).chain(unfinished)
}

/// As a whole word where `word` is one, so that `strand::` is not `rand::`.
fn contains_word(line: &str, word: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let joined_before = before.is_some_and(continues) && word.starts_with(continues);
        let joined_after = after.is_some_and(continues) && word.ends_with(continues);
        !joined_before && !joined_after
    })
}

/// A statement at the start of a string, or in capitals at the start of a line (a string over several lines).
fn holds_sql(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with("//") {
        return false;
    }
    let mut strings = line.split('"').skip(1).step_by(2);
    let capitals = line.split_whitespace().next().is_some_and(|word| word.chars().all(|c| c.is_ascii_uppercase()));
    strings.any(starts_statement) || (capitals && starts_statement(line))
}

fn starts_statement(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let begins = |words: &[&str]| text.starts_with(&(words.join(" ") + " "));
    let select = begins(&["select"]) && (text.contains(" from ") || text.ends_with(" 1"));
    let update = begins(&["update"]) && text.contains(" set ");
    select || update || begins(&["insert", "into"]) || begins(&["delete", "from"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&SourceFile { path: path.to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn words_by_kind_of_file() {
        let core = "crates/astrolabe-core/src/stock.rs";
        let server = "crates/astrolabe-server/src/app.rs";
        for (path, text, expected) in [
            (core, "let x = 1;", 0),
            (server, concat!("todo", "!()"), 1),
            (server, concat!("unimplemented", "!(\"later\")"), 1),
            (server, concat!("#[", "ignore = \"slow\"]"), 1),
            (server, concat!("#[", "allow(dead_code)]"), 1),
            (server, concat!("#![", "allow(dead_code)]"), 1),
            (server, "#[expect(dead_code, reason = \"…\")]", 0),
            (server, concat!("// FIX", "ME later"), 1),
            ("console/src/a.ts", concat!("// XX", "X"), 1),
            ("console/src/a.ts", concat!("const maxXX", "XLarge = 1;"), 0),
            ("docs/sizes.md", concat!("XX", "X"), 0),
            (core, "let now = SystemTime::now();", 1),
            (server, "let now = SystemTime::now();", 0),
            (core, "use std::fs;", 1),
            (core, "use rand::Rng;", 1),
            (core, "use strand::Rope;", 0),
            ("crates/astrolabe-core/tests/model.rs", "println!(\"{x}\");", 0),
        ] {
            assert_eq!(found(path, text), expected, "{path}: {text}");
        }
    }

    #[test]
    fn sql_stands_in_the_store_only() {
        let server = "crates/astrolabe-server/src/app.rs";
        let select = concat!("let q = \"sel", "ect a from b\";");
        for (text, expected) in [
            (select, 1),
            (concat!("    \"INS", "ERT INTO a VALUES (1)\""), 1),
            (concat!("DEL", "ETE FROM a"), 1),
            (concat!("\"upd", "ate a set b = 1\""), 1),
            ("say(\"update the store first\")", 0),
            ("say(\"select a store\")", 0),
            (concat!("// \"sel", "ect a from b\""), 0),
            ("// delete from the list what is late", 0),
            ("by(\"name\"), select what comes from \"it\"", 0),
        ] {
            assert_eq!(found(server, text), expected, "{text}");
        }
        assert_eq!(found("crates/astrolabe-store/src/sqlite/stock.rs", select), 0);
    }

    #[test]
    fn long_files_are_found() {
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(found("console/src/a.ts", &long), 1);
        assert_eq!(found("console/src/a.ts", &long[2..]), 0);
        assert_eq!(found("docs/a.md", &long), 0);
    }
}
