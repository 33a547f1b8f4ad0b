//! What a connector calls next to chapter 6: the trade with its allocations, the refund, the channel's own shipping call
//! (§3.4 wants it before `store.consigned`), the carriers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use astrolabe_core::command::Command;
use astrolabe_core::ids::{LocationId, Oid, RefundId, Tid};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::trade::ChannelConsign;
use astrolabe_core::place::Location;
use astrolabe_core::refusal::Refusal;
use astrolabe_protocol::{Answer, Fields, Value, WireError, json};

use crate::gateway::context::CallContext;
use crate::gateway::omnichannel::merged_trade;
use crate::gateway::refusals::{bug, refused, storage_failed};

const COMPANIES: &str = include_str!("../../../../../data/logistics-companies.csv");

/// `taobao.trade.fullinfo.get`: the trade as the channel published it, with `omnichannel_param` and the states that have
/// moved since.
pub(super) async fn fullinfo(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let view = context.trade(Tid(fields.long("tid")?)).await?;
    let places = places_of(context, [&view.file]).await?;
    let trade = merged_trade(&view.file, &view.published, &places);
    Ok(Answer::ok().with("trade", selected(trade, fields.text("fields")?)))
}

/// The locations of trades' assignments.
pub(super) async fn places_of(
    context: &CallContext,
    files: impl IntoIterator<Item = &TradeFile>,
) -> Result<BTreeMap<LocationId, Location>, WireError> {
    let assignments = files.into_iter().flat_map(|file| &file.assignments);
    let named: BTreeSet<LocationId> = assignments.map(|assignment| assignment.location).collect();
    let found = context.app.store.locations_named(context.seller, &named).await;
    let found = found.map_err(|error| storage_failed(&error))?;
    Ok(found.into_iter().map(|location| (location.id, location)).collect())
}

/// `taobao.refund.get`: the refund as the channel published it.
pub(super) async fn refund(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let id = RefundId(fields.long("refund_id")?);
    let found = context.app.store.refund(context.seller, id).await.map_err(|error| storage_failed(&error))?;
    let text = found.ok_or_else(|| refused(&Refusal::RefundNotFound { id }))?;
    let Ok(Some(Value::Struct(refund))) = json::parse(&text) else { return Err(bug()) };
    Ok(Answer::ok().with("refund", selected(refund, fields.text("fields")?)))
}

/// The members that `fields` names: `tid,status,orders` or `orders.oid` for some of every order's.
pub(super) fn selected(trade: Fields, asked: &str) -> Fields {
    let asked: BTreeSet<&str> = asked.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let inside = |list: &str| -> BTreeSet<String> {
        asked.iter().filter_map(|name| name.strip_prefix(list)?.strip_prefix('.')).map(str::to_owned).collect()
    };
    let mut kept = Fields::new();
    for (name, value) in trade {
        let some = inside(&name);
        if asked.contains(name.as_ref()) {
            kept.push(name, value);
        } else if !some.is_empty() {
            kept.push(name, narrowed(value, &some));
        }
    }
    kept
}

/// Lists of structs with only some members; `{"order":[…]}` stays wrapped as it was published.
fn narrowed(value: Value, some: &BTreeSet<String>) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(|item| narrowed_item(item, some)).collect()),
        Value::Struct(wrapper) => {
            Value::Struct(wrapper.into_iter().map(|(name, inner)| (name, narrowed(inner, some))).collect())
        }
        leaf @ (Value::Text(_) | Value::Int(_) | Value::Bool(_)) => leaf,
    }
}

fn narrowed_item(item: Value, some: &BTreeSet<String>) -> Value {
    match item {
        Value::Struct(members) => {
            Value::Struct(members.into_iter().filter(|(name, _)| some.contains(name.as_ref())).collect())
        }
        other @ (Value::List(_) | Value::Text(_) | Value::Int(_) | Value::Bool(_)) => other,
    }
}

/// `taobao.logistics.offline.send`, `.online.send`, `.dummy.send`: without `sub_tid` every sub-order is meant.
pub(super) async fn send(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let consign = ChannelConsign {
        company_code: fields.opt_text("company_code")?.unwrap_or_default().to_owned(),
        waybill: fields.opt_text("out_sid")?.unwrap_or_default().to_owned(),
        at: context.now,
    };
    let command = Command::SeeChannelConsign {
        tid: Tid(fields.long("tid")?),
        sub_orders: fields.longs("sub_tid")?.into_iter().map(Oid).collect(),
        consign,
        who: context.actor(None),
    };
    context.submit(command).await?;
    Ok(Answer::ok().with("shipping", Fields::new().with("is_success", true)))
}

/// `taobao.logistics.companies.get`.
pub(super) async fn companies(context: &CallContext) -> Result<Answer, WireError> {
    let asked = context.fields().text("fields")?;
    let rows = CARRIERS.iter().map(|carrier| Value::Struct(selected(carrier.clone(), asked)));
    Ok(Answer::ok().with("logistics_companies", Value::List(rows.collect())))
}

/// The carriers of data/logistics-companies.csv, in its order; their ids are their places in it.
static CARRIERS: LazyLock<Vec<Fields>> = LazyLock::new(|| {
    let rows = COMPANIES.lines().skip(1).filter(|line| !line.trim().is_empty());
    rows.zip(1_i64..)
        .map(|(line, id)| {
            // Only the last column, a pattern, holds commas, and it is quoted then.
            let mut columns = line.splitn(3, ',');
            let mut next = || columns.next().unwrap_or_default().trim().trim_matches('"').to_owned();
            let (code, name, pattern) = (next(), next(), next());
            Fields::new().with("id", id).with("code", code).with("name", name).with("reg_mail_no", pattern)
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use astrolabe_protocol::json;

    use super::*;

    #[test]
    fn carriers_have_codes_and_patterns() {
        let sf = CARRIERS.iter().find(|row| row.text("code") == Ok("SF")).expect("the data file has SF");
        assert_eq!(sf.text("name"), Ok("顺丰速运"));
        assert!(sf.text("reg_mail_no").is_ok_and(|pattern| pattern.starts_with('^') && pattern.ends_with('$')));
        assert!(CARRIERS.iter().all(|row| row.text("code").is_ok_and(|code| !code.is_empty())));
    }

    #[test]
    fn fields_select_members_and_members_of_orders() {
        let trade = r#"{"tid":1,"status":"S","payment":"1.00","orders":{"order":[{"oid":2,"num":3},{"oid":4}]}}"#;
        let table = [
            ("tid, status", r#"{"tid":1,"status":"S"}"#),
            ("tid,orders", r#"{"tid":1,"orders":{"order":[{"oid":2,"num":3},{"oid":4}]}}"#),
            ("orders.oid,nonsense", r#"{"orders":{"order":[{"oid":2},{"oid":4}]}}"#),
            ("", "{}"),
        ];
        for (asked, expected) in table {
            let Ok(Some(Value::Struct(whole))) = json::parse(trade) else { panic!("is an object") };
            assert_eq!(json::write(&Value::Struct(selected(whole, asked))), expected, "{asked}");
        }
    }
}
