//! Dividing one line's quantity: only when no single location can serve it, and only when the seller allows.

use astrolabe_core::goods::Component;
use astrolabe_core::ids::{LocationId, Oid, ScItemId};
use astrolabe_core::routing::{Candidate, Input, Line, Outcome, Part, RouterSettings, Supply, check_plan, choose};
use astrolabe_core::time::Timestamp;

fn input(wanted: i64, units: &[(i64, i64)]) -> Input {
    let article = Component { sc_item: ScItemId(1), per_unit: 1 };
    Input {
        version: 1,
        now: Timestamp(0),
        settings: RouterSettings::default(),
        split_quantity: true,
        destination: None,
        lines: vec![Line { oid: Oid(1), units: wanted, components: vec![article], misses: Vec::new() }],
        candidates: units
            .iter()
            .zip(1..)
            .map(|(&(kilometres, available), id)| Candidate {
                priority: 0,
                location: LocationId(id),
                warehouse: false,
                metres: Some(kilometres * 1_000),
                supply: vec![Supply::Units { available, held: 0 }],
                pools: Vec::new(),
            })
            .collect(),
        cut: None,
    }
}

fn parts(input: &Input) -> (Outcome, Vec<(i64, i64)>) {
    let plan = choose(input);
    assert_eq!(check_plan(input, &plan), Ok(plan.cost));
    let parts = plan.lines[0].parts.iter().map(|Part { location, units }| (location.0, *units)).collect();
    (plan.lines[0].outcome, parts)
}

#[test]
fn a_quantity_is_divided_nearest_first_when_nobody_has_it_all() {
    assert_eq!(parts(&input(5, &[(30, 9), (1, 2)])), (Outcome::Allocated, vec![(1, 5)]), "one has it all");
    assert_eq!(parts(&input(5, &[(30, 4), (1, 2), (9, 2)])), (Outcome::Allocated, vec![(1, 1), (2, 2), (3, 2)]));
    assert_eq!(parts(&input(9, &[(30, 4), (1, 2), (9, 2)])), (Outcome::NoStock, vec![]), "all the units or none");
    let mut forbidden = input(5, &[(30, 4), (1, 2), (9, 2)]);
    forbidden.split_quantity = false;
    assert_eq!(parts(&forbidden), (Outcome::NoStock, vec![]));
    let mut capped = input(5, &[(30, 4), (1, 2), (9, 2)]);
    capped.settings.packages_max = 2;
    assert_eq!(parts(&capped), (Outcome::NoCapacity, vec![]), "three packages would be needed nearest first");
}

#[test]
fn a_divided_line_first_uses_the_packages_that_are_sent_anyway() {
    let mut input = input(3, &[(30, 2), (1, 2), (9, 2)]);
    let other = Component { sc_item: ScItemId(2), per_unit: 1 };
    input.lines.push(Line { oid: Oid(2), units: 1, components: vec![other], misses: Vec::new() });
    for candidate in &mut input.candidates {
        let available = if candidate.location == LocationId(1) { 9 } else { 0 };
        candidate.supply.push(Supply::Units { available, held: 0 });
    }
    assert_eq!(parts(&input), (Outcome::Allocated, vec![(1, 2), (2, 1)]));
}
