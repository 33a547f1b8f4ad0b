//! 双占: an order on uncertain stock is backed by certain stock elsewhere until the store has accepted it.

use astrolabe_rehearsal::ids::{StoreId, Tid};
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::paper::{listing, paid, tid};
use crate::server::{Server, assert_healthy};
use crate::shop::{self, FARTHEST, NEAR, Shop, balance};

const TID: Tid = tid(45);

/// An order offered to a near store with uncertain stock; certain stock lies far away.
async fn offered(database: &Database) -> (Server, Shop, StoreId, StoreId) {
    let (server, shop) = shop::open(database, Mode::PlatformPos, &Addresses::default(), &[]).await;
    let goods = listing(45);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    let far = shop.open_store("FAR", FARTHEST, &[goods]).await;
    shop.load(near, goods, StockClass::Uncertain, 3).await;
    shop.load(far, goods, StockClass::Certain, 2).await;
    shop.push("trades", &paid(TID, goods, 1)).await;
    shop.reaches(TID, near, "notified").await;
    assert_eq!(shop.balance(near, goods, StockClass::Uncertain).await, balance(2, 1));
    shop.balances(far, goods, balance(1, 1)).await;
    (server, shop, near, far)
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_the_guard_is_free_again() {
    let database = Database::sqlite();
    let (_server, shop, near, far) = offered(&database).await;
    shop.accept(TID, near).await;
    shop.balances(far, listing(45), balance(2, 0)).await;
    assert_eq!(shop.balance(near, listing(45), StockClass::Uncertain).await, balance(2, 1));
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_the_guard_takes_over() {
    let database = Database::sqlite();
    let (_server, shop, near, far) = offered(&database).await;
    shop.refuse(TID, near, "店员很忙").await;
    shop.reaches(TID, far, "notified").await;
    shop.balances(far, listing(45), balance(1, 1)).await;
    assert_eq!(shop.balance(near, listing(45), StockClass::Uncertain).await, balance(3, 0));
    assert_healthy(&database).await;
}
