//! A merchant's rules for sharing payments: a document with versions, of which at most one is active at an instant. What
//! a valid one is, `check` says; what it does to an amount, `split`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::LocationId;
use crate::settlement::Party;
use crate::time::{Millis, Timestamp};

/// A merchant's rule sets are numbered from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleSetVersion(pub i64);

impl std::fmt::Display for RuleSetVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// 类目: the channel's category of a listing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CategoryId(pub i64);

/// Who gets how much of a sub-order's payment, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    pub name: String,
    pub trigger: Trigger,
    /// Gets what the parts leave, roundings included, and everything of what no rule is for.
    pub remainder: Party,
    /// The first that fits is used.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// When a settlement is due: so many whole days after the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    pub on: TriggerEvent,
    #[serde(default)]
    pub after_days: i64,
}

/// What makes a settlement due, in the order of an order's life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerEvent {
    /// The goods left: shipped, or handed to the buyer at the counter.
    Shipped,
    /// The buyer has them: signed for, or collected. Goods whose way ends otherwise (sent back, or money given back) count
    /// from then: what is left of their payment is settled all the same.
    Signed,
}

/// How payments of some categories and locations are shared. Without either it is for all; with both, for what is of both.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<CategoryId>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub locations: BTreeSet<LocationId>,
    /// Taken in this order, each at most what is left: so nobody's amount is ever below zero.
    pub parts: Vec<Part>,
}

/// One party's part: a share of the payment, or a fee fixed for a whole sub-order. Exactly one of the two is given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub party: Party,
    /// In 1/10000 of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_bp: Option<i64>,
    /// In fen. Units that are settled apart bring their share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_fen: Option<i64>,
}

/// A rule set with the time in which it was the active one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivatedSet {
    pub version: RuleSetVersion,
    pub rules: RuleSet,
    pub from: Timestamp,
    /// `None` while it is active.
    pub until: Option<Timestamp>,
}

impl Trigger {
    /// When something that happened at `event` is to be settled.
    pub fn due(self, event: Timestamp) -> Timestamp {
        event + Millis::hours(24 * self.after_days)
    }
}

impl Rule {
    /// Whether it is for all categories and locations.
    pub fn is_for_all(&self) -> bool {
        self.categories.is_empty() && self.locations.is_empty()
    }

    fn fits(&self, category: Option<CategoryId>, location: LocationId) -> bool {
        let of_category = || category.is_some_and(|category| self.categories.contains(&category));
        (self.categories.is_empty() || of_category())
            && (self.locations.is_empty() || self.locations.contains(&location))
    }
}

impl RuleSet {
    /// The parts of what was sold in a category and served by a location; none where no rule is for it.
    pub fn parts(&self, category: Option<CategoryId>, location: LocationId) -> &[Part] {
        let rule = self.rules.iter().find(|rule| rule.fits(category, location));
        rule.map_or(&[], |rule| rule.parts.as_slice())
    }
}

impl ActivatedSet {
    /// Whether it was the active one at an instant.
    pub fn stood(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}
