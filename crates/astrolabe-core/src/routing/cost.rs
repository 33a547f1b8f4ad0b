//! The one additive cost, in 1/1000 fen: what a plan pays, term by term. Integers only, so that sums are exact and equal
//! everywhere.
//!
//! Σ packages [freight + way + split after the first] + Σ parts [handling + scarcity] + Σ unfilled lines [penalty].

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::routing::input::Candidate;
use crate::routing::settings::RouterSettings;

/// A cost by its terms, each in 1/1000 fen. Written as a list in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(into = "[i64; 6]", from = "[i64; 6]")]
pub struct CostTerms {
    /// Freight of the packages whatever their way.
    pub package: i64,
    /// Freight by kilometre.
    pub distance: i64,
    /// Handling of the parts.
    pub handling: i64,
    /// The price of taking a location's last units.
    pub scarcity: i64,
    /// Penalty of packages after the first.
    pub split: i64,
    /// Penalty of lines that nobody serves.
    pub unfilled: i64,
}

impl CostTerms {
    /// The sum.
    pub fn total(&self) -> i64 {
        <[i64; 6]>::from(*self).into_iter().fold(0, i64::saturating_add)
    }
}

impl From<CostTerms> for [i64; 6] {
    fn from(terms: CostTerms) -> Self {
        [terms.package, terms.distance, terms.handling, terms.scarcity, terms.split, terms.unfilled]
    }
}

impl From<[i64; 6]> for CostTerms {
    fn from([package, distance, handling, scarcity, split, unfilled]: [i64; 6]) -> Self {
        Self { package, distance, handling, scarcity, split, unfilled }
    }
}

impl AddAssign for CostTerms {
    fn add_assign(&mut self, other: CostTerms) {
        self.package = self.package.saturating_add(other.package);
        self.distance = self.distance.saturating_add(other.distance);
        self.handling = self.handling.saturating_add(other.handling);
        self.scarcity = self.scarcity.saturating_add(other.scarcity);
        self.split = self.split.saturating_add(other.split);
        self.unfilled = self.unfilled.saturating_add(other.unfilled);
    }
}

impl RouterSettings {
    /// What sending any package from here costs, whatever is in it.
    pub(super) fn opening(&self, warehouse: bool, metres: Option<i64>) -> CostTerms {
        let package = if warehouse { self.warehouse_package } else { self.store_package };
        CostTerms { package, distance: self.way(metres), ..CostTerms::default() }
    }

    /// Freight by kilometre for a way; the unknown way where either end has no point.
    pub(super) fn way(&self, metres: Option<i64>) -> i64 {
        match metres {
            Some(metres) => self.per_km.saturating_mul(metres) / 1_000,
            None => self.per_km.saturating_mul(self.unknown_km),
        }
    }

    /// What putting `units` of a line into a package costs where `available` units of the listing are.
    pub(super) fn serving(&self, units: i64, available: i64) -> CostTerms {
        let after = available.saturating_sub(units).max(0);
        let scarcity = self.scarcity.saturating_mul(units) / after.saturating_add(1);
        CostTerms { handling: self.per_line, scarcity, ..CostTerms::default() }
    }

    /// Whether the weights make a cost: none is negative or so large that sums would not be exact.
    pub fn is_sound(&self) -> bool {
        let weights = [
            self.store_package,
            self.warehouse_package,
            self.per_km,
            self.per_line,
            self.split,
            self.scarcity,
            self.unfilled,
            self.safety_stock,
            self.unknown_km,
        ];
        weights.into_iter().all(|weight| (0..=WEIGHT_MAX).contains(&weight))
    }
}

/// The largest weight that makes sense: 100,000 yuan in 1/1000 fen. A way round the earth at that price still fits.
pub const WEIGHT_MAX: i64 = 10_000_000_000;

impl Candidate {
    /// What opening this location costs.
    pub(super) fn opening(&self, settings: &RouterSettings) -> CostTerms {
        settings.opening(self.warehouse, self.metres)
    }
}
