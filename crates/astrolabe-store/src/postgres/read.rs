//! Reading one consistent state with several queries.

use deadpool_postgres::{Client, Pool, Transaction};
use tokio_postgres::IsolationLevel;

use crate::error::StoreError;
use crate::postgres::fields::{failure, no_connection};

/// A connection for single queries.
pub(super) async fn client(pool: &Pool) -> Result<Client, StoreError> {
    pool.get().await.map_err(no_connection)
}

/// A transaction that sees one state and writes nothing. Dropping it ends it.
pub(super) async fn consistent(client: &mut Client) -> Result<Transaction<'_>, StoreError> {
    client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(failure)
}
