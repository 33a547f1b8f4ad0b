//! A run's state beside the model: the clock, the merchants with what is committed, their lanes, the network between us
//! and everybody, and what everybody has been told so far.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::command::Command;
use astrolabe_core::ids::{AllocationCode, AppKey, HandoverCode, HoldKey, LocationId, Oid, OutwardId, RefundId, Tid};
use astrolabe_core::order::refund::RefundStatus;
use astrolabe_core::outward::{Message, Receiver, ToldAllocation};
use astrolabe_core::time::Timestamp;

use crate::keep::Keep;
use crate::lane::{Lane, LastIds};
use crate::letters::{Line, RefundOf};
use crate::model::Model;
use crate::scenario::Merchant;

/// Nodes that may decide for a merchant.
pub(crate) const NODES: usize = 2;

/// One merchant in a run.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) merchant: Merchant,
    pub(crate) keep: Keep,
    pub(crate) lanes: [Lane; NODES],
    pub(crate) ids: LastIds,
    pub(crate) channel: Channel,
    pub(crate) minds: Minds,
    /// Calls to us that the network has not brought yet.
    pub(crate) mail: Vec<Command>,
    /// Calls that stand: their senders may make them again.
    pub(crate) sent: Vec<Command>,
    pub(crate) model: Model,
    /// Names for things made in the run: trades, bills, requests, codes.
    pub(crate) serial: i64,
}

/// A trade as it stands at the channel.
#[derive(Clone, Debug)]
pub(crate) struct ChannelTrade {
    pub(crate) lines: Vec<Line>,
    pub(crate) paid: bool,
    pub(crate) closed: bool,
}

/// What the channel knows: its own trades and refunds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channel {
    pub(crate) trades: BTreeMap<Tid, ChannelTrade>,
    pub(crate) refunds: BTreeMap<RefundId, (RefundOf, RefundStatus)>,
    /// Codes that buyers were told.
    pub(crate) codes: Vec<(Tid, HandoverCode)>,
    /// Keys of holds before payment that somebody took.
    pub(crate) hold_keys: BTreeSet<HoldKey>,
}

/// An offer as somebody knows of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Offer {
    pub(crate) tid: Tid,
    pub(crate) oid: Oid,
    pub(crate) location: LocationId,
    pub(crate) code: Option<AllocationCode>,
    pub(crate) pickup: bool,
}

/// What the merchant's people and systems know: never more than they were told, or saw when they last looked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Minds {
    /// What each app was told of, oldest first.
    pub(crate) offers: BTreeMap<AppKey, Vec<Offer>>,
    /// What the keepers' page showed when they last looked.
    pub(crate) page: Vec<Offer>,
    /// Trades that allocating apps were asked about.
    pub(crate) asked: Vec<Tid>,
    /// The newest list of allocations that an app has of a trade.
    pub(crate) lists: BTreeMap<(AppKey, Tid), Vec<ToldAllocation>>,
    /// Calls that were delivered at least once.
    pub(crate) delivered: BTreeSet<OutwardId>,
}

impl Shop {
    /// The merchant before anything has happened.
    pub(crate) fn open(merchant: &Merchant) -> Self {
        Self {
            merchant: merchant.clone(),
            keep: Keep::open(merchant),
            lanes: [Lane::default(), Lane::default()],
            ids: LastIds { long: 1_000, short: 10_000 },
            channel: Channel::default(),
            minds: Minds::default(),
            mail: Vec::new(),
            sent: Vec::new(),
            model: Model::default(),
            serial: 0,
        }
    }

    /// The next name.
    pub(crate) fn name(&mut self) -> i64 {
        self.serial += 1;
        self.serial
    }

    /// Calls outward that may go: of one trade to one receiver the first pending one.
    pub(crate) fn calls_to_deliver(&self) -> Vec<OutwardId> {
        let mut heads: BTreeMap<(&Receiver, Tid), OutwardId> = BTreeMap::new();
        for (id, (call, state)) in &self.keep.outward {
            if let astrolabe_core::outward::OutwardState::Pending { .. } = state {
                heads.entry((&call.receiver, call.tid)).or_insert(*id);
            }
        }
        heads.into_values().collect()
    }

    /// The receiver reads a call.
    pub(crate) fn deliver(&mut self, id: OutwardId) {
        let Some((call, _)) = self.keep.outward.get(&id).cloned() else { return };
        self.minds.delivered.insert(id);
        match call.receiver {
            Receiver::App(app) => self.app_reads(app, call.tid, call.message),
            Receiver::Channel(_) => {
                if let Message::TellHandoverCode { code, .. } = call.message {
                    self.channel.codes.push((call.tid, code));
                }
            }
            // Nobody in a run has subscribed to anything or has a database.
            Receiver::Webhook(_) | Receiver::Rds(_) => {}
        }
    }

    fn app_reads(&mut self, app: AppKey, tid: Tid, message: Message) {
        if matches!(message, Message::AskAllocation | Message::QueryAllocation) {
            self.minds.asked.push(tid);
        }
        if let Message::TellAllocations { allocations } = message {
            for told in allocations.iter().filter(|told| !told.withdrawn) {
                let offer = self.offer_of(tid, told.oid, told.location);
                self.minds.offers.entry(app.clone()).or_default().push(offer);
            }
            self.minds.lists.insert((app, tid), allocations);
        }
    }

    fn offer_of(&self, tid: Tid, oid: Oid, location: LocationId) -> Offer {
        let made = self.keep.assignments.get(&tid).into_iter().flatten();
        let latest = made.rev().find(|made| made.oid == oid && made.location == location);
        let pickup = latest.is_some_and(|made| made.pickup);
        Offer { tid, oid, location, code: latest.map(|made| made.code), pickup }
    }

    /// The keepers look at their page: what stores have open now.
    pub(crate) fn look_around(&mut self) {
        self.minds.page = self
            .keep
            .assignments
            .values()
            .flatten()
            .filter(|made| made.state.is_live() && !made.warehouse)
            .map(|made| Offer {
                tid: made.tid,
                oid: made.oid,
                location: made.location,
                code: Some(made.code),
                pickup: made.pickup,
            })
            .collect();
    }

    /// Trades with a clock that has run out.
    pub(crate) fn due_trades(&self, now: Timestamp) -> Vec<Tid> {
        self.due_times()
            .filter(|(due, _)| *due <= now)
            .map(|(_, tid)| tid)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The next instant at which a trade or a hold before payment is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        use astrolabe_core::stock::hold::AheadState;
        let held = self.keep.ahead.values().filter(|hold| hold.state == AheadState::Held);
        self.due_times().map(|(due, _)| due).chain(held.map(|hold| hold.expires_at)).min()
    }

    fn due_times(&self) -> impl Iterator<Item = (Timestamp, Tid)> {
        let trades = self.keep.trades.values().filter_map(|trade| Some((trade.due_at?, trade.tid)));
        let made = self.keep.assignments.values().flatten().filter(|made| made.state.is_live());
        trades.chain(made.filter_map(|made| Some((made.due_at?, made.tid))))
    }
}
