//! 占用: units of somebody held in one cell.

use serde::{Deserialize, Serialize};

use crate::ids::{AllocationCode, HoldKey, ItemId, Oid, ReservationId, ScItemId, SkuId, Tid};
use crate::stock::cell::CellKey;
use crate::time::Timestamp;

/// 双占 roles (white paper §4.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The units that will be shipped.
    Primary,
    /// Certain units elsewhere that stand in if an uncertain Primary turns out to be gone.
    Guard,
}

/// Units held for one sub-order, at first unassigned (`code` is `None`), then for one assignment of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reservation {
    pub id: ReservationId,
    pub tid: Tid,
    pub oid: Oid,
    pub code: Option<AllocationCode>,
    pub cell: CellKey,
    pub role: Role,
    pub units: i64,
    pub made_at: Timestamp,
}

/// How far a pre-payment hold has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AheadState {
    Held,
    Released,
    Expired,
    /// The order line that named the key took the hold over at payment.
    TakenOver {
        tid: Tid,
        oid: Oid,
    },
}

/// Units of a pre-payment hold in one cell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AheadPart {
    pub cell: CellKey,
    pub units: i64,
}

/// A hold before payment (`astrolabe.stock.reserve`). Kept after its end: it is the stored answer of its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AheadHold {
    pub key: HoldKey,
    pub item: ItemId,
    pub sku: SkuId,
    pub sc_item: ScItemId,
    /// Units of the listing that were asked for.
    pub quantity: i64,
    pub state: AheadState,
    /// Where the units lie; never empty (the store keeps one row a part).
    pub parts: Vec<AheadPart>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How firmly units are held: a short cell frees the lesser kinds first, and the last kind never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    Guard,
    /// A pre-payment hold.
    Ahead,
    /// A sub-order that no location has been given.
    Unassigned,
    /// A delivery offered to a location and not answered.
    Offered,
    /// Anything else that an assignment holds (pickups, accepted ones, …): only shown.
    Kept,
}

/// Names a holder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderName {
    Trade { tid: Tid, reservation: ReservationId },
    Ahead { key: HoldKey },
}

/// Somebody who holds units in a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    pub kind: HolderKind,
    pub who: HolderName,
    pub units: i64,
    pub made_at: Timestamp,
}

impl Holder {
    /// The order in which a short cell frees holders: kind by kind, newest first within a kind.
    pub fn freeing_order(&self) -> (HolderKind, std::cmp::Reverse<Timestamp>, std::cmp::Reverse<HolderName>) {
        (self.kind, std::cmp::Reverse(self.made_at), std::cmp::Reverse(self.who.clone()))
    }
}
