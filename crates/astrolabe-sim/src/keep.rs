//! The last commit, in memory: what a database would hold after every [`Changes`] of one merchant, and what it would
//! answer to [`Names`]. A run's truth: crashes lose the lanes' working sets and never this.
//!
//! It writes nothing a store would refuse: a row that may exist once and comes twice is a violation.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::exception::{Closing, Exception, ExceptionChange, ExceptionState};
use astrolabe_core::goods::{Item, ScItem};
use astrolabe_core::ids::{
    AllocationCode, HandoverCode, HoldKey, ItemId, LocationId, Oid, OutwardId, ReservationId, ScItemId, Tid, WorkId,
};
use astrolabe_core::order::assignment::{Assignment, AssignmentState};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::{Fact, TimelineFact};
use astrolabe_core::order::trade::{SubOrder, Trade};
use astrolabe_core::outward::{Outward, OutwardState};
use astrolabe_core::place::Location;
use astrolabe_core::seller::Seller;
use astrolabe_core::service_settings::DayKey;
use astrolabe_core::stock::article::{ArticleStock, Waiting};
use astrolabe_core::stock::book::QueueChange;
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::stock::deduct::QueuePlace;
use astrolabe_core::stock::entry::{EntryKind, StockEntry};
use astrolabe_core::stock::hold::{AheadHold, AheadState, Holder, HolderKind, HolderName, Reservation, Role};
use astrolabe_core::stock::invariants::Snapshot;
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{
    AdjustKey, AdjustRecord, BillKey, BillRecord, Changes, HOLDERS_MAX, Loaded, Names, NewWork, OCCUPANTS_MAX,
    Occupancy, SlotChange, TradePlace, WAITING_MAX,
};

use crate::scenario::Merchant;

/// What names a line of a timeline.
type FactKey = (Tid, Option<Oid>, Option<AllocationCode>, Fact, i64);

/// One merchant as committed.
#[derive(Clone, Debug)]
pub(crate) struct Keep {
    pub(crate) version: i64,
    pub(crate) seller: Seller,
    pub(crate) places: BTreeMap<LocationId, Location>,
    pub(crate) items: BTreeMap<ItemId, Item>,
    pub(crate) sc_items: BTreeMap<ScItemId, ScItem>,
    pub(crate) trades: BTreeMap<Tid, Trade>,
    pub(crate) assignments: BTreeMap<Tid, Vec<Assignment>>,
    pub(crate) reservations: BTreeMap<ReservationId, Reservation>,
    pub(crate) cells: BTreeMap<CellKey, StockCell>,
    pub(crate) queue: BTreeMap<ScItemId, BTreeSet<Waiting>>,
    pub(crate) ledger: Vec<StockEntry>,
    pub(crate) ahead: BTreeMap<HoldKey, AheadHold>,
    pub(crate) bills: BTreeMap<BillKey, BillRecord>,
    pub(crate) adjusts: BTreeMap<AdjustKey, AdjustRecord>,
    pub(crate) timeline: Vec<TimelineFact>,
    pub(crate) outward: BTreeMap<OutwardId, (Outward, OutwardState)>,
    pub(crate) work: BTreeMap<WorkId, NewWork>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) handover_codes: BTreeMap<HandoverCode, Tid>,
    pub(crate) day_loads: BTreeMap<DayKey, i64>,
    facts: BTreeSet<FactKey>,
    changed: Vec<(i64, Changed)>,
}

/// What a lane whose working set is older must forget or load again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Changed {
    pub(crate) articles: BTreeSet<ScItemId>,
    pub(crate) items: BTreeSet<ItemId>,
    pub(crate) day_loads: BTreeMap<DayKey, i64>,
    pub(crate) seller: bool,
}

