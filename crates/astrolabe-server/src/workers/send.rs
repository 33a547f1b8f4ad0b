//! One attempt at a call outward: address, signature, HTTP, and what the answer means.

use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::ids::{AppKey, ChannelId};
use astrolabe_core::outward::{Message, Receiver};
use astrolabe_protocol::client::{self, Credentials, Outgoing, Shape};
use astrolabe_protocol::spi::{self, SpiBody, SpiCaller, SpiReply};
use astrolabe_protocol::{EpochMs, Secret, catalogue};
use astrolabe_store::DueOutward;

use crate::app::App;
use crate::workers::addresses::{GuardedResolver, check_url};
use crate::workers::attempts::Ending;
use crate::workers::render;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// As a whole; shorter than a lease, so that a call is never under way twice on account of a slow receiver.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// An answer longer than this is not read on.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Idle connections kept for a receiver.
const IDLE_PER_HOST: usize = 32;
/// Most of a foreign message that is kept.
const ERROR_CHARS_MAX: usize = 200;

/// What one attempt brought.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) ending: Ending,
    /// A readable answer of an ISV, when it was one.
    pub(super) reply: Option<SpiReply>,
}

impl From<Ending> for Sent {
    fn from(ending: Ending) -> Self {
        Self { ending, reply: None }
    }
}

/// The HTTP client for calls outward: no redirects, no proxy, guarded addresses.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    client: Option<reqwest::Client>,
    allow_private: bool,
}

impl Sender {
    pub(super) fn new(allow_private: bool) -> Self {
        // A provider may be installed already, by a test or by the program; either one serves.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver { allow_private }))
            .user_agent(concat!("astrolabe/", env!("CARGO_PKG_VERSION")))
            .build();
        if let Err(error) = &client {
            tracing::error!(%error, "no HTTP client; calls outward will fail and be retried");
        }
        Self { client: client.ok(), allow_private }
    }

    /// Makes one attempt.
    pub(super) async fn send(&self, app: &App, call: &DueOutward) -> Sent {
        match &call.outward.receiver {
            Receiver::App(key) => self.send_spi(app, call, key).await,
            Receiver::Channel(channel) => self.send_channel(app, call, *channel).await.into(),
        }
    }

    async fn send_spi(&self, app: &App, call: &DueOutward, key: &AppKey) -> Sent {
        let directory = app.directory.get();
        let Some(entry) = directory.app(key) else { return Ending::NoAddress.into() };
        let spi_address = &entry.row.spi;
        let registered = if spi_address.use_test { &spi_address.test } else { &spi_address.online };
        let Some(address) = registered else { return Ending::NoAddress.into() };
        let nick = directory.seller(call.seller).map(|seller| seller.nick.clone()).unwrap_or_default();
        let (name, fields) = match render::spi_call(app, call.seller, &nick, &call.outward).await {
            Ok(Some(rendered)) => rendered,
            Ok(None) => return Ending::Refused("not a call to an app".to_owned()).into(),
            Err(error) => return Ending::Unreachable(error.to_string()).into(),
        };
        let Some(method) = catalogue::find_outward(name) else {
            return Ending::Refused(format!("{name} is not in the catalogue")).into();
        };
        let app_key = astrolabe_protocol::AppKey::new(key.0.clone());
        let secret = Secret::new(entry.row.secret.clone());
        let caller = SpiCaller { app_key: &app_key, secret: &secret, signed_headers: &[] };
        let now = EpochMs(app.clock.now().0);
        let request = spi::build(method, &fields, &caller, SpiBody::Form, now);
        let (content_type, body) = match self.post(&request.url(address), request.content_type, request.body).await {
            Ok(answer) => answer,
            Err(ending) => return ending.into(),
        };
        match spi::parse_reply(method, content_type.as_deref(), &body) {
            Ok(reply) => Sent { ending: judge(&reply.code, &reply.message), reply: Some(reply) },
            Err(error) => Ending::Unreachable(shorten(&error.to_string())).into(),
        }
    }

