//! What must always be true of stock and of what stands beside it, as functions over a neutral snapshot. Tests and simulations fill the snapshot
//! from a working set, `astrolabe doctor` fills it with aggregates of the stored rows; the sentences are judged here,
//! and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use crate::goods::Component;
use crate::ids::{AllocationCode, BillNum, HoldKey, Oid, ScItemId, Tid};
use crate::order::assignment::{AssignmentState, BeforeCancel};
use crate::service_settings::DayKey;
use crate::stock::cell::{CellKey, StockCell, StockClass};
use crate::stock::entry::{Cause, EntryKind, StockEntry};
use crate::stock::hold::{Reservation, Role};
use crate::time::Timestamp;

/// Three signed sums of one cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    pub on_hand: i64,
    pub reserved: i64,
    pub unreported: i64,
}

/// What an assignment may hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssignmentFacts {
    pub code: AllocationCode,
    pub tid: Tid,
    pub oid: Oid,
    pub units: i64,
    pub standing: Standing,
    /// The articles one unit of the listing takes.
    pub components: Vec<Component>,
}

/// How an assignment's state bears on what it may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Holds units, and may have a Guard.
    Offered,
    /// Holds units, and has no Guard.
    Accepted,
    /// Holds nothing.
    Ended,
}

/// Units of a sub-order that no assignment has and that wait for something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingFacts {
    pub tid: Tid,
    pub oid: Oid,
    pub units: i64,
    pub components: Vec<Component>,
}

/// Units of a pre-payment hold that is still held, in one cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AheadFacts {
    pub key: HoldKey,
    pub cell: CellKey,
    pub units: i64,
    pub expires_at: Timestamp,
}

/// A reserve or move that took more than a cell could promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overdraft {
    pub cell: CellKey,
    /// `on_hand − reserved` after it.
    pub available: i64,
    pub suspect: bool,
}

/// One seller's stock as the invariants see it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub cells: BTreeMap<CellKey, StockCell>,
    /// Sums of the ledger's entries.
    pub entries: BTreeMap<CellKey, Sums>,
    pub reservations: Vec<Reservation>,
    pub ahead: Vec<AheadFacts>,
    pub assignments: Vec<AssignmentFacts>,
    pub waiting: Vec<WaitingFacts>,
    /// Found by [`overdrafts`], or by the same walk over the stored ledger.
    pub overdrafts: Vec<Overdraft>,
    /// Ledger entries a bill caused in a cell, marks without quantity not counted.
    pub bill_entries: BTreeMap<(BillNum, CellKey), i64>,
    /// Sums of what the applied bills did to the merchant's book.
    pub reports: BTreeMap<CellKey, i64>,
    /// Sums of the increases alone, by article.
    pub brought_in: BTreeMap<ScItemId, i64>,
    /// Held units committed less units restocked, by article.
    pub sold: BTreeMap<ScItemId, i64>,
    /// Sub-orders that locations have taken on a day, as counted.
    pub day_loads: BTreeMap<DayKey, i64>,
    /// Places in those days that assignments hold or have used.
    pub day_places: BTreeMap<DayKey, i64>,
    /// Rows of this seller that name something which is not this seller's, in words.
    pub strangers: Vec<String>,
    /// When nothing is left to do (no work, no clock overdue): the time; else `None`.
    pub quiet_at: Option<Timestamp>,
}

/// A sentence that must hold, and the function that judges it.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    pub id: &'static str,
    pub sentence: &'static str,
    /// Every place where it does not hold, in words.
    pub check: fn(&Snapshot) -> Vec<String>,
}

/// A sentence that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    pub id: &'static str,
    pub sentence: &'static str,
    pub detail: String,
}

