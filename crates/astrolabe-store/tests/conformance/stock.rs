//! Balances, ledger, queues, bills, holds.

use std::collections::BTreeSet;

use astrolabe_core::command::BillKind;
use astrolabe_core::ids::{AllocationCode, BillNum, HoldKey, LocationId, Oid, ReservationId, ScItemId, SellerId, Tid};
use astrolabe_core::order::assignment::AssignmentState;
use astrolabe_core::stock::article::Waiting;
use astrolabe_core::stock::book::{Discrepancy, DiscrepancyKind, QueueChange, StockChanges};
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::stock::entry::{Cause, EntryKind, StockEntry};
use astrolabe_core::stock::hold::{AheadHold, AheadState, HolderKind, HolderName, Role};
use astrolabe_core::stock::invariants::{Sums, audit};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{AdjustKey, AdjustRecord, BillKey, BillRecord, Changes, Names, OutwardSettled, SlotChange};

use crate::home::{Home, commit, load};
use crate::made::{NOW, ahead, assigned, assignment, cell, cell_key, entry, put, reservation, shop, stock, trade};

const CERTAIN: StockClass = StockClass::Certain;
const UNCERTAIN: StockClass = StockClass::Uncertain;

fn articles(ids: &[i64]) -> Names {
    Names { sc_items: ids.iter().map(|id| ScItemId(*id)).collect(), ..Names::default() }
}

pub(crate) async fn cells_and_entries_come_back(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let full = StockCell {
        on_hand: -3,
        reserved: 4,
        unreported: -5,
        suspect: true,
        initialised: false,
        reported_at: Some(Timestamp(6)),
        unreported_due: Some(NOW),
        unreported_late: true,
        overwritten_at: Some(Timestamp(7)),
    };
    let cells = [
        (cell_key(7, 1, CERTAIN), cell(5, 0)),
        (cell_key(7, 1, UNCERTAIN), full.clone()),
        (cell_key(7, 2, CERTAIN), StockCell::default()),
        (cell_key(8, 1, CERTAIN), cell(9, 0)),
    ];
    commit(&store, 1, Changes { stock: stock(&cells), ..Changes::default() }).await;
    let changed = [(cell_key(7, 1, CERTAIN), cell(5, 3))];
    let reserve = vec![entry(changed[0].0, EntryKind::Reserve, 0, 3, 0)];
    let stock = StockChanges { cells: changed.to_vec(), entries: reserve, ..StockChanges::default() };
    commit(&store, 1, Changes { stock, ..Changes::default() }).await;

    let found = load(&store, 1, articles(&[7, 99])).await.articles;
    assert_eq!(found.len(), 1);
    let kept: Vec<_> = found[0].cells().map(|(key, cell)| (*key, cell.clone())).collect();
    assert_eq!(kept, vec![changed[0].clone(), cells[1].clone(), cells[2].clone()].tap_sorted());
    assert!(load(&store, 2, articles(&[7])).await.articles.is_empty());

    let places = [(LocationId(1), ScItemId(7)), (LocationId(1), ScItemId(8)), (LocationId(9), ScItemId(7))];
    let seen = store.cells(SellerId(1), &places).await.unwrap();
    assert_eq!(seen, vec![changed[0].clone(), cells[1].clone(), cells[3].clone()]);
}

trait TapSorted {
    fn tap_sorted(self) -> Self;
}

impl TapSorted for Vec<(CellKey, StockCell)> {
    fn tap_sorted(mut self) -> Self {
        self.sort_by_key(|(key, _)| *key);
        self
    }
}

pub(crate) async fn the_queue_keeps_its_last_word(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let waits =
        |oid: i64, units: i64, passed: bool| Waiting { pay_time: NOW, tid: Tid(1), oid: Oid(oid), units, passed };
    let come = |waiting| QueueChange::Enqueued(ScItemId(7), waiting);
    let go = |waiting| QueueChange::Dequeued(ScItemId(7), waiting);
    let rounds = [
        (vec![come(waits(1, 2, false)), come(waits(2, 3, false))], vec![waits(1, 2, false), waits(2, 3, false)]),
        (vec![go(waits(1, 2, false)), come(waits(1, 2, true))], vec![waits(1, 2, true), waits(2, 3, false)]),
        (vec![go(waits(2, 3, false))], vec![waits(1, 2, true)]),
        (vec![come(waits(3, 1, false)), go(waits(3, 1, false))], vec![waits(1, 2, true)]),
    ];
    for (queue, expected) in rounds {
        let stock = StockChanges { queue, ..StockChanges::default() };
        commit(&store, 1, Changes { stock, ..Changes::default() }).await;
        let found = load(&store, 1, articles(&[7])).await.articles;
        assert_eq!(found[0].waiting().iter().copied().collect::<Vec<_>>(), expected);
    }
}

