//! What is posted along an order's life.

use serde_json::json;

use crate::order::assignment::AssignmentState;
use crate::order::timeline::Fact;
use crate::settlement::tests::book::{Book, DAY, active, check_sums, entries, rules, short, usual};
use crate::settlement::{CategoryId, RuleSet};
use crate::time::{Millis, Timestamp};

fn entries_are(got: Vec<(String, i64)>, expected: &[(&str, i64)]) {
    let expected: Vec<_> = expected.iter().map(|(account, amount)| ((*account).to_owned(), *amount)).collect();
    assert_eq!(got, expected);
}

fn whole_life() -> Book {
    Book::of(10_000, &[1], vec![active(3, usual(), 0, None)])
}

#[test]
fn a_shipped_line_is_settled_once() {
    let mut book = whole_life();
    assert!(book.settle().is_empty(), "nothing has shipped");
    book.ships(0);
    let posted = book.settle();
    assert_eq!(posted.len(), 1);
    assert_eq!((posted[0].version.0, posted[0].happened, posted[0].units), (3, Timestamp(2_000), 1));
    entries_are(
        entries(&posted[0]),
        &[("platform", 200), ("store:1", 8_000), ("company", 1_800), ("clearing", -10_000)],
    );
    book.happens(0, Fact::ShipmentCorrected, AssignmentState::Shipped);
    book.signs(0);
    assert!(book.settle().is_empty(), "corrections and later events post nothing");
    check_sums(&book.posted);
}

#[test]
fn refunds_take_back_in_proportion_and_no_more_than_was_posted() {
    let mut book = whole_life();
    book.ships(0);
    book.settle();
    book.refunds(5, 2_500);
    let back = book.settle();
    assert_eq!(back.iter().map(short).collect::<Vec<_>>(), [(100, "refunded", 0, -2_500)]);
    entries_are(entries(&back[0]), &[("platform", -50), ("store:1", -2_000), ("company", -450), ("clearing", 2_500)]);
    book.refunds(6, 9_000);
    let back = book.settle();
    assert_eq!(back.iter().map(short).collect::<Vec<_>>(), [(100, "refunded", 0, -7_500)], "what was left");
    assert_eq!(book.accounts(), []);
    assert!(book.settle().is_empty());
    check_sums(&book.posted);
}

#[test]
fn a_refund_before_the_trigger_lowers_what_is_posted() {
    let mut book = whole_life();
    book.refunds(5, 2_500);
    assert!(book.settle().is_empty());
    book.ships(0);
    let posted = book.settle();
    entries_are(
        entries(&posted[0]),
        &[("platform", 150), ("store:1", 6_000), ("company", 1_350), ("clearing", -7_500)],
    );
    assert_eq!((posted[0].gross.0, posted[0].amount.0), (10_000, 7_500));
    assert!(book.settle().is_empty());
    let mut all_back = whole_life();
    all_back.refunds(5, 99_999);
    all_back.ships(0);
    assert_eq!(all_back.settle().iter().map(short).collect::<Vec<_>>(), [(100, "settled", 0, 0)], "nothing is left");
    assert!(all_back.settle().is_empty());
}

#[test]
fn parts_of_a_line_are_settled_by_their_units_and_the_last_takes_the_rest() {
    let mut book = Book::of(1_000, &[1, 1, 1], vec![active(1, usual(), 0, None)]);
    book.ships(2);
    book.settle();
    book.ships(0);
    book.settle();
    book.ships(1);
    book.settle();
    let posted: Vec<_> = book.posted.iter().map(short).collect();
    assert_eq!(posted, [(102, "settled", 0, 333), (100, "settled", 0, 333), (101, "settled", 0, 334)]);
    entries_are(
        book.accounts(),
        &[
            ("clearing", -1_000),
            ("store:1", 266),
            ("store:2", 267),
            ("store:3", 266),
            ("company", 1),
            ("platform", 200),
        ],
    );
    check_sums(&book.posted);
}

