//! White paper §6.4 (`orderStatus.sync`) and §6.5 (`orderStatus.update`): states reported by the merchant's systems.
//!
//! `type` says which of the two lists a state is from, deliveries' (FAHUO) or pickups' (ZITI); where it is left out, the state
//! itself says it. A state of the machine becomes the command that leads there, a milestone of §1.3.1 a fact on the timeline. Which of
//! the two methods an app should use follows from the trade's role mode; whether this app may say this is the core's to
//! know, so both methods take the same states (allocation: sync alone).

use astrolabe_core::command::{Address, Command, PerLine, StoreAnswer, SyncAllocation, SyncStatus, SyncedLine};
use astrolabe_core::ids::{Oid, Tid};
use astrolabe_core::order::assignment::Shipment;
use astrolabe_core::order::timeline::{Fact, Via};
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::{Answer, WireError};

use super::answers::{allocation_code, reason_of, trade_of_code};
use crate::app::fresh_handover_code;
use crate::gateway::context::CallContext;

/// What a reported status asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reported {
    /// X_ALLOCATION_NOTIFIED.
    Allocated,
    /// X_SHOP_ALLOCATION.
    Accepted,
    /// X_SHOP_DENY.
    Refused,
    /// X_SHOP_HANDLED.
    Shipped,
    /// X_SHOP_CANCEL_CONFIRM / X_SHOP_CANCEL_DENIED.
    CancelAnswered {
        confirmed: bool,
    },
    /// X_MATCHED.
    ReturnReceived,
    Milestone(Fact),
    /// A state that the platform alone sets.
    OnlyOurs,
    /// X_COMMODITY_CONFIRM.
    Ready,
    /// X_COMMODITY_TRANSER.
    SentFor,
    /// X_TRANSFER_SUCCESS.
    Brought,
}

/// Whose list of §6.5 a state is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Of {
    Both,
    Deliveries,
    Pickups,
}

const STATUSES: [(&str, Reported); 23] = [
    ("X_ALLOCATION_NOTIFIED", Reported::Allocated),
    ("X_SHOP_ALLOCATION", Reported::Accepted),
    ("X_SHOP_DENY", Reported::Refused),
    ("X_SHOP_HANDLED", Reported::Shipped),
    ("X_SHOP_CANCEL_CONFIRM", Reported::CancelAnswered { confirmed: true }),
    ("X_SHOP_CANCEL_DENIED", Reported::CancelAnswered { confirmed: false }),
    ("X_MATCHED", Reported::ReturnReceived),
    ("X_TO_SYSTEM", Reported::Milestone(Fact::ToSystem)),
    ("X_SERVICE_AUDITED", Reported::Milestone(Fact::ServiceAudited)),
    ("X_FINANCE_AUDITED", Reported::Milestone(Fact::FinanceAudited)),
    ("X_SORT_PRINTED", Reported::Milestone(Fact::SortPrinted)),
    ("X_SEND_PRINTED", Reported::Milestone(Fact::SendPrinted)),
    ("X_LOGISTICS_PRINTED", Reported::Milestone(Fact::LogisticsPrinted)),
    ("X_SORTED", Reported::Milestone(Fact::Sorted)),
    ("X_EXAMINED", Reported::Milestone(Fact::Examined)),
    ("X_PACKAGED", Reported::Milestone(Fact::Packaged)),
    ("X_WEIGHED", Reported::Milestone(Fact::Weighed)),
    ("X_OUT_WAREHOUSE", Reported::Milestone(Fact::OutWarehouse)),
    ("X_SHOP_CANCEL", Reported::OnlyOurs),
    ("X_HANDLED_CANCEL", Reported::OnlyOurs),
    ("X_COMMODITY_CONFIRM", Reported::Ready),
    // Published with this spelling.
    ("X_COMMODITY_TRANSER", Reported::SentFor),
    ("X_TRANSFER_SUCCESS", Reported::Brought),
];

/// §6.4.
pub(super) async fn sync(context: &CallContext) -> Result<Answer, WireError> {
    let reported = reported_of(context)?;
    match reported {
        Reported::Allocated => allocate(context).await?,
        Reported::Accepted
        | Reported::Refused
        | Reported::Shipped
        | Reported::CancelAnswered { .. }
        | Reported::ReturnReceived
        | Reported::Milestone(_)
        | Reported::OnlyOurs
        | Reported::Ready
        | Reported::SentFor
        | Reported::Brought => tell(context, reported).await?,
    }
    Ok(Answer::ok())
}

/// §6.5.
pub(super) async fn update(context: &CallContext) -> Result<Answer, WireError> {
    tell(context, reported_of(context)?).await?;
    Ok(Answer::ok())
}

fn reported_of(context: &CallContext) -> Result<Reported, WireError> {
    let fields = context.fields();
    let status = fields.text("status")?;
    let known = STATUSES.iter().find(|(name, _)| *name == status).map(|(_, reported)| *reported);
    let reported = known.ok_or_else(|| WireError::invalid("status", "is no published order status"))?;
    if reported == Reported::OnlyOurs {
        return Err(WireError::invalid("status", "is set by the platform alone"));
    }
    match (of(reported), fields.opt_text("type")?) {
        (Of::Deliveries, Some("ZITI")) => Err(WireError::invalid("type", "is ZITI, and the status is one of FAHUO")),
        (Of::Pickups, Some("FAHUO")) => Err(WireError::invalid("type", "is FAHUO, and the status is one of ZITI")),
        (Of::Both | Of::Deliveries | Of::Pickups, _) => Ok(reported),
    }
}

