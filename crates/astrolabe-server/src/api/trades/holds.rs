//! Holds on a trade (挂起): the merchant's staff hold it back and let it go; an operator may lift anybody's. What a location
//! has already is not touched by them.

use std::sync::Arc;

use astrolabe_core::command::Command;
use astrolabe_core::decide::holder_name;
use astrolabe_core::ids::Tid;
use astrolabe_core::order::timeline::Actor;
use astrolabe_core::order::trade::TradeHold;
use astrolabe_core::time::Timestamp;
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Longest reason.
const WHY_CHARS_MAX: usize = 200;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, set, lift))
}

/// A reason not to route the trade yet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldBody {
    /// `user:…`, `app:…`, `channel`, or `platform` for the wait after payment that the seller wants.
    holder: String,
    why: String,
    /// Epoch milliseconds.
    since: i64,
    /// Epoch milliseconds at which it ends by itself; absent: when it is lifted.
    until: Option<i64>,
}

impl HoldBody {
    pub(super) fn of(hold: &TradeHold) -> Self {
        Self {
            holder: hold.who.clone(),
            why: hold.why.clone(),
            since: hold.since.0,
            until: hold.until.map(|until| until.0),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct HoldList {
    holds: Vec<HoldBody>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetBody {
    /// 1 to 200 characters. The same holder may hold for several reasons.
    why: String,
    /// Epoch milliseconds at which it ends by itself.
    until: Option<i64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LiftQuery {
    /// Whose holds; one's own when absent. Others than one's own and `platform` are an operator's to lift.
    holder: Option<String>,
}

/// Who holds the trade back.
#[utoipa::path(get, path = "/{tid}/holds", params(("tid" = i64, Path, description = "trade id")),
    responses((status = 200, body = HoldList), (status = 404, body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, caller: Caller, Path(tid): Path<i64>) -> Result<Json<HoldList>, ApiFailure> {
    caller.must_be_merchant()?;
    standing(&app, &caller, Tid(tid)).await
}

/// Holds the trade back: what nobody has yet is not routed until every hold is gone.
#[utoipa::path(post, path = "/{tid}/holds", params(("tid" = i64, Path, description = "trade id")), request_body = SetBody,
    responses((status = 200, body = HoldList), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(tid): Path<i64>,
    Json(body): Json<SetBody>,
) -> Result<Json<HoldList>, ApiFailure> {
    caller.must_be_merchant()?;
    let why = body.why.trim().to_owned();
    if !(1..=WHY_CHARS_MAX).contains(&why.chars().count()) {
        return Err(ApiFailure::field("why", format!("why must have 1 to {WHY_CHARS_MAX} characters")));
    }
    must_exist(&app, &caller, Tid(tid)).await?;
    let command = Command::SetHold { tid: Tid(tid), who: actor(&caller), why, until: body.until.map(Timestamp) };
    app.submit(caller.seller(), command, None).await?;
    standing(&app, &caller, Tid(tid)).await
}

/// Lifts one's own holds, or another holder's. With the last hold gone the trade is routed.
#[utoipa::path(delete, path = "/{tid}/holds", params(("tid" = i64, Path, description = "trade id"), LiftQuery),
    responses((status = 200, body = HoldList), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn lift(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(tid): Path<i64>,
    Query(query): Query<LiftQuery>,
) -> Result<Json<HoldList>, ApiFailure> {
    caller.must_be_merchant()?;
    let who = actor(&caller);
    let own = holder_name(&who);
    let holder = query.holder.unwrap_or_else(|| own.clone());
    if holder != own && holder != TradeHold::PLATFORM && !caller.is_operator() {
        let problem = format!("the holds of {holder} are for {holder} or an operator to lift");
        return Err(ApiFailure::forbidden(problem));
    }
    must_exist(&app, &caller, Tid(tid)).await?;
    app.submit(caller.seller(), Command::LiftHold { tid: Tid(tid), who, holder: Some(holder) }, None).await?;
    standing(&app, &caller, Tid(tid)).await
}

fn actor(caller: &Caller) -> Actor {
    Actor::Operator { user: caller.name().to_owned() }
}

async fn must_exist(app: &App, caller: &Caller, tid: Tid) -> Result<(), ApiFailure> {
    standing(app, caller, tid).await.map(|_| ())
}

async fn standing(app: &App, caller: &Caller, tid: Tid) -> Result<Json<HoldList>, ApiFailure> {
    let view = app.store.trade(caller.seller(), tid).await.map_err(|error| ApiFailure::storage(&error))?;
    let view = view.ok_or_else(|| ApiFailure::not_found(format!("trade {tid} does not exist")))?;
    Ok(Json(HoldList { holds: view.file.trade.holds.iter().map(HoldBody::of).collect() }))
}
