//! Which of the found locations a plan gets to see: the cheapest of every line, those that serve several lines and are
//! not dominated, the warehouses, and the parts of a divided line. What is left out cannot make a plan cheaper; where
//! that cannot be known any more, the cut says by how much at most.

use std::collections::BTreeSet;

use crate::routing::input::Cut;
use crate::routing::look::{Found, Look};
use crate::routing::search::LeastWith;

/// Most locations kept for serving several lines.
const SEVERAL_MAX: usize = 64;

/// Most locations that others are compared with for being dominated; it bounds the work, not the result.
const COMPARED_MAX: usize = 128;

/// What is kept.
pub(super) struct Kept {
    pub found: Vec<Found>,
    pub cut: Option<Cut>,
}

/// Keeps what a cheapest plan may need.
pub(super) fn keep(look: &Look<'_>, found: Vec<Found>, least: &LeastWith) -> Kept {
    let mut kept: BTreeSet<usize> = BTreeSet::new();
    for line in 0..look.lines.len() {
        let mut serving: Vec<(i64, usize)> = (0..found.len())
            .filter_map(|at| found[at].serve[line].map(|serve| (found[at].open.saturating_add(serve), at)))
            .collect();
        serving.sort_unstable_by_key(|&(cost, at)| (cost, found[at].candidate.location));
        if serving.is_empty() {
            kept.extend(parts(&found, line, look.lines[line].units));
        }
        kept.extend(serving.into_iter().take(look.company()).map(|(_, at)| at));
    }
    kept.extend((0..found.len()).filter(|&at| found[at].candidate.warehouse));
    let several = several(look, &found, least);
    let cut = (several.len() > SEVERAL_MAX).then(|| Cut {
        locations: u32::try_from(several.len() - SEVERAL_MAX).unwrap_or(u32::MAX),
        floor: floor(look, &found),
    });
    kept.extend(several.into_iter().take(SEVERAL_MAX));
    let found = found.into_iter().enumerate().filter(|(at, _)| kept.contains(at)).map(|(_, found)| found).collect();
    Kept { found, cut }
}

/// Locations that together have the units of a line which nobody can serve whole: cheapest package first.
fn parts(found: &[Found], line: usize, units: i64) -> Vec<usize> {
    let mut some: Vec<usize> =
        (0..found.len()).filter(|&at| found[at].candidate.supply[line].available() > 0).collect();
    some.sort_unstable_by_key(|&at| (found[at].open, found[at].candidate.location));
    let mut together = 0_i64;
    let enough = some.iter().take_while(|&&at| {
        let before = together;
        together = together.saturating_add(found[at].candidate.supply[line].available());
        before < units
    });
    enough.copied().collect()
}

/// Undominated locations that serve two or more lines and fit a plan cheaper than the known one, the most promising
/// first.
fn several(look: &Look<'_>, found: &[Found], least: &LeastWith) -> Vec<usize> {
    let mut several: Vec<(i64, usize)> = (0..found.len())
        .filter(|&at| found[at].serve.iter().flatten().count() > 1)
        .filter(|&at| least.location(&found[at]) <= least.known_plan)
        .map(|at| (found[at].alone(look.settings.unfilled), at))
        .collect();
    several.sort_unstable_by_key(|&(cost, at)| (cost, found[at].candidate.location));
    let mut kept: Vec<usize> = Vec::new();
    for (_, at) in several {
        let rivals = kept.iter().take(COMPARED_MAX);
        let better = rivals.filter(|&&other| dominates(look, &found[other], &found[at])).count();
        if better < look.rivals() {
            kept.push(at);
        }
    }
    kept
}

/// Whether `a` serves all that `b` serves, in every combination, and no line or package dearer. A plan never needs a
/// location that one other dominates; where lines share stock, one that as many others as there are lines dominate.
fn dominates(look: &Look<'_>, a: &Found, b: &Found) -> bool {
    let no_dearer = a.serve.iter().zip(&b.serve).all(|(a, b)| match (a, b) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => a <= b,
    });
    let bears = a.candidate.pools.iter().zip(&b.candidate.pools).all(|(a, b)| a >= b);
    let holds =
        look.shared.is_empty() || a.candidate.supply.iter().zip(&b.candidate.supply).all(|(a, b)| a.held() >= b.held());
    a.open <= b.open && no_dearer && bears && holds
}

/// No plan over all locations, seen or not, costs less: nothing at all, or one package at least and every line at the
/// least that it can cost anywhere.
fn floor(look: &Look<'_>, found: &[Found]) -> i64 {
    let unfilled = look.settings.unfilled;
    let open = found.iter().map(|found| found.open).min().unwrap_or(0);
    let served = (0..look.lines.len()).fold(open, |sum, line| {
        let seen = found.iter().filter_map(|found| found.serve[line]).min().unwrap_or(i64::MAX);
        sum.saturating_add(seen.min(look.least_serving(line)).min(unfilled))
    });
    served.min(unfilled.saturating_mul(look.lines.len() as i64))
}
