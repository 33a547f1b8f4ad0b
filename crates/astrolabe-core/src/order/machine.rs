//! The delivery machine (`FAHUO`) of one assignment: what each state does on each event, and what that means for the
//! units it holds. One function per state, each listing every event. It does not know who asked, whether they may,
//! or whether the call is a repeat: `decide` has settled that before it comes here, and carries the step out.

use crate::ids::{Oid, RefundId};
use crate::order::assignment::{AfterShipping, AssignmentState, BeforeCancel, CancelAim};
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
            Stuck::ClosedTooLate => Refusal::IllegalMove {
                oid,
                state: state.name(),
                asked: event.name(),
                who_may: "the goods are already on their way",
            },
        }
    }
}

/// What `state` does on `event`.
pub fn step(state: &AssignmentState, event: Event) -> Result<Step, Stuck> {
    match state {
        AssignmentState::Notified => from_notified(event),
        AssignmentState::Accepted => from_accepted(event),
        AssignmentState::CancelRequested { from, aim } => from_cancel_requested(*from, *aim, event),
        AssignmentState::CancelDenied { from, aim } => from_cancel_denied(*from, *aim, event),
        AssignmentState::Shipped => from_shipped(AfterShipping::Shipped, event),
        AssignmentState::Signed => from_shipped(AfterShipping::Signed, event),
        AssignmentState::ReturnRequested { from, refund } => from_return_requested(*from, *refund, event),
        AssignmentState::Withdrawn | AssignmentState::Unanswered => from_taken_back(event),
        AssignmentState::Returned
        | AssignmentState::Refunded
        | AssignmentState::Refused
        | AssignmentState::Cancelled
        | AssignmentState::Closed => from_ended(event),
    }
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
    }
}

fn after_shipping(from: AfterShipping) -> AssignmentState {
    match from {
        AfterShipping::Shipped => AssignmentState::Shipped,
        AfterShipping::Signed => AssignmentState::Signed,
    }
}

