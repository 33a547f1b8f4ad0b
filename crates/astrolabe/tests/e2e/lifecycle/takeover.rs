//! An allocating ISV that says nothing: asked again at half its time, replaced at the end of it.

use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{first_oid, listing, paid, tid};
use crate::server::assert_healthy;
use crate::shop::{self, FARTHER, NEAR, balance, done, refusal};

const TID: Tid = tid(40);
const SYNC: &str = "taobao.omniorder.allocatedinfo.sync";

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_isv_is_replaced_by_the_platform() {
    let database = Database::sqlite();
    let parties = shop::parties(Mode::IsvPos);
    let (isv, pos) = (Ear::of_app(&parties.isv).await, Ear::of_app(&parties.pos).await);
    let addresses = Addresses { isv: Some(isv.url()), pos: Some(pos.url()), ..Addresses::default() };
    let settings = [("allocate_within_ms", "2000"), ("takeover", "true")];
    let (_server, shop) = shop::open(&database, Mode::IsvPos, &addresses, &settings).await;
    let goods = listing(40);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    let farther = shop.open_store("FARTHER", FARTHER, &[goods]).await;
    for store in [near, farther] {
        shop.load(store, goods, StockClass::Certain, 3).await;
    }

    shop.push("trades", &paid(TID, goods, 1)).await;
    isv.hears(TID, &["allocate", "allocatedinfo.get"]).await;
    let seen = shop.reaches(TID, near, "notified").await;
    let facts = seen.facts_of_the_whole();
    let silent = facts.iter().position(|fact| *fact == "allocator_silent");
    let taken_over = facts.iter().position(|fact| *fact == "taken_over");
    assert!(silent.is_some() && silent < taken_over, "{facts:?}");
    pos.hears(TID, &["allocatedinfo.sync"]).await;
    shop.balances(near, goods, balance(2, 1)).await;

    // A late result: the same store is no news, another is refused.
    done(&shop.isv(), SYNC, Shape::TopJson, &shop::allocation_fields(TID, near)).await;
    let elsewhere = shop::allocation_fields(TID, farther);
    assert_eq!(refusal(&shop.isv(), SYNC, Shape::TopJson, &elsewhere).await, "isv.allocation-closed");
    assert_eq!(shop.trade(TID).await.all_of(first_oid(TID)), [(near, "notified".to_owned())]);

    // After a refusal the platform routes again; the ISV is told and not asked.
    shop.refuse(TID, near, "店员很忙").await;
    shop.reaches(TID, farther, "notified").await;
    isv.hears(TID, &["allocate", "allocatedinfo.get", "store.refused"]).await;
    shop.balances(farther, goods, balance(2, 1)).await;
    assert_healthy(&database).await;
}