/// All of them.
pub const INVARIANTS: [Invariant; 10] = [
    Invariant {
        id: "INV-STOCK-1",
        sentence: "every cell's on_hand, reserved, unreported equal the sums of its entries",
        check: balances_are_sums,
    },
    Invariant {
        id: "INV-STOCK-2",
        sentence: "a cell's reserved equals the units of its held reservations, and is never negative",
        check: reserved_is_held,
    },
    Invariant {
        id: "INV-STOCK-3",
        sentence: "no reserve or move takes a cell's available below 0, nor adds units to a suspect cell",
        check: nothing_overdrawn,
    },
    Invariant {
        id: "INV-STOCK-4",
        sentence: "an assignment's held Primary units never exceed its quantity; Guard units never exceed its \
                   uncertain Primary units",
        check: holds_fit_assignments,
    },
    Invariant { id: "INV-STOCK-5", sentence: "a bill key has at most one effect", check: bills_act_once },
    Invariant {
        id: "INV-STOCK-6",
        sentence: "on_hand + unreported equals the sum of the cell's applied reports",
        check: books_are_reports,
    },
    Invariant {
        id: "INV-STOCK-7",
        sentence: "an accepted assignment has no Guard; a cancelled, closed or shipped one holds nothing",
        check: ended_hold_nothing,
    },
    Invariant {
        id: "INV-STOCK-8",
        sentence: "no operation of one seller touches a row of another",
        check: no_strangers,
    },
    Invariant {
        id: "INV-STOCK-9",
        sentence: "when all is quiet: units sold ≤ units brought in, and no unit is held for nobody",
        check: no_oversell_no_phantom,
    },
    Invariant {
        id: "INV-CAPACITY-1",
        sentence: "what a location has taken on a day equals the places that assignments hold or have used",
        check: days_are_counted,
    },
];

/// Judges all invariants.
pub fn audit(snapshot: &Snapshot) -> Vec<Violation> {
    INVARIANTS
        .iter()
        .flat_map(|invariant| {
            (invariant.check)(snapshot).into_iter().map(|detail| Violation {
                id: invariant.id,
                sentence: invariant.sentence,
                detail,
            })
        })
        .collect()
}

impl Standing {
    /// What a state of the machine allows.
    pub fn of(state: &AssignmentState) -> Self {
        match state {
            AssignmentState::Notified => Standing::Offered,
            AssignmentState::Accepted | AssignmentState::Confirmed | AssignmentState::Transferring => {
                Standing::Accepted
            }
            AssignmentState::CancelRequested { from, .. } | AssignmentState::CancelDenied { from, .. } => match from {
                BeforeCancel::Notified => Standing::Offered,
                BeforeCancel::Accepted | BeforeCancel::Confirmed | BeforeCancel::Transferring => Standing::Accepted,
            },
            AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::Collected
            | AssignmentState::ReturnRequested { .. }
            | AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Unanswered
            | AssignmentState::Withdrawn
            | AssignmentState::Cancelled
            | AssignmentState::Closed => Standing::Ended,
        }
    }
}

impl Snapshot {
    /// Adds the ledger, in the order in which it was written.
    pub fn add_ledger(&mut self, ledger: &[StockEntry]) {
        self.overdrafts.extend(overdrafts(ledger));
        for entry in ledger {
            let sums = self.entries.entry(entry.cell).or_default();
            sums.on_hand += entry.on_hand;
            sums.reserved += entry.reserved;
            sums.unreported += entry.unreported;
            if let (Cause::Bill { bill_num }, false) = (&entry.cause, entry.kind == EntryKind::Suspect) {
                *self.bill_entries.entry((bill_num.clone(), entry.cell)).or_default() += 1;
            }
            if entry.kind == EntryKind::Commit || entry.kind == EntryKind::Restock {
                *self.sold.entry(entry.cell.sc_item).or_default() -= entry.on_hand;
            }
        }
    }

    /// Adds what an applied bill did to the book of its cell.
    pub fn add_report(&mut self, cell: CellKey, book_change: i64) {
        *self.reports.entry(cell).or_default() += book_change;
        *self.brought_in.entry(cell.sc_item).or_default() += book_change.max(0);
    }

    fn held_in(&self, cell: CellKey) -> i64 {
        let by_orders = self.reservations.iter().filter(|held| held.cell == cell).map(|held| held.units);
        let ahead = self.ahead.iter().filter(|part| part.cell == cell).map(|part| part.units);
        by_orders.chain(ahead).sum()
    }

    fn held_by(&self, tid: Tid, oid: Oid, code: Option<AllocationCode>) -> impl Iterator<Item = &Reservation> {
        self.reservations.iter().filter(move |held| held.tid == tid && held.oid == oid && held.code == code)
    }

