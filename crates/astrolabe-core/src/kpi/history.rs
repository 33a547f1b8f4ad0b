//! One trade's facts, read in the order they were written, and what each of them completes.
//!
//! What two facts define is counted when the second of them comes, whichever it is; of what may happen several times the
//! first written counts. So nothing that was counted depends on what comes later.
//!
//! Corrections of a shipment, milestones but X_TO_SYSTEM, and everything about trades that are not ours (no payment of
//! theirs is on the timeline) count nowhere. What was done before a cancellation was done, and counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{AllocationCode, LocationId, Oid};
use crate::kpi::metric::Metric;
use crate::order::timeline::{Actor, Fact, TimelineFact, Via};
use crate::time::{Millis, Timestamp};

/// Something counted, or measured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    pub metric: Metric,
    /// The instant whose day it belongs to.
    pub at: Timestamp,
    /// `None` for counts.
    pub took: Option<Millis>,
    /// 0 where it is no location's.
    pub location: LocationId,
    /// The app that reported it; "" where none did.
    pub app: String,
}

/// What is known of one fact.
#[derive(Clone, Debug)]
struct Seen {
    at: Timestamp,
    location: LocationId,
    app: String,
}

/// Facts of one trade so far.
#[derive(Clone, Debug, Default)]
pub struct TradeHistory {
    paid: Option<Seen>,
    lines: BTreeMap<Oid, Line>,
    offers: BTreeMap<AllocationCode, Offer>,
}

#[derive(Clone, Debug, Default)]
struct Line {
    allocated: Option<Seen>,
    to_store: bool,
    given_back: Option<Timestamp>,
    to_system: bool,
}

#[derive(Clone, Debug, Default)]
struct Offer {
    oid: Option<Oid>,
    facts: BTreeMap<(Fact, i64), Seen>,
    to_system: bool,
}

/// Spans between facts of one assignment: from, to, and whether of a store (`true`), of a warehouse, or either.
const SPANS: [(Metric, Fact, Fact, Option<bool>); 6] = [
    (Metric::Acceptance, Fact::Allocated, Fact::Accepted, Some(true)),
    (Metric::Shipping, Fact::Accepted, Fact::Shipped, Some(true)),
    (Metric::WarehouseShipping, Fact::Allocated, Fact::Shipped, Some(false)),
    (Metric::Logistics, Fact::Shipped, Fact::Signed, None),
    (Metric::Confirmation, Fact::Allocated, Fact::Confirmed, None),
    (Metric::Collection, Fact::Confirmed, Fact::Collected, None),
];

/// What may become of an offer, and the facts that say so.
const OUTCOMES: [(Metric, &[Fact]); 5] = [
    (Metric::OffersAccepted, &[Fact::Accepted, Fact::Confirmed]),
    (Metric::OffersRefused, &[Fact::Refused]),
    (Metric::OffersUnanswered, &[Fact::Unanswered]),
    (Metric::OffersWithdrawn, &[Fact::Withdrawn]),
    (Metric::OffersGivenBack, &[Fact::GaveBack]),
];

impl TradeHistory {
    /// Reads the next fact and gives what it completes. `warehouses`: the locations that are no stores, as far as this
    /// trade names them.
    pub fn read(&mut self, fact: &TimelineFact, warehouses: &BTreeSet<LocationId>) -> Vec<Sample> {
        let app = match &fact.who {
            Actor::App { key, .. } => key.0.clone(),
            Actor::Channel | Actor::Platform | Actor::Clock | Actor::Keeper { .. } | Actor::Operator { .. } => {
                String::new()
            }
        };
        let location = fact.location.unwrap_or(LocationId(0));
        // Nothing is learnt before it happened.
        let seen = Seen { at: fact.at.happened.min(fact.at.learnt), location, app };
        let mut out = Vec::new();
        match (fact.code, fact.oid) {
            (None, None) => self.of_trade(fact, seen, &mut out),
            (None, Some(oid)) => {
                self.meet(oid, &mut out);
                self.of_line(oid, fact.fact, &mut out);
            }
            (Some(code), Some(oid)) => {
                self.meet(oid, &mut out);
                let store = !warehouses.contains(&seen.location);
                self.of_offer((oid, code), fact, seen, store, &mut out);
            }
            // An assignment is always a sub-order's.
            (Some(_), None) => {}
        }
        out
    }

