//! SIGTERM in the middle of work: every answer that was given stands, nobody hangs, and the program says that all is well.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::bounded::for_each;
use astrolabe_rehearsal::ids::Listing;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};
use astrolabe_rehearsal::wire::CallError;
use tokio::task::JoinSet;

use crate::database::Database;
use crate::paper::listing;
use crate::server::assert_healthy;
use crate::shop::{self, NEAR, Shop, refusal};
use crate::wait::until;

const CLIENTS: usize = 32;
/// Answers after which the server is told to stop, with everybody still asking.
const ENOUGH: usize = 1_500;
const STOP_WITHIN: Duration = Duration::from_secs(15);
const QUESTIONS_AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_keeps_every_answer_on_sqlite() {
    stop_under_load(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_keeps_every_answer_on_postgres() {
    if let Some(database) = Database::postgres().await {
        stop_under_load(database).await;
    }
}

async fn stop_under_load(database: Database) {
    let goods = listing(60);
    let (mut server, shop) = shop::open(&database, Mode::PlatformPos, &Addresses::default(), &[]).await;
    let store = shop.open_store("STOP", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 1_000_000).await;

    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (shop, answered) = (shop.clone(), Arc::clone(&answered));
        clients.spawn(async move { reserve_until_gone(&shop, goods, client, &answered).await });
    }
    until("enough answers", || async {
        let so_far = answered.load(Ordering::Relaxed);
        if so_far >= ENOUGH { Ok(()) } else { Err(format!("{so_far}")) }
    })
    .await;
    let (status, took) = server.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", server.said());
    assert!(took < STOP_WITHIN, "it took {took:?}");
    let acknowledged: Vec<String> = clients.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() >= ENOUGH);
    assert_healthy(&database).await;

    server.start_again().await;
    assert_all_stand(&shop, goods, acknowledged).await;
    drop(server);
    database.remove().await;
}

/// Reserves one unit after the other until the server is gone; gives the keys whose answer came.
async fn reserve_until_gone(shop: &Shop, goods: Listing, client: usize, answered: &AtomicUsize) -> Vec<String> {
    let erp = shop.erp();
    let mut keys = Vec::new();
    loop {
        let key = format!("cart-{client}-{}", keys.len());
        match erp.call("astrolabe.stock.reserve", Shape::TopJson, &hold(&key, goods, 1)).await {
            Ok(_) => {
                answered.fetch_add(1, Ordering::Relaxed);
                keys.push(key);
            }
            Err(error) if error.is_passing() => return keys,
            Err(error @ (CallError::Refused { .. } | CallError::NoSuchMethod(_))) => panic!("{key}: {error}"),
            Err(CallError::Unknown(_) | CallError::Busy(_)) => return keys,
        }
    }
}

fn hold(key: &str, goods: Listing, quantity: i64) -> Fields {
    let fields = Fields::new().with("reserve_key", key).with("item_id", goods.item.0).with("sku_id", goods.sku.0);
    fields.with("quantity", quantity)
}

/// A key that is known with one unit is refused with two. A server that lost it would take it.
async fn assert_all_stand(shop: &Shop, goods: Listing, keys: Vec<String>) {
    let asked: Result<Vec<(String, String)>, ()> = for_each(QUESTIONS_AT_ONCE, keys, |key| {
        let erp = shop.erp();
        async move {
            let code = refusal(&erp, "astrolabe.stock.reserve", Shape::TopJson, &hold(&key, goods, 2)).await;
            Ok((key, code))
        }
    })
    .await;
    let lost: Vec<_> = asked
        .expect("asking asserts for itself")
        .into_iter()
        .filter(|(_, code)| code != "isv.reserve-key-reused")
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}
