//! The channel door: trades and refunds as the channel publishes them (TOP Trade and Refund JSON), pushed by its adapter.
//!
//! A call is read whole before anything is sent: one unreadable member and nothing is done. Then each trade is one command,
//! answered in the order of the call. Pushing the same again is harmless; an older version changes nothing. What the
//! platform does not know is kept in the published text, never an error. The buyer's data is nowhere else.

mod aside;
mod reading;
mod refund;
mod source;
mod trade;

use std::sync::Arc;

use astrolabe_core::command::{Command, Outcome, SeenRefund, SeenTrade};
use astrolabe_core::ids::{ChannelId, SellerId};
use astrolabe_core::order::trade::Delivery;
use astrolabe_protocol::json;
use astrolabe_protocol::limits::BODY_BYTES_MAX_BATCH;
use astrolabe_store::ChannelRow;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::reading::{Object, Shape, objects_of};
use self::trade::{PickupStore, ReadTrade};
use crate::api::caller::BearerToken;
use crate::api::failure::{ApiFailure, ErrorBody, ErrorDetail};
use crate::app::App;
use crate::app::{PlaceError, store_by_code};

/// Trades or refunds of one call.
const OBJECTS_MAX: usize = 100;

const TRADES: Shape = Shape { list: "trades", one: "trade", envelope: "trade_fullinfo_get_response" };
const REFUNDS: Shape = Shape { list: "refunds", one: "refund", envelope: "refund_get_response" };

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(trades))
        .routes(routes!(refunds))
        .routes(routes!(source::source))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX_BATCH))
}

/// What became of each, in the order of the call.
#[derive(Debug, Serialize, ToSchema)]
struct SeenResults {
    results: Vec<SeenResult>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SeenResult {
    tid: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<i64>,
    /// Whether anything was new.
    changed: bool,
    /// Why this one was not taken; the others stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
}

/// Trades: one (in its envelope or bare), or `{"trades":[…]}` with at most 100.
#[utoipa::path(post, path = "/{channel}/trades", params(("channel" = String, Path, description = "the channel's name")),
    request_body = Object, responses((status = 200, body = SeenResults), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody)))]
async fn trades(
    State(app): State<Arc<App>>,
    BearerToken(token): BearerToken,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, ApiFailure> {
    let channel = channel_of(&app, &token, &name)?;
    let body = parsed(&body)?;
    let mut commands = Vec::new();
    for object in objects_of(&body, TRADES, OBJECTS_MAX)? {
        let read = trade::read(&object, channel.channel, &app.geography)?;
        let seen = with_pickup(&app, channel.seller, read).await?;
        commands.push((seen.tid.0, None, Command::SeeTrade(Box::new(seen))));
    }
    Ok(tell(&app, channel.seller, commands).await)
}

/// Refunds: one (in its envelope or bare), or `{"refunds":[…]}` with at most 100.
#[utoipa::path(post, path = "/{channel}/refunds", params(("channel" = String, Path, description = "the channel's name")),
    request_body = Object, responses((status = 200, body = SeenResults), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody)))]
