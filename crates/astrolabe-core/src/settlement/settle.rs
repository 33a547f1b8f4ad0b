//! What is still to be posted of a trade. It compares what should stand with what does, so that looking twice, late or in
//! another order posts nothing twice.
//!
//! For one sub-order of `quantity` units and `payment`, of which `settled` units are due and `refunded` was given back:
//! the units that never ship take their own money's refund first; the rest of the refund lies on all units that do, alike.
//! So what should stand is `(payment / quantity − rest / shipping) · settled`, rounded down. Each trigger posts what its
//! units add to that; a refund takes back what is then too much, from each assignment in proportion to what it has.

use std::collections::BTreeMap;

use crate::ids::{AllocationCode, Oid, RefundId};
use crate::money::Fen;
use crate::order::assignment::Assignment;
use crate::order::file::TradeFile;
use crate::order::refund::RefundStatus;
use crate::order::timeline::{Fact, TimelineFact};
use crate::order::trade::SubOrder;
use crate::settlement::split::{Span, apportion, fraction, split};
use crate::settlement::{Account, ActivatedSet, CategoryId, Pending, Posting, PostingCause, TriggerEvent};
use crate::time::Timestamp;

/// One trade, and what was posted of it before.
#[derive(Clone, Copy, Debug)]
pub struct TradeToSettle<'a> {
    pub file: &'a TradeFile,
    pub timeline: &'a [TimelineFact],
    /// The channel's categories of its sub-orders, where told.
    pub categories: &'a BTreeMap<Oid, CategoryId>,
    /// Everything that was posted of it, in the order it was.
    pub posted: &'a [Posting],
}

/// What is to be written of a trade.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settled {
    pub postings: Vec<Posting>,
    /// All that waits, in the place of all that waited.
    pub pending: Vec<Pending>,
}

/// What is to be posted of a trade at `now`, by the sets in the order they were activated.
pub fn settle(trade: TradeToSettle<'_>, sets: &[ActivatedSet], now: Timestamp) -> Settled {
    let mut settled = Settled::default();
    for line in &trade.file.trade.sub_orders {
        let posted = trade.posted.iter().filter(|posting| posting.oid == line.oid).cloned().collect();
        let mut book = LineBook { line, trade, sets, now, posted, fresh: Vec::new() };
        settled.pending.extend(book.settle_due());
        book.meet_refunds();
        settled.postings.append(&mut book.fresh);
    }
    settled
}

/// A trigger that has come, and the set that was active then.
struct Triggered<'a> {
    set: &'a ActivatedSet,
    happened: Timestamp,
    due_at: Timestamp,
}

/// One sub-order on the table.
struct LineBook<'a> {
    line: &'a SubOrder,
    trade: TradeToSettle<'a>,
    sets: &'a [ActivatedSet],
    now: Timestamp,
    /// Of this sub-order, the new ones included.
    posted: Vec<Posting>,
    fresh: Vec<Posting>,
}

impl<'a> LineBook<'a> {
    fn assignments(&self) -> impl Iterator<Item = &'a Assignment> + use<'a> {
        let oid = self.line.oid;
        self.trade.file.assignments.iter().filter(move |assignment| assignment.oid == oid)
    }

