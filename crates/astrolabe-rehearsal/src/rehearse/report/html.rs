//! A report as one HTML page: style and figures inside, nothing from elsewhere, readable on paper too.

use super::{Finding, Report, span};
use crate::rehearse::exchange::Exchange;

const STYLE: &str = include_str!("style.css");

pub(super) fn write(report: &Report) -> String {
    let mut page = String::new();
    page.push_str("<!doctype html><html lang=\"zh\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.push_str(&format!("<title>{} · Astrolabe rehearsal 星盘演练</title>", escape(report.party)));
    page.push_str(&format!("<style>{STYLE}</style></head><body><main>"));
    head(report, &mut page);
    timeliness(report, &mut page);
    findings(report, &mut page);
    methods(report, &mut page);
    faults(report, &mut page);
    load(report, &mut page);
    if !report.notes.is_empty() {
        let notes: String = report.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
        page.push_str(&format!("<section><h2>Notes <i>说明</i></h2><ul>{notes}</ul></section>"));
    }
    page.push_str("</main></body></html>\n");
    page
}

fn head(report: &Report, page: &mut String) {
    use crate::rehearse::Severity;
    let (class, verdict) = if report.passed { ("good", "Passed 通过") } else { ("bad", "Not passed 未通过") };
    let who = match report.party {
        "isv" => "ISV 分单系统",
        "pos" => "POS 接单系统",
        "channel" => "Channel 渠道",
        other => other,
    };
    let how = if report.how == "driven" { "driven by Astrolabe 由星盘驱动" } else { "played 扮演" };
    page.push_str(&format!(
        "<header><p class=\"kicker\">Astrolabe rehearsal 星盘演练</p><h1>{}</h1><p class=\"sub\">{how} · {} GMT+8 · {:.0} s</p>\
         <p class=\"verdict {class}\">{verdict}</p></header>",
        escape(who),
        escape(&report.began),
        report.seconds
    ));
    let calls: u64 = report.methods.iter().map(|method| method.calls).sum();
    let played: u64 = report.faults.iter().map(|fault| fault.played).sum();
    let late: u64 = report.timeliness.iter().map(|row| row.late).sum();
    let figures = [
        (calls.to_string(), "calls 调用"),
        (report.count(Severity::Error).to_string(), "errors 错误"),
        (report.count(Severity::Warning).to_string(), "warnings 警告"),
        (late.to_string(), "late reports 超时回传"),
        (played.to_string(), "faults played 异常场景"),
    ];
    let figures: String =
        figures.iter().map(|(figure, what)| format!("<div><b>{figure}</b><span>{what}</span></div>")).collect();
    page.push_str(&format!("<section class=\"figures\">{figures}</section>"));
}

/// A table; the last columns are numbers from `numbers` on.
fn table(page: &mut String, title: &str, head: &[&str], numbers: usize, rows: &[Vec<String>]) {
    let class = |at: usize| if at >= numbers { " class=\"n\"" } else { "" };
    let heads: String = head.iter().enumerate().map(|(at, cell)| format!("<th{}>{cell}</th>", class(at))).collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells: String =
                row.iter().enumerate().map(|(at, cell)| format!("<td{}>{cell}</td>", class(at))).collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    page.push_str(&format!(
        "<section><h2>{title}</h2><div class=\"wide\"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div></section>"
    ));
}

fn bad(count: u64) -> String {
    if count == 0 { "0".to_owned() } else { format!("<em>{count}</em>") }
}

fn timeliness(report: &Report, page: &mut String) {
    let head = [
        "Status 状态",
        "Interface 接口",
        "reported 回传",
        "in time 及时",
        "late 超时",
        "undated 无时间",
        "slowest 最慢",
    ];
    let rows: Vec<Vec<String>> = report
        .timeliness
        .iter()
        .map(|row| {
            vec![
                format!("<code>{}</code> {}", row.status, row.zh),
                format!("<code>{}</code>", row.method),
                row.reported.to_string(),
                row.in_time.to_string(),
                bad(row.late),
                bad(row.undated),
                if row.in_time + row.late == 0 { "–".to_owned() } else { span(row.max_ms) },
            ]
        })
        .collect();
    let limit = report.within_seconds;
    table(page, &format!("Timeliness <i>状态回传 §5.4 · &lt; {limit} s</i>"), &head, 2, &rows);
    if !report.hops.is_empty() {
        let rows: Vec<Vec<String>> = report
            .hops
            .iter()
            .map(|hop| {
                vec![escape(hop.hop), hop.count.to_string(), span(hop.p50_ms), span(hop.p99_ms), span(hop.max_ms)]
            })
            .collect();
        table(page, "From question to answer <i>响应时长</i>", &["Hop", "count", "p50", "p99", "max"], 1, &rows);
    }
}

fn methods(report: &Report, page: &mut String) {
    let head = ["Method 接口", "calls 调用", "errors 错误", "warnings 警告", "p50", "p99", "max"];
    let rows: Vec<Vec<String>> = report
        .methods
        .iter()
        .map(|method| {
            let way = if method.way == "out" { "→ " } else { "← " };
            vec![
                format!("{way}<code>{}</code>", escape(&method.method)),
                method.calls.to_string(),
                bad(method.errors),
                bad(method.warnings),
                span(method.p50_ms),
                span(method.p99_ms),
                span(method.max_ms),
            ]
        })
        .collect();
    table(page, "Methods <i>接口 · → called by the rehearsal, ← called by the party</i>", &head, 1, &rows);
}

fn faults(report: &Report, page: &mut String) {
    if report.faults.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = report
        .faults
        .iter()
        .map(|fault| {
            let met = if fault.met == fault.played { fault.met.to_string() } else { format!("<em>{}</em>", fault.met) };
            vec![format!("<code>{}</code> {}", fault.fault, fault.zh), fault.played.to_string(), met]
        })
        .collect();
    table(page, "Faults on purpose <i>异常场景</i>", &["Fault", "played 次数", "met rightly 正确应对"], 1, &rows);
}

fn load(report: &Report, page: &mut String) {
    let Some(load) = &report.load else { return };
    let head = ["Offered a second", "sent", "good", "failed", "a second", "p50", "p99", "p99.9", "max", ""];
    let rows: Vec<Vec<String>> = load
        .steps
        .iter()
        .map(|step| {
            vec![
                format!("{:.1}", step.rate),
                step.sent.to_string(),
                format!("{} <small>{:.1} %</small>", step.good, step.good_share * 100.0),
                bad(step.failed),
                format!("{:.1}", step.per_second),
                span(step.p50_ms),
                span(step.p99_ms),
                span(step.p999_ms),
                span(step.max_ms),
                step.broke.as_ref().map_or_else(|| "borne".to_owned(), |why| format!("<em>{}</em>", escape(why))),
            ]
        })
        .collect();
    table(page, &format!("Load <i>压测 · {}</i>", escape(load.unit)), &head, 1, &rows);
    if let Some(knee) = load.knee {
        page.push_str(&format!("<p class=\"knee\">Knee 拐点 <b>{knee:.1}</b> {} / s</p>", escape(load.unit)));
    }
}

fn findings(report: &Report, page: &mut String) {
    page.push_str("<section><h2>Findings <i>问题</i></h2>");
    if report.findings.is_empty() {
        page.push_str("<p class=\"none\">None. 无。</p>");
    }
    report.findings.iter().for_each(|finding| page.push_str(&of_finding(finding)));
    page.push_str("</section>");
}

fn of_finding(finding: &Finding) -> String {
    let (en, zh) = finding.severity.words();
    let exchanges: String = finding.exchanges.iter().map(of_exchange).collect();
    format!(
        "<article class=\"{en}\"><h3><span class=\"tag\">{en} {zh}</span> {} <code>{}</code> <small>× {}</small></h3>\
         <p>{}. {}。</p><dl><dt>expected 期望</dt><dd>{}</dd><dt>came 实际</dt><dd>{}</dd></dl>{exchanges}</article>",
        finding.rule,
        escape(&finding.method),
        finding.count,
        escape(finding.asks),
        escape(finding.zh),
        escape(&finding.expected),
        escape(&finding.came)
    )
}

fn of_exchange(exchange: &Exchange) -> String {
    let form = if exchange.form.is_empty() {
        String::new()
    } else {
        format!("<h4>decoded 参数</h4><pre>{}</pre>", escape(&exchange.form))
    };
    format!(
        "<details><summary>exchange 报文 · {} · {} ms</summary><h4>request 请求</h4><pre>{}</pre>{form}<h4>reply 应答</h4><pre>{}</pre></details>",
        escape(&exchange.at),
        exchange.took_ms,
        escape(&exchange.request),
        escape(&exchange.reply)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
