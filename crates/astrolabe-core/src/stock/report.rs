//! 库存回传: what one merchant's report does to one cell (white paper §6.2, §6.3).
//!
//! Finding the article and judging the bill's key is [`crate::decide`]'s work; here the cell and the figures are known.
//! A failed report changes no balance, but one that would take the stock below 0 leaves a discrepancy and a mark.

use crate::command::{Bill, BillKind};
use crate::refusal::Refusal;
use crate::seller::FinalQuantityPolicy;
use crate::stock::book::{Change, Discrepancy, DiscrepancyKind, Moment, Stock};
use crate::stock::cell::{CellKey, StockCell, StockClass};
use crate::stock::entry::{Cause, EntryKind, StockEntry};
use crate::stock::holds::mark_cell_suspect;
use crate::time::Timestamp;

/// A bill that has found its cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'a> {
    pub(crate) bill: &'a Bill,
    pub(crate) cell: CellKey,
    /// Units committed in the cell in a later second than the bill's `operationTime`, by when we learnt of them.
    pub(crate) committed_since: i64,
    pub(crate) policy: FinalQuantityPolicy,
}

/// How a report wants the balances, and under which name the ledger keeps it.
struct Effect {
    kind: EntryKind,
    change: Change,
    overwrites: bool,
}

/// Whether a bill is judged by the snapshot rule and therefore needs [`Report::committed_since`].
pub(crate) fn is_snapshot(bill: &Bill, policy: FinalQuantityPolicy) -> bool {
    match bill.kind {
        BillKind::Initial => true,
        BillKind::Included | BillKind::Excluded | BillKind::Balance => {
            policy == FinalQuantityPolicy::Trust && bill.final_quantity.is_some()
        }
    }
}

/// Units that `entries` committed in a cell in a later second than `second`, by when we learnt of them.
pub(crate) fn committed_after(entries: &[StockEntry], cell: CellKey, second: i64) -> i64 {
    entries
        .iter()
        .filter(|entry| entry.cell == cell && entry.learnt.second() > second)
        .map(|entry| match entry.kind {
            EntryKind::Commit | EntryKind::CommitUnheld => entry.on_hand.saturating_neg(),
            EntryKind::Reserve
            | EntryKind::Release
            | EntryKind::Expire
            | EntryKind::MoveOut
            | EntryKind::MoveIn
            | EntryKind::Restock
            | EntryKind::Initial
            | EntryKind::Included
            | EntryKind::Excluded
            | EntryKind::Balance
            | EntryKind::Overwrite
            | EntryKind::Suspect => 0,
        })
        .fold(0, i64::saturating_add)
}