    /// Posts what is due, oldest first, and says what waits.
    fn settle_due(&mut self) -> Vec<Pending> {
        let mut waiting: Vec<(Timestamp, &Assignment, Triggered<'_>)> = self
            .assignments()
            .filter(|assignment| self.settlement_of(assignment.code).is_none())
            .filter_map(|assignment| self.trigger(assignment).map(|trigger| (trigger.due_at, assignment, trigger)))
            .collect();
        waiting.sort_by_key(|(due_at, assignment, _)| (*due_at, assignment.code));
        let mut pending = Vec::new();
        for (due_at, assignment, Triggered { set, happened, .. }) in waiting {
            if due_at <= self.now {
                self.settle_assignment(assignment, set, happened);
            } else {
                let Assignment { tid, oid, code, .. } = *assignment;
                pending.push(Pending { tid, oid, code, version: set.version, happened, due_at });
            }
        }
        pending
    }

    fn settlement_of(&self, code: AllocationCode) -> Option<&Posting> {
        self.posted.iter().find(|posting| posting.code == code && posting.cause == PostingCause::Settled)
    }

    /// The first event at which the set that was active then wants to settle.
    fn trigger(&self, assignment: &Assignment) -> Option<Triggered<'a>> {
        let first = |facts: &[Fact]| {
            let of_it = self.trade.timeline.iter().filter(|fact| fact.code == Some(assignment.code));
            of_it.filter(|fact| facts.contains(&fact.fact)).map(|fact| fact.at.happened).min()
        };
        let shipped = first(&[Fact::Shipped, Fact::Collected]);
        let signed = first(&[Fact::Signed, Fact::Collected, Fact::Returned, Fact::Refunded]);
        let events = [(TriggerEvent::Shipped, shipped), (TriggerEvent::Signed, signed)];
        events.into_iter().find_map(|(event, happened)| {
            let happened = happened?;
            let set = self.sets.iter().find(|set| set.stood(happened))?;
            let due_at = set.rules.trigger.due(happened);
            (set.rules.trigger.on <= event).then_some(Triggered { set, happened, due_at })
        })
    }

    fn settle_assignment(&mut self, assignment: &Assignment, set: &ActivatedSet, happened: Timestamp) {
        let from = self.units_settled();
        let to = (from + assignment.units.max(0)).min(self.line.quantity);
        let span = Span { from, to, of: self.line.quantity };
        let gross = span.of(self.payment());
        let amount = self.should_stand(to) - self.should_stand(from);
        let posting = Posting {
            tid: assignment.tid,
            oid: assignment.oid,
            code: assignment.code,
            cause: PostingCause::Settled,
            n: 0,
            location: assignment.location,
            version: set.version,
            units: to - from,
            gross: Fen(gross),
            amount: Fen(0),
            happened,
            booked: self.now,
            entries: Vec::new(),
        };
        let parties = self.shared(&posting, set, span, amount.min(gross));
        self.post(posting.balanced(1, parties));
    }

    /// `amount` of a posting's gross, shared as the whole of it would be.
    fn shared(&self, of: &Posting, set: &ActivatedSet, span: Span, amount: i64) -> Vec<(Account, i64)> {
        let category = self.trade.categories.get(&self.line.oid).copied();
        let whole = split(&set.rules, category, of.location, span, of.gross.0);
        let weights: Vec<i64> = whole.iter().map(|(_, amount)| *amount).collect();
        whole.into_iter().map(|(account, _)| account).zip(apportion(amount, &weights)).collect()
    }

    /// Takes back what refunds have made too much, or gives back what turned out to be another unit's refund.
    fn meet_refunds(&mut self) {
        let stands: i64 = self.posted.iter().map(|posting| posting.amount.0).sum();
        let change = self.should_stand(self.units_settled()) - stands;
        if change < 0 {
            self.take_back(-change);
        } else if change > 0 {
            self.give_back(change);
        }
    }

    /// From the newest refund on, each at most what it gave the buyer.
    fn take_back(&mut self, mut too_much: i64) {
        let mut refunds: Vec<(Timestamp, RefundId, i64)> = self.granted().collect();
        refunds.sort_unstable();
        while let Some((happened, refund, fee)) = refunds.pop() {
            let cause = PostingCause::Refunded(refund);
            let taken: i64 = self.posted.iter().filter(|posting| posting.cause == cause).map(|one| -one.amount.0).sum();
            let share = too_much.min((fee - taken).max(0));
            let settled: Vec<Posting> = self.settlements().cloned().collect();
            let held: Vec<i64> = settled.iter().map(|posting| self.stands_for(posting.code)).collect();
            for (posting, amount) in settled.iter().zip(apportion(share, &held)) {
                self.reverse(posting, cause, happened, amount);
            }
            too_much -= share;
        }
    }

    /// From each party in proportion to what it has of the assignment, so that the whole leaves nothing anywhere.
    fn reverse(&mut self, settled: &Posting, cause: PostingCause, happened: Timestamp, amount: i64) {
        if amount == 0 {
            return;
        }
        let parties = self.parties_of(settled.code);
        let weights: Vec<i64> = parties.iter().map(|(_, amount)| *amount).collect();
        let given = apportion(amount, &weights);
        let parties = parties.into_iter().map(|(account, _)| account).zip(given).collect();
        let posting = self.follow_up(settled, cause, happened);
        self.post(posting.balanced(-1, parties));
    }

