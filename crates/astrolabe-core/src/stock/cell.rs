//! 库存: the balance of one article, at one location, of one class, for one channel.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{ALL_CHANNELS, ChannelId, LocationId, ScItemId};
use crate::time::Timestamp;

/// 确定性 / 不确定性库存 (white paper §4.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockClass {
    /// Promised to one channel.
    Certain,
    /// Shared by all channels and the shop floor.
    Uncertain,
}

/// Names one cell of a seller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct CellKey {
    pub sc_item: ScItemId,
    pub location: LocationId,
    pub class: StockClass,
    /// [`ALL_CHANNELS`] for uncertain stock.
    pub channel: ChannelId,
}

impl CellKey {
    /// The cell of a class at a location as a channel sees it.
    pub fn of(sc_item: ScItemId, location: LocationId, class: StockClass, channel: ChannelId) -> Self {
        let channel = match class {
            StockClass::Certain => channel,
            StockClass::Uncertain => ALL_CHANNELS,
        };
        Self { sc_item, location, class, channel }
    }
}

impl fmt::Display for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.class {
            StockClass::Certain => "certain",
            StockClass::Uncertain => "uncertain",
        };
        write!(f, "article {} at {} ({class}, channel {})", self.sc_item, self.location, self.channel)
    }
}

/// A cell's balances and what its reports left behind. All quantities are whole units.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct StockCell {
    /// What the merchant's reports and our commits say lies there; negative only after a commit.
    pub on_hand: i64,
    /// Units promised to somebody; never negative.
    pub reserved: i64,
    /// Units committed here that the merchant's reports have not shown yet (below 0: restocked and not yet reported).
    pub unreported: i64,
    /// Nothing new is reserved here until the next applied overwrite, BALANCE or initial.
    pub suspect: bool,
    /// Certain stock is initialised once.
    pub initialised: bool,
    /// `operationTime` of the newest applied report.
    pub reported_at: Option<Timestamp>,
    /// `operationTime` of the last applied overwrite.
    pub overwritten_at: Option<Timestamp>,
    /// When `unreported` is judged next: whether units of it are older than the merchant's report lag.
    pub unreported_due: Option<Timestamp>,
    /// Some of them were, when it was judged last.
    pub unreported_late: bool,
}

impl StockCell {
    /// What can still be promised: `on_hand − reserved`; negative when the cell is short.
    pub fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// Units that may be promised to somebody new: none of a short or suspect cell.
    pub fn promisable(&self) -> i64 {
        if self.suspect { 0 } else { self.available().max(0) }
    }

    /// Whether units held here exceed the units that lie here.
    pub fn is_short(&self) -> bool {
        self.available() < 0
    }

    /// The merchant's book: always the sum of his applied reports (INV-STOCK-6).
    pub fn book(&self) -> i64 {
        self.on_hand.saturating_add(self.unreported)
    }
}
