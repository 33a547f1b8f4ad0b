//! Locations for those who only need to name them: ids and codes to names, without going through a lane.
//!
//! A cache per seller, loaded whole; a miss loads it again, at most once a second, so that a store made a moment ago
//! is found and a wrong id costs nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::ids::{LocationId, SellerId, WarehouseCode};
use astrolabe_core::place::{Location, LocationKind};
use astrolabe_store::{Store, StoreError};
use parking_lot::RwLock;
use tokio::time::Instant;

/// A miss loads again only after this long.
const RELOAD_AFTER: Duration = Duration::from_secs(1);

/// Names of places, by seller.
#[derive(Debug, Default)]
pub struct PlaceCache {
    sellers: RwLock<HashMap<SellerId, Known>>,
}

#[derive(Debug)]
struct Known {
    loaded_at: Instant,
    by_id: HashMap<LocationId, Arc<Location>>,
    by_warehouse_code: HashMap<WarehouseCode, LocationId>,
}

impl PlaceCache {
    /// A live location of this seller.
    pub async fn location(
        &self,
        store: &dyn Store,
        seller: SellerId,
        id: LocationId,
    ) -> Result<Option<Arc<Location>>, StoreError> {
        self.find(store, seller, |known| known.by_id.get(&id).cloned()).await
    }

    /// A live warehouse of this seller.
    pub async fn warehouse(
        &self,
        store: &dyn Store,
        seller: SellerId,
        code: &WarehouseCode,
    ) -> Result<Option<Arc<Location>>, StoreError> {
        self.find(store, seller, |known| {
            known.by_warehouse_code.get(code).and_then(|id| known.by_id.get(id)).cloned()
        })
        .await
    }

    /// Forgets a seller's places after one of them was changed here.
    pub fn forget(&self, seller: SellerId) {
        self.sellers.write().remove(&seller);
    }

    async fn find(
        &self,
        store: &dyn Store,
        seller: SellerId,
        pick: impl Fn(&Known) -> Option<Arc<Location>>,
    ) -> Result<Option<Arc<Location>>, StoreError> {
        {
            let sellers = self.sellers.read();
            if let Some(known) = sellers.get(&seller) {
                let found = pick(known);
                if found.is_some() || known.loaded_at.elapsed() < RELOAD_AFTER {
                    return Ok(found);
                }
            }
        }
        let known = Known::new(store.locations(seller).await?);
        let found = pick(&known);
        self.sellers.write().insert(seller, known);
        Ok(found)
    }
}

impl Known {
    fn new(locations: Vec<Location>) -> Self {
        let mut by_warehouse_code = HashMap::new();
        let mut by_id = HashMap::new();
        for location in locations {
            match &location.kind {
                LocationKind::Warehouse { code } => {
                    by_warehouse_code.insert(code.clone(), location.id);
                }
                LocationKind::Store { .. } => {}
            }
            by_id.insert(location.id, Arc::new(location));
        }
        Self { loaded_at: Instant::now(), by_id, by_warehouse_code }
    }
}

/// How a location is named on the wire: a store by its id, a warehouse by its code.
pub fn wire_name(location: &Location) -> String {
    match &location.kind {
        LocationKind::Store { .. } => location.id.to_string(),
        LocationKind::Warehouse { code } => code.to_string(),
    }
}
