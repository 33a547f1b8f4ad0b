//! Where the units of each line are: a sum that must always come out at what was ordered.

use astrolabe_core::ids::Oid;
use astrolabe_core::order::assignment::Assignment;
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::order::trade::Level;

use super::Seen;

pub(super) fn conserved(seen: &Seen<'_>) -> Vec<String> {
    let routed = seen.judged.after.values().filter(|file| file.trade.level == Level::Routed);
    routed.flat_map(|file| file.trade.sub_orders.iter().filter_map(|line| sum_of_line(file, line.oid))).collect()
}

fn sum_of_line(file: &TradeFile, oid: Oid) -> Option<String> {
    let line = file.trade.sub_order(oid)?;
    let waiting = line.unassigned.as_ref().map_or(0, |unassigned| unassigned.units);
    let of_line = file.assignments.iter().filter(|made| made.oid == oid);
    let assigned: i64 = of_line.filter(|made| has_its_units(made)).map(|made| made.units).sum();
    (waiting + assigned != line.quantity).then(|| {
        format!("sub-order {oid}: {} ordered, {waiting} wait, {assigned} are or were with somebody", line.quantity)
    })
}

/// Whether the assignment's units are its own still: it gave none back to the line.
fn has_its_units(made: &Assignment) -> bool {
    match made.state.name() {
        "refused" | "unanswered" | "withdrawn" => false,
        // Its refund was withdrawn after the goods had gone back: the line began anew.
        "cancelled" => !made
            .facts
            .iter()
            .any(|known| known.fact == Fact::Cancelled && made.has(Fact::CancelConfirmed, known.request)),
        _ => true,
    }
}
