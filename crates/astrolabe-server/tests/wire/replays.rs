//! The same signed request again, after something else came in between: it gets its first answer and undoes nothing.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::{self, ClientRequest, Outgoing, Shape};

use crate::merchant::{Caller, Merchant, method, store_fields};

const CREATE: &str = "taobao.qimen.store.create";
const UPDATE: &str = "taobao.qimen.store.update";
const BIND: &str = "taobao.qimen.itemstore.banding";
const MAP: &str = "taobao.scitem.map.add";

fn signed(merchant: &Merchant, name: &str, fields: &Fields) -> ClientRequest {
    let outgoing = Outgoing::new(method(name), fields, Shape::TopJson);
    client::build(&outgoing, &Caller::Erp.credentials(), merchant.now())
}

/// What a request was told, without the request's own id.
async fn told(merchant: &Merchant, request: &ClientRequest) -> String {
    let body = merchant.send(request.clone()).await;
    let text = String::from_utf8(body).expect("is text");
    text.split("\"request_id\"").next().expect("a part").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_change_of_a_store_does_not_undo_a_later_one() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    let named = |name: &str| {
        let others = store_fields("S001").into_iter().filter(|(field, _)| field != "store_name");
        others
            .fold(Fields::new(), |fields, (field, value)| fields.with(field, value))
            .with("store_id", store)
            .with("store_name", name)
    };
    let first = signed(&merchant, UPDATE, &named("一"));
    let answer = told(&merchant, &first).await;
    merchant.done(UPDATE, named("二")).await;
    assert_eq!(told(&merchant, &first).await, answer);
    let now = merchant.done("taobao.qimen.store.query", Fields::new().with("store_id", store)).await;
    assert_eq!(now.fields().text("store_name"), Ok("二"));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_binding_does_not_come_back_after_it_was_removed() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    let bind =
        |action: &str| Fields::new().with("action_type", action).with("item_id", 7).with("store_ids", vec![store]);
    let first = signed(&merchant, BIND, &bind("ADD"));
    let answer = told(&merchant, &first).await;
    merchant.done(BIND, bind("DELETE")).await;
    assert_eq!(told(&merchant, &first).await, answer);
    let bound = merchant.done("taobao.qimen.itemstore.query", Fields::new().with("item_id", 7)).await;
    assert_eq!(bound.fields().longs("store_ids").unwrap_or_default(), Vec::<i64>::new());
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_creation_makes_no_second_store_after_the_first_was_deleted() {
    let merchant = Merchant::open().await;
    let first = signed(&merchant, CREATE, &store_fields("S001"));
    let answer = told(&merchant, &first).await;
    let store = merchant.store("S001").await;
    merchant.done("taobao.qimen.store.delete", Fields::new().with("store_id", vec![store])).await;
    assert_eq!(told(&merchant, &first).await, answer, "the first answer, and no new store");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_mapping_does_not_come_back_after_it_was_removed() {
    let merchant = Merchant::open().await;
    let article = Fields::new().with("item_name", "a").with("outer_code", "A-1");
    let added = merchant.done("taobao.scitem.add", article).await;
    let article = added.fields().structure("sc_item").expect("an article").long("item_id").expect("an id");
    let first = signed(&merchant, MAP, &Fields::new().with("item_id", 8).with("sc_item_id", article));
    let answer = told(&merchant, &first).await;
    merchant.done("taobao.scitem.map.delete", Fields::new().with("sc_item_id", article)).await;
    assert_eq!(told(&merchant, &first).await, answer);
    let mapped = merchant.done("taobao.scitem.map.query", Fields::new().with("item_id", 8)).await;
    assert!(mapped.fields().structs("sc_item_maps").unwrap_or_default().is_empty(), "{mapped:?}");
    merchant.close().await;
}
