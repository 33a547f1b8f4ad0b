//! After a crash: asks the platform over the wire whether every acknowledged fact still stands. Trades, allocations, answers and
//! shipments must be on the trade's timeline; a stock bill or a hold sent again with another quantity must be noticed, which only
//! a platform that still has the first can do.

use std::collections::BTreeMap;

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;

use crate::bounded::for_each;
use crate::ids::{SellerId, Tid};
use crate::parties::Parties;
use crate::recorder::{Acknowledged, AppliedBill, Fact, Told};
use crate::standins::till::send_bills;
use crate::trade_view::{self, TradeView};
use crate::wire::{BaseUrl, CallError, Connector, Http};

/// Questions at once.
const QUESTIONS_AT_ONCE: usize = 8;
/// Bills asked after, newest first: a bill that was lost after all is applied by the question, so few suffice for a verdict.
const BILLS_MAX: usize = 2_000;
/// Lost facts that are named; the rest is counted.
const NAMED_MAX: usize = 20;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Facts asked after.
    pub asked: usize,
    /// Facts that no longer stand.
    pub lost: usize,
    /// The first of them, in words.
    pub named: Vec<String>,
}

impl Verdict {
    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.lost += other.lost;
        self.named.extend(other.named);
        self.named.truncate(NAMED_MAX);
    }

    fn note(&mut self, stands: bool, what: impl FnOnce() -> String) {
        self.asked += 1;
        if !stands {
            self.lost += 1;
            if self.named.len() < NAMED_MAX {
                self.named.push(what());
            }
        }
    }
}

/// Asks after all facts of the sellers whose parties are given.
///
/// # Errors
/// The platform does not answer; a refusal is an answer.
pub async fn verify(
    http: &Http,
    server: &BaseUrl,
    sellers: &[Parties],
    facts: &[Acknowledged],
) -> Result<Verdict, CallError> {
    let mut verdict = Verdict::default();
    for parties in sellers {
        let own: Vec<&Fact> =
            facts.iter().filter(|known| known.seller == parties.seller).map(|known| &known.fact).collect();
        verdict.add(verify_trades(http, server, parties, &own).await?);
        verdict.add(verify_stock(http, server, parties, &own).await?);
    }
    Ok(verdict)
}

async fn verify_trades(
    http: &Http,
    server: &BaseUrl,
    parties: &Parties,
    facts: &[&Fact],
) -> Result<Verdict, CallError> {
    let mut by_trade: BTreeMap<Tid, Vec<Fact>> = BTreeMap::new();
    for fact in facts {
        if let Some(tid) = trade_of(fact) {
            by_trade.entry(tid).or_default().push((*fact).clone());
        }
    }
    let verdicts = for_each(QUESTIONS_AT_ONCE, by_trade, |(tid, facts)| {
        let (http, server, token) = (http.clone(), server.clone(), parties.merchant_token());
        async move {
            let view = match trade_view::fetch(&http, &server, &token, tid).await {
                Ok(view) => Some(view),
                Err(CallError::Refused { .. }) => None,
                Err(error) => return Err(error),
            };
            Ok(judge(tid, view.as_ref(), &facts))
        }
    })
    .await?;
    Ok(verdicts.into_iter().fold(Verdict::default(), |mut all, one| {
        all.add(one);
        all
    }))
}

fn trade_of(fact: &Fact) -> Option<Tid> {
    match fact {
        Fact::TradeSeen { tid } => Some(*tid),
        Fact::Allocated(told) | Fact::Accepted(told) | Fact::Refused(told) | Fact::Shipped { told, .. } => {
            Some(told.tid)
        }
        Fact::BillApplied(_) | Fact::Reserved { .. } => None,
    }
}

