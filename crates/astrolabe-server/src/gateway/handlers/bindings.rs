//! White paper §6.1.6–6.1.8: which stores may serve which items.

use astrolabe_core::command::Command;
use astrolabe_core::ids::{ItemId, LocationId};
use astrolabe_protocol::{Answer, Value, WireError};

use crate::gateway::context::CallContext;
use crate::gateway::refusals::storage_failed;

/// Rows on one page (§6.1.7, §6.1.8).
const PER_PAGE: i64 = 100;

/// §6.1.6: one item, at most 200 stores; all of them, or none.
pub(super) async fn bind(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let command = Command::BindItem {
        item: ItemId(fields.long("item_id")?),
        locations: fields.longs("store_ids")?.into_iter().map(LocationId).collect(),
        bind: fields.text("action_type")? == "ADD",
    };
    context.submit(command).await?;
    Ok(Answer::ok())
}

/// §6.1.7.
pub(super) async fn stores_of_item(context: &CallContext) -> Result<Answer, WireError> {
    let item = ItemId(context.fields().long("item_id")?);
    let found = context.app.store.stores_of_item(context.seller, item, page(context)?, PER_PAGE).await;
    let (stores, total) = found.map_err(|error| storage_failed(&error))?;
    let stores = stores.into_iter().map(|store| Value::Int(store.0)).collect();
    Ok(Answer::ok().with("store_ids", Value::List(stores)).with("total_lines", total))
}

/// §6.1.8.
pub(super) async fn items_of_store(context: &CallContext) -> Result<Answer, WireError> {
    let store = context.location_by_id(context.fields().long("store_id")?).await?;
    let found = context.app.store.items_of_store(context.seller, store, page(context)?, PER_PAGE).await;
    let (items, total) = found.map_err(|error| storage_failed(&error))?;
    let items = items.into_iter().map(|item| Value::Text(item.0.to_string())).collect();
    Ok(Answer::ok().with("item_ids", Value::List(items)).with("total_lines", total))
}

/// Pages count from 1, which is also what an absent one means.
fn page(context: &CallContext) -> Result<i64, WireError> {
    match context.fields().opt_long("page")? {
        None => Ok(1),
        Some(0) => Err(WireError::invalid("page", "counts from 1")),
        // Far beyond any row, and page × rows still fits.
        Some(page) => Ok(page.min(i64::from(i32::MAX))),
    }
}
