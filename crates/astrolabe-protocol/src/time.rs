//! The wire's clock formats. Instants are epoch milliseconds UTC; the wire writes GMT+8 (`wire.md` §1).

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochMs(pub i64);

/// The platform's zone: GMT+8 all year round.
const GMT_PLUS_8: Offset = Offset::constant(8);
const DATETIME_LEN: usize = "2016-09-22 10:00:00".len();

/// Reads `yyyy-MM-dd HH:mm:ss` in GMT+8, exactly so written.
#[must_use]
pub fn parse_datetime(text: &str) -> Option<EpochMs> {
    let bytes = text.as_bytes();
    if bytes.len() != DATETIME_LEN {
        return None;
    }
    let shape_holds = bytes.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        10 => *byte == b' ',
        13 | 16 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !shape_holds {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i16>().ok();
    let small = |from: usize, to: usize| text[from..to].parse::<i8>().ok();
    let civil =
        DateTime::new(number(0, 4)?, small(5, 7)?, small(8, 10)?, small(11, 13)?, small(14, 16)?, small(17, 19)?, 0)
            .ok()?;
    Some(EpochMs(GMT_PLUS_8.to_timestamp(civil).ok()?.as_millisecond()))
}

/// Writes `yyyy-MM-dd HH:mm:ss` in GMT+8. An instant before the year 0 or after the first day of 9999 is written
/// as that day.
#[must_use]
pub fn format_datetime(at: EpochMs) -> String {
    const YEAR_0: i64 = -62_167_219_200_000;
    const YEAR_9999: i64 = 253_370_764_800_000;
    let within = at.0.clamp(YEAR_0, YEAR_9999);
    let timestamp = jiff::Timestamp::from_millisecond(within).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let civil = GMT_PLUS_8.to_datetime(timestamp);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

/// Reads a request's `timestamp`: `yyyy-MM-dd HH:mm:ss` in GMT+8, or 13 digits of epoch milliseconds.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<EpochMs> {
    const MILLIS_DIGITS: usize = 13;
    if text.len() == MILLIS_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(EpochMs);
    }
    parse_datetime(text)
}

/// Reads opening hours: `HH:MM`, or `HH:MM:SS` whose seconds are cut (wire decision on `startTime`/`endTime`); `24:00` ends
/// a day. Answers the `HH:MM` form.
#[must_use]
pub fn parse_hour_minute(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let two = |part: Option<&str>, max: u8| -> Option<u8> {
        let part = part.filter(|p| (1..=2).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse().ok().filter(|n| *n <= max)
    };
    let (hour, minute) = (two(parts.next(), 24)?, two(parts.next(), 59)?);
    if let Some(second) = parts.next() {
        two(Some(second), 59)?;
    }
    if parts.next().is_some() || (hour == 24 && minute != 0) {
        return None;
    }
    Some(format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_both_forms() {
        let cases = [
            ("2016-09-22 10:00:00", Some(1_474_509_600_000)),
            ("1474509600000", Some(1_474_509_600_000)),
            ("1970-01-01 08:00:00", Some(0)),
            ("2016-02-30 10:00:00", None),
            ("2016-9-22 10:00:00", None),
            ("2016-09-22T10:00:00", None),
            ("147450960000", None),
            ("+474509600000", None),
            ("2016-09-2２ 1000:0", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse_timestamp(text), wanted.map(EpochMs), "{text}");
        }
    }

    #[test]
    fn dates_survive_a_round_trip() {
        for ms in [0, 1_474_509_600_000, 1_795_000_000_000, -1000] {
            assert_eq!(parse_datetime(&format_datetime(EpochMs(ms))), Some(EpochMs(ms)));
        }
        assert_eq!(&format_datetime(EpochMs(i64::MAX))[..4], "9999");
        assert_eq!(&format_datetime(EpochMs(i64::MIN))[..10], "0000-01-01");
    }

    #[test]
    fn opening_hours() {
        let cases = [
            ("09:00", Some("09:00")),
            ("9:30", Some("09:30")),
            ("21:30:59", Some("21:30")),
            ("24:00", Some("24:00")),
            ("24:01", None),
            ("09", None),
            ("09:60", None),
            ("09:00:00:00", None),
            ("-9:00", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse_hour_minute(text).as_deref(), wanted, "{text}");
        }
    }
}
