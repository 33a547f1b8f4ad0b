//! Where to look: few of many locations. The walk from the nearest location on stops as soon as no location further out
//! can belong to a cheaper plan; lines whose goods lie at few locations start from those instead.
//!
//! Three things can make a plan cheaper with a location not yet seen: it ships one line alone (then that line's cheapest
//! location does no worse), it ships several and others ship the rest, or it ships everything. Each has its own bound;
//! the last reaches furthest and is sought first, with the cheapest look, because what it finds shortens the rest.

use std::collections::BTreeSet;

use crate::routing::gather::{Ask, Snapshot};
use crate::routing::look::{Found, Look};
use crate::routing::problem::{NEVER, Problem};
use crate::routing::{cover, split};

/// Looks that the walk makes even when fewer would be certain, so that a report has something to compare with.
const LOOKS_FOR_COMPANY: usize = 64;

/// Looks before the walk gives up and all stocked locations are read at once, at least.
const LOOKS_MIN: usize = 512;

/// Looks for one location that has everything, before they are sought in the stock of the rarest line.
const LOOKS_FOR_ALL: usize = 1_500;

/// A line starts from its stocked locations when their number's square is below this many times all locations: then
/// reading them costs less than walking until two of them are met.
const SPARSE: usize = 4;

/// Locations that an upper bound is computed from, beside the cheapest of each line.
const BOUND_LOCATIONS: usize = 24;

/// A search under way.
pub(super) struct Search<'a> {
    pub look: Look<'a>,
    pub found: Vec<Found>,
    seen: BTreeSet<usize>,
    known: Vec<usize>,
    /// For each line the cheapest costs of serving it alone, ascending, as many as a plan may need.
    alone: Vec<Vec<i64>>,
    /// What a plan that has been found costs: nothing dearer is worth looking for.
    known_plan: i64,
    /// For each line the least it can cost anywhere beside the package.
    least: Vec<i64>,
    /// The cheapest package there is.
    least_open: i64,
}

/// The least that a plan with a certain location can cost.
pub(super) struct LeastWith {
    least: Vec<i64>,
    another: i64,
    pub known_plan: i64,
}

impl LeastWith {
    /// No plan that uses this location costs less.
    pub(super) fn location(&self, found: &Found) -> i64 {
        let sum = self.least.iter().fold(found.open, |sum, least| sum.saturating_add(*least));
        if found.serve.iter().all(Option::is_some) { sum } else { sum.saturating_add(self.another) }
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(snapshot: &Snapshot<'a>, asks: &[Ask<'a>]) -> Self {
        let look = Look::new(snapshot, asks);
        let known: Vec<usize> = (0..look.lines.len()).filter(|&line| look.lines[line].known).collect();
        let settings = &look.settings;
        let least = (0..look.lines.len()).map(|line| match look.lines[line].known {
            true => look.least_serving(line).min(settings.unfilled),
            false => settings.unfilled,
        });
        Self {
            alone: vec![Vec::new(); look.lines.len()],
            known_plan: settings.unfilled.saturating_mul(look.lines.len() as i64),
            least: least.collect(),
            least_open: settings.store_package.min(settings.warehouse_package),
            found: Vec::new(),
            seen: BTreeSet::new(),
            known,
            look,
        }
    }

    pub(super) fn run(&mut self) {
        let nearest = self.look.nearest;
        let certain_places = self.look.held_positions().chain(nearest.warehouses()).collect::<Vec<_>>();
        self.visit(certain_places);
        let (sparse, dense): (Vec<usize>, Vec<usize>) =
            self.known.iter().partition(|&&line| self.look.stocked(line).pow(2) <= SPARSE * nearest.len());
        for line in sparse {
            let places = self.look.places_of(line);
            self.visit(places);
        }
        if !dense.is_empty() && !self.walk(&dense) {
            for line in dense {
                let places = self.look.places_of(line);
                self.visit(places);
            }
        }
        self.improve_known_plan();
    }

    /// What `cut` judges locations by.
    pub(super) fn least_with(&self) -> LeastWith {
        LeastWith { least: self.least.clone(), another: self.another(), known_plan: self.known_plan }
    }

    fn visit(&mut self, places: Vec<usize>) {
        for at in places {
            let metres = self.look.nearest.site(at).metres(self.look.aim);
            self.take(at, metres);
        }
    }

    fn take(&mut self, at: usize, metres: Option<i64>) {
        if !self.seen.insert(at) {
            return;
        }
        let Some(found) = self.look.at(at, metres) else { return };
        for (line, serve) in found.serve.iter().enumerate() {
            let Some(serve) = serve else { continue };
            let alone = &mut self.alone[line];
            let cost = found.open.saturating_add(*serve);
            let rank = alone.partition_point(|&other| other <= cost);
            alone.insert(rank, cost);
            alone.truncate(self.look.rivals());
            // At a location that holds units for the trade, scarcity may be less than the stock alone allows.
            self.least[line] = self.least[line].min(*serve);
        }
        self.found.push(found);
    }

