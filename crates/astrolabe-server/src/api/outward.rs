//! What went over the wire to others, attempt by attempt: for whoever asks why a connector was not told.

use std::sync::Arc;

use astrolabe_core::ids::{AppKey, TMALL, Tid, WebhookName};
use astrolabe_core::outward::Receiver;
use astrolabe_core::time::Timestamp;
use astrolabe_store::{Attempt, AttemptId, AttemptKey, AttemptsOf, Exchange};
use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Attempts on one page.
const PAGE_MAX: usize = 100;
const PAGE: usize = 20;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(attempts))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AttemptsQuery {
    /// Attempts about this trade. One of `tid`, `app`, `channel` and `webhook` is given.
    tid: Option<i64>,
    /// Attempts to this app, by its key.
    app: Option<String>,
    /// With `app`: pushes into its databases, not calls to it.
    #[serde(default)]
    rds: bool,
    /// Attempts to this channel: `tmall`.
    channel: Option<String>,
    /// Attempts to this webhook, by its name.
    webhook: Option<String>,
    /// `next` of the page before.
    before: Option<String>,
    /// 1 to 100; 20 when absent.
    limit: Option<usize>,
}

/// Attempts, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptList {
    attempts: Vec<AttemptBody>,
    /// Gives the next page as `before`; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptBody {
    /// Epoch milliseconds.
    started_at: i64,
    took_ms: i64,
    /// The call it was made for; absent for a test call.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<String>,
    tid: i64,
    #[schema(value_type = Object)]
    receiver: Receiver,
    method: String,
    /// Which attempt at the call it was, from 1.
    number: u32,
    /// `delivered`, `fault`, `refused` or `unreachable`.
    outcome: &'static str,
    #[serde(flatten)]
    exchange: ExchangeBody,
}

/// Both sides of an attempt, secrets masked and long texts cut.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExchangeBody {
    request: RequestBody,
    /// Absent where nothing came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<ReplyBody>,
    /// Why it failed; empty where it did not.
    failure: String,
}

/// A POST.
#[derive(Debug, Serialize, ToSchema)]
struct RequestBody {
    url: String,
    #[schema(value_type = Vec<Vec<String>>)]
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReplyBody {
    status: u16,
    #[schema(value_type = Vec<Vec<String>>)]
    headers: Vec<(String, String)>,
    body: String,
    /// Whether the body was longer.
    cut: bool,
}

impl From<Exchange> for ExchangeBody {
    fn from(Exchange { request, reply, failure }: Exchange) -> Self {
        let reply = reply.map(|it| ReplyBody { status: it.status, headers: it.headers, body: it.body, cut: it.cut });
        let request = RequestBody { url: request.url, headers: request.headers, body: request.body };
        Self { request, reply, failure }
    }
}

/// What was sent about a trade or to a receiver, and what came back. Kept for days; newest first.
#[utoipa::path(get, path = "/attempts", params(AttemptsQuery),
    responses((status = 200, body = AttemptList), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn attempts(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<AttemptsQuery>,
) -> Result<Json<AttemptList>, ApiFailure> {
    caller.must_be_merchant()?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiFailure::field("limit", format!("limit must be 1 to {PAGE_MAX}")));
    }
    let of = match (query.tid, query.app, query.channel.as_deref(), query.webhook) {
        (Some(tid), None, None, None) => AttemptsOf::Trade(Tid(tid)),
        (None, Some(key), None, None) if query.rds => AttemptsOf::Receiver(Receiver::Rds(AppKey(key))),
        (None, Some(key), None, None) => AttemptsOf::Receiver(Receiver::App(AppKey(key))),
        (None, None, Some("tmall"), None) => AttemptsOf::Receiver(Receiver::Channel(TMALL)),
        (None, None, Some(_), None) => {
            return Err(ApiFailure::field("channel", "the only channel so far is \"tmall\""));
        }
        (None, None, None, Some(name)) => AttemptsOf::Receiver(Receiver::Webhook(WebhookName(name))),
        (_, _, _, _) => return Err(ApiFailure::field("tid", "give one of tid, app, channel and webhook")),
    };
    let before = query.before.as_deref().map(|text| read_key(text).ok_or_else(|| wrong_key(text))).transpose()?;
    let found = app.store.attempts(caller.seller(), &of, before, limit).await;
    let found = found.map_err(|error| ApiFailure::storage(&error))?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| write_key(last.key));
    Ok(Json(AttemptList { attempts: found.into_iter().map(body).collect(), next }))
}

fn body(attempt: Attempt) -> AttemptBody {
    AttemptBody {
        started_at: attempt.key.started_at.0,
        took_ms: attempt.took.0,
        call_id: attempt.call.map(|call| call.to_string()),
        tid: attempt.tid.0,
        receiver: attempt.receiver,
        method: attempt.method,
        number: attempt.number,
        outcome: attempt.outcome.name(),
        exchange: attempt.exchange.into(),
    }
}

fn write_key(key: AttemptKey) -> String {
    format!("{}-{}", key.started_at.0, key.id.0)
}

fn read_key(text: &str) -> Option<AttemptKey> {
    let (started_at, id) = text.split_once('-')?;
    Some(AttemptKey { started_at: Timestamp(started_at.parse().ok()?), id: AttemptId(id.parse().ok()?) })
}

fn wrong_key(text: &str) -> ApiFailure {
    ApiFailure::field("before", format!("{text:?} is not the next of a page"))
}
