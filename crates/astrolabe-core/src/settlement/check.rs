//! Whether a rule set can be used: every fault names its field. Called before a draft is kept and again before it is
//! activated. That a named location exists is the caller's to know.

use std::collections::BTreeSet;

use crate::settlement::{Part, Rule, RuleSet};

/// Characters of a rule set's name.
pub const NAME_MAX: usize = 100;
/// Days that a settlement may wait after its event.
pub const AFTER_DAYS_MAX: i64 = 180;
/// Rules of a set, parts of a rule, and what a rule may name.
pub const RULES_MAX: usize = 200;
pub const PARTS_MAX: usize = 20;
pub const CATEGORIES_MAX: usize = 500;
pub const LOCATIONS_MAX: usize = 1_000;
/// The whole of a payment in basis points.
pub const WHOLE_BP: i64 = 10_000;
/// The largest fixed fee: a million yuan.
pub const FIXED_FEN_MAX: i64 = 100_000_000;

/// A field that cannot be as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleFault {
    pub field: String,
    pub problem: String,
}

impl RuleSet {
    /// Everything that is wrong with it; empty when it can be used.
    pub fn faults(&self) -> Vec<RuleFault> {
        let mut found = Found::default();
        found.within("name", self.name.trim().chars().count(), 1, NAME_MAX, "characters");
        if !(0..=AFTER_DAYS_MAX).contains(&self.trigger.after_days) {
            found.add("trigger.after_days", format!("must be 0 to {AFTER_DAYS_MAX}"));
        }
        found.within("rules", self.rules.len(), 0, RULES_MAX, "rules");
        let mut for_all = None;
        for (at, rule) in self.rules.iter().enumerate() {
            let path = format!("rules[{at}]");
            if let Some(earlier) = for_all {
                found.add(&path, format!("is never used: rules[{earlier}] is for everything"));
            } else if rule.is_for_all() {
                for_all = Some(at);
            }
            self.check_rule(&path, rule, &mut found);
        }
        found.0
    }

    fn check_rule(&self, path: &str, rule: &Rule, found: &mut Found) {
        found.within(&format!("{path}.categories"), rule.categories.len(), 0, CATEGORIES_MAX, "categories");
        found.within(&format!("{path}.locations"), rule.locations.len(), 0, LOCATIONS_MAX, "locations");
        found.within(&format!("{path}.parts"), rule.parts.len(), 1, PARTS_MAX, "parts");
        let mut parties = BTreeSet::new();
        for (at, part) in rule.parts.iter().enumerate() {
            let path = format!("{path}.parts[{at}]");
            check_part(&path, part, found);
            if part.party == self.remainder {
                found.add(&format!("{path}.party"), "is the remainder party, which gets what is left anyway");
            } else if !parties.insert(&part.party) {
                found.add(&format!("{path}.party"), "has a part of this rule already");
            }
        }
        let shares: i64 =
            rule.parts.iter().filter_map(|part| part.share_bp).map(|share| share.clamp(0, WHOLE_BP)).sum();
        if shares > WHOLE_BP {
            found.add(
                &format!("{path}.parts"),
                format!("share {shares} basis points, more than the whole ({WHOLE_BP})"),
            );
        }
    }
}

fn check_part(path: &str, part: &Part, found: &mut Found) {
    match (part.share_bp, part.fixed_fen) {
        (Some(share), None) if !(1..=WHOLE_BP).contains(&share) => {
            found.add(&format!("{path}.share_bp"), format!("must be 1 to {WHOLE_BP}"));
        }
        (None, Some(fee)) if !(1..=FIXED_FEN_MAX).contains(&fee) => {
            found.add(&format!("{path}.fixed_fen"), format!("must be 1 to {FIXED_FEN_MAX}"));
        }
        (Some(_), None) | (None, Some(_)) => {}
        (Some(_), Some(_)) | (None, None) => found.add(path, "must have one of share_bp and fixed_fen"),
    }
}

#[derive(Default)]
struct Found(Vec<RuleFault>);

impl Found {
    fn add(&mut self, field: &str, problem: impl Into<String>) {
        self.0.push(RuleFault { field: field.to_owned(), problem: problem.into() });
    }

    fn within(&mut self, field: &str, count: usize, least: usize, most: usize, what: &str) {
        if !(least..=most).contains(&count) {
            self.add(field, format!("must have {least} to {most} {what}"));
        }
    }
}
