//! Answers about some of the units that a location has of a sub-order: the assignment is divided first, so that each part
//! has one state. The part that was answered keeps its allocation code, and a repeat of the answer finds it answered.
//! Called where a location's answer is opened; only for sellers who let quantities be divided.

use crate::ids::{AllocationCode, LocationId, Oid};
use crate::order::assignment::Assignment;
use crate::order::timeline::{Actor, Fact};
use crate::refusal::Refusal;

use super::case::{Case, Note};
use super::who::Deed;

impl Case<'_> {
    /// Makes `units` of an assignment an assignment of their own, at the same location and in the same state.
    pub(super) fn divide(&mut self, before: &Assignment, units: i64) -> Result<AllocationCode, Refusal> {
        let code = AllocationCode(self.world.mint.long());
        self.ledger(before.oid, |ledger, held, owner| {
            ledger.split_off(held, owner, Some(before.code), Some(code), units);
        })?;
        self.assignment_mut(before.code)?.units -= units;
        // A sub-order takes one place in the location's day: what stays keeps it.
        let mut divided = Assignment { code, units, day_place: None, ..before.clone() };
        divided.facts.retain(|known| known.fact != Fact::Allocated);
        let note = Note::on(&divided, Fact::Allocated).by(Actor::Platform).since(before.allocated_at);
        self.file.assignments.push(divided);
        self.note(note.saying(format!("divided from {}", before.code)));
        Ok(code)
    }
}

/// Which assignments an answer about `units` of the sub-order means, of those that it addresses: one that was answered
/// for as many before (a repeat); else one that has just as many; else the first that were not answered, the last of them
/// divided if it has more.
pub(super) fn portion(
    case: &mut Case<'_>,
    (oid, location): (Oid, LocationId),
    addressed: &[AllocationCode],
    units: i64,
    deed: Deed,
) -> Result<Vec<AllocationCode>, Refusal> {
    if units <= 0 {
        return Err(Refusal::QuantityNotPositive);
    }
    let answered = |given: &Assignment| given.facts.iter().any(|known| deed.is_told_by(known.fact));
    let of_line = case.file.assignments.iter().filter(|given| given.oid == oid && given.location == location);
    if let Some(repeat) = of_line.clone().find(|given| answered(given) && given.units == units) {
        return Ok(vec![repeat.code]);
    }
    let open: Vec<Assignment> =
        of_line.filter(|given| addressed.contains(&given.code) && !answered(given)).cloned().collect();
    let most = open.iter().map(|given| given.units).sum();
    if units > most {
        return Err(Refusal::MoreThanOrdered { oid, wanted: units, most });
    }
    if let Some(just) = open.iter().find(|given| given.units == units) {
        return Ok(vec![just.code]);
    }
    let mut rest = units;
    let mut meant = Vec::new();
    for given in open {
        if rest == 0 {
            break;
        }
        if given.units > rest {
            keep_apart(case, &given, given.units - rest, deed)?;
        }
        rest -= given.units.min(rest);
        meant.push(given.code);
    }
    Ok(meant)
}

/// The units that were not spoken of stay as they are, under a code of their own.
fn keep_apart(case: &mut Case<'_>, given: &Assignment, units: i64, deed: Deed) -> Result<(), Refusal> {
    if !case.world.seller.settings.split_quantity {
        return Err(Refusal::QuantityIsWhole { oid: given.oid, units: given.units });
    }
    let code = case.divide(given, units)?;
    if deed == Deed::Refuse {
        // What is refused ends; the place in the location's day is the other part's.
        let place = case.assignment_mut(given.code)?.day_place.take();
        case.assignment_mut(code)?.day_place = place;
    }
    case.allocations_changed();
    Ok(())
}
