//! Hundreds of trades at once want a store that takes forty a day. It gets forty, whoever comes first; what it gives back is
//! given again, and never more.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::bounded::for_each;
use astrolabe_rehearsal::ids::{StoreId, Tid};
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::paper::{first_oid, listing, paid, tid};
use crate::server::assert_healthy;
use crate::shop::{self, FARTHER, NEAR, Shop, done};

const LIMIT: i64 = 40;
const TRADES: i64 = 300;
const AT_ONCE: usize = 64;
const GIVEN_BACK: i64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_days_limit_admits_exactly_its_number_on_sqlite() {
    contest(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_limit_admits_exactly_its_number_on_postgres() {
    if let Some(database) = Database::postgres().await {
        contest(database).await;
    }
}

async fn contest(database: Database) {
    let wanted = listing(70);
    let (server, shop) = shop::open(&database, Mode::PlatformPos, &Addresses::default(), &[]).await;
    let near = shop.open_store("LIMITED", NEAR, &[wanted]).await;
    let far = shop.open_store("OTHER", FARTHER, &[wanted]).await;
    for store in [near, far] {
        shop.load(store, wanted, StockClass::Certain, 10 * TRADES).await;
    }
    let config = Fields::new().with("deliver_threshold", LIMIT);
    let config = Fields::new().with("store_id", near.0).with("store_deliver_config", config);
    done(&shop.erp(), "taobao.omniorder.store.deliverconfig.update", Shape::TopJson, &config).await;

    pay(&shop, 0..TRADES).await;
    let (mine, others) = split(&shop, 0..TRADES, near, far).await;
    assert_eq!(mine.len() as i64, LIMIT);
    assert_eq!(others.len() as i64, TRADES - LIMIT);
    assert_healthy(&database).await;

    // Some are accepted, some given back; all at once with more trades.
    let (kept, returned) = mine.split_at((LIMIT - GIVEN_BACK) as usize);
    let answers = async {
        for tid in kept {
            shop.accept(*tid, near).await;
        }
        for tid in returned {
            shop.refuse(*tid, near, "人手不够").await;
        }
    };
    let more = TRADES..TRADES + 60;
    tokio::join!(answers, pay(&shop, more.clone()));
    // What was given back before the last of the new trades came may be taken by them; the rest is still free.
    let again = TRADES + 60..TRADES + 120;
    pay(&shop, again.clone()).await;
    let (mine, _) = split(&shop, more.start..again.end, near, far).await;
    assert_eq!(mine.len() as i64, GIVEN_BACK);
    assert_healthy(&database).await;
    drop(server);
    database.remove().await;
}

async fn pay(shop: &Shop, numbers: std::ops::Range<i64>) {
    let one = |number: i64| {
        let shop = shop.clone();
        async move {
            shop.push("trades", &paid(tid(number), listing(70), 1)).await;
            Ok::<(), std::convert::Infallible>(())
        }
    };
    let Ok(_paid) = for_each(AT_ONCE, numbers, one).await;
}

/// Which trades were offered to the one store, and which to the other.
async fn split(shop: &Shop, numbers: std::ops::Range<i64>, near: StoreId, far: StoreId) -> (Vec<Tid>, Vec<Tid>) {
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for number in numbers {
        let tid = tid(number);
        let seen = shop.trade(tid).await;
        match seen.latest(first_oid(tid)) {
            Some((store, _)) if store == near => mine.push(tid),
            Some((store, _)) if store == far => others.push(tid),
            other => panic!("{tid} is nowhere: {other:?}"),
        }
    }
    (mine, others)
}
