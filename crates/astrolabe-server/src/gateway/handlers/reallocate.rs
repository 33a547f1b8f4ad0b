//! `taobao.omniorder.store.reallocate`: taking sub-orders back from where they are, to a named location or anywhere.

use astrolabe_core::command::{Command, Reallocate};
use astrolabe_core::ids::{Oid, Tid};
use astrolabe_protocol::{Answer, WireError};

use crate::app::{Claim, new_request};
use crate::gateway::context::CallContext;

/// All named sub-orders, or none.
pub(super) async fn reallocate(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let oids = fields.texts("sub_order_ids")?.into_iter().map(|text| {
        let number = text.trim().parse().ok().filter(|number: &i64| *number > 0);
        number.map(Oid).ok_or_else(|| WireError::invalid("sub_order_ids", "holds what is no order number"))
    });
    let sub_orders = oids.collect::<Result<Vec<_>, _>>()?;
    let target = match (fields.opt_long("store_id")?, fields.opt_text("warehouse_code")?) {
        (Some(_), Some(_)) => return Err(WireError::invalid("warehouse_code", "is given beside store_id")),
        (Some(store), None) => Some(context.location_by_id(store).await?),
        (None, Some(code)) => Some(context.location(Some(Claim::Warehouse), code, "warehouse_code").await?),
        (None, None) => None,
    };
    let command = Command::Reallocate(Reallocate {
        tid: Tid(fields.long("main_order_id")?),
        sub_orders,
        target,
        who: context.actor(None),
        request: new_request(),
        force: false,
    });
    context.submit(command).await?;
    Ok(Answer::ok())
}
