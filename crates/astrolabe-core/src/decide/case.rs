//! One trade on the table of one command: the file, the world around it, who asks and when. It writes the timeline,
//! the calls outward, so that deciding code reads as business. It decides nothing itself.

use std::collections::BTreeSet;

use crate::ids::{AllocationCode, AppKey, LocationId, Oid, OutwardId, Tid};
use crate::order::assignment::{Assignment, RecordedFact};
use crate::order::file::TradeFile;
use crate::order::timeline::{Actor, Fact, TimelineFact};
use crate::order::trade::{AllocationAsk, Level, SubOrder, Trade};
use crate::outward::{Message, Outward, Receiver};
use crate::refusal::Refusal;
use crate::seller::{Allocator, RoleMode};
use crate::stock::book::Moment;
use crate::stock::holds::{Ledger, Owner};
use crate::time::Timestamp;
use crate::world::World;

use super::clock::NextLook;

/// A trade being decided on. Nothing of it is kept before [`Case::close`].
#[derive(Debug)]
pub(super) struct Case<'w> {
    pub(super) world: &'w mut World,
    pub(super) file: TradeFile,
    pub(super) who: Actor,
    pub(super) at: Moment,
    /// Assignments that were taken back by this command: whoever was told of them is told so.
    pub(super) withdrawn: BTreeSet<AllocationCode>,
    /// Whether the list of allocations that others see has changed.
    allocations_changed: bool,
    /// Whether what the trade's rows in apps' databases say has changed otherwise.
    row_changed: bool,
    /// Whether the clock has looked at everything that was due.
    looked: bool,
    /// When to look at it again, beside what the trade's own clocks say.
    again: Option<Timestamp>,
}

/// One fact to note.
#[derive(Debug)]
pub(super) struct Note {
    fact: Fact,
    oid: Option<Oid>,
    code: Option<AllocationCode>,
    location: Option<LocationId>,
    request: i64,
    detail: Option<String>,
    by: Option<Actor>,
    since: Option<Timestamp>,
}

impl Note {
    /// A fact of the whole trade.
    pub(super) fn trade(fact: Fact) -> Self {
        Self { fact, oid: None, code: None, location: None, request: 0, detail: None, by: None, since: None }
    }

    /// A fact of a sub-order.
    pub(super) fn line(oid: Oid, fact: Fact) -> Self {
        Self { oid: Some(oid), ..Self::trade(fact) }
    }

    /// A fact of an assignment.
    pub(super) fn on(assignment: &Assignment, fact: Fact) -> Self {
        Self {
            oid: Some(assignment.oid),
            code: Some(assignment.code),
            location: Some(assignment.location),
            ..Self::trade(fact)
        }
    }

    /// The request it belongs to, or the recurrence.
    pub(super) fn of(self, request: i64) -> Self {
        Self { request, ..self }
    }

    /// What explains it.
    pub(super) fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// It had been so from then on.
    pub(super) fn since(self, since: Timestamp) -> Self {
        Self { since: Some(since), ..self }
    }

    /// Somebody else than the caller did it, now.
    pub(super) fn by(self, actor: Actor) -> Self {
        Self { by: Some(actor), ..self }
    }
}

impl<'w> Case<'w> {
    /// The trade's file as loaded.
    pub(super) fn open(world: &'w mut World, tid: Tid, who: Actor, at: Moment) -> Result<Self, Refusal> {
        let file = world.files.get(&tid).cloned().ok_or(Refusal::TradeNotFound { tid })?;
        Ok(Self::with(world, file, who, at))
    }

