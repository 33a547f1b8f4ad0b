//! A report for the person at the terminal.

use astrolabe_rehearsal::rehearse::{Finding, Report, Severity, span};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};

/// Its lines.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let mut out = Vec::new();
    out.push(methods(report));
    if report.how == "driven" {
        out.push(timeliness(report));
    }
    out.extend(faults(report));
    out.extend(load(report));
    if !report.findings.is_empty() {
        out.push("findings 问题".to_owned());
        out.extend(report.findings.iter().map(finding));
    }
    out.extend(report.notes.iter().map(|note| format!("note 说明: {note}")));
    out.push(verdict(report));
    out
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(head.iter().copied());
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn methods(report: &Report) -> String {
    let rows = report.methods.iter().map(|method| {
        let way = if method.way == "out" { "→" } else { "←" };
        vec![
            format!("{way} {}", method.method),
            method.calls.to_string(),
            method.errors.to_string(),
            method.warnings.to_string(),
            span(method.p50_ms),
            span(method.p99_ms),
            span(method.max_ms),
        ]
    });
    table(&["method 接口", "calls", "errors", "warnings", "p50", "p99", "max"], rows)
}

fn timeliness(report: &Report) -> String {
    let rows = report.timeliness.iter().map(|row| {
        let slowest = if row.in_time + row.late == 0 { "–".to_owned() } else { span(row.max_ms) };
        vec![
            format!("{} {} · {}", row.status, row.zh, row.method),
            row.in_time.to_string(),
            row.late.to_string(),
            row.undated.to_string(),
            slowest,
        ]
    });
    let head = format!("status 状态回传 (§5.4, < {} s)", report.within_seconds);
    table(&[head.as_str(), "in time", "late", "undated", "max"], rows)
}

fn faults(report: &Report) -> Option<String> {
    if report.faults.is_empty() {
        return None;
    }
    let said = report.faults.iter().map(|fault| format!("{} {}/{}", fault.fault, fault.met, fault.played));
    Some(format!("faults met 异常应对: {}", said.collect::<Vec<_>>().join(" · ")))
}

fn load(report: &Report) -> Vec<String> {
    let Some(load) = &report.load else { return Vec::new() };
    let rows = load.steps.iter().map(|step| {
        vec![
            format!("{:.1}/s", step.rate),
            step.sent.to_string(),
            format!("{} ({:.1} %)", step.good, step.good_share * 100.0),
            format!("{:.1}", step.per_second),
            span(step.p50_ms),
            span(step.p99_ms),
            span(step.p999_ms),
            step.broke.clone().unwrap_or_else(|| "borne".to_owned()),
        ]
    });
    let head = format!("load 压测: {}", load.unit);
    let table = table(&[head.as_str(), "sent", "good", "a second", "p50", "p99", "p99.9", ""], rows);
    let knee = load.knee.map(|knee| format!("knee 拐点: {knee:.1}/s"));
    std::iter::once(table).chain(knee).collect()
}

fn finding(finding: &Finding) -> String {
    let (en, zh) = finding.severity.words();
    format!(
        "  {en} {zh}  {} × {}  {}\n      {} {}\n      expected 期望: {}\n      came 实际: {}",
        finding.rule,
        finding.count,
        finding.method,
        finding.asks,
        finding.zh,
        shorten(&finding.expected),
        shorten(&finding.came)
    )
}

/// The reports have it whole.
fn shorten(text: &str) -> String {
    const CHARS_MAX: usize = 160;
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CHARS_MAX).chain(['…']).collect()
}

fn verdict(report: &Report) -> String {
    let count = |severity| report.count(severity);
    let verdict = if report.passed() { "passed 通过" } else { "not passed 未通过" };
    format!(
        "{verdict}: {} errors, {} warnings, {} notes in {:.0} s",
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note),
        report.seconds
    )
}
