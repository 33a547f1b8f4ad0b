//! Whatever a merchant, his stores, his apps and his buyers do, in whatever order: stock stays true.

use proptest::prelude::*;

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::ids::*;
use crate::order::refund::RefundStatus;
use crate::order::trade::Delivery;
use crate::place::{Location, StoreStatus};
use crate::seller::{Acceptor, Allocator, FinalQuantityPolicy, ReturnPolicy, Settings};
use crate::service_settings::{DeliveryRules, PickupRules, ServiceChange};
use crate::stock::cell::StockClass;
use crate::stock::hold::{AheadState, HolderKind};
use crate::stock::invariants::{Snapshot, audit};
use crate::stock::snapshot::History;
use crate::time::{Millis, Timestamp};

/// One thing somebody does: what, to which trade or key, where, how many.
type Deed = (u8, u8, u8, i64);

const PLACES: [LocationId; 4] = [NEAR, MIDDLE, FAR, WAREHOUSE];
const KINDS: [BillKind; 4] = [BillKind::Initial, BillKind::Included, BillKind::Excluded, BillKind::Balance];
/// Kinds of deeds that [`command`] knows.
const DEEDS: u8 = 24;

fn settings(choice: u8) -> Settings {
    let odd = |bit: u8| choice & bit != 0;
    Settings {
        allocator: if odd(1) { isv() } else { Allocator::Platform },
        acceptor: if odd(2) { pos() } else { Acceptor::Keeper },
        split_quantity: odd(4),
        final_quantity: if odd(8) { FinalQuantityPolicy::Trust } else { FinalQuantityPolicy::Check },
        returns: if odd(16) { ReturnPolicy::Restock } else { ReturnPolicy::Quarantine },
        auto_adjust: !odd(32),
        wms: Some(AppKey("wms".into())),
        ..Settings::default()
    }
}

fn class(units: i64) -> StockClass {
    if units % 2 == 0 { StockClass::Certain } else { StockClass::Uncertain }
}

fn bill(shop: &Shop, number: usize, (_, which, place, units): Deed) -> Bill {
    let kind = KINDS[usize::from(which) % 4];
    Bill {
        // Numbers come again: some bills are repeats, some reuse a number for something else.
        bill_num: BillNum(format!("R{}", number / 2)),
        location: PLACES[usize::from(place)],
        goods: Goods::Article(if which % 3 == 0 { OTHER_ARTICLE } else { ARTICLE }),
        class: class(units),
        kind,
        quantity: units,
        final_quantity: (which > 5).then_some(units.abs() + 3),
        operated_at: Timestamp(shop.now.0 - i64::from(which) * 400),
    }
}

/// The trade that a deed is about, the sub-order, and where it is.
fn subject(shop: &Shop, which: u8, place: u8) -> (i64, i64, LocationId) {
    let tids: Vec<i64> = shop.world.files.iter().map(|(tid, _)| tid.0).collect();
    let tid = if tids.is_empty() { 1 } else { tids[usize::from(which) % tids.len()] };
    let oid = tid * 10;
    let file = shop.world.files.get(&Tid(tid));
    let live = file.and_then(|file| file.live_of(Oid(oid)).next().map(|assignment| assignment.location));
    (tid, oid, live.unwrap_or(PLACES[usize::from(place)]))
}

fn command(shop: &Shop, number: usize, deed: Deed) -> Command {
    match deed.0 % DEEDS {
        0 | 1 => {
            let next = (deed.0, deed.1 + 1, deed.2, deed.3);
            Command::ReportStock(vec![bill(shop, number, deed), bill(shop, number, next)])
        }
        2 | 3 | 18 => the_channel(shop, number, deed),
        4 | 5 | 13 | 14 => the_allocator(shop, number, deed),
        15..=17 => the_merchant(shop, deed),
        _ => the_store(shop, deed),
    }
}

/// A paid trade, or a closed line of a known one.
fn the_channel(shop: &Shop, number: usize, (what, which, place, units): Deed) -> Command {
    if what % DEEDS == 18 {
        let mut trade = paid(subject(shop, which, place).0, &[(ITEM, 1)], shop.now);
        trade.lines[0].closed = true;
        return seen(trade);
    }
    let item = if which % 4 == 0 { KIT_ITEM } else { ITEM };
    let mut trade = paid(100 + number as i64, &[(item, units.abs() % 4 + 1)], shop.now);
    trade.lines[0].reserve_key = (place == 0).then_some(key(which));
    if units == 3 {
        trade.lines[0].delivery = Delivery::Pickup { store: PLACES[usize::from(place)] };
    }
    seen(trade)
}

