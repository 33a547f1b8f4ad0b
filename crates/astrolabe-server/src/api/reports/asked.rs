//! What a report is asked for, and what the caller may see of it.

use astrolabe_core::ids::LocationId;
use astrolabe_core::kpi::{Grain, Metric, Span, civil_of_day, day_of_civil, spans};
use astrolabe_store::{FigureGroup, FigureQuery, FiguresBy, FiguresFound, FiguresOf};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::caller::Caller;
use crate::api::export::FileFormat;
use crate::api::failure::ApiFailure;
use crate::app::{App, FIGURE_DAYS_KEPT};

/// Days a report speaks of when nothing is said: the last week, today included.
const DAYS: i64 = 7;
/// Days a report may span; fewer where each is shown.
const DAYS_MAX: i64 = 366 * 5;
const DAYS_SHOWN_MAX: i64 = 400;

/// Filters are by store and app, or by region: figures are kept by each, not by both.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
    /// First day, `YYYY-MM-DD`, Shanghai time. Seven days when neither is given.
    from: Option<String>,
    /// Last day, included; today when absent.
    to: Option<String>,
    /// What each row is of; `total` when absent.
    #[param(inline)]
    by: GroupBy,
    /// One store or warehouse, by its id.
    store: Option<i64>,
    /// One app's reports, by its key; empty for what no app reported.
    app: Option<String>,
    /// Trades that go to this province, as the channel writes it.
    province: Option<String>,
    /// Trades that go to this city.
    city: Option<String>,
    #[param(inline)]
    pub(super) format: FileFormat,
}

/// What rows are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GroupBy {
    #[default]
    Total,
    Day,
    Month,
    Store,
    App,
    Province,
    City,
}

/// A question that can be answered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) by: GroupBy,
    pub(super) of: FiguresOf,
}

impl ReportQuery {
    /// Some days of everything, with rows by `by`.
    pub(super) fn of_days(from: Option<String>, to: Option<String>, by: GroupBy) -> Self {
        Self { from, to, by, ..Self::default() }
    }

    /// Checks the question against the caller and the calendar.
    pub(super) fn asked(&self, app: &App, caller: &Caller) -> Result<Asked, ApiFailure> {
        let today = app.clock.now().shanghai_day();
        let to = self.to.as_deref().map_or(Ok(today), |text| day("to", text))?;
        let from = self.from.as_deref().map_or(Ok(to - DAYS + 1), |text| day("from", text))?;
        if from > to {
            return Err(ApiFailure::field("from", "from is after to"));
        }
        let most = if self.by == GroupBy::Day { DAYS_SHOWN_MAX } else { DAYS_MAX };
        if to - from >= most {
            return Err(ApiFailure::field("from", format!("a report like this spans at most {most} days")));
        }
        let asked = Asked { from, to, by: self.by, of: self.part(caller)? };
        let kept = today - FIGURE_DAYS_KEPT;
        if asked.spans().iter().any(|span| span.grain == Grain::Day && span.from < kept) {
            let message = format!("before {} only whole months are kept, and no single days", date(kept));
            return Err(ApiFailure::field("from", message));
        }
        Ok(asked)
    }

