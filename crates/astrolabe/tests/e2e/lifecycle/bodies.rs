//! How a call to an app carries its fields is the app's to choose (§7): the checkers of some SDKs read only one of the two ways.

use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{listing, paid, tid};
use crate::server::{Server, apply};
use crate::shop::{self, NEAR, Shop};

const TID: Tid = tid(50);

/// Declares the allocating app's address with this written behind it, and gives the media type of the call it gets.
async fn called_with(declared: &str) -> String {
    let database = Database::sqlite();
    let parties = shop::parties(Mode::IsvPos);
    let isv = Ear::of_app(&parties.isv).await;
    let addresses = Addresses { isv: Some(isv.url()), ..Addresses::default() };
    let declaration = shop::declaration(&parties, &addresses, &[]);
    let address = isv.url().to_string();
    let plain = format!("online = {address:?}");
    assert!(declaration.contains(&plain), "{declaration}");
    let with_body = declaration.replace(&plain, &format!("online = {{ url = {address:?}{declared} }}"));
    apply(&database, &with_body).await;

    let server = Server::start(&database).await;
    let shop = Shop::at(&server, parties);
    let goods = listing(50);
    let near = shop.open_store("NEAR", NEAR, &[goods]).await;
    shop.load(near, goods, StockClass::Certain, 1).await;
    shop.push("trades", &paid(TID, goods, 1)).await;
    // It is heard only if its signature holds over the body it has.
    isv.hears(TID, &["allocate"]).await.media_type
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_called_with_the_body_it_reads() {
    let table = [
        ("", "application/x-www-form-urlencoded"),
        (r#", body = "form""#, "application/x-www-form-urlencoded"),
        (r#", body = "json""#, "application/json"),
    ];
    for (declared, media_type) in table {
        assert_eq!(called_with(declared).await, media_type, "{declared}");
    }
}
