//! What the database itself can do with the rows of reservations, and how much of it the store keeps.
//!
//! "Raw" is a bare loop with the same rows in the same tables: 500 reservations a commit, and one. "Store" is the same
//! reservations as groups of the contract. All figures of a line come from one run.
//!
//! ```sh
//! cargo run --release -p astrolabe-store --example raw_batch -- [seconds a figure] [postgres://…]
//! ```

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_core::ids::{HoldKey, ItemId, LocationId, ScItemId, SellerId, SkuId, TMALL};
use astrolabe_core::seller::{Seller, Settings};
use astrolabe_core::stock::book::StockChanges;
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::stock::entry::{Cause, EntryKind, StockEntry};
use astrolabe_core::stock::hold::{AheadHold, AheadPart, AheadState};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, SlotChange};
use astrolabe_store::{DirectoryDraft, Lease, Store, StoreTarget, open};

/// The raw loops write for seller 1, the store for seller 2.
const SELLER: i64 = 2;
const GROUP: usize = 500;
const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// Raw loop and store take turns this often, so that both meet the same machine and tables of the same size.
const ROUNDS: u32 = 5;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let span = Duration::from_secs(seconds) / ROUNDS;
    sqlite(span).await?;
    match arguments.next() {
        Some(url) => postgres(&url, span).await,
        None => Ok(()),
    }
}

async fn sqlite(span: Duration) -> Result<(), Box<dyn Error>> {
    let dir = std::env::current_dir()?.join("target").join(format!("raw_batch_{}", std::process::id()));
    let target = |name: &str| StoreTarget::DataDir(dir.join(name));
    // A file of its own each: two writers of one file would empty each other's caches.
    drop(open(&target("raw")).await?);
    let mut raw = RawSqlite::open(&dir.join("raw"))?;
    let mut store = Groups::on(open(&target("store")).await?).await?;
    let mut figures = Figures::default();
    for _ in 0..ROUNDS {
        for (a_commit, raw_sum, store_sum) in figures.pairs() {
            raw_sum.add(span, || raw.commit(a_commit))?;
            store_sum.add_async(span, async || store.commit(a_commit).await).await?;
        }
    }
    figures.print("sqlite");
    drop(store);
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

async fn postgres(url: &str, span: Duration) -> Result<(), Box<dyn Error>> {
    let mut store = Groups::on(open(&StoreTarget::Url(url.to_owned())).await?).await?;
    let mut raw = RawPostgres::connect(url).await?;
    let mut figures = Figures::default();
    for _ in 0..ROUNDS {
        for (a_commit, raw_sum, store_sum) in figures.pairs() {
            raw_sum.add_async(span, async || raw.commit(a_commit).await).await?;
            store_sum.add_async(span, async || store.commit(a_commit).await).await?;
        }
    }
    figures.print("postgres");
    Ok(())
}

/// Reservations made and the time they took.
#[derive(Default)]
struct Sum {
    made: u32,
    took: Duration,
}

type Made = Result<u32, Box<dyn Error>>;

impl Sum {
    fn add(&mut self, span: Duration, mut commit: impl FnMut() -> Made) -> Result<(), Box<dyn Error>> {
        let started = Instant::now();
        while started.elapsed() < span {
            self.made += commit()?;
        }
        self.took += started.elapsed();
        Ok(())
    }

    async fn add_async(&mut self, span: Duration, mut commit: impl AsyncFnMut() -> Made) -> Result<(), Box<dyn Error>> {
        let started = Instant::now();
        while started.elapsed() < span {
            self.made += commit().await?;
        }
        self.took += started.elapsed();
        Ok(())
    }

    fn rate(&self) -> f64 {
        f64::from(self.made) / self.took.as_secs_f64()
    }
}

#[derive(Default)]
struct Figures {
    raw_batch: Sum,
    batch: Sum,
    raw_one: Sum,
    one: Sum,
}

impl Figures {
    /// Reservations a commit, with where the raw loop's and the store's sums go.
    fn pairs(&mut self) -> [(usize, &mut Sum, &mut Sum); 2] {
        [(GROUP, &mut self.raw_batch, &mut self.batch), (1, &mut self.raw_one, &mut self.one)]
    }

    fn print(&self, name: &str) {
        let [raw_batch, batch, raw_one, one] = [&self.raw_batch, &self.batch, &self.raw_one, &self.one].map(Sum::rate);
        println!("{name}: raw loop, {GROUP} a commit {raw_batch:.0}/s, one a commit {raw_one:.0}/s");
        println!("{name}: store, {GROUP} a group {batch:.0}/s, one a group {one:.0}/s");
        let (kept, gained) = (batch / raw_batch * 100.0, batch / raw_one);
        println!("{name}: store / raw batch {kept:.0} %, store in groups / raw one by one {gained:.1}");
    }
}

/// Scattered like the keys that callers make up.
fn key(number: i64) -> String {
    format!("cart-{:016x}", number.wrapping_mul(0x2545_F491_4F6C_DD1D))
}

/// Numbers that no earlier run used, so that a database can be measured twice.
fn first_number() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(0)
}

