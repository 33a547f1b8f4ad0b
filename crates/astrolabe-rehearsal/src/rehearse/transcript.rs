//! What a rehearsal saw and found, gathered by everybody who takes part in it, bounded whatever happens. It judges nothing:
//! who watches an exchange says what was wrong with it. [`super::report`] is made from it at the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use astrolabe_protocol::EpochMs;
use astrolabe_protocol::time::format_datetime;
use hdrhistogram::Histogram;
use parking_lot::Mutex;

use super::exchange::{Asked, Exchange, Masks};
use super::rules::Rule;
use crate::clock;
use crate::fault::Fault;
use crate::wire::Got;

/// Exchanges kept with one finding.
const EXCHANGES_MAX: usize = 2;
/// Different findings kept; further ones are counted with the last.
const FINDINGS_MAX: usize = 200;
/// Notes kept.
const NOTES_MAX: usize = 50;
/// Times are kept in microseconds up to an hour, to three digits.
const TIME_US_MAX: u64 = 3_600_000_000;
const DIGITS: u8 = 3;
/// A clock may go before ours by so much.
const FUTURE_MS: i64 = 60_000;

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The rehearsal called.
    Out,
    /// The rehearsal was called.
    In,
}

/// Times with their count; absent until something was timed.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Option<Histogram<u64>>);

impl Times {
    pub(super) fn add(&mut self, took: Duration) {
        let histogram = match &mut self.0 {
            Some(histogram) => histogram,
            None => match Histogram::new_with_max(TIME_US_MAX, DIGITS) {
                Ok(histogram) => self.0.insert(histogram),
                Err(_) => return,
            },
        };
        let micros = u64::try_from(took.as_micros()).unwrap_or(TIME_US_MAX);
        histogram.saturating_record(micros.clamp(1, TIME_US_MAX));
    }

    pub(super) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// In milliseconds; 0 when nothing was timed.
    pub(super) fn at(&self, quantile: f64) -> f64 {
        self.0.as_ref().map_or(0.0, |histogram| histogram.value_at_quantile(quantile) as f64 / 1_000.0)
    }
}

/// One method, one way.
#[derive(Debug, Clone, Default)]
pub(super) struct Method {
    pub calls: u64,
    pub times: Times,
}

/// One rule broken at one method in one way.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub count: u64,
    pub expected: String,
    pub came: String,
    pub exchanges: Vec<Exchange>,
}

/// A fault and how it was met.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Played {
    pub times: u64,
    pub missed: u64,
}

/// One row of §5.4.
#[derive(Debug, Clone, Default)]
pub(super) struct Timely {
    pub in_time: u64,
    pub late: u64,
    /// Reports that do not say when it happened, or say a time to come.
    pub undated: u64,
    pub times: Times,
}

/// Everything gathered.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathered {
    pub methods: BTreeMap<(Way, String), Method>,
    pub found: BTreeMap<(Rule, String), Found>,
    pub played: BTreeMap<Fault, Played>,
    pub timely: BTreeMap<(&'static str, &'static str), Timely>,
    pub hops: BTreeMap<&'static str, Times>,
    pub notes: Vec<String>,
}

/// What many tasks write into.
#[derive(Debug)]
pub(super) struct Transcript {
    pub(super) began: EpochMs,
    started: Instant,
    /// §5.4's five minutes, or what a hurried rehearsal takes for them.
    pub(super) within: Duration,
    masks: Masks,
    gathered: Mutex<Gathered>,
}

