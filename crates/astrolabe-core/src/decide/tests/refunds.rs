//! Money asked back at every stage of a sub-order's life, and what the store's answer, the seller and the channel make of
//! it. A stage is named by the state it is in when the refund comes.

use crate::command::{Command, RefuseReason, SeenRefund};
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::ids::{Oid, RefundId, Tid};
use crate::money::Fen;
use crate::order::assignment::AssignmentState;
use crate::order::refund::{RefundKind, RefundStatus};
use crate::order::timeline::Fact;
use crate::refusal::Refusal;
use crate::seller::{Allocator, ReturnPolicy};
use crate::stock::cell::StockClass;
use crate::time::Millis;

const STAGES: [&str; 7] = ["held", "unfillable", "notified", "accepted", "shipped", "signed", "refused"];

/// A one-line order that has come to a stage. "refused" has been refused by the near store and is offered to another.
fn at_stage(stage: &str) -> Shop {
    let mut shop = Shop::open(Allocator::Platform, pos());
    if stage != "unfillable" {
        shop.stock(NEAR, StockClass::Certain, 5);
        shop.stock(MIDDLE, StockClass::Certain, 5);
    }
    if stage == "held" {
        shop.world.seller.settings.hold_after_paid_ms = Millis::minutes(10);
    }
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let say = |shop: &Shop| answer(10, NEAR, app("pos"), shop.now);
    if ["accepted", "shipped", "signed"].contains(&stage) {
        let answer = say(&shop);
        shop.tell(&Command::Accept(answer));
    }
    if ["shipped", "signed"].contains(&stage) {
        let (answer, shipment) = (say(&shop), shipment("SF1", shop.now));
        shop.tell(&shipping(answer, shipment));
    }
    if stage == "signed" {
        shop.tell(&Command::SeeSigned { tid: Tid(1), sub_orders: vec![], at: shop.now });
    }
    if stage == "refused" {
        let answer = say(&shop);
        shop.tell(&refusing(answer, RefuseReason::Other));
    }
    shop.later(Millis::seconds(10));
    shop.raised.clear();
    shop.calls.clear();
    shop
}

/// The state of the latest assignment, else of the unassigned units.
fn state(shop: &Shop) -> String {
    match shop.unassigned(1, 10) {
        Some(waiting) => waiting.name().to_owned(),
        None => shop.file(1).assignments.last().unwrap().state.name().to_owned(),
    }
}

fn see(shop: &mut Shop, status: RefundStatus) {
    shop.later(Millis::seconds(1));
    shop.tell(&Command::SeeRefund(refund(10, 5, status, shop.now)));
}

fn reserved(shop: &Shop) -> i64 {
    [NEAR, MIDDLE].map(|at| shop.cell(at, StockClass::Certain).reserved).iter().sum()
}

#[test]
fn a_refund_asked_granted_or_withdrawn_at_every_stage() {
    use RefundStatus::{Asked, Granted, RefusedBySeller, Withdrawn};
    // stage, then what becomes of it when the refund is asked, withdrawn after that, or granted after asking.
    let table = [
        ("held", "cancelled", "held", "closed"),
        ("unfillable", "cancelled", "unfillable", "closed"),
        ("notified", "cancel_requested", "notified", "closed"),
        ("refused", "cancel_requested", "notified", "closed"),
        ("accepted", "cancel_requested", "accepted", "closed"),
        ("shipped", "shipped", "shipped", "refunded"),
        ("signed", "signed", "signed", "refunded"),
    ];
    assert_eq!(table.map(|row| row.0).iter().filter(|stage| STAGES.contains(stage)).count(), STAGES.len());
    for (stage, asked, lifted, granted) in table {
        let mut shop = at_stage(stage);
        let before = reserved(&shop);
        see(&mut shop, Asked);
        assert_eq!(state(&shop), asked, "{stage}: asked");
        assert_eq!(shop.told(), "pos: refund withdrawn=false", "{stage}");
        let mut other = shop.clone();
        for lift in [Withdrawn, RefusedBySeller] {
            let mut shop = shop.clone();
            see(&mut shop, lift);
            assert_eq!(state(&shop), lifted, "{stage}: {lift:?}");
            assert_eq!(reserved(&shop), before, "{stage}: holds what it held");
        }
        see(&mut other, Granted);
        assert_eq!(state(&other), granted, "{stage}: granted");
        assert_eq!(reserved(&other), 0, "{stage}: holds nothing");
    }
}

