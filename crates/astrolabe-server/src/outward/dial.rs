//! One HTTP POST to somebody else: guarded address, no redirects, no proxy, bounded in time and size.
//!
//! It knows neither signatures nor what a reply means, and never tries twice.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_protocol::pairs::Pairs;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::outward::guard::{AddressRefused, GuardedResolver, Reach, check_url};

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// A reply longer than this is not read on.
const REPLY_BYTES_MAX: usize = 1 << 20;
/// Idle connections kept for a receiver.
const IDLE_PER_HOST: usize = 32;

/// How we name ourselves.
pub(super) const USER_AGENT: &str = concat!("astrolabe/", env!("CARGO_PKG_VERSION"));

/// What to send.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) url: String,
    pub(super) content_type: &'static str,
    /// Beside Content-Type.
    pub(super) headers: Pairs,
    pub(super) body: Vec<u8>,
    /// As a whole, from the look-up of the name to the last byte of the reply.
    pub(super) within: Duration,
}

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: Pairs,
    pub(super) body: Vec<u8>,
}

/// How it went: a reply with status 2xx that was read to its end has no failure.
#[derive(Debug)]
pub(super) struct Dialled {
    pub(super) got: Option<Got>,
    pub(super) failure: Option<DialFailure>,
}

/// Why there is no reply to read. Its text never holds the URL, whose query has a signature.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum DialFailure {
    #[error("{0}")]
    Address(AddressRefused),
    #[error("no HTTP client")]
    NoClient,
    #[error("time-out")]
    TimedOut,
    #[error("connection failed: nobody listens there")]
    NobodyListens,
    #[error("connection failed: the name is not known")]
    UnknownName,
    #[error("connection failed: the name leads into a private network that allowed_networks does not name")]
    PrivateName,
    #[error("connection failed: the certificate or TLS was refused")]
    Tls,
    #[error("connection failed")]
    NotConnected,
    #[error("answer broke off")]
    BrokeOff,
    #[error("answer longer than {REPLY_BYTES_MAX} bytes")]
    TooLong,
    #[error("HTTP {0}")]
    Status(u16),
    #[error("request failed")]
    Failed,
}

/// The HTTP client for calls outward.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    client: Option<reqwest::Client>,
    reach: Arc<Reach>,
}

impl Dialer {
    /// A client that reaches the public internet and what `reach` names.
    pub(crate) fn new(reach: Reach) -> Self {
        // A provider may be installed already, by a test or by the program; either one serves.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let reach = Arc::new(reach);
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver(Arc::clone(&reach))))
            .user_agent(USER_AGENT)
            .build();
        if let Err(error) = &client {
            tracing::error!(%error, "no HTTP client; calls outward will fail and be retried");
        }
        Self { client: client.ok(), reach }
    }

    /// Where calls may go.
    pub(super) fn reach(&self) -> Arc<Reach> {
        Arc::clone(&self.reach)
    }

    /// Makes one attempt.
    pub(super) async fn post(&self, post: &Post) -> Dialled {
        match self.send(post).await {
            Ok(reply) => read(reply).await,
            Err(failure) => Dialled { got: None, failure: Some(failure) },
        }
    }

    async fn send(&self, post: &Post) -> Result<reqwest::Response, DialFailure> {
        let url = check_url(&post.url, &self.reach).map_err(DialFailure::Address)?;
        let client = self.client.as_ref().ok_or(DialFailure::NoClient)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(post.content_type));
        for (name, value) in &post.headers {
            let name = HeaderName::try_from(name).map_err(|_| DialFailure::Failed)?;
            headers.insert(name, HeaderValue::try_from(value).map_err(|_| DialFailure::Failed)?);
        }
        let request = client.post(url).headers(headers).body(post.body.clone()).timeout(post.within);
        request.send().await.map_err(|error| failure_of(&error))
    }
}

/// Reads a reply. The body of a status other than 2xx is read as far as it comes: it is only looked at.
async fn read(mut reply: reqwest::Response) -> Dialled {
    let status = reply.status();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = reply.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let mut got = Got { status: status.as_u16(), headers, body: Vec::new() };
    let mut failure = (!status.is_success()).then(|| DialFailure::Status(status.as_u16()));
    loop {
        match reply.chunk().await {
            Ok(None) => break,
            Ok(Some(piece)) if got.body.len() + piece.len() <= REPLY_BYTES_MAX => got.body.extend_from_slice(&piece),
            Ok(Some(_)) => {
                failure = failure.or(Some(DialFailure::TooLong));
                break;
            }
            Err(error) => {
                failure = failure.or_else(|| Some(failure_of(&error)));
                break;
            }
        }
    }
    Dialled { got: Some(got), failure }
}

/// The kind of failure; what lies beneath is looked at for what a person can mend.
fn failure_of(error: &reqwest::Error) -> DialFailure {
    let mut cause = beneath(error);
    while let Some(error) = cause {
        if let Some(failure) = kind_of(error) {
            return failure;
        }
        cause = beneath(error);
    }
    if error.is_timeout() {
        DialFailure::TimedOut
    } else if error.is_connect() {
        DialFailure::NotConnected
    } else if error.is_body() || error.is_decode() {
        DialFailure::BrokeOff
    } else {
        DialFailure::Failed
    }
}

/// What caused an error. An input or output error keeps quiet about what it wraps unless it is asked.
fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn kind_of(cause: &(dyn Error + 'static)) -> Option<DialFailure> {
    if cause.is::<AddressRefused>() {
        return Some(DialFailure::PrivateName);
    }
    if cause.is::<rustls::Error>() {
        return Some(DialFailure::Tls);
    }
    match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => Some(DialFailure::NobodyListens),
        // The system's resolver gives no kind of its own; these are its words.
        Some(_) if cause.to_string().starts_with("failed to lookup address") => Some(DialFailure::UnknownName),
        Some(_) | None => None,
    }
}

impl Got {
    pub(super) fn content_type(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == CONTENT_TYPE.as_str()).map(|(_, value)| value.as_str())
    }
}
