//! The buyer wants the money back, at every state an order can be in, and what may become of that.

use astrolabe_rehearsal::merchant::RefundStatus;

use super::play::*;
use super::stage::Side;

pub(super) async fn all(side: &Side) {
    asked_before_allocation(side).await;
    confirmed_from_an_offer(side).await;
    refused_by_the_store_while_it_was_asked(side).await;
    for end in [End::Confirmed, End::Denied, End::Withdrawn, End::Shipped] {
        asked_once_accepted(side, end).await;
    }
    sent_back(side).await;
    money_alone(side).await;
}

async fn asked_before_allocation(side: &Side) {
    // The platform would allocate at once what it has: it has none.
    let units = if side.mode().isv_allocates() { [5, 0, 0] } else { [0; 3] };
    let order = side.play("asked back before anybody has it", units).await;
    order.pays().await;
    if order.isv_allocates() {
        order.isv_is_asked().await;
        order.holds(0, 4, 1).await;
    }
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    order.waits("cancelled").await;
    if order.isv_allocates() {
        order.holds(0, 5, 0).await;
        order.sync_is_refused(0, "isv.order-state-invalid").await;
        // The buyer thinks better of it: the ISV is asked anew.
        order.refund(RefundStatus::Closed, false).await;
        order.allocated_to(0).await;
        order
            .told(
                &[TOLD_ALLOCATE, TOLD_REFUND, TOLD_REFUND, TOLD_ALLOCATE],
                &[TOLD_REFUND, TOLD_REFUND, TOLD_SYNC],
                &[],
            )
            .await;
    } else {
        order.refund(RefundStatus::Success, false).await;
        order.waits("closed").await;
        order.told(&[], &[TOLD_REFUND], &[]).await;
    }
}

async fn confirmed_from_an_offer(side: &Side) {
    let order = side.play("asked back from an offer", [5, 0, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    order.is(0, "cancel_requested").await;
    order.holds(0, 4, 1).await;
    order.answers_cancel(0, true).await;
    order.is(0, "cancelled").await;
    order.refund(RefundStatus::Success, false).await;
    order.holds(0, 5, 0).await;
    order.told(&[TOLD_ALLOCATE, TOLD_REFUND], &[TOLD_SYNC, TOLD_REFUND], &[]).await;
}

async fn refused_by_the_store_while_it_was_asked(side: &Side) {
    let order = side.play("refused while asked back", [5, 5, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    order.refuses(0).await;
    order.is(0, "cancelled").await;
    order.holds(0, 5, 0).await;
    // Nobody else is offered what the buyer does not want.
    order.told(&[TOLD_ALLOCATE, TOLD_REFUND, TOLD_REFUSED], &[TOLD_SYNC, TOLD_REFUND], &[]).await;
}

/// What becomes of a refund that was asked for from an accepted order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Confirmed,
    Denied,
    Withdrawn,
    /// The parcel left before anybody answered.
    Shipped,
}

async fn asked_once_accepted(side: &Side, end: End) {
    let order = side.play(&format!("asked back once accepted: {end:?}"), [5, 0, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.accepts(0).await;
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    order.is(0, "cancel_requested").await;
    let asked = [TOLD_ALLOCATE, TOLD_ACCEPTED, TOLD_REFUND];
    match end {
        End::Confirmed => {
            for _ in 0..2 {
                order.answers_cancel(0, true).await;
                order.is(0, "cancelled").await;
            }
            order.holds(0, 5, 0).await;
            order.told(&asked, &[TOLD_SYNC, TOLD_REFUND], &[]).await;
        }
        End::Denied => {
            order.answers_cancel(0, false).await;
            order.is(0, "cancel_denied").await;
            order.refund(RefundStatus::SellerRefuseBuyer, false).await;
            order.ships(0).await;
            let isv = [&asked[..], &[TOLD_REFUND, TOLD_SHIPPED]].concat();
            order.told(&isv, &[TOLD_SYNC, TOLD_REFUND, TOLD_REFUND], order.sent()).await;
        }
        End::Withdrawn => {
            order.refund(RefundStatus::Closed, false).await;
            order.is(0, "accepted").await;
            order.ships(0).await;
            let isv = [&asked[..], &[TOLD_REFUND, TOLD_SHIPPED]].concat();
            order.told(&isv, &[TOLD_SYNC, TOLD_REFUND, TOLD_REFUND], order.sent()).await;
        }
        End::Shipped => {
            order.ships(0).await;
            order.holds(0, 4, 0).await;
            let isv = [&asked[..], &[TOLD_SHIPPED]].concat();
            order.told(&isv, &[TOLD_SYNC, TOLD_REFUND], order.sent()).await;
        }
    }
}

async fn sent_back(side: &Side) {
    let order = side.play("sent back after shipping", [5, 0, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.accepts(0).await;
    order.ships(0).await;
    order.refund(RefundStatus::WaitSellerAgree, true).await;
    order.is(0, "return_requested").await;
    order.receives_return(0).await;
    order.is(0, "returned").await;
    // By default the merchant's own report brings the unit back.
    order.holds(0, 4, 0).await;
    let isv = [TOLD_ALLOCATE, TOLD_ACCEPTED, TOLD_SHIPPED, TOLD_REFUND];
    order.told(&isv, &[TOLD_SYNC, TOLD_REFUND], order.sent()).await;
}

async fn money_alone(side: &Side) {
    let order = side.play("refunded without a return", [5, 0, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.accepts(0).await;
    order.ships(0).await;
    order.refund(RefundStatus::WaitSellerAgree, false).await;
    order.is(0, "shipped").await;
    order.refund(RefundStatus::Success, false).await;
    order.is(0, "refunded").await;
    let isv = [TOLD_ALLOCATE, TOLD_ACCEPTED, TOLD_SHIPPED, TOLD_REFUND];
    order.told(&isv, &[TOLD_SYNC, TOLD_REFUND], order.sent()).await;
}
