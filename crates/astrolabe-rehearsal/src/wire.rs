//! Calls to the platform over its doors, and the one HTTP client all stand-ins share. It speaks plain HTTP to this machine
//! only, follows no redirect, uses no proxy, and repeats nothing on its own: callers who may repeat say so.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_protocol::catalogue::{Found, find_inward};
use astrolabe_protocol::client::{ClientError, Credentials, Outgoing, Shape, Signing, build, parse_answer};
use astrolabe_protocol::{Answer, AppKey, Door, Fields, Method, Secret};
use serde_json::Value;

use crate::clock;
use crate::ids::SellerId;

/// How long a call may take: the platform promises an answer within 10 s.
const CALL_WITHIN: Duration = Duration::from_secs(15);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Attempts of a call whose outcome is unknown.
const ATTEMPTS_MAX: u32 = 5;
/// Pause before the second attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The http or https address of a server or of one of its doors, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A text that is no such address. It is not repeated: there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an address is http or https with a host, and without a user, a password or a fragment")]
pub struct NotAnAddress;

impl BaseUrl {
    /// Takes an address.
    ///
    /// # Errors
    /// [`NotAnAddress`].
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let url = reqwest::Url::parse(text).map_err(|_| NotAnAddress)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let callable = matches!(url.scheme(), "http" | "https") && url.has_host();
        if plain && callable { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(NotAnAddress) }
    }

    /// The address with a path or query after it.
    #[must_use]
    pub fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.0)
    }

    /// Host and port, for a bare TCP connection; `None` where one would not do (https).
    #[must_use]
    pub fn host_and_port(&self) -> Option<String> {
        let host = self.0.strip_prefix("http://")?.split(['/', '?']).next().unwrap_or_default();
        Some(if reqwest::Url::parse(&self.0).ok()?.port().is_some() { host.to_owned() } else { format!("{host}:80") })
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No HTTP answer, or one that is none of ours: whether the call was done is unknown.
    #[error("no answer: {0}")]
    Unknown(String),
    /// The platform is busy and did nothing (platform error 10, 7 or `isp.*`): worth a repeat.
    #[error("busy: {0}")]
    Busy(String),
    /// The platform refused.
    #[error("refused ({code}): {message}")]
    Refused {
        /// `sub_code`, else `code`.
        code: String,
        /// What it says.
        message: String,
    },
    /// The method is not in the catalogue.
    #[error("there is no method {0}")]
    NoSuchMethod(String),
}

impl CallError {
    /// Whether a repeat may bring another outcome.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unknown(_) | Self::Busy(_) => true,
            Self::Refused { .. } | Self::NoSuchMethod(_) => false,
        }
    }
}

/// The HTTP client.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

impl Http {
    /// Builds it.
    ///
    /// # Errors
    /// What the HTTP library says when it cannot start.
    pub fn new() -> Result<Self, CallError> {
        // The library builds no client without a provider, even for plain http; a second installation changes nothing.
        if rustls::crypto::CryptoProvider::get_default().is_none()
            && rustls::crypto::ring::default_provider().install_default().is_err()
        {
            tracing::debug!("another thread installed the crypto provider first");
        }
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(CALL_WITHIN)
            .connect_timeout(CONNECT_WITHIN)
            .tcp_nodelay(true)
            .build()
            .map(Self)
            .map_err(|error| CallError::Unknown(said(error)))
    }

    /// POSTs a body and gives status and answer.
    ///
    /// # Errors
    /// [`CallError::Unknown`].
    pub async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<(u16, Vec<u8>), CallError> {
        let request = headers.iter().fold(self.0.post(url), |request, (name, value)| request.header(name, value));
        finish(request.header("content-type", content_type).body(body)).await
    }

