//! 例外: something that only a person can settle, with its cause, its age, who took it and how it ended.
//!
//! Data alone. [`crate::decide`] raises them, closes those whose cause is gone and lets people take, note and close them;
//! the store keeps at most one open exception of a kind about one thing, and counts what comes again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{AllocationCode, ExceptionId, LocationId, Oid, OutwardId, Tid};
use crate::stock::cell::CellKey;
use crate::time::Timestamp;

/// Notes that one exception keeps; the oldest go first.
pub const NOTES_MAX: usize = 50;
/// Characters of a note or a reason.
pub const NOTE_CHARS_MAX: usize = 500;

/// What an exception is about, by kind. Each kind says what may be done and when it ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// Nobody can serve a sub-order.
    Unfillable,
    /// The chosen store cannot hand a pickup over: a transfer, another store, or the money back.
    PickupChoice,
    /// An allocating app stays silent and the merchant wants a person to look.
    AllocatorSilent,
    /// An allocating app says that the order has left already.
    AllocatorSaysShipped,
    /// An assignment whose hold is not at its location.
    Mismatch,
    /// Accepted (or offered to a warehouse) and not shipped in time.
    ShipLate,
    /// A transfer has not come to the pickup's store in time.
    TransferLate,
    /// A pickup lies ready and the buyer has not come in time.
    CollectLate,
    /// A location does not say whether the goods can still be stopped.
    CancelUnanswered,
    /// Goods on their way back have not come in time.
    ReturnLate,
    /// The channel closed or refunded what had left.
    ShippedThoughClosed,
    /// The channel tells of a payment for what it had closed.
    PaidThoughClosed,
    /// The channel forbids to ship what a location has already.
    ForbiddenThoughAllocated,
    /// The channel changed goods that a location had accepted, or that had left.
    GoodsChanged,
    /// A call outward was given up.
    DeadLetter,
    /// A cell holds more for accepted orders than it has.
    ShortStock,
    /// The merchant's figures and ours do not agree.
    Discrepancy,
    /// Units that went out and that the merchant's reports do not contain within his report lag.
    UnreportedLate,
    /// A row of a source that cannot be read.
    BadSourceRow,
    /// The channel was asked to end what nobody served in time.
    CancelAsked,
}

/// The one thing an exception is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Trade(Tid),
    SubOrder(Tid, Oid),
    Assignment(Tid, Oid, AllocationCode),
    Call(Tid, OutwardId),
    Cell(CellKey),
    /// A row of a source that is read, by the source's name and the row's own.
    SourceRow {
        source: String,
        row: String,
    },
}

/// How far an exception is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionState {
    Open,
    /// Somebody has it.
    Taken,
    Closed,
}

/// What a person may do about an exception beside taking, noting and closing it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixAction {
    /// Route it again; with a target, there.
    Reallocate,
    /// A pickup's goods are brought to the store that the buyer chose.
    Transfer,
    /// The buyer agreed on another store.
    AnotherStore,
    /// Send a given-up call again.
    Resend,
    Hold,
    LiftHold,
    /// Ask the channel to end the sub-order and pay the buyer back.
    AskCancel,
}

/// What somebody wrote down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExceptionNote {
    pub at: Timestamp,
    pub who: String,
    pub text: String,
}

/// How an exception ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Closing {
    pub at: Timestamp,
    /// Who closed it; `None` where its cause was gone.
    pub by: Option<String>,
    pub how: String,
}

/// An exception as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exception {
    pub id: ExceptionId,
    pub kind: ExceptionKind,
    pub subject: Subject,
    /// Where, for those who look after one location.
    pub location: Option<LocationId>,
    pub state: ExceptionState,
    pub owner: Option<String>,
    pub opened_at: Timestamp,
    /// When it came up last.
    pub last_at: Timestamp,
    /// How often it came up while it was open.
    pub times: i64,
    /// The cause, as of the last time.
    pub detail: String,
    pub notes: Vec<ExceptionNote>,
    pub closing: Option<Closing>,
}

