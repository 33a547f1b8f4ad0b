//! The stored effect of applied bills: their keys are used up for ever, and a repeat is answered from here.

use serde::{Deserialize, Serialize};

use crate::command::BillKind;
use crate::ids::{BillNum, LocationId, Oid, ScItemId};
use crate::stock::cell::StockClass;
use crate::time::Timestamp;

/// A report's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BillKey {
    pub bill_num: BillNum,
    pub location: LocationId,
    pub sc_item: ScItemId,
    pub class: StockClass,
}

/// A report's content, and what it did to the merchant's book.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillRecord {
    pub kind: BillKind,
    pub quantity: i64,
    pub final_quantity: Option<i64>,
    /// `on_hand + unreported` after minus before: the cell's book is the sum of these (INV-STOCK-6).
    pub book_change: i64,
    pub operated_at: Timestamp,
    pub applied_at: Timestamp,
}

/// An adjust's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AdjustKey {
    pub bill_num: BillNum,
    pub oid: Oid,
}

/// An adjust's content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AdjustRecord {
    pub target: LocationId,
    pub class: StockClass,
    pub quantity: i64,
    pub original: Option<LocationId>,
    pub adjust_type: Option<String>,
    pub applied_at: Timestamp,
}
