//! The pickup machine (`ZITI`): the buyer collects at the store he chose. No clock and no rule gives it to another store,
//! and until the code is used nobody can deny the buyer his money.

use super::{Event, Step, StockStep, Stuck, back, from_ended, from_return_requested, no_move, to};
use crate::ids::RefundId;
use crate::order::assignment::{AfterShipping, AssignmentState, BeforeCancel, CancelAim};

/// What `state` does on `event`.
pub(super) fn step(state: &AssignmentState, event: Event) -> Result<Step, Stuck> {
    match state {
        AssignmentState::Notified => from_notified(event),
        AssignmentState::Confirmed => from_confirmed(event),
        AssignmentState::Transferring => from_transferring(event),
        AssignmentState::CancelRequested { from, aim } => from_cancel_requested(*from, *aim, event),
        AssignmentState::Collected => from_collected(event),
        AssignmentState::ReturnRequested { from, refund } => from_return_requested(*from, *refund, event),
        AssignmentState::Withdrawn | AssignmentState::Unanswered => from_taken_back(event),
        AssignmentState::Returned
        | AssignmentState::Refunded
        | AssignmentState::Refused
        | AssignmentState::Cancelled
        | AssignmentState::Closed => from_ended(event),
        AssignmentState::Accepted
        | AssignmentState::CancelDenied { .. }
        | AssignmentState::Shipped
        | AssignmentState::Signed => no_move("only a delivery comes here"),
    }
}

/// The buyer wants the money back before he has the goods.
fn ask_back(from: BeforeCancel, refund: RefundId) -> Result<Step, Stuck> {
    to(AssignmentState::CancelRequested { from, aim: CancelAim::Refund(refund) }, StockStep::Keep)
}

fn from_notified(event: Event) -> Result<Step, Stuck> {
    const WHO: &str =
        "the store may confirm it (X_COMMODITY_CONFIRM), have it brought (X_COMMODITY_TRANSER) or refuse it";
    match event {
        Event::Confirm => to(AssignmentState::Confirmed, StockStep::ReleaseGuard),
        Event::Transfer => to(AssignmentState::Transferring, StockStep::HoldAtSource),
        Event::Refuse => to(AssignmentState::Refused, StockStep::GiveBackExcluded),
        Event::NoAnswer => to(AssignmentState::Unanswered, StockStep::GiveBackExcluded),
        Event::Reallocate { .. } => to(AssignmentState::Withdrawn, StockStep::GiveBack),
        Event::AskRefund { refund } => ask_back(BeforeCancel::Notified, refund),
        Event::Close => to(AssignmentState::Closed, StockStep::Release),
        Event::Collect => Err(Stuck::NotReady),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        // The buyer chose the store: no rule of ours takes it away.
        Event::Withdraw
        | Event::Accept
        | Event::Arrive
        | Event::Ship { .. }
        | Event::Sign
        | Event::LiftRefund { .. }
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

fn from_confirmed(event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the buyer may collect it, the store may give it back, an operator may force it elsewhere";
    match event {
        Event::Collect => to(AssignmentState::Collected, StockStep::CommitWhereHeld),
        Event::Refuse => to(AssignmentState::Refused, StockStep::GiveBackExcluded),
        Event::Reallocate { force: true, .. } => to(AssignmentState::Withdrawn, StockStep::GiveBack),
        Event::AskRefund { refund } => ask_back(BeforeCancel::Confirmed, refund),
        Event::Close => to(AssignmentState::Closed, StockStep::Release),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Accept
        | Event::NoAnswer
        | Event::Withdraw
        | Event::Reallocate { force: false, .. }
        | Event::Ship { .. }
        | Event::Sign
        | Event::LiftRefund { .. }
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

/// A store that says at once that it has the goods need not say that they have come.
fn from_transferring(event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the store may say that the goods have come (X_TRANSFER_SUCCESS), confirm it, or refuse it";
    match event {
        Event::Arrive => to(AssignmentState::Confirmed, StockStep::HoldAtStore),
        Event::Confirm => to(AssignmentState::Confirmed, StockStep::Keep),
        Event::Refuse => to(AssignmentState::Refused, StockStep::GiveBackExcluded),
        Event::Reallocate { force: true, .. } => to(AssignmentState::Withdrawn, StockStep::GiveBack),
        Event::AskRefund { refund } => ask_back(BeforeCancel::Transferring, refund),
        Event::Close => to(AssignmentState::Closed, StockStep::Release),
        Event::Collect => Err(Stuck::NotReady),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Transfer
        | Event::Accept
        | Event::NoAnswer
        | Event::Withdraw
        | Event::Reallocate { force: false, .. }
        | Event::Ship { .. }
        | Event::Sign
        | Event::LiftRefund { .. }
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

/// A pickup is asked back for a refund only: it is re-allocated at once or not at all.
fn from_cancel_requested(from: BeforeCancel, aim: CancelAim, event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the store may only confirm (X_SHOP_CANCEL_CONFIRM): what is not collected can be refunded";
    match event {
        Event::ConfirmCancel | Event::Refuse => to(AssignmentState::Cancelled, StockStep::Release),
        Event::LiftRefund { refund } if CancelAim::Refund(refund) == aim => to(back(from), StockStep::Keep),
        Event::AskRefund { refund } => ask_back(from, refund),
        Event::Close => to(AssignmentState::Closed, StockStep::Release),
        Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect
        | Event::Withdraw
        | Event::Reallocate { .. } => Err(Stuck::CancelStands),
        Event::DenyCancel
        | Event::Accept
        | Event::NoAnswer
        | Event::Ship { .. }
        | Event::Sign
        | Event::LiftRefund { .. }
        | Event::AskReturn { .. }
        | Event::LiftReturn { .. }
        | Event::ReceiveReturn
        | Event::GrantRefund { .. } => no_move(WHO),
    }
}

fn from_collected(event: Event) -> Result<Step, Stuck> {
    const WHO: &str = "the buyer has it and may ask to return it";
    match event {
        Event::AskReturn { refund } => {
            to(AssignmentState::ReturnRequested { from: AfterShipping::Collected, refund }, StockStep::Keep)
        }
        Event::GrantRefund { .. } => to(AssignmentState::Refunded, StockStep::Keep),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect
        | Event::Accept
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

/// A late confirmation may still win; `decide` looks whether the units are free before it believes this refusal.
fn from_taken_back(event: Event) -> Result<Step, Stuck> {
    match event {
        Event::Confirm | Event::Transfer | Event::Arrive | Event::Collect | Event::Refuse => Err(Stuck::Withdrawn),
        Event::ConfirmCancel | Event::DenyCancel => Err(Stuck::NothingToAnswer),
        Event::Accept
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
        | Event::GrantRefund { .. } => no_move("it has ended here"),
    }
}
