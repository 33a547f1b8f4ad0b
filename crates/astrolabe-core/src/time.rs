//! Instants and durations in milliseconds, and the one civil calendar the business uses (Asia/Shanghai, no summer time).

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Epoch milliseconds, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// Asia/Shanghai is UTC+8 all year.
const SHANGHAI_OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

impl Millis {
    /// Whole seconds as milliseconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    /// Whole minutes as milliseconds.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * MINUTE_MS)
    }

    /// Whole hours as milliseconds.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * 60 * MINUTE_MS)
    }
}

impl Timestamp {
    /// The whole second this instant lies in; the merchant's `operationTime` is no finer.
    pub fn second(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Days since the epoch on the Shanghai calendar.
    pub fn shanghai_day(self) -> i64 {
        (self.0 + SHANGHAI_OFFSET_MS).div_euclid(DAY_MS)
    }

    /// The first instant of the next day on the Shanghai calendar.
    pub fn next_shanghai_day(self) -> Timestamp {
        Timestamp((self.shanghai_day() + 1) * DAY_MS - SHANGHAI_OFFSET_MS)
    }

    /// Milliseconds since Shanghai midnight.
    pub fn shanghai_time_of_day(self) -> Millis {
        Millis((self.0 + SHANGHAI_OFFSET_MS).rem_euclid(DAY_MS))
    }
}

impl Add<Millis> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Millis;
    fn sub(self, earlier: Timestamp) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Daily opening hours on the Shanghai clock. Equal ends mean always open; an end before the start runs past midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpeningHours {
    pub opens_minute: u16,
    pub closes_minute: u16,
}

impl OpeningHours {
    pub const ALWAYS: OpeningHours = OpeningHours { opens_minute: 0, closes_minute: 0 };

    fn span(self) -> (i64, i64) {
        let opens = i64::from(self.opens_minute) * MINUTE_MS;
        let closes = i64::from(self.closes_minute) * MINUTE_MS;
        let length = (closes - opens).rem_euclid(DAY_MS);
        (opens, if length == 0 { DAY_MS } else { length })
    }

    /// Whether `at` lies in the opening hours; the closing minute does not.
    pub fn contains(self, at: Timestamp) -> bool {
        let (opens, length) = self.span();
        (at.shanghai_time_of_day().0 - opens).rem_euclid(DAY_MS) < length
    }

    /// The first instant after `at` at which they begin.
    pub fn next_opening(self, at: Timestamp) -> Timestamp {
        let (opens, _) = self.span();
        let since_opening = (at.shanghai_time_of_day().0 - opens).rem_euclid(DAY_MS);
        Timestamp(at.0 + DAY_MS - since_opening)
    }

    /// The instant at which `allowed` of open time has passed since `from`: a deadline does not run while the shop is shut.
    pub fn deadline(self, from: Timestamp, allowed: Millis) -> Timestamp {
        let (opens, length) = self.span();
        if length == DAY_MS {
            return from + allowed;
        }
        let since_opening = (from.shanghai_time_of_day().0 - opens).rem_euclid(DAY_MS);
        let (start, left_today) = if since_opening < length {
            (from.0, length - since_opening)
        } else {
            (from.0 + DAY_MS - since_opening, length)
        };
        let allowed = allowed.0.max(0);
        if allowed <= left_today {
            return Timestamp(start + allowed);
        }
        let rest = allowed - left_today;
        let next_opening = start + left_today + (DAY_MS - length);
        Timestamp(next_opening + (rest - 1) / length * DAY_MS + (rest - 1) % length + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT: i64 = -SHANGHAI_OFFSET_MS;

    fn at(hour: i64, minute: i64) -> Timestamp {
        Timestamp(MIDNIGHT + hour * 3_600_000 + minute * MINUTE_MS)
    }

    #[test]
    fn hours_contain_their_first_minute_and_not_their_last_and_begin_once_a_day() {
        let shop = OpeningHours { opens_minute: 9 * 60, closes_minute: 12 * 60 };
        let night = OpeningHours { opens_minute: 22 * 60, closes_minute: 24 * 60 + 2 * 60 };
        let table = [
            (shop, at(8, 59), false, at(9, 0)),
            (shop, at(9, 0), true, at(24 + 9, 0)),
            (shop, at(11, 59), true, at(24 + 9, 0)),
            (shop, at(12, 0), false, at(24 + 9, 0)),
            (night, at(1, 59), true, at(22, 0)),
            (night, at(2, 0), false, at(22, 0)),
            (night, at(23, 0), true, at(24 + 22, 0)),
            (OpeningHours::ALWAYS, at(3, 0), true, at(24, 0)),
        ];
        for (hours, when, open, next) in table {
            assert_eq!((hours.contains(when), hours.next_opening(when)), (open, next), "{hours:?} {when}");
        }
        assert_eq!(at(23, 59).next_shanghai_day(), at(24, 0));
        assert_eq!(at(24, 0).next_shanghai_day(), at(48, 0));
    }

    #[test]
    fn a_deadline_runs_only_while_the_shop_is_open() {
        let shop = OpeningHours { opens_minute: 10 * 60, closes_minute: 22 * 60 };
        let late = OpeningHours { opens_minute: 20 * 60, closes_minute: 2 * 60 };
        let table = [
            (OpeningHours::ALWAYS, at(3, 0), 30, at(3, 30)),
            (shop, at(12, 0), 30, at(12, 30)),
            (shop, at(3, 0), 30, at(10, 30)),
            (shop, at(23, 0), 30, at(24 + 10, 30)),
            (shop, at(21, 50), 30, at(24 + 10, 20)),
            (shop, at(21, 0), 60, at(22, 0)),
            (shop, at(21, 0), 60 + 12 * 60 + 1, at(48 + 10, 1)),
            (late, at(1, 50), 30, at(20, 20)),
        ];
        for (hours, from, minutes, expected) in table {
            assert_eq!(hours.deadline(from, Millis::minutes(minutes)), expected, "{hours:?} {from} {minutes}");
        }
    }
}
