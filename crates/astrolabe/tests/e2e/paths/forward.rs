//! The way forward: to the buyer's door, around a store that refuses, and into a close by the channel.

use super::play::*;
use super::stage::Side;

pub(super) async fn all(side: &Side) {
    from_paid_to_signed(side).await;
    refused_then_rerouted(side).await;
    refused_by_all(side).await;
    closed_by_the_channel(side).await;
}

async fn from_paid_to_signed(side: &Side) {
    let order = side.play("from paid to signed", [5, 5, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.holds(0, 4, 1).await;
    order.accepts(0).await;
    order.ships(0).await;
    order.holds(0, 4, 0).await;
    order.channel_says("TRADE_FINISHED").await;
    order.is(0, "signed").await;
    order.told(&[TOLD_ALLOCATE, TOLD_ACCEPTED, TOLD_SHIPPED], &[TOLD_SYNC], order.sent()).await;
}

async fn refused_then_rerouted(side: &Side) {
    let order = side.play("refused, then elsewhere", [5, 5, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.refuses(0).await;
    order.allocated_to(1).await;
    order.holds(0, 5, 0).await;
    order.holds(1, 4, 1).await;
    // Accepted, and then it could not be shipped after all.
    order.accepts(1).await;
    order.refuses(1).await;
    if order.isv_allocates() {
        order.allocated_to(0).await;
        order.holds(0, 4, 1).await;
        let isv = [TOLD_ALLOCATE, TOLD_REFUSED, TOLD_ALLOCATE, TOLD_ACCEPTED, TOLD_REFUSED, TOLD_ALLOCATE];
        order.told(&isv, &[TOLD_SYNC; 3], &[]).await;
    } else {
        order.waits("unfillable").await;
        order.told(&[], &[TOLD_SYNC; 2], &[]).await;
    }
    order.holds(1, 5, 0).await;
}

async fn refused_by_all(side: &Side) {
    let order = side.play("refused by the only one who has it", [1, 0, 0]).await;
    order.pays().await;
    order.allocated_to(0).await;
    order.refuses(0).await;
    if order.isv_allocates() {
        order.isv_is_asked().await;
        order.waits("routing").await;
        order.told(&[TOLD_ALLOCATE, TOLD_REFUSED, TOLD_ALLOCATE], &[TOLD_SYNC], &[]).await;
    } else {
        order.waits("unfillable").await;
        order.told(&[], &[TOLD_SYNC], &[]).await;
    }
    order.holds(0, 1, 0).await;
}

async fn closed_by_the_channel(side: &Side) {
    let waiting = side.play("closed before anybody has it", [0; 3]).await;
    waiting.pays().await;
    waiting.waits(if waiting.isv_allocates() { "routing" } else { "unfillable" }).await;
    if waiting.isv_allocates() {
        waiting.isv_is_asked().await;
    }
    waiting.channel_says("TRADE_CLOSED").await;
    waiting.waits("closed").await;
    waiting.told(&[TOLD_ALLOCATE], &[], &[]).await;

    for accepted in [false, true] {
        let order = side.play(if accepted { "closed once accepted" } else { "closed once offered" }, [5, 0, 0]).await;
        order.pays().await;
        order.allocated_to(0).await;
        if accepted {
            order.accepts(0).await;
        }
        order.channel_says("TRADE_CLOSED").await;
        order.is(0, "closed").await;
        order.holds(0, 5, 0).await;
        let isv: &[&str] = if accepted { &[TOLD_ALLOCATE, TOLD_ACCEPTED] } else { &[TOLD_ALLOCATE] };
        order.told(isv, &[TOLD_SYNC; 2], &[]).await;
    }
}