#[test]
fn the_store_answers_a_cancel_request() {
    for stage in ["notified", "accepted"] {
        let mut shop = at_stage(stage);
        see(&mut shop, RefundStatus::Asked);
        let reply = |shop: &mut Shop, confirmed| {
            let answer = answer(10, NEAR, app("pos"), shop.now);
            shop.ask(&Command::AnswerCancel { answer, confirmed, refund: None })
        };
        let wrong = Command::AnswerCancel {
            answer: answer(10, NEAR, app("pos"), shop.now),
            confirmed: true,
            refund: Some(RefundId(6)),
        };
        assert_eq!(shop.ask(&wrong), Err(Refusal::NothingToAnswer { oid: Oid(10) }));

        let mut shelved = shop.clone();
        reply(&mut shelved, true).unwrap();
        assert_eq!((state(&shelved).as_str(), reserved(&shelved)), ("cancelled", 0), "{stage}");
        assert_eq!(reply(&mut shelved, false), Err(Refusal::NothingToAnswer { oid: Oid(10) }));
        // The seller refuses the refund after all: the line starts anew.
        see(&mut shelved, RefundStatus::RefusedBySeller);
        assert_eq!((state(&shelved).as_str(), reserved(&shelved)), ("notified", 1), "{stage}");

        let mut refused = shop.clone();
        let refusal = answer(10, NEAR, app("pos"), refused.now);
        refused.tell(&refusing(refusal, RefuseReason::Other));
        assert_eq!((state(&refused).as_str(), reserved(&refused)), ("cancelled", 0), "{stage}");

        reply(&mut shop, false).unwrap();
        assert_eq!((state(&shop).as_str(), reserved(&shop)), ("cancel_denied", 1), "{stage}");
        shop.tell(&Command::SeeRefund(SeenRefund { id: RefundId(6), ..refund(10, 6, RefundStatus::Asked, shop.now) }));
        assert_eq!(state(&shop), "cancel_requested", "{stage}: a new request may be answered anew");
        reply(&mut shop, false).unwrap();
        let mut closed = shop.clone();
        let mut trade = paid(1, &[(ITEM, 1)], closed.now);
        trade.lines[0].closed = true;
        closed.tell(&seen(trade));
        assert_eq!(state(&closed), "cancel_denied", "{stage}");
        assert_eq!(closed.raised, vec![ExceptionKind::ShippedThoughClosed]);

        let (answer, shipment) = (answer(10, NEAR, app("pos"), shop.now), shipment("SF1", shop.now));
        shop.tell(&shipping(answer, shipment));
        assert_eq!((state(&shop).as_str(), reserved(&shop)), ("shipped", 0), "{stage}");
    }
}

#[test]
fn while_a_cancel_stands_nothing_else_moves_but_shipping() {
    let mut shop = at_stage("accepted");
    see(&mut shop, RefundStatus::Asked);
    shop.look(1, Millis::hours(48));
    assert_eq!(state(&shop), "cancel_requested");
    assert_eq!(shop.raised, [ExceptionKind::CancelUnanswered], "shipping is waited for no more, the answer is");
    let again = answer(10, NEAR, app("pos"), shop.now);
    assert!(shop.ask(&Command::Accept(again)).is_ok(), "a repeat stays a repeat");
    let elsewhere = Command::Reallocate(crate::command::Reallocate {
        tid: Tid(1),
        sub_orders: vec![Oid(10)],
        target: None,
        who: operator(),
        request: 3,
        force: true,
    });
    assert_eq!(shop.ask(&elsewhere), Err(Refusal::CancelStands { oid: Oid(10) }));
    see(&mut shop, RefundStatus::Withdrawn);
    assert_eq!(shop.live(10).due_at, Some(shop.now + Millis::hours(12)), "the ladder begins anew");
}

