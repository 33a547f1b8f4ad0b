//! Units leave: `commit` (step 5 of a channel life). It always succeeds, because the goods are gone whatever the book
//! says; what does not add up is written down as a discrepancy.

use crate::ids::{AllocationCode, LocationId, ScItemId};
use crate::stock::book::{Change, Discrepancy, DiscrepancyKind};
use crate::stock::cell::{CellKey, StockClass};
use crate::stock::deduct::Part;
use crate::stock::entry::EntryKind;
use crate::stock::held::{HeldUnits, Which};
use crate::stock::hold::Reservation;
use crate::stock::holds::{Ledger, Owner};

impl Ledger<'_> {
    /// Step 5: `units` of the assignment are shipped from `location`. Holds elsewhere are moved there first as far as
    /// it has units, else committed where they lie; units held nowhere go off the location's certain cell, else its
    /// uncertain one. Each of these writes a discrepancy. A Guard, and whatever else the assignment holds, is released.
    ///
    /// Returns the cells that the units went off: a later restock wants their class.
    pub fn commit(
        &mut self,
        held: &mut Vec<Reservation>,
        owner: &Owner,
        code: AllocationCode,
        location: LocationId,
        units: i64,
    ) -> Vec<Part> {
        self.release_guard(held, owner, code);
        let mut pool = HeldUnits::new(held);
        let mut gone = Vec::new();
        for need in owner.needs(units) {
            let mut rest = need.units;
            let here = Which { at: Some(location), ..Which::primary(need.sc_item) };
            for part in pool.take(owner.group(Some(code)), here, rest) {
                rest -= part.units;
                gone.push(self.commit_held(owner, code, part));
            }
            for part in pool.take(owner.group(Some(code)), Which::primary(need.sc_item), rest) {
                rest -= part.units;
                gone.extend(self.commit_from_elsewhere(owner, code, location, part));
            }
            if rest > 0 {
                gone.push(self.commit_unheld(owner, code, location, need.sc_item, rest));
            }
        }
        self.release_those(&mut pool, owner, Some(code), Which::default());
        gone
    }

    /// A pickup is collected: its units go off the cells that hold them, wherever those are; units held nowhere go off
    /// the chosen store's cell, with a discrepancy.
    pub fn commit_where_held(
        &mut self,
        held: &mut Vec<Reservation>,
        owner: &Owner,
        code: AllocationCode,
        store: LocationId,
        units: i64,
    ) -> Vec<Part> {
        self.release_guard(held, owner, code);
        let mut pool = HeldUnits::new(held);
        let mut gone = Vec::new();
        for need in owner.needs(units) {
            let mut rest = need.units;
            for part in pool.take(owner.group(Some(code)), Which::primary(need.sc_item), rest) {
                rest -= part.units;
                gone.push(self.commit_held(owner, code, part));
            }
            if rest > 0 {
                gone.push(self.commit_unheld(owner, code, store, need.sc_item, rest));
            }
        }
        self.release_those(&mut pool, owner, Some(code), Which::default());
        gone
    }

    fn commit_held(&mut self, owner: &Owner, code: AllocationCode, part: Part) -> Part {
        let change = Change { on_hand: -part.units, reserved: -part.units, unreported: part.units };
        self.stock.post(part.cell, EntryKind::Commit, change, &owner.cause(Some(code)), self.at);
        part
    }

    fn commit_from_elsewhere(
        &mut self,
        owner: &Owner,
        code: AllocationCode,
        location: LocationId,
        part: Part,
    ) -> Vec<Part> {
        let cause = owner.cause(Some(code));
        let mut rest = part.units;
        let mut gone = Vec::new();
        for class in [StockClass::Certain, StockClass::Uncertain] {
            let cell = CellKey::of(part.cell.sc_item, location, class, owner.channel);
            let promisable = self.sources_anywhere(owner).promisable(&cell);
            let moved = Part { cell, units: rest.min(promisable) };
            if moved.units > 0 {
                self.post_reserved(EntryKind::MoveOut, Part { units: moved.units, ..part }, -1, &cause);
                self.post_reserved(EntryKind::MoveIn, moved, 1, &cause);
                gone.push(self.commit_held(owner, code, moved));
                rest -= moved.units;
            }
        }
        if rest > 0 {
            gone.push(self.commit_held(owner, code, Part { units: rest, ..part }));
        }
        self.note(DiscrepancyKind::ShippedElsewhere, part.cell, part.units, owner, code);
        gone
    }

    fn commit_unheld(
        &mut self,
        owner: &Owner,
        code: AllocationCode,
        location: LocationId,
        sc_item: ScItemId,
        units: i64,
    ) -> Part {
        let certain = CellKey::of(sc_item, location, StockClass::Certain, owner.channel);
        let cell = if self.stock.cell(&certain).is_some() {
            certain
        } else {
            CellKey::of(sc_item, location, StockClass::Uncertain, owner.channel)
        };
        let change = Change { on_hand: -units, reserved: 0, unreported: units };
        self.stock.post(cell, EntryKind::CommitUnheld, change, &owner.cause(Some(code)), self.at);
        self.note(DiscrepancyKind::ShippedUnheld, cell, units, owner, code);
        Part { cell, units }
    }

    /// Goods are said to have come to `store`, and its stock does not show `units` of the listing.
    pub(crate) fn note_unseen_transfer(&mut self, owner: &Owner, code: AllocationCode, store: LocationId, units: i64) {
        for need in owner.needs(units) {
            let cells = [StockClass::Certain, StockClass::Uncertain]
                .map(|class| CellKey::of(need.sc_item, store, class, owner.channel));
            let shown: i64 = cells.iter().map(|cell| self.sources_anywhere(owner).promisable(cell)).sum();
            if shown < need.units {
                self.note(DiscrepancyKind::TransferUnseen, cells[0], need.units - shown, owner, code);
            }
        }
    }

    fn note(&mut self, kind: DiscrepancyKind, cell: CellKey, units: i64, owner: &Owner, code: AllocationCode) {
        self.stock.note_discrepancy(Discrepancy {
            cell,
            kind,
            expected: 0,
            reported: units,
            cause: owner.cause(Some(code)),
            at: self.at.learnt,
        });
    }
}
