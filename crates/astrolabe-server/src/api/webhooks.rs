//! 订阅: a merchant's own systems that are told of what happens to its orders, and a test call to see whether they hear.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrolabe_core::ids::WebhookName;
use astrolabe_core::order::timeline::Fact;
use astrolabe_protocol::webhook::WebhookSecret;
use astrolabe_store::{DirectoryDraft, WebhookRow};
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::api::outward::ExchangeBody;
use crate::app::App;
use crate::declare::WEBHOOK_NAME_CHARS_MAX;
use crate::outward::{check_webhook_url, ping_webhook};

/// Webhooks that one seller may have: each costs a row for every fact it is told of.
const WEBHOOKS_MAX: usize = 10;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(webhooks)).routes(routes!(put_webhook, delete_webhook)).routes(routes!(ping))
}

/// A webhook as it is shown: never with its secret.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookBody {
    name: String,
    url: String,
    /// Facts it is told of, as the timeline names them; empty: all of them.
    #[schema(value_type = Vec<String>)]
    facts: BTreeSet<Fact>,
    paused: bool,
}

/// A webhook as it is wished.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookWish {
    /// http or https.
    url: String,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    facts: BTreeSet<Fact>,
    #[serde(default)]
    paused: bool,
    /// `whsec_` and base64 of 24 to 64 bytes. Absent: the present one stays, or one is made.
    secret: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WebhookKept {
    #[serde(flatten)]
    webhook: WebhookBody,
    /// The secret that was made; it is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PingAnswer {
    /// `delivered` or `unreachable`; `refused` where the address may not be called at all.
    outcome: &'static str,
    took_ms: i64,
    #[serde(flatten)]
    exchange: ExchangeBody,
}

/// The seller's webhooks.
#[utoipa::path(get, path = "/", responses((status = 200, body = Vec<WebhookBody>), (status = 403, body = ErrorBody)))]
async fn webhooks(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Vec<WebhookBody>>, ApiFailure> {
    caller.must_be_merchant()?;
    Ok(Json(app.directory.get().webhooks_of(caller.seller()).map(body).collect()))
}

/// Makes a webhook, or changes it. What happened before is not told.
#[utoipa::path(put, path = "/{name}", params(("name" = String, Path, description = "1 to 50 characters")),
    request_body = WebhookWish,
    responses((status = 200, body = WebhookKept), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn put_webhook(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wish): Json<WebhookWish>,
) -> Result<Json<WebhookKept>, ApiFailure> {
    caller.must_be_merchant()?;
    app.directory.refresh(app.store.as_ref()).await.map_err(|error| ApiFailure::storage(&error))?;
    let directory = app.directory.get();
    let name = WebhookName(name);
    let present = directory.webhook(caller.seller(), &name);
    if !(1..=WEBHOOK_NAME_CHARS_MAX).contains(&name.0.chars().count()) {
        return Err(ApiFailure::field("name", format!("name must have 1 to {WEBHOOK_NAME_CHARS_MAX} characters")));
    }
    if present.is_none() && directory.webhooks_of(caller.seller()).count() >= WEBHOOKS_MAX {
        return Err(ApiFailure::field("name", format!("a seller has at most {WEBHOOKS_MAX} webhooks")));
    }
    check_webhook_url(&app, &wish.url).map_err(|problem| ApiFailure::field("url", problem))?;
    let made = (wish.secret.is_none() && present.is_none()).then(|| WebhookSecret::text_of(&rand::random()));
    let secret = match (&wish.secret, present, &made) {
        (Some(given), _, _) => given.clone(),
        (None, Some(present), _) => present.secret.clone(),
        (None, None, made) => made.clone().unwrap_or_default(),
    };
    WebhookSecret::parse(&secret).map_err(|problem| ApiFailure::field("secret", format!("secret {problem}")))?;
    let row =
        WebhookRow { seller: caller.seller(), name, url: wish.url, secret, facts: wish.facts, paused: wish.paused };
    let kept = WebhookKept { webhook: body(&row), secret: made };
    keep(&app, DirectoryDraft { webhooks: vec![row], ..DirectoryDraft::default() }).await?;
    Ok(Json(kept))
}

/// Removes a webhook. What waits for it is not sent any more.
#[utoipa::path(delete, path = "/{name}", params(("name" = String, Path, description = "its name")),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn delete_webhook(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<axum::http::StatusCode, ApiFailure> {
    caller.must_be_merchant()?;
    let row = known(&app, &caller, name)?;
    let gone = DirectoryDraft { gone_webhooks: vec![(row.seller, row.name)], ..DirectoryDraft::default() };
    keep(&app, gone).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Really sends a signed `ping` there, and shows both sides.
#[utoipa::path(post, path = "/{name}/test", params(("name" = String, Path, description = "its name")),
    responses((status = 200, body = PingAnswer), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn ping(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<PingAnswer>, ApiFailure> {
    caller.must_be_merchant()?;
    let row = known(&app, &caller, name)?;
    let spoken = ping_webhook(&app, &row).await;
    let outcome = spoken.meaning.outcome().name();
    Ok(Json(PingAnswer { outcome, took_ms: spoken.took.0, exchange: spoken.exchange.into() }))
}

fn known(app: &App, caller: &Caller, name: String) -> Result<WebhookRow, ApiFailure> {
    let found = app.directory.get().webhook(caller.seller(), &WebhookName(name.clone())).cloned();
    found.ok_or_else(|| ApiFailure::not_found(format!("webhook {name} does not exist")))
}

async fn keep(app: &App, draft: DirectoryDraft) -> Result<(), ApiFailure> {
    let put = app.store.put_directory(&draft, app.clock.now()).await;
    put.map_err(|error| ApiFailure::storage(&error))?;
    app.directory.refresh(app.store.as_ref()).await.map_err(|error| ApiFailure::storage(&error))
}

fn body(row: &WebhookRow) -> WebhookBody {
    WebhookBody { name: row.name.0.clone(), url: row.url.clone(), facts: row.facts.clone(), paused: row.paused }
}
