//! 核销: the buyer shows a code and has the goods, at the counter (`storecollect.*`, a pickup) or at his door (`dtd.*`, a
//! delivery that the store makes itself). A code is issued once for what one trade gets from one store at a time, told to
//! the buyer by the channel, and used once.

use crate::command::{HandoverPlace, Outcome, SetOut, UseCode};
use crate::ids::{AllocationCode, HandoverCode, LocationId, Oid, Tid};
use crate::order::assignment::{Assignment, AssignmentState, Handover, Shipment};
use crate::order::file::TradeFile;
use crate::order::machine::{Event, Stuck};
use crate::order::timeline::{Actor, Fact};
use crate::outward::{Message, Receiver};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::World;

use super::answers::hand_over;
use super::case::{Case, Note};
use super::tell::{tell_allocator, tell_channel_shipped};
use super::who::{self, Deed};

/// Gives the assignment the code that the trade has at its store and that is still good, else the fresh one, which is
/// then returned.
pub(super) fn issue(
    case: &mut Case<'_>,
    given: AllocationCode,
    fresh: &HandoverCode,
) -> Result<Option<AllocationCode>, Refusal> {
    let assignment = case.assignment(given)?;
    let (location, pickup) = (assignment.location, assignment.pickup);
    let good =
        case.file.assignments.iter().find(|other| {
            other.location == location && other.pickup == pickup && is_good(other) && other.code != given
        });
    let known = good.and_then(|other| other.handover.clone());
    let issued = known.as_ref().is_none_or(|known| known.code == *fresh).then_some(given);
    if known.is_none() {
        let tid = case.tid();
        case.world.journal.handover_code(fresh.clone(), tid);
    }
    let handover = known.unwrap_or_else(|| Handover { code: fresh.clone(), used_by: None });
    case.assignment_mut(given)?.handover = Some(handover);
    Ok(issued)
}

/// Whether the assignment's code still waits to be used.
fn is_good(assignment: &Assignment) -> bool {
    let unused = assignment.handover.as_ref().is_some_and(|handover| handover.used_by.is_none());
    unused
        && if assignment.pickup { assignment.state.holds_stock() } else { assignment.state == AssignmentState::Shipped }
}

/// The channel tells the buyer the code that was just issued for these assignments of one store.
pub(super) fn tell_issued(case: &mut Case<'_>, issued: &[AllocationCode]) {
    tell(case, issued, false);
}

fn tell(case: &mut Case<'_>, given: &[AllocationCode], again: bool) {
    let of_store: Vec<&Assignment> = given.iter().filter_map(|code| case.file.by_code(*code)).collect();
    let Some((store, handover)) = of_store.first().and_then(|first| Some((first.location, first.handover.as_ref()?)))
    else {
        return;
    };
    let code = handover.code.clone();
    let sub_orders: Vec<Oid> = of_store.iter().map(|assignment| assignment.oid).collect();
    let receiver = Receiver::Channel(case.trade().channel);
    case.send(receiver, Message::TellHandoverCode { sub_orders, store, code, again });
}

/// Whether the code may be used now, and for which assignments of the trade.
///
/// # Errors
/// Why not: there is no such code, it was used, the goods are not ready, or the buyer wants his money back.
pub fn usable(file: &TradeFile, code: &HandoverCode, place: HandoverPlace) -> Result<Vec<AllocationCode>, Refusal> {
    let tid = file.trade.tid;
    let pickup = place == HandoverPlace::Counter;
    let at_place = || file.assignments.iter().filter(move |assignment| assignment.pickup == pickup);
    let of_code = || at_place().filter(|assignment| has_code(assignment, code));
    if of_code().next().is_none() {
        let unready = at_place().find(|assignment| assignment.state.is_live() && assignment.handover.is_none());
        let none_issued = at_place().all(|assignment| assignment.handover.is_none());
        return Err(match unready {
            Some(assignment) if pickup && none_issued => Refusal::NotReadyToCollect { oid: assignment.oid },
            Some(_) | None => Refusal::HandoverCodeNotFound { tid },
        });
    }
    let ready: Vec<AllocationCode> =
        of_code().filter(|assignment| may_be_handed_over(assignment)).map(|assignment| assignment.code).collect();
    if !ready.is_empty() {
        return Ok(ready);
    }
    if of_code().any(|assignment| assignment.handover.as_ref().is_some_and(|handover| handover.used_by.is_some())) {
        return Err(Refusal::HandoverCodeUsed { tid });
    }
    let event = event_of(place);
    let stuck = of_code().find_map(|assignment| Some((assignment, why_not_taken(assignment, event)?)));
    Err(match stuck {
        Some((found, stuck)) => stuck.refusal(found.oid, found.location, &found.state, event),
        None => Refusal::HandoverCodeNotFound { tid },
    })
}

