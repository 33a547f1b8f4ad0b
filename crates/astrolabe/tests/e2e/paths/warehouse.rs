//! The warehouse serves what no store has: its system is told, ships without accepting, and is asked when the buyer wants the
//! money back. In 3.3 and 3.4 the POS app is the warehouse's system too.

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_rehearsal::merchant::RefundStatus;
use astrolabe_rehearsal::wire::{Connector, Verb};
use serde_json::json;

use super::play::*;
use super::stage::{DEPOT, Side};
use crate::ear::Ear;
use crate::shop::{self, done};
use crate::wait::until;

pub(super) async fn all(side: &Side) {
    ships_from_the_offer(side).await;
    puts_back_what_the_buyer_gives_up(side).await;
    has_shipped_what_the_buyer_gives_up(side).await;
    people_answer_for_it(side).await;
}

fn app(side: &Side) -> Connector {
    side.shop.as_app(side.shop.parties.warehouse_app())
}

fn ear(side: &Side) -> &Ear {
    if side.mode().pos_accepts() { &side.pos } else { &side.wms }
}

/// Its latest assignment is the warehouse's, in this state.
async fn is(order: &Play<'_>, state: &str) {
    until(&format!("{} {state} in the warehouse", order.tid), || async {
        let seen = order.shop().trade(order.tid).await;
        let latest = seen.0["assignments"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
        let there = latest["warehouse"] == json!(true) && latest["state"] == json!(state);
        if there { Ok(()) } else { Err(seen.0.to_string()) }
    })
    .await;
}

/// Paid, and given to the warehouse, whose system is told.
async fn given<'s>(side: &'s Side, case: &str) -> Play<'s> {
    let order = side.play(case, [0; 3]).await;
    order.stock_depot(5).await;
    order.pays().await;
    if order.isv_allocates() {
        order.isv_is_asked().await;
        done(&order.shop().isv(), SYNC, Shape::TopJson, &allocated(&order)).await;
    }
    is(&order, "notified").await;
    ear(side).hears(order.tid, &[TOLD_SYNC]).await;
    order
}

fn allocated(order: &Play<'_>) -> Fields {
    let line = at_depot(order).with("status", "Allocated");
    report(order, line).with("status", "Allocated")
}

fn at_depot(order: &Play<'_>) -> Fields {
    Fields::new()
        .with("tid", order.tid.0)
        .with("sub_oid", order.oid().0)
        .with("store_id", DEPOT)
        .with("store_type", "Warehouse")
        .with("code", "0")
        .with("operator", "仓管")
}

fn report(order: &Play<'_>, line: Fields) -> Fields {
    Fields::new()
        .with("tid", order.tid.0)
        .with("report_timestamp", astrolabe_rehearsal::clock::now().0)
        .with("sub_order_list", vec![line])
}

async fn ships(order: &Play<'_>) {
    let line = at_depot(order).with("logistic_company_code", "SF").with("logistic_no", shop::waybill(order.tid));
    done(&app(order.side), CONSIGNED, Shape::TopJson, &report(order, line)).await;
    is(order, "shipped").await;
}

async fn ships_from_the_offer(side: &Side) {
    let order = given(side, "the warehouse ships").await;
    ships(&order).await;
    order.told(&[TOLD_ALLOCATE, TOLD_SHIPPED], &[TOLD_SYNC], order.sent()).await;
}

async fn puts_back_what_the_buyer_gives_up(side: &Side) {
    let order = given(side, "the warehouse puts back").await;
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    is(&order, "cancel_requested").await;
    ear(side).hears(order.tid, &[TOLD_SYNC, TOLD_REFUND]).await;
    let refusal = report(&order, at_depot(&order).with("message", "已拦截"));
    done(&app(side), REFUSED, Shape::TopJson, &refusal).await;
    is(&order, "cancelled").await;
    order.told(&[TOLD_ALLOCATE, TOLD_REFUND, TOLD_REFUSED], &[TOLD_SYNC, TOLD_REFUND], &[]).await;
}

async fn has_shipped_what_the_buyer_gives_up(side: &Side) {
    let order = given(side, "the warehouse had shipped").await;
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    is(&order, "cancel_requested").await;
    ships(&order).await;
    order.told(&[TOLD_ALLOCATE, TOLD_REFUND, TOLD_SHIPPED], &[TOLD_SYNC, TOLD_REFUND], order.sent()).await;
}

/// The merchant's people may say it for a warehouse whose system cannot, in every mode: it has no keeper.
async fn people_answer_for_it(side: &Side) {
    for (answer, state) in [("back_on_shelf", "cancelled"), ("already_gone", "cancel_denied")] {
        let order = given(side, &format!("people answer for the warehouse: {answer}")).await;
        order.refund(RefundStatus::WaitSellerAgree, false).await;
        is(&order, "cancel_requested").await;
        let code = order.shop().trade(order.tid).await.code(order.oid()).expect("an allocation");
        let url = order.shop().server.at(&format!("/api/v1/keeper/assignments/{code}/refund-answer"));
        let token = order.shop().parties.merchant_token();
        let body = json!({ "answer": answer });
        let answered = order.shop().http.rest(Verb::Post, &url, &token, Some(&body)).await.expect("is taken");
        assert_eq!(answered["state"], state);
    }
}