    fn every_cell(&self) -> BTreeSet<CellKey> {
        let held = self.reservations.iter().map(|held| held.cell);
        self.cells.keys().chain(self.entries.keys()).chain(self.reports.keys()).copied().chain(held).collect()
    }
}

/// Walks a ledger in its order and finds each reserve or move that a cell could not bear.
pub fn overdrafts(ledger: &[StockEntry]) -> Vec<Overdraft> {
    let mut running: BTreeMap<CellKey, (i64, bool)> = BTreeMap::new();
    let mut found = Vec::new();
    for entry in ledger {
        let (available, suspect) = running.entry(entry.cell).or_default();
        *available += entry.on_hand - entry.reserved;
        match entry.kind {
            EntryKind::Suspect => *suspect = true,
            EntryKind::Initial | EntryKind::Balance | EntryKind::Overwrite => *suspect = false,
            EntryKind::Reserve | EntryKind::MoveIn => {
                if entry.reserved > 0 && (*available < 0 || *suspect) {
                    found.push(Overdraft { cell: entry.cell, available: *available, suspect: *suspect });
                }
            }
            EntryKind::Release
            | EntryKind::Expire
            | EntryKind::MoveOut
            | EntryKind::Commit
            | EntryKind::CommitUnheld
            | EntryKind::Restock
            | EntryKind::Included
            | EntryKind::Excluded => {}
        }
    }
    found
}

fn balances_are_sums(snapshot: &Snapshot) -> Vec<String> {
    let differs = |cell: CellKey| {
        let balance = snapshot.cells.get(&cell).cloned().unwrap_or_default();
        let sums = snapshot.entries.get(&cell).copied().unwrap_or_default();
        let kept = Sums { on_hand: balance.on_hand, reserved: balance.reserved, unreported: balance.unreported };
        (kept != sums).then(|| format!("{cell}: balance {kept:?}, entries {sums:?}"))
    };
    snapshot.every_cell().into_iter().filter_map(differs).collect()
}

fn reserved_is_held(snapshot: &Snapshot) -> Vec<String> {
    let differs = |cell: CellKey| {
        let reserved = snapshot.cells.get(&cell).map_or(0, |cell| cell.reserved);
        let held = snapshot.held_in(cell);
        (reserved != held || reserved < 0).then(|| format!("{cell}: reserved {reserved}, held {held}"))
    };
    snapshot.every_cell().into_iter().filter_map(differs).collect()
}

fn nothing_overdrawn(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .overdrafts
        .iter()
        .map(|draft| {
            let suspect = if draft.suspect { ", suspect" } else { "" };
            format!("{}: a reserve left {} available{suspect}", draft.cell, draft.available)
        })
        .collect()
}

fn holds_fit_assignments(snapshot: &Snapshot) -> Vec<String> {
    let assigned = snapshot.assignments.iter().filter(|assignment| assignment.standing != Standing::Ended);
    let assigned = assigned.flat_map(|assignment| {
        let held: Vec<_> = snapshot.held_by(assignment.tid, assignment.oid, Some(assignment.code)).collect();
        let name = format!("assignment {}", assignment.code);
        misfits(&name, &held, assignment.units, &assignment.components)
    });
    let waiting = snapshot.waiting.iter().flat_map(|waiting| {
        let held: Vec<_> = snapshot.held_by(waiting.tid, waiting.oid, None).collect();
        let name = format!("sub-order {}", waiting.oid);
        misfits(&name, &held, waiting.units, &waiting.components)
    });
    assigned.chain(waiting).collect()
}

