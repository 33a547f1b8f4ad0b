//! What stores, POS and WMS apps say: accepted, refused, shipped (§6.6.8–6.6.10, §6.5, the keeper). One call is one
//! command: if any sub-order in it is refused, none changes. A repeat answers success and changes nothing.

use std::collections::BTreeMap;

use crate::command::{Address, Outcome, PerLine, RefuseReason, StoreAnswer};
use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::{Assignment, AssignmentState, Shipment};
use crate::order::machine::Event;
use crate::order::timeline::Fact;
use crate::order::trade::{Delivery, UnassignedState};
use crate::outward::Message;
use crate::refusal::Refusal;
use crate::seller::Acceptor;
use crate::service_settings::{DayPlace, Service};
use crate::stock::book::Moment;
use crate::stock::moves::Move;
use crate::time::Timestamp;
use crate::world::World;

use super::case::{Case, Note};
use super::partial::portion;
use super::reallocate;
use super::route::{self, Why};
use super::tell::{tell_allocator, tell_shipped};
use super::verdicts::Verdicts;
use super::who::{self, Deed};

/// A call about assignments of one trade: the trade on the table, what of it the caller means and may speak for, and the
/// verdicts so far.
pub(super) struct Said<'w> {
    pub(super) case: Case<'w>,
    pub(super) verdicts: Verdicts,
    meant: Vec<(AllocationCode, Oid)>,
    /// Sub-orders that no assignment has had yet; only milestones can be of them.
    pub(super) unallocated: Vec<Oid>,
}

impl<'w> Said<'w> {
    /// Takes the step on each assignment that is meant. Any refused sub-order refuses the call; otherwise, the sub-orders
    /// of those that moved, and the case to go on with.
    pub(super) fn each(
        mut self,
        mut step: impl FnMut(&mut Case<'w>, AllocationCode) -> Result<bool, Refusal>,
    ) -> Result<(Case<'w>, Vec<Oid>), Refusal> {
        let mut moved = Vec::new();
        for (code, oid) in self.meant {
            let verdict = step(&mut self.case, code);
            if self.verdicts.keep(oid, verdict) == Some(true) {
                moved.push(oid);
            }
        }
        self.verdicts.settle()?;
        Ok((self.case, moved))
    }

    /// Where the answer is about some of a line's units, leaves of what is meant only those, divided from the rest.
    fn take_portions(&mut self, units: &PerLine<Option<i64>>, deed: Deed) {
        let mut addressed: BTreeMap<(Oid, LocationId), Vec<AllocationCode>> = BTreeMap::new();
        for (code, oid) in &self.meant {
            let Some(location) = self.case.file.by_code(*code).map(|given| given.location) else { continue };
            if units.of(*oid, location).is_some() {
                addressed.entry((*oid, location)).or_default().push(*code);
            }
        }
        for ((oid, location), codes) in addressed {
            let Some(wanted) = *units.of(oid, location) else { continue };
            let portion = portion(&mut self.case, (oid, location), &codes, wanted, deed);
            let portion = self.verdicts.keep(oid, portion).unwrap_or_default();
            self.meant.retain(|(code, _)| !codes.contains(code));
            self.meant.extend(portion.into_iter().map(|code| (code, oid)));
        }
    }

    /// A refusal that names neither a time nor an allocation code, of goods that the store has sent for since it refused
    /// them, is that refusal come again: it means what was refused.
    fn forget_refusals_before_transfer(&mut self) {
        let Said { case, meant, .. } = self;
        for (code, oid) in meant {
            let Some(given) = case.file.by_code(*code).filter(|given| given.state == AssignmentState::Transferring)
            else {
                continue;
            };
            let sent_for = |other: &&Assignment| {
                other.oid == *oid
                    && other.location == given.location
                    && was_refused(other)
                    && other.has(Fact::TransferStarted, 0)
            };
            if let Some(refused) = case.file.assignments.iter().rfind(sent_for) {
                *code = refused.code;
            }
        }
    }

    /// The assignments that are meant.
    pub(super) fn codes(&self) -> impl Iterator<Item = AllocationCode> {
        self.meant.iter().map(|(code, _)| *code)
    }
}

/// Opens the trade, and judges of each line that the answer addresses whether the caller means and may do this.
pub(super) fn open<'w>(
    world: &'w mut World,
    answer: &StoreAnswer,
    deed: Deed,
    now: Timestamp,
) -> Result<Said<'w>, Refusal> {
    let at = Moment { happened: answer.happened.min(now), learnt: now };
    let case = Case::open(world, answer.tid, answer.who.clone(), at)?;
    case.must_be_ours()?;
    let mut said = Said { case, verdicts: Verdicts::default(), meant: Vec::new(), unallocated: Vec::new() };
    address(&mut said, &answer.address, deed)?;
    said.meant.sort_unstable();
    said.meant.dedup();
    let Said { case, verdicts, meant, .. } = &mut said;
    meant.retain(|(code, oid)| {
        let may = case.assignment(*code).and_then(|assignment| {
            check_kind(assignment, answer.claims_warehouse)?;
            who::check(case, assignment, deed)
        });
        verdicts.keep(*oid, may).is_some()
    });
    said.take_portions(&answer.units, deed);
    Ok(said)
}