impl Keep {
    /// A merchant before anything has happened.
    pub(crate) fn open(merchant: &Merchant) -> Self {
        Self {
            version: 1,
            seller: merchant.seller.clone(),
            places: merchant.places.iter().map(|place| (place.id, place.clone())).collect(),
            items: merchant.items.iter().map(|item| (item.id, item.clone())).collect(),
            sc_items: merchant.sc_items.iter().map(|article| (article.id, article.clone())).collect(),
            trades: BTreeMap::new(),
            assignments: BTreeMap::new(),
            reservations: BTreeMap::new(),
            cells: BTreeMap::new(),
            queue: BTreeMap::new(),
            ledger: Vec::new(),
            ahead: BTreeMap::new(),
            bills: BTreeMap::new(),
            adjusts: BTreeMap::new(),
            timeline: Vec::new(),
            outward: BTreeMap::new(),
            work: BTreeMap::new(),
            exceptions: Vec::new(),
            handover_codes: BTreeMap::new(),
            day_loads: BTreeMap::new(),
            facts: BTreeSet::new(),
            changed: Vec::new(),
        }
    }

    /// What the directory and the master data were declared with, as the rows of a first group.
    pub(crate) fn opening(&self) -> Changes {
        let put = |item: &Item| SlotChange { key: item.id, before: None, after: Some(item.clone()) };
        let article = |article: &ScItem| SlotChange { key: article.id, before: None, after: Some(article.clone()) };
        Changes {
            locations: self.places.values().cloned().collect(),
            items: self.items.values().map(put).collect(),
            sc_items: self.sc_items.values().map(article).collect(),
            ..Changes::default()
        }
    }

    /// Everything of a trade.
    pub(crate) fn file(&self, tid: Tid) -> Option<TradeFile> {
        let trade = self.trades.get(&tid)?.clone();
        let assignments = self.assignments.get(&tid).cloned().unwrap_or_default();
        let reservations = self.reservations.values().filter(|held| held.tid == tid).cloned().collect();
        Some(TradeFile { trade, assignments, reservations })
    }

    /// All trades with everything of them.
    pub(crate) fn files(&self) -> impl Iterator<Item = TradeFile> {
        self.trades.keys().filter_map(|tid| self.file(*tid))
    }

    /// Everything that `names` names.
    pub(crate) fn load(&self, names: &Names) -> Loaded {
        let mut items: BTreeMap<ItemId, Item> =
            names.items.iter().filter_map(|id| self.items.get(id)).map(|item| (item.id, item.clone())).collect();
        let maps = |item: &&Item| item.skus.values().any(|mapping| names.mapped_to.contains(&mapping.sc_item));
        items.extend(self.items.values().filter(maps).map(|item| (item.id, item.clone())));
        let wanted =
            |article: &&ScItem| names.sc_items.contains(&article.id) || names.outer_codes.contains(&article.outer_code);
        Loaded {
            files: names.tids.iter().filter_map(|tid| self.file(*tid)).collect(),
            items: items.into_values().collect(),
            sc_items: self.sc_items.values().filter(wanted).cloned().collect(),
            articles: names.sc_items.iter().filter_map(|id| self.article(*id)).collect(),
            ahead: names.hold_keys.iter().filter_map(|key| self.ahead.get(key)).cloned().collect(),
            bills: pairs(&self.bills, |key| names.bill_nums.contains(&key.bill_num)),
            adjusts: pairs(&self.adjusts, |key| names.adjust_nums.contains(&key.bill_num)),
            committed_after: names.committed_after.iter().map(|key| (*key, self.committed_after(key))).collect(),
            holders: names.holders.iter().map(|cell| (*cell, self.holders(cell))).collect(),
            occupancy: names.occupancy.iter().map(|id| (*id, self.occupancy(*id))).collect(),
            waiting_after: names.waiting_after.iter().map(|after| (*after, self.waiting_after(*after))).collect(),
            day_loads: pairs(&self.day_loads, |key| names.days.contains(&key.day)),
            exceptions: self.exceptions.iter().filter(|kept| names.exceptions.contains(&kept.id)).cloned().collect(),
            // No app registers for pushes, so nothing of the history is asked for.
            history: BTreeMap::new(),
        }
    }

