//! When a call outward is tried again, and when it is given up.

use astrolabe_core::time::{Millis, Timestamp};

/// Seconds after the first attempt: densely for five minutes, then widening to 72 hours.
const SCHEDULE_S: [i64; 25] = [
    0, 1, 3, 8, 20, 45, 90, 150, 240, 480, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 32_400, 43_200, 64_800,
    86_400, 129_600, 172_800, 216_000, 259_200,
];
/// How long a receiver's own "try later" (`isp.*`, `5xx`) is believed.
const FAULT_FOR_S: i64 = 300;
/// Attempts move by at most this share, so that a receiver that comes back is not hit by all at once.
const JITTER_PERCENT: i64 = 10;

/// How one attempt ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    Delivered,
    /// A time-out, a connection error, a status other than 2xx, an unreadable body: follows the schedule to its end.
    Unreachable(String),
    /// A readable answer that says "try later".
    Fault(String),
    /// A readable answer that says no.
    Refused(String),
    /// The receiver has no address.
    NoAddress,
}

/// What follows an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Done,
    Skip,
    RetryAt(Timestamp, String),
    GiveUp(String),
}

/// What follows the `attempts`-th attempt (from 1) of a call made at `made_at`. `jitter` is −1000 … 1000 (‰ of the
/// allowed share).
pub(super) fn after(ending: Ending, attempts: u32, made_at: Timestamp, now: Timestamp, jitter: i64) -> Next {
    match ending {
        Ending::Delivered => Next::Done,
        Ending::NoAddress => Next::Skip,
        Ending::Refused(error) => Next::GiveUp(error),
        Ending::Fault(error) => match slot(attempts) {
            Some(seconds) if seconds <= FAULT_FOR_S => Next::RetryAt(at(seconds, made_at, now, jitter), error),
            Some(_) | None => Next::GiveUp(error),
        },
        Ending::Unreachable(error) => match slot(attempts) {
            Some(seconds) => Next::RetryAt(at(seconds, made_at, now, jitter), error),
            None => Next::GiveUp(error),
        },
    }
}

fn slot(attempts: u32) -> Option<i64> {
    SCHEDULE_S.get(usize::try_from(attempts).unwrap_or(usize::MAX)).copied()
}

fn at(seconds: i64, made_at: Timestamp, now: Timestamp, jitter: i64) -> Timestamp {
    let planned = made_at + Millis::seconds(seconds);
    let share = seconds * 1_000 * JITTER_PERCENT / 100 * jitter.clamp(-1_000, 1_000) / 1_000;
    // An attempt that itself took long is followed after a pause, not at once.
    (planned + Millis(share)).max(now + Millis(500))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_attempts_in_five_minutes_and_twenty_four_in_three_days() {
        let within = |seconds: i64| SCHEDULE_S.iter().filter(|slot| **slot <= seconds).count();
        assert!(within(300) >= 9, "{}", within(300));
        assert!(within(72 * 3_600) >= 24, "{}", within(72 * 3_600));
        assert!(SCHEDULE_S.is_sorted());
    }

    #[test]
    fn endings_lead_where_they_should() {
        let made = Timestamp(0);
        let error = || "e".to_owned();
        let table = [
            (Ending::Delivered, 1, Next::Done),
            (Ending::NoAddress, 1, Next::Skip),
            (Ending::Refused(error()), 1, Next::GiveUp(error())),
            (Ending::Unreachable(error()), 1, Next::RetryAt(Timestamp(1_000), error())),
            (Ending::Unreachable(error()), 9, Next::RetryAt(Timestamp(480_000), error())),
            (Ending::Unreachable(error()), 25, Next::GiveUp(error())),
            (Ending::Fault(error()), 8, Next::RetryAt(Timestamp(240_000), error())),
            (Ending::Fault(error()), 9, Next::GiveUp(error())),
        ];
        for (ending, attempts, expected) in table {
            assert_eq!(after(ending.clone(), attempts, made, made, 0), expected, "{ending:?} {attempts}");
        }
    }

    #[test]
    fn jitter_stays_within_its_share() {
        for jitter in [-5_000, -1_000, 0, 1_000, 5_000] {
            let Next::RetryAt(at, _) = after(Ending::Unreachable(String::new()), 6, Timestamp(0), Timestamp(0), jitter)
            else {
                panic!("a retry")
            };
            assert!((81_000..=99_000).contains(&at.0), "{at}");
        }
    }
}
