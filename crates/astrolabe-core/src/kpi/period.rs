//! Days and months of the Shanghai calendar as numbers, and a range of days as few whole periods.

/// Days since 1970; the civil calendar repeats every 400 years of so many days.
const DAYS_OF_400_YEARS: i64 = 146_097;
/// 1970-01-01 counted from 0000-03-01, with which the leap day ends a year.
const EPOCH_FROM_MARCH: i64 = 719_468;

/// How long the time is that a figure adds up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grain {
    Day,
    Month,
}

impl Grain {
    /// Both.
    pub const ALL: [Grain; 2] = [Grain::Day, Grain::Month];

    /// The first day of the period a day lies in.
    pub fn start(self, day: i64) -> i64 {
        match self {
            Grain::Day => day,
            Grain::Month => month_start(day),
        }
    }
}

/// Periods whose first days lie from `from` to `to`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub grain: Grain,
    pub from: i64,
    pub to: i64,
}

/// Days `from` to `to`, both included, as whole months with the days before and after.
pub fn spans(from: i64, to: i64) -> Vec<Span> {
    let days = |from, to| Span { grain: Grain::Day, from, to };
    let first = if month_start(from) == from { from } else { next_month(from) };
    let end = month_start(to + 1);
    if first >= end {
        return if from <= to { vec![days(from, to)] } else { Vec::new() };
    }
    let months = Span { grain: Grain::Month, from: first, to: end - 1 };
    [days(from, first - 1), months, days(end, to)].into_iter().filter(|span| span.from <= span.to).collect()
}

/// The first day of the month a day lies in.
pub fn month_start(day: i64) -> i64 {
    let (_, _, of_month) = civil_of_day(day);
    day - i64::from(of_month) + 1
}

fn next_month(day: i64) -> i64 {
    month_start(month_start(day) + 31)
}

/// Year, month and day of the month.
pub fn civil_of_day(day: i64) -> (i64, u8, u8) {
    let from_march = day + EPOCH_FROM_MARCH;
    let (era, of_era) = (from_march.div_euclid(DAYS_OF_400_YEARS), from_march.rem_euclid(DAYS_OF_400_YEARS));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(0), u8::try_from(of_month).unwrap_or(0))
}

/// The day of a date; `None` where the calendar has no such date.
pub fn day_of_civil(year: i64, month: u8, of_month: u8) -> Option<i64> {
    let from_march = year - i64::from(month <= 2);
    let (era, year_of_era) = (from_march.div_euclid(400), from_march.rem_euclid(400));
    let month_from_march = (i64::from(month) + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + i64::from(of_month) - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    let day = era * DAYS_OF_400_YEARS + of_era - EPOCH_FROM_MARCH;
    (civil_of_day(day) == (year, month, of_month)).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_dates() {
        let table = [(0, (1970, 1, 1)), (19_782, (2024, 2, 29)), (19_783, (2024, 3, 1)), (-1, (1969, 12, 31))];
        for (day, date) in table {
            assert_eq!(civil_of_day(day), date);
        }
        assert_eq!(day_of_civil(2023, 2, 29), None);
        assert_eq!(day_of_civil(2023, 13, 1), None);
        assert_eq!(day_of_civil(2023, 0, 1), None);
    }

    proptest! {
        #[test]
        fn dates_come_back(day in -200_000_i64..200_000) {
            let (year, month, of_month) = civil_of_day(day);
            prop_assert_eq!(day_of_civil(year, month, of_month), Some(day));
        }

        #[test]
        fn spans_cover_every_day_once(from in 0_i64..2_000, length in 0_i64..800) {
            let to = from + length;
            let mut days = Vec::new();
            for span in spans(from, to) {
                for day in span.from..=span.to {
                    let starts = span.grain.start(day) == day;
                    if starts {
                        let end = match span.grain { Grain::Day => day + 1, Grain::Month => next_month(day) };
                        days.extend(day..end);
                    }
                }
            }
            prop_assert_eq!(days, (from..=to).collect::<Vec<_>>());
            prop_assert!(spans(from, to).len() <= 3);
        }
    }
}
