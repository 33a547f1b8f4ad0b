//! The ladder of an assignment's hop: warn → (an offer goes elsewhere) → late → exception. Each rung is climbed once a hop,
//! when the clock looks at the trade; no rung moves anything from Accepted.
//!
//! Which times hold is `deadlines`' and the settings'; when a trade is looked at is [`super::clock`]'s.

use crate::deadlines::{Hop, HopClock, Rung, share};
use crate::exception::ExceptionKind;
use crate::ids::{AllocationCode, Oid};
use crate::order::assignment::{Assignment, AssignmentState};
use crate::order::machine::Event;
use crate::order::timeline::Fact;
use crate::outward::Message;
use crate::refusal::Refusal;
use crate::time::Timestamp;

use super::case::{Case, Note};
use super::tell::tell_allocator;

impl Case<'_> {
    /// Starts the clock of the hop that the assignment's present state begins; there is none where nobody is waited for.
    pub(super) fn start_clock(&mut self, code: AllocationCode) -> Result<(), Refusal> {
        let assignment = self.assignment(code)?;
        let from = self.now();
        let clock = hop_of(assignment).map(|_| HopClock { from, reached: None });
        self.assignment_mut(code)?.clock = clock;
        self.set_due(code)
    }

    /// The next rung that is not reached yet is when the assignment is looked at.
    fn set_due(&mut self, code: AllocationCode) -> Result<(), Refusal> {
        let assignment = self.assignment(code)?;
        let due_at = Rung::ALL.into_iter().filter_map(|rung| self.rung_at(assignment, rung)).min();
        self.assignment_mut(code)?.due_at = due_at;
        Ok(())
    }

    /// When a rung is reached; `None` where it was, or never is.
    fn rung_at(&self, assignment: &Assignment, rung: Rung) -> Option<Timestamp> {
        let (hop, clock) = (hop_of(assignment)?, assignment.clock?);
        if clock.reached >= Some(rung) {
            return None;
        }
        let settings = &self.world.seller.settings;
        let percent = settings.ladder.percent(rung)?;
        let place = self.world.places.get(assignment.location);
        let own = place.and_then(|place| place.service.deadlines.of(hop));
        let allowed = share(own.unwrap_or_else(|| settings.within(hop)), percent);
        match place.filter(|_| hop.runs_in_opening_hours()) {
            Some(place) => Some(place.hours.deadline(clock.from, allowed)),
            None => Some(clock.from + allowed),
        }
    }
}

fn hop_of(assignment: &Assignment) -> Option<Hop> {
    Hop::of(&assignment.state, assignment.warehouse, assignment.pickup)
}

/// Climbs what is due; says whether any offer was taken back.
pub(super) fn climb(case: &mut Case<'_>) -> Result<bool, Refusal> {
    let now = case.now();
    let due = |assignment: &&Assignment| assignment.due_at.is_some_and(|due| due <= now);
    let due: Vec<AllocationCode> = case.file.assignments.iter().filter(due).map(|assignment| assignment.code).collect();
    let mut unanswered: Vec<Oid> = Vec::new();
    for code in due {
        let assignment = case.assignment(code)?.clone();
        match hop_of(&assignment) {
            Some(hop) => {
                if climb_hop(case, assignment, hop)? {
                    unanswered.push(case.assignment(code)?.oid);
                }
            }
            None => case.assignment_mut(code)?.due_at = None,
        }
    }
    let taken_back = !unanswered.is_empty();
    if taken_back {
        tell_allocator(case, unanswered, |sub_orders, operator| Message::TellRefused { sub_orders, operator });
    }
    Ok(taken_back)
}

