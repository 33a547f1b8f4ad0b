//! Looking: one reader, one consistent state, whole things.

use std::collections::BTreeMap;

use rusqlite::Connection;

use astrolabe_core::goods::Mapping;
use astrolabe_core::ids::{AllocationCode, HandoverCode, ItemId, LocationId, Oid, ScItemId, SellerId, SkuId, Tid};
use astrolabe_core::place::Location;
use astrolabe_core::stock::cell::{CellKey, StockCell};

use crate::error::StoreError;
use crate::rows::{
    Fields, FileGather, assignment, cell, cell_columns, fact_columns, mapping, outward_columns, outward_state_columns,
    outward_view, page_window, reservation, reservation_columns, timeline_fact,
};
use crate::sqlite::fields::{all, each, first, limit as most};
use crate::views::{AssignmentView, TradeView};

const FACTS: &str =
    concat!("SELECT ", fact_columns!(), " FROM timeline WHERE seller_id = ?1 AND tid = ?2 ORDER BY version, n");

const CALLS: &str = concat!(
    "SELECT ",
    outward_columns!(),
    ", ",
    outward_state_columns!(),
    " FROM outward WHERE seller_id = ?1 AND tid = ?2 ORDER BY version, outward_id"
);

const RESERVATIONS: &str = concat!(
    "SELECT ",
    reservation_columns!(),
    " FROM reservation WHERE seller_id = ?1 AND tid = ?2 ORDER BY reservation_id"
);

/// One trade with everything known of it.
pub(super) fn trade(connection: &Connection, seller: SellerId, tid: Tid) -> Result<Option<TradeView>, StoreError> {
    let key = (seller.0, tid.0);
    let row = "SELECT doc, published FROM trade WHERE seller_id = ?1 AND tid = ?2";
    let known = first(connection, row, key, |row| Ok((crate::rows::trade(row, 0)?, row.text(1)?)))?;
    let Some((trade, published)) = known else { return Ok(None) };
    let mut files = FileGather::default();
    files.trade(trade);
    let assignments = "SELECT doc FROM assignment WHERE seller_id = ?1 AND tid = ?2 ORDER BY made_version, code";
    each(connection, assignments, key, |row| files.assignment(assignment(row, 0)?))?;
    each(connection, RESERVATIONS, key, |row| files.reservation(reservation(row)?))?;
    let timeline = all(connection, FACTS, key, |row| timeline_fact(row))?;
    let outward = all(connection, CALLS, key, |row| outward_view(row))?;
    let exceptions = crate::sqlite::exceptions::of_trade(connection, seller, tid)?;
    let view = |file| TradeView { file, published, timeline, outward, exceptions };
    Ok(files.finish().pop().map(view))
}

/// The trade an allocation code belongs to.
pub(super) fn trade_of_allocation(
    connection: &Connection,
    seller: SellerId,
    code: AllocationCode,
) -> Result<Option<Tid>, StoreError> {
    let tid = "SELECT tid FROM assignment WHERE seller_id = ?1 AND code = ?2";
    first(connection, tid, (seller.0, code.0), |row| Ok(Tid(row.int(0)?)))
}

/// The trade a handover code was issued for.
pub(super) fn trade_of_handover_code(
    connection: &Connection,
    seller: SellerId,
    code: &HandoverCode,
) -> Result<Option<Tid>, StoreError> {
    let tid = "SELECT tid FROM handover_code WHERE seller_id = ?1 AND code = ?2";
    first(connection, tid, (seller.0, code.digits()), |row| Ok(Tid(row.int(0)?)))
}

/// The trade an assigned sub-order belongs to.
pub(super) fn trade_of_sub_order(
    connection: &Connection,
    seller: SellerId,
    oid: Oid,
) -> Result<Option<Tid>, StoreError> {
    let tid = "SELECT tid FROM assignment WHERE seller_id = ?1 AND oid = ?2 LIMIT 1";
    first(connection, tid, (seller.0, oid.0), |row| Ok(Tid(row.int(0)?)))
}

