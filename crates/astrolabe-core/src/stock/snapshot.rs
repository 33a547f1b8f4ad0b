//! Fills the invariants' snapshot from a working set that holds everything of a seller: tests and simulations do so.
//! `astrolabe doctor` fills the same snapshot from stored rows.

use crate::order::file::TradeFile;
use crate::order::trade::{SubOrder, UnassignedState};
use crate::service_settings::{DayKey, DayPlace};
use crate::stock::cell::CellKey;
use crate::stock::entry::StockEntry;
use crate::stock::hold::AheadState;
use crate::stock::invariants::{AheadFacts, AssignmentFacts, Snapshot, Standing, WaitingFacts};
use crate::time::Timestamp;
use crate::world::{BillKey, BillRecord, World};

/// Everything a seller's stock has been through: the whole ledger in its order, and all applied reports.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    pub ledger: &'a [StockEntry],
    pub reports: &'a [(BillKey, BillRecord)],
}

impl Snapshot {
    /// The seller as loaded, with the articles in `world` and the whole history. `quiet_at` says that nothing is left to
    /// do.
    pub fn of(world: &World, history: History<'_>, quiet_at: Option<Timestamp>) -> Self {
        let mut snapshot = Snapshot { quiet_at, ..Snapshot::default() };
        snapshot.add_ledger(history.ledger);
        for (key, record) in history.reports {
            let cell = CellKey::of(key.sc_item, key.location, key.class, crate::ids::TMALL);
            snapshot.add_report(cell, record.book_change);
        }
        for (_, file) in world.files.iter() {
            snapshot.add_file(file);
        }
        for (key, hold) in world.ahead.iter().filter(|(_, hold)| hold.state == AheadState::Held) {
            snapshot.ahead.extend(hold.parts.iter().map(|part| AheadFacts {
                key: key.clone(),
                cell: part.cell,
                units: part.units,
                expires_at: hold.expires_at,
            }));
        }
        snapshot.day_loads.extend(world.day_loads.iter().map(|(key, taken)| (*key, *taken)));
        for (key, cell) in world.stock.articles().flat_map(crate::stock::article::ArticleStock::cells) {
            snapshot.cells.insert(*key, cell.clone());
            if world.places.get(key.location).is_none() || world.sc_items.get(&key.sc_item).is_none() {
                snapshot.strangers.push(format!("{key} is not of seller {}", world.seller.id));
            }
        }
        snapshot
    }

    /// Adds a trade with its assignments and what is held for it.
    pub fn add_file(&mut self, file: &TradeFile) {
        self.reservations.extend(file.reservations.iter().cloned());
        for line in &file.trade.sub_orders {
            self.waiting.push(WaitingFacts {
                tid: file.trade.tid,
                oid: line.oid,
                units: waiting_units(line),
                components: line.components.clone(),
            });
        }
        for assignment in &file.assignments {
            if let Some(DayPlace { day, service, .. }) = assignment.day_place {
                let key = DayKey { day, location: assignment.location, service };
                *self.day_places.entry(key).or_default() += 1;
            }
            let line = file.trade.sub_order(assignment.oid);
            self.assignments.push(AssignmentFacts {
                code: assignment.code,
                tid: assignment.tid,
                oid: assignment.oid,
                units: assignment.units,
                standing: Standing::of(&assignment.state),
                components: line.map(|line| line.components.clone()).unwrap_or_default(),
            });
        }
    }
}

/// Units that may be held while nobody has them.
fn waiting_units(line: &SubOrder) -> i64 {
    line.unassigned.as_ref().map_or(0, |unassigned| match unassigned.state {
        UnassignedState::Held | UnassignedState::Routing | UnassignedState::Unfillable { .. } => unassigned.units,
        UnassignedState::Created | UnassignedState::Cancelled | UnassignedState::Closed => 0,
    })
}
