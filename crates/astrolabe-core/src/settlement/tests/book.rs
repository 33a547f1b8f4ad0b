//! One trade with one line that things happen to, and everything that was posted of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ids::{AllocationCode, LocationId, Oid, RefundId, Tid};
use crate::money::Fen;
use crate::order::assignment::{Assignment, AssignmentState, RecordedFact};
use crate::order::file::TradeFile;
use crate::order::refund::{Refund, RefundKind, RefundStatus};
use crate::order::timeline::{Actor, Fact, TimelineFact};
use crate::settlement::{
    Account, ActivatedSet, CategoryId, Entry, Pending, Posting, PostingCause, RuleSet, RuleSetVersion, TradeToSettle,
    settle,
};
use crate::stock::book::Moment;
use crate::time::{Millis, Timestamp};

pub(super) const OID: Oid = Oid(10);
pub(super) const DAY: i64 = 86_400_000;

/// A rule set as a merchant writes it.
pub(super) fn rules(text: Value) -> RuleSet {
    serde_json::from_value(text).unwrap()
}

/// Store 80 %, platform 2 yuan, the company the rest; when shipped.
pub(super) fn usual() -> RuleSet {
    rules(json!({"name": "usual", "trigger": {"on": "shipped"}, "remainder": "company",
        "rules": [{"parts": [{"party": "platform", "fixed_fen": 200}, {"party": "store", "share_bp": 8000}]}]}))
}

pub(super) fn active(version: i64, rules: RuleSet, from: i64, until: Option<i64>) -> ActivatedSet {
    ActivatedSet { version: RuleSetVersion(version), rules, from: Timestamp(from), until: until.map(Timestamp) }
}

/// A line, what happened to it, and what was posted. Time goes by a second a thing.
pub(super) struct Book {
    pub(super) file: TradeFile,
    pub(super) timeline: Vec<TimelineFact>,
    pub(super) categories: BTreeMap<Oid, CategoryId>,
    pub(super) sets: Vec<ActivatedSet>,
    pub(super) posted: Vec<Posting>,
    pub(super) pending: Vec<Pending>,
    pub(super) now: Timestamp,
}

impl Book {
    /// A paid line whose units were given away as told: assignment 100 to location 1, 101 to location 2 and so on.
    pub(super) fn of(payment: i64, units: &[i64], sets: Vec<ActivatedSet>) -> Self {
        let quantity: i64 = units.iter().sum();
        let trade = json!({"tid": 1, "channel": 1, "created": 0, "pay_time": 0, "modified": 0, "payment": "paid",
            "destination": {"province": "", "city": "", "district": "", "point": null}, "level": "routed", "mode": null,
            "allocation": "none", "holds": [], "refunds": [], "due_at": null, "sub_orders": [{"oid": OID, "item": 5,
                "sku": 0, "outer_code": "", "quantity": quantity, "payment": payment, "components": [],
                "delivery": "ship", "reserve_key": null, "omni": true, "unassigned": null, "excluded": [],
                "channel_consigned": null, "channel_closed": false}]});
        let assignment = |(at, units): (i64, &i64)| -> Assignment {
            let text = json!({"code": 100 + at, "tid": 1, "oid": OID, "location": 1 + at, "warehouse": false,
                "units": units, "state": "accepted", "allocated_at": 0, "allocated_by": "router",
                "decided_at_version": 0, "attributes": null, "shipment": null, "facts": [], "due_at": null});
            serde_json::from_value(text).unwrap()
        };
        let file = TradeFile {
            trade: serde_json::from_value(trade).unwrap(),
            assignments: (0..).zip(units).map(assignment).collect(),
            reservations: Vec::new(),
        };
        Self {
            file,
            timeline: Vec::new(),
            categories: BTreeMap::new(),
            sets,
            posted: Vec::new(),
            pending: Vec::new(),
            now: Timestamp(1_000),
        }
    }

    /// A fact of an assignment, now.
    pub(super) fn happens(&mut self, at: usize, fact: Fact, state: AssignmentState) {
        self.now = self.now + Millis(1_000);
        let assignment = &mut self.file.assignments[at];
        assignment.state = state;
        assignment.facts.insert(RecordedFact { fact, request: 0 });
        self.timeline.push(TimelineFact {
            tid: Tid(1),
            oid: Some(OID),
            code: Some(assignment.code),
            fact,
            request: 0,
            location: Some(assignment.location),
            who: Actor::Platform,
            at: Moment { happened: self.now, learnt: self.now },
            detail: None,
        });
    }

