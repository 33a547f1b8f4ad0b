//! What a measurement found: throughput, and the latency of every kind of step.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Latencies are kept in microseconds up to a minute, to three digits.
const LATENCY_US_MAX: u64 = 60_000_000;
const DIGITS: u8 = 3;
/// Different errors that are named.
const ERRORS_KEPT_MAX: usize = 20;

/// What one connection saw; merged into a [`Report`] at the end.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    steps: BTreeMap<&'static str, Option<Histogram<u64>>>,
    errors: BTreeMap<String, u64>,
    done: u64,
}

impl Seen {
    /// A step took this long.
    pub fn step(&mut self, name: &'static str, took: Duration) {
        let slot = self.steps.entry(name).or_default();
        let histogram = match slot {
            Some(histogram) => histogram,
            None => match Histogram::new_with_max(LATENCY_US_MAX, DIGITS) {
                Ok(histogram) => slot.insert(histogram),
                Err(_) => return,
            },
        };
        let micros = u64::try_from(took.as_micros()).unwrap_or(LATENCY_US_MAX);
        histogram.saturating_record(micros.clamp(1, LATENCY_US_MAX));
    }

    /// One of what the scenario counts is done.
    pub fn done(&mut self) {
        self.done += 1;
    }

    /// Something went wrong.
    pub fn error(&mut self, why: String) {
        if self.errors.len() < ERRORS_KEPT_MAX || self.errors.contains_key(&why) {
            *self.errors.entry(why).or_default() += 1;
        } else {
            *self.errors.entry("others".to_owned()).or_default() += 1;
        }
    }

    /// Adds another connection's.
    pub fn merge(&mut self, other: Self) {
        for (name, histogram) in other.steps {
            let Some(theirs) = histogram else { continue };
            match self.steps.entry(name).or_default() {
                Some(mine) => {
                    // Same bounds and digits on both sides: adding cannot fail.
                    if mine.add(&theirs).is_err() {
                        tracing::error!(name, "two histograms of different form");
                    }
                }
                slot => *slot = Some(theirs),
            }
        }
        for (why, count) in other.errors {
            *self.errors.entry(why).or_default() += count;
        }
        self.done += other.done;
    }
}

/// The latency of one kind of step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Its name.
    pub step: String,
    /// How many were counted.
    pub count: u64,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// Longest, in milliseconds.
    pub max_ms: f64,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The scenario.
    pub scenario: String,
    /// What is counted: orders, or durable steps.
    pub unit: String,
    /// Connections to the server.
    pub connections: usize,
    /// Requests a second that were aimed at; nothing in a closed loop.
    pub offered_per_second: Option<f64>,
    /// The measured span, in seconds.
    pub seconds: f64,
    /// How many were done in it.
    pub done: u64,
    /// `done` a second.
    pub per_second: f64,
    /// Latencies.
    pub steps: Vec<StepReport>,
    /// Errors with how often each came.
    pub errors: BTreeMap<String, u64>,
}

impl Report {
    /// Puts it together.
    #[must_use]
    pub fn of(scenario: &str, unit: &str, connections: usize, offered: Option<f64>, seconds: f64, seen: Seen) -> Self {
        let steps = seen
            .steps
            .into_iter()
            .filter_map(|(name, histogram)| histogram.map(|histogram| step_report(name, &histogram)));
        Self {
            scenario: scenario.to_owned(),
            unit: unit.to_owned(),
            connections,
            offered_per_second: offered,
            seconds,
            done: seen.done,
            per_second: seen.done as f64 / seconds.max(f64::MIN_POSITIVE),
            steps: steps.collect(),
            errors: seen.errors,
        }
    }

    /// How many errors in all.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }

    /// The report of one step.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&StepReport> {
        self.steps.iter().find(|step| step.step == name)
    }
}

fn step_report(name: &str, histogram: &Histogram<u64>) -> StepReport {
    let ms = |micros: u64| micros as f64 / 1_000.0;
    StepReport {
        step: name.to_owned(),
        count: histogram.len(),
        p50_ms: ms(histogram.value_at_quantile(0.5)),
        p99_ms: ms(histogram.value_at_quantile(0.99)),
        max_ms: ms(histogram.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_percentiles_are_of_all_connections() {
        let (mut one, mut two) = (Seen::default(), Seen::default());
        (0..99).for_each(|_| one.step("reserve", Duration::from_millis(2)));
        two.step("reserve", Duration::from_millis(500));
        two.done();
        two.error("x".into());
        one.merge(two);
        let report = Report::of("s", "u", 2, None, 2.0, one);
        let step = report.step("reserve").unwrap();
        assert_eq!(step.count, 100);
        assert!((step.p50_ms - 2.0).abs() < 0.01 && step.p99_ms < 3.0 && step.max_ms > 499.0, "{step:?}");
        assert_eq!((report.done, report.per_second, report.error_count()), (1, 0.5, 1));
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }
}
