//! 订阅: a merchant's own system that is told of what happens to its orders, as it happens. Where it is called and how
//! its calls are signed is not decided here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::WebhookName;
use crate::order::timeline::Fact;

/// Who is told of which facts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subscription {
    pub webhook: WebhookName,
    /// Facts it is told of; empty: all of them.
    pub facts: BTreeSet<Fact>,
}

impl Subscription {
    /// Whether a fact is told.
    pub fn wants(&self, fact: Fact) -> bool {
        self.facts.is_empty() || self.facts.contains(&fact)
    }
}
