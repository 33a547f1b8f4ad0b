use super::*;
use crate::command::Goods;
use crate::ids::{BillNum, LocationId, ScItemId, TMALL};

const NOW: Timestamp = Timestamp(1_000_000);

/// A cell before, a bill, and what is left: (on_hand, unreported, suspect), or the refusal's words.
struct Row {
    what: &'static str,
    before: (i64, i64),
    kind: BillKind,
    quantity: i64,
    committed_since: i64,
    after: Result<(i64, i64), &'static str>,
}

fn key(class: StockClass) -> CellKey {
    CellKey::of(ScItemId(1), LocationId(1), class, TMALL)
}

fn bill(kind: BillKind, quantity: i64) -> Bill {
    Bill {
        bill_num: BillNum("b".to_owned()),
        location: LocationId(1),
        goods: Goods::Article(ScItemId(1)),
        class: StockClass::Uncertain,
        kind,
        quantity,
        final_quantity: None,
        operated_at: NOW,
    }
}

fn stock_with(cell: CellKey, on_hand: i64, unreported: i64) -> Stock {
    let mut stock = Stock::default();
    let cause = Cause::Bill { bill_num: BillNum("before".to_owned()) };
    let change = Change { on_hand, reserved: 0, unreported };
    stock.post(cell, EntryKind::Initial, change, &cause, Moment::now(Timestamp(0)));
    stock
}

fn report(stock: &mut Stock, bill: &Bill, committed_since: i64) -> Result<i64, Refusal> {
    let policy = FinalQuantityPolicy::Check;
    Report { bill, cell: key(bill.class), committed_since, policy }.apply(stock, NOW)
}

fn row(
    what: &'static str,
    before: (i64, i64),
    kind: BillKind,
    (quantity, committed_since): (i64, i64),
    after: Result<(i64, i64), &'static str>,
) -> Row {
    Row { what, before, kind, quantity, committed_since, after }
}

#[test]
fn what_each_kind_of_report_does() {
    use BillKind::{Balance, Excluded, Included, Initial};
    let below = "the report would take the stock below 0";
    let table = [
        //  what                                   on hand, unreported   bill     quantity, committed   after
        row("a first count", (0, 0), Initial, (10, 0), Ok((10, 0))),
        row("a count of nothing is legal", (4, 0), Initial, (0, 0), Ok((0, 0))),
        row("a count does not bring sold units back", (6, 4), Initial, (10, 3), Ok((7, 3))),
        row("a count below 0", (6, 0), Initial, (-1, 0), Err("must not be below 0")),
        row("a count that misses what was sold since", (6, 0), Initial, (2, 3), Err(below)),
        row("a count may lift a negative cell without healing it", (-5, 5), Initial, (2, 3), Ok((-1, 3))),
        row("sales elsewhere", (10, 4), Excluded, (-3, 0), Ok((7, 4))),
        row("goods received", (10, 4), Excluded, (5, 0), Ok((15, 4))),
        row("more sold elsewhere than there is", (2, 0), Excluded, (-3, 0), Err(below)),
        row("goods received into a negative cell", (-5, 0), Excluded, (2, 0), Ok((-3, 0))),
        row("a stocktaking", (10, 4), Balance, (-2, 0), Ok((8, 4))),
        row("our own sale comes back", (6, 4), Included, (-4, 0), Ok((6, 0))),
        row("part of our own sales comes back", (6, 4), Included, (-1, 0), Ok((6, 3))),
        row("our own sale and others'", (6, 4), Included, (-7, 0), Ok((3, 0))),
        row("others' sales alone", (6, 0), Included, (-7, 0), Err(below)),
        row("own sales come back though the cell is negative", (-2, 5), Included, (-5, 0), Ok((-2, 0))),
        row("a restocked unit comes back", (6, -1), Included, (1, 0), Ok((6, 0))),
        row("a restocked unit and a delivery", (6, -1), Included, (5, 0), Ok((10, 0))),
        row("a positive report leaves own sales open", (6, 4), Included, (5, 0), Ok((11, 4))),
    ];
    for Row { what, before, kind, quantity, committed_since, after } in table {
        let cell = key(StockClass::Uncertain);
        let mut stock = stock_with(cell, before.0, before.1);
        let outcome = report(&mut stock, &bill(kind, quantity), committed_since);
        let left = stock.cell(&cell).cloned().unwrap();
        match after {
            Ok(figures) => {
                assert_eq!((left.on_hand, left.unreported), figures, "{what}");
                let book = figures.0 + figures.1 - before.0 - before.1;
                assert_eq!(outcome, Ok(book), "{what}: the change of the book");
            }
            Err(words) => {
                assert!(outcome.unwrap_err().to_string().contains(words), "{what}");
                assert_eq!((left.on_hand, left.unreported), before, "{what}: nothing changed");
            }
        }
    }
}

#[test]
fn a_report_below_zero_marks_the_cell_until_it_is_counted_again() {
    use BillKind::{Balance, Excluded, Included, Initial};
    let table = [(Initial, true), (Balance, true), (Excluded, false), (Included, false)];
    for (healer, heals) in table {
        let cell = key(StockClass::Uncertain);
        let mut stock = stock_with(cell, 2, 0);
        report(&mut stock, &bill(Excluded, -3), 0).unwrap_err();
        assert!(stock.cell(&cell).unwrap().suspect);
        report(&mut stock, &bill(healer, 1), 0).unwrap();
        assert_eq!(stock.cell(&cell).unwrap().suspect, !heals, "{healer:?}");
        let noted = stock.take_changes().discrepancies;
        assert_eq!(noted.len(), 1);
        assert_eq!((noted[0].kind, noted[0].expected, noted[0].reported), (DiscrepancyKind::BelowZero, 2, -3));
    }
}

