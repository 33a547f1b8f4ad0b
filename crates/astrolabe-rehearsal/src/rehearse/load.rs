//! How much a party bears: open-loop steps at growing rates. A step's latency counts from the instant its request was due, so a
//! stall shows in everything it delayed. The knee is the last rate that was borne before one that was not.

use serde::Serialize;

use super::transcript::Times;

/// A step is borne if this share of it was answered well and in time …
const GOOD_SHARE_MIN: f64 = 0.99;
/// … if 99 of 100 took no longer than this, in milliseconds …
const P99_MS_MAX: f64 = 2_000.0;
/// … and if this share of the rate got through; the last answer's own time does not count against it.
const THROUGHPUT_SHARE_MIN: f64 = 0.8;
/// Doublings at most.
const DOUBLINGS_MAX: u32 = 14;
/// Steps between the last rate that was borne and the first that was not.
const HALVINGS: u32 = 2;

/// One rate, held for some seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Requests a second that were aimed at.
    pub rate: f64,
    /// For so many seconds.
    pub seconds: u64,
    /// Requests sent.
    pub sent: u64,
    /// Of these, answered well and within the five minutes (or what was taken for them).
    pub good: u64,
    /// Of these, failed or never answered.
    pub failed: u64,
    /// Well answered a second, from the first request to the last answer.
    pub per_second: f64,
    /// From the first request to the last answer, in seconds.
    pub lasted: f64,
    /// `good` of `sent`.
    pub good_share: f64,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// 99.9th percentile.
    pub p999_ms: f64,
    /// Longest.
    pub max_ms: f64,
    /// Why the step counts as not borne; nothing if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broke: Option<String>,
}

/// All steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadReport {
    /// What is counted.
    pub unit: &'static str,
    /// In the order they were run.
    pub steps: Vec<StepReport>,
    /// The highest rate that was borne, where it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knee: Option<f64>,
}

/// What a step brought, before it is judged.
#[derive(Debug, Clone, Default)]
pub(super) struct StepSeen {
    pub sent: u64,
    pub good: u64,
    pub failed: u64,
    /// From the first request due to the last answer, in seconds.
    pub lasted: f64,
    pub times: Times,
}

impl StepReport {
    pub(super) fn of(rate: f64, seconds: u64, seen: &StepSeen) -> Self {
        let mut report = Self {
            rate,
            seconds,
            sent: seen.sent,
            good: seen.good,
            failed: seen.failed,
            per_second: seen.good as f64 / seen.lasted.max(0.001),
            lasted: seen.lasted,
            good_share: seen.good as f64 / (seen.sent.max(1)) as f64,
            p50_ms: seen.times.at(0.5),
            p99_ms: seen.times.at(0.99),
            p999_ms: seen.times.at(0.999),
            max_ms: seen.times.at(1.0),
            broke: None,
        };
        report.broke = report.why_broke();
        report
    }

    fn why_broke(&self) -> Option<String> {
        if self.good_share < GOOD_SHARE_MIN {
            return Some(format!("{:.1} % answered well", self.good_share * 100.0));
        }
        if self.p99_ms > P99_MS_MAX {
            return Some(format!("p99 {:.0} ms", self.p99_ms));
        }
        let through = self.good as f64 / (self.lasted - self.p50_ms / 1_000.0).max(0.001);
        let slow = through < self.rate * THROUGHPUT_SHARE_MIN;
        slow.then(|| format!("{through:.1} a second got through"))
    }
}

/// Doubles the rate until a step breaks, then looks between the last two. `step` holds one rate.
pub(super) async fn climb<S>(unit: &'static str, first: f64, mut step: S) -> LoadReport
where
    S: AsyncFnMut(f64) -> StepReport,
{
    let mut steps = Vec::new();
    let (mut borne, mut broken) = (None, None);
    let mut rate = first;
    for _ in 0..DOUBLINGS_MAX {
        let report = step(rate).await;
        let held = report.broke.is_none();
        steps.push(report);
        if !held {
            broken = Some(rate);
            break;
        }
        borne = Some(rate);
        rate *= 2.0;
    }
    for _ in 0..HALVINGS {
        let (Some(low), Some(high)) = (borne, broken) else { break };
        let between = ((low + high) / 2.0_f64).round().max(low);
        if between <= low || between >= high {
            break;
        }
        let report = step(between).await;
        if report.broke.is_none() {
            borne = Some(between)
        } else {
            broken = Some(between)
        }
        steps.push(report);
    }
    LoadReport { unit, steps, knee: borne }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A party that answers so many a second and falls behind beyond that.
    fn held(rate: f64, bears: f64) -> StepReport {
        let mut seen = StepSeen { sent: (rate * 10.0) as u64, lasted: 10.0, ..StepSeen::default() };
        seen.good = seen.sent;
        let late = if rate > bears { 9_000 } else { 20 };
        (0..seen.sent).for_each(|_| seen.times.add(Duration::from_millis(late)));
        StepReport::of(rate, 10, &seen)
    }

    #[tokio::test]
    async fn the_knee_lies_below_what_breaks() {
        let report = climb("calls", 10.0, async |rate| held(rate, 55.0)).await;
        let rates: Vec<f64> = report.steps.iter().map(|step| step.rate).collect();
        assert_eq!(rates, [10.0, 20.0, 40.0, 80.0, 60.0, 50.0]);
        assert_eq!(report.knee, Some(50.0));
        assert!(report.steps[3].broke.as_deref().is_some_and(|why| why.contains("p99")));
        let none = climb("calls", 100.0, async |rate| held(rate, 55.0)).await;
        assert_eq!((none.knee, none.steps.len()), (None, 1));
    }

    #[test]
    fn a_queue_that_drains_long_after_breaks_a_step() {
        let mut seen = StepSeen { sent: 150, good: 150, lasted: 3.7, ..StepSeen::default() };
        (0..150).for_each(|_| seen.times.add(Duration::from_millis(450)));
        let broke = StepReport::of(150.0, 1, &seen).broke;
        assert!(broke.as_deref().is_some_and(|why| why.contains("got through")), "{broke:?}");
        seen.lasted = 1.45;
        assert_eq!(StepReport::of(150.0, 1, &seen).broke, None);
    }

    #[test]
    fn a_lost_hundredth_breaks_a_step() {
        let mut seen = StepSeen { sent: 100, good: 98, failed: 2, lasted: 1.0, ..StepSeen::default() };
        seen.times.add(Duration::from_millis(1));
        assert!(StepReport::of(100.0, 1, &seen).broke.is_some());
        seen.good = 99;
        assert_eq!(StepReport::of(100.0, 1, &seen).broke, None);
    }
}
