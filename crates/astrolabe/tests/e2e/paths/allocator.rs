//! What allocating ISVs and those who re-allocate do: results in parts, over stores and the warehouse; a target that is kept in
//! mind; refusals that name every sub-order.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_protocol::time::format_datetime;
use astrolabe_rehearsal::ids::Oid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::wire::{CallError, Connector};
use serde_json::{Value, json};

use super::play::*;
use super::stage::{DEPOT, Side};
use crate::paper::paid;
use crate::shop::{self, done, refusal};
use crate::wait::until;

const ADJUST: &str = "taobao.qimen.storeinventory.itemadjust";

pub(super) async fn all(side: &Side) {
    in_parts(side).await;
    failed_beside_an_allocation(side).await;
    for lost in [false, true] {
        asked_back_for_another_store(side, lost).await;
    }
    re_allocated_from_an_offer(side).await;
    allocated_where_nothing_lies(side).await;
}

/// A trade of several lines of one unit each.
fn of_lines(order: &Play<'_>, count: i64) -> Value {
    let mut trade = paid(order.tid, order.goods, 1);
    let orders = &mut trade["trade_fullinfo_get_response"]["trade"]["orders"]["order"];
    let first = orders[0].clone();
    let line = |n: i64| {
        let mut line = first.clone();
        line["oid"] = json!(order.oid().0 + n);
        line["oid_str"] = json!((order.oid().0 + n).to_string());
        line
    };
    *orders = (0..count).map(line).collect();
    trade
}

/// One result: place and status of each line.
fn result(order: &Play<'_>, lines: &[(i64, &str, &str, &str)]) -> Fields {
    let line = |(n, status, kind, place): &(i64, &str, &str, &str)| {
        Fields::new()
            .with("code", "0")
            .with("tid", order.tid.0)
            .with("sub_oid", order.oid().0 + n)
            .with("status", *status)
            .with("store_id", *place)
            .with("store_type", *kind)
    };
    Fields::new()
        .with("tid", order.tid.0)
        .with("report_timestamp", astrolabe_rehearsal::clock::now().0)
        .with("status", "Allocated")
        .with("sub_order_list", lines.iter().map(line).collect::<Vec<_>>())
}

/// Location and state of a line's latest assignment.
async fn latest(order: &Play<'_>, n: i64) -> Option<(String, String)> {
    let seen = order.shop().trade(order.tid).await;
    seen.latest(Oid(order.oid().0 + n)).map(|(store, state)| (store.to_string(), state))
}

async fn line_is(order: &Play<'_>, n: i64, expected: Option<(&str, &str)>) {
    let expected = expected.map(|(place, state)| (place.to_owned(), state.to_owned()));
    until(&format!("line {n} of {}", order.tid), || async { crate::wait::wanted(latest(order, n).await, &expected) })
        .await;
}

/// Code and words of a refusal.
async fn refused(connector: &Connector, name: &str, fields: &Fields) -> (String, String) {
    match connector.call_until_known(name, Shape::TopJson, fields).await {
        Err(CallError::Refused { code, message, .. }) => (code, message),
        other => panic!("{name} was not refused: {other:?}"),
    }
}

async fn in_parts(side: &Side) {
    if !side.mode().isv_allocates() {
        return;
    }
    let order = side.play("allocated in parts, over stores and the warehouse", [5, 5, 0]).await;
    order.stock_depot(5).await;
    order.push(&of_lines(&order, 3)).await;
    order.isv_is_asked().await;
    let (near, farther) = (order.store(0).to_string(), order.store(1).to_string());
    let first = result(&order, &[(0, "Allocated", "Store", &near), (1, "Waiting", "Store", "")]);
    for _ in 0..2 {
        done(&order.shop().isv(), SYNC, Shape::TopJson, &first).await;
    }
    line_is(&order, 0, Some((&near, "notified"))).await;
    line_is(&order, 1, None).await;
    let rest = [
        (0, "Allocated", "Store", near.as_str()),
        (1, "Allocated", "Warehouse", DEPOT),
        (2, "Allocated", "Store", farther.as_str()),
    ];
    done(&order.shop().isv(), SYNC, Shape::TopJson, &result(&order, &rest)).await;
    line_is(&order, 2, Some((&farther, "notified"))).await;
    assert_eq!(latest(&order, 1).await.map(|(_, state)| state).as_deref(), Some("notified"));

    // Once the store has accepted it stays there; the refusal names every sub-order that is refused, and nothing moves.
    order.accepts(0).await;
    let wrong = [
        (0, "Allocated", "Store", farther.as_str()),
        (1, "Allocated", "Store", near.as_str()),
        (7, "Allocated", "Store", near.as_str()),
    ];
    let (code, words) = refused(&order.shop().isv(), SYNC, &result(&order, &wrong)).await;
    assert_eq!(code, "isv.accepted-elsewhere");
    for n in [0, 7] {
        assert!(words.contains(&format!("{}: ", order.oid().0 + n)), "{words}");
    }
    assert!(!words.contains(&format!("{}: ", order.oid().0 + 1)), "{words}");
    // Before acceptance another result moves it: from the warehouse to a store.
    done(&order.shop().isv(), SYNC, Shape::TopJson, &result(&order, &[(1, "Allocated", "Store", &near)])).await;
    line_is(&order, 1, Some((&near, "notified"))).await;
}

