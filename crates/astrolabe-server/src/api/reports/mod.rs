//! Reports: the figures of white paper chapter 5, as JSON or as a file. They read sums that the timeline's reader keeps
//! (`workers/figures.rs`), never orders; the merchant's people see everything, a clerk the own store.

mod asked;
mod labels;
mod league;
mod maturity;
mod spans;
mod timeliness;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(spans::report))
        .routes(routes!(maturity::report))
        .routes(routes!(timeliness::report))
        .routes(routes!(league::report))
}

/// A share of a whole; `None` of nothing.
fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The name of a metric as JSON has it.
fn metric_name(metric: astrolabe_core::kpi::Metric) -> String {
    let name = serde_json::to_value(metric).ok();
    name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
