//! Cells, ledger entries, holds, bills and queues as columns.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::ids::{BillNum, ChannelId, HoldKey, ItemId, LocationId, Oid, ScItemId, SkuId, Tid};
use astrolabe_core::stock::article::{ArticleStock, Waiting};
use astrolabe_core::stock::book::{QueueChange, StockChanges};
use astrolabe_core::stock::cell::{CellKey, StockCell};
use astrolabe_core::stock::entry::StockEntry;
use astrolabe_core::stock::hold::{AheadHold, AheadPart, AheadState};
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{AdjustKey, AdjustRecord, BillKey, BillRecord};

use crate::error::StoreError;
use crate::rows::codes::{cause, class, entry_kind, unknown};
use crate::rows::{Fields, from_doc, from_word};

/// The columns of a cell, its key first.
macro_rules! cell_columns {
    () => {
        "sc_item, location_id, class, channel, \
         on_hand, reserved, unreported, suspect, initialised, reported_at, overwritten_at, \
         unreported_due, unreported_late"
    };
}
pub(crate) use cell_columns;

/// The columns of a ledger entry, its cell first.
macro_rules! entry_columns {
    () => {
        "sc_item, location_id, class, channel, kind, on_hand, reserved, unreported, \
         cause, tid, oid, code, cause_key, happened, learnt"
    };
}
pub(crate) use entry_columns;

/// The columns of one part of a pre-payment hold.
macro_rules! ahead_columns {
    () => {
        "hold_key, part, item_id, sku_id, sc_item, quantity, state, tid, oid, \
         part_sc_item, location_id, class, channel, units, made_at, expires_at"
    };
}
pub(crate) use ahead_columns;

/// The columns of an applied bill, its key first.
macro_rules! bill_columns {
    () => {
        "bill_num, location_id, sc_item, class, \
         kind, quantity, final_quantity, book_change, operated_at, applied_at"
    };
}
pub(crate) use bill_columns;

/// The cell whose four key columns start at `first`.
pub(crate) fn cell_key(row: &impl Fields, first: usize) -> Result<CellKey, StoreError> {
    Ok(CellKey {
        sc_item: ScItemId(row.int(first)?),
        location: LocationId(row.int(first + 1)?),
        class: class(row.code(first + 2)?)?,
        channel: ChannelId(row.int(first + 3)?),
    })
}

pub(crate) fn cell(row: &impl Fields) -> Result<(CellKey, StockCell), StoreError> {
    let cell = StockCell {
        on_hand: row.int(4)?,
        reserved: row.int(5)?,
        unreported: row.int(6)?,
        suspect: row.flag(7)?,
        initialised: row.flag(8)?,
        reported_at: row.opt_int(9)?.map(Timestamp),
        overwritten_at: row.opt_int(10)?.map(Timestamp),
        unreported_due: row.opt_int(11)?.map(Timestamp),
        unreported_late: row.flag(12)?,
    };
    Ok((cell_key(row, 0)?, cell))
}

pub(crate) fn entry(row: &impl Fields) -> Result<StockEntry, StoreError> {
    Ok(StockEntry {
        cell: cell_key(row, 0)?,
        kind: entry_kind(row.code(4)?)?,
        on_hand: row.int(5)?,
        reserved: row.int(6)?,
        unreported: row.int(7)?,
        cause: cause(row, 8)?,
        happened: Timestamp(row.int(13)?),
        learnt: Timestamp(row.int(14)?),
    })
}

/// Articles with a changed cell or queue and no ledger entry in the group: the change log must name them itself.
pub(crate) fn quiet_articles(changes: &StockChanges) -> BTreeSet<ScItemId> {
    let told: BTreeSet<ScItemId> = changes.entries.iter().map(|entry| entry.cell.sc_item).collect();
    let cells = changes.cells.iter().map(|(key, _)| key.sc_item);
    let queue = changes.queue.iter().map(|change| match change {
        QueueChange::Enqueued(sc_item, _) | QueueChange::Dequeued(sc_item, _) => *sc_item,
    });
    cells.chain(queue).filter(|sc_item| !told.contains(sc_item)).collect()
}

/// A place in a shortage queue, which holds one entry.
type QueueKey = (ScItemId, Timestamp, Tid, Oid);

/// What a group's queue changes come to: one row a place, put or gone.
pub(crate) fn queue_outcome(changes: &[QueueChange]) -> BTreeMap<QueueKey, Option<Waiting>> {
    let mut outcome: BTreeMap<QueueKey, Option<Waiting>> = BTreeMap::new();
    for change in changes {
        match change {
            QueueChange::Enqueued(sc_item, waiting) => {
                outcome.insert(queue_key(*sc_item, waiting), Some(*waiting));
            }
            QueueChange::Dequeued(sc_item, waiting) => {
                let place = outcome.entry(queue_key(*sc_item, waiting)).or_insert(None);
                // An entry that another has already replaced is gone by that.
                if place.as_ref() == Some(waiting) {
                    *place = None;
                }
            }
        }
    }
    outcome
}

fn queue_key(sc_item: ScItemId, waiting: &Waiting) -> QueueKey {
    (sc_item, waiting.pay_time, waiting.tid, waiting.oid)
}

