//! The split of trades with more lines than the exact one bears: greedy cover, then swaps while they save. Its plans are
//! labelled heuristic.

use crate::routing::problem::{NEVER, Problem, Solution};

/// Rounds of swaps; each must save something, so this bounds only the last, tiny ones.
const ROUNDS_MAX: usize = 16;

/// Locations that a cover is tried to start with, beside the one that is best per line.
const STARTS: usize = 5;

/// A good solution: the best of a few starts.
pub(super) fn greedy(problem: &Problem) -> Solution {
    let empty = vec![None; problem.lines.len()];
    let mut starts: Vec<(i64, Solution)> = (0..problem.options.len())
        .map(|option| {
            let mut cover = Cover { problem, serves: empty.clone() };
            for line in cover.bundle(option).0 {
                cover.serves[line] = Some(option);
            }
            (cover.cost(), cover.serves)
        })
        .collect();
    starts.sort_by_key(|(cost, _)| *cost);
    starts.truncate(STARTS);
    let mut best = from_start(problem, empty);
    for (_, start) in starts {
        let other = from_start(problem, start);
        if cost(problem, &other) < cost(problem, &best) {
            best = other;
        }
    }
    best
}

fn from_start(problem: &Problem, start: Solution) -> Solution {
    let mut cover = Cover { problem, serves: start };
    while cover.open_best() {}
    for _ in 0..ROUNDS_MAX {
        let before = cover.cost();
        cover.move_lines();
        cover.close_locations();
        if cover.cost() >= before {
            break;
        }
    }
    cover.serves
}

/// What a solution costs.
pub(super) fn cost(problem: &Problem, serves: &Solution) -> i64 {
    let used = packages(serves);
    let opens = used.iter().fold(0_i64, |sum, &option| sum.saturating_add(problem.options[option].open));
    let splits = problem.split.saturating_mul(used.len().saturating_sub(1) as i64);
    serves.iter().enumerate().fold(opens.saturating_add(splits), |sum, (line, option)| {
        sum.saturating_add(option.map_or(problem.unfilled, |option| problem.options[option].serve[line]))
    })
}

fn packages(serves: &Solution) -> Vec<usize> {
    let mut used: Vec<usize> = serves.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    used
}

struct Cover<'a> {
    problem: &'a Problem,
    serves: Solution,
}

impl Cover<'_> {
    fn at(&self, option: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.serves.len()).filter(move |&line| self.serves[line] == Some(option))
    }

    fn packages(&self) -> Vec<usize> {
        packages(&self.serves)
    }

    fn may_open(&self) -> bool {
        self.problem.packages_max.is_none_or(|most| self.packages().len() < most)
    }

    fn cost(&self) -> i64 {
        cost(self.problem, &self.serves)
    }

    /// Opens the location with the least cost per line served, counting only lines that are cheaper than unfilled.
    fn open_best(&mut self) -> bool {
        if !self.may_open() {
            return false;
        }
        let mut best: Option<(i128, i128, usize, Vec<usize>)> = None;
        for option in 0..self.problem.options.len() {
            if self.at(option).next().is_some() {
                continue;
            }
            let (lines, cost) = self.bundle(option);
            let count = lines.len() as i128;
            let saves = count * i128::from(self.problem.unfilled) - i128::from(cost);
            if count == 0 || saves <= 0 {
                continue;
            }
            let cheaper = best.as_ref().is_none_or(|(sum, of, ..)| i128::from(cost) * of < sum * count);
            if cheaper {
                best = Some((i128::from(cost), count, option, lines));
            }
        }
        let Some((_, _, option, lines)) = best else { return false };
        for line in lines {
            self.serves[line] = Some(option);
        }
        true
    }

    /// The open lines an unused location would take: cheapest first, as long as its stock bears them.
    fn bundle(&self, option: usize) -> (Vec<usize>, i64) {
        let choice = &self.problem.options[option];
        let mut lines: Vec<usize> = (0..self.serves.len())
            .filter(|&line| self.serves[line].is_none() && choice.serve[line] < self.problem.unfilled.min(NEVER))
            .collect();
        lines.sort_by_key(|&line| (choice.serve[line], line));
        let mut taken: Vec<usize> = Vec::new();
        let mut cost = choice.open.saturating_add(self.problem.split);
        for line in lines {
            if choice.serves(taken.iter().copied().chain([line])) {
                taken.push(line);
                cost = cost.saturating_add(choice.serve[line]);
            }
        }
        (taken, cost)
    }

    /// Tries every line at every other location (opening it if need be), and unfilled, and keeps what saves.
    fn move_lines(&mut self) {
        for line in 0..self.serves.len() {
            let targets = (0..self.problem.options.len()).map(Some).chain([None]);
            for target in targets {
                self.keep_if_better(&[line], target);
            }
        }
    }

    /// Tries to close every package: all its lines to one other location.
    fn close_locations(&mut self) {
        for option in self.packages() {
            for target in 0..self.problem.options.len() {
                let lines: Vec<usize> = self.at(option).collect();
                if target != option && !lines.is_empty() {
                    self.keep_if_better(&lines, Some(target));
                }
            }
        }
    }

    fn keep_if_better(&mut self, lines: &[usize], target: Option<usize>) {
        let before = self.cost();
        let old = self.serves.clone();
        for &line in lines {
            self.serves[line] = target;
        }
        let possible = match target {
            Some(option) => self.problem.options[option].serves(self.at(option)),
            None => true,
        };
        let within_cap = self.problem.packages_max.is_none_or(|most| self.packages().len() <= most);
        if !possible || !within_cap || self.cost() >= before {
            self.serves = old;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::routing::problem::{Choice, Pool};
    use crate::routing::split::exact;

    fn problem() -> impl Strategy<Value = Problem> {
        let serve = prop_oneof![2 => Just(NEVER), 3 => 1_i64..400];
        let option = (100_i64..2_000, proptest::collection::vec(serve, 7), 0_i64..5);
        (proptest::collection::vec(option, 1..12), 0_i64..900, 500_i64..6_000, proptest::option::of(1_usize..5))
            .prop_map(|(options, split, unfilled, packages_max)| Problem {
                lines: (0..7).collect(),
                options: options
                    .into_iter()
                    .enumerate()
                    .map(|(candidate, (open, serve, spare))| {
                        // Lines 0 to 2 share an article.
                        let takes = vec![1, 2, 1, 0, 0, 0, 0];
                        Choice { candidate, open, serve, pools: vec![Pool { spare, takes }] }
                    })
                    .collect(),
                split,
                unfilled,
                packages_max,
                shared: vec![vec![1, 2, 1, 0, 0, 0, 0]],
            })
    }

    proptest! {
        #[test]
        fn a_cover_is_possible_and_never_beats_the_exact_split(problem in problem()) {
            let cover = greedy(&problem);
            let check = Cover { problem: &problem, serves: cover.clone() };
            for option in check.packages() {
                prop_assert!(problem.options[option].serves(check.at(option)));
            }
            prop_assert!(problem.packages_max.is_none_or(|most| check.packages().len() <= most));
            prop_assert!(cost(&problem, &cover) >= cost(&problem, &exact(&problem)));
        }
    }

    #[test]
    fn covers_cost_little_more_than_exact_splits() {
        use proptest::strategy::ValueTree;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let (mut covers, mut exacts) = (0, 0);
        for _ in 0..500 {
            let problem = problem().new_tree(&mut runner).unwrap().current();
            covers += cost(&problem, &greedy(&problem));
            exacts += cost(&problem, &exact(&problem));
        }
        assert!(covers * 100 <= exacts * 104, "{covers} against {exacts}");
    }
}
