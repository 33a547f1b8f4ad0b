//! The wire of Astrolabe: TOP, classic Qimen, Qimen cloud and SPI, both ends of each.
//!
//! Bytes come in, typed values go out, and the other way round. The crate holds signing, the hardened
//! readers, the method catalogue as data, request envelopes, answers, the outward (SPI) calls and the client
//! side that stand-ins and tests use.
//!
//! It deliberately knows no business decision, storage, clock, HTTP server or HTTP client: whoever calls it
//! brings the bytes, the secret and the time. Callers: the server's gateway and outbox worker, and the rehearsal stand-ins.
//!
//! The way of a request: [`request::Envelope::parse`] → look up the secret of [`request::Envelope::app_key`] →
//! [`request::Envelope::verify`] → [`request::Envelope::decode`] → a [`request::Call`] for the handler, whose
//! [`answer::Answer`] (or [`error::WireError`]) is rendered in the [`answer::AnswerStyle`] that was asked for.

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
pub mod xml;

pub use answer::{Answer, AnswerStyle, RequestId};
pub use catalogue::Method;
pub use error::{PlatformCode, WireError};
pub use request::{Call, Door, Envelope, Incoming};
pub use time::EpochMs;
pub use value::{Fields, Value};

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
