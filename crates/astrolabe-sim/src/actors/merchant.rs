//! The merchant beside his stores: the allocating app, his stock reports, his service staff and operator, his settings.

use astrolabe_core::command::{Bill, BillKind, Command, Goods, ReserveAhead, SyncStatus};
use astrolabe_core::goods::OmniTag;
use astrolabe_core::ids::{BillNum, HoldKey, ItemId, LocationId, Oid, ScItemId, SkuId, Tid};
use astrolabe_core::order::timeline::Actor;
use astrolabe_core::place::{Location, StoreStatus};
use astrolabe_core::service_settings::ServiceChange;
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::time::{Millis, Timestamp};

use super::channel::store_ids;
use super::{choose, choose_new};
use crate::chance::Chance;
use crate::letters;
use crate::scenario;
use crate::step::{MerchantDeed, Step};
use crate::town::Shop;

const KINDS: [BillKind; 4] = [BillKind::Initial, BillKind::Included, BillKind::Excluded, BillKind::Balance];

pub(super) fn act(shop: &mut Shop, deed: MerchantDeed, step: &Step, now: Timestamp) -> Option<Command> {
    match deed {
        MerchantDeed::Allocate => allocate(shop, step, SyncStatus::Allocated, now),
        MerchantDeed::FailToAllocate => {
            let status = if step.third.is_multiple_of(3) { SyncStatus::Waiting } else { SyncStatus::Failed };
            allocate(shop, step, status, now)
        }
        MerchantDeed::Adjust => adjust(shop, step),
        MerchantDeed::AppReallocates => reallocate(shop, step, letters::app(&scenario::allocator())),
        MerchantDeed::Reallocate => reallocate(shop, step, letters::operator()),
        MerchantDeed::Report => Some(report(shop, step, now)),
        MerchantDeed::ReserveAhead => Some(reserve(shop, step)),
        MerchantDeed::ReleaseAhead => {
            let keys: Vec<HoldKey> = shop.channel.hold_keys.iter().cloned().collect();
            choose(&keys, step.first).map(|key| Command::ReleaseAhead { key: key.clone() })
        }
        MerchantDeed::ShutOrOpen => shut_or_open(shop, step),
        MerchantDeed::SetService => set_service(shop, step),
        MerchantDeed::Bind => Some(Command::BindItem {
            item: ItemId(100),
            locations: vec![*choose(&store_ids(shop), step.second)?],
            bind: step.third.is_multiple_of(2),
        }),
        MerchantDeed::Tag => Some(Command::TagItem {
            item: ItemId(if step.second.is_multiple_of(2) { 110 } else { 200 }),
            tags: vec![OmniTag::StoreDeliver],
            add: step.third.is_multiple_of(2),
            allocator: None,
            acceptor: None,
        }),
        MerchantDeed::HoldBack => {
            let tid = *choose_new(&tids(shop), step.first)?;
            let until = (!step.second.is_multiple_of(3)).then(|| now + Millis::minutes(i64::from(step.second % 40)));
            Some(Command::SetHold { tid, who: letters::operator(), why: "asks for a change".to_owned(), until })
        }
        MerchantDeed::LetGo => {
            let tid = *choose_new(&tids(shop), step.first)?;
            Some(Command::LiftHold { tid, who: letters::operator(), holder: None })
        }
    }
}

fn tids(shop: &Shop) -> Vec<Tid> {
    shop.keep.trades.keys().copied().collect()
}

fn place_ids(shop: &Shop) -> Vec<LocationId> {
    shop.merchant.places.iter().map(|place| place.id).collect()
}

/// The app answers for a trade that it was asked about: some of its lines, to places it likes.
fn allocate(shop: &mut Shop, step: &Step, status: SyncStatus, now: Timestamp) -> Option<Command> {
    let tid = *choose_new(&shop.minds.asked, step.first)?;
    let places = place_ids(shop);
    let trade = shop.channel.trades.get(&tid)?;
    let lines: Vec<(Oid, SyncStatus, Option<LocationId>)> = trade
        .lines
        .iter()
        .enumerate()
        .filter(|(at, _)| step.third >> at & 7 != 0)
        .map(|(at, line)| {
            let choice = step.second.rotate_left(u32::try_from(at).unwrap_or(0) * 5);
            (line.oid, status, choose(&places, choice).copied())
        })
        .collect();
    Some(letters::sync(tid, letters::app(&scenario::allocator()), &lines, now))
}

