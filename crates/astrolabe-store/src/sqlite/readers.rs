//! The timeline as a log, and how far its readers have come.

use rusqlite::Connection;

use astrolabe_core::ids::SellerId;

use crate::error::StoreError;
use crate::readers::{FactPlace, PlacedFact, TimelineReader};
use crate::rows::{Fields, fact_columns, placed_fact};
use crate::sqlite::fields::{all, first, limit as most, run};

const BEHIND: &str = "\
    SELECT lane.seller_id FROM seller_lane AS lane \
    LEFT JOIN timeline_reader AS reader ON reader.seller_id = lane.seller_id AND reader.reader = ?1 \
    WHERE EXISTS (SELECT 1 FROM timeline AS fact WHERE fact.seller_id = lane.seller_id \
                  AND (fact.version, fact.n) > (coalesce(reader.version, 0), coalesce(reader.n, 0))) \
    ORDER BY lane.seller_id LIMIT ?2";

/// Sellers with facts that the reader has not seen.
pub(super) fn behind(
    connection: &Connection,
    reader: TimelineReader,
    limit: usize,
) -> Result<Vec<SellerId>, StoreError> {
    all(connection, BEHIND, (reader.name(), most(limit)), |row| Ok(SellerId(row.int(0)?)))
}

/// How far the reader has come.
pub(super) fn place(
    connection: &Connection,
    seller: SellerId,
    reader: TimelineReader,
) -> Result<FactPlace, StoreError> {
    let place = "SELECT version, n FROM timeline_reader WHERE seller_id = ?1 AND reader = ?2";
    let read = |row: &rusqlite::Row<'_>| Ok(FactPlace { version: row.int(0)?, n: row.int(1)? });
    Ok(first(connection, place, (seller.0, reader.name()), read)?.unwrap_or_default())
}

const AFTER: &str = concat!(
    "SELECT ",
    fact_columns!(),
    ", version, n FROM timeline WHERE seller_id = ?1 AND (version, n) > (?2, ?3) ORDER BY version, n LIMIT ?4"
);

/// Facts after a place, oldest first.
pub(super) fn after(
    connection: &Connection,
    seller: SellerId,
    place: FactPlace,
    limit: usize,
) -> Result<Vec<PlacedFact>, StoreError> {
    all(connection, AFTER, (seller.0, place.version, place.n, most(limit)), |row| placed_fact(row))
}

const ADVANCE: &str = "\
    INSERT INTO timeline_reader AS known (seller_id, reader, version, n) VALUES (?1, ?2, ?5, ?6) \
    ON CONFLICT (seller_id, reader) DO UPDATE SET version = excluded.version, n = excluded.n \
    WHERE known.version = ?3 AND known.n = ?4";

/// Moves a reader from one place to another, in the transaction that keeps what it derived; says whether it still stood
/// there.
pub(super) fn advance(
    transaction: &Connection,
    seller: SellerId,
    reader: TimelineReader,
    from: FactPlace,
    to: FactPlace,
) -> Result<bool, StoreError> {
    let moved = run(transaction, ADVANCE, (seller.0, reader.name(), from.version, from.n, to.version, to.n))?;
    Ok(moved == 1)
}
