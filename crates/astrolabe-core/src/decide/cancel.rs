//! Taking sub-orders back for the buyer: refunds before and after shipping as the channel tells them (§6.6.4), stores'
//! answers to them (§6.5 X_SHOP_CANCEL_CONFIRM / _DENIED), and the channel closing a line.

use crate::command::{Outcome, SeenRefund, StoreAnswer};
use crate::exception::ExceptionKind;
use crate::ids::{AllocationCode, Oid, RefundId};
use crate::order::assignment::{Assignment, AssignmentState, RecordedFact};
use crate::order::machine::{Event, Stuck};
use crate::order::refund::{Refund, RefundKind, RefundStatus};
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{Delivery, Level, TradePayment, UnassignedState};
use crate::order::waiting::WaitEvent;
use crate::outward::{Message, Receiver};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::{PublishedRefund, World};

use super::answers;
use super::case::{Case, Note};
use super::reallocate;
use super::route::{self, Why};
use super::who::Deed;
use super::{early, intake};

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

/// A refund, new or changed. What it means for the goods is decided when there is something that it could stop.
pub(super) fn see_refund(world: &mut World, seen: &SeenRefund, now: Timestamp) -> Result<Outcome, Refusal> {
    let at = Moment { happened: seen.modified.min(now), learnt: now };
    let file = world.files.get(&seen.tid).cloned().unwrap_or_else(|| intake::unseen_file(seen.tid));
    let mut case = Case::with(world, file, Actor::Channel, at);
    if is_stale(&case, seen) {
        return Ok(Outcome::Seen { changed: false });
    }
    let is_early = early::is_early(&case, seen);
    if is_early && !early::keep(&mut case, seen) {
        return Ok(Outcome::Seen { changed: false });
    }
    if !is_early {
        case.line(seen.oid)?;
    }
    // Whoever asks for the refund gets what the channel told, of trades too that others deal with.
    case.world.journal.refund(PublishedRefund {
        id: seen.id,
        tid: seen.tid,
        modified: seen.modified,
        text: seen.published.clone(),
    });
    if is_early {
        case.close();
        return Ok(Outcome::Seen { changed: true });
    }
    if case.trade().level == Level::Routed {
        take_in(&mut case, seen)?;
    } else {
        let known = case.trade().refunds.iter().find(|refund| refund.id == seen.id).cloned();
        record(&mut case, seen, known.as_ref())?;
    }
    case.push_refund(seen.id);
    case.close();
    Ok(Outcome::Seen { changed: true })
}

fn is_stale(case: &Case<'_>, seen: &SeenRefund) -> bool {
    case.trade().refunds.iter().any(|known| {
        known.id == seen.id
            && (seen.modified < known.modified || (seen.modified == known.modified && seen.status == known.status))
    })
}

/// What the refund means for goods that are ours to route.
fn take_in(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    let known = case.trade().refunds.iter().find(|refund| refund.id == seen.id).cloned();
    let kind = record(case, seen, known.as_ref())?;
    let phase_before = known.as_ref().map(|known| phase(known.status));
    // One that is first heard of when it is over has stopped nothing.
    let never_stood = phase_before.is_none() && phase(seen.status) == Phase::Lifted;
    if phase_before == Some(phase(seen.status)) || never_stood {
        return Ok(());
    }
    let first = known.is_none();
    match kind {
        RefundKind::ForGoods => for_goods(case, seen, first),
        RefundKind::Return => come_back(case, seen),
        RefundKind::WithoutReturn => money_alone(case, seen, first),
        RefundKind::AmountOnly => {
            note_line(case, seen, first);
            Ok(())
        }
    }
}

/// As [`take_in`], before anybody outside has heard of the line: nobody is told.
pub(super) fn take_in_early(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    let kind = record(case, seen, None)?;
    match (kind, phase(seen.status)) {
        (_, Phase::Lifted) => Ok(()),
        (RefundKind::ForGoods, Phase::Open) => stop_waiting(case, seen, true),
        (RefundKind::ForGoods, Phase::Granted) => for_goods(case, seen, true),
        (RefundKind::AmountOnly | RefundKind::Return | RefundKind::WithoutReturn, Phase::Open | Phase::Granted) => {
            note_line(case, seen, true);
            Ok(())
        }
    }
}

