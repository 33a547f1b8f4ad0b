//! What a group adds and never changes: facts, calls outward, work, exceptions.

use crate::command::Published;
use crate::exception::ExceptionChange;
use crate::ids::{HandoverCode, OutwardId, Tid, WorkId};
use crate::order::timeline::TimelineFact;
use crate::outward::{Outward, OutwardState};
use crate::world::changes::{NewWork, OutwardSettled, PublishedRefund};

/// Appended rows of one group.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    pub(crate) timeline: Vec<TimelineFact>,
    pub(crate) outward: Vec<Outward>,
    pub(crate) settled: Vec<OutwardSettled>,
    pub(crate) work: Vec<NewWork>,
    pub(crate) work_done: Vec<WorkId>,
    pub(crate) published: Vec<(Tid, Published)>,
    pub(crate) refunds: Vec<PublishedRefund>,
    pub(crate) exceptions: Vec<ExceptionChange>,
    pub(crate) handover_codes: Vec<(HandoverCode, Tid)>,
    marks: [usize; 9],
}

impl Journal {
    /// A fact for the timeline.
    pub fn fact(&mut self, fact: TimelineFact) {
        self.timeline.push(fact);
    }

    /// A call outward.
    pub fn outward(&mut self, outward: Outward) {
        self.outward.push(outward);
    }

    /// How an attempt at a call outward went.
    pub fn settle(&mut self, id: OutwardId, state: OutwardState) {
        self.settled.push(OutwardSettled { id, state });
    }

    /// Work for later.
    pub fn work(&mut self, work: NewWork) {
        if !self.work.iter().any(|known| known.work == work.work) {
            self.work.push(work);
        }
    }

    /// Work that is done.
    pub fn work_done(&mut self, id: WorkId) {
        self.work_done.push(id);
    }

    /// The trade object as published.
    pub fn published(&mut self, tid: Tid, published: Published) {
        self.published.push((tid, published));
    }

    /// A refund object as published.
    pub fn refund(&mut self, refund: PublishedRefund) {
        self.refunds.push(refund);
    }

    /// Something comes up for a person to settle, or is settled.
    pub fn exception(&mut self, change: ExceptionChange) {
        self.exceptions.push(change);
    }

    /// A code that was issued for goods of the trade.
    pub fn handover_code(&mut self, code: HandoverCode, tid: Tid) {
        self.handover_codes.push((code, tid));
    }

    /// Facts recorded so far in this group.
    pub fn facts(&self) -> &[TimelineFact] {
        &self.timeline
    }

    /// Calls outward recorded so far in this group.
    pub fn calls(&self) -> &[Outward] {
        &self.outward
    }

    pub(crate) fn begin(&mut self) {
        self.marks = [
            self.timeline.len(),
            self.outward.len(),
            self.settled.len(),
            self.work.len(),
            self.work_done.len(),
            self.published.len(),
            self.refunds.len(),
            self.exceptions.len(),
            self.handover_codes.len(),
        ];
    }

    pub(crate) fn revert(&mut self) {
        let [timeline, outward, settled, work, work_done, published, refunds, exceptions, handover_codes] = self.marks;
        self.timeline.truncate(timeline);
        self.outward.truncate(outward);
        self.settled.truncate(settled);
        self.work.truncate(work);
        self.work_done.truncate(work_done);
        self.published.truncate(published);
        self.refunds.truncate(refunds);
        self.exceptions.truncate(exceptions);
        self.handover_codes.truncate(handover_codes);
    }
}
