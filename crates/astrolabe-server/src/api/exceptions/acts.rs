//! What people do about exceptions: take, note, close; and, on the order behind one, what may help. Every act is a command of
//! its own in the seller's lane: an exception ends when its cause is gone, not because somebody pressed a button.

use std::sync::Arc;

use astrolabe_core::command::{Command, Reallocate};
use astrolabe_core::exception::{Exception, ExceptionState, FixAction, NOTE_CHARS_MAX, Subject};
use astrolabe_core::ids::{ExceptionId, LocationId, Oid, OutwardId, Tid};
use astrolabe_core::order::timeline::Actor;
use astrolabe_core::order::trade::Delivery;
use astrolabe_core::outward::OutwardState;
use astrolabe_core::refusal::Refusal;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ExceptionBody, find, read};
use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::{App, LaneError, new_request};

/// The caller has it from now on, whoever had it before.
#[utoipa::path(post, path = "/{id}/take", params(("id" = i64, Path, description = "the exception's id")),
    responses((status = 200, body = ExceptionBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn take(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<ExceptionBody>, ApiFailure> {
    change(&app, &caller, ExceptionId(id), |id, who| Command::TakeException { id, who }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Remark {
    /// 1 to 500 characters. Never a buyer's data.
    text: String,
}

/// Writes something down.
#[utoipa::path(post, path = "/{id}/notes", params(("id" = i64, Path, description = "the exception's id")),
    request_body = Remark,
    responses((status = 200, body = ExceptionBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn note(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<i64>,
    Json(body): Json<Remark>,
) -> Result<Json<ExceptionBody>, ApiFailure> {
    let text = checked("text", body.text)?;
    change(&app, &caller, ExceptionId(id), |id, who| Command::NoteException { id, who, text }).await
}

/// Closes it by hand; `text` says how it was settled.
#[utoipa::path(post, path = "/{id}/close", params(("id" = i64, Path, description = "the exception's id")),
    request_body = Remark,
    responses((status = 200, body = ExceptionBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<i64>,
    Json(body): Json<Remark>,
) -> Result<Json<ExceptionBody>, ApiFailure> {
    let why = checked("text", body.text)?;
    change(&app, &caller, ExceptionId(id), |id, who| Command::CloseException { id, who, why }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActBody {
    /// One of the exception's `actions`.
    #[schema(value_type = String)]
    action: FixAction,
    /// Where the order should go: for `reallocate` if wanted, for `another_store` always.
    location_id: Option<i64>,
    /// For `hold` and `ask_cancel`.
    reason: Option<String>,
}

/// Does something about the order behind it.
#[utoipa::path(post, path = "/{id}/actions", params(("id" = i64, Path, description = "the exception's id")),
    request_body = ActBody,
    responses((status = 200, body = ExceptionBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn act(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<i64>,
    Json(body): Json<ActBody>,
) -> Result<Json<ExceptionBody>, ApiFailure> {
    caller.must_be_merchant()?;
    let id = ExceptionId(id);
    let found = find(&app, &caller, id).await?;
    if found.state == ExceptionState::Closed {
        return Err(LaneError::Refused(Refusal::ExceptionClosed { id }).into());
    }
    if !found.kind.actions().contains(&body.action) {
        let message = format!("{} does not help {}", body.action.name(), found.kind.name());
        return Err(ApiFailure::field("action", message));
    }
    let command = command(&app, &caller, &found, body).await?;
    app.submit(caller.seller(), command, None).await?;
    Ok(Json(read(&app, caller.seller(), id).await?.into()))
}

/// The command that an action is.
async fn command(app: &App, caller: &Caller, found: &Exception, body: ActBody) -> Result<Command, ApiFailure> {
    let who = person(caller);
    let tid = found.subject.tid().ok_or_else(|| ApiFailure::field("action", "it is about no order"))?;
    let sub_orders: Vec<Oid> = found.subject.oid().into_iter().collect();
    let target = body.location_id.map(LocationId);
    let reason = body.reason.unwrap_or_else(|| format!("exception {}", found.id));
    let reallocate = |target, sub_orders| {
        Command::Reallocate(Reallocate {
            tid,
            sub_orders,
            target,
            who: who.clone(),
            request: new_request(),
            force: false,
        })
    };
    Ok(match body.action {
        FixAction::Reallocate => reallocate(target, sub_orders),
        FixAction::AnotherStore => {
            let target = target.ok_or_else(|| ApiFailure::field("location_id", "another_store needs location_id"))?;
            reallocate(Some(target), sub_orders)
        }
        FixAction::Transfer => reallocate(Some(chosen_store(app, caller, tid, &sub_orders).await?), sub_orders),
        FixAction::Resend => resend(app, caller, found, who).await?,
        FixAction::Hold => Command::SetHold { tid, who, why: checked("reason", reason)?, until: None },
        FixAction::LiftHold => Command::LiftHold { tid, who, holder: None },
        FixAction::AskCancel => Command::AskCancel { tid, sub_orders, who, why: checked("reason", reason)? },
    })
}

/// The store that the buyer of a pickup chose.
async fn chosen_store(app: &App, caller: &Caller, tid: Tid, oids: &[Oid]) -> Result<LocationId, ApiFailure> {
    let view = app.store.trade(caller.seller(), tid).await.map_err(|error| ApiFailure::storage(&error))?;
    let delivery = view.and_then(|view| view.file.trade.sub_order(*oids.first()?).map(|line| line.delivery));
    match delivery {
        Some(Delivery::Pickup { store }) => Ok(store),
        Some(Delivery::Ship) | None => Err(ApiFailure::field("action", "the sub-order is no pickup")),
    }
}

async fn resend(app: &App, caller: &Caller, found: &Exception, who: Actor) -> Result<Command, ApiFailure> {
    let Subject::Call(tid, call) = found.subject else {
        return Err(ApiFailure::field("action", "it is about no call"));
    };
    let attempts = dead_call(app, caller, tid, call).await?;
    Ok(Command::ResendCall { tid, call, attempts, who })
}

/// How often a call was made before it was given up.
async fn dead_call(app: &App, caller: &Caller, tid: Tid, call: OutwardId) -> Result<u32, ApiFailure> {
    let view = app.store.trade(caller.seller(), tid).await.map_err(|error| ApiFailure::storage(&error))?;
    let known = view.into_iter().flat_map(|view| view.outward).find(|known| known.outward.id == call);
    match known.map(|known| known.state) {
        Some(OutwardState::Dead { attempts, .. }) => Ok(attempts),
        Some(OutwardState::Pending { .. } | OutwardState::Delivered { .. } | OutwardState::Skipped { .. }) | None => {
            Err(ApiFailure::new(StatusCode::CONFLICT, "isv.call-not-dead", "the call is not given up"))
        }
    }
}

async fn change(
    app: &Arc<App>,
    caller: &Caller,
    id: ExceptionId,
    command: impl FnOnce(ExceptionId, Actor) -> Command,
) -> Result<Json<ExceptionBody>, ApiFailure> {
    let found = find(app, caller, id).await?;
    app.submit(caller.seller(), command(found.id, person(caller)), None).await?;
    Ok(Json(read(app, caller.seller(), id).await?.into()))
}

/// A clerk acts for his store, everybody else for the merchant.
fn person(caller: &Caller) -> Actor {
    match caller.store() {
        Some(store) => caller.actor_at(store, false),
        None => caller.operator(),
    }
}

fn checked(field: &'static str, text: String) -> Result<String, ApiFailure> {
    let length = text.trim().chars().count();
    if (1..=NOTE_CHARS_MAX).contains(&length) {
        return Ok(text.trim().to_owned());
    }
    Err(ApiFailure::field(field, format!("{field} must have 1 to {NOTE_CHARS_MAX} characters")))
}
