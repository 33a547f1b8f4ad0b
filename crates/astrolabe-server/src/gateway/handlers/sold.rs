//! `trades.sold.get` and `trades.sold.increment.get`: a seller's trades by the time they were made or last changed at the
//! channel. Both list the newest first, as published; connectors page from the last page back so that what comes in
//! meanwhile shifts nothing they have not read.
//!
//! A trade is shown as `trade.fullinfo.get` shows it. The filters ask what the channel last told: a trade that shipped
//! here is listed under its old status until the channel has told the new one.

use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::{Answer, Value, WireError};
use astrolabe_store::{SoldBy, SoldPage, SoldQuery};

use super::trade_side::{places_of, selected};
use crate::gateway::context::CallContext;
use crate::gateway::omnichannel::merged_trade;
use crate::gateway::refusals::{not_supported, storage_failed};

/// Published: rows of a page where the call does not say.
const PER_PAGE_DEFAULT: i64 = 40;
/// Published: the last three months. Here that is where a list starts that names no start; older trades may be asked for.
const SOLD_SPAN_DEFAULT: Millis = Millis::hours(90 * 24);
/// Published: an increment spans one day at most.
const INCREMENT_SPAN_MAX: Millis = Millis::hours(24);
/// No page and no count reaches further than so many trades into a span: they cost what lies before them.
const REACH_MAX: i64 = 100_000;
/// Types in one call.
const KINDS_MAX: usize = 64;

/// Published statuses that a list may be asked for, each with the statuses that it stands for.
const STATUSES: &[(&str, &[&str])] = &[
    ("TRADE_NO_CREATE_PAY", &["TRADE_NO_CREATE_PAY"]),
    ("WAIT_BUYER_PAY", &["WAIT_BUYER_PAY"]),
    ("PAY_PENDING", &["PAY_PENDING"]),
    ("WAIT_PRE_AUTH_CONFIRM", &["WAIT_PRE_AUTH_CONFIRM"]),
    ("PAID_FORBID_CONSIGN", &["PAID_FORBID_CONSIGN"]),
    ("WAIT_SELLER_SEND_GOODS", &["WAIT_SELLER_SEND_GOODS"]),
    ("SELLER_CONSIGNED_PART", &["SELLER_CONSIGNED_PART"]),
    ("WAIT_BUYER_CONFIRM_GOODS", &["WAIT_BUYER_CONFIRM_GOODS"]),
    ("TRADE_BUYER_SIGNED", &["TRADE_BUYER_SIGNED"]),
    ("TRADE_FINISHED", &["TRADE_FINISHED"]),
    ("TRADE_CLOSED", &["TRADE_CLOSED"]),
    ("TRADE_CLOSED_BY_TAOBAO", &["TRADE_CLOSED_BY_TAOBAO"]),
    ("ALL_WAIT_PAY", &["TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY"]),
    ("ALL_CLOSED", &["TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"]),
];

/// Published: the types that are listed where the call names none.
const KINDS_DEFAULT: &str = "guarantee_trade,auto_delivery,ec,cod,step";

/// Published filters about the buyer, his rating and the seller's own labels: nothing of that is kept in a form that a list
/// could go by, and a filter that is not applied would make the answer untrue.
const NOT_FILTERED_BY: [&str; 6] = ["buyer_nick", "buyer_open_id", "buyer_open_uid", "ext_type", "rate_status", "tag"];

/// `trades.sold.get`.
pub(super) async fn by_created(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let time = |name| Ok::<_, WireError>(fields.opt_time(name)?.map(|at| Timestamp(at.0)));
    let to = time("end_created")?.unwrap_or(context.now);
    let from = time("start_created")?.unwrap_or(Timestamp(context.now.0 - SOLD_SPAN_DEFAULT.0));
    if to < from {
        return Err(WireError::invalid("end_created", "lies before start_created"));
    }
    answer(context, Span { by: SoldBy::Created, from, to, end: "end_created" }).await
}

/// `trades.sold.increment.get`.
pub(super) async fn by_modified(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let (from, to) = (Timestamp(fields.time("start_modified")?.0), Timestamp(fields.time("end_modified")?.0));
    if to <= from {
        return Err(WireError::invalid("end_modified", "does not lie after start_modified"));
    }
    if to.0 - from.0 > INCREMENT_SPAN_MAX.0 {
        return Err(WireError::invalid("end_modified", "lies more than one day after start_modified"));
    }
    answer(context, Span { by: SoldBy::Modified, from, to, end: "end_modified" }).await
}

