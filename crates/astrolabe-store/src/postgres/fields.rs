//! tokio-postgres' rows as [`Fields`], its errors as ours, and the ways of running a query.

use deadpool_postgres::{GenericClient, PoolError};
use futures::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Error, Row};

use crate::error::StoreError;
use crate::rows::Fields;

/// Parameters of a query.
pub(super) type Params<'p> = [&'p (dyn ToSql + Sync)];

/// All rows of a query. Queries of one connection that are polled together share a round trip.
pub(super) async fn all<T>(
    client: &impl GenericClient,
    sql: &str,
    params: &Params<'_>,
    read: impl Fn(&Row) -> Result<T, StoreError> + Send,
) -> Result<Vec<T>, StoreError> {
    let statement = client.prepare_cached(sql).await.map_err(failure)?;
    let rows = client.query(&statement, params).await.map_err(failure)?;
    rows.iter().map(read).collect()
}

/// The first row of a query.
pub(super) async fn first<T>(
    client: &impl GenericClient,
    sql: &str,
    params: &Params<'_>,
    read: impl Fn(&Row) -> Result<T, StoreError> + Send,
) -> Result<Option<T>, StoreError> {
    let statement = client.prepare_cached(sql).await.map_err(failure)?;
    client.query_opt(&statement, params).await.map_err(failure)?.as_ref().map(read).transpose()
}

/// Runs a query and hands its rows over one by one, for results that are long.
pub(super) async fn each(
    client: &impl GenericClient,
    sql: &str,
    params: &Params<'_>,
    mut take: impl FnMut(&Row) -> Result<(), StoreError> + Send,
) -> Result<(), StoreError> {
    let statement = client.prepare_cached(sql).await.map_err(failure)?;
    let given = params.iter().copied();
    let rows = client.query_raw::<_, &(dyn ToSql + Sync), _>(&statement, given).await.map_err(failure)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(failure)? {
        take(&row)?;
    }
    Ok(())
}

/// A PostgreSQL error in our words. What the server refused keeps nothing; a lost connection keeps nothing either,
/// because nobody sent a COMMIT.
pub(super) fn failure(error: Error) -> StoreError {
    let text = said(&error);
    let Some(code) = error.code() else {
        return StoreError::Unavailable(text);
    };
    let retry = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ];
    if retry.contains(code) {
        StoreError::Conflict(text)
    } else if ["21", "22", "23", "42"].iter().any(|class| code.code().starts_with(class)) {
        StoreError::Constraint(text)
    } else {
        StoreError::Unavailable(text)
    }
}

/// An error of COMMIT itself: the server's plain refusals keep nothing, all else may have come after the deed.
pub(super) fn commit_failure(error: Error) -> StoreError {
    match failure(error) {
        StoreError::Unavailable(text) => StoreError::CommitUnknown(text),
        known @ (StoreError::Conflict(_)
        | StoreError::Constraint(_)
        | StoreError::CommitUnknown(_)
        | StoreError::Corrupt(_)
        | StoreError::Schema(_)
        | StoreError::UnknownSeller(_)) => known,
    }
}

/// No connection to be had.
pub(super) fn no_connection(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => StoreError::Unavailable(said(&error)),
        error @ (PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_)) => StoreError::Unavailable(error.to_string()),
    }
}

/// The server's own words: the driver's Display leaves them out.
fn said(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} {}", db.code().code(), db.message()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// A limit as PostgreSQL takes it.
pub(super) fn limit(rows: usize) -> i64 {
    crate::rows::count(rows)
}

impl Fields for Row {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        value(self, column)
    }

    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        value(self, column)
    }

    fn code(&self, column: usize) -> Result<i16, StoreError> {
        value(self, column)
    }

    fn flag(&self, column: usize) -> Result<bool, StoreError> {
        value(self, column)
    }

    fn text(&self, column: usize) -> Result<String, StoreError> {
        value(self, column)
    }

    fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        value(self, column)
    }
}

fn value<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| StoreError::Corrupt(format!("column {column}: {error}")))
}
