//! Seeded chance. One seed gives one merchant, the same trades and the same tempers again; only the clock differs.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// A source of chance with its own seed.
#[derive(Debug, Clone)]
pub struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// Chance from a seed; `stream` keeps two users of one seed apart.
    #[must_use]
    pub fn new(seed: u64, stream: &str) -> Self {
        // FNV-1a: any fixed mixing will do, as long as it is the same on every machine.
        let mixed = stream.bytes().fold(0xcbf2_9ce4_8422_2325_u64 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// A whole number, both ends included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// An index below `len`; 0 when there is nothing to choose from.
    pub fn below(&mut self, len: usize) -> usize {
        if len == 0 { 0 } else { self.0.random_range(0..len) }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.random_bool(probability.clamp(0.0, 1.0))
    }

    /// One of these.
    ///
    /// # Panics
    /// If there are none: callers choose from fixed lists.
    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// An index drawn by weight.
    pub fn weighted(&mut self, weights: &Weights) -> usize {
        let at = self.0.random_range(0..weights.total().max(1));
        weights.find(at)
    }
}

/// Cumulative weights of a choice.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    upto: Vec<u64>,
}

impl Weights {
    /// Zipf's law: the i-th (from 1) weighs 1 / i^1.0, in millionths.
    #[must_use]
    pub fn zipf(len: usize) -> Self {
        (1..=len as u64).map(|rank| 1_000_000 / rank).collect()
    }

    fn total(&self) -> u64 {
        self.upto.last().copied().unwrap_or_default()
    }

    fn find(&self, at: u64) -> usize {
        self.upto.partition_point(|upto| *upto <= at).min(self.upto.len().saturating_sub(1))
    }

    /// The share of the i-th choice in the whole, 0 to 1.
    #[must_use]
    pub fn share(&self, index: usize) -> f64 {
        let before = if index == 0 { 0 } else { self.upto[index - 1] };
        (self.upto[index] - before) as f64 / self.total().max(1) as f64
    }
}

impl FromIterator<u64> for Weights {
    fn from_iter<T: IntoIterator<Item = u64>>(weights: T) -> Self {
        let mut sum = 0_u64;
        Self {
            upto: weights
                .into_iter()
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_streams_differ() {
        let draw = |seed, stream| {
            (0..20).scan(Dice::new(seed, stream), |dice, _| Some(dice.between(0, 1_000_000))).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn weights_are_followed() {
        let weights: Weights = [1, 0, 3].into_iter().collect();
        let mut dice = Dice::new(7, "weights");
        let mut hits = [0_u32; 3];
        for _ in 0..4_000 {
            hits[dice.weighted(&weights)] += 1;
        }
        assert_eq!(hits[1], 0);
        assert!((900..1_100).contains(&hits[0]), "{hits:?}");
        assert!((Weights::zipf(100).share(0) - 0.193).abs() < 0.01);
    }
}
