//! Asking the channel to end what nobody serves: only the channel can close a paid sub-order and pay the buyer back, so
//! this is a message and an exception, never a move. By hand, or after the merchant's own time where he set one.

use crate::command::Outcome;
use crate::exception::ExceptionKind;
use crate::ids::{Oid, Tid};
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::Level;
use crate::outward::{Message, Receiver};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, Note, label};
use super::exceptions::awaits_channel;

const IN_TIME: &str = "nobody has taken it on in the merchant's time";

/// When the channel is to be asked; `None` where it never is, or was.
pub(super) fn next(case: &Case<'_>) -> Option<Timestamp> {
    let after = case.world.seller.settings.ask_cancel_after_ms?;
    let paid = case.trade().pay_time.filter(|_| case.trade().level == Level::Routed)?;
    (!open_lines(case).is_empty()).then(|| paid + after)
}

/// Asks, when it is time.
pub(super) fn judge(case: &mut Case<'_>) -> Result<(), Refusal> {
    if next(case).is_some_and(|due| due <= case.now()) {
        let lines = open_lines(case);
        ask(case, &lines, IN_TIME)?;
    }
    Ok(())
}

/// Lines that nobody has taken on and that the channel was not asked about.
fn open_lines(case: &Case<'_>) -> Vec<Oid> {
    let open = case.trade().sub_orders.iter().filter(|line| line.cancel_asked.is_none());
    open.filter(|line| awaits_channel(&case.file, line)).map(|line| line.oid).collect()
}

/// A person asks: all named sub-orders, or none.
pub(super) fn ask_cancel(
    world: &mut World,
    tid: Tid,
    sub_orders: &[Oid],
    who: &Actor,
    why: &str,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, tid, who.clone(), Moment::now(now))?;
    case.must_be_ours()?;
    let mut lines = case.named_lines(sub_orders)?;
    lines.retain(|oid| case.line(*oid).is_ok_and(|line| line.cancel_asked.is_none()));
    for oid in &lines {
        let line = case.line(*oid)?;
        if !awaits_channel(&case.file, line) {
            let waiting = line.unassigned.as_ref().map(|unassigned| unassigned.state.name());
            let given = case.file.live_of(*oid).next().map(|given| given.state.name());
            return Err(Refusal::IllegalMove {
                oid: *oid,
                state: given.or(waiting).unwrap_or("done"),
                asked: "given back to the channel",
                who_may: "only what nobody has accepted is; ask the location for what it has",
            });
        }
    }
    if lines.is_empty() {
        return Ok(Outcome::Done);
    }
    let why = format!("{why} ({})", label(who));
    ask(&mut case, &lines, &why)?;
    case.close();
    Ok(Outcome::Done)
}

fn ask(case: &mut Case<'_>, lines: &[Oid], why: &str) -> Result<(), Refusal> {
    let now = case.now();
    for oid in lines {
        case.line_mut(*oid)?.cancel_asked = Some(now);
        case.note(Note::line(*oid, Fact::CancelAsked).saying(why));
        case.raise(ExceptionKind::CancelAsked, Some(*oid), format!("the channel was asked to end it: {why}"));
    }
    let receiver = Receiver::Channel(case.trade().channel);
    case.send(receiver, Message::AskCancel { sub_orders: lines.to_vec(), reason: why.to_owned() });
    Ok(())
}
