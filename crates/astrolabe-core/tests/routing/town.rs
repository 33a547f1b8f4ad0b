//! A made-up merchant: stores around a few cities, warehouses, stock of some articles, listings bound to most stores.

use astrolabe_core::geo::Point;
use astrolabe_core::goods::{Component, Item};
use astrolabe_core::ids::{ALL_CHANNELS, ItemId, LocationId, Oid, ScItemId, StoreCode, TMALL, WarehouseCode};
use astrolabe_core::place::{Location, LocationCard, LocationKind, Places, StoreStatus, StoreType};
use astrolabe_core::routing::{Ask, RouterSettings, Snapshot};
use astrolabe_core::service_settings::{Priority, ServiceSettings, Windows};
use astrolabe_core::stock::article::ArticleStock;
use astrolabe_core::stock::book::Stock;
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::stock::hold::Reservation;
use astrolabe_core::time::{OpeningHours, Timestamp};
use astrolabe_core::world::DayLoads;

/// Numbers from a seed, the same on every machine (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 … below − 1.
    pub(crate) fn below(&mut self, below: i64) -> i64 {
        (self.next() % below.max(1) as u64) as i64
    }

    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }
}

const CITIES: [(f64, f64); 8] = [
    (31.23, 121.47),
    (39.90, 116.40),
    (23.13, 113.26),
    (30.57, 104.07),
    (30.59, 114.31),
    (34.34, 108.94),
    (45.80, 126.53),
    (43.83, 87.62),
];

/// How the merchant looks.
#[derive(Clone, Copy)]
pub(crate) struct Plot {
    pub stores: i64,
    pub warehouses: i64,
    pub articles: i64,
    /// Share of stores that have an article, in percent.
    pub stocked: i64,
    /// Most units of an article at a store.
    pub depth: i64,
    /// Share of warehouses that have an article, in percent.
    pub warehoused: i64,
}

/// The merchant's places, stock and listings (listing n is article n).
pub(crate) struct Town {
    pub places: Places,
    pub stock: Stock,
    pub items: Vec<Item>,
    pub reservations: Vec<Reservation>,
    pub day_loads: DayLoads,
}

fn place(dice: &mut Dice, id: i64, warehouse: bool) -> Location {
    let (lat, lng) = CITIES[dice.below(CITIES.len() as i64) as usize];
    let off = |dice: &mut Dice| (dice.below(10_000) - 5_000) as f64 / 10_000.0;
    let point = Point::from_degrees(lat + off(dice), lng + off(dice));
    let kind = if warehouse {
        LocationKind::Warehouse { code: WarehouseCode(format!("W{id}")) }
    } else {
        LocationKind::Store { store_type: StoreType::Normal, code: StoreCode(format!("S{id}")) }
    };
    Location {
        id: LocationId(1_700_000_000_000_000 + id * 37),
        kind,
        name: format!("place {id}"),
        status: match dice.below(40) {
            0 if !warehouse => StoreStatus::Hold,
            1 if !warehouse => StoreStatus::Close,
            _ => StoreStatus::Normal,
        },
        hours: OpeningHours::ALWAYS,
        service: service(dice),
        point: (!dice.chance(2)).then_some(point),
        deleted: dice.chance(1),
        card: LocationCard::default(),
    }
}

/// Most places were never restricted; some have a priority, some are shut at the town's hour, some take nothing more.
fn service(dice: &mut Dice) -> ServiceSettings {
    let mut settings = ServiceSettings::default();
    let rules = &mut settings.delivery.usual;
    match dice.below(20) {
        0 => rules.threshold = Some(0),
        1 => rules.dispatch = Windows(vec![OpeningHours { opens_minute: 60, closes_minute: 120 }]),
        2..6 => rules.priority = Priority::new(dice.below(11)).expect("is one"),
        _ => {}
    }
    settings
}

fn cells(dice: &mut Dice, plot: Plot, places: &[Location], sc_item: ScItemId) -> Vec<(CellKey, StockCell)> {
    let mut cells = Vec::new();
    for location in places {
        let share = if location.is_warehouse() { plot.warehoused } else { plot.stocked };
        if !dice.chance(share) {
            continue;
        }
        let cell = |dice: &mut Dice| StockCell {
            on_hand: 1 + dice.below(plot.depth),
            reserved: dice.below(2),
            suspect: dice.chance(2),
            ..StockCell::default()
        };
        let key = CellKey { sc_item, location: location.id, class: StockClass::Uncertain, channel: ALL_CHANNELS };
        cells.push((key, cell(dice)));
        if dice.chance(30) {
            cells.push((CellKey { class: StockClass::Certain, channel: TMALL, ..key }, cell(dice)));
        }
    }
    cells
}

impl Town {
    pub(crate) fn build(dice: &mut Dice, plot: Plot) -> Self {
        let all: Vec<Location> =
            (0..plot.stores + plot.warehouses).map(|id| place(dice, id, id >= plot.stores)).collect();
        let mut stock = Stock::default();
        let mut items = Vec::new();
        for article in 0..plot.articles {
            stock.load(ArticleStock::new(ScItemId(article), cells(dice, plot, &all, ScItemId(article)), []));
            let mut item = Item::unknown(ItemId(article));
            item.bound =
                all.iter().filter(|place| !place.is_warehouse() && dice.chance(95)).map(|place| place.id).collect();
            items.push(item);
        }
        let mut places = Places::default();
        for location in all {
            places.put(location);
        }
        Self { places, stock, items, reservations: Vec::new(), day_loads: DayLoads::default() }
    }

    pub(crate) fn snapshot(&self, settings: RouterSettings, destination: Option<Point>) -> Snapshot<'_> {
        Snapshot {
            places: &self.places,
            stock: &self.stock,
            day_loads: &self.day_loads,
            is_offer: true,
            channel: TMALL,
            settings,
            split_quantity: false,
            destination,
            reservations: &self.reservations,
            version: 123_456,
            now: Timestamp(1_700_000_000_000),
        }
    }

    pub(crate) fn ask<'a>(&'a self, oid: i64, units: i64, components: &'a [Component]) -> Ask<'a> {
        let item = components.first().and_then(|part| self.items.get(part.sc_item.0 as usize));
        Ask { oid: Oid(4_000_000_000_000_000_000 + oid), units, item, components, excluded: &[], left_out: &[] }
    }
}

/// Somewhere near one of the cities.
pub(crate) fn destination(dice: &mut Dice) -> Option<Point> {
    let (lat, lng) = CITIES[dice.below(CITIES.len() as i64) as usize];
    let off = |dice: &mut Dice| (dice.below(10_000) - 5_000) as f64 / 5_000.0;
    let point = Point::from_degrees(lat + off(dice), lng + off(dice));
    (!dice.chance(5)).then_some(point)
}