    /// What was changed after a version.
    pub(crate) fn changed_since(&self, version: i64) -> Changed {
        let mut all = Changed::default();
        for (_, changed) in self.changed.iter().filter(|(at, _)| *at > version) {
            all.articles.extend(&changed.articles);
            all.items.extend(&changed.items);
            all.day_loads.extend(&changed.day_loads);
            all.seller |= changed.seller;
        }
        all
    }

    fn article(&self, id: ScItemId) -> Option<ArticleStock> {
        let cells: Vec<_> = self.cells.iter().filter(|(key, _)| key.sc_item == id).collect();
        let waiting = self.queue.get(&id).cloned().unwrap_or_default();
        let known = !cells.is_empty() || !waiting.is_empty();
        known.then(|| ArticleStock::new(id, cells.into_iter().map(|(key, cell)| (*key, cell.clone())), waiting))
    }

    fn committed_after(&self, (cell, second): &(CellKey, i64)) -> i64 {
        let later = self.ledger.iter().filter(|entry| entry.cell == *cell && entry.learnt.second() > *second);
        later.filter(|entry| is_commit(entry)).map(|entry| entry.unreported).sum()
    }

    /// Who holds units of a cell and may be freed.
    pub(crate) fn holders(&self, cell: &CellKey) -> Vec<Holder> {
        let kind = |held: &Reservation| {
            let Some(code) = held.code else { return Some(HolderKind::Unassigned) };
            let assigned = self.assignments.get(&held.tid)?.iter().find(|made| made.code == code)?;
            (assigned.state == AssignmentState::Notified && !assigned.pickup).then_some(HolderKind::Offered)
        };
        let orders = self.reservations.values().filter(|held| held.cell == *cell).filter_map(|held| {
            let kind = if held.role == Role::Guard { Some(HolderKind::Guard) } else { kind(held) };
            let who = HolderName::Trade { tid: held.tid, reservation: held.id };
            kind.map(|kind| Holder { kind, who, units: held.units, made_at: held.made_at })
        });
        let ahead = self.ahead.values().filter(|hold| hold.state == AheadState::Held).flat_map(|hold| {
            hold.parts.iter().filter(|part| part.cell == *cell).map(|part| Holder {
                kind: HolderKind::Ahead,
                who: HolderName::Ahead { key: hold.key.clone() },
                units: part.units,
                made_at: hold.made_at,
            })
        });
        let mut found: Vec<Holder> = orders.chain(ahead).collect();
        found.sort_by_key(Holder::freeing_order);
        found.truncate(HOLDERS_MAX);
        found
    }

    fn occupancy(&self, location: LocationId) -> Occupancy {
        let there = |state: fn(&Assignment) -> bool| {
            self.assignments.values().flatten().filter(move |made| made.location == location && state(made))
        };
        let mut notified: BTreeMap<Tid, AllocationCode> = BTreeMap::new();
        for made in there(|made| made.state == AssignmentState::Notified && !made.pickup) {
            let first = notified.entry(made.tid).or_insert(made.code);
            *first = made.code.min(*first);
        }
        let mut notified: Vec<(AllocationCode, Tid)> = notified.into_iter().map(|(tid, code)| (code, tid)).collect();
        notified.sort_unstable();
        let certain = self
            .cells
            .iter()
            .filter(|(key, _)| key.location == location && key.class == StockClass::Certain)
            .map(|(_, cell)| cell.on_hand.max(0));
        Occupancy {
            live_assignments: i64::try_from(there(|made| made.state.holds_stock()).count()).unwrap_or(i64::MAX),
            notified: notified.into_iter().map(|(_, tid)| tid).take(OCCUPANTS_MAX).collect(),
            certain_units: certain.sum(),
        }
    }

    fn waiting_after(&self, after: Option<TradePlace>) -> Vec<TradePlace> {
        let place = |trade: &Trade| Some(TradePlace { pay_time: trade.pay_time?, tid: trade.tid });
        let waiting = self.trades.values().filter(|trade| awaits(trade)).filter_map(place);
        let mut found: Vec<TradePlace> = waiting.filter(|place| Some(*place) > after).collect();
        found.sort_unstable();
        found.truncate(WAITING_MAX);
        found
    }

