//! The race of a refund and a parcel, in every role mode: whatever comes first, the goods are either on the shelf or on
//! their way, both sides know which, and saying it again changes nothing.

use super::stages::*;
use crate::command::{Command, StoreAnswer};
use crate::decide::tests::kit::*;
use crate::ids::{Oid, RefundId};
use crate::order::refund::RefundStatus;
use crate::order::timeline::Fact;
use crate::refusal::Refusal;
use crate::seller::RoleMode;
use crate::stock::cell::StockClass;
use crate::time::Millis;

/// What may happen, each said by who says it in the mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Asked,
    Confirmed,
    Denied,
    Ships,
}

use Said::{Asked, Confirmed, Denied, Ships};

fn command(shop: &Shop, what: Said) -> Command {
    let answer = || said(shop);
    let cancel = |confirmed| {
        let who = answering(shop);
        Command::AnswerCancel { answer: StoreAnswer { who, ..answer() }, confirmed, refund: Some(RefundId(REFUND)) }
    };
    match what {
        Asked => told_refund(shop, REFUND, RefundStatus::Asked, false),
        Confirmed => cancel(true),
        Denied => cancel(false),
        Ships => shipping(answer(), shipment("SF1", shop.now)),
    }
}

/// In 3.2 it is the allocating app that answers refunds over the wire; elsewhere whoever accepts.
fn answering(shop: &Shop) -> crate::order::timeline::Actor {
    let mode = shop.file(1).trade.mode.clone().expect("is routed");
    if mode.section() == "3.2" { app("isv") } else { by(shop, NEAR) }
}

/// Accepted, then these in their order, each said twice. What each was answered the first time.
fn run(mode: &RoleMode, told: &[Said]) -> (Shop, Vec<Result<(), Refusal>>) {
    let mut shop = offered_in(mode);
    lead_delivery(&mut shop, "accepted");
    let mut answers = Vec::new();
    for what in told {
        shop.later(Millis::seconds(1));
        let command = command(&shop, *what);
        let first = shop.ask(&command).map(|_| ());
        shop.later(Millis::seconds(1));
        let facts = shop.facts.len();
        assert_eq!(shop.ask(&command).map(|_| ()), first, "{what:?} again in {told:?}");
        assert_eq!(shop.facts.len(), facts, "{what:?} again in {told:?}");
        answers.push(first);
    }
    (shop, answers)
}

#[test]
fn a_refund_and_a_parcel_meet_in_every_order_and_every_mode() {
    let nothing = || Err(Refusal::NothingToAnswer { oid: Oid(10) });
    for mode in &modes() {
        let table: [(&[Said], &str, Result<(), Refusal>); 7] = [
            (&[Asked, Denied, Ships], "shipped", Ok(())),
            (&[Asked, Ships, Denied], "shipped", Ok(())),
            (&[Ships, Asked, Denied], "shipped", Ok(())),
            (&[Asked, Ships, Confirmed], "shipped", nothing()),
            (&[Ships, Asked, Confirmed], "shipped", nothing()),
            (&[Asked, Denied, Confirmed], "cancel_denied", nothing()),
            (&[Asked, Confirmed, Denied], "cancelled", nothing()),
        ];
        for (told, state, last) in table {
            let (shop, answers) = run(mode, told);
            let context = format!("{} {told:?}", mode.section());
            assert_eq!(answers.last(), Some(&last), "{context}");
            assert_eq!(
                answers.iter().filter(|answer| answer.is_err()).count(),
                usize::from(last.is_err()),
                "{context}"
            );
            let given = &shop.file(1).assignments[0];
            assert_eq!(given.state.name(), state, "{context}");
            let denied = told.contains(&Denied) && last.is_ok() || state == "cancel_denied";
            assert_eq!(given.has(Fact::CancelDenied, REFUND), denied, "{context}");
            let cell = shop.cell(NEAR, StockClass::Certain);
            let expected = match state {
                "shipped" => (4, 0, 1),
                "cancelled" => (5, 0, 0),
                _ => (5, 1, 0),
            };
            assert_eq!((cell.on_hand, cell.reserved, cell.unreported), expected, "{context}");
        }
    }
}

#[test]
fn what_was_put_back_on_the_shelf_does_not_ship() {
    for mode in &modes() {
        let (mut shop, _) = run(mode, &[Asked, Confirmed]);
        let ship = command(&shop, Ships);
        let refused = shop.ask(&ship);
        assert!(matches!(refused, Err(Refusal::IllegalMove { state: "cancelled", .. })), "{refused:?}");
    }
}

/// A parcel that left although the refund stood is told to everybody who is told of parcels.
#[test]
fn a_parcel_that_overtook_the_refund_is_told_as_any_other() {
    for mode in &modes() {
        let (raced, _) = run(mode, &[Asked, Ships]);
        let (plain, _) = run(mode, &[Ships]);
        let tellings = |shop: &Shop| {
            let told = shop.told();
            told.lines().filter(|line| !line.contains("refund")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(tellings(&raced), tellings(&plain), "{}", mode.section());
    }
}