impl Report<'_> {
    /// Applies the report, or says why it failed. Returns what it did to the merchant's book.
    pub(crate) fn apply(&self, stock: &mut Stock, now: Timestamp) -> Result<i64, Refusal> {
        let before = stock.cell(&self.cell).cloned().unwrap_or_default();
        let effect = self.effect(&before)?;
        // A clock that runs ahead must not make every honest report after it stale.
        let operated_at = self.bill.operated_at.min(now);
        self.refuse_stale(&before, operated_at, effect.overwrites)?;
        let at = Moment { happened: self.bill.operated_at, learnt: now };
        let after = before.on_hand.saturating_add(effect.change.on_hand);
        if after < 0 && after < before.on_hand {
            return Err(self.fail_below_zero(stock, &before, effect.change.on_hand, at));
        }
        stock.post(self.cell, effect.kind, effect.change, &self.cause(), at);
        let (is_balance, is_initial) = (effect.kind == EntryKind::Balance, effect.kind == EntryKind::Initial);
        stock.annotate(self.cell, |cell| {
            cell.reported_at = cell.reported_at.max(Some(operated_at));
            if effect.overwrites {
                cell.overwritten_at = Some(operated_at);
            }
            if effect.overwrites || is_balance {
                cell.suspect = false;
            }
            cell.initialised |= is_initial;
        });
        self.check_final_quantity(stock, effect.overwrites, at);
        Ok(effect.change.on_hand.saturating_add(effect.change.unreported))
    }

    fn effect(&self, cell: &StockCell) -> Result<Effect, Refusal> {
        let quantity = self.bill.quantity;
        let kind = match self.bill.kind {
            BillKind::Initial => {
                if self.cell.class == StockClass::Certain && cell.initialised {
                    return Err(Refusal::AlreadyInitialised { cell: self.cell.to_string() });
                }
                return self.snapshot(cell, EntryKind::Initial, quantity);
            }
            BillKind::Included => EntryKind::Included,
            BillKind::Excluded => EntryKind::Excluded,
            BillKind::Balance => EntryKind::Balance,
        };
        if let (FinalQuantityPolicy::Trust, Some(figure)) = (self.policy, self.bill.final_quantity) {
            return self.snapshot(cell, EntryKind::Overwrite, figure);
        }
        let change = match self.bill.kind {
            BillKind::Included => include(cell, quantity),
            BillKind::Initial | BillKind::Excluded | BillKind::Balance => {
                Change { on_hand: quantity, ..Change::default() }
            }
        };
        Ok(Effect { kind, change, overwrites: false })
    }

    /// The snapshot rule: units committed after the count was taken are gone from the shelf and not from the count.
    fn snapshot(&self, cell: &StockCell, kind: EntryKind, quantity: i64) -> Result<Effect, Refusal> {
        if quantity < 0 {
            return Err(Refusal::QuantityNegative);
        }
        let change = Change {
            on_hand: quantity.saturating_sub(self.committed_since).saturating_sub(cell.on_hand),
            reserved: 0,
            unreported: self.committed_since.saturating_sub(cell.unreported),
        };
        Ok(Effect { kind, change, overwrites: true })
    }

    fn refuse_stale(&self, cell: &StockCell, operated_at: Timestamp, overwrites: bool) -> Result<(), Refusal> {
        let newest = if overwrites { cell.reported_at } else { cell.overwritten_at };
        if newest.is_some_and(|newest| operated_at < newest) { Err(Refusal::StaleReport) } else { Ok(()) }
    }

    fn fail_below_zero(&self, stock: &mut Stock, before: &StockCell, change: i64, at: Moment) -> Refusal {
        stock.note_discrepancy(Discrepancy {
            cell: self.cell,
            kind: DiscrepancyKind::BelowZero,
            expected: before.on_hand,
            reported: change,
            cause: self.cause(),
            at: at.learnt,
        });
        mark_cell_suspect(stock, self.cell, &self.cause(), at);
        Refusal::ReportBelowZero { on_hand: before.on_hand, change }
    }

    fn check_final_quantity(&self, stock: &mut Stock, overwritten: bool, at: Moment) {
        let Some(figure) = self.bill.final_quantity else { return };
        let Some(cell) = stock.cell(&self.cell) else { return };
        if overwritten || figure == cell.on_hand || figure == cell.book() {
            return;
        }
        let expected = cell.on_hand;
        stock.note_discrepancy(Discrepancy {
            cell: self.cell,
            kind: DiscrepancyKind::FinalQuantity,
            expected,
            reported: figure,
            cause: self.cause(),
            at: at.learnt,
        });
    }

    fn cause(&self) -> Cause {
        Cause::Bill { bill_num: self.bill.bill_num.clone() }
    }
}

/// TAOBAO_INCLUDED: sales that we committed and the merchant now shows are absorbed, the rest is news.
fn include(cell: &StockCell, quantity: i64) -> Change {
    let absorbed = if quantity < 0 {
        quantity.max(cell.unreported.max(0).saturating_neg())
    } else {
        quantity.min(cell.unreported.min(0).saturating_neg())
    };
    Change { on_hand: quantity.saturating_sub(absorbed), reserved: 0, unreported: absorbed }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