    fn part(&self, caller: &Caller) -> Result<FiguresOf, ApiFailure> {
        let location = self.store.map(LocationId);
        if let Some(location) = location {
            caller.must_act_for(location)?;
        }
        let location = location.or(caller.store());
        let by_region = matches!(self.by, GroupBy::Province | GroupBy::City);
        let of_region = [("province", &self.province), ("city", &self.city)].into_iter().find(|(_, one)| one.is_some());
        if by_region || of_region.is_some() {
            let field = of_region.map_or("by", |(field, _)| field);
            if caller.store().is_some() {
                return Err(ApiFailure::forbidden(
                    "a store clerk sees the own store's figures, which no region divides",
                ));
            }
            if location.is_some() || self.app.is_some() || matches!(self.by, GroupBy::Store | GroupBy::App) {
                let message = "a report is by region, or by store and app: figures are not kept for both at once";
                return Err(ApiFailure::field(field, message));
            }
            return Ok(FiguresOf::Regions { province: self.province.clone(), city: self.city.clone() });
        }
        Ok(match (location, &self.app) {
            (None, app) if self.by == GroupBy::Store => FiguresOf::Places { location: None, app: app.clone() },
            (Some(_), app) => FiguresOf::Places { location, app: app.clone() },
            (None, Some(app)) => FiguresOf::Apps(Some(app.clone())),
            (None, None) if self.by == GroupBy::App => FiguresOf::Apps(None),
            (None, None) => FiguresOf::Whole,
        })
    }
}

impl Asked {
    /// The periods that make up the asked days. Where each day is a row it is read as one.
    pub(super) fn spans(&self) -> Vec<Span> {
        match self.by {
            GroupBy::Day => vec![Span { grain: Grain::Day, from: self.from, to: self.to }],
            GroupBy::Total | GroupBy::Month | GroupBy::Store | GroupBy::App | GroupBy::Province | GroupBy::City => {
                spans(self.from, self.to)
            }
        }
    }

    /// The figures asked for. Of a month that is not asked for whole, the days that are.
    pub(super) async fn figures(
        &self,
        app: &App,
        caller: &Caller,
        metrics: &[Metric],
    ) -> Result<FiguresFound, ApiFailure> {
        let by = match self.by {
            GroupBy::Total => FiguresBy::Nothing,
            GroupBy::Day | GroupBy::Month => FiguresBy::Period,
            GroupBy::Store => FiguresBy::Location,
            GroupBy::App => FiguresBy::App,
            GroupBy::Province => FiguresBy::Province,
            GroupBy::City => FiguresBy::City,
        };
        let query = FigureQuery { metrics: metrics.to_vec(), spans: self.spans(), of: self.of.clone(), by };
        let found = app.store.figures(caller.seller(), &query).await.map_err(|error| ApiFailure::storage(&error))?;
        if self.by != GroupBy::Month {
            return Ok(found);
        }
        let mut months = FiguresFound::new();
        for ((group, metric), measure) in found {
            let group = match group {
                FigureGroup::Period(start) => FigureGroup::Period(Grain::Month.start(start)),
                other
                @ (FigureGroup::All | FigureGroup::Location(_) | FigureGroup::App(_) | FigureGroup::Region(_)) => other,
            };
            months.entry((group, metric)).or_default().add(&measure);
        }
        Ok(months)
    }
}

/// A date as it is written.
pub(super) fn date(day: i64) -> String {
    let (year, month, of_month) = civil_of_day(day);
    format!("{year:04}-{month:02}-{of_month:02}")
}

fn day(field: &'static str, text: &str) -> Result<i64, ApiFailure> {
    let wrong = || ApiFailure::field(field, format!("{field} must be a date, YYYY-MM-DD"));
    let parts: Vec<&str> = text.split('-').collect();
    let &[year, month, of_month] = parts.as_slice() else { return Err(wrong()) };
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(of_month, 2)) {
        return Err(wrong());
    }
    let numbers = (year.parse().ok(), month.parse().ok(), of_month.parse().ok());
    let (Some(year), Some(month), Some(of_month)) = numbers else { return Err(wrong()) };
    day_of_civil(year, month, of_month).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_written_and_nothing_else_is() {
        for text in ["2024-02-29", "1999-12-31"] {
            assert_eq!(date(day("from", text).unwrap()), text);
        }
        for text in ["2023-02-29", "2024-2-9", "2024-13-01", "2024-01-01T00", "+024-01-01", "", "today"] {
            assert_eq!(day("to", text).unwrap_err().body.error.field.as_deref(), Some("to"), "{text}");
        }
    }
}