    /// Sends a request as it stands and gives the reply as it came.
    ///
    /// # Errors
    /// [`CallError::Unknown`].
    pub async fn exchange(
        &self,
        verb: reqwest::Method,
        url: &str,
        headers: &[(String, String)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Got, CallError> {
        let unknown = |error: reqwest::Error| CallError::Unknown(said(error));
        let request = self.0.request(verb, url).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send().await.map_err(unknown)?;
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let content_type = content_type.map(str::to_owned);
        let body = response.bytes().await.map_err(unknown)?.to_vec();
        Ok(Got { status, content_type, body })
    }

    /// Speaks REST with a bearer token: JSON out, JSON in.
    ///
    /// # Errors
    /// [`CallError`]; `Refused` carries `error.code` and `error.message`.
    pub async fn rest(&self, verb: Verb, url: &str, token: &str, body: Option<&Value>) -> Result<Value, CallError> {
        let request = match verb {
            Verb::Get => self.0.get(url),
            Verb::Post => self.0.post(url),
            Verb::Delete => self.0.delete(url),
        };
        let request = request.bearer_auth(token);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let (status, bytes) = finish(request).await?;
        rest_answer(status, &bytes)
    }
}

/// A reply as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// The HTTP status.
    pub status: u16,
    /// The Content-Type header.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The verb of a REST call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Takes away.
    Delete,
}

/// The error without the address: a query holds a session.
fn said(error: reqwest::Error) -> String {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

async fn finish(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), CallError> {
    let unknown = |error: reqwest::Error| CallError::Unknown(said(error));
    let response = request.send().await.map_err(unknown)?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(unknown)?;
    Ok((status, body.to_vec()))
}

fn rest_answer(status: u16, bytes: &[u8]) -> Result<Value, CallError> {
    let json: Option<Value> = serde_json::from_slice(bytes).ok();
    if (200..300).contains(&status) {
        return Ok(json.unwrap_or(Value::Null));
    }
    let said = |name: &str| json.as_ref().and_then(|json| json["error"][name].as_str()).unwrap_or_default().to_owned();
    match status {
        429 | 503 => Err(CallError::Busy(said("message"))),
        500..=599 => Err(CallError::Unknown(format!("status {status} {}", said("message")))),
        _ => Err(CallError::Refused { code: format!("{status} {}", said("code")), message: said("message") }),
    }
}

/// An app's connection to one server for one seller.
#[derive(Debug, Clone)]
pub struct Connector {
    http: Http,
    server: BaseUrl,
    credentials: Credentials,
    signing: Signing,
    attempts_max: u32,
    mischief: Option<Arc<dyn Mischief>>,
}

/// What a call brings.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>>;

/// Who makes a connector's calls in its place, watching them, or making some wrong on purpose.
pub trait Mischief: std::fmt::Debug + Send + Sync {
    /// Makes one call.
    fn call<'a>(&'a self, connector: &'a Connector, called: Called<'a>) -> Calling<'a>;
}

/// One call to make: by name, in a shape, with these fields.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// The method, by any of its names.
    pub name: &'a str,
    /// The shape.
    pub shape: Shape,
    /// The fields.
    pub fields: &'a Fields,
}

impl Connector {
    /// With the app's key and secret and the seller's session.
    #[must_use]
    pub fn new(http: Http, server: BaseUrl, app_key: AppKey, secret: Secret, session: &str, seller: SellerId) -> Self {
        let credentials =
            Credentials { app_key, secret, session: Some(session.to_owned()), customer_id: Some(seller.to_string()) };
        let signing = Signing::default();
        Self { http, server, credentials, signing, attempts_max: ATTEMPTS_MAX, mischief: None }
    }

    /// The same app, its calls made by somebody else.
    #[must_use]
    pub fn with_mischief(mut self, mischief: Arc<dyn Mischief>) -> Self {
        self.mischief = Some(mischief);
        self
    }

    /// The same app, giving up after so many attempts.
    #[must_use]
    pub fn with_attempts(mut self, attempts_max: u32) -> Self {
        self.attempts_max = attempts_max;
        self
    }

