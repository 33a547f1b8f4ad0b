//! The verbs on held units: reserve, release, give back, restock, take over. Moving is [`crate::stock::moves`],
//! shipping is [`crate::stock::commits`]. Called by the decisions about orders; the sentences are the steps of a
//! channel life (white paper §4.3).
//!
//! Every verb acts on all articles of a line: a kit holds all its components at one location or none.

use crate::goods::Component;
use crate::ids::{AllocationCode, ChannelId, IdMint, LocationId, Oid, Tid};
use crate::order::file::TradeFile;
use crate::order::trade::{Delivery, SubOrder, Trade};
use crate::place::Places;
use crate::refusal::Refusal;
use crate::stock::article::Waiting;
use crate::stock::book::{Change, Moment, Stock};
use crate::stock::cell::{CellKey, StockClass};
use crate::stock::deduct::{Need, Part, QueuePlace, Sources};
use crate::stock::entry::{Cause, EntryKind};
use crate::stock::held::{Group, HeldUnits, Which};
use crate::stock::hold::{AheadHold, AheadState, Reservation, Role};
use crate::time::Timestamp;
use crate::world::World;

/// Whose units: a sub-order, with the articles one unit of it takes and what its next hold must respect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    pub tid: Tid,
    pub oid: Oid,
    pub channel: ChannelId,
    /// When it was paid: its place in the shortage queue.
    pub pay_time: Timestamp,
    /// Empty while the listing maps to no article: then nothing can be held.
    pub components: Vec<Component>,
    /// Locations that refused it.
    pub avoid: Vec<LocationId>,
    /// The store the buyer chose, for a pickup.
    pub pickup: Option<LocationId>,
}

impl Owner {
    /// The line as the ledger sees it. Exclusions are taken as they stand: add a refusal's before giving back.
    pub fn of(trade: &Trade, line: &SubOrder) -> Self {
        Self {
            tid: trade.tid,
            oid: line.oid,
            channel: trade.channel,
            pay_time: trade.pay_time.unwrap_or(trade.created),
            components: line.components.clone(),
            avoid: line.excluded.iter().map(|exclusion| exclusion.location).collect(),
            pickup: match line.delivery {
                Delivery::Ship => None,
                Delivery::Pickup { store } => Some(store),
            },
        }
    }

    pub(crate) fn group(&self, code: Option<AllocationCode>) -> Group {
        Group { tid: self.tid, oid: self.oid, code }
    }

    pub(crate) fn cause(&self, code: Option<AllocationCode>) -> Cause {
        match code {
            Some(code) => Cause::Assignment { tid: self.tid, oid: self.oid, code },
            None => Cause::SubOrder { tid: self.tid, oid: self.oid },
        }
    }

    /// Whether one unit of the listing must not be divided over locations.
    pub fn is_kit(&self) -> bool {
        self.components.len() > 1 || self.components.iter().any(|component| component.per_unit != 1)
    }

    /// What `units` of the listing take, article by article.
    pub(crate) fn needs(&self, units: i64) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::new();
        for component in &self.components {
            let wanted = units.saturating_mul(component.per_unit);
            match needs.iter_mut().find(|need| need.sc_item == component.sc_item) {
                Some(need) => need.units = need.units.saturating_add(wanted),
                None => needs.push(Need { sc_item: component.sc_item, units: wanted }),
            }
        }
        needs
    }

    fn place(&self) -> QueuePlace {
        QueuePlace { pay_time: self.pay_time, tid: self.tid, oid: self.oid }
    }

    /// Units of the listing, of `units` in the group, that hold nothing.
    pub fn unheld(&self, held: &[Reservation], code: Option<AllocationCode>, units: i64) -> i64 {
        let group = self.group(code);
        let whole = self
            .needs(1)
            .iter()
            .map(|need| group.sum(held, Which::primary(need.sc_item)) / need.units.max(1))
            .min()
            .unwrap_or(0);
        (units - whole).max(0)
    }

    /// Units of the listing that the group holds at `location`, whole ones.
    pub fn held_at(&self, held: &[Reservation], code: Option<AllocationCode>, location: LocationId) -> i64 {
        let group = self.group(code);
        self.needs(1)
            .iter()
            .map(|need| {
                let which = Which { at: Some(location), ..Which::primary(need.sc_item) };
                group.sum(held, which) / need.units.max(1)
            })
            .min()
            .unwrap_or(0)
    }

    /// Whether all of the group's `units` are held at `location`.
    pub fn is_held_at(
        &self,
        held: &[Reservation],
        code: Option<AllocationCode>,
        location: LocationId,
        units: i64,
    ) -> bool {
        self.held_at(held, code, location) >= units
    }
}

