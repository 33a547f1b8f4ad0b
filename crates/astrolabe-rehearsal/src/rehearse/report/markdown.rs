//! A report as Markdown, for a ticket or a repository.

use super::{Report, span};

pub(super) fn write(report: &Report) -> String {
    let mut out = Vec::new();
    head(report, &mut out);
    timeliness(report, &mut out);
    methods(report, &mut out);
    load(report, &mut out);
    faults(report, &mut out);
    findings(report, &mut out);
    if !report.notes.is_empty() {
        out.push("## Notes 说明\n".to_owned());
        out.extend(report.notes.iter().map(|note| format!("- {note}")));
        out.push(String::new());
    }
    out.join("\n")
}

fn head(report: &Report, out: &mut Vec<String>) {
    let verdict = if report.passed { "passed 通过" } else { "not passed 未通过" };
    out.push(format!("# Rehearsal of the {} 演练报告: {verdict}\n", report.party));
    out.push(format!(
        "{} on {} (GMT+8), {:.0} s. §5.4's limit: {} s.\n",
        if report.how == "driven" { "Driven" } else { "Played" },
        report.began,
        report.seconds,
        report.within_seconds
    ));
}

fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells = cells.into_iter().map(|cell| cell.replace('|', "\\|").replace('\n', " "));
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn table(out: &mut Vec<String>, title: &str, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    out.push(format!("## {title}\n"));
    out.push(row(head.iter().copied()));
    out.push(row(head.iter().map(|_| "---")));
    out.extend(rows.into_iter().map(|cells| row(cells.iter().map(String::as_str))));
    out.push(String::new());
}

fn timeliness(report: &Report, out: &mut Vec<String>) {
    let head = ["status 状态", "interface 接口", "reported 回传", "in time 及时", "late 超时", "undated 无时间", "max"];
    let rows = report.timeliness.iter().map(|row| {
        let slowest = if row.in_time + row.late == 0 { "–".to_owned() } else { span(row.max_ms) };
        let count = |count: u64| count.to_string();
        vec![
            format!("{} {}", row.status, row.zh),
            row.method.to_owned(),
            count(row.reported),
            count(row.in_time),
            count(row.late),
            count(row.undated),
            slowest,
        ]
    });
    table(out, "Timeliness 状态回传时间 (§5.4)", &head, rows);
    let hops = report.hops.iter().map(|hop| {
        vec![hop.hop.to_owned(), hop.count.to_string(), span(hop.p50_ms), span(hop.p99_ms), span(hop.max_ms)]
    });
    if !report.hops.is_empty() {
        table(out, "From question to answer 响应时长", &["hop", "count", "p50", "p99", "max"], hops);
    }
}

fn methods(report: &Report, out: &mut Vec<String>) {
    let head = ["", "method 接口", "calls 调用", "errors 错误", "warnings 警告", "p50", "p99", "max"];
    let rows = report.methods.iter().map(|method| {
        vec![
            if method.way == "out" { "→" } else { "←" }.to_owned(),
            method.method.clone(),
            method.calls.to_string(),
            method.errors.to_string(),
            method.warnings.to_string(),
            span(method.p50_ms),
            span(method.p99_ms),
            span(method.max_ms),
        ]
    });
    table(out, "Methods 接口", &head, rows);
}

fn load(report: &Report, out: &mut Vec<String>) {
    let Some(load) = &report.load else { return };
    let rate = format!("{}/s offered", load.unit);
    let head = [rate.as_str(), "seconds", "sent", "good", "failed", "per second", "p50", "p99", "p99.9", "max", ""];
    let rows = load.steps.iter().map(|step| {
        vec![
            format!("{:.1}", step.rate),
            step.seconds.to_string(),
            step.sent.to_string(),
            format!("{} ({:.1} %)", step.good, step.good_share * 100.0),
            step.failed.to_string(),
            format!("{:.1}", step.per_second),
            span(step.p50_ms),
            span(step.p99_ms),
            span(step.p999_ms),
            span(step.max_ms),
            step.broke.clone().unwrap_or_else(|| "borne".to_owned()),
        ]
    });
    table(out, "Load 压测", &head, rows);
    if let Some(knee) = load.knee {
        out.push(format!("Knee 拐点: {knee:.1} {}/s.\n", load.unit));
    }
}

fn faults(report: &Report, out: &mut Vec<String>) {
    if report.faults.is_empty() {
        return;
    }
    let rows = report.faults.iter().map(|fault| {
        vec![fault.fault.to_owned(), fault.zh.to_owned(), fault.played.to_string(), fault.met.to_string()]
    });
    table(out, "Faults on purpose 异常场景", &["fault", "异常", "played 次数", "met rightly 正确应对"], rows);
}

fn findings(report: &Report, out: &mut Vec<String>) {
    out.push("## Findings 问题\n".to_owned());
    if report.findings.is_empty() {
        out.push("None. 无。\n".to_owned());
    }
    for (number, finding) in report.findings.iter().enumerate() {
        let (en, zh) = finding.severity.words();
        out.push(format!("### {}. {} · {en} {zh} · {}\n", number + 1, finding.rule, finding.method));
        out.push(format!("{}. {}。\n", finding.asks, finding.zh));
        out.push(format!("- expected 期望: {}", one_line(&finding.expected)));
        out.push(format!("- came 实际: {}", one_line(&finding.came)));
        out.push(format!("- times 次数: {}\n", finding.count));
        for exchange in &finding.exchanges {
            out.push(format!("{}, {} ms:\n", exchange.at, exchange.took_ms));
            out.push(format!("````\n{}\n\n{}\n````\n", exchange.request, exchange.reply));
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
