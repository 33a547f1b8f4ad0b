//! Attempts at calls outward as columns.

use astrolabe_core::ids::{OutwardId, SellerId, Tid};
use astrolabe_core::time::{Millis, Timestamp};

use crate::attempts::{Attempt, AttemptId, AttemptKey, AttemptsKept};
use crate::error::StoreError;
use crate::rows::{Fields, from_doc, from_word};

/// The columns of an attempt.
macro_rules! attempt_columns {
    () => {
        "seller_id, receiver, started_at, attempt_id, outward_id, tid, method, number, took_ms, outcome, exchange"
    };
}
pub(crate) use attempt_columns;

pub(crate) fn attempt(row: &impl Fields) -> Result<Attempt, StoreError> {
    let number = row.int(7)?;
    Ok(Attempt {
        seller: SellerId(row.int(0)?),
        receiver: from_doc(&row.text(1)?)?,
        key: attempt_key(row, 2)?,
        call: row.opt_int(4)?.map(OutwardId),
        tid: Tid(row.int(5)?),
        method: row.text(6)?,
        number: u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("attempt number {number}")))?,
        took: Millis(row.int(8)?),
        outcome: from_word(row.text(9)?)?,
        exchange: from_doc(&row.text(10)?)?,
    })
}

/// The key in two columns, the first of which is given.
pub(crate) fn attempt_key(row: &impl Fields, column: usize) -> Result<AttemptKey, StoreError> {
    Ok(AttemptKey { started_at: Timestamp(row.int(column)?), id: AttemptId(row.int(column + 1)?) })
}

/// Where a page ends that begins with the newest.
pub(crate) const NEWEST: AttemptKey = AttemptKey { started_at: Timestamp(i64::MAX), id: AttemptId(i64::MAX) };

/// The newest attempt that is forgotten: by age, or because `surplus` is the first that is one too many.
pub(crate) fn newest_forgotten(kept: AttemptsKept, surplus: Option<AttemptKey>) -> AttemptKey {
    let by_age = AttemptKey { started_at: kept.since, id: AttemptId(i64::MIN) };
    surplus.map_or(by_age, |surplus| surplus.max(by_age))
}
