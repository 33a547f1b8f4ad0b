//! 店掌柜: what a store clerk's page does (white paper §3.1, §3.2). A clerk acts for one store, the merchant's staff for all.

use std::sync::Arc;

use astrolabe_core::command::{Address, Command, HandoverPlace, PerLine, RefuseReason, StoreAnswer, UseCode};
use astrolabe_core::ids::{AllocationCode, HandoverCode, LocationId, SellerId};
use astrolabe_core::order::assignment::Shipment;
use astrolabe_core::refusal::Refusal;
use astrolabe_store::AssignmentView;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::{App, LaneError, fresh_handover_code};

/// Assignments on one page.
const PAGE_MAX: usize = 100;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(assignments))
        .routes(routes!(accept))
        .routes(routes!(refuse))
        .routes(routes!(ship))
        .routes(routes!(answer_refund))
        .routes(routes!(receive_return))
        .routes(routes!(confirm))
        .routes(routes!(transfer))
        .routes(routes!(transferred))
        .routes(routes!(collect))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// The store, for callers who act for more than one.
    store_id: Option<i64>,
    /// The last code of the page before.
    after: Option<i64>,
    /// 1 to 100; 50 when absent.
    limit: Option<usize>,
}

/// Live assignments, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct AssignmentList {
    assignments: Vec<AssignmentItem>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AssignmentItem {
    code: i64,
    tid: i64,
    oid: i64,
    store_id: i64,
    quantity: i64,
    state: &'static str,
    /// The buyer collects it here; without his code it is not handed over.
    pickup: bool,
    /// Epoch milliseconds; when silence will count as no answer, or shipping as late.
    due_at: Option<i64>,
    title: String,
    sku: String,
    /// Gifts, batch numbers and the like, as the allocating system wrote them.
    attributes: Option<String>,
}

/// What waits at the caller's store.
#[utoipa::path(get, path = "/assignments", params(ListQuery),
    responses((status = 200, body = AssignmentList), (status = 401, body = ErrorBody)))]
async fn assignments(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<AssignmentList>, ApiFailure> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiFailure::field("limit", format!("limit must be 1 to {PAGE_MAX}")));
    }
    let wanted = query.store_id.map(LocationId);
    let location = match (caller.store(), wanted) {
        (Some(own), None) => Some(own),
        (Some(own), Some(wanted)) if wanted == own => Some(own),
        (Some(_), Some(_)) => return Err(ApiFailure::forbidden("this token acts for its own store only")),
        (None, wanted) => wanted,
    };
    let after = query.after.map(AllocationCode);
    let found = app.store.assignments_at(caller.seller(), location, after, limit).await;
    let found = found.map_err(|error| ApiFailure::storage(&error))?;
    Ok(Json(AssignmentList { assignments: found.into_iter().map(item).collect() }))
}

/// An assignment as it stands after the call.
#[derive(Debug, Serialize, ToSchema)]
struct Answered {
    code: i64,
    state: &'static str,
}

/// What an accepting store may add; a call without a body takes all units.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptBody {
    /// So many of the units, where the seller lets quantities be divided; the others stay offered under a code of their own.
    quantity: Option<i64>,
}

/// The store takes the order.
#[utoipa::path(post, path = "/assignments/{code}/accept", params(("code" = i64, Path, description = "allocation code")),
    request_body = Option<AcceptBody>, responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn accept(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
    body: Bytes,
) -> Result<Json<Answered>, ApiFailure> {
    answer(&app, &caller, AllocationCode(code), accepted_quantity(&body)?, Command::Accept).await
}

