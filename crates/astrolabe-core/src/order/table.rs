//! The machines as data: every state on every event, for the generated `docs/states.md` and for the test that no move is
//! forgotten. It is computed from the machines themselves, so that it cannot say anything else.

use std::collections::BTreeMap;

use crate::ids::RefundId;
use crate::order::assignment::{AfterShipping, AssignmentState, BeforeCancel, CancelAim};
use crate::order::machine::{self, Event, StockStep, Stuck};
use crate::order::trade::UnassignedState;
use crate::order::waiting::{self, WaitEvent};

/// Which of the machines of a sub-order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Machine {
    Unassigned,
    /// An assignment that ships (`FAHUO`).
    Delivery,
    /// An assignment that is collected (`ZITI`).
    Pickup,
}

/// One move that a machine has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Move {
    /// Whose state: units that nobody has, or an assignment.
    pub machine: Machine,
    /// The state's stable name.
    pub from: &'static str,
    /// What a state's data adds: what a cancel request is for, where it came from.
    pub given: &'static str,
    pub on: &'static str,
    pub to: &'static str,
    /// The state that `omnichannel_param` shows afterwards (§1.3.1, §6.5); empty for unassigned units.
    pub white_paper_state: &'static str,
    /// What it does to the units held.
    pub stock: &'static str,
    /// Who brings the event.
    pub who: &'static str,
}

const REFUND: RefundId = RefundId(1);

/// Who speaks for a store where buyers come.
const COUNTER: &str = "keeper or POS app by role mode; operator";

/// Every state of a delivery, with what its data adds to the name.
pub fn delivery_states() -> Vec<(AssignmentState, &'static str)> {
    let refund = CancelAim::Refund(REFUND);
    let elsewhere = CancelAim::Reallocate(1);
    let mut states = vec![(AssignmentState::Notified, ""), (AssignmentState::Accepted, "")];
    for (from, aim, given) in [
        (BeforeCancel::Notified, refund, "for a refund, from notified"),
        (BeforeCancel::Accepted, refund, "for a refund, from accepted"),
        (BeforeCancel::Accepted, elsewhere, "to re-allocate, from accepted"),
    ] {
        states.push((AssignmentState::CancelRequested { from, aim }, given));
    }
    for (from, given) in [(BeforeCancel::Notified, "from notified"), (BeforeCancel::Accepted, "from accepted")] {
        states.push((AssignmentState::CancelDenied { from, aim: refund }, given));
    }
    states.extend([(AssignmentState::Shipped, ""), (AssignmentState::Signed, "")]);
    for (from, given) in [(AfterShipping::Shipped, "from shipped"), (AfterShipping::Signed, "from signed")] {
        states.push((AssignmentState::ReturnRequested { from, refund: REFUND }, given));
    }
    states.extend(ended_states());
    states
}

/// Every state of a pickup, likewise.
pub fn pickup_states() -> Vec<(AssignmentState, &'static str)> {
    let aim = CancelAim::Refund(REFUND);
    let mut states =
        vec![(AssignmentState::Notified, ""), (AssignmentState::Transferring, ""), (AssignmentState::Confirmed, "")];
    for (from, given) in [
        (BeforeCancel::Notified, "for a refund, from notified"),
        (BeforeCancel::Transferring, "for a refund, from transferring"),
        (BeforeCancel::Confirmed, "for a refund, from confirmed"),
    ] {
        states.push((AssignmentState::CancelRequested { from, aim }, given));
    }
    let returning = AssignmentState::ReturnRequested { from: AfterShipping::Collected, refund: REFUND };
    states.extend([(AssignmentState::Collected, ""), (returning, "from collected")]);
    states.extend(ended_states());
    states
}

