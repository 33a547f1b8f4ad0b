//! The straight road in the four role modes: paid, allocated, accepted, shipped.

use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};
use serde_json::json;

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{first_oid, listing, paid, tid};
use crate::server::assert_healthy;
use crate::shop::{self, FARTHER, NEAR, Shop, balance, done};
use crate::wait::until;

const TID: Tid = tid(10);

/// Waits until every call about the trade was delivered.
async fn all_delivered(shop: &Shop, calls: usize) {
    until("calls outward delivered", || async {
        let states = shop.trade(TID).await.calls();
        if states.len() == calls && states.iter().all(|state| state == "delivered") {
            Ok(())
        } else {
            Err(format!("{states:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_3_1_the_platform_allocates_and_the_keeper_accepts() {
    let database = Database::sqlite();
    let channel = Ear::of_channel(&shop::parties(Mode::PlatformKeeper).at_channel).await;
    let addresses = Addresses { channel: Some(channel.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::PlatformKeeper, &addresses, &[]).await;
    let goods = listing(10);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    let farther = shop.open_store("FARTHER", FARTHER, &[goods]).await;
    shop.load(near, goods, StockClass::Certain, 5).await;
    shop.load(farther, goods, StockClass::Certain, 5).await;

    shop.push("trades", &paid(TID, goods, 2)).await;
    assert_eq!(shop.reaches(TID, near, "notified").await.mode(), Some("3.1"));
    shop.balances(near, goods, balance(3, 2)).await;

    assert_eq!(shop.press(TID, "accept", &json!({})).await["state"], "accepted");
    shop.balances(near, goods, balance(3, 2)).await;
    assert!(channel.heard_of(TID).await.is_empty());

    assert_eq!(shop.press(TID, "ship", &shop::parcel(TID)).await["state"], "shipped");
    shop.balances(near, goods, balance(3, 0)).await;
    shop.balances(farther, goods, balance(5, 0)).await;
    let call = channel.hears(TID, &["logistics.offline.send"]).await;
    assert_eq!(call.fields.text("out_sid").ok(), Some(shop::waybill(TID).as_str()));
    assert_eq!(call.fields.longs("sub_tid").ok(), Some(vec![first_oid(TID).0]));
    all_delivered(&shop, 1).await;
    assert_eq!(shop.trade(TID).await.facts(first_oid(TID)), ["allocated", "accepted", "shipped"]);
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_3_2_an_isv_allocates_and_the_keeper_accepts() {
    let database = Database::sqlite();
    let parties = shop::parties(Mode::IsvKeeper);
    let (isv, channel) = (Ear::of_app(&parties.isv).await, Ear::of_channel(&parties.at_channel).await);
    let addresses = Addresses { isv: Some(isv.url()), channel: Some(channel.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::IsvKeeper, &addresses, &[]).await;
    let goods = listing(11);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    let farther = shop.open_store("FARTHER", FARTHER, &[goods]).await;
    shop.load(near, goods, StockClass::Certain, 5).await;
    shop.load(farther, goods, StockClass::Certain, 4).await;

    // Paid: held where most lies, until the ISV has chosen.
    shop.push("trades", &paid(TID, goods, 1)).await;
    isv.hears(TID, &["allocate"]).await;
    let seen = shop.trade(TID).await;
    assert_eq!((seen.mode(), seen.waits_for(first_oid(TID))), (Some("3.2"), Some("routing")));
    shop.balances(near, goods, balance(4, 1)).await;

    // The ISV chooses the other store: the hold moves with the order.
    let allocation = shop::allocation_fields(TID, farther);
    done(&shop.isv(), "taobao.omniorder.allocatedinfo.sync", Shape::TopJson, &allocation).await;
    shop.reaches(TID, farther, "notified").await;
    shop.balances(near, goods, balance(5, 0)).await;
    shop.balances(farther, goods, balance(3, 1)).await;

    shop.press(TID, "accept", &json!({})).await;
    isv.hears(TID, &["allocate", "store.accpeted"]).await;
    shop.press(TID, "ship", &shop::parcel(TID)).await;
    isv.hears(TID, &["allocate", "store.accpeted", "store.consigned"]).await;
    channel.hears(TID, &["logistics.offline.send"]).await;
    shop.balances(farther, goods, balance(3, 0)).await;
    all_delivered(&shop, 4).await;
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_3_3_the_platform_allocates_and_the_pos_accepts() {
    let database = Database::sqlite();
    let pos = Ear::of_app(&shop::parties(Mode::PlatformPos).pos).await;
    let addresses = Addresses { pos: Some(pos.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::PlatformPos, &addresses, &[]).await;
    let goods = listing(12);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    shop.load(near, goods, StockClass::Uncertain, 5).await;

    shop.push("trades", &paid(TID, goods, 1)).await;
    assert_eq!(shop.reaches(TID, near, "notified").await.mode(), Some("3.3"));
    let call = pos.hears(TID, &["allocatedinfo.sync"]).await;
    let told = call.fields.structs("store_allocated_list").expect("a list of allocations");
    let told: Vec<_> =
        told.iter().map(|it| (it.text("store_id").ok(), it.text("status").ok(), it.long("sub_oid").ok())).collect();
    assert_eq!(told, [(Some(near.to_string().as_str()), Some("Allocated"), Some(first_oid(TID).0))]);
    assert_eq!(shop.balance(near, goods, StockClass::Uncertain).await, balance(4, 1));

    shop.accept(TID, near).await;
    assert_eq!(shop.trade(TID).await.latest(first_oid(TID)), Some((near, "accepted".to_owned())));
    assert_eq!(shop.balance(near, goods, StockClass::Uncertain).await, balance(4, 1));
    shop.ship(TID, near).await;
    let seen = shop.reaches(TID, near, "shipped").await;
    assert_eq!(seen.facts(first_oid(TID)), ["allocated", "accepted", "channel_consigned", "shipped"]);
    assert_eq!(shop.balance(near, goods, StockClass::Uncertain).await, balance(4, 0));
    all_delivered(&shop, 1).await;
    assert_healthy(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_3_4_an_isv_allocates_and_the_pos_accepts() {
    let database = Database::sqlite();
    let parties = shop::parties(Mode::IsvPos);
    let (isv, pos) = (Ear::of_app(&parties.isv).await, Ear::of_app(&parties.pos).await);
    let addresses = Addresses { isv: Some(isv.url()), pos: Some(pos.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::IsvPos, &addresses, &[]).await;
    let goods = listing(13);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    shop.load(near, goods, StockClass::Certain, 2).await;

    shop.push("trades", &paid(TID, goods, 1)).await;
    isv.hears(TID, &["allocate"]).await;
    assert!(pos.heard_of(TID).await.is_empty(), "nothing is allocated yet");
    let allocation = shop::allocation_fields(TID, near);
    done(&shop.isv(), "taobao.omniorder.allocatedinfo.sync", Shape::TopXml, &allocation).await;
    assert_eq!(shop.reaches(TID, near, "notified").await.mode(), Some("3.4"));
    pos.hears(TID, &["allocatedinfo.sync"]).await;
    shop.balances(near, goods, balance(1, 1)).await;

    shop.accept(TID, near).await;
    isv.hears(TID, &["allocate", "store.accpeted"]).await;
    shop.ship(TID, near).await;
    isv.hears(TID, &["allocate", "store.accpeted", "store.consigned"]).await;
    shop.reaches(TID, near, "shipped").await;
    shop.balances(near, goods, balance(1, 0)).await;
    all_delivered(&shop, 4).await;
    assert_healthy(&database).await;
}
