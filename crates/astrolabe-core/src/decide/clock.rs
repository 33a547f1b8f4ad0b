//! Time passing over one trade: holds that end, an allocating app's silence, offers left unanswered, late shipping,
//! calls that nobody answers. No timer moves anything from Accepted: it warns.

use crate::command::Outcome;
use crate::ids::{AllocationCode, Oid, OutwardId, Tid};
use crate::order::assignment::{Assignment, AssignmentState};
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{AllocationAsk, Level, Trade, UnassignedState};
use crate::outward::{Message, OutwardState, Receiver};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::{Millis, Timestamp};
use crate::world::{TaskKind, World};

use super::allocation::{settle_ask, take_over};
use super::case::{Case, Note};
use super::holdback::let_go;
use super::route::{self, Why};
use super::tell::tell_allocator;

/// When a trade must be looked at next, as far as its own clocks say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NextLook {
    /// Nothing of it waits.
    Never,
    At(Option<Timestamp>),
}

/// The next instant at which silence about the trade as a whole means something.
pub(super) fn next_look(trade: &Trade) -> NextLook {
    let waits = trade.sub_orders.iter().any(|line| {
        line.unassigned.as_ref().is_some_and(|unassigned| match unassigned.state {
            UnassignedState::Held | UnassignedState::Routing | UnassignedState::Unfillable { .. } => true,
            UnassignedState::Created | UnassignedState::Cancelled | UnassignedState::Closed => false,
        })
    });
    if !waits || trade.level != Level::Routed {
        return NextLook::Never;
    }
    let asked = match &trade.allocation {
        AllocationAsk::Asked { asked_at, deadline, queried: false, .. } => Some(half(*asked_at, *deadline)),
        AllocationAsk::Asked { deadline, queried: true, .. } => Some(*deadline),
        AllocationAsk::None
        | AllocationAsk::TakenOver { .. }
        | AllocationAsk::Silent { .. }
        | AllocationAsk::SaysShipped { .. } => None,
    };
    let holds = trade.holds.iter().filter_map(|hold| hold.until);
    NextLook::At(holds.chain(asked).min())
}

/// Half of an allocating app's time: then it is asked what it has so far.
fn half(asked_at: Timestamp, deadline: Timestamp) -> Timestamp {
    asked_at + Millis((deadline - asked_at).0 / 2)
}

/// Whatever of the trade is due at `now`.
pub(super) fn look(world: &mut World, tid: Tid, now: Timestamp) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, Actor::Clock, Moment::now(now))?;
    if case.trade().level != Level::Routed {
        return Ok(Outcome::Done);
    }
    end_holds(&mut case)?;
    judge_allocator(&mut case)?;
    let taken_back = judge_assignments(&mut case)?;
    // An allocating app is asked anew only for what came back; the platform looks at everything open.
    let why = if taken_back && case.allocator().is_some() { Why::New } else { Why::LookAgain };
    route::serve(&mut case, why, &[])?;
    if why == Why::LookAgain {
        case.looked();
    }
    settle_ask(&mut case);
    case.close();
    Ok(Outcome::Done)
}

fn end_holds(case: &mut Case<'_>) -> Result<(), Refusal> {
    let now = case.now();
    let before = case.trade().holds.len();
    case.file.trade.holds.retain(|hold| hold.until.is_none_or(|until| until > now));
    if case.trade().holds.len() == before {
        return Ok(());
    }
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::HoldLifted).of(recurrence));
    let_go(case)
}

/// A silent app is asked what it has at half its time; at the end the platform takes over, or a person looks.
fn judge_allocator(case: &mut Case<'_>) -> Result<(), Refusal> {
    let AllocationAsk::Asked { app, call, asked_at, deadline, queried } = case.trade().allocation.clone() else {
        return Ok(());
    };
    let now = case.now();
    if route::lines_of_app(case).is_empty() {
        return Ok(());
    }
    if now < deadline {
        if !queried && now >= half(asked_at, deadline) {
            case.send(Receiver::App(app.clone()), Message::QueryAllocation);
            case.file.trade.allocation = AllocationAsk::Asked { app, call, asked_at, deadline, queried: true };
        }
        return Ok(());
    }
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::AllocatorSilent).of(recurrence));
    if case.world.seller.settings.takeover {
        take_over(case, "the allocating app stayed silent");
    } else {
        case.task(TaskKind::AllocatorSilent, None, format!("{app} has not allocated"));
        case.file.trade.allocation = AllocationAsk::Silent { app, since: now };
    }
    Ok(())
}

