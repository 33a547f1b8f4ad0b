//! What a command must have loaded: first what it names, then what those things point at. Two rounds for every command,
//! never a third.

use crate::command::{Command, Goods, SeenTrade};
use crate::ids::Tid;
use crate::outward::OutwardState;
use crate::world::{Names, World};

use super::{adjust, ahead, report, unreported, work};

/// What the command itself names.
pub fn first_names(command: &Command) -> Names {
    let mut names = Names::default();
    match command {
        Command::ReportStock(bills) => report::first_names(bills, &mut names),
        Command::AdjustHold(asked) => adjust::first_names(asked, &mut names),
        Command::ReserveAhead(reserve) => ahead::first_names(reserve, &mut names),
        Command::ReleaseAhead { key } | Command::ExpireAhead { key } => {
            names.hold_keys.insert(key.clone());
        }
        Command::SeeTrade(seen) => of_seen(seen, &mut names),
        Command::SettleOutward { tid, state, .. } => names.tids.extend(trade_of_dead(*tid, state)),
        Command::SettleFirst(first) => names.tids.extend(trade_of_dead(first.tid, &first.state)),
        Command::RegisterPush(_) | Command::UnregisterPush { .. } => {}
        Command::DoWork { work, .. } => work::first_names(work, &mut names),
        Command::DeleteStores(locations) => names.occupancy.extend(locations.iter().copied()),
        Command::BindItem { item, .. } | Command::TagItem { item, .. } => {
            names.items.insert(*item);
        }
        Command::AddScItem { outer_code, combo, .. } => {
            names.outer_codes.insert(outer_code.clone());
            names.sc_items.extend(combo.iter().map(|component| component.sc_item));
        }
        Command::MapItem { item, sc_item, outer_code, .. } => {
            names.items.insert(*item);
            names.sc_items.extend(*sc_item);
            names.outer_codes.extend(outer_code.clone());
        }
        Command::UnmapArticle { sc_item } => {
            names.sc_items.insert(*sc_item);
            names.mapped_to.insert(*sc_item);
        }
        Command::TakeException { id, .. } | Command::NoteException { id, .. } | Command::CloseException { id, .. } => {
            names.exceptions.insert(*id);
        }
        Command::JudgeUnreported { cell, .. } => {
            names.sc_items.insert(cell.sc_item);
        }
        Command::SeeSourceRow { .. }
        | Command::SeeSettings
        | Command::CreateStore(_)
        | Command::UpdateStore(_)
        | Command::DeclareWarehouse(_)
        | Command::SetService { .. } => {}
        Command::SeeRefund(_)
        | Command::SeeChannelConsign { .. }
        | Command::SyncAllocation(_)
        | Command::Accept(_)
        | Command::Refuse { .. }
        | Command::Ship { .. }
        | Command::AnswerCancel { .. }
        | Command::ReceiveReturn(_)
        | Command::ConfirmPickup { .. }
        | Command::StartTransfer(_)
        | Command::ReceiveTransfer { .. }
        | Command::SetOut(_)
        | Command::UseCode(_)
        | Command::ResendCodes { .. }
        | Command::SeeSigned { .. }
        | Command::RecordMilestone { .. }
        | Command::Reallocate(_)
        | Command::SetHold { .. }
        | Command::LiftHold { .. }
        | Command::ResendCall { .. }
        | Command::AskCancel { .. }
        | Command::LookAtClock { .. } => names.tids.extend(trade_of(command)),
    }
    names
}

/// A trade, its listings and the holds that its lines take over.
fn of_seen(seen: &SeenTrade, names: &mut Names) {
    names.tids.insert(seen.tid);
    for line in &seen.lines {
        names.items.insert(line.item);
        names.hold_keys.extend(line.reserve_key.clone());
    }
}

/// A call that was given up is a matter of its trade; any other leaves it alone.
fn trade_of_dead(tid: Tid, state: &OutwardState) -> Option<Tid> {
    match state {
        OutwardState::Dead { .. } => Some(tid),
        OutwardState::Pending { .. } | OutwardState::Delivered { .. } | OutwardState::Skipped { .. } => None,
    }
}

