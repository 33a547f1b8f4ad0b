//! Stored rows as the invariants' facts.

use astrolabe_core::ids::{HoldKey, SellerId, TMALL};
use astrolabe_core::stock::cell::CellKey;
use astrolabe_core::stock::invariants::{AheadFacts, Snapshot};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::rows::Fields;
use crate::rows::stock::{bill, cell_key};

/// Adds an applied bill. Merchants report what they promised to the one channel that reports come in for.
pub(crate) fn report(snapshot: &mut Snapshot, row: &impl Fields) -> Result<(), StoreError> {
    let (key, record) = bill(row)?;
    snapshot.add_report(CellKey::of(key.sc_item, key.location, key.class, TMALL), record.book_change);
    Ok(())
}

/// One part of a pre-payment hold that is held.
pub(crate) fn ahead_facts(row: &impl Fields) -> Result<AheadFacts, StoreError> {
    Ok(AheadFacts {
        key: HoldKey(row.text(0)?),
        cell: cell_key(row, 9)?,
        units: row.int(13)?,
        expires_at: Timestamp(row.int(15)?),
    })
}

/// A cell that names what is not this seller's, in words.
pub(crate) fn stranger(seller: SellerId, row: &impl Fields) -> Result<String, StoreError> {
    Ok(format!("{} is not of seller {seller}", cell_key(row, 0)?))
}
