//! One request with its reply, to the letter, for a finding to show. Secrets and what buyers told nobody else are masked
//! before anything is kept.

use std::borrow::Cow;

use serde::Serialize;

use crate::wire::Got;

/// Longest text of one side that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 6_000;
const MASK: &str = "•••";
/// Members of a trade that are the buyer's.
const PRIVATE: [&str; 7] = [
    "receiver_name",
    "receiver_mobile",
    "receiver_phone",
    "receiver_address",
    "receiver_town",
    "buyer_nick",
    "buyer_message",
];

/// A request and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// When the request was sent or heard, Shanghai time.
    pub at: String,
    /// How long the reply took.
    pub took_ms: u64,
    /// Request line, Content-Type, body.
    pub request: String,
    /// The body's fields in plain text, where it was a form.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub form: String,
    /// Status, Content-Type, body; or why there was none.
    pub reply: String,
}

/// A request as it went over the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub verb: &'a str,
    /// Path and query, or the whole address.
    pub target: &'a str,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

/// What is not to be seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Masks(Vec<String>);

impl Masks {
    /// These texts, wherever they stand.
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(secrets.into_iter().filter(|secret| secret.len() >= 4).collect())
    }

    /// A request and its reply as a report may show them.
    pub(super) fn exchange(
        &self,
        at: String,
        took: std::time::Duration,
        asked: Asked<'_>,
        got: Result<&Got, &str>,
    ) -> Exchange {
        let kind = |kind: Option<&str>| kind.map(|kind| format!("\nContent-Type: {kind}")).unwrap_or_default();
        let body = String::from_utf8_lossy(asked.body);
        let request = format!("{} {}{}\n\n{body}", asked.verb, asked.target, kind(asked.content_type));
        let reply = match got {
            Ok(got) => format!(
                "HTTP {}{}\n\n{}",
                got.status,
                kind(got.content_type.as_deref()),
                String::from_utf8_lossy(&got.body)
            ),
            Err(why) => format!("({why})"),
        };
        Exchange {
            at,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            request: self.hide(&request),
            form: self.hide(&plain_form(asked)),
            reply: self.hide(&reply),
        }
    }

    /// A text as a report may show it.
    pub(super) fn hide(&self, text: &str) -> String {
        let shown = PRIVATE.iter().fold(Cow::Borrowed(text), |text, name| hide_member(text, name));
        let shown = self.0.iter().fold(shown, |text, secret| {
            if text.contains(secret.as_str()) { Cow::Owned(text.replace(secret.as_str(), MASK)) } else { text }
        });
        shorten(&shown)
    }
}

/// Hides `"name":"…"` and `<name>…</name>`, wherever they stand.
fn hide_member<'t>(text: Cow<'t, str>, name: &str) -> Cow<'t, str> {
    let between = |text: &str, open: &str, close: &str| {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(open) {
            let inside = &rest[at + open.len()..];
            let Some(end) = inside.find(close) else { break };
            out.push_str(&rest[..at + open.len()]);
            out.push_str(MASK);
            rest = &inside[end..];
        }
        out + rest
    };
    if !text.contains(name) {
        return text;
    }
    let json = between(&text, &format!("\"{name}\":\""), "\"");
    Cow::Owned(between(&json, &format!("<{name}>"), &format!("</{name}>")))
}

fn plain_form(asked: Asked<'_>) -> String {
    let query = asked.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let is_form = asked.content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body: &[u8] = if is_form { asked.body } else { &[] };
    let parse = |text: &[u8]| {
        astrolabe_protocol::pairs::parse(text, astrolabe_protocol::pairs::Charset::Utf8).unwrap_or_default()
    };
    let pairs = parse(query.as_bytes()).into_iter().chain(parse(body));
    pairs.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join("\n")
}

fn shorten(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = (0..=TEXT_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}… ({} bytes more)", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn secrets_and_buyers_are_masked_on_both_sides() {
        let masks = Masks::new(["session-of-isv".to_owned()]);
        let asked = Asked {
            verb: "POST",
            target: "/router/rest?session=session-of-isv&v=2.0",
            content_type: Some("application/x-www-form-urlencoded;charset=utf-8"),
            body: b"tid=1&x=%E5%B0%8F",
        };
        let got = Got {
            status: 200,
            content_type: None,
            body: r#"{"receiver_name":"张三","tid":1,"x":{"receiver_name":"李四"}}<receiver_name>王</receiver_name>"#
                .into(),
        };
        let shown = masks.exchange(String::new(), Duration::from_millis(3), asked, Ok(&got));
        for text in [&shown.request, &shown.form, &shown.reply] {
            for secret in ["session-of-isv", "张三", "李四", "王"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
        assert!(shown.form.ends_with("tid = 1\nx = 小"), "{}", shown.form);
        assert!(shown.request.contains("x=%E5%B0%8F") && shown.reply.contains("\"tid\":1"));
        assert!(masks.hide(&"x".repeat(9_000)).ends_with("(3000 bytes more)"));
    }
}
