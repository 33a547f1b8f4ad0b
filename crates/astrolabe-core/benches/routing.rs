//! How long one decision takes: 1,000 and 10,000 stores, trades of 1, 3 and 6 lines, against a plain scan of every store
//! in the same run. `cargo bench -p astrolabe-core`.

use std::collections::BTreeSet;
use std::hint::black_box;

use astrolabe_core::geo::Point;
use astrolabe_core::goods::{Component, Item};
use astrolabe_core::ids::{ALL_CHANNELS, ItemId, LocationId, Oid, ScItemId, StoreCode, TMALL, WarehouseCode};
use astrolabe_core::place::{Location, LocationCard, LocationKind, Places, StoreStatus, StoreType};
use astrolabe_core::routing::{Ask, RouterSettings, Snapshot, choose, gather, gather_all};
use astrolabe_core::service_settings::ServiceSettings;
use astrolabe_core::stock::article::ArticleStock;
use astrolabe_core::stock::book::Stock;
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::time::{OpeningHours, Timestamp};
use astrolabe_core::world::DayLoads;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const ARTICLES: i64 = 60;
/// Share of stores that have an article, in percent.
const STOCKED: i64 = 40;

struct Dice(u64);

impl Dice {
    fn below(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64) % below
    }

    /// Somewhere between Guangzhou and Harbin, denser around thirty cities.
    fn point(&mut self) -> Point {
        let city = self.below(30);
        let lat = 23_000_000 + city * 743_000 + self.below(300_000);
        let lng = 103_000_000 + (city * 7 % 30) * 740_000 + self.below(300_000);
        Point { lat_micro: lat as i32, lng_micro: lng as i32 }
    }
}

struct Merchant {
    places: Places,
    stock: Stock,
    items: Vec<Item>,
    day_loads: DayLoads,
}

fn merchant(stores: i64, warehouses: i64) -> Merchant {
    let mut dice = Dice(stores as u64);
    let mut places = Places::default();
    for id in 1..=stores + warehouses {
        let kind = if id > stores {
            LocationKind::Warehouse { code: WarehouseCode(format!("W{id}")) }
        } else {
            LocationKind::Store { store_type: StoreType::Normal, code: StoreCode(format!("S{id}")) }
        };
        places.put(Location {
            id: LocationId(id),
            kind,
            name: String::new(),
            status: StoreStatus::Normal,
            hours: OpeningHours::ALWAYS,
            service: ServiceSettings::default(),
            point: Some(dice.point()),
            deleted: false,
            card: LocationCard::default(),
        });
    }
    let bound: BTreeSet<LocationId> = places.all().map(|place| place.id).collect();
    let mut stock = Stock::default();
    let mut items = Vec::new();
    for article in 0..ARTICLES {
        let cells = places.all().filter(|_| dice.below(100) < STOCKED).map(|place| place.id).collect::<Vec<_>>();
        let cells = cells.into_iter().map(|location| {
            let sc_item = ScItemId(article);
            let key = CellKey { sc_item, location, class: StockClass::Uncertain, channel: ALL_CHANNELS };
            (key, StockCell { on_hand: 1 + dice.below(9), ..StockCell::default() })
        });
        let cells: Vec<_> = cells.collect();
        stock.load(ArticleStock::new(ScItemId(article), cells, []));
        let mut item = Item::unknown(ItemId(article));
        item.bound.clone_from(&bound);
        items.push(item);
    }
    Merchant { places, stock, items, day_loads: DayLoads::default() }
}

impl Merchant {
    fn snapshot(&self, destination: Point) -> Snapshot<'_> {
        Snapshot {
            places: &self.places,
            stock: &self.stock,
            day_loads: &self.day_loads,
            is_offer: true,
            channel: TMALL,
            settings: RouterSettings::default(),
            split_quantity: false,
            destination: Some(destination),
            reservations: &[],
            version: 1,
            now: Timestamp(1_700_000_000_000),
        }
    }

    fn asks<'a>(&'a self, dice: &mut Dice, components: &'a [Component], lines: i64) -> Vec<Ask<'a>> {
        let first = dice.below(ARTICLES);
        let article = |line: i64| ((first + line * 7) % ARTICLES) as usize;
        let ask = |line| Ask {
            oid: Oid(line),
            units: 1 + line % 2,
            item: self.items.get(article(line)),
            components: std::slice::from_ref(&components[article(line)]),
            excluded: &[],
            left_out: &[],
        };
        (0..lines).map(ask).collect()
    }
}

fn routing(c: &mut Criterion) {
    let components: Vec<Component> = (0..ARTICLES).map(|id| Component { sc_item: ScItemId(id), per_unit: 1 }).collect();
    for (stores, warehouses) in [(1_000, 2), (10_000, 2), (10_000, 0)] {
        let merchant = merchant(stores, warehouses);
        merchant.places.nearest();
        let mut group = c.benchmark_group(format!("{stores} stores, {warehouses} warehouses"));
        for lines in [1, 3, 6] {
            let mut dice = Dice(7);
            group.bench_function(BenchmarkId::new("plan", format!("{lines} lines")), |b| {
                b.iter(|| {
                    let asks = merchant.asks(&mut dice, &components, lines);
                    black_box(choose(&gather(&merchant.snapshot(dice.point()), &asks)))
                });
            });
        }
        for lines in [1, 3] {
            let mut dice = Dice(7);
            group.bench_function(BenchmarkId::new("plain scan", format!("{lines} lines")), |b| {
                b.iter(|| {
                    let asks = merchant.asks(&mut dice, &components, lines);
                    black_box(choose(&gather_all(&merchant.snapshot(dice.point()), &asks)))
                });
            });
        }
        group.finish();
    }
    let merchant = merchant(10_000, 2);
    c.bench_function("index of 10,000 places", |b| {
        b.iter(|| black_box(astrolabe_core::routing::Nearest::of(merchant.places.all())));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(300));
    targets = routing
}
criterion_main!(benches);
