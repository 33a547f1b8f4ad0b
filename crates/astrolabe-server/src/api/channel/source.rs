//! How the reading of a channel's own database goes: how far, how late, what failed, which rows could not be taken in.

use std::sync::Arc;

use astrolabe_store::{SourceException, SourceState};
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Exceptions shown.
const EXCEPTIONS_MAX: usize = 100;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceBody {
    /// Whether the channel has a source that is read now.
    followed: bool,
    tables: Vec<SourceTableBody>,
    /// Rows that could not be taken in; each goes once a later version of it can. At most 100.
    exceptions: Vec<SourceExceptionBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SourceTableBody {
    table: &'static str,
    /// Epoch milliseconds: rows written up to then were taken in.
    read_up_to: i64,
    /// Epoch milliseconds of the last reading that succeeded.
    read_at: i64,
    /// Milliseconds since that reading.
    lag_ms: i64,
    /// Why the last reading failed, if it did.
    last_error: Option<String>,
    failed_at: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SourceExceptionBody {
    table: &'static str,
    /// `tid`, or `refund_id`.
    row_id: i64,
    tid: Option<i64>,
    /// The path of the member that is wrong.
    field: Option<String>,
    problem: String,
    at: i64,
}

/// How the reading of the channel's database goes.
#[utoipa::path(get, path = "/{channel}/source", params(("channel" = String, Path, description = "the channel's name")),
    responses((status = 200, body = SourceBody), (status = 404, body = ErrorBody)))]
pub(super) async fn source(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<SourceBody>, ApiFailure> {
    caller.must_be_merchant()?;
    let seller = caller.seller();
    let directory = app.directory.get();
    let channel = directory.channels().find(|row| row.seller == seller && row.name == name);
    let channel = channel.ok_or_else(|| ApiFailure::not_found(format!("channel {name} does not exist")))?;
    let failed = |error| ApiFailure::storage(&error);
    let states = app.store.source_states(seller, &name).await.map_err(failed)?;
    let exceptions = app.store.source_exceptions(seller, &name, EXCEPTIONS_MAX).await.map_err(failed)?;
    let now = app.clock.now().0;
    Ok(Json(SourceBody {
        followed: channel.rds.as_ref().is_some_and(|rds| !rds.paused),
        tables: states.into_iter().map(|state| table(state, now)).collect(),
        exceptions: exceptions.into_iter().map(exception).collect(),
    }))
}

fn table(state: SourceState, now: i64) -> SourceTableBody {
    let (failed_at, last_error) = state.failure.map(|(at, error)| (at.0, error)).unzip();
    SourceTableBody {
        table: state.table.name(),
        read_up_to: state.place.moment / 1_000,
        read_at: state.read_at.0,
        lag_ms: now - state.read_at.0,
        last_error,
        failed_at,
    }
}

fn exception(wrong: SourceException) -> SourceExceptionBody {
    SourceExceptionBody {
        table: wrong.table.name(),
        row_id: wrong.row_id,
        tid: wrong.tid.map(|tid| tid.0),
        field: wrong.field,
        problem: wrong.problem,
        at: wrong.at.0,
    }
}