fn address(said: &mut Said<'_>, address: &Address, deed: Deed) -> Result<(), Refusal> {
    let Said { case, verdicts, meant, unallocated } = said;
    match address {
        Address::Lines(lines) => {
            for (oid, location) in lines {
                let there = verdicts.keep(*oid, at_location(case, *oid, *location, deed));
                meant.extend(there.into_iter().flatten().map(|code| (code, *oid)));
            }
        }
        Address::Code(code, oids) => {
            let Assignment { oid: own, location, .. } = *case.assignment(*code)?;
            for oid in oids.iter().copied().filter(|oid| *oid != own) {
                let elsewhere = Refusal::NotAllocatedThere { oid, location };
                verdicts.keep(oid, case.line(oid).and(Err::<(), Refusal>(elsewhere)));
            }
            meant.push((*code, own));
        }
        Address::SubOrders(oids) => {
            let oids = if oids.is_empty() { case.named_lines(&[])? } else { oids.clone() };
            for oid in oids {
                let codes = verdicts.keep(oid, wherever(case, oid, deed)).unwrap_or_default();
                if codes.is_empty() && !unallocated.contains(&oid) {
                    unallocated.push(oid);
                }
                meant.extend(codes.into_iter().map(|code| (code, oid)));
            }
        }
    }
    Ok(())
}

/// The assignments of the sub-order at the location: live ones, else the latest.
fn at_location(case: &Case<'_>, oid: Oid, location: LocationId, deed: Deed) -> Result<Vec<AllocationCode>, Refusal> {
    case.line(oid)?;
    if case.world.places.get(location).is_none() {
        return Err(Refusal::LocationNotFound { location });
    }
    let there = case.file.addressed(oid, location);
    if there.is_empty() {
        return Err(Refusal::NotAllocatedThere { oid, location });
    }
    Ok(there.into_iter().map(|code| said_before(case, code, deed).unwrap_or(code)).collect())
}

/// The sub-order's live assignments, else the latest. None at all only for a milestone, which is then the sub-order's own.
fn wherever(case: &Case<'_>, oid: Oid, deed: Deed) -> Result<Vec<AllocationCode>, Refusal> {
    let line = case.line(oid)?;
    let live: Vec<AllocationCode> = case.file.live_of(oid).map(|assignment| assignment.code).collect();
    if !live.is_empty() {
        return Ok(live);
    }
    let latest = case.file.assignments.iter().rfind(|assignment| assignment.oid == oid);
    if latest.is_none() && deed != Deed::Milestone {
        let state = line.unassigned.as_ref().map_or("done", |unassigned| unassigned.state.name());
        let who_may = "only what was allocated can be spoken of like this";
        return Err(Refusal::IllegalMove { oid, state, asked: "answered for", who_may });
    }
    Ok(latest.map(|assignment| assignment.code).into_iter().collect())
}

/// The network may bring a call twice, and the location may have been offered the same sub-order again in between: what was
/// said no later than the new offer was made, and is on an earlier one's timeline, is about the earlier one.
fn said_before(case: &Case<'_>, code: AllocationCode, deed: Deed) -> Option<AllocationCode> {
    let offer = case.file.by_code(code)?;
    if case.at.happened > offer.allocated_at {
        return None;
    }
    let earlier = case.file.assignments.iter().rev().find(|made| {
        made.oid == offer.oid
            && made.location == offer.location
            && made.code != code
            && made.allocated_at <= offer.allocated_at
            && made.facts.iter().any(|known| deed.is_told_by(known.fact))
    })?;
    Some(earlier.code)
}