/// What every verb needs beside the units: the book, ids, places, and the moment it happens.
#[derive(Debug)]
pub struct Ledger<'a> {
    pub stock: &'a mut Stock,
    pub mint: &'a mut IdMint,
    pub places: &'a Places,
    pub at: Moment,
}

/// A trade's file together with the ledger its holds are changed through.
pub fn open(world: &mut World, tid: Tid, at: Moment) -> Option<(Ledger<'_>, &mut TradeFile)> {
    let World { stock, mint, places, files, .. } = world;
    let file = files.get_mut(&tid)?;
    Some((Ledger { stock, mint, places, at }, file))
}

impl Ledger<'_> {
    pub(crate) fn sources<'s>(&'s self, owner: &'s Owner) -> Sources<'s> {
        Sources {
            stock: self.stock,
            places: self.places,
            channel: owner.channel,
            avoid: &owner.avoid,
            pickup: owner.pickup,
        }
    }

    pub(crate) fn post_reserved(&mut self, kind: EntryKind, part: Part, sign: i64, cause: &Cause) {
        let change = Change { reserved: part.units.saturating_mul(sign), ..Change::default() };
        self.stock.post(part.cell, kind, change, cause, self.at);
    }

    /// Step 1: holds `units` more of the listing for the sub-order, unassigned, by default deduction: all, or none.
    ///
    /// # Errors
    /// [`Refusal::InsufficientStock`] when there is too little in all, or when an earlier paid sub-order waits that the
    /// stock could serve. Nothing has changed then.
    pub fn hold_by_default(&mut self, held: &mut Vec<Reservation>, owner: &Owner, units: i64) -> Result<(), Refusal> {
        let parts = self.deduct(owner, units)?;
        let cause = owner.cause(None);
        let mut pool = HeldUnits::new(held);
        for part in parts {
            self.post_reserved(EntryKind::Reserve, part, 1, &cause);
            pool.add(self.mint, owner.group(None), Role::Primary, part, self.at.learnt);
        }
        Ok(())
    }

    /// The cells that step 1 would take, and nothing changed.
    pub(crate) fn deduct(&self, owner: &Owner, units: i64) -> Result<Vec<Part>, Refusal> {
        if units <= 0 {
            return Ok(Vec::new());
        }
        let needs = owner.needs(units);
        let sources = self.sources(owner);
        if sources.must_yield(&needs, owner.place()) {
            return Err(Refusal::InsufficientStock { wanted: units, available: 0 });
        }
        let chosen = if owner.is_kit() {
            sources.choose_kit(&needs)
        } else {
            needs.first().and_then(|need| sources.choose(*need))
        };
        chosen.ok_or_else(|| insufficient(&sources, &needs, units))
    }

    /// Step 3: the assignment is accepted, its Guard is released.
    pub fn release_guard(&mut self, held: &mut Vec<Reservation>, owner: &Owner, code: AllocationCode) {
        let which = Which { role: Some(Role::Guard), ..Which::default() };
        self.release_those(&mut HeldUnits::new(held), owner, Some(code), which);
    }

    /// Step 4, refused or withdrawn: the Primary at `location` is released, a Guard becomes Primary of the unassigned
    /// units, what nothing covers is deducted by default anew, never at a location the owner avoids.
    ///
    /// `units` is the assignment's quantity. Returns the units of the listing that hold nothing now: they wait.
    pub fn give_back(
        &mut self,
        held: &mut Vec<Reservation>,
        owner: &Owner,
        code: AllocationCode,
        location: LocationId,
        units: i64,
    ) -> i64 {
        let mut pool = HeldUnits::new(held);
        let here = Which { at: Some(location), role: Some(Role::Primary), ..Which::default() };
        self.release_those(&mut pool, owner, Some(code), here);
        let kept = self.keep_elsewhere(&mut pool, owner, code, units);
        self.release_those(&mut pool, owner, Some(code), Which::default());
        let rest = units - kept;
        match self.hold_by_default(held, owner, rest) {
            Ok(()) => 0,
            Err(_) => rest,
        }
    }

    /// What the assignment holds beside its location (a Primary that never moved, then its Guard) becomes the Primary
    /// of the unassigned units, up to `units` of the listing, which is returned. A kit is kept whole or not at all.
    fn keep_elsewhere(&mut self, pool: &mut HeldUnits<'_>, owner: &Owner, code: AllocationCode, units: i64) -> i64 {
        let at = if owner.is_kit() {
            match location_of_whole_kit(pool.held, owner, code, units) {
                Some(location) => Some(location),
                None => return 0,
            }
        } else {
            None
        };
        for need in owner.needs(units) {
            let mut rest = need.units;
            for role in [Role::Primary, Role::Guard] {
                let which = Which { role: Some(role), at, ..Which::primary(need.sc_item) };
                for part in pool.take(owner.group(Some(code)), which, rest) {
                    rest -= part.units;
                    pool.add(self.mint, owner.group(None), Role::Primary, part, self.at.learnt);
                }
            }
            if !owner.is_kit() {
                return units - rest;
            }
        }
        units
    }

    /// Step 6: everything the sub-order holds for an assignment (`Some`) or unassigned (`None`) is released.
    pub fn release(&mut self, held: &mut Vec<Reservation>, owner: &Owner, code: Option<AllocationCode>) {
        self.release_those(&mut HeldUnits::new(held), owner, code, Which::default());
    }

    /// A short cell takes back what the sub-order's unassigned units hold in it; Guards of theirs become Primary in its
    /// place. A kit gives everything back, because its components lie together. What lacks then is not deducted here.
    pub(crate) fn free_unassigned(&mut self, held: &mut Vec<Reservation>, owner: &Owner, cell: CellKey) {
        if owner.is_kit() {
            self.release(held, owner, None);
            return;
        }
        let group = owner.group(None);
        let in_cell = Which { cell: Some(cell), ..Which::primary(cell.sc_item) };
        let freed = group.sum(held, in_cell);
        let mut pool = HeldUnits::new(held);
        self.release_those(&mut pool, owner, None, in_cell);
        for part in pool.take(group, Which::guard(cell.sc_item), freed) {
            pool.add(self.mint, group, Role::Primary, part, self.at.learnt);
        }
        self.trim_guards(&mut pool, owner, None, cell.sc_item);
    }

    pub(crate) fn release_those(
        &mut self,
        pool: &mut HeldUnits<'_>,
        owner: &Owner,
        code: Option<AllocationCode>,
        which: Which,
    ) {
        let cause = owner.cause(code);
        for part in pool.take_all(owner.group(code), which) {
            self.post_reserved(EntryKind::Release, part, -1, &cause);
        }
    }

    /// Step 7 under the policy `restock`: returned units are back on the shelf of `location`, in the cell of the class
    /// they were committed from. A later INCLUDED report of them is then not counted twice.
    pub fn restock(
        &mut self,
        owner: &Owner,
        code: AllocationCode,
        location: LocationId,
        units: i64,
        committed: StockClass,
    ) {
        let cause = owner.cause(Some(code));
        for need in owner.needs(units) {
            let cell = CellKey::of(need.sc_item, location, committed, owner.channel);
            let change = Change { on_hand: need.units, unreported: need.units.saturating_neg(), ..Change::default() };
            self.stock.post(cell, EntryKind::Restock, change, &cause, self.at);
        }
    }

    /// A refusal for want of goods: both cells of the line's articles at `location` are suspect from here on.
    pub fn mark_suspect(&mut self, owner: &Owner, code: AllocationCode, location: LocationId) {
        let cause = owner.cause(Some(code));
        for need in owner.needs(1) {
            for class in [StockClass::Certain, StockClass::Uncertain] {
                let cell = CellKey::of(need.sc_item, location, class, owner.channel);
                if self.stock.cell(&cell).is_some() {
                    mark_cell_suspect(self.stock, cell, &cause, self.at);
                }
            }
        }
    }

    /// A pre-payment hold becomes the sub-order's unassigned units, if it is still held: a surplus is released, a lack
    /// is deducted by default. Returns the units of the listing that hold nothing now: they wait.
    pub fn take_over(&mut self, held: &mut Vec<Reservation>, ahead: &mut AheadHold, owner: &Owner, units: i64) -> i64 {
        if ahead.state == AheadState::Held {
            self.adopt(held, ahead, owner, units);
            ahead.state = AheadState::TakenOver { tid: owner.tid, oid: owner.oid };
        }
        let rest = owner.unheld(held, None, units);
        if owner.is_kit() && rest > 0 {
            self.release(held, owner, None);
        }
        let rest = owner.unheld(held, None, units);
        match self.hold_by_default(held, owner, rest) {
            Ok(()) => 0,
            Err(_) => rest,
        }
    }

    fn adopt(&mut self, held: &mut Vec<Reservation>, ahead: &AheadHold, owner: &Owner, units: i64) {
        let mut wanted = owner.needs(units);
        let mut pool = HeldUnits::new(held);
        let cause = Cause::Ahead { key: ahead.key.clone() };
        for part in &ahead.parts {
            let need = wanted.iter_mut().find(|need| need.sc_item == part.cell.sc_item);
            let kept = need.as_ref().map_or(0, |need| need.units.min(part.units));
            if let Some(need) = need {
                need.units -= kept;
            }
            let adopted = Part { cell: part.cell, units: kept };
            pool.add(self.mint, owner.group(None), Role::Primary, adopted, self.at.learnt);
            if part.units > kept {
                let surplus = Part { cell: part.cell, units: part.units - kept };
                self.post_reserved(EntryKind::Release, surplus, -1, &cause);
            }
        }
    }

    /// Puts the sub-order into the shortage queue of each of its articles with `unheld` units of the listing lacking
    /// (0 for one that holds everything and that nobody can serve), or brings its entry up to date.
    pub fn wait(&mut self, owner: &Owner, unheld: i64) {
        for need in owner.needs(unheld) {
            let present = self.waiting_of(owner, need);
            let passed = present.is_some_and(|waiting| waiting.passed && waiting.units == need.units);
            self.requeue(owner, need, present, passed);
        }
    }

    /// Notes that the sub-order was tried in vain although there seemed to be enough of the article: newcomers may
    /// pass it from here on. One that lets an earlier sub-order go first was not tried.
    pub fn let_pass(&mut self, owner: &Owner, unheld: i64) {
        let needs = owner.needs(unheld);
        if self.sources(owner).must_yield(&needs, owner.place()) {
            return;
        }
        for need in needs {
            let present = self.waiting_of(owner, need);
            let in_vain = self.sources_anywhere(owner).suffices(need.sc_item, need.units);
            if present.is_some() && in_vain {
                self.requeue(owner, need, present, true);
            }
        }
    }

    fn requeue(&mut self, owner: &Owner, need: Need, present: Option<Waiting>, passed: bool) {
        let wanted = Waiting { pay_time: owner.pay_time, tid: owner.tid, oid: owner.oid, units: need.units, passed };
        if present == Some(wanted) {
            return;
        }
        if let Some(old) = present {
            self.stock.dequeue(need.sc_item, old);
        }
        self.stock.enqueue(need.sc_item, wanted);
    }

    /// Takes the sub-order out of the shortage queues of its articles.
    pub fn stop_waiting(&mut self, owner: &Owner) {
        for need in owner.needs(1) {
            if let Some(old) = self.waiting_of(owner, need) {
                self.stock.dequeue(need.sc_item, old);
            }
        }
    }

    fn waiting_of(&self, owner: &Owner, need: Need) -> Option<Waiting> {
        let at = |units, passed| Waiting { pay_time: owner.pay_time, tid: owner.tid, oid: owner.oid, units, passed };
        let article = self.stock.article(need.sc_item)?;
        article.waiting().range(at(i64::MIN, false)..=at(i64::MAX, true)).next().copied()
    }
}