fn ended_states() -> [(AssignmentState, &'static str); 7] {
    [
        (AssignmentState::Returned, ""),
        (AssignmentState::Refunded, ""),
        (AssignmentState::Refused, ""),
        (AssignmentState::Unanswered, ""),
        (AssignmentState::Withdrawn, ""),
        (AssignmentState::Cancelled, ""),
        (AssignmentState::Closed, ""),
    ]
}

/// Every event, with what its data adds to the name and who brings it.
pub fn events() -> Vec<(Event, &'static str, &'static str)> {
    const STORE: &str = "keeper, POS or WMS app by role mode; operator";
    const CHANNEL: &str = "channel";
    vec![
        (Event::Accept, "", STORE),
        (Event::Refuse, "", STORE),
        (Event::NoAnswer, "", "clock"),
        (Event::Withdraw, "", "platform (store shut, cell short), allocating app by a new result"),
        (Event::Reallocate { request: 2, force: false }, "", "allocating app, POS app, operator"),
        (Event::Reallocate { request: 2, force: true }, "by force", "operator"),
        (Event::AskRefund { refund: REFUND }, "", CHANNEL),
        (Event::AskRefund { refund: RefundId(2) }, "by another refund", CHANNEL),
        (Event::LiftRefund { refund: REFUND }, "", CHANNEL),
        (Event::ConfirmCancel, "", STORE),
        (Event::DenyCancel, "", STORE),
        (Event::Ship { warehouse: false }, "by a store", STORE),
        (Event::Ship { warehouse: true }, "by a warehouse", "WMS or POS app, a logistics call, operator"),
        (Event::Sign, "", CHANNEL),
        (Event::Close, "", CHANNEL),
        (Event::AskReturn { refund: REFUND }, "", CHANNEL),
        (Event::LiftReturn { refund: REFUND }, "", CHANNEL),
        (Event::ReceiveReturn, "", STORE),
        (Event::GrantRefund { refund: REFUND }, "", CHANNEL),
        (Event::Confirm, "", COUNTER),
        (Event::Transfer, "", COUNTER),
        (Event::Arrive, "", COUNTER),
        (Event::Collect, "", COUNTER),
    ]
}

/// Every state of unassigned units.
pub fn waiting_states() -> Vec<UnassignedState> {
    vec![
        UnassignedState::Created,
        UnassignedState::Held,
        UnassignedState::Routing,
        UnassignedState::Unfillable { reason: "no_stock".to_owned() },
        UnassignedState::Cancelled,
        UnassignedState::Closed,
    ]
}

/// Every event of unassigned units: its words, what it does to stock, who brings it.
pub fn wait_events() -> Vec<(WaitEvent, &'static str, &'static str, &'static str)> {
    vec![
        (WaitEvent::Pay { held_back: false }, "paid in full", "default deduction", "channel"),
        (WaitEvent::Pay { held_back: true }, "paid in full while a hold stands", "default deduction", "channel"),
        (WaitEvent::HoldBack, "held back", "keep", "operator, app"),
        (WaitEvent::LetGo, "last hold lifted", "keep", "operator, app, clock"),
        (
            WaitEvent::NothingServes { reason: "no_stock".to_owned() },
            "nothing can serve it",
            "keep",
            "platform router, allocating app",
        ),
        (WaitEvent::LookAgain, "looked at again", "keep", "stock risen, store opened, operator"),
        (WaitEvent::AskRefund, "asked back", "release", "channel"),
        (WaitEvent::LiftRefund, "freed of its refund", "default deduction", "channel"),
        (WaitEvent::Close, "closed", "release", "channel"),
    ]
}

/// All moves of the machines, and the allocation that leads from the first to the others.
pub fn legal_moves() -> Vec<Move> {
    let mut moves = Vec::new();
    for state in waiting_states() {
        for (event, on, stock, who) in wait_events() {
            if let Some(to) = waiting::step(&state, event) {
                let (from, to) = (state.name(), to.name());
                let machine = Machine::Unassigned;
                moves.push(Move { machine, from, given: "", on, to, white_paper_state: "", stock, who });
            }
        }
        if let UnassignedState::Routing | UnassignedState::Unfillable { .. } = state {
            moves.push(Move {
                machine: Machine::Unassigned,
                from: state.name(),
                given: "",
                on: "allocated",
                to: AssignmentState::Notified.name(),
                white_paper_state: AssignmentState::Notified.white_paper_state(),
                stock: "move",
                who: "platform router, allocating app, operator",
            });
        }
    }
    moves.extend(moves_of(Machine::Delivery, delivery_states(), late_accept));
    moves.extend(moves_of(Machine::Pickup, pickup_states(), late_confirm));
    moves
}

fn moves_of(
    machine: Machine,
    states: Vec<(AssignmentState, &'static str)>,
    late: fn(&'static str) -> Move,
) -> Vec<Move> {
    let pickup = machine == Machine::Pickup;
    let mut moves = Vec::new();
    for (state, given) in states {
        if let AssignmentState::Withdrawn | AssignmentState::Unanswered = state {
            moves.push(late(state.name()));
        }
        for (event, how, who) in events() {
            if let Ok(step) = machine::step(pickup, &state, event) {
                moves.push(Move {
                    machine,
                    from: state.name(),
                    given,
                    on: on(event, how),
                    to: step.to.name(),
                    white_paper_state: step.to.white_paper_state(),
                    stock: step.stock.name(),
                    who,
                });
            }
        }
    }
    moves
}

/// An accept that comes after the offer was taken back wins while nobody else has the units and the store can hold them
/// again: `decide` looks before it asks the machine.
fn late_accept(from: &'static str) -> Move {
    Move {
        machine: Machine::Delivery,
        from,
        given: "its units still unassigned",
        on: Event::Accept.name(),
        to: AssignmentState::Accepted.name(),
        white_paper_state: AssignmentState::Accepted.white_paper_state(),
        stock: "move",
        who: "keeper, POS or WMS app by role mode; operator",
    }
}

/// The same of a pickup's confirmation.
fn late_confirm(from: &'static str) -> Move {
    Move {
        machine: Machine::Pickup,
        on: Event::Confirm.name(),
        to: AssignmentState::Confirmed.name(),
        white_paper_state: AssignmentState::Confirmed.white_paper_state(),
        who: COUNTER,
        ..late_accept(from)
    }
}

/// The event's words with what its data adds.
fn on(event: Event, how: &'static str) -> &'static str {
    match (event, how) {
        (Event::Reallocate { force: true, .. }, _) => "re-allocated by force",
        (Event::Ship { warehouse: true }, _) => "shipped by a warehouse",
        (Event::AskRefund { .. }, "by another refund") => "asked back by another refund",
        (
            Event::Accept
            | Event::Refuse
            | Event::NoAnswer
            | Event::Withdraw
            | Event::Reallocate { .. }
            | Event::AskRefund { .. }
            | Event::LiftRefund { .. }
            | Event::ConfirmCancel
            | Event::DenyCancel
            | Event::Ship { .. }
            | Event::Sign
            | Event::Close
            | Event::AskReturn { .. }
            | Event::LiftReturn { .. }
            | Event::ReceiveReturn
            | Event::GrantRefund { .. }
            | Event::Confirm
            | Event::Transfer
            | Event::Arrive
            | Event::Collect,
            _,
        ) => event.name(),
    }
}

impl StockStep {
    /// The stable words in tables.
    pub fn name(self) -> &'static str {
        match self {
            StockStep::Keep => "keep",
            StockStep::ReleaseGuard => "release the guard",
            StockStep::GiveBackExcluded => "give back, location excluded",
            StockStep::GiveBack => "give back",
            StockStep::Commit => "commit",
            StockStep::Release => "release",
            StockStep::Restock => "by return policy",
            StockStep::HoldAtSource => "move to the nearest source",
            StockStep::HoldAtStore => "move to the store, or a discrepancy",
            StockStep::CommitWhereHeld => "commit where held",
        }
    }
}

impl Stuck {
    /// The stable word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Stuck::NoMove { .. } => "no move",
            Stuck::CancelStands => "cancel stands",
            Stuck::Withdrawn => "offer withdrawn",
            Stuck::NothingToAnswer => "nothing to answer",
            Stuck::NotReady => "not ready to collect",
            Stuck::ClosedTooLate => "task",
        }
    }
}

/// What every one of the states does on every event, in a line each: the move, or why there is none.
pub fn matrix(pickup: bool, states: &[(AssignmentState, &'static str)]) -> BTreeMap<(usize, usize), String> {
    let mut cells = BTreeMap::new();
    for (row, (state, _)) in states.iter().enumerate() {
        for (column, (event, ..)) in events().iter().enumerate() {
            let cell = match machine::step(pickup, state, *event) {
                Ok(step) => format!("{} ({})", step.to.name(), step.stock.name()),
                Err(stuck) => stuck.name().to_owned(),
            };
            cells.insert((row, column), cell);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line per state and event, deliveries first; "no move" is the rest.
    const EXPECTED: &str = include_str!("table_expected.txt");

    fn lines(pickup: bool, states: &[(AssignmentState, &'static str)]) -> Vec<String> {
        let (events, matrix) = (events(), matrix(pickup, states));
        let mut lines = Vec::new();
        for ((row, column), cell) in matrix {
            let ((state, given), (event, how, _)) = (&states[row], &events[column]);
            if cell != "no move" {
                let mark = if pickup { "pickup " } else { "" };
                let from = format!("{mark}{} {given}", state.name());
                lines.push(format!("{} | {} | {cell}", from.trim(), format!("{} {how}", event.name()).trim()));
            }
        }
        lines
    }

    #[test]
    fn every_state_does_on_every_event_what_the_table_says() {
        let mut actual = lines(false, &delivery_states());
        actual.extend(lines(true, &pickup_states()));
        for (said, expected) in actual.iter().zip(EXPECTED.lines()) {
            assert_eq!(said, expected);
        }
        assert_eq!(actual.len(), EXPECTED.lines().count());
    }

    #[test]
    fn every_state_is_reached_and_what_has_ended_ends() {
        for (machine, states, late) in
            [(Machine::Delivery, delivery_states(), "accepted"), (Machine::Pickup, pickup_states(), "confirmed")]
        {
            let moves: Vec<Move> = legal_moves()
                .into_iter()
                .filter(|step| [machine, Machine::Unassigned].contains(&step.machine))
                .collect();
            for (state, _) in states {
                assert!(moves.iter().any(|step| step.to == state.name()), "{} is never reached", state.name());
                let own = moves.iter().filter(|step| step.machine == machine && step.from == state.name());
                let on: Vec<_> = own.map(|step| step.to).collect();
                if let AssignmentState::Withdrawn | AssignmentState::Unanswered = state {
                    assert_eq!(on, [late]);
                } else {
                    assert_eq!(on.is_empty(), !state.is_live(), "{}", state.name());
                }
            }
        }
    }

    #[test]
    fn no_machine_knows_the_others_own_states() {
        let own = |states: Vec<(AssignmentState, &'static str)>, pickup: bool| {
            let of_other = states.into_iter().map(|(state, _)| state);
            of_other
                .filter(|state| events().iter().all(|(event, ..)| machine::step(!pickup, state, *event).is_err()))
                .map(|state| state.name())
                .collect::<Vec<_>>()
        };
        let ended = ["returned", "refunded", "refused", "unanswered", "withdrawn", "cancelled", "closed"];
        let but_ended = |names: Vec<&'static str>| -> Vec<&'static str> {
            names.into_iter().filter(|name| !ended.contains(name)).collect()
        };
        assert_eq!(but_ended(own(pickup_states(), true)), ["transferring", "confirmed", "collected"]);
        let of_delivery = ["accepted", "cancel_denied", "cancel_denied", "shipped", "signed"];
        assert_eq!(but_ended(own(delivery_states(), false)), of_delivery);
    }
}
