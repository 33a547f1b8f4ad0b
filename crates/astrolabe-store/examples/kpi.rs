//! What reports cost beside counting everything anew, what it costs to keep their figures, and what the timeline's log
//! index costs the orders.
//!
//! A merchant with 1,000 stores and a year of orders: every fact goes through the store as a group writes it, and every
//! figure through the steps that the server's worker takes. The recount is one statement over all facts, as somebody
//! without figures would ask; it is also the check that the figures are right.
//!
//! ```sh
//! cargo run --release -p astrolabe-store --example kpi -- [orders, 1000000 unless told]
//! ```

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_core::ids::{AllocationCode, AppKey, LocationId, Oid, SellerId, StoreCode, TMALL, Tid};
use astrolabe_core::kpi::{Grain, Metric, Span, spans};
use astrolabe_core::order::timeline::{Actor, Fact, TimelineFact, Via};
use astrolabe_core::order::trade::{AllocationAsk, Destination, Level, Trade, TradePayment};
use astrolabe_core::place::{Location, LocationCard, LocationKind, StoreStatus, StoreType};
use astrolabe_core::seller::{Seller, Settings};
use astrolabe_core::service_settings::ServiceSettings;
use astrolabe_core::stock::book::Moment;
use astrolabe_core::time::{OpeningHours, Timestamp};
use astrolabe_core::world::Changes;
use astrolabe_store::{
    DirectoryDraft, FigureGroup, FigureQuery, FiguresBy, FiguresOf, Lease, Store, StoreTarget, derive_figures, open,
};

const SELLER: SellerId = SellerId(1);
const STORES: u64 = 1_000;
const CITIES: u64 = 340;
const DAYS: i64 = 365;
/// 2025-01-01, Shanghai.
const FIRST_DAY: i64 = 20_089;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const GROUP: u64 = 500;
/// An order's later facts are written so many groups after its first ones.
const LATER_GROUPS: usize = 20;
/// As the server's worker takes them.
const FACTS_A_STEP: usize = 200;
/// Orders of the small fills that show the index's cost, which take turns so often.
const INDEX_ORDERS: u64 = 40_000;
const ROUNDS: u32 = 3;

type Done = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Done {
    let orders: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let dir = std::env::current_dir()?.join("target").join(format!("kpi_{}", std::process::id()));
    index_cost(&dir).await?;
    let home = dir.join("reports");
    let store = shop(&home).await?;
    let filled = fill(&store, orders).await?;
    println!("{orders} orders of {STORES} stores in {DAYS} days: {:.1} s to write", filled.as_secs_f64());
    derive(&store).await?;
    let raw = rusqlite::Connection::open(home.join("astrolabe.sqlite"))?;
    let rows: i64 = raw.query_row("SELECT count(*) FROM kpi_figure", [], |row| row.get(0))?;
    println!("{rows} rows of figures");
    reports(&store, &raw).await?;
    drop((store, raw));
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// Orders written with the timeline's log index and without it.
async fn index_cost(dir: &Path) -> Done {
    let (mut with, mut without) = (Duration::ZERO, Duration::ZERO);
    for round in 0..ROUNDS {
        for (indexed, sum) in [(true, &mut with), (false, &mut without)] {
            let home = dir.join(format!("index_{round}_{indexed}"));
            drop(shop(&home).await?);
            if !indexed {
                let raw = rusqlite::Connection::open(home.join("astrolabe.sqlite"))?;
                raw.execute_batch("DROP INDEX timeline_log")?;
            }
            let store = open(&StoreTarget::DataDir(home)).await?;
            *sum += fill(&store, INDEX_ORDERS).await?;
        }
    }
    let orders = f64::from(ROUNDS) * INDEX_ORDERS as f64;
    let (with, without) = (orders / with.as_secs_f64(), orders / without.as_secs_f64());
    println!(
        "timeline written for {with:.0} orders a second with its log index, {without:.0} without: {:.1} µs an order",
        1e6 / with - 1e6 / without
    );
    Ok(())
}

async fn shop(home: &Path) -> Result<Arc<dyn Store>, Box<dyn Error>> {
    let store = open(&StoreTarget::DataDir(home.to_path_buf())).await?;
    let seller = Seller { id: SELLER, nick: "bench".to_owned(), settings: Settings::default() };
    let draft = DirectoryDraft { sellers: vec![seller], ..DirectoryDraft::default() };
    store.put_directory(&draft, Timestamp(0)).await?;
    let locations = (1..=STORES).map(location).collect();
    commit(&store, Changes { locations, ..Changes::default() }).await?;
    Ok(store)
}

fn location(id: u64) -> Location {
    Location {
        id: LocationId(id.cast_signed()),
        kind: LocationKind::Store { store_type: StoreType::Normal, code: StoreCode(format!("S{id}")) },
        name: format!("门店 {id}"),
        status: StoreStatus::Normal,
        hours: OpeningHours::ALWAYS,
        service: ServiceSettings::default(),
        point: None,
        deleted: false,
        card: LocationCard::default(),
    }
}

async fn commit(store: &Arc<dyn Store>, changes: Changes) -> Done {
    let group = store.begin(SELLER).await?;
    let lease = Lease { node: 1, until: Timestamp(0) };
    group.commit(changes, Vec::new(), lease, Timestamp(0)).await?;
    Ok(())
}

async fn fill(store: &Arc<dyn Store>, orders: u64) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    let mut waiting = std::collections::VecDeque::new();
    for first in (0..orders).step_by(500) {
        let (mut now, mut later) = (Changes::default(), Changes::default());
        for number in first..(first + GROUP).min(orders) {
            let order = Order::of(number, orders);
            now.put_trades.push(order.trade());
            now.timeline.extend(order.first_facts());
            later.timeline.extend(order.later_facts());
        }
        commit(store, now).await?;
        waiting.push_back(later);
        if waiting.len() > LATER_GROUPS
            && let Some(later) = waiting.pop_front()
        {
            commit(store, later).await?;
        }
    }
    for later in waiting {
        commit(store, later).await?;
    }
    Ok(started.elapsed())
}