    /// Everything the core's invariants speak of.
    pub(crate) fn snapshot(&self, quiet_at: Option<Timestamp>) -> Snapshot {
        use astrolabe_core::stock::invariants::AheadFacts;
        let mut snapshot = Snapshot { quiet_at, ..Snapshot::default() };
        snapshot.add_ledger(&self.ledger);
        for (key, record) in &self.bills {
            let cell = CellKey::of(key.sc_item, key.location, key.class, astrolabe_core::ids::TMALL);
            snapshot.add_report(cell, record.book_change);
        }
        for file in self.files() {
            snapshot.add_file(&file);
        }
        for hold in self.ahead.values().filter(|hold| hold.state == AheadState::Held) {
            snapshot.ahead.extend(hold.parts.iter().map(|part| AheadFacts {
                key: hold.key.clone(),
                cell: part.cell,
                units: part.units,
                expires_at: hold.expires_at,
            }));
        }
        snapshot.cells = self.cells.clone();
        snapshot.day_loads = self.day_loads.clone();
        let strange = self
            .cells
            .keys()
            .filter(|key| !self.places.contains_key(&key.location) || !self.sc_items.contains_key(&key.sc_item));
        snapshot.strangers.extend(strange.map(|key| format!("{key} is not of seller {}", self.seller.id)));
        snapshot
    }

    /// Writes one group.
    ///
    /// # Errors
    /// The row that a database would refuse.
    pub(crate) fn commit(&mut self, changes: Changes) -> Result<(), String> {
        self.version += 1;
        self.note_changed(&changes);
        self.commit_orders(&changes)?;
        self.commit_stock(&changes)?;
        self.commit_calls(changes)
    }

    fn note_changed(&mut self, changes: &Changes) {
        let touched = changes.stock.cells.iter().map(|(key, _)| key.sc_item);
        let queued = changes.stock.queue.iter().map(|change| match change {
            QueueChange::Enqueued(sc_item, _) | QueueChange::Dequeued(sc_item, _) => *sc_item,
        });
        let named = changes.sc_items.iter().map(|change| change.key);
        let changed = Changed {
            articles: touched.chain(queued).chain(named).collect(),
            items: changes.items.iter().map(|change| change.key).collect(),
            day_loads: changes.day_loads.iter().copied().collect(),
            seller: !changes.locations.is_empty(),
        };
        self.changed.push((self.version, changed));
    }

    fn commit_orders(&mut self, changes: &Changes) -> Result<(), String> {
        self.trades.extend(changes.put_trades.iter().map(|trade| (trade.tid, trade.clone())));
        for made in &changes.put_assignments {
            let of_trade = self.assignments.entry(made.tid).or_default();
            match of_trade.iter_mut().find(|known| known.code == made.code) {
                Some(known) => *known = made.clone(),
                None => of_trade.push(made.clone()),
            }
        }
        for (_, id) in &changes.gone_reservations {
            self.reservations.remove(id).ok_or_else(|| format!("reservation {id} was gone before"))?;
        }
        self.reservations.extend(changes.put_reservations.iter().map(|held| (held.id, held.clone())));
        for fact in &changes.timeline {
            let key = (fact.tid, fact.oid, fact.code, fact.fact, fact.request);
            if !self.facts.insert(key) {
                return Err(format!("the timeline has this fact already: {key:?}"));
            }
        }
        self.timeline.extend(changes.timeline.iter().cloned());
        for (code, tid) in &changes.handover_codes {
            if self.handover_codes.insert(code.clone(), *tid).is_some() {
                return Err(format!("a handover code of trade {tid} was given twice"));
            }
        }
        Ok(())
    }