fn check_kind(assignment: &Assignment, claims_warehouse: Option<bool>) -> Result<(), Refusal> {
    let kind = |warehouse| if warehouse { "Warehouse" } else { "Store" };
    match claims_warehouse {
        Some(claimed) if claimed != assignment.warehouse => {
            Err(Refusal::WrongLocationKind { actual: kind(assignment.warehouse), claimed: kind(claimed) })
        }
        Some(_) | None => Ok(()),
    }
}

/// §6.6.8 / X_SHOP_ALLOCATION.
pub(super) fn accept(world: &mut World, answer: &StoreAnswer, now: Timestamp) -> Result<Outcome, Refusal> {
    let (mut case, moved) = open(world, answer, Deed::Accept, now)?.each(accept_one)?;
    if moved.is_empty() {
        return Ok(Outcome::Done);
    }
    tell_allocator(&mut case, moved, |sub_orders, operator| Message::TellAccepted { sub_orders, operator });
    case.close();
    Ok(Outcome::Done)
}

fn accept_one(case: &mut Case<'_>, code: AllocationCode) -> Result<bool, Refusal> {
    let assignment = case.assignment(code)?.clone();
    if assignment.has(Fact::Accepted, 0) {
        return Ok(false);
    }
    if assignment.state.is_taken_back() {
        take_up_again(case, &assignment, AssignmentState::Accepted)?;
    } else {
        case.carry(code, Event::Accept)?;
    }
    Ok(true)
}

