//! REST: the channel door, the keeper's actions, stock holds, a look at a trade, exceptions, reports, settlement, webhooks, addresses of apps and what was sent there; described by `/openapi.json`.

mod apps;
mod caller;
mod channel;
mod deadlines;
mod docs;
mod exceptions;
mod export;
mod failure;
mod keeper;
mod operations;
mod outward;
mod rds;
mod reports;
mod reservations;
mod settlement;
mod trades;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use channel::{read_refund, read_trade};
pub use failure::ApiFailure;
pub use operations::install_metrics;

use crate::app::App;

/// What the description says about the whole.
#[derive(OpenApi)]
#[openapi(
    info(title = "Astrolabe", description = "Omnichannel order routing: REST beside the router doors."),
    servers((url = "/", description = "this server"))
)]
struct Description;

/// All REST routes and their description.
pub fn router(app: &Arc<App>) -> Router {
    let (router, description) = routes();
    router.merge(docs::router(description)).merge(operations::router()).with_state(Arc::clone(app))
}

/// The description alone, as `openapi.json` in the repository holds it.
pub fn description() -> utoipa::openapi::OpenApi {
    routes().1
}

fn routes() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Description::openapi())
        .nest("/api/v1/apps", apps::router().merge(rds::router()))
        .nest("/api/v1/channels", channel::router())
        .nest("/api/v1/exceptions", exceptions::router())
        .nest("/api/v1/keeper", keeper::router())
        .nest("/api/v1/locations", deadlines::router())
        .nest("/api/v1/outward", outward::router())
        .nest("/api/v1/reports", reports::router())
        .nest("/api/v1/settlement", settlement::router())
        .nest("/api/v1/stock/reservations", reservations::router())
        .nest("/api/v1/trades", trades::router())
        .nest("/api/v1/webhooks", webhooks::router())
        .split_for_parts()
}
