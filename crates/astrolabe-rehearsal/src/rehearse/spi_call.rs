//! One call to a party's SPI address, right or wrong on purpose, with the exchange it made.

use std::time::{Duration, Instant};

use astrolabe_protocol::spi::{SpiBody, SpiCaller, build};
use astrolabe_protocol::{AppKey, EpochMs, Fields, Method, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::exchange::{Asked, Exchange};
use super::transcript::Transcript;
use crate::clock;
use crate::wire::{Got, Http, LocalUrl};

/// What the platform waits for an answer.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// A trickling body comes in so many parts, with so long between them.
const DRIPS: usize = 10;
const DRIP_EVERY: Duration = Duration::from_millis(100);
/// Longest answer that is read from a bare connection.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Where a party's SPI is, and as whom it is called.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub url: LocalUrl,
    pub app_key: AppKey,
    pub secret: Secret,
}

/// How a call is sent.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub body: SpiBody,
    /// Signed with this instead of the app's secret.
    pub secret: Option<Secret>,
    /// Signed as of so long ago.
    pub age: Duration,
    /// A further parameter that nobody defined, signed as it should be.
    pub unknown_field: bool,
    /// The body trickles.
    pub drip: bool,
    /// This body instead of the fields', signed as it should be.
    pub instead: Option<&'static str>,
}

impl Manner {
    /// As the platform calls.
    pub(super) fn right(body: SpiBody) -> Self {
        Self { body, secret: None, age: Duration::ZERO, unknown_field: false, drip: false, instead: None }
    }
}

/// What a call brought.
#[derive(Debug)]
pub(super) struct Sent {
    pub got: Result<Got, String>,
    pub took: Duration,
    pub exchange: Exchange,
}

/// Sends it.
pub(super) async fn send(
    http: &Http,
    address: &Address,
    method: &'static Method,
    fields: &Fields,
    manner: &Manner,
    transcript: &Transcript,
) -> Sent {
    let secret = manner.secret.as_ref().unwrap_or(&address.secret);
    let caller = SpiCaller { app_key: &address.app_key, secret, signed_headers: &[] };
    let age_ms = i64::try_from(manner.age.as_millis()).unwrap_or_default();
    let mut request = build(method, fields, &caller, manner.body, EpochMs(clock::now().0 - age_ms));
    if let Some(body) = manner.instead {
        request.body = body.into();
    }
    let base = address.url.to_string();
    let extra = if base.contains('?') { "&astrolabe_future=1" } else { "?astrolabe_future=1" };
    let url = request.url(&if manner.unknown_field { base + extra } else { base });
    let mut headers = request.headers.clone();
    headers.push(("content-type".to_owned(), request.content_type.to_owned()));
    let begun = Instant::now();
    let sending = async {
        if manner.drip {
            drip(&address.url, &url, request.content_type, &request.body).await.map_err(|error| error.to_string())
        } else {
            let sent = http.exchange(axum::http::Method::POST, &url, &headers, request.body.clone()).await;
            sent.map_err(|error| error.to_string())
        }
    };
    let got = match tokio::time::timeout(ANSWER_WITHIN, sending).await {
        Ok(got) => got,
        Err(_) => Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
    };
    // The trickling is ours, not the party's.
    let trickled = if manner.drip {
        DRIP_EVERY * u32::try_from(drips(&request.body).count()).unwrap_or_default()
    } else {
        Duration::ZERO
    };
    let took = begun.elapsed().saturating_sub(trickled);
    let asked = Asked { verb: "POST", target: &url, content_type: Some(request.content_type), body: &request.body };
    let exchange = transcript.exchange(took, asked, got.as_ref().map_err(String::as_str));
    Sent { got, took, exchange }
}

/// The body in parts over a bare connection; HTTP/1.0, so that the answer ends with the connection.
async fn drip(server: &LocalUrl, url: &str, content_type: &str, body: &[u8]) -> std::io::Result<Got> {
    let host = server.host_and_port();
    let target = url.trim_start_matches("http://").trim_start_matches(&host);
    let mut stream = TcpStream::connect(&host).await?;
    stream.set_nodelay(true)?;
    let length = body.len();
    let head = format!(
        "POST {target} HTTP/1.0\r\nHost: {host}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    for part in drips(body) {
        tokio::time::sleep(DRIP_EVERY).await;
        stream.write_all(part).await?;
    }
    let mut answer = Vec::new();
    while !is_whole(&answer) && answer.len() < ANSWER_BYTES_MAX {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    read(&answer).ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidData, "no HTTP answer"))
}

/// Whether as much has come as the head promises. Without a promise the answer ends with the connection.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head_ends) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..head_ends]).to_ascii_lowercase();
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() - head_ends - 4 >= length)
}

fn drips(body: &[u8]) -> std::slice::Chunks<'_, u8> {
    body.chunks(body.len().div_ceil(DRIPS).max(1))
}

fn read(answer: &[u8]) -> Option<Got> {
    let head_ends = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..head_ends]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let content_type = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, kind)| kind.trim().to_owned());
    Some(Got { status, content_type, body: answer[head_ends + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_answer_is_read() {
        let got = read(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}").unwrap();
        assert_eq!(
            (got.status, got.content_type.as_deref(), got.body),
            (200, Some("application/json"), b"{}".to_vec())
        );
        assert_eq!(read(b"garbage"), None);
        let promised = |body: &str| is_whole(format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{body}").as_bytes());
        assert!(!promised("one") && promised("four"));
        assert!(!is_whole(b"HTTP/1.0 200 OK\r\n\r\nuntil the end") && !is_whole(b"HTTP/1.1 200 OK\r\ncontent-le"));
    }
}