    async fn send_channel(&self, app: &App, call: &DueOutward, channel: ChannelId) -> Ending {
        let directory = app.directory.get();
        let Some(row) = directory.channel_of(call.seller, channel) else { return Ending::NoAddress };
        let (Some(endpoint), Some(key), Some(secret)) = (&row.endpoint, &row.app_key, &row.secret) else {
            return Ending::NoAddress;
        };
        let Some((name, fields)) = render::channel_call(&call.outward) else {
            return Ending::Refused("not a call to a channel".to_owned());
        };
        let Some(method) = catalogue::find_outward(name) else {
            return Ending::Refused(format!("{name} is not in the catalogue"));
        };
        let credentials = Credentials {
            app_key: astrolabe_protocol::AppKey::new(key.0.clone()),
            secret: Secret::new(secret.clone()),
            session: row.session.clone(),
            customer_id: None,
        };
        let outgoing = Outgoing::new(method, &fields, Shape::TopJson);
        let request = client::build(&outgoing, &credentials, EpochMs(app.clock.now().0));
        let url = format!("{endpoint}?{}", request.query);
        let body = match self.post(&url, request.content_type, request.body).await {
            Ok((_content_type, body)) => body,
            Err(ending) => return ending,
        };
        match client::parse_answer(method, &outgoing.style(), &body) {
            Ok(_answer) => Ending::Delivered,
            Err(client::ClientError::Refused { code, message, sub_code, .. }) => {
                // The channel's words might repeat the code: they are not kept.
                let secret = matches!(call.outward.message, Message::TellHandoverCode { .. });
                judge(sub_code.as_deref().unwrap_or(&code), if secret { "" } else { &message })
            }
            Err(error) => Ending::Unreachable(shorten(&error.to_string())),
        }
    }

    async fn post(
        &self,
        url: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<(Option<String>, Vec<u8>), Ending> {
        let url = check_url(url, self.allow_private).map_err(|refused| Ending::Refused(refused.to_string()))?;
        let Some(client) = &self.client else { return Err(Ending::Unreachable("no HTTP client".to_owned())) };
        let unreachable = |error: reqwest::Error| Ending::Unreachable(describe(&error));
        let mut answer = client
            .post(url)
            .header(reqwest::header::CONTENT_TYPE, content_type)
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(Ending::Unreachable(format!("HTTP {}", answer.status().as_u16())));
        }
        let header = answer.headers().get(reqwest::header::CONTENT_TYPE);
        let content_type = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(Ending::Unreachable(format!("answer longer than {ANSWER_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok((content_type, bytes))
    }
}

/// What a readable answer means: `0` is success, `5xx` and `isp.*` ask for patience, anything else is a no.
fn judge(code: &str, message: &str) -> Ending {
    let said = shorten(&format!("{code} {message}"));
    if code == "0" {
        Ending::Delivered
    } else if code.starts_with("isp.") || (code.len() == 3 && code.starts_with('5')) {
        Ending::Fault(said)
    } else {
        Ending::Refused(said)
    }
}

/// The kind of failure, without the URL: its query holds a signature.
fn describe(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "time-out"
    } else if error.is_connect() {
        "connection failed"
    } else if error.is_body() || error.is_decode() {
        "answer broke off"
    } else {
        "request failed"
    };
    kind.to_owned()
}

fn shorten(text: &str) -> String {
    text.chars().take(ERROR_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_they_should() {
        let table = [
            ("0", "delivered"),
            ("500", "fault"),
            ("503", "fault"),
            ("isp.remote-service-timeout", "fault"),
            ("5", "refused"),
            ("50", "refused"),
            ("5000", "refused"),
            ("isv.invalid-parameter", "refused"),
            ("sign-check-failure", "refused"),
        ];
        for (code, expected) in table {
            let judged = match judge(code, "m") {
                Ending::Delivered => "delivered",
                Ending::Fault(_) => "fault",
                Ending::Refused(_) => "refused",
                Ending::Unreachable(_) | Ending::NoAddress => "other",
            };
            assert_eq!(judged, expected, "{code}");
        }
    }
}