async fn refunds(
    State(app): State<Arc<App>>,
    BearerToken(token): BearerToken,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, ApiFailure> {
    let channel = channel_of(&app, &token, &name)?;
    let body = parsed(&body)?;
    let mut commands = Vec::new();
    for object in objects_of(&body, REFUNDS, OBJECTS_MAX)? {
        let seen = refund::read(&object)?;
        commands.push((seen.tid.0, Some(seen.id.0), Command::SeeRefund(seen)));
    }
    Ok(tell(&app, channel.seller, commands).await)
}

fn channel_of(app: &App, token: &str, name: &str) -> Result<ChannelRow, ApiFailure> {
    let directory = app.directory.get();
    let channel = directory.channel_by_token(token).ok_or_else(ApiFailure::unauthorized)?;
    if channel.name != name {
        return Err(ApiFailure::forbidden("the token opens another channel"));
    }
    Ok(channel.clone())
}

fn parsed(body: &[u8]) -> Result<astrolabe_protocol::Fields, ApiFailure> {
    let text = std::str::from_utf8(body).map_err(|_error| ApiFailure::field("$", "the body is not UTF-8"))?;
    let value = json::parse(text).map_err(|error| ApiFailure::field("$", error.to_string()))?;
    let object = value.as_ref().and_then(astrolabe_protocol::Value::as_struct).cloned();
    object.ok_or_else(|| ApiFailure::field("$", "the body is not a JSON object"))
}

/// A pickup names the store the buyer chose; it must be one of this seller's.
async fn with_pickup(app: &App, seller: SellerId, read: ReadTrade) -> Result<SeenTrade, ApiFailure> {
    let ReadTrade { mut seen, pickup } = read;
    let Some(pickup) = pickup else { return Ok(seen) };
    let store = app.store.as_ref();
    let (found, field) = match pickup {
        PickupStore::Id { text, field } => {
            let claim = Some(crate::app::Claim::Store);
            match app.places.resolve(store, seller, claim, &text).await {
                Ok(location) => (Some(location), field),
                Err(PlaceError::Refused(_) | PlaceError::NotAnId) => (None, field),
                Err(PlaceError::Storage(error)) => return Err(ApiFailure::storage(&error)),
            }
        }
        PickupStore::Code { code, field } => {
            let found = store_by_code(store, seller, &code).await;
            (found.map_err(|error| ApiFailure::storage(&error))?, field)
        }
    };
    let store = found.ok_or_else(|| ApiFailure::field(field, "names no store of this seller"))?;
    for line in &mut seen.lines {
        line.delivery = Delivery::Pickup { store };
    }
    Ok(seen)
}

/// One trade as the channel keeps it in its own database (`jdp_response`), read as the door reads it.
pub(crate) async fn read_trade(
    app: &App,
    seller: SellerId,
    channel: ChannelId,
    text: &str,
) -> Result<SeenTrade, ApiFailure> {
    let body = parsed(text.as_bytes())?;
    let object = only(objects_of(&body, TRADES, 1)?)?;
    with_pickup(app, seller, trade::read(&object, channel, &app.geography)?).await
}

/// One refund, likewise.
pub(crate) fn read_refund(text: &str) -> Result<SeenRefund, ApiFailure> {
    let body = parsed(text.as_bytes())?;
    refund::read(&only(objects_of(&body, REFUNDS, 1)?)?)
}

fn only(objects: Vec<Object<'_>>) -> Result<Object<'_>, ApiFailure> {
    objects.into_iter().next().ok_or_else(|| ApiFailure::field("$", "holds nothing"))
}

/// Sends the commands in order and answers after the last.
async fn tell(app: &Arc<App>, seller: SellerId, commands: Vec<(i64, Option<i64>, Command)>) -> Response {
    let sent = commands
        .into_iter()
        .map(|(tid, refund_id, command)| async move { (tid, refund_id, app.submit(seller, command, None).await) });
    // Each is queued when first polled, and they are polled in order.
    let answers = join_all(sent).await;
    let alone = answers.len() == 1;
    let mut status = StatusCode::OK;
    let mut results = Vec::with_capacity(answers.len());
    for (tid, refund_id, answer) in answers {
        let (changed, error) = match answer {
            Ok(outcome) => (outcome != Outcome::Seen { changed: false }, None),
            Err(error) => {
                let failure = ApiFailure::from(error);
                if alone {
                    return failure.into_response();
                }
                // One that may be repeated outranks one that may not: the adapter sends the call again.
                if status == StatusCode::OK || failure.status.is_server_error() {
                    status = failure.status;
                }
                (false, Some(failure.body.error))
            }
        };
        results.push(SeenResult { tid, refund_id, changed, error });
    }
    (status, Json(SeenResults { results })).into_response()
}
