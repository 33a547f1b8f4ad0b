//! Stock bills and holds before payment, through `decide`: keys, repeats, articles made on first use.

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::goods::{Component, ScItem};
use crate::ids::*;
use crate::order::trade::UnassignedState;
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::stock::cell::StockClass;
use crate::stock::hold::AheadState;
use crate::time::Millis;

fn shop() -> Shop {
    Shop::open(isv(), Acceptor::Keeper)
}

fn bill(shop: &Shop, number: &str, kind: BillKind, quantity: i64) -> Bill {
    Bill {
        bill_num: BillNum(number.into()),
        location: NEAR,
        goods: Goods::Article(ARTICLE),
        class: StockClass::Uncertain,
        kind,
        quantity,
        final_quantity: None,
        operated_at: shop.now,
    }
}

fn report(shop: &mut Shop, bills: &[Bill]) -> Vec<Option<Refusal>> {
    let outcome = shop.ask(&Command::ReportStock(bills.to_vec())).unwrap();
    let Outcome::Bills(verdicts) = outcome else { panic!("{outcome:?}") };
    verdicts.into_iter().map(|verdict| verdict.refused).collect()
}

fn on_hand(shop: &Shop) -> i64 {
    shop.cell(NEAR, StockClass::Uncertain).on_hand
}

#[test]
fn a_bill_acts_once_and_its_number_is_used_up_by_its_content() {
    let first = |shop: &Shop| bill(shop, "n", BillKind::Excluded, 5);
    type Change = fn(&mut Bill);
    let table: [(&str, Change, Option<Refusal>, i64); 8] = [
        ("the same again", |_| {}, None, 5),
        ("a later operationTime", |bill| bill.operated_at.0 += 60_000, None, 5),
        ("another type", |bill| bill.kind = BillKind::Balance, Some(Refusal::BillReused { field: "type" }), 5),
        ("another quantity", |bill| bill.quantity = 6, Some(Refusal::BillReused { field: "quantity" }), 5),
        (
            "another finalQuantity",
            |bill| bill.final_quantity = Some(5),
            Some(Refusal::BillReused { field: "finalQuantity" }),
            5,
        ),
        ("another location", |bill| bill.location = FAR, None, 5),
        ("another article", |bill| bill.goods = Goods::Article(OTHER_ARTICLE), None, 5),
        ("another class", |bill| bill.class = StockClass::Certain, None, 5),
    ];
    for (what, change, refused, left) in table {
        for together in [false, true] {
            let mut shop = shop();
            let once = first(&shop);
            let mut again = once.clone();
            change(&mut again);
            let verdicts = if together {
                report(&mut shop, &[once, again])
            } else {
                [report(&mut shop, &[once]), report(&mut shop, &[again])].concat()
            };
            assert_eq!(verdicts, [None, refused.clone()], "{what}, in one command: {together}");
            assert_eq!(on_hand(&shop), left, "{what}");
        }
    }
}

#[test]
fn a_failed_bill_is_judged_anew_and_the_others_apply() {
    let mut shop = shop();
    let bills = [
        bill(&shop, "a", BillKind::Excluded, 2),
        bill(&shop, "b", BillKind::Excluded, -3),
        bill(&shop, "c", BillKind::Balance, 4),
    ];
    let below = Refusal::ReportBelowZero { on_hand: 2, change: -3 };
    assert_eq!(report(&mut shop, &bills), [None, Some(below), None]);
    assert_eq!(on_hand(&shop), 6);
    assert_eq!(report(&mut shop, &bills), [None, None, None], "b applies now, a and c are repeats");
    assert_eq!(on_hand(&shop), 3);
}