fn key(which: u8) -> HoldKey {
    HoldKey(format!("K{}", which % 3))
}

fn the_allocator(shop: &Shop, number: usize, (what, which, place, units): Deed) -> Command {
    let (tid, oid, there) = subject(shop, which, place);
    let target = PLACES[usize::from(place)];
    let item = if units > 7 { KIT_ITEM } else { ITEM };
    match what % DEEDS {
        4 | 5 => sync(oid, target, shop.now),
        13 => Command::AdjustHold(AdjustHold {
            bill_num: BillNum(format!("J{}", number / 2)),
            tid: Tid(tid),
            oid: Oid(oid),
            target,
            goods: Goods::Listing { item, sku: SkuId(0), outer_code: String::new() },
            class: class(units),
            quantity: units.abs() % 4,
            original: (which % 3 == 0).then_some(there),
            adjust_type: None,
            who: match shop.world.seller.settings.allocator {
                Allocator::App(_) => app("isv"),
                Allocator::Platform => operator(),
            },
        }),
        _ => Command::Reallocate(Reallocate {
            tid: Tid(tid),
            sub_orders: vec![],
            target: (units % 2 == 0).then_some(target),
            who: operator(),
            request: number as i64,
            force: units > 9,
        }),
    }
}

/// Holds before payment, and stores that shut and open.
fn the_merchant(shop: &Shop, (what, which, place, units): Deed) -> Command {
    match what % DEEDS {
        15 => Command::ReserveAhead(ReserveAhead {
            key: key(which),
            item: if place == 3 { KIT_ITEM } else { ITEM },
            sku: SkuId(0),
            quantity: units,
            ttl: Millis::minutes(units.abs()),
        }),
        16 => Command::ReleaseAhead { key: key(which) },
        _ => {
            let status = if units > 3 { StoreStatus::Normal } else { StoreStatus::Hold };
            let place = shop.world.places.get(PLACES[usize::from(place)]).unwrap().clone();
            Command::UpdateStore(Box::new(Location { status, ..place }))
        }
    }
}

/// What a store does with what it has, and what a buyer wants back.
fn the_store(shop: &Shop, (what, which, place, units): Deed) -> Command {
    let (_, oid, there) = subject(shop, which, place);
    let even = units % 2 == 0;
    let answer = answer(oid, there, operator(), shop.now);
    let refunded = |status| Command::SeeRefund(refund(oid, oid + i64::from(which % 2), status, shop.now));
    match what % DEEDS {
        6 => Command::Accept(answer),
        7 => refusing(answer, if even { RefuseReason::NoGoods } else { RefuseReason::Other }),
        8 => shipping(answer, shipment("SF1", shop.now)),
        9 => refunded(RefundStatus::Asked),
        10 => refunded(if even { RefundStatus::Withdrawn } else { RefundStatus::Granted }),
        11 => Command::AnswerCancel { answer, confirmed: even, refund: None },
        19 => Command::ConfirmPickup { answer, fresh: code(oid) },
        20 => Command::StartTransfer(answer),
        21 => Command::ReceiveTransfer { answer, fresh: code(oid) },
        22 => Command::UseCode(UseCode {
            tid: answer.tid,
            code: code(oid),
            place: if even { HandoverPlace::Counter } else { HandoverPlace::Door },
            who: answer.who,
            happened: shop.now,
        }),
        23 => Command::SetOut(SetOut {
            tid: answer.tid,
            store: there,
            shipment: shipment("OWN", shop.now),
            fresh: code(oid),
            who: answer.who,
        }),
        _ => Command::ReceiveReturn(answer),
    }
}

fn code(oid: i64) -> HandoverCode {
    HandoverCode::of(oid.to_string())
}

fn snapshot(shop: &Shop, quiet: bool) -> Snapshot {
    let history = History { ledger: &shop.entries, reports: &shop.reports };
    Snapshot::of(&shop.world, history, quiet.then_some(shop.now))
}

/// Every balance moves back to what it was when a command is refused; a kept one keeps all invariants.
fn act(shop: &mut Shop, command: &Command) -> Result<(), TestCaseError> {
    let before = snapshot(shop, false).cells;
    let outcome = shop.ask(command);
    let after = snapshot(shop, false);
    if let Err(refusal) = &outcome {
        prop_assert_eq!(&before, &after.cells, "refused ({}), yet it changed a cell", refusal);
    }
    let violations = audit(&after);
    prop_assert!(violations.is_empty(), "after {command:?}: {violations:#?}");
    Ok(())
}

