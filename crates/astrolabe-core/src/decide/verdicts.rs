//! The verdicts on the sub-orders of one call. One call is one command: if any sub-order is refused, none changes, and the
//! caller is told of every one that was. The lane takes back what the others' steps did.

use std::collections::BTreeSet;

use crate::ids::Oid;
use crate::refusal::{Refusal, RefusedLines};

/// Which sub-orders were judged so far, and which of them refused.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    judged: BTreeSet<Oid>,
    refused: Vec<(Oid, Refusal)>,
}

impl Verdicts {
    /// Keeps one sub-order's verdict; what it yields, unless it was refused.
    pub(super) fn keep<T>(&mut self, oid: Oid, verdict: Result<T, Refusal>) -> Option<T> {
        self.judged.insert(oid);
        match verdict {
            Ok(yielded) => Some(yielded),
            Err(refusal) => {
                let refused = (oid, refusal);
                // Two parcels of one sub-order may be refused for the same reason: that is one thing to say.
                if !self.refused.contains(&refused) {
                    self.refused.push(refused);
                }
                None
            }
        }
    }

    /// The verdict on the call. Where it speaks of one sub-order only, that one's refusal says it all.
    ///
    /// # Errors
    /// Every refused sub-order with its reason, in the order they were judged.
    pub(super) fn settle(self) -> Result<(), Refusal> {
        let one_only = self.judged.len() == 1;
        let mut refused = self.refused.into_iter();
        let Some(first) = refused.next() else { return Ok(()) };
        let others: Vec<(Oid, Refusal)> = refused.collect();
        if one_only && others.is_empty() {
            return Err(first.1);
        }
        Err(Refusal::Several(Box::new(RefusedLines { first, others })))
    }
}
