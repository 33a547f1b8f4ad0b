//! A look at one trade: payment, holds, lines, assignments, timeline, calls outward. Nothing here names the buyer. Holds are
//! set and lifted in [`holds`].

mod holds;

use std::sync::Arc;

use astrolabe_core::ids::Tid;
use astrolabe_core::order::told::PaymentWait;
use astrolabe_core::order::trade::{SubOrder, TradePayment, UnassignedState};
use astrolabe_core::outward::OutwardState;
use astrolabe_store::TradeView;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

use self::holds::HoldBody;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(trade)).merge(holds::router())
}

#[derive(Debug, Serialize, ToSchema)]
struct TradeBody {
    tid: i64,
    /// The white paper's section of the trade's role mode, once it is ours to route.
    mode: Option<&'static str>,
    /// `awaited`, `paid` or `closed`.
    payment: &'static str,
    /// What payment in full waits for: `unpaid`, `pending`, `pre_authorisation`, `deposit`, `balance` or `parts`.
    payment_waits_for: Option<&'static str>,
    /// Who holds the trade back; while anybody does, nothing of it is routed.
    holds: Vec<HoldBody>,
    lines: Vec<LineBody>,
    assignments: Vec<AssignmentBody>,
    timeline: Vec<FactBody>,
    calls_outward: Vec<CallBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LineBody {
    oid: i64,
    item_id: i64,
    sku_id: i64,
    quantity: i64,
    /// What the units that no assignment has wait for.
    unassigned: Option<UnassignedBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UnassignedBody {
    units: i64,
    state: &'static str,
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AssignmentBody {
    code: i64,
    oid: i64,
    location_id: i64,
    warehouse: bool,
    quantity: i64,
    state: &'static str,
    white_paper_state: &'static str,
    due_at: Option<i64>,
    waybill: Option<String>,
    /// What the buyer must show to get the goods, for whoever tells him; a store asks him for it.
    handover_code: Option<String>,
    /// Whether the goods were handed over against the code.
    handover_code_used: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct FactBody {
    oid: Option<i64>,
    code: Option<i64>,
    #[schema(value_type = String)]
    fact: astrolabe_core::order::timeline::Fact,
    location_id: Option<i64>,
    happened_at: i64,
    learnt_at: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct CallBody {
    id: i64,
    #[schema(value_type = Object)]
    receiver: astrolabe_core::outward::Receiver,
    #[schema(value_type = Object)]
    message: astrolabe_core::outward::Message,
    #[schema(value_type = Object)]
    state: OutwardState,
}

/// Everything known of one trade.
#[utoipa::path(get, path = "/{tid}", params(("tid" = i64, Path, description = "trade id")),
    responses((status = 200, body = TradeBody), (status = 404, body = ErrorBody)))]
async fn trade(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(tid): Path<i64>,
) -> Result<Json<TradeBody>, ApiFailure> {
    caller.must_be_merchant()?;
    let view = app.store.trade(caller.seller(), Tid(tid)).await.map_err(|error| ApiFailure::storage(&error))?;
    let view = view.ok_or_else(|| ApiFailure::not_found(format!("trade {tid} does not exist")))?;
    Ok(Json(body(view)))
}

fn body(view: TradeView) -> TradeBody {
    let trade = view.file.trade;
    TradeBody {
        tid: trade.tid.0,
        mode: trade.mode.as_ref().map(|mode| mode.section()),
        payment: match trade.payment {
            TradePayment::Awaited => "awaited",
            TradePayment::Paid => "paid",
            TradePayment::Closed => "closed",
        },
        payment_waits_for: trade.told.waits_for.map(PaymentWait::name),
        holds: trade.holds.iter().map(HoldBody::of).collect(),
        lines: trade.sub_orders.iter().map(line).collect(),
        assignments: view.file.assignments.iter().map(assignment).collect(),
        timeline: view.timeline.iter().map(fact).collect(),
        calls_outward: view
            .outward
            .into_iter()
            .map(|call| CallBody {
                id: call.outward.id.0,
                receiver: call.outward.receiver,
                message: call.outward.message,
                state: call.state,
            })
            .collect(),
    }
}

fn line(line: &SubOrder) -> LineBody {
    LineBody {
        oid: line.oid.0,
        item_id: line.item.0,
        sku_id: line.sku.0,
        quantity: line.quantity,
        unassigned: line.unassigned.as_ref().map(|unassigned| {
            let (state, reason) = match &unassigned.state {
                UnassignedState::Created => ("created", None),
                UnassignedState::Held => ("held", None),
                UnassignedState::Routing => ("routing", None),
                UnassignedState::Unfillable { reason } => ("unfillable", Some(reason.clone())),
                UnassignedState::Cancelled => ("cancelled", None),
                UnassignedState::Closed => ("closed", None),
            };
            UnassignedBody { units: unassigned.units, state, reason }
        }),
    }
}

fn assignment(assignment: &astrolabe_core::order::assignment::Assignment) -> AssignmentBody {
    AssignmentBody {
        code: assignment.code.0,
        oid: assignment.oid.0,
        location_id: assignment.location.0,
        warehouse: assignment.warehouse,
        quantity: assignment.units,
        state: assignment.state.name(),
        white_paper_state: assignment.state.white_paper_state(),
        due_at: assignment.due_at.map(|due| due.0),
        waybill: assignment.shipment.as_ref().map(|shipment| shipment.waybill.clone()),
        handover_code: assignment.handover.as_ref().map(|handover| handover.code.digits().to_owned()),
        handover_code_used: assignment.handover.as_ref().is_some_and(|handover| handover.used_by.is_some()),
    }
}

fn fact(fact: &astrolabe_core::order::timeline::TimelineFact) -> FactBody {
    FactBody {
        oid: fact.oid.map(|oid| oid.0),
        code: fact.code.map(|code| code.0),
        fact: fact.fact,
        location_id: fact.location.map(|location| location.0),
        happened_at: fact.at.happened.0,
        learnt_at: fact.at.learnt.0,
    }
}