    fn commit_stock(&mut self, changes: &Changes) -> Result<(), String> {
        self.cells.extend(changes.stock.cells.iter().cloned());
        self.ledger.extend(changes.stock.entries.iter().cloned());
        for change in &changes.stock.queue {
            match change {
                QueueChange::Enqueued(sc_item, waiting) => {
                    let queue = self.queue.entry(*sc_item).or_default();
                    queue.retain(|known| QueuePlace::of(known) != QueuePlace::of(waiting));
                    queue.insert(*waiting);
                }
                QueueChange::Dequeued(sc_item, waiting) => {
                    let queue = self.queue.entry(*sc_item).or_default();
                    queue.retain(|known| QueuePlace::of(known) != QueuePlace::of(waiting));
                }
            }
        }
        for change in &changes.ahead {
            match &change.after {
                Some(hold) => self.ahead.insert(change.key.clone(), hold.clone()),
                None => self.ahead.remove(&change.key),
            };
        }
        for (key, record) in &changes.bills {
            if self.bills.insert(key.clone(), record.clone()).is_some() {
                return Err(format!("bill {} was applied twice", key.bill_num));
            }
        }
        self.adjusts.extend(changes.adjusts.iter().cloned());
        self.day_loads.extend(changes.day_loads.iter().copied());
        put_all(&mut self.items, &changes.items);
        put_all(&mut self.sc_items, &changes.sc_items);
        self.places.extend(changes.locations.iter().map(|place| (place.id, place.clone())));
        Ok(())
    }

    fn commit_calls(&mut self, changes: Changes) -> Result<(), String> {
        for call in changes.outward {
            let (id, made_at) = (call.id, call.made_at);
            let fresh = OutwardState::Pending { attempts: 0, next_at: made_at, last_error: None };
            if self.outward.insert(id, (call, fresh)).is_some() {
                return Err(format!("call {id} was made twice"));
            }
        }
        for settled in changes.settled {
            let call = self.outward.get_mut(&settled.id).ok_or_else(|| format!("no call {} to settle", settled.id))?;
            call.1 = settled.state;
        }
        self.work.extend(changes.work.into_iter().map(|work| (work.id, work)));
        for id in changes.work_done {
            self.work.remove(&id);
        }
        changes.exceptions.into_iter().for_each(|change| self.commit_exception(change));
        Ok(())
    }

    /// One open exception of a kind about a thing; what is closed stays as it is.
    fn commit_exception(&mut self, change: ExceptionChange) {
        let mut open = self.exceptions.iter_mut().filter(|kept| kept.state != ExceptionState::Closed);
        match change {
            ExceptionChange::Raised(raised) => {
                match open.find(|kept| kept.kind == raised.kind && kept.subject == raised.subject) {
                    Some(kept) => {
                        kept.times += 1;
                        kept.last_at = raised.at;
                        kept.detail = raised.detail;
                    }
                    None => self.exceptions.push(Exception::of(&raised)),
                }
            }
            ExceptionChange::Gone { kind, subject, how, at } => {
                for kept in open.filter(|kept| kept.kind == kind && kept.subject == subject) {
                    kept.state = ExceptionState::Closed;
                    kept.closing = Some(Closing { at, by: None, how: how.to_owned() });
                }
            }
            ExceptionChange::Put(changed) => {
                if let Some(kept) = open.find(|kept| kept.id == changed.id) {
                    *kept = changed;
                }
            }
        }
    }
}

fn put_all<K: Ord + Clone, V: Clone>(kept: &mut BTreeMap<K, V>, changes: &[SlotChange<K, V>]) {
    for change in changes {
        match &change.after {
            Some(value) => kept.insert(change.key.clone(), value.clone()),
            None => kept.remove(&change.key),
        };
    }
}

fn pairs<K: Clone, V: Clone>(kept: &BTreeMap<K, V>, wanted: impl Fn(&K) -> bool) -> Vec<(K, V)> {
    kept.iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn awaits(trade: &Trade) -> bool {
    trade.sub_orders.iter().any(SubOrder::awaits_allocation)
}

/// Whether an entry takes units off a shelf for good.
pub(crate) fn is_commit(entry: &StockEntry) -> bool {
    entry.kind == EntryKind::Commit || entry.kind == EntryKind::CommitUnheld
}