    pub(super) fn ships(&mut self, at: usize) {
        self.happens(at, Fact::Shipped, AssignmentState::Shipped);
    }

    pub(super) fn signs(&mut self, at: usize) {
        self.happens(at, Fact::Signed, AssignmentState::Signed);
    }

    /// A refund is granted. Nothing else moves.
    pub(super) fn refunds(&mut self, id: i64, fee: i64) {
        self.now = self.now + Millis(1_000);
        self.file.trade.refunds.push(Refund {
            id: RefundId(id),
            oid: OID,
            status: RefundStatus::Granted,
            kind: RefundKind::AmountOnly,
            refund_fee: Fen(fee),
            modified: self.now,
        });
    }

    /// The channel closes the line: what has not shipped never will.
    pub(super) fn closes(&mut self) {
        self.file.trade.sub_orders[0].channel_closed = true;
        for assignment in &mut self.file.assignments {
            if assignment.state == AssignmentState::Accepted {
                assignment.state = AssignmentState::Closed;
            }
        }
    }

    /// Posts what there is to post, and answers it.
    pub(super) fn settle(&mut self) -> Vec<Posting> {
        let trade = TradeToSettle {
            file: &self.file,
            timeline: &self.timeline,
            categories: &self.categories,
            posted: &self.posted,
        };
        let settled = settle(trade, &self.sets, self.now);
        self.posted.extend(settled.postings.clone());
        self.pending = settled.pending;
        settled.postings
    }

    /// What parties have of the assignments together.
    pub(super) fn stands(&self) -> i64 {
        self.posted.iter().map(|posting| posting.amount.0).sum()
    }

    /// Every account's sum, as text, those without anything left out.
    pub(super) fn accounts(&self) -> Vec<(String, i64)> {
        let mut sums: BTreeMap<&Account, i64> = BTreeMap::new();
        for Entry { account, amount } in self.posted.iter().flat_map(|posting| &posting.entries) {
            *sums.entry(account).or_default() += amount.0;
        }
        sums.into_iter().filter(|(_, sum)| *sum != 0).map(|(account, sum)| (account.to_string(), sum)).collect()
    }
}

/// Account and amount of each entry.
pub(super) fn entries(posting: &Posting) -> Vec<(String, i64)> {
    posting.entries.iter().map(|entry| (entry.account.to_string(), entry.amount.0)).collect()
}

/// A posting in short: assignment, cause, count, amount.
pub(super) fn short(posting: &Posting) -> (i64, &'static str, i64, i64) {
    let Posting { code: AllocationCode(code), cause, n, amount, .. } = posting;
    (*code, cause.name(), *n, amount.0)
}

/// What always holds of postings.
pub(super) fn check_sums(posted: &[Posting]) {
    let mut parties: BTreeMap<(AllocationCode, &Account), i64> = BTreeMap::new();
    let mut keys = std::collections::BTreeSet::new();
    for posting in posted {
        let sum: i64 = posting.entries.iter().map(|entry| entry.amount.0).sum();
        assert_eq!(sum, 0, "{posting:?}");
        let clearing = posting.entries.iter().find(|entry| entry.account == Account::Clearing);
        assert_eq!(clearing.map_or(0, |entry| -entry.amount.0), posting.amount.0, "{posting:?}");
        assert!(keys.insert((posting.oid, posting.code, posting.cause, posting.n)), "twice: {posting:?}");
        let takes_back = matches!(posting.cause, PostingCause::Refunded(_));
        assert!(if takes_back { posting.amount.0 < 0 } else { posting.amount.0 >= 0 }, "{posting:?}");
        for entry in posting.entries.iter().filter(|entry| entry.account != Account::Clearing) {
            let has = parties.entry((posting.code, &entry.account)).or_default();
            *has += entry.amount.0;
            assert!(*has >= 0, "more taken back than was posted: {posting:?}");
        }
    }
}

pub(super) const FIRST: LocationId = LocationId(1);
