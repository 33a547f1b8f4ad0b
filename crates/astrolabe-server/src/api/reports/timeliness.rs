//! §5.4: whether apps report within five minutes of what happened, in the white paper's six rows, and whether they report
//! X_TO_SYSTEM at all.

use std::sync::Arc;

use astrolabe_core::kpi::{Measure, Metric};
use astrolabe_store::{FigureGroup, FiguresFound};
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{GroupBy, ReportQuery, date};
use super::labels::{Labels, RowOf, number, seconds};
use super::share;
use crate::api::caller::Caller;
use crate::api::export::{Cell, Table};
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// The six rows with their states and calls as published.
const ROWS: [(Metric, &str, &str); 6] = [
    (Metric::StatusAllocated, "X_ALLOCATION_NOTIFIED", "taobao.qimen.orderstatus.sync"),
    (Metric::StatusAccepted, "X_SHOP_ALLOCATION", "taobao.qimen.orderstatus.sync"),
    (Metric::CallAllocated, "X_ALLOCATION_NOTIFIED", "taobao.omniorder.allocatedinfo.sync"),
    (Metric::CallAccepted, "X_SHOP_ALLOCATION", "taobao.omniorder.store.accpeted"),
    (Metric::CallConsigned, "X_SHOP_HANDLED", "taobao.omniorder.store.consigned"),
    (Metric::CallRefused, "X_SHOP_DENY", "taobao.omniorder.store.refuse"),
];

/// Timeliness. Every group has all six rows, those without a report too.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelinessReport {
    from: String,
    to: String,
    groups: Vec<TimelinessGroup>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TimelinessGroup {
    #[serde(flatten)]
    of: RowOf,
    rows: Vec<TimelinessRow>,
    /// Assignments whose shipping an app reported, by the day of shipping.
    shipped_by_app: i64,
    /// Those of them without the required X_TO_SYSTEM.
    to_system_missing: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct TimelinessRow {
    status: &'static str,
    interface: &'static str,
    /// What should stay above the time between happening and report.
    target_ms: Option<i64>,
    reports: i64,
    on_time: i64,
    on_time_rate: Option<f64>,
    average_ms: Option<i64>,
    p90_ms: Option<i64>,
    max_ms: Option<i64>,
}

/// How soon states are reported, by status and interface.
#[utoipa::path(get, path = "/timeliness", params(ReportQuery),
    responses((status = 200, body = TimelinessReport), (status = 400, body = ErrorBody),
              (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiFailure> {
    let asked = query.asked(&app, &caller)?;
    let mut metrics = Metric::TIMELINESS.to_vec();
    metrics.extend([Metric::ShippedByApp, Metric::ToSystemReported]);
    let found = asked.figures(&app, &caller, &metrics).await?;
    let labels = Labels::of(&app, &caller, found.keys().map(|(group, _)| group)).await?;
    let mut groups: Vec<FigureGroup> = found.keys().map(|(group, _)| group.clone()).collect();
    groups.dedup();
    if asked.by == GroupBy::Total && groups.is_empty() {
        groups.push(FigureGroup::All);
    }
    let groups = groups.iter().map(|group| timeliness(&found, group, labels.row(asked.by, group)));
    let body = TimelinessReport { from: date(asked.from), to: date(asked.to), groups: groups.collect() };
    Ok(match table(asked.by, &body).file(query.format)? {
        Some(file) => file,
        None => Json(body).into_response(),
    })
}

fn timeliness(found: &FiguresFound, group: &FigureGroup, of: RowOf) -> TimelinessGroup {
    let nothing = Measure::default();
    let measure = |metric| found.get(&(group.clone(), metric)).unwrap_or(&nothing);
    let rows = ROWS.iter().map(|(metric, status, interface)| {
        let measure = measure(*metric);
        TimelinessRow {
            status,
            interface,
            target_ms: metric.target().map(|target| target.0),
            reports: measure.count,
            on_time: measure.within,
            on_time_rate: share(measure.within, measure.count),
            average_ms: measure.average_ms(),
            p90_ms: measure.percentile_ms(90),
            max_ms: (measure.count > 0).then_some(measure.max_ms),
        }
    });
    let shipped_by_app = measure(Metric::ShippedByApp).count;
    let to_system_missing = shipped_by_app - measure(Metric::ToSystemReported).count;
    TimelinessGroup { of, rows: rows.collect(), shipped_by_app, to_system_missing }
}

fn table(by: GroupBy, body: &TimelinessReport) -> Table {
    let mut titles = RowOf::titles(by);
    let rest = ["status", "interface", "reports", "on_time", "on_time_rate", "average_s", "p90_s", "max_s"];
    titles.extend(rest.map(str::to_owned));
    let rows = body.groups.iter().flat_map(|group| {
        let times = group.rows.iter().map(|row| {
            let mut cells = group.of.cells();
            cells.extend([
                Cell::Text(row.status.to_owned()),
                Cell::Text(row.interface.to_owned()),
                Cell::Whole(row.reports),
                Cell::Whole(row.on_time),
                number(row.on_time_rate),
                seconds(row.average_ms),
                seconds(row.p90_ms),
                seconds(row.max_ms),
            ]);
            cells
        });
        // A seventh line: what should have come and did, of what was shipped.
        let told = group.shipped_by_app - group.to_system_missing;
        let mut to_system = group.of.cells();
        to_system.extend([
            Cell::Text("X_TO_SYSTEM".to_owned()),
            Cell::Text("of what an app shipped".to_owned()),
            Cell::Whole(group.shipped_by_app),
            Cell::Whole(told),
            number(share(told, group.shipped_by_app)),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
        ]);
        times.chain([to_system])
    });
    Table { name: format!("timeliness_{}_{}", body.from, body.to), titles, rows: rows.collect() }
}
