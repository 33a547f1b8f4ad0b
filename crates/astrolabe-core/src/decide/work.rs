//! What a decision means for other orders: rows left at the end of a command, and done later as commands of their own,
//! so that no command loads more than it names in two rounds. Oldest first, at most a few hundred at a time.

use crate::command::{Outcome, Work};
use crate::exception::{ExceptionKind, Subject};
use crate::ids::{LocationId, ReservationId, Tid, WorkId};
use crate::order::assignment::AssignmentState;
use crate::order::file::TradeFile;
use crate::order::machine::Event;
use crate::order::timeline::Actor;
use crate::order::trade::Delivery;
use crate::refusal::Refusal;
use crate::service_settings::Service;
use crate::stock::book::Moment;
use crate::stock::cell::{CellKey, StockCell, StockClass};
use crate::stock::deduct::{QueuePlace, Sources};
use crate::stock::held::{HeldUnits, Which};
use crate::stock::hold::{HolderKind, HolderName, Role};
use crate::time::Timestamp;
use crate::world::{HOLDERS_MAX, Names, NewWork, OCCUPANTS_MAX, TradePlace, WAITING_MAX, World};

use super::ahead;
use super::capacity::places_left;
use super::case::Case;
use super::exceptions::raise;
use super::push;
use super::route::{self, Why};

/// Most waiting sub-orders that one piece of work wakes.
const WOKEN_MAX: usize = 200;

/// Most waiting trades that one look at a freed place considers: their files are loaded for it.
const CANDIDATES_MAX: usize = 50;

/// Most rounds in which one short cell or one shut store is looked at again, [`HOLDERS_MAX`] holders or
/// [`OCCUPANTS_MAX`] trades each: more than there are. It bounds a fault of ours alone.
const ROUNDS_MAX: u32 = 100;

/// What a piece of work names.
pub(super) fn first_names(work: &Work, names: &mut Names) {
    match work {
        Work::StockRisen { sc_item, .. } => {
            names.sc_items.insert(*sc_item);
        }
        Work::ServeWaiting { tid } | Work::WithdrawOffers { tid, .. } => {
            names.tids.insert(*tid);
        }
        Work::CellShort { cell, .. } => {
            names.sc_items.insert(cell.sc_item);
            names.holders.insert(*cell);
        }
        Work::FreeHold { cell, who } => {
            names.sc_items.insert(cell.sc_item);
            match who {
                HolderName::Trade { tid, .. } => {
                    names.tids.insert(*tid);
                }
                HolderName::Ahead { key } => {
                    names.hold_keys.insert(key.clone());
                }
            }
        }
        Work::StoreShut { location, .. } => {
            names.occupancy.insert(*location);
        }
        Work::StoreOpened { after, .. } | Work::PlaceFreed { after, .. } => {
            names.waiting_after.insert(*after);
        }
        Work::PushHistory { place, .. } => {
            names.history.insert(*place);
        }
        Work::PushAgain { tid, .. } => {
            names.tids.insert(*tid);
        }
    }
}

/// The trade whose needs must be loaded in the second round, if the work is about one.
pub(super) fn trade_of(work: &Work) -> Option<Tid> {
    match work {
        Work::ServeWaiting { tid }
        | Work::WithdrawOffers { tid, .. }
        | Work::FreeHold { who: HolderName::Trade { tid, .. }, .. } => Some(*tid),
        Work::FreeHold { who: HolderName::Ahead { .. }, .. }
        | Work::StockRisen { .. }
        | Work::CellShort { .. }
        | Work::StoreShut { .. }
        | Work::StoreOpened { .. }
        | Work::PlaceFreed { .. }
        | Work::PushHistory { .. }
        | Work::PushAgain { .. } => None,
    }
}

/// What the named things point at, beside the trade's own needs.
pub(super) fn second_names(world: &World, work: &Work, names: &mut Names) {
    match work {
        Work::FreeHold { who: HolderName::Ahead { key }, .. } => {
            ahead::second_names_of_key(world, key, names);
        }
        Work::PlaceFreed { after, .. } => names.tids.extend(candidates(world, *after).map(|place| place.tid)),
        Work::FreeHold { who: HolderName::Trade { .. }, .. }
        | Work::ServeWaiting { .. }
        | Work::WithdrawOffers { .. }
        | Work::StockRisen { .. }
        | Work::CellShort { .. }
        | Work::StoreShut { .. }
        | Work::StoreOpened { .. }
        | Work::PushHistory { .. }
        | Work::PushAgain { .. } => {}
    }
}

