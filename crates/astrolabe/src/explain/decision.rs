//! A stored decision in sentences: what was chosen, what it costs, what came next, what was ruled out and why.

use std::collections::BTreeMap;

use astrolabe_core::ids::Oid;
use astrolabe_core::routing::{Considered, CostTerms, Decision, Reason, Report, Verdict};

use crate::explain::Names;

/// Runners-up shown by name.
const SHOWN_MAX: usize = 3;
/// 1/1000 fen in a yuan.
const UNITS_PER_YUAN: i64 = 100_000;

/// The sentences of a decision, or nothing when the text is none.
pub(super) fn story(detail: &str, oid: Option<Oid>, names: &Names) -> Option<Vec<String>> {
    let decision: Decision = serde_json::from_str(detail).ok()?;
    let line = decision.input.lines.iter().position(|line| Some(line.oid) == oid)?;
    let report = decision.report();
    let mut lines = chosen(&report, line, names);
    lines.extend(dearer(&report, line, names));
    lines.extend(match decision.input.lines[line].misses.as_slice() {
        [] => ruled_out(&report, line),
        misses => missed(misses),
    });
    lines.push(format!("decided at version {} of the seller's stock", decision.input.version));
    Some(lines)
}

fn chosen(report: &Report, line: usize, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    for candidate in &report.candidates {
        if let Verdict::Chosen { units, serving } = candidate.verdicts[line] {
            lines.push(format!(
                "chosen for {units}: {}{}, {}",
                names.of(candidate.location),
                distance(candidate),
                price(candidate.opening, serving)
            ));
        }
    }
    lines
}

fn dearer(report: &Report, line: usize, names: &Names) -> Vec<String> {
    let mut others: Vec<(i64, &Considered)> = report
        .candidates
        .iter()
        .filter_map(|candidate| match candidate.verdicts[line] {
            Verdict::Dearer { more, .. } => Some((more, candidate)),
            Verdict::Chosen { .. }
            | Verdict::Refused(_)
            | Verdict::Lacks { .. }
            | Verdict::TakenByOtherLines
            | Verdict::OverCap => None,
        })
        .collect();
    others.sort_by_key(|(more, candidate)| (*more, candidate.location));
    let mut lines: Vec<String> = others
        .iter()
        .take(SHOWN_MAX)
        .map(|(more, candidate)| {
            let place = names.of(candidate.location);
            format!("instead, {} dearer: {place}{}", yuan(*more), distance(candidate))
        })
        .collect();
    if others.len() > SHOWN_MAX {
        lines.push(format!("and {} more that were dearer still", others.len() - SHOWN_MAX));
    }
    lines
}

fn ruled_out(report: &Report, line: usize) -> Vec<String> {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for candidate in &report.candidates {
        let reason = match candidate.verdicts[line] {
            Verdict::Refused(reason) => reason.en().to_owned(),
            Verdict::Lacks { .. } => "too few units there".to_owned(),
            Verdict::TakenByOtherLines => "its units go to the trade's other lines".to_owned(),
            Verdict::OverCap => "one package more than the seller allows".to_owned(),
            Verdict::Chosen { .. } | Verdict::Dearer { .. } => continue,
        };
        *reasons.entry(reason).or_default() += 1;
    }
    reasons.into_iter().map(|(reason, count)| format!("ruled out: {count} ({reason})")).collect()
}

/// A line that no candidate can serve: why each location that has some of it does not.
fn missed(misses: &[(Reason, u32)]) -> Vec<String> {
    misses.iter().map(|(reason, count)| format!("ruled out: {count} ({})", reason.en())).collect()
}

fn distance(candidate: &Considered) -> String {
    candidate.metres.map_or_else(String::new, |metres| format!(", {} km away", metres / 1_000))
}

fn price(opening: CostTerms, serving: CostTerms) -> String {
    let way = opening.distance + serving.distance;
    let priority = opening.priority + serving.priority;
    let total = opening.total() + serving.total();
    let rest = total - opening.package - way - priority;
    let behind = if priority == 0 { String::new() } else { format!(", priority {}", yuan(priority)) };
    format!(
        "{} (package {}, way {}{behind}, handling and scarcity {})",
        yuan(total),
        yuan(opening.package),
        yuan(way),
        yuan(rest)
    )
}

fn yuan(units: i64) -> String {
    format!("{:.2} yuan", units as f64 / UNITS_PER_YUAN as f64)
}

#[cfg(test)]
mod tests {
    use astrolabe_core::goods::Component;
    use astrolabe_core::ids::ScItemId;
    use astrolabe_core::routing::{Input, Line, RouterSettings};
    use astrolabe_core::time::Timestamp;

    use super::*;

    #[test]
    fn a_line_that_nobody_could_serve_says_what_kept_each_location() {
        let line = Line {
            oid: Oid(1),
            units: 1,
            components: vec![Component { sc_item: ScItemId(2), per_unit: 1 }],
            misses: vec![(Reason::OutsideDispatchTime, 3), (Reason::DayFull, 1)],
        };
        let input = Input {
            version: 9,
            now: Timestamp(0),
            settings: RouterSettings::default(),
            split_quantity: false,
            destination: None,
            lines: vec![line],
            candidates: Vec::new(),
            cut: None,
        };
        let detail = serde_json::to_string(&Decision::on(input)).unwrap();
        let told = story(&detail, Some(Oid(1)), &Names(BTreeMap::new())).unwrap();
        assert_eq!(
            told,
            [
                "ruled out: 3 (The location is offered nothing at this time of day.)",
                "ruled out: 1 (The location has taken all the sub-orders it takes on this day.)",
                "decided at version 9 of the seller's stock",
            ]
        );
    }
}
