//! The report of a rehearsal: method by method, the six rows of §5.4, faults and how they were met, findings with the exchange that
//! shows each, load, and a verdict. It is made from a transcript once, and written as JSON, Markdown or one HTML page.

mod html;
mod markdown;

use std::path::Path;

use astrolabe_protocol::time::format_datetime;
use serde::Serialize;

use super::doors::ROWS;
use super::exchange::Exchange;
use super::load::LoadReport;
use super::rules::{Rule, Severity};
use super::transcript::{Transcript, Way};
use crate::fault::Fault;

/// Everything, in the order it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Who was rehearsed, or played.
    pub party: &'static str,
    /// `driven` or `played`.
    pub how: &'static str,
    /// Shanghai time.
    pub began: String,
    /// How long it took.
    pub seconds: f64,
    /// §5.4's limit as it was applied, in seconds.
    pub within_seconds: u64,
    /// Whether there is no finding of severity `error`.
    pub passed: bool,
    /// By method and way.
    pub methods: Vec<MethodReport>,
    /// The rows of §5.4.
    pub timeliness: Vec<TimelyReport>,
    /// From one event to the next.
    pub hops: Vec<HopReport>,
    /// What was done wrongly on purpose.
    pub faults: Vec<FaultReport>,
    /// Most serious first.
    pub findings: Vec<Finding>,
    /// How much was borne.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadReport>,
    /// What the report cannot say otherwise.
    pub notes: Vec<String>,
}

/// One method, one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodReport {
    /// Its name.
    pub method: String,
    /// `out`: the rehearsal called it; `in`: it was called.
    pub way: &'static str,
    /// Calls.
    pub calls: u64,
    /// Breaches that weigh as errors.
    pub errors: u64,
    /// Breaches that weigh as warnings.
    pub warnings: u64,
    /// Median answer, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Slowest.
    pub max_ms: f64,
}

/// One row of §5.4.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimelyReport {
    /// The status.
    pub status: &'static str,
    /// What it says, in Chinese.
    pub zh: &'static str,
    /// The interface.
    pub method: &'static str,
    /// Reports taken.
    pub reported: u64,
    /// Learnt within the limit after they happened.
    pub in_time: u64,
    /// Learnt later.
    pub late: u64,
    /// Without a time, or with one to come.
    pub undated: u64,
    /// Longest from happening to learning, in milliseconds.
    pub max_ms: f64,
}

/// From one event to the next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HopReport {
    /// Which events.
    pub hop: &'static str,
    /// How often.
    pub count: u64,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Longest.
    pub max_ms: f64,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultReport {
    /// Its name.
    pub fault: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// How often it was played.
    pub played: u64,
    /// How often it was met as it should be.
    pub met: u64,
}

/// One rule broken at one method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// Its weight.
    pub severity: Severity,
    /// What the rule asks for.
    pub asks: &'static str,
    /// The same in Chinese.
    pub zh: &'static str,
    /// The method.
    pub method: String,
    /// How often.
    pub count: u64,
    /// What was expected, the first time.
    pub expected: String,
    /// What came, the first time.
    pub came: String,
    /// The first exchanges that show it.
    pub exchanges: Vec<Exchange>,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file's name says no format.
    #[error("{0}: a report ends in .md, .json or .html")]
    Format(String),
    /// It cannot be made JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It cannot be written.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
}

impl Report {
    /// Makes it. `faults` are those that were planned, played or not.
    pub(super) fn of(
        party: &'static str,
        how: &'static str,
        transcript: &Transcript,
        faults: &[Fault],
        load: Option<LoadReport>,
    ) -> Self {
        if transcript.gathered().methods.is_empty() {
            transcript.find(Rule::NothingHappened, "–", "calls", "none", None);
        }
        let gathered = transcript.gathered();
        let weight = |name: &str, severity: Severity| {
            let of_method =
                gathered.found.iter().filter(|((rule, method), _)| method == name && rule.severity() == severity);
            of_method.map(|(_, found)| found.count).sum::<u64>()
        };
        let methods = gathered.methods.iter().map(|((way, name), method)| MethodReport {
            method: name.clone(),
            way: match way {
                Way::Out => "out",
                Way::In => "in",
            },
            calls: method.calls,
            errors: weight(name, Severity::Error),
            warnings: weight(name, Severity::Warning),
            p50_ms: method.times.at(0.5),
            p99_ms: method.times.at(0.99),
            max_ms: method.times.at(1.0),
        });
        let timeliness = ROWS.iter().map(|(status, zh, method)| {
            let row = gathered.timely.get(&(*status, *method)).cloned().unwrap_or_default();
            TimelyReport {
                status,
                zh,
                method,
                reported: row.in_time + row.late + row.undated,
                in_time: row.in_time,
                late: row.late,
                undated: row.undated,
                max_ms: row.times.at(1.0),
            }
        });
        let hops = gathered.hops.iter().map(|(hop, times)| HopReport {
            hop,
            count: times.count(),
            p50_ms: times.at(0.5),
            p99_ms: times.at(0.99),
            max_ms: times.at(1.0),
        });
        let faults = faults.iter().map(|fault| {
            let played = gathered.played.get(fault).copied().unwrap_or_default();
            let met = played.times.saturating_sub(played.missed);
            FaultReport { fault: fault.name(), zh: fault.zh(), played: played.times, met }
        });
        let mut findings: Vec<Finding> = gathered.found.iter().map(finding).collect();
        findings.sort_by(|a, b| (a.severity, &a.method, a.rule).cmp(&(b.severity, &b.method, b.rule)));
        Self {
            party,
            how,
            began: format_datetime(transcript.began),
            seconds: transcript.elapsed().as_secs_f64(),
            within_seconds: transcript.within.as_secs(),
            passed: findings.iter().all(|finding| finding.severity != Severity::Error),
            methods: methods.collect(),
            timeliness: timeliness.collect(),
            hops: hops.collect(),
            faults: faults.collect(),
            findings,
            load,
            notes: gathered.notes.clone(),
        }
    }

