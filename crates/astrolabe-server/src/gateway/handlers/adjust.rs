//! White paper §6.2.4 and §6.3.4: bringing a sub-order's hold to where the allocator sent it.

use astrolabe_core::command::{AdjustHold, Command, Goods};
use astrolabe_core::ids::{BillNum, ItemId, Oid, ScItemId, SkuId, Tid};
use astrolabe_protocol::{Answer, Fields, WireError};

use super::inventory_reports::stock_class;
use crate::app::Claim;
use crate::gateway::context::CallContext;

/// §6.2.4.
pub(super) async fn adjust(context: &CallContext) -> Result<Answer, WireError> {
    let info = context.fields().structure("inventory_adjust_info")?;
    let goods = Goods::Article(ScItemId(info.long("sc_item_id")?));
    send(context, info, goods).await
}

/// §6.3.4.
pub(super) async fn item_adjust(context: &CallContext) -> Result<Answer, WireError> {
    let info = context.fields().structure("inventory_adjust_info")?;
    let goods = Goods::Listing {
        item: ItemId(info.long("item_id")?),
        sku: SkuId(info.opt_long("sku_id")?.unwrap_or(0)),
        outer_code: info.opt_text("outer_id")?.unwrap_or_default().to_owned(),
    };
    send(context, info, goods).await
}

async fn send(context: &CallContext, info: &Fields, goods: Goods) -> Result<Answer, WireError> {
    // The published TOP form has no target type: an id is then a store's, anything else a warehouse's code.
    let claim = info.opt_text("target_warehouse_type")?.map(Claim::of);
    let target = context.location(claim, info.text("target_warehouse_id")?, "target_warehouse_id").await?;
    let original = match info.opt_text("original_warehouse_id")? {
        Some(text) => Some(context.location(None, text, "original_warehouse_id").await?),
        None => None,
    };
    let command = Command::AdjustHold(AdjustHold {
        bill_num: BillNum(info.text("bill_num")?.to_owned()),
        tid: Tid(order_number(info, "tb_trade_order")?),
        oid: Oid(order_number(info, "tb_sub_trade_order")?),
        target,
        goods,
        class: stock_class(info)?,
        quantity: info.long("quantity")?,
        original,
        adjust_type: info.opt_text("adjust_type")?.map(str::to_owned),
        who: context.actor(None),
    });
    context.submit(command).await?;
    Ok(Answer::ok())
}

/// Order numbers travel as text here and are numbers all the same.
fn order_number(info: &Fields, name: &'static str) -> Result<i64, WireError> {
    let number = info.text(name)?.trim().parse().ok().filter(|number: &i64| *number > 0);
    number.ok_or_else(|| WireError::invalid(name, "is not an order number"))
}
