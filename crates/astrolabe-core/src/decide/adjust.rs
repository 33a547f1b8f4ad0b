//! 库存占用调整 (white paper §6.2.4, §6.3.4): the allocator, or in 3.3 the POS app, brings a sub-order's hold to where it
//! was sent. Before acceptance naming another location re-assigns; after it that is refused.

use crate::command::{AdjustHold, Goods, Outcome};
use crate::exception::ExceptionKind;
use crate::ids::AllocationCode;
use crate::order::assignment::{AllocatedBy, Assignment, AssignmentState};
use crate::order::machine::Event;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{Delivery, SubOrder};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::stock::book::Moment;
use crate::stock::moves::Move;
use crate::time::Timestamp;
use crate::world::{AdjustKey, AdjustRecord, Names, World};

use super::case::{Case, Note};
use super::report::{mapping_of_line, name_goods};
use super::route::{Offer, assign, hold};

/// What the command names; the trade's own needs come with the second round.
pub(super) fn first_names(asked: &AdjustHold, names: &mut Names) {
    names.tids.insert(asked.tid);
    names.adjust_nums.insert(asked.bill_num.clone());
    name_goods(&asked.goods, names);
}

/// Whose units an adjust may mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Subject {
    /// An assignment at the target: its units are brought there.
    There { code: AllocationCode, accepted: bool },
    /// Units that nobody has been given.
    Unassigned,
    /// An assignment elsewhere that nobody has accepted: it becomes one at the target.
    Elsewhere { code: AllocationCode },
}

/// Moves the hold, or refuses and leaves it where it is. A repeat of the same bill is answered and changes nothing.
pub(super) fn adjust_hold(world: &mut World, asked: &AdjustHold, now: Timestamp) -> Result<Outcome, Refusal> {
    let mut case = Case::open(world, asked.tid, asked.who.clone(), Moment::now(now))?;
    case.must_be_ours()?;
    case.line(asked.oid)?;
    let may_move_elsewhere = check_caller(&case)?;
    let key = AdjustKey { bill_num: asked.bill_num.clone(), oid: asked.oid };
    if let Some(applied) = case.world.adjusts.get(&key) {
        return same_content(applied, asked).map(|()| Outcome::Done);
    }
    check_content(&case, asked)?;
    let subject = choose(&case, asked)?;
    match subject {
        Subject::There { code, accepted } => move_hold(&mut case, asked, Some(code), !accepted)?,
        Subject::Unassigned | Subject::Elsewhere { .. } if !may_move_elsewhere => {
            return Err(Refusal::NotYours {
                mode: case.mode().section(),
                who_may: "the POS app may adjust to the assigned location only",
            });
        }
        Subject::Unassigned => {
            move_hold(&mut case, asked, None, true)?;
            // The rest may be held now though the whole could not; only what still lacks waits.
            hold(&mut case, asked.oid)?;
        }
        Subject::Elsewhere { code } => reassign(&mut case, asked, code)?,
    }
    let record = AdjustRecord {
        target: asked.target,
        class: asked.class,
        quantity: asked.quantity,
        original: asked.original,
        adjust_type: asked.adjust_type.clone(),
        applied_at: now,
    };
    case.world.adjusts.put(key, record);
    case.close();
    Ok(Outcome::Done)
}

/// Whether the caller may adjust at all, and if so to other than the assigned location.
fn check_caller(case: &Case<'_>) -> Result<bool, Refusal> {
    let mode = case.mode();
    let elsewhere = match &case.who {
        Actor::Operator { .. } => Some(true),
        Actor::App { key, .. } => match (&mode.allocator, &mode.acceptor) {
            (Allocator::App(app), _) => (app == key).then_some(true),
            (Allocator::Platform, Acceptor::App(app)) => (app == key).then_some(false),
            (Allocator::Platform, Acceptor::Keeper) => None,
        },
        Actor::Keeper { .. } | Actor::Channel | Actor::Platform | Actor::Clock => None,
    };
    elsewhere.ok_or(Refusal::NotYours {
        mode: mode.section(),
        who_may: "the allocating app or an operator may, in 3.3 the POS app",
    })
}

