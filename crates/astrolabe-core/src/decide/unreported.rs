//! Units that went out here and that the merchant's reports do not contain (`unreported`), once they are older than his
//! report lag. A cell that gets such units is given a due time; when that comes, the ledger says how many of them are old.
//! Nothing scans cells.

use crate::command::Outcome;
use crate::exception::{ExceptionKind, Subject};
use crate::stock::book::{Discrepancy, DiscrepancyKind};
use crate::stock::cell::CellKey;
use crate::stock::entry::Cause;
use crate::stock::report::committed_after;
use crate::time::{Millis, Timestamp};
use crate::world::{Names, World};

use super::exceptions::gone;

/// A cell with young residue is judged again after this part of the report lag: one that sells all day is never at 0.
const LOOKS_PER_LAG: i64 = 8;

/// The units committed since the lag began.
pub(super) fn second_names(world: &World, cell: CellKey, as_of: Timestamp, names: &mut Names) {
    names.committed_after.insert((cell, since(world, as_of)));
}

fn since(world: &World, as_of: Timestamp) -> i64 {
    Timestamp(as_of.0.saturating_sub(world.seller.settings.report_lag_ms.0)).second()
}

/// Gives cells that the running command touched a due time, or takes it from them. Called at the end of every command that
/// is kept.
pub(super) fn watch(world: &mut World, now: Timestamp) {
    let lag = world.seller.settings.report_lag_ms;
    for (key, _) in world.stock.touched_now() {
        let Some(cell) = world.stock.cell(&key) else { continue };
        if cell.unreported > 0 && cell.unreported_due.is_none() {
            world.stock.annotate(key, |cell| cell.unreported_due = Some(now + lag));
        } else if cell.unreported <= 0 && cell.unreported_due.is_some() {
            let was_late = cell.unreported_late;
            world.stock.annotate(key, |cell| {
                cell.unreported_due = None;
                cell.unreported_late = false;
            });
            if was_late {
                gone(world, ExceptionKind::UnreportedLate, Subject::Cell(key), "reported", now);
            }
        }
    }
}

/// How much of a cell's residue is older than the lag: a discrepancy while there is any, and its end once there is none.
pub(super) fn judge(world: &mut World, key: CellKey, as_of: Timestamp, now: Timestamp) -> Outcome {
    let lag = world.seller.settings.report_lag_ms;
    let Some(cell) = world.stock.cell(&key).cloned() else { return Outcome::Done };
    if cell.unreported_due.is_none_or(|due| due > as_of) {
        return Outcome::Done;
    }
    let second = since(world, as_of);
    let young = world.committed_after.get(&(key, second)).copied().unwrap_or(0);
    // What this group committed before this command was not there to be counted.
    let young = young.saturating_add(committed_after(world.stock.entries(), key, second));
    let old = cell.unreported.saturating_sub(young).max(0);
    let again = now + Millis((lag.0 / LOOKS_PER_LAG).max(1));
    world.stock.annotate(key, |cell| {
        cell.unreported_due = Some(again);
        cell.unreported_late = old > 0;
    });
    if old > 0 && !cell.unreported_late {
        world.stock.note_discrepancy(Discrepancy {
            cell: key,
            kind: DiscrepancyKind::UnreportedLate,
            expected: 0,
            reported: old,
            cause: Cause::Clock,
            at: now,
        });
    } else if old == 0 && cell.unreported_late {
        gone(world, ExceptionKind::UnreportedLate, Subject::Cell(key), "reported", now);
    }
    Outcome::Done
}