/// Turns what the running command did to stock into work: units that somebody waits for, and cells that hold more than
/// they have. Called at the end of every command that is kept.
pub(crate) fn leave_work(world: &mut World, now: Timestamp) {
    let wakes = |world: &World, sc_item| {
        world.stock.article(sc_item).is_some_and(|article| !article.waiting().is_empty())
            && promises_anything(world, sc_item)
    };
    let risen: Vec<_> = world.stock.risen().iter().copied().filter(|sc_item| wakes(world, *sc_item)).collect();
    let short: Vec<_> = world.stock.newly_short().collect();
    for sc_item in risen {
        leave(world, Work::StockRisen { sc_item, after: None }, now);
    }
    for cell in short {
        leave(world, Work::CellShort { cell, round: 0 }, now);
    }
    super::unreported::watch(world, now);
    super::exceptions::of_stock(world, now);
}

/// Cells whose holders have become of a lesser kind are looked at again, if they are short.
pub(super) fn recheck(world: &mut World, cells: impl IntoIterator<Item = CellKey>, now: Timestamp) {
    for cell in cells {
        if is_short(world, cell) {
            leave(world, Work::CellShort { cell, round: 0 }, now);
        }
    }
}

fn promises_anything(world: &World, sc_item: crate::ids::ScItemId) -> bool {
    let sources = everywhere(world);
    world.stock.article(sc_item).is_some_and(|article| {
        let mut cells = [StockClass::Certain, StockClass::Uncertain]
            .into_iter()
            .flat_map(|class| sources.largest_first(article, class));
        cells.next().is_some()
    })
}

fn everywhere(world: &World) -> Sources<'_> {
    Sources { stock: &world.stock, places: &world.places, channel: crate::ids::TMALL, avoid: &[], pickup: None }
}

fn leave(world: &mut World, work: Work, now: Timestamp) {
    let id = WorkId(world.mint.long());
    world.journal.work(NewWork { id, work, made_at: now });
}

/// Does a piece of work. Work that has nothing left to do is done.
pub(super) fn do_work(world: &mut World, id: WorkId, work: &Work, now: Timestamp) -> Result<Outcome, Refusal> {
    match work {
        Work::StockRisen { sc_item, after } => wake(world, *sc_item, *after, now),
        Work::ServeWaiting { tid } => serve_waiting(world, *tid, now)?,
        Work::CellShort { cell, round } => choose_holders(world, *cell, *round, now),
        Work::FreeHold { cell, who } => free_hold(world, *cell, who, now)?,
        Work::StoreShut { location, round } => shut(world, *location, *round, now),
        Work::WithdrawOffers { tid, location } => withdraw_offers(world, *tid, *location, now)?,
        Work::StoreOpened { location, after } => opened(world, *location, *after, now),
        Work::PlaceFreed { location, service, after } => place_freed(world, *location, *service, *after, now),
        Work::PushHistory { app, place } => push::push_history(world, app, *place, now),
        Work::PushAgain { app, tid } => push::push_again(world, app, *tid, now),
    }
    world.journal.work_done(id);
    Ok(Outcome::Done)
}

/// Lets who waits for an article try again, longest waiting first, until as many units are asked for as there are. The
/// rest is looked at once these have had their turn: some of them may not be able to take what there is.
fn wake(world: &mut World, sc_item: crate::ids::ScItemId, after: Option<QueuePlace>, now: Timestamp) {
    if !promises_anything(world, sc_item) {
        return;
    }
    let Some(article) = world.stock.article(sc_item) else { return };
    let queue = || {
        let waiting = article.waiting().iter();
        waiting.skip_while(|waiting| after.is_some_and(|after| QueuePlace::of(waiting) <= after))
    };
    let wanted = queue().take(WOKEN_MAX).fold(0_i64, |sum, waiting| sum.saturating_add(waiting.units));
    let mut supply = everywhere(world).promisable_up_to(sc_item, wanted.max(1));
    let mut turn = Vec::new();
    for waiting in queue().take(WOKEN_MAX) {
        if supply <= 0 {
            break;
        }
        if waiting.units <= supply {
            supply -= waiting.units;
        }
        turn.push(QueuePlace::of(waiting));
    }
    let more = queue().nth(turn.len()).is_some();
    for place in &turn {
        leave(world, Work::ServeWaiting { tid: place.tid }, now);
    }
    if let (Some(last), true) = (turn.last(), more) {
        leave(world, Work::StockRisen { sc_item, after: Some(*last) }, now);
    }
}

