//! A small merchant in memory: three stores and a warehouse, one tagged item, one untagged, a kit. It loads what
//! commands name, decides, keeps or reverts, and remembers what was written, as a lane would.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::command::*;
use crate::decide::{decide, first_names, second_names};
use crate::exception::{Closing, Exception, ExceptionChange, ExceptionKind, ExceptionState};
use crate::geo::Point;
use crate::goods::{Component, Item, Mapping, OmniTag, ScItem};
use crate::ids::*;
use crate::money::Fen;
use crate::order::assignment::{Assignment, AssignmentState, Shipment};
use crate::order::file::TradeFile;
use crate::order::refund::RefundStatus;
use crate::order::timeline::{Actor, TimelineFact, Via};
use crate::order::trade::{Delivery, Destination, TradePayment, UnassignedState};
use crate::outward::{Message, Outward, Receiver};
use crate::place::{Location, LocationCard, LocationKind, StoreStatus, StoreType};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator, Seller, Settings};
use crate::service_settings::ServiceSettings;
use crate::stock::book::Discrepancy;
use crate::stock::cell::{CellKey, StockCell, StockClass};
use crate::stock::entry::StockEntry;
use crate::stock::hold::{AheadState, Holder, HolderKind, HolderName, Role};
use crate::stock::report::committed_after;
use crate::time::{Millis, OpeningHours, Timestamp};
use crate::world::{
    BillKey, BillRecord, HISTORY_MAX, Loaded, Names, NewWork, Occupancy, TradePlace, WAITING_MAX, World,
};

pub(crate) const ARTICLE: ScItemId = ScItemId(500);
pub(crate) const OTHER_ARTICLE: ScItemId = ScItemId(600);
pub(crate) const ITEM: ItemId = ItemId(100);
pub(crate) const PLAIN_ITEM: ItemId = ItemId(200);
pub(crate) const KIT_ITEM: ItemId = ItemId(300);
pub(crate) const UNMAPPED_ITEM: ItemId = ItemId(400);
pub(crate) const NEAR: LocationId = LocationId(1);
pub(crate) const MIDDLE: LocationId = LocationId(2);
pub(crate) const FAR: LocationId = LocationId(3);
pub(crate) const WAREHOUSE: LocationId = LocationId(9);
pub(crate) const OPENING: Timestamp = Timestamp(1_700_000_000_000);

/// One seller and what its commands have written.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) now: Timestamp,
    pub(crate) facts: Vec<TimelineFact>,
    pub(crate) calls: Vec<Outward>,
    /// Kinds of exceptions in the order in which they came up.
    pub(crate) raised: Vec<ExceptionKind>,
    /// Exceptions as the store keeps them.
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) entries: Vec<StockEntry>,
    pub(crate) discrepancies: Vec<Discrepancy>,
    pub(crate) work: VecDeque<NewWork>,
    pub(crate) reports: Vec<(BillKey, BillRecord)>,
    /// Rows the last command wrote, the published trade not counted.
    pub(crate) rows: usize,
    bills: i64,
}

pub(crate) fn isv() -> Allocator {
    Allocator::App(AppKey("isv".into()))
}

pub(crate) fn pos() -> Acceptor {
    Acceptor::App(AppKey("pos".into()))
}

pub(crate) fn app(key: &str) -> Actor {
    Actor::App { key: AppKey(key.into()), operator: String::new(), via: Via::default() }
}

pub(crate) fn keeper(store: LocationId) -> Actor {
    Actor::Keeper { user: "keeper".into(), store }
}

pub(crate) fn operator() -> Actor {
    Actor::Operator { user: "op".into() }
}

fn place(id: LocationId, kind: LocationKind, lng: f64) -> Location {
    Location {
        id,
        kind,
        name: format!("place {id}"),
        status: StoreStatus::Normal,
        hours: OpeningHours::ALWAYS,
        service: ServiceSettings::default(),
        point: Some(Point::from_degrees(31.2, lng)),
        deleted: false,
        card: LocationCard::default(),
    }
}

fn store(id: LocationId, lng: f64) -> Location {
    let kind = LocationKind::Store { store_type: StoreType::Normal, code: StoreCode(format!("S{id}")) };
    place(id, kind, lng)
}

