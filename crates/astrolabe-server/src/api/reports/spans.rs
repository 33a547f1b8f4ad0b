//! §5.1 and §5.3: how long the hops of an order take. Average, maximum, percentiles and distribution of each.

use std::sync::Arc;

use astrolabe_core::kpi::{Measure, Metric};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::{Asked, GroupBy, ReportQuery, date};
use super::labels::{Labels, RowOf, seconds};
use crate::api::caller::Caller;
use crate::api::export::{Cell, Table};
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Upper ends of the distribution's classes, in minutes; the last class is open.
const CLASSES_MINUTES: [i64; 12] = [1, 5, 10, 30, 60, 120, 240, 480, 1_440, 2_880, 4_320, 10_080];

/// A report about durations, and the hops it shows.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SpanReportName {
    /// §5.1.1: paid → allocated; given back → allocated anew; allocated → the location can know.
    Allocation,
    /// §5.1.2: allocated to a store → accepted.
    Acceptance,
    /// §5.1.3: accepted → shipped; of warehouses, allocated → shipped.
    Shipping,
    /// §5.1.4: shipped → signed.
    Logistics,
    /// Allocated → ready for the buyer → collected.
    Pickup,
    /// §5.3: refund asked → answered; return asked → received.
    Refunds,
}

impl SpanReportName {
    fn metrics(self) -> &'static [Metric] {
        match self {
            SpanReportName::Allocation => &[Metric::Allocation, Metric::Reallocation, Metric::Notice],
            SpanReportName::Acceptance => &[Metric::Acceptance],
            SpanReportName::Shipping => &[Metric::Shipping, Metric::WarehouseShipping],
            SpanReportName::Logistics => &[Metric::Logistics],
            SpanReportName::Pickup => &[Metric::Confirmation, Metric::Collection],
            SpanReportName::Refunds => &[Metric::RefundAnswer, Metric::ReturnReceipt],
        }
    }

    fn name(self) -> &'static str {
        match self {
            SpanReportName::Allocation => "allocation",
            SpanReportName::Acceptance => "acceptance",
            SpanReportName::Shipping => "shipping",
            SpanReportName::Logistics => "logistics",
            SpanReportName::Pickup => "pickup",
            SpanReportName::Refunds => "refunds",
        }
    }
}

/// Durations, a row for each hop and each thing that was to be told apart. What has none is left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpanReport {
    /// First and last day.
    from: String,
    to: String,
    rows: Vec<SpanRow>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SpanRow {
    /// `allocation`, `reallocation`, `notice`, `acceptance`, `shipping`, `warehouse_shipping`, `logistics`, `confirmation`,
    /// `collection`, `refund_answer` or `return_receipt`.
    #[schema(value_type = String)]
    hop: Metric,
    #[serde(flatten)]
    of: RowOf,
    count: i64,
    average_ms: Option<i64>,
    max_ms: i64,
    /// Percentiles are wrong by at most 3.2 %, or half a second.
    p50_ms: Option<i64>,
    p90_ms: Option<i64>,
    p99_ms: Option<i64>,
    distribution: Vec<ClassBody>,
}

/// How many took at most so long and longer than the class before; the last class is open.
#[derive(Debug, Serialize, ToSchema)]
struct ClassBody {
    up_to_ms: Option<i64>,
    count: i64,
}

/// How long hops took: `allocation`, `acceptance`, `shipping`, `logistics`, `pickup` or `refunds`.
#[utoipa::path(get, path = "/{report}", params(("report" = inline(SpanReportName), Path), ReportQuery),
    responses((status = 200, body = SpanReport), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
              (status = 403, body = ErrorBody)))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(report): Path<SpanReportName>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiFailure> {
    let asked = query.asked(&app, &caller)?;
    let report_body = made(&app, &caller, report, &asked).await?;
    Ok(match table(report, asked.by, &report_body).file(query.format)? {
        Some(file) => file,
        None => Json(report_body).into_response(),
    })
}

async fn made(app: &App, caller: &Caller, report: SpanReportName, asked: &Asked) -> Result<SpanReport, ApiFailure> {
    let found = asked.figures(app, caller, report.metrics()).await?;
    let labels = Labels::of(app, caller, found.keys().map(|(group, _)| group)).await?;
    let rows = found.iter().map(|((group, metric), measure)| row(*metric, labels.row(asked.by, group), measure));
    Ok(SpanReport { from: date(asked.from), to: date(asked.to), rows: rows.collect() })
}

fn row(hop: Metric, of: RowOf, measure: &Measure) -> SpanRow {
    let limits: Vec<i64> = CLASSES_MINUTES.iter().map(|minutes| minutes * 60_000).collect();
    let counts = measure.spread.counts_up_to(&limits);
    let ends = limits.into_iter().map(Some).chain([None]);
    let class = |(up_to_ms, count)| ClassBody { up_to_ms, count };
    SpanRow {
        hop,
        of,
        count: measure.count,
        average_ms: measure.average_ms(),
        max_ms: measure.max_ms,
        p50_ms: measure.percentile_ms(50),
        p90_ms: measure.percentile_ms(90),
        p99_ms: measure.percentile_ms(99),
        distribution: ends.zip(counts).map(class).collect(),
    }
}

fn table(report: SpanReportName, by: GroupBy, body: &SpanReport) -> Table {
    let mut titles = RowOf::titles(by);
    titles.extend(["hop", "count", "average_s", "max_s", "p50_s", "p90_s", "p99_s"].map(str::to_owned));
    titles.extend(CLASSES_MINUTES.iter().map(|minutes| format!("up_to_{minutes}_min")));
    titles.push("longer".to_owned());
    let rows = body.rows.iter().map(|row| {
        let mut cells = row.of.cells();
        cells.push(Cell::Text(super::metric_name(row.hop)));
        cells.push(Cell::Whole(row.count));
        let times = [row.average_ms, Some(row.max_ms), row.p50_ms, row.p90_ms, row.p99_ms];
        cells.extend(times.into_iter().map(seconds));
        cells.extend(row.distribution.iter().map(|class| Cell::Whole(class.count)));
        cells
    });
    Table { name: format!("{}_{}_{}", report.name(), body.from, body.to), titles, rows: rows.collect() }
}
