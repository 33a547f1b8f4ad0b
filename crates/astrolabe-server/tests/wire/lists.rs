//! Lists over the wire: item tags, trades sold, a refund as told; and answer fields that tell what a write did.

use astrolabe_protocol::client::{ClientError, Shape};
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, Fields, Value};
use serde_json::Value as Json;

use crate::merchant::{Caller, Merchant, place_fields, sku, trade_json};

const PUBLISHED_REFUND: &str = include_str!("../../../../tests/data/refund.json");
const PUBLISHED_TRADE: &str = include_str!("../../../../tests/data/trade.json");
const SOLD: &str = "taobao.trades.sold.get";
const INCREMENT: &str = "taobao.trades.sold.increment.get";

/// The code that says most: business code where there is one.
fn refused(result: Result<Answer, ClientError>) -> String {
    match result {
        Err(ClientError::Refused { code, sub_code, .. }) => sub_code.unwrap_or(code),
        other => panic!("not refused: {other:?}"),
    }
}

fn by_items(items: &[i64]) -> Fields {
    Fields::new().with("item_ids", items.to_vec())
}

fn by_tag(tag: &str) -> Fields {
    Fields::new().with("tag_type", tag)
}

fn tag_rows(answer: &Answer) -> Vec<(i64, String)> {
    let rows = answer.fields().structs("item_tags").expect("rows");
    rows.iter().map(|row| (row.long("item_id").expect("an id"), row.text("tag_type").expect("a tag").into())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_told_by_item_and_by_tag() {
    let merchant = Merchant::open().await;
    let mark = |tag: &str, action: &str| by_items(&[7, 8]).with("tag_type", tag).with("action_type", action);
    merchant.done("taobao.qimen.items.marking", mark("TBKU", "ADD")).await;
    merchant.done("taobao.qimen.items.marking", mark("MDZT", "ADD").with("remark", "试")).await;
    let operate = Fields::new().with("item_id", 8).with("types", vec!["storeDeliver", "storeCollect"]);
    merchant.done("taobao.omniorder.item.tag.operate", operate.clone().with("status", 1)).await;
    let (of_items, with_tag) = ("taobao.qimen.items.tag.query", "taobao.qimen.tag.items.query");
    for shape in Shape::ALL {
        let answer = merchant.call_as(Caller::Erp, shape, of_items, &by_items(&[9, 8, 7])).await.expect("answers");
        let told: Vec<_> = tag_rows(&answer);
        let expected = [(8, "storeDeliver"), (8, "MDZT"), (8, "TBKU"), (7, "MDZT"), (7, "TBKU")];
        assert_eq!(told, expected.map(|(item, tag)| (item, tag.to_owned())), "{shape:?}");
        for (tag, items) in [("TBKU", vec![7, 8]), ("storeCollect", vec![7, 8]), ("storeDeliver", vec![8])] {
            let answer = merchant.call_as(Caller::Erp, shape, with_tag, &by_tag(tag)).await.expect("answers");
            assert_eq!(answer.fields().longs("item_ids"), Ok(items), "{shape:?} {tag}");
            assert_eq!(answer.fields().text("tag_type"), Ok(tag));
            assert!(!answer.fields().has("total_lines"), "no pages were asked for");
        }
    }
    // Whoever takes a tag off takes it off both lists.
    merchant.done("taobao.omniorder.item.tag.operate", operate.with("status", -1)).await;
    assert_eq!(tag_rows(&merchant.done(of_items, by_items(&[8])).await), [(8, "TBKU".to_owned())]);
    assert_eq!(merchant.done(with_tag, by_tag("MDZT")).await.fields().longs("item_ids"), Ok(vec![7]));
    let none = merchant.done(with_tag, by_tag("AllocateByFront")).await;
    assert_eq!(none.fields().longs("item_ids"), Ok(Vec::new()));
    let second = merchant.done(with_tag, by_tag("TBKU").with("page", 2)).await;
    assert_eq!((second.fields().longs("item_ids"), second.fields().long("total_lines")), (Ok(Vec::new()), Ok(2)));

    let table = [
        (with_tag, by_tag("TBKU").with("page", 0), "isv.invalid-parameter:page"),
        (with_tag, by_tag("NEW"), "isv.invalid-parameter:tag_type"),
        (with_tag, Fields::new(), "isv.missing-parameter:tag_type"),
        (of_items, Fields::new(), "isv.missing-parameter:item_ids"),
        (of_items, by_items(&(1..=201).collect::<Vec<_>>()), "isv.invalid-parameter:item_ids"),
    ];
    for (name, fields, code) in table {
        assert_eq!(refused(merchant.call(name, fields.clone()).await), code, "{fields:?}");
    }
    let other = merchant.call_as(Caller::Neighbour, Shape::TopJson, of_items, &by_items(&[7, 8])).await;
    assert_eq!(tag_rows(&other.expect("answers")), []);
    let other = merchant.call_as(Caller::Neighbour, Shape::TopJson, with_tag, &by_tag("TBKU")).await;
    assert_eq!(other.expect("answers").fields().longs("item_ids"), Ok(Vec::new()));
    merchant.close().await;
}

/// A trade with its times, status and type set.
fn trade(tid: i64, created: &str, modified: &str, status: &str, kind: Option<&str>) -> String {
    let mut json: Json = serde_json::from_str(&trade_json(tid, &[(tid * 10, 7, 1)])).expect("is JSON");
    let trade = &mut json["trade_fullinfo_get_response"]["trade"];
    (trade["created"], trade["modified"], trade["status"]) = (created.into(), modified.into(), status.into());
    if let Some(kind) = kind {
        trade["type"] = kind.into();
    }
    json.to_string()
}

const WAITS: &str = "WAIT_SELLER_SEND_GOODS";

/// Five trades of one morning, changed in another order.
async fn morning(merchant: &Merchant) {
    let trades = [
        trade(1, "2026-01-02 09:00:00", "2026-01-02 12:00:05", WAITS, Some("fixed")),
        trade(2, "2026-01-02 09:00:01", "2026-01-02 12:00:04", "WAIT_BUYER_PAY", Some("step")),
        trade(3, "2026-01-02 09:00:02", "2026-01-02 12:00:03", WAITS, None),
        trade(4, "2026-01-02 09:00:02", "2026-01-02 12:00:02", "TRADE_CLOSED_BY_TAOBAO", Some("auction")),
        trade(5, "2026-01-02 09:00:04", "2026-01-04 12:00:01", WAITS, Some("eticket")),
    ];
    for trade in trades {
        let (status, answer) = merchant.push("tmall/trades", "channel-token", trade).await;
        assert_eq!(status, 200, "{answer}");
    }
}

fn span(start: &str, end: &str) -> Fields {
    let start = Fields::new().with("start_created", format!("2026-01-02 {start}"));
    start.with("end_created", format!("2026-01-02 {end}"))
}

fn sold(start: &str, end: &str) -> Fields {
    span(start, end).with("fields", "tid,status,type")
}

fn changed(start: &str, end: &str) -> Fields {
    Fields::new().with("start_modified", start).with("end_modified", end).with("fields", "tid")
}

fn tids(answer: &Answer) -> Vec<i64> {
    let trades = answer.fields().structs("trades").expect("trades");
    // A tree that no catalogue describes is text all over in XML.
    let tid = |trade: &Fields| match trade.get("tid") {
        Some(Value::Int(tid)) => *tid,
        Some(Value::Text(text)) => text.parse().expect("a tid"),
        other => panic!("no tid: {other:?}"),
    };
    trades.into_iter().map(tid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_are_listed_newest_first_and_by_pages() {
    let merchant = Merchant::open().await;
    morning(&merchant).await;
    let day = || sold("00:00:00", "23:59:59");
    let with = |name: &'static str, value: &str| day().with(name, value.to_owned());
    let table = [
        (day(), vec![4, 3, 2, 1], "the published types: an eticket is not among them"),
        (with("type", "eticket"), vec![5], ""),
        (with("type", "fixed"), vec![3, 1], "a trade without a type is fixed"),
        (with("type", "guarantee_trade, eticket"), vec![5, 4, 3, 1], ""),
        (with("status", WAITS), vec![3, 1], ""),
        (with("status", "ALL_WAIT_PAY"), vec![2], ""),
        (with("status", "ALL_CLOSED"), vec![4], ""),
        (with("status", "TRADE_FINISHED"), vec![], "nobody has"),
        (sold("09:00:01", "09:00:02"), vec![4, 3, 2], "both ends count"),
        (sold("10:00:00", "11:00:00"), vec![], "nothing was sold"),
        (day().with("page_size", 3), vec![4, 3, 2], ""),
        (day().with("page_size", 3).with("page_no", 2), vec![1], ""),
        (day().with("page_size", 3).with("page_no", 3), vec![], "behind the last page"),
    ];
    for shape in [Shape::TopJson, Shape::TopXml, Shape::TopSimplified] {
        for (fields, expected, why) in &table {
            let answer = merchant.call_as(Caller::Erp, shape, SOLD, fields).await.expect("answers");
            assert_eq!(tids(&answer), *expected, "{shape:?} {fields:?} {why}");
            let total = answer.fields().opt_long("total_results").expect("is a number");
            let paged = fields.has("page_size");
            assert_eq!(total, Some(if paged { 4 } else { expected.len() as i64 }), "{fields:?}");
            assert!(!answer.fields().has("has_next"));
        }
    }
    for (page, expected, more) in [(1, vec![4, 3], true), (2, vec![2, 1], false), (3, vec![], false)] {
        let fields = day().with("page_size", 2).with("page_no", page).with("use_has_next", true);
        let answer = merchant.done(SOLD, fields).await;
        assert_eq!((tids(&answer), answer.fields().boolean("has_next")), (expected, Ok(more)), "page {page}");
        assert!(!answer.fields().has("total_results"), "has_next counts nothing");
    }
    let other = merchant.call_as(Caller::Neighbour, Shape::TopJson, SOLD, &day()).await.expect("answers");
    assert_eq!((tids(&other), other.fields().long("total_results")), (vec![], Ok(0)));
    // Without times: the last three months, up to now.
    let now = format_datetime(merchant.now());
    for (tid, created) in [(6, "2016-09-22 10:00:00"), (7, now.as_str())] {
        let told = trade(tid, created, created, WAITS, None);
        assert_eq!(merchant.push("tmall/trades", "channel-token", told).await.0, 200);
    }
    let recent = tids(&merchant.done(SOLD, Fields::new().with("fields", "tid")).await);
    assert!(recent.contains(&7) && !recent.contains(&6), "{recent:?}");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn increments_follow_the_channels_changes() {
    let merchant = Merchant::open().await;
    morning(&merchant).await;
    let day = || changed("2026-01-02 00:00:00", "2026-01-03 00:00:00");
    assert_eq!(tids(&merchant.done(INCREMENT, day()).await), [1, 2, 3, 4]);
    let third = changed("2026-01-03 13:00:00", "2026-01-04 13:00:00").with("type", "eticket,fixed");
    assert_eq!(tids(&merchant.done(INCREMENT, third.clone()).await), [5]);
    // The channel changes one: it leaves its old span and comes into the new one, with its new status.
    let told = trade(3, "2026-01-02 09:00:02", "2026-01-04 12:30:00", "TRADE_FINISHED", None);
    assert_eq!(merchant.push("tmall/trades", "channel-token", told).await.0, 200);
    assert_eq!(tids(&merchant.done(INCREMENT, day()).await), [1, 2, 4]);
    assert_eq!(tids(&merchant.done(INCREMENT, third.clone()).await), [3, 5]);
    assert_eq!(tids(&merchant.done(INCREMENT, third.clone().with("status", "TRADE_FINISHED")).await), [3]);
    let other = merchant.call_as(Caller::Neighbour, Shape::TopJson, INCREMENT, &third).await;
    assert_eq!(tids(&other.expect("answers")), Vec::<i64>::new());
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_bounded_and_never_filter_by_what_they_do_not_know() {
    let merchant = Merchant::open().await;
    let day = || sold("00:00:00", "23:59:59");
    let two_days = changed("2026-01-02 00:00:00", "2026-01-03 00:00:01");
    let table = [
        (SOLD, day().with("page_no", 0), "isv.invalid-parameter:page_no"),
        (SOLD, day().with("page_no", 1001).with("page_size", 100), "isv.invalid-parameter:page_no"),
        (SOLD, day().with("page_size", 0), "isv.invalid-parameter:page_size"),
        (SOLD, day().with("page_size", 101), "isv.invalid-parameter:page_size"),
        (SOLD, day().with("status", "SOLD"), "isv.invalid-parameter:status"),
        (SOLD, day().with("use_has_next", "perhaps"), "isv.invalid-parameter:use_has_next"),
        (SOLD, sold("10:00:00", "09:00:00"), "isv.invalid-parameter:end_created"),
        (
            SOLD,
            Fields::new().with("fields", "tid").with("start_created", "yesterday"),
            "isv.invalid-parameter:start_created",
        ),
        (SOLD, Fields::new(), "isv.missing-parameter:fields"),
        (SOLD, day().with("buyer_nick", "t**2"), "isv.not-supported"),
        (SOLD, day().with("rate_status", "RATE_UNBUYER"), "isv.not-supported"),
        (INCREMENT, two_days, "isv.invalid-parameter:end_modified"),
        (INCREMENT, changed("2026-01-02 00:00:00", "2026-01-02 00:00:00"), "isv.invalid-parameter:end_modified"),
        (INCREMENT, Fields::new().with("fields", "tid"), "isv.missing-parameter:start_modified"),
    ];
    for (name, fields, code) in table {
        assert_eq!(refused(merchant.call(name, fields.clone()).await), code, "{fields:?}");
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_trade_is_what_fullinfo_tells() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    merchant.pay(1, &[(10, 7, 1)]).await;
    merchant.reaches(1, 10, "X_ALLOCATION_NOTIFIED").await;
    for fields in ["tid,status,orders,omnichannel_param,receiver_name", "tid,orders.oid,orders.status", "no_such"] {
        let one = Fields::new().with("tid", 1).with("fields", fields);
        let one = merchant.done("taobao.trade.fullinfo.get", one).await;
        let many = merchant.done(SOLD, span("00:00:00", "23:59:59").with("fields", fields)).await;
        let many = many.fields().structs("trades").expect("trades")[0].clone();
        assert_eq!(&many, one.fields().structure("trade").expect("a trade"), "{fields}");
        assert_eq!(many.has("omnichannel_param"), fields.contains("omnichannel_param"));
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_told_as_the_channel_told_it() {
    let merchant = Merchant::open().await;
    let get = "taobao.refund.get";
    let id = 98_765_432_103_903_i64;
    let asked = |fields: &str| Fields::new().with("refund_id", id).with("fields", fields.to_owned());
    assert_eq!(merchant.push("tmall/trades", "channel-token", PUBLISHED_TRADE.to_owned()).await.0, 200);
    assert_eq!(refused(merchant.call(get, asked("refund_id")).await), "isv.refund-not-exist");
    let granted = PUBLISHED_REFUND.replace("WAIT_SELLER_AGREE", "SUCCESS").replace("10:20:00", "11:00:00");
    for (text, status) in
        [(PUBLISHED_REFUND, "WAIT_SELLER_AGREE"), (&granted, "SUCCESS"), (PUBLISHED_REFUND, "SUCCESS")]
    {
        assert_eq!(merchant.push("tmall/refunds", "channel-token", text.to_owned()).await.0, 200);
        for shape in [Shape::TopJson, Shape::TopXml, Shape::TopSimplified] {
            let fields = asked("refund_id, tid,status,reason,has_good_return,refund_fee,no_such");
            let answer = merchant.call_as(Caller::Erp, shape, get, &fields).await.expect("answers");
            let refund = answer.fields().structure("refund").expect("a refund");
            assert_eq!(refund.text("status"), Ok(status), "{shape:?}: an older text changes nothing");
            assert_eq!((refund.text("reason"), refund.text("refund_fee")), (Ok("不想要了"), Ok("279.00")));
            assert_eq!(refund.len(), 6, "only what was asked for");
        }
    }
    let other = merchant.call_as(Caller::Neighbour, Shape::TopJson, get, &asked("status")).await;
    assert_eq!(refused(other), "isv.refund-not-exist");
    // A trade that is not routed here has refunds too: they decide nothing, and are told.
    let ordinary = trade_json(1, &[(10, 7, 1)]).replace("\"is_o2o_passport\":true", "\"is_o2o_passport\":false");
    assert_eq!(merchant.push("tmall/trades", "channel-token", ordinary).await.0, 200);
    let told = PUBLISHED_REFUND
        .replace("2004574256073903", "1")
        .replace("2004574256083903", "10")
        .replace("98765432103903", "5");
    for is_new in [true, false] {
        let (status, answer) = merchant.push("tmall/refunds", "channel-token", told.clone()).await;
        assert_eq!((status, &answer["results"][0]["changed"]), (200, &Json::Bool(is_new)), "{answer}");
        let refund = merchant.done(get, Fields::new().with("refund_id", 5).with("fields", "tid,status")).await;
        assert_eq!(refund.fields().structure("refund").expect("a refund").long("tid"), Ok(1));
    }
    assert_eq!(refused(merchant.call(get, Fields::new().with("refund_id", id)).await), "isv.missing-parameter:fields");
    assert_eq!(
        refused(merchant.call(get, Fields::new().with("refund_id", 0).with("fields", "tid")).await),
        "isv.invalid-parameter:refund_id"
    );
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_tell_how_much_they_did() {
    let merchant = Merchant::open().await;
    let add = Fields::new().with("item_name", "羊毛衫").with("outer_code", "A-7");
    let added = merchant.done("taobao.scitem.add", add).await;
    let article = added.fields().structure("sc_item").expect("an article").long("item_id").expect("an id");
    let listing = Fields::new().with("item_id", 7).with("sku_id", sku(7));
    merchant.done("taobao.scitem.map.add", listing.clone().with("outer_code", "A-7")).await;
    merchant.done("taobao.scitem.map.add", Fields::new().with("item_id", 7).with("sc_item_id", article)).await;
    let maps = merchant.done("taobao.scitem.map.query", listing.clone()).await;
    let map = maps.fields().structs("sc_item_maps").expect("maps")[0];
    assert_eq!((map.long("rel_item_id"), map.text("rel_outer_code")), (Ok(article), Ok("A-7")));
    assert_eq!((map.text("user_nick"), map.text("rel_user_nick")), (Ok("星盘示例旗舰店"), Ok("星盘示例旗舰店")));
    let unmap = Fields::new().with("sc_item_id", article);
    // Another shape is another signature: the stored answer of the first is not given again.
    for (mappings, shape) in [(2, Shape::TopJson), (0, Shape::TopXml)] {
        let told = merchant.call_as(Caller::Erp, shape, "taobao.scitem.map.delete", &unmap).await;
        assert_eq!(told.expect("is done").fields().long("module"), Ok(mappings));
    }
    // A query of a listing's stock names the article behind it, in the forms that were published with it.
    let store = merchant.store("S001").await;
    merchant.offer(store, 8, 5).await;
    let line = Fields::new().with("item_id", 8).with("sku_id", sku(8)).with("outer_id", "SP-8");
    let place = place_fields("STORE", &store.to_string(), vec![line]);
    let query = Fields::new().with("stores", Value::List(vec![place]));
    for (shape, told) in
        [(Shape::TopJson, true), (Shape::TopXml, true), (Shape::CloudJson, true), (Shape::Qimen, false)]
    {
        let answer = merchant.call_as(Caller::Erp, shape, "taobao.qimen.storeinventory.itemquery", &query).await;
        let answer = answer.expect("answers");
        let line =
            answer.fields().structs("stores").expect("stores")[0].structs("store_inventories").expect("lines")[0];
        assert_eq!(line.has("sc_item_id"), told, "{shape:?}");
        assert_eq!(line.long("item_id"), Ok(8));
    }
    let hold = Fields::new().with("reserve_key", "cart-1").with("item_id", 8).with("sku_id", sku(8));
    merchant.done("astrolabe.stock.reserve", hold.with("quantity", 3)).await;
    for _ in 0..2 {
        let release = Fields::new().with("reserve_key", "cart-1");
        let answer = merchant.done("astrolabe.stock.release", release).await;
        assert_eq!(answer.fields().long("quantity"), Ok(3));
    }
    merchant.close().await;
}
