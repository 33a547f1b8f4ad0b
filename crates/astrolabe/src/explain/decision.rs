//! A stored decision in sentences: what was chosen, what it costs, what came next, what was ruled out and why.

use std::collections::BTreeMap;

use astrolabe_core::ids::Oid;
use astrolabe_core::routing::{Considered, CostTerms, Decision, Report, Verdict};

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
    lines.extend(ruled_out(&report, line));
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