    /// Walks from the nearest location on; `false` when it gave up before it was certain.
    fn walk(&mut self, dense: &[usize]) -> bool {
        let nearest = self.look.nearest;
        let unknown = self.look.settings.unknown_km.saturating_mul(1_000);
        let stocked: usize = dense.iter().map(|&line| self.look.stocked(line)).sum();
        let looks_max = LOOKS_MIN.max(stocked / (4 * dense.len()));
        let mut walk = nearest.walk(self.look.aim, unknown);
        let mut next_bound = 0;
        for looks in 0.. {
            let Some((at, metres)) = walk.next() else { return true };
            if looks == 0 {
                self.least_open = self.look.settings.least_opening(metres);
                let seen = self.found.iter().map(|found| found.open).min();
                self.least_open = self.least_open.min(seen.unwrap_or(i64::MAX));
            }
            if looks >= LOOKS_FOR_COMPANY || self.has_company(dense) {
                if next_bound == 0 {
                    self.improve_known_plan();
                    self.seek_all(dense, std::iter::once((at, metres)).chain(walk.clone()));
                }
                if looks >= next_bound {
                    self.improve_known_plan();
                    next_bound = looks + looks.max(16);
                }
                if self.is_certain_apart(dense, metres) {
                    return true;
                }
            }
            if looks >= looks_max {
                return false;
            }
            self.take(at, metres);
        }
        true
    }

    fn has_company(&self, dense: &[usize]) -> bool {
        let wanted = self.look.company();
        let serving = |line: usize| self.found.iter().filter(|found| found.serve[line].is_some()).count();
        self.found.len() >= wanted && dense.iter().all(|&line| serving(line) >= wanted)
    }

    /// Whether no unseen store, all of them at `metres` or further, can make a plan cheaper without shipping everything.
    fn is_certain_apart(&self, dense: &[usize], metres: Option<i64>) -> bool {
        let settings = &self.look.settings;
        let open = settings.least_opening(metres);
        let rivals = self.look.rivals();
        let alone_certain = dense.iter().all(|&line| {
            let costs = &self.alone[line];
            let Some(dearest) = costs.last() else { return false };
            let limit = if costs.len() < rivals { settings.unfilled.max(*dearest) } else { *dearest };
            open.saturating_add(self.least[line]) >= limit
        });
        let several_of_more = dense.len() > 1 && self.known.len() > 2;
        alone_certain && (!several_of_more || self.least_total(open).saturating_add(self.another()) >= self.known_plan)
    }

    /// Looks for stores that ship everything, from `rest` on, until they are too far to matter.
    fn seek_all(&mut self, dense: &[usize], rest: impl Iterator<Item = (usize, Option<i64>)>) {
        if dense.len() < self.known.len() || dense.len() < 2 {
            return;
        }
        let mut lines = dense.to_vec();
        lines.sort_by_key(|&line| self.look.stocked(line));
        for (looks, (at, metres)) in rest.enumerate() {
            let open = self.look.settings.least_opening(metres);
            if self.least_total(open) >= self.known_plan {
                return;
            }
            if looks >= LOOKS_FOR_ALL {
                break;
            }
            self.take_if_all(&lines, at, metres);
        }
        for line in lines.clone() {
            self.look.sweep(line);
        }
        let Some(rarest) = lines.first() else { return };
        for at in self.look.places_of(*rarest) {
            let metres = self.look.nearest.site(at).metres(self.look.aim);
            self.take_if_all(&lines, at, metres);
        }
    }

    fn take_if_all(&mut self, lines: &[usize], at: usize, metres: Option<i64>) {
        if !self.look.has_all(at, lines) || self.seen.contains(&at) {
            return;
        }
        self.take(at, metres);
        let all = self.found.last().and_then(|found| found.serves_all_known(&self.look).map(|all| found.open + all));
        self.known_plan = self.known_plan.min(all.unwrap_or(i64::MAX));
    }

    /// The least a plan can cost with a package of this cost in it.
    fn least_total(&self, open: i64) -> i64 {
        self.least.iter().fold(open, |sum, least| sum.saturating_add(*least))
    }

    /// The least that a plan costs beyond that when one package does not ship everything: another package, or a line
    /// left unfilled.
    fn another(&self) -> i64 {
        let settings = &self.look.settings;
        let unfilled = self.known.iter().map(|&line| settings.unfilled.saturating_sub(self.least[line]));
        let unfilled = unfilled.min().unwrap_or(0);
        self.least_open.saturating_add(settings.split).min(unfilled)
    }

    /// Makes a plan with the most promising of the locations found so far: an upper bound.
    fn improve_known_plan(&mut self) {
        let unfilled = self.look.settings.unfilled;
        let mut chosen: Vec<(i64, usize)> =
            (0..self.found.len()).map(|at| (self.found[at].alone(unfilled), at)).collect();
        if chosen.len() > BOUND_LOCATIONS {
            chosen.select_nth_unstable(BOUND_LOCATIONS);
            chosen.truncate(BOUND_LOCATIONS);
        }
        let cheapest = self.known.iter().filter_map(|&line| {
            let serving =
                (0..self.found.len()).filter_map(|at| Some((self.found[at].open + self.found[at].serve[line]?, at)));
            serving.min()
        });
        chosen.extend(cheapest);
        let mut at: Vec<usize> = chosen.into_iter().map(|(_, at)| at).collect();
        at.sort_unstable();
        at.dedup();
        let problem = Problem::of_found(&self.look, &self.known, at.iter().map(|&at| &self.found[at]));
        let solution =
            if self.known.len() > split::EXACT_LINES_MAX { cover::greedy(&problem) } else { split::exact(&problem) };
        let unknown = (self.look.lines.len() - self.known.len()) as i64;
        let cost = cover::cost(&problem, &solution).saturating_add(unfilled.saturating_mul(unknown));
        self.known_plan = self.known_plan.min(cost.min(NEVER));
    }
}
