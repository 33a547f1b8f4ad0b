//! Counting sub-orders by the state they show.

use std::collections::BTreeMap;

use astrolabe_core::ids::{Oid, Tid};
use astrolabe_core::order::trade::{SubOrder, Trade, UnassignedState};

use crate::views::StateCount;

/// Live assignment states, least advanced first.
const ADVANCE: [&str; 10] = [
    "notified",
    "transferring",
    "accepted",
    "confirmed",
    "cancel_requested",
    "cancel_denied",
    "shipped",
    "signed",
    "collected",
    "return_requested",
];

/// A sub-order that never came to be ours to route.
const PASSED_ON: &str = "passed_on";

/// What assignments say of a sub-order: its least advanced live one, else its latest.
#[derive(Debug, Default)]
struct Assigned {
    live: Option<usize>,
    latest: String,
}

/// Assignments first, in the order they were made; then trades.
#[derive(Debug, Default)]
pub(crate) struct ShownStates {
    assigned: BTreeMap<(Tid, Oid), Assigned>,
    counts: BTreeMap<String, i64>,
}

impl ShownStates {
    pub(crate) fn assignment(&mut self, tid: Tid, oid: Oid, state: String) {
        let assigned = self.assigned.entry((tid, oid)).or_default();
        if let Some(advance) = ADVANCE.iter().position(|name| *name == state) {
            assigned.live = Some(assigned.live.map_or(advance, |least| least.min(advance)));
        }
        assigned.latest = state;
    }

    pub(crate) fn trade(&mut self, trade: &Trade) {
        for line in &trade.sub_orders {
            let assigned = self.assigned.remove(&(trade.tid, line.oid));
            *self.counts.entry(shown(line, assigned)).or_default() += 1;
        }
    }

    pub(crate) fn finish(self) -> Vec<StateCount> {
        self.counts.into_iter().map(|(state, count)| StateCount { state, count }).collect()
    }
}

fn shown(line: &SubOrder, assigned: Option<Assigned>) -> String {
    let unassigned = line.unassigned.as_ref().map(|unassigned| &unassigned.state);
    let waits = unassigned.filter(|state| match state {
        UnassignedState::Created
        | UnassignedState::Held
        | UnassignedState::Routing
        | UnassignedState::Unfillable { .. } => true,
        UnassignedState::Cancelled | UnassignedState::Closed => false,
    });
    if let Some(state) = waits {
        return state.name().to_owned();
    }
    let live = assigned.as_ref().and_then(|assigned| assigned.live).and_then(|at| ADVANCE.get(at));
    match (live, unassigned, assigned) {
        (Some(name), _, _) => (*name).to_owned(),
        (None, Some(ended), _) => ended.name().to_owned(),
        (None, None, Some(assigned)) => assigned.latest,
        (None, None, None) => PASSED_ON.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use astrolabe_core::order::assignment::AssignmentState;
    use astrolabe_core::order::table::{delivery_states, pickup_states};

    use super::*;

    #[test]
    fn every_live_state_has_its_place() {
        let states = delivery_states().into_iter().chain(pickup_states());
        for state in states.map(|(state, _)| state).filter(AssignmentState::is_live) {
            assert!(ADVANCE.contains(&state.name()), "{state:?}");
        }
        for state in [AssignmentState::Refused, AssignmentState::Withdrawn, AssignmentState::Returned] {
            assert!(!state.is_live() && !ADVANCE.contains(&state.name()), "{state:?}");
        }
    }
}
