//! Looking: one reader, one consistent state, whole things.

use std::collections::BTreeMap;

use deadpool_postgres::{Client, Transaction};
use tokio_postgres::Row;

use astrolabe_core::goods::Mapping;
use astrolabe_core::ids::{AllocationCode, HandoverCode, ItemId, LocationId, Oid, ScItemId, SellerId, SkuId, Tid};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::place::Location;
use astrolabe_core::stock::cell::{CellKey, StockCell};

use crate::error::StoreError;
use crate::postgres::fields::{Params, all, first, limit as most};
use crate::rows::{
    Fields, assignment, cell, cell_columns, fact_columns, mapping, outward_columns, outward_state_columns,
    outward_view, page_window, reservation, reservation_columns, timeline_fact,
};
use crate::views::{AssignmentView, TradeView};

const FACTS: &str =
    concat!("SELECT ", fact_columns!(), " FROM timeline WHERE seller_id = $1 AND tid = $2 ORDER BY version, n");

const CALLS: &str = concat!(
    "SELECT ",
    outward_columns!(),
    ", ",
    outward_state_columns!(),
    " FROM outward WHERE seller_id = $1 AND tid = $2 ORDER BY version, outward_id"
);

const RESERVATIONS: &str = concat!(
    "SELECT ",
    reservation_columns!(),
    " FROM reservation WHERE seller_id = $1 AND tid = $2 ORDER BY reservation_id"
);

/// One trade with everything known of it.
pub(super) async fn trade(
    client: &Transaction<'_>,
    seller: SellerId,
    tid: Tid,
) -> Result<Option<TradeView>, StoreError> {
    let key: &Params<'_> = &[&seller.0, &tid.0];
    let row = "SELECT doc, published FROM trade WHERE seller_id = $1 AND tid = $2";
    let assigned = "SELECT doc FROM assignment WHERE seller_id = $1 AND tid = $2 ORDER BY made_version, code";
    let (known, assignments, reservations, timeline, outward, exceptions) = futures::try_join!(
        first(client, row, key, |row| Ok((crate::rows::trade(row, 0)?, row.text(1)?))),
        all(client, assigned, key, |row| assignment(row, 0)),
        all(client, RESERVATIONS, key, reservation),
        all(client, FACTS, key, timeline_fact),
        all(client, CALLS, key, outward_view),
        crate::postgres::exceptions::of_trade(client, seller, tid),
    )?;
    Ok(known.map(|(trade, published)| TradeView {
        file: TradeFile { trade, assignments, reservations },
        published,
        timeline,
        outward,
        exceptions,
    }))
}

/// The trade an allocation code belongs to.
pub(super) async fn trade_of_allocation(
    client: &Client,
    seller: SellerId,
    code: AllocationCode,
) -> Result<Option<Tid>, StoreError> {
    let tid = "SELECT tid FROM assignment WHERE seller_id = $1 AND code = $2";
    first(client, tid, &[&seller.0, &code.0], |row| Ok(Tid(row.int(0)?))).await
}

/// The trade a handover code was issued for.
pub(super) async fn trade_of_handover_code(
    client: &Client,
    seller: SellerId,
    code: &HandoverCode,
) -> Result<Option<Tid>, StoreError> {
    let tid = "SELECT tid FROM handover_code WHERE seller_id = $1 AND code = $2";
    first(client, tid, &[&seller.0, &code.digits()], |row| Ok(Tid(row.int(0)?))).await
}

/// The trade an assigned sub-order belongs to.
pub(super) async fn trade_of_sub_order(client: &Client, seller: SellerId, oid: Oid) -> Result<Option<Tid>, StoreError> {
    let tid = "SELECT tid FROM assignment WHERE seller_id = $1 AND oid = $2 LIMIT 1";
    first(client, tid, &[&seller.0, &oid.0], |row| Ok(Tid(row.int(0)?))).await
}

/// Open assignments after a code, at one location or at all.
pub(super) async fn assignments_at(
    client: &Client,
    seller: SellerId,
    location: Option<LocationId>,
    after: Option<AllocationCode>,
    limit: usize,
) -> Result<Vec<AssignmentView>, StoreError> {
    let at_one = "SELECT given.doc, trade.published FROM assignment AS given \
                  JOIN trade ON trade.seller_id = given.seller_id AND trade.tid = given.tid \
                  WHERE given.seller_id = $1 AND given.open AND given.code > $2 AND given.location_id = $4 \
                  ORDER BY given.code LIMIT $3";
    let at_all = "SELECT given.doc, trade.published FROM assignment AS given \
                  JOIN trade ON trade.seller_id = given.seller_id AND trade.tid = given.tid \
                  WHERE given.seller_id = $1 AND given.open AND given.code > $2 \
                  ORDER BY given.code LIMIT $3";
    let after = after.map_or(i64::MIN, |code| code.0);
    let read = |row: &Row| Ok(AssignmentView { assignment: assignment(row, 0)?, published: row.text(1)? });
    match location {
        Some(location) => all(client, at_one, &[&seller.0, &after, &most(limit), &location.0], read).await,
        None => all(client, at_all, &[&seller.0, &after, &most(limit)], read).await,
    }
}

