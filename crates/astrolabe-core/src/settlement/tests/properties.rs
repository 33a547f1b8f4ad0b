//! Whatever happens in whatever order: sums cancel out, nothing is lost, nothing is posted twice.

use proptest::prelude::*;
use serde_json::json;

use crate::order::assignment::AssignmentState;
use crate::settlement::RuleSet;
use crate::settlement::tests::book::{Book, active, check_sums, rules};

/// A thing that happens to the line.
#[derive(Clone, Copy, Debug)]
enum Thing {
    Ship(usize),
    Sign(usize),
    Refund(i64),
    Close,
    /// Somebody looks.
    Settle,
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        4 => (0..5_usize).prop_map(Thing::Ship),
        2 => (0..5_usize).prop_map(Thing::Sign),
        3 => (0..6_000_i64).prop_map(Thing::Refund),
        1 => Just(Thing::Close),
        3 => Just(Thing::Settle),
    ]
}

fn rule_set() -> impl Strategy<Value = RuleSet> {
    let trigger = prop_oneof![Just("shipped"), Just("signed")];
    (trigger, 0..=6_000_i64, 0..=4_000_i64, 1..=900_i64).prop_map(|(on, store, guide, fee)| {
        let share = |party: &str, share: i64| json!({"party": party, "share_bp": share.max(1)});
        let fee = json!({"party": "platform", "fixed_fen": fee});
        rules(json!({"name": "any", "trigger": {"on": on}, "remainder": "company",
            "rules": [{"locations": [1, 2], "parts": [share("store", store), fee, share("guide", guide)]},
                {"parts": [fee, share("named:a", guide)]}]}))
    })
}

fn happen(book: &mut Book, thing: Thing, at: i64) {
    match thing {
        Thing::Ship(at) if book.file.assignments.get(at).is_some_and(|one| one.state == AssignmentState::Accepted) => {
            book.ships(at);
        }
        Thing::Sign(at) if book.file.assignments.get(at).is_some_and(|one| one.state == AssignmentState::Shipped) => {
            book.signs(at);
        }
        Thing::Refund(fee) => book.refunds(at, fee),
        Thing::Close => book.closes(),
        Thing::Settle => {
            book.settle();
            check_sums(&book.posted);
            assert!(book.settle().is_empty(), "looking again posts something");
        }
        Thing::Ship(_) | Thing::Sign(_) => {}
    }
}

fn played(payment: i64, units: &[i64], set: &RuleSet, things: &[Thing], looks: bool) -> Book {
    let mut book = Book::of(payment, units, vec![active(1, set.clone(), 0, None)]);
    for (at, thing) in (0..).zip(things) {
        if looks || !matches!(thing, Thing::Settle) {
            happen(&mut book, *thing, at);
        }
    }
    happen(&mut book, Thing::Settle, 0);
    book
}

proptest! {
    #[test]
    fn sums_cancel_out_and_looking_often_or_once_comes_to_the_same(
        payment in 0..20_000_i64,
        units in prop::collection::vec(1..4_i64, 1..5),
        set in rule_set(),
        things in prop::collection::vec(thing(), 0..24),
    ) {
        let often = played(payment, &units, &set, &things, true);
        let once = played(payment, &units, &set, &things, false);
        prop_assert_eq!(often.stands(), once.stands());
        prop_assert!(often.stands() >= 0 && often.stands() <= payment);
    }

    #[test]
    fn when_all_has_shipped_exactly_what_the_buyer_paid_in_the_end_is_shared(
        payment in 0..20_000_i64,
        units in prop::collection::vec(1..4_i64, 1..5),
        set in rule_set(),
        things in prop::collection::vec(thing(), 0..24),
    ) {
        let mut things: Vec<Thing> = things.into_iter().filter(|thing| !matches!(thing, Thing::Close)).collect();
        things.extend((0..units.len()).flat_map(|at| [Thing::Ship(at), Thing::Sign(at)]));
        let book = played(payment, &units, &set, &things, true);
        let refunded: i64 = book.file.trade.refunds.iter().map(|refund| refund.refund_fee.0).sum();
        prop_assert_eq!(book.stands(), payment - refunded.min(payment));
    }

    #[test]
    fn taking_everything_back_leaves_nothing_anywhere(
        payment in 0..20_000_i64,
        units in prop::collection::vec(1..4_i64, 1..5),
        set in rule_set(),
        mut things in prop::collection::vec(thing(), 0..24),
    ) {
        things.push(Thing::Settle);
        things.push(Thing::Refund(payment));
        let book = played(payment, &units, &set, &things, true);
        prop_assert_eq!(book.accounts(), vec![]);
    }
}
