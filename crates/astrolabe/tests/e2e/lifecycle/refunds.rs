//! The buyer wants the money back before the goods have left: the store says whether they are still there.

use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::ids::{StoreId, Tid};
use astrolabe_rehearsal::merchant::{RefundStatus, StockClass};
use astrolabe_rehearsal::parties::{Addresses, Mode};
use serde_json::json;

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{first_oid, listing, paid, refund, tid};
use crate::server::{Server, assert_healthy};
use crate::shop::{self, NEAR, Shop, balance, done, refusal};

const TID: Tid = tid(30);
const UPDATE: &str = "taobao.qimen.orderStatus.update";

/// An accepted order whose buyer asks for the money, in 3.3.
async fn asked_back(database: &Database) -> (Server, Shop, Ear, StoreId) {
    let pos = Ear::of_app(&shop::parties(Mode::PlatformPos).pos).await;
    let addresses = Addresses { pos: Some(pos.url()), ..Addresses::default() };
    let (server, shop) = shop::open(database, Mode::PlatformPos, &addresses, &[]).await;
    let goods = listing(30);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    shop.load(near, goods, StockClass::Certain, 4).await;
    shop.push("trades", &paid(TID, goods, 1)).await;
    shop.reaches(TID, near, "notified").await;
    shop.accept(TID, near).await;

    shop.push("refunds", &refund(TID, goods, RefundStatus::WaitSellerAgree, 0)).await;
    shop.reaches(TID, near, "cancel_requested").await;
    let call = pos.hears(TID, &["allocatedinfo.sync", "customer.refund"]).await;
    let lines = call.fields.structs("sub_order_list").expect("a list of sub-orders");
    assert_eq!(lines[0].text("status").ok(), Some("STATUS_REFUNDED"));
    shop.balances(near, goods, balance(3, 1)).await;
    (server, shop, pos, near)
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_the_units_are_free_again() {
    let database = Database::sqlite();
    let (_server, shop, _pos, near) = asked_back(&database).await;
    let goods = listing(30);
    let confirmed = shop::status_fields(shop.parties.seller, TID, first_oid(TID), near, "X_SHOP_CANCEL_CONFIRM");
    done(&shop.pos(), UPDATE, Shape::Qimen, &confirmed).await;
    shop.reaches(TID, near, "cancelled").await;
    shop.balances(near, goods, balance(4, 0)).await;

    // Nothing can be shipped any more, and the granted refund changes no stock.
    let late = shop::ship_fields(TID, near);
    let code = refusal(&shop.pos(), "taobao.omniorder.store.consigned", Shape::TopJson, &late).await;
    assert_eq!(code, "isv.order-state-invalid");
    shop.push("refunds", &refund(TID, goods, RefundStatus::Success, 1)).await;
    shop.balances(near, goods, balance(4, 0)).await;
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_the_order_ships_after_all() {
    let database = Database::sqlite();
    let (_server, shop, _pos, near) = asked_back(&database).await;
    let goods = listing(30);
    let denied = shop::status_fields(shop.parties.seller, TID, first_oid(TID), near, "X_SHOP_CANCEL_DENIED");
    done(&shop.pos(), UPDATE, Shape::Qimen, &denied).await;
    shop.reaches(TID, near, "cancel_denied").await;
    shop.balances(near, goods, balance(3, 1)).await;
    shop.ship(TID, near).await;
    shop.reaches(TID, near, "shipped").await;
    shop.balances(near, goods, balance(3, 0)).await;
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keeper_answers_over_rest_and_a_withdrawn_refund_lets_the_order_go_on() {
    let database = Database::sqlite();
    let (_server, shop) = shop::open(&database, Mode::PlatformKeeper, &Addresses::default(), &[]).await;
    let goods = listing(31);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    shop.load(near, goods, StockClass::Certain, 4).await;
    let (kept, lost) = (tid(31), tid(32));
    for tid in [kept, lost] {
        shop.push("trades", &paid(tid, goods, 1)).await;
        shop.reaches(tid, near, "notified").await;
        shop.press(tid, "accept", &json!({})).await;
        shop.push("refunds", &refund(tid, goods, RefundStatus::WaitSellerAgree, 0)).await;
        shop.reaches(tid, near, "cancel_requested").await;
    }

    shop.push("refunds", &refund(kept, goods, RefundStatus::Closed, 1)).await;
    shop.reaches(kept, near, "accepted").await;
    shop.press(kept, "ship", &shop::parcel(kept)).await;
    shop.reaches(kept, near, "shipped").await;

    let answered = shop.press(lost, "refund-answer", &json!({ "answer": "back_on_shelf" })).await;
    assert_eq!(answered["state"], "cancelled");
    shop.balances(near, goods, balance(3, 0)).await;
    assert_healthy(&database).await;
}
