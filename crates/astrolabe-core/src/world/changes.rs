//! What one group leaves to be written, in one transaction.

use std::collections::BTreeSet;

use crate::command::{Published, PushUser, Work};
use crate::exception::ExceptionChange;
use crate::goods::{Item, ScItem};
use crate::ids::{HandoverCode, HoldKey, ItemId, OutwardId, RefundId, ReservationId, ScItemId, Tid, WorkId};
use crate::order::assignment::Assignment;
use crate::order::file::TradeFile;
use crate::order::timeline::TimelineFact;
use crate::order::trade::Trade;
use crate::outward::{Outward, OutwardState};
use crate::place::Location;
use crate::service_settings::DayKey;
use crate::stock::book::StockChanges;
use crate::stock::hold::{AheadHold, Reservation};
use crate::time::Timestamp;
use crate::world::bills::{AdjustKey, AdjustRecord, BillKey, BillRecord};
use crate::world::slots::SlotChange;
use crate::world::{Journal, World};

/// Rows of one group. "Put" means insert or replace by key.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub stock: StockChanges,
    pub put_trades: Vec<Trade>,
    pub put_assignments: Vec<Assignment>,
    pub put_reservations: Vec<Reservation>,
    /// Holds that ended, each with the trade it was for.
    pub gone_reservations: Vec<(Tid, ReservationId)>,
    pub ahead: Vec<SlotChange<HoldKey, AheadHold>>,
    pub bills: Vec<(BillKey, BillRecord)>,
    pub adjusts: Vec<(AdjustKey, AdjustRecord)>,
    pub timeline: Vec<TimelineFact>,
    pub outward: Vec<Outward>,
    pub settled: Vec<OutwardSettled>,
    pub work: Vec<NewWork>,
    pub work_done: Vec<WorkId>,
    pub published: Vec<(Tid, Published)>,
    /// Refund objects as published; one older than what is kept changes nothing.
    pub refunds: Vec<PublishedRefund>,
    /// What comes up for people to settle, and what is settled, in order.
    pub exceptions: Vec<ExceptionChange>,
    /// Codes that were issued, each for goods of one trade. Never changed, never given twice.
    pub handover_codes: Vec<(HandoverCode, Tid)>,
    pub locations: Vec<Location>,
    /// Registrations for pushes that changed.
    pub push_users: Vec<PushUser>,
    /// Sub-orders that locations have taken on a day, where they limit them.
    pub day_loads: Vec<(DayKey, i64)>,
    pub items: Vec<SlotChange<ItemId, Item>>,
    pub sc_items: Vec<SlotChange<ScItemId, ScItem>>,
}

/// How a call outward went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutwardSettled {
    pub id: OutwardId,
    pub state: OutwardState,
}

/// A piece of work for later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewWork {
    pub id: WorkId,
    pub work: Work,
    pub made_at: Timestamp,
}

/// A refund object as the channel published it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishedRefund {
    pub id: RefundId,
    pub tid: Tid,
    pub modified: Timestamp,
    pub text: String,
}

pub(super) fn take(world: &mut World) -> Changes {
    let journal = std::mem::take(&mut world.journal);
    let mut changes = Changes {
        stock: world.stock.take_changes(),
        ahead: world.ahead.take_changes(),
        bills: put_only(world.bills.take_changes()),
        adjusts: put_only(world.adjusts.take_changes()),
        items: world.items.take_changes(),
        sc_items: world.sc_items.take_changes(),
        locations: touched_places(world),
        push_users: world.push_users.take_changes(),
        day_loads: world.day_loads.take_changes(),
        ..Changes::default()
    };
    take_journal(&mut changes, journal);
    let by_people = put_only(world.exceptions.take_changes());
    changes.exceptions.extend(by_people.into_iter().map(|(_, exception)| ExceptionChange::Put(exception)));
    for change in world.files.take_changes() {
        if let Some(after) = change.after {
            take_file(&mut changes, change.before.as_ref(), after);
        }
    }
    changes
}

fn touched_places(world: &mut World) -> Vec<Location> {
    let touched = std::mem::take(&mut world.places_touched);
    touched.into_keys().filter_map(|id| world.places.get(id).cloned()).collect()
}

fn put_only<K, V>(changes: Vec<SlotChange<K, V>>) -> Vec<(K, V)> {
    changes.into_iter().filter_map(|change| change.after.map(|after| (change.key, after))).collect()
}

fn take_journal(changes: &mut Changes, journal: Journal) {
    changes.timeline = journal.timeline;
    changes.outward = journal.outward;
    changes.settled = journal.settled;
    changes.work = journal.work;
    changes.work_done = journal.work_done;
    changes.published = journal.published;
    changes.refunds = journal.refunds;
    changes.exceptions = journal.exceptions;
    changes.handover_codes = journal.handover_codes;
}

fn take_file(changes: &mut Changes, before: Option<&TradeFile>, after: TradeFile) {
    if before.is_none_or(|before| before.trade != after.trade) {
        changes.put_trades.push(after.trade);
    }
    for assignment in after.assignments {
        let known = before.and_then(|before| before.by_code(assignment.code));
        if known != Some(&assignment) {
            changes.put_assignments.push(assignment);
        }
    }
    let held_before = before.map(|before| before.reservations.as_slice()).unwrap_or_default();
    for reservation in held_before {
        if !after.reservations.iter().any(|held| held.id == reservation.id) {
            changes.gone_reservations.push((reservation.tid, reservation.id));
        }
    }
    for reservation in after.reservations {
        if !held_before.contains(&reservation) {
            changes.put_reservations.push(reservation);
        }
    }
}

impl Changes {
    /// Rows this group writes, as the row budget counts them (the lane's own row not included).
    pub fn rows(&self) -> usize {
        self.stock.cells.len()
            + self.stock.entries.len()
            + self.stock.discrepancies.len()
            + self.stock.queue.len()
            + self.put_trades.len()
            + self.put_assignments.len()
            + self.put_reservations.len()
            + self.gone_reservations.len()
            + self.ahead.len()
            + self.bills.len()
            + self.adjusts.len()
            + self.timeline.len()
            + self.outward.len()
            + self.settled.len()
            + self.work.len()
            + self.work_done.len()
            + self.published_alone()
            + self.refunds.len()
            + self.exceptions.len()
            + self.handover_codes.len()
            + self.locations.len()
            + self.push_users.len()
            + self.day_loads.len()
            + self.items.len()
            + self.sc_items.len()
    }

    /// Published texts whose trade's row is not written anyway: the text lies in it.
    fn published_alone(&self) -> usize {
        let with_trade: BTreeSet<Tid> = self.put_trades.iter().map(|trade| trade.tid).collect();
        self.published.iter().filter(|(tid, _)| !with_trade.contains(tid)).count()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }
}
