//! Attempts at calls outward, as they went over the wire. They are what a connector's author looks at when a call failed; no
//! decision reads them, and they are forgotten by age and number.

use serde::{Deserialize, Serialize};

use astrolabe_core::ids::{OutwardId, SellerId, Tid};
use astrolabe_core::outward::Receiver;
use astrolabe_core::time::{Millis, Timestamp};

/// Tells apart attempts of one millisecond. Drawn by chance: several nodes write without asking each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AttemptId(pub i64);

/// An attempt's place in time, among those of one seller: where a page ends and the next begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AttemptKey {
    pub started_at: Timestamp,
    pub id: AttemptId,
}

/// One attempt at one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    pub seller: SellerId,
    pub receiver: Receiver,
    pub key: AttemptKey,
    /// `None`: a test call, which belongs to no order.
    pub call: Option<OutwardId>,
    pub tid: Tid,
    pub method: String,
    /// Which attempt at this call it was, from 1.
    pub number: u32,
    pub took: Millis,
    pub outcome: AttemptOutcome,
    pub exchange: Exchange,
}

/// What an attempt brought.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The receiver took it.
    Delivered,
    /// The receiver asked for patience.
    Fault,
    /// The receiver said no, or it was not sent because it may not be.
    Refused,
    /// No connection, no answer in time, a status other than 2xx, or an answer that cannot be read.
    Unreachable,
}

impl AttemptOutcome {
    /// The word for it, as in the API.
    pub fn name(self) -> &'static str {
        match self {
            AttemptOutcome::Delivered => "delivered",
            AttemptOutcome::Fault => "fault",
            AttemptOutcome::Refused => "refused",
            AttemptOutcome::Unreachable => "unreachable",
        }
    }
}

/// What was said on both sides, with secrets masked and long texts cut.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Exchange {
    pub request: SentRequest,
    /// `None`: nothing came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<GotReply>,
    /// Why it failed; empty when it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub failure: String,
}

/// A request as it was sent. It is always a POST.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SentRequest {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A reply as it was received.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct GotReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Whether the body was longer.
    #[serde(default)]
    pub cut: bool,
}

/// Whose attempts to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AttemptsOf {
    Trade(Tid),
    Receiver(Receiver),
}

/// What of a receiver's attempts is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptsKept {
    /// Older ones are forgotten.
    pub since: Timestamp,
    /// The newest so many are kept.
    pub newest: usize,
}

impl AttemptId {
    /// All are below: a number of that size survives JSON in every language.
    pub const BOUND: i64 = 1 << 53;
}
