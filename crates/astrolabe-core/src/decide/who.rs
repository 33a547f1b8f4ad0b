//! Who may do what to an assignment (white paper §3; the matrix status × method × mode). The gateway knows which app
//! calls which method; here it is settled whether that app, keeper or operator has a say in this trade at all.

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

/// Who may have a part in an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// The keeper of the assignment's store.
    Keeper,
    /// The app that accepts.
    Pos,
    Wms,
    /// The app that allocates.
    Allocator,
    Operator,
}

/// Those who may do a deed, and the words that a refusal says it in.
struct Allowed {
    parties: &'static [Party],
    words: &'static str,
}

/// The matrix deed × mode × kind of location, and nowhere else.
fn allowed(mode: &RoleMode, deed: Deed, warehouse: bool) -> Allowed {
    use Party::{Allocator as Isv, Keeper, Operator, Pos, Wms};
    // What an allocating app may say of stores whose keeper accepts: the rest is the keeper's.
    let is_isvs = match deed {
        Deed::AnswerCancel | Deed::ReceiveReturn | Deed::Milestone => true,
        Deed::Accept | Deed::Refuse | Deed::Ship | Deed::Confirm | Deed::Transfer | Deed::HandOver => false,
    };
    let (parties, words): (&[Party], _) = match (&mode.allocator, &mode.acceptor, warehouse) {
        (Allocator::App(_), Acceptor::Keeper, false) if is_isvs => {
            (&[Keeper, Isv, Operator], "the keeper of that store, the allocating app or an operator may")
        }
        (_, Acceptor::Keeper, false) => (&[Keeper, Operator], "the keeper of that store or an operator may"),
        (Allocator::Platform, Acceptor::App(_), false) => (&[Pos, Operator], "the POS app or an operator may"),
        (Allocator::App(_), Acceptor::App(_), false) => {
            (&[Pos, Isv, Operator], "the POS app, the allocating app or an operator may")
        }
        (Allocator::App(_), Acceptor::Keeper, true) if is_isvs => {
            (&[Wms, Isv, Operator], "the WMS app, the allocating app or an operator may")
        }
        (_, Acceptor::Keeper, true) => {
            (&[Wms, Operator], "the WMS app or an operator may (shipping: a logistics call too)")
        }
        (Allocator::Platform, Acceptor::App(_), true) => {
            (&[Wms, Pos, Operator], "the WMS app, the POS app or an operator may (shipping: a logistics call too)")
        }
        (Allocator::App(_), Acceptor::App(_), true) => (
            &[Wms, Pos, Isv, Operator],
            "the WMS app, the POS app, the allocating app or an operator may (shipping: a logistics call too)",
        ),
    };
    Allowed { parties, words }
}

/// Who may do a deed, for the generated matrix.
pub fn who_may(mode: &RoleMode, deed: Deed, warehouse: bool) -> &'static [Party] {
    allowed(mode, deed, warehouse).parties
}

/// Whether the actor may do the deed to the assignment.
pub(super) fn check(case: &Case<'_>, assignment: &Assignment, deed: Deed) -> Result<(), Refusal> {
    let mode = case.mode();
    let Allowed { parties, words } = allowed(&mode, deed, assignment.warehouse);
    let wms = case.world.seller.settings.wms.as_ref();
    let is = |party: &Party| match (party, &case.who) {
        (Party::Operator, Actor::Operator { .. }) => true,
        (Party::Keeper, Actor::Keeper { store, .. }) => *store == assignment.location,
        (Party::Wms, Actor::App { key, .. }) => wms == Some(key),
        (Party::Pos, Actor::App { key, .. }) => mode.acceptor == Acceptor::App(key.clone()),
        (Party::Allocator, Actor::App { key, .. }) => mode.allocator == Allocator::App(key.clone()),
        (
            Party::Operator | Party::Keeper | Party::Wms | Party::Pos | Party::Allocator,
            Actor::Operator { .. }
            | Actor::Keeper { .. }
            | Actor::App { .. }
            | Actor::Channel
            | Actor::Platform
            | Actor::Clock,
        ) => false,
    };
    if parties.iter().any(is) { Ok(()) } else { Err(not_yours(&mode, words)) }
}

/// Whether the actor may report milestones of sub-orders that no assignment has had: those of the merchant's systems who
/// could once a store has it. No keeper and no WMS has a part in it yet.
pub(super) fn check_unallocated(case: &Case<'_>) -> Result<(), Refusal> {
    let mode = case.mode();
    let allowed = match &case.who {
        Actor::Operator { .. } => true,
        Actor::App { key, .. } => {
            mode.acceptor == Acceptor::App(key.clone()) || mode.allocator == Allocator::App(key.clone())
        }
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
