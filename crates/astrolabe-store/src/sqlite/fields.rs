//! rusqlite's rows as [`Fields`], its errors as ours, and the three ways of running a statement.

use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, Params, Row};

use crate::error::StoreError;
use crate::rows::Fields;

/// Runs a query and hands its rows over one by one.
pub(super) fn each(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failure)?;
    let mut rows = statement.query(params).map_err(failure)?;
    while let Some(row) = rows.next().map_err(failure)? {
        take(row)?;
    }
    Ok(())
}

/// All rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    each(connection, sql, params, |row| {
        found.push(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// The first row of a query.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failure)?;
    let mut rows = statement.query(params).map_err(failure)?;
    rows.next().map_err(failure)?.map(read).transpose()
}

/// Runs a statement that returns nothing and says how many rows it changed.
pub(super) fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(failure)
}

/// A SQLite error in our words.
pub(super) fn failure(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Conflict(text),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => StoreError::Constraint(text),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(text),
        Some(_) | None => StoreError::Unavailable(text),
    }
}

/// An error of COMMIT. A busy database kept nothing; when the disk failed, the log may hold the commit all the same.
pub(super) fn commit_failure(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => StoreError::CommitUnknown(text),
        Some(_) | None => failure(error),
    }
}

/// A limit as SQLite takes it.
pub(super) fn limit(rows: usize) -> i64 {
    crate::rows::count(rows)
}

impl Fields for Row<'_> {
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

fn value<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    row.get(column).map_err(|error| StoreError::Corrupt(format!("column {column}: {error}")))
}