/// Nothing new is reserved in the cell until the next applied overwrite, BALANCE or initial; held units stay.
pub(crate) fn mark_cell_suspect(stock: &mut Stock, cell: CellKey, cause: &Cause, at: Moment) {
    if stock.cell(&cell).is_some_and(|cell| cell.suspect) {
        return;
    }
    stock.post(cell, EntryKind::Suspect, Change::default(), cause, at);
    stock.annotate(cell, |cell| cell.suspect = true);
}

fn insufficient(sources: &Sources<'_>, needs: &[Need], units: i64) -> Refusal {
    let available = needs
        .iter()
        .map(|need| {
            let per_unit = (need.units / units).max(1);
            sources.promisable_up_to(need.sc_item, i64::MAX) / per_unit
        })
        .min()
        .unwrap_or(0);
    Refusal::InsufficientStock { wanted: units, available }
}

/// Where a kit's assignment still holds all components of all its units, whatever their role.
fn location_of_whole_kit(held: &[Reservation], owner: &Owner, code: AllocationCode, units: i64) -> Option<LocationId> {
    let group = owner.group(Some(code));
    held.iter()
        .filter(|reservation| reservation.oid == owner.oid && reservation.code == Some(code))
        .map(|reservation| reservation.cell.location)
        .find(|location| {
            owner.needs(units).iter().all(|need| {
                let which = Which { sc_item: Some(need.sc_item), at: Some(*location), ..Which::default() };
                group.sum(held, which) >= need.units
            })
        })
}

#[cfg(test)]
#[path = "holds_tests.rs"]
mod tests;
