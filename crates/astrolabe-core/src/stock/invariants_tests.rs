use super::*;
use crate::ids::{LocationId, ReservationId, TMALL};
use crate::service_settings::Service;

const DAY: DayKey = DayKey { day: 19_676, location: LocationId(1), service: Service::Delivery };

fn cell(location: i64, class: StockClass) -> CellKey {
    CellKey::of(ScItemId(7), LocationId(location), class, TMALL)
}

fn held(code: Option<i64>, cell: CellKey, role: Role, units: i64) -> Reservation {
    Reservation {
        id: ReservationId(units),
        tid: Tid(1),
        oid: Oid(2),
        code: code.map(AllocationCode),
        cell,
        role,
        units,
        made_at: Timestamp(0),
    }
}

fn entry(cell: CellKey, kind: EntryKind, on_hand: i64, reserved: i64, cause: Cause) -> StockEntry {
    let (happened, learnt) = (Timestamp(0), Timestamp(0));
    StockEntry { cell, kind, on_hand, reserved, unreported: 0, cause, happened, learnt }
}

fn bill(name: &str) -> Cause {
    Cause::Bill { bill_num: BillNum(name.to_owned()) }
}

/// Two uncertain units of an offer at store 1, guarded at warehouse 2, one certain unit held before payment: all well.
fn sound() -> Snapshot {
    let (shelf, depot) = (cell(1, StockClass::Uncertain), cell(2, StockClass::Certain));
    let order = Cause::Assignment { tid: Tid(1), oid: Oid(2), code: AllocationCode(3) };
    let key = HoldKey("k".to_owned());
    let mut snapshot = Snapshot {
        reservations: vec![held(Some(3), shelf, Role::Primary, 2), held(Some(3), depot, Role::Guard, 2)],
        ahead: vec![AheadFacts { key: key.clone(), cell: depot, units: 1, expires_at: Timestamp(10) }],
        assignments: vec![AssignmentFacts {
            code: AllocationCode(3),
            tid: Tid(1),
            oid: Oid(2),
            units: 2,
            standing: Standing::Offered,
            components: vec![Component { sc_item: ScItemId(7), per_unit: 1 }],
        }],
        quiet_at: Some(Timestamp(5)),
        ..Snapshot::default()
    };
    snapshot.add_ledger(&[
        entry(shelf, EntryKind::Initial, 5, 0, bill("a")),
        entry(depot, EntryKind::Initial, 9, 0, bill("b")),
        entry(shelf, EntryKind::Reserve, 0, 2, order.clone()),
        entry(depot, EntryKind::Reserve, 0, 2, order),
        entry(depot, EntryKind::Reserve, 0, 1, Cause::Ahead { key }),
    ]);
    snapshot.add_report(shelf, 5);
    snapshot.add_report(depot, 9);
    for (key, on_hand, reserved) in [(shelf, 5, 2), (depot, 9, 3)] {
        snapshot.cells.insert(key, StockCell { on_hand, reserved, ..StockCell::default() });
    }
    snapshot
}

fn broken(fault: fn(&mut Snapshot)) -> BTreeSet<&'static str> {
    let mut snapshot = sound();
    fault(&mut snapshot);
    audit(&snapshot).into_iter().map(|violation| violation.id).collect()
}

#[test]
fn sound_stock_violates_nothing() {
    assert_eq!(audit(&sound()), Vec::new());
}

#[test]
fn each_fault_is_seen_by_the_invariant_that_names_it() {
    type Fault = (&'static str, &'static str, fn(&mut Snapshot));
    let table: [Fault; 14] = [
        ("INV-STOCK-1", "a balance nobody posted", |s| {
            s.entries.entry(cell(1, StockClass::Uncertain)).or_default().on_hand -= 1;
        }),
        ("INV-STOCK-2", "a reservation lost", |s| {
            s.reservations.pop();
        }),
        ("INV-STOCK-2", "a hold before payment lost", |s| s.ahead.clear()),
        ("INV-STOCK-3", "more promised than there is", |s| {
            let order = Cause::SubOrder { tid: Tid(1), oid: Oid(2) };
            s.overdrafts = overdrafts(&[entry(cell(1, StockClass::Certain), EntryKind::Reserve, 0, 1, order)]);
        }),
        ("INV-STOCK-3", "units promised from a suspect cell", |s| {
            let (there, order) = (cell(1, StockClass::Certain), Cause::SubOrder { tid: Tid(1), oid: Oid(2) });
            s.overdrafts = overdrafts(&[
                entry(there, EntryKind::Initial, 5, 0, bill("a")),
                entry(there, EntryKind::Suspect, 0, 0, bill("b")),
                entry(there, EntryKind::MoveIn, 0, 1, order),
            ]);
        }),
        ("INV-STOCK-4", "more held than assigned", |s| s.assignments[0].units = 1),
        ("INV-STOCK-4", "a Guard of nothing", |s| {
            s.reservations[0].cell = cell(1, StockClass::Certain);
        }),
        ("INV-STOCK-5", "a bill that acts twice", |s| {
            s.bill_entries.insert((BillNum("a".to_owned()), cell(1, StockClass::Uncertain)), 2);
        }),
        ("INV-STOCK-6", "a report lost", |s| s.reports.clear()),
        ("INV-STOCK-7", "a Guard after acceptance", |s| s.assignments[0].standing = Standing::Accepted),
        ("INV-STOCK-8", "another seller's location", |s| s.strangers.push("location 9".to_owned())),
        ("INV-STOCK-9", "an oversell", |s| {
            s.sold.insert(ScItemId(7), 15);
        }),
        ("INV-CAPACITY-1", "a place given back twice", |s| {
            s.day_loads.insert(DAY, 0);
            s.day_places.insert(DAY, 1);
        }),
        ("INV-STOCK-9", "a hold that ran out", |s| s.quiet_at = Some(Timestamp(10))),
    ];
    for (id, fault, plant) in table {
        assert!(broken(plant).contains(id), "{fault}: {id} did not see it");
    }
}

#[test]
fn units_of_an_ended_or_unknown_assignment_are_held_for_nobody() {
    assert_eq!(broken(|s| s.assignments[0].standing = Standing::Ended), BTreeSet::from(["INV-STOCK-7"]));
    assert_eq!(broken(|s| s.assignments.clear()), BTreeSet::from(["INV-STOCK-9"]));
}

#[test]
fn ids_are_in_order_and_every_sentence_is_its_own() {
    let ids: Vec<_> = INVARIANTS.iter().map(|invariant| invariant.id).collect();
    let mut expected: Vec<_> = (1..=9).map(|number| format!("INV-STOCK-{number}")).collect();
    expected.push("INV-CAPACITY-1".to_owned());
    assert_eq!(ids, expected);
    let sentences: BTreeSet<_> = INVARIANTS.iter().map(|invariant| invariant.sentence).collect();
    assert_eq!(sentences.len(), INVARIANTS.len());
}
