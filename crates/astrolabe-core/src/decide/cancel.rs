//! Taking sub-orders back for the buyer: refunds before and after shipping as the channel tells them (§6.6.4), stores'
//! answers to them (§6.5 X_SHOP_CANCEL_CONFIRM / _DENIED), and the channel closing a line.

use crate::command::{Outcome, SeenRefund, StoreAnswer};
use crate::ids::{AllocationCode, Oid, RefundId};
use crate::order::assignment::AssignmentState;
use crate::order::machine::{Event, Stuck};
use crate::order::refund::{Refund, RefundKind, RefundStatus};
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{Level, TradePayment, UnassignedState};
use crate::order::waiting::WaitEvent;
use crate::outward::{Message, Receiver};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::{PublishedRefund, TaskKind, World};

use super::answers;
use super::case::{Case, Note};
use super::route::{self, Why};
use super::who::Deed;

/// How far a refund is, as far as the goods are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Open,
    Lifted,
    Granted,
}

fn phase(status: RefundStatus) -> Phase {
    match status {
        RefundStatus::Asked | RefundStatus::Returning => Phase::Open,
        RefundStatus::RefusedBySeller | RefundStatus::Withdrawn => Phase::Lifted,
        RefundStatus::Granted => Phase::Granted,
    }
}

/// A refund, new or changed. What it means for the goods is decided when it is first seen.
pub(super) fn see_refund(world: &mut World, seen: &SeenRefund, now: Timestamp) -> Result<Outcome, Refusal> {
    let at = Moment { happened: seen.modified.min(now), learnt: now };
    let mut case = Case::open(world, seen.tid, Actor::Channel, at)?;
    case.line(seen.oid)?;
    let known = case.trade().refunds.iter().find(|refund| refund.id == seen.id).cloned();
    let stale = known.as_ref().is_some_and(|known| {
        seen.modified < known.modified || (seen.modified == known.modified && seen.status == known.status)
    });
    if stale {
        return Ok(Outcome::Seen { changed: false });
    }
    // Whoever asks for the refund gets what the channel told, of trades too that others deal with.
    case.world.journal.refund(PublishedRefund {
        id: seen.id,
        tid: seen.tid,
        modified: seen.modified,
        text: seen.published.clone(),
    });
    if case.trade().level != Level::Routed {
        case.push_refund(seen.id);
        return Ok(Outcome::Seen { changed: false });
    }
    let kind = match &known {
        Some(known) => known.kind,
        None => kind_of(&case, seen)?,
    };
    let refund = Refund {
        id: seen.id,
        oid: seen.oid,
        status: seen.status,
        kind,
        refund_fee: seen.refund_fee,
        modified: seen.modified,
    };
    case.file.trade.refunds.retain(|other| other.id != refund.id);
    case.file.trade.refunds.push(refund);
    if known.as_ref().map(|known| phase(known.status)) != Some(phase(seen.status)) {
        let first = known.is_none();
        match kind {
            RefundKind::ForGoods => for_goods(&mut case, seen, first)?,
            RefundKind::Return => come_back(&mut case, seen)?,
            RefundKind::WithoutReturn => money_alone(&mut case, seen, first)?,
            RefundKind::AmountOnly => note_line(&mut case, seen, first),
        }
    }
    case.push_refund(seen.id);
    case.close();
    Ok(Outcome::Seen { changed: true })
}

fn kind_of(case: &Case<'_>, seen: &SeenRefund) -> Result<RefundKind, Refusal> {
    let line = case.line(seen.oid)?;
    let shipped = case.file.live_of(seen.oid).any(|assignment| !assignment.state.holds_stock());
    let waits = line.unassigned.as_ref().is_some_and(|unassigned| match unassigned.state {
        UnassignedState::Created
        | UnassignedState::Held
        | UnassignedState::Routing
        | UnassignedState::Unfillable { .. } => true,
        UnassignedState::Cancelled | UnassignedState::Closed => false,
    });
    let at_location = case.file.live_of(seen.oid).any(|assignment| assignment.state.holds_stock());
    Ok(if shipped && !waits && !at_location {
        if seen.has_good_return { RefundKind::Return } else { RefundKind::WithoutReturn }
    } else if seen.refund_fee < line.payment {
        RefundKind::AmountOnly
    } else {
        RefundKind::ForGoods
    })
}

/// Before shipping: the goods must not leave.
fn for_goods(case: &mut Case<'_>, seen: &SeenRefund, first: bool) -> Result<(), Refusal> {
    match phase(seen.status) {
        Phase::Open => stop(case, seen, first),
        Phase::Lifted => let_go_on(case, seen),
        Phase::Granted => {
            case.line_mut(seen.oid)?.channel_closed = true;
            close_line(case, seen.oid)
        }
    }
}

