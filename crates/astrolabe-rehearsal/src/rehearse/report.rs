//! What a rehearsal found, method by method.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::tally::{REPORT_WITHIN, Tally};

/// Reasons that are kept for one method.
const REASONS_MAX: usize = 5;

/// One method, or one fault that was rehearsed with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct MethodReport {
    /// Calls that went as they should: faults count as well if they were met rightly.
    pub ok: u64,
    /// Calls that did not.
    pub failed: u64,
    /// The slowest answer, in milliseconds.
    pub slowest_ms: u64,
    /// Answers beyond the five minutes of white paper §5.4.
    pub beyond_five_minutes: u64,
    /// Why calls failed, the first few.
    pub reasons: Vec<String>,
}

/// The whole rehearsal.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PartyReport {
    /// By method; a fault stands as `method (fault)`.
    pub methods: BTreeMap<String, MethodReport>,
    /// What the report cannot say.
    pub notes: Vec<String>,
}

impl PartyReport {
    pub(super) fn add(&mut self, name: &str, took: Duration, outcome: Result<(), String>) {
        let method = self.methods.entry(name.to_owned()).or_default();
        method.slowest_ms = method.slowest_ms.max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        method.beyond_five_minutes += u64::from(took >= REPORT_WITHIN);
        match outcome {
            Ok(()) => method.ok += 1,
            Err(why) => {
                method.failed += 1;
                if method.reasons.len() < REASONS_MAX && !method.reasons.contains(&why) {
                    method.reasons.push(why);
                }
            }
        }
    }

    pub(super) fn of_tally(tally: &Tally) -> Self {
        let mut report = Self::default();
        for (name, took) in tally.times() {
            let slowest_ms = u64::try_from(took.slowest.as_millis()).unwrap_or(u64::MAX);
            let method = MethodReport {
                ok: took.answers,
                slowest_ms,
                beyond_five_minutes: took.late,
                ..MethodReport::default()
            };
            report.methods.insert(name.to_owned(), method);
        }
        for (text, count) in tally.errors() {
            let (name, why) = text.split_once(": ").unwrap_or((text.as_str(), ""));
            let method = report.methods.entry(name.to_owned()).or_default();
            method.failed += count;
            if method.reasons.len() < REASONS_MAX {
                method.reasons.push(why.to_owned());
            }
        }
        report
    }

    /// Whether everything went as it should, within five minutes, and anything went at all.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.methods.is_empty()
            && self.methods.values().all(|method| method.failed == 0 && method.beyond_five_minutes == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_or_failed_call_fails_the_rehearsal() {
        let mut report = PartyReport::default();
        assert!(!report.passed());
        report.add("m", Duration::from_millis(5), Ok(()));
        assert!(report.passed());
        let mut late = report.clone();
        late.add("m", Duration::from_secs(300), Ok(()));
        assert!(!late.passed());
        report.add("m", Duration::from_millis(9), Err("why".into()));
        assert!(!report.passed());
        assert_eq!(report.methods["m"].slowest_ms, 9);
    }
}
