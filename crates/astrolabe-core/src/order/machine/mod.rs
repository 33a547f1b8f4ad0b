//! The two machines of one assignment, [`delivery`] (`FAHUO`) and [`pickup`] (`ZITI`): what each state does on each event,
//! and what that means for the units it holds. This file has what they share; each machine is one function per state,
//! each listing every event. They do not know who asked, whether they may, or whether the call is a repeat: `decide` has
//! settled that before it comes here, and carries the step out.

mod delivery;
mod pickup;

use crate::ids::{Oid, RefundId};
use crate::order::assignment::{AfterShipping, Assignment, AssignmentState, BeforeCancel};
use crate::refusal::Refusal;

/// What may happen to an assignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The store takes it.
    Accept,
    /// The store does not, or cannot after all.
    Refuse,
    /// The clock: the store said nothing in time.
    NoAnswer,
    /// Taken back by us without blame: store shut, cell short, allocator chose anew.
    Withdraw,
    /// Somebody wants it elsewhere; `force` is an operator's.
    Reallocate { request: i64, force: bool },
    /// The buyer asks for the money back and the goods must not leave.
    AskRefund { refund: RefundId },
    /// That refund was withdrawn, or refused by the seller.
    LiftRefund { refund: RefundId },
    /// Goods back on shelf.
    ConfirmCancel,
    /// The goods are already gone.
    DenyCancel,
    /// Carrier and waybill. A warehouse ships without having accepted.
    Ship { warehouse: bool },
    /// The buyer signed.
    Sign,
    /// The channel closed the sub-order.
    Close,
    /// The buyer sends the goods back.
    AskReturn { refund: RefundId },
    /// The buyer keeps them, or the seller refused.
    LiftReturn { refund: RefundId },
    /// The goods came back.
    ReceiveReturn,
    /// The money went back without the goods.
    GrantRefund { refund: RefundId },
    /// The store has a pickup ready for the buyer.
    Confirm,
    /// The store has no goods for a pickup: they are to come from elsewhere.
    Transfer,
    /// The goods that were to come are in the store.
    Arrive,
    /// The buyer has collected it.
    Collect,
}

/// What a move does to the units held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StockStep {
    /// Nothing.
    Keep,
    /// Stock life step 3.
    ReleaseGuard,
    /// Step 4 after blame: the location is kept out of the sub-order's next plans.
    GiveBackExcluded,
    /// Step 4 without blame.
    GiveBack,
    /// Step 5.
    Commit,
    /// Step 6.
    Release,
    /// Step 7, by the seller's policy.
    Restock,
    /// The hold moves to the nearest place that has the units; there is no Guard from here on.
    HoldAtSource,
    /// The hold moves to the store if its stock shows the units, else it stays and that is a discrepancy.
    HoldAtStore,
    /// Step 5 where the hold is, wherever that is.
    CommitWhereHeld,
}

/// A move of the machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    pub to: AssignmentState,
    pub stock: StockStep,
}

/// Why the machine does not move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stuck {
    /// There is no such move; says who may do something from here.
    NoMove { who_may: &'static str },
    /// A cancel request stands in the way.
    CancelStands,
    /// It was taken back from the location before.
    Withdrawn,
    /// Nobody asked.
    NothingToAnswer,
    /// A pickup cannot be collected before the store has confirmed it.
    NotReady,
    /// Nothing moves, but a person should know that the channel closed what is already on its way.
    ClosedTooLate,
}

impl Event {
    /// The stable word in refusals and tables.
    pub fn name(self) -> &'static str {
        match self {
            Event::Accept => "accepted",
            Event::Refuse => "refused",
            Event::NoAnswer => "left unanswered",
            Event::Withdraw => "withdrawn",
            Event::Reallocate { .. } => "re-allocated",
            Event::AskRefund { .. } => "asked back",
            Event::LiftRefund { .. } => "freed of its refund",
            Event::ConfirmCancel => "put back on the shelf",
            Event::DenyCancel => "reported as already gone",
            Event::Ship { .. } => "shipped",
            Event::Sign => "signed",
            Event::Close => "closed",
            Event::AskReturn { .. } => "sent back",
            Event::LiftReturn { .. } => "freed of its return",
            Event::ReceiveReturn => "received back",
            Event::GrantRefund { .. } => "refunded",
            Event::Confirm => "confirmed",
            Event::Transfer => "transferred",
            Event::Arrive => "received from elsewhere",
            Event::Collect => "collected",
        }
    }
}