fn stop(case: &mut Case<'_>, seen: &SeenRefund, first: bool) -> Result<(), Refusal> {
    if case.wait_step(seen.oid, WaitEvent::AskRefund)? {
        case.release_unassigned(seen.oid)?;
        note_line(case, seen, first);
        let request = if first { seen.id.0 } else { case.recurrence() };
        case.note(Note::line(seen.oid, Fact::Cancelled).of(request).by(Actor::Platform));
    }
    for code in live(case, seen.oid) {
        carry_if_possible(case, code, Event::AskRefund { refund: seen.id })?;
    }
    tell(case, seen.oid, false);
    Ok(())
}

/// The refund is gone: what was stopped goes on, what was cancelled starts anew while the channel still waits for it.
fn let_go_on(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    for code in live(case, seen.oid) {
        carry_if_possible(case, code, Event::LiftRefund { refund: seen.id })?;
    }
    let line = case.line(seen.oid)?;
    let another_stands = case.trade().refunds.iter().any(|other| {
        other.oid == seen.oid
            && other.id != seen.id
            && other.kind == RefundKind::ForGoods
            && phase(other.status) == Phase::Open
    });
    let wanted = case.trade().payment == TradePayment::Paid && !line.channel_closed && !another_stands;
    if wanted {
        start_anew(case, seen)?;
    }
    tell(case, seen.oid, true);
    route::serve(case, Why::New, &[])
}

fn start_anew(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    let held_back = case.is_held_back();
    let mut any = case.wait_step(seen.oid, WaitEvent::LiftRefund)?;
    if any {
        case.wait_step(seen.oid, WaitEvent::Pay { held_back })?;
    }
    let cancelled: Vec<_> = case
        .file
        .assignments
        .iter()
        .filter(|assignment| {
            assignment.oid == seen.oid
                && assignment.state == AssignmentState::Cancelled
                && assignment.has(Fact::CancelConfirmed, seen.id.0)
                && !assignment.has(Fact::RefundWithdrawn, seen.id.0)
        })
        .cloned()
        .collect();
    for assignment in cancelled {
        case.note(Note::on(&assignment, Fact::RefundWithdrawn).of(seen.id.0));
        case.add_unassigned(seen.oid, assignment.units)?;
        any = true;
    }
    if any {
        let recurrence = case.recurrence();
        let note = Note::line(seen.oid, Fact::RefundWithdrawn).of(recurrence);
        case.note(note.saying(format!("refund {}", seen.id)));
        if held_back {
            route::hold(case, seen.oid)?;
        }
    }
    Ok(())
}

/// After shipping, with the goods.
fn come_back(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    for code in live(case, seen.oid) {
        match phase(seen.status) {
            Phase::Open => {
                carry_if_possible(case, code, Event::AskReturn { refund: seen.id })?;
            }
            Phase::Lifted => {
                carry_if_possible(case, code, Event::LiftReturn { refund: seen.id })?;
            }
            Phase::Granted => {
                // The money may go before the location has said that the goods are there.
                let asked = case.assignment(code)?.has(Fact::ReturnAsked, seen.id.0);
                if !asked {
                    carry_if_possible(case, code, Event::AskReturn { refund: seen.id })?;
                }
                let assignment = case.assignment(code)?.clone();
                case.note(Note::on(&assignment, Fact::Refunded).of(seen.id.0));
            }
        }
    }
    match phase(seen.status) {
        Phase::Open => tell(case, seen.oid, false),
        Phase::Lifted => tell(case, seen.oid, true),
        Phase::Granted => {}
    }
    Ok(())
}

/// After shipping, without the goods.
fn money_alone(case: &mut Case<'_>, seen: &SeenRefund, first: bool) -> Result<(), Refusal> {
    match phase(seen.status) {
        Phase::Open => {
            note_line(case, seen, first);
            tell(case, seen.oid, false);
        }
        Phase::Lifted => {
            note_line(case, seen, first);
            tell(case, seen.oid, true);
        }
        Phase::Granted => {
            for code in live(case, seen.oid) {
                carry_if_possible(case, code, Event::GrantRefund { refund: seen.id })?;
            }
        }
    }
    Ok(())
}

fn note_line(case: &mut Case<'_>, seen: &SeenRefund, first: bool) {
    let fact = match phase(seen.status) {
        Phase::Open => Fact::RefundAsked,
        Phase::Lifted => Fact::RefundWithdrawn,
        Phase::Granted => Fact::Refunded,
    };
    let request = if first { seen.id.0 } else { case.recurrence() };
    case.note(Note::line(seen.oid, fact).of(request).saying(format!("refund {}", seen.id)));
}

