//! How many rows things write: the commit is what everything costs, and the budget is a promise (architecture: at most 16 for
//! the five steps of a one-line order, at most 3 for a reservation). The counters are the server's own.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{listing, paid, tid};
use crate::shop::{self, NEAR, Shop, done};
use crate::wait::until;

const ORDERS: i64 = 50;
const RESERVATIONS: i64 = 50;
const ROWS_PER_ORDER_MAX: f64 = 16.0;
/// The line knows of it, and the timeline.
const ROWS_PER_CONSIGNMENT_MAX: f64 = 2.0;
const ROWS_PER_RESERVATION_MAX: f64 = 3.0;
const ROWS: &str = "astrolabe_rows_written_total";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_and_a_reservation_stay_within_their_rows() {
    let database = Database::sqlite();
    let pos = Ear::of_app(&shop::parties(Mode::PlatformPos).pos).await;
    let addresses = Addresses { pos: Some(pos.url()), ..Addresses::default() };
    let (server, shop) = shop::open(&database, Mode::PlatformPos, &addresses, &[]).await;
    let goods = listing(50);
    let store = shop.open_store("BUDGET", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 1_000).await;

    // One after the other: no group shares the write of a cell, which is the dearest an order can be.
    // The first is not counted: the work that binding and stock left for later is done beside it.
    let (mut before, mut consigning) = (0.0, 0.0);
    for number in 0..=ORDERS {
        if number == 1 {
            (before, consigning) = (server.metric(ROWS).await, 0.0);
        }
        let tid = tid(50 + number);
        shop.push("trades", &paid(tid, goods, 1)).await;
        shop.reaches(tid, store, "notified").await;
        delivered(&shop, tid).await;
        shop.accept(tid, store).await;
        // The merchant's own call to the channel (§3.4) is no step of the order and is counted apart.
        let so_far = server.metric(ROWS).await;
        done(&shop.pos(), "taobao.logistics.offline.send", Shape::TopJson, &shop::consign_fields(tid)).await;
        consigning += server.metric(ROWS).await - so_far;
        let ship = shop::ship_fields(tid, store);
        done(&shop.pos(), "taobao.omniorder.store.consigned", Shape::TopJson, &ship).await;
    }
    let rows = (server.metric(ROWS).await - before - consigning) / ORDERS as f64;
    assert!(rows > 5.0, "{rows} rows an order: the counter does not count");
    assert!(rows <= ROWS_PER_ORDER_MAX, "{rows} rows an order");
    let consigning = consigning / ORDERS as f64;
    assert!(consigning <= ROWS_PER_CONSIGNMENT_MAX, "{consigning} rows a consignment at the channel");

    let before = server.metric(ROWS).await;
    for number in 0..RESERVATIONS {
        let hold = Fields::new().with("reserve_key", format!("cart-{number}")).with("item_id", goods.item.0);
        let hold = hold.with("sku_id", goods.sku.0).with("quantity", 1_i64);
        done(&shop.erp(), "astrolabe.stock.reserve", Shape::TopJson, &hold).await;
    }
    let rows = (server.metric(ROWS).await - before) / RESERVATIONS as f64;
    assert!(rows >= 1.0, "{rows} rows a reservation: the counter does not count");
    assert!(rows <= ROWS_PER_RESERVATION_MAX, "{rows} rows a reservation");
}

/// The call to the POS is over, and its completion written.
async fn delivered(shop: &Shop, tid: Tid) {
    until(&format!("the call about {tid} delivered"), || async {
        let states = shop.trade(tid).await.calls();
        if states == ["delivered"] { Ok(()) } else { Err(format!("{states:?}")) }
    })
    .await;
}
