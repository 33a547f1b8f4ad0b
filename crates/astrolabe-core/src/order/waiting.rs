//! The machine of a sub-order's unassigned units: what they wait for before somebody has them. One function lists, per
//! state, every event. An allocation takes the units out of this machine and into [`super::machine`].

use crate::order::trade::UnassignedState;

/// What may happen to unassigned units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WaitEvent {
    /// Paid in full; `held_back` while a hold stands.
    Pay { held_back: bool },
    /// A hold is set.
    HoldBack,
    /// The last hold is gone.
    LetGo,
    /// Nothing can serve it.
    NothingServes { reason: String },
    /// Stock, rules or a hand: look again.
    LookAgain,
    /// The buyer wants the money back before anybody had the goods.
    AskRefund,
    /// That refund is gone and the channel still waits for the goods.
    LiftRefund,
    /// The channel closed the sub-order.
    Close,
}

impl UnassignedState {
    /// The stable name in tables, metrics, URLs and pages.
    pub fn name(&self) -> &'static str {
        match self {
            UnassignedState::Created => "created",
            UnassignedState::Held => "held",
            UnassignedState::Routing => "routing",
            UnassignedState::Unfillable { .. } => "unfillable",
            UnassignedState::Cancelled => "cancelled",
            UnassignedState::Closed => "closed",
        }
    }
}

/// Where `event` leads from `state`; `None` where it changes nothing.
pub fn step(state: &UnassignedState, event: WaitEvent) -> Option<UnassignedState> {
    match state {
        UnassignedState::Created => from_created(event),
        UnassignedState::Held => from_held(event),
        UnassignedState::Routing => from_routing(event),
        UnassignedState::Unfillable { .. } => from_unfillable(event),
        UnassignedState::Cancelled => from_cancelled(event),
        UnassignedState::Closed => None,
    }
}

fn from_created(event: WaitEvent) -> Option<UnassignedState> {
    match event {
        WaitEvent::Pay { held_back: true } => Some(UnassignedState::Held),
        WaitEvent::Pay { held_back: false } => Some(UnassignedState::Routing),
        WaitEvent::AskRefund => Some(UnassignedState::Cancelled),
        WaitEvent::Close => Some(UnassignedState::Closed),
        WaitEvent::HoldBack
        | WaitEvent::LetGo
        | WaitEvent::NothingServes { .. }
        | WaitEvent::LookAgain
        | WaitEvent::LiftRefund => None,
    }
}

fn from_held(event: WaitEvent) -> Option<UnassignedState> {
    match event {
        WaitEvent::LetGo => Some(UnassignedState::Routing),
        WaitEvent::AskRefund => Some(UnassignedState::Cancelled),
        WaitEvent::Close => Some(UnassignedState::Closed),
        WaitEvent::Pay { .. }
        | WaitEvent::HoldBack
        | WaitEvent::NothingServes { .. }
        | WaitEvent::LookAgain
        | WaitEvent::LiftRefund => None,
    }
}

fn from_routing(event: WaitEvent) -> Option<UnassignedState> {
    match event {
        WaitEvent::HoldBack => Some(UnassignedState::Held),
        WaitEvent::NothingServes { reason } => Some(UnassignedState::Unfillable { reason }),
        WaitEvent::AskRefund => Some(UnassignedState::Cancelled),
        WaitEvent::Close => Some(UnassignedState::Closed),
        WaitEvent::Pay { .. } | WaitEvent::LetGo | WaitEvent::LookAgain | WaitEvent::LiftRefund => None,
    }
}

fn from_unfillable(event: WaitEvent) -> Option<UnassignedState> {
    match event {
        WaitEvent::LookAgain => Some(UnassignedState::Routing),
        WaitEvent::HoldBack => Some(UnassignedState::Held),
        WaitEvent::NothingServes { reason } => Some(UnassignedState::Unfillable { reason }),
        WaitEvent::AskRefund => Some(UnassignedState::Cancelled),
        WaitEvent::Close => Some(UnassignedState::Closed),
        WaitEvent::Pay { .. } | WaitEvent::LetGo | WaitEvent::LiftRefund => None,
    }
}

fn from_cancelled(event: WaitEvent) -> Option<UnassignedState> {
    match event {
        WaitEvent::LiftRefund => Some(UnassignedState::Created),
        WaitEvent::Close => Some(UnassignedState::Closed),
        WaitEvent::Pay { .. }
        | WaitEvent::HoldBack
        | WaitEvent::LetGo
        | WaitEvent::NothingServes { .. }
        | WaitEvent::LookAgain
        | WaitEvent::AskRefund => None,
    }
}