fn item(id: ItemId, tagged: bool, components: Vec<Component>) -> Item {
    let tags = if tagged { BTreeSet::from([OmniTag::StoreDeliver]) } else { BTreeSet::new() };
    let skus = match components.first() {
        Some(first) => BTreeMap::from([(SkuId(0), Mapping { sc_item: first.sc_item, components })]),
        None => BTreeMap::new(),
    };
    Item { tags, skus, bound: BTreeSet::from([NEAR, MIDDLE, FAR]), ..Item::unknown(id) }
}

impl Shop {
    pub(crate) fn open(allocator: Allocator, acceptor: Acceptor) -> Self {
        Self::with(Settings { allocator, acceptor, wms: Some(AppKey("wms".into())), ..Settings::default() })
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let seller = Seller { id: SellerId(7), nick: "shop".into(), settings };
        let warehouse = LocationKind::Warehouse { code: WarehouseCode("W9".into()) };
        let places = [store(NEAR, 121.5), store(MIDDLE, 122.0), store(FAR, 124.0), place(WAREHOUSE, warehouse, 131.0)];
        let mut world = World::new(seller, 1, places);
        let one = |sc_item| Component { sc_item, per_unit: 1 };
        let items = vec![
            item(ITEM, true, vec![one(ARTICLE)]),
            item(PLAIN_ITEM, false, vec![one(ARTICLE)]),
            item(KIT_ITEM, true, vec![one(ARTICLE), Component { sc_item: OTHER_ARTICLE, per_unit: 2 }]),
            item(UNMAPPED_ITEM, true, Vec::new()),
        ];
        let sc_items = [ARTICLE, OTHER_ARTICLE].map(|id| ScItem {
            id,
            outer_code: format!("A{id}"),
            name: String::new(),
            combo: Vec::new(),
        });
        let names = Names { sc_items: BTreeSet::from([ARTICLE, OTHER_ARTICLE]), ..Names::default() };
        world.load(&names, Loaded { items, sc_items: sc_items.to_vec(), ..Loaded::default() });
        Self {
            world,
            now: OPENING,
            facts: Vec::new(),
            calls: Vec::new(),
            raised: Vec::new(),
            exceptions: Vec::new(),
            entries: Vec::new(),
            discrepancies: Vec::new(),
            work: VecDeque::new(),
            reports: Vec::new(),
            rows: 0,
            bills: 0,
        }
    }

    /// Loads, decides, and keeps or reverts.
    pub(crate) fn ask(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        self.load(first_names(command));
        let names = second_names(&self.world, command);
        self.load(names);
        self.world.begin();
        let outcome = decide(&mut self.world, command, self.now);
        if outcome.is_err() {
            self.world.revert();
        }
        let changes = self.world.take_changes();
        assert!(outcome.is_ok() || changes.stock.entries.is_empty(), "a refused command left entries");
        self.rows = changes.rows();
        self.entries.extend(changes.stock.entries);
        self.discrepancies.extend(changes.stock.discrepancies);
        self.facts.extend(changes.timeline);
        self.calls.extend(changes.outward);
        changes.exceptions.into_iter().for_each(|change| self.keep(change));
        self.work.extend(changes.work);
        self.reports.extend(changes.bills);
        outcome
    }

    /// As [`Shop::ask`], for what must not be refused.
    pub(crate) fn tell(&mut self, command: &Command) {
        self.ask(command).unwrap_or_else(|refusal| panic!("{}: {refusal}", command.name()));
    }

    /// What the store does: one open exception of a kind about a thing.
    fn keep(&mut self, change: ExceptionChange) {
        let open = |kept: &&mut Exception| kept.state != ExceptionState::Closed;
        match change {
            ExceptionChange::Raised(raised) => {
                self.raised.push(raised.kind);
                let same = |kept: &&mut Exception| kept.kind == raised.kind && kept.subject == raised.subject;
                match self.exceptions.iter_mut().filter(open).find(same) {
                    Some(kept) => {
                        kept.times += 1;
                        kept.last_at = raised.at;
                        kept.detail = raised.detail;
                    }
                    None => self.exceptions.push(Exception::of(&raised)),
                }
            }
            ExceptionChange::Gone { kind, subject, how, at } => {
                let same = |kept: &&mut Exception| kept.kind == kind && kept.subject == subject;
                for kept in self.exceptions.iter_mut().filter(open).filter(same) {
                    kept.state = ExceptionState::Closed;
                    kept.closing = Some(Closing { at, by: None, how: how.to_owned() });
                }
            }
            ExceptionChange::Put(exception) => {
                let kept = self.exceptions.iter_mut().find(|kept| kept.id == exception.id);
                *kept.unwrap() = exception;
            }
        }
    }