#[test]
fn what_a_refund_means_is_decided_when_it_is_first_seen() {
    let table = [
        ("notified", 1_000, false, RefundKind::ForGoods),
        ("notified", 1_500, true, RefundKind::ForGoods),
        ("accepted", 999, false, RefundKind::AmountOnly),
        ("shipped", 1, true, RefundKind::Return),
        ("shipped", 1_000, false, RefundKind::WithoutReturn),
        ("signed", 500, true, RefundKind::Return),
    ];
    for (stage, fee, has_good_return, kind) in table {
        let mut shop = at_stage(stage);
        let before = state(&shop);
        let asked =
            SeenRefund { refund_fee: Fen(fee), has_good_return, ..refund(10, 5, RefundStatus::Asked, shop.now) };
        shop.tell(&Command::SeeRefund(asked));
        assert_eq!(shop.file(1).trade.refunds[0].kind, kind, "{stage} {fee}");
        let stops = matches!(kind, RefundKind::ForGoods | RefundKind::Return);
        assert_eq!(state(&shop) != before, stops, "{stage} {fee}");
    }
}

#[test]
fn goods_that_come_back_go_on_the_shelf_where_the_seller_says_so() {
    for (policy, on_hand, unreported) in [(ReturnPolicy::Quarantine, 4, 1), (ReturnPolicy::Restock, 5, 0)] {
        let mut shop = at_stage("signed");
        shop.world.seller.settings.returns = policy;
        let back = SeenRefund { has_good_return: true, ..refund(10, 5, RefundStatus::Asked, shop.now) };
        shop.tell(&Command::SeeRefund(back));
        assert_eq!(state(&shop), "return_requested");
        let got = answer(10, NEAR, app("pos"), shop.now);
        shop.tell(&Command::ReceiveReturn(got.clone()));
        shop.tell(&Command::ReceiveReturn(got));
        let cell = shop.cell(NEAR, StockClass::Certain);
        assert_eq!((cell.on_hand, cell.unreported), (on_hand, unreported), "{policy:?}");
        let last = shop.file(1).assignments.last().unwrap();
        assert_eq!(last.state, AssignmentState::Returned);
        assert!(last.has(Fact::Returned, 5));
        see(&mut shop, RefundStatus::Granted);
        let last = shop.file(1).assignments.last().unwrap();
        assert_eq!(last.state, AssignmentState::Returned);
        assert!(last.has(Fact::Refunded, 5), "the money that follows the goods is on the timeline");
    }
}

#[test]
fn the_channel_closing_a_line_closes_whatever_has_not_left() {
    for (stage, expected) in [
        ("held", "closed"),
        ("unfillable", "closed"),
        ("notified", "closed"),
        ("accepted", "closed"),
        ("shipped", "shipped"),
        ("signed", "signed"),
    ] {
        let mut shop = at_stage(stage);
        let mut trade = paid(1, &[(ITEM, 1)], shop.now);
        trade.lines[0].closed = true;
        shop.tell(&seen(trade));
        assert_eq!(state(&shop), expected, "{stage}");
        assert_eq!(reserved(&shop), 0, "{stage}");
        if ["notified", "accepted"].contains(&stage) {
            assert_eq!(shop.told(), "pos: allocations -10@1", "{stage}");
        }
        let waiting = shop.world.stock.article(ARTICLE).unwrap().waiting().len();
        assert_eq!(waiting, 0, "{stage}");
    }
}

#[test]
fn a_refund_that_is_heard_of_before_the_payment_keeps_the_goods_here() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    shop.stock(NEAR, StockClass::Certain, 5);
    let unpaid = crate::command::SeenTrade {
        payment: crate::order::trade::TradePayment::Awaited,
        pay_time: None,
        ..paid(1, &[(ITEM, 1)], shop.now)
    };
    shop.tell(&seen(unpaid));
    see(&mut shop, RefundStatus::Asked);
    assert_eq!(state(&shop), "created", "kept until there is something to stop");
    let mut early = shop.clone();
    shop.later(Millis::seconds(1));
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!((state(&shop), reserved(&shop)), ("cancelled".to_owned(), 0));
    see(&mut shop, RefundStatus::Withdrawn);
    assert_eq!((state(&shop), reserved(&shop)), ("notified".to_owned(), 1));

    see(&mut early, RefundStatus::Withdrawn);
    assert_eq!((state(&early), early.told()), ("created".to_owned(), String::new()));
    early.later(Millis::seconds(1));
    early.tell(&seen(paid(1, &[(ITEM, 1)], early.now)));
    assert_eq!(state(&early), "notified");
}