#[test]
fn a_refund_of_a_divided_line_is_borne_by_all_its_units_until_some_are_closed() {
    let mut book = Book::of(10_000, &[1, 1], vec![active(1, usual(), 0, None)]);
    book.ships(0);
    book.settle();
    book.refunds(5, 5_000);
    assert_eq!(book.settle().iter().map(short).collect::<Vec<_>>(), [(100, "refunded", 0, -2_500)]);
    book.closes();
    assert_eq!(book.settle().iter().map(short).collect::<Vec<_>>(), [(100, "restored", 0, 2_500)]);
    assert_eq!(book.stands(), 5_000, "the refund was for the unit that never shipped");
    book.refunds(6, 1_000);
    assert_eq!(book.settle().iter().map(short).collect::<Vec<_>>(), [(100, "refunded", 0, -1_000)]);
    assert!(book.settle().is_empty());
    check_sums(&book.posted);
}

fn after(event: &str, days: i64) -> RuleSet {
    rules(json!({"name": "later", "trigger": {"on": event, "after_days": days}, "remainder": "company"}))
}

#[test]
fn a_settlement_waits_for_its_day() {
    let mut book = Book::of(900, &[1], vec![active(1, after("signed", 7), 0, None)]);
    book.ships(0);
    assert!(book.settle().is_empty() && book.pending.is_empty(), "nobody has signed");
    book.signs(0);
    assert!(book.settle().is_empty());
    let due_at = book.pending[0].due_at;
    assert_eq!((due_at, book.pending.len()), (Timestamp(3_000 + 7 * DAY), 1));
    book.refunds(5, 300);
    assert!(book.settle().is_empty(), "a refund while it waits posts nothing");
    book.now = due_at + Millis(-1);
    assert!(book.settle().is_empty());
    book.now = due_at;
    assert_eq!(book.settle().iter().map(short).collect::<Vec<_>>(), [(100, "settled", 0, 600)]);
    assert!(book.pending.is_empty() && book.settle().is_empty());
}

#[test]
fn what_ends_otherwise_counts_as_signed() {
    for (fact, state) in [(Fact::Returned, AssignmentState::Returned), (Fact::Refunded, AssignmentState::Refunded)] {
        let mut book = Book::of(900, &[1], vec![active(1, after("signed", 0), 0, None)]);
        book.ships(0);
        book.refunds(5, 300);
        book.happens(0, fact, state);
        assert_eq!(book.settle().iter().map(short).collect::<Vec<_>>(), [(100, "settled", 0, 600)]);
    }
    let mut pickup = Book::of(900, &[1], vec![active(1, after("shipped", 0), 0, None)]);
    pickup.happens(0, Fact::Collected, AssignmentState::Collected);
    assert_eq!(pickup.settle().iter().map(short).collect::<Vec<_>>(), [(100, "settled", 0, 900)]);
}

#[test]
fn the_set_that_was_active_when_it_happened_is_used() {
    // The line ships at 2 s and is signed for at 3 s.
    let table = [
        (vec![active(1, usual(), 0, None)], Some(1)),
        (vec![active(1, usual(), 0, Some(2_000)), active(2, usual(), 2_000, None)], Some(2)),
        (vec![active(1, usual(), 0, Some(2_001)), active(2, usual(), 2_001, None)], Some(1)),
        (vec![active(1, usual(), 0, Some(2_000))], None),
        (vec![active(1, after("signed", 0), 0, Some(3_000)), active(2, usual(), 3_000, None)], Some(2)),
        (vec![active(1, usual(), 0, Some(2_000)), active(2, after("signed", 0), 2_000, None)], Some(2)),
        (vec![active(1, usual(), 2_001, None)], Some(1)),
        (vec![active(1, usual(), 3_001, None)], None),
    ];
    for (sets, version) in table {
        let shown = format!("{sets:?}");
        let mut book = Book::of(900, &[1], sets);
        book.ships(0);
        book.settle();
        book.signs(0);
        book.settle();
        assert_eq!(book.posted.first().map(|posting| posting.version.0), version, "{shown}");
        assert!(book.posted.len() <= 1);
    }
}

#[test]
fn a_category_has_its_rule() {
    let set = rules(json!({"name": "c", "trigger": {"on": "shipped"}, "remainder": "company",
        "rules": [{"categories": [50], "parts": [{"party": "guide", "share_bp": 1000}]}]}));
    for (category, guide) in [(Some(50), true), (Some(51), false), (None, false)] {
        let mut book = Book::of(900, &[1], vec![active(1, set.clone(), 0, None)]);
        book.categories = category.map(|id| (book.file.trade.sub_orders[0].oid, CategoryId(id))).into_iter().collect();
        book.ships(0);
        book.settle();
        assert_eq!(book.accounts().contains(&("guide".to_owned(), 90)), guide, "{category:?}");
    }
}