/// An accept, or a pickup's confirmation, that comes after the offer was taken back wins if nobody has the units yet and it
/// can hold them again. `state` is the one that the answer leads to.
pub(super) fn take_up_again(
    case: &mut Case<'_>,
    assignment: &Assignment,
    state: AssignmentState,
) -> Result<(), Refusal> {
    let (oid, location, code) = (assignment.oid, assignment.location, assignment.code);
    let withdrawn = Refusal::OfferWithdrawn { oid, location };
    let line = case.line(oid)?;
    let free = line.unassigned.as_ref().is_some_and(|unassigned| {
        unassigned.units >= assignment.units
            && matches!(unassigned.state, UnassignedState::Routing | UnassignedState::Unfillable { .. })
    });
    let elsewhere = matches!(line.delivery, Delivery::Pickup { store } if store != location);
    // A delivery is accepted, a pickup confirmed: neither takes the other's word.
    let fits = assignment.pickup == (state == AssignmentState::Confirmed);
    if !free || elsewhere || !fits || line.channel_closed {
        return Err(withdrawn);
    }
    let wanted = Move { guarded: false, ..Move::to_assignment(code, location, assignment.units) };
    case.ledger(oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?.map_err(|_| withdrawn)?;
    let line = case.line_mut(oid)?;
    line.excluded.retain(|exclusion| exclusion.location != location);
    line.unassigned =
        line.unassigned.take().filter(|unassigned| unassigned.units > assignment.units).map(|mut unassigned| {
            unassigned.units -= assignment.units;
            unassigned
        });
    case.queue_for_lack(oid)?;
    let fact = if assignment.pickup { Fact::Confirmed } else { Fact::Accepted };
    case.note(Note::on(assignment, fact).saying("late: the units were still free"));
    let service = Service::of(case.line(oid)?.delivery);
    let day_place = case.hold_capacity(location, service).map(|place| DayPlace { confirmed: true, ..place });
    let revived = case.assignment_mut(code)?;
    revived.day_place = day_place;
    revived.state = state;
    case.start_clock(code)?;
    case.allocations_changed();
    Ok(())
}

/// §6.6.9 / X_SHOP_DENY.
pub(super) fn refuse(
    world: &mut World,
    answer: &StoreAnswer,
    reasons: &PerLine<RefuseReason>,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut said = open(world, answer, Deed::Refuse, now)?;
    if !answer.timed && matches!(answer.address, Address::Lines(_)) {
        said.forget_refusals_before_transfer();
    }
    // Before any step gives units back: they must not be held anew in the cells just doubted.
    let codes: Vec<AllocationCode> = said.codes().collect();
    for code in codes {
        doubt(&mut said.case, code, reasons)?;
    }
    let (mut case, moved) = said.each(|case, code| refuse_one(case, code, reasons))?;
    if moved.is_empty() {
        return Ok(Outcome::Done);
    }
    tell_allocator(&mut case, moved, |sub_orders, operator| Message::TellRefused { sub_orders, operator });
    route::serve(&mut case, Why::New, &[])?;
    case.close();
    Ok(Outcome::Done)
}

fn refuse_one(case: &mut Case<'_>, code: AllocationCode, reasons: &PerLine<RefuseReason>) -> Result<bool, Refusal> {
    let assignment = case.assignment(code)?.clone();
    if was_refused(&assignment) {
        return Ok(false);
    }
    let reason = *reasons.of(assignment.oid, assignment.location);
    case.carry_because(code, Event::Refuse, Some(reason.name()))?;
    reallocate::send_on(case, &assignment)?;
    Ok(true)
}

fn was_refused(assignment: &Assignment) -> bool {
    assignment.has(Fact::Refused, 0) || assignment.has(Fact::GaveBack, 0)
}

/// A store that says "no goods" doubts its own cells, where the seller wants that.
fn doubt(case: &mut Case<'_>, code: AllocationCode, reasons: &PerLine<RefuseReason>) -> Result<(), Refusal> {
    let assignment = case.assignment(code)?;
    let (oid, location) = (assignment.oid, assignment.location);
    let doubted = *reasons.of(oid, location) == RefuseReason::NoGoods && !was_refused(assignment);
    if !doubted || !case.world.seller.settings.suspect_on_no_goods {
        return Ok(());
    }
    case.ledger(oid, |ledger, _, owner| ledger.mark_suspect(owner, code, location))
}

/// §6.6.10 / X_SHOP_HANDLED.
pub(super) fn ship(
    world: &mut World,
    answer: &StoreAnswer,
    shipments: &PerLine<Shipment>,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let mut gone: Vec<(Oid, Shipment)> = Vec::new();
    let (mut case, changed) = open(world, answer, Deed::Ship, now)?.each(|case, code| {
        let assignment = case.assignment(code)?.clone();
        let shipment = shipments.of(assignment.oid, assignment.location);
        if assignment.has(Fact::Shipped, 0) {
            return correct(case, &assignment, shipment);
        }
        let flag = channel_comes_first(case, &assignment)?;
        hand_over(case, &assignment, shipment, flag)?;
        gone.push((assignment.oid, shipment.clone()));
        Ok(true)
    })?;
    if changed.is_empty() {
        return Ok(Outcome::Done);
    }
    if !gone.is_empty() {
        tell_shipped(&mut case, &gone);
    }
    case.close();
    Ok(Outcome::Done)
}

/// The flag of a shipment that was not consigned at the channel first.
pub(super) const WITHOUT_CHANNEL: &str = "without_channel";

/// The goods leave: the machine's step, with the waybill on the assignment and what is to be flagged on the fact.
pub(super) fn hand_over(
    case: &mut Case<'_>,
    assignment: &Assignment,
    shipment: &Shipment,
    flag: Option<&'static str>,
) -> Result<(), Refusal> {
    case.carry_because(assignment.code, Event::Ship { warehouse: assignment.warehouse }, flag)?;
    case.assignment_mut(assignment.code)?.shipment = Some(shipment.clone());
    Ok(())
}

/// Another waybill for what has shipped is a correction; the same one is a repeat.
fn correct(case: &mut Case<'_>, assignment: &Assignment, shipment: &Shipment) -> Result<bool, Refusal> {
    let same = assignment
        .shipment
        .as_ref()
        .is_some_and(|known| known.company_code == shipment.company_code && known.waybill == shipment.waybill);
    if same {
        return Ok(false);
    }
    let recurrence = case.recurrence();
    let detail = format!("{} {}", shipment.company_code, shipment.waybill);
    case.note(Note::on(assignment, Fact::ShipmentCorrected).of(recurrence).saying(detail));
    case.assignment_mut(assignment.code)?.shipment = Some(shipment.clone());
    Ok(true)
}

/// In 3.3 and 3.4 the merchant consigns at the channel first (§3.4); without it the shipment is refused, or flagged on
/// its own fact.
fn channel_comes_first(case: &Case<'_>, assignment: &Assignment) -> Result<Option<&'static str>, Refusal> {
    let consigned = case.line(assignment.oid)?.channel_consigned.is_some();
    if consigned || case.mode().acceptor == Acceptor::Keeper {
        return Ok(None);
    }
    if case.world.seller.settings.require_channel_consign {
        return Err(Refusal::ChannelConsignMissing { oid: assignment.oid });
    }
    Ok(Some(WITHOUT_CHANNEL))
}
