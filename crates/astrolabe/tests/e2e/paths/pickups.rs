//! The buyer collects: the store has the goods, has them brought, says no, or another store takes it. The platform checks pickups
//! in every role mode; no ISV is asked.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use serde_json::json;

use super::play::*;
use super::stage::Side;
use crate::paper::paid;
use crate::shop::done;

const TOLD_CODE: &str = "astrolabe.handover.code.tell";
const TOLD_COLLECTED: &str = "logistics.dummy.send";
const CONSUME: &str = "taobao.omniorder.storecollect.consume";

pub(super) async fn all(side: &Side) {
    with_goods(side).await;
    without_goods(side).await;
    refused(side).await;
    refunded_while_it_lies_ready(side).await;
}

/// Paid, and offered to the store that the buyer chose.
async fn chosen<'s>(side: &'s Side, case: &str, units: [i64; 3]) -> Play<'s> {
    let order = side.play(case, units).await;
    let mut trade = paid(order.tid, order.goods, 1);
    let members = &mut trade["trade_fullinfo_get_response"]["trade"];
    members["rt_omni_send_type"] = json!("pickUp");
    members["rt_omni_store_id"] = json!(order.store(0).to_string());
    order.push(&trade).await;
    order.is(0, "notified").await;
    order
}

/// The store reports a state of its pickups: (§6.5, the keeper's button).
async fn reports(order: &Play<'_>, status: &str, button: &str) {
    if order.pos_accepts() {
        order.updates(0, "ZITI", status).await;
    } else {
        order.shop().press(order.tid, button, &json!({})).await;
    }
}

/// The buyer shows the code that the channel told him.
async fn collects(order: &Play<'_>) {
    let told = order.side.channel.hears(order.tid, &[TOLD_CODE]).await;
    let code = told.fields.text("code").expect("a code").to_owned();
    if order.pos_accepts() {
        let fields = Fields::new().with("main_order_id", order.tid.0).with("code", code).with("operator", "小王");
        done(&order.shop().pos(), CONSUME, Shape::TopJson, &fields).await;
    } else {
        order.shop().press(order.tid, "collect", &json!({ "code": code })).await;
    }
    order.is(0, "collected").await;
}

async fn with_goods(side: &Side) {
    let order = chosen(side, "collected", [5, 0, 0]).await;
    reports(&order, "X_COMMODITY_CONFIRM", "confirm").await;
    order.is(0, "confirmed").await;
    collects(&order).await;
    order.holds(0, 4, 0).await;
    order.told(&[], &[TOLD_SYNC], &[TOLD_CODE, TOLD_COLLECTED]).await;
}

async fn without_goods(side: &Side) {
    let order = chosen(side, "brought from another store, then collected", [1, 5, 5]).await;
    reports(&order, "X_COMMODITY_TRANSER", "transfer").await;
    order.is(0, "transferring").await;
    // The nearest place with stock gives them.
    order.holds(0, 1, 0).await;
    order.holds(1, 4, 1).await;
    reports(&order, "X_TRANSFER_SUCCESS", "transferred").await;
    order.is(0, "confirmed").await;
    collects(&order).await;
    order.told(&[], &[TOLD_SYNC], &[TOLD_CODE, TOLD_COLLECTED]).await;
}

async fn refused(side: &Side) {
    let order = chosen(side, "refused, then at another store", [5, 5, 0]).await;
    order.refuses(0).await;
    order.waits("unfillable").await;
    // It never becomes a shipping order by itself, and no ISV may make it one.
    if order.isv_allocates() {
        order.sync_is_refused(1, "isv.pickup-store-chosen").await;
    }
    let apps = [(order.pos_accepts(), order.shop().pos()), (order.isv_allocates(), order.shop().isv())];
    let Some((_, app)) = apps.into_iter().find(|(may, _)| *may) else {
        // In 3.1 no app has a say: the merchant's people settle it with the buyer.
        order.told(&[], &[], &[]).await;
        return;
    };
    let fields = Fields::new()
        .with("main_order_id", order.tid.0)
        .with("sub_order_ids", vec![order.oid().to_string()])
        .with("store_id", order.store(1).0);
    done(&app, REALLOCATE, Shape::TopJson, &fields).await;
    order.is(1, "notified").await;
    order.told(&[], &[TOLD_SYNC; 2], &[]).await;
}

async fn refunded_while_it_lies_ready(side: &Side) {
    use astrolabe_rehearsal::merchant::RefundStatus;
    let order = chosen(side, "asked back while it lies ready", [5, 0, 0]).await;
    reports(&order, "X_COMMODITY_CONFIRM", "confirm").await;
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    order.is(0, "cancel_requested").await;
    if order.pos_accepts() {
        order.updates(0, "ZITI", "X_SHOP_CANCEL_CONFIRM").await;
    } else {
        order.answers_cancel(0, true).await;
    }
    order.is(0, "cancelled").await;
    order.holds(0, 5, 0).await;
    // An allocating app has never heard of it.
    order.told(&[], &[TOLD_SYNC, TOLD_REFUND], &[TOLD_CODE]).await;
}
