//! The delivery machine (`FAHUO`): the location ships to the buyer.

use super::{Event, Step, StockStep, Stuck, back, from_ended, from_return_requested, no_move, to};
use crate::order::assignment::{AfterShipping, AssignmentState, BeforeCancel, CancelAim};

/// What `state` does on `event`.
pub(super) fn step(state: &AssignmentState, event: Event) -> Result<Step, Stuck> {
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
        AssignmentState::Confirmed | AssignmentState::Transferring | AssignmentState::Collected => {
            no_move("only a pickup comes here")
        }
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
        | Event::GrantRefund { .. }
        | Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect => no_move(WHO),
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
        | Event::GrantRefund { .. }
        | Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect => no_move(WHO),
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
            | Event::GrantRefund { .. }
            | Event::Confirm
            | Event::Transfer
            | Event::Arrive
            | Event::Collect,
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
        | Event::GrantRefund { .. }
        | Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect => no_move(WHO),
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
        | Event::ReceiveReturn
        | Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect => no_move(WHO),
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
        | Event::GrantRefund { .. }
        | Event::Confirm
        | Event::Transfer
        | Event::Arrive
        | Event::Collect => no_move("it has ended here"),
    }
}