    /// Whether the rehearsal is passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// How many findings of a weight there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::write(self)
    }

    /// As one HTML page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        html::write(self)
    }

    /// Writes it in the format that the file's name says.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let shown = path.display().to_string();
        let text = match path.extension().and_then(|ending| ending.to_str()) {
            Some("md") => self.markdown(),
            Some("json") => serde_json::to_string_pretty(self)? + "\n",
            Some("html") => self.html(),
            Some(_) | None => return Err(WriteError::Format(shown)),
        };
        std::fs::write(path, text).map_err(|error| WriteError::Io(shown, error))
    }
}

fn finding(((rule, method), found): (&(Rule, String), &super::transcript::Found)) -> Finding {
    let (asks, zh) = rule.words();
    Finding {
        rule: rule.name(),
        severity: rule.severity(),
        asks,
        zh,
        method: method.clone(),
        count: found.count,
        expected: found.expected.clone(),
        came: found.came.clone(),
        exchanges: found.exchanges.clone(),
    }
}

/// Milliseconds for people: `3 ms`, `1.2 s`, `5 min`.
#[must_use]
pub fn span(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1_000.0 {
        format!("{ms:.0} ms")
    } else if ms < 120_000.0 {
        format!("{:.1} s", ms / 1_000.0)
    } else {
        format!("{:.1} min", ms / 60_000.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rehearse::exchange::{Asked, Masks};

    fn report(rules: &[Rule]) -> Report {
        let transcript = Transcript::new(Duration::from_secs(300), Masks::default());
        transcript.call(Way::Out, "m", Duration::from_millis(3));
        let asked = Asked { verb: "POST", target: "/spi?a=<b>", content_type: None, body: b"{}" };
        let exchange = transcript.exchange(Duration::ZERO, asked, Err("none"));
        rules.iter().for_each(|rule| transcript.find(*rule, "m", "<expected>", "came|so", Some(&exchange)));
        transcript.played(Fault::BadSign, true);
        transcript.played(Fault::BadSign, false);
        Report::of("isv", "driven", &transcript, &[Fault::BadSign, Fault::Late], None)
    }

    #[test]
    fn errors_fail_and_warnings_do_not() {
        assert!(report(&[]).passed());
        assert!(report(&[Rule::StaleTaken, Rule::FieldUnknown]).passed());
        let failed = report(&[Rule::StaleTaken, Rule::NoAnswer]);
        assert!(!failed.passed());
        assert_eq!(failed.findings[0].rule, "no-answer", "errors first");
        assert_eq!((failed.methods[0].errors, failed.methods[0].warnings), (1, 1));
        assert_eq!(failed.timeliness.len(), 6);
        assert_eq!((failed.faults[0].played, failed.faults[0].met, failed.faults[1].played), (2, 1, 0));
        let empty = Transcript::new(Duration::from_secs(300), Masks::default());
        assert!(!Report::of("isv", "driven", &empty, &[], None).passed(), "nothing happened");
    }

    #[test]
    fn every_format_has_the_findings_and_html_is_escaped_and_alone() {
        let report = report(&[Rule::NoAnswer]);
        let (markdown, html) = (report.markdown(), report.html());
        for text in [&markdown, &html, &serde_json::to_string(&report).unwrap()] {
            for word in ["no-answer", "X_SHOP_DENY", "bad-sign", "taobao.omniorder.store.consigned"] {
                assert!(text.contains(word), "{word} in {text}");
            }
        }
        assert!(html.contains("/spi?a=&lt;b&gt;") && !html.contains("a=<b>"));
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("<script src"));
        assert!(markdown.contains("came\\|so"));
        let dir = tempfile::tempdir().unwrap();
        for name in ["r.md", "r.json", "r.html"] {
            report.write(&dir.path().join(name)).unwrap();
        }
        assert!(matches!(report.write(&dir.path().join("r.pdf")), Err(WriteError::Format(_))));
    }

    #[test]
    fn spans() {
        assert_eq!([0.52, 42.0, 1_240.0, 300_000.0].map(span), ["0.5 ms", "42 ms", "1.2 s", "5.0 min"]);
    }
}
