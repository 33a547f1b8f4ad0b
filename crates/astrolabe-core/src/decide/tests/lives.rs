//! Random lives of a few orders: whatever is said in whatever order, no unit of a sub-order is lost or doubled, nothing
//! waits without a clock, no fact is written twice, and saying a thing twice is saying it once.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::ids::*;
use crate::order::assignment::AssignmentState;
use crate::order::file::TradeFile;
use crate::order::refund::RefundStatus;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{AllocationAsk, ChannelConsign, Delivery, SubOrder, UnassignedState};
use crate::outward::OutwardState;
use crate::seller::{Acceptor, Allocator, ReturnPolicy, Settings};
use crate::stock::cell::StockClass;
use crate::time::Millis;

/// What is done, to which sub-order, where, a number for the rest, and seconds until the next.
type Deed = (u8, u8, u8, u8, i64);

/// Kinds of deeds that [`command`] knows.
const DEEDS: u8 = 26;
const PLACES: [LocationId; 4] = [NEAR, MIDDLE, FAR, WAREHOUSE];
const OIDS: [i64; 5] = [10, 11, 20, 30, 40];
const STATUSES: [RefundStatus; 5] = [
    RefundStatus::Asked,
    RefundStatus::Returning,
    RefundStatus::RefusedBySeller,
    RefundStatus::Withdrawn,
    RefundStatus::Granted,
];

fn settings(choice: u8) -> Settings {
    let odd = |bit: u8| choice & bit != 0;
    Settings {
        allocator: if odd(1) { isv() } else { Allocator::Platform },
        acceptor: if odd(2) { pos() } else { Acceptor::Keeper },
        wms: Some(AppKey("wms".into())),
        takeover: odd(4),
        split_quantity: odd(8),
        auto_adjust: odd(16),
        returns: if odd(32) { ReturnPolicy::Restock } else { ReturnPolicy::Quarantine },
        hold_after_paid_ms: if odd(64) { Millis::minutes(7) } else { Millis(0) },
        ..Settings::default()
    }
}

fn trade(shop: &Shop, tid: i64, number: u8) -> Command {
    let lines: &[(ItemId, i64)] = match tid {
        1 => &[(ITEM, 2), (KIT_ITEM, 1)],
        2 => &[(ITEM, 3)],
        4 => &[(ITEM, 2)],
        _ => &[(UNMAPPED_ITEM, 1)],
    };
    let mut told = paid(tid, lines, shop.now);
    if tid == 4 {
        told.lines[0].delivery = Delivery::Pickup { store: MIDDLE };
    }
    told.lines[0].closed = number == 7;
    told.lines[0].finished = number == 6;
    seen(told)
}