#[test]
fn a_count_taken_before_a_sale_does_not_bring_the_sold_units_back() {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.stock(NEAR, StockClass::Uncertain, 10);
    let counted_at = shop.now;
    shop.later(Millis::seconds(2));
    shop.tell(&seen(paid(1, &[(ITEM, 4)], shop.now)));
    let who = keeper(NEAR);
    let said = answer(10, NEAR, who, shop.now);
    shop.tell(&Command::Accept(said.clone()));
    shop.tell(&shipping(said, shipment("SF1", shop.now)));
    let mut count = bill(&shop, "count", BillKind::Initial, 10);
    count.operated_at = counted_at;
    assert_eq!(report(&mut shop, &[count]), [None]);
    let cell = shop.cell(NEAR, StockClass::Uncertain);
    assert_eq!((cell.on_hand, cell.unreported), (6, 4));
    let sold = bill(&shop, "sold", BillKind::Included, -4);
    assert_eq!(report(&mut shop, &[sold]), [None]);
    let cell = shop.cell(NEAR, StockClass::Uncertain);
    assert_eq!((cell.on_hand, cell.unreported), (6, 0), "our own sale is not counted twice");
}

#[test]
fn a_listing_gets_an_article_on_first_use() {
    let listing = |item: i64, code: &str| Goods::Listing { item: ItemId(item), sku: SkuId(3), outer_code: code.into() };
    let mut shop = shop();
    let mut first = bill(&shop, "a", BillKind::Initial, 5);
    first.goods = listing(901, "NEW");
    let mut shared = bill(&shop, "b", BillKind::Excluded, 1);
    shared.goods = listing(902, "NEW");
    let mut known = bill(&shop, "c", BillKind::Excluded, 7);
    known.goods = listing(903, "A500");
    assert_eq!(report(&mut shop, &[first.clone(), shared, known]), [None, None, None]);
    let article = |shop: &Shop, item: i64| shop.world.items.get(&ItemId(item)).unwrap().skus[&SkuId(3)].sc_item;
    let made = article(&shop, 901);
    assert_eq!(shop.world.sc_items.get(&made).unwrap().outer_code, "NEW");
    assert_eq!(article(&shop, 902), made, "codes are unique");
    assert_eq!(article(&shop, 903), ARTICLE);
    assert_eq!(on_hand(&shop), 7);
    assert_eq!(report(&mut shop, &[first]), [None], "a repeat finds the article it made");
}

#[test]
fn what_takes_no_reports() {
    let mut shop = shop();
    let combo = ScItemId(700);
    shop.world.begin();
    let parts = vec![Component { sc_item: ARTICLE, per_unit: 2 }];
    shop.world.sc_items.put(combo, ScItem { id: combo, outer_code: String::new(), name: String::new(), combo: parts });
    shop.tell(&Command::DeleteStores(vec![FAR]));
    let table = [
        (Goods::Article(combo), NEAR, Refusal::ComboHasNoStock { sc_item: combo }),
        (Goods::Article(ScItemId(1)), NEAR, Refusal::ArticleNotFound { sc_item: ScItemId(1) }),
        (Goods::Article(ARTICLE), FAR, Refusal::LocationNotFound { location: FAR }),
        (Goods::Article(ARTICLE), LocationId(77), Refusal::LocationNotFound { location: LocationId(77) }),
    ];
    for (goods, location, refusal) in table {
        let asked = Bill { goods, location, ..bill(&shop, "n", BillKind::Excluded, 1) };
        assert_eq!(report(&mut shop, &[asked]), [Some(refusal)]);
    }
}

fn reserve(key: &str, item: ItemId, quantity: i64, minutes: i64) -> ReserveAhead {
    let ttl = Millis::minutes(minutes);
    ReserveAhead { key: HoldKey(key.into()), item, sku: SkuId(0), quantity, ttl }
}

