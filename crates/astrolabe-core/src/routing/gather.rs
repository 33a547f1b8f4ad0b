//! From the loaded world to an [`Input`]: what `decide` calls, once a plan. Where to look is `search`'s question, what a
//! location can do `look`'s, what the plan gets to see `cut`'s.

use crate::geo::Point;
use crate::goods::{Component, Item};
use crate::ids::{ChannelId, LocationId, Oid};
use crate::order::trade::Exclusion;
use crate::place::Places;
use crate::routing::cut;
use crate::routing::input::{Input, Line};
use crate::routing::look::{Found, Look};
use crate::routing::search::Search;
use crate::routing::settings::RouterSettings;
use crate::stock::book::Stock;
use crate::stock::hold::Reservation;
use crate::time::Timestamp;
use crate::world::DayLoads;

/// What the world shows a plan.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    pub places: &'a Places,
    pub stock: &'a Stock,
    /// Sub-orders taken on the day of `now`, by the locations that limit them.
    pub day_loads: &'a DayLoads,
    /// Whether locations' settings have a say: they are about what a location is offered, not about where goods are fetched.
    pub is_offer: bool,
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

/// The input of a plan: every location that can belong to a cheapest one, and some more to compare with.
pub fn gather(snapshot: &Snapshot<'_>, asks: &[Ask<'_>]) -> Input {
    let mut search = Search::new(snapshot, asks);
    if snapshot.settings.is_sound() {
        search.run();
    }
    let least = search.least_with();
    let Search { mut look, found, .. } = search;
    let kept = cut::keep(&look, found, &least);
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

/// When a plan that left a line unserved may find a location open that keeps shut at `now`: its hours begin, or its day is
/// over. `None` where no location waits for the calendar alone.
pub fn next_opening(snapshot: &Snapshot<'_>, ask: Ask<'_>) -> Option<Timestamp> {
    Look::new(snapshot, &[ask]).next_opening(0)
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