fn open(world: &mut World, tid: Tid, now: Timestamp) -> Option<Case<'_>> {
    // A trade that is not there has nothing left to do.
    Case::open(world, tid, Actor::Platform, Moment::now(now)).ok()
}

fn serve_waiting(world: &mut World, tid: Tid, now: Timestamp) -> Result<(), Refusal> {
    let Some(mut case) = open(world, tid, now) else { return Ok(()) };
    route::hold_all(&mut case)?;
    route::serve(&mut case, Why::LookAgain, &[])?;
    case.close();
    Ok(())
}

fn is_short(world: &World, cell: CellKey) -> bool {
    world.stock.cell(&cell).is_some_and(StockCell::is_short)
}

/// Chooses whole reservations, kind by kind, newest first within a kind, until the missing units are covered; then has
/// the cell looked at again, because they may have changed by the time each is freed.
fn choose_holders(world: &mut World, cell: CellKey, round: u32, now: Timestamp) {
    let missing = world.stock.cell(&cell).map_or(0, |cell| cell.available().saturating_neg());
    if missing <= 0 || round >= ROUNDS_MAX {
        return;
    }
    let mut holders = world.holders.get(&cell).cloned().unwrap_or_default();
    holders.retain(|holder| holder.kind != HolderKind::Kept);
    holders.sort_by_key(crate::stock::hold::Holder::freeing_order);
    holders.truncate(HOLDERS_MAX);
    let mut covered = 0_i64;
    let mut chosen = Vec::new();
    for holder in holders {
        if covered >= missing {
            break;
        }
        covered = covered.saturating_add(holder.units);
        chosen.push(holder.who);
    }
    let any = !chosen.is_empty();
    if !any {
        // What is left is accepted, or a pickup: people have to find the goods.
        let detail = format!("{missing} units are missing for accepted orders");
        raise(world, ExceptionKind::ShortStock, Subject::Cell(cell), Some(cell.location), detail, now);
    }
    for who in chosen {
        leave(world, Work::FreeHold { cell, who }, now);
    }
    if any {
        leave(world, Work::CellShort { cell, round: round + 1 }, now);
    }
}

fn free_hold(world: &mut World, cell: CellKey, who: &HolderName, now: Timestamp) -> Result<(), Refusal> {
    if !is_short(world, cell) {
        return Ok(());
    }
    match who {
        HolderName::Ahead { key } => {
            ahead::end_early(world, key, now);
            Ok(())
        }
        HolderName::Trade { tid, reservation } => free_trade(world, cell, *tid, *reservation, now),
    }
}

fn free_trade(
    world: &mut World,
    cell: CellKey,
    tid: Tid,
    reservation: ReservationId,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some(mut case) = open(world, tid, now) else { return Ok(()) };
    let held = case.file.reservations.iter().find(|held| held.id == reservation && held.cell == cell).cloned();
    let Some(held) = held else { return Ok(()) };
    match (held.role, held.code) {
        (Role::Guard, code) => case.ledger(held.oid, |ledger, held, owner| {
            let guard = Which { cell: Some(cell), role: Some(Role::Guard), ..Which::default() };
            ledger.release_those(&mut HeldUnits::new(held), owner, code, guard);
        })?,
        (Role::Primary, None) => {
            case.ledger(held.oid, |ledger, held, owner| ledger.free_unassigned(held, owner, cell))?;
            route::hold(&mut case, held.oid)?;
        }
        (Role::Primary, Some(code)) => {
            let is_delivery = case.line(held.oid)?.delivery == Delivery::Ship;
            if is_delivery && case.assignment(code)?.state == AssignmentState::Notified {
                case.carry(code, Event::Withdraw)?;
                route::serve(&mut case, Why::New, &[])?;
            }
        }
    }
    case.close();
    Ok(())
}