async fn failed_beside_an_allocation(side: &Side) {
    if !side.mode().isv_allocates() {
        return;
    }
    let order = side.play("one line failed, one allocated", [5, 5, 0]).await;
    order.push(&of_lines(&order, 2)).await;
    order.isv_is_asked().await;
    let (near, farther) = (order.store(0).to_string(), order.store(1).to_string());
    let told = result(&order, &[(0, "AllocateFail", "Store", ""), (1, "Allocated", "Store", &farther)]);
    done(&order.shop().isv(), SYNC, Shape::TopJson, &told).await;
    // The platform takes the failed one, and the ISV's own stays.
    line_is(&order, 0, Some((&near, "notified"))).await;
    line_is(&order, 1, Some((&farther, "notified"))).await;
    order.sync_is_refused(2, "isv.allocation-closed").await;
}

/// Who may re-allocate in this mode, if an app may.
fn reallocator(side: &Side) -> Option<Connector> {
    if side.mode().isv_allocates() {
        return Some(side.shop.isv());
    }
    side.mode().pos_accepts().then(|| side.shop.pos())
}

fn elsewhere(order: &Play<'_>, target: Option<usize>) -> Fields {
    let fields = Fields::new().with("main_order_id", order.tid.0).with("sub_order_ids", vec![order.oid().to_string()]);
    fields.with_opt("store_id", target.map(|at| order.store(at).0))
}

async fn asked_back_for_another_store(side: &Side, lost: bool) {
    let case = if lost { "asked back for a store that sells out" } else { "asked back for another store" };
    let Some(app) = reallocator(side) else { return };
    let order = side.play(case, [5, 1, 1]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.accepts(0).await;
    done(&app, REALLOCATE, Shape::TopJson, &elsewhere(&order, Some(2))).await;
    order.is(0, "cancel_requested").await;
    if lost {
        order.shop().report(order.store(2), order.goods, StockClass::Certain, &format!("OUT-{}", order.tid), -1).await;
    }
    order.answers_cancel(0, true).await;
    match (lost, order.isv_allocates()) {
        (false, _) => order.is(2, "notified").await,
        (true, false) => order.is(1, "notified").await,
        (true, true) => order.allocated_to(1).await,
    }
    let seen = order.shop().trade(order.tid).await;
    assert_eq!(seen.facts(order.oid()).contains(&"target_missed"), lost, "{}", seen.0);
}

async fn re_allocated_from_an_offer(side: &Side) {
    let Some(app) = reallocator(side) else { return };
    let order = side.play("re-allocated from an offer", [5, 5, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    let (code, _) = refused(&app, REALLOCATE, &elsewhere(&order, Some(2))).await;
    assert_eq!(code, "isv.stock-insufficient");
    order.is(0, "notified").await;
    done(&app, REALLOCATE, Shape::TopJson, &elsewhere(&order, None)).await;
    // The present place is left out of the plan.
    order.allocated_to(1).await;
    order.holds(0, 5, 0).await;
}

/// An ISV's result is never refused for want of stock: the hold stays where it is, and its own adjust brings it there later.
async fn allocated_where_nothing_lies(side: &Side) {
    if !side.mode().isv_allocates() {
        return;
    }
    let order = side.play("allocated where nothing lies, then adjusted", [5, 0, 0]).await;
    order.pays().await;
    order.allocated_to(1).await;
    order.holds(0, 4, 1).await;
    let seen = order.shop().trade(order.tid).await;
    assert!(seen.facts(order.oid()).contains(&"mismatch"), "{}", seen.0);
    let isv = order.shop().isv();
    let adjust = adjust_fields(&order, 1);
    assert_eq!(refusal(&isv, ADJUST, Shape::TopJson, &adjust).await, "isv.stock-insufficient");
    order.shop().report(order.store(1), order.goods, StockClass::Certain, &format!("IN-{}", order.tid), 2).await;
    for _ in 0..2 {
        done(&isv, ADJUST, Shape::TopJson, &adjust).await;
        order.holds(0, 5, 0).await;
        order.holds(1, 1, 1).await;
    }
    order.accepts(1).await;
    order.ships(1).await;
    order.holds(1, 1, 0).await;
}

fn adjust_fields(order: &Play<'_>, target: usize) -> Fields {
    let info = Fields::new()
        .with("bill_num", format!("ADJUST-{}", order.tid))
        .with("tb_trade_order", order.tid.to_string())
        .with("tb_sub_trade_order", order.oid().to_string())
        .with("target_warehouse_id", order.store(target).to_string())
        .with("item_id", order.goods.item.0)
        .with("outer_id", shop::outer_code(order.goods))
        .with("sku_id", order.goods.sku.0)
        .with("inventory_type", StockClass::Certain.wire())
        .with("quantity", 1_i64);
    let now = format_datetime(astrolabe_rehearsal::clock::now());
    Fields::new().with("operation_time", now).with("inventory_adjust_info", info)
}
