//! Carrying out moves: a step of the machine becomes a state, ledger entries, a fact and a deadline. Called by the
//! decisions about orders once they know that the move is meant.

use crate::ids::{AllocationCode, Oid};
use crate::order::assignment::{Assignment, AssignmentState, CommittedPart};
use crate::order::machine::{Event, Step, StockStep};
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{Exclusion, ExclusionReason, Unassigned, UnassignedState};
use crate::order::waiting::{self, WaitEvent};
use crate::refusal::Refusal;
use crate::seller::ReturnPolicy;
use crate::stock::cell::StockClass;
use crate::stock::deduct::Part;

use super::case::{Case, Note};

impl Case<'_> {
    /// Moves an assignment, with everything the move means for the units it holds.
    ///
    /// # Errors
    /// The refusal that says why the machine has no such move.
    pub(super) fn carry(&mut self, code: AllocationCode, event: Event) -> Result<(), Refusal> {
        self.carry_because(code, event, None)
    }

    /// As [`Case::carry`], with a stable word that explains the move on the timeline.
    pub(super) fn carry_because(
        &mut self,
        code: AllocationCode,
        event: Event,
        why: Option<&'static str>,
    ) -> Result<(), Refusal> {
        let before = self.assignment(code)?.clone();
        let step =
            before.step(event).map_err(|stuck| stuck.refusal(before.oid, before.location, &before.state, event))?;
        self.note_move(&before, event, why);
        self.post(&before, event, step.stock)?;
        if step.to == AssignmentState::Confirmed {
            // Whatever the way there, a transfer's too: the store has taken it.
            self.confirm_capacity(code)?;
        }
        self.recheck_cells(&before, &step);
        self.assignment_mut(code)?.state = step.to;
        self.start_clock(code)?;
        let assignment = self.assignment(code)?;
        if let AssignmentState::Withdrawn | AssignmentState::Unanswered | AssignmentState::Closed = &assignment.state {
            self.was_withdrawn(code);
        } else if let Event::Reallocate { .. } = event {
            // The store is asked to give it back: its system reads the trade again.
            self.allocations_changed();
        }
        Ok(())
    }

    /// Units that were not to be freed for a short cell may have become so: offered again after they were asked back, or
    /// given back by a store that had accepted them without ever holding them.
    fn recheck_cells(&mut self, before: &Assignment, step: &Step) {
        let holder = match step.stock {
            StockStep::GiveBack | StockStep::GiveBackExcluded => None,
            StockStep::Keep if step.to == AssignmentState::Notified => Some(before.code),
            StockStep::Keep
            | StockStep::ReleaseGuard
            | StockStep::Commit
            | StockStep::Release
            | StockStep::Restock
            | StockStep::HoldAtSource
            | StockStep::HoldAtStore
            | StockStep::CommitWhereHeld => return,
        };
        let held = self.file.reservations.iter().filter(|held| held.oid == before.oid && held.code == holder);
        super::work::recheck(self.world, held.map(|held| held.cell), self.at.learnt);
    }

    fn note_move(&mut self, before: &Assignment, event: Event, why: Option<&'static str>) {
        if event == (Event::Ship { warehouse: true }) && before.state == AssignmentState::Notified {
            self.note(Note::on(before, Fact::Accepted));
        }
        if event == Event::Refuse
            && let AssignmentState::CancelRequested { aim, .. } = &before.state
        {
            self.note(Note::on(before, Fact::CancelConfirmed).of(aim.request()));
        }
        let (fact, request) = fact_of(&before.state, event);
        let note = if request != 0 && before.has(fact, request) {
            // The same refund asked, lifted and asked again: the timeline has each time.
            Note::on(before, fact).of(self.recurrence()).saying(format!("request {request}"))
        } else {
            Note::on(before, fact).of(request)
        };
        let note = why.into_iter().fold(note, Note::saying);
        self.note(match event {
            Event::NoAnswer => note.by(Actor::Clock),
            Event::Withdraw => note.by(Actor::Platform),
            Event::Accept
            | Event::Refuse
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
            | Event::Collect => note,
        });
    }

    fn post(&mut self, before: &Assignment, event: Event, step: StockStep) -> Result<(), Refusal> {
        let (oid, code, location, units) = (before.oid, before.code, before.location, before.units);
        match step {
            StockStep::Keep => Ok(()),
            StockStep::ReleaseGuard => {
                self.confirm_capacity(code)?;
                self.ledger(oid, |ledger, held, owner| ledger.release_guard(held, owner, code))
            }
            StockStep::GiveBackExcluded => {
                self.exclude(before, event)?;
                self.give_back(before)
            }
            StockStep::GiveBack => self.give_back(before),
            StockStep::Commit => {
                self.confirm_capacity(code)?;
                let gone = self.ledger(oid, |ledger, held, owner| ledger.commit(held, owner, code, location, units))?;
                self.keep_committed(code, gone)
            }
            StockStep::Release => {
                self.give_back_capacity(before)?;
                self.ledger(oid, |ledger, held, owner| ledger.release(held, owner, Some(code)))
            }
            StockStep::CommitWhereHeld => {
                self.confirm_capacity(code)?;
                let gone = self
                    .ledger(oid, |ledger, held, owner| ledger.commit_where_held(held, owner, code, location, units))?;
                self.keep_committed(code, gone)
            }
            StockStep::HoldAtSource => super::pickup::hold_at_source(self, before),
            StockStep::HoldAtStore => super::pickup::hold_at_store(self, before),
            StockStep::Restock => match self.world.seller.settings.returns {
                ReturnPolicy::Quarantine => Ok(()),
                ReturnPolicy::Restock => self.restock(before),
            },
        }
    }

    fn keep_committed(&mut self, code: AllocationCode, gone: Vec<Part>) -> Result<(), Refusal> {
        self.assignment_mut(code)?.committed =
            gone.into_iter().map(|part| CommittedPart { cell: part.cell, units: part.units }).collect();
        Ok(())
    }

    /// Keeps the location out of the sub-order's next plans.
    fn exclude(&mut self, before: &Assignment, event: Event) -> Result<(), Refusal> {
        let why = match (event, &before.state) {
            (Event::NoAnswer, _) => ExclusionReason::NoAnswer,
            (_, AssignmentState::Accepted | AssignmentState::Confirmed) => ExclusionReason::GaveBack,
            (_, _) => ExclusionReason::Refused,
        };
        let exclusion = Exclusion { location: before.location, why, at: self.now() };
        let line = self.line_mut(before.oid)?;
        if !line.is_excluded(before.location) {
            line.excluded.push(exclusion);
        }
        Ok(())
    }

    /// The assignment's units wait again, with what they still hold.
    fn give_back(&mut self, before: &Assignment) -> Result<(), Refusal> {
        let (code, location, units) = (before.code, before.location, before.units);
        self.give_back_capacity(before)?;
        self.ledger(before.oid, |ledger, held, owner| {
            ledger.give_back(held, owner, code, location, units);
        })?;
        self.add_unassigned(before.oid, units)?;
        self.queue_for_lack(before.oid)
    }

    /// Returned units go back into the class they left from.
    fn restock(&mut self, before: &Assignment) -> Result<(), Refusal> {
        let first = self.line(before.oid)?.components.first().copied();
        let Some(first) = first else { return Ok(()) };
        let uncertain: i64 = before
            .committed
            .iter()
            .filter(|part| part.cell.sc_item == first.sc_item && part.cell.class == StockClass::Uncertain)
            .map(|part| part.units / first.per_unit.max(1))
            .sum();
        let uncertain = uncertain.min(before.units);
        let (code, location) = (before.code, before.location);
        self.ledger(before.oid, |ledger, _, owner| {
            for (units, class) in [(before.units - uncertain, StockClass::Certain), (uncertain, StockClass::Uncertain)]
            {
                if units > 0 {
                    ledger.restock(owner, code, location, units, class);
                }
            }
        })
    }

    /// Adds units to those that no assignment has.
    pub(super) fn add_unassigned(&mut self, oid: Oid, units: i64) -> Result<(), Refusal> {
        let state = if self.is_held_back() { UnassignedState::Held } else { UnassignedState::Routing };
        let line = self.line_mut(oid)?;
        let before = line.unassigned.take().map_or(0, |unassigned| match unassigned.state {
            UnassignedState::Created
            | UnassignedState::Held
            | UnassignedState::Routing
            | UnassignedState::Unfillable { .. } => unassigned.units,
            UnassignedState::Cancelled | UnassignedState::Closed => 0,
        });
        line.unassigned = Some(Unassigned { units: before + units, state });
        Ok(())
    }

    /// A sub-order whose unassigned units lack a hold waits in the shortage queue, and so does one that nobody can serve,
    /// whatever it holds; any other does not.
    pub(super) fn queue_for_lack(&mut self, oid: Oid) -> Result<(), Refusal> {
        let units = self.unassigned_units(oid)?;
        let state = self.line(oid)?.unassigned.as_ref().map(|unassigned| &unassigned.state);
        let unfillable = matches!(state, Some(UnassignedState::Unfillable { .. }));
        self.ledger(oid, |ledger, held, owner| {
            let lack = owner.unheld(held, None, units);
            if lack > 0 || unfillable {
                ledger.wait(owner, lack);
            } else {
                ledger.stop_waiting(owner);
            }
        })
    }

    /// Moves the unassigned units of a sub-order; says whether they moved.
    pub(super) fn wait_step(&mut self, oid: Oid, event: WaitEvent) -> Result<bool, Refusal> {
        let line = self.line_mut(oid)?;
        let Some(unassigned) = line.unassigned.as_mut() else { return Ok(false) };
        match waiting::step(&unassigned.state, event) {
            Some(next) if next != unassigned.state => {
                unassigned.state = next;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Releases what the unassigned units hold and takes them out of the shortage queue.
    pub(super) fn release_unassigned(&mut self, oid: Oid) -> Result<(), Refusal> {
        self.ledger(oid, |ledger, held, owner| {
            ledger.release(held, owner, None);
            ledger.stop_waiting(owner);
        })
    }
}

/// The fact that a move puts on the timeline, and the request it belongs to.
fn fact_of(before: &AssignmentState, event: Event) -> (Fact, i64) {
    let asked = match before {
        AssignmentState::CancelRequested { aim, .. } | AssignmentState::CancelDenied { aim, .. } => aim.request(),
        AssignmentState::ReturnRequested { refund, .. } => refund.0,
        AssignmentState::Notified
        | AssignmentState::Accepted
        | AssignmentState::Confirmed
        | AssignmentState::Transferring
        | AssignmentState::Collected
        | AssignmentState::Shipped
        | AssignmentState::Signed
        | AssignmentState::Returned
        | AssignmentState::Refunded
        | AssignmentState::Refused
        | AssignmentState::Unanswered
        | AssignmentState::Withdrawn
        | AssignmentState::Cancelled
        | AssignmentState::Closed => 0,
    };
    match event {
        Event::Accept => (Fact::Accepted, 0),
        Event::Refuse if matches!(before, AssignmentState::Accepted | AssignmentState::Confirmed) => {
            (Fact::GaveBack, 0)
        }
        Event::Refuse => (Fact::Refused, 0),
        Event::NoAnswer => (Fact::Unanswered, 0),
        Event::Withdraw => (Fact::Withdrawn, 0),
        Event::Reallocate { request, force: false } if *before == AssignmentState::Accepted => {
            (Fact::ReallocationAsked, request)
        }
        Event::Reallocate { request, .. } => (Fact::Withdrawn, request),
        Event::AskRefund { refund } => (Fact::RefundAsked, refund.0),
        Event::LiftRefund { refund } => (Fact::RefundWithdrawn, refund.0),
        Event::ConfirmCancel => (Fact::CancelConfirmed, asked),
        Event::DenyCancel => (Fact::CancelDenied, asked),
        Event::Ship { .. } => (Fact::Shipped, 0),
        Event::Sign => (Fact::Signed, 0),
        Event::Close => (Fact::Closed, 0),
        Event::AskReturn { refund } => (Fact::ReturnAsked, refund.0),
        Event::LiftReturn { refund } => (Fact::ReturnWithdrawn, refund.0),
        Event::ReceiveReturn => (Fact::Returned, asked),
        Event::GrantRefund { refund } => (Fact::Refunded, refund.0),
        Event::Confirm => (Fact::Confirmed, 0),
        Event::Transfer => (Fact::TransferStarted, 0),
        Event::Arrive => (Fact::TransferArrived, 0),
        Event::Collect => (Fact::Collected, 0),
    }
}