/// Keeps the refund with the trade, and says what it is for.
fn record(case: &mut Case<'_>, seen: &SeenRefund, known: Option<&Refund>) -> Result<RefundKind, Refusal> {
    let kind = match known {
        Some(known) => known.kind,
        None => kind_of(case, seen)?,
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
    Ok(kind)
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
    stop_waiting(case, seen, first)?;
    for code in live(case, seen.oid) {
        carry_if_possible(case, code, Event::AskRefund { refund: seen.id })?;
    }
    tell(case, seen.oid, false);
    Ok(())
}

/// Units that nobody has yet.
fn stop_waiting(case: &mut Case<'_>, seen: &SeenRefund, first: bool) -> Result<(), Refusal> {
    if case.wait_step(seen.oid, WaitEvent::AskRefund)? {
        case.release_unassigned(seen.oid)?;
        note_line(case, seen, first);
        let request = if first { seen.id.0 } else { case.recurrence() };
        case.note(Note::line(seen.oid, Fact::Cancelled).of(request).by(Actor::Platform));
    }
    Ok(())
}

/// The refund is gone: what was stopped goes on, what was cancelled starts anew while the channel still waits for it.
fn let_go_on(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    let another = case.trade().refunds.iter().filter(|other| {
        other.oid == seen.oid
            && other.id != seen.id
            && other.kind == RefundKind::ForGoods
            && phase(other.status) == Phase::Open
    });
    let another = another.max_by_key(|other| (other.modified, other.id)).map(|other| other.id);
    for code in live(case, seen.oid) {
        let lifted = carry_if_possible(case, code, Event::LiftRefund { refund: seen.id })?;
        if let (true, Some(refund)) = (lifted, another) {
            // The newer refund stood for the older one as well.
            carry_if_possible(case, code, Event::AskRefund { refund })?;
        }
    }
    let line = case.line(seen.oid)?;
    let wanted = case.trade().payment == TradePayment::Paid && !line.channel_closed && another.is_none();
    if wanted {
        start_anew(case, seen)?;
    }
    tell(case, seen.oid, true);
    if another.is_some() {
        // The last word that an app hears must be that the goods are still asked back.
        tell(case, seen.oid, false);
    }
    route::serve(case, Why::New, &[])
}

fn start_anew(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    let held_back = case.is_held_back();
    let mut any = case.wait_step(seen.oid, WaitEvent::LiftRefund)?;
    if any && case.trade().level == Level::Routed {
        case.wait_step(seen.oid, WaitEvent::Pay { held_back })?;
    }
    // Whichever refund it was given back for: none stands any more.
    let cancelled: Vec<_> = case
        .file
        .assignments
        .iter()
        .filter(|assignment| assignment.oid == seen.oid && assignment.state == AssignmentState::Cancelled)
        .filter_map(|assignment| Some((not_started_anew(assignment)?, assignment.clone())))
        .collect();
    for (refund, assignment) in cancelled {
        // A lift before the cancel was confirmed is on its timeline too: that its units began anew has a mark of its own.
        let lifted_before = assignment.has(Fact::RefundWithdrawn, refund);
        let request = if lifted_before { case.recurrence() } else { refund };
        case.note(Note::on(&assignment, Fact::RefundWithdrawn).of(request));
        let began_anew = RecordedFact { fact: Fact::Cancelled, request: refund };
        case.assignment_mut(assignment.code)?.facts.insert(began_anew);
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

/// The refund for which it was given back, unless its units have started anew since.
fn not_started_anew(cancelled: &Assignment) -> Option<i64> {
    let confirmed = cancelled.facts.iter().filter(|known| known.fact == Fact::CancelConfirmed);
    let requests: Vec<i64> = confirmed.map(|known| known.request).collect();
    let anew = requests.iter().any(|request| cancelled.has(Fact::Cancelled, *request));
    requests.last().copied().filter(|_| !anew)
}

/// After shipping, with the goods.
fn come_back(case: &mut Case<'_>, seen: &SeenRefund) -> Result<(), Refusal> {
    for code in live_or_returned(case, seen.oid) {
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
                case.raise(ExceptionKind::ShippedThoughClosed, Some(oid), "closed, but the goods are gone");
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
        case.raise(ExceptionKind::ShippedThoughClosed, Some(oid), "refunded, but the goods were shipped");
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

/// Those of which the goods may be back before the money is, too.
fn live_or_returned(case: &Case<'_>, oid: Oid) -> Vec<AllocationCode> {
    let of_line = case.file.assignments.iter().filter(|assignment| assignment.oid == oid);
    let meant = of_line.filter(|one| one.state.is_live() || one.state == AssignmentState::Returned);
    meant.map(|assignment| assignment.code).collect()
}

/// Codes of a sub-order's live assignments.
pub(super) fn live(case: &Case<'_>, oid: Oid) -> Vec<AllocationCode> {
    case.file.live_of(oid).map(|assignment| assignment.code).collect()
}

fn tell(case: &mut Case<'_>, oid: Oid, withdrawn: bool) {
    // Of what is not paid nobody was told anything.
    let Ok(line) = case.line(oid).and_then(|line| case.must_be_ours().map(|()| line)) else { return };
    let allocated = line.delivery == Delivery::Ship;
    let warehouse = case.file.live_of(oid).any(|assignment| assignment.warehouse);
    for app in case.apps(allocated, warehouse) {
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
        let assignment = case.assignment(code)?.clone();
        let (oid, place) = (assignment.oid, (assignment.oid, assignment.location));
        let meant = |request: i64| refund.is_none_or(|refund| refund.0 == request);
        let answered = assignment.facts.iter().any(|recorded| recorded.fact == fact && meant(recorded.request));
        if open_request(&assignment.state).is_some_and(meant) {
            case.carry(code, event)?;
            if confirmed {
                reallocate::send_on(case, &assignment)?;
            }
            // A place that gave it back for a re-allocation is left out of the plan that follows.
            left_out.push(place);
            return Ok(true);
        }
        if !answered && !confirmed && was_already_gone(case, code, refund)? {
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

/// "Already gone", said of what we know to have left: the shipping overtook the answer, or the refund came after it. It is
/// written down as the answer to that refund and changes nothing else. Says whether there is such a refund.
fn was_already_gone(case: &mut Case<'_>, code: AllocationCode, refund: Option<RefundId>) -> Result<bool, Refusal> {
    let assignment = case.assignment(code)?.clone();
    let left = !assignment.pickup && assignment.has(Fact::Shipped, 0);
    let meant = case
        .trade()
        .refunds
        .iter()
        .rev()
        .find(|known| known.oid == assignment.oid && refund.is_none_or(|refund| refund == known.id));
    let Some(request) = meant.filter(|_| left).map(|refund| refund.id.0) else { return Ok(false) };
    Ok(case.note(Note::on(&assignment, Fact::CancelDenied).of(request)))
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
