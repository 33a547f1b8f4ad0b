//! Holds before payment over REST: the same commands as `astrolabe.stock.reserve` and `.release`.

use std::sync::Arc;

use astrolabe_core::command::{Command, Outcome, ReserveAhead};
use astrolabe_core::ids::{HoldKey, ItemId, SkuId};
use astrolabe_core::time::Millis;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Longest hold key.
const KEY_CHARS_MAX: usize = 50;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(reserve)).routes(routes!(release))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReserveBody {
    /// The caller's key, 1 to 50 characters; the same key with the same content is answered again.
    key: String,
    item_id: i64,
    /// 0 or absent where the listing has no SKU.
    #[serde(default)]
    sku_id: i64,
    quantity: i64,
    /// At most 1800.
    ttl_seconds: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Reserved {
    key: String,
    /// Whether this very hold existed before.
    repeated: bool,
}

/// Holds units of a listing before payment.
#[utoipa::path(post, path = "/", request_body = ReserveBody,
    responses((status = 200, body = Reserved), (status = 409, body = ErrorBody)))]
async fn reserve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<ReserveBody>,
) -> Result<Json<Reserved>, ApiFailure> {
    caller.must_be_merchant()?;
    let key = hold_key(body.key)?;
    if !(0..=i64::MAX / 1_000).contains(&body.ttl_seconds) {
        return Err(ApiFailure::field("ttl_seconds", "ttl_seconds must not be negative"));
    }
    let command = Command::ReserveAhead(ReserveAhead {
        key: key.clone(),
        item: ItemId(body.item_id),
        sku: SkuId(body.sku_id),
        quantity: body.quantity,
        ttl: Millis::seconds(body.ttl_seconds),
    });
    let outcome = app.submit(caller.seller(), command, None).await?;
    Ok(Json(Reserved { key: key.0, repeated: matches!(outcome, Outcome::Reserved { repeated: true, .. }) }))
}

/// Gives a hold back.
#[utoipa::path(delete, path = "/{key}", params(("key" = String, Path, description = "the hold's key")),
    responses((status = 204), (status = 409, body = ErrorBody)))]
async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiFailure> {
    caller.must_be_merchant()?;
    app.submit(caller.seller(), Command::ReleaseAhead { key: hold_key(key)? }, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn hold_key(key: String) -> Result<HoldKey, ApiFailure> {
    if (1..=KEY_CHARS_MAX).contains(&key.chars().count()) {
        return Ok(HoldKey(key));
    }
    Err(ApiFailure::field("key", format!("key must have 1 to {KEY_CHARS_MAX} characters")))
}
