//! Locations as the wire names them (`warehouseType` + `warehouseId`, `type` + `store_id`) turned into ids.
//!
//! Only facts that never change are kept: what kind of place an id is, and which warehouse has a code. Whether it was
//! deleted since is the core's to say. A name that is not known costs one look by key; for a warehouse code, which has no
//! such look, one reading of the seller's places, and not more than one a second.

use std::collections::HashMap;
use std::time::Duration;

use astrolabe_core::ids::{LocationId, SellerId, StoreCode, WarehouseCode};
use astrolabe_core::place::{Location, LocationKind};
use astrolabe_core::refusal::Refusal;
use astrolabe_store::{Store, StoreError};
use parking_lot::RwLock;
use thiserror::Error;
use tokio::time::Instant;

/// Locations remembered; beyond it the memory is emptied and fills again.
const KNOWN_MAX: usize = 200_000;
/// How long unknown warehouse codes stay unknown without another look.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a caller says a location is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Claim {
    Store,
    Warehouse,
}

impl Claim {
    /// `STORE` / `Store`, `WAREHOUSE` / `Warehouse`; the catalogue has refused everything else.
    pub(crate) fn of(text: &str) -> Self {
        if text.eq_ignore_ascii_case("warehouse") { Claim::Warehouse } else { Claim::Store }
    }

    fn name(self) -> &'static str {
        match self {
            Claim::Store => "store",
            Claim::Warehouse => "warehouse",
        }
    }
}

/// Why a name is no location.
#[derive(Debug, Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Refused(Refusal),
    #[error("not a store's id")]
    NotAnId,
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// What is remembered of all sellers' locations.
#[derive(Debug, Default)]
pub(crate) struct PlaceBook {
    kinds: RwLock<HashMap<(SellerId, LocationId), Claim>>,
    warehouses: RwLock<HashMap<SellerId, Warehouses>>,
}

#[derive(Debug)]
struct Warehouses {
    by_code: HashMap<WarehouseCode, LocationId>,
    looked_at: Instant,
}

impl PlaceBook {
    /// The location that `text` names: a store by its id, a warehouse by its code (or its id, which answers carry too).
    pub(crate) async fn resolve(
        &self,
        store: &dyn Store,
        seller: SellerId,
        claim: Option<Claim>,
        text: &str,
    ) -> Result<LocationId, PlaceError> {
        let text = text.trim();
        let id = text.parse().ok().filter(|id| *id > 0).map(LocationId);
        let not_found = |id| PlaceError::Refused(Refusal::LocationNotFound { location: id });
        if claim != Some(Claim::Store)
            && let Some(warehouse) = self.warehouse(store, seller, text).await?
        {
            return Ok(warehouse);
        }
        let Some(id) = id else {
            return Err(match claim {
                Some(Claim::Store) => PlaceError::NotAnId,
                Some(Claim::Warehouse) | None => no_warehouse(text),
            });
        };
        match (claim, self.kind_of(store, seller, id).await?) {
            (Some(claimed), Some(actual)) if claimed != actual => {
                let (actual, claimed) = (actual.name(), claimed.name());
                Err(PlaceError::Refused(Refusal::WrongLocationKind { actual, claimed }))
            }
            (_, Some(_)) => Ok(id),
            (Some(Claim::Warehouse), None) => Err(no_warehouse(text)),
            (Some(Claim::Store) | None, None) => Err(not_found(id)),
        }
    }

    /// What a live location is.
    pub(crate) async fn kind_of(
        &self,
        store: &dyn Store,
        seller: SellerId,
        id: LocationId,
    ) -> Result<Option<Claim>, StoreError> {
        if let Some(kind) = self.kinds.read().get(&(seller, id)) {
            return Ok(Some(*kind));
        }
        let Some(location) = store.location(seller, id).await?.filter(|location| !location.deleted) else {
            return Ok(None);
        };
        let kind = if location.is_warehouse() { Claim::Warehouse } else { Claim::Store };
        let mut kinds = self.kinds.write();
        if kinds.len() >= KNOWN_MAX {
            kinds.clear();
        }
        kinds.insert((seller, id), kind);
        Ok(Some(kind))
    }

    async fn warehouse(
        &self,
        store: &dyn Store,
        seller: SellerId,
        code: &str,
    ) -> Result<Option<LocationId>, StoreError> {
        let code = WarehouseCode(code.to_owned());
        if let Some(known) = self.warehouses.read().get(&seller) {
            let found = known.by_code.get(&code).copied();
            if found.is_some() || known.looked_at.elapsed() < LOOK_AGAIN_AFTER {
                return Ok(found);
            }
        }
        let looked_at = Instant::now();
        let mut by_code = HashMap::new();
        for location in store.locations(seller).await? {
            if let LocationKind::Warehouse { code } = location.kind {
                by_code.insert(code, location.id);
            }
        }
        let found = by_code.get(&code).copied();
        self.warehouses.write().insert(seller, Warehouses { by_code, looked_at });
        Ok(found)
    }
}

/// The live store with a merchant's code. Codes change, so nothing is remembered: for the channel door, which seldom asks.
pub(crate) async fn store_by_code(
    store: &dyn Store,
    seller: SellerId,
    code: &StoreCode,
) -> Result<Option<LocationId>, StoreError> {
    let places = store.locations(seller).await?;
    let found = places.iter().find(|place| match &place.kind {
        LocationKind::Store { code: known, .. } => known == code,
        LocationKind::Warehouse { .. } => false,
    });
    Ok(found.map(|place| place.id))
}

fn no_warehouse(text: &str) -> PlaceError {
    PlaceError::Refused(Refusal::WarehouseNotFound { code: WarehouseCode(text.to_owned()) })
}

/// How a location is named on the wire: a store by its id, a warehouse by its code.
pub(crate) fn wire_name(location: &Location) -> String {
    match &location.kind {
        LocationKind::Store { .. } => location.id.to_string(),
        LocationKind::Warehouse { code } => code.to_string(),
    }
}