/// What time a list goes by, from when to when; `end` is the field that an error names.
struct Span {
    by: SoldBy,
    from: Timestamp,
    to: Timestamp,
    end: &'static str,
}

async fn answer(context: &CallContext, span: Span) -> Result<Answer, WireError> {
    let fields = context.fields();
    let has_next = fields.opt_bool("use_has_next")?.unwrap_or(false);
    let query = query_of(context, &span, has_next)?;
    let found = context.app.store.trades_sold(context.seller, &query).await;
    let SoldPage { trades, more, total } = found.map_err(|error| storage_failed(&error))?;
    if total.is_some_and(|total| total > REACH_MAX) {
        let why = format!("the span has more than {REACH_MAX} trades: take a shorter one, or page with use_has_next");
        return Err(WireError::invalid(span.end, why));
    }
    let places = places_of(context, trades.iter().map(|sold| &sold.file)).await?;
    let asked = fields.text("fields")?;
    let shown = trades.iter().map(|sold| {
        let trade = merged_trade(&sold.file, &sold.published, &places);
        Value::Struct(selected(trade, asked))
    });
    let shown = Value::List(shown.collect());
    Ok(Answer::ok()
        .with_opt("total_results", total)
        .with_opt("has_next", has_next.then_some(more))
        .with("trades", shown))
}

fn query_of(context: &CallContext, span: &Span, has_next: bool) -> Result<SoldQuery, WireError> {
    let fields = context.fields();
    for name in NOT_FILTERED_BY {
        if fields.opt_text(name)?.is_some() {
            return Err(not_supported(name));
        }
    }
    let page = fields.opt_long("page_no")?.unwrap_or(1);
    let per_page = fields.opt_long("page_size")?.unwrap_or(PER_PAGE_DEFAULT);
    if page.saturating_mul(per_page) > REACH_MAX {
        let why = format!("reaches further than {REACH_MAX} trades: take a shorter span");
        return Err(WireError::invalid("page_no", why));
    }
    Ok(SoldQuery {
        by: span.by,
        from: span.from,
        to: span.to,
        statuses: fields.opt_text("status")?.map(statuses_of).transpose()?,
        kinds: Some(kinds_of(fields.opt_text("type")?.unwrap_or(KINDS_DEFAULT))?),
        page,
        per_page,
        count_up_to: (!has_next).then_some(REACH_MAX + 1),
    })
}

fn statuses_of(asked: &str) -> Result<Vec<String>, WireError> {
    let known = STATUSES.iter().find(|(name, _)| *name == asked);
    let (_, meant) = known.ok_or_else(|| WireError::invalid("status", "is no published status"))?;
    Ok(meant.iter().map(|word| (*word).to_owned()).collect())
}

/// `guarantee_trade` stands for two types and is none itself. A trade whose type the channel did not tell is `fixed`.
fn kinds_of(asked: &str) -> Result<Vec<String>, WireError> {
    let mut kinds = Vec::new();
    for word in asked.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "guarantee_trade" => kinds.extend(["fixed", "", "auction"]),
            "fixed" => kinds.extend(["fixed", ""]),
            other => kinds.push(other),
        }
    }
    if kinds.len() > KINDS_MAX {
        return Err(WireError::invalid("type", format!("names more than {KINDS_MAX} types")));
    }
    Ok(kinds.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_what_was_published() {
        assert_eq!(statuses_of("ALL_CLOSED").ok(), Some(vec!["TRADE_CLOSED".into(), "TRADE_CLOSED_BY_TAOBAO".into()]));
        assert_eq!(statuses_of("TRADE_FINISHED").ok(), Some(vec!["TRADE_FINISHED".into()]));
        assert!(statuses_of("SOLD").is_err());
        assert_eq!(kinds_of("step, fixed,").ok(), Some(vec!["step".into(), "fixed".into(), String::new()]));
        assert!(kinds_of(KINDS_DEFAULT).is_ok_and(|kinds| kinds.contains(&"auction".to_owned())));
        assert!(kinds_of(&"a,".repeat(KINDS_MAX + 1)).is_err());
    }
}
