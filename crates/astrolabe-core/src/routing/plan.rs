//! Choosing: `Input` in, `Plan` out, byte for byte the same for ever. [`choose`] decides; [`plan`] also explains
//! (`report`). Neither is looked at by [`super::check::check_plan`].

use serde::{Deserialize, Serialize};

use crate::ids::{LocationId, Oid};
use crate::routing::cost::CostTerms;
use crate::routing::cover;
use crate::routing::eligibility::{Outcome, Reason};
use crate::routing::input::{Input, Line};
use crate::routing::problem::Problem;
use crate::routing::report::{self, Report};
use crate::routing::split;

/// Where each line goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// In the order of the input's lines.
    #[serde(rename = "l")]
    pub lines: Vec<LinePlan>,
    #[serde(rename = "c")]
    pub cost: CostTerms,
    #[serde(rename = "m")]
    pub method: Method,
}

/// What becomes of one line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "LinePlanRow", from = "LinePlanRow")]
pub struct LinePlan {
    pub oid: Oid,
    pub outcome: Outcome,
    /// One part, or several when the quantity is divided; none when the line is not allocated.
    pub parts: Vec<Part>,
}

type LinePlanRow = (Oid, Outcome, Vec<(LocationId, i64)>);

/// Units of a line that one location ships.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Part {
    pub location: LocationId,
    /// Units of the listing.
    pub units: i64,
}

/// How good the plan is known to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Method {
    /// No plan over the candidates costs less (divided lines aside).
    #[serde(rename = "x")]
    Exact,
    /// Too many lines to try every split.
    #[serde(rename = "h")]
    Heuristic,
}

/// A decision as it is stored: with this, planning again gives the same plan and its full report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decision {
    #[serde(rename = "i")]
    pub input: Input,
    #[serde(rename = "p")]
    pub plan: Plan,
}

impl Decision {
    /// Decides on a snapshot.
    pub fn on(input: Input) -> Self {
        let plan = choose(&input);
        Self { input, plan }
    }

    /// Everything there is to say about it, computed anew.
    pub fn report(&self) -> Report {
        report::of(&self.input, &self.plan)
    }
}

/// Decides and explains. Pure: the same input gives the same bytes.
pub fn plan(input: &Input) -> (Plan, Report) {
    let plan = choose(input);
    let report = report::of(input, &plan);
    (plan, report)
}

/// Decides. This is the hot path: what a person may want to know beside it is [`Decision::report`]'s.
pub fn choose(input: &Input) -> Plan {
    choose_without(input, None)
}

/// The plan when one candidate (by position) does not exist.
pub(super) fn choose_without(input: &Input, without: Option<usize>) -> Plan {
    if !input.settings.is_sound() {
        return undecided(input);
    }
    let whole: Vec<usize> =
        (0..input.lines.len()).filter(|&line| serves_whole(input, line, without).next().is_some()).collect();
    let method = if whole.len() > split::EXACT_LINES_MAX { Method::Heuristic } else { Method::Exact };
    let problem = Problem::of(input, whole, without);
    let solution = match method {
        Method::Exact => split::exact(&problem),
        Method::Heuristic => cover::greedy(&problem),
    };
    let mut parts: Vec<Vec<Part>> = vec![Vec::new(); input.lines.len()];
    for (&line, option) in problem.lines.iter().zip(&solution) {
        if let Some(option) = option {
            let candidate = problem.options[*option].candidate;
            let location = input.candidates[candidate].location;
            parts[line].push(Part { location, units: input.lines[line].units });
        }
    }
    divide(input, without, &mut parts);
    let lines: Vec<LinePlan> = input
        .lines
        .iter()
        .zip(parts)
        .enumerate()
        .map(|(at, (line, parts))| LinePlan { oid: line.oid, outcome: outcome(input, at, line, &parts), parts })
        .collect();
    let cost = terms(input, &lines);
    Plan { lines, cost, method }
}

/// Positions of the candidates that can serve a line whole.
fn serves_whole(input: &Input, line: usize, without: Option<usize>) -> impl Iterator<Item = usize> {
    let units = input.lines[line].units;
    let known = input.lines[line].is_known();
    (0..input.candidates.len()).filter(move |&candidate| {
        known && Some(candidate) != without && input.candidates[candidate].supply[line].available() >= units
    })
}

/// Divides the quantity of lines that no single location can serve: used locations first, then the cheapest way; all
/// the units or none.
fn divide(input: &Input, without: Option<usize>, parts: &mut [Vec<Part>]) {
    if !input.split_quantity {
        return;
    }
    for (line, wanted) in input.lines.iter().enumerate() {
        if !wanted.is_known() || serves_whole(input, line, without).next().is_some() {
            continue;
        }
        let mut order: Vec<(bool, i64, usize)> = (0..input.candidates.len())
            .filter(|&at| Some(at) != without)
            .map(|at| {
                let candidate = &input.candidates[at];
                let used = is_used(parts, candidate.location);
                (!used, candidate.opening(&input.settings).total(), at)
            })
            .collect();
        order.sort_unstable();
        let mut missing = wanted.units;
        let mut taken = Vec::new();
        for (opens, _, at) in order {
            if missing == 0 || (opens && !may_open(input, parts, &taken)) {
                continue;
            }
            let units = still_there(input, at, line, parts).min(missing);
            if units > 0 {
                missing -= units;
                taken.push(Part { location: input.candidates[at].location, units });
            }
        }
        if missing == 0 {
            taken.sort_unstable();
            parts[line] = taken;
        }
    }
}