fn why_not_taken(assignment: &Assignment, event: Event) -> Option<Stuck> {
    match assignment.state {
        AssignmentState::ReturnRequested { .. } => {
            Some(Stuck::NoMove { who_may: "the buyer has asked to send it back" })
        }
        AssignmentState::Notified
        | AssignmentState::Accepted
        | AssignmentState::Confirmed
        | AssignmentState::Transferring
        | AssignmentState::CancelRequested { .. }
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
        | AssignmentState::Closed => assignment.step(event).err(),
    }
}

fn has_code(assignment: &Assignment, code: &HandoverCode) -> bool {
    assignment.handover.as_ref().is_some_and(|handover| handover.code == *code)
}

fn event_of(place: HandoverPlace) -> Event {
    match place {
        HandoverPlace::Counter => Event::Collect,
        HandoverPlace::Door => Event::Sign,
    }
}

/// A delivery that the channel has as signed already may still be told by its code. What the buyer has asked to send back
/// he does not take as well.
fn may_be_handed_over(assignment: &Assignment) -> bool {
    let unused = assignment.handover.as_ref().is_some_and(|handover| handover.used_by.is_none());
    let event = event_of(if assignment.pickup { HandoverPlace::Counter } else { HandoverPlace::Door });
    let on_its_way_back = matches!(assignment.state, AssignmentState::ReturnRequested { .. });
    unused && !on_its_way_back && (assignment.step(event).is_ok() || assignment.state == AssignmentState::Signed)
}

/// `storecollect.consume`, `dtd.consume`: what the code stands for changes hands, all of it that is ready. The same caller
/// may say it again; to another one the code is used up.
pub(super) fn use_code(world: &mut World, asked: &UseCode, now: Timestamp) -> Result<Outcome, Refusal> {
    let at = Moment { happened: asked.happened.min(now), learnt: now };
    let mut case = Case::open(world, asked.tid, asked.who.clone(), at)?;
    case.must_be_ours()?;
    let of_code = case.file.assignments.iter().filter(|assignment| has_code(assignment, &asked.code));
    for assignment in of_code {
        who::check(&case, assignment, Deed::HandOver)?;
    }
    let ready = match usable(&case.file, &asked.code, asked.place) {
        Err(Refusal::HandoverCodeUsed { .. }) if was_used_by(&case.file, asked) => return Ok(Outcome::Done),
        verdict => verdict?,
    };
    let mut gone = Vec::new();
    for code in ready {
        let before = case.assignment(code)?.clone();
        let event = event_of(asked.place);
        if before.step(event).is_ok() {
            case.carry(code, event)?;
        }
        let assignment = case.assignment_mut(code)?;
        assignment.handover = Some(Handover { code: asked.code.clone(), used_by: Some(asked.who.clone()) });
        if before.pickup {
            let shipment = over_the_counter(at.happened);
            assignment.shipment = Some(shipment.clone());
            gone.push((assignment.oid, shipment));
        }
    }
    tell_channel_shipped(&mut case, &gone);
    case.row_changed();
    case.close();
    Ok(Outcome::Done)
}

fn was_used_by(file: &TradeFile, asked: &UseCode) -> bool {
    let mut of_code = file.assignments.iter().filter(|assignment| has_code(assignment, &asked.code));
    of_code.any(|found| found.handover.as_ref().is_some_and(|handover| handover.used_by.as_ref() == Some(&asked.who)))
}

/// What is collected has neither carrier nor waybill.
fn over_the_counter(at: Timestamp) -> Shipment {
    Shipment { company_code: String::new(), company_name: String::new(), waybill: String::new(), at }
}

