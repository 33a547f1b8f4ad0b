//! 分账, one step of one merchant at a time: facts he has not settled by and settlements whose day has come are loaded, the
//! core says what is to be posted, the store keeps it together with how far the timeline was read. Nothing here decides,
//! and no order waits for it. Called by the settlement worker; the dry run shares how a trade is looked at.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::ids::{Oid, SellerId, Tid};
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::settlement::{ActivatedSet, CategoryId, Pending, Posting, Settled, TradeToSettle, settle};
use astrolabe_core::time::Timestamp;
use astrolabe_store::{FactPlace, SettlementLoad, SettlementStep, StoreError, TimelineReader, TradeView};

use crate::app::App;

/// Facts read in one step.
const FACTS_MAX: usize = 1_000;
/// Trades settled in one step: they are in memory together.
const TRADES_MAX: usize = 100;

/// Takes one step; says whether there may be more to do.
///
/// # Errors
/// The database's; [`StoreError::Conflict`] when another node took the step first.
pub(crate) async fn take_step(app: &App, seller: SellerId) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let from = app.store.reader_place(seller, TimelineReader::Settlement).await?;
    let facts = app.store.facts_after(seller, from, FACTS_MAX).await?;
    let due = app.store.due_settlements(seller, now, TRADES_MAX).await?;
    let mut more = facts.len() == FACTS_MAX || due.len() == TRADES_MAX;
    let mut tids: BTreeSet<Tid> = due.into_iter().collect();
    let mut to = from;
    for placed in facts {
        if bears_on_payment(placed.fact.fact) && !tids.contains(&placed.fact.tid) {
            if tids.len() >= TRADES_MAX {
                more = true;
                break;
            }
            tids.insert(placed.fact.tid);
        }
        to = placed.place;
    }
    if to == from && tids.is_empty() {
        return Ok(false);
    }
    let tids: Vec<Tid> = tids.into_iter().collect();
    let load = app.store.load_settlement(seller, &tids).await?;
    if load.place != from {
        return Err(StoreError::Conflict(format!("the settlement of seller {seller} has moved on")));
    }
    let step = step_of(seller, &load, to, now);
    app.store.keep_settlement(&step).await?;
    metrics::counter!("astrolabe_settlement_postings_total").increment(step.postings.len() as u64);
    Ok(more)
}

fn step_of(seller: SellerId, load: &SettlementLoad, to: FactPlace, now: Timestamp) -> SettlementStep {
    let mut step = SettlementStep {
        seller,
        revision: load.revision,
        from: load.place,
        to,
        postings: Vec::new(),
        waits: Vec::new(),
        waits_no_more: Vec::new(),
    };
    for case in &load.cases {
        let Settled { postings, pending } = settle_trade(&case.trade, &case.posted, &load.sets, now);
        step.postings.extend(postings);
        let not_in = |list: &[Pending], one: &Pending| !list.contains(one);
        step.waits_no_more.extend(case.pending.iter().filter(|old| not_in(&pending, old)).copied());
        step.waits.extend(pending.iter().filter(|new| not_in(&case.pending, new)).copied());
    }
    step
}

/// What the core posts of a trade as it was loaded.
pub(crate) fn settle_trade(view: &TradeView, posted: &[Posting], sets: &[ActivatedSet], now: Timestamp) -> Settled {
    let categories = categories(&view.published);
    let trade = TradeToSettle { file: &view.file, timeline: &view.timeline, categories: &categories, posted };
    settle(trade, sets, now)
}

/// Whether a fact can change what is to be posted of its trade.
fn bears_on_payment(fact: Fact) -> bool {
    matches!(
        fact,
        Fact::Shipped
            | Fact::Signed
            | Fact::Collected
            | Fact::Returned
            | Fact::Refunded
            | Fact::Cancelled
            | Fact::Closed
    )
}

/// The channel's categories of a trade's sub-orders (`cid`), from the trade as it was published: routing has no use for
/// them, so that they are nowhere else. One that cannot be read is as if not told.
fn categories(published: &str) -> BTreeMap<Oid, CategoryId> {
    let Ok(trade) = serde_json::from_str::<serde_json::Value>(published) else { return BTreeMap::new() };
    let orders = &trade["orders"];
    let orders = orders.as_array().or_else(|| orders["order"].as_array());
    let number = |value: &serde_json::Value| value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    let told = |order: &serde_json::Value| Some((Oid(number(&order["oid"])?), CategoryId(number(&order["cid"])?)));
    orders.into_iter().flatten().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_read_where_the_channel_told_them() {
        let told = r#"{"tid":1,"orders":{"order":[{"oid":11,"cid":50},{"oid":"12","cid":"51"},{"oid":13},{"cid":5},
            {"oid":14,"cid":"x"}]}}"#;
        let expected = BTreeMap::from([(Oid(11), CategoryId(50)), (Oid(12), CategoryId(51))]);
        assert_eq!(categories(told), expected);
        assert_eq!(categories(r#"{"orders":[{"oid":11,"cid":50}]}"#).len(), 1);
        for text in ["", "{", "[]", r#"{"orders":null}"#, r#"{"orders":{"order":{}}}"#] {
            assert!(categories(text).is_empty(), "{text}");
        }
    }
}
