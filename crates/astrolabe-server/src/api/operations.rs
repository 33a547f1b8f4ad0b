//! What operators and orchestrators ask: alive, ready, metrics.

use std::sync::{Arc, OnceLock};

use astrolabe_protocol::EpochMs;
use astrolabe_protocol::time::format_datetime;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::app::App;

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the metrics recorder of the process, once.
pub fn install_metrics() {
    METRICS.get_or_init(|| match PrometheusBuilder::new().install_recorder() {
        Ok(handle) => Some(handle),
        Err(error) => {
            tracing::warn!(%error, "metrics are off");
            None
        }
    });
}

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
}

async fn readyz(State(app): State<Arc<App>>) -> impl IntoResponse {
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, ready(&app)),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer".to_owned())
        }
    }
}

/// Ready, whoever else does not answer: but they are named, a line each.
fn ready(app: &App) -> String {
    let lines = app
        .unreachable
        .all()
        .into_iter()
        .map(|(key, since)| format!("\napp {key} cannot be reached since {}", format_datetime(EpochMs(since.0))));
    std::iter::once("ready".to_owned()).chain(lines).collect()
}

async fn metrics_text(State(app): State<Arc<App>>) -> impl IntoResponse {
    metrics::gauge!("astrolabe_lane_commands_waiting").set(app.lanes.waiting() as f64);
    let text = METRICS.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
