//! The cost weights of the default router. Money is in 1/1000 fen, so that every term is an exact integer.

use serde::{Deserialize, Serialize};

/// Weights of the one additive cost. All are 1/1000 fen unless named otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouterSettings {
    /// Freight of one package whatever its way, from a store.
    pub store_package: i64,
    /// Freight of one package whatever its way, from a warehouse.
    pub warehouse_package: i64,
    /// Freight a package and kilometre.
    pub per_km: i64,
    /// Handling a line at its location.
    pub per_line: i64,
    /// Penalty of every package after the first (the buyer gets two parcels).
    pub split: i64,
    /// Price of taking the last units of a location: charged × units / (units left after + 1).
    pub scarcity: i64,
    /// Penalty of a line that nobody serves.
    pub unfilled: i64,
    /// Uncertain units kept back for the shop floor of every store; certain ones are the channel's own.
    pub safety_stock: i64,
    /// Distance assumed when either end has no known point, in kilometres.
    pub unknown_km: i64,
    /// Price of a step of priority (a merchant gives his locations 0 to 10), a package.
    pub per_priority: i64,
    /// Candidates kept a line beside those that serve several lines.
    pub candidates_per_line: usize,
    /// Most packages a plan may have; 0 means no cap.
    pub packages_max: u8,
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self {
            store_package: 600_000,
            warehouse_package: 500_000,
            per_km: 600,
            per_line: 80_000,
            split: 800_000,
            scarcity: 100_000,
            unfilled: 30_000_000,
            safety_stock: 0,
            unknown_km: 1_000,
            per_priority: 100_000,
            candidates_per_line: 16,
            packages_max: 0,
        }
    }
}