fn adjust(shop: &mut Shop, step: &Step) -> Option<Command> {
    let tid = *choose_new(&tids(shop), step.first)?;
    let line = choose(&shop.keep.trades[&tid].sub_orders, step.second)?.clone();
    let target = *choose(&place_ids(shop), step.third)?;
    let bill_num = BillNum(format!("J{}", if step.third.is_multiple_of(5) { 1 } else { shop.name() }));
    let who = match step.third % 3 {
        0 => letters::operator(),
        1 => letters::app(&scenario::allocator()),
        _ => letters::app(&scenario::pos()),
    };
    let mut asked = letters::adjust(tid, line.oid, line.item, target, bill_num, who);
    asked.class = class(step.second / 7);
    asked.quantity = line.quantity - i64::from(step.second.is_multiple_of(4));
    Some(Command::AdjustHold(asked))
}

fn reallocate(shop: &mut Shop, step: &Step, who: Actor) -> Option<Command> {
    let tid = *choose_new(&tids(shop), step.first)?;
    let oid = choose(&shop.keep.trades[&tid].sub_orders, step.second)?.oid;
    let sub_orders = if step.second.is_multiple_of(3) { Vec::new() } else { vec![oid] };
    let target = if step.third.is_multiple_of(2) { choose(&place_ids(shop), step.third / 2).copied() } else { None };
    let request = shop.name();
    let mut asked = letters::reallocate(tid, sub_orders, target, who, request);
    asked.force = step.third.is_multiple_of(7);
    Some(Command::Reallocate(asked))
}

fn class(choice: u32) -> StockClass {
    if choice.is_multiple_of(2) { StockClass::Certain } else { StockClass::Uncertain }
}

/// One or two bills. Some numbers come again: a repeat, or the number reused for something else.
fn report(shop: &mut Shop, step: &Step, now: Timestamp) -> Command {
    let places = place_ids(shop);
    let number = if step.third.is_multiple_of(6) { i64::from(step.third % 4) } else { 10 + shop.name() };
    let one = |choice: u32, number: i64| Bill {
        bill_num: BillNum(format!("R{number}")),
        location: choose(&places, choice).copied().unwrap_or(LocationId(1)),
        goods: goods(choice / 11),
        class: class(choice / 3),
        kind: KINDS[(choice / 5 % 4) as usize],
        quantity: i64::from(choice / 13 % 16) - 5,
        final_quantity: (choice.is_multiple_of(5)).then(|| i64::from(choice / 17 % 9)),
        // Reported later than counted, sometimes much later, sometimes by a clock that runs ahead.
        operated_at: Timestamp(now.0 - i64::from(choice / 19 % 7_000) + 500),
    };
    let mut bills = vec![one(step.first, number)];
    if step.second.is_multiple_of(3) {
        bills.push(one(step.second, number));
    }
    Command::ReportStock(bills)
}

fn goods(choice: u32) -> Goods {
    match choice % 4 {
        0 => Goods::Listing { item: ItemId(100), sku: SkuId(0), outer_code: String::new() },
        1 => Goods::Article(ScItemId(600)),
        _ => Goods::Article(ScItemId(500)),
    }
}

fn reserve(shop: &mut Shop, step: &Step) -> Command {
    let key = HoldKey(format!("K{}", step.first % 6));
    shop.channel.hold_keys.insert(key.clone());
    Command::ReserveAhead(ReserveAhead {
        key,
        item: ItemId([100, 110, 300, 400][(step.second % 4) as usize]),
        sku: SkuId(0),
        quantity: i64::from(step.third % 5),
        ttl: Millis::minutes(i64::from(step.third / 5 % 33)),
    })
}

fn shut_or_open(shop: &Shop, step: &Step) -> Option<Command> {
    let location = *choose(&place_ids(shop), step.first)?;
    let status = [StoreStatus::Normal, StoreStatus::Hold, StoreStatus::Normal, StoreStatus::Close];
    let known = shop.keep.places.get(&location)?.clone();
    Some(Command::UpdateStore(Box::new(Location { status: status[(step.third % 4) as usize], ..known })))
}

fn set_service(shop: &Shop, step: &Step) -> Option<Command> {
    let location = *choose(&place_ids(shop), step.first)?;
    let change = if step.third.is_multiple_of(4) {
        ServiceChange::Switches { delivers: !step.third.is_multiple_of(3), hands_out: !step.third.is_multiple_of(5) }
    } else {
        scenario::limits(&mut Chance::of(u64::from(step.second)))
    };
    Some(Command::SetService { location, change })
}
