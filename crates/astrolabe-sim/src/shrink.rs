//! Makes a failing list of steps short: first the shortest failing beginning, then without every step that the failure
//! does not need. Steps are choices, so that what is left of a list still runs.

use crate::run::{self, Failure};
use crate::scenario::Scenario;
use crate::step::Step;

/// Most runs that shortening may take.
const RUNS_MAX: usize = 1_500;

/// The places of the steps that are left, and how they fail. The same sentence fails as at first.
pub fn shortest(scenario: &Scenario, steps: &[Step], first: &Failure) -> (Vec<usize>, Failure) {
    let mut kept: Vec<usize> = (0..steps.len().min(first.at + 1)).collect();
    let mut failure = first.clone();
    let mut runs = 0;
    let mut fails = |kept: &[usize]| {
        runs += 1;
        let some: Vec<Step> = kept.iter().map(|at| steps[*at]).collect();
        let failed = if runs > RUNS_MAX { None } else { run::run(scenario, &some).err() };
        failed.filter(|found| found.id == first.id)
    };
    let mut span = kept.len().div_ceil(2).max(1);
    loop {
        let mut any = false;
        let mut at = 0;
        while at < kept.len() {
            let without: Vec<usize> = kept
                .iter()
                .enumerate()
                .filter(|(place, _)| !(at..at + span).contains(place))
                .map(|(_, step)| *step)
                .collect();
            match fails(&without) {
                Some(found) => {
                    kept = without;
                    kept.truncate(found.at + 1);
                    failure = found;
                    any = true;
                }
                None => at += span,
            }
        }
        if span == 1 && !any {
            return (kept, failure);
        }
        span = (span / 2).max(1);
    }
}
