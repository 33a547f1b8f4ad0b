//! Opening the file: settings, migrations, writer thread, readers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::StoreError;
use crate::migrate::{MIGRATION_TABLE, Migration, checksum, still_to_run};
use crate::rows::Fields;
use crate::sqlite::SqliteStore;
use crate::sqlite::fields::{all, failure, run};
use crate::sqlite::lane::Lanes;
use crate::sqlite::lease::Leases;
use crate::sqlite::read::Readers;

/// The file in the data directory.
const FILE_NAME: &str = "astrolabe.sqlite";
/// How long to wait for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept prepared on a connection: more than there are.
const STATEMENTS_MAX: usize = 200;
/// Pages in the log before a commit also copies them into the file. Fewer copies than the default of 1,000: a hot
/// page is copied once for many commits.
const CHECKPOINT_PAGES: i64 = 4_000;
/// Page cache of the writer, in KiB; SQLite takes KiB as a negative number.
const WRITER_CACHE_KIB: i64 = 64 * 1_024;
/// Page cache of one reader, in KiB.
const READER_CACHE_KIB: i64 = 8 * 1_024;

impl SqliteStore {
    /// Opens the file in `dir`, made if need be.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the directory or file cannot be used, [`StoreError::Schema`] from migrations.
    pub(crate) async fn open(dir: &Path) -> Result<Self, StoreError> {
        let dir = dir.to_path_buf();
        let opened = tokio::task::spawn_blocking(move || open_now(&dir));
        opened.await.map_err(|error| StoreError::Unavailable(format!("opening was interrupted: {error}")))?
    }
}

fn open_now(dir: &Path) -> Result<SqliteStore, StoreError> {
    std::fs::create_dir_all(dir)
        .map_err(|error| StoreError::Unavailable(format!("cannot make {}: {error}", dir.display())))?;
    let path: PathBuf = dir.join(FILE_NAME);
    let mut writer = Connection::open(&path).map_err(failure)?;
    set_up(&writer, WRITER_CACHE_KIB)?;
    // WAL with FULL: with anything less, power loss takes back answered writes.
    let mode: String =
        writer.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(failure)?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!("journal mode is {mode}: the file system cannot do WAL")));
    }
    writer.pragma_update(None, "synchronous", "full").map_err(failure)?;
    writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(failure)?;
    migrate(&mut writer)?;
    let leases = Arc::new(Leases::default());
    Ok(SqliteStore { lanes: Lanes::start(writer, Arc::clone(&leases))?, readers: Readers::of(path), leases })
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failure)?;
    set_up(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn set_up(connection: &Connection, cache_kib: i64) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failure)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "cache_size", -cache_kib).map_err(failure)?;
    connection.pragma_update(None, "temp_store", "memory").map_err(failure)
}

/// Runs what has not run, under the one write lock of the file, so that two processes cannot do it at once.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    transaction.execute_batch(MIGRATION_TABLE).map_err(failure)?;
    let ran: BTreeMap<i64, String> =
        all(&transaction, "SELECT number, checksum FROM schema_migration", [], |row| Ok((row.int(0)?, row.text(1)?)))?
            .into_iter()
            .collect();
    for migration in still_to_run(&ran, |migration| migration.sqlite)? {
        let Migration { number, name, sqlite, postgres: _ } = migration;
        transaction
            .execute_batch(sqlite)
            .map_err(|error| StoreError::Schema(format!("migration {number} ({name}): {error}")))?;
        run(
            &transaction,
            "INSERT INTO schema_migration (number, name, checksum) VALUES (?1, ?2, ?3)",
            (number, name, checksum(sqlite)),
        )?;
        tracing::info!(number, name, "migration ran");
    }
    transaction.commit().map_err(failure)
}
