//! Places in channels' own databases, as columns.

use astrolabe_core::ids::Tid;
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::rows::Fields;
use crate::source::{SourceException, SourcePlace, SourceState, SourceTable};

pub(crate) fn source_state(row: &impl Fields) -> Result<SourceState, StoreError> {
    let failed_at = row.opt_int(4)?.map(Timestamp);
    Ok(SourceState {
        table: table(&row.text(0)?)?,
        place: SourcePlace { moment: row.int(1)?, row_id: row.int(2)? },
        read_at: Timestamp(row.int(3)?),
        failure: failed_at.zip(row.opt_text(5)?),
    })
}

pub(crate) fn source_exception(row: &impl Fields) -> Result<SourceException, StoreError> {
    Ok(SourceException {
        table: table(&row.text(0)?)?,
        row_id: row.int(1)?,
        tid: row.opt_int(2)?.map(Tid),
        field: row.opt_text(3)?,
        problem: row.text(4)?,
        at: Timestamp(row.int(5)?),
    })
}

fn table(name: &str) -> Result<SourceTable, StoreError> {
    let known = SourceTable::ALL.into_iter().find(|table| table.name() == name);
    known.ok_or_else(|| StoreError::Corrupt(format!("{name:?} is no table of a source")))
}
