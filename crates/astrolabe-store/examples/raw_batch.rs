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

const SELLER: i64 = 1;
const GROUP: usize = 500;
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Reservations a second.
type Rate = f64;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let span = Duration::from_secs(seconds);
    let dir = std::env::current_dir()?.join("target").join(format!("raw_batch_{}", std::process::id()));
    let store = open(&StoreTarget::DataDir(dir.clone())).await?;
    let sqlite = raw_sqlite(&dir, span)?;
    report("sqlite", sqlite, through(&store, span).await?);
    drop(store);
    std::fs::remove_dir_all(&dir)?;
    if let Some(url) = arguments.next() {
        let store = open(&StoreTarget::Url(url.clone())).await?;
        let postgres = raw_postgres(&url, span).await?;
        report("postgres", postgres, through(&store, span).await?);
    }
    Ok(())
}

fn report(name: &str, (raw_batch, raw_one): (Rate, Rate), (batch, one): (Rate, Rate)) {
    println!("{name}: raw {GROUP} a commit {raw_batch:.0}/s, raw one a commit {raw_one:.0}/s");
    println!("{name}: store {GROUP} a group {batch:.0}/s, store one a group {one:.0}/s");
    println!(
        "{name}: store / raw batch {:.0} %, batch / one by one {:.1}",
        batch / raw_batch * 100.0,
        raw_batch / raw_one
    );
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

/// Calls `group` for as long as `span` and counts what it did.
fn rate(started: Instant, done: usize) -> Rate {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53rd bit")]
    let done = done as f64;
    done / started.elapsed().as_secs_f64()
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

fn raw_sqlite(dir: &std::path::Path, span: Duration) -> Result<(Rate, Rate), Box<dyn Error>> {
    let connection = rusqlite::Connection::open(dir.join("astrolabe.sqlite"))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    let mut number = first_number();
    let mut version = 1_000_000_000;
    let mut measure = |a_commit: i64| -> Result<Rate, rusqlite::Error> {
        let (started, first) = (Instant::now(), number);
        while started.elapsed() < span {
            version += 1;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            let mut entry = connection.prepare_cached(ENTRY)?;
            let mut hold = connection.prepare_cached(HOLD)?;
            for n in 0..a_commit {
                number += 1;
                entry.execute((version, n, key(number), NOW.0))?;
                hold.execute((key(number), NOW.0, NOW.0 + 1_800_000))?;
            }
            connection.prepare_cached(CELL)?.execute([number - first])?;
            connection.execute_batch("COMMIT")?;
        }
        Ok(rate(started, usize::try_from(number - first).unwrap_or(0)))
    };
    Ok((measure(500)?, measure(1)?))
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

async fn raw_postgres(url: &str, span: Duration) -> Result<(Rate, Rate), Box<dyn Error>> {
    let (mut client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let cell = client.prepare(PG_CELL).await?;
    let entries = client.prepare(PG_ENTRIES).await?;
    let holds = client.prepare(PG_HOLDS).await?;
    let mut number = first_number();
    let mut version = number;
    let mut rates = Vec::new();
    for a_commit in [500, 1] {
        let (started, first) = (Instant::now(), number);
        while started.elapsed() < span {
            version += 1;
            let keys: Vec<String> = (1..=a_commit).map(|n| key(number + n)).collect();
            number += a_commit;
            let transaction = client.transaction().await?;
            transaction.execute(&entries, &[&version, &keys, &NOW.0]).await?;
            transaction.execute(&holds, &[&keys, &NOW.0, &(NOW.0 + 1_800_000)]).await?;
            transaction.execute(&cell, &[&(number - first)]).await?;
            transaction.commit().await?;
        }
        rates.push(rate(started, usize::try_from(number - first)?));
    }
    Ok((rates[0], rates[1]))
}

/// The same reservations as groups.
async fn through(store: &Arc<dyn Store>, span: Duration) -> Result<(Rate, Rate), Box<dyn Error>> {
    let seller = Seller { id: SellerId(SELLER), nick: "bench".to_owned(), settings: Settings::default() };
    let draft = DirectoryDraft { sellers: vec![seller], ..DirectoryDraft::default() };
    store.put_directory(&draft, NOW).await?;
    let mut number = first_number();
    let mut rates = Vec::new();
    for a_group in [GROUP, 1] {
        let (started, mut done) = (Instant::now(), 0);
        while started.elapsed() < span {
            let group = store.begin(SellerId(SELLER)).await?;
            let lease = Lease { node: 1, until: NOW };
            group.commit(reservations(&mut number, a_group), Vec::new(), lease, NOW).await?;
            done += a_group;
        }
        rates.push(rate(started, done));
    }
    Ok((rates[0], rates[1]))
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
