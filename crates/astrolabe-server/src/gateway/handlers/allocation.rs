//! White paper §6.6.2: an allocating app's result. Every line's own status rules; the head's only an empty list.

use astrolabe_core::command::{Command, SyncAllocation, SyncStatus, SyncedLine};
use astrolabe_core::ids::{Oid, Tid};
use astrolabe_core::order::timeline::Via;
use astrolabe_protocol::{Answer, Fields, WireError};

use crate::app::Claim;
use crate::gateway::context::CallContext;

/// §6.6.2.
pub(super) async fn sync(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let tid = Tid(fields.long("tid")?);
    let mut lines = Vec::new();
    for item in fields.structs("sub_order_list")? {
        same_trade(item, tid)?;
        lines.push(line_of(context, item).await?);
    }
    let command = Command::SyncAllocation(SyncAllocation {
        tid,
        who: context.actor_via(Via::OwnCall, None),
        lines,
        head: status(fields.text("status")?)?,
        message: fields.opt_text("message")?.unwrap_or_default().to_owned(),
        happened: context.happened_ms("report_timestamp")?,
    });
    context.submit(command).await?;
    Ok(Answer::ok())
}

async fn line_of(context: &CallContext, item: &Fields) -> Result<SyncedLine, WireError> {
    let status = status(item.text("status")?)?;
    let location = match (status, item.opt_text("store_id")?) {
        (SyncStatus::Allocated, Some(text)) => {
            let claim = item.opt_text("store_type")?.map(Claim::of);
            Some(context.location(claim, text, "store_id").await?)
        }
        // What is not allocated is nowhere, whatever the line carries along.
        (SyncStatus::Allocated | SyncStatus::Waiting | SyncStatus::Failed, _) => None,
    };
    Ok(SyncedLine {
        oid: Oid(item.long("sub_oid")?),
        status,
        location,
        message: item.opt_text("message")?.unwrap_or_default().to_owned(),
        attributes: item.opt_text("attributes")?.map(str::to_owned),
    })
}

fn status(text: &str) -> Result<SyncStatus, WireError> {
    match text {
        "Waiting" => Ok(SyncStatus::Waiting),
        "Allocated" => Ok(SyncStatus::Allocated),
        "AllocateFail" => Ok(SyncStatus::Failed),
        _ => Err(WireError::invalid("status", "is no allocation status")),
    }
}

/// A line may repeat the trade's number, but not name another trade.
pub(super) fn same_trade(item: &Fields, tid: Tid) -> Result<(), WireError> {
    match item.opt_long("tid")? {
        Some(other) if other != tid.0 => Err(WireError::invalid("tid", "of a sub-order is not the trade's")),
        Some(_) | None => Ok(()),
    }
}
