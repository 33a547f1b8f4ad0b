//! Judges a plan without looking at how it was made: whether it may be carried out, and what it costs. Shares no code
//! with `plan`, `split`, `cover` or `cost`, so that a mistake there does not hide here.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::ids::{LocationId, Oid, ScItemId};
use crate::routing::cost::CostTerms;
use crate::routing::eligibility::{Outcome, Reason};
use crate::routing::input::{Candidate, Input, Supply};
use crate::routing::plan::Plan;

/// What is wrong with a plan.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PlanFault {
    #[error("the plan's lines are not the input's")]
    OtherLines,
    #[error("line {oid} goes to {location}, which is no candidate")]
    NotACandidate { oid: Oid, location: LocationId },
    #[error("line {oid} goes to {location}, which may not serve it ({reason})")]
    NotEligible { oid: Oid, location: LocationId, reason: Reason },
    #[error("line {oid} takes {taken} units at {location}, where {available} are")]
    TooMany { oid: Oid, location: LocationId, taken: i64, available: i64 },
    #[error("line {oid} wants {wanted} units, {placed} are placed")]
    WrongUnits { oid: Oid, wanted: i64, placed: i64 },
    #[error("line {oid} is divided, which {why}")]
    Divided { oid: Oid, why: &'static str },
    #[error("the lines together take {taken} units of article {sc_item} at {location}, where {spare} are")]
    SharedStock { sc_item: ScItemId, location: LocationId, taken: i64, spare: i64 },
    #[error("{packages} packages, at most {most} allowed")]
    OverCap { packages: usize, most: u8 },
    #[error("line {oid} is {outcome} with {parts} parts")]
    WrongOutcome { oid: Oid, outcome: Outcome, parts: usize },
    #[error("the plan says it costs {said}, it costs {real}")]
    WrongCost { said: i64, real: i64 },
}

/// What a plan costs (1/1000 fen), or what is wrong with it.
pub fn check_plan(input: &Input, plan: &Plan) -> Result<CostTerms, PlanFault> {
    let oids = |lines: &mut dyn Iterator<Item = Oid>| lines.collect::<Vec<_>>();
    if oids(&mut input.lines.iter().map(|line| line.oid)) != oids(&mut plan.lines.iter().map(|line| line.oid)) {
        return Err(PlanFault::OtherLines);
    }
    let mut by_location: BTreeMap<LocationId, Vec<(usize, i64)>> = BTreeMap::new();
    for (at, line) in plan.lines.iter().enumerate() {
        check_line(input, plan, at)?;
        for part in &line.parts {
            by_location.entry(part.location).or_default().push((at, part.units));
        }
    }
    let most = input.settings.packages_max;
    if most != 0 && by_location.len() > usize::from(most) {
        return Err(PlanFault::OverCap { packages: by_location.len(), most });
    }
    for (location, takes) in &by_location {
        check_shared(input, *location, takes)?;
    }
    let real = if undecided(plan) { CostTerms::default() } else { price(input, plan, &by_location) };
    if real != plan.cost {
        return Err(PlanFault::WrongCost { said: plan.cost.total(), real: real.total() });
    }
    Ok(real)
}

fn undecided(plan: &Plan) -> bool {
    plan.lines.iter().any(|line| line.outcome == Outcome::RuleError)
}

fn find(input: &Input, location: LocationId) -> Option<&Candidate> {
    input.candidates.iter().find(|candidate| candidate.location == location)
}

fn check_line(input: &Input, plan: &Plan, at: usize) -> Result<(), PlanFault> {
    let (line, planned) = (&input.lines[at], &plan.lines[at]);
    let oid = line.oid;
    if (planned.outcome == Outcome::Allocated) == planned.parts.is_empty() {
        return Err(PlanFault::WrongOutcome { oid, outcome: planned.outcome, parts: planned.parts.len() });
    }
    if planned.parts.is_empty() {
        return Ok(());
    }
    let mut seen = BTreeSet::new();
    for part in &planned.parts {
        let location = part.location;
        let candidate = find(input, location).ok_or(PlanFault::NotACandidate { oid, location })?;
        match candidate.supply[at] {
            Supply::Refused(reason) => return Err(PlanFault::NotEligible { oid, location, reason }),
            Supply::Units { available, .. } if part.units > available || part.units <= 0 => {
                return Err(PlanFault::TooMany { oid, location, taken: part.units, available });
            }
            Supply::Units { .. } => {}
        }
        if !seen.insert(location) {
            return Err(PlanFault::Divided { oid, why: "names a location twice" });
        }
    }
    let placed: i64 = planned.parts.iter().map(|part| part.units).sum();
    if placed != line.units {
        return Err(PlanFault::WrongUnits { oid, wanted: line.units, placed });
    }
    if planned.parts.len() > 1 {
        if !input.split_quantity {
            return Err(PlanFault::Divided { oid, why: "the seller does not allow" });
        }
        let can = |candidate: &Candidate| match candidate.supply[at] {
            Supply::Units { available, .. } => available >= line.units,
            Supply::Refused(_) => false,
        };
        if input.candidates.iter().any(can) {
            return Err(PlanFault::Divided { oid, why: "one location could have served whole" });
        }
    }
    Ok(())
}

/// Lines that need the same article must not promise the same units.
fn check_shared(input: &Input, location: LocationId, takes: &[(usize, i64)]) -> Result<(), PlanFault> {
    let Some(candidate) = find(input, location) else { return Ok(()) };
    let mut users: BTreeMap<ScItemId, usize> = BTreeMap::new();
    for component in input.lines.iter().flat_map(|line| &line.components) {
        *users.entry(component.sc_item).or_default() += 1;
    }
    let shared = users.into_iter().filter(|(_, lines)| *lines > 1).map(|(sc_item, _)| sc_item);
    for (sc_item, &spare) in shared.zip(&candidate.pools) {
        let mut taken = None;
        for &(at, units) in takes {
            for component in input.lines[at].components.iter().filter(|component| component.sc_item == sc_item) {
                let held = match candidate.supply[at] {
                    Supply::Units { held, .. } => held,
                    Supply::Refused(_) => 0,
                };
                *taken.get_or_insert(0) += (units - held).max(0) * component.per_unit;
            }
        }
        if let Some(taken) = taken
            && taken > spare
        {
            return Err(PlanFault::SharedStock { sc_item, location, taken, spare });
        }
    }
    Ok(())
}

/// The additive cost, written out once more.
fn price(input: &Input, plan: &Plan, by_location: &BTreeMap<LocationId, Vec<(usize, i64)>>) -> CostTerms {
    let weights = &input.settings;
    let mut cost = CostTerms::default();
    for (number, (location, takes)) in by_location.iter().enumerate() {
        let Some(candidate) = find(input, *location) else { continue };
        cost.package += if candidate.warehouse { weights.warehouse_package } else { weights.store_package };
        cost.distance += match candidate.metres {
            None => weights.unknown_km * weights.per_km,
            Some(metres) => metres * weights.per_km / 1_000,
        };
        cost.priority += i64::from(candidate.priority) * weights.per_priority;
        if number > 0 {
            cost.split += weights.split;
        }
        for &(at, units) in takes {
            if let Supply::Units { available, .. } = candidate.supply[at] {
                cost.handling += weights.per_line;
                cost.scarcity += weights.scarcity * units / (available - units + 1);
            }
        }
    }
    cost.unfilled = plan.lines.iter().filter(|line| line.parts.is_empty()).count() as i64 * weights.unfilled;
    cost
}