fn from_notified(event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the store may accept or refuse it first";
    match event {
        Event::Accept => to(AssignmentState::Accepted, StockStep::ReleaseGuard),
        Event::Refuse => to(AssignmentState::Refused, StockStep::GiveBackExcluded),
        Event::NoAnswer => to(AssignmentState::Unanswered, StockStep::GiveBackExcluded),
        Event::Withdraw | Event::Reallocate { .. } => to(AssignmentState::Withdrawn, StockStep::GiveBack),
        Event::AskRefund { refund } => to(
            AssignmentState::CancelRequested { from: BeforeCancel::Notified, aim: CancelAim::Refund(refund) },
            StockStep::Keep,
        ),
        Event::Ship { warehouse: true } => to(AssignmentState::Shipped, StockStep::Commit),
        Event::Close => to(AssignmentState::Closed, StockStep::Release),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Ship { warehouse: false }
        | Event::Sign
        | Event::LiftRefund { .. }
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

fn from_accepted(event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the store may ship it or give it back";
    match event {
        Event::Refuse => to(AssignmentState::Refused, StockStep::GiveBackExcluded),
        Event::Reallocate { force: true, .. } => to(AssignmentState::Withdrawn, StockStep::GiveBack),
        Event::Reallocate { request, force: false } => to(
            AssignmentState::CancelRequested { from: BeforeCancel::Accepted, aim: CancelAim::Reallocate(request) },
            StockStep::Keep,
        ),
        Event::AskRefund { refund } => to(
            AssignmentState::CancelRequested { from: BeforeCancel::Accepted, aim: CancelAim::Refund(refund) },
            StockStep::Keep,
        ),
        Event::Ship { .. } => to(AssignmentState::Shipped, StockStep::Commit),
        Event::Close => to(AssignmentState::Closed, StockStep::Release),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        // No timer and no rule moves anything from Accepted.
        Event::Accept
        | Event::NoAnswer
        | Event::Withdraw
        | Event::Sign
        | Event::LiftRefund { .. }
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

fn from_cancel_requested(from: BeforeCancel, aim: CancelAim, event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the store may answer the cancel request, or ship";
    match (event, aim) {
        (Event::ConfirmCancel | Event::Refuse, CancelAim::Refund(_)) => {
            to(AssignmentState::Cancelled, StockStep::Release)
        }
        (Event::ConfirmCancel, CancelAim::Reallocate(_)) => to(AssignmentState::Withdrawn, StockStep::GiveBack),
        (Event::Refuse, CancelAim::Reallocate(_)) => to(AssignmentState::Refused, StockStep::GiveBackExcluded),
        (Event::DenyCancel, CancelAim::Refund(_)) => to(AssignmentState::CancelDenied { from, aim }, StockStep::Keep),
        (Event::DenyCancel, CancelAim::Reallocate(_)) => to(back(from), StockStep::Keep),
        (Event::LiftRefund { refund }, CancelAim::Refund(asked)) if refund == asked => to(back(from), StockStep::Keep),
        // The buyer's wish outranks a re-allocation, and a newer refund the older one.
        (Event::AskRefund { refund }, CancelAim::Refund(_) | CancelAim::Reallocate(_)) => {
            to(AssignmentState::CancelRequested { from, aim: CancelAim::Refund(refund) }, StockStep::Keep)
        }
        (Event::Reallocate { force: true, .. }, CancelAim::Reallocate(_)) => {
            to(AssignmentState::Withdrawn, StockStep::GiveBack)
        }
        (Event::Ship { .. }, CancelAim::Refund(_) | CancelAim::Reallocate(_)) => {
            to(AssignmentState::Shipped, StockStep::Commit)
        }
        (Event::Close, CancelAim::Refund(_) | CancelAim::Reallocate(_)) => {
            to(AssignmentState::Closed, StockStep::Release)
        }
        (Event::Accept | Event::Withdraw | Event::Reallocate { .. }, _) => Err(Stuck::CancelStands),
        (
            Event::NoAnswer
            | Event::LiftRefund { .. }
            | Event::Sign
            | Event::AskReturn { .. }
            | Event::LiftReturn { .. }
            | Event::ReceiveReturn
            | Event::GrantRefund { .. },
            _,
        ) => no_move(WHO),
    }
}

fn from_cancel_denied(from: BeforeCancel, aim: CancelAim, event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the store may only ship it: it said the goods are gone";
    match event {
        Event::Ship { .. } => to(AssignmentState::Shipped, StockStep::Commit),
        Event::AskRefund { refund } if CancelAim::Refund(refund) != aim => {
            to(AssignmentState::CancelRequested { from, aim: CancelAim::Refund(refund) }, StockStep::Keep)
        }
        Event::Close => Err(Stuck::ClosedTooLate),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Accept
        | Event::Refuse
        | Event::NoAnswer
        | Event::Withdraw
        | Event::Reallocate { .. }
        | Event::AskRefund { .. }
        | Event::LiftRefund { .. }
        | Event::Sign
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

fn from_shipped(from: AfterShipping, event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the buyer may sign, or ask to return it";
    match event {
        Event::Sign if from == AfterShipping::Shipped => to(AssignmentState::Signed, StockStep::Keep),
        Event::AskReturn { refund } => to(AssignmentState::ReturnRequested { from, refund }, StockStep::Keep),
        Event::GrantRefund { .. } => to(AssignmentState::Refunded, StockStep::Keep),
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
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn => no_move(WHO),
    }
}

fn from_return_requested(from: AfterShipping, asked: RefundId, event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the location may report the goods as received";
    match event {
        Event::ReceiveReturn => to(AssignmentState::Returned, StockStep::Restock),
        Event::LiftReturn { refund } if refund == asked => to(after_shipping(from), StockStep::Keep),
        Event::AskReturn { refund } => to(AssignmentState::ReturnRequested { from, refund }, StockStep::Keep),
        Event::Sign => {
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
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

/// A late accept may still win; `decide` looks whether the units are free before it believes this refusal.
fn from_taken_back(event: Event) -> Result<Step, Stuck> {
    match event {
        Event::Accept | Event::Refuse | Event::Ship { .. } => Err(Stuck::Withdrawn),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::NoAnswer
        | Event::Withdraw
        | Event::Reallocate { .. }
        | Event::AskRefund { .. }
        | Event::LiftRefund { .. }
        | Event::Sign
        | Event::Close
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move("it has ended here"),
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
        | Event::GrantRefund { .. } => no_move("it has ended"),
    }
}