    fn of_trade(&mut self, fact: &TimelineFact, seen: Seen, out: &mut Vec<Sample>) {
        if fact.fact != Fact::Paid || self.paid.is_some() {
            return;
        }
        for line in self.lines.values() {
            out.push(Sample::count(Metric::SubOrders, &seen).nowhere());
            if line.to_store {
                out.push(Sample::count(Metric::SubOrdersToStores, &seen).nowhere());
            }
            out.extend(line.allocated.as_ref().map(|end| Sample::span(Metric::Allocation, &seen, end)));
        }
        self.paid = Some(seen);
    }

    /// A sub-order counts from the first fact that is its own.
    fn meet(&mut self, oid: Oid, out: &mut Vec<Sample>) {
        if let std::collections::btree_map::Entry::Vacant(line) = self.lines.entry(oid) {
            line.insert(Line::default());
            out.extend(self.paid.as_ref().map(|paid| Sample::count(Metric::SubOrders, paid).nowhere()));
        }
    }

    fn of_line(&mut self, oid: Oid, fact: Fact, out: &mut Vec<Sample>) {
        if fact != Fact::ToSystem {
            return;
        }
        self.lines.entry(oid).or_default().to_system = true;
        for offer in self.offers.values_mut().filter(|offer| offer.oid == Some(oid)) {
            out.extend(offer.told_system());
        }
    }

    fn of_offer(
        &mut self,
        (oid, code): (Oid, AllocationCode),
        fact: &TimelineFact,
        seen: Seen,
        store: bool,
        out: &mut Vec<Sample>,
    ) {
        let offer = self.offers.entry(code).or_default();
        offer.oid = Some(oid);
        let key = (fact.fact, fact.request);
        if offer.facts.contains_key(&key) {
            return;
        }
        offer.spans(key, &seen, store, out);
        offer.answers(key, &seen, out);
        if store {
            offer.outcomes(key, &seen, out);
        }
        // Of a warehouse the acceptance is ours: it was noted with the shipping.
        if store || fact.fact != Fact::Accepted {
            out.extend(timeliness(fact, &seen));
        }
        let given_back = is_given_back(key, offer).then_some(seen.at);
        offer.facts.insert(key, seen.clone());
        if fact.fact == Fact::Shipped && !seen.app.is_empty() {
            out.push(Sample::count(Metric::ShippedByApp, &seen));
        }
        let line = self.lines.entry(oid).or_default();
        if line.to_system || offer.facts.contains_key(&(Fact::ToSystem, 0)) {
            out.extend(offer.told_system());
        }
        if fact.fact == Fact::Allocated {
            if !seen.app.is_empty() {
                out.push(Sample::took(Metric::Notice, &seen, fact.at.learnt - seen.at));
            }
            line.allocate(self.paid.as_ref(), seen, store, out);
        }
        line.given_back = given_back.or(line.given_back);
    }
}

impl Line {
    fn allocate(&mut self, paid: Option<&Seen>, seen: Seen, store: bool, out: &mut Vec<Sample>) {
        if store && !self.to_store {
            self.to_store = true;
            out.extend(paid.map(|paid| Sample::count(Metric::SubOrdersToStores, paid).nowhere()));
        }
        if self.allocated.is_none() {
            out.extend(paid.map(|paid| Sample::span(Metric::Allocation, paid, &seen)));
            self.allocated = Some(seen);
        } else if let Some(since) = self.given_back.take() {
            out.push(Sample::took(Metric::Reallocation, &seen, seen.at - since));
        }
    }
}

impl Offer {
    fn spans(&self, key: (Fact, i64), seen: &Seen, store: bool, out: &mut Vec<Sample>) {
        for (metric, from, to, of_store) in SPANS {
            if of_store.is_some_and(|of_store| of_store != store) {
                continue;
            }
            if key == (to, 0) {
                out.extend(self.facts.get(&(from, 0)).map(|start| Sample::span(metric, start, seen)));
            } else if key == (from, 0) {
                out.extend(self.facts.get(&(to, 0)).map(|end| Sample::span(metric, seen, end)));
            }
        }
    }