/// The channel closed the line: whoever has it, hears of it; goods on their way become a task.
pub(super) fn close_line(case: &mut Case<'_>, oid: Oid) -> Result<(), Refusal> {
    let before = case.line(oid)?.unassigned.clone();
    if case.wait_step(oid, WaitEvent::Close)? {
        case.release_unassigned(oid)?;
        if before.is_some_and(|unassigned| unassigned.state != UnassignedState::Created) {
            case.note(Note::line(oid, Fact::Closed));
        }
    }
    for code in live(case, oid) {
        match case.assignment(code)?.step(Event::Close) {
            Ok(_) => case.carry(code, Event::Close)?,
            Err(Stuck::ClosedTooLate) => {
                case.task(TaskKind::ShippedThoughClosed, Some(oid), "closed, but the goods are gone");
            }
            Err(_) => refund_on_the_way(case, code, oid)?,
        }
    }
    Ok(())
}

/// A refund for the goods that was granted although they had left: the money is gone, and so are they.
fn refund_on_the_way(case: &mut Case<'_>, code: AllocationCode, oid: Oid) -> Result<(), Refusal> {
    let granted = case.trade().refunds.iter().rev().find(|refund| {
        refund.oid == oid && refund.kind == RefundKind::ForGoods && phase(refund.status) == Phase::Granted
    });
    let Some(refund) = granted.map(|refund| refund.id) else { return Ok(()) };
    if carry_if_possible(case, code, Event::GrantRefund { refund })? {
        case.task(TaskKind::ShippedThoughClosed, Some(oid), "refunded, but the goods were shipped");
    }
    Ok(())
}

/// The channel states facts: where the machine has no such move, the fact changes nothing.
pub(super) fn carry_if_possible(case: &mut Case<'_>, code: AllocationCode, event: Event) -> Result<bool, Refusal> {
    if case.assignment(code)?.step(event).is_err() {
        return Ok(false);
    }
    case.carry(code, event)?;
    Ok(true)
}

/// Codes of a sub-order's live assignments.
pub(super) fn live(case: &Case<'_>, oid: Oid) -> Vec<AllocationCode> {
    case.file.live_of(oid).map(|assignment| assignment.code).collect()
}

fn tell(case: &mut Case<'_>, oid: Oid, withdrawn: bool) {
    let warehouse = case.file.live_of(oid).any(|assignment| assignment.warehouse);
    for app in case.apps(warehouse) {
        case.send(Receiver::App(app), Message::TellRefund { sub_orders: vec![oid], withdrawn });
    }
}

/// X_SHOP_CANCEL_CONFIRM / X_SHOP_CANCEL_DENIED: an answer without an id is for the open request, else for the latest.
pub(super) fn answer_cancel(
    world: &mut World,
    answer: &StoreAnswer,
    confirmed: bool,
    refund: Option<RefundId>,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let (event, fact) =
        if confirmed { (Event::ConfirmCancel, Fact::CancelConfirmed) } else { (Event::DenyCancel, Fact::CancelDenied) };
    let mut left_out = Vec::new();
    let (mut case, moved) = answers::open(world, answer, Deed::AnswerCancel, now)?.each(|case, code| {
        let assignment = case.assignment(code)?;
        let (oid, place) = (assignment.oid, (assignment.oid, assignment.location));
        let meant = |request: i64| refund.is_none_or(|refund| refund.0 == request);
        let answered = assignment.facts.iter().any(|recorded| recorded.fact == fact && meant(recorded.request));
        if open_request(&assignment.state).is_some_and(meant) {
            case.carry(code, event)?;
            // A place that gave it back for a re-allocation is left out of the plan that follows.
            left_out.push(place);
            return Ok(true);
        }
        if answered { Ok(false) } else { Err(Refusal::NothingToAnswer { oid }) }
    })?;
    if !moved.is_empty() {
        route::serve(&mut case, Why::New, &left_out)?;
        case.close();
    }
    Ok(Outcome::Done)
}

/// The request that waits for an answer.
fn open_request(state: &AssignmentState) -> Option<i64> {
    match state {
        AssignmentState::CancelRequested { aim, .. } => Some(aim.request()),
        AssignmentState::Notified
        | AssignmentState::Accepted
        | AssignmentState::Confirmed
        | AssignmentState::Transferring
        | AssignmentState::Collected
        | AssignmentState::CancelDenied { .. }
        | AssignmentState::Shipped
        | AssignmentState::Signed
        | AssignmentState::ReturnRequested { .. }
        | AssignmentState::Returned
        | AssignmentState::Refunded
        | AssignmentState::Refused
        | AssignmentState::Unanswered
        | AssignmentState::Withdrawn
        | AssignmentState::Cancelled
        | AssignmentState::Closed => None,
    }
}