fn same_content(applied: &AdjustRecord, asked: &AdjustHold) -> Result<(), Refusal> {
    let differs = if applied.target != asked.target {
        Some("target_warehouse_id")
    } else if applied.class != asked.class {
        Some("inventory_type")
    } else if applied.quantity != asked.quantity {
        Some("quantity")
    } else if applied.original != asked.original {
        Some("original_warehouse_id")
    } else {
        None
    };
    differs.map_or(Ok(()), |field| Err(Refusal::BillReused { field }))
}

fn check_content(case: &Case<'_>, asked: &AdjustHold) -> Result<(), Refusal> {
    if asked.quantity <= 0 {
        return Err(Refusal::QuantityNotPositive);
    }
    if case.world.places.live(asked.target).is_none() {
        return Err(Refusal::LocationNotFound { location: asked.target });
    }
    let line = case.line(asked.oid)?;
    if is_of(case, line, &asked.goods) { Ok(()) } else { Err(Refusal::OtherGoods { oid: asked.oid }) }
}

/// Whether the goods named are those of the line. One component of a kit is not: a kit moves as a whole.
fn is_of(case: &Case<'_>, line: &SubOrder, goods: &Goods) -> bool {
    match goods {
        Goods::Listing { item, sku, .. } => *item == line.item && (*sku == line.sku || sku.0 == 0),
        Goods::Article(sc_item) => {
            let only = line.components.len() == 1;
            let mapped = mapping_of_line(case.world, line.item, line.sku);
            mapped.is_some_and(|mapping| mapping.sc_item == *sc_item)
                || (only && line.components.iter().any(|component| component.sc_item == *sc_item))
        }
    }
}

/// The first of the units an adjust may mean that has the quantity and, where an original is named, holds it there.
fn choose(case: &Case<'_>, asked: &AdjustHold) -> Result<Subject, Refusal> {
    let mut most = 0;
    let mut refusal = None;
    for (subject, units) in subjects(case, asked)? {
        most = most.max(units);
        if units < asked.quantity {
            continue;
        }
        match check_original(case, asked, subject) {
            Ok(()) => return Ok(subject),
            Err(why) => refusal = refusal.or(Some(why)),
        }
    }
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    if most > 0 {
        return Err(Refusal::MoreThanOrdered { oid: asked.oid, wanted: asked.quantity, most });
    }
    Err(why_none(case, asked))
}

fn subjects(case: &Case<'_>, asked: &AdjustHold) -> Result<Vec<(Subject, i64)>, Refusal> {
    let live: Vec<&Assignment> = case.file.live_of(asked.oid).collect();
    let line = case.line(asked.oid)?;
    let there = live.iter().filter(|assignment| assignment.location == asked.target).filter_map(|assignment| {
        let accepted = match assignment.state {
            AssignmentState::Notified => false,
            AssignmentState::Accepted | AssignmentState::Confirmed | AssignmentState::Transferring => true,
            AssignmentState::CancelRequested { .. }
            | AssignmentState::CancelDenied { .. }
            | AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::Collected
            | AssignmentState::ReturnRequested { .. }
            | AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Unanswered
            | AssignmentState::Withdrawn
            | AssignmentState::Cancelled
            | AssignmentState::Closed => return None,
        };
        Some((Subject::There { code: assignment.code, accepted }, assignment.units))
    });
    let unassigned = line
        .unassigned
        .iter()
        .filter(|_| line.awaits_allocation())
        .map(|unassigned| (Subject::Unassigned, unassigned.units));
    let elsewhere = live
        .iter()
        .filter(|assignment| assignment.location != asked.target && assignment.state == AssignmentState::Notified)
        // The buyer chose a pickup's store: only the buyer's answer changes that.
        .filter(|_| line.delivery == Delivery::Ship)
        .map(|assignment| (Subject::Elsewhere { code: assignment.code }, assignment.units));
    Ok(there.chain(unassigned).chain(elsewhere).collect())
}