/// One location, deleted ones included.
pub(super) async fn location(
    client: &Client,
    seller: SellerId,
    id: LocationId,
) -> Result<Option<Location>, StoreError> {
    let doc = "SELECT doc FROM location WHERE seller_id = $1 AND location_id = $2";
    first(client, doc, &[&seller.0, &id.0], |row| crate::rows::location(row, 0)).await
}

/// All live locations.
pub(super) async fn locations(client: &Client, seller: SellerId) -> Result<Vec<Location>, StoreError> {
    let docs = "SELECT doc FROM location WHERE seller_id = $1 AND NOT deleted ORDER BY location_id";
    all(client, docs, &[&seller.0], |row| crate::rows::location(row, 0)).await
}

/// A page of the stores bound to an item, and how many there are.
pub(super) async fn stores_of_item(
    client: &Client,
    seller: SellerId,
    item: ItemId,
    page: i64,
    per_page: i64,
) -> Result<(Vec<LocationId>, i64), StoreError> {
    let stores = "SELECT location_id FROM item_store WHERE seller_id = $1 AND item_id = $2 \
                  ORDER BY location_id LIMIT $3 OFFSET $4";
    let total = "SELECT count(*) FROM item_store WHERE seller_id = $1 AND item_id = $2";
    let (rows, skipped) = page_window(page, per_page);
    let found = all(client, stores, &[&seller.0, &item.0, &rows, &skipped], |row| Ok(LocationId(row.int(0)?))).await?;
    let total = first(client, total, &[&seller.0, &item.0], |row| row.int(0)).await?.unwrap_or(0);
    Ok((found, total))
}

/// A page of the items bound to a store, and how many there are.
pub(super) async fn items_of_store(
    client: &Client,
    seller: SellerId,
    store: LocationId,
    page: i64,
    per_page: i64,
) -> Result<(Vec<ItemId>, i64), StoreError> {
    let items = "SELECT item_id FROM item_store WHERE seller_id = $1 AND location_id = $2 \
                 ORDER BY item_id LIMIT $3 OFFSET $4";
    let total = "SELECT count(*) FROM item_store WHERE seller_id = $1 AND location_id = $2";
    let (rows, skipped) = page_window(page, per_page);
    let found = all(client, items, &[&seller.0, &store.0, &rows, &skipped], |row| Ok(ItemId(row.int(0)?))).await?;
    let total = first(client, total, &[&seller.0, &store.0], |row| row.int(0)).await?.unwrap_or(0);
    Ok((found, total))
}

/// What listings map to.
pub(super) async fn mappings(
    client: &Client,
    seller: SellerId,
    listings: &[(ItemId, SkuId)],
) -> Result<BTreeMap<(ItemId, SkuId), Mapping>, StoreError> {
    let rows = "SELECT sku.item_id, sku.sku_id, sku.sc_item, sku.components \
                FROM unnest($2::bigint[], $3::bigint[]) AS listing (item_id, sku_id) \
                JOIN item_sku AS sku ON sku.seller_id = $1 AND sku.item_id = listing.item_id \
                  AND sku.sku_id = listing.sku_id";
    let (items, skus): (Vec<i64>, Vec<i64>) = listings.iter().map(|(item, sku)| (item.0, sku.0)).unzip();
    Ok(all(client, rows, &[&seller.0, &items, &skus], mapping).await?.into_iter().collect())
}

/// Every cell of the named places.
pub(super) async fn cells(
    client: &Client,
    seller: SellerId,
    places: &[(LocationId, ScItemId)],
) -> Result<Vec<(CellKey, StockCell)>, StoreError> {
    let cells = concat!(
        "SELECT ",
        cell_columns!(),
        " FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS place (at, article, n) \
          JOIN stock_cell ON seller_id = $1 AND sc_item = article AND location_id = at \
          ORDER BY n, class, channel"
    );
    let (at, articles): (Vec<i64>, Vec<i64>) = places.iter().map(|(at, article)| (at.0, article.0)).unzip();
    all(client, cells, &[&seller.0, &at, &articles], cell).await
}
