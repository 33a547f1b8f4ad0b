//! What stock must do when goods move: a second, simple count of what leaves shelves and what lies ready for whom.

use std::collections::BTreeMap;

use astrolabe_core::goods::Component;
use astrolabe_core::ids::{AllocationCode, ScItemId};
use astrolabe_core::order::assignment::{AllocatedBy, Assignment};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::seller::ReturnPolicy;
use astrolabe_core::stock::entry::{Cause, EntryKind, StockEntry};
use astrolabe_core::stock::hold::Role;

use super::Seen;
use super::moves::pairs;
use crate::keep::is_commit;

pub(super) fn shipped_is_committed(seen: &Seen<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (_, made, file) in pairs(seen) {
        let new = |fact: Fact| seen.judged.facts.iter().any(|told| told.code == Some(made.code) && told.fact == fact);
        let gone = new(Fact::Shipped) || new(Fact::Collected);
        let back = new(Fact::Returned) && seen.settings.returns == ReturnPolicy::Restock;
        let left = taken(&seen.judged.entries, made.code, is_commit);
        let restocked = taken(&seen.judged.entries, made.code, |entry| entry.kind == EntryKind::Restock);
        let wanted = |moved: bool| if moved { units_of(file, made) } else { BTreeMap::new() };
        if left != wanted(gone) {
            broken.push(format!("assignment {}: {left:?} left the shelves, {:?} should have", made.code, wanted(gone)));
        }
        let minus: BTreeMap<ScItemId, i64> = wanted(back).into_iter().map(|(id, units)| (id, -units)).collect();
        if restocked != minus {
            broken.push(format!("assignment {}: {restocked:?} came back, {minus:?} should have", made.code));
        }
    }
    broken
}

/// Units on hand that entries took away for an assignment, by article.
fn taken(entries: &[StockEntry], code: AllocationCode, kind: fn(&StockEntry) -> bool) -> BTreeMap<ScItemId, i64> {
    let mut units = BTreeMap::new();
    for entry in entries.iter().filter(|entry| kind(entry)) {
        if let Cause::Assignment { code: cause, .. } = entry.cause
            && cause == code
        {
            *units.entry(entry.cell.sc_item).or_default() -= entry.on_hand;
        }
    }
    units
}

fn components<'f>(file: &'f TradeFile, made: &Assignment) -> &'f [Component] {
    file.trade.sub_order(made.oid).map(|line| line.components.as_slice()).unwrap_or_default()
}

fn units_of(file: &TradeFile, made: &Assignment) -> BTreeMap<ScItemId, i64> {
    components(file, made).iter().map(|part| (part.sc_item, part.per_unit * made.units)).collect()
}

pub(super) fn allocated_is_held(seen: &Seen<'_>) -> Vec<String> {
    let fresh = pairs(seen).filter(|(before, made, _)| {
        before.is_none() && made.allocated_by != AllocatedBy::App && made.state.name() == "notified"
    });
    let mut broken = Vec::new();
    for (_, made, file) in fresh {
        for (sc_item, wanted) in units_of(file, made) {
            let held = file.reservations.iter().filter(|held| {
                held.code == Some(made.code)
                    && held.role == Role::Primary
                    && held.cell.location == made.location
                    && held.cell.sc_item == sc_item
            });
            let held: i64 = held.map(|held| held.units).sum();
            if held != wanted {
                broken.push(format!("assignment {}: {held} of {wanted} units of {sc_item} are held there", made.code));
            }
        }
    }
    broken
}
