//! Requests as they stand on the wire, signed by hand around any body: what tests change, break and weigh.

use astrolabe_protocol::pairs::{self, Charset, Pairs};
use astrolabe_protocol::sign::{self, SignMethod};
use astrolabe_protocol::{Call, Door, Envelope, EpochMs, Incoming, Secret, WireError};

/// When every request here is sent and received.
pub(crate) const NOW: EpochMs = EpochMs(1_474_509_600_000);
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn secret() -> Secret {
    Secret::new("helloworld")
}

/// One request, as a server reads it.
#[derive(Debug, Clone)]
pub(crate) struct OnWire {
    pub(crate) door: Door,
    pub(crate) query: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
    pub(crate) multipart: Option<Pairs>,
}

impl OnWire {
    /// A call of `method` with that body. A body that cannot be read as the form it says to be is signed as none.
    pub(crate) fn signed(door: Door, method: &str, signing: SignMethod, content_type: &str, body: Vec<u8>) -> Self {
        let mut query: Pairs = [
            ("method", method),
            ("app_key", "12345678"),
            ("session", "test-session"),
            ("timestamp", "2016-09-22 10:00:00"),
            ("v", "2.0"),
            ("sign_method", signing.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        let is_form = door != Door::Qimen && content_type.starts_with(FORM);
        let charset = Charset::of_content_type(Some(content_type)).expect("a charset of the wire");
        let form = if is_form { pairs::parse(&body, charset).unwrap_or_default() } else { Pairs::new() };
        let signed: Pairs = query.iter().chain(&form).cloned().collect();
        let sign = sign::sign(signing, &secret(), &signed, (!is_form).then_some(&body[..]));
        query.push((sign::SIGN.to_owned(), sign));
        let query = pairs::write_query(&query);
        Self { door, query, content_type: content_type.to_owned(), body, multipart: None }
    }

    pub(crate) fn incoming(&self) -> Incoming<'_> {
        Incoming {
            door: self.door,
            query: &self.query,
            content_type: Some(&self.content_type),
            body: &self.body,
            multipart: self.multipart.as_deref(),
        }
    }

    /// All of a server's steps: parse, verify, decode.
    pub(crate) fn serve(&self) -> Result<Call, WireError> {
        let envelope = Envelope::parse(&self.incoming()).map_err(|refused| refused.error)?;
        envelope.verify(&secret(), NOW)?;
        envelope.decode(&|_| false)
    }
}
