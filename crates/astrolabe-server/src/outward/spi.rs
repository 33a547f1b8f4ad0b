//! A call to an app by the SPI rule (white paper §6.6, §7): its address, signature, and what the reply says.

use std::time::Duration;

use astrolabe_core::time::Millis;
use astrolabe_protocol::spi::{self, SpiBody, SpiCaller};
use astrolabe_protocol::{EpochMs, Fields, Method, Secret};
use astrolabe_store::{AppRow, BodyKind, SpiAddress};

use crate::app::App;
use crate::outward::dial::Post;
use crate::outward::meaning::{Meaning, Spoken};

/// How long an attempt may take where the address does not say: shorter than a lease, so that a call is never under way
/// twice on account of a slow receiver.
const ANSWER_WITHIN_MS: u64 = 8_000;

/// One call to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpiCall<'a> {
    pub(crate) app: &'a AppRow,
    pub(crate) address: &'a SpiAddress,
    /// Instead of the address's own.
    pub(crate) body: Option<BodyKind>,
    pub(crate) method: &'static Method,
    pub(crate) fields: &'a Fields,
}

/// Makes one attempt.
pub(crate) async fn call_app(app: &App, call: SpiCall<'_>) -> Spoken {
    let app_key = astrolabe_protocol::AppKey::new(call.app.key.0.clone());
    let secret = Secret::new(call.app.secret.clone());
    let headers: Vec<(String, String)> =
        call.address.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let caller = SpiCaller { app_key: &app_key, secret: &secret, signed_headers: &headers };
    let body = match call.body.unwrap_or(call.address.body) {
        BodyKind::Form => SpiBody::Form,
        BodyKind::Json => SpiBody::Json,
    };
    let started_at = app.clock.now();
    let request = spi::build(call.method, call.fields, &caller, body, EpochMs(started_at.0));
    let within = call.address.within_ms.and_then(|within| u64::try_from(within).ok()).unwrap_or(ANSWER_WITHIN_MS);
    let post = Post {
        url: request.url(&call.address.url),
        content_type: request.content_type,
        headers: request.headers,
        body: request.body,
        within: Duration::from_millis(within),
    };
    let dialled = app.dialer.post(&post).await;
    let took = Millis(app.clock.now().0 - started_at.0);
    let (meaning, reply) = match (&dialled.failure, &dialled.got) {
        (Some(failure), _) => (Meaning::Failed(failure.clone()), None),
        (None, Some(got)) => match spi::parse_reply(call.method, got.content_type(), &got.body) {
            Ok(reply) => (Meaning::Said { code: reply.code.clone(), message: reply.message.clone() }, Some(reply)),
            Err(error) => (Meaning::Unreadable(error.to_string()), None),
        },
        (None, None) => (Meaning::Unreadable("nothing came back".to_owned()), None),
    };
    let exchange = Spoken::exchange(&post, &dialled, &meaning);
    Spoken { method: call.method.name, meaning, reply, exchange, started_at, took }
}