/// Open assignments after a code, at one location or at all. The plus keeps SQLite on the index of open ones, where
/// it would otherwise walk through the history in key order.
pub(super) fn assignments_at(
    connection: &Connection,
    seller: SellerId,
    location: Option<LocationId>,
    after: Option<AllocationCode>,
    limit: usize,
) -> Result<Vec<AssignmentView>, StoreError> {
    let at_one = "SELECT given.doc, trade.published FROM assignment AS given \
                  JOIN trade ON trade.seller_id = given.seller_id AND trade.tid = given.tid \
                  WHERE given.seller_id = ?1 AND given.open = 1 AND given.code > ?2 AND given.location_id = ?4 \
                  ORDER BY given.code LIMIT ?3";
    let at_all = "SELECT given.doc, trade.published FROM assignment AS given \
                  JOIN trade ON trade.seller_id = given.seller_id AND trade.tid = given.tid \
                  WHERE given.seller_id = ?1 AND given.open = 1 AND +given.code > ?2 \
                  ORDER BY +given.code LIMIT ?3";
    let after = after.map_or(i64::MIN, |code| code.0);
    let read =
        |row: &rusqlite::Row<'_>| Ok(AssignmentView { assignment: assignment(row, 0)?, published: row.text(1)? });
    match location {
        Some(location) => all(connection, at_one, (seller.0, after, most(limit), location.0), read),
        None => all(connection, at_all, (seller.0, after, most(limit)), read),
    }
}

/// One location, deleted ones included.
pub(super) fn location(
    connection: &Connection,
    seller: SellerId,
    id: LocationId,
) -> Result<Option<Location>, StoreError> {
    let doc = "SELECT doc FROM location WHERE seller_id = ?1 AND location_id = ?2";
    first(connection, doc, (seller.0, id.0), |row| crate::rows::location(row, 0))
}

/// All live locations.
pub(super) fn locations(connection: &Connection, seller: SellerId) -> Result<Vec<Location>, StoreError> {
    let docs = "SELECT doc FROM location WHERE seller_id = ?1 AND deleted = 0 ORDER BY location_id";
    all(connection, docs, [seller.0], |row| crate::rows::location(row, 0))
}

/// A page of the stores bound to an item, and how many there are.
pub(super) fn stores_of_item(
    connection: &Connection,
    seller: SellerId,
    item: ItemId,
    page: i64,
    per_page: i64,
) -> Result<(Vec<LocationId>, i64), StoreError> {
    let stores = "SELECT location_id FROM item_store WHERE seller_id = ?1 AND item_id = ?2 \
                  ORDER BY location_id LIMIT ?3 OFFSET ?4";
    let total = "SELECT count(*) FROM item_store WHERE seller_id = ?1 AND item_id = ?2";
    let (rows, skipped) = page_window(page, per_page);
    let found = all(connection, stores, (seller.0, item.0, rows, skipped), |row| Ok(LocationId(row.int(0)?)))?;
    let total = first(connection, total, (seller.0, item.0), |row| row.int(0))?.unwrap_or(0);
    Ok((found, total))
}

/// A page of the items bound to a store, and how many there are.
pub(super) fn items_of_store(
    connection: &Connection,
    seller: SellerId,
    store: LocationId,
    page: i64,
    per_page: i64,
) -> Result<(Vec<ItemId>, i64), StoreError> {
    let items = "SELECT item_id FROM item_store WHERE seller_id = ?1 AND location_id = ?2 \
                 ORDER BY item_id LIMIT ?3 OFFSET ?4";
    let total = "SELECT count(*) FROM item_store WHERE seller_id = ?1 AND location_id = ?2";
    let (rows, skipped) = page_window(page, per_page);
    let found = all(connection, items, (seller.0, store.0, rows, skipped), |row| Ok(ItemId(row.int(0)?)))?;
    let total = first(connection, total, (seller.0, store.0), |row| row.int(0))?.unwrap_or(0);
    Ok((found, total))
}

/// What listings map to.
pub(super) fn mappings(
    connection: &Connection,
    seller: SellerId,
    listings: &[(ItemId, SkuId)],
) -> Result<BTreeMap<(ItemId, SkuId), Mapping>, StoreError> {
    let row = "SELECT item_id, sku_id, sc_item, components FROM item_sku \
               WHERE seller_id = ?1 AND item_id = ?2 AND sku_id = ?3";
    let mut found = BTreeMap::new();
    for (item, sku) in listings {
        found.extend(first(connection, row, (seller.0, item.0, sku.0), |row| mapping(row))?);
    }
    Ok(found)
}

/// Every cell of the named places.
pub(super) fn cells(
    connection: &Connection,
    seller: SellerId,
    places: &[(LocationId, ScItemId)],
) -> Result<Vec<(CellKey, StockCell)>, StoreError> {
    let cells = concat!(
        "SELECT ",
        cell_columns!(),
        " FROM stock_cell WHERE seller_id = ?1 AND sc_item = ?2 AND location_id = ?3 ORDER BY class, channel"
    );
    let mut found = Vec::new();
    for (location, sc_item) in places {
        found.extend(all(connection, cells, (seller.0, sc_item.0, location.0), |row| cell(row))?);
    }
    Ok(found)
}