fn is_used(parts: &[Vec<Part>], location: LocationId) -> bool {
    parts.iter().flatten().any(|part| part.location == location)
}

/// Whether the cap on packages allows one more.
fn may_open(input: &Input, parts: &[Vec<Part>], taken: &[Part]) -> bool {
    let mut used: Vec<LocationId> = parts.iter().flatten().chain(taken).map(|part| part.location).collect();
    used.sort_unstable();
    used.dedup();
    input.settings.packages_max == 0 || used.len() < usize::from(input.settings.packages_max)
}

/// Units of a line's listing that a candidate still has when the plan so far has taken its own.
fn still_there(input: &Input, at: usize, line: usize, parts: &[Vec<Part>]) -> i64 {
    let candidate = &input.candidates[at];
    let mut units = candidate.supply[line].available();
    let held = candidate.supply[line].held();
    for (article, &spare) in input.shared().into_iter().zip(&candidate.pools) {
        let each = input.lines[line].per_unit(article);
        if each == 0 {
            continue;
        }
        let taken = (0..parts.len()).flat_map(|other| parts[other].iter().map(move |part| (other, part)));
        let taken = taken.filter(|(_, part)| part.location == candidate.location).fold(0_i64, |sum, (other, part)| {
            let beyond = part.units.saturating_sub(candidate.supply[other].held()).max(0);
            sum.saturating_add(beyond.saturating_mul(input.lines[other].per_unit(article)))
        });
        let left = spare.saturating_sub(taken).div_euclid(each);
        units = units.min(held.saturating_add(left));
    }
    units.max(0)
}

/// The cost of lines placed like this.
pub(super) fn terms(input: &Input, lines: &[LinePlan]) -> CostTerms {
    let mut cost = CostTerms::default();
    let mut used: Vec<LocationId> = lines.iter().flat_map(|line| &line.parts).map(|part| part.location).collect();
    used.sort_unstable();
    used.dedup();
    for candidate in used.iter().filter_map(|location| input.candidate(*location)) {
        cost += candidate.opening(&input.settings);
    }
    cost.split = input.settings.split.saturating_mul(used.len().saturating_sub(1) as i64);
    for (at, line) in lines.iter().enumerate() {
        if line.parts.is_empty() {
            cost.unfilled = cost.unfilled.saturating_add(input.settings.unfilled);
        }
        for part in &line.parts {
            if let Some(candidate) = input.candidate(part.location) {
                cost += input.settings.serving(part.units, candidate.supply[at].available());
            }
        }
    }
    cost
}

/// What became of a line, and if nothing, why: the kindest true reason.
fn outcome(input: &Input, at: usize, line: &Line, parts: &[Part]) -> Outcome {
    if !line.is_known() {
        return Outcome::DataUnknown;
    }
    if !parts.is_empty() {
        return Outcome::Allocated;
    }
    let everywhere = input.candidates.iter().map(|candidate| candidate.supply[at].available());
    let whole = everywhere.clone().any(|available| available >= line.units);
    let together = everywhere.fold(0, i64::saturating_add) >= line.units;
    if whole || (input.split_quantity && together) {
        return Outcome::NoCapacity;
    }
    let missed = |wanted: &[Reason]| line.misses.iter().any(|(reason, _)| wanted.contains(reason));
    let shut =
        [Reason::OnHold, Reason::Shut, Reason::SwitchedOff, Reason::OutsideWorkingTime, Reason::OutsideDispatchTime];
    let kept_out =
        [Reason::DayFull, Reason::LeftOut, Reason::RefusedBefore, Reason::SilentBefore, Reason::GaveBackBefore];
    if missed(&shut) {
        Outcome::Closed
    } else if missed(&kept_out) {
        Outcome::NoCapacity
    } else {
        Outcome::NoStock
    }
}

/// Settings that make no cost decide nothing.
fn undecided(input: &Input) -> Plan {
    let lines = input.lines.iter();
    let lines = lines.map(|line| LinePlan { oid: line.oid, outcome: Outcome::RuleError, parts: Vec::new() });
    Plan { lines: lines.collect(), cost: CostTerms::default(), method: Method::Exact }
}

impl From<LinePlan> for LinePlanRow {
    fn from(line: LinePlan) -> Self {
        (line.oid, line.outcome, line.parts.into_iter().map(|part| (part.location, part.units)).collect())
    }
}

impl From<LinePlanRow> for LinePlan {
    fn from((oid, outcome, parts): LinePlanRow) -> Self {
        let parts = parts.into_iter().map(|(location, units)| Part { location, units }).collect();
        Self { oid, outcome, parts }
    }
}
