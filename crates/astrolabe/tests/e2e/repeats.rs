//! Networks bring requests twice. Every writing call in the life of a one-line order is sent again byte for byte: the second
//! answer is the first one, and nothing has changed.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::{ClientRequest, Shape, parse_answer};
use astrolabe_rehearsal::ids::{Listing, StoreId};
use astrolabe_rehearsal::merchant::{RefundStatus, StockClass};
use astrolabe_rehearsal::parties::{Addresses, AppParty, Mode};
use astrolabe_rehearsal::wire::door_path;
use serde_json::Value;

use crate::database::Database;
use crate::paper::{first_oid, listing, paid, refund, tid};
use crate::server::assert_healthy;
use crate::shop::{self, Balance, NEAR, Shop};

/// All that a repeat could have changed.
#[derive(Debug, PartialEq)]
struct Standing {
    trade: Option<Value>,
    certain: Option<Balance>,
    uncertain: Option<Balance>,
}

/// The order whose life it is.
#[derive(Debug, Clone, Copy)]
struct Subject {
    listing: Listing,
    store: Option<StoreId>,
    /// Whether the channel has told of the trade.
    traded: bool,
}

const TID: astrolabe_rehearsal::ids::Tid = tid(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_gets_the_first_answer_and_changes_nothing() {
    let database = Database::sqlite();
    let (_server, shop) = shop::open(&database, Mode::PlatformPos, &Addresses::default(), &[]).await;
    let goods = listing(3);
    let mut subject = Subject { listing: goods, store: None, traded: false };
    let (erp, pos, seller) = (shop.parties.erp.clone(), shop.parties.pos.clone(), shop.parties.seller);

    // Master data and stock.
    let create = shop::store_fields("TWICE", NEAR);
    let answer = twice(&shop, &erp, "taobao.qimen.store.create", Shape::Qimen, &create, subject).await;
    let store = StoreId(answer.long("store_id").expect("a store's id"));
    subject.store = Some(store);
    twice(&shop, &erp, "taobao.omniorder.item.tag.operate", Shape::TopJson, &shop::tag_fields(goods), subject).await;
    let bind = shop::bind_fields(goods, &[store]);
    twice(&shop, &erp, "taobao.qimen.itemstore.banding", Shape::TopXml, &bind, subject).await;
    for (bill, class, quantity) in [("FIRST-C", StockClass::Certain, 9), ("FIRST-U", StockClass::Uncertain, 4)] {
        let first = shop::stock_fields(seller, store, shop::bill_fields(bill, goods, class, quantity, None));
        twice(&shop, &erp, "taobao.qimen.storeinventory.iteminitial", Shape::Qimen, &first, subject).await;
    }
    let bill = shop::bill_fields("MORE", goods, StockClass::Certain, -2, Some("TAOBAO_EXCLUDED"));
    let bill = shop::stock_fields(seller, store, bill);
    twice(&shop, &erp, "taobao.qimen.storeinventory.itemupdate", Shape::CloudJson, &bill, subject).await;

    // A hold before payment.
    let hold = Fields::new().with("reserve_key", "cart").with("item_id", goods.item.0).with("sku_id", goods.sku.0);
    let hold = hold.with("quantity", 2_i64).with("ttl_seconds", 600_i64);
    twice(&shop, &erp, "astrolabe.stock.reserve", Shape::TopJson, &hold, subject).await;
    let release = Fields::new().with("reserve_key", "cart");
    twice(&shop, &erp, "astrolabe.stock.release", Shape::TopJson, &release, subject).await;

    // The order itself.
    push_twice(&shop, "trades", &paid(TID, goods, 1), &mut subject).await;
    shop.reaches(TID, store, "notified").await;
    let accept = shop::answer_fields(TID, store, "0", None);
    twice(&shop, &pos, "taobao.omniorder.store.accpeted", Shape::TopJson, &accept, subject).await;
    push_twice(&shop, "refunds", &refund(TID, goods, RefundStatus::WaitSellerAgree, 0), &mut subject).await;
    let denied = shop::status_fields(seller, TID, first_oid(TID), store, "X_SHOP_CANCEL_DENIED");
    twice(&shop, &pos, "taobao.qimen.orderStatus.update", Shape::Qimen, &denied, subject).await;
    twice(&shop, &pos, "taobao.logistics.offline.send", Shape::TopXml, &shop::consign_fields(TID), subject).await;
    let ship = shop::ship_fields(TID, store);
    twice(&shop, &pos, "taobao.omniorder.store.consigned", Shape::TopSimplified, &ship, subject).await;
    shop.reaches(TID, store, "shipped").await;

    // What left is reported with the channel's sales in it.
    let bill = shop::bill_fields("LEFT", goods, StockClass::Certain, -1, Some("TAOBAO_INCLUDED"));
    let bill = shop::stock_fields(seller, store, bill);
    twice(&shop, &erp, "taobao.qimen.storeinventory.itemupdate", Shape::Qimen, &bill, subject).await;
    assert_eq!(shop.balance(store, goods, StockClass::Certain).await, shop::balance(6, 0));

    // What is refused is refused again in the same words.
    refused_twice(
        &shop,
        &pos,
        "taobao.omniorder.store.refused",
        &shop::answer_fields(TID, store, "0", Some("无货")),
        subject,
    )
    .await;
    assert_healthy(&database).await;
    database.remove().await;
}

async fn standing(shop: &Shop, subject: Subject) -> Standing {
    let trade = if subject.traded { Some(shop.trade(TID).await.decided()) } else { None };
    let (mut certain, mut uncertain) = (None, None);
    if let Some(store) = subject.store {
        certain = Some(shop.balance(store, subject.listing, StockClass::Certain).await);
        uncertain = Some(shop.balance(store, subject.listing, StockClass::Uncertain).await);
    }
    Standing { trade, certain, uncertain }
}

/// Sends one request twice; the first must succeed. Gives the answer's fields.
async fn twice(shop: &Shop, app: &AppParty, name: &str, shape: Shape, fields: &Fields, subject: Subject) -> Fields {
    let (method, request) = shop.signed(app, name, shape, fields);
    let first = send(shop, &request).await;
    let answer = parse_answer(method, &shape.style(name), &first);
    let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}: {}", String::from_utf8_lossy(&first)));
    assert_eq!(answer.failure_code(), None, "{name}: {answer:?}");
    again(shop, name, &request, &first, subject).await;
    answer.fields().clone()
}

