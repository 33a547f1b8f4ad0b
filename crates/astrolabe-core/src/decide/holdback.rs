//! Holding a trade back and letting it go: who, why, since when. While a hold stands nothing of the trade is routed.

use crate::command::Outcome;
use crate::ids::Tid;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::TradeHold;
use crate::order::waiting::WaitEvent;
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, Note, label};
use super::route::{self, Why};

/// Sets a hold; the very same one again changes nothing.
pub(super) fn set_hold(
    world: &mut World,
    tid: Tid,
    who: &Actor,
    why: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, who.clone(), Moment::now(now))?;
    let name = label(who);
    if case.trade().holds.iter().any(|hold| hold.who == name && hold.why == why && hold.until == until) {
        return Ok(Outcome::Done);
    }
    let hold = TradeHold { who: name, why: why.to_owned(), since: now, until };
    case.file.trade.holds.push(hold);
    for oid in case.named_lines(&[])? {
        case.wait_step(oid, WaitEvent::HoldBack)?;
    }
    let recurrence = case.recurrence();
    case.note(Note::trade(Fact::Held).of(recurrence).saying(why));
    case.close();
    Ok(Outcome::Done)
}

/// Lifts one's own holds; an operator lifts all. With the last one gone the trade is routed.
pub(super) fn lift_hold(world: &mut World, tid: Tid, who: &Actor, now: Timestamp) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, who.clone(), Moment::now(now))?;
    let before = case.trade().holds.len();
    match who {
        Actor::Operator { .. } => case.file.trade.holds.clear(),
        Actor::Channel | Actor::Platform | Actor::Clock | Actor::App { .. } | Actor::Keeper { .. } => {
            let name = label(who);
            case.file.trade.holds.retain(|hold| hold.who != name);
        }
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

/// With the last hold gone, what was held back is routed.
pub(super) fn let_go(case: &mut Case<'_>) -> Result<(), Refusal> {
    if case.is_held_back() {
        return Ok(());
    }
    for oid in case.named_lines(&[])? {
        case.wait_step(oid, WaitEvent::LetGo)?;
    }
    route::serve(case, Why::New, &[])
}
