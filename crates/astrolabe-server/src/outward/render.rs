//! A message in the words of the business as fields of the wire.

use astrolabe_core::ids::{LocationId, Oid, SellerId};
use astrolabe_core::outward::{Message, Outward, ToldAllocation};
use astrolabe_protocol::{Fields, Value};
use astrolabe_store::StoreError;

use crate::app::{App, wire_name};

/// A call to an ISV: the catalogue's method name and its fields.
pub(crate) async fn spi_call(
    app: &App,
    seller: SellerId,
    nick: &str,
    outward: &Outward,
) -> Result<Option<(&'static str, Fields)>, StoreError> {
    let fields = Fields::new().with("tid", outward.tid.0).with("seller_id", seller.0);
    Ok(Some(match &outward.message {
        Message::AskAllocation => ("taobao.qimen.omniorder.allocate", fields.with("seller_nick", nick)),
        Message::QueryAllocation => ("taobao.qimen.omniorder.allocatedinfo.get", fields),
        Message::TellAllocations { allocations } => {
            let mut list = Vec::with_capacity(allocations.len());
            for told in allocations {
                list.push(Value::Struct(allocation(app, seller, outward, told).await?));
            }
            let status = if allocations.iter().all(|told| told.withdrawn) { "Waiting" } else { "Allocated" };
            let fields = fields.with("status", status).with("store_allocated_list", Value::List(list));
            ("taobao.qimen.omniorder.allocatedinfo.sync", fields)
        }
        Message::TellRefund { sub_orders, withdrawn } => {
            let status = if *withdrawn { "STATUS_PAID" } else { "STATUS_REFUNDED" };
            let list = sub_orders
                .iter()
                .map(|oid| Value::Struct(Fields::new().with("sub_oid", oid.0).with("status", status)))
                .collect();
            ("taobao.qimen.omniorder.customer.refund", fields.with("sub_order_list", Value::List(list)))
        }
        Message::TellAccepted { sub_orders, operator } => {
            ("taobao.qimen.omniorder.store.accpeted", notice(fields, sub_orders, operator))
        }
        Message::TellRefused { sub_orders, operator } => {
            ("taobao.qimen.omniorder.store.refused", notice(fields, sub_orders, operator))
        }
        Message::TellShipped { sub_orders, operator } => {
            ("taobao.qimen.omniorder.store.consigned", notice(fields, sub_orders, operator))
        }
        Message::ConsignToChannel { .. }
        | Message::AskCancel { .. }
        | Message::TellHandoverCode { .. }
        | Message::TellFact(_)
        | Message::PushTrade
        | Message::PushRefund { .. } => return Ok(None),
    }))
}

/// §6.6.5–§6.6.7: who said it, and of which sub-orders. Receivers that know `tid` and `seller_id` alone ignore the rest.
fn notice(fields: Fields, sub_orders: &[Oid], operator: &str) -> Fields {
    let list = sub_orders.iter().map(|oid| Value::Struct(Fields::new().with("sub_oid", oid.0))).collect();
    fields.with_opt("operator", (!operator.is_empty()).then_some(operator)).with("sub_order_list", Value::List(list))
}

async fn allocation(
    app: &App,
    seller: SellerId,
    outward: &Outward,
    told: &ToldAllocation,
) -> Result<Fields, StoreError> {
    let (store_id, store_name) = name_of(app, seller, told.location).await?;
    let fields = Fields::new()
        .with("store_id", store_id)
        .with("store_name", store_name)
        .with("tid", outward.tid.0)
        .with("sub_oid", told.oid.0)
        .with("type", if told.warehouse { "Warehouse" } else { "Store" })
        .with("status", if told.withdrawn { "Waiting" } else { "Allocated" });
    Ok(fields.with_opt("attributes", told.attributes.as_deref()))
}

/// A location deleted since is still named by its id.
async fn name_of(app: &App, seller: SellerId, id: LocationId) -> Result<(String, String), StoreError> {
    let found = app.store.location(seller, id).await?;
    Ok(match found {
        Some(location) => (wire_name(&location), location.name.clone()),
        None => (id.to_string(), String::new()),
    })
}

/// A call to a channel: the catalogue's method name and its fields. What has neither carrier nor waybill (goods collected at
/// the counter) is consigned as needing none.
pub(crate) fn channel_call(outward: &Outward) -> Option<(&'static str, Fields)> {
    let fields = |sub_orders: &[Oid]| {
        let sub_tid = Value::List(sub_orders.iter().map(|oid| Value::from(oid.0)).collect());
        Fields::new().with("tid", outward.tid.0).with("sub_tid", sub_tid)
    };
    match &outward.message {
        Message::ConsignToChannel { sub_orders, shipment } if shipment.is_unnamed() => {
            Some(("taobao.logistics.dummy.send", fields(sub_orders)))
        }
        Message::ConsignToChannel { sub_orders, shipment } => Some((
            "taobao.logistics.offline.send",
            fields(sub_orders)
                .with("is_split", 1_i64)
                .with("out_sid", shipment.waybill.as_str())
                .with("company_code", shipment.company_code.as_str()),
        )),
        Message::AskCancel { sub_orders, reason } => {
            Some(("astrolabe.order.cancel.ask", fields(sub_orders).with("reason", reason.as_str())))
        }
        Message::TellHandoverCode { sub_orders, store, code, again } => Some((
            "astrolabe.handover.code.tell",
            fields(sub_orders).with("store_id", store.0).with("code", code.digits()).with("again", *again),
        )),
        Message::AskAllocation
        | Message::QueryAllocation
        | Message::TellAllocations { .. }
        | Message::TellRefund { .. }
        | Message::TellAccepted { .. }
        | Message::TellRefused { .. }
        | Message::TellShipped { .. }
        | Message::TellFact(_)
        | Message::PushTrade
        | Message::PushRefund { .. } => None,
    }
}