fn climb_hop(case: &mut Case<'_>, mut assignment: Assignment, hop: Hop) -> Result<bool, Refusal> {
    let (now, code) = (case.now(), assignment.code);
    if assignment.clock.is_none() {
        // Its clock was started before hops had one: what is due is the deadline itself.
        let from = now;
        assignment.clock = Some(HopClock { from, reached: Some(Rung::Warn) });
        case.assignment_mut(code)?.clock = assignment.clock;
        if climb_rung(case, &assignment, hop, Rung::Late)? {
            return Ok(true);
        }
        climb_rung(case, &assignment, hop, Rung::Exception)?;
        case.assignment_mut(code)?.clock = Some(HopClock { from, reached: Some(Rung::Exception) });
    }
    for rung in Rung::ALL {
        let assignment = case.assignment(code)?.clone();
        if case.rung_at(&assignment, rung).is_none_or(|at| at > now) {
            continue;
        }
        if climb_rung(case, &assignment, hop, rung)? {
            return Ok(true);
        }
        if let Some(clock) = &mut case.assignment_mut(code)?.clock {
            clock.reached = Some(rung);
        }
    }
    case.set_due(code)?;
    Ok(false)
}

/// Does what a rung asks for; says whether the offer was taken back by it.
fn climb_rung(case: &mut Case<'_>, assignment: &Assignment, hop: Hop, rung: Rung) -> Result<bool, Refusal> {
    match rung {
        Rung::Warn => {
            case.note(Note::on(assignment, Fact::DeadlineNear).of(hop.number()).saying(hop.name()));
        }
        Rung::Late if assignment.state == AssignmentState::Notified && hop != Hop::Ship => {
            case.carry(assignment.code, Event::NoAnswer)?;
            return Ok(true);
        }
        Rung::Late => {
            if let Some((fact, _)) = lateness(hop) {
                case.note(Note::on(assignment, fact).of(request_of(assignment)));
            }
        }
        Rung::Exception => {
            if let Some((_, kind)) = lateness(hop) {
                case.raise_on(assignment, kind, what_is_late(assignment, hop));
            }
        }
    }
    Ok(false)
}

/// The fact and the exception of a hop that takes too long; an offer that nobody answers goes elsewhere instead.
pub(super) fn lateness(hop: Hop) -> Option<(Fact, ExceptionKind)> {
    match hop {
        Hop::Accept | Hop::Confirm => None,
        Hop::Ship => Some((Fact::ShipLate, ExceptionKind::ShipLate)),
        Hop::Transfer => Some((Fact::TransferLate, ExceptionKind::TransferLate)),
        Hop::Collect => Some((Fact::CollectLate, ExceptionKind::CollectLate)),
        Hop::AnswerCancel => Some((Fact::CancelUnanswered, ExceptionKind::CancelUnanswered)),
        Hop::ReceiveReturn => Some((Fact::ReturnLate, ExceptionKind::ReturnLate)),
    }
}

/// The exception that stands open for an assignment since its hop took too long.
pub(super) fn late_exception(assignment: &Assignment) -> Option<ExceptionKind> {
    let reached = assignment.clock?.reached?;
    let (_, kind) = lateness(hop_of(assignment)?)?;
    (reached >= Rung::Exception).then_some(kind)
}

/// The refund or re-allocation that a late answer belongs to.
fn request_of(assignment: &Assignment) -> i64 {
    match &assignment.state {
        AssignmentState::CancelRequested { aim, .. } => aim.request(),
        AssignmentState::ReturnRequested { refund, .. } => refund.0,
        AssignmentState::Notified
        | AssignmentState::Accepted
        | AssignmentState::Confirmed
        | AssignmentState::Transferring
        | AssignmentState::CancelDenied { .. }
        | AssignmentState::Shipped
        | AssignmentState::Signed
        | AssignmentState::Collected
        | AssignmentState::Returned
        | AssignmentState::Refunded
        | AssignmentState::Refused
        | AssignmentState::Unanswered
        | AssignmentState::Withdrawn
        | AssignmentState::Cancelled
        | AssignmentState::Closed => 0,
    }
}

fn what_is_late(assignment: &Assignment, hop: Hop) -> String {
    let place = assignment.location;
    match hop {
        Hop::Accept | Hop::Confirm => format!("not answered by {place} in time"),
        Hop::Ship => format!("not shipped from {place} in time"),
        Hop::Transfer => format!("not brought to {place} in time"),
        Hop::Collect => format!("not collected at {place} in time"),
        Hop::AnswerCancel => format!("{place} does not say whether it can be stopped"),
        Hop::ReceiveReturn => format!("not back at {place} in time"),
    }
}
