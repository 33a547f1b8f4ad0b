//! Pushing orders into apps' databases (订单推送库): who is registered for it, and the calls that a push follows.

use serde::{Deserialize, Serialize};

use crate::ids::{AppKey, Oid, OutwardId, Tid};
use crate::outward::{Message, OutwardState};
use crate::time::Timestamp;

/// That a seller's trades are pushed into one of an app's databases. Kept when it is deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushUser {
    pub app: AppKey,
    pub rds_name: String,
    /// Days of history to push at first; `None`: none.
    pub history_days: Option<i64>,
    pub topics: Option<String>,
    pub deleted: bool,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// The first attempt at a call that a push follows, whatever came of it (§6.6.1, §6.6.4, §3.3: the call is made first,
/// then the row is written).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstAttempt {
    pub id: OutwardId,
    pub tid: Tid,
    pub state: OutwardState,
    /// Who was called.
    pub app: AppKey,
    pub call: PushedAfter,
    /// The apps whose databases the answer names (方式一); empty where it names none or is not listened to (方式二).
    pub named: Vec<AppKey>,
}

/// A call that a push follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PushedAfter {
    Allocate,
    Allocations,
    Refund { sub_orders: Vec<Oid> },
}

impl PushedAfter {
    /// What the message is followed by, if by anything.
    pub fn of(message: &Message) -> Option<Self> {
        match message {
            Message::AskAllocation => Some(Self::Allocate),
            Message::TellAllocations { .. } => Some(Self::Allocations),
            Message::TellRefund { sub_orders, .. } => Some(Self::Refund { sub_orders: sub_orders.clone() }),
            Message::QueryAllocation
            | Message::TellAccepted { .. }
            | Message::TellRefused { .. }
            | Message::TellShipped { .. }
            | Message::ConsignToChannel { .. }
            | Message::AskCancel { .. }
            | Message::TellHandoverCode { .. }
            | Message::TellFact(_)
            | Message::PushTrade
            | Message::PushRefund { .. } => None,
        }
    }
}

/// A place in a seller's trades, newest changed first: those changed since, before this one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct HistoryPlace {
    pub since: Timestamp,
    pub before: (Timestamp, Tid),
}
