//! When a call outward is tried again, and when it is given up.

use astrolabe_core::time::{Millis, Timestamp};

/// Seconds after the first attempt: densely for five minutes, then widening to 72 hours.
const SCHEDULE_S: [i64; 25] = [
    0, 1, 3, 8, 20, 45, 90, 150, 240, 480, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 32_400, 43_200, 64_800,
    86_400, 129_600, 172_800, 216_000, 259_200,
];
/// How long a receiver's own "try later" (`isp.*`, `5xx`) is believed.
const FAULT_FOR_S: i64 = 300;
/// How far an attempt may be behind its place in the schedule and still be made as soon as it can.
const BEHIND_S_MAX: i64 = 300;
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
            Some(seconds) if seconds <= FAULT_FOR_S => {
                Next::RetryAt(at(attempts, seconds, made_at, now, jitter), error)
            }
            Some(_) | None => Next::GiveUp(error),
        },
        Ending::Unreachable(error) => match slot(attempts) {
            Some(seconds) => Next::RetryAt(at(attempts, seconds, made_at, now, jitter), error),
            None => Next::GiveUp(error),
        },
    }
}

fn slot(attempts: u32) -> Option<i64> {
    SCHEDULE_S.get(usize::try_from(attempts).unwrap_or(usize::MAX)).copied()
}

/// A call that is far behind its schedule, because it was sent again by hand or nobody served it for long, goes on by the
/// schedule's gaps: it does not catch up on a receiver that is down.
fn at(attempts: u32, seconds: i64, made_at: Timestamp, now: Timestamp, jitter: i64) -> Timestamp {
    let planned = made_at + Millis::seconds(seconds);
    if planned + Millis::seconds(BEHIND_S_MAX) < now {
        let gap = seconds - slot(attempts.saturating_sub(1)).unwrap_or_default();
        return now + Millis::seconds(gap);
    }
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
    fn a_call_far_behind_its_schedule_goes_on_by_gaps() {
        let now = Timestamp(86_400_000);
        // Attempts made, when the call was made, and the seconds until the next.
        let table = [(1, 0, 1), (3, 0, 5), (19, 0, 21_600), (5, 86_395_000, 40), (4, 86_300_000, 0)];
        for (attempts, made_at, seconds) in table {
            let next = after(Ending::Unreachable(String::new()), attempts, Timestamp(made_at), now, 0);
            let Next::RetryAt(at, _) = next else { panic!("a retry") };
            assert_eq!((at - now).0 / 1_000, seconds, "{attempts} attempts, made at {made_at}");
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
