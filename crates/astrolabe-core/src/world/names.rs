//! What a group must load: the things its commands name, then the things those point at. Two rounds, never more.

use std::collections::BTreeSet;

use crate::command::HistoryPlace;
use crate::ids::{BillNum, ExceptionId, HoldKey, ItemId, LocationId, ScItemId, Tid};
use crate::stock::cell::CellKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A trade's place among those that wait for an allocation: the longest paid is the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct TradePlace {
    pub pay_time: Timestamp,
    pub tid: Tid,
}

/// Keys to load. Loading a key that does not exist loads its absence.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// Trades with their assignments and reservations.
    pub tids: BTreeSet<Tid>,
    /// Listings with tags, mappings and bindings.
    pub items: BTreeSet<ItemId>,
    /// Articles with all their cells and their shortage queue.
    pub sc_items: BTreeSet<ScItemId>,
    /// Articles by the merchant's code.
    pub outer_codes: BTreeSet<String>,
    /// Listings that map to these articles.
    pub mapped_to: BTreeSet<ScItemId>,
    /// Pre-payment holds.
    pub hold_keys: BTreeSet<HoldKey>,
    /// Applied stock bills with these numbers, whatever cell they were for.
    pub bill_nums: BTreeSet<BillNum>,
    /// Applied adjusts with these numbers.
    pub adjust_nums: BTreeSet<BillNum>,
    /// Units committed in a cell in a later second than this one (epoch seconds), by when we learnt of them.
    pub committed_after: BTreeSet<(CellKey, i64)>,
    /// Who holds units in a cell, in [`crate::stock::hold::Holder::freeing_order`], at most [`super::HOLDERS_MAX`];
    /// those of the last kind may be left out.
    pub holders: BTreeSet<CellKey>,
    /// What stands at a location: live assignments, certain stock.
    pub occupancy: BTreeSet<LocationId>,
    /// Trades that wait for an allocation, from the place after this one on (from the first when `None`), at most
    /// [`super::WAITING_MAX`].
    pub waiting_after: BTreeSet<Option<TradePlace>>,
    /// Days (of [`crate::time::Timestamp::shanghai_day`]) whose counts of taken sub-orders are needed, whole.
    pub days: BTreeSet<i64>,
    /// Exceptions by id.
    pub exceptions: BTreeSet<ExceptionId>,
    /// Trades back from these places, at most [`super::HISTORY_MAX`] each.
    pub history: BTreeSet<HistoryPlace>,
}

impl Names {
    /// Adds another command's names.
    pub fn merge(&mut self, mut other: Names) {
        self.tids.append(&mut other.tids);
        self.items.append(&mut other.items);
        self.sc_items.append(&mut other.sc_items);
        self.outer_codes.append(&mut other.outer_codes);
        self.mapped_to.append(&mut other.mapped_to);
        self.hold_keys.append(&mut other.hold_keys);
        self.bill_nums.append(&mut other.bill_nums);
        self.adjust_nums.append(&mut other.adjust_nums);
        self.committed_after.append(&mut other.committed_after);
        self.holders.append(&mut other.holders);
        self.occupancy.append(&mut other.occupancy);
        self.waiting_after.append(&mut other.waiting_after);
        self.days.append(&mut other.days);
        self.exceptions.append(&mut other.exceptions);
        self.history.append(&mut other.history);
    }

    /// Whether there is nothing to load.
    pub fn is_empty(&self) -> bool {
        *self == Names::default()
    }
}