    /// Exceptions that are not closed, with how often each came up.
    pub(crate) fn open_exceptions(&self) -> Vec<(ExceptionKind, i64)> {
        let open = self.exceptions.iter().filter(|kept| kept.state != ExceptionState::Closed);
        open.map(|kept| (kept.kind, kept.times)).collect()
    }

    fn load(&mut self, names: Names) {
        let missing = self.world.missing(names.clone());
        let known = missing.sc_items.iter().filter_map(|id| self.world.sc_items.get(id).cloned());
        let mut loaded = Loaded { sc_items: known.collect(), ..Loaded::default() };
        let named = |kept: &&Exception| names.exceptions.contains(&kept.id);
        loaded.exceptions = self.exceptions.iter().filter(named).cloned().collect();
        for cell in &names.holders {
            loaded.holders.insert(*cell, self.holders(cell));
        }
        for (cell, second) in &names.committed_after {
            let units = committed_after(&self.entries, *cell, *second);
            loaded.committed_after.insert((*cell, *second), units);
        }
        for location in &names.occupancy {
            loaded.occupancy.insert(*location, self.occupancy(*location));
        }
        for after in &names.waiting_after {
            loaded.waiting_after.insert(*after, self.waiting_after(*after));
        }
        for place in &names.history {
            let mut trades: Vec<_> = self.files().map(|file| (file.trade.modified, file.trade.tid)).collect();
            trades.retain(|trade| trade.0 >= place.since && *trade < place.before);
            trades.sort_unstable_by(|left, right| right.cmp(left));
            trades.truncate(HISTORY_MAX);
            loaded.history.insert(*place, trades);
        }
        self.world.load(&missing, loaded);
    }

    fn files(&self) -> impl Iterator<Item = &TradeFile> {
        self.world.files.iter().map(|(_, file)| file)
    }

    pub(crate) fn holders(&self, cell: &CellKey) -> Vec<Holder> {
        let held = self.files().flat_map(|file| file.reservations.iter().map(move |held| (file, held)));
        let ahead = self.world.ahead.iter().filter(|(_, hold)| hold.state == AheadState::Held);
        let ahead = ahead.flat_map(|(key, hold)| {
            hold.parts.iter().filter(|part| part.cell == *cell).map(|part| Holder {
                kind: HolderKind::Ahead,
                who: HolderName::Ahead { key: key.clone() },
                units: part.units,
                made_at: hold.made_at,
            })
        });
        held.filter(|(_, held)| held.cell == *cell)
            .map(|(file, held)| {
                let state = held.code.and_then(|code| file.by_code(code)).map(|found| &found.state);
                let line = file.trade.sub_order(held.oid);
                let is_delivery = line.is_some_and(|line| line.delivery == Delivery::Ship);
                let kind = match (held.role, state) {
                    (Role::Guard, _) => HolderKind::Guard,
                    (Role::Primary, None) => HolderKind::Unassigned,
                    (Role::Primary, Some(AssignmentState::Notified)) if is_delivery => HolderKind::Offered,
                    (Role::Primary, Some(_)) => HolderKind::Kept,
                };
                let who = HolderName::Trade { tid: held.tid, reservation: held.id };
                Holder { kind, who, units: held.units, made_at: held.made_at }
            })
            .chain(ahead)
            .collect()
    }

    fn occupancy(&self, location: LocationId) -> Occupancy {
        let mut found = Occupancy::default();
        for file in self.files() {
            let notified = file
                .assignments
                .iter()
                .any(|offer| offer.location == location && offer.state == AssignmentState::Notified);
            if notified {
                found.notified.push(file.trade.tid);
            }
        }
        found
    }

    fn waiting_after(&self, after: Option<TradePlace>) -> Vec<TradePlace> {
        let waits = |file: &&TradeFile| file.trade.sub_orders.iter().any(|line| line.awaits_allocation());
        let place = |file: &TradeFile| Some(TradePlace { pay_time: file.trade.pay_time?, tid: file.trade.tid });
        let mut found: Vec<_> = self.files().filter(waits).filter_map(place).collect();
        found.retain(|place| Some(*place) > after);
        found.sort_unstable();
        found.truncate(WAITING_MAX);
        found
    }

