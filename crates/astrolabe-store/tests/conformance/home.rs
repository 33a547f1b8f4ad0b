//! A fresh database for one case.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use astrolabe_core::ids::SellerId;
use astrolabe_core::world::{Changes, Loaded, Names};
use astrolabe_store::{DirectoryDraft, Group, Lease, Store, StoreTarget, open};

use crate::made::{NOW, seller};

/// Where a case keeps its data.
pub(crate) struct Home {
    target: StoreTarget,
    /// Removes the directory when the case ends.
    _dir: Option<tempfile::TempDir>,
    schema: Option<Schema>,
}

struct Schema {
    url: String,
    name: String,
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { target: StoreTarget::DataDir(dir.path().to_path_buf()), _dir: Some(dir), schema: None }
    }

    /// `None` when only SQLite is meant.
    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("ASTROLABE_TEST_PG_URL") else {
            let meant = std::env::var("ASTROLABE_TEST_SQLITE_ONLY").is_ok_and(|value| value == "1");
            assert!(
                meant,
                "ASTROLABE_TEST_PG_URL names no PostgreSQL; start one with `cargo xtask pg up`, \
                 or set ASTROLABE_TEST_SQLITE_ONLY=1 to test SQLite alone"
            );
            return None;
        };
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let name = format!("conformance_{}_{number}", std::process::id());
        sql(&url, &format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")).await;
        let joint = if url.contains('?') { '&' } else { '?' };
        let target = StoreTarget::Url(format!("{url}{joint}options=-c%20search_path%3D{name}&application_name={name}"));
        Some(Self { target, _dir: None, schema: Some(Schema { url, name }) })
    }

    /// A handle of its own, as another node has one.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        open(&self.target).await.unwrap()
    }

    /// A handle, with these sellers declared.
    pub(crate) async fn with_sellers(&self, sellers: &[i64]) -> Arc<dyn Store> {
        let store = self.open().await;
        let sellers = sellers.iter().map(|id| seller(*id)).collect();
        store.put_directory(&DirectoryDraft { sellers, ..DirectoryDraft::default() }, NOW).await.unwrap();
        store
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.schema.is_none()
    }

    /// Ends every connection of the case at the server, as a failover does.
    pub(crate) async fn cut_connections(&self) {
        if let Some(Schema { url, name }) = &self.schema {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name";
            sql(url, &format!("{cut} = '{name}'")).await;
        }
    }

    pub(crate) async fn remove(&self) {
        if let Some(Schema { url, name }) = &self.schema {
            sql(url, &format!("DROP SCHEMA {name} CASCADE")).await;
        }
    }
}

async fn sql(url: &str, statements: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(statements).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

/// The lease that a case takes unless it is about leases.
pub(crate) fn lease() -> Lease {
    Lease { node: 1, until: NOW + astrolabe_core::time::Millis::minutes(1) }
}

/// Commits one group of a seller.
pub(crate) async fn commit(store: &Arc<dyn Store>, seller: i64, changes: Changes) {
    let group = store.begin(SellerId(seller)).await.unwrap();
    group.commit(changes, Vec::new(), lease(), NOW).await.unwrap();
}

/// Loads in a group that is dropped.
pub(crate) async fn load(store: &Arc<dyn Store>, seller: i64, names: Names) -> Loaded {
    let mut group: Box<dyn Group> = store.begin(SellerId(seller)).await.unwrap();
    group.load(&names).await.unwrap()
}
