//! One call to a party's SPI address, right or wrong on purpose, with the exchange it made.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use astrolabe_protocol::spi::{SpiBody, SpiCaller, build};
use astrolabe_protocol::{AppKey, EpochMs, Fields, Method, Secret};
use futures::{StreamExt, stream};

use super::exchange::{Asked, Exchange};
use super::transcript::Transcript;
use crate::clock;
use crate::wire::{BaseUrl, CallError, Got, Http};

/// What the platform waits for an answer.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// A trickling body comes in so many parts, with so long between them.
const DRIPS: usize = 10;
const DRIP_EVERY: Duration = Duration::from_millis(100);

/// Where a party's SPI is, and as whom it is called.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub url: BaseUrl,
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
            drip(http, &url, &headers, &request.body).await
        } else {
            http.exchange(axum::http::Method::POST, &url, &headers, request.body.clone()).await
        }
    };
    let got = match tokio::time::timeout(ANSWER_WITHIN, sending).await {
        Ok(got) => got.map_err(|error| error.to_string()),
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

/// The body in parts, its length told beforehand.
async fn drip(http: &Http, url: &str, headers: &[(String, String)], body: &[u8]) -> Result<Got, CallError> {
    let mut headers = headers.to_vec();
    headers.push(("content-length".to_owned(), body.len().to_string()));
    let parts: Vec<Vec<u8>> = drips(body).map(<[u8]>::to_vec).collect();
    let trickling = stream::iter(parts).then(|part| async {
        tokio::time::sleep(DRIP_EVERY).await;
        Ok::<_, Infallible>(part)
    });
    http.exchange(axum::http::Method::POST, url, &headers, reqwest::Body::wrap_stream(trickling)).await
}

fn drips(body: &[u8]) -> std::slice::Chunks<'_, u8> {
    body.chunks(body.len().div_ceil(DRIPS).max(1))
}
