//! The one additive cost, in 1/1000 fen: what a plan pays, term by term. Integers only, so that sums are exact and equal
//! everywhere.
//!
//! Σ packages [freight + way + priority + split after the first] + Σ parts [handling + scarcity] + Σ unfilled lines [penalty].

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::routing::input::Candidate;
use crate::routing::settings::RouterSettings;

/// A cost by its terms, each in 1/1000 fen. Written as a list in this order, the last only where there is any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Vec<i64>", try_from = "Vec<i64>")]
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
    /// Steps behind the merchant's first choice, of the locations that are used.
    pub priority: i64,
}

/// Why a stored list is not a cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{found} cost terms stored, 6 or 7 expected")]
pub struct TermsFault {
    found: usize,
}

impl CostTerms {
    /// The sum.
    pub fn total(&self) -> i64 {
        self.terms().into_iter().fold(0, i64::saturating_add)
    }

    fn terms(&self) -> [i64; 7] {
        [self.package, self.distance, self.handling, self.scarcity, self.split, self.unfilled, self.priority]
    }
}

impl From<CostTerms> for Vec<i64> {
    fn from(terms: CostTerms) -> Self {
        let mut list = terms.terms().to_vec();
        if terms.priority == 0 {
            list.pop();
        }
        list
    }
}

impl TryFrom<Vec<i64>> for CostTerms {
    type Error = TermsFault;

    fn try_from(list: Vec<i64>) -> Result<Self, TermsFault> {
        let (&[package, distance, handling, scarcity, split, unfilled], rest) =
            list.split_first_chunk().ok_or(TermsFault { found: list.len() })?;
        let priority = match rest {
            [] => 0,
            [priority] => *priority,
            _ => return Err(TermsFault { found: list.len() }),
        };
        Ok(Self { package, distance, handling, scarcity, split, unfilled, priority })
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
        self.priority = self.priority.saturating_add(other.priority);
    }
}

impl RouterSettings {
    /// What sending any package from here costs, whatever is in it.
    pub(super) fn opening(&self, warehouse: bool, metres: Option<i64>, priority: u8) -> CostTerms {
        let package = if warehouse { self.warehouse_package } else { self.store_package };
        let priority = self.per_priority.saturating_mul(i64::from(priority));
        CostTerms { package, distance: self.way(metres), priority, ..CostTerms::default() }
    }

    /// The least that a package from a store at this distance can cost: no location goes before the first choice.
    pub(super) fn least_opening(&self, metres: Option<i64>) -> i64 {
        self.opening(false, metres, 0).total()
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
            self.per_priority,
        ];
        weights.into_iter().all(|weight| (0..=WEIGHT_MAX).contains(&weight))
    }
}

/// The largest weight that makes sense: 100,000 yuan in 1/1000 fen. A way round the earth at that price still fits.
pub const WEIGHT_MAX: i64 = 10_000_000_000;

impl Candidate {
    /// What opening this location costs.
    pub(super) fn opening(&self, settings: &RouterSettings) -> CostTerms {
        settings.opening(self.warehouse, self.metres, self.priority)
    }
}
