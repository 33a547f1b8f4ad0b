//! Moving held units: to the location that will ship them (step 2 of a channel life), to another assignment, or, by an
//! `adjust`, to where the allocator says. All of a move happens, or nothing.

use crate::ids::{AllocationCode, LocationId, ScItemId};
use crate::refusal::Refusal;
use crate::stock::cell::{CellKey, StockClass};
use crate::stock::deduct::{Need, Part, Sources};
use crate::stock::entry::EntryKind;
use crate::stock::held::{Group, HeldUnits, Which};
use crate::stock::hold::{Reservation, Role};
use crate::stock::holds::{Ledger, Owner};

/// A move of `units` of the listing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    /// Whose units move: an assignment's, or (`None`) the unassigned ones.
    pub from: Option<AllocationCode>,
    /// Whose they are afterwards.
    pub to: Option<AllocationCode>,
    pub location: LocationId,
    pub units: i64,
    /// The class to take at the location; `None`: certain first, the rest uncertain.
    pub class: Option<StockClass>,
    /// The location that the units must leave; `None`: wherever they lie.
    pub original: Option<LocationId>,
    /// Whether a Guard is taken for the uncertain part; an accepted assignment has none.
    pub guarded: bool,
    /// Whether certain units that nobody holds are left alone for now: other moves of the same plan may count on them.
    /// [`Ledger::take_guard`] then comes after the last of these moves.
    pub guard_later: bool,
}

impl Move {
    /// Step 2: unassigned units go to an assignment's location.
    pub fn to_assignment(code: AllocationCode, location: LocationId, units: i64) -> Self {
        Self {
            from: None,
            to: Some(code),
            location,
            units,
            class: None,
            original: None,
            guarded: true,
            guard_later: false,
        }
    }

    /// Step 2 as one of several moves of a plan.
    pub fn planned(code: AllocationCode, location: LocationId, units: i64) -> Self {
        Self { guard_later: true, ..Self::to_assignment(code, location, units) }
    }

    /// An assignment's units go to another assignment, at another location.
    pub fn between(from: AllocationCode, to: AllocationCode, location: LocationId, units: i64) -> Self {
        Self { from: Some(from), ..Self::to_assignment(to, location, units) }
    }
}

/// What a move does to one article, judged before anything changes.
#[derive(Debug)]
struct Draft {
    sc_item: ScItemId,
    /// Units held at the location already that stay there.
    keep: Vec<Part>,
    /// Units newly reserved there.
    draw: Vec<Part>,
    /// Primary units that leave where they lie.
    leave: i64,
    /// Uncertain units that want a Guard.
    unguarded: i64,
}

