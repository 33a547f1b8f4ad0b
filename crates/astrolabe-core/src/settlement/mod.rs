//! 分账: what a sub-order's payment becomes for whom, once its goods are on their way or with the buyer (white paper §1.2.2).
//!
//! A merchant's [`RuleSet`] says who gets how much and when; [`settle`] reads one trade with its timeline and says what is
//! still to be posted. Nothing here moves money, keeps anything or knows a clock: the store keeps postings for ever, the
//! server's worker calls, the dry run calls the same functions and throws the answer away.

mod check;
mod party;
mod posting;
mod rules;
mod settle;
mod split;
#[cfg(test)]
mod tests;

pub use check::{
    AFTER_DAYS_MAX, CATEGORIES_MAX, FIXED_FEN_MAX, LOCATIONS_MAX, NAME_MAX, PARTS_MAX, RULES_MAX, RuleFault, WHOLE_BP,
};
pub use party::{Account, PARTY_NAME_MAX, Party};
pub use posting::{Entry, Pending, Period, Posting, PostingCause};
pub use rules::{ActivatedSet, CategoryId, Part, Rule, RuleSet, RuleSetVersion, Trigger, TriggerEvent};
pub use settle::{Settled, TradeToSettle, settle};

/// What must always hold of what is posted, with its name. The store judges it where the rows are; `astrolabe doctor` says it.
pub const INVARIANT: (&str, &str) = (
    "INV-SETTLE-1",
    "the entries of every posting, and so of every trade, sum up to 0; from no party more is taken back than was posted; \
     every month is the sum of its entries",
);