#[test]
fn certain_stock_is_initialised_once_and_uncertain_stock_any_time() {
    for (class, again) in [(StockClass::Certain, false), (StockClass::Uncertain, true)] {
        let mut stock = Stock::default();
        let count = Bill { class, ..bill(BillKind::Initial, 5) };
        report(&mut stock, &count, 0).unwrap();
        assert_eq!(report(&mut stock, &count, 0).is_ok(), again, "{class:?}");
    }
    let mut stock = stock_with(key(StockClass::Certain), 0, 0);
    let update = Bill { class: StockClass::Certain, ..bill(BillKind::Excluded, 3) };
    report(&mut stock, &update, 0).unwrap();
    let count = Bill { class: StockClass::Certain, ..bill(BillKind::Initial, 5) };
    assert_eq!(report(&mut stock, &count, 0), Ok(2), "an update before the first count does not bar it");
}

#[test]
fn what_is_stale() {
    use BillKind::{Excluded, Initial};
    let table = [
        //  first           second          seconds between   applies
        (Initial, Initial, -1, false),
        (Initial, Initial, 0, true),
        (Excluded, Initial, -1, false),
        (Initial, Excluded, -1, false),
        (Initial, Excluded, 0, true),
        (Excluded, Excluded, -1, true),
        // A clock that runs ahead counts as now: it cannot bar honest reports.
        (Initial, Excluded, 3_600, true),
    ];
    for (first, second, between, applies) in table {
        let mut stock = stock_with(key(StockClass::Uncertain), 0, 0);
        report(&mut stock, &bill(first, 5), 0).unwrap();
        let operated_at = Timestamp(NOW.0 + between * 1_000);
        let later = Bill { operated_at, ..bill(second, 5) };
        let outcome = report(&mut stock, &later, 0);
        assert_eq!(outcome.is_ok(), applies, "{first:?}, then {second:?} {between} s later: {outcome:?}");
        if !applies {
            assert_eq!(outcome, Err(Refusal::StaleReport));
        }
    }
    let mut stock = stock_with(key(StockClass::Uncertain), 0, 0);
    let ahead = Bill { operated_at: Timestamp(NOW.0 + 3_600_000), ..bill(Initial, 5) };
    report(&mut stock, &ahead, 0).unwrap();
    assert!(report(&mut stock, &bill(Excluded, 1), 0).is_ok(), "a clock ahead bars nothing");
}

#[test]
fn a_final_quantity_is_checked_or_trusted() {
    use FinalQuantityPolicy::{Check, Trust};
    let table = [
        // policy, figure, committed since → on_hand, unreported, discrepancy
        (Check, 5, 0, Ok((5, 4)), false),
        (Check, 9, 0, Ok((5, 4)), false),
        (Check, 6, 0, Ok((5, 4)), true),
        (Check, -1, 0, Ok((5, 4)), true),
        (Trust, 6, 0, Ok((6, 0)), false),
        (Trust, 6, 2, Ok((4, 2)), false),
        (Trust, -1, 0, Err(Refusal::QuantityNegative), false),
        (Trust, 1, 2, Err(Refusal::ReportBelowZero { on_hand: 6, change: -7 }), true),
    ];
    for (policy, figure, committed_since, after, discrepancy) in table {
        let cell = key(StockClass::Uncertain);
        let mut stock = stock_with(cell, 6, 4);
        let update = Bill { final_quantity: Some(figure), ..bill(BillKind::Excluded, -1) };
        let outcome = Report { bill: &update, cell, committed_since, policy }.apply(&mut stock, NOW);
        let left = stock.cell(&cell).cloned().unwrap();
        match after {
            Ok(figures) => assert_eq!((left.on_hand, left.unreported), figures, "{policy:?} {figure}"),
            Err(refusal) => assert_eq!(outcome, Err(refusal), "{policy:?} {figure}"),
        }
        assert_eq!(!stock.take_changes().discrepancies.is_empty(), discrepancy, "{policy:?} {figure}");
    }
}

#[test]
fn only_commits_of_a_later_second_count() {
    let cell = key(StockClass::Uncertain);
    let entry = |kind, on_hand, learnt: i64| StockEntry {
        cell,
        kind,
        on_hand,
        reserved: 0,
        unreported: 0,
        cause: Cause::Bill { bill_num: BillNum("x".to_owned()) },
        happened: Timestamp(0),
        learnt: Timestamp(learnt),
    };
    let ledger = [
        entry(EntryKind::Commit, -1, 5_999),
        entry(EntryKind::Commit, -2, 6_000),
        entry(EntryKind::CommitUnheld, -4, 7_000),
        entry(EntryKind::Restock, 8, 7_000),
        entry(EntryKind::Excluded, -16, 7_000),
        StockEntry { cell: key(StockClass::Certain), ..entry(EntryKind::Commit, -32, 7_000) },
    ];
    assert_eq!(committed_after(&ledger, cell, 5), 6);
    assert_eq!(committed_after(&ledger, cell, 6), 4);
}