impl Ledger<'_> {
    /// Step 2 and `adjust`: brings units to a location, certain ones first, and takes a Guard of the uncertain part.
    /// Units that the sub-order already holds there count as available to it.
    ///
    /// # Errors
    /// [`Refusal::InsufficientStock`] when the location lacks units; nothing has changed then.
    pub fn move_to(&mut self, held: &mut Vec<Reservation>, owner: &Owner, wanted: Move) -> Result<(), Refusal> {
        let drafts = owner
            .needs(wanted.units)
            .into_iter()
            .map(|need| self.draft(held, owner, wanted, need))
            .collect::<Result<Vec<_>, _>>()?;
        if drafts.is_empty() {
            return Err(Refusal::InsufficientStock { wanted: wanted.units, available: 0 });
        }
        let mut pool = HeldUnits::new(held);
        for draft in drafts {
            self.carry_out(&mut pool, owner, wanted, &draft);
        }
        Ok(())
    }

    /// Whether [`Ledger::move_to`] would bring the units there now.
    ///
    /// # Errors
    /// [`Refusal::InsufficientStock`] as it would say.
    pub fn could_move(&self, held: &[Reservation], owner: &Owner, wanted: Move) -> Result<(), Refusal> {
        owner.needs(wanted.units).into_iter().try_for_each(|need| self.draft(held, owner, wanted, need).map(drop))
    }

    fn draft(&self, held: &[Reservation], owner: &Owner, wanted: Move, need: Need) -> Result<Draft, Refusal> {
        let group = owner.group(wanted.from);
        let targets = targets(owner, wanted, need.sc_item);
        let all = group.sum(held, Which { at: wanted.original, ..Which::primary(need.sc_item) });
        let there: i64 = targets.iter().map(|cell| primary_in(group, held, *cell)).sum();
        let leaves_by_name = wanted.original.is_some_and(|original| original != wanted.location);
        let stays = wanted.from == wanted.to || leaves_by_name;
        let mut draft = Draft { sc_item: need.sc_item, keep: Vec::new(), draw: Vec::new(), leave: 0, unguarded: 0 };
        let mut rest = need.units;
        if stays {
            let elsewhere = if leaves_by_name { all } else { all - there };
            draft.leave = elsewhere.min(need.units);
            rest = draft.leave + (need.units - draft.leave - there).max(0);
        }
        let mut kept_primary = 0;
        for cell in targets {
            let own = if stays { 0 } else { group.sum(held, Which { cell: Some(cell), ..Which::default() }) };
            let taken = rest.min(own.saturating_add(self.sources_anywhere(owner).promisable(&cell)));
            let kept = own.min(taken);
            kept_primary += kept.min(primary_in(group, held, cell));
            rest -= taken;
            draft.keep.push(Part { cell, units: kept });
            draft.draw.push(Part { cell, units: taken - kept });
            if cell.class == StockClass::Uncertain {
                draft.unguarded = taken;
            }
        }
        if rest > 0 {
            return Err(Refusal::InsufficientStock { wanted: need.units, available: need.units - rest });
        }
        if !stays {
            draft.leave = all.min(need.units) - kept_primary;
        }
        Ok(draft)
    }

    fn carry_out(&mut self, pool: &mut HeldUnits<'_>, owner: &Owner, wanted: Move, draft: &Draft) {
        let (from, to) = (owner.group(wanted.from), owner.group(wanted.to));
        let now = self.at.learnt;
        for part in &draft.keep {
            let mut rest = part.units;
            for role in [Role::Primary, Role::Guard] {
                let which = Which { cell: Some(part.cell), role: Some(role), ..Which::default() };
                for kept in pool.take(from, which, rest) {
                    rest -= kept.units;
                    pool.add(self.mint, to, Role::Primary, kept, now);
                }
            }
        }
        let guards = self.vacate(pool, owner, wanted, draft);
        let kind = if draft.leave > 0 { EntryKind::MoveIn } else { EntryKind::Reserve };
        let cause = owner.cause(wanted.to);
        for part in draft.draw.iter().filter(|part| part.units > 0) {
            self.post_reserved(kind, *part, 1, &cause);
            pool.add(self.mint, to, Role::Primary, *part, now);
        }
        for guard in guards {
            pool.add(self.mint, to, Role::Guard, guard, now);
        }
        self.trim_guards(pool, owner, wanted.from, draft.sc_item);
        self.trim_guards(pool, owner, wanted.to, draft.sc_item);
    }

    /// Takes the leaving units out of the group and releases them, but for what turns Guard. Returns the Guards.
    fn vacate(&mut self, pool: &mut HeldUnits<'_>, owner: &Owner, wanted: Move, draft: &Draft) -> Vec<Part> {
        let from = owner.group(wanted.from);
        let elsewhere = Which {
            class: Some(StockClass::Certain),
            not_at: Some(wanted.location),
            at: wanted.original,
            ..Which::primary(draft.sc_item)
        };
        let mut unguarded = if wanted.guarded { draft.unguarded } else { 0 };
        let mut guards = pool.take(from, elsewhere, draft.leave.min(unguarded));
        let turned = units_of(&guards);
        unguarded -= turned;
        if wanted.from != wanted.to {
            let standing = Which { not_at: Some(wanted.location), ..Which::guard(draft.sc_item) };
            let more = pool.take(from, standing, unguarded);
            unguarded -= units_of(&more);
            guards.extend(more);
        }
        self.let_leave(pool, owner, wanted, draft, draft.leave - turned);
        if guards.is_empty() && unguarded > 0 && !wanted.guard_later {
            guards.extend(self.reserve_guard(owner, wanted.to, draft.sc_item, wanted.location, unguarded));
        }
        guards
    }

    fn reserve_guard(
        &mut self,
        owner: &Owner,
        code: Option<AllocationCode>,
        sc_item: ScItemId,
        location: LocationId,
        units: i64,
    ) -> Option<Part> {
        let cell = self.sources(owner).guard(sc_item, location, units)?;
        let guard = Part { cell, units };
        self.post_reserved(EntryKind::Reserve, guard, 1, &owner.cause(code));
        Some(guard)
    }

    /// The Guards that moves of a plan left for later: for each article of which the assignment holds uncertain units
    /// and no Guard, the one certain cell elsewhere with the largest availability, if it suffices.
    pub fn take_guard(
        &mut self,
        held: &mut Vec<Reservation>,
        owner: &Owner,
        code: AllocationCode,
        location: LocationId,
    ) {
        let group = owner.group(Some(code));
        let mut pool = HeldUnits::new(held);
        for need in owner.needs(1) {
            let uncertain = Which { class: Some(StockClass::Uncertain), ..Which::primary(need.sc_item) };
            let unguarded = group.sum(pool.held, uncertain);
            if unguarded == 0 || group.sum(pool.held, Which::guard(need.sc_item)) > 0 {
                continue;
            }
            let guard = self.reserve_guard(owner, Some(code), need.sc_item, location, unguarded);
            if let Some(guard) = guard {
                pool.add(self.mint, group, Role::Guard, guard, self.at.learnt);
            }
        }
    }

    /// Releases Primary units of the group from where they lie, uncertain ones first: certain ones may still be wanted
    /// by what stays behind.
    fn let_leave(&mut self, pool: &mut HeldUnits<'_>, owner: &Owner, wanted: Move, draft: &Draft, units: i64) {
        let from = owner.group(wanted.from);
        let cause = owner.cause(wanted.from);
        let mut rest = units;
        for class in [StockClass::Uncertain, StockClass::Certain] {
            for not_at in [Some(wanted.location), None] {
                if rest <= 0 {
                    return;
                }
                let which = Which { class: Some(class), not_at, at: wanted.original, ..Which::primary(draft.sc_item) };
                for part in pool.take(from, which, rest) {
                    rest -= part.units;
                    self.post_reserved(EntryKind::MoveOut, part, -1, &cause);
                }
            }
        }
    }

    /// Releases Guard units that exceed the group's uncertain Primary units.
    pub(crate) fn trim_guards(
        &mut self,
        pool: &mut HeldUnits<'_>,
        owner: &Owner,
        code: Option<AllocationCode>,
        sc_item: ScItemId,
    ) {
        let group = owner.group(code);
        let uncertain = group.sum(pool.held, Which { class: Some(StockClass::Uncertain), ..Which::primary(sc_item) });
        let excess = group.sum(pool.held, Which::guard(sc_item)) - uncertain;
        for part in pool.take(group, Which::guard(sc_item), excess) {
            self.post_reserved(EntryKind::Release, part, -1, &owner.cause(code));
        }
    }

    /// The unassigned units become the assignment's where they lie (an allocator's sync that is not to move them, or
    /// could not). Returns whether all `units` of the listing are held at `location`.
    pub fn assign_in_place(
        &mut self,
        held: &mut Vec<Reservation>,
        owner: &Owner,
        code: AllocationCode,
        location: LocationId,
        units: i64,
    ) -> bool {
        self.split_off(held, owner, None, Some(code), units);
        owner.is_held_at(held, Some(code), location, units)
    }

    /// Gives the holds of `units` of the listing, as they lie, to another group of the same sub-order: part of an
    /// assignment that is split, or unassigned units that are assigned in place. Guards go along with their share of
    /// the uncertain units; no balance changes unless a Guard has become more than it guards.
    pub fn split_off(
        &mut self,
        held: &mut Vec<Reservation>,
        owner: &Owner,
        from: Option<AllocationCode>,
        to: Option<AllocationCode>,
        units: i64,
    ) {
        let mut pool = HeldUnits::new(held);
        let (source, target) = (owner.group(from), owner.group(to));
        for need in owner.needs(units) {
            let mut uncertain = 0;
            for part in pool.take(source, Which::primary(need.sc_item), need.units) {
                if part.cell.class == StockClass::Uncertain {
                    uncertain += part.units;
                }
                pool.add(self.mint, target, Role::Primary, part, self.at.learnt);
            }
            for part in pool.take(source, Which::guard(need.sc_item), uncertain) {
                pool.add(self.mint, target, Role::Guard, part, self.at.learnt);
            }
            self.trim_guards(&mut pool, owner, from, need.sc_item);
        }
    }

    /// Where a move may draw from: a refusal does not bar whoever names the location on purpose.
    pub(crate) fn sources_anywhere<'s>(&'s self, owner: &'s Owner) -> Sources<'s> {
        Sources { avoid: &[], ..self.sources(owner) }
    }
}

fn targets(owner: &Owner, wanted: Move, sc_item: ScItemId) -> Vec<CellKey> {
    [StockClass::Certain, StockClass::Uncertain]
        .into_iter()
        .filter(|class| wanted.class.is_none_or(|only| only == *class))
        .map(|class| CellKey::of(sc_item, wanted.location, class, owner.channel))
        .collect()
}

fn primary_in(group: Group, held: &[Reservation], cell: CellKey) -> i64 {
    group.sum(held, Which { cell: Some(cell), ..Which::primary(cell.sc_item) })
}

fn units_of(parts: &[Part]) -> i64 {
    parts.iter().map(|part| part.units).sum()
}
