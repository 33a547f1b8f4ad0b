//! The reason of every location of the seller, for whoever asks why. Computed on the world as it is, never stored.

use crate::ids::LocationId;
use crate::routing::eligibility::Reason;
use crate::routing::gather::{Ask, Snapshot, gather_all};
use crate::routing::look::Look;
use crate::routing::plan::Plan;

/// Why one location does or does not ship one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    pub location: LocationId,
    /// For each line asked for.
    pub lines: Vec<Why>,
}

/// The reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// It ships these units.
    Chosen { units: i64 },
    /// It may not serve the line.
    Refused(Reason),
    /// It could: serving the line alone would cost `alone` here and `chosen` where it goes (1/1000 fen; `None` when the
    /// line goes nowhere or to several places).
    Dearer { alone: i64, chosen: Option<i64> },
    /// It is not known which goods the line is.
    LineUnknown,
}

/// Explains `plan` at every live location, in id order.
pub fn explain(snapshot: &Snapshot<'_>, asks: &[Ask<'_>], plan: &Plan) -> Vec<Explanation> {
    let look = Look::new(snapshot, asks);
    let input = gather_all(snapshot, asks);
    let alone = |location: LocationId, line: usize| {
        let candidate = input.candidate(location)?;
        let available = candidate.supply[line].available();
        let wanted = input.lines[line].units;
        let serving = (available >= wanted).then(|| input.settings.serving(wanted, available).total())?;
        Some(candidate.opening(&input.settings).total().saturating_add(serving))
    };
    let why = |location: LocationId, line: usize| {
        let parts = plan.lines.get(line).map_or(&[][..], |line| &line.parts);
        if let Some(part) = parts.iter().find(|part| part.location == location) {
            return Why::Chosen { units: part.units };
        }
        if !input.lines[line].is_known() {
            return Why::LineUnknown;
        }
        if let Some(alone_here) = alone(location, line) {
            let chosen = match parts {
                [part] => alone(part.location, line),
                _ => None,
            };
            return Why::Dearer { alone: alone_here, chosen };
        }
        Why::Refused(reason(&look, line, location))
    };
    let of = |location: LocationId| Explanation {
        location,
        lines: (0..asks.len()).map(|line| why(location, line)).collect(),
    };
    snapshot.places.all().map(|location| of(location.id)).collect()
}

fn reason(look: &Look<'_>, line: usize, location: LocationId) -> Reason {
    let wanted = &look.lines[line];
    let Some(at) = look.nearest.position(location) else { return Reason::Deleted };
    let site = look.nearest.site(at);
    if let Some(reason) = look.reason_against(wanted, site) {
        return reason;
    }
    if look.available(wanted, site) > 0 { Reason::TooFew } else { look.lack(wanted, location) }
}

impl Why {
    /// The sentence in English.
    pub fn en(&self) -> String {
        match self {
            Why::Chosen { units } => format!("It ships {units} of it."),
            Why::Refused(reason) => reason.en().to_owned(),
            Why::Dearer { alone, chosen: Some(chosen) } => format!(
                "It could ship the line for {} yuan; where it goes that is {} yuan.",
                yuan(*alone),
                yuan(*chosen)
            ),
            Why::Dearer { alone, chosen: None } => format!("It could ship the line for {} yuan.", yuan(*alone)),
            Why::LineUnknown => "It is not known which goods the line is.".to_owned(),
        }
    }

    /// The sentence in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Why::Chosen { units } => format!("由此处发货 {units} 件。"),
            Why::Refused(reason) => reason.zh().to_owned(),
            Why::Dearer { alone, chosen: Some(chosen) } => {
                format!("此处单独发货成本 {} 元,所选地点为 {} 元。", yuan(*alone), yuan(*chosen))
            }
            Why::Dearer { alone, chosen: None } => format!("此处单独发货成本 {} 元。", yuan(*alone)),
            Why::LineUnknown => "该子订单未对应到货品。".to_owned(),
        }
    }
}

/// 1/1000 fen as yuan with two places, rounded half up.
fn yuan(milli_fen: i64) -> String {
    let fen = milli_fen.saturating_add(500).div_euclid(1_000);
    format!("{}.{:02}", fen / 100, fen % 100)
}
