//! `logistics.*.send` that the merchant made at the channel himself (§3.4): for a store's assignment a fact that moves no
//! state, for a warehouse's the shipping itself.

use crate::command::Outcome;
use crate::ids::{Oid, Tid};
use crate::order::assignment::Shipment;
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{ChannelConsign, Level};
use crate::refusal::Refusal;
use crate::stock::book::Moment;
use crate::time::Timestamp;
use crate::world::World;

use super::answers::hand_over;
use super::cancel::live;
use super::case::{Case, Note};
use super::tell::tell_shipped;

/// Without sub-orders it means every one of the trade.
pub(super) fn see_channel_consign(
    world: &mut World,
    tid: Tid,
    sub_orders: &[Oid],
    consign: &ChannelConsign,
    who: &Actor,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let at = Moment { happened: consign.at.min(now), learnt: now };
    let mut case = Case::open(world, tid, who.clone(), at)?;
    let lines = case.named_lines(sub_orders)?;
    if case.trade().level != Level::Routed {
        return Ok(Outcome::Seen { changed: false });
    }
    let changed = take_in(&mut case, &lines, consign)?;
    if changed {
        case.close();
    }
    Ok(Outcome::Seen { changed })
}

/// As the trade itself tells it: the channel shows what was consigned, by whomever. What we told it comes back as it went
/// and is nothing new.
pub(super) fn see_consigned_lines(case: &mut Case<'_>, consigned: &[(Oid, ChannelConsign)]) -> Result<(), Refusal> {
    for (oid, consign) in consigned {
        if !is_echo(case, *oid, consign) {
            take_in(case, &[*oid], consign)?;
        }
    }
    Ok(())
}

fn is_echo(case: &Case<'_>, oid: Oid, consign: &ChannelConsign) -> bool {
    let mut shipped = case.file.assignments.iter().filter(|given| given.oid == oid && given.has(Fact::Shipped, 0));
    let unnamed = consign.waybill.is_empty();
    shipped.any(|given| given.shipment.as_ref().is_none_or(|sent| unnamed || sent.waybill == consign.waybill))
}

/// Notes it on the lines, and ships what warehouses have of them. Says whether anything was new.
fn take_in(case: &mut Case<'_>, lines: &[Oid], consign: &ChannelConsign) -> Result<bool, Refusal> {
    let shipment = Shipment {
        company_code: consign.company_code.clone(),
        company_name: String::new(),
        waybill: consign.waybill.clone(),
        at: consign.at,
    };
    let mut gone = Vec::new();
    let mut changed = false;
    for oid in lines {
        changed |= record(case, *oid, consign)?;
        for code in live(case, *oid) {
            let assignment = case.assignment(code)?.clone();
            let ships = assignment.step(Event::Ship { warehouse: true }).is_ok();
            if assignment.warehouse && ships {
                hand_over(case, &assignment, &shipment, None)?;
                gone.push((*oid, shipment.clone()));
            }
        }
    }
    if !gone.is_empty() {
        changed = true;
        tell_shipped(case, &gone);
    }
    Ok(changed)
}

/// Notes the consignment on the line; the same one again is nothing new.
fn record(case: &mut Case<'_>, oid: Oid, consign: &ChannelConsign) -> Result<bool, Refusal> {
    let line = case.line_mut(oid)?;
    let same = line
        .channel_consigned
        .as_ref()
        .is_some_and(|known| known.company_code == consign.company_code && known.waybill == consign.waybill);
    if same {
        return Ok(false);
    }
    let first = line.channel_consigned.is_none();
    line.channel_consigned = Some(consign.clone());
    let request = if first { 0 } else { case.recurrence() };
    let detail = format!("{} {}", consign.company_code, consign.waybill);
    case.note(Note::line(oid, Fact::ChannelConsigned).of(request).saying(detail));
    Ok(true)
}