/// An exception that comes up: a new one, or one more of the same that is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Raised {
    /// The id it gets when it is new.
    pub id: ExceptionId,
    pub kind: ExceptionKind,
    pub subject: Subject,
    pub location: Option<LocationId>,
    pub detail: String,
    pub at: Timestamp,
}

/// What a group does to exceptions, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExceptionChange {
    Raised(Raised),
    /// The cause is gone: what is open of it closes.
    Gone {
        kind: ExceptionKind,
        subject: Subject,
        how: &'static str,
        at: Timestamp,
    },
    /// A person changed one that was not closed.
    Put(Exception),
}

impl ExceptionKind {
    /// All of them, in the order of the documentation.
    pub const ALL: [ExceptionKind; 20] = [
        ExceptionKind::Unfillable,
        ExceptionKind::PickupChoice,
        ExceptionKind::AllocatorSilent,
        ExceptionKind::AllocatorSaysShipped,
        ExceptionKind::Mismatch,
        ExceptionKind::ShipLate,
        ExceptionKind::TransferLate,
        ExceptionKind::CollectLate,
        ExceptionKind::CancelUnanswered,
        ExceptionKind::ReturnLate,
        ExceptionKind::ShippedThoughClosed,
        ExceptionKind::PaidThoughClosed,
        ExceptionKind::ForbiddenThoughAllocated,
        ExceptionKind::GoodsChanged,
        ExceptionKind::DeadLetter,
        ExceptionKind::ShortStock,
        ExceptionKind::Discrepancy,
        ExceptionKind::UnreportedLate,
        ExceptionKind::BadSourceRow,
        ExceptionKind::CancelAsked,
    ];

    /// The stable name in tables, metrics, URLs and pages.
    pub fn name(self) -> &'static str {
        match self {
            ExceptionKind::Unfillable => "unfillable",
            ExceptionKind::PickupChoice => "pickup_choice",
            ExceptionKind::AllocatorSilent => "allocator_silent",
            ExceptionKind::AllocatorSaysShipped => "allocator_says_shipped",
            ExceptionKind::Mismatch => "mismatch",
            ExceptionKind::ShipLate => "ship_late",
            ExceptionKind::TransferLate => "transfer_late",
            ExceptionKind::CollectLate => "collect_late",
            ExceptionKind::CancelUnanswered => "cancel_unanswered",
            ExceptionKind::ReturnLate => "return_late",
            ExceptionKind::ShippedThoughClosed => "shipped_though_closed",
            ExceptionKind::PaidThoughClosed => "paid_though_closed",
            ExceptionKind::ForbiddenThoughAllocated => "forbidden_though_allocated",
            ExceptionKind::GoodsChanged => "goods_changed",
            ExceptionKind::DeadLetter => "dead_letter",
            ExceptionKind::ShortStock => "short_stock",
            ExceptionKind::Discrepancy => "discrepancy",
            ExceptionKind::UnreportedLate => "unreported_late",
            ExceptionKind::BadSourceRow => "bad_source_row",
            ExceptionKind::CancelAsked => "cancel_asked",
        }
    }

    /// What may help.
    pub fn actions(self) -> &'static [FixAction] {
        use FixAction::{AnotherStore, AskCancel, Hold, LiftHold, Reallocate, Resend, Transfer};
        match self {
            ExceptionKind::Unfillable => &[Reallocate, Hold, LiftHold, AskCancel],
            ExceptionKind::AllocatorSilent | ExceptionKind::AllocatorSaysShipped => &[Reallocate, Hold, LiftHold],
            ExceptionKind::PickupChoice => &[Transfer, AnotherStore, AskCancel],
            ExceptionKind::Mismatch
            | ExceptionKind::ShipLate
            | ExceptionKind::ForbiddenThoughAllocated
            | ExceptionKind::GoodsChanged => &[Reallocate, Hold, LiftHold],
            ExceptionKind::TransferLate | ExceptionKind::CollectLate => &[AnotherStore, AskCancel],
            ExceptionKind::DeadLetter => &[Resend],
            ExceptionKind::CancelUnanswered
            | ExceptionKind::ReturnLate
            | ExceptionKind::ShippedThoughClosed
            | ExceptionKind::PaidThoughClosed
            | ExceptionKind::ShortStock
            | ExceptionKind::Discrepancy
            | ExceptionKind::UnreportedLate
            | ExceptionKind::BadSourceRow
            | ExceptionKind::CancelAsked => &[],
        }
    }
}

