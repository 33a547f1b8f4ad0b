//! A trade with everything that moves with it: what one order command loads and changes.

use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::Assignment;
use crate::order::trade::Trade;
use crate::stock::hold::Reservation;

/// A trade, all its assignments (history too) and the units held for it.
#[derive(Clone, PartialEq, Debug)]
pub struct TradeFile {
    pub trade: Trade,
    /// In the order they were made.
    pub assignments: Vec<Assignment>,
    pub reservations: Vec<Reservation>,
}

impl TradeFile {
    /// The assignment with this code.
    pub fn by_code(&self, code: AllocationCode) -> Option<&Assignment> {
        self.assignments.iter().find(|assignment| assignment.code == code)
    }

    /// The assignment with this code, to change it.
    pub fn by_code_mut(&mut self, code: AllocationCode) -> Option<&mut Assignment> {
        self.assignments.iter_mut().find(|assignment| assignment.code == code)
    }

    /// Calls that name (sub-order, location) mean what is live there, else the latest. A divided sub-order may have come
    /// to a location twice: then both are meant.
    pub fn addressed(&self, oid: Oid, location: LocationId) -> Vec<AllocationCode> {
        let there = self.assignments.iter().filter(|made| made.oid == oid && made.location == location);
        let live: Vec<_> = there.clone().filter(|made| made.state.is_live()).map(|made| made.code).collect();
        if live.is_empty() { there.map(|made| made.code).next_back().into_iter().collect() } else { live }
    }

    /// Live assignments of a sub-order.
    pub fn live_of(&self, oid: Oid) -> impl Iterator<Item = &Assignment> {
        self.assignments.iter().filter(move |assignment| assignment.oid == oid && assignment.state.is_live())
    }
}
