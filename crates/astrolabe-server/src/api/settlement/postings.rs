//! What was posted of one trade and what waits, and how a posting is shown.

use std::sync::Arc;

use astrolabe_core::ids::Tid;
use astrolabe_core::settlement::{Entry, Pending, Posting};
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(trade))
}

/// A trade's settlement.
#[derive(Debug, Serialize, ToSchema)]
struct TradeSettlement {
    tid: i64,
    /// In the order they were posted.
    postings: Vec<PostingBody>,
    /// Settlements whose day has not come.
    waiting: Vec<WaitingBody>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PostingBody {
    tid: i64,
    oid: i64,
    /// The assignment.
    code: i64,
    /// `settled`, `refunded` or `restored`.
    cause: &'static str,
    /// The refund that takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<i64>,
    /// Counts postings of one cause, from 0.
    n: i64,
    location_id: i64,
    /// The rule set.
    version: i64,
    units: i64,
    /// What of the payment falls on the units, refunds not counted.
    gross_fen: i64,
    /// What the parties get together, or give back.
    amount_fen: i64,
    happened_at: i64,
    booked_at: i64,
    /// Sum 0.
    entries: Vec<EntryBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct EntryBody {
    /// `clearing`, `store:<id>`, `company`, `platform`, `guide` or `named:<name>`.
    account: String,
    amount_fen: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct WaitingBody {
    oid: i64,
    code: i64,
    version: i64,
    happened_at: i64,
    due_at: i64,
}

/// What was posted of a trade, and what waits for its day.
#[utoipa::path(get, path = "/trades/{tid}", params(("tid" = i64, Path, description = "trade id")),
    responses((status = 200, body = TradeSettlement), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn trade(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(tid): Path<i64>,
) -> Result<Json<TradeSettlement>, ApiFailure> {
    caller.must_be_merchant()?;
    let load = app.store.load_settlement(caller.seller(), &[Tid(tid)]).await;
    let case = load.map_err(|error| ApiFailure::storage(&error))?.cases.pop();
    let case = case.ok_or_else(|| ApiFailure::not_found(format!("trade {tid} does not exist")))?;
    let waiting = |one: Pending| WaitingBody {
        oid: one.oid.0,
        code: one.code.0,
        version: one.version.0,
        happened_at: one.happened.0,
        due_at: one.due_at.0,
    };
    let postings = case.posted.into_iter().map(posting).collect();
    Ok(Json(TradeSettlement { tid, postings, waiting: case.pending.into_iter().map(waiting).collect() }))
}

pub(super) fn posting(posting: Posting) -> PostingBody {
    let entry = |entry: Entry| EntryBody { account: entry.account.to_string(), amount_fen: entry.amount.0 };
    PostingBody {
        tid: posting.tid.0,
        oid: posting.oid.0,
        code: posting.code.0,
        cause: posting.cause.name(),
        refund_id: Some(posting.cause.request()).filter(|refund| *refund != 0),
        n: posting.n,
        location_id: posting.location.0,
        version: posting.version.0,
        units: posting.units,
        gross_fen: posting.gross.0,
        amount_fen: posting.amount.0,
        happened_at: posting.happened.0,
        booked_at: posting.booked.0,
        entries: posting.entries.into_iter().map(entry).collect(),
    }
}