/// An empty body says nothing, whatever type it is said to be of: most clerks take the whole.
fn accepted_quantity(body: &[u8]) -> Result<Option<i64>, ApiFailure> {
    if body.is_empty() {
        return Ok(None);
    }
    let body: AcceptBody =
        serde_json::from_slice(body).map_err(|error| ApiFailure::field("body", error.to_string()))?;
    Ok(body.quantity)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefuseBody {
    /// `no_goods`, `damaged`, `shop_closed` or `other`.
    #[schema(value_type = String)]
    reason: RefuseReason,
    /// So many of the units; the others stay with the store, under a code of their own.
    quantity: Option<i64>,
}

/// The store does not take it, or cannot ship it after all.
#[utoipa::path(post, path = "/assignments/{code}/refuse", params(("code" = i64, Path, description = "allocation code")),
    request_body = RefuseBody, responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn refuse(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
    Json(body): Json<RefuseBody>,
) -> Result<Json<Answered>, ApiFailure> {
    let reasons = PerLine::all(body.reason);
    answer(&app, &caller, AllocationCode(code), body.quantity, |answer| Command::Refuse { answer, reasons }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShipBody {
    /// Carrier, by the published company codes: `SF`, `YTO`, …
    company_code: String,
    waybill: String,
    /// So many of the units; the others still wait to be shipped, under a code of their own.
    quantity: Option<i64>,
}

/// The parcel is on its way.
#[utoipa::path(post, path = "/assignments/{code}/ship", params(("code" = i64, Path, description = "allocation code")),
    request_body = ShipBody, responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn ship(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
    Json(body): Json<ShipBody>,
) -> Result<Json<Answered>, ApiFailure> {
    for (field, value) in [("company_code", &body.company_code), ("waybill", &body.waybill)] {
        if !(1..=50).contains(&value.chars().count()) {
            return Err(ApiFailure::field(field, format!("{field} must have 1 to 50 characters")));
        }
    }
    let shipment = Shipment {
        company_name: String::new(),
        company_code: body.company_code,
        waybill: body.waybill,
        at: app.clock.now(),
    };
    let shipments = PerLine::all(shipment);
    answer(&app, &caller, AllocationCode(code), body.quantity, |answer| Command::Ship { answer, shipments }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefundAnswerBody {
    answer: RefundAnswer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RefundAnswer {
    /// X_SHOP_CANCEL_CONFIRM.
    BackOnShelf,
    /// X_SHOP_CANCEL_DENIED.
    AlreadyGone,
}

/// The buyer wants the money back: are the goods still here?
#[utoipa::path(post, path = "/assignments/{code}/refund-answer",
    params(("code" = i64, Path, description = "allocation code")), request_body = RefundAnswerBody,
    responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn answer_refund(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
    Json(body): Json<RefundAnswerBody>,
) -> Result<Json<Answered>, ApiFailure> {
    let confirmed = body.answer == RefundAnswer::BackOnShelf;
    let command = |answer| Command::AnswerCancel { answer, confirmed, refund: None };
    answer(&app, &caller, AllocationCode(code), None, command).await
}

/// What the buyer sent back has come.
#[utoipa::path(post, path = "/assignments/{code}/return-received",
    params(("code" = i64, Path, description = "allocation code")),
    responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn receive_return(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
) -> Result<Json<Answered>, ApiFailure> {
    answer(&app, &caller, AllocationCode(code), None, Command::ReceiveReturn).await
}

/// The pickup lies ready: the buyer is told a code.
#[utoipa::path(post, path = "/assignments/{code}/confirm", params(("code" = i64, Path, description = "allocation code")),
    responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn confirm(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
) -> Result<Json<Answered>, ApiFailure> {
    let fresh = fresh_handover_code();
    answer(&app, &caller, AllocationCode(code), None, |answer| Command::ConfirmPickup { answer, fresh }).await
}

/// The store has none: the pickup's goods are to be brought from elsewhere.
#[utoipa::path(post, path = "/assignments/{code}/transfer", params(("code" = i64, Path, description = "allocation code")),
    responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn transfer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
) -> Result<Json<Answered>, ApiFailure> {
    answer(&app, &caller, AllocationCode(code), None, Command::StartTransfer).await
}

/// They have come, and lie ready.
#[utoipa::path(post, path = "/assignments/{code}/transferred",
    params(("code" = i64, Path, description = "allocation code")),
    responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn transferred(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
) -> Result<Json<Answered>, ApiFailure> {
    let fresh = fresh_handover_code();
    answer(&app, &caller, AllocationCode(code), None, |answer| Command::ReceiveTransfer { answer, fresh }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CollectBody {
    /// What the buyer shows: it covers everything of the trade that lies ready here.
    #[schema(value_type = String)]
    code: HandoverCode,
}

/// The buyer showed the code and has the goods.
#[utoipa::path(post, path = "/assignments/{code}/collect", params(("code" = i64, Path, description = "allocation code")),
    request_body = CollectBody, responses((status = 200, body = Answered), (status = 409, body = ErrorBody)))]
async fn collect(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<i64>,
    Json(body): Json<CollectBody>,
) -> Result<Json<Answered>, ApiFailure> {
    must_be_of_trade(&app, caller.seller(), AllocationCode(code), &body.code).await?;
    answer(&app, &caller, AllocationCode(code), None, |StoreAnswer { tid, who, happened, .. }| {
        let place = HandoverPlace::Counter;
        Command::UseCode(UseCode { tid, code: body.code, place, who, happened })
    })
    .await
}

/// Whose a code is, is for ever: another trade's is refused by its own name.
async fn must_be_of_trade(
    app: &Arc<App>,
    seller: SellerId,
    given: AllocationCode,
    code: &HandoverCode,
) -> Result<(), ApiFailure> {
    let owner = app.store.trade_of_handover_code(seller, code).await.map_err(|error| ApiFailure::storage(&error))?;
    let tid = app.store.trade_of_allocation(seller, given).await.map_err(|error| ApiFailure::storage(&error))?;
    match (owner, tid) {
        (Some(owner), Some(tid)) if owner != tid => {
            Err(LaneError::Refused(Refusal::HandoverCodeOfOther { tid }).into())
        }
        (Some(_) | None, _) => Ok(()),
    }
}

async fn answer(
    app: &Arc<App>,
    caller: &Caller,
    code: AllocationCode,
    units: Option<i64>,
    command: impl FnOnce(StoreAnswer) -> Command,
) -> Result<Json<Answered>, ApiFailure> {
    let seller = caller.seller();
    let unknown = || ApiFailure::not_found(format!("allocation {code} does not exist"));
    let tid = app.store.trade_of_allocation(seller, code).await.map_err(|error| ApiFailure::storage(&error))?;
    let tid = tid.ok_or_else(unknown)?;
    let view = app.store.trade(seller, tid).await.map_err(|error| ApiFailure::storage(&error))?;
    let assignment = view.as_ref().and_then(|view| view.file.by_code(code)).ok_or_else(unknown)?;
    caller.must_act_for(assignment.location)?;
    let answer = StoreAnswer {
        tid,
        address: Address::Code(code, Vec::new()),
        units: PerLine::all(units),
        claims_warehouse: None,
        who: caller.actor_at(assignment.location, assignment.warehouse),
        happened: app.clock.now(),
        timed: true,
    };
    app.submit(seller, command(answer), None).await?;
    let view = app.store.trade(seller, tid).await.map_err(|error| ApiFailure::storage(&error))?;
    let state = view.as_ref().and_then(|view| view.file.by_code(code)).map(|found| found.state.name());
    Ok(Json(Answered { code: code.0, state: state.ok_or_else(unknown)? }))
}

fn item(view: AssignmentView) -> AssignmentItem {
    let assignment = view.assignment;
    let line = published_line(&view.published, assignment.oid.0);
    let text = |name: &str| line.as_ref().and_then(|line| line[name].as_str()).unwrap_or_default().to_owned();
    AssignmentItem {
        code: assignment.code.0,
        tid: assignment.tid.0,
        oid: assignment.oid.0,
        store_id: assignment.location.0,
        quantity: assignment.units,
        state: assignment.state.name(),
        pickup: assignment.pickup,
        due_at: assignment.due_at.map(|due| due.0),
        title: text("title"),
        sku: text("sku_properties_name"),
        attributes: assignment.attributes,
    }
}

/// The published order line with this oid.
fn published_line(published: &str, oid: i64) -> Option<serde_json::Value> {
    let trade: serde_json::Value = serde_json::from_str(published).ok()?;
    let lines = trade["orders"]["order"].as_array()?;
    lines.iter().find(|line| line["oid"].as_i64() == Some(oid)).cloned()
}
