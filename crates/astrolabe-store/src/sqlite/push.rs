//! Who gets trades pushed into which database. Written between groups: nothing decided depends on it.

use rusqlite::{Connection, params};

use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::lists::{PushUser, PushUserQuery};
use crate::rows::{Fields, page_window, push_user, push_user_columns};
use crate::sqlite::fields::{all, first, run};

const ADD: &str = concat!(
    "INSERT INTO push_user (",
    push_user_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, FALSE, ?6, ?6) \
     ON CONFLICT (seller_id, app_key) DO UPDATE SET rds_name = excluded.rds_name, \
     history_days = excluded.history_days, topics = excluded.topics, deleted = FALSE, modified = excluded.modified \
     WHERE deleted OR rds_name <> excluded.rds_name OR history_days IS NOT excluded.history_days \
     OR topics IS NOT excluded.topics"
);

/// Adds, changes or brings back; the same again changes nothing.
pub(super) fn add(connection: &Connection, user: &PushUser) -> Result<(), StoreError> {
    let PushUser { seller, app, rds_name, history_days, topics, deleted: _, created: _, modified } = user;
    run(connection, ADD, params![seller.0, app.0, rds_name, history_days, topics, modified.0]).map(|_| ())
}

/// Marks as deleted; says whether the app ever had the seller.
pub(super) fn delete(
    connection: &Connection,
    seller: SellerId,
    app: &AppKey,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mark = "UPDATE push_user SET deleted = TRUE, modified = ?3 \
                WHERE seller_id = ?1 AND app_key = ?2 AND NOT deleted";
    run(connection, mark, params![seller.0, app.0, now.0])?;
    let known = "SELECT 1 FROM push_user WHERE seller_id = ?1 AND app_key = ?2";
    Ok(first(connection, known, params![seller.0, app.0], |row| row.int(0))?.is_some())
}

const WANTED: &str = "\
    FROM push_user WHERE app_key = ?1 AND (?2 IS NULL OR seller_id = ?2) \
    AND (?3 IS NULL OR modified >= ?3) AND (?4 IS NULL OR modified <= ?4)";

/// A page by seller, and how many there are.
pub(super) fn users(connection: &Connection, query: &PushUserQuery) -> Result<(Vec<PushUser>, i64), StoreError> {
    let (seller, from, to) = (query.seller.map(|id| id.0), query.from.map(|at| at.0), query.to.map(|at| at.0));
    let (rows, skipped) = page_window(query.page, query.per_page);
    let page = format!(concat!("SELECT ", push_user_columns!(), " {} ORDER BY seller_id LIMIT ?5 OFFSET ?6"), WANTED);
    let users = all(connection, &page, params![query.app.0, seller, from, to, rows, skipped], |row| push_user(row))?;
    let total = format!("SELECT count(*) {WANTED}");
    let total = first(connection, &total, params![query.app.0, seller, from, to], |row| row.int(0))?;
    Ok((users, total.unwrap_or(0)))
}