/// A queue entry: article, pay time, trade, sub-order, units, passed.
pub(crate) fn waiting(row: &impl Fields) -> Result<(ScItemId, Waiting), StoreError> {
    let waiting = Waiting {
        pay_time: Timestamp(row.int(1)?),
        tid: Tid(row.int(2)?),
        oid: Oid(row.int(3)?),
        units: row.int(4)?,
        passed: row.flag(5)?,
    };
    Ok((ScItemId(row.int(0)?), waiting))
}

/// Puts cells and queue entries together by article.
#[derive(Debug, Default)]
pub(crate) struct ArticleGather {
    cells: BTreeMap<ScItemId, Vec<(CellKey, StockCell)>>,
    waiting: BTreeMap<ScItemId, Vec<Waiting>>,
}

impl ArticleGather {
    pub(crate) fn cell(&mut self, cell: (CellKey, StockCell)) {
        self.cells.entry(cell.0.sc_item).or_default().push(cell);
    }

    pub(crate) fn waiting(&mut self, (sc_item, waiting): (ScItemId, Waiting)) {
        self.waiting.entry(sc_item).or_default().push(waiting);
    }

    pub(crate) fn finish(mut self) -> Vec<ArticleStock> {
        let ids: BTreeSet<ScItemId> = self.cells.keys().chain(self.waiting.keys()).copied().collect();
        let article = |id: ScItemId| {
            let cells = self.cells.remove(&id).unwrap_or_default();
            ArticleStock::new(id, cells, self.waiting.remove(&id).unwrap_or_default())
        };
        ids.into_iter().map(article).collect()
    }
}

/// The state of a pre-payment hold as a number, and who took it over.
pub(crate) fn ahead_state_code(state: &AheadState) -> (i16, Option<i64>, Option<i64>) {
    match state {
        AheadState::Held => (0, None, None),
        AheadState::Released => (1, None, None),
        AheadState::Expired => (2, None, None),
        AheadState::TakenOver { tid, oid } => (3, Some(tid.0), Some(oid.0)),
    }
}

fn ahead_state(row: &impl Fields, first: usize) -> Result<AheadState, StoreError> {
    match row.code(first)? {
        0 => Ok(AheadState::Held),
        1 => Ok(AheadState::Released),
        2 => Ok(AheadState::Expired),
        3 => Ok(AheadState::TakenOver { tid: Tid(row.int(first + 1)?), oid: Oid(row.int(first + 2)?) }),
        other => Err(unknown("state of a hold", other)),
    }
}

/// Puts the parts of pre-payment holds together; rows come by key and part.
#[derive(Debug, Default)]
pub(crate) struct AheadGather {
    holds: Vec<AheadHold>,
}

impl AheadGather {
    pub(crate) fn part(&mut self, row: &impl Fields) -> Result<(), StoreError> {
        let key = HoldKey(row.text(0)?);
        let part = AheadPart { cell: cell_key(row, 9)?, units: row.int(13)? };
        match self.holds.last_mut() {
            Some(hold) if hold.key == key => hold.parts.push(part),
            Some(_) | None => self.holds.push(AheadHold {
                key,
                item: ItemId(row.int(2)?),
                sku: SkuId(row.int(3)?),
                sc_item: ScItemId(row.int(4)?),
                quantity: row.int(5)?,
                state: ahead_state(row, 6)?,
                parts: vec![part],
                made_at: Timestamp(row.int(14)?),
                expires_at: Timestamp(row.int(15)?),
            }),
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<AheadHold> {
        self.holds
    }
}

pub(crate) fn bill(row: &impl Fields) -> Result<(BillKey, BillRecord), StoreError> {
    let key = BillKey {
        bill_num: BillNum(row.text(0)?),
        location: LocationId(row.int(1)?),
        sc_item: ScItemId(row.int(2)?),
        class: class(row.code(3)?)?,
    };
    let record = BillRecord {
        kind: from_word(row.text(4)?)?,
        quantity: row.int(5)?,
        final_quantity: row.opt_int(6)?,
        book_change: row.int(7)?,
        operated_at: Timestamp(row.int(8)?),
        applied_at: Timestamp(row.int(9)?),
    };
    Ok((key, record))
}

/// An applied adjust: bill number, sub-order, document.
pub(crate) fn adjust(row: &impl Fields) -> Result<(AdjustKey, AdjustRecord), StoreError> {
    let key = AdjustKey { bill_num: BillNum(row.text(0)?), oid: Oid(row.int(1)?) };
    Ok((key, from_doc(&row.text(2)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_changes_come_to_one_row_a_place() {
        let at = |units, passed| Waiting { pay_time: Timestamp(9), tid: Tid(1), oid: Oid(2), units, passed };
        let put = |waiting| QueueChange::Enqueued(ScItemId(7), waiting);
        let take = |waiting| QueueChange::Dequeued(ScItemId(7), waiting);
        let table = [
            (vec![put(at(3, false))], Some(at(3, false))),
            (vec![take(at(3, false))], None),
            (vec![put(at(3, false)), take(at(3, false))], None),
            (vec![take(at(3, false)), put(at(3, true))], Some(at(3, true))),
            (vec![put(at(3, true)), take(at(3, false))], Some(at(3, true))),
        ];
        for (changes, expected) in table {
            let outcome = queue_outcome(&changes);
            assert_eq!(outcome.values().collect::<Vec<_>>(), vec![&expected], "{changes:?}");
        }
    }
}