    /// What a location was asked, and its first answer: each request of its own.
    fn answers(&self, (fact, request): (Fact, i64), seen: &Seen, out: &mut Vec<Sample>) {
        let known = |fact| self.facts.get(&(fact, request));
        let refund = |start, end| Sample::span(Metric::RefundAnswer, start, end);
        let returned = |start, end| Sample::span(Metric::ReturnReceipt, start, end);
        if fact == Fact::RefundAsked {
            // Two answers that both came before the question cannot be told apart; the refusal was the first then, because
            // a confirmed cancellation ends the assignment.
            out.extend(known(Fact::CancelDenied).or(known(Fact::CancelConfirmed)).map(|end| refund(seen, end)));
        } else if fact == Fact::CancelConfirmed && known(Fact::CancelDenied).is_none() {
            out.extend(known(Fact::RefundAsked).map(|start| refund(start, seen)));
        } else if fact == Fact::CancelDenied && known(Fact::CancelConfirmed).is_none() {
            out.extend(known(Fact::RefundAsked).map(|start| refund(start, seen)));
        } else if fact == Fact::ReturnAsked {
            out.extend(known(Fact::Returned).map(|end| returned(seen, end)));
        } else if fact == Fact::Returned {
            out.extend(known(Fact::ReturnAsked).map(|start| returned(start, seen)));
        }
    }

    fn outcomes(&self, (fact, _): (Fact, i64), seen: &Seen, out: &mut Vec<Sample>) {
        let any = |facts: &[Fact]| self.facts.keys().any(|(known, _)| facts.contains(known));
        if fact == Fact::Allocated {
            out.push(Sample::count(Metric::Offers, seen));
            let came = OUTCOMES.iter().filter(|(_, facts)| any(facts));
            out.extend(came.map(|(metric, _)| Sample::count(*metric, seen)));
        } else if let Some(offered) = self.facts.get(&(Fact::Allocated, 0)) {
            let now = OUTCOMES.iter().filter(|(_, facts)| facts.contains(&fact) && !any(facts));
            out.extend(now.map(|(metric, _)| Sample::count(*metric, offered)));
        }
    }

    /// X_TO_SYSTEM is known of it: counted once, and only where an app shipped.
    fn told_system(&mut self) -> Option<Sample> {
        let shipped = self.facts.get(&(Fact::Shipped, 0)).filter(|shipped| !shipped.app.is_empty())?;
        let sample = (!self.to_system).then(|| Sample::count(Metric::ToSystemReported, shipped));
        self.to_system = true;
        sample
    }
}

impl Sample {
    fn span(metric: Metric, start: &Seen, end: &Seen) -> Self {
        Self::took(metric, end, end.at - start.at)
    }

    fn took(metric: Metric, of: &Seen, took: Millis) -> Self {
        Self { took: Some(Millis(took.0.max(0))), ..Self::count(metric, of) }
    }

    fn count(metric: Metric, of: &Seen) -> Self {
        Self { metric, at: of.at, took: None, location: of.location, app: of.app.clone() }
    }

    fn nowhere(self) -> Self {
        Self { location: LocationId(0), app: String::new(), ..self }
    }
}

/// Whether the units of the assignment are free again with this fact.
fn is_given_back((fact, request): (Fact, i64), offer: &Offer) -> bool {
    matches!(fact, Fact::Refused | Fact::GaveBack | Fact::Unanswered | Fact::Withdrawn)
        || (fact == Fact::CancelConfirmed && offer.facts.contains_key(&(Fact::ReallocationAsked, request)))
}

/// §5.4: what an app reported with a call that the white paper gives a time for.
fn timeliness(fact: &TimelineFact, seen: &Seen) -> Option<Sample> {
    let Actor::App { via, .. } = &fact.who else { return None };
    let metric = match via {
        Via::Other => return None,
        Via::StatusSync if fact.fact == Fact::Allocated => Metric::StatusAllocated,
        Via::StatusSync if fact.fact == Fact::Accepted => Metric::StatusAccepted,
        Via::OwnCall if fact.fact == Fact::Allocated => Metric::CallAllocated,
        Via::OwnCall if fact.fact == Fact::Accepted => Metric::CallAccepted,
        Via::OwnCall if fact.fact == Fact::Shipped => Metric::CallConsigned,
        Via::OwnCall if matches!(fact.fact, Fact::Refused | Fact::GaveBack) => Metric::CallRefused,
        Via::StatusSync | Via::OwnCall => return None,
    };
    Some(Sample::took(metric, seen, fact.at.learnt - seen.at))
}