/// Offers that ran out are taken back; late shipping is noted once. Says whether anything was taken back.
fn judge_assignments(case: &mut Case<'_>) -> Result<bool, Refusal> {
    let now = case.now();
    let mut unanswered: Vec<Oid> = Vec::new();
    let live: Vec<Assignment> =
        case.file.assignments.iter().filter(|assignment| assignment.state.is_live()).cloned().collect();
    for assignment in live {
        let due = assignment.due_at.is_some_and(|due| due <= now);
        let offered = assignment.state == AssignmentState::Notified;
        if offered && due && !assignment.warehouse {
            case.carry(assignment.code, Event::NoAnswer)?;
            unanswered.push(assignment.oid);
        } else if due {
            ship_late(case, assignment.code, assignment.oid)?;
        }
    }
    let taken_back = !unanswered.is_empty();
    if taken_back {
        tell_allocator(case, unanswered, |sub_orders, operator| Message::TellRefused { sub_orders, operator });
    }
    Ok(taken_back)
}

fn ship_late(case: &mut Case<'_>, code: AllocationCode, oid: Oid) -> Result<(), Refusal> {
    let assignment = case.assignment(code)?.clone();
    if case.note(Note::on(&assignment, Fact::ShipLate)) {
        let what = if assignment.pickup { "not brought to" } else { "not shipped from" };
        case.task(TaskKind::ShipLate, Some(oid), format!("{what} {} in time", assignment.location));
    }
    case.assignment_mut(code)?.due_at = None;
    Ok(())
}

/// Whether an allocating app's answer to `allocate` says that the order has left already. The wire has no code for it, so
/// code and message are read: "shipped" in any case (`ALREADY_SHIPPED`, "order was shipped"), or 已发货. A wrong guess costs
/// a person's look: the task holds the very words.
fn says_shipped(answer: &str) -> bool {
    answer.contains("已发货") || answer.to_ascii_lowercase().contains("shipped")
}

/// How an attempt at a call outward went. A dead one is a task; a dead `allocate` puts the query in its place. An
/// allocating app that says the order was shipped gets a task of its own: no unit moves by its word, and none goes to
/// another place before somebody has settled what became of the goods.
pub(super) fn settle_outward(
    world: &mut World,
    id: OutwardId,
    tid: Tid,
    state: &OutwardState,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    world.journal.settle(id, state.clone());
    let OutwardState::Dead { error, .. } = state else { return Ok(Outcome::Done) };
    let Some(file) = world.files.get(&tid).cloned() else { return Ok(Outcome::Done) };
    let mut case = Case::with(world, file, Actor::Platform, Moment::now(now));
    let shipped = is_ask(&case.trade().allocation, id) && says_shipped(error);
    let kind = if shipped { TaskKind::AllocatorSaysShipped } else { TaskKind::DeadLetter };
    case.task(kind, None, format!("call {id}: {error}"));
    let AllocationAsk::Asked { app, call, asked_at, deadline, queried } = case.trade().allocation.clone() else {
        return Ok(Outcome::Done);
    };
    if call != id || (queried && !shipped) {
        return Ok(Outcome::Done);
    }
    if !queried {
        case.send(Receiver::App(app.clone()), Message::QueryAllocation);
    }
    case.file.trade.allocation = if shipped {
        AllocationAsk::SaysShipped { app, since: now }
    } else {
        AllocationAsk::Asked { app, call, asked_at, deadline, queried: true }
    };
    case.close();
    Ok(Outcome::Done)
}

/// Whether the call is the `allocate` that the app was last asked with; it may be answered after the platform has taken over.
fn is_ask(allocation: &AllocationAsk, id: OutwardId) -> bool {
    match allocation {
        AllocationAsk::Asked { call, .. } => *call == id,
        AllocationAsk::TakenOver { call, .. } => *call == Some(id),
        AllocationAsk::None | AllocationAsk::Silent { .. } | AllocationAsk::SaysShipped { .. } => false,
    }
}
