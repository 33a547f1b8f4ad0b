//! The wire of Astrolabe: TOP, classic Qimen, Qimen cloud and SPI, both ends of each.
//!
//! Bytes come in, typed values go out, and the other way round. The crate holds signing, the hardened
//! readers, the method catalogue as data, request envelopes, answers, the outward (SPI) calls and the client
//! side that stand-ins and tests use.
//!
//! It deliberately knows no business decision, storage, clock, HTTP server or HTTP client: whoever calls it
//! brings the bytes, the secret and the time. Callers: the server's gateway and outbox worker, and the rehearsal stand-ins.
//!
//! # The protocol in short
//!
//! There are three doors, and each speaks a shape of its own ([`Door`]). All carry the same methods with the same fields; inside, a field
//! has its TOP name and a typed [`Value`], whichever shape it came in.
//!
//! | door | parameters | answer |
//! |---|---|---|
//! | TOP | a form: system parameters and fields side by side, lists and structs as JSON text | XML or JSON |
//! | Qimen | system parameters in the query, fields as an XML body | XML |
//! | Qimen cloud | system parameters in the query, fields as a form or a JSON body | JSON |
//!
//! A request names its app (`app_key`), the seller it acts for (`session`, at the Qimen doors also `customerId`), its time in GMT+8, and is
//! signed ([`sign`]): the parameters sorted by name and joined, the raw body behind them, hashed with the app's secret. The
//! platform calls an app's own address by the same rule (SPI, [`spi`]).
//!
//! A refusal has a row of the published platform table and mostly a `sub_code` ([`WireError`]). Every answer comes with HTTP status 200.
//!
//! # Where to begin
//!
//! - To call a method: [`client::Outgoing::checked`], [`client::build`], then [`client::Outgoing::answer`].
//! - To serve SPI calls: [`spi::receive`], then [`spi::reply`].
//! - To serve the doors: [`Envelope::parse`] → look up the secret of [`Envelope::app_key`] → [`Envelope::verify`] →
//!   [`Envelope::decode`] → a [`Call`] for the handler, whose [`Answer`] (or [`WireError`]) is rendered in the
//!   [`AnswerStyle`] that was asked for.
//! - To see what a method takes and answers: [`catalogue`].
//! - To compare signatures when a call is refused with 25: the example `sign`.
//!
//! The whole round, both ends of it:
//!
//! ```
//! use astrolabe_protocol::answer::RequestId;
//! use astrolabe_protocol::client::{self, Credentials, Outgoing, Shape};
//! use astrolabe_protocol::{Answer, AppKey, Envelope, EpochMs, Fields, Incoming, Secret};
//!
//! let (secret, now) = (Secret::new("helloworld"), EpochMs(1_474_509_600_000));
//! let credentials = Credentials {
//!     app_key: AppKey::new("12345678"),
//!     secret: secret.clone(),
//!     session: None,
//!     customer_id: Some("21230".to_owned()),
//! };
//!
//! // The caller builds a request, here for the Qimen door.
//! let fields = Fields::new().with("store_id", 10_001);
//! let call = Outgoing::checked("taobao.qimen.store.query", &fields, Shape::Qimen)?;
//! let request = client::build(&call, &credentials, now);
//!
//! // The platform reads, verifies, decodes and answers it.
//! let envelope = Envelope::parse(&Incoming {
//!     door: request.door,
//!     query: &request.query,
//!     content_type: Some(request.content_type),
//!     body: &request.body,
//!     multipart: None,
//! })
//! .map_err(|refused| refused.error)?;
//! envelope.verify(&secret, now)?;
//! let read = envelope.decode(&|_unknown| false)?;
//! assert_eq!(read.fields.long("store_id")?, 10_001);
//! let answer = Answer::ok().with("store_name", "文一西路店");
//! let rendered = answer.render(read.method, envelope.style(), &RequestId::new("2swi5veg6778"));
//!
//! // The caller reads the answer.
//! assert_eq!(call.answer(rendered.body.as_bytes())?.fields().text("store_name")?, "文一西路店");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

pub mod answer;
pub mod catalogue;
pub mod client;
pub mod error;
mod fields;
pub mod json;
pub mod limits;
pub mod pairs;
pub mod request;
pub mod sign;
pub mod spi;
pub mod time;
pub mod value;
pub mod webhook;
pub mod xml;

pub use answer::{Answer, AnswerStyle, RequestId};
pub use catalogue::Method;
pub use error::{PlatformCode, WireError};
pub use request::{Call, Door, Envelope, Incoming};
pub use time::EpochMs;
pub use value::{Fields, Value};

/// The README's examples run as the others do.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The public identity of a calling application (`app_key` on the wire).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppKey(String);

impl AppKey {
    /// Takes the text as it stands on the wire.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for AppKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The secret that an application shares with the platform. Its `Debug` never shows it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret text, used as UTF-8 bytes in every signature.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
