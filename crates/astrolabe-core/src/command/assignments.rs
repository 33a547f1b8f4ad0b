//! What allocating apps, stores and people say of assignments: results, answers, handovers, taking back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{AllocationCode, HandoverCode, LocationId, Oid, Tid};
use crate::order::assignment::Shipment;
use crate::order::timeline::Actor;
use crate::time::Timestamp;

/// An allocating app's result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncAllocation {
    pub tid: Tid,
    pub who: Actor,
    pub lines: Vec<SyncedLine>,
    /// The head's status, meant for every line when the list is empty.
    pub head: SyncStatus,
    pub message: String,
    pub happened: Timestamp,
}

/// One line of an allocation result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncedLine {
    pub oid: Oid,
    pub status: SyncStatus,
    /// Needed when allocated.
    pub location: Option<LocationId>,
    pub message: String,
    pub attributes: Option<String>,
}

/// `Waiting` / `Allocated` / `AllocateFail`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncStatus {
    Waiting,
    Allocated,
    Failed,
}

/// How a call addresses assignments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// (sub-order, location): the live assignment there, else the latest.
    Lines(Vec<(Oid, LocationId)>),
    /// An allocation code, with the sub-orders it is said to cover (empty: its own).
    Code(AllocationCode, Vec<Oid>),
    /// Sub-orders wherever they are (empty: all of the trade's): their live assignments, else the latest.
    SubOrders(Vec<Oid>),
}

/// What one call says of each line it speaks of: mostly the same of all, sometimes another thing of some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PerLine<T> {
    of_all: T,
    of_some: BTreeMap<(Oid, LocationId), T>,
}

impl<T> PerLine<T> {
    /// The same of every line.
    pub fn all(said: T) -> Self {
        Self { of_all: said, of_some: BTreeMap::new() }
    }

    /// Another thing of this line. Of a line named twice the last word counts, so that a repeat of the call says the same.
    #[must_use]
    pub fn but(mut self, oid: Oid, location: LocationId, said: T) -> Self {
        self.of_some.insert((oid, location), said);
        self
    }

    /// What is said of the sub-order at the location.
    pub fn of(&self, oid: Oid, location: LocationId) -> &T {
        self.of_some.get(&(oid, location)).unwrap_or(&self.of_all)
    }
}

/// What a store, POS or WMS says about assignments of one trade. All of it happens, or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreAnswer {
    pub tid: Tid,
    pub address: Address,
    /// How many units of a line it is about, where not all of those that are there.
    pub units: PerLine<Option<i64>>,
    /// The caller says these are warehouse assignments (`type` Warehouse).
    pub claims_warehouse: Option<bool>,
    pub who: Actor,
    /// When it happened; where nobody said, when we heard of it.
    pub happened: Timestamp,
    /// Whether the caller said when.
    pub timed: bool,
}

/// 门店自送: the store takes the goods to the buyer itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetOut {
    pub tid: Tid,
    pub store: LocationId,
    /// What the trade's books say of the parcel.
    pub shipment: Shipment,
    pub fresh: HandoverCode,
    pub who: Actor,
}

/// A code that the buyer showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UseCode {
    pub tid: Tid,
    pub code: HandoverCode,
    pub place: HandoverPlace,
    pub who: Actor,
    pub happened: Timestamp,
}

/// Where goods change hands. A code is good at one of them only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandoverPlace {
    /// 门店自提: the buyer comes to the store.
    Counter,
    /// 门店自送: the store comes to the buyer.
    Door,
}

/// Why a store refuses. Reasons change stock by policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefuseReason {
    NoGoods,
    Damaged,
    ShopClosed,
    Other,
}

impl RefuseReason {
    /// The stable word on timelines and in APIs.
    pub fn name(self) -> &'static str {
        match self {
            RefuseReason::NoGoods => "no_goods",
            RefuseReason::Damaged => "damaged",
            RefuseReason::ShopClosed => "shop_closed",
            RefuseReason::Other => "other",
        }
    }
}

/// Take sub-orders back from where they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reallocate {
    pub tid: Tid,
    /// Empty: every sub-order with a live assignment.
    pub sub_orders: Vec<Oid>,
    /// Withdraw and assign there in one step; without it the lines are routed anew.
    pub target: Option<LocationId>,
    pub who: Actor,
    /// Names the request, so that answers belong to it.
    pub request: i64,
    /// Only an operator may take an accepted one without asking the store.
    pub force: bool,
}