    fn give_back(&mut self, change: i64) {
        let settled: Vec<Posting> = self.settlements().cloned().collect();
        let lacks: Vec<i64> = settled.iter().map(|one| one.gross.0 - self.stands_for(one.code)).collect();
        let mut from = 0;
        for (posting, amount) in settled.iter().zip(apportion(change, &lacks)) {
            let span = Span { from, to: from + posting.units, of: self.line.quantity };
            from = span.to;
            let set = self.sets.iter().find(|set| set.version == posting.version);
            let Some(set) = set.filter(|_| amount > 0) else { continue };
            let parties = self.shared(posting, set, span, amount);
            let posting = self.follow_up(posting, PostingCause::Restored, self.now);
            self.post(posting.balanced(1, parties));
        }
    }

    fn follow_up(&self, settled: &Posting, cause: PostingCause, happened: Timestamp) -> Posting {
        let same = |one: &&Posting| one.code == settled.code && one.cause == cause;
        let n = self.posted.iter().filter(same).count();
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        Posting { cause, n, happened, booked: self.now, entries: Vec::new(), ..settled.clone() }
    }

    fn post(&mut self, posting: Posting) {
        self.posted.push(posting.clone());
        self.fresh.push(posting);
    }

    /// The settlements themselves, in the order of their units.
    fn settlements(&self) -> impl Iterator<Item = &Posting> {
        self.posted.iter().filter(|posting| posting.cause == PostingCause::Settled)
    }

    fn stands_for(&self, code: AllocationCode) -> i64 {
        self.posted.iter().filter(|posting| posting.code == code).map(|posting| posting.amount.0).sum()
    }

    /// What each party has of an assignment, in the order of the rule.
    fn parties_of(&self, code: AllocationCode) -> Vec<(Account, i64)> {
        let mut parties: Vec<(Account, i64)> = Vec::new();
        let entries = self.posted.iter().filter(|posting| posting.code == code).flat_map(|posting| &posting.entries);
        for entry in entries.filter(|entry| entry.account != Account::Clearing) {
            match parties.iter_mut().find(|(account, _)| *account == entry.account) {
                Some((_, amount)) => *amount += entry.amount.0,
                None => parties.push((entry.account.clone(), entry.amount.0)),
            }
        }
        parties
    }

    fn payment(&self) -> i64 {
        self.line.payment.0.max(0)
    }

    fn units_settled(&self) -> i64 {
        self.settlements().map(|posting| posting.units).sum()
    }

    fn granted(&self) -> impl Iterator<Item = (Timestamp, RefundId, i64)> {
        let of_line = self.trade.file.trade.refunds.iter().filter(|refund| refund.oid == self.line.oid);
        let granted = of_line.filter(|refund| refund.status == RefundStatus::Granted);
        granted.map(|refund| (refund.modified, refund.id, refund.refund_fee.0.max(0)))
    }

    /// Units that have shipped or still can.
    fn shipping(&self) -> i64 {
        if !self.line.channel_closed {
            return self.line.quantity;
        }
        let gone = |one: &&Assignment| one.has(Fact::Shipped, 0) || one.has(Fact::Collected, 0) || one.state.is_live();
        let units: i64 = self.assignments().filter(gone).map(|assignment| assignment.units).sum();
        units.clamp(0, self.line.quantity)
    }

    /// What the parties should have together once `settled` units are.
    fn should_stand(&self, settled: i64) -> i64 {
        let (payment, quantity, shipping) = (self.payment(), self.line.quantity, self.shipping());
        if settled <= 0 || quantity <= 0 || shipping <= 0 {
            return 0;
        }
        let refunded: i64 = self.granted().map(|(_, _, fee)| fee).fold(0, i64::saturating_add).min(payment);
        let never_shipped = payment - fraction(payment, shipping, quantity);
        let rest = (refunded - never_shipped).max(0);
        let wide = i128::from;
        let kept = wide(payment) * wide(shipping) - wide(rest) * wide(quantity);
        let due = kept * wide(settled) / (wide(quantity) * wide(shipping));
        i64::try_from(due).unwrap_or(0).max(0)
    }
}
