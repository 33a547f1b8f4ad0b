//! One golden file: what is in it, and whether it is what lies in the folder. `ASTROLABE_BLESS=1` writes it instead.

use std::path::PathBuf;

use astrolabe_protocol::Method;

use super::spoken::{Said, Speech, Spoken};
use super::tenant::masked;

/// Answers longer than this are cut: the store categories are a page of their own.
const ANSWER_CHARS_MAX: usize = 3_000;

/// A golden file as it grows.
pub(crate) struct Page {
    name: String,
    text: String,
}

impl Page {
    pub(crate) fn new(method: &'static Method) -> Self {
        let text = format!(
            "# {}\n\n{} ({}). What a test said to a running server and what was answered, word for word; `{{…}}` stands for\n\
             what differs from run to run.\n",
            method.name, method.title, method.source
        );
        Self { name: method.name.to_owned(), text }
    }

    /// For a method that the platform calls.
    pub(crate) fn outward(method: &'static Method) -> Self {
        let text = format!(
            "# {}\n\n{} ({}). What a running server sent to whoever a test played, the replies it got, and what it made of\n\
             each; `{{…}}` stands for what differs from run to run.\n",
            method.name, method.title, method.source
        );
        Self { name: format!("outward-{}", method.name), text }
    }

    pub(crate) fn add(&mut self, text: &str) {
        self.text += text;
    }

    /// A request and its answer in one shape.
    pub(crate) fn exchange(&mut self, spoken: Spoken, speech: &Speech, said: &Said, masks: &[(String, String)]) {
        self.text += &format!("\n## {}\n\n", spoken.title());
        self.text += &fenced(&masked(&speech.written(), masks));
        self.text += &fenced(&masked(&written(said), masks));
    }

    /// Compares with the file in the folder, or writes it.
    pub(crate) fn check(self, stale: &mut Vec<String>) {
        stale.extend(compare(&self.name, &without_volatile(&self.text)));
    }
}

/// A golden table of what a whole run came to.
pub(crate) struct Table {
    text: String,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let mut table = Self { text: format!("# {title}\n\n") };
        table.row(columns);
        table.row(&vec!["---"; columns.len()]);
        table
    }

    pub(crate) fn row(&mut self, cells: &[&str]) {
        self.text += &format!("| {} |\n", cells.join(" | "));
    }

    pub(crate) fn check(self, name: &str) {
        let stale = compare(name, &self.text);
        assert_eq!(stale, None, "not as in tests/golden");
    }
}

/// What is not as in the file in the folder; nothing after it was written instead.
fn compare(name: &str, text: &str) -> Option<String> {
    let file = folder().join(format!("{name}.md"));
    if std::env::var_os("ASTROLABE_BLESS").is_some() {
        std::fs::create_dir_all(folder()).expect("a folder");
        std::fs::write(&file, text).expect("is written");
        return None;
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    (golden != text).then(|| format!("{name}: {}", first_difference(&golden, text)))
}

/// Where the golden files lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn fenced(text: &str) -> String {
    format!("```http\n{}\n```\n\n", text.trim_end())
}

fn written(said: &Said) -> String {
    let cut = said.body.chars().count().saturating_sub(ANSWER_CHARS_MAX);
    let body: String = said.body.chars().take(ANSWER_CHARS_MAX).collect();
    let rest = if cut > 0 { format!("… ({cut} characters more)") } else { String::new() };
    format!("200\nContent-Type: {}\n\n{body}{rest}", said.content_type)
}

/// Signatures and request ids are new in every run.
pub(crate) fn without_volatile(text: &str) -> String {
    let text = replaced_after(text, "sign=", 128, "{sign}");
    let text = replaced_after(&text, "\"request_id\":\"", 32, "{request_id}");
    replaced_after(&text, "<request_id>", 32, "{request_id}")
}

/// Replaces hexadecimal digits, at most so many, that stand after a mark.
fn replaced_after(text: &str, mark: &str, digits_max: usize, name: &str) -> String {
    let mut pieces = text.split(mark);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take(digits_max).take_while(u8::is_ascii_hexdigit).count();
        result += mark;
        result += if digits >= 32 { name } else { &piece[..digits] };
        result += &piece[digits..];
    }
    result
}

fn first_difference(golden: &str, text: &str) -> String {
    if golden.is_empty() {
        return "there is no golden file; bless it with ASTROLABE_BLESS=1".to_owned();
    }
    let (mut old, mut new) = (golden.lines(), text.lines());
    loop {
        match (old.next(), new.next()) {
            (Some(one), Some(other)) if one == other => {}
            (None, None) => return "only the end differs".to_owned(),
            (one, other) => {
                let (one, other) = (one.unwrap_or("(the end)"), other.unwrap_or("(the end)"));
                return format!("\n  golden: {one}\n  now:    {other}\n");
            }
        }
    }
}