    /// A trade that is about to be known.
    pub(super) fn with(world: &'w mut World, file: TradeFile, who: Actor, at: Moment) -> Self {
        Self {
            world,
            file,
            who,
            at,
            withdrawn: BTreeSet::new(),
            allocations_changed: false,
            row_changed: false,
            looked: false,
            again: None,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.at.learnt
    }

    pub(super) fn trade(&self) -> &Trade {
        &self.file.trade
    }

    pub(super) fn tid(&self) -> Tid {
        self.file.trade.tid
    }

    /// Only trades of level 3 are ours to route.
    pub(super) fn must_be_ours(&self) -> Result<(), Refusal> {
        match self.trade().level {
            Level::Routed => Ok(()),
            Level::Awaited | Level::PassedOnSelfOperated | Level::PassedOnOrdinary => {
                Err(Refusal::NotOmnichannel { tid: self.tid() })
            }
        }
    }

    pub(super) fn line(&self, oid: Oid) -> Result<&SubOrder, Refusal> {
        self.trade().sub_order(oid).ok_or(Refusal::SubOrderNotFound { tid: self.tid(), oid })
    }

    pub(super) fn line_mut(&mut self, oid: Oid) -> Result<&mut SubOrder, Refusal> {
        let tid = self.tid();
        self.file.trade.sub_order_mut(oid).ok_or(Refusal::SubOrderNotFound { tid, oid })
    }

    /// The sub-orders named, or all of them.
    pub(super) fn named_lines(&self, named: &[Oid]) -> Result<Vec<Oid>, Refusal> {
        if named.is_empty() {
            return Ok(self.trade().sub_orders.iter().map(|line| line.oid).collect());
        }
        named.iter().map(|oid| self.line(*oid).map(|line| line.oid)).collect()
    }

    pub(super) fn assignment(&self, code: AllocationCode) -> Result<&Assignment, Refusal> {
        self.file.by_code(code).ok_or(Refusal::AllocationNotFound { code })
    }

    pub(super) fn assignment_mut(&mut self, code: AllocationCode) -> Result<&mut Assignment, Refusal> {
        self.file.by_code_mut(code).ok_or(Refusal::AllocationNotFound { code })
    }

    /// The ledger, the trade's held units, and the sub-order as their owner.
    pub(super) fn ledger<T>(
        &mut self,
        oid: Oid,
        post: impl FnOnce(&mut Ledger<'_>, &mut Vec<crate::stock::hold::Reservation>, &Owner) -> T,
    ) -> Result<T, Refusal> {
        let owner = Owner::of(self.trade(), self.line(oid)?);
        let World { stock, mint, places, .. } = &mut *self.world;
        let mut ledger = Ledger { stock, mint, places, at: self.at };
        Ok(post(&mut ledger, &mut self.file.reservations, &owner))
    }

    /// The role mode; trades of level 3 always have one.
    pub(super) fn mode(&self) -> RoleMode {
        self.trade().mode.clone().unwrap_or_else(|| self.world.seller.settings.role_mode())
    }

    /// The app that must be asked for allocations; `None` when the platform allocates, or has taken over.
    pub(super) fn allocator(&self) -> Option<AppKey> {
        match (self.mode().allocator, &self.trade().allocation) {
            (Allocator::App(_), AllocationAsk::TakenOver { .. }) | (Allocator::Platform, _) => None,
            (
                Allocator::App(app),
                AllocationAsk::None
                | AllocationAsk::Asked { .. }
                | AllocationAsk::Silent { .. }
                | AllocationAsk::SaysShipped { .. },
            ) => Some(app),
        }
    }

    /// Whether somebody holds the trade back.
    pub(super) fn is_held_back(&self) -> bool {
        !self.trade().holds.is_empty()
    }

    /// A number for a fact that may recur.
    pub(super) fn recurrence(&mut self) -> i64 {
        self.world.mint.long()
    }

    /// Notes a fact. One that is on the assignment's timeline already is not written twice; says whether it was new.
    pub(super) fn note(&mut self, note: Note) -> bool {
        if let Some(code) = note.code
            && let Some(assignment) = self.file.by_code_mut(code)
            && !assignment.facts.insert(RecordedFact { fact: note.fact, request: note.request })
        {
            return false;
        }
        let (who, at) = match note.by {
            Some(actor) => (actor, Moment::now(self.at.learnt)),
            None => (self.who.clone(), self.at),
        };
        let at = Moment { happened: note.since.unwrap_or(at.happened), ..at };
        let fact = TimelineFact {
            tid: self.file.trade.tid,
            oid: note.oid,
            code: note.code,
            fact: note.fact,
            request: note.request,
            location: note.location,
            who,
            at,
            detail: note.detail,
        };
        self.tell_subscribers(&fact);
        self.world.journal.fact(fact);
        true
    }

    /// A call outward.
    pub(super) fn send(&mut self, receiver: Receiver, message: Message) -> OutwardId {
        let id = OutwardId(self.world.mint.long());
        self.world.journal.outward(Outward { id, receiver, tid: self.tid(), message, made_at: self.at.learnt });
        id
    }

    /// The list of allocations that the stores' systems know has changed.
    pub(super) fn allocations_changed(&mut self) {
        self.allocations_changed = true;
    }

    /// What others read of the trade in their databases has changed.
    pub(super) fn row_changed(&mut self) {
        self.row_changed = true;
    }

    /// This assignment was taken back from its location.
    pub(super) fn was_withdrawn(&mut self, code: AllocationCode) {
        self.withdrawn.insert(code);
        self.allocations_changed = true;
    }

    /// The clock has looked at everything due.
    pub(super) fn looked(&mut self) {
        self.looked = true;
    }

    /// The trade is to be looked at again then.
    pub(super) fn look_again(&mut self, when: Timestamp) {
        self.again = Some(self.again.map_or(when, |known| known.min(when)));
    }

    /// Units of a sub-order that no live assignment has.
    pub(super) fn unassigned_units(&self, oid: Oid) -> Result<i64, Refusal> {
        Ok(self.line(oid)?.unassigned.as_ref().map_or(0, |unassigned| unassigned.units))
    }

    /// Tells who has to know, sets the next look, ends the exceptions whose cause is gone, and keeps the file.
    pub(super) fn close(mut self) {
        if self.allocations_changed {
            self.tell_allocations();
        }
        if self.allocations_changed || self.row_changed {
            self.push_trade();
        }
        let standing = self.trade().due_at.filter(|_| !self.looked);
        let due = match super::clock::next_look(self.trade()) {
            NextLook::Never => standing.filter(|due| *due <= self.at.learnt),
            NextLook::At(own) => [own, standing, self.again].into_iter().flatten().min(),
        };
        self.file.trade.due_at = [due, super::give_up::next(&self)].into_iter().flatten().min();
        super::exceptions::end_of_trade(self.world, &self.file, self.at.learnt);
        self.world.files.put(self.file.trade.tid, self.file);
    }
}

/// Who an actor is, in words for holds and operators' fields.
pub(super) fn label(who: &Actor) -> String {
    match who {
        Actor::Channel => "channel".to_owned(),
        Actor::Platform => "platform".to_owned(),
        Actor::Clock => "clock".to_owned(),
        Actor::App { operator, key, .. } if operator.is_empty() => key.to_string(),
        Actor::App { operator, .. } => operator.clone(),
        Actor::Keeper { user, .. } | Actor::Operator { user } => user.clone(),
    }
}
