//! Figures as columns: small numbers for what they are of, text for their histogram.

use astrolabe_core::ids::LocationId;
use astrolabe_core::kpi::{Cut, FigureKey, Grain, Measure, Metric, Region, Span, Spread};

use crate::error::StoreError;
use crate::figures::{FigureGroup, FigureQuery, FiguresBy, FiguresFound, FiguresOf};
use crate::rows::Fields;

/// The columns of a figure that are read, after the seller and what the query fixed.
macro_rules! figure_columns {
    () => {
        "start_day, location_id, app, province, city, count, within, sum_ms, max_ms, spread"
    };
}
pub(crate) use figure_columns;

/// A figure's key as columns.
pub(crate) struct FigureColumns<'a> {
    pub(crate) metric: i16,
    pub(crate) grain: i16,
    pub(crate) cut: i16,
    pub(crate) start: i64,
    pub(crate) location: i64,
    pub(crate) app: &'a str,
    pub(crate) province: &'a str,
    pub(crate) city: &'a str,
}

impl<'a> FigureColumns<'a> {
    pub(crate) fn of(key: &'a FigureKey) -> Self {
        let bare = FigureColumns {
            metric: metric_code(key.metric),
            grain: grain_code(key.grain),
            cut: WHOLE,
            start: key.start,
            location: 0,
            app: "",
            province: "",
            city: "",
        };
        match &key.cut {
            Cut::Whole => bare,
            Cut::App(app) => Self { cut: APPS, app, ..bare },
            Cut::Place { location, app } => Self { cut: PLACES, location: location.0, app, ..bare },
            Cut::Region(Region { province, city }) => Self { cut: REGIONS, province, city, ..bare },
        }
    }
}

const WHOLE: i16 = 0;
const APPS: i16 = 1;
const PLACES: i16 = 2;
const REGIONS: i16 = 3;

/// The number of every cut.
pub(crate) const CUTS: [i16; 4] = [WHOLE, APPS, PLACES, REGIONS];

pub(crate) fn grain_code(grain: Grain) -> i16 {
    match grain {
        Grain::Day => 0,
        Grain::Month => 1,
    }
}

pub(crate) fn metric_code(metric: Metric) -> i16 {
    match metric {
        Metric::Allocation => 0,
        Metric::Reallocation => 1,
        Metric::Notice => 2,
        Metric::Acceptance => 3,
        Metric::Shipping => 4,
        Metric::WarehouseShipping => 5,
        Metric::Logistics => 6,
        Metric::Confirmation => 7,
        Metric::Collection => 8,
        Metric::RefundAnswer => 9,
        Metric::ReturnReceipt => 10,
        Metric::StatusAllocated => 11,
        Metric::StatusAccepted => 12,
        Metric::CallAllocated => 13,
        Metric::CallAccepted => 14,
        Metric::CallConsigned => 15,
        Metric::CallRefused => 16,
        Metric::SubOrders => 17,
        Metric::SubOrdersToStores => 18,
        Metric::Offers => 19,
        Metric::OffersAccepted => 20,
        Metric::OffersRefused => 21,
        Metric::OffersUnanswered => 22,
        Metric::OffersWithdrawn => 23,
        Metric::OffersGivenBack => 24,
        Metric::ShippedByApp => 25,
        Metric::ToSystemReported => 26,
    }
}

/// One statement's worth of a query: a metric in a span, and the filters as columns.
pub(crate) struct FigureScan<'a> {
    pub(crate) metric: Metric,
    pub(crate) metric_code: i16,
    pub(crate) grain: i16,
    pub(crate) cut: i16,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) location: Option<i64>,
    pub(crate) app: Option<&'a str>,
    pub(crate) province: Option<&'a str>,
    pub(crate) city: Option<&'a str>,
}

/// The statements of a query.
pub(crate) fn scans(query: &FigureQuery) -> Vec<FigureScan<'_>> {
    let scan = |metric: Metric, span: &Span| {
        let bare = FigureScan {
            metric,
            metric_code: metric_code(metric),
            grain: grain_code(span.grain),
            cut: WHOLE,
            from: span.from,
            to: span.to,
            location: None,
            app: None,
            province: None,
            city: None,
        };
        match &query.of {
            FiguresOf::Whole => bare,
            FiguresOf::Apps(app) => FigureScan { cut: APPS, app: app.as_deref(), ..bare },
            FiguresOf::Places { location, app } => {
                FigureScan { cut: PLACES, location: location.map(|id| id.0), app: app.as_deref(), ..bare }
            }
            FiguresOf::Regions { province, city } => {
                FigureScan { cut: REGIONS, province: province.as_deref(), city: city.as_deref(), ..bare }
            }
        }
    };
    query.metrics.iter().flat_map(|metric| query.spans.iter().map(move |span| scan(*metric, span))).collect()
}

/// Adds a row of a scan to its group.
pub(crate) fn gather(
    found: &mut FiguresFound,
    by: FiguresBy,
    metric: Metric,
    row: &impl Fields,
) -> Result<(), StoreError> {
    let group = match by {
        FiguresBy::Nothing => FigureGroup::All,
        FiguresBy::Period => FigureGroup::Period(row.int(0)?),
        FiguresBy::Location => FigureGroup::Location(LocationId(row.int(1)?)),
        FiguresBy::App => FigureGroup::App(row.text(2)?),
        FiguresBy::Province => FigureGroup::Region(Region { province: row.text(3)?, city: String::new() }),
        FiguresBy::City => FigureGroup::Region(Region { province: row.text(3)?, city: row.text(4)? }),
    };
    add_measure(found.entry((group, metric)).or_default(), row, 5)
}

/// Adds count, within, sum, maximum and spread that begin at a column.
pub(crate) fn add_measure(measure: &mut Measure, row: &impl Fields, at: usize) -> Result<(), StoreError> {
    measure.count += row.int(at)?;
    measure.within += row.int(at + 1)?;
    measure.sum_ms = measure.sum_ms.saturating_add(row.int(at + 2)?);
    measure.max_ms = measure.max_ms.max(row.int(at + 3)?);
    let text = row.text(at + 4)?;
    for pair in text.split(',').filter(|pair| !pair.is_empty()) {
        let read = pair.split_once(':').and_then(|(bucket, count)| Some((bucket.parse().ok()?, count.parse().ok()?)));
        let (bucket, count) = read.ok_or_else(|| StoreError::Corrupt(format!("a stored spread has {pair:?}")))?;
        measure.spread.add(bucket, count);
    }
    Ok(())
}

/// A histogram as text.
pub(crate) fn spread_text(spread: &Spread) -> String {
    let pairs: Vec<String> = spread.buckets().map(|(bucket, count)| format!("{bucket}:{count}")).collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_metric_has_a_number_of_its_own() {
        let numbers: BTreeSet<i16> = Metric::ALL.iter().map(|metric| metric_code(*metric)).collect();
        assert_eq!(numbers.len(), Metric::ALL.len());
    }
}
