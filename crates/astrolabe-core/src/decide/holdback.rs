//! Holding a trade back and letting it go: who, why, since when, until when. Several may hold one trade, and one holder for
//! several reasons; while any hold stands nothing of the trade is routed. What a location has already stays there.

use crate::command::Outcome;
use crate::exception::ExceptionKind;
use crate::ids::Tid;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{Level, TradeHold};
use crate::order::waiting::WaitEvent;
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, Note};
use super::route::{self, Why};

/// Most holds on one trade.
const TRADE_HOLDS_MAX: usize = 20;

/// Sets a hold; one of the same holder for the same reason is given the new end. The very same one again changes nothing.
pub(super) fn set_hold(
    world: &mut World,
    tid: Tid,
    who: &Actor,
    why: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, who.clone(), Moment::now(now))?;
    match case.trade().level {
        Level::Awaited | Level::Routed => {}
        Level::PassedOnSelfOperated | Level::PassedOnOrdinary => return Err(Refusal::NotOmnichannel { tid }),
    }
    if until.is_some_and(|until| until <= now) {
        return Err(Refusal::HoldEndsBefore);
    }
    let name = holder_name(who);
    let full = case.trade().holds.len() >= TRADE_HOLDS_MAX;
    let standing = case.file.trade.holds.iter_mut().find(|hold| hold.who == name && hold.why == why);
    match standing {
        Some(standing) if standing.until == until => return Ok(Outcome::Done),
        Some(standing) => standing.until = until,
        None if full => return Err(Refusal::TooManyHolds { tid, most: TRADE_HOLDS_MAX }),
        None => case.file.trade.holds.push(TradeHold { who: name, why: why.to_owned(), since: now, until }),
    }
    hold_back(&mut case)?;
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::Held).of(recurrence).saying(why));
    case.close();
    Ok(Outcome::Done)
}

/// Lifts one's own holds, or those of the holder that is named; an operator who names none lifts all. With the last one gone
/// the trade is routed.
pub(super) fn lift_hold(
    world: &mut World,
    tid: Tid,
    who: &Actor,
    holder: Option<&str>,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, who.clone(), Moment::now(now))?;
    let own = holder_name(who);
    let is_operator = match who {
        Actor::Operator { .. } => true,
        Actor::Channel | Actor::Platform | Actor::Clock | Actor::App { .. } | Actor::Keeper { .. } => false,
    };
    if let Some(holder) = holder.filter(|holder| *holder != own && *holder != TradeHold::PLATFORM && !is_operator) {
        return Err(Refusal::HoldOfAnother { tid, holder: holder.to_owned() });
    }
    let before = case.trade().holds.len();
    match holder {
        None if is_operator => case.file.trade.holds.clear(),
        None => case.file.trade.holds.retain(|hold| hold.who != own),
        Some(holder) => case.file.trade.holds.retain(|hold| hold.who != holder),
    }
    if case.trade().holds.len() == before {
        return Ok(Outcome::Done);
    }
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::HoldLifted).of(recurrence));
    let_go(&mut case)?;
    case.close();
    Ok(Outcome::Done)
}

/// A holder is an app, a person, or one of ours; nobody can take another's name.
pub fn holder_name(who: &Actor) -> String {
    match who {
        Actor::Channel => TradeHold::CHANNEL.to_owned(),
        Actor::Platform => TradeHold::PLATFORM.to_owned(),
        Actor::Clock => "clock".to_owned(),
        Actor::App { key, .. } => format!("app:{key}"),
        Actor::Keeper { user, .. } | Actor::Operator { user } => format!("user:{user}"),
    }
}

/// With the last hold gone, what was held back is routed.
pub(super) fn let_go(case: &mut Case<'_>) -> Result<(), Refusal> {
    if free_lines(case)? { route::serve(case, Why::New, &[]) } else { Ok(()) }
}

/// Lets lines go on if nobody holds the trade back any more; says whether nobody does.
fn free_lines(case: &mut Case<'_>) -> Result<bool, Refusal> {
    if case.is_held_back() {
        return Ok(false);
    }
    for oid in case.named_lines(&[])? {
        case.wait_step(oid, WaitEvent::LetGo)?;
    }
    Ok(true)
}

fn hold_back(case: &mut Case<'_>) -> Result<(), Refusal> {
    for oid in case.named_lines(&[])? {
        case.wait_step(oid, WaitEvent::HoldBack)?;
    }
    Ok(())
}

/// The channel's own reasons not to ship, as it tells them now: those that are new hold the trade, those it tells no more
/// are lifted. Says whether lines are to be routed that were held back.
pub(super) fn see_channel_holds(case: &mut Case<'_>, told: &[String]) -> Result<bool, Refusal> {
    let is_channels = |hold: &TradeHold| hold.who == TradeHold::CHANNEL;
    let before = case.trade().holds.len();
    case.file.trade.holds.retain(|hold| !is_channels(hold) || told.contains(&hold.why));
    let lifted = case.trade().holds.len() < before;
    let is_new = |why: &&String| !case.trade().holds.iter().any(|hold| is_channels(hold) && hold.why == **why);
    let fresh: Vec<String> = told.iter().filter(is_new).cloned().collect();
    if lifted {
        let recurrence = case.recurrence();
        case.note(Note::trade(Fact::HoldLifted).of(recurrence));
    }
    for why in fresh {
        let recurrence = case.recurrence();
        case.note(Note::trade(Fact::Held).of(recurrence).saying(why.clone()));
        if case.file.assignments.iter().any(|given| given.state.holds_stock()) {
            let detail = format!("the channel forbids to ship ({why}), and a location has it");
            case.raise(ExceptionKind::ForbiddenThoughAllocated, None, detail);
        }
        let since = case.now();
        case.file.trade.holds.push(TradeHold { who: TradeHold::CHANNEL.to_owned(), why, since, until: None });
        hold_back(case)?;
    }
    if lifted { free_lines(case) } else { Ok(false) }
}