fn command(shop: &Shop, number: usize, (what, which, place, extra, _): Deed) -> Command {
    let oid = OIDS[usize::from(which) % OIDS.len()];
    let tid = Tid(oid / 10);
    let file = shop.world.files.get(&tid);
    let live = file.and_then(|file| file.live_of(Oid(oid)).next().map(|live| live.location));
    let there = if extra % 4 == 0 { None } else { live }.unwrap_or(PLACES[usize::from(place)]);
    let who = match extra % 5 {
        0 => operator(),
        1 => keeper(there),
        2 => app("isv"),
        3 => app("wms"),
        _ => app("pos"),
    };
    let by_mode = if shop.world.seller.settings.acceptor == Acceptor::Keeper { keeper(there) } else { app("pos") };
    let said = || answer(oid, there, if extra < 6 { by_mode.clone() } else { who.clone() }, shop.now);
    match what % DEEDS {
        0..=2 => trade(shop, tid.0, extra),
        3 | 4 => sync_as(app("isv"), oid, SyncStatus::Allocated, Some(PLACES[usize::from(place)]), shop.now),
        5 => sync_as(app("isv"), oid, SyncStatus::Failed, None, shop.now),
        6 | 7 => Command::Accept(said()),
        8 => {
            let reason = if extra % 2 == 0 { RefuseReason::NoGoods } else { RefuseReason::ShopClosed };
            refusing(said(), reason)
        }
        9 => shipping(said(), shipment(&format!("SF{}", extra % 2), shop.now)),
        10 => {
            let consign =
                ChannelConsign { company_code: "SF".into(), waybill: format!("SF{}", extra % 2), at: shop.now };
            Command::SeeChannelConsign { tid, sub_orders: vec![], consign, who }
        }
        11 | 12 => {
            let status = STATUSES[usize::from(extra) % STATUSES.len()];
            let asked = refund(oid, oid * 10 + i64::from(place % 2), status, shop.now);
            Command::SeeRefund(SeenRefund { has_good_return: place > 1, ..asked })
        }
        13 => Command::AnswerCancel { answer: said(), confirmed: place % 2 == 0, refund: None },
        14 => Command::ReceiveReturn(said()),
        15 => Command::SeeSigned { tid, sub_orders: vec![Oid(oid)], at: shop.now },
        16 => {
            let address = if extra % 2 == 0 { said().address } else { Address::SubOrders(vec![Oid(oid)]) };
            Command::RecordMilestone { answer: StoreAnswer { address, ..said() }, fact: Fact::Packaged }
        }
        17 => Command::Reallocate(Reallocate {
            tid,
            sub_orders: vec![Oid(oid)],
            target: (place % 2 == 0).then_some(PLACES[usize::from(place)]),
            who: if extra > 4 { operator() } else { app("pos") },
            request: number as i64 + 1,
            force: extra > 5,
        }),
        18 => {
            let until = (extra % 2 == 0).then_some(shop.now + Millis::minutes(20));
            Command::SetHold { tid, who, why: "asked".into(), until }
        }
        19 => Command::LiftHold { tid, who, holder: None },
        20 => Command::ConfirmPickup { answer: said(), fresh: fresh(number) },
        21 => Command::StartTransfer(said()),
        22 => Command::ReceiveTransfer { answer: said(), fresh: fresh(number) },
        23 => Command::UseCode(UseCode {
            tid,
            code: file.and_then(latest_code).unwrap_or_else(|| fresh(number)),
            place: if tid.0 == 4 { HandoverPlace::Counter } else { HandoverPlace::Door },
            who: if extra < 6 { by_mode } else { who },
            happened: shop.now,
        }),
        24 => {
            let shipment = shipment("OWN", shop.now);
            Command::SetOut(SetOut { tid, store: there, shipment, fresh: fresh(number), who: by_mode })
        }
        _ => Command::LookAtClock { tid },
    }
}

fn fresh(number: usize) -> HandoverCode {
    HandoverCode::of(format!("{number:012}"))
}

fn latest_code(file: &TradeFile) -> Option<HandoverCode> {
    let issued = file.assignments.iter().rev().find_map(|given| given.handover.as_ref())?;
    Some(issued.code.clone())
}

/// Units of a sub-order that are somewhere: with an assignment that has not given them back, or waiting.
fn units_known(file: &TradeFile, line: &SubOrder) -> i64 {
    let assigned = file.assignments.iter().filter(|assignment| assignment.oid == line.oid);
    let kept = assigned.filter(|assignment| {
        let given_back = matches!(
            assignment.state,
            AssignmentState::Refused | AssignmentState::Unanswered | AssignmentState::Withdrawn
        );
        // A cancelled one whose refund went away has started anew.
        let anew = assignment
            .facts
            .iter()
            .any(|known| known.fact == Fact::RefundWithdrawn && assignment.has(Fact::CancelConfirmed, known.request));
        !(given_back || assignment.state == AssignmentState::Cancelled && anew)
    });
    let waiting = line.unassigned.as_ref().map_or(0, |unassigned| unassigned.units);
    kept.map(|assignment| assignment.units).sum::<i64>() + waiting
}

