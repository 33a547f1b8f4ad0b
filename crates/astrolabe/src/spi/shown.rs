//! Both sides of an exchange as text.

use astrolabe_store::{BodyKind, Exchange, GotReply, SentRequest};

/// The word for a body kind.
pub(super) fn body_name(body: BodyKind) -> &'static str {
    match body {
        BodyKind::Form => "form",
        BodyKind::Json => "JSON",
    }
}

/// Request and reply, each as it went over the wire.
pub(super) fn exchange_lines(exchange: &Exchange) -> Vec<String> {
    let mut lines = request_lines(&exchange.request);
    lines.push(String::new());
    match &exchange.reply {
        Some(reply) => lines.extend(reply_lines(reply)),
        None => lines.push("(nothing came back)".to_owned()),
    }
    lines
}

fn request_lines(request: &SentRequest) -> Vec<String> {
    message_lines(format!("POST {}", request.url), &request.headers, &request.body)
}

fn reply_lines(reply: &GotReply) -> Vec<String> {
    let mut lines = message_lines(format!("HTTP {}", reply.status), &reply.headers, &reply.body);
    if reply.cut {
        lines.push("(cut here)".to_owned());
    }
    lines
}

fn message_lines(first: String, headers: &[(String, String)], body: &str) -> Vec<String> {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}"));
    std::iter::once(first).chain(headers).chain([String::new(), body.to_owned()]).collect()
}
