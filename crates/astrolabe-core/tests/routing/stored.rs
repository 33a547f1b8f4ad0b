//! The stored form: small, and the same decision again from the same bytes.

use astrolabe_core::geo::Point;
use astrolabe_core::goods::Component;
use astrolabe_core::ids::ScItemId;
use astrolabe_core::routing::{Decision, Input, RouterSettings, choose, gather};
use proptest::prelude::*;

use crate::inputs::{Size, input};
use crate::town::{Dice, Plot, Town};

proptest! {
    #[test]
    fn a_stored_decision_replays_to_the_same_bytes(input in input(Size { lines: 6, candidates: 8 })) {
        let decision = Decision::on(input);
        let bytes = serde_json::to_vec(&decision).unwrap();
        let read: Decision = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&read, &decision);
        let again = Decision::on(read.input.clone());
        prop_assert_eq!(serde_json::to_vec(&again).unwrap(), bytes);
        prop_assert_eq!(again.report(), decision.report());
    }
}

#[test]
fn a_decision_for_one_line_is_stored_in_a_kilobyte() {
    let dice = &mut Dice::new(3);
    let plot = Plot { stores: 1_000, warehouses: 2, articles: 1, stocked: 50, depth: 300, warehoused: 100 };
    let town = Town::build(dice, plot);
    // Ids as long as they get: articles and stores just below 2⁵³, a 19-digit sub-order.
    let parts = [Component { sc_item: ScItemId(0), per_unit: 1 }];
    for (lat, lng) in [(31.2, 121.4), (29.6, 91.1), (43.8, 87.6)] {
        let snapshot = town.snapshot(RouterSettings::default(), Some(Point::from_degrees(lat, lng)));
        let mut decision = Decision::on(gather(&snapshot, &[town.ask(1, 2, &parts)]));
        decision.input.lines[0].components[0].sc_item = ScItemId(1_700_000_000_000_123);
        let text = serde_json::to_string(&decision).unwrap();
        assert!(decision.input.candidates.len() >= 16, "{text}");
        assert!(text.len() <= 1_024, "{} bytes: {text}", text.len());
    }
}

#[test]
fn a_damaged_row_is_refused_not_guessed() {
    let dice = &mut Dice::new(3);
    let plot = Plot { stores: 20, warehouses: 0, articles: 1, stocked: 100, depth: 3, warehoused: 0 };
    let town = Town::build(dice, plot);
    let parts = [Component { sc_item: ScItemId(0), per_unit: 1 }];
    let input = gather(&town.snapshot(RouterSettings::default(), None), &[town.ask(1, 1, &parts)]);
    let text = serde_json::to_string(&input).unwrap();
    assert_eq!(serde_json::from_str::<Input>(&text).unwrap(), input);
    assert_eq!(choose(&serde_json::from_str::<Input>(&text).unwrap()), choose(&input));
    let short = text.replacen("\"w\":[600000,500000,", "\"w\":[", 1);
    assert!(serde_json::from_str::<Input>(&short).unwrap_err().to_string().contains("weights"));
}

#[test]
fn a_row_from_before_priorities_reads_as_one_without_any() {
    let dice = &mut Dice::new(3);
    let plot = Plot { stores: 5, warehouses: 1, articles: 1, stocked: 100, depth: 9, warehoused: 100 };
    let town = Town::build(dice, plot);
    let parts = [Component { sc_item: ScItemId(0), per_unit: 1 }];
    let settings = RouterSettings { per_priority: 0, ..RouterSettings::default() };
    let mut decision = Decision::on(gather(&town.snapshot(settings, None), &[town.ask(1, 1, &parts)]));
    decision.input.candidates.iter_mut().for_each(|candidate| candidate.priority = 0);
    let text = serde_json::to_string(&decision).unwrap();
    let old = text.replacen(",16,0,0]", ",16,0]", 1);
    assert_ne!(old, text, "the weight stands last: {text}");
    assert_eq!(serde_json::from_str::<Decision>(&old).unwrap(), decision);
}
