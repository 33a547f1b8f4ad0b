//! From the loaded world to an [`Input`]: which locations a plan has to look at. Few of many: the walk from the nearest
//! location on stops as soon as no location further out can belong to a cheaper plan; lines whose goods lie at few
//! locations start from those instead. Called by `decide`, once a plan.

use std::collections::BTreeSet;

use crate::geo::Point;
use crate::goods::{Component, Item};
use crate::ids::{ChannelId, LocationId, Oid};
use crate::order::trade::Exclusion;
use crate::place::Places;
use crate::routing::cut;
use crate::routing::input::{Input, Line};
use crate::routing::look::{Found, Look};
use crate::routing::nearest::Aim;
use crate::routing::settings::RouterSettings;
use crate::stock::book::Stock;
use crate::stock::hold::Reservation;
use crate::time::Timestamp;

/// What the world shows a plan.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    pub places: &'a Places,
    pub stock: &'a Stock,
    pub channel: ChannelId,
    pub settings: RouterSettings,
    /// Whether one line's quantity may be divided.
    pub split_quantity: bool,
    pub destination: Option<Point>,
    /// What the trade holds; Primary units of a line that no assignment has count as available to that line.
    pub reservations: &'a [Reservation],
    /// The seller lane's version.
    pub version: i64,
    pub now: Timestamp,
}

/// One line to place.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub oid: Oid,
    /// Units of the listing that wait for a location.
    pub units: i64,
    /// The listing, for its bindings; without it only warehouses may serve the line.
    pub item: Option<&'a Item>,
    pub components: &'a [Component],
    pub excluded: &'a [Exclusion],
    /// Locations that this plan leaves out without blame.
    pub left_out: &'a [LocationId],
}

/// Looks that the walk makes even when fewer would be certain, so that a report has something to compare with.
const LOOKS_FOR_COMPANY: usize = 64;

/// Looks before the walk gives up and all stocked locations are read at once, at least.
const LOOKS_MIN: usize = 256;

/// A line starts from its stocked locations when their number's square is below this many times all locations: then
/// reading them costs less than walking until two of them are met.
const SPARSE: usize = 4;

/// The input of a plan: every location that can belong to a cheapest one, and some more to compare with.
pub fn gather(snapshot: &Snapshot<'_>, asks: &[Ask<'_>]) -> Input {
    let mut search = Search::new(snapshot, asks);
    if snapshot.settings.is_sound() {
        search.run();
    }
    let Search { mut look, found, .. } = search;
    let kept = cut::keep(&look, found);
    finish(snapshot, &mut look, kept.found, kept.cut)
}

/// The input with every location that can serve anything: what [`gather`] is measured against, and [`super::explain`]'s.
pub fn gather_all(snapshot: &Snapshot<'_>, asks: &[Ask<'_>]) -> Input {
    let mut look = Look::new(snapshot, asks);
    let mut found = Vec::new();
    for at in 0..look.nearest.len() {
        let metres = look.nearest.site(at).metres(look.aim);
        found.extend(look.at(at, metres));
    }
    finish(snapshot, &mut look, found, None)
}

fn finish(snapshot: &Snapshot<'_>, look: &mut Look<'_>, found: Vec<Found>, cut: Option<super::Cut>) -> Input {
    let lines = (0..look.lines.len())
        .map(|line| {
            let served = found.iter().any(|found| found.serve[line].is_some());
            let misses = if served { Vec::new() } else { look.misses(line) };
            let asked = &look.lines[line];
            Line { oid: asked.oid, units: asked.units, components: asked.components.clone(), misses }
        })
        .collect();
    let mut candidates: Vec<_> = found.into_iter().map(|found| found.candidate).collect();
    candidates.sort_unstable_by_key(|candidate| candidate.location);
    Input {
        version: snapshot.version,
        now: snapshot.now,
        settings: snapshot.settings,
        split_quantity: snapshot.split_quantity,
        destination: snapshot.destination,
        lines,
        candidates,
        cut,
    }
}

/// A search under way.
struct Search<'a> {
    look: Look<'a>,
    found: Vec<Found>,
    seen: BTreeSet<usize>,
    /// For each line the cheapest costs of serving it alone, ascending, as many as a plan may need.
    alone: Vec<Vec<i64>>,
    /// Cheapest single location for the whole trade.
    together: i64,
}

