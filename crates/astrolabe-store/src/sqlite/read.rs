//! Readers: a few connections that see the last commit while the writer works on the next.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::error::StoreError;
use crate::sqlite::fields::failure;
use crate::sqlite::open::reader;

/// Connections that read at the same time; more wait.
const READERS_MAX: usize = 4;

/// Idle readers of one file.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn of(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS_MAX)) }
    }

    /// Runs `look` on one consistent state of the database, off the async threads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Unavailable("the store is closed".to_owned()))?;
        let idle = Arc::clone(&self.idle);
        let path = self.path.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let waiting = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match waiting {
                Some(connection) => connection,
                None => reader(&path)?,
            };
            let found = {
                // Dropped without commit: reading leaves nothing to keep.
                let transaction = connection.transaction().map_err(failure)?;
                look(&transaction)
            };
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            found
        });
        looked.await.map_err(|error| StoreError::Unavailable(format!("a read was interrupted: {error}")))?
    }
}