pub(crate) async fn commits_are_counted_by_second(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let key = cell_key(7, 1, CERTAIN);
    let at = |kind: EntryKind, units: i64, learnt: i64| StockEntry {
        learnt: Timestamp(learnt),
        happened: Timestamp(0),
        ..entry(key, kind, -units, 0, units)
    };
    let entries = vec![
        at(EntryKind::Commit, 1, 10_999),
        at(EntryKind::Commit, 10, 11_000),
        at(EntryKind::CommitUnheld, 100, 12_500),
        at(EntryKind::Restock, 1_000, 12_500),
        StockEntry { cell: cell_key(7, 2, CERTAIN), ..at(EntryKind::Commit, 10_000, 12_500) },
    ];
    let stock = StockChanges { entries, ..StockChanges::default() };
    commit(&store, 1, Changes { stock, ..Changes::default() }).await;
    for (second, expected) in [(9, 111), (10, 110), (11, 100), (12, 0)] {
        let names = Names { committed_after: BTreeSet::from([(key, second)]), ..Names::default() };
        let found = load(&store, 1, names).await.committed_after;
        assert_eq!(found.into_iter().collect::<Vec<_>>(), vec![((key, second), expected)]);
    }
}

pub(crate) async fn holds_before_payment_come_back(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let names =
        |key: &str| Names { hold_keys: [key, "unknown"].map(|key| HoldKey(key.to_owned())).into(), ..Names::default() };
    let held = ahead("cart 1", &[cell_key(7, 1, CERTAIN), cell_key(7, 2, UNCERTAIN)], NOW + Millis(5));
    let other = ahead("cart 2", &[cell_key(8, 1, CERTAIN)], NOW + Millis(9));
    let both = vec![put(held.key.clone(), held.clone()), put(other.key.clone(), other.clone())];
    commit(&store, 1, Changes { ahead: both, ..Changes::default() }).await;
    assert_eq!(load(&store, 1, names("cart 1")).await.ahead, vec![held.clone()]);

    let taken = AheadHold { state: AheadState::TakenOver { tid: Tid(1), oid: Oid(11) }, ..held.clone() };
    let mut fewer = AheadHold { state: AheadState::Expired, ..other.clone() };
    fewer.parts[0].units = 0;
    let ends = [(held, taken.clone()), (other, fewer.clone())].map(|(before, after)| SlotChange {
        key: before.key.clone(),
        before: Some(before),
        after: Some(after),
    });
    commit(&store, 1, Changes { ahead: ends.to_vec(), ..Changes::default() }).await;
    assert_eq!(load(&store, 1, names("cart 1")).await.ahead, vec![taken]);
    assert_eq!(load(&store, 1, names("cart 2")).await.ahead, vec![fewer]);
}

pub(crate) async fn bills_and_adjusts_come_back(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let bill_num = BillNum("B-1".to_owned());
    let bill = |location: i64, class: StockClass, kind: BillKind| {
        let key = BillKey { bill_num: bill_num.clone(), location: LocationId(location), sc_item: ScItemId(7), class };
        let record = BillRecord {
            kind,
            quantity: -3,
            final_quantity: (location == 1).then_some(8),
            book_change: -2,
            operated_at: NOW,
            applied_at: Timestamp(NOW.0 + 1),
        };
        (key, record)
    };
    let bills = vec![
        bill(1, CERTAIN, BillKind::Initial),
        bill(1, UNCERTAIN, BillKind::Included),
        bill(2, CERTAIN, BillKind::Balance),
    ];
    let adjust_key = AdjustKey { bill_num: bill_num.clone(), oid: Oid(11) };
    let record = AdjustRecord {
        target: LocationId(2),
        class: CERTAIN,
        quantity: 2,
        original: Some(LocationId(1)),
        adjust_type: Some("MOVE".to_owned()),
        applied_at: NOW,
    };
    let adjusts = vec![(adjust_key, record)];
    let changes = Changes { bills: bills.clone(), adjusts: adjusts.clone(), ..Changes::default() };
    commit(&store, 1, changes).await;

    let nums = BTreeSet::from([bill_num, BillNum("B-2".to_owned())]);
    let names = Names { bill_nums: nums.clone(), adjust_nums: nums, ..Names::default() };
    let found = load(&store, 1, names).await;
    assert_eq!(found.bills, bills);
    assert_eq!(found.adjusts, adjusts);
}

pub(crate) async fn holders_come_in_freeing_order(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let key = cell_key(7, 1, CERTAIN);
    let held = |id: i64, code: Option<i64>, role: Role| reservation(id, 1, code, key, role);
    let elsewhere = reservation(90, 1, None, cell_key(7, 2, CERTAIN), Role::Primary);
    let changes = Changes {
        put_trades: vec![trade(1)],
        put_assignments: vec![
            assignment(100, 1, 1, AssignmentState::Notified),
            assignment(200, 1, 1, AssignmentState::Accepted),
        ],
        put_reservations: vec![
            held(1, Some(100), Role::Primary),
            held(2, Some(200), Role::Primary),
            held(3, None, Role::Primary),
            held(4, None, Role::Primary),
            held(5, Some(200), Role::Guard),
            elsewhere,
        ],
        ahead: vec![
            put(HoldKey("cart".to_owned()), ahead("cart", &[key], NOW)),
            put(HoldKey("gone".to_owned()), AheadHold { state: AheadState::Released, ..ahead("gone", &[key], NOW) }),
        ],
        ..Changes::default()
    };
    commit(&store, 1, changes).await;
    let names = Names { holders: BTreeSet::from([key]), ..Names::default() };
    let found = load(&store, 1, names).await.holders.remove(&key).unwrap();
    let of = |id: i64| HolderName::Trade { tid: Tid(1), reservation: ReservationId(id) };
    let order: Vec<_> = found.iter().map(|holder| (holder.kind, holder.who.clone(), holder.units)).collect();
    let expected = vec![
        (HolderKind::Guard, of(5), 2),
        (HolderKind::Ahead, HolderName::Ahead { key: HoldKey("cart".to_owned()) }, 1),
        (HolderKind::Unassigned, of(4), 2),
        (HolderKind::Unassigned, of(3), 2),
        (HolderKind::Offered, of(1), 2),
    ];
    assert_eq!(order, expected);
    assert_eq!(found[0].made_at, held(5, None, Role::Guard).made_at);
}