fn check_original(case: &Case<'_>, asked: &AdjustHold, subject: Subject) -> Result<(), Refusal> {
    let Some(original) = asked.original else { return Ok(()) };
    let code = match subject {
        Subject::There { code, .. } | Subject::Elsewhere { code } => Some(code),
        Subject::Unassigned => None,
    };
    let owner = crate::stock::holds::Owner::of(case.trade(), case.line(asked.oid)?);
    let held = owner.held_at(&case.file.reservations, code, original);
    if held >= asked.quantity {
        return Ok(());
    }
    Err(Refusal::NotHeldThere { location: original, held, wanted: asked.quantity })
}

/// Why none of the sub-order's units can be adjusted.
fn why_none(case: &Case<'_>, asked: &AdjustHold) -> Refusal {
    let oid = asked.oid;
    let latest = case.file.assignments.iter().rfind(|assignment| assignment.oid == oid);
    match latest.map(|assignment| &assignment.state) {
        Some(AssignmentState::Accepted | AssignmentState::Confirmed | AssignmentState::Transferring) => {
            Refusal::AlreadyAccepted { oid }
        }
        Some(AssignmentState::CancelRequested { .. }) => Refusal::CancelStands { oid },
        Some(
            state @ (AssignmentState::Notified
            | AssignmentState::CancelDenied { .. }
            | AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::Collected
            | AssignmentState::ReturnRequested { .. }
            | AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Unanswered
            | AssignmentState::Withdrawn
            | AssignmentState::Cancelled
            | AssignmentState::Closed),
        ) => illegal(oid, state.name()),
        None => {
            let waiting = case.line(oid).ok().and_then(|line| line.unassigned.as_ref());
            illegal(oid, waiting.map_or("done", |unassigned| unassigned.state.name()))
        }
    }
}

fn illegal(oid: crate::ids::Oid, state: &'static str) -> Refusal {
    let who_may = "a hold is adjusted in routing and before the store has accepted";
    Refusal::IllegalMove { oid, state, asked: "adjusted", who_may }
}

fn move_hold(
    case: &mut Case<'_>,
    asked: &AdjustHold,
    code: Option<AllocationCode>,
    guarded: bool,
) -> Result<(), Refusal> {
    let wanted = Move {
        from: code,
        to: code,
        location: asked.target,
        units: asked.quantity,
        class: Some(asked.class),
        original: asked.original,
        guarded,
        guard_later: false,
    };
    case.ledger(asked.oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))?
}

/// Takes the units back from where they were offered and gives them to the target, in one step. Less than the whole
/// divides the assignment; where the seller does not allow that, it is a mismatch that a person must settle.
fn reassign(case: &mut Case<'_>, asked: &AdjustHold, code: AllocationCode) -> Result<(), Refusal> {
    let before = case.assignment(code)?.clone();
    let moving = if asked.quantity < before.units {
        if !case.world.seller.settings.split_quantity {
            let what = format!("{} of {} units were moved to {}", asked.quantity, before.units, asked.target);
            let recurrence = case.recurrence();
            case.note(Note::on(&before, Fact::Mismatch).of(recurrence).saying(what.clone()));
            case.raise(ExceptionKind::Mismatch, Some(asked.oid), what);
        }
        case.divide(&before, asked.quantity)?
    } else {
        code
    };
    case.carry(moving, Event::Withdraw)?;
    let given = AllocationCode(case.world.mint.long());
    let wanted = Move { class: Some(asked.class), ..Move::to_assignment(given, asked.target, asked.quantity) };
    case.ledger(asked.oid, |ledger, held, owner| ledger.move_to(held, owner, wanted))??;
    let by = AllocatedBy::choice_of(&case.who);
    let offer = Offer {
        oid: asked.oid,
        location: asked.target,
        units: asked.quantity,
        by,
        attributes: before.attributes.clone(),
    };
    assign(case, given, offer, None)
}