    /// Does all work there is, and what that leaves.
    pub(crate) fn work_off(&mut self) {
        let mut rounds = 0;
        while let Some(work) = self.work.pop_front() {
            rounds += 1;
            assert!(rounds < 5_000, "work never ends");
            self.tell(&Command::DoWork { id: work.id, work: work.work });
        }
    }

    pub(crate) fn later(&mut self, span: Millis) {
        self.now = self.now + span;
    }

    /// Lets the clock look at a trade after a while.
    pub(crate) fn look(&mut self, tid: i64, span: Millis) {
        self.later(span);
        self.tell(&Command::LookAtClock { tid: Tid(tid) });
    }

    /// A snapshot report of units.
    pub(crate) fn stock(&mut self, location: LocationId, class: StockClass, units: i64) {
        self.stock_of(ARTICLE, location, class, units, BillKind::Initial);
    }

    pub(crate) fn stock_of(
        &mut self,
        sc_item: ScItemId,
        location: LocationId,
        class: StockClass,
        units: i64,
        kind: BillKind,
    ) {
        self.bills += 1;
        let bill = Bill {
            bill_num: BillNum(format!("B{}", self.bills)),
            location,
            goods: Goods::Article(sc_item),
            class,
            kind,
            quantity: units,
            final_quantity: None,
            operated_at: self.now,
        };
        let outcome = self.ask(&Command::ReportStock(vec![bill])).unwrap();
        let Outcome::Bills(verdicts) = outcome else { panic!("no verdicts") };
        assert!(verdicts.iter().all(|verdict| verdict.refused.is_none()), "{verdicts:?}");
    }

    pub(crate) fn cell(&self, location: LocationId, class: StockClass) -> StockCell {
        self.world.stock.cell(&CellKey::of(ARTICLE, location, class, TMALL)).cloned().unwrap_or_default()
    }

    pub(crate) fn file(&self, tid: i64) -> &TradeFile {
        self.world.files.get(&Tid(tid)).unwrap()
    }

    /// The live assignment of a sub-order.
    pub(crate) fn live(&self, oid: i64) -> &Assignment {
        let of = |file: &&TradeFile| file.trade.sub_order(Oid(oid)).is_some();
        self.files().find(of).unwrap().live_of(Oid(oid)).next().expect("no live assignment")
    }

    pub(crate) fn unassigned(&self, tid: i64, oid: i64) -> Option<UnassignedState> {
        let line = self.file(tid).trade.sub_order(Oid(oid)).unwrap();
        line.unassigned.as_ref().map(|unassigned| unassigned.state.clone())
    }

    /// Everything told so far, one line each, facts of a command before its calls.
    pub(crate) fn story(&self) -> String {
        let facts = self.facts.iter().map(|fact| {
            let whose = fact.oid.map_or(String::new(), |oid| format!(" {oid}"));
            let place = fact.location.map_or(String::new(), |at| format!(" at {at}"));
            format!("{:?}{whose}{place} by {}", fact.fact, who(&fact.who))
        });
        facts.collect::<Vec<_>>().join("\n")
    }

    /// Calls outward so far, one line each.
    pub(crate) fn told(&self) -> String {
        let calls = self.calls.iter().map(|call| {
            let to = match &call.receiver {
                Receiver::App(key) => key.to_string(),
                Receiver::Channel(_) => "channel".to_owned(),
                Receiver::Webhook(name) => name.to_string(),
                Receiver::Rds(key) => format!("database of {key}"),
            };
            format!("{to}: {}", said(&call.message))
        });
        calls.collect::<Vec<_>>().join("\n")
    }
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::Channel => "channel".into(),
        Actor::Platform => "platform".into(),
        Actor::Clock => "clock".into(),
        Actor::App { key, .. } => key.to_string(),
        Actor::Keeper { .. } => "keeper".into(),
        Actor::Operator { .. } => "operator".into(),
    }
}

