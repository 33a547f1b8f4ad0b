//! A store that refuses, and one that says nothing: the order goes elsewhere, and so do its units.

use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{first_oid, listing, paid, tid};
use crate::server::assert_healthy;
use crate::shop::{self, FARTHER, FARTHEST, NEAR, balance, refusal};

const TID: Tid = tid(20);
const ACCEPTED: &str = "taobao.omniorder.store.accpeted";

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_order_goes_to_the_next_store_until_there_is_none() {
    let database = Database::sqlite();
    let pos = Ear::of_app(&shop::parties(Mode::PlatformPos).pos).await;
    let addresses = Addresses { pos: Some(pos.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::PlatformPos, &addresses, &[]).await;
    let goods = listing(20);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    let farther = shop.open_store("FARTHER", FARTHER, &[goods]).await;
    let farthest = shop.open_store("FARTHEST", FARTHEST, &[goods]).await;
    for store in [near, farther, farthest] {
        shop.load(store, goods, StockClass::Certain, 2).await;
    }

    shop.push("trades", &paid(TID, goods, 1)).await;
    shop.reaches(TID, near, "notified").await;
    shop.refuse(TID, near, "店员很忙").await;
    shop.reaches(TID, farther, "notified").await;
    shop.balances(near, goods, balance(2, 0)).await;
    shop.balances(farther, goods, balance(1, 1)).await;
    pos.hears(TID, &["allocatedinfo.sync", "allocatedinfo.sync"]).await;

    // The store that refused may not take it now.
    let late = shop::answer_fields(TID, near, "0", None);
    assert_eq!(refusal(&shop.pos(), ACCEPTED, Shape::TopJson, &late).await, "isv.order-state-invalid");

    shop.refuse(TID, farther, "无货").await;
    shop.reaches(TID, farthest, "notified").await;
    shop.refuse(TID, farthest, "打烊").await;
    let seen = shop.trade(TID).await;
    assert_eq!(seen.waits_for(first_oid(TID)), Some("unfillable"));
    let states: Vec<_> = seen.all_of(first_oid(TID));
    assert_eq!(states, [near, farther, farthest].map(|store| (store, "refused".to_owned())));
    shop.balances(farthest, goods, balance(2, 0)).await;
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_order_goes_to_the_next_store_after_the_limit() {
    let database = Database::sqlite();
    let settings = [("accept_within_ms", "3000")];
    let (_server, shop) = shop::open(&database, Mode::PlatformPos, &Addresses::default(), &settings).await;
    let goods = listing(21);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    let farther = shop.open_store("FARTHER", FARTHER, &[goods]).await;
    for store in [near, farther] {
        shop.load(store, goods, StockClass::Certain, 2).await;
    }

    shop.push("trades", &paid(TID, goods, 1)).await;
    let offered = shop.reaches(TID, near, "notified").await;
    assert!(offered.0["assignments"][0]["due_at"].is_i64(), "{}", offered.0);
    shop.reaches(TID, farther, "notified").await;
    // At once: the second store has no longer than the first.
    shop.accept(TID, farther).await;
    let seen = shop.trade(TID).await;
    let states = [(near, "unanswered".to_owned()), (farther, "accepted".to_owned())];
    assert_eq!(seen.all_of(first_oid(TID)), states);
    shop.balances(near, goods, balance(2, 0)).await;
    shop.balances(farther, goods, balance(1, 1)).await;

    // Too late, and somebody has it.
    let late = shop::answer_fields(TID, near, "0", None);
    assert_eq!(refusal(&shop.pos(), ACCEPTED, Shape::TopJson, &late).await, "isv.offer-withdrawn");
    shop.ship(TID, farther).await;
    shop.reaches(TID, farther, "shipped").await;
    assert_healthy(&database).await;
}