/// One order; everything about it follows from its number.
struct Order {
    number: u64,
    paid: i64,
    chance: u64,
}

impl Order {
    fn of(number: u64, orders: u64) -> Self {
        // Splitmix: neighbours have nothing in common.
        let mut chance = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        chance = (chance ^ (chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        chance = (chance ^ (chance >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chance ^= chance >> 31;
        let span = (DAYS * DAY_MS).cast_unsigned();
        let since = (number as f64 / orders as f64 * span as f64) as i64;
        Self { number, paid: (FIRST_DAY * DAY_MS) - 8 * 60 * MINUTE_MS + since, chance }
    }

    /// A number below `below`, another for each `salt`.
    fn draw(&self, salt: u32, below: u64) -> u64 {
        self.chance.rotate_left(salt * 7) % below
    }

    /// Skewed as waiting times are: mostly short, sometimes many times as long.
    fn minutes(&self, salt: u32, typical: u64) -> i64 {
        let stretch = if self.draw(salt + 1, 20) == 0 { 12 } else { 1 };
        ((self.draw(salt, 2 * typical) + 1) * stretch).cast_signed()
    }

    fn store(&self, nth: u32) -> i64 {
        // A tenth of the stores has a third of the orders.
        let most = if self.draw(40 + nth, 3) == 0 { STORES / 10 } else { STORES };
        self.draw(50 + nth, most).cast_signed() + 1
    }

    fn is_refused(&self) -> bool {
        self.draw(3, 10) == 0
    }

    fn fact(&self, fact: Fact, nth: Option<u32>, minutes: i64, who: Actor) -> TimelineFact {
        let happened = self.paid + minutes * MINUTE_MS;
        let app = matches!(who, Actor::App { .. });
        let late = if app { self.minutes(33, 2) * 30_000 } else { 0 };
        let number = self.number.cast_signed();
        TimelineFact {
            tid: Tid(number + 1),
            oid: nth.map(|_| Oid(number + 1)),
            code: nth.map(|nth| AllocationCode(number * 4 + 1 + i64::from(nth))),
            fact,
            request: 0,
            location: nth.map(|nth| LocationId(self.store(nth))),
            who,
            at: Moment { happened: Timestamp(happened), learnt: Timestamp(happened + late) },
            detail: None,
        }
    }

    fn pos(&self) -> Actor {
        let key = AppKey(if self.draw(9, 4) == 0 { "pos-two" } else { "pos-one" }.to_owned());
        Actor::App { key, operator: String::new(), via: Via::OwnCall }
    }

    fn first_facts(&self) -> Vec<TimelineFact> {
        let mut facts = vec![
            self.fact(Fact::Paid, None, 0, Actor::Channel),
            self.fact(Fact::Allocated, Some(0), 1, Actor::Platform),
        ];
        if self.is_refused() {
            let said = 1 + self.minutes(11, 20);
            facts.push(self.fact(Fact::Refused, Some(0), said, self.pos()));
            facts.push(self.fact(Fact::Allocated, Some(1), said, Actor::Platform));
        }
        facts
    }

    fn later_facts(&self) -> Vec<TimelineFact> {
        let nth = Some(u32::from(self.is_refused()));
        let offered = 1 + if self.is_refused() { self.minutes(11, 20) } else { 0 };
        let accepted = offered + self.minutes(13, 15);
        let shipped = accepted + self.minutes(17, 300);
        let signed = shipped + self.minutes(19, 2_500);
        vec![
            self.fact(Fact::Accepted, nth, accepted, self.pos()),
            self.fact(Fact::ToSystem, nth, accepted, self.pos()),
            self.fact(Fact::Shipped, nth, shipped, self.pos()),
            self.fact(Fact::Signed, nth, signed, Actor::Channel),
        ]
    }

    fn trade(&self) -> Trade {
        let city = self.draw(23, CITIES);
        Trade {
            tid: Tid(self.number.cast_signed() + 1),
            channel: TMALL,
            created: Timestamp(self.paid),
            pay_time: Some(Timestamp(self.paid)),
            modified: Timestamp(self.paid),
            payment: TradePayment::Paid,
            destination: Destination {
                province: format!("省 {}", city % 31),
                city: format!("市 {city}"),
                district: String::new(),
                point: None,
            },
            level: Level::Routed,
            mode: None,
            allocation: AllocationAsk::None,
            holds: Vec::new(),
            sub_orders: Vec::new(),
            refunds: Vec::new(),
            pushed_to: BTreeSet::new(),
            told: astrolabe_core::order::told::TradeTold::default(),
            due_at: None,
        }
    }
}

/// Takes the worker's steps to the end.
async fn derive(store: &Arc<dyn Store>) -> Done {
    let started = Instant::now();
    let (mut facts, mut longest) = (0, Duration::ZERO);
    loop {
        let step_started = Instant::now();
        let Some(step) = derive_figures(store.as_ref(), SELLER, FACTS_A_STEP).await? else { break };
        facts += step.facts;
        longest = longest.max(step_started.elapsed());
    }
    let took = started.elapsed().as_secs_f64();
    println!(
        "figures: {facts} facts in {took:.1} s, {:.0} a second without rests; longest step of {FACTS_A_STEP}: {:.1} ms",
        facts as f64 / took,
        longest.as_secs_f64() * 1e3
    );
    Ok(())
}

fn query(metrics: &[Metric], spans: Vec<Span>, of: FiguresOf, by: FiguresBy) -> FigureQuery {
    FigureQuery { metrics: metrics.to_vec(), spans, of, by }
}

async fn reports(store: &Arc<dyn Store>, raw: &rusqlite::Connection) -> Done {
    let (from, to) = (FIRST_DAY, FIRST_DAY + DAYS - 1);
    let days = |from, to| vec![Span { grain: Grain::Day, from, to }];
    let places = FiguresOf::Places { location: None, app: None };
    let regions = FiguresOf::Regions { province: None, city: None };
    let one = FiguresOf::Places { location: Some(LocationId(7)), app: None };
    let acceptance = [Metric::Acceptance];
    let maturity = [Metric::Offers, Metric::OffersAccepted, Metric::SubOrders, Metric::SubOrdersToStores];
    let league = [
        Metric::Offers,
        Metric::OffersAccepted,
        Metric::OffersRefused,
        Metric::OffersUnanswered,
        Metric::OffersWithdrawn,
        Metric::OffersGivenBack,
        Metric::Acceptance,
        Metric::Shipping,
    ];
    // The dearest range of a year: it begins and ends within a month.
    let crooked = spans(from + 1, to - 1);
    let asked = [
        ("acceptance, total of the year", query(&acceptance, spans(from, to), FiguresOf::Whole, FiguresBy::Nothing)),
        ("acceptance by day, 365 days", query(&acceptance, days(from, to), FiguresOf::Whole, FiguresBy::Period)),
        ("acceptance by day of one store", query(&acceptance, days(from, to), one, FiguresBy::Period)),
        ("acceptance by store, whole year", query(&acceptance, spans(from, to), places.clone(), FiguresBy::Location)),
        ("acceptance by store, 363 days", query(&acceptance, crooked.clone(), places.clone(), FiguresBy::Location)),
        ("acceptance by city, 363 days", query(&acceptance, crooked.clone(), regions.clone(), FiguresBy::City)),
        (
            "timeliness by app, 363 days",
            query(&Metric::TIMELINESS, crooked.clone(), FiguresOf::Apps(None), FiguresBy::App),
        ),
        ("maturity by province, 363 days", query(&maturity, crooked.clone(), regions, FiguresBy::Province)),
        ("store league, last 7 days", query(&league, spans(to - 6, to), places.clone(), FiguresBy::Location)),
        ("store league, 90 days", query(&league, spans(to - 95, to - 6), places.clone(), FiguresBy::Location)),
        ("store league, 363 days", query(&league, crooked, places, FiguresBy::Location)),
    ];
    for (name, query) in &asked {
        let (took, groups) = timed(store, query).await?;
        println!("{name}: {:.1} ms, {groups} figures", took.as_secs_f64() * 1e3);
    }
    let span = Span { grain: Grain::Day, from, to };
    let started = Instant::now();
    store.locations_counted(SELLER, Metric::Offers, span).await?;
    store.locations_counted(SELLER, Metric::OffersAccepted, span).await?;
    println!("stores with offers and acceptances by day, 365 days: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    recount(store, raw, &asked[3].1).await
}

/// Read, percentiles included; the middle of five.
async fn timed(store: &Arc<dyn Store>, query: &FigureQuery) -> Result<(Duration, usize), Box<dyn Error>> {
    let (mut took, mut groups) = (Vec::new(), 0);
    for _ in 0..5 {
        let started = Instant::now();
        let found = store.figures(SELLER, query).await?;
        let percentiles: BTreeSet<i64> = found
            .values()
            .flat_map(|one| [50, 90, 99].map(|percent| one.percentile_ms(percent).unwrap_or(0)))
            .collect();
        groups = found.len();
        took.push(started.elapsed());
        assert!(!percentiles.is_empty(), "nothing was found");
    }
    took.sort_unstable();
    Ok((took[2], groups))
}

/// The same report from all facts, and that it says the same.
async fn recount(store: &Arc<dyn Store>, raw: &rusqlite::Connection, query: &FigureQuery) -> Done {
    let all = "SELECT offer.location_id, count(*), sum(accepted.happened - offer.happened), \
               max(accepted.happened - offer.happened) FROM timeline AS offer \
               JOIN timeline AS accepted ON accepted.seller_id = offer.seller_id AND accepted.tid = offer.tid \
                    AND accepted.oid = offer.oid AND accepted.code = offer.code AND accepted.fact = 'accepted' \
               WHERE offer.seller_id = 1 AND offer.fact = 'allocated' AND accepted.happened < ?1 \
               GROUP BY offer.location_id";
    let end = (FIRST_DAY + DAYS) * DAY_MS - 8 * 60 * MINUTE_MS;
    let started = Instant::now();
    let mut statement = raw.prepare(all)?;
    let rows = statement.query_map([end], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?;
    let counted: BTreeMap<i64, (i64, i64, i64)> = rows.collect::<Result<_, _>>()?;
    let recounted = started.elapsed();
    let (took, _) = timed(store, query).await?;
    let found = store.figures(SELLER, query).await?;
    let mut kept = BTreeMap::new();
    for ((group, _), one) in &found {
        if let FigureGroup::Location(id) = group {
            kept.insert(id.0, (one.count, one.sum_ms, one.max_ms));
        }
    }
    assert_eq!(kept, counted, "figures and recount differ");
    println!(
        "acceptance by store, whole year, recounted from all facts (averages and maxima alone): {:.0} ms; from figures \
         {:.1} ms with percentiles: {:.0} times as fast, the same figures",
        recounted.as_secs_f64() * 1e3,
        took.as_secs_f64() * 1e3,
        recounted.as_secs_f64() / took.as_secs_f64()
    );
    Ok(())
}
