//! What is said of stock: the merchant's bills, an allocator's adjustment, a hold before payment.

use serde::{Deserialize, Serialize};

use crate::ids::{BillNum, HoldKey, ItemId, LocationId, Oid, ScItemId, SkuId, Tid};
use crate::order::timeline::Actor;
use crate::refusal::Refusal;
use crate::stock::cell::StockClass;
use crate::time::{Millis, Timestamp};

/// What a bill is about: an article, or a listing whose article we find or make (§4.2, schemes 1 and 2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Goods {
    Article(ScItemId),
    Listing { item: ItemId, sku: SkuId, outer_code: String },
}

/// One stock bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bill {
    pub bill_num: BillNum,
    pub location: LocationId,
    pub goods: Goods,
    pub class: StockClass,
    pub kind: BillKind,
    /// Units; signed for updates, ≥ 0 for snapshots.
    pub quantity: i64,
    pub final_quantity: Option<i64>,
    /// `operationTime`.
    pub operated_at: Timestamp,
}

/// 单据类型.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    Initial,
    /// TAOBAO_INCLUDED.
    Included,
    /// TAOBAO_EXCLUDED.
    Excluded,
    /// BALANCE.
    Balance,
}

/// A bill's verdict, in the order of the bills.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillVerdict {
    pub bill_num: BillNum,
    /// The refusal, or nothing when it was applied (now or at its first coming).
    pub refused: Option<Refusal>,
}

/// §6.2.4: bring a sub-order's hold to where the allocator sent it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustHold {
    pub bill_num: BillNum,
    pub tid: Tid,
    pub oid: Oid,
    pub target: LocationId,
    pub goods: Goods,
    pub class: StockClass,
    pub quantity: i64,
    pub original: Option<LocationId>,
    /// Recorded, decides nothing.
    pub adjust_type: Option<String>,
    pub who: Actor,
}

/// A hold before payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReserveAhead {
    pub key: HoldKey,
    pub item: ItemId,
    pub sku: SkuId,
    pub quantity: i64,
    pub ttl: Millis,
}
