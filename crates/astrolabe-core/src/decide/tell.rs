//! Who is told what (white paper §3): each call is a row written with the decision that caused it. The matrix of events
//! and receivers is in these functions and nowhere else.

use std::collections::BTreeSet;

use crate::ids::{AppKey, Oid};
use crate::order::assignment::{Assignment, Shipment};
use crate::order::timeline::TimelineFact;
use crate::order::trade::Delivery;
use crate::outward::{Message, Receiver, ToldAllocation};
use crate::seller::{Acceptor, Allocator};
use crate::subscription::Subscription;

use super::case::{Case, label};

impl Case<'_> {
    /// Who is told of allocations: the POS app unless it made them itself, and the WMS app of warehouse ones.
    pub(super) fn tell_allocations(&mut self) {
        let mut told: BTreeSet<AppKey> = BTreeSet::new();
        let concerns = |given: &Assignment| given.state.is_live() || self.withdrawn.contains(&given.code);
        // No app allocates pickups: whoever accepts them has to be told of them.
        let pickups = self.file.assignments.iter().any(|given| given.pickup && concerns(given));
        if let Acceptor::App(pos) = self.mode().acceptor
            && (pickups || self.allocator().as_ref() != Some(&pos))
        {
            told.insert(pos);
        }
        let touches_warehouse = self.file.assignments.iter().any(|given| given.warehouse && concerns(given));
        if touches_warehouse && let Some(wms) = &self.world.seller.settings.wms {
            told.insert(wms.clone());
        }
        for app in told {
            let allocations = self.told_allocations();
            self.send(Receiver::App(app), Message::TellAllocations { allocations });
        }
    }

    fn told_allocations(&self) -> Vec<ToldAllocation> {
        self.file
            .assignments
            .iter()
            .filter(|assignment| assignment.state.is_live() || self.withdrawn.contains(&assignment.code))
            .map(|assignment| ToldAllocation {
                oid: assignment.oid,
                location: assignment.location,
                warehouse: assignment.warehouse,
                withdrawn: !assignment.state.is_live(),
                attributes: assignment.attributes.clone(),
            })
            .collect()
    }

    /// The allocating app of what is its to allocate, the POS app and, where a warehouse has it, the WMS app: each once.
    pub(super) fn apps(&self, allocated: bool, with_warehouse: bool) -> BTreeSet<AppKey> {
        let mode = self.mode();
        let mut apps = BTreeSet::new();
        if let (Allocator::App(app), true) = (mode.allocator, allocated) {
            apps.insert(app);
        }
        if let Acceptor::App(app) = mode.acceptor {
            apps.insert(app);
        }
        if with_warehouse {
            apps.extend(self.world.seller.settings.wms.clone());
        }
        apps
    }

    /// The merchant's own systems that asked to be told of such facts.
    pub(super) fn tell_subscribers(&mut self, fact: &TimelineFact) {
        let wants = |it: &&Subscription| it.wants(fact.fact);
        let told: Vec<_> = self.world.subscriptions.iter().filter(wants).map(|it| it.webhook.clone()).collect();
        for webhook in told {
            self.send(Receiver::Webhook(webhook), Message::TellFact(Box::new(fact.clone())));
        }
    }

    /// The allocating app of the mode, whether or not the platform has taken over: it is told what stores do.
    pub(super) fn allocating_app(&self) -> Option<AppKey> {
        match self.mode().allocator {
            Allocator::Platform => None,
            Allocator::App(app) => Some(app),
        }
    }
}

/// The allocating app is told once; in 3.1 and 3.2 the channel is told by us.
pub(super) fn tell_shipped(case: &mut Case<'_>, gone: &[(Oid, Shipment)]) {
    case.row_changed();
    if case.mode().acceptor == Acceptor::Keeper {
        tell_channel_shipped(case, gone);
    }
    let moved = gone.iter().map(|(oid, _)| *oid).collect();
    tell_allocator(case, moved, |sub_orders, operator| Message::TellShipped { sub_orders, operator });
}

/// The channel is told of each parcel that it does not know of.
pub(super) fn tell_channel_shipped(case: &mut Case<'_>, gone: &[(Oid, Shipment)]) {
    for (shipment, sub_orders) in parcels_unknown_to_channel(case, gone) {
        let message = Message::ConsignToChannel { sub_orders, shipment };
        case.send(Receiver::Channel(case.trade().channel), message);
    }
}

/// The parcels, in the order they left, each with the sub-orders in it that the channel has not been told of.
fn parcels_unknown_to_channel(case: &Case<'_>, gone: &[(Oid, Shipment)]) -> Vec<(Shipment, Vec<Oid>)> {
    let mut parcels: Vec<(Shipment, Vec<Oid>)> = Vec::new();
    let unknown = |oid: &Oid| case.line(*oid).is_ok_and(|line| line.channel_consigned.is_none());
    for (oid, shipment) in gone.iter().filter(|(oid, _)| unknown(oid)) {
        match parcels.iter_mut().find(|(known, _)| known == shipment) {
            Some((_, inside)) => inside.push(*oid),
            None => parcels.push((shipment.clone(), vec![*oid])),
        }
    }
    parcels
}

/// What stores do, the allocating app hears of; pickups are not its to allocate.
pub(super) fn tell_allocator(
    case: &mut Case<'_>,
    mut moved: Vec<Oid>,
    message: impl FnOnce(Vec<Oid>, String) -> Message,
) {
    moved.retain(|oid| case.line(*oid).is_ok_and(|line| line.delivery == Delivery::Ship));
    if let Some(app) = case.allocating_app().filter(|_| !moved.is_empty()) {
        let operator = label(&case.who);
        case.send(Receiver::App(app), message(moved, operator));
    }
}