fn said(message: &Message) -> String {
    match message {
        Message::AskAllocation => "allocate".into(),
        Message::QueryAllocation => "query".into(),
        Message::TellAllocations { allocations } => {
            let each = allocations.iter().map(|told| {
                let mark = if told.withdrawn { "-" } else { "" };
                format!("{mark}{}@{}", told.oid, told.location)
            });
            format!("allocations {}", each.collect::<Vec<_>>().join(" "))
        }
        Message::TellRefund { withdrawn, .. } => format!("refund withdrawn={withdrawn}"),
        Message::TellAccepted { .. } => "accepted".into(),
        Message::TellRefused { .. } => "refused".into(),
        Message::TellShipped { .. } => "shipped".into(),
        Message::ConsignToChannel { shipment, .. } => format!("consign {}", shipment.waybill),
        Message::AskCancel { .. } => "cancel it".into(),
        Message::TellFact(fact) => format!("{:?}", fact.fact),
        Message::PushTrade => "trade".into(),
        Message::PushRefund { refund } => format!("refund {refund}"),
        Message::TellHandoverCode { store, code, again, .. } => {
            format!("code {} of {store}{}", code.digits(), if *again { " again" } else { "" })
        }
    }
}

/// A paid trade with lines of (item, quantity); sub-orders are tid × 10 + position.
pub(crate) fn paid(tid: i64, lines: &[(ItemId, i64)], now: Timestamp) -> SeenTrade {
    SeenTrade {
        tid: Tid(tid),
        channel: TMALL,
        created: now,
        pay_time: Some(now),
        modified: now,
        payment: TradePayment::Paid,
        self_operated: false,
        omni_marked: false,
        destination: Destination {
            province: "上海".into(),
            city: "上海市".into(),
            district: "浦东新区".into(),
            point: Some(Point::from_degrees(31.2, 121.4)),
        },
        lines: lines
            .iter()
            .enumerate()
            .map(|(position, (item, quantity))| SeenLine {
                oid: Oid(tid * 10 + position as i64),
                item: *item,
                sku: SkuId(0),
                outer_code: String::new(),
                quantity: *quantity,
                payment: Fen(1_000),
                delivery: Delivery::Ship,
                reserve_key: None,
                closed: false,
                finished: false,
            })
            .collect(),
        aside: SeenAside::default(),
        published: crate::command::Published { text: "{}".into(), ..crate::command::Published::default() },
    }
}

pub(crate) fn seen(trade: SeenTrade) -> Command {
    Command::SeeTrade(Box::new(trade))
}

pub(crate) fn answer(oid: i64, location: LocationId, who: Actor, now: Timestamp) -> StoreAnswer {
    StoreAnswer {
        tid: Tid(oid / 10),
        address: Address::Lines(vec![(Oid(oid), location)]),
        units: PerLine::all(None),
        claims_warehouse: None,
        who,
        happened: now,
        timed: true,
    }
}

/// The answer is about so many of the units.
pub(crate) fn of_units(units: i64, answer: StoreAnswer) -> StoreAnswer {
    StoreAnswer { units: PerLine::all(Some(units)), ..answer }
}

/// Everything that the answer speaks of is in one parcel.
pub(crate) fn shipping(answer: StoreAnswer, shipment: Shipment) -> Command {
    Command::Ship { answer, shipments: PerLine::all(shipment) }
}

/// Everything that the answer speaks of is refused for one reason.
pub(crate) fn refusing(answer: StoreAnswer, reason: RefuseReason) -> Command {
    Command::Refuse { answer, reasons: PerLine::all(reason) }
}

pub(crate) fn shipment(waybill: &str, at: Timestamp) -> Shipment {
    Shipment { company_code: "SF".into(), company_name: "顺丰".into(), waybill: waybill.into(), at }
}

pub(crate) fn refund(oid: i64, id: i64, status: RefundStatus, modified: Timestamp) -> SeenRefund {
    SeenRefund {
        tid: Tid(oid / 10),
        oid: Oid(oid),
        id: RefundId(id),
        status,
        refund_fee: Fen(1_000),
        has_good_return: false,
        modified,
        published: format!("{{\"refund_id\":{id}}}"),
    }
}

pub(crate) fn sync(oid: i64, location: LocationId, happened: Timestamp) -> Command {
    sync_as(app("isv"), oid, SyncStatus::Allocated, Some(location), happened)
}

pub(crate) fn sync_as(
    who: Actor,
    oid: i64,
    status: SyncStatus,
    location: Option<LocationId>,
    happened: Timestamp,
) -> Command {
    Command::SyncAllocation(SyncAllocation {
        tid: Tid(oid / 10),
        who,
        lines: vec![SyncedLine {
            oid: Oid(oid),
            status,
            location,
            message: "no luck".into(),
            attributes: Some("gift:1".into()),
        }],
        head: status,
        message: String::new(),
        happened,
    })
}
