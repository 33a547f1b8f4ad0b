//! Who gets trades pushed into which database, and what of a seller's history that is.

use deadpool_postgres::Client;

use astrolabe_core::command::{HistoryPlace, PushUser};
use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{Changes, HISTORY_MAX};

use crate::error::StoreError;
use crate::lists::{PushUserQuery, PushUserRow};
use crate::postgres::fields::{all, first, limit as most};
use crate::postgres::save::Writing;
use crate::postgres::script::{Script, value};
use crate::rows::{Fields, page_window, push_user, push_user_columns};

const PUT: &str = concat!(
    "INSERT INTO push_user (",
    push_user_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (seller_id, app_key) DO UPDATE SET rds_name = excluded.rds_name, \
     history_days = excluded.history_days, topics = excluded.topics, deleted = excluded.deleted, \
     created = excluded.created, modified = excluded.modified"
);

/// Registrations of one group.
pub(super) fn write(script: &mut Script, writing: Writing, changes: &Changes) {
    for user in changes.push_users.iter().cloned() {
        let PushUser { app, rds_name, history_days, topics, deleted, created, modified } = user;
        let row = vec![
            value(writing.seller.0),
            value(app.0),
            value(rds_name),
            value(history_days),
            value(topics),
            value(deleted),
            value(created.0),
            value(modified.0),
        ];
        script.add(PUT, row);
    }
}

/// All registrations of a seller.
pub(super) async fn of_seller(client: &Client, seller: SellerId) -> Result<Vec<PushUser>, StoreError> {
    let users = concat!("SELECT ", push_user_columns!(), " FROM push_user WHERE seller_id = $1 ORDER BY app_key");
    all(client, users, &[&seller.0], |row| Ok(push_user(row)?.user)).await
}

/// A bit of a seller's trades, newest changed first.
pub(super) async fn history(
    client: &Client,
    seller: SellerId,
    place: HistoryPlace,
) -> Result<Vec<(Timestamp, Tid)>, StoreError> {
    let trades = "SELECT modified, tid FROM trade \
                  WHERE seller_id = $1 AND modified >= $2 AND (modified, tid) < ($3, $4) \
                  ORDER BY modified DESC, tid DESC LIMIT $5";
    let HistoryPlace { since, before: (modified, tid) } = place;
    let most = most(HISTORY_MAX);
    let key: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&seller.0, &since.0, &modified.0, &tid.0, &most];
    all(client, trades, key, |row| Ok((Timestamp(row.int(0)?), Tid(row.int(1)?)))).await
}

const WANTED: &str = "\
    FROM push_user WHERE app_key = $1 AND ($2::bigint IS NULL OR seller_id = $2) \
    AND ($3::bigint IS NULL OR modified >= $3) AND ($4::bigint IS NULL OR modified <= $4)";

/// A page by seller, and how many there are.
pub(super) async fn users(client: &Client, query: &PushUserQuery) -> Result<(Vec<PushUserRow>, i64), StoreError> {
    let (seller, from, to) = (query.seller.map(|id| id.0), query.from.map(|at| at.0), query.to.map(|at| at.0));
    let (rows, skipped) = page_window(query.page, query.per_page);
    let page = format!(concat!("SELECT ", push_user_columns!(), " {} ORDER BY seller_id LIMIT $5 OFFSET $6"), WANTED);
    let users = all(client, &page, &[&query.app.0, &seller, &from, &to, &rows, &skipped], push_user).await?;
    let total = format!("SELECT count(*) {WANTED}");
    let total = first(client, &total, &[&query.app.0, &seller, &from, &to], |row| row.int(0)).await?;
    Ok((users, total.unwrap_or(0)))
}