/// What the loaded things point at.
pub fn second_names(world: &World, command: &Command) -> Names {
    let mut names = Names::default();
    if let Some(tid) = trade_of(command) {
        of_trade(world, tid, &mut names);
    }
    match command {
        Command::ReportStock(bills) => report::second_names(world, bills, &mut names),
        Command::ReserveAhead(reserve) => ahead::second_names(world, reserve, &mut names),
        Command::ReleaseAhead { key } | Command::ExpireAhead { key } => {
            ahead::second_names_of_key(world, key, &mut names);
        }
        Command::SeeTrade(seen) => of_seen_lines(world, seen, &mut names),
        // Only what a push follows looks at the trade.
        Command::SettleFirst(first) if !world.push_users().is_empty() => {
            names.tids.insert(first.tid);
        }
        Command::DoWork { work, .. } => work::second_names(world, work, &mut names),
        Command::JudgeUnreported { cell, as_of } => unreported::second_names(world, *cell, *as_of, &mut names),
        Command::AdjustHold(asked) => match &asked.goods {
            Goods::Article(sc_item) => {
                names.sc_items.insert(*sc_item);
            }
            Goods::Listing { item, sku, .. } => of_listing(world, *item, *sku, &mut names),
        },
        Command::SeeRefund(_)
        | Command::SeeChannelConsign { .. }
        | Command::SyncAllocation(_)
        | Command::Accept(_)
        | Command::Refuse { .. }
        | Command::Ship { .. }
        | Command::AnswerCancel { .. }
        | Command::ReceiveReturn(_)
        | Command::ConfirmPickup { .. }
        | Command::StartTransfer(_)
        | Command::ReceiveTransfer { .. }
        | Command::SetOut(_)
        | Command::UseCode(_)
        | Command::ResendCodes { .. }
        | Command::SeeSigned { .. }
        | Command::RecordMilestone { .. }
        | Command::Reallocate(_)
        | Command::SetHold { .. }
        | Command::LiftHold { .. }
        | Command::LookAtClock { .. }
        | Command::SettleOutward { .. }
        | Command::ResendCall { .. }
        | Command::TakeException { .. }
        | Command::NoteException { .. }
        | Command::CloseException { .. }
        | Command::SeeSourceRow { .. }
        | Command::AskCancel { .. }
        | Command::SeeSettings
        | Command::SettleFirst(_)
        | Command::RegisterPush(_)
        | Command::UnregisterPush { .. }
        | Command::CreateStore(_)
        | Command::UpdateStore(_)
        | Command::DeclareWarehouse(_)
        | Command::SetService { .. }
        | Command::DeleteStores(_)
        | Command::BindItem { .. }
        | Command::TagItem { .. }
        | Command::AddScItem { .. }
        | Command::MapItem { .. }
        | Command::UnmapArticle { .. } => {}
    }
    names
}

/// What the lines of a trade want: their listings' articles and the holds that they take over.
fn of_seen_lines(world: &World, seen: &SeenTrade, names: &mut Names) {
    for line in &seen.lines {
        of_listing(world, line.item, line.sku, names);
        if let Some(key) = &line.reserve_key {
            ahead::second_names_of_key(world, key, names);
        }
    }
}

/// The trade that the command is about, if it is about one.
fn trade_of(command: &Command) -> Option<Tid> {
    match command {
        Command::AdjustHold(asked) => Some(asked.tid),
        Command::SeeTrade(seen) => Some(seen.tid),
        Command::SeeRefund(seen) => Some(seen.tid),
        Command::SyncAllocation(sync) => Some(sync.tid),
        Command::Accept(answer)
        | Command::Refuse { answer, .. }
        | Command::Ship { answer, .. }
        | Command::AnswerCancel { answer, .. }
        | Command::ReceiveReturn(answer)
        | Command::ConfirmPickup { answer, .. }
        | Command::StartTransfer(answer)
        | Command::ReceiveTransfer { answer, .. }
        | Command::RecordMilestone { answer, .. } => Some(answer.tid),
        Command::SetOut(asked) => Some(asked.tid),
        Command::UseCode(asked) => Some(asked.tid),
        Command::Reallocate(asked) => Some(asked.tid),
        Command::SeeChannelConsign { tid, .. }
        | Command::ResendCodes { tid, .. }
        | Command::SeeSigned { tid, .. }
        | Command::SetHold { tid, .. }
        | Command::LiftHold { tid, .. }
        | Command::ResendCall { tid, .. }
        | Command::AskCancel { tid, .. }
        | Command::LookAtClock { tid } => Some(*tid),
        Command::DoWork { work, .. } => work::trade_of(work),
        // A settled call looks at the trade's own clock alone.
        Command::SettleOutward { .. }
        | Command::SettleFirst(_)
        | Command::RegisterPush(_)
        | Command::UnregisterPush { .. }
        | Command::ReportStock(_)
        | Command::ReserveAhead(_)
        | Command::ReleaseAhead { .. }
        | Command::ExpireAhead { .. }
        | Command::TakeException { .. }
        | Command::NoteException { .. }
        | Command::CloseException { .. }
        | Command::SeeSourceRow { .. }
        | Command::JudgeUnreported { .. }
        | Command::SeeSettings
        | Command::CreateStore(_)
        | Command::UpdateStore(_)
        | Command::DeclareWarehouse(_)
        | Command::SetService { .. }
        | Command::DeleteStores(_)
        | Command::BindItem { .. }
        | Command::TagItem { .. }
        | Command::AddScItem { .. }
        | Command::MapItem { .. }
        | Command::UnmapArticle { .. } => None,
    }
}

/// A trade's listings (who is bound to them) and all articles its lines take or hold.
fn of_trade(world: &World, tid: Tid, names: &mut Names) {
    let Some(file) = world.files.get(&tid) else { return };
    for line in &file.trade.sub_orders {
        names.items.insert(line.item);
        names.sc_items.extend(line.components.iter().map(|component| component.sc_item));
        if line.components.is_empty() {
            of_listing(world, line.item, line.sku, names);
        }
        if let Some(told) = line.told.as_ref().filter(|told| told.stands_out) {
            names.items.insert(told.item);
            of_listing(world, told.item, told.sku, names);
        }
    }
    // A place that is only held may be given back on a day of its own.
    let places = file.assignments.iter().filter_map(|assignment| assignment.day_place);
    names.days.extend(places.filter(|place| !place.confirmed).map(|place| place.day));
    names.sc_items.extend(file.reservations.iter().map(|held| held.cell.sc_item));
}

fn of_listing(world: &World, item: crate::ids::ItemId, sku: crate::ids::SkuId, names: &mut Names) {
    if let Some(mapping) = report::mapping_of_line(world, item, sku) {
        names.sc_items.extend(mapping.components.iter().map(|component| component.sc_item));
    }
}
