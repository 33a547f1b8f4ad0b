//! Dividing fen without losing one. Pure arithmetic; products are made in 128 bits, so that no amount is too large.

use crate::ids::LocationId;
use crate::settlement::{Account, CategoryId, RuleSet, WHOLE_BP};

/// `amount · part / whole`, rounded down. Nothing of nothing is nothing.
pub(super) fn fraction(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let exact = i128::from(amount) * i128::from(part) / i128::from(whole);
    i64::try_from(exact).unwrap_or(i64::MAX)
}

/// Units `from..to` of a sub-order of `of` units, in the order they are settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) of: i64,
}

impl Span {
    /// What of an amount for the whole sub-order falls on these units: the last ones take the rest.
    pub(super) fn of(self, whole: i64) -> i64 {
        fraction(whole, self.to, self.of) - fraction(whole, self.from, self.of)
    }
}

/// Who gets what of `gross`, by a set's rules. All amounts together are `gross`, none is negative.
pub(super) fn split(
    set: &RuleSet,
    category: Option<CategoryId>,
    location: LocationId,
    span: Span,
    gross: i64,
) -> Vec<(Account, i64)> {
    let mut left = gross;
    let mut shared = Vec::new();
    for part in set.parts(category, location) {
        let share = part.share_bp.map(|share| fraction(gross, share, WHOLE_BP));
        let fixed = part.fixed_fen.map(|fee| span.of(fee));
        let taken = share.or(fixed).unwrap_or(0).clamp(0, left);
        left -= taken;
        shared.push((part.party.account(location), taken));
    }
    shared.push((set.remainder.account(location), left));
    shared
}

/// Divides `total` in proportion to `weights` by the largest remainder, ties to the first. Nobody gets more than his
/// weight as long as `total` is not more than all weights together; more than that is not given.
pub(super) fn apportion(total: i64, weights: &[i64]) -> Vec<i64> {
    let whole: i64 = weights.iter().sum();
    let total = total.clamp(0, whole.max(0));
    let mut given: Vec<i64> = weights.iter().map(|weight| fraction(total, *weight, whole)).collect();
    let rest = |at: usize| match whole {
        0 => 0,
        whole => i128::from(total) * i128::from(weights[at]) % i128::from(whole),
    };
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(rest(*at)), *at));
    let missing = total - given.iter().sum::<i64>();
    for at in order.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        given[at] += 1;
    }
    given
}
