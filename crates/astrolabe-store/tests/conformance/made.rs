//! Things of the business with the least a store needs.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::command::Published;
use astrolabe_core::goods::{Component, Item, Mapping, OmniTag, ScItem};
use astrolabe_core::ids::{
    AllocationCode, AppKey, HoldKey, ItemId, LocationId, Oid, OutwardId, ReservationId, ScItemId, SellerId, SkuId,
    StoreCode, TMALL, Tid, WorkId,
};
use astrolabe_core::money::Fen;
use astrolabe_core::order::assignment::{AllocatedBy, Assignment, AssignmentState};
use astrolabe_core::order::timeline::{Actor, Fact, TimelineFact, Via};
use astrolabe_core::order::told::TradeTold;
use astrolabe_core::order::trade::{
    AllocationAsk, Delivery, Destination, Level, SubOrder, Trade, TradePayment, Unassigned, UnassignedState,
};
use astrolabe_core::outward::{Message, Outward, Receiver};
use astrolabe_core::place::{Location, LocationCard, LocationKind, StoreStatus, StoreType};
use astrolabe_core::seller::{Seller, Settings};
use astrolabe_core::service_settings::ServiceSettings;
use astrolabe_core::stock::book::{Moment, StockChanges};
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::stock::entry::{Cause, EntryKind, StockEntry};
use astrolabe_core::stock::hold::{AheadHold, AheadPart, AheadState, Reservation, Role};
use astrolabe_core::time::{OpeningHours, Timestamp};
use astrolabe_core::world::{Changes, NewWork, SlotChange};

/// The time at which every case plays.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn seller(id: i64) -> Seller {
    Seller { id: SellerId(id), nick: format!("merchant {id}"), settings: Settings::default() }
}

pub(crate) fn location(id: i64) -> Location {
    Location {
        id: LocationId(id),
        kind: LocationKind::Store { store_type: StoreType::Normal, code: StoreCode(format!("S{id}")) },
        name: format!("门店 {id}"),
        status: StoreStatus::Normal,
        hours: OpeningHours::ALWAYS,
        service: ServiceSettings::default(),
        point: None,
        deleted: false,
        card: LocationCard { city: "杭州市".to_owned(), ..LocationCard::default() },
    }
}

pub(crate) fn sc_item(id: i64) -> ScItem {
    ScItem { id: ScItemId(id), outer_code: format!("A{id}"), name: "衬衫".to_owned(), combo: Vec::new() }
}

pub(crate) fn item(id: i64, skus: &[(i64, i64)], bound: &[i64]) -> Item {
    let mapping = |sc_item: i64| Mapping {
        sc_item: ScItemId(sc_item),
        components: vec![Component { sc_item: ScItemId(sc_item), per_unit: 1 }],
    };
    Item {
        tags: BTreeSet::from([OmniTag::StoreDeliver]),
        skus: skus.iter().map(|(sku, sc_item)| (SkuId(*sku), mapping(*sc_item))).collect(),
        bound: bound.iter().map(|id| LocationId(*id)).collect(),
        ..Item::unknown(ItemId(id))
    }
}

pub(crate) fn put<K, V>(key: K, value: V) -> SlotChange<K, V> {
    SlotChange { key, before: None, after: Some(value) }
}

pub(crate) fn cell_key(sc_item: i64, location: i64, class: StockClass) -> CellKey {
    CellKey::of(ScItemId(sc_item), LocationId(location), class, TMALL)
}

pub(crate) fn cell(on_hand: i64, reserved: i64) -> StockCell {
    StockCell { on_hand, reserved, initialised: true, reported_at: Some(NOW), ..StockCell::default() }
}

pub(crate) fn entry(cell: CellKey, kind: EntryKind, on_hand: i64, reserved: i64, unreported: i64) -> StockEntry {
    let cause = Cause::SubOrder { tid: Tid(1), oid: Oid(11) };
    StockEntry { cell, kind, on_hand, reserved, unreported, cause, happened: NOW, learnt: NOW }
}

/// Cells with the entries that made them.
pub(crate) fn stock(cells: &[(CellKey, StockCell)]) -> StockChanges {
    let made = |(key, cell): &(CellKey, StockCell)| {
        entry(*key, EntryKind::Initial, cell.on_hand, cell.reserved, cell.unreported)
    };
    StockChanges { cells: cells.to_vec(), entries: cells.iter().map(made).collect(), ..StockChanges::default() }
}