fn judge(tid: Tid, view: Option<&TradeView>, facts: &[Fact]) -> Verdict {
    let mut verdict = Verdict::default();
    for fact in facts {
        let has = |told: &Told, name: &str| view.is_some_and(|view| view.has(told.oid, name));
        let stands = match fact {
            Fact::TradeSeen { .. } => view.is_some_and(|view| !view.lines.is_empty()),
            Fact::Allocated(told) => has(told, "allocated"),
            Fact::Accepted(told) => has(told, "accepted"),
            // A store that refuses after accepting gives back; a refusal that found the offer lapsed was no refusal.
            Fact::Refused(told) => has(told, "refused") || has(told, "gave_back"),
            Fact::Shipped { told, waybill } => {
                let there = |view: &TradeView| {
                    view.assignments.iter().any(|at| at.oid == told.oid && at.waybill.as_deref() == Some(&waybill.0))
                };
                has(told, "shipped") && view.is_some_and(there)
            }
            Fact::BillApplied(_) | Fact::Reserved { .. } => continue,
        };
        verdict.note(stands, || format!("trade {tid}: {fact:?}"));
    }
    verdict
}

async fn verify_stock(http: &Http, server: &BaseUrl, parties: &Parties, facts: &[&Fact]) -> Result<Verdict, CallError> {
    let connector = parties.erp.connector(http, server, parties.seller);
    let mut verdict = Verdict::default();
    let bills =
        facts.iter().rev().filter_map(|fact| if let Fact::BillApplied(bill) = fact { Some(bill) } else { None });
    for bill in bills.take(BILLS_MAX) {
        let stands = bill_stands(&connector, parties.seller, bill).await?;
        verdict.note(stands, || format!("bill {}", bill.bill));
    }
    for fact in facts {
        if let Fact::Reserved { key, listing, quantity } = fact {
            let fields = Fields::new()
                .with("reserve_key", key.0.as_str())
                .with("item_id", listing.item.0)
                .with_opt("sku_id", Some(listing.sku.0).filter(|sku| *sku != 0))
                .with("quantity", quantity + 1);
            let outcome = connector.call_until_known("astrolabe.stock.reserve", Shape::TopJson, &fields).await;
            verdict.note(noticed(outcome.map(drop))?, || format!("hold {key}"));
        }
    }
    Ok(verdict)
}

/// The same number with another quantity must fail. A platform that lost the bill would apply it.
async fn bill_stands(connector: &Connector, seller: SellerId, bill: &AppliedBill) -> Result<bool, CallError> {
    let other = AppliedBill { quantity: bill.quantity - 1, ..bill.clone() };
    match send_bills(connector, seller, std::slice::from_ref(&other)).await {
        Ok(failed) => Ok(failed.contains(&bill.bill)),
        Err(error) => noticed(Err(error)),
    }
}

fn noticed(outcome: Result<(), CallError>) -> Result<bool, CallError> {
    match outcome {
        Ok(()) => Ok(false),
        Err(CallError::Refused { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Location, Oid, StoreId, Waybill};
    use crate::trade_view::{AssignmentView, FactView, LineView};

    #[test]
    fn a_missing_fact_and_another_waybill_are_lost() {
        let told = Told { tid: Tid(1), oid: Oid(2), location: Location::Store(StoreId(3)) };
        let shipped = |waybill: &str| Fact::Shipped { told: told.clone(), waybill: Waybill(waybill.into()) };
        let fact = |name: &str| FactView { oid: Some(Oid(2)), fact: name.into(), location: Some(3) };
        let view = TradeView {
            lines: vec![LineView { oid: Oid(2), unassigned: None }],
            assignments: vec![AssignmentView { oid: Oid(2), state: "shipped".into(), waybill: Some("SF1".into()) }],
            facts: vec![fact("accepted"), fact("shipped")],
        };
        let table = [
            (Fact::TradeSeen { tid: Tid(1) }, 0),
            (Fact::Accepted(told.clone()), 0),
            (Fact::Refused(told.clone()), 1),
            (shipped("SF1"), 0),
            (shipped("SF2"), 1),
        ];
        for (fact, lost) in table {
            assert_eq!(judge(Tid(1), Some(&view), std::slice::from_ref(&fact)).lost, lost, "{fact:?}");
            assert_eq!(judge(Tid(1), None, &[fact]).lost, 1);
        }
    }
}
