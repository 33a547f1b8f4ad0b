//! Two hundred paid trades for a hundred units: the first hundred are allocated, the others wait, and new stock goes to those
//! who have waited longest since they paid.

use std::collections::BTreeSet;

use astrolabe_protocol::EpochMs;
use astrolabe_rehearsal::bounded::for_each;
use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::dice::Dice;
use astrolabe_rehearsal::ids::{Listing, StoreId, Tid};
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::paper::{first_oid, listing, paid_at, tid};
use crate::server::assert_healthy;
use crate::shop::{self, NEAR, Shop, balance};
use crate::wait::until;

const TRADES: i64 = 200;
const UNITS: i64 = 100;
const MORE: i64 = 50;
const PUSHES_AT_ONCE: usize = 64;
const LOOKS_AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_trades_for_a_hundred_units_on_sqlite() {
    contest(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_trades_for_a_hundred_units_on_postgres() {
    if let Some(database) = Database::postgres().await {
        contest(database).await;
    }
}

async fn contest(database: Database) {
    let wanted = listing(2);
    let (server, shop) = shop::open(&database, Mode::PlatformPos, &Addresses::default(), &[]).await;
    let store = shop.open_store("QUEUE", NEAR, &[wanted]).await;
    shop.load(store, wanted, StockClass::Certain, UNITS).await;

    push_all(&shop, wanted).await;
    let first = allocated_reach(&shop, UNITS).await;
    assert_eq!(shop.balance(store, wanted, StockClass::Certain).await, balance(0, UNITS));
    assert_waiting(&shop, &first, store).await;
    assert_healthy(&database).await;

    shop.report(store, wanted, StockClass::Certain, "MORE", MORE).await;
    let then = allocated_reach(&shop, UNITS + MORE).await;
    let served: Vec<Tid> = then.difference(&first).copied().collect();
    let longest: Vec<Tid> = all_trades().filter(|tid| !first.contains(tid)).take(MORE as usize).collect();
    assert_eq!(served, longest, "the longest waiting are served first");
    assert_eq!(shop.balance(store, wanted, StockClass::Certain).await, balance(0, UNITS + MORE));
    assert_healthy(&database).await;
    drop(server);
    database.remove().await;
}

/// In the order in which they were paid.
fn all_trades() -> impl Iterator<Item = Tid> {
    (0..TRADES).map(tid)
}

/// Pushes all of them, paid a second apart, in an order that has nothing to do with that.
async fn push_all(shop: &Shop, wanted: Listing) {
    let first_paid = clock::now().0 - TRADES * 2_000;
    let mut order: Vec<i64> = (0..TRADES).collect();
    let mut dice = Dice::new(7, "order of arrival");
    for at in (1..order.len()).rev() {
        order.swap(at, dice.below(at + 1));
    }
    let pushed: Result<Vec<()>, ()> = for_each(PUSHES_AT_ONCE, order, |number| {
        let shop = shop.clone();
        async move {
            let trade = paid_at(tid(number), wanted, 1, EpochMs(first_paid + number * 1_000));
            shop.push("trades", &trade).await;
            Ok(())
        }
    })
    .await;
    pushed.expect("pushing asserts for itself");
}

/// Waits until so many trades are offered to the store, and gives them.
async fn allocated_reach(shop: &Shop, count: i64) -> BTreeSet<Tid> {
    let allocated = until(&format!("{count} trades allocated"), || async {
        let found = allocated(shop).await;
        if (found.len() as i64) < count { Err(format!("{} are", found.len())) } else { Ok(found) }
    })
    .await;
    assert_eq!(allocated.len() as i64, count, "no unit is given twice");
    allocated
}

async fn allocated(shop: &Shop) -> BTreeSet<Tid> {
    let looks: Result<Vec<(Tid, bool)>, ()> = for_each(LOOKS_AT_ONCE, all_trades(), |tid| {
        let shop = shop.clone();
        async move {
            let latest = shop.trade(tid).await.latest(first_oid(tid));
            Ok((tid, latest.is_some_and(|(_, state)| state == "notified")))
        }
    })
    .await;
    looks.expect("looking asserts for itself").into_iter().filter(|(_, has)| *has).map(|(tid, _)| tid).collect()
}

async fn assert_waiting(shop: &Shop, allocated: &BTreeSet<Tid>, store: StoreId) {
    for tid in all_trades() {
        let seen = shop.trade(tid).await;
        if allocated.contains(&tid) {
            assert_eq!(seen.all_of(first_oid(tid)), [(store, "notified".to_owned())]);
        } else {
            assert_eq!((seen.all_of(first_oid(tid)), seen.waits_for(first_oid(tid))), (vec![], Some("unfillable")));
        }
    }
}
