//! The seller's stock as the invariants see it.

use deadpool_postgres::Transaction;

use astrolabe_core::ids::SellerId;
use astrolabe_core::stock::invariants::Snapshot;
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::postgres::fields::{Params, all, each, first};
use crate::rows::{
    Fields, FileGather, ahead_columns, ahead_facts, assignment, bill_columns, cell, cell_columns, day_load, entry,
    entry_columns, report, reservation, reservation_columns, stranger, trade,
};

const QUIET: &str = "\
    SELECT NOT EXISTS (SELECT 1 FROM work WHERE seller_id = $1) \
       AND NOT EXISTS (SELECT 1 FROM trade WHERE seller_id = $1 AND due_at <= $2) \
       AND NOT EXISTS (SELECT 1 FROM assignment WHERE seller_id = $1 AND due_at <= $2) \
       AND NOT EXISTS (SELECT 1 FROM ahead_hold WHERE seller_id = $1 AND state = 0 AND expires_at <= $2)";

const LEDGER: &str = concat!("SELECT ", entry_columns!(), " FROM stock_entry WHERE seller_id = $1 ORDER BY version, n");

/// Cells whose place or article this seller does not have.
const STRANGERS: &str = concat!(
    "SELECT ",
    cell_columns!(),
    " FROM stock_cell AS cell WHERE seller_id = $1 AND ( \
         NOT EXISTS (SELECT 1 FROM location AS place \
                     WHERE place.seller_id = cell.seller_id AND place.location_id = cell.location_id) \
         OR NOT EXISTS (SELECT 1 FROM sc_item AS article \
                        WHERE article.seller_id = cell.seller_id AND article.sc_item = cell.sc_item))"
);

/// Everything the stock invariants speak of.
pub(super) async fn stock(client: &Transaction<'_>, seller: SellerId, now: Timestamp) -> Result<Snapshot, StoreError> {
    let key: &Params<'_> = &[&seller.0];
    let quiet = first(client, QUIET, &[&seller.0, &now.0], |row| row.flag(0)).await?.unwrap_or(false);
    let mut snapshot = Snapshot { quiet_at: quiet.then_some(now), ..Snapshot::default() };
    let mut ledger = Vec::new();
    each(client, LEDGER, key, |row| {
        ledger.push(entry(row)?);
        Ok(())
    })
    .await?;
    snapshot.add_ledger(&ledger);

    let bills = concat!("SELECT ", bill_columns!(), " FROM stock_bill WHERE seller_id = $1");
    each(client, bills, key, |row| report(&mut snapshot, row)).await?;
    let cells = concat!("SELECT ", cell_columns!(), " FROM stock_cell WHERE seller_id = $1");
    snapshot.cells = all(client, cells, key, cell).await?.into_iter().collect();
    let held = concat!("SELECT ", ahead_columns!(), " FROM ahead_hold WHERE seller_id = $1 AND state = 0");
    snapshot.ahead = all(client, held, key, ahead_facts).await?;
    snapshot.strangers = all(client, STRANGERS, key, |row| stranger(seller, row)).await?;
    let loads = "SELECT day, location_id, service, taken FROM day_load WHERE seller_id = $1";
    snapshot.day_loads = all(client, loads, key, day_load).await?.into_iter().collect();

    let mut files = FileGather::default();
    each(client, "SELECT doc FROM trade WHERE seller_id = $1", key, |row| {
        files.trade(trade(row, 0)?);
        Ok(())
    })
    .await?;
    let assignments = "SELECT doc FROM assignment WHERE seller_id = $1 ORDER BY made_version, code";
    each(client, assignments, key, |row| files.assignment(assignment(row, 0)?)).await?;
    let reservations = concat!("SELECT ", reservation_columns!(), " FROM reservation WHERE seller_id = $1");
    each(client, reservations, key, |row| files.reservation(reservation(row)?)).await?;
    for file in files.finish() {
        snapshot.add_file(&file);
    }
    Ok(snapshot)
}
