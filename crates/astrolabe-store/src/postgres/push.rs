//! Who gets trades pushed into which database. Written outside groups: nothing decided depends on it.

use deadpool_postgres::Client;

use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::lists::{PushUser, PushUserQuery};
use crate::postgres::fields::{all, commit_failure, failure, first};
use crate::rows::{Fields, page_window, push_user, push_user_columns};

const ADD: &str = concat!(
    "INSERT INTO push_user AS known (",
    push_user_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, FALSE, $6, $6) \
     ON CONFLICT (seller_id, app_key) DO UPDATE SET rds_name = excluded.rds_name, \
     history_days = excluded.history_days, topics = excluded.topics, deleted = FALSE, modified = excluded.modified \
     WHERE known.deleted OR known.rds_name <> excluded.rds_name \
     OR known.history_days IS DISTINCT FROM excluded.history_days OR known.topics IS DISTINCT FROM excluded.topics"
);

/// Adds, changes or brings back; the same again changes nothing.
pub(super) async fn add(client: &Client, user: &PushUser) -> Result<(), StoreError> {
    let PushUser { seller, app, rds_name, history_days, topics, deleted: _, created: _, modified } = user;
    let statement = client.prepare_cached(ADD).await.map_err(failure)?;
    let added = client.execute(&statement, &[&seller.0, &app.0, rds_name, history_days, topics, &modified.0]).await;
    added.map(|_| ()).map_err(commit_failure)
}

/// Marks as deleted; says whether the app ever had the seller.
pub(super) async fn delete(
    client: &Client,
    seller: SellerId,
    app: &AppKey,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mark = "UPDATE push_user SET deleted = TRUE, modified = $3 \
                WHERE seller_id = $1 AND app_key = $2 AND NOT deleted";
    let statement = client.prepare_cached(mark).await.map_err(failure)?;
    client.execute(&statement, &[&seller.0, &app.0, &now.0]).await.map_err(commit_failure)?;
    let known = "SELECT 1::bigint FROM push_user WHERE seller_id = $1 AND app_key = $2";
    Ok(first(client, known, &[&seller.0, &app.0], |row| row.int(0)).await?.is_some())
}

const WANTED: &str = "\
    FROM push_user WHERE app_key = $1 AND ($2::bigint IS NULL OR seller_id = $2) \
    AND ($3::bigint IS NULL OR modified >= $3) AND ($4::bigint IS NULL OR modified <= $4)";

/// A page by seller, and how many there are.
pub(super) async fn users(client: &Client, query: &PushUserQuery) -> Result<(Vec<PushUser>, i64), StoreError> {
    let (seller, from, to) = (query.seller.map(|id| id.0), query.from.map(|at| at.0), query.to.map(|at| at.0));
    let (rows, skipped) = page_window(query.page, query.per_page);
    let page = format!(concat!("SELECT ", push_user_columns!(), " {} ORDER BY seller_id LIMIT $5 OFFSET $6"), WANTED);
    let users = all(client, &page, &[&query.app.0, &seller, &from, &to, &rows, &skipped], push_user).await?;
    let total = format!("SELECT count(*) {WANTED}");
    let total = first(client, &total, &[&query.app.0, &seller, &from, &to], |row| row.int(0)).await?;
    Ok((users, total.unwrap_or(0)))
}
