//! After shipping: signed for, sent back and received (§6.5 X_MATCHED), and the milestones of §1.3.1, which are facts
//! that move nothing.

use crate::command::{Address, Outcome, StoreAnswer};
use crate::ids::{AllocationCode, Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{Level, UnassignedState};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::World;

use super::answers;
use super::cancel::{carry_if_possible, live};
use super::case::{Case, Note};
use super::who::{self, Deed};

/// X_MATCHED.
pub(super) fn receive_return(world: &mut World, answer: &StoreAnswer, now: Timestamp) -> Result<Outcome, Refusal> {
    let (case, moved) = answers::open(world, answer, Deed::ReceiveReturn, now)?.each(|case, code| {
        if case.assignment(code)?.state == AssignmentState::Returned {
            return Ok(false);
        }
        case.carry(code, Event::ReceiveReturn)?;
        Ok(true)
    })?;
    if !moved.is_empty() {
        case.close();
    }
    Ok(Outcome::Done)
}

/// The buyer signed. What was not shipped, or is signed for, stays as it is.
pub(super) fn see_signed(
    world: &mut World,
    tid: Tid,
    sub_orders: &[Oid],
    signed_at: Timestamp,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let at = Moment { happened: signed_at.min(now), learnt: now };
    let mut case = Case::open(world, tid, Actor::Channel, at)?;
    let lines = case.named_lines(sub_orders)?;
    if case.trade().level != Level::Routed {
        return Ok(Outcome::Seen { changed: false });
    }
    let mut changed = false;
    for oid in lines {
        changed |= sign_line(&mut case, oid)?;
    }
    if changed {
        case.close();
    }
    Ok(Outcome::Seen { changed })
}

/// Signs for what of the line was shipped.
pub(super) fn sign_line(case: &mut Case<'_>, oid: Oid) -> Result<bool, Refusal> {
    let mut changed = false;
    for code in live(case, oid) {
        if !case.assignment(code)?.has(Fact::Signed, 0) {
            changed |= carry_if_possible(case, code, Event::Sign)?;
        }
    }
    Ok(changed)
}

/// Whether a fact is a milestone of §1.3.1.
fn is_milestone(fact: Fact) -> bool {
    matches!(
        fact,
        Fact::ToSystem
            | Fact::ServiceAudited
            | Fact::FinanceAudited
            | Fact::SortPrinted
            | Fact::SendPrinted
            | Fact::LogisticsPrinted
            | Fact::Sorted
            | Fact::Examined
            | Fact::Packaged
            | Fact::Weighed
            | Fact::OutWarehouse
    )
}

/// A milestone: accepted until its assignment is closed; one after shipping is marked late. Where it was reported of a
/// sub-order wherever that is, and no assignment has had it yet, it is the sub-order's own.
pub(super) fn record_milestone(
    world: &mut World,
    answer: &StoreAnswer,
    fact: Fact,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut said = answers::open(world, answer, Deed::Milestone, now)?;
    let unplaced = matches!(answer.address, Address::SubOrders(_));
    let mut on_lines = false;
    for oid in std::mem::take(&mut said.unallocated) {
        let verdict = mark_line(&mut said.case, oid, fact);
        on_lines |= said.verdicts.keep(oid, verdict) == Some(true);
    }
    let (case, moved) = said.each(|case, code| mark_assignment(case, code, fact, unplaced))?;
    if on_lines || !moved.is_empty() {
        case.close();
    }
    Ok(Outcome::Done)
}

fn mark_assignment(case: &mut Case<'_>, code: AllocationCode, fact: Fact, unplaced: bool) -> Result<bool, Refusal> {
    let assignment = case.assignment(code)?.clone();
    // A call that named no place may come again after the allocation it came before.
    let was_the_lines = unplaced && case.line(assignment.oid)?.milestones.contains(&fact);
    if was_the_lines || assignment.has(fact, 0) {
        return Ok(false);
    }
    if assignment.state == AssignmentState::Closed || !is_milestone(fact) {
        return Err(cannot_be_marked(assignment.oid, assignment.state.name()));
    }
    let note = Note::on(&assignment, fact);
    Ok(case.note(if assignment.state.holds_stock() { note } else { note.saying("late") }))
}

fn mark_line(case: &mut Case<'_>, oid: Oid, fact: Fact) -> Result<bool, Refusal> {
    who::check_unallocated(case)?;
    let line = case.line(oid)?;
    if line.milestones.contains(&fact) {
        return Ok(false);
    }
    let state = line.unassigned.as_ref().map(|unassigned| &unassigned.state);
    let closed = line.channel_closed || state == Some(&UnassignedState::Closed);
    if closed || !is_milestone(fact) {
        return Err(cannot_be_marked(oid, if closed { "closed" } else { state.map_or("done", UnassignedState::name) }));
    }
    let late = state.is_none_or(|state| *state == UnassignedState::Cancelled);
    case.line_mut(oid)?.milestones.insert(fact);
    let note = Note::line(oid, fact);
    Ok(case.note(if late { note.saying("late") } else { note }))
}

fn cannot_be_marked(oid: Oid, state: &'static str) -> Refusal {
    Refusal::IllegalMove { oid, state, asked: "marked", who_may: "a closed sub-order takes no more milestones" }
}
