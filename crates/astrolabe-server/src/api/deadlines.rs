//! How long each hop may take at one location, where it is not the merchant's usual time. What the usual times are, the
//! merchant's settings say.

use std::sync::Arc;

use astrolabe_core::command::Command;
use astrolabe_core::deadlines::{Hop, OwnDeadlines};
use astrolabe_core::ids::LocationId;
use astrolabe_core::service_settings::ServiceChange;
use astrolabe_core::time::Millis;
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Longest time of a hop: half a year.
const WITHIN_MS_MAX: i64 = 183 * 86_400_000;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(deadlines)).routes(routes!(set_deadlines))
}

/// In milliseconds; what is absent is the merchant's usual time.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct DeadlinesBody {
    /// A store answers an offer; in opening hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    accept_within_ms: Option<i64>,
    /// It ships what it accepted; in opening hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_within_ms: Option<i64>,
    /// It says that a pickup lies ready; in opening hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_within_ms: Option<i64>,
    /// A pickup's goods come from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_within_ms: Option<i64>,
    /// The buyer collects.
    #[serde(skip_serializing_if = "Option::is_none")]
    collect_within_ms: Option<i64>,
    /// It says whether goods can still be stopped; in opening hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_cancel_within_ms: Option<i64>,
    /// Goods come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    receive_return_within_ms: Option<i64>,
}

/// A location's own times.
#[utoipa::path(get, path = "/{location_id}/deadlines", params(("location_id" = i64, Path, description = "the location")),
    responses((status = 200, body = DeadlinesBody), (status = 404, body = ErrorBody)))]
async fn deadlines(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(location_id): Path<i64>,
) -> Result<Json<DeadlinesBody>, ApiFailure> {
    let id = LocationId(location_id);
    caller.must_act_for(id)?;
    let found = app.store.location(caller.seller(), id).await.map_err(|error| ApiFailure::storage(&error))?;
    let place = found.filter(|place| !place.deleted);
    let place = place.ok_or_else(|| ApiFailure::not_found(format!("location {id} does not exist")))?;
    let own = |hop| place.service.deadlines.of(hop).map(|within| within.0);
    Ok(Json(DeadlinesBody {
        accept_within_ms: own(Hop::Accept),
        ship_within_ms: own(Hop::Ship),
        confirm_within_ms: own(Hop::Confirm),
        transfer_within_ms: own(Hop::Transfer),
        collect_within_ms: own(Hop::Collect),
        answer_cancel_within_ms: own(Hop::AnswerCancel),
        receive_return_within_ms: own(Hop::ReceiveReturn),
    }))
}

/// Says all of a location's own times; clocks that run are reckoned anew when they are looked at next.
#[utoipa::path(put, path = "/{location_id}/deadlines", params(("location_id" = i64, Path, description = "the location")),
    request_body = DeadlinesBody,
    responses((status = 200, body = DeadlinesBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn set_deadlines(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(location_id): Path<i64>,
    Json(body): Json<DeadlinesBody>,
) -> Result<Json<DeadlinesBody>, ApiFailure> {
    caller.must_be_merchant()?;
    let own = OwnDeadlines {
        accept_within_ms: within("accept_within_ms", body.accept_within_ms)?,
        ship_within_ms: within("ship_within_ms", body.ship_within_ms)?,
        confirm_within_ms: within("confirm_within_ms", body.confirm_within_ms)?,
        transfer_within_ms: within("transfer_within_ms", body.transfer_within_ms)?,
        collect_within_ms: within("collect_within_ms", body.collect_within_ms)?,
        answer_cancel_within_ms: within("answer_cancel_within_ms", body.answer_cancel_within_ms)?,
        receive_return_within_ms: within("receive_return_within_ms", body.receive_return_within_ms)?,
    };
    let change = ServiceChange::Deadlines(own);
    let location = LocationId(location_id);
    app.submit(caller.seller(), Command::SetService { location, change }, None).await?;
    Ok(Json(body))
}

fn within(field: &'static str, told: Option<i64>) -> Result<Option<Millis>, ApiFailure> {
    match told {
        Some(ms) if !(1..=WITHIN_MS_MAX).contains(&ms) => {
            Err(ApiFailure::field(field, format!("{field} must be 1 to {WITHIN_MS_MAX}")))
        }
        told => Ok(told.map(Millis)),
    }
}