const CELL: &str = "\
    INSERT INTO stock_cell (seller_id, sc_item, location_id, class, channel, on_hand, reserved, unreported, suspect, \
                            initialised) VALUES (1, 7, 1, 0, 1, 1000000000, ?1, 0, 0, 1) \
    ON CONFLICT (seller_id, sc_item, location_id, class, channel) DO UPDATE SET reserved = excluded.reserved";
const ENTRY: &str = "\
    INSERT INTO stock_entry (seller_id, version, n, sc_item, location_id, class, channel, kind, on_hand, reserved, \
                             unreported, cause, cause_key, happened, learnt) \
    VALUES (1, ?1, ?2, 7, 1, 0, 1, 0, 0, 1, 0, 2, ?3, ?4, ?4)";
const HOLD: &str = "\
    INSERT INTO ahead_hold (seller_id, hold_key, part, item_id, sku_id, sc_item, quantity, state, part_sc_item, \
                            location_id, class, channel, units, made_at, expires_at) \
    VALUES (1, ?1, 0, 500, 0, 7, 1, 0, 7, 1, 0, 1, 1, ?2, ?3)";

struct RawSqlite {
    connection: rusqlite::Connection,
    number: i64,
    version: i64,
}

impl RawSqlite {
    /// With the store's own settings.
    fn open(dir: &std::path::Path) -> Result<Self, Box<dyn Error>> {
        let connection = rusqlite::Connection::open(dir.join("astrolabe.sqlite"))?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        Ok(Self { connection, number: first_number(), version: 0 })
    }

    fn commit(&mut self, units: usize) -> Made {
        self.version += 1;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut entry = self.connection.prepare_cached(ENTRY)?;
        let mut hold = self.connection.prepare_cached(HOLD)?;
        for _ in 0..units {
            self.number += 1;
            entry.execute((self.version, self.number, key(self.number), NOW.0))?;
            hold.execute((key(self.number), NOW.0, NOW.0 + 1_800_000))?;
        }
        self.connection.prepare_cached(CELL)?.execute([self.number])?;
        self.connection.execute_batch("COMMIT")?;
        Ok(u32::try_from(units)?)
    }
}

const PG_CELL: &str = "\
    INSERT INTO stock_cell (seller_id, sc_item, location_id, class, channel, on_hand, reserved, unreported, suspect, \
                            initialised) VALUES (1, 7, 1, 0, 1, 1000000000, $1, 0, false, true) \
    ON CONFLICT (seller_id, sc_item, location_id, class, channel) DO UPDATE SET reserved = excluded.reserved";
