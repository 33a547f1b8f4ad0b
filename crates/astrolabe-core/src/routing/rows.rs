//! The stored form of an [`Input`]: lists without field names, one letter a field. Fields are only ever added at the end.

use serde::{Deserialize, Serialize};

use crate::geo::Point;
use crate::goods::Component;
use crate::ids::{LocationId, Oid, ScItemId};
use crate::routing::eligibility::Reason;
use crate::routing::input::{Candidate, Cut, Input, Line, Supply};
use crate::routing::settings::RouterSettings;
use crate::time::Timestamp;

/// What is written for an [`Input`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InputRow {
    v: i64,
    t: Timestamp,
    /// Weights in the order of [`weights`].
    w: Vec<i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    q: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<(i32, i32)>,
    l: Vec<LineRow>,
    c: Vec<CandidateRow>,
    /// Shared pools, candidate by candidate; absent when no article is shared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    p: Vec<Vec<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<Cut>,
}

type LineRow = (Oid, i64, Vec<(ScItemId, i64)>, Vec<(Reason, u32)>);
/// The second number is 1 for a warehouse, and twice the priority.
type CandidateRow = (LocationId, u8, Option<i64>, Vec<SupplyRow>);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum SupplyRow {
    Units(i64),
    Held(i64, i64),
    Refused(Reason),
}

/// Why a stored row is not an input.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RowFault {
    #[error("{found} weights stored, at least {least} expected")]
    Weights { found: usize, least: usize },
    #[error("{found} rows of shared stock for {candidates} candidates")]
    Pools { found: usize, candidates: usize },
    #[error("weight {position} is out of range")]
    WeightRange { position: usize },
}

/// Weights that the oldest rows have.
const WEIGHTS_LEAST: usize = 11;
const WEIGHTS: usize = 12;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn weights(settings: &RouterSettings) -> [i64; WEIGHTS] {
    [
        settings.store_package,
        settings.warehouse_package,
        settings.per_km,
        settings.per_line,
        settings.split,
        settings.scarcity,
        settings.unfilled,
        settings.safety_stock,
        settings.unknown_km,
        i64::try_from(settings.candidates_per_line).unwrap_or(i64::MAX),
        i64::from(settings.packages_max),
        settings.per_priority,
    ]
}

fn settings(weights: &[i64]) -> Result<RouterSettings, RowFault> {
    let &[
        store_package,
        warehouse_package,
        per_km,
        per_line,
        split,
        scarcity,
        unfilled,
        safety_stock,
        unknown_km,
        candidates,
        packages,
        ref later @ ..,
    ] = weights
    else {
        return Err(RowFault::Weights { found: weights.len(), least: WEIGHTS_LEAST });
    };
    Ok(RouterSettings {
        store_package,
        warehouse_package,
        per_km,
        per_line,
        split,
        scarcity,
        unfilled,
        safety_stock,
        unknown_km,
        candidates_per_line: usize::try_from(candidates).map_err(|_| RowFault::WeightRange { position: 9 })?,
        packages_max: u8::try_from(packages).map_err(|_| RowFault::WeightRange { position: 10 })?,
        // Before there were priorities, no location had one.
        per_priority: later.first().copied().unwrap_or(0),
    })
}

impl From<Input> for InputRow {
    fn from(input: Input) -> Self {
        let shares = input.candidates.iter().any(|candidate| !candidate.pools.is_empty());
        let p = if shares { input.candidates.iter().map(|c| c.pools.clone()).collect() } else { Vec::new() };
        Self {
            v: input.version,
            t: input.now,
            w: weights(&input.settings).to_vec(),
            q: input.split_quantity,
            d: input.destination.map(|point| (point.lat_micro, point.lng_micro)),
            l: input.lines.into_iter().map(line_row).collect(),
            c: input.candidates.into_iter().map(candidate_row).collect(),
            p,
            x: input.cut,
        }
    }
}

fn line_row(line: Line) -> LineRow {
    let components = line.components.into_iter().map(|part| (part.sc_item, part.per_unit)).collect();
    (line.oid, line.units, components, line.misses)
}

fn candidate_row(candidate: Candidate) -> CandidateRow {
    let supply = candidate.supply.into_iter().map(|supply| match supply {
        Supply::Units { available, held: 0 } => SupplyRow::Units(available),
        Supply::Units { available, held } => SupplyRow::Held(available, held),
        Supply::Refused(reason) => SupplyRow::Refused(reason),
    });
    let kind = u8::from(candidate.warehouse) | candidate.priority << 1;
    (candidate.location, kind, candidate.metres, supply.collect())
}

impl TryFrom<InputRow> for Input {
    type Error = RowFault;

    fn try_from(row: InputRow) -> Result<Self, RowFault> {
        let mut candidates: Vec<Candidate> = row.c.into_iter().map(candidate).collect();
        if !row.p.is_empty() {
            if row.p.len() != candidates.len() {
                return Err(RowFault::Pools { found: row.p.len(), candidates: candidates.len() });
            }
            for (candidate, pools) in candidates.iter_mut().zip(row.p) {
                candidate.pools = pools;
            }
        }
        Ok(Self {
            version: row.v,
            now: row.t,
            settings: settings(&row.w)?,
            split_quantity: row.q,
            destination: row.d.map(|(lat_micro, lng_micro)| Point { lat_micro, lng_micro }),
            lines: row.l.into_iter().map(line).collect(),
            candidates,
            cut: row.x,
        })
    }
}

fn line((oid, units, components, misses): LineRow) -> Line {
    let components = components.into_iter().map(|(sc_item, per_unit)| Component { sc_item, per_unit }).collect();
    Line { oid, units, components, misses }
}

fn candidate((location, kind, metres, supply): CandidateRow) -> Candidate {
    let supply = supply.into_iter().map(|supply| match supply {
        SupplyRow::Units(available) => Supply::Units { available, held: 0 },
        SupplyRow::Held(available, held) => Supply::Units { available, held },
        SupplyRow::Refused(reason) => Supply::Refused(reason),
    });
    let (warehouse, priority) = (kind & 1 == 1, kind >> 1);
    Candidate { location, warehouse, priority, metres, supply: supply.collect(), pools: Vec::new() }
}
