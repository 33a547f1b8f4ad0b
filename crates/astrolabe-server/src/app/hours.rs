//! Times of day as people and connectors write them: `HH:MM`, and `HH:MM-HH:MM` for a window. Seconds are cut; `24:00` ends
//! a day. What a window means is the core's.

use astrolabe_core::time::OpeningHours;
use astrolabe_protocol::time::parse_hour_minute;

/// Minutes since midnight; `24:00` is 1440.
pub(crate) fn minute_of_day(text: &str) -> Option<u16> {
    let text = parse_hour_minute(text.trim())?;
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    Some(hour * 60 + minute)
}

/// The `HH:MM` of minutes since midnight.
pub(crate) fn hour_minute(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A window of two times; one that ends before it starts runs past midnight.
pub(crate) fn window(text: &str) -> Option<OpeningHours> {
    let (opens, closes) = text.split_once('-')?;
    Some(OpeningHours { opens_minute: minute_of_day(opens)?, closes_minute: minute_of_day(closes)? })
}

/// As [`window`] reads it.
pub(crate) fn window_text(window: OpeningHours) -> String {
    format!("{}-{}", hour_minute(window.opens_minute), hour_minute(window.closes_minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_windows_read_back_as_written() {
        for text in ["00:00", "09:30", "23:59", "24:00"] {
            assert_eq!(minute_of_day(text).map(hour_minute).as_deref(), Some(text));
        }
        for text in ["25:00", "24:01", "09", "-1:00", ""] {
            assert_eq!(minute_of_day(text), None, "{text}");
        }
        for text in ["09:00-12:00", "18:00-02:00", "00:00-24:00"] {
            assert_eq!(window(text).map(window_text).as_deref(), Some(text));
        }
        assert_eq!(window(" 9:00 - 12:00:30 ").map(window_text).as_deref(), Some("09:00-12:00"));
        for text in ["09:00", "09:00-12:00-13:00", "09:00~12:00", "09:00-25:00", "-"] {
            assert_eq!(window(text), None, "{text}");
        }
    }
}
