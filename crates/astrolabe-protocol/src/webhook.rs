//! Signatures of webhooks, by the Standard Webhooks rule: HMAC-SHA256 over `id.timestamp.body`, in base64, so that a
//! merchant's system checks them with a library it has. Both ends are here; what a body says is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The header that names a message; a repeat carries the same.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the second at which this attempt was signed.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// What a secret's text begins with; base64 of the key follows.
const SECRET_PREFIX: &str = "whsec_";
/// Key lengths that the rule allows, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The key both ends share. Its `Debug` never shows it.
#[derive(Clone)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// Reads `whsec_` and base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// A sentence for the field that holds it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str = "must be whsec_ and base64 of 24 to 64 bytes";
        let key = text.strip_prefix(SECRET_PREFIX).and_then(|key| STANDARD.decode(key).ok()).ok_or(PROBLEM)?;
        if KEY_BYTES.contains(&key.len()) { Ok(Self(key)) } else { Err(PROBLEM) }
    }

    /// The text of a key that was made.
    #[must_use]
    pub fn text_of(key: &[u8; 32]) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(key))
    }

    /// The signature header's value.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// Whether a signature header, which may list several signatures, has ours. The receiver also refuses timestamps
    /// that are far from its clock.
    #[must_use]
    pub fn verify(&self, id: &str, timestamp_s: i64, body: &[u8], header: &str) -> bool {
        let computed = self.sign(id, timestamp_s, body);
        header.split(' ').any(|given| given.as_bytes().ct_eq(computed.as_bytes()).into())
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_other_libraries_compute() {
        // Computed with Python's hmac and base64 over "msg_1.1700000000.{\"a\":1}" and the key 00 01 … 1f.
        let key: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let secret = WebhookSecret::parse(&WebhookSecret::text_of(&key)).unwrap();
        let body = br#"{"a":1}"#;
        let header = secret.sign("msg_1", 1_700_000_000, body);
        assert_eq!(header, "v1,AMaOha7DUT/0J0JMycRuYOBSvbx3WtwLd2khXXbaVj4=");
        assert!(secret.verify("msg_1", 1_700_000_000, body, &format!("v1,other {header}")));
        for (id, at, body) in
            [("msg_2", 1_700_000_000, body), ("msg_1", 1_700_000_001, body), ("msg_1", 1_700_000_000, br#"{"a":2}"#)]
        {
            assert!(!secret.verify(id, at, body, &header), "{id} {at}");
        }
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        for text in ["", "whsec_", "whsec_AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "whsec_%%%"] {
            assert!(WebhookSecret::parse(text).is_err(), "{text}");
        }
    }
}