/// `dtd.consign`: what the store has accepted of the trade leaves with the store's own people. The channel is told by us in
/// every role mode: the call stands for the channel's own.
pub(super) fn set_out(world: &mut World, asked: &SetOut, now: Timestamp) -> Result<Outcome, Refusal> {
    let at = Moment { happened: asked.shipment.at.min(now), learnt: now };
    let mut case = Case::open(world, asked.tid, asked.who.clone(), at)?;
    case.must_be_ours()?;
    if case.world.places.get(asked.store).is_none() {
        return Err(Refusal::LocationNotFound { location: asked.store });
    }
    let there = deliveries_at(&case.file, asked.store);
    for assignment in &there {
        who::check(&case, assignment, Deed::Ship)?;
    }
    let leaving: Vec<&Assignment> = there.iter().filter(|assignment| may_leave(&assignment.state)).collect();
    if leaving.is_empty() {
        return why_none_leaves(&case, asked, &there);
    }
    let mut gone = Vec::new();
    let mut issued = Vec::new();
    for assignment in leaving {
        hand_over(&mut case, assignment, &asked.shipment, None)?;
        issued.extend(issue(&mut case, assignment.code, &asked.fresh)?);
        gone.push((assignment.oid, asked.shipment.clone()));
    }
    tell_channel_shipped(&mut case, &gone);
    case.row_changed();
    let moved = gone.iter().map(|(oid, _)| *oid).collect();
    tell_allocator(&mut case, moved, |sub_orders, operator| Message::TellShipped { sub_orders, operator });
    tell_issued(&mut case, &issued);
    case.close();
    Ok(Outcome::Done)
}

fn deliveries_at(file: &TradeFile, store: LocationId) -> Vec<Assignment> {
    let at_store = file.assignments.iter().filter(|given| given.location == store);
    at_store.filter(|given| !given.pickup && !given.warehouse).cloned().collect()
}

/// Accepted, or asked back too late. What is asked back and not answered for stays until it is.
fn may_leave(state: &AssignmentState) -> bool {
    matches!(state, AssignmentState::Accepted | AssignmentState::CancelDenied { .. })
}

/// A repeat finds everything on its way; otherwise nothing there is in a state to leave.
fn why_none_leaves(case: &Case<'_>, asked: &SetOut, there: &[Assignment]) -> Result<Outcome, Refusal> {
    if there.iter().any(|assignment| assignment.handover.is_some() && assignment.has(Fact::Shipped, 0)) {
        return Ok(Outcome::Done);
    }
    let event = Event::Ship { warehouse: false };
    let live = there.iter().find(|assignment| assignment.state.is_live());
    Err(match live.or(there.last()) {
        Some(found) => match found.step(event) {
            Err(stuck) => stuck.refusal(found.oid, found.location, &found.state, event),
            Ok(_) => Refusal::CancelStands { oid: found.oid },
        },
        None => {
            let oid = case.trade().sub_orders.first().map_or(Oid(case.tid().0), |line| line.oid);
            Refusal::NotAllocatedThere { oid, location: asked.store }
        }
    })
}

/// `dtd.resend`: the channel tells the buyer again, the same code, once a Shanghai day for each code.
pub(super) fn resend(world: &mut World, tid: Tid, who: &Actor, now: Timestamp) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, who.clone(), Moment::now(now))?;
    case.must_be_ours()?;
    let with_code = case.file.assignments.iter().filter(|given| !given.pickup && given.handover.is_some());
    let with_code: Vec<Assignment> = with_code.cloned().collect();
    for assignment in &with_code {
        who::check(&case, assignment, Deed::Ship)?;
    }
    let waiting: Vec<&Assignment> = with_code.iter().filter(|assignment| is_good(assignment)).collect();
    if waiting.is_empty() {
        let none = with_code.is_empty();
        return Err(if none { Refusal::HandoverCodeNotFound { tid } } else { Refusal::HandoverCodeUsed { tid } });
    }
    let mut codes: Vec<&HandoverCode> =
        waiting.iter().filter_map(|given| given.handover.as_ref()).map(|handover| &handover.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let today = now.shanghai_day();
    let mut any = false;
    for code in codes {
        let given: Vec<&Assignment> = waiting.iter().copied().filter(|given| has_code(given, code)).collect();
        if given.iter().any(|given| given.has(Fact::CodeResent, today)) {
            continue;
        }
        for assignment in &given {
            case.note(Note::on(assignment, Fact::CodeResent).of(today));
        }
        let given: Vec<AllocationCode> = given.iter().map(|given| given.code).collect();
        tell(&mut case, &given, true);
        any = true;
    }
    if !any {
        return Err(Refusal::HandoverCodeSentToday { tid });
    }
    case.close();
    Ok(Outcome::Done)
}
