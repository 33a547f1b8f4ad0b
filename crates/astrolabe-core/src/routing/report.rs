//! What a person may want to know about a plan: what it costs and why, what each candidate would have cost, what the
//! plan would be without its best location. Computed from the stored input, never stored.

use crate::ids::{LocationId, Oid};
use crate::routing::cost::CostTerms;
use crate::routing::eligibility::Reason;
use crate::routing::input::{Candidate, Input, Supply};
use crate::routing::plan::{LinePlan, Method, Part, Plan, choose_without, terms};

/// A plan explained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub cost: CostTerms,
    pub method: Method,
    /// Every candidate of the input, in its order.
    pub candidates: Vec<Considered>,
    /// The cheapest plan that does without one of the chosen locations; `None` when nothing was allocated.
    pub second_best: Option<SecondBest>,
    /// Upper bound of what a better plan could save (1/1000 fen): 0 when there is none, `None` when it is not known.
    pub gap: Option<i64>,
}

/// What a candidate was worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Considered {
    pub location: LocationId,
    pub warehouse: bool,
    pub metres: Option<i64>,
    /// Cost of a package from here.
    pub opening: CostTerms,
    /// For each line, in the input's order.
    pub verdicts: Vec<Verdict>,
}

/// Why a candidate does or does not ship a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It ships these units; `serving` is what the line costs here beside the package.
    Chosen { units: i64, serving: CostTerms },
    /// It may not.
    Refused(Reason),
    /// It lacks units: has some, not the whole line.
    Lacks { available: i64 },
    /// Its stock of an article goes to the trade's other lines.
    TakenByOtherLines,
    /// One more package would exceed the cap.
    OverCap,
    /// It could; moving only this line here makes the plan dearer by `more` (0: a tie, lost to a lower id).
    Dearer { more: i64, serving: CostTerms },
}

/// The runner-up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecondBest {
    /// The location it does without.
    pub without: LocationId,
    pub cost: CostTerms,
    pub lines: Vec<(Oid, Vec<Part>)>,
}

/// Explains `plan` as made from `input`.
pub(super) fn of(input: &Input, plan: &Plan) -> Report {
    Report {
        cost: plan.cost,
        method: plan.method,
        candidates: input.candidates.iter().map(|candidate| considered(input, plan, candidate)).collect(),
        second_best: second_best(input, plan),
        gap: gap(input, plan),
    }
}

fn considered(input: &Input, plan: &Plan, candidate: &Candidate) -> Considered {
    Considered {
        location: candidate.location,
        warehouse: candidate.warehouse,
        metres: candidate.metres,
        opening: candidate.opening(&input.settings),
        verdicts: (0..input.lines.len()).map(|line| verdict(input, plan, candidate, line)).collect(),
    }
}

fn verdict(input: &Input, plan: &Plan, candidate: &Candidate, line: usize) -> Verdict {
    let wanted = input.lines[line].units;
    let available = match candidate.supply[line] {
        Supply::Refused(reason) => return Verdict::Refused(reason),
        Supply::Units { available, .. } => available,
    };
    if let Some(part) = plan.lines[line].parts.iter().find(|part| part.location == candidate.location) {
        return Verdict::Chosen { units: part.units, serving: input.settings.serving(part.units, available) };
    }
    if available < wanted {
        return Verdict::Lacks { available };
    }
    let mut moved: Vec<LinePlan> = plan.lines.clone();
    moved[line].parts = vec![Part { location: candidate.location, units: wanted }];
    if !bears(input, candidate, &moved) {
        return Verdict::TakenByOtherLines;
    }
    let cap = usize::from(input.settings.packages_max);
    if cap != 0 && packages(&moved).len() > cap {
        return Verdict::OverCap;
    }
    let more = terms(input, &moved).total().saturating_sub(plan.cost.total());
    Verdict::Dearer { more, serving: input.settings.serving(wanted, available) }
}

/// Whether a location's shared stock bears all that `lines` takes from it.
fn bears(input: &Input, candidate: &Candidate, lines: &[LinePlan]) -> bool {
    input.shared().into_iter().zip(&candidate.pools).all(|(article, &spare)| {
        let mut used = false;
        let mut taken = 0_i64;
        for (at, line) in lines.iter().enumerate() {
            let each = input.lines[at].per_unit(article);
            for part in line.parts.iter().filter(|part| part.location == candidate.location && each > 0) {
                used = true;
                let beyond = part.units.saturating_sub(candidate.supply[at].held()).max(0);
                taken = taken.saturating_add(beyond.saturating_mul(each));
            }
        }
        !used || taken <= spare
    })
}

/// The locations a plan uses, ascending.
fn packages(lines: &[LinePlan]) -> Vec<LocationId> {
    let mut used: Vec<LocationId> = lines.iter().flat_map(|line| &line.parts).map(|part| part.location).collect();
    used.sort_unstable();
    used.dedup();
    used
}

fn second_best(input: &Input, plan: &Plan) -> Option<SecondBest> {
    let others = packages(&plan.lines).into_iter().filter_map(|location| {
        let at = input.candidates.binary_search_by_key(&location, |candidate| candidate.location).ok()?;
        Some((location, choose_without(input, Some(at))))
    });
    let (without, other) = others.min_by_key(|(location, other)| (other.cost.total(), *location))?;
    let lines = other.lines.into_iter().map(|line| (line.oid, line.parts)).collect();
    Some(SecondBest { without, cost: other.cost, lines })
}

fn gap(input: &Input, plan: &Plan) -> Option<i64> {
    match (plan.method, input.cut) {
        (Method::Exact, None) => Some(0),
        (Method::Exact | Method::Heuristic, Some(cut)) => Some(plan.cost.total().saturating_sub(cut.floor).max(0)),
        (Method::Heuristic, None) => None,
    }
}
