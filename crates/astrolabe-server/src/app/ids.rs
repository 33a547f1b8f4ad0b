//! Where a group's ids start: the clock in the high bits, the node's number in the low ones.
//!
//! A lane is held by one node at a time and remembers the last long id it gave, so long ids only need the node number
//! to keep apart two nodes that take turns within one millisecond. Short ids (stores, articles) are unique across
//! sellers too, so they come from one counter per process.

use std::sync::atomic::{AtomicI64, Ordering};

use astrolabe_core::ids::IdMint;
use astrolabe_core::time::Timestamp;

const NODE_BITS_LONG: u32 = 10;
const COUNTER_BITS_LONG: u32 = 12;
const NODE_BITS_SHORT: u32 = 6;
const COUNTER_BITS_SHORT: u32 = 8;
/// 2024-01-01T00:00:00Z. Short ids have 39 bits for milliseconds since then: enough until 2041.
const EPOCH_MS: i64 = 1_704_067_200_000;

/// Highest node number: what the short ids have bits for.
pub const NODE_MAX: i64 = (1 << NODE_BITS_SHORT) - 1;

/// Gives mints to the lanes of one process.
#[derive(Debug)]
pub struct IdSource {
    node: i64,
    last_short: AtomicI64,
}

impl IdSource {
    /// For the node with this number, 0 to [`NODE_MAX`].
    pub fn new(node: i64) -> Self {
        Self { node: node.clamp(0, NODE_MAX), last_short: AtomicI64::new(0) }
    }

    /// A mint for one group that gives at most `shorts` short ids and whose lane gave `last_long` last.
    pub fn mint(&self, now: Timestamp, last_long: i64, shorts: i64) -> IdMint {
        let ms = (now.0 - EPOCH_MS).max(0);
        let long_step = 1 << NODE_BITS_LONG;
        let from_clock = (ms << (COUNTER_BITS_LONG + NODE_BITS_LONG)) | self.node;
        let from_lane = (last_long & !(long_step - 1)) | self.node;
        let short_step = 1 << NODE_BITS_SHORT;
        let short_clock = (ms << (COUNTER_BITS_SHORT + NODE_BITS_SHORT)) | self.node;
        let mut last = self.last_short.load(Ordering::Relaxed);
        let short = loop {
            let start = last.max(short_clock);
            let end = start + shorts * short_step;
            match self.last_short.compare_exchange_weak(last, end, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break start,
                Err(seen) => last = seen,
            }
        };
        IdMint::new(from_clock.max(from_lane), long_step, short, short_step)
    }
}

/// A number that names this request and no refund: the high bits of a time-ordered uuid. A repeat of the same signed call
/// gets the stored answer, and makes no second request.
pub(crate) fn new_request() -> i64 {
    let (high, _low) = uuid::Uuid::now_v7().as_u64_pair();
    i64::try_from(high >> 1).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_never_meet_and_short_ones_stay_json_safe() {
        let now = Timestamp(EPOCH_MS + 15 * 366 * 86_400_000);
        let (one, two) = (IdSource::new(1), IdSource::new(2));
        let mut seen = std::collections::BTreeSet::new();
        let mut last = 0;
        for _ in 0..50 {
            let mut mint = one.mint(now, last, 10);
            for _ in 0..10 {
                assert!(seen.insert(mint.long()));
                let short = mint.short();
                assert!(short < 1 << 53 && seen.insert(short));
            }
            last = mint.last_long();
        }
        let mut other = two.mint(now, last, 1);
        assert!(seen.insert(other.long()) && seen.insert(other.short()));
    }
}
