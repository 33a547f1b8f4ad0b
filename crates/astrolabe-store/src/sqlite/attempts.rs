//! Attempts at calls outward: written in batches between groups, read by trade or receiver, forgotten in steps.

use rusqlite::{Connection, TransactionBehavior, params};

use astrolabe_core::ids::SellerId;
use astrolabe_core::outward::Receiver;

use crate::attempts::{Attempt, AttemptKey, AttemptsKept, AttemptsOf};
use crate::error::StoreError;
use crate::rows::{NEWEST, attempt, attempt_columns, attempt_key, newest_forgotten, receiver_text, to_doc};
use crate::sqlite::fields::{all, commit_failure, failure, first, limit as most, run};

const KEEP: &str = concat!(
    "INSERT INTO outward_attempt (",
    attempt_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
     ON CONFLICT (seller_id, receiver, started_at, attempt_id) DO NOTHING"
);

/// An attempt as it is written, its texts made.
pub(super) struct AttemptRow {
    attempt: Attempt,
    receiver: String,
    exchange: String,
}

/// Attempts as rows.
pub(super) fn rows(attempts: &[Attempt]) -> Result<Vec<AttemptRow>, StoreError> {
    let row = |attempt: &Attempt| {
        let (receiver, exchange) = (receiver_text(&attempt.receiver)?, to_doc(&attempt.exchange)?);
        Ok(AttemptRow { attempt: attempt.clone(), receiver, exchange })
    };
    attempts.iter().map(row).collect()
}

/// Keeps attempts, all in one transaction.
pub(super) fn keep(connection: &mut Connection, rows: &[AttemptRow]) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    for AttemptRow { attempt, receiver, exchange } in rows {
        let row = params![
            attempt.seller.0,
            receiver,
            attempt.key.started_at.0,
            attempt.key.id.0,
            attempt.call.map(|call| call.0),
            attempt.tid.0,
            attempt.method,
            attempt.number,
            attempt.took.0,
            attempt.outcome.name(),
            exchange,
        ];
        run(&transaction, KEEP, row)?;
    }
    transaction.commit().map_err(commit_failure)
}

const OF_TRADE: &str = concat!(
    "SELECT ",
    attempt_columns!(),
    " FROM outward_attempt WHERE seller_id = ?1 AND tid = ?2 AND (started_at, attempt_id) < (?3, ?4) \
     ORDER BY started_at DESC, attempt_id DESC LIMIT ?5"
);

const OF_RECEIVER: &str = concat!(
    "SELECT ",
    attempt_columns!(),
    " FROM outward_attempt WHERE seller_id = ?1 AND receiver = ?2 AND (started_at, attempt_id) < (?3, ?4) \
     ORDER BY started_at DESC, attempt_id DESC LIMIT ?5"
);

/// Attempts before a key, newest first.
pub(super) fn page(
    connection: &Connection,
    seller: SellerId,
    of: &AttemptsOf,
    before: Option<AttemptKey>,
    limit: usize,
) -> Result<Vec<Attempt>, StoreError> {
    let AttemptKey { started_at, id } = before.unwrap_or(NEWEST);
    let read = |row: &rusqlite::Row<'_>| attempt(row);
    match of {
        AttemptsOf::Trade(tid) => all(connection, OF_TRADE, (seller.0, tid.0, started_at.0, id.0, most(limit)), read),
        AttemptsOf::Receiver(receiver) => {
            let receiver = receiver_text(receiver)?;
            all(connection, OF_RECEIVER, (seller.0, receiver, started_at.0, id.0, most(limit)), read)
        }
    }
}

/// The newest attempt of a receiver that need not be kept, if there is one.
pub(super) fn to_forget(
    connection: &Connection,
    seller: SellerId,
    receiver: &Receiver,
    kept: AttemptsKept,
) -> Result<Option<AttemptKey>, StoreError> {
    let receiver = receiver_text(receiver)?;
    let surplus = "SELECT started_at, attempt_id FROM outward_attempt WHERE seller_id = ?1 AND receiver = ?2 \
                   ORDER BY started_at DESC, attempt_id DESC LIMIT 1 OFFSET ?3";
    let surplus = first(connection, surplus, (seller.0, &receiver, most(kept.newest)), |row| attempt_key(row, 0))?;
    let up_to = newest_forgotten(kept, surplus);
    let oldest = "SELECT started_at, attempt_id FROM outward_attempt WHERE seller_id = ?1 AND receiver = ?2 \
                  ORDER BY started_at, attempt_id LIMIT 1";
    let oldest = first(connection, oldest, (seller.0, &receiver), |row| attempt_key(row, 0))?;
    Ok(oldest.filter(|oldest| *oldest <= up_to).map(|_| up_to))
}

/// Forgets a step of a receiver's attempts up to a key, oldest first: a range of the key, whose end is looked for first.
pub(super) fn forget(
    connection: &Connection,
    seller: SellerId,
    receiver: &Receiver,
    up_to: AttemptKey,
    limit: usize,
) -> Result<usize, StoreError> {
    let receiver = receiver_text(receiver)?;
    let end = "SELECT started_at, attempt_id FROM outward_attempt \
               WHERE seller_id = ?1 AND receiver = ?2 AND (started_at, attempt_id) <= (?3, ?4) \
               ORDER BY started_at, attempt_id LIMIT 1 OFFSET ?5";
    let key = (seller.0, &receiver, up_to.started_at.0, up_to.id.0, most(limit.saturating_sub(1)));
    let end = first(connection, end, key, |row| attempt_key(row, 0))?.unwrap_or(up_to);
    let step = "DELETE FROM outward_attempt \
                WHERE seller_id = ?1 AND receiver = ?2 AND (started_at, attempt_id) <= (?3, ?4)";
    run(connection, step, (seller.0, &receiver, end.started_at.0, end.id.0))
}