impl<'a> Search<'a> {
    fn new(snapshot: &Snapshot<'a>, asks: &[Ask<'a>]) -> Self {
        let look = Look::new(snapshot, asks);
        let alone = vec![Vec::new(); look.lines.len()];
        Self { look, found: Vec::new(), seen: BTreeSet::new(), alone, together: i64::MAX }
    }

    fn run(&mut self) {
        let nearest = self.look.nearest;
        let certain_places = self.look.held_positions().chain(nearest.warehouses()).collect::<Vec<_>>();
        self.visit(certain_places);
        let known = (0..self.look.lines.len()).filter(|&line| self.look.lines[line].known);
        let (sparse, dense): (Vec<usize>, Vec<usize>) =
            known.partition(|&line| self.look.stocked(line).pow(2) <= SPARSE * nearest.len());
        for line in sparse {
            let places = self.look.places_of(line);
            self.visit(places);
        }
        if dense.is_empty() || self.walk(&dense) {
            return;
        }
        for line in dense {
            let places = self.look.places_of(line);
            self.visit(places);
        }
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
        let open = found.open;
        for (line, serve) in found.serve.iter().enumerate() {
            let Some(serve) = serve else { continue };
            let alone = &mut self.alone[line];
            let cost = open.saturating_add(*serve);
            let rank = alone.partition_point(|&other| other <= cost);
            alone.insert(rank, cost);
            alone.truncate(self.look.rivals().max(2));
        }
        if let Some(all) = found.serves_all_known(&self.look) {
            self.together = self.together.min(open.saturating_add(all));
        }
        self.found.push(found);
    }

    /// Walks from the nearest location on; `false` when it gave up before it was certain.
    fn walk(&mut self, dense: &[usize]) -> bool {
        let nearest = self.look.nearest;
        let unknown = self.look.settings.unknown_km.saturating_mul(1_000);
        let stocked: usize = dense.iter().map(|&line| self.look.stocked(line)).sum();
        let looks_max = LOOKS_MIN.max(stocked / (4 * dense.len()));
        for (looks, (at, metres)) in nearest.walk(self.look.aim, unknown).enumerate() {
            let company = looks >= LOOKS_FOR_COMPANY || self.has_company(dense);
            if company && self.is_certain(dense, metres) {
                return true;
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

    /// Whether no unseen store, all of them at `metres` or further, can make a plan cheaper. A store that ships one line
    /// can be replaced by that line's cheapest (an unused one, where lines share stock); one that ships more must beat the
    /// cheapest plan known.
    fn is_certain(&self, dense: &[usize], metres: Option<i64>) -> bool {
        let settings = &self.look.settings;
        let open = settings.opening(false, metres).total();
        let rivals = self.look.rivals();
        let alone_certain = dense.iter().all(|&line| {
            let costs = &self.alone[line];
            let Some(limit) = costs.get(costs.len().min(rivals).wrapping_sub(1)) else { return false };
            let limit = if costs.len() < rivals { settings.unfilled.max(*limit) } else { *limit };
            open.saturating_add(self.look.least_serving(line)) >= limit
        });
        if !alone_certain {
            return false;
        }
        let known = self.look.lines.iter().filter(|line| line.known).count();
        if dense.len() < 2 {
            return true;
        }
        let known_plan = self.known_plan();
        let lines = (0..self.look.lines.len()).filter(|&line| self.look.lines[line].known);
        let least =
            lines.fold(open, |sum, line| sum.saturating_add(self.look.least_serving(line).min(settings.unfilled)));
        let package = settings.store_package.min(settings.warehouse_package);
        let another = package.saturating_add(settings.split).min(settings.unfilled);
        let partly = known < 3 || least.saturating_add(another) >= known_plan;
        partly && (dense.len() < known || least >= known_plan)
    }

    /// An upper bound of the cheapest plan: one location for all, or each line from its own.
    fn known_plan(&self) -> i64 {
        let settings = &self.look.settings;
        let lines: Vec<usize> = (0..self.look.lines.len()).filter(|&line| self.look.lines[line].known).collect();
        let rivals = self.look.rivals();
        let apart = lines.iter().fold(0_i64, |sum, &line| {
            let cost = self.alone[line].get(rivals - 1).copied().unwrap_or(settings.unfilled);
            sum.saturating_add(cost.min(settings.unfilled))
        });
        let splits = settings.split.saturating_mul(lines.len().saturating_sub(1) as i64);
        let cap = usize::from(settings.packages_max);
        let apart = if cap == 0 || cap >= lines.len() { apart.saturating_add(splits) } else { i64::MAX };
        self.together.min(apart).min(settings.unfilled.saturating_mul(lines.len() as i64))
    }
}

impl Look<'_> {
    /// Locations per line that a report should be able to compare.
    pub(super) fn company(&self) -> usize {
        let known = self.lines.iter().filter(|line| line.known).count().max(1);
        (self.settings.candidates_per_line / known).max(self.rivals() + 1)
    }

    /// As many of a line's cheapest locations as must be known for one to be free in any plan: one, or, where lines
    /// share stock, as many as there are lines.
    pub(super) fn rivals(&self) -> usize {
        if self.shared.is_empty() { 1 } else { self.lines.len() }
    }

    /// The aim of the walk.
    pub(super) fn aim_at(destination: Option<Point>) -> Option<Aim> {
        destination.map(Aim::at)
    }
}