impl Transcript {
    /// Beginning now.
    pub(super) fn new(within: Duration, masks: Masks) -> Self {
        Self { began: clock::now(), started: Instant::now(), within, masks, gathered: Mutex::default() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn gathered(&self) -> Gathered {
        self.gathered.lock().clone()
    }

    /// Masks an exchange.
    pub(super) fn exchange(&self, took: Duration, asked: Asked<'_>, got: Result<&Got, &str>) -> Exchange {
        self.masks.exchange(format_datetime(clock::now()), took, asked, got)
    }

    /// A call was made or heard.
    pub(super) fn call(&self, way: Way, method: &str, took: Duration) {
        let mut gathered = self.gathered.lock();
        let method = gathered.methods.entry((way, method.to_owned())).or_default();
        method.calls += 1;
        method.times.add(took);
    }

    /// Calls so far, both ways.
    pub(super) fn calls(&self) -> u64 {
        self.gathered.lock().methods.values().map(|method| method.calls).sum()
    }

    /// A rule was broken.
    pub(super) fn find(&self, rule: Rule, method: &str, expected: &str, came: &str, exchange: Option<&Exchange>) {
        let mut gathered = self.gathered.lock();
        let mut key = (rule, method.to_owned());
        if gathered.found.len() >= FINDINGS_MAX && !gathered.found.contains_key(&key) {
            key = (rule, "…".to_owned());
        }
        let found = gathered.found.entry(key).or_insert_with(|| Found {
            count: 0,
            expected: self.masks.hide(expected),
            came: self.masks.hide(came),
            exchanges: Vec::new(),
        });
        found.count += 1;
        if let Some(exchange) = exchange.filter(|_| found.exchanges.len() < EXCHANGES_MAX) {
            found.exchanges.push(exchange.clone());
        }
    }

    /// A fault was played; `met` says whether it was met as it should be.
    pub(super) fn played(&self, fault: Fault, met: bool) {
        let mut gathered = self.gathered.lock();
        let played = gathered.played.entry(fault).or_default();
        played.times += 1;
        played.missed += u64::from(!met);
    }

    /// It showed only later that a fault was not met as it should be.
    pub(super) fn missed(&self, fault: Fault) {
        self.gathered.lock().played.entry(fault).or_default().missed += 1;
    }

    /// Something to say beside.
    pub(super) fn note(&self, text: String) {
        let mut gathered = self.gathered.lock();
        if gathered.notes.len() < NOTES_MAX && !gathered.notes.contains(&text) {
            gathered.notes.push(text);
        }
    }

    /// From one event of an order's life to the next.
    pub(super) fn hop(&self, name: &'static str, took: Duration) {
        self.gathered.lock().hops.entry(name).or_default().add(took);
    }

    /// A status was reported and taken: learnt now, happened when it says (§5.4). `Err` is the rule it breaks.
    pub(super) fn reported(
        &self,
        status: &'static str,
        method: &'static str,
        happened: Option<EpochMs>,
    ) -> Result<(), (Rule, String)> {
        let now = clock::now();
        let mut gathered = self.gathered.lock();
        let timely = gathered.timely.entry((status, method)).or_default();
        let Some(happened) = happened else {
            timely.undated += 1;
            return Err((Rule::TimestampMissing, "no time".to_owned()));
        };
        let after_ms = now.0 - happened.0;
        if after_ms < -FUTURE_MS {
            timely.undated += 1;
            return Err((Rule::TimestampFuture, format!("{} s from now", -after_ms / 1_000)));
        }
        let took = Duration::from_millis(after_ms.max(0).unsigned_abs());
        timely.times.add(took);
        if took < self.within {
            timely.in_time += 1;
            return Ok(());
        }
        timely.late += 1;
        Err((Rule::Late, format!("learnt {} s after it happened", took.as_secs())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_in_time_late_undated_or_to_come() {
        let transcript = Transcript::new(Duration::from_secs(300), Masks::default());
        let now = clock::now().0;
        let at = |ms: i64| Some(EpochMs(now + ms));
        let table = [
            (at(0), None),
            (at(-299_000), None),
            (at(30_000), None),
            (at(-300_000), Some(Rule::Late)),
            (at(3_600_000), Some(Rule::TimestampFuture)),
            (None, Some(Rule::TimestampMissing)),
        ];
        for (happened, broken) in table {
            let judged = transcript.reported("S", "m", happened).err().map(|(rule, _)| rule);
            assert_eq!(judged, broken, "{happened:?}");
        }
        let gathered = transcript.gathered();
        let row = &gathered.timely[&("S", "m")];
        assert_eq!((row.in_time, row.late, row.undated), (3, 1, 2));
        assert!(row.times.at(1.0) >= 300_000.0, "{}", row.times.at(1.0));
    }

    #[test]
    fn equal_findings_are_one_and_keep_few_exchanges() {
        let transcript = Transcript::new(Duration::from_secs(300), Masks::default());
        let asked = Asked { verb: "POST", target: "/", content_type: None, body: b"" };
        let exchange = transcript.exchange(Duration::ZERO, asked, Err("none"));
        (0..9).for_each(|_| transcript.find(Rule::NoAnswer, "m", "an answer", "none", Some(&exchange)));
        (0..1_000).for_each(|n| transcript.find(Rule::NoAnswer, &n.to_string(), "", "", None));
        let found = transcript.gathered().found;
        assert_eq!(found[&(Rule::NoAnswer, "m".to_owned())].count, 9);
        assert_eq!(found[&(Rule::NoAnswer, "m".to_owned())].exchanges.len(), EXCHANGES_MAX);
        assert!(found.len() <= FINDINGS_MAX + 1);
    }
}
