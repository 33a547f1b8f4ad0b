//! The exact split: which set of locations serves a trade's lines at the least cost, by dynamic programming over line
//! masks. O(locations · lines · 2^lines); no solver, no rounding, no time limit.
//!
//! Locations are taken in ascending order and replace what was found before only when strictly cheaper: ties go to the
//! lower ids.

use crate::routing::problem::{Choice, NEVER, Problem, Solution};

/// Most lines that are split exactly; above, [`super::cover`] is used and says so.
pub(super) const EXACT_LINES_MAX: usize = 12;

/// A set of lines.
type Mask = usize;

/// The cheapest solution.
pub(super) fn exact(problem: &Problem) -> Solution {
    let mut table = Table::new(problem);
    let conflict = shared_lines(problem);
    for option in &problem.options {
        let sets = joint_sets(option, conflict);
        table.add(option, conflict, &sets, problem.split);
    }
    table.read(problem)
}

/// Cheapest cost for every set of lines (and number of packages, under a cap) with the locations so far.
struct Table {
    lines: usize,
    /// With a cap: `best[packages]`. Without: one layer.
    best: Vec<Vec<i64>>,
    /// Location by location, layer by layer: which lines of the set the location took; 0 where it is not in the plan.
    taken: Vec<Vec<Vec<u16>>>,
    capped: bool,
    scratch: Layer,
}

/// Costs of sets when the location at hand is opened.
#[derive(Default)]
struct Layer {
    cost: Vec<i64>,
    took: Vec<u16>,
}

impl Table {
    fn new(problem: &Problem) -> Self {
        let lines = problem.lines.len();
        let layers = problem.packages_max.map_or(1, |most| most + 1);
        let mut best = vec![vec![NEVER; 1 << lines]; layers];
        best[0][0] = 0;
        Self { lines, best, taken: Vec::new(), capped: problem.packages_max.is_some(), scratch: Layer::default() }
    }

    /// Lets one more location take any lines it can.
    fn add(&mut self, option: &Choice, conflict: Mask, sets: &[(Mask, i64)], split: i64) {
        let mut taken = vec![vec![0_u16; 1 << self.lines]; self.best.len()];
        let open = option.open.saturating_add(split);
        if self.capped {
            for layer in (1..self.best.len()).rev() {
                self.scratch.open(&self.best[layer - 1], open, option, conflict, sets);
                self.scratch.improve(&mut self.best[layer], &mut taken[layer]);
            }
        } else {
            self.scratch.open(&self.best[0], open, option, conflict, sets);
            self.scratch.improve(&mut self.best[0], &mut taken[0]);
        }
        self.taken.push(taken);
    }

    /// The cheapest end, unfilled lines paid for, and the way back to who took what.
    fn read(&self, problem: &Problem) -> Solution {
        let mut end = (NEVER, 0, 0);
        for mask in (0..1_usize << self.lines).rev() {
            for (layer, best) in self.best.iter().enumerate() {
                if best[mask] >= NEVER {
                    continue;
                }
                let missing = self.lines - mask.count_ones() as usize;
                let first = if mask == 0 { 0 } else { problem.split };
                let cost = (best[mask] - first).saturating_add(problem.unfilled.saturating_mul(missing as i64));
                if cost < end.0 {
                    end = (cost, layer, mask);
                }
            }
        }
        let (_, mut layer, mut mask) = end;
        let mut solution = vec![None; self.lines];
        for (option, taken) in self.taken.iter().enumerate().rev() {
            let took = Mask::from(taken[layer][mask]);
            if took == 0 {
                continue;
            }
            for line in bits(took) {
                solution[line] = Some(option);
            }
            mask ^= took;
            layer -= usize::from(self.capped);
        }
        solution
    }
}

impl Layer {
    /// Opens `option` on top of every set: first one joint set of the lines that share stock, then the others freely.
    fn open(&mut self, before: &[i64], open: i64, option: &Choice, conflict: Mask, sets: &[(Mask, i64)]) {
        self.cost.clear();
        self.cost.extend(before.iter().map(|&cost| cost.saturating_add(open).min(NEVER)));
        self.took.clear();
        self.took.resize(before.len(), 0);
        for &(set, cost) in sets {
            for mask in 0..before.len() {
                if mask & set == set && before[mask ^ set] < NEVER {
                    let with = before[mask ^ set].saturating_add(open).saturating_add(cost);
                    self.offer(mask, with, set as u16);
                }
            }
        }
        for (line, &cost) in option.serve.iter().enumerate() {
            let bit = 1 << line;
            if cost >= NEVER || conflict & bit != 0 {
                continue;
            }
            for mask in 0..before.len() {
                if mask & bit != 0 && self.cost[mask ^ bit] < NEVER {
                    let with = self.cost[mask ^ bit].saturating_add(cost);
                    self.offer(mask, with, self.took[mask ^ bit] | bit as u16);
                }
            }
        }
    }

    fn offer(&mut self, mask: Mask, cost: i64, took: u16) {
        if cost < self.cost[mask] {
            self.cost[mask] = cost;
            self.took[mask] = took;
        }
    }

    fn improve(&self, best: &mut [i64], taken: &mut [u16]) {
        for mask in 0..best.len() {
            if self.took[mask] != 0 && self.cost[mask] < best[mask] {
                best[mask] = self.cost[mask];
                taken[mask] = self.took[mask];
            }
        }
    }
}

/// Lines that share an article with another line.
fn shared_lines(problem: &Problem) -> Mask {
    let mut mask = 0;
    for per_unit in &problem.shared {
        let users = per_unit.iter().filter(|&&units| units > 0).count();
        if users > 1 {
            mask |=
                per_unit.iter().enumerate().filter(|(_, units)| **units > 0).fold(0, |all, (line, _)| all | 1 << line);
        }
    }
    mask
}

/// The sets of sharing lines that a location can serve together, with their cost.
fn joint_sets(option: &Choice, conflict: Mask) -> Vec<(Mask, i64)> {
    let mut sets = Vec::new();
    let mut set = conflict;
    while set != 0 {
        if option.serves(bits(set)) {
            let cost = bits(set).fold(0_i64, |sum, line| sum.saturating_add(option.serve[line]));
            sets.push((set, cost));
        }
        set = (set - 1) & conflict;
    }
    sets
}

/// The lines of a set.
fn bits(mask: Mask) -> impl Iterator<Item = usize> + Clone {
    (0..usize::BITS as usize).filter(move |line| mask >> line & 1 == 1)
}