fn shut(world: &mut World, location: LocationId, round: u32, now: Timestamp) {
    let still_shut = world
        .places
        .get(location)
        .is_some_and(|place| place.deleted || place.status != crate::place::StoreStatus::Normal);
    if !still_shut || round >= ROUNDS_MAX {
        return;
    }
    let notified = world.occupancy.get(&location).map(|there| there.notified.clone()).unwrap_or_default();
    let more = notified.len() >= OCCUPANTS_MAX;
    for tid in notified.into_iter().take(OCCUPANTS_MAX) {
        leave(world, Work::WithdrawOffers { tid, location }, now);
    }
    if more {
        leave(world, Work::StoreShut { location, round: round + 1 }, now);
    }
}

fn withdraw_offers(world: &mut World, tid: Tid, location: LocationId, now: Timestamp) -> Result<(), Refusal> {
    let Some(mut case) = open(world, tid, now) else { return Ok(()) };
    let offers: Vec<_> = case
        .file
        .assignments
        .iter()
        .filter(|offer| offer.location == location && offer.state == AssignmentState::Notified)
        .map(|offer| (offer.oid, offer.code))
        .collect();
    for (oid, code) in offers {
        // A pickup stays: the buyer chose the store, and only the buyer's answer changes that.
        if case.line(oid)?.delivery == Delivery::Ship {
            case.carry(code, Event::Withdraw)?;
        }
    }
    route::serve(&mut case, Why::New, &[])?;
    case.close();
    Ok(())
}

/// Everybody who waits tries again, so many at a time.
fn opened(world: &mut World, location: LocationId, after: Option<TradePlace>, now: Timestamp) {
    let turn = world.waiting_after.get(&after).cloned().unwrap_or_default();
    for place in &turn {
        leave(world, Work::ServeWaiting { tid: place.tid }, now);
    }
    if let Some(last) = turn.last().filter(|_| turn.len() >= WAITING_MAX) {
        leave(world, Work::StoreOpened { location, after: Some(*last) }, now);
    }
}

/// As many of those who wait as there are places try again, longest waiting first. Whether they took them is seen when they
/// have had their turn; then the next ones try.
fn place_freed(world: &mut World, location: LocationId, service: Service, after: Option<TradePlace>, now: Timestamp) {
    let left = places_left(world, location, service, now)
        .map_or(WAITING_MAX, |left| usize::try_from(left).unwrap_or(WAITING_MAX));
    if left == 0 {
        return;
    }
    let looked_at: Vec<TradePlace> = candidates(world, after).collect();
    let may_want =
        |place: &TradePlace| world.files.get(&place.tid).is_some_and(|file| wants_place(file, location, service));
    let turn: Vec<TradePlace> = looked_at.iter().copied().filter(may_want).take(left).collect();
    // Whoever was looked at and wants nothing there is not looked at again for this place.
    let last = if turn.len() < left { looked_at.last() } else { turn.last() }.copied();
    for place in &turn {
        leave(world, Work::ServeWaiting { tid: place.tid }, now);
    }
    let known = world.waiting_after.get(&after).map_or(&[][..], Vec::as_slice);
    let more = known.last().copied() > last || known.len() >= WAITING_MAX;
    if let (Some(last), true) = (last, more) {
        leave(world, Work::PlaceFreed { location, service, after: Some(last) }, now);
    }
}

/// Whom one look at a freed place considers.
fn candidates(world: &World, after: Option<TradePlace>) -> impl Iterator<Item = TradePlace> {
    world.waiting_after.get(&after).into_iter().flatten().copied().take(CANDIDATES_MAX)
}

/// Whether a line waits that the location has not refused, and that could take a place of the service there.
fn wants_place(file: &TradeFile, location: LocationId, service: Service) -> bool {
    file.trade.sub_orders.iter().filter(|line| line.awaits_allocation()).any(|line| match line.delivery {
        Delivery::Ship => service == Service::Delivery && !line.is_excluded(location),
        Delivery::Pickup { store } => service == Service::Pickup && store == location,
    })
}
