//! The held units of one trade as a multiset: sums, takings and additions. No balance changes here; the verbs of
//! [`crate::stock::holds`] post what they do with the parts they take.

use crate::ids::IdMint;
use crate::ids::{AllocationCode, LocationId, Oid, ReservationId, ScItemId, Tid};
use crate::stock::cell::{CellKey, StockClass};
use crate::stock::deduct::Part;
use crate::stock::hold::{Reservation, Role};
use crate::time::Timestamp;

/// Whose units: one assignment's of a sub-order, or (code `None`) its unassigned ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Group {
    pub tid: Tid,
    pub oid: Oid,
    pub code: Option<AllocationCode>,
}

/// Which of a group's units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Which {
    pub sc_item: Option<ScItemId>,
    pub role: Option<Role>,
    pub class: Option<StockClass>,
    pub cell: Option<CellKey>,
    pub at: Option<LocationId>,
    pub not_at: Option<LocationId>,
}

impl Which {
    pub(crate) fn primary(sc_item: ScItemId) -> Self {
        Self { sc_item: Some(sc_item), role: Some(Role::Primary), ..Self::default() }
    }

    pub(crate) fn guard(sc_item: ScItemId) -> Self {
        Self { sc_item: Some(sc_item), role: Some(Role::Guard), ..Self::default() }
    }

    fn admits(&self, reservation: &Reservation) -> bool {
        let cell = &reservation.cell;
        self.sc_item.is_none_or(|wanted| cell.sc_item == wanted)
            && self.role.is_none_or(|wanted| reservation.role == wanted)
            && self.class.is_none_or(|wanted| cell.class == wanted)
            && self.cell.is_none_or(|wanted| *cell == wanted)
            && self.at.is_none_or(|wanted| cell.location == wanted)
            && self.not_at.is_none_or(|unwanted| cell.location != unwanted)
    }
}

impl Group {
    fn owns(&self, reservation: &Reservation) -> bool {
        reservation.oid == self.oid && reservation.code == self.code
    }

    /// Units of the group that `which` admits.
    pub(crate) fn sum(&self, held: &[Reservation], which: Which) -> i64 {
        held.iter()
            .filter(|reservation| self.owns(reservation) && which.admits(reservation))
            .fold(0, |sum: i64, reservation| sum.saturating_add(reservation.units))
    }
}

/// A trade's reservations while a verb works on them. Ids of reservations that went are given to those that come, so
/// that a moved hold stays one row.
#[derive(Debug)]
pub(crate) struct HeldUnits<'a> {
    pub(crate) held: &'a mut Vec<Reservation>,
    spare: Vec<ReservationId>,
}

impl<'a> HeldUnits<'a> {
    pub(crate) fn new(held: &'a mut Vec<Reservation>) -> Self {
        Self { held, spare: Vec::new() }
    }

    /// Takes up to `units` of what `which` admits out of the group: certain ones first, larger ones first, ties by
    /// location.
    pub(crate) fn take(&mut self, group: Group, which: Which, units: i64) -> Vec<Part> {
        let mut order: Vec<usize> = (0..self.held.len())
            .filter(|index| group.owns(&self.held[*index]) && which.admits(&self.held[*index]))
            .collect();
        order.sort_by_key(|index| {
            let reservation = &self.held[*index];
            (reservation.cell.class, std::cmp::Reverse(reservation.units), reservation.cell, reservation.id)
        });
        let mut rest = units;
        let mut parts = Vec::new();
        for index in order {
            let taken = self.held[index].units.min(rest);
            if taken <= 0 {
                continue;
            }
            self.held[index].units -= taken;
            rest -= taken;
            parts.push(Part { cell: self.held[index].cell, units: taken });
        }
        let spare = &mut self.spare;
        self.held.retain(|reservation| {
            if reservation.units == 0 {
                spare.push(reservation.id);
            }
            reservation.units != 0
        });
        parts
    }

    /// Takes everything of the group that `which` admits.
    pub(crate) fn take_all(&mut self, group: Group, which: Which) -> Vec<Part> {
        self.take(group, which, i64::MAX)
    }

    /// Adds units to the group, to a reservation of the same cell and role if there is one.
    pub(crate) fn add(&mut self, mint: &mut IdMint, group: Group, role: Role, part: Part, now: Timestamp) {
        if part.units <= 0 {
            return;
        }
        let known = self
            .held
            .iter_mut()
            .find(|reservation| group.owns(reservation) && reservation.cell == part.cell && reservation.role == role);
        match known {
            Some(reservation) => reservation.units = reservation.units.saturating_add(part.units),
            None => {
                let id = self.spare.pop().unwrap_or_else(|| ReservationId(mint.long()));
                self.held.push(Reservation {
                    id,
                    tid: group.tid,
                    oid: group.oid,
                    code: group.code,
                    cell: part.cell,
                    role,
                    units: part.units,
                    made_at: now,
                });
            }
        }
    }
}
