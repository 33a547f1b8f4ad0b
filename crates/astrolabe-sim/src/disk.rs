//! The real SQLite store in a directory that ends with the run. Its calls are awaited one by one on a runtime of this
//! thread: nothing here runs beside anything else, so that a seed's run stays the same run.

use std::sync::Arc;

use astrolabe_core::ids::SellerId;
use astrolabe_core::place::Location;
use astrolabe_core::seller::Seller;
use astrolabe_core::stock::invariants::Snapshot;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, Loaded, Names};
use astrolabe_store::{DirectoryDraft, Group, Lease, Store, StoreTarget, open};
use tokio::runtime::{Builder, Runtime};

use crate::keep::Changed;
use crate::scenario::{OPENING, Scenario};

/// A database in use.
pub(crate) struct Disk {
    runtime: Runtime,
    store: Option<Arc<dyn Store>>,
    dir: tempfile::TempDir,
}

/// One group's transaction.
pub(crate) struct DiskGroup<'d> {
    disk: &'d Disk,
    group: Box<dyn Group>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("dir", &self.dir.path()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DiskGroup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskGroup").finish_non_exhaustive()
    }
}

impl Disk {
    /// A fresh database with the scenario's merchants declared.
    ///
    /// # Errors
    /// What the machine or the store could not do.
    pub(crate) fn create(scenario: &Scenario) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut disk = Self { runtime, store: None, dir };
        disk.reopen()?;
        let sellers: Vec<Seller> = scenario.merchants.iter().map(|merchant| merchant.seller.clone()).collect();
        let draft = DirectoryDraft { sellers, ..DirectoryDraft::default() };
        let store = disk.store()?;
        disk.runtime.block_on(store.put_directory(&draft, OPENING)).map_err(|error| error.to_string())?;
        Ok(disk)
    }

    /// Closes the database as a process that ends does, and opens it again.
    ///
    /// # Errors
    /// What the store could not do.
    pub(crate) fn reopen(&mut self) -> Result<(), String> {
        self.store = None;
        let target = StoreTarget::DataDir(self.dir.path().to_path_buf());
        self.store = Some(self.runtime.block_on(open(&target)).map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Takes the merchant's lane.
    ///
    /// # Errors
    /// What the store could not do.
    pub(crate) fn begin(&self, seller: SellerId) -> Result<DiskGroup<'_>, String> {
        let store = self.store()?;
        let group = self.runtime.block_on(store.begin(seller)).map_err(|error| error.to_string())?;
        Ok(DiskGroup { disk: self, group })
    }

    /// Everything that the stock invariants speak of, from the stored rows.
    ///
    /// # Errors
    /// What the store could not do.
    pub(crate) fn snapshot(&self, seller: SellerId, now: Timestamp) -> Result<Snapshot, String> {
        let store = self.store()?;
        self.runtime.block_on(store.stock_snapshot(seller, now)).map_err(|error| error.to_string())
    }

    fn store(&self) -> Result<Arc<dyn Store>, String> {
        self.store.clone().ok_or_else(|| "the database is closed".to_owned())
    }
}

impl DiskGroup<'_> {
    pub(crate) fn seller(&mut self) -> Result<(Seller, Vec<Location>), String> {
        let state = self.disk.runtime.block_on(self.group.load_seller()).map_err(|error| error.to_string())?;
        Ok((state.seller, state.places))
    }

    pub(crate) fn version(&self) -> i64 {
        self.group.version()
    }

    pub(crate) fn load(&mut self, names: &Names) -> Result<Loaded, String> {
        self.disk.runtime.block_on(self.group.load(names)).map_err(|error| error.to_string())
    }

    pub(crate) fn changed_since(&mut self, version: i64) -> Result<Changed, String> {
        let changed = self.disk.runtime.block_on(self.group.changed_since(version));
        let changed = changed.map_err(|error| error.to_string())?;
        Ok(Changed {
            articles: changed.articles.into_iter().collect(),
            items: changed.items.into_iter().collect(),
            day_loads: changed.day_loads.into_iter().collect(),
            seller: changed.seller,
        })
    }

    /// Writes the group.
    ///
    /// # Errors
    /// What the store could not do.
    pub(crate) fn commit(self, changes: Changes, now: Timestamp) -> Result<(), String> {
        let lease = Lease { node: 1, until: now + Millis::seconds(20) };
        let committed = self.disk.runtime.block_on(self.group.commit(changes, Vec::new(), lease, now));
        committed.map(|_| ()).map_err(|error| error.to_string())
    }
}
