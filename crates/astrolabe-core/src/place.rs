//! Locations: the stores and warehouses of one merchant.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::geo::Point;
use crate::ids::{LocationId, StoreCode, WarehouseCode};
use crate::routing::{Nearest, Site};
use crate::service_settings::ServiceSettings;
use crate::time::OpeningHours;

/// 门店类型 (white paper §6.1.1 `storeType`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StoreType {
    Normal,
    Mall,
    MallShop,
    LightShop,
    Hospital,
    Department,
    Warehouse,
}

/// 门店状态 (white paper §6.1.1 `storeStatus`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StoreStatus {
    #[default]
    Normal,
    /// 暂停营业.
    Hold,
    /// 关店.
    Close,
}

/// What kind of place it is. A warehouse is made by `apply` or the console; a store over the wire.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocationKind {
    Store { store_type: StoreType, code: StoreCode },
    Warehouse { code: WarehouseCode },
}

/// A place as decisions see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Location {
    pub id: LocationId,
    pub kind: LocationKind,
    pub name: String,
    pub status: StoreStatus,
    pub hours: OpeningHours,
    /// What the merchant set about its delivery and pickup. Changed by a command of its own, never with the rest.
    #[serde(default, skip_serializing_if = "ServiceSettings::is_default")]
    pub service: ServiceSettings,
    /// Where it is; `None` when its address names no known division.
    pub point: Option<Point>,
    /// A deleted location keeps its id and its ledger and serves nothing.
    pub deleted: bool,
    /// What the merchant told us beside that (address, store keeper, …), kept as it came for `store.query`.
    pub card: LocationCard,
}

/// The descriptive half of a location: shown and queried, never decided on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LocationCard {
    pub shop_id: Option<i64>,
    pub company_name: String,
    pub main_category: Option<i64>,
    pub region: String,
    pub province: String,
    pub city: String,
    pub area: String,
    pub town: String,
    pub detail_address: String,
    pub country_code: String,
    pub description: String,
    pub keeper_name: String,
    pub keeper_tel: String,
    pub keeper_mobile: String,
    pub keeper_fax: String,
    pub keeper_zip_code: String,
    pub remark: String,
}

impl Location {
    /// Whether this is an 电商仓, which needs no acceptance and no item binding.
    pub fn is_warehouse(&self) -> bool {
        match self.kind {
            LocationKind::Warehouse { .. } => true,
            LocationKind::Store { .. } => false,
        }
    }
}

/// All locations of one seller, by id and by the merchant's codes.
#[derive(Clone, Debug, Default)]
pub struct Places {
    by_id: BTreeMap<LocationId, Location>,
    by_store_code: BTreeMap<StoreCode, LocationId>,
    by_warehouse_code: BTreeMap<WarehouseCode, LocationId>,
    /// Built when routing first asks; emptied when something it knows changes.
    nearest: OnceLock<Nearest>,
}

impl Places {
    /// The location with this id, deleted ones included.
    pub fn get(&self, id: LocationId) -> Option<&Location> {
        self.by_id.get(&id)
    }

    /// The live location with this id.
    pub fn live(&self, id: LocationId) -> Option<&Location> {
        self.by_id.get(&id).filter(|location| !location.deleted)
    }

    /// The store with the merchant's code.
    pub fn by_store_code(&self, code: &StoreCode) -> Option<&Location> {
        self.by_store_code.get(code).and_then(|id| self.by_id.get(id))
    }

    /// The warehouse with this code.
    pub fn by_warehouse_code(&self, code: &WarehouseCode) -> Option<&Location> {
        self.by_warehouse_code.get(code).and_then(|id| self.by_id.get(id))
    }

    /// Adds or replaces a location. A deleted store gives its code free.
    pub fn put(&mut self, location: Location) {
        let old = self.unlist(location.id);
        let seen = |place: &Location| (!place.deleted).then(|| Site::of(place));
        if old.as_ref().and_then(seen) != seen(&location) {
            self.nearest = OnceLock::new();
        }
        if !location.deleted {
            match &location.kind {
                LocationKind::Store { code, .. } => {
                    self.by_store_code.insert(code.clone(), location.id);
                }
                LocationKind::Warehouse { code } => {
                    self.by_warehouse_code.insert(code.clone(), location.id);
                }
            }
        }
        self.by_id.insert(location.id, location);
    }

    /// Takes a location out again; only a reverted command does this.
    pub fn remove(&mut self, id: LocationId) -> Option<Location> {
        self.nearest = OnceLock::new();
        self.unlist(id)
    }

    fn unlist(&mut self, id: LocationId) -> Option<Location> {
        let old = self.by_id.remove(&id)?;
        match &old.kind {
            LocationKind::Store { code, .. } => {
                if self.by_store_code.get(code) == Some(&id) {
                    self.by_store_code.remove(code);
                }
            }
            LocationKind::Warehouse { code } => {
                if self.by_warehouse_code.get(code) == Some(&id) {
                    self.by_warehouse_code.remove(code);
                }
            }
        }
        Some(old)
    }

    /// The live locations by distance, for routing. Building it costs one pass over all places after a change.
    pub fn nearest(&self) -> &Nearest {
        self.nearest.get_or_init(|| Nearest::of(self.all()))
    }

    /// All live locations in id order.
    pub fn all(&self) -> impl Iterator<Item = &Location> {
        self.by_id.values().filter(|location| !location.deleted)
    }
}