/// One seller's stock with a trade half on its way, written and read as the invariants see it.
pub(crate) async fn the_snapshot_is_what_was_written(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let key = cell_key(7, 1, CERTAIN);
    let bill_num = BillNum("B-1".to_owned());
    let bill_key =
        BillKey { bill_num: bill_num.clone(), location: LocationId(1), sc_item: ScItemId(7), class: CERTAIN };
    let bill = BillRecord {
        kind: BillKind::Initial,
        quantity: 10,
        final_quantity: None,
        book_change: 10,
        operated_at: NOW,
        applied_at: NOW,
    };
    let initial = StockEntry { cause: Cause::Bill { bill_num }, ..entry(key, EntryKind::Initial, 10, 0, 0) };
    let code = Cause::Assignment { tid: Tid(1), oid: Oid(11), code: AllocationCode(100) };
    let sold = StockEntry { cause: code, ..entry(key, EntryKind::Commit, -3, -3, 3) };
    let early = HoldKey("cart".to_owned());
    let reserve = StockEntry { cause: Cause::Ahead { key: early.clone() }, ..entry(key, EntryKind::Reserve, 0, 1, 0) };
    let discrepancy = Discrepancy {
        cell: key,
        kind: DiscrepancyKind::FinalQuantity,
        expected: 1,
        reported: 2,
        cause: sold.cause.clone(),
        at: NOW,
    };
    let entries =
        vec![initial, entry(key, EntryKind::Reserve, 0, 3, 0), sold, reserve, entry(key, EntryKind::Reserve, 0, 2, 0)];
    let balance = StockCell { unreported: 3, ..cell(7, 3) };
    let changes = Changes {
        stock: StockChanges {
            cells: vec![(key, balance.clone())],
            entries,
            discrepancies: vec![discrepancy],
            ..StockChanges::default()
        },
        bills: vec![(bill_key, bill)],
        put_trades: vec![assigned(1), trade(2)],
        put_assignments: vec![assignment(100, 1, 1, AssignmentState::Shipped)],
        put_reservations: vec![reservation(2, 2, None, key, Role::Primary)],
        ahead: vec![put(early.clone(), ahead("cart", &[key], NOW + Millis(1)))],
        ..shop()
    };
    commit(&store, 1, changes).await;

    let snapshot = store.stock_snapshot(SellerId(1), NOW).await.unwrap();
    assert_eq!(snapshot.cells.iter().collect::<Vec<_>>(), vec![(&key, &balance)]);
    let sums = Sums { on_hand: 7, reserved: 3, unreported: 3 };
    assert_eq!(snapshot.entries.iter().collect::<Vec<_>>(), vec![(&key, &sums)]);
    assert_eq!(snapshot.reservations, vec![reservation(2, 2, None, key, Role::Primary)]);
    assert_eq!(snapshot.ahead.len(), 1);
    assert_eq!(snapshot.assignments.len(), 1);
    assert_eq!((snapshot.reports[&key], snapshot.sold[&ScItemId(7)]), (10, 3));
    assert_eq!(snapshot.quiet_at, Some(NOW));
    assert_eq!(audit(&snapshot), Vec::new());
    assert_eq!(store.stock_snapshot(SellerId(1), NOW + Millis(1)).await.unwrap().quiet_at, None, "a hold ran out");

    // A balance that no entry made, at a place nobody has, shows.
    let wrong = (cell_key(8, 9, CERTAIN), cell(1, 0));
    let stock = StockChanges { cells: vec![wrong], ..StockChanges::default() };
    let settled = vec![OutwardSettled {
        id: astrolabe_core::ids::OutwardId(404),
        state: astrolabe_core::outward::OutwardState::Skipped { at: NOW },
    }];
    commit(&store, 1, Changes { stock, settled, ..Changes::default() }).await;
    let violations = audit(&store.stock_snapshot(SellerId(1), NOW).await.unwrap());
    let ids: BTreeSet<_> = violations.iter().map(|violation| violation.id).collect();
    assert_eq!(ids, BTreeSet::from(["INV-STOCK-1", "INV-STOCK-6", "INV-STOCK-8"]));
    assert!(store.stock_snapshot(SellerId(2), NOW).await.unwrap().cells.is_empty());
}