/// Everything that is due is done: work, run-out holds.
fn quiet(shop: &mut Shop) -> Result<(), TestCaseError> {
    shop.later(Millis::hours(1));
    let held: Vec<HoldKey> = shop
        .world
        .ahead
        .iter()
        .filter(|(_, hold)| hold.state == AheadState::Held)
        .map(|(key, _)| key.clone())
        .collect();
    for key in held {
        act(shop, &Command::ExpireAhead { key })?;
    }
    work_off(shop)
}

fn work_off(shop: &mut Shop) -> Result<(), TestCaseError> {
    let mut rounds = 0;
    while let Some(work) = shop.work.pop_front() {
        rounds += 1;
        prop_assert!(rounds < 2_000, "work never ends");
        act(shop, &Command::DoWork { id: work.id, work: work.work })?;
    }
    Ok(())
}

/// Nobody waits for units that lie there for the taking.
fn nobody_waits_in_vain(shop: &Shop) -> Result<(), TestCaseError> {
    for (tid, file) in shop.world.files.iter() {
        for line in &file.trade.sub_orders {
            let Some(unassigned) = &line.unassigned else { continue };
            if !line.awaits_allocation() || line.components.len() != 1 {
                continue;
            }
            let owner = crate::stock::holds::Owner::of(&file.trade, line);
            let lack = owner.unheld(&file.reservations, None, unassigned.units);
            let sources = crate::stock::deduct::Sources {
                stock: &shop.world.stock,
                places: &shop.world.places,
                channel: TMALL,
                avoid: &owner.avoid,
                pickup: None,
            };
            let supply = sources.promisable_up_to(line.components[0].sc_item, lack);
            prop_assert!(lack == 0 || supply < lack, "trade {tid} waits for {lack} units, there are {supply}");
        }
    }
    Ok(())
}

/// Whoever may be freed for a short cell has been.
fn nobody_lesser_holds_a_short_cell(shop: &Shop) -> Result<(), TestCaseError> {
    for article in shop.world.stock.articles() {
        for (key, _) in article.cells().filter(|(_, cell)| cell.is_short()) {
            let mut lesser = shop.holders(key);
            lesser.retain(|holder| holder.kind != HolderKind::Kept);
            prop_assert!(lesser.is_empty(), "{key} is short and held by {lesser:?}");
        }
    }
    Ok(())
}

/// Two places take little on a day, one of them of pickups too.
fn limit_days(shop: &mut Shop) {
    let delivery = DeliveryRules { threshold: Some(2), ..DeliveryRules::default() };
    let pickup = PickupRules { threshold: Some(1), ..PickupRules::default() };
    let changes = [
        (PLACES[0], ServiceChange::Delivery(delivery.clone())),
        (PLACES[1], ServiceChange::Delivery(delivery)),
        (PLACES[1], ServiceChange::Pickup(pickup)),
    ];
    for (location, change) in changes {
        shop.tell(&Command::SetService { location, change });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stock_stays_true(
        choice in 0_u8..64,
        opening in 0_i64..20,
        deeds in prop::collection::vec((0..DEEDS, 0_u8..8, 0_u8..4, -6_i64..14), 1..50),
    ) {
        let mut shop = Shop::with(settings(choice));
        for (at, place) in PLACES.into_iter().enumerate() {
            shop.stock(place, class(at as i64), opening);
            shop.stock_of(OTHER_ARTICLE, place, StockClass::Uncertain, opening, BillKind::Initial);
        }
        if opening % 2 == 0 {
            limit_days(&mut shop);
        }
        for (number, deed) in deeds.into_iter().enumerate() {
            let command = command(&shop, number, deed);
            act(&mut shop, &command)?;
            shop.later(Millis(i64::from(deed.1) * 300));
            if deed.3 > 4 {
                work_off(&mut shop)?;
            }
        }
        quiet(&mut shop)?;
        let violations = audit(&snapshot(&shop, true));
        prop_assert!(violations.is_empty(), "when all is quiet: {violations:#?}");
        nobody_lesser_holds_a_short_cell(&shop)?;
        nobody_waits_in_vain(&shop).map_err(|error| TestCaseError::fail(format!("{error}\n{}", shop.story())))?;
    }
}
