//! A trade as a connector gets it with `taobao.trade.fullinfo.get`: what of it the ISV and the till read, `omnichannel_param`
//! included. Tolerant: what cannot be read is left out.

use std::collections::BTreeMap;

use astrolabe_protocol::client::Shape;
use astrolabe_protocol::{Fields, Value};

use crate::ids::{ItemId, Listing, Oid, SkuId, Tid};
use crate::merchant::{Atlas, Point};
use crate::wire::{CallError, Connector};

/// A trade with what allocation needs.
#[derive(Debug, Clone)]
pub(super) struct FetchedTrade {
    /// Where the goods go; nothing if the division is unknown.
    pub to: Option<Point>,
    /// Lines the channel still wants.
    pub lines: Vec<FetchedLine>,
}

/// One line of it.
#[derive(Debug, Clone)]
pub(super) struct FetchedLine {
    /// The sub-order.
    pub oid: Oid,
    /// What was bought.
    pub listing: Listing,
    /// Units.
    pub quantity: i64,
    /// The state in `omnichannel_param`, where it has one.
    pub state: Option<String>,
    /// The location it names.
    pub target: Option<String>,
}

/// Gets a trade with `taobao.trade.fullinfo.get`.
///
/// # Errors
/// [`CallError`]; `Unknown` also for a trade that cannot be read.
pub(super) async fn fetch_trade(connector: &Connector, tid: Tid) -> Result<FetchedTrade, CallError> {
    let fields = Fields::new()
        .with("fields", "tid,orders,receiver_state,receiver_city,receiver_district,omnichannel_param")
        .with("tid", tid.0);
    let answer = connector.call_until_known("taobao.trade.fullinfo.get", Shape::TopJson, &fields).await?;
    let trade = answer.fields().structure("trade").map_err(|error| CallError::Unknown(error.to_string()))?;
    Ok(read_trade(trade))
}

fn read_trade(trade: &Fields) -> FetchedTrade {
    let text = |name: &str| trade.get(name).and_then(Value::as_text).unwrap_or_default();
    let to = Atlas::get()
        .find(text("receiver_state"), text("receiver_city"), text("receiver_district"))
        .map(|district| district.point);
    let told = omnichannel(text("omnichannel_param"));
    let orders = trade.get("orders").and_then(|orders| match orders {
        Value::List(items) => Some(items.as_slice()),
        Value::Struct(wrapped) => wrapped.get("order").and_then(Value::as_list),
        Value::Text(_) | Value::Int(_) | Value::Bool(_) => None,
    });
    let lines = orders
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_struct)
        .filter_map(|order| read_line(order, &told))
        .collect();
    FetchedTrade { to, lines }
}

fn read_line(order: &Fields, told: &BTreeMap<Oid, (String, String)>) -> Option<FetchedLine> {
    let number = |name: &str| match order.get(name) {
        Some(Value::Int(number)) => Some(*number),
        Some(Value::Text(text)) => text.parse().ok(),
        Some(Value::Bool(_) | Value::List(_) | Value::Struct(_)) | None => None,
    };
    let closed = order.get("status").and_then(Value::as_text).is_some_and(|status| status.starts_with("TRADE_CLOSED"));
    if closed {
        return None;
    }
    let oid = Oid(number("oid")?);
    let listing = Listing { item: ItemId(number("num_iid")?), sku: SkuId(number("sku_id").unwrap_or_default()) };
    let (state, target) = told.get(&oid).cloned().unzip();
    Some(FetchedLine { oid, listing, quantity: number("num").unwrap_or(1), state, target })
}

/// Reads `omnichannel_param`: records by `;`, pairs by `,`, name and value by the first `:`. The last record of a sub-order counts.
fn omnichannel(param: &str) -> BTreeMap<Oid, (String, String)> {
    let mut told = BTreeMap::new();
    for record in param.split(';') {
        let pairs: BTreeMap<&str, &str> = record.split(',').filter_map(|pair| pair.trim().split_once(':')).collect();
        let value = |name: &str| pairs.get(name).map(|value| (*value).to_owned());
        if let Some(oid) = value("subOrderCode").and_then(|oid| oid.parse().ok()) {
            told.insert(Oid(oid), (value("orderState").unwrap_or_default(), value("targetCode").unwrap_or_default()));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn omnichannel_param_as_published() {
        let param = "orderType:STORE_DELIVER,allocationCode:68002,subOrderCode:194220750565000,targetType:WAREHOUSE,targetCode:w1,orderState:X_SHOP_CANCEL; \n\
            orderType:STORE_DELIVER,RDTime:2017-07-31 15:07:34,subOrderCode:5,targetType:STORE,targetCode:123456789,orderState:X_SHOP_HANDLED;";
        let told = omnichannel(param);
        assert_eq!(told[&Oid(194_220_750_565_000)], ("X_SHOP_CANCEL".to_owned(), "w1".to_owned()));
        assert_eq!(told[&Oid(5)], ("X_SHOP_HANDLED".to_owned(), "123456789".to_owned()));
        assert!(omnichannel("").is_empty());
    }
}
