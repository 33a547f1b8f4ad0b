//! Holds before payment: `astrolabe.stock.reserve` and `release`, and the clock that ends them.

use crate::command::{Outcome, ReserveAhead};
use crate::ids::{HoldKey, Oid, TMALL, Tid};
use crate::refusal::Refusal;
use crate::stock::book::{Change, Moment};
use crate::stock::deduct::Part;
use crate::stock::entry::{Cause, EntryKind};
use crate::stock::hold::{AheadHold, AheadPart, AheadState};
use crate::stock::holds::{Ledger, Owner};
use crate::time::{Millis, Timestamp};
use crate::world::{Names, World};

use super::report::mapping_of_line;

/// The longest that stock is held for somebody who has not paid.
pub const AHEAD_TTL_MAX: Millis = Millis::minutes(30);

/// What the command names.
pub(super) fn first_names(reserve: &ReserveAhead, names: &mut Names) {
    names.hold_keys.insert(reserve.key.clone());
    names.items.insert(reserve.item);
}

/// The articles that the listing takes.
pub(super) fn second_names(world: &World, reserve: &ReserveAhead, names: &mut Names) {
    if let Some(mapping) = mapping_of_line(world, reserve.item, reserve.sku) {
        names.sc_items.extend(mapping.components.iter().map(|component| component.sc_item));
    }
}

/// The articles that a hold lies in.
pub(super) fn second_names_of_key(world: &World, key: &HoldKey, names: &mut Names) {
    if let Some(hold) = world.ahead.get(key) {
        names.sc_items.extend(hold.parts.iter().map(|part| part.cell.sc_item));
    }
}

/// Holds units by default deduction, or refuses if there are too few in all. A repeat of the same key is answered and
/// changes nothing.
pub(super) fn reserve_ahead(world: &mut World, reserve: &ReserveAhead, now: Timestamp) -> Result<Outcome, Refusal> {
    if let Some(known) = world.ahead.get(&reserve.key) {
        return repeat(known, reserve);
    }
    if reserve.quantity <= 0 {
        return Err(Refusal::QuantityNotPositive);
    }
    if reserve.ttl > AHEAD_TTL_MAX {
        return Err(Refusal::HoldTooLong { most_minutes: AHEAD_TTL_MAX.0 / Millis::minutes(1).0 });
    }
    let mapping = mapping_of_line(world, reserve.item, reserve.sku).ok_or(Refusal::NotMapped { item: reserve.item })?;
    let sc_item = mapping.sc_item;
    let asking = Owner {
        // Nobody yet: whoever has paid before now goes first in the shortage queue.
        tid: Tid(i64::MAX),
        oid: Oid(i64::MAX),
        channel: TMALL,
        pay_time: now,
        components: mapping.components.clone(),
        avoid: Vec::new(),
        pickup: None,
    };
    let parts = {
        let World { stock, mint, places, .. } = world;
        Ledger { stock, mint, places, at: Moment::now(now) }.deduct(&asking, reserve.quantity)?
    };
    let cause = Cause::Ahead { key: reserve.key.clone() };
    for part in &parts {
        let change = Change { reserved: part.units, ..Change::default() };
        world.stock.post(part.cell, EntryKind::Reserve, change, &cause, Moment::now(now));
    }
    let hold = AheadHold {
        key: reserve.key.clone(),
        item: reserve.item,
        sku: reserve.sku,
        sc_item,
        quantity: reserve.quantity,
        state: AheadState::Held,
        parts: parts.into_iter().map(|Part { cell, units }| AheadPart { cell, units }).collect(),
        made_at: now,
        expires_at: now + reserve.ttl,
    };
    let expires_at = hold.expires_at;
    world.ahead.put(reserve.key.clone(), hold);
    Ok(Outcome::Reserved { expires_at, repeated: false })
}

fn repeat(known: &AheadHold, reserve: &ReserveAhead) -> Result<Outcome, Refusal> {
    let reused = |field| Err(Refusal::HoldKeyReused { key: reserve.key.clone(), field });
    if known.item != reserve.item {
        return reused("item_id");
    }
    if known.sku != reserve.sku {
        return reused("sku_id");
    }
    if known.quantity != reserve.quantity {
        return reused("quantity");
    }
    match known.state {
        AheadState::Held | AheadState::TakenOver { .. } => {
            Ok(Outcome::Reserved { expires_at: known.expires_at, repeated: true })
        }
        AheadState::Released | AheadState::Expired => Err(Refusal::HoldEnded { key: reserve.key.clone() }),
    }
}

/// The caller gives the hold up. Giving up what has ended is no error; giving up what an order line has is one.
pub(super) fn release_ahead(world: &mut World, key: &HoldKey, now: Timestamp) -> Result<Outcome, Refusal> {
    let hold = world.ahead.get(key).ok_or_else(|| Refusal::HoldNotFound { key: key.clone() })?;
    let quantity = hold.quantity;
    match hold.state {
        AheadState::Released => Ok(Outcome::Released { quantity }),
        AheadState::Expired => Ok(Outcome::Released { quantity: 0 }),
        AheadState::TakenOver { oid, .. } => Err(Refusal::HoldTakenOver { key: key.clone(), oid }),
        AheadState::Held => {
            end(world, key, EntryKind::Release, AheadState::Released, now);
            Ok(Outcome::Released { quantity })
        }
    }
}

/// The clock: ends the hold if its time has come and nobody took it over.
pub(super) fn expire_ahead(world: &mut World, key: &HoldKey, now: Timestamp) -> Outcome {
    if world.ahead.get(key).is_some_and(|hold| hold.expires_at <= now) {
        end_early(world, key, now);
    }
    Outcome::Done
}

/// Ends a hold before its time, if it still holds anything.
pub(super) fn end_early(world: &mut World, key: &HoldKey, now: Timestamp) {
    if world.ahead.get(key).is_some_and(|hold| hold.state == AheadState::Held) {
        end(world, key, EntryKind::Expire, AheadState::Expired, now);
    }
}

fn end(world: &mut World, key: &HoldKey, kind: EntryKind, state: AheadState, now: Timestamp) {
    let Some(hold) = world.ahead.get_mut(key) else { return };
    let cause = Cause::Ahead { key: key.clone() };
    for part in &hold.parts {
        let change = Change { reserved: part.units.saturating_neg(), ..Change::default() };
        world.stock.post(part.cell, kind, change, &cause, Moment::now(now));
    }
    hold.state = state;
}
