//! How long each hop of an order may take, per merchant and per location, and the ladder that is climbed when it takes
//! longer. Times and shares only: what a rung does is `decide::hops`'s.

use serde::{Deserialize, Serialize};

use crate::order::assignment::AssignmentState;
use crate::time::{Millis, Timestamp};

/// A stretch of an assignment's way that somebody is waited for on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// A store answers an offer.
    Accept,
    /// Accepted, or offered to a warehouse: it is shipped.
    Ship,
    /// A store says that a pickup lies ready.
    Confirm,
    /// A pickup's goods come from elsewhere.
    Transfer,
    /// The buyer collects a pickup that lies ready.
    Collect,
    /// A location says whether the goods can still be stopped.
    AnswerCancel,
    /// Goods come back.
    ReceiveReturn,
}

/// What a location is given instead of the merchant's usual times.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnDeadlines {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_within_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_within_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_within_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_within_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collect_within_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_cancel_within_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_return_within_ms: Option<Millis>,
}

/// When the rungs of the ladder are reached, in percent of a hop's time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ladder {
    /// The location is warned; 0 never.
    pub warn_percent: u16,
    /// An exception opens. Below 100 counts as 100: the merchant is told at the deadline, and this is not before it.
    pub exception_percent: u16,
}

/// A step of the ladder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    Warn,
    /// The deadline itself: an offer goes elsewhere, everything else is told to the merchant.
    Late,
    /// A person has to look.
    Exception,
}

/// A hop that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HopClock {
    /// When it began.
    pub from: Timestamp,
    /// The highest rung that was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Rung>,
}

impl Rung {
    /// All of them, as they are climbed.
    pub const ALL: [Rung; 3] = [Rung::Warn, Rung::Late, Rung::Exception];
}

impl Default for Ladder {
    fn default() -> Self {
        Self { warn_percent: 50, exception_percent: 100 }
    }
}

impl Ladder {
    /// The share of a hop's time at which a rung is reached; `None` where it never is.
    pub fn percent(self, rung: Rung) -> Option<u16> {
        match rung {
            Rung::Warn => Some(self.warn_percent).filter(|percent| (1..100).contains(percent)),
            Rung::Late => Some(100),
            Rung::Exception => Some(self.exception_percent.max(100)),
        }
    }
}

/// A share of a time.
pub fn share(of: Millis, percent: u16) -> Millis {
    Millis(of.0.saturating_mul(i64::from(percent)) / 100)
}

impl Hop {
    /// What an assignment in this state waits for; `None` where nothing is pending.
    pub fn of(state: &AssignmentState, warehouse: bool, pickup: bool) -> Option<Self> {
        match state {
            // A warehouse only has to ship.
            AssignmentState::Notified if warehouse => Some(Hop::Ship),
            AssignmentState::Notified if pickup => Some(Hop::Confirm),
            AssignmentState::Notified => Some(Hop::Accept),
            AssignmentState::Accepted => Some(Hop::Ship),
            AssignmentState::Transferring => Some(Hop::Transfer),
            AssignmentState::Confirmed => Some(Hop::Collect),
            AssignmentState::CancelRequested { .. } => Some(Hop::AnswerCancel),
            AssignmentState::ReturnRequested { .. } => Some(Hop::ReceiveReturn),
            AssignmentState::CancelDenied { .. }
            | AssignmentState::Collected
            | AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Unanswered
            | AssignmentState::Withdrawn
            | AssignmentState::Cancelled
            | AssignmentState::Closed => None,
        }
    }

    /// A number that tells hops apart on one assignment's timeline.
    pub fn number(self) -> i64 {
        match self {
            Hop::Accept => 1,
            Hop::Ship => 2,
            Hop::Confirm => 3,
            Hop::Transfer => 4,
            Hop::Collect => 5,
            Hop::AnswerCancel => 6,
            Hop::ReceiveReturn => 7,
        }
    }

    /// The stable name on timelines, in APIs and pages.
    pub fn name(self) -> &'static str {
        match self {
            Hop::Accept => "accept",
            Hop::Ship => "ship",
            Hop::Confirm => "confirm",
            Hop::Transfer => "transfer",
            Hop::Collect => "collect",
            Hop::AnswerCancel => "answer_cancel",
            Hop::ReceiveReturn => "receive_return",
        }
    }

    /// Whether the time only runs while the location is open. A buyer comes when he likes, and a parcel travels at night.
    pub fn runs_in_opening_hours(self) -> bool {
        match self {
            Hop::Accept | Hop::Ship | Hop::Confirm | Hop::AnswerCancel => true,
            Hop::Transfer | Hop::Collect | Hop::ReceiveReturn => false,
        }
    }
}

impl OwnDeadlines {
    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The location's own time for a hop.
    pub fn of(&self, hop: Hop) -> Option<Millis> {
        match hop {
            Hop::Accept => self.accept_within_ms,
            Hop::Ship => self.ship_within_ms,
            Hop::Confirm => self.confirm_within_ms,
            Hop::Transfer => self.transfer_within_ms,
            Hop::Collect => self.collect_within_ms,
            Hop::AnswerCancel => self.answer_cancel_within_ms,
            Hop::ReceiveReturn => self.receive_return_within_ms,
        }
    }
}
