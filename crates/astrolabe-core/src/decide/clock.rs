//! Time passing over one trade: holds that end, an allocating app's silence, the ladders of its assignments ([`super::hops`]),
//! calls that nobody answers. No timer moves anything from Accepted.

use crate::command::Outcome;
use crate::exception::{ExceptionKind, Subject};
use crate::ids::{OutwardId, Tid};
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{AllocationAsk, Level, Trade, UnassignedState};
use crate::outward::{Message, OutwardState, Receiver};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::{Millis, Timestamp};
use crate::world::World;

use super::allocation::{settle_ask, take_over};
use super::case::{Case, Note};
use super::exceptions::gone;
use super::holdback::let_go;
use super::route::{self, Why};
use super::{give_up, hops};

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
    let taken_back = hops::climb(&mut case)?;
    give_up::judge(&mut case)?;
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
        case.raise(ExceptionKind::AllocatorSilent, None, format!("{app} has not allocated"));
        case.file.trade.allocation = AllocationAsk::Silent { app, since: now };
    }
    Ok(())
}

/// Whether an allocating app's answer to `allocate` says that the order has left already. The wire has no code for it, so
/// code and message are read: "shipped" in any case (`ALREADY_SHIPPED`, "order was shipped"), or 已发货. A wrong guess costs
/// nothing: it names the exception by which a person reads the very words.
fn says_shipped(answer: &str) -> bool {
    answer.contains("已发货") || answer.to_ascii_lowercase().contains("shipped")
}

/// How an attempt at a call outward went. A dead one is an exception; a dead `allocate` puts the query in its place. An
/// allocating app that says the order was shipped gets an exception of its own: no unit moves by its word, and none goes to
/// another place before somebody has settled what became of the goods.
pub(super) fn settle_outward(
    world: &mut World,
    id: OutwardId,
    tid: Tid,
    state: &OutwardState,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    world.journal.settle(id, state.clone());
    let error = match state {
        OutwardState::Dead { error, .. } => error,
        // The first attempt was not given up before: only a later one may end an exception.
        OutwardState::Delivered { attempts, .. } if *attempts > 1 => {
            gone(world, ExceptionKind::DeadLetter, Subject::Call(tid, id), "delivered", now);
            return Ok(Outcome::Done);
        }
        OutwardState::Pending { .. } | OutwardState::Delivered { .. } | OutwardState::Skipped { .. } => {
            return Ok(Outcome::Done);
        }
    };
    let Some(file) = world.files.get(&tid).cloned() else { return Ok(Outcome::Done) };
    let mut case = Case::with(world, file, Actor::Platform, Moment::now(now));
    let shipped = is_ask(&case.trade().allocation, id) && says_shipped(error);
    if shipped {
        case.raise(ExceptionKind::AllocatorSaysShipped, None, format!("call {id}: {error}"));
    } else {
        case.raise_call(ExceptionKind::DeadLetter, id, error.clone());
    }
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

/// A call that was given up is made again, from now on by its schedule.
pub(super) fn resend_call(
    world: &mut World,
    tid: Tid,
    call: OutwardId,
    attempts: u32,
    who: &Actor,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, who.clone(), Moment::now(now))?;
    let again = OutwardState::Pending { attempts: attempts.max(1), next_at: now, last_error: None };
    case.world.journal.settle(call, again);
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::CallResent).of(recurrence).saying(format!("call {call}")));
    case.close();
    Ok(Outcome::Done)
}
