//! What is kept of a settlement: postings, each with entries that cancel out. Never changed; taken back by further ones.

use std::fmt;

use crate::ids::{AllocationCode, LocationId, Oid, RefundId, Tid};
use crate::money::Fen;
use crate::settlement::{Account, RuleSetVersion};
use crate::time::Timestamp;

/// Why something is posted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PostingCause {
    /// The trigger came.
    Settled,
    /// A refund was granted: its share of what was posted is taken back.
    Refunded(RefundId),
    /// Units of the sub-order were closed: the refund was for them, and what it took from others is given back. Or a fen
    /// that rounding had kept.
    Restored,
}

impl PostingCause {
    /// The stable word in tables, files and pages.
    pub fn name(self) -> &'static str {
        match self {
            PostingCause::Settled => "settled",
            PostingCause::Refunded(_) => "refunded",
            PostingCause::Restored => "restored",
        }
    }

    /// The refund it is for, else 0.
    pub fn request(self) -> i64 {
        match self {
            PostingCause::Refunded(refund) => refund.0,
            PostingCause::Settled | PostingCause::Restored => 0,
        }
    }
}

/// One balanced posting about the units of one assignment. Unique by trade, sub-order, assignment, cause and `n`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Posting {
    pub tid: Tid,
    pub oid: Oid,
    pub code: AllocationCode,
    pub cause: PostingCause,
    /// Counts postings of the same cause, from 0.
    pub n: i64,
    pub location: LocationId,
    /// The rule set that was active when the trigger happened; a reversal keeps that of what it takes back.
    pub version: RuleSetVersion,
    /// Units of the assignment.
    pub units: i64,
    /// What of the payment falls on the units, refunds not counted.
    pub gross: Fen,
    /// What the parties get, or give back (negative).
    pub amount: Fen,
    /// When the trigger or the refund happened.
    pub happened: Timestamp,
    /// When it was posted: statements go by this, so that a past period never changes.
    pub booked: Timestamp,
    /// Sum 0: the parties against the clearing account. Amounts of 0 have none.
    pub entries: Vec<Entry>,
}

/// A line of a posting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub account: Account,
    pub amount: Fen,
}

/// A settlement that waits for its day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Pending {
    pub tid: Tid,
    pub oid: Oid,
    pub code: AllocationCode,
    pub version: RuleSetVersion,
    pub happened: Timestamp,
    pub due_at: Timestamp,
}

impl Posting {
    /// Sets the entries: what each party gets, and the clearing account against them.
    pub(super) fn balanced(mut self, sign: i64, parties: Vec<(Account, i64)>) -> Self {
        let shared: i64 = parties.iter().map(|(_, amount)| amount).sum();
        let clearing = (Account::Clearing, -shared);
        let given = parties.into_iter().chain([clearing]).filter(|(_, amount)| *amount != 0);
        self.entries = given.map(|(account, amount)| Entry { account, amount: Fen(sign * amount) }).collect();
        self.amount = Fen(sign * shared);
        self
    }
}

/// 账期: a month of the Shanghai calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Period {
    pub year: i64,
    pub month: i64,
}

impl Period {
    /// The period an instant lies in.
    pub fn of(at: Timestamp) -> Self {
        // Civil date from days since the epoch, in years that begin in March so that the leap day is the last one.
        let days = at.shanghai_day() + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self { year: year_of_era + era * 400 + i64::from(month <= 2), month }
    }

    /// As a sortable number: 202611.
    pub fn number(self) -> i64 {
        self.year * 100 + self.month
    }

    /// The period that `2026-11` names.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let period = Self { year: year.parse().ok()?, month: month.parse().ok()? };
        (1..=12).contains(&period.month).then_some(period)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}