#[test]
fn a_hold_before_payment() {
    let key = HoldKey("k".into());
    let reused = |field| Err(Refusal::HoldKeyReused { key: key.clone(), field });
    let now = shop().now;
    let reserved = |minutes, repeated| Ok(Outcome::Reserved { expires_at: now + Millis::minutes(minutes), repeated });
    let table = [
        ("new", reserve("x", ITEM, 2, 20), reserved(20, false)),
        ("the same again", reserve("k", ITEM, 3, 30), reserved(30, true)),
        ("the same again, for less long", reserve("k", ITEM, 3, 5), reserved(30, true)),
        ("another quantity", reserve("k", ITEM, 4, 30), reused("quantity")),
        ("another item", reserve("k", KIT_ITEM, 3, 30), reused("item_id")),
        ("too long", reserve("x", ITEM, 2, 31), Err(Refusal::HoldTooLong { most_minutes: 30 })),
        ("nothing", reserve("x", ITEM, 0, 30), Err(Refusal::QuantityNotPositive)),
        ("too many", reserve("x", ITEM, 8, 30), Err(Refusal::InsufficientStock { wanted: 8, available: 7 })),
        ("of nothing known", reserve("x", UNMAPPED_ITEM, 1, 30), Err(Refusal::NotMapped { item: UNMAPPED_ITEM })),
    ];
    for (what, asked, expected) in table {
        let mut shop = shop();
        shop.stock(NEAR, StockClass::Certain, 10);
        shop.tell(&Command::ReserveAhead(reserve("k", ITEM, 3, 30)));
        assert_eq!(shop.rows, 3, "cell, entry, hold");
        assert_eq!(shop.ask(&Command::ReserveAhead(asked)), expected, "{what}");
    }
}

#[test]
fn a_hold_before_payment_ends_once() {
    let key = || HoldKey("k".into());
    let mut shop = shop();
    shop.stock(NEAR, StockClass::Certain, 10);
    let held = |shop: &Shop| shop.cell(NEAR, StockClass::Certain).reserved;
    assert_eq!(shop.ask(&Command::ReleaseAhead { key: key() }), Err(Refusal::HoldNotFound { key: key() }));

    shop.tell(&Command::ReserveAhead(reserve("k", ITEM, 3, 10)));
    shop.tell(&Command::ExpireAhead { key: key() });
    assert_eq!(held(&shop), 3, "its time has not come");
    shop.later(Millis::minutes(10));
    shop.tell(&Command::ExpireAhead { key: key() });
    shop.tell(&Command::ExpireAhead { key: key() });
    let gone = shop.ask(&Command::ReleaseAhead { key: key() });
    assert_eq!(gone, Ok(Outcome::Released { quantity: 0 }), "it ran out by itself");
    shop.tell(&Command::ReserveAhead(reserve("r", ITEM, 2, 10)));
    for _ in 0..2 {
        let released = shop.ask(&Command::ReleaseAhead { key: HoldKey("r".into()) });
        assert_eq!(released, Ok(Outcome::Released { quantity: 2 }));
    }
    assert_eq!(held(&shop), 0);
    let again = shop.ask(&Command::ReserveAhead(reserve("k", ITEM, 3, 10)));
    assert_eq!(again, Err(Refusal::HoldEnded { key: key() }), "nobody is told of a hold that is gone");

    shop.tell(&Command::ReserveAhead(reserve("l", ITEM, 3, 10)));
    let mut trade = paid(1, &[(ITEM, 2)], shop.now);
    trade.lines[0].reserve_key = Some(HoldKey("l".into()));
    shop.tell(&seen(trade));
    assert_eq!(held(&shop), 2, "the surplus is released");
    assert_eq!(shop.unassigned(1, 10), Some(UnassignedState::Routing));
    let release = shop.ask(&Command::ReleaseAhead { key: HoldKey("l".into()) });
    assert_eq!(release, Err(Refusal::HoldTakenOver { key: HoldKey("l".into()), oid: Oid(10) }));
    let hold = shop.world.ahead.get(&HoldKey("l".into())).unwrap();
    assert_eq!(hold.state, AheadState::TakenOver { tid: Tid(1), oid: Oid(10) });
}
