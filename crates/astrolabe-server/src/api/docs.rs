//! `/openapi.json`, and `/docs` that shows it: one page of our own, without an asset from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::app::App;

const PAGE: &str = include_str!("docs.html");

pub(super) fn router(description: utoipa::openapi::OpenApi) -> Router<Arc<App>> {
    let json = description.to_json().unwrap_or_default();
    Router::new()
        .route(
            "/openapi.json",
            get(move || async move { ([(CONTENT_TYPE, "application/json")], json).into_response() }),
        )
        .route("/docs", get(|| async { Html(PAGE) }))
}