fn of(reported: Reported) -> Of {
    match reported {
        Reported::Accepted | Reported::Shipped | Reported::CancelAnswered { confirmed: false } => Of::Deliveries,
        Reported::Ready | Reported::SentFor | Reported::Brought => Of::Pickups,
        Reported::Allocated
        | Reported::Refused
        | Reported::CancelAnswered { confirmed: true }
        | Reported::ReturnReceived
        | Reported::Milestone(_)
        | Reported::OnlyOurs => Of::Both,
    }
}

/// X_ALLOCATION_NOTIFIED with a store is an allocation result.
async fn allocate(context: &CallContext) -> Result<(), WireError> {
    let fields = context.fields();
    let location = context.location_by_id(fields.long("store_id")?).await?;
    let oids = fields.longs("order_codes")?;
    if oids.is_empty() {
        return Err(WireError::missing("order_codes"));
    }
    let line = |oid| SyncedLine {
        oid: Oid(oid),
        status: SyncStatus::Allocated,
        location: Some(location),
        message: String::new(),
        attributes: None,
    };
    let command = Command::SyncAllocation(SyncAllocation {
        tid: Tid(fields.long("parent_order_code")?),
        who: context.actor_via(Via::StatusSync, fields.opt_text("operator")?),
        lines: oids.into_iter().map(line).collect(),
        head: SyncStatus::Allocated,
        message: String::new(),
        happened: context.happened_at("action_time")?,
    });
    context.submit(command).await.map(|_done| ())
}

async fn tell(context: &CallContext, reported: Reported) -> Result<(), WireError> {
    let fields = context.fields();
    let happened = context.happened_at("action_time")?;
    let (tid, address) = address_of(context, reported).await?;
    let answer = StoreAnswer {
        tid,
        address,
        units: PerLine::all(None),
        claims_warehouse: None,
        who: context.actor_via(Via::StatusSync, fields.opt_text("operator")?),
        happened,
        timed: fields.has("action_time"),
    };
    let command = match reported {
        Reported::Accepted => Command::Accept(answer),
        Reported::Refused => {
            let reasons = PerLine::all(reason_of(None, fields.opt_text("remark")?));
            Command::Refuse { answer, reasons }
        }
        Reported::Shipped => Command::Ship { answer, shipments: PerLine::all(unnamed_parcel(happened)) },
        Reported::CancelAnswered { confirmed } => Command::AnswerCancel { answer, confirmed, refund: None },
        Reported::ReturnReceived => Command::ReceiveReturn(answer),
        Reported::Milestone(fact) => Command::RecordMilestone { answer, fact },
        Reported::Allocated => {
            return Err(WireError::invalid("status", "X_ALLOCATION_NOTIFIED is reported with orderStatus.sync"));
        }
        Reported::Ready => Command::ConfirmPickup { answer, fresh: fresh_handover_code() },
        Reported::SentFor => Command::StartTransfer(answer),
        Reported::Brought => Command::ReceiveTransfer { answer, fresh: fresh_handover_code() },
        Reported::OnlyOurs => return Err(WireError::invalid("status", "cannot be reported")),
    };
    context.submit(command).await.map(|_done| ())
}

/// X_SHOP_HANDLED says that goods left, not how: §6.5 has no field for carrier and waybill.
fn unnamed_parcel(at: Timestamp) -> Shipment {
    Shipment { company_code: String::new(), company_name: String::new(), waybill: String::new(), at }
}

/// Whom the call speaks of: an allocation code (published), or trade, sub-orders and store (white paper).
async fn address_of(context: &CallContext, reported: Reported) -> Result<(Tid, Address), WireError> {
    let fields = context.fields();
    let oids: Vec<Oid> = fields.longs("order_codes")?.into_iter().map(Oid).collect();
    if fields.has("allocation_code") {
        let code = allocation_code(fields)?;
        return Ok((trade_of_code(context, code).await?, Address::Code(code, oids)));
    }
    let tid = Tid(fields.long("parent_order_code")?);
    if let Some(store) = fields.opt_long("store_id")? {
        if oids.is_empty() {
            return Err(WireError::missing("order_codes"));
        }
        let location = context.location_by_id(store).await?;
        return Ok((tid, Address::Lines(oids.into_iter().map(|oid| (oid, location)).collect())));
    }
    match reported {
        // General states (§6.4) need no store: they are of wherever the sub-order is, or of the sub-order itself until
        // something has it. Without sub-orders they are of the whole trade.
        Reported::Milestone(_) => Ok((tid, Address::SubOrders(oids))),
        Reported::Allocated
        | Reported::Accepted
        | Reported::Refused
        | Reported::Shipped
        | Reported::CancelAnswered { .. }
        | Reported::ReturnReceived
        | Reported::OnlyOurs
        | Reported::Ready
        | Reported::SentFor
        | Reported::Brought => Err(WireError::missing("store_id")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_published_status_is_known_once() {
        let names: BTreeSet<&str> = STATUSES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), STATUSES.len());
        let facts: BTreeSet<Fact> = STATUSES
            .iter()
            .filter_map(|(_, reported)| if let Reported::Milestone(fact) = reported { Some(*fact) } else { None })
            .collect();
        assert_eq!(facts.len(), 11, "the eleven milestones of §1.3.1, each a fact of its own");
    }
}
