//! Exceptions: what a group does to them, and lists of them.

use rusqlite::types::ToSql;
use rusqlite::{Connection, params};

use astrolabe_core::exception::{Exception, ExceptionChange, Raised};
use astrolabe_core::ids::{ExceptionId, SellerId, Tid};
use astrolabe_core::world::Changes;

use crate::error::StoreError;
use crate::exceptions::ExceptionQuery;
use crate::rows::{Given, exception, exception_columns, exception_list, to_doc};
use crate::sqlite::fields::{all, first, run};
use crate::sqlite::save::Place;

const RAISE: &str = "\
    INSERT INTO exception (seller_id, exception_id, kind, subject, tid, oid, location_id, opened_at, last_at, times, detail) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 1, ?9) \
    ON CONFLICT (seller_id, subject, kind) WHERE closed = 0 \
    DO UPDATE SET times = times + 1, last_at = excluded.last_at, detail = excluded.detail";

const GONE: &str = "\
    UPDATE exception SET closed = 1, closed_at = ?4, how = ?5 \
    WHERE seller_id = ?1 AND subject = ?2 AND kind = ?3 AND closed = 0";

const PUT: &str = "\
    UPDATE exception SET owner = ?3, notes = ?4, closed = ?5, closed_at = ?6, closed_by = ?7, how = ?8 \
    WHERE seller_id = ?1 AND exception_id = ?2 AND closed = 0";

/// In the order in which they happened. What is closed stays as it is.
pub(super) fn write(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for change in &changes.exceptions {
        match change {
            ExceptionChange::Raised(raised) => raise(place, raised)?,
            ExceptionChange::Gone { kind, subject, how, at } => {
                let given = params![place.seller.0, to_doc(subject)?, kind.name(), at.0, how];
                run(place.connection, GONE, given)?;
            }
            ExceptionChange::Put(changed) => put(place, changed)?,
        }
    }
    Ok(())
}

fn raise(place: Place<'_>, raised: &Raised) -> Result<(), StoreError> {
    let given = params![
        place.seller.0,
        raised.id.0,
        raised.kind.name(),
        to_doc(&raised.subject)?,
        raised.subject.tid().map(|tid| tid.0),
        raised.subject.oid().map(|oid| oid.0),
        raised.location.map(|location| location.0),
        raised.at.0,
        raised.detail,
    ];
    run(place.connection, RAISE, given).map(|_| ())
}

fn put(place: Place<'_>, changed: &Exception) -> Result<(), StoreError> {
    let closing = changed.closing.as_ref();
    let given = params![
        place.seller.0,
        changed.id.0,
        changed.owner,
        to_doc(&changed.notes)?,
        closing.is_some(),
        closing.map(|closing| closing.at.0),
        closing.and_then(|closing| closing.by.as_deref()),
        closing.map(|closing| closing.how.as_str()),
    ];
    run(place.connection, PUT, given).map(|_| ())
}

/// One exception.
pub(super) fn one(connection: &Connection, seller: SellerId, id: ExceptionId) -> Result<Option<Exception>, StoreError> {
    let row = concat!("SELECT ", exception_columns!(), " FROM exception WHERE seller_id = ?1 AND exception_id = ?2");
    first(connection, row, (seller.0, id.0), |row| exception(row))
}

/// All exceptions of a trade, oldest first.
pub(super) fn of_trade(connection: &Connection, seller: SellerId, tid: Tid) -> Result<Vec<Exception>, StoreError> {
    let rows = concat!(
        "SELECT ",
        exception_columns!(),
        " FROM exception WHERE seller_id = ?1 AND tid = ?2 ORDER BY opened_at, exception_id"
    );
    all(connection, rows, (seller.0, tid.0), |row| exception(row))
}

/// A page.
pub(super) fn page(
    connection: &Connection,
    seller: SellerId,
    query: &ExceptionQuery,
) -> Result<Vec<Exception>, StoreError> {
    let (sql, values) = exception_list(query, seller.0, '?', |truth| if truth { "1" } else { "0" });
    let given = values.iter().map(|value| match value {
        Given::Number(number) => number as &dyn ToSql,
        Given::Word(word) => word as &dyn ToSql,
    });
    all(connection, &sql, rusqlite::params_from_iter(given), |row| exception(row))
}