/// A paid trade with one line whose units wait for an allocation.
pub(crate) fn trade(tid: i64) -> Trade {
    let line = SubOrder {
        oid: Oid(tid * 10 + 1),
        item: ItemId(500),
        sku: SkuId(0),
        outer_code: String::new(),
        quantity: 2,
        payment: Fen(9_900),
        components: vec![Component { sc_item: ScItemId(7), per_unit: 1 }],
        delivery: Delivery::Ship,
        reserve_key: None,
        omni: true,
        unassigned: Some(Unassigned { units: 2, state: UnassignedState::Routing }),
        excluded: Vec::new(),
        channel_consigned: None,
        channel_closed: false,
        milestones: BTreeSet::new(),
        cancel_asked: None,
        told: None,
    };
    Trade {
        tid: Tid(tid),
        channel: TMALL,
        created: NOW,
        pay_time: Some(Timestamp(NOW.0 + tid)),
        modified: NOW,
        payment: TradePayment::Paid,
        destination: Destination {
            province: "浙江省".to_owned(),
            city: "杭州市".to_owned(),
            district: "西湖区".to_owned(),
            point: None,
        },
        level: Level::Routed,
        mode: Some(Settings::default().role_mode()),
        allocation: AllocationAsk::None,
        holds: Vec::new(),
        sub_orders: vec![line],
        refunds: Vec::new(),
        pushed_to: BTreeSet::new(),
        due_at: None,
        told: TradeTold::default(),
    }
}

/// A trade's published text.
pub(crate) fn published(text: &str) -> Published {
    Published { text: text.to_owned(), ..Published::default() }
}

/// The trade with nothing left to allocate.
pub(crate) fn assigned(tid: i64) -> Trade {
    let mut trade = trade(tid);
    trade.sub_orders[0].unassigned = None;
    trade
}

pub(crate) fn assignment(code: i64, tid: i64, location: i64, state: AssignmentState) -> Assignment {
    Assignment {
        code: AllocationCode(code),
        tid: Tid(tid),
        oid: Oid(tid * 10 + 1),
        location: LocationId(location),
        warehouse: false,
        pickup: false,
        units: 2,
        state,
        allocated_at: NOW,
        allocated_by: AllocatedBy::Router,
        decided_at_version: 0,
        attributes: None,
        shipment: None,
        facts: BTreeSet::new(),
        due_at: None,
        clock: None,
        committed: Vec::new(),
        day_place: None,
        handover: None,
        bound_for: None,
    }
}

pub(crate) fn reservation(id: i64, tid: i64, code: Option<i64>, cell: CellKey, role: Role) -> Reservation {
    Reservation {
        id: ReservationId(id),
        tid: Tid(tid),
        oid: Oid(tid * 10 + 1),
        code: code.map(AllocationCode),
        cell,
        role,
        units: 2,
        made_at: Timestamp(NOW.0 + id),
    }
}

pub(crate) fn ahead(key: &str, cells: &[CellKey], expires_at: Timestamp) -> AheadHold {
    AheadHold {
        key: HoldKey(key.to_owned()),
        item: ItemId(500),
        sku: SkuId(1),
        sc_item: ScItemId(7),
        quantity: 3,
        state: AheadState::Held,
        parts: cells.iter().map(|cell| AheadPart { cell: *cell, units: 1 }).collect(),
        made_at: NOW,
        expires_at,
    }
}

pub(crate) fn fact(tid: i64, fact: Fact, code: Option<i64>, happened: Timestamp) -> TimelineFact {
    TimelineFact {
        tid: Tid(tid),
        oid: code.map(|_| Oid(tid * 10 + 1)),
        code: code.map(AllocationCode),
        fact,
        request: 0,
        location: code.map(|_| LocationId(1)),
        who: Actor::App { key: AppKey("pos".to_owned()), operator: "张三".to_owned(), via: Via::OwnCall },
        at: Moment { happened, learnt: NOW },
        detail: Some("because".to_owned()),
    }
}

pub(crate) fn call(id: i64, tid: i64, app: &str) -> Outward {
    Outward {
        id: OutwardId(id),
        receiver: Receiver::App(AppKey(app.to_owned())),
        tid: Tid(tid),
        message: Message::TellAccepted { sub_orders: vec![Oid(tid * 10 + 1)], operator: "张三".to_owned() },
        made_at: NOW,
    }
}

pub(crate) fn work(id: i64, work: astrolabe_core::command::Work) -> NewWork {
    NewWork { id: WorkId(id), work, made_at: Timestamp(NOW.0 + id) }
}

/// What a merchant needs before it can sell: a store, an article, a listing.
pub(crate) fn shop() -> Changes {
    Changes {
        locations: vec![location(1), location(2)],
        sc_items: vec![put(ScItemId(7), sc_item(7))],
        items: vec![put(ItemId(500), item(500, &[(0, 7), (1, 7)], &[1, 2]))],
        ..Changes::default()
    }
}

/// States by name, for the counts of an overview.
pub(crate) fn counted(counts: &[astrolabe_store::StateCount]) -> BTreeMap<&str, i64> {
    counts.iter().map(|count| (count.state.as_str(), count.count)).collect()
}