    /// Who calls.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The same app with another secret: for rehearsing a wrong signature.
    #[must_use]
    pub fn with_secret(mut self, secret: Secret) -> Self {
        self.credentials.secret = secret;
        self
    }

    /// The HTTP client below it.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The server it calls.
    #[must_use]
    pub fn server(&self) -> &BaseUrl {
        &self.server
    }

    /// One call of a method by any of its names.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(&self, name: &str, shape: Shape, fields: &Fields) -> Result<Answer, CallError> {
        if let Some(mischief) = &self.mischief {
            return mischief.call(self, Called { name, shape, fields }).await;
        }
        let Some(Found::Method(method, _)) = find_inward(name) else {
            return Err(CallError::NoSuchMethod(name.to_owned()));
        };
        let outgoing = Outgoing { called_as: name, signing: self.signing, ..Outgoing::new(method, fields, shape) };
        let request = build(&outgoing, &self.credentials, clock::now());
        let url = self.server.at(&format!("{}?{}", door_path(request.door), request.query));
        let (status, body) = self.http.post(&url, &[], request.content_type, request.body).await?;
        if status != 200 {
            return Err(CallError::Unknown(format!("status {status} at a router door")));
        }
        read(method, &outgoing, &body)
    }

    /// A call that is repeated while its outcome is unknown or the platform busy. Every writing method bears that.
    ///
    /// # Errors
    /// The last [`CallError`].
    pub async fn call_until_known(&self, name: &str, shape: Shape, fields: &Fields) -> Result<Answer, CallError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..self.attempts_max {
            match self.call(name, shape, fields).await {
                Err(error) if error.is_passing() => tokio::time::sleep(pause).await,
                outcome => return outcome,
            }
            pause *= 2;
        }
        self.call(name, shape, fields).await
    }
}

/// The answer in a body.
pub(crate) fn read(method: &'static Method, outgoing: &Outgoing<'_>, body: &[u8]) -> Result<Answer, CallError> {
    match parse_answer(method, &outgoing.style(), body) {
        Ok(answer) => Ok(answer),
        Err(ClientError::Unreadable(why)) => Err(CallError::Unknown(why)),
        Err(ClientError::Refused { code, message, sub_code }) => {
            let code = sub_code.unwrap_or(code);
            if code == "7" || code == "10" || code.starts_with("isp.") {
                Err(CallError::Busy(format!("{code} {message}")))
            } else {
                Err(CallError::Refused { code, message })
            }
        }
    }
}

/// Where a door is.
#[must_use]
pub fn door_path(door: Door) -> &'static str {
    match door {
        Door::Top => "/router/rest",
        Door::Qimen => "/router/qimen/service",
        Door::QimenCloud => "/router/qm",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_or_https_and_names_a_host() {
        let table = [
            ("http://127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("http://[::1]:9001/spi", Some("[::1]:9001")),
            ("http://isv.example.com/spi?shop=1", Some("isv.example.com:80")),
            ("https://isv.example.com/spi", None),
        ];
        for (text, bare) in table {
            assert_eq!(BaseUrl::parse(text).unwrap().host_and_port().as_deref(), bare, "{text}");
        }
        for text in ["127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://me:word@isv.example.com", "http://a/#b"] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
        assert_eq!(BaseUrl::parse("http://127.0.0.1:8080/").unwrap().at("/x"), "http://127.0.0.1:8080/x");
    }

    #[test]
    fn a_refusal_is_told_from_an_unknown_outcome() {
        assert!(rest_answer(503, b"").unwrap_err().is_passing());
        assert!(rest_answer(500, b"oops").unwrap_err().is_passing());
        let refused = rest_answer(409, br#"{"error":{"code":"illegal-move","message":"no"}}"#).unwrap_err();
        assert_eq!(refused, CallError::Refused { code: "409 illegal-move".into(), message: "no".into() });
        assert_eq!(rest_answer(204, b""), Ok(Value::Null));
    }
}
