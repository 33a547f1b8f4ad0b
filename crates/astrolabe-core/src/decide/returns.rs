//! After shipping: signed for, sent back and received (§6.5 X_MATCHED), and the milestones of §1.3.1, which are facts
//! that move nothing.

use crate::command::{Outcome, StoreAnswer};
use crate::ids::{Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::Level;
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::World;

use super::answers;
use super::cancel::{carry_if_possible, live};
use super::case::{Case, Note};
use super::who::Deed;

/// X_MATCHED.
pub(super) fn receive_return(world: &mut World, answer: &StoreAnswer, now: Timestamp) -> Result<Outcome, Refusal> {
    let (mut case, codes) = answers::open(world, answer, Deed::ReceiveReturn, now)?;
    let mut moved = false;
    for code in codes {
        if case.assignment(code)?.state == AssignmentState::Returned {
            continue;
        }
        case.carry(code, Event::ReceiveReturn)?;
        moved = true;
    }
    if moved {
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

/// A milestone: accepted until the assignment is closed; one after shipping is marked late.
pub(super) fn record_milestone(
    world: &mut World,
    answer: &StoreAnswer,
    fact: Fact,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let (mut case, codes) = answers::open(world, answer, Deed::Milestone, now)?;
    let mut moved = false;
    for code in codes {
        let assignment = case.assignment(code)?.clone();
        if assignment.has(fact, 0) {
            continue;
        }
        if assignment.state == AssignmentState::Closed || !is_milestone(fact) {
            return Err(Refusal::IllegalMove {
                oid: assignment.oid,
                state: assignment.state.name(),
                asked: "marked",
                who_may: "a closed sub-order takes no more milestones",
            });
        }
        let note = Note::on(&assignment, fact);
        case.note(if assignment.state.holds_stock() { note } else { note.saying("late") });
        moved = true;
    }
    if moved {
        case.close();
    }
    Ok(Outcome::Done)
}
