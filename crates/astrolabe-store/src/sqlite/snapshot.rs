//! The seller's stock as the invariants see it.

use rusqlite::Connection;

use astrolabe_core::ids::SellerId;
use astrolabe_core::stock::invariants::Snapshot;
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::rows::{
    Fields, FileGather, ahead_columns, ahead_facts, assignment, bill_columns, cell, cell_columns, day_load, entry,
    entry_columns, report, reservation, reservation_columns, stranger, trade,
};
use crate::sqlite::fields::{all, each, first};

const QUIET: &str = "\
    SELECT NOT EXISTS (SELECT 1 FROM work WHERE seller_id = ?1) \
       AND NOT EXISTS (SELECT 1 FROM trade WHERE seller_id = ?1 AND due_at <= ?2) \
       AND NOT EXISTS (SELECT 1 FROM assignment WHERE seller_id = ?1 AND due_at <= ?2) \
       AND NOT EXISTS (SELECT 1 FROM ahead_hold WHERE seller_id = ?1 AND state = 0 AND expires_at <= ?2)";

const LEDGER: &str = concat!("SELECT ", entry_columns!(), " FROM stock_entry WHERE seller_id = ?1 ORDER BY version, n");

/// Cells whose place or article this seller does not have.
const STRANGERS: &str = concat!(
    "SELECT ",
    cell_columns!(),
    " FROM stock_cell AS cell WHERE seller_id = ?1 AND ( \
         NOT EXISTS (SELECT 1 FROM location AS place \
                     WHERE place.seller_id = cell.seller_id AND place.location_id = cell.location_id) \
         OR NOT EXISTS (SELECT 1 FROM sc_item AS article \
                        WHERE article.seller_id = cell.seller_id AND article.sc_item = cell.sc_item))"
);

/// Everything the stock invariants speak of.
pub(super) fn stock(connection: &Connection, seller: SellerId, now: Timestamp) -> Result<Snapshot, StoreError> {
    let key = [seller.0];
    let quiet = first(connection, QUIET, (seller.0, now.0), |row| row.flag(0))?.unwrap_or(false);
    let mut snapshot = Snapshot { quiet_at: quiet.then_some(now), ..Snapshot::default() };
    snapshot.add_ledger(&all(connection, LEDGER, key, |row| entry(row))?);

    let bills = concat!("SELECT ", bill_columns!(), " FROM stock_bill WHERE seller_id = ?1");
    each(connection, bills, key, |row| report(&mut snapshot, row))?;
    let cells = concat!("SELECT ", cell_columns!(), " FROM stock_cell WHERE seller_id = ?1");
    snapshot.cells = all(connection, cells, key, |row| cell(row))?.into_iter().collect();
    let held = concat!("SELECT ", ahead_columns!(), " FROM ahead_hold WHERE seller_id = ?1 AND state = 0");
    snapshot.ahead = all(connection, held, key, |row| ahead_facts(row))?;
    snapshot.strangers = all(connection, STRANGERS, key, |row| stranger(seller, row))?;
    let loads = "SELECT day, location_id, service, taken FROM day_load WHERE seller_id = ?1";
    snapshot.day_loads = all(connection, loads, key, |row| day_load(row))?.into_iter().collect();

    let mut files = FileGather::default();
    each(connection, "SELECT doc FROM trade WHERE seller_id = ?1", key, |row| {
        files.trade(trade(row, 0)?);
        Ok(())
    })?;
    let assignments = "SELECT doc FROM assignment WHERE seller_id = ?1 ORDER BY made_version, code";
    each(connection, assignments, key, |row| files.assignment(assignment(row, 0)?))?;
    let reservations = concat!("SELECT ", reservation_columns!(), " FROM reservation WHERE seller_id = ?1");
    each(connection, reservations, key, |row| files.reservation(reservation(row)?))?;
    for file in files.finish() {
        snapshot.add_file(&file);
    }
    Ok(snapshot)
}