fn check_line(file: &TradeFile, line: &SubOrder) -> Result<(), TestCaseError> {
    let context = format!("{:?} {:?}", line.unassigned, file.assignments);
    prop_assert_eq!(units_known(file, line), line.quantity, "units of {}: {}", line.oid, context);
    let trade = &file.trade;
    if line.unassigned.as_ref().is_some_and(|waiting| waiting.state == UnassignedState::Routing) {
        let silent = matches!(trade.allocation, AllocationAsk::Silent { .. });
        prop_assert!(silent || trade.due_at.is_some(), "{} routes without a clock: {:?}", line.oid, trade);
    }
    if line.unassigned.as_ref().is_some_and(|waiting| waiting.state == UnassignedState::Held) {
        prop_assert!(!trade.holds.is_empty(), "{} is held by nobody", line.oid);
    }
    Ok(())
}

fn check(shop: &Shop) -> Result<(), TestCaseError> {
    for (_, file) in shop.world.files.iter() {
        for line in file.trade.sub_orders.iter().filter(|_| file.trade.mode.is_some()) {
            check_line(file, line)?;
        }
        for assignment in &file.assignments {
            let clock = assignment.due_at.is_some() || assignment.has(Fact::ShipLate, 0);
            let ticks = matches!(
                assignment.state,
                AssignmentState::Notified | AssignmentState::Accepted | AssignmentState::Transferring
            );
            prop_assert!(clock || !ticks, "no clock: {assignment:?}");
            let holds = file.reservations.iter().any(|held| held.code == Some(assignment.code));
            prop_assert!(assignment.state.holds_stock() || !holds, "still holds: {assignment:?}");
        }
    }
    let mut seen = BTreeSet::new();
    for fact in &shop.facts {
        let key = (fact.tid, fact.oid, fact.code, fact.fact, fact.request);
        prop_assert!(seen.insert(key), "written twice: {fact:?}");
    }
    Ok(())
}

/// The same again, right away, is a success that writes nothing.
fn check_repeat(shop: &Shop, command: &Command) -> Result<(), TestCaseError> {
    let mut again = shop.clone();
    let outcome = again.ask(command);
    prop_assert!(outcome.is_ok(), "the repeat of {command:?} was refused: {outcome:?}");
    prop_assert_eq!(again.rows, 0, "the repeat of {:?} wrote: {:?}", command, &again.facts[shop.facts.len()..]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_unit_is_lost_and_saying_twice_is_saying_once(
        choice in 0_u8..128,
        opening in 0_i64..6,
        deeds in prop::collection::vec((0..DEEDS, 0_u8..5, 0_u8..4, 0_u8..8, 0_i64..900), 1..40),
    ) {
        let mut shop = Shop::with(settings(choice));
        for (at, place) in PLACES.into_iter().enumerate() {
            let class = if at % 2 == 0 { StockClass::Uncertain } else { StockClass::Certain };
            shop.stock(place, class, opening);
            shop.stock_of(OTHER_ARTICLE, place, StockClass::Certain, opening, BillKind::Initial);
        }
        for (number, deed) in deeds.into_iter().enumerate() {
            let command = command(&shop, number, deed);
            let told = !matches!(command, Command::LookAtClock { .. });
            if shop.ask(&command).is_ok() && told {
                check_repeat(&shop, &command)?;
            }
            check(&shop)?;
            shop.work_off();
            check(&shop)?;
            shop.later(Millis::seconds(deed.4 + 1));
        }
    }
}

#[test]
fn a_call_that_died_is_settled_whoever_the_trade_belongs_to() {
    let mut shop = Shop::open(Allocator::Platform, pos());
    let state = OutwardState::Dead { attempts: 3, at: shop.now, error: "refused".into() };
    shop.tell(&Command::SettleOutward { id: OutwardId(5), tid: Tid(99), state });
    assert_eq!(shop.rows, 1);
    let channel = Actor::Channel;
    let unknown = Command::LiftHold { tid: Tid(99), who: channel, holder: None };
    assert!(shop.ask(&unknown).is_err());
}
