//! Which rule sets can be used, and what they make of an amount.

use serde_json::{Value, json};

use crate::ids::LocationId;
use crate::settlement::split::{Span, apportion, split};
use crate::settlement::tests::book::{FIRST, rules};
use crate::settlement::{CategoryId, Period, RuleSet};
use crate::time::Timestamp;

fn set(name: &str, days: i64, remainder: &str, parts: Value) -> RuleSet {
    let trigger = json!({"on": "signed", "after_days": days});
    rules(json!({"name": name, "trigger": trigger, "remainder": remainder, "rules": parts}))
}

fn faults(set: &RuleSet) -> Vec<String> {
    set.faults().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn every_fault_names_its_field() {
    let share = |party: &str, share: i64| json!({"party": party, "share_bp": share});
    let fee = |party: &str, fee: i64| json!({"party": party, "fixed_fen": fee});
    let one = |parts: Value| set("s", 7, "company", json!([{ "parts": parts }]));
    let table: [(RuleSet, &[&str]); 16] = [
        (one(json!([share("store", 10_000)])), &[]),
        (set("s", 0, "company", json!([])), &[]),
        (set("  ", 7, "company", json!([])), &["name"]),
        (set(&"名".repeat(101), 7, "company", json!([])), &["name"]),
        (set("s", -1, "company", json!([])), &["trigger.after_days"]),
        (set("s", 181, "company", json!([])), &["trigger.after_days"]),
        (one(json!([])), &["rules[0].parts"]),
        (one(json!([share("store", 0)])), &["rules[0].parts[0].share_bp"]),
        (one(json!([share("store", 10_001)])), &["rules[0].parts[0].share_bp"]),
        (one(json!([fee("store", 0)])), &["rules[0].parts[0].fixed_fen"]),
        (one(json!([{"party": "store"}])), &["rules[0].parts[0]"]),
        (one(json!([{"party": "store", "share_bp": 1, "fixed_fen": 1}])), &["rules[0].parts[0]"]),
        (one(json!([share("store", 6_000), share("guide", 4_001)])), &["rules[0].parts"]),
        (one(json!([share("store", 1), fee("store", 1)])), &["rules[0].parts[1].party"]),
        (one(json!([share("company", 1)])), &["rules[0].parts[0].party"]),
        (
            set(
                "s",
                0,
                "company",
                json!([{"parts": [share("store", 1)]}, {"locations": [1], "parts": [fee("guide", 1)]}]),
            ),
            &["rules[1]"],
        ),
    ];
    for (set, expected) in table {
        assert_eq!(faults(&set), expected, "{set:?}");
    }
    let many = json!({"parts": [share("store", 1)], "categories": (0..501).collect::<Vec<i64>>(),
        "locations": (0..1_001).collect::<Vec<i64>>()});
    assert_eq!(faults(&set("s", 0, "company", json!([many]))), ["rules[0].categories", "rules[0].locations"]);
    let unknown: Result<RuleSet, _> =
        serde_json::from_value(json!({"name": "s", "trigger": {"on": "paid"}, "remainder": "company"}));
    assert!(unknown.unwrap_err().to_string().contains("paid"));
}

/// What each party gets of an amount, by name.
fn shared(set: &RuleSet, category: Option<i64>, location: i64, gross: i64) -> Vec<(String, i64)> {
    let whole = Span { from: 0, to: 1, of: 1 };
    let shared = split(set, category.map(CategoryId), LocationId(location), whole, gross);
    shared.into_iter().map(|(account, amount)| (account.to_string(), amount)).collect()
}

fn check(set: &RuleSet, category: Option<i64>, location: i64, gross: i64, expected: &[(&str, i64)]) {
    let expected: Vec<_> = expected.iter().map(|(account, amount)| ((*account).to_owned(), *amount)).collect();
    assert_eq!(shared(set, category, location, gross), expected, "{category:?} at {location} of {gross}");
}

#[test]
fn parts_are_taken_in_their_order_and_nobody_gets_less_than_nothing() {
    let fees = set(
        "s",
        0,
        "company",
        json!([{"parts": [{"party": "platform", "fixed_fen": 200}, {"party": "named:物流", "fixed_fen": 300},
            {"party": "store", "share_bp": 8000}]}]),
    );
    check(&fees, None, 7, 10_000, &[("platform", 200), ("named:物流", 300), ("store:7", 8_000), ("company", 1_500)]);
    check(&fees, None, 7, 1_001, &[("platform", 200), ("named:物流", 300), ("store:7", 501), ("company", 0)]);
    check(&fees, None, 7, 450, &[("platform", 200), ("named:物流", 250), ("store:7", 0), ("company", 0)]);
    check(&fees, None, 7, 0, &[("platform", 0), ("named:物流", 0), ("store:7", 0), ("company", 0)]);
    let third = set("s", 0, "store", json!([{"parts": [{"party": "guide", "share_bp": 3333}]}]));
    check(&third, None, 7, 100, &[("guide", 33), ("store:7", 67)]);
}

#[test]
fn the_first_rule_that_fits_is_used_and_the_rest_is_the_remainders() {
    let part = |share: i64| json!([{"party": "store", "share_bp": share}]);
    let scoped = set(
        "s",
        0,
        "company",
        json!([{"categories": [5], "locations": [1], "parts": part(9000)}, {"categories": [5, 6], "parts": part(7000)},
            {"locations": [1], "parts": part(5000)}]),
    );
    check(&scoped, Some(5), 1, 100, &[("store:1", 90), ("company", 10)]);
    check(&scoped, Some(5), 2, 100, &[("store:2", 70), ("company", 30)]);
    check(&scoped, Some(7), 1, 100, &[("store:1", 50), ("company", 50)]);
    check(&scoped, None, 1, 100, &[("store:1", 50), ("company", 50)]);
    check(&scoped, Some(7), 2, 100, &[("company", 100)]);
    assert_eq!(scoped.parts(None, FIRST).len(), 1);
}

#[test]
fn what_is_divided_is_given_whole() {
    let table: [(i64, &[i64], &[i64]); 7] = [
        (10, &[1, 1, 1], &[1, 1, 1]),
        (2, &[1, 1, 1], &[1, 1, 0]),
        (5, &[10, 0, 10], &[3, 0, 2]),
        (7, &[1, 2, 4], &[1, 2, 4]),
        (1, &[0, 0], &[0, 0]),
        (-1, &[3], &[0]),
        (i64::MAX / 2, &[i64::MAX / 2, 1], &[i64::MAX / 2 - 1, 1]),
    ];
    for (total, weights, given) in table {
        assert_eq!(apportion(total, weights), given, "{total} over {weights:?}");
    }
}

#[test]
fn a_period_is_a_month_in_shanghai() {
    // 2026-11-01 00:00 there is 16:00 on the day before in UTC.
    let table = [
        (1_793_462_399_999, "2026-10"),
        (1_793_462_400_000, "2026-11"),
        (1_709_136_000_000 - 1, "2024-02"),
        (1_709_222_400_000, "2024-03"),
        (0, "1970-01"),
        (-8 * 3_600_000 - 1, "1969-12"),
    ];
    for (at, text) in table {
        let period = Period::of(Timestamp(at));
        assert_eq!(period.to_string(), text, "{at}");
        assert_eq!(Period::parse(text), Some(period));
    }
    assert_eq!(Period { year: 2026, month: 11 }.number(), 202_611);
    for text in ["2026-13", "2026-00", "2026-1", "26-11", "2026/11", "+026-11", "2026-11-01", ""] {
        assert_eq!(Period::parse(text), None, "{text}");
    }
}