impl Stuck {
    /// The refusal a caller gets.
    pub fn refusal(self, oid: Oid, location: crate::ids::LocationId, state: &AssignmentState, event: Event) -> Refusal {
        match self {
            Stuck::NoMove { who_may } => {
                Refusal::IllegalMove { oid, state: state.name(), asked: event.name(), who_may }
            }
            Stuck::CancelStands => Refusal::CancelStands { oid },
            Stuck::Withdrawn => Refusal::OfferWithdrawn { oid, location },
            Stuck::NothingToAnswer => Refusal::NothingToAnswer { oid },
            Stuck::NotReady => Refusal::NotReadyToCollect { oid },
            Stuck::ClosedTooLate => Refusal::IllegalMove {
                oid,
                state: state.name(),
                asked: event.name(),
                who_may: "the goods are already on their way",
            },
        }
    }
}

impl Assignment {
    /// What it does on `event`.
    ///
    /// # Errors
    /// Why its machine does not move.
    pub fn step(&self, event: Event) -> Result<Step, Stuck> {
        step(self.pickup, &self.state, event)
    }
}

/// What `state` does on `event`, in the machine of pickups or in that of deliveries.
pub(super) fn step(pickup: bool, state: &AssignmentState, event: Event) -> Result<Step, Stuck> {
    if pickup { pickup::step(state, event) } else { delivery::step(state, event) }
}

fn to(state: AssignmentState, stock: StockStep) -> Result<Step, Stuck> {
    Ok(Step { to: state, stock })
}

fn no_move(who_may: &'static str) -> Result<Step, Stuck> {
    Err(Stuck::NoMove { who_may })
}

/// Where a lifted cancel request leads back to.
fn back(from: BeforeCancel) -> AssignmentState {
    match from {
        BeforeCancel::Notified => AssignmentState::Notified,
        BeforeCancel::Accepted => AssignmentState::Accepted,
        BeforeCancel::Confirmed => AssignmentState::Confirmed,
        BeforeCancel::Transferring => AssignmentState::Transferring,
    }
}

fn after_shipping(from: AfterShipping) -> AssignmentState {
    match from {
        AfterShipping::Shipped => AssignmentState::Shipped,
        AfterShipping::Signed => AssignmentState::Signed,
        AfterShipping::Collected => AssignmentState::Collected,
    }
}

fn from_return_requested(from: AfterShipping, asked: RefundId, event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the location may report the goods as received";
    match event {
        Event::ReceiveReturn => to(AssignmentState::Returned, StockStep::Restock),
        Event::LiftReturn { refund } if refund == asked => to(after_shipping(from), StockStep::Keep),
        Event::AskReturn { refund } => to(AssignmentState::ReturnRequested { from, refund }, StockStep::Keep),
        Event::Sign if from != AfterShipping::Collected => {
            to(AssignmentState::ReturnRequested { from: AfterShipping::Signed, refund: asked }, StockStep::Keep)
        }
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Accept
        | Event::Refuse
        | Event::NoAnswer
        | Event::Withdraw
        | Event::Reallocate { .. }
        | Event::AskRefund { .. }
        | Event::LiftRefund { .. }
        | Event::Ship { .. }
        | Event::Close
        | Event::LiftReturn { .. }
        | Event::GrantRefund { .. }
        | Event::Sign
        | Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect => no_move(WHO),
    }
}

fn from_ended(event: Event) -> Result<Step, Stuck> {
    match event {
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Accept
        | Event::Refuse
        | Event::NoAnswer
        | Event::Withdraw
        | Event::Reallocate { .. }
        | Event::AskRefund { .. }
        | Event::LiftRefund { .. }
        | Event::Ship { .. }
        | Event::Sign
        | Event::Close
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. }
        | Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect => no_move("it has ended"),
    }
}
