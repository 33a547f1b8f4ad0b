//! Parties that say nothing in time: a store loses its offer, an allocating ISV its trade, unless it said that the goods left.

use astrolabe_protocol::client::Shape;

use super::play::*;
use super::stage::Side;
use crate::shop::{self, done};

pub(super) async fn all(side: &Side) {
    tokio::join!(a_silent_store(side), a_silent_isv(side));
}

async fn a_silent_store(side: &Side) {
    let order = side.play("a silent store", [5, 5, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.allocated_to(1).await;
    // At once: the second store has no longer than the first.
    order.accepts(1).await;
    order.ships(1).await;
    order.holds(0, 5, 0).await;
    order.holds(1, 4, 0).await;
    let seen = order.shop().trade(order.tid).await;
    let states = [(order.store(0), "unanswered".to_owned()), (order.store(1), "shipped".to_owned())];
    assert_eq!(seen.all_of(order.oid()), states);
    let isv = [TOLD_ALLOCATE, TOLD_REFUSED, TOLD_ALLOCATE, TOLD_ACCEPTED, TOLD_SHIPPED];
    // The store's system hears of the withdrawal and of the new offer: at once where the platform makes it.
    let pos = &[TOLD_SYNC; 3][..if order.isv_allocates() { 3 } else { 2 }];
    order.told(&isv, pos, order.sent()).await;
}

async fn a_silent_isv(side: &Side) {
    if !side.mode().isv_allocates() {
        return;
    }
    let gone = side.play("an ISV that says shipped", [5, 0, 0]).await;
    gone.isv_will_refuse(TOLD_ALLOCATE, "ALREADY_SHIPPED", "订单已发货").await;
    gone.pays().await;
    gone.isv_is_asked().await;
    let order = side.play("a silent ISV", [5, 5, 0]).await;
    order.pays().await;
    order.isv_is_asked().await;
    side.isv.hears_times(order.tid, TOLD_QUERY, 1).await;
    order.is(0, "notified").await;
    let seen = order.shop().trade(order.tid).await;
    assert_eq!(seen.facts_of_the_whole(), ["paid", "allocation_asked", "allocator_silent", "taken_over"]);
    // A late result: the same store is no news, another is refused.
    done(&side.shop.isv(), SYNC, Shape::TopJson, &shop::allocation_fields(order.tid, order.store(0))).await;
    order.sync_is_refused(1, "isv.allocation-closed").await;
    // After a refusal the platform routes again: the ISV is told, and not asked.
    order.refuses(0).await;
    order.is(1, "notified").await;
    order.accepts(1).await;
    order.ships(1).await;
    order.holds(0, 5, 0).await;
    let isv = [TOLD_ALLOCATE, TOLD_QUERY, TOLD_REFUSED, TOLD_ACCEPTED, TOLD_SHIPPED];
    order.told(&isv, &[TOLD_SYNC; 2], order.sent()).await;

    // The one before it has had as long, and nobody took it over; its own result still counts.
    gone.waits("routing").await;
    gone.told(&[TOLD_ALLOCATE, TOLD_QUERY], &[], &[]).await;
    done(&side.shop.isv(), SYNC, Shape::TopJson, &shop::allocation_fields(gone.tid, gone.store(0))).await;
    gone.is(0, "notified").await;
    gone.accepts(0).await;
}
