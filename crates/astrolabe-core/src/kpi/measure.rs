//! Count, sum, maximum and distribution of durations, in a form that adds: of two stores, of two days.

use std::collections::BTreeMap;

use crate::time::Millis;

/// Buckets of one octave, and seconds that have a bucket each.
const STEPS: u64 = 16;
/// Longer durations fall into the last bucket: two years.
const SECONDS_MAX: u64 = 1 << 26;

/// How long things took, or how often they happened. The default is: never.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Measure {
    pub count: i64,
    /// Those below the metric's target; 0 where it has none.
    pub within: i64,
    pub sum_ms: i64,
    pub max_ms: i64,
    pub spread: Spread,
}

/// A histogram with fixed buckets: of one second below 16 s, then 16 to every doubling. A duration read back from it is
/// the middle of its bucket, which is wrong by at most half a second below 16 s and by at most 1/32 (3.2 %) above.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spread(BTreeMap<u16, i64>);

impl Measure {
    /// One that took some time. Two clocks may disagree by a little: less than nothing is nothing.
    pub fn took(span: Millis, target: Option<Millis>) -> Self {
        let ms = span.0.max(0);
        let within = i64::from(target.is_some_and(|target| ms < target.0));
        Self { count: 1, within, sum_ms: ms, max_ms: ms, spread: Spread(BTreeMap::from([(bucket(ms), 1)])) }
    }

    /// One that happened.
    pub fn once() -> Self {
        Self { count: 1, ..Self::default() }
    }

    /// Both.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.within += other.within;
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
        self.max_ms = self.max_ms.max(other.max_ms);
        for (bucket, count) in &other.spread.0 {
            self.spread.add(*bucket, *count);
        }
    }

    /// The average; `None` where there was nothing.
    pub fn average_ms(&self) -> Option<i64> {
        (self.count > 0).then(|| self.sum_ms / self.count)
    }

    /// The time within which `percent` of a hundred were done, as near as [`Spread`] knows it and never above the maximum.
    pub fn percentile_ms(&self, percent: u8) -> Option<i64> {
        let all: i64 = self.spread.0.values().sum();
        let wanted = (all * i64::from(percent) + 99) / 100;
        let mut passed = 0;
        self.spread.0.iter().find_map(|(bucket, count)| {
            passed += count;
            (passed >= wanted.max(1)).then(|| middle_ms(*bucket).min(self.max_ms))
        })
    }
}

impl Spread {
    /// The buckets that have something, by number.
    pub fn buckets(&self) -> impl Iterator<Item = (u16, i64)> + '_ {
        self.0.iter().map(|(bucket, count)| (*bucket, *count))
    }

    /// Adds to a bucket by its number.
    pub fn add(&mut self, bucket: u16, count: i64) {
        *self.0.entry(bucket).or_insert(0) += count;
    }

    /// How many took at most each of these limits (ascending), less those before, and last those above all of them. A bucket
    /// counts with its middle.
    pub fn counts_up_to(&self, limits_ms: &[i64]) -> Vec<i64> {
        let mut counts = vec![0; limits_ms.len() + 1];
        for (bucket, count) in &self.0 {
            let middle = middle_ms(*bucket);
            counts[limits_ms.partition_point(|limit| *limit < middle)] += count;
        }
        counts
    }
}

fn bucket(ms: i64) -> u16 {
    let seconds = (ms.unsigned_abs() / 1_000).min(SECONDS_MAX);
    let octave = u64::from(seconds.max(STEPS).ilog2() - STEPS.ilog2());
    let number = if seconds < STEPS { seconds } else { STEPS * octave + (seconds >> octave) };
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn middle_ms(bucket: u16) -> i64 {
    let bucket = i64::from(bucket);
    let steps = STEPS.cast_signed();
    let octave = (bucket / steps - 1).clamp(0, i64::from(SECONDS_MAX.ilog2()));
    let (low, width) = ((bucket - steps * octave) << octave, 1_000 << octave);
    low * 1_000 + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_of_known_durations() {
        let mut all = Measure::default();
        assert_eq!((all.average_ms(), all.percentile_ms(50)), (None, None));
        for minute in 1..=100 {
            all.add(&Measure::took(Millis::minutes(minute), Some(Millis::minutes(5))));
        }
        assert_eq!((all.count, all.within, all.max_ms), (100, 4, 6_000_000), "five minutes are not below five minutes");
        assert_eq!(all.average_ms(), Some(50 * 60_000 + 30_000));
        for (percent, minutes) in [(50, 50), (90, 90), (99, 99), (100, 100)] {
            let (found, exact) = (all.percentile_ms(percent).unwrap(), minutes * 60_000);
            assert!((found - exact).abs() * 32 <= exact, "p{percent} {found} for {exact}");
        }
        assert_eq!(Measure::took(Millis(-5), None).sum_ms, 0);
        assert_eq!(all.spread.counts_up_to(&[600_000, 3_600_000]).iter().sum::<i64>(), 100);
    }

    proptest! {
        #[test]
        fn a_duration_is_found_again_within_the_stated_error(ms in 0_i64..60_000_000_000) {
            let found = middle_ms(bucket(ms));
            let allowed = if ms < 16_000 { 500 } else { ms / 32 + 500 };
            prop_assert!((found - ms).abs() <= allowed, "{found} for {ms}");
        }

        #[test]
        fn buckets_go_up_with_durations(ms in 0_i64..60_000_000_000, more in 0_i64..60_000_000_000) {
            prop_assert!(bucket(ms) <= bucket(ms + more));
        }
    }
}
