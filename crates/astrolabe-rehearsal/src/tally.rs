//! What the stand-ins did and saw, counted for a progress line and a closing table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// Different errors that are remembered; further ones are counted under one name.
const ERRORS_KEPT_MAX: usize = 50;

macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Things the stand-ins count.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Counted { $($(#[$doc])* $name,)* }

        impl Counted {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

tally! {
    /// Trades the channel sent and the platform acknowledged.
    TradesSent,
    /// Refunds asked by buyers.
    RefundsAsked,
    /// Refunds granted by the channel.
    RefundsGranted,
    /// Refunds that the seller refused because the goods had left.
    RefundsRefused,
    /// Refunds that buyers withdrew.
    RefundsWithdrawn,
    /// Orders that nobody could serve and whose buyer gave up.
    BuyersGaveUp,
    /// Consignments the platform told the channel.
    ConsignsHeard,
    /// Sub-orders an allocating ISV gave to a location.
    Allocated,
    /// Calls to allocate that the ISV left unanswered on purpose.
    AllocationsIgnored,
    /// Sub-orders the ISV found no location for.
    AllocationsFailed,
    /// Moves of stock the ISV asked for.
    Adjusted,
    /// Offers to stores and warehouses that were heard.
    OffersHeard,
    /// Acceptances acknowledged.
    Accepted,
    /// Refusals acknowledged.
    Refused,
    /// Offers left unanswered on purpose.
    Silent,
    /// Shipments acknowledged.
    Shipped,
    /// Refund questions a store answered with "back on the shelf".
    BackOnShelf,
    /// Refund questions a store answered with "already gone".
    AlreadyGone,
    /// Answers that came too late or met another decision: refused by the platform, as they should be.
    Overtaken,
    /// Units sold over the counter.
    SoldOffline,
    /// Stock bills applied.
    BillsApplied,
    /// Stock bills the platform failed.
    BillsFailed,
    /// Calls from the platform with a wrong signature.
    BadSignatures,
    /// Calls that failed though repeated.
    CallsFailed,
}

/// Counters that many tasks share.
#[derive(Debug, Default)]
pub struct Tally {
    counts: [AtomicU64; Counted::ALL.len()],
    errors: Mutex<BTreeMap<String, u64>>,
    took: Mutex<BTreeMap<&'static str, Took>>,
}

/// How long the answers of one method took to be acknowledged, from the fact to the platform knowing it (white paper §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Took {
    /// Answers.
    pub answers: u64,
    /// The slowest.
    pub slowest: Duration,
    /// Those beyond the five minutes of §5.4.
    pub late: u64,
}

/// §5.4: a status must be reported within five minutes.
pub const REPORT_WITHIN: Duration = Duration::from_secs(300);

impl Tally {
    /// An answer was acknowledged this long after the fact.
    pub fn took(&self, method: &'static str, span: Duration) {
        let mut took = self.took.lock();
        let took = took.entry(method).or_default();
        took.answers += 1;
        took.slowest = took.slowest.max(span);
        took.late += u64::from(span >= REPORT_WITHIN);
    }

    /// How long answers took, by method.
    #[must_use]
    pub fn times(&self) -> Vec<(&'static str, Took)> {
        self.took.lock().iter().map(|(method, took)| (*method, *took)).collect()
    }

    /// Counts one.
    pub fn count(&self, what: Counted) {
        self.add(what, 1);
    }

    /// Counts several.
    pub fn add(&self, what: Counted, how_many: u64) {
        self.counts[what as usize].fetch_add(how_many, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn get(&self, what: Counted) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// Remembers an error by its text, and counts it.
    pub fn error(&self, what: &str, error: &dyn std::fmt::Display) {
        self.count(Counted::CallsFailed);
        tracing::debug!(what, %error, "a stand-in's call failed");
        let mut errors = self.errors.lock();
        let key = format!("{what}: {error}");
        if errors.len() >= ERRORS_KEPT_MAX && !errors.contains_key(&key) {
            *errors.entry("others".to_owned()).or_default() += 1;
        } else {
            *errors.entry(key).or_default() += 1;
        }
    }

    /// Errors with how often each came.
    #[must_use]
    pub fn errors(&self) -> Vec<(String, u64)> {
        self.errors.lock().iter().map(|(text, count)| (text.clone(), *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_bounds_errors() {
        let tally = Tally::default();
        tally.add(Counted::Shipped, 3);
        assert_eq!((tally.get(Counted::Shipped), tally.get(Counted::CallsFailed)), (3, 0));
        tally.took("m", Duration::from_secs(1));
        tally.took("m", Duration::from_secs(301));
        assert_eq!(tally.times(), [("m", Took { answers: 2, slowest: Duration::from_secs(301), late: 1 })]);
        for n in 0..200 {
            tally.error("call", &n);
        }
        assert_eq!(tally.get(Counted::CallsFailed), 200);
        assert!(tally.errors().len() <= ERRORS_KEPT_MAX + 1);
    }
}
