//! 分账 as the store is asked about it: rule sets with their history, what a worker reads and writes, and statements.
//! What is posted, `astrolabe_core::settlement` says.

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::money::Fen;
use astrolabe_core::settlement::{Account, ActivatedSet, Pending, Period, Posting, RuleSet, RuleSetVersion};
use astrolabe_core::time::Timestamp;

use crate::readers::FactPlace;
use crate::views::TradeView;

/// Where a rule set is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuleSetState {
    Draft,
    Active,
    Retired,
}

impl RuleSetState {
    /// The stable word in tables and pages.
    pub fn name(self) -> &'static str {
        match self {
            RuleSetState::Draft => "draft",
            RuleSetState::Active => "active",
            RuleSetState::Retired => "retired",
        }
    }
}

/// Who did something to a rule set, when and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleSetDeed {
    pub who: String,
    pub at: Timestamp,
    /// May be empty.
    pub why: String,
}

/// A rule set as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleSetRow {
    pub version: RuleSetVersion,
    pub state: RuleSetState,
    pub rules: RuleSet,
    /// Who wrote it last.
    pub made: RuleSetDeed,
    pub activated: Option<RuleSetDeed>,
    pub retired: Option<RuleSetDeed>,
}

/// What is done to a rule set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuleSetChange {
    /// Written anew; a draft only.
    Rewrite(RuleSet),
    /// Thrown away; a draft only.
    Drop,
    /// From a draft; the active one retires at the same instant.
    Activate,
    /// From active, with nothing in its place: what happens from then on is not settled.
    Retire,
}

/// What came of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuleSetChanged {
    Done,
    /// It is not in the state that the change needs.
    IsIn(RuleSetState),
    Unknown,
}

/// What postings are made from, as of one state of the database.
#[derive(Clone, Debug)]
pub struct SettlementLoad {
    /// Of the merchant's settlement, to be named when postings are written.
    pub revision: i64,
    /// How far the timeline has been read.
    pub place: FactPlace,
    /// Every set that is or was active, in the order they were.
    pub sets: Vec<ActivatedSet>,
    pub cases: Vec<SettlementCase>,
}

/// A trade, with what was posted of it and what waits.
#[derive(Clone, Debug)]
pub struct SettlementCase {
    pub trade: TradeView,
    /// In the order it was posted.
    pub posted: Vec<Posting>,
    pub pending: Vec<Pending>,
}

/// One step of settling: everything in one transaction, nothing of it if the settlement has moved on from `revision`, or
/// the reader from `from`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettlementStep {
    pub seller: SellerId,
    pub revision: i64,
    pub from: FactPlace,
    pub to: FactPlace,
    pub postings: Vec<Posting>,
    pub waits: Vec<Pending>,
    pub waits_no_more: Vec<Pending>,
}

/// A party's month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettlementBalance {
    pub account: Account,
    /// What settlements brought.
    pub settled: Fen,
    /// What refunds took, as a negative amount.
    pub refunded: Fen,
    pub postings: i64,
}

/// A place in a statement: the order of posting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct StatementPlace {
    pub revision: i64,
    pub k: i64,
}

/// A line of a party's statement: one entry, with the posting it belongs to (which has no entries here).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementLine {
    pub place: StatementPlace,
    pub amount: Fen,
    pub posting: Posting,
}

/// Which lines of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementQuery {
    pub account: Account,
    pub period: Period,
    /// Lines after this one; the default is from the first on.
    pub after: StatementPlace,
    pub limit: usize,
}

/// A posting of a trade that breaks what must hold of all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettlementFault {
    /// The trade; `None` for sums of a month.
    pub tid: Option<Tid>,
    pub what: String,
}