const PG_ENTRIES: &str = "\
    INSERT INTO stock_entry (seller_id, version, n, sc_item, location_id, class, channel, kind, on_hand, reserved, \
                             unreported, cause, cause_key, happened, learnt) \
    SELECT 1, $1, n, 7, 1, 0, 1, 0, 0, 1, 0, 2, key, $3, $3 FROM unnest($2::text[]) WITH ORDINALITY AS held (key, n)";
const PG_HOLDS: &str = "\
    INSERT INTO ahead_hold (seller_id, hold_key, part, item_id, sku_id, sc_item, quantity, state, part_sc_item, \
                            location_id, class, channel, units, made_at, expires_at) \
    SELECT 1, key, 0, 500, 0, 7, 1, 0, 7, 1, 0, 1, 1, $2, $3 FROM unnest($1::text[]) AS key";

struct RawPostgres {
    client: tokio_postgres::Client,
    cell: tokio_postgres::Statement,
    entries: tokio_postgres::Statement,
    holds: tokio_postgres::Statement,
    number: i64,
}

impl RawPostgres {
    async fn connect(url: &str) -> Result<Self, Box<dyn Error>> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let cell = client.prepare(PG_CELL).await?;
        let entries = client.prepare(PG_ENTRIES).await?;
        let holds = client.prepare(PG_HOLDS).await?;
        Ok(Self { client, cell, entries, holds, number: first_number() })
    }

    async fn commit(&mut self, units: usize) -> Made {
        let mut keys = Vec::with_capacity(units);
        for _ in 0..units {
            self.number += 1;
            keys.push(key(self.number));
        }
        let transaction = self.client.transaction().await?;
        transaction.execute(&self.entries, &[&self.number, &keys, &NOW.0]).await?;
        transaction.execute(&self.holds, &[&keys, &NOW.0, &(NOW.0 + 1_800_000)]).await?;
        transaction.execute(&self.cell, &[&self.number]).await?;
        transaction.commit().await?;
        Ok(u32::try_from(units)?)
    }
}

/// The same reservations as groups.
struct Groups {
    store: Arc<dyn Store>,
    number: i64,
}

impl Groups {
    async fn on(store: Arc<dyn Store>) -> Result<Self, Box<dyn Error>> {
        let seller = Seller { id: SellerId(SELLER), nick: "bench".to_owned(), settings: Settings::default() };
        let draft = DirectoryDraft { sellers: vec![seller], ..DirectoryDraft::default() };
        store.put_directory(&draft, NOW).await?;
        Ok(Self { store, number: first_number() })
    }

    async fn commit(&mut self, units: usize) -> Made {
        let group = self.store.begin(SellerId(SELLER)).await?;
        let lease = Lease { node: 1, until: NOW };
        group.commit(reservations(&mut self.number, units), Vec::new(), lease, NOW).await?;
        Ok(u32::try_from(units)?)
    }
}

fn reservations(number: &mut i64, units: usize) -> Changes {
    let cell = CellKey::of(ScItemId(7), LocationId(1), StockClass::Certain, TMALL);
    let mut changes = Changes::default();
    let balance = StockCell { on_hand: 1_000_000_000, reserved: *number, initialised: true, ..StockCell::default() };
    changes.stock = StockChanges { cells: vec![(cell, balance)], ..StockChanges::default() };
    for _ in 0..units {
        *number += 1;
        let key = HoldKey(key(*number));
        changes.stock.entries.push(StockEntry {
            cell,
            kind: EntryKind::Reserve,
            on_hand: 0,
            reserved: 1,
            unreported: 0,
            cause: Cause::Ahead { key: key.clone() },
            happened: NOW,
            learnt: NOW,
        });
        let hold = AheadHold {
            key: key.clone(),
            item: ItemId(500),
            sku: SkuId(0),
            sc_item: ScItemId(7),
            quantity: 1,
            state: AheadState::Held,
            parts: vec![AheadPart { cell, units: 1 }],
            made_at: NOW,
            expires_at: NOW + Millis::minutes(30),
        };
        changes.ahead.push(SlotChange { key, before: None, after: Some(hold) });
    }
    changes
}
