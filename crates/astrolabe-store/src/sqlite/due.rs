//! What waits for its time or for somebody to do it.

use rusqlite::{Connection, params};

use astrolabe_core::ids::{HoldKey, SellerId, Tid};
use astrolabe_core::stock::cell::CellKey;
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::NewWork;

use crate::error::StoreError;
use crate::rows::{Fields, cell_key};
use crate::sqlite::fields::{all, limit as most};

const SELLERS: &str = "\
    SELECT seller_id FROM seller_lane AS lane WHERE \
    EXISTS (SELECT 1 FROM work WHERE work.seller_id = lane.seller_id) \
    OR EXISTS (SELECT 1 FROM trade WHERE trade.seller_id = lane.seller_id AND trade.due_at <= ?1) \
    OR EXISTS (SELECT 1 FROM assignment WHERE assignment.seller_id = lane.seller_id AND assignment.due_at <= ?1) \
    OR EXISTS (SELECT 1 FROM stock_cell AS cell \
               WHERE cell.seller_id = lane.seller_id AND cell.unreported_due <= ?1) \
    OR EXISTS (SELECT 1 FROM ahead_hold AS hold \
               WHERE hold.seller_id = lane.seller_id AND hold.state = 0 AND hold.expires_at <= ?1) \
    ORDER BY seller_id LIMIT ?2";

/// Sellers with anything due.
pub(super) fn sellers(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError> {
    all(connection, SELLERS, (now.0, most(limit)), |row| Ok(SellerId(row.int(0)?)))
}

const TRADES: &str = "\
    SELECT tid FROM ( \
        SELECT tid, due_at FROM trade WHERE seller_id = ?1 AND due_at <= ?2 \
        UNION ALL \
        SELECT tid, due_at FROM assignment WHERE seller_id = ?1 AND due_at <= ?2) AS due \
    GROUP BY tid ORDER BY min(due_at), tid LIMIT ?3";

/// Trades with a clock that has run out, longest overdue first.
pub(super) fn trades(
    connection: &Connection,
    seller: SellerId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Tid>, StoreError> {
    all(connection, TRADES, (seller.0, now.0, most(limit)), |row| Ok(Tid(row.int(0)?)))
}

/// Work, oldest first.
pub(super) fn work(connection: &Connection, seller: SellerId, limit: usize) -> Result<Vec<NewWork>, StoreError> {
    let work = "SELECT work_id, work, made_at FROM work WHERE seller_id = ?1 ORDER BY made_at, work_id LIMIT ?2";
    all(connection, work, (seller.0, most(limit)), |row| crate::rows::work(row))
}

/// Pre-payment holds that ran out, longest overdue first.
pub(super) fn expired_holds(
    connection: &Connection,
    seller: SellerId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<HoldKey>, StoreError> {
    let holds = "SELECT hold_key FROM ahead_hold WHERE seller_id = ?1 AND state = 0 AND expires_at <= ?2 \
                 GROUP BY hold_key ORDER BY min(expires_at), hold_key LIMIT ?3";
    all(connection, holds, params![seller.0, now.0, most(limit)], |row| Ok(HoldKey(row.text(0)?)))
}

/// Cells whose unreported units are to be judged, longest overdue first.
pub(super) fn cells(
    connection: &Connection,
    seller: SellerId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<CellKey>, StoreError> {
    let cells = "SELECT sc_item, location_id, class, channel FROM stock_cell \
                 WHERE seller_id = ?1 AND unreported_due <= ?2 \
                 ORDER BY unreported_due, sc_item, location_id, class, channel LIMIT ?3";
    all(connection, cells, (seller.0, now.0, most(limit)), |row| cell_key(row, 0))
}
