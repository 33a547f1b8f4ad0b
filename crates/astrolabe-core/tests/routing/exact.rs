//! Plans against every possible plan, and what a checker must not let pass.

use astrolabe_core::ids::LocationId;
use astrolabe_core::routing::{
    CostTerms, Input, Method, Outcome, Part, PlanFault, Supply, Verdict, check_plan, choose, plan,
};
use proptest::prelude::*;

use crate::inputs::{Size, input};

/// The least cost of placing every line whole at a candidate or nowhere: every combination is tried.
fn least_cost(input: &Input) -> i64 {
    let mut search = Search { input, least: i64::MAX, at: vec![None; input.lines.len()] };
    search.place(0, 0);
    search.least
}

struct Search<'a> {
    input: &'a Input,
    least: i64,
    at: Vec<Option<usize>>,
}

impl Search<'_> {
    fn place(&mut self, line: usize, cost: i64) {
        let weights = &self.input.settings;
        if cost >= self.least {
            return;
        }
        if line == self.at.len() {
            self.least = cost;
            return;
        }
        self.at[line] = None;
        self.place(line + 1, cost + weights.unfilled);
        for (number, candidate) in self.input.candidates.iter().enumerate() {
            let units = self.input.lines[line].units;
            let Supply::Units { available, .. } = candidate.supply[line] else { continue };
            if available < units {
                continue;
            }
            let used: std::collections::BTreeSet<usize> = self.at[..line].iter().flatten().copied().collect();
            let mut more = weights.per_line + weights.scarcity * units / (available - units + 1);
            if !used.contains(&number) {
                let cap = usize::from(weights.packages_max);
                if cap != 0 && used.len() >= cap {
                    continue;
                }
                more += if candidate.warehouse { weights.warehouse_package } else { weights.store_package };
                more += candidate
                    .metres
                    .map_or(weights.per_km * weights.unknown_km, |metres| weights.per_km * metres / 1_000);
                more += weights.per_priority * i64::from(candidate.priority);
                more += if used.is_empty() { 0 } else { weights.split };
            }
            self.at[line] = Some(number);
            if self.bears(number, line) {
                self.place(line + 1, cost + more);
            }
            self.at[line] = None;
        }
    }

    /// Whether the candidate's shared stock bears the lines placed so far.
    fn bears(&self, number: usize, last: usize) -> bool {
        let candidate = &self.input.candidates[number];
        self.input.shared().iter().zip(&candidate.pools).all(|(article, spare)| {
            let here = (0..=last).filter(|line| self.at[*line] == Some(number));
            let here = here.filter(|line| self.input.lines[*line].per_unit(*article) > 0);
            let taken = here.map(|line| {
                (self.input.lines[line].units - candidate.supply[line].held())
                    * self.input.lines[line].per_unit(*article)
            });
            let taken: Vec<i64> = taken.collect();
            taken.is_empty() || taken.iter().sum::<i64>() <= *spare
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn no_plan_is_cheaper(mut input in input(Size { lines: 6, candidates: 8 })) {
        input.split_quantity = false;
        let (plan, report) = plan(&input);
        prop_assert_eq!(check_plan(&input, &plan), Ok(plan.cost));
        prop_assert_eq!(plan.cost.total(), least_cost(&input));
        prop_assert_eq!(plan.method, Method::Exact);
        prop_assert_eq!(report.gap, Some(0));
        prop_assert_eq!(Vec::from(report.cost).iter().sum::<i64>(), report.cost.total());
        if let Some(second) = report.second_best {
            prop_assert!(second.cost.total() >= plan.cost.total());
        }
        for candidate in &report.candidates {
            for verdict in &candidate.verdicts {
                if let Verdict::Dearer { more, .. } = verdict {
                    prop_assert!(*more >= 0, "moving one line to {} saves {}", candidate.location, -more);
                }
            }
        }
    }

    #[test]
    fn plans_with_divided_lines_and_caps_can_be_carried_out(input in input(Size { lines: 6, candidates: 8 })) {
        let plan = choose(&input);
        prop_assert_eq!(check_plan(&input, &plan), Ok(plan.cost));
    }

    #[test]
    fn ties_go_to_the_lower_location(mut input in input(Size { lines: 4, candidates: 5 })) {
        // Every candidate a second time under a higher id: where lines share no stock, no copy may be chosen.
        for (line, apart) in input.lines.iter_mut().zip(1..) {
            line.components.iter_mut().for_each(|part| part.sc_item.0 += 100 * apart);
        }
        input.candidates.iter_mut().for_each(|candidate| candidate.pools.clear());
        input.split_quantity = false;
        let copies = input.candidates.clone().into_iter().map(|mut copy| {
            copy.location = LocationId(copy.location.0 + 1_000);
            copy
        });
        let alone = choose(&input);
        input.candidates.extend(copies.collect::<Vec<_>>());
        let doubled = choose(&input);
        prop_assert_eq!(alone, doubled);
    }

    #[test]
    fn a_checker_lets_no_fault_pass(mut input in input(Size { lines: 3, candidates: 5 }), which in 0_usize..6) {
        input.split_quantity = false;
        let mut plan = choose(&input);
        let Some(at) = plan.lines.iter().position(|line| !line.parts.is_empty()) else { return Ok(()) };
        let part = plan.lines[at].parts[0];
        match which {
            0 => plan.lines[at].parts[0].units += 1,
            1 => plan.lines[at].parts[0].location = LocationId(99),
            2 => plan.lines[at].parts.clear(),
            3 => plan.cost.distance += 1,
            4 => plan.lines[at].outcome = Outcome::NoStock,
            _ => plan.lines[at].parts.push(Part { location: part.location, units: part.units }),
        }
        prop_assert!(check_plan(&input, &plan).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn many_lines_are_covered_and_labelled(mut input in input(Size { lines: 18, candidates: 20 })) {
        input.settings.packages_max = 0;
        let plan = choose(&input);
        prop_assert_eq!(check_plan(&input, &plan), Ok(plan.cost));
        // Never worse than leaving everything.
        prop_assert!(plan.cost.total() <= input.settings.unfilled * input.lines.len() as i64 || input.split_quantity);
    }
}

#[test]
fn two_lines_never_promise_the_same_unit() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut input = input(Size { lines: 1, candidates: 0 }).new_tree(&mut runner).unwrap().current();
    input.split_quantity = false;
    input.settings = astrolabe_core::routing::RouterSettings::default();
    input.lines[0].units = 1;
    input.lines[0].components.truncate(1);
    input.lines[0].components[0].per_unit = 1;
    let mut twin = input.lines[0].clone();
    twin.oid.0 += 1;
    input.lines.push(twin);
    let at = |id: i64, metres: i64, units: i64| astrolabe_core::routing::Candidate {
        priority: 0,
        location: LocationId(id),
        warehouse: false,
        metres: Some(metres),
        supply: vec![Supply::Units { available: units, held: 0 }; 2],
        pools: vec![units],
    };
    input.candidates = vec![at(1, 1_000, 1), at(2, 9_000, 1)];
    let plan = choose(&input);
    let places: Vec<i64> = plan.lines.iter().map(|line| line.parts[0].location.0).collect();
    assert_eq!(places, [1, 2], "one unit each");
    let mut greedy = plan.clone();
    greedy.lines[1].parts[0].location = LocationId(1);
    assert!(matches!(check_plan(&input, &greedy), Err(PlanFault::SharedStock { taken: 2, spare: 1, .. })));
    assert_ne!(plan.cost, CostTerms::default());
}
