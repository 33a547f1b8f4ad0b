//! Connecting: time-outs, pool, migrations.

use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Transaction};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use crate::error::StoreError;
use crate::migrate::{MIGRATION_TABLE, Migration, checksum, still_to_run};
use crate::postgres::PostgresStore;
use crate::postgres::fields::{all, failure, no_connection};
use crate::rows::Fields;

/// Connections of one node.
const CONNECTIONS_MAX: usize = 20;
/// How long a connection may take to come about, and how long to wait for one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent data may stay unacknowledged before the connection counts as lost.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// Settings of every session: how long a statement may take, how long it may wait for a lock (a lane, most of all),
/// and how long a group may think between two statements.
const SESSION: &str =
    "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=15s -c jit=off";
/// Any number that no other program uses for an advisory lock in the same database.
const MIGRATION_LOCK: i64 = 0x6173_7472_6f6c_6162;

impl PostgresStore {
    /// Connects to the database that `url` names.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be reached, [`StoreError::Schema`] from migrations.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        // The driver's error would repeat the URL, and the URL has the password.
        let mut config: Config =
            url.parse().map_err(|_| StoreError::Unavailable("the database URL cannot be read".to_owned()))?;
        let options = match config.get_options() {
            Some(given) => format!("{SESSION} {given}"),
            None => SESSION.to_owned(),
        };
        if config.get_application_name().is_none() {
            config.application_name("astrolabe");
        }
        config.options(options).connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(UNACKNOWLEDGED_MAX);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(CONNECTIONS_MAX)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .recycle_timeout(Some(CONNECT_TIMEOUT))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        migrate(&pool).await?;
        Ok(Self { pool })
    }
}

/// Runs what has not run, one node at a time.
async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let mut client = pool.get().await.map_err(no_connection)?;
    let transaction = client.transaction().await.map_err(failure)?;
    transaction.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await.map_err(failure)?;
    match transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await {
        Ok(_) => return run_missing(transaction).await,
        Err(error) if !has_no_advisory_locks(&error) => return Err(failure(error)),
        Err(_) => transaction.rollback().await.map_err(failure)?,
    }
    // PostgreSQL's relatives without advisory locks have row locks.
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_lock (id BIGINT PRIMARY KEY); \
             INSERT INTO schema_lock (id) VALUES (1) ON CONFLICT (id) DO NOTHING",
        )
        .await
        .map_err(failure)?;
    let transaction = client.transaction().await.map_err(failure)?;
    transaction.execute("SELECT id FROM schema_lock WHERE id = 1 FOR UPDATE", &[]).await.map_err(failure)?;
    run_missing(transaction).await
}

fn has_no_advisory_locks(error: &tokio_postgres::Error) -> bool {
    let missing = [SqlState::UNDEFINED_FUNCTION, SqlState::FEATURE_NOT_SUPPORTED];
    error.code().is_some_and(|code| missing.contains(code))
}

async fn run_missing(transaction: Transaction<'_>) -> Result<(), StoreError> {
    transaction.batch_execute(MIGRATION_TABLE).await.map_err(failure)?;
    let ran: BTreeMap<i64, String> =
        all(&transaction, "SELECT number, checksum FROM schema_migration", &[], |row| Ok((row.int(0)?, row.text(1)?)))
            .await?
            .into_iter()
            .collect();
    for migration in still_to_run(&ran, |migration| migration.postgres)? {
        let Migration { number, name, sqlite: _, postgres } = migration;
        transaction
            .batch_execute(postgres)
            .await
            .map_err(|error| StoreError::Schema(format!("migration {number} ({name}): {}", failure(error))))?;
        transaction
            .execute(
                "INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)",
                &[&number, &name, &checksum(postgres)],
            )
            .await
            .map_err(failure)?;
        tracing::info!(number, name, "migration ran");
    }
    transaction.commit().await.map_err(failure)
}