fn misfits(name: &str, held: &[&Reservation], units: i64, components: &[Component]) -> Vec<String> {
    let mut allowed: BTreeMap<ScItemId, i64> = BTreeMap::new();
    for component in components {
        *allowed.entry(component.sc_item).or_default() += units * component.per_unit;
    }
    for reservation in held {
        allowed.entry(reservation.cell.sc_item).or_default();
    }
    let sum = |sc_item: ScItemId, wanted: &dyn Fn(&Reservation) -> bool| -> i64 {
        held.iter().filter(|held| held.cell.sc_item == sc_item && wanted(held)).map(|held| held.units).sum()
    };
    let mut found = Vec::new();
    for (sc_item, most) in allowed {
        let primary = sum(sc_item, &|held| held.role == Role::Primary);
        let guard = sum(sc_item, &|held| held.role == Role::Guard);
        let uncertain = sum(sc_item, &|held| held.role == Role::Primary && held.cell.class == StockClass::Uncertain);
        if primary > most {
            found.push(format!("{name} holds {primary} of article {sc_item}, may hold {most}"));
        }
        if guard > uncertain {
            found.push(format!("{name} guards {uncertain} units of article {sc_item} with {guard}"));
        }
    }
    found
}

fn bills_act_once(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .bill_entries
        .iter()
        .filter(|(_, effects)| **effects > 1)
        .map(|((bill, cell), effects)| format!("bill {bill} acted {effects} times on {cell}"))
        .collect()
}

fn books_are_reports(snapshot: &Snapshot) -> Vec<String> {
    let differs = |cell: CellKey| {
        let book = snapshot.cells.get(&cell).map_or(0, StockCell::book);
        let reports = snapshot.reports.get(&cell).copied().unwrap_or(0);
        (book != reports).then(|| format!("{cell}: book {book}, reports {reports}"))
    };
    snapshot.every_cell().into_iter().filter_map(differs).collect()
}

fn ended_hold_nothing(snapshot: &Snapshot) -> Vec<String> {
    let mut found = Vec::new();
    for assignment in &snapshot.assignments {
        for held in snapshot.held_by(assignment.tid, assignment.oid, Some(assignment.code)) {
            let wrong = match assignment.standing {
                Standing::Offered => false,
                Standing::Accepted => held.role == Role::Guard,
                Standing::Ended => true,
            };
            if wrong {
                let (code, standing) = (assignment.code, assignment.standing);
                found.push(format!("assignment {code} ({standing:?}) holds {} as {:?}", held.units, held.role));
            }
        }
    }
    found
}

fn no_strangers(snapshot: &Snapshot) -> Vec<String> {
    snapshot.strangers.clone()
}

fn no_oversell_no_phantom(snapshot: &Snapshot) -> Vec<String> {
    let Some(now) = snapshot.quiet_at else { return Vec::new() };
    let mut found = Vec::new();
    for (sc_item, sold) in &snapshot.sold {
        let brought_in = snapshot.brought_in.get(sc_item).copied().unwrap_or(0);
        if *sold > brought_in {
            found.push(format!("article {sc_item}: {sold} sold, {brought_in} brought in"));
        }
    }
    let codes: BTreeSet<_> = snapshot.assignments.iter().map(|assignment| assignment.code).collect();
    let waiting: BTreeSet<_> =
        snapshot.waiting.iter().filter(|line| line.units > 0).map(|line| (line.tid, line.oid)).collect();
    for held in &snapshot.reservations {
        let known = match held.code {
            Some(code) => codes.contains(&code),
            None => waiting.contains(&(held.tid, held.oid)),
        };
        if !known {
            found.push(format!("{}: {} units held for nobody (sub-order {})", held.cell, held.units, held.oid));
        }
    }
    for part in &snapshot.ahead {
        if part.expires_at <= now {
            found.push(format!("{}: {} units held for {}, which has run out", part.cell, part.units, part.key));
        }
    }
    found
}

fn days_are_counted(snapshot: &Snapshot) -> Vec<String> {
    let keys: BTreeSet<&DayKey> = snapshot.day_loads.keys().chain(snapshot.day_places.keys()).collect();
    let count = |of: &BTreeMap<DayKey, i64>, key: &DayKey| of.get(key).copied().unwrap_or(0);
    let differing = keys.into_iter().filter_map(|key| {
        let (counted, placed) = (count(&snapshot.day_loads, key), count(&snapshot.day_places, key));
        let DayKey { day, location, service } = key;
        let differs = counted != placed;
        differs
            .then(|| format!("location {location}, day {day}, {}: {counted} counted, {placed} placed", service.name()))
    });
    differing.collect()
}

#[cfg(test)]
#[path = "invariants_tests.rs"]
mod tests;
