//! Signatures: the TOP / Qimen rule with three methods, and the SPI rule (MD5 only).
//!
//! Pure over decoded pairs. It knows neither which pairs a method defines nor the clock: because the base string joins
//! names and values without separators, the caller must have refused duplicates and empty names ([`crate::pairs`]) and must
//! still refuse parameters that the method does not define ([`crate::request::Envelope::decode`]).
//!
//! One thing the published rule cannot show: a whole parameter that was swallowed by the text before it (`a=1&b=2` sent as `a=1b2`)
//! signs alike and defines nothing new. Who can do that has seen a signed request; what the swallowed one meant is bounded by
//! the method's needs, and that a call has one effect by its key.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::Secret;

/// The parameter that carries the signature and is never signed itself.
pub const SIGN: &str = "sign";

/// A published `sign_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignMethod {
    /// `md5(secret + kv + body + secret)`.
    Md5,
    /// HMAC-MD5 keyed with the secret over `kv + body`.
    Hmac,
    /// HMAC-SHA256 keyed with the secret over `kv + body`.
    HmacSha256,
}

impl SignMethod {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Md5, Self::Hmac, Self::HmacSha256];

    /// The text on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Hmac => "hmac",
            Self::HmacSha256 => "hmac-sha256",
        }
    }

    /// Reads the text on the wire, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text))
    }
}

/// The key-value part of the base string: pairs sorted by name, joined without separators, without `sign`.
#[must_use]
pub fn base_string(pairs: &[(String, String)]) -> String {
    base_pieces(pairs).concat()
}

/// The base string before it is joined: digests take it piece by piece, so that a long request is not copied to be signed.
fn base_pieces(pairs: &[(String, String)]) -> Vec<&str> {
    let mut signed: Vec<&(String, String)> = pairs.iter().filter(|(name, _)| name != SIGN).collect();
    signed.sort_by(|a, b| a.0.cmp(&b.0));
    signed.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect()
}

/// Signs a TOP or Qimen request: upper-case hex. `body` is the raw body where there is one that is no form.
#[must_use]
pub fn sign(method: SignMethod, secret: &Secret, pairs: &[(String, String)], body: Option<&[u8]>) -> String {
    let base = base_pieces(pairs);
    let parts = base.iter().map(|piece| piece.as_bytes()).chain(body);
    match method {
        SignMethod::Md5 => md5_hex(std::iter::once(secret.bytes()).chain(parts).chain([secret.bytes()])),
        SignMethod::Hmac => {
            let mut mac = Hmac::<Md5>::new_from_slice(secret.bytes()).expect("HMAC takes a key of any length");
            parts.for_each(|part| mac.update(part));
            hex(&mac.finalize().into_bytes())
        }
        SignMethod::HmacSha256 => {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("HMAC takes a key of any length");
            parts.for_each(|part| mac.update(part));
            hex(&mac.finalize().into_bytes())
        }
    }
}

/// Signs an SPI call, platform to ISV (`wire.md` §2): MD5 over query, form fields and the headers that `top-sign-list` names,
/// with a raw body appended. The caller brings all of these as pairs.
#[must_use]
pub fn sign_spi(secret: &Secret, pairs: &[(String, String)], body: Option<&[u8]>) -> String {
    sign(SignMethod::Md5, secret, pairs, body)
}

/// What the Java client of 2012 computes when it sends no `sign_method`: `md5(secret + kv)`, no trailing secret.
///
/// A digest of that form can be extended by someone who has seen one, but only with MD5's padding byte `0x80` right after
/// the signed text. A base string is UTF-8 made from strictly decoded pairs, where no character begins with `0x80`, so no
/// extension can be sent. With a raw body it could: callers must not use this rule there.
#[must_use]
pub fn sign_legacy(secret: &Secret, pairs: &[(String, String)]) -> String {
    md5_hex(std::iter::once(secret.bytes()).chain(base_pieces(pairs).iter().map(|piece| piece.as_bytes())))
}

/// Whether two hex signatures are the same, whatever their case, in time that depends on the lengths only.
#[must_use]
pub fn same(computed: &str, received: &str) -> bool {
    let (computed, received) = (computed.to_ascii_uppercase(), received.to_ascii_uppercase());
    computed.as_bytes().ct_eq(received.as_bytes()).into()
}

fn md5_hex<'p>(parts: impl Iterator<Item = &'p [u8]>) -> String {
    let mut digest = Md5::new();
    parts.for_each(|part| digest.update(part));
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
