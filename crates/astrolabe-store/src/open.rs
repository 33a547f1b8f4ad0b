//! Choosing and opening a database.

use std::path::PathBuf;
use std::sync::Arc;

use crate::contract::Store;
use crate::error::StoreError;
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreTarget {
    /// Embedded SQLite in this directory, which is made if need be.
    DataDir(PathBuf),
    /// `postgres://user:password@host/database`.
    Url(String),
}

impl std::fmt::Debug for StoreTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreTarget::DataDir(dir) => f.debug_tuple("DataDir").field(dir).finish(),
            StoreTarget::Url(_) => f.write_str("Url(…)"),
        }
    }
}

/// Opens the database and brings its schema up to date.
///
/// # Errors
/// [`StoreError::Unavailable`] when it cannot be reached, [`StoreError::Schema`] when its schema is newer than this
/// program or a migration was changed after it ran.
pub async fn open(target: &StoreTarget) -> Result<Arc<dyn Store>, StoreError> {
    match target {
        StoreTarget::DataDir(dir) => Ok(Arc::new(SqliteStore::open(dir).await?)),
        StoreTarget::Url(url) => Ok(Arc::new(PostgresStore::open(url).await?)),
    }
}
