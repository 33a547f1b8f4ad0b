//! Units that went out and that no report contains: late once they are older than the report lag, and only those.

use crate::command::{BillKind, Command};
use crate::decide::tests::kit::*;
use crate::exception::ExceptionKind;
use crate::seller::{Acceptor, Allocator};
use crate::stock::book::DiscrepancyKind;
use crate::stock::cell::{CellKey, StockClass};
use crate::time::Millis;

fn key() -> CellKey {
    CellKey::of(ARTICLE, NEAR, StockClass::Certain, crate::ids::TMALL)
}

/// Ships one unit of the near store.
fn ship(shop: &mut Shop, tid: i64) {
    shop.tell(&seen(paid(tid, &[(ITEM, 1)], shop.now)));
    let yes = answer(tid * 10, NEAR, keeper(NEAR), shop.now);
    shop.tell(&Command::Accept(yes.clone()));
    let parcel = shipment(&format!("SF{tid}"), shop.now);
    shop.tell(&shipping(yes, parcel));
}

fn judge(shop: &mut Shop) {
    let as_of = shop.now;
    shop.tell(&Command::JudgeUnreported { cell: key(), as_of });
}

fn late(shop: &Shop) -> (usize, bool) {
    let noted = shop.discrepancies.iter().filter(|found| found.kind == DiscrepancyKind::UnreportedLate).count();
    (noted, shop.open_exceptions().contains(&(ExceptionKind::UnreportedLate, 1)))
}

#[test]
fn a_residue_is_late_after_the_lag_once_and_until_it_is_reported() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 9);
    ship(&mut shop, 1);
    let due = shop.cell(NEAR, StockClass::Certain).unreported_due;
    assert_eq!(due, Some(shop.now + Millis::hours(48)));
    shop.later(Millis(Millis::hours(48).0 - 1));
    judge(&mut shop);
    assert_eq!((late(&shop), shop.rows), ((0, false), 0), "not before its time");
    shop.later(Millis::seconds(2));
    judge(&mut shop);
    assert_eq!(late(&shop), (1, true));
    assert_eq!(shop.discrepancies.last().map(|found| found.reported), Some(1));
    for _ in 0..9 {
        shop.later(Millis::hours(6));
        judge(&mut shop);
    }
    assert_eq!(late(&shop), (1, true), "known already");
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, -1, BillKind::Included);
    assert_eq!(late(&shop), (1, false));
    assert_eq!(shop.cell(NEAR, StockClass::Certain).unreported_due, None);
}

#[test]
fn a_cell_that_sells_all_day_is_late_by_its_old_units_alone() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Certain, 9);
    ship(&mut shop, 1);
    shop.later(Millis::hours(47));
    ship(&mut shop, 2);
    // The first is reported in time; the residue never was 0.
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, -1, BillKind::Included);
    shop.later(Millis::hours(2));
    judge(&mut shop);
    assert_eq!((late(&shop), shop.cell(NEAR, StockClass::Certain).unreported), ((0, false), 1));
    shop.later(Millis::hours(46));
    judge(&mut shop);
    assert_eq!(late(&shop), (1, true), "the second is old now");
    // A young unit more, and the old one reported: late no longer.
    ship(&mut shop, 3);
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, -1, BillKind::Included);
    shop.later(Millis::hours(6));
    judge(&mut shop);
    assert_eq!(late(&shop), (1, false));
}