async fn refused_twice(shop: &Shop, app: &AppParty, name: &str, fields: &Fields, subject: Subject) {
    let (method, request) = shop.signed(app, name, Shape::TopJson, fields);
    let first = send(shop, &request).await;
    let answer = parse_answer(method, &Shape::TopJson.style(name), &first);
    assert!(answer.is_err(), "{name} succeeded: {answer:?}");
    again(shop, name, &request, &first, subject).await;
}

/// The same bytes once more.
async fn again(shop: &Shop, name: &str, request: &ClientRequest, first: &[u8], subject: Subject) {
    let before = standing(shop, subject).await;
    let second = send(shop, request).await;
    assert_eq!(without_request_id(&second), without_request_id(first), "{name}");
    assert_eq!(standing(shop, subject).await, before, "{name} changed something the second time");
}

async fn send(shop: &Shop, request: &ClientRequest) -> Vec<u8> {
    let url = shop.server.at(&format!("{}?{}", door_path(request.door), request.query));
    let sent = shop.http.post(&url, &[], request.content_type, request.body.clone()).await;
    let (status, body) = sent.expect("the server answers");
    assert_eq!(status, 200);
    body
}

async fn push_twice(shop: &Shop, what: &str, body: &Value, subject: &mut Subject) {
    let first = shop.push(what, body).await;
    assert_eq!(first["results"][0]["changed"], true, "{first}");
    subject.traded = true;
    let before = standing(shop, *subject).await;
    let second = shop.push(what, body).await;
    // The channel's door says whether anything was new; all else is the same.
    assert_eq!(second["results"][0]["changed"], false, "{second}");
    assert_eq!(second["results"][0]["tid"], first["results"][0]["tid"]);
    assert_eq!(standing(shop, *subject).await, before, "{what} changed something the second time");
}

/// An answer as text without the value that names the call and not the answer.
fn without_request_id(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    for (start, end) in
        [("\"request_id\":\"", "\""), ("<request_id>", "<"), ("<requestId>", "<"), ("\"requestId\":\"", "\"")]
    {
        if let Some((before, rest)) = text.split_once(start) {
            let (_id, after) = rest.split_once(end).expect("the value ends");
            return format!("{before}{start}{end}{after}");
        }
    }
    // Classic Qimen answers name no call.
    text
}
