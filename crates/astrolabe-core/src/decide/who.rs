//! Who may do what to an assignment (white paper §3; the matrix status × method × mode). The gateway knows which app
//! calls which method; here it is settled whether that app, keeper or operator has a say in this trade at all.

use crate::ids::AppKey;
use crate::order::assignment::Assignment;
use crate::order::timeline::{Actor, Fact};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator, RoleMode};

use super::case::Case;

/// What a store, POS or WMS may say about an assignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    Accept,
    Refuse,
    Ship,
    AnswerCancel,
    ReceiveReturn,
    Milestone,
    /// A pickup lies ready.
    Confirm,
    /// A pickup's goods are sent for, or have come.
    Transfer,
    /// The buyer showed the code.
    HandOver,
}

impl Deed {
    /// All of them, for the generated matrix.
    pub const ALL: [Deed; 9] = [
        Deed::Accept,
        Deed::Refuse,
        Deed::Ship,
        Deed::AnswerCancel,
        Deed::ReceiveReturn,
        Deed::Milestone,
        Deed::Confirm,
        Deed::Transfer,
        Deed::HandOver,
    ];

    /// Whether the fact is what this deed leaves on a timeline.
    pub(super) fn is_told_by(self, fact: Fact) -> bool {
        match self {
            Deed::Accept => fact == Fact::Accepted,
            Deed::Refuse => fact == Fact::Refused || fact == Fact::GaveBack,
            Deed::Ship => fact == Fact::Shipped,
            Deed::AnswerCancel => fact == Fact::CancelConfirmed || fact == Fact::CancelDenied,
            Deed::ReceiveReturn => fact == Fact::Returned,
            Deed::Milestone => false,
            Deed::Confirm => fact == Fact::Confirmed,
            Deed::Transfer => fact == Fact::TransferStarted || fact == Fact::TransferArrived,
            Deed::HandOver => fact == Fact::Collected,
        }
    }
}

/// Who may do a deed, in words, for a refusal and for the generated matrix.
pub fn who_may(mode: &RoleMode, deed: Deed, warehouse: bool) -> &'static str {
    if warehouse {
        return match mode.acceptor {
            Acceptor::Keeper => "the WMS app or an operator may (shipping: a logistics call too)",
            Acceptor::App(_) => "the WMS app, the POS app or an operator may (shipping: a logistics call too)",
        };
    }
    match (&mode.allocator, &mode.acceptor, deed) {
        (Allocator::App(_), Acceptor::Keeper, Deed::AnswerCancel | Deed::ReceiveReturn | Deed::Milestone) => {
            "the keeper of that store, the allocating app or an operator may"
        }
        (_, Acceptor::Keeper, _) => "the keeper of that store or an operator may",
        (Allocator::Platform, Acceptor::App(_), _) => "the POS app or an operator may",
        (Allocator::App(_), Acceptor::App(_), _) => "the POS app, the allocating app or an operator may",
    }
}

/// Whether the actor may do the deed to the assignment.
pub(super) fn check(case: &Case<'_>, assignment: &Assignment, deed: Deed) -> Result<(), Refusal> {
    let mode = case.mode();
    let allowed = match &case.who {
        Actor::Operator { .. } => true,
        Actor::Keeper { store, .. } => {
            mode.acceptor == Acceptor::Keeper && !assignment.warehouse && *store == assignment.location
        }
        Actor::App { key, .. } => app_may(case, &mode, key, assignment.warehouse, deed),
        Actor::Channel | Actor::Platform | Actor::Clock => false,
    };
    if allowed { Ok(()) } else { Err(not_yours(&mode, who_may(&mode, deed, assignment.warehouse))) }
}

/// Whether the actor may report milestones of sub-orders that no assignment has had: those of the merchant's systems who
/// could once a store has it. No keeper and no WMS has a part in it yet.
pub(super) fn check_unallocated(case: &Case<'_>) -> Result<(), Refusal> {
    let mode = case.mode();
    let allowed = match &case.who {
        Actor::Operator { .. } => true,
        Actor::App { key, .. } => app_may(case, &mode, key, false, Deed::Milestone),
        Actor::Keeper { .. } | Actor::Channel | Actor::Platform | Actor::Clock => false,
    };
    let who_may = match (&mode.allocator, &mode.acceptor) {
        (Allocator::Platform, Acceptor::Keeper) => "an operator may until it is allocated",
        (Allocator::App(_), Acceptor::Keeper) => "the allocating app or an operator may until it is allocated",
        (Allocator::Platform, Acceptor::App(_)) => "the POS app or an operator may",
        (Allocator::App(_), Acceptor::App(_)) => "the POS app, the allocating app or an operator may",
    };
    if allowed { Ok(()) } else { Err(not_yours(&mode, who_may)) }
}

fn app_may(case: &Case<'_>, mode: &RoleMode, key: &AppKey, warehouse: bool, deed: Deed) -> bool {
    if mode.acceptor == Acceptor::App(key.clone()) {
        return true;
    }
    if warehouse && case.world.seller.settings.wms.as_ref() == Some(key) {
        return true;
    }
    if mode.allocator != Allocator::App(key.clone()) {
        return false;
    }
    match (&mode.acceptor, deed) {
        (Acceptor::App(_), _) => true,
        (Acceptor::Keeper, Deed::AnswerCancel | Deed::ReceiveReturn | Deed::Milestone) => true,
        (
            Acceptor::Keeper,
            Deed::Accept | Deed::Refuse | Deed::Ship | Deed::Confirm | Deed::Transfer | Deed::HandOver,
        ) => false,
    }
}

/// Allocation results come from the allocating app, in 3.4 from the POS app too.
pub(super) fn check_allocator(case: &Case<'_>) -> Result<(), Refusal> {
    let mode = case.mode();
    let allowed = match (&case.who, &mode.allocator) {
        (Actor::App { key, .. }, Allocator::App(app)) => key == app || mode.acceptor == Acceptor::App(key.clone()),
        (Actor::App { .. }, Allocator::Platform) => false,
        (
            Actor::Operator { .. } | Actor::Keeper { .. } | Actor::Channel | Actor::Platform | Actor::Clock,
            Allocator::App(_) | Allocator::Platform,
        ) => false,
    };
    let who_may = match mode.allocator {
        Allocator::Platform => "the platform allocates; an operator may re-allocate",
        Allocator::App(_) => "the allocating app may",
    };
    if allowed { Ok(()) } else { Err(not_yours(&mode, who_may)) }
}

/// Re-allocation is asked for by the allocating app, the POS app or an operator; only an operator may force it.
pub(super) fn check_reallocator(case: &Case<'_>, force: bool) -> Result<(), Refusal> {
    let mode = case.mode();
    let allowed = match &case.who {
        Actor::Operator { .. } => true,
        Actor::App { key, .. } => {
            let app = Some(key);
            let allocates = matches!(&mode.allocator, Allocator::App(known) if Some(known) == app);
            let accepts = matches!(&mode.acceptor, Acceptor::App(known) if Some(known) == app);
            !force && (allocates || accepts)
        }
        Actor::Keeper { .. } | Actor::Channel | Actor::Platform | Actor::Clock => false,
    };
    let who_may =
        if force { "only an operator may force it" } else { "the allocating app, the POS app or an operator may" };
    if allowed { Ok(()) } else { Err(not_yours(&mode, who_may)) }
}

fn not_yours(mode: &RoleMode, who_may: &'static str) -> Refusal {
    Refusal::NotYours { mode: mode.section(), who_may }
}