impl FixAction {
    /// The stable name in APIs and pages.
    pub fn name(self) -> &'static str {
        match self {
            FixAction::Reallocate => "reallocate",
            FixAction::Transfer => "transfer",
            FixAction::AnotherStore => "another_store",
            FixAction::Resend => "resend",
            FixAction::Hold => "hold",
            FixAction::LiftHold => "lift_hold",
            FixAction::AskCancel => "ask_cancel",
        }
    }
}

impl ExceptionState {
    /// The stable name in tables, metrics, URLs and pages.
    pub fn name(self) -> &'static str {
        match self {
            ExceptionState::Open => "open",
            ExceptionState::Taken => "taken",
            ExceptionState::Closed => "closed",
        }
    }
}

/// The word names no kind, or no state, of exceptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a known word")]
pub struct UnknownWord;

impl FromStr for ExceptionKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|kind| kind.name() == word).ok_or(UnknownWord)
    }
}

impl FromStr for ExceptionState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [ExceptionState::Open, ExceptionState::Taken, ExceptionState::Closed];
        all.into_iter().find(|state| state.name() == word).ok_or(UnknownWord)
    }
}

impl Subject {
    /// The trade it is about, if it is about one.
    pub fn tid(&self) -> Option<Tid> {
        match self {
            Subject::Trade(tid)
            | Subject::SubOrder(tid, _)
            | Subject::Assignment(tid, _, _)
            | Subject::Call(tid, _) => Some(*tid),
            Subject::Cell(_) | Subject::SourceRow { .. } => None,
        }
    }

    /// The sub-order it is about, if it is about one.
    pub fn oid(&self) -> Option<Oid> {
        match self {
            Subject::SubOrder(_, oid) | Subject::Assignment(_, oid, _) => Some(*oid),
            Subject::Trade(_) | Subject::Call(_, _) | Subject::Cell(_) | Subject::SourceRow { .. } => None,
        }
    }
}

/// The subject in words.
impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Trade(tid) => write!(out, "trade {tid}"),
            Subject::SubOrder(_, oid) => write!(out, "sub-order {oid}"),
            Subject::Assignment(_, oid, code) => write!(out, "assignment {code} of sub-order {oid}"),
            Subject::Call(_, call) => write!(out, "call {call}"),
            Subject::Cell(cell) => cell.fmt(out),
            Subject::SourceRow { source, row } => write!(out, "row {row} of {source}"),
        }
    }
}

impl Exception {
    /// A new one.
    pub fn of(raised: &Raised) -> Self {
        Self {
            id: raised.id,
            kind: raised.kind,
            subject: raised.subject.clone(),
            location: raised.location,
            state: ExceptionState::Open,
            owner: None,
            opened_at: raised.at,
            last_at: raised.at,
            times: 1,
            detail: raised.detail.clone(),
            notes: Vec::new(),
            closing: None,
        }
    }

    /// Writes something down.
    pub fn note(&mut self, at: Timestamp, who: &str, text: &str) {
        if self.notes.len() >= NOTES_MAX {
            self.notes.remove(0);
        }
        self.notes.push(ExceptionNote { at, who: who.to_owned(), text: text.to_owned() });
    }
}
