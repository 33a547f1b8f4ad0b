//! Refunds that are told before the trade, the line or the payment that they are about: kept with the trade, and caught
//! up with once there is something to stop. Called by [`super::cancel`] and [`super::intake`].

use crate::command::SeenRefund;
use crate::order::told::EarlyRefund;
use crate::order::trade::{Level, UnassignedState};
use crate::refusal::Refusal;

use super::cancel;
use super::case::Case;

/// Whether there is nothing yet that the refund could stop.
pub(super) fn is_early(case: &Case<'_>, seen: &SeenRefund) -> bool {
    let trade = case.trade();
    let unpaid = |state: &UnassignedState| *state == UnassignedState::Created;
    match (trade.level, trade.sub_order(seen.oid)) {
        (Level::Awaited, _) | (Level::Routed, None) => true,
        (Level::Routed, Some(line)) => line.unassigned.as_ref().is_some_and(|waiting| unpaid(&waiting.state)),
        (Level::PassedOnSelfOperated | Level::PassedOnOrdinary, _) => false,
    }
}

/// Keeps it; an older word of the same refund changes nothing.
pub(super) fn keep(case: &mut Case<'_>, seen: &SeenRefund) -> bool {
    let refund = EarlyRefund {
        id: seen.id,
        oid: seen.oid,
        status: seen.status,
        refund_fee: seen.refund_fee,
        has_good_return: seen.has_good_return,
        modified: seen.modified,
    };
    let kept = &mut case.file.trade.told.early_refunds;
    let known = kept.iter_mut().find(|known| known.id == refund.id);
    match known {
        Some(known) if *known == refund || refund.modified < known.modified => return false,
        Some(known) => *known = refund,
        None => kept.push(refund),
    }
    kept.sort_by_key(|refund| refund.id);
    true
}

/// What came early is met now: the line is known and paid.
pub(super) fn catch_up(case: &mut Case<'_>) -> Result<(), Refusal> {
    for refund in case.trade().told.early_refunds.clone() {
        let seen = SeenRefund {
            tid: case.tid(),
            oid: refund.oid,
            id: refund.id,
            status: refund.status,
            refund_fee: refund.refund_fee,
            has_good_return: refund.has_good_return,
            modified: refund.modified,
            published: String::new(),
        };
        if !is_early(case, &seen) {
            case.file.trade.told.early_refunds.retain(|kept| kept.id != refund.id);
            cancel::take_in_early(case, &seen)?;
            case.push_refund(refund.id);
        }
    }
    Ok(())
}

/// What came early goes with a trade that others deal with.
pub(super) fn pass_on(case: &mut Case<'_>) {
    for refund in case.trade().told.early_refunds.clone() {
        case.push_refund(refund.id);
    }
}
