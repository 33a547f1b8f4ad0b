//! How far channels' own databases were read. Written between groups: reading the same again has no effect.

use rusqlite::{Connection, TransactionBehavior, params};

use astrolabe_core::ids::SellerId;

use crate::error::StoreError;
use crate::rows::{source_exception, source_state};
use crate::source::{SourceException, SourceProgress, SourceState};
use crate::sqlite::fields::{all, commit_failure, failure, limit as most, run};

/// Keeps what one reading leaves.
pub(super) fn keep(connection: &mut Connection, progress: &SourceProgress) -> Result<(), StoreError> {
    let SourceProgress { seller, channel, state, bad, good } = progress;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    let put = "INSERT INTO source_place (seller_id, channel, source_table, moment, row_id, read_at, failed_at, error) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (seller_id, channel, source_table) DO UPDATE SET \
               moment = excluded.moment, row_id = excluded.row_id, read_at = excluded.read_at, \
               failed_at = excluded.failed_at, error = excluded.error";
    let (failed_at, error) = state.failure.as_ref().map(|(at, error)| (at.0, error.as_str())).unzip();
    let (table, place) = (state.table.name(), state.place);
    run(
        &transaction,
        put,
        params![seller.0, channel, table, place.moment, place.row_id, state.read_at.0, failed_at, error],
    )?;
    for row_id in good {
        let over = "DELETE FROM source_exception \
                    WHERE seller_id = ?1 AND channel = ?2 AND source_table = ?3 AND row_id = ?4";
        run(&transaction, over, params![seller.0, channel, table, row_id])?;
    }
    for wrong in bad {
        let put = "INSERT INTO source_exception (seller_id, channel, source_table, row_id, tid, field, problem, at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                   ON CONFLICT (seller_id, channel, source_table, row_id) DO UPDATE SET \
                   tid = excluded.tid, field = excluded.field, problem = excluded.problem, at = excluded.at";
        let tid = wrong.tid.map(|tid| tid.0);
        run(
            &transaction,
            put,
            params![seller.0, channel, table, wrong.row_id, tid, wrong.field, wrong.problem, wrong.at.0],
        )?;
    }
    transaction.commit().map_err(commit_failure)
}

/// Both tables of a channel's source, as far as they were ever read.
pub(super) fn states(connection: &Connection, seller: SellerId, channel: &str) -> Result<Vec<SourceState>, StoreError> {
    let states = "SELECT source_table, moment, row_id, read_at, failed_at, error FROM source_place \
                  WHERE seller_id = ?1 AND channel = ?2 ORDER BY source_table";
    all(connection, states, params![seller.0, channel], |row| source_state(row))
}

/// Rows that could not be taken in.
pub(super) fn exceptions(
    connection: &Connection,
    seller: SellerId,
    channel: &str,
    limit: usize,
) -> Result<Vec<SourceException>, StoreError> {
    let wrong = "SELECT source_table, row_id, tid, field, problem, at FROM source_exception \
                 WHERE seller_id = ?1 AND channel = ?2 ORDER BY source_table, row_id LIMIT ?3";
    all(connection, wrong, params![seller.0, channel, most(limit)], |row| source_exception(row))
}
