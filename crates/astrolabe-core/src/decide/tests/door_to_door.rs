//! 门店自送: deliveries that the store makes itself, and the code that the buyer shows at his door.

use super::pickups::{DOOR, balances, clerk, code, show, state};
use crate::command::{Command, SeenRefund, SetOut};
use crate::decide::tests::kit::*;
use crate::ids::{LocationId, Oid, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::refund::RefundStatus;
use crate::order::timeline::{Actor, Fact};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::time::Millis;

fn set_out(tid: i64, store: LocationId, fresh: &str, who: Actor, shop: &Shop) -> Command {
    let parcel = shipment(&format!("{tid}-{store}"), shop.now);
    Command::SetOut(SetOut { tid: Tid(tid), store, shipment: parcel, fresh: code(fresh), who })
}

/// A delivery of two lines that the near store has accepted.
fn accepted(acceptor: Acceptor) -> Shop {
    let who = if acceptor == Acceptor::Keeper { keeper(NEAR) } else { app("pos") };
    let mut shop = Shop::open(Allocator::Platform, acceptor);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1), (ITEM, 2)], shop.now)));
    for oid in [10, 11] {
        let said = answer(oid, NEAR, who.clone(), shop.now);
        shop.tell(&Command::Accept(said));
    }
    shop
}

#[test]
fn a_store_brings_the_goods_itself_and_the_code_signs_for_them() {
    for (acceptor, who) in [(Acceptor::Keeper, keeper(NEAR)), (pos(), app("pos"))] {
        let mut shop = accepted(acceptor);
        let calls = shop.calls.len();
        let steps = [
            set_out(1, NEAR, "555", who.clone(), &shop),
            Command::ResendCodes { tid: Tid(1), who: who.clone() },
            show(1, "555", DOOR, who.clone(), &shop),
        ];
        shop.tell(&steps[0]);
        shop.tell(&steps[0]);
        assert_eq!(shop.rows, 0, "on its way already");
        assert_eq!(balances(&shop, NEAR), (2, 0, 3));
        shop.tell(&steps[1]);
        assert_eq!(shop.ask(&steps[1]), Err(Refusal::HandoverCodeSentToday { tid: Tid(1) }));
        shop.later(Millis::hours(24));
        shop.tell(&steps[1]);
        let told: Vec<_> = shop.told().lines().skip(calls).map(str::to_owned).collect();
        assert_eq!(
            told,
            [
                "channel: consign 1-1",
                "channel: code 555 of 1",
                "channel: code 555 of 1 again",
                "channel: code 555 of 1 again"
            ]
        );
        shop.tell(&steps[2]);
        shop.tell(&steps[2]);
        assert_eq!([10, 11].map(|oid| state(&shop, oid)), [AssignmentState::Signed, AssignmentState::Signed]);
        assert_eq!(shop.ask(&steps[1]), Err(Refusal::HandoverCodeUsed { tid: Tid(1) }));
        let resent = shop.facts.iter().filter(|fact| fact.fact == Fact::CodeResent).count();
        assert_eq!(resent, 4, "each sub-order, each day");
    }
}

#[test]
fn what_a_store_may_not_bring() {
    let mut shop = accepted(pos());
    let table = [
        (set_out(1, FAR, "5", app("pos"), &shop), Refusal::NotAllocatedThere { oid: Oid(10), location: FAR }),
        (set_out(1, LocationId(77), "5", app("pos"), &shop), Refusal::LocationNotFound { location: LocationId(77) }),
        (set_out(9, NEAR, "5", app("pos"), &shop), Refusal::TradeNotFound { tid: Tid(9) }),
        (Command::ResendCodes { tid: Tid(1), who: app("pos") }, Refusal::HandoverCodeNotFound { tid: Tid(1) }),
    ];
    for (command, expected) in table {
        assert_eq!(shop.ask(&command), Err(expected));
    }
    assert!(matches!(shop.ask(&set_out(1, NEAR, "5", app("isv"), &shop)), Err(Refusal::NotYours { .. })));
    for oid in [10, 11] {
        shop.tell(&Command::SeeRefund(refund(oid, oid, RefundStatus::Asked, shop.now)));
    }
    let stopped = shop.ask(&set_out(1, NEAR, "5", app("pos"), &shop));
    assert_eq!(stopped, Err(Refusal::CancelStands { oid: Oid(10) }));
    let mut fresh = Shop::open(Allocator::Platform, pos());
    fresh.stock(NEAR, StockClass::Certain, 5);
    fresh.tell(&seen(paid(1, &[(ITEM, 1)], fresh.now)));
    let early = fresh.ask(&set_out(1, NEAR, "5", app("pos"), &fresh));
    assert!(matches!(early, Err(Refusal::IllegalMove { state: "notified", .. })), "{early:?}");
}

#[test]
fn what_the_channel_signed_for_can_still_be_told_by_its_code() {
    let mut shop = accepted(pos());
    let command = set_out(1, NEAR, "555", app("pos"), &shop);
    shop.tell(&command);
    shop.tell(&Command::SeeSigned { tid: Tid(1), sub_orders: vec![Oid(10)], at: shop.now });
    let command = show(1, "555", DOOR, app("pos"), &shop);
    shop.tell(&command);
    assert_eq!([10, 11].map(|oid| state(&shop, oid)), [AssignmentState::Signed, AssignmentState::Signed]);
    let other = show(1, "555", DOOR, clerk("Li"), &shop);
    assert_eq!(shop.ask(&other), Err(Refusal::HandoverCodeUsed { tid: Tid(1) }));
}

#[test]
fn what_the_buyer_sends_back_is_not_handed_over_at_his_door_as_well() {
    let mut shop = accepted(pos());
    let command = set_out(1, NEAR, "555", app("pos"), &shop);
    shop.tell(&command);
    for oid in [10, 11] {
        let asked = SeenRefund { has_good_return: true, ..refund(oid, oid, RefundStatus::Asked, shop.now) };
        shop.tell(&Command::SeeRefund(asked));
    }
    let command = show(1, "555", DOOR, app("pos"), &shop);
    let refused = shop.ask(&command);
    assert!(matches!(refused, Err(Refusal::IllegalMove { state: "return_requested", .. })), "{refused:?}");
    // One of them he keeps after all: the code is good for that one.
    shop.later(Millis::seconds(1));
    let kept = SeenRefund { has_good_return: true, ..refund(11, 11, RefundStatus::Withdrawn, shop.now) };
    shop.tell(&Command::SeeRefund(kept));
    shop.tell(&command);
    assert_eq!([10, 11].map(|oid| state(&shop, oid).name()), ["return_requested", "signed"]);
}
