//! The merchants of a seed: role mode, settings, places, listings, and how their machines run. Small on purpose: few
//! places, few articles and few units, so that everything meets everything.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::geo::Point;
use astrolabe_core::goods::{Component, Item, Mapping, OmniTag, ScItem};
use astrolabe_core::ids::{AppKey, ItemId, LocationId, ScItemId, SellerId, SkuId, StoreCode, WarehouseCode};
use astrolabe_core::place::{Location, LocationCard, LocationKind, StoreStatus, StoreType};
use astrolabe_core::seller::{Acceptor, Allocator, FinalQuantityPolicy, ReturnPolicy, Seller, Settings};
use astrolabe_core::service_settings::{DeliveryRules, PickupRules, ServiceChange, ServiceSettings, Windows};
use astrolabe_core::time::{Millis, OpeningHours, Timestamp};

use crate::chance::Chance;

/// When every run begins.
pub const OPENING: Timestamp = Timestamp(1_700_000_000_000);
/// One seed in this many keeps its data in the real SQLite store.
const ON_DISK_EVERY: u64 = 25;

/// What a seed's run starts from.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub merchants: Vec<Merchant>,
    pub on_disk: bool,
}

/// One merchant at the start.
#[derive(Clone, Debug)]
pub struct Merchant {
    pub seller: Seller,
    pub places: Vec<Location>,
    pub items: Vec<Item>,
    pub sc_items: Vec<ScItem>,
    /// Articles that a lane keeps in memory.
    pub articles_max: usize,
    /// Opening stock of each (place, article, class).
    pub opening_units: i64,
}

pub(crate) fn pos() -> AppKey {
    AppKey("pos".to_owned())
}

pub(crate) fn allocator() -> AppKey {
    AppKey("isv".to_owned())
}

pub(crate) fn wms() -> AppKey {
    AppKey("wms".to_owned())
}

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let on_disk = cfg!(feature = "disk") && seed % ON_DISK_EVERY == ON_DISK_EVERY - 1;
        let mut chance = Chance::of(seed);
        // Two merchants with the same ids in one database: nothing of one may touch the other's.
        let count = if on_disk { 2 } else { 1 };
        let merchants = (0..count).map(|number| merchant(seed, number, &mut chance)).collect();
        Self { seed, merchants, on_disk }
    }
}

fn merchant(seed: u64, number: u64, chance: &mut Chance) -> Merchant {
    let id = SellerId(7 + i64::try_from(number).unwrap_or(0));
    let settings = settings(seed + number, chance);
    let places = places(chance);
    let stores: BTreeSet<LocationId> =
        places.iter().filter(|place| !place.is_warehouse()).map(|place| place.id).collect();
    let sc_items = [500, 600].map(|id| ScItem {
        id: ScItemId(id),
        outer_code: format!("A{id}"),
        name: String::new(),
        combo: Vec::new(),
    });
    Merchant {
        seller: Seller { id, nick: format!("merchant {id}"), settings },
        places,
        items: items(&stores, chance),
        sc_items: sc_items.to_vec(),
        articles_max: if chance.once_in(3) { 1 } else { 100 },
        opening_units: chance.between(0, 8),
    }
}

/// Every fourth seed has the same role mode, so that any run of seeds has all four.
fn settings(turn: u64, chance: &mut Chance) -> Settings {
    // In 3.4 one app may be both.
    let one_app = chance.once_in(4);
    let acceptor = if one_app { allocator() } else { pos() };
    Settings {
        allocator: if turn % 2 == 1 { Allocator::App(allocator()) } else { Allocator::Platform },
        acceptor: if turn / 2 % 2 == 1 { Acceptor::App(acceptor) } else { Acceptor::Keeper },
        wms: (!chance.once_in(3)).then(wms),
        takeover: !chance.once_in(3),
        hold_after_paid_ms: if chance.once_in(4) { Millis::minutes(2) } else { Millis(0) },
        auto_adjust: !chance.once_in(3),
        split_quantity: chance.once_in(3),
        suspect_on_no_goods: !chance.once_in(3),
        final_quantity: if chance.once_in(3) { FinalQuantityPolicy::Trust } else { FinalQuantityPolicy::Check },
        returns: if chance.once_in(2) { ReturnPolicy::Restock } else { ReturnPolicy::Quarantine },
        require_channel_consign: chance.once_in(5),
        ..Settings::default()
    }
}

fn places(chance: &mut Chance) -> Vec<Location> {
    let stores = chance.between(2, 4);
    let mut places: Vec<Location> = (1..=stores)
        .map(|id| {
            let code = StoreCode(format!("S{id}"));
            place(id, LocationKind::Store { store_type: StoreType::Normal, code }, chance)
        })
        .collect();
    if !chance.once_in(4) {
        places.push(place(9, LocationKind::Warehouse { code: WarehouseCode("W9".to_owned()) }, chance));
    }
    places
}

fn place(id: i64, kind: LocationKind, chance: &mut Chance) -> Location {
    let hours = OpeningHours { opens_minute: 9 * 60, closes_minute: 21 * 60 };
    let mut service = ServiceSettings::default();
    if chance.once_in(3) {
        service.apply(limits(chance));
    }
    if chance.once_in(5) {
        service.apply(ServiceChange::Pickup(PickupRules { threshold: Some(1), ..PickupRules::default() }));
    }
    Location {
        id: LocationId(id),
        kind,
        name: format!("place {id}"),
        status: StoreStatus::Normal,
        hours: if chance.once_in(3) { hours } else { OpeningHours::ALWAYS },
        service,
        point: Some(Point::from_degrees(31.2, 121.0 + chance.between(0, 40) as f64 / 10.0)),
        deleted: false,
        card: LocationCard::default(),
    }
}

/// Delivery rules with a limit of a day or a window.
pub(crate) fn limits(chance: &mut Chance) -> ServiceChange {
    let hours = OpeningHours { opens_minute: 8 * 60, closes_minute: 20 * 60 };
    ServiceChange::Delivery(DeliveryRules {
        threshold: (!chance.once_in(3)).then(|| chance.between(1, 3)),
        dispatch: if chance.once_in(3) { Windows(vec![hours]) } else { Windows::default() },
        ..DeliveryRules::default()
    })
}

/// A tagged listing, one of the same article, a kit, one that nobody has mapped, one without a tag.
fn items(stores: &BTreeSet<LocationId>, chance: &mut Chance) -> Vec<Item> {
    let one = |sc_item| vec![Component { sc_item: ScItemId(sc_item), per_unit: 1 }];
    let kit =
        vec![Component { sc_item: ScItemId(500), per_unit: 1 }, Component { sc_item: ScItemId(600), per_unit: 2 }];
    let both = BTreeSet::from([OmniTag::StoreDeliver, OmniTag::StoreCollect]);
    let mut items = vec![
        item(100, both.clone(), one(500), stores),
        item(110, both.clone(), one(600), stores),
        item(300, both.clone(), kit, stores),
        item(400, both, Vec::new(), stores),
        item(200, BTreeSet::new(), one(500), stores),
    ];
    if chance.once_in(4) {
        // §3: who accepts may differ for a listing.
        items[1].acceptor = Some(Acceptor::App(pos()));
    }
    items
}

fn item(id: i64, tags: BTreeSet<OmniTag>, components: Vec<Component>, bound: &BTreeSet<LocationId>) -> Item {
    let skus = match components.first() {
        Some(first) => BTreeMap::from([(SkuId(0), Mapping { sc_item: first.sc_item, components })]),
        None => BTreeMap::new(),
    };
    Item { tags, skus, bound: bound.clone(), ..Item::unknown(ItemId(id)) }
}
