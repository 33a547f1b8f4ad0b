//! Master data over the wire: stores and warehouses (white paper §6.1), bindings, tags, articles and mappings.
//!
//! What a change means for orders (a shut store, a new binding) is left as work.

use crate::command::{Outcome, Work};
use crate::goods::{Component, Item, Mapping, OmniTag, ScItem};
use crate::ids::{ItemId, LocationId, ScItemId, SkuId, WorkId};
use crate::order::file::TradeFile;
use crate::place::{Location, LocationKind, StoreStatus};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::service_settings::ServiceChange;
use crate::stock::cell::StockClass;
use crate::time::Timestamp;
use crate::world::{NewWork, World};

use super::report::{Finder, mapping_of};

/// §6.1.1. The merchant's code names the store: the same content again gives the same id.
pub(super) fn create_store(world: &mut World, asked: &Location) -> Result<Outcome, Refusal> {
    let LocationKind::Store { code, .. } = &asked.kind else {
        return Err(Refusal::WrongLocationKind { actual: "Warehouse", claimed: "Store" });
    };
    if let Some(known) = world.places.by_store_code(code) {
        let same = *known == Location { id: known.id, deleted: false, service: known.service.clone(), ..asked.clone() };
        return if same {
            Ok(Outcome::StoreCreated(known.id))
        } else {
            Err(Refusal::StoreCodeExists { code: code.clone() })
        };
    }
    let id = LocationId(world.mint.short());
    world.put_place(Location { id, deleted: false, ..asked.clone() });
    Ok(Outcome::StoreCreated(id))
}

/// §6.1.3.
pub(super) fn update_store(world: &mut World, asked: &Location, now: Timestamp) -> Result<Outcome, Refusal> {
    let known = world.places.live(asked.id).ok_or(Refusal::LocationNotFound { location: asked.id })?;
    let LocationKind::Store { code, .. } = &asked.kind else {
        return Err(Refusal::WrongLocationKind { actual: "Warehouse", claimed: "Store" });
    };
    if known.is_warehouse() {
        return Err(Refusal::WrongLocationKind { actual: "Warehouse", claimed: "Store" });
    }
    if world.places.by_store_code(code).is_some_and(|other| other.id != asked.id) {
        return Err(Refusal::StoreCodeExists { code: code.clone() });
    }
    let before = known.clone();
    replace_place(world, &before, Location { deleted: false, service: before.service.clone(), ..asked.clone() }, now);
    Ok(Outcome::Done)
}

/// A warehouse as the operator declares it, named by its code.
pub(super) fn declare_warehouse(world: &mut World, asked: &Location, now: Timestamp) -> Result<Outcome, Refusal> {
    let LocationKind::Warehouse { code } = &asked.kind else {
        return Err(Refusal::WrongLocationKind { actual: "Store", claimed: "Warehouse" });
    };
    match world.places.by_warehouse_code(code).cloned() {
        Some(before) => {
            let id = before.id;
            replace_place(
                world,
                &before,
                Location { id, deleted: false, service: before.service.clone(), ..asked.clone() },
                now,
            );
            Ok(Outcome::StoreCreated(id))
        }
        None => {
            let id = LocationId(world.mint.short());
            world.put_place(Location { id, deleted: false, ..asked.clone() });
            Ok(Outcome::StoreCreated(id))
        }
    }
}

fn replace_place(world: &mut World, before: &Location, after: Location, now: Timestamp) {
    if *before == after {
        return;
    }
    let (was_open, is_open) = (before.status == StoreStatus::Normal, after.status == StoreStatus::Normal);
    let (id, moved) = (after.id, before.hours != after.hours || before.point != after.point);
    world.put_place(after);
    if was_open && !is_open {
        leave(world, Work::StoreShut { location: id, round: 0 }, now);
    } else if is_open && (!was_open || moved) {
        leave(world, Work::StoreOpened { location: id, after: None }, now);
    }
}

/// A location's settings. Whatever they let in may serve what nobody could; what was offered before stays offered.
pub(super) fn set_service(
    world: &mut World,
    location: LocationId,
    change: &ServiceChange,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let known = world.places.live(location).ok_or(Refusal::LocationNotFound { location })?;
    let mut service = known.service.clone();
    service.apply(change.clone());
    if service != known.service {
        let after = Location { service, ..known.clone() };
        world.put_place(after);
        leave(world, Work::StoreOpened { location, after: None }, now);
    }
    Ok(Outcome::Done)
}

/// The merchant's settings changed: what nobody could serve is looked at again. It is the same whichever place is named.
pub(super) fn see_settings(world: &mut World, now: Timestamp) -> Outcome {
    let first = world.places.all().next().map(|place| place.id);
    if let Some(location) = first {
        leave(world, Work::StoreOpened { location, after: None }, now);
    }
    Outcome::Done
}

/// §6.1.4: all of them, or none. A deleted one is deleted.
pub(super) fn delete_stores(world: &mut World, locations: &[LocationId]) -> Result<Outcome, Refusal> {
    for id in locations {
        let known = world.places.get(*id).ok_or(Refusal::LocationNotFound { location: *id })?;
        if known.deleted {
            continue;
        }
        let occupancy = world.occupancy.get(id).cloned().unwrap_or_default();
        if occupancy.live_assignments > 0 || world.files.iter().any(|(_, file)| is_busy(file, *id)) {
            return Err(Refusal::StoreHasLiveAssignments { location: *id });
        }
        if occupancy.certain_units > 0 || got_certain_stock(world, *id) {
            return Err(Refusal::StoreHasCertainStock { location: *id });
        }
        let known = known.clone();
        world.put_place(Location { deleted: true, ..known });
    }
    Ok(Outcome::Done)
}

fn is_busy(file: &TradeFile, location: LocationId) -> bool {
    file.assignments.iter().any(|assignment| assignment.location == location && assignment.state.holds_stock())
}

/// Whether this group brought certain stock there after the occupancy was looked up.
fn got_certain_stock(world: &World, location: LocationId) -> bool {
    world
        .stock
        .entries()
        .iter()
        .filter(|entry| entry.cell.location == location && entry.cell.class == StockClass::Certain)
        .any(|entry| world.stock.cell(&entry.cell).is_some_and(|cell| cell.on_hand > 0))
}

/// §6.1.6. A store that may serve something new is a reason to look again at what nobody could serve.
pub(super) fn bind_item(
    world: &mut World,
    item: ItemId,
    locations: &[LocationId],
    bind: bool,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    // A deleted store can still be unbound; one that never was the seller's cannot.
    let known = |id: LocationId| if bind { world.places.live(id) } else { world.places.get(id) };
    if let Some(unknown) = locations.iter().find(|id| known(**id).is_none()) {
        return Err(Refusal::LocationNotFound { location: *unknown });
    }
    let listing = listing(world, item);
    let mut bound = listing.bound.clone();
    let mut newest = None;
    for location in locations {
        if !bind {
            bound.remove(location);
        } else if bound.insert(*location) {
            newest = Some(*location);
        }
    }
    if bound != listing.bound {
        world.items.put(item, Item { bound, ..listing });
    }
    // What nobody could serve is the same whichever store is named: one look is enough.
    if let Some(location) = newest {
        leave(world, Work::StoreOpened { location, after: None }, now);
    }
    Ok(Outcome::Done)
}

/// `item.tag.operate`, `items.marking`: tags, and who allocates and accepts for this listing.
pub(super) fn tag_item(
    world: &mut World,
    item: ItemId,
    tags: &[OmniTag],
    add: bool,
    roles: (Option<&Allocator>, Option<&Acceptor>),
) -> Outcome {
    let before = listing(world, item);
    let mut after = before.clone();
    for tag in tags {
        if add {
            after.tags.insert(*tag);
        } else {
            after.tags.remove(tag);
        }
    }
    if let Some(allocator) = roles.0 {
        after.allocator = Some(allocator.clone());
    }
    if let Some(acceptor) = roles.1 {
        after.acceptor = Some(acceptor.clone());
    }
    if after != before {
        world.items.put(item, after);
    }
    Outcome::Done
}

/// `scitem.add`. The merchant's code names the article: the same content again gives the same id.
pub(super) fn add_sc_item(
    world: &mut World,
    outer_code: &str,
    name: &str,
    combo: &[Component],
) -> Result<Outcome, Refusal> {
    for component in combo {
        match world.sc_items.get(&component.sc_item) {
            None => return Err(Refusal::ArticleNotFound { sc_item: component.sc_item }),
            Some(part) if !part.combo.is_empty() => {
                return Err(Refusal::ComboHasNoStock { sc_item: component.sc_item });
            }
            Some(_) if component.per_unit <= 0 => return Err(Refusal::QuantityNotPositive),
            Some(_) => {}
        }
    }
    if let Some(id) = Finder::default().find_by_code(world, outer_code) {
        let same = world.sc_items.get(&id).is_some_and(|known| known.name == name && known.combo == combo);
        return if same {
            Ok(Outcome::ScItemAdded(id))
        } else {
            Err(Refusal::OuterCodeExists { outer_code: outer_code.to_owned() })
        };
    }
    let id = ScItemId(world.mint.short());
    let article = ScItem { id, outer_code: outer_code.to_owned(), name: name.to_owned(), combo: combo.to_vec() };
    world.sc_items.put(id, article);
    Ok(Outcome::ScItemAdded(id))
}

/// `scitem.map.add`: the article by id, else by the merchant's code. Answers the article's code.
pub(super) fn map_item(
    world: &mut World,
    item: ItemId,
    sku: SkuId,
    sc_item: Option<ScItemId>,
    outer_code: Option<&str>,
) -> Result<Outcome, Refusal> {
    let code = outer_code.unwrap_or_default();
    let id = match sc_item {
        Some(id) => id,
        None => Finder::default()
            .find_by_code(world, code)
            .ok_or_else(|| Refusal::OuterCodeNotFound { outer_code: code.to_owned() })?,
    };
    let article = world.sc_items.get(&id).cloned().ok_or(Refusal::ArticleNotFound { sc_item: id })?;
    match mapping_of(world, item, sku) {
        Some(known) if known.sc_item != id => {
            return Err(Refusal::MappedElsewhere { sc_item: known.sc_item });
        }
        Some(_) => {}
        None => {
            let mut listing = listing(world, item);
            listing.skus.insert(sku, Mapping { sc_item: id, components: article.components() });
            world.items.put(item, listing);
        }
    }
    Ok(Outcome::Mapped { outer_code: article.outer_code })
}

/// `scitem.map.delete`: no listing maps to the article any more. Orders that were taken in keep what they had.
pub(super) fn unmap_article(world: &mut World, sc_item: ScItemId) -> Result<Outcome, Refusal> {
    if world.sc_items.get(&sc_item).is_none() {
        return Err(Refusal::ArticleNotFound { sc_item });
    }
    let mapped: Vec<Item> = world
        .items
        .iter()
        .filter(|(_, item)| item.skus.values().any(|mapping| mapping.sc_item == sc_item))
        .map(|(_, item)| item.clone())
        .collect();
    let mut mappings = 0;
    for mut item in mapped {
        let before = item.skus.len();
        item.skus.retain(|_, mapping| mapping.sc_item != sc_item);
        mappings += before - item.skus.len();
        world.items.put(item.id, item);
    }
    Ok(Outcome::Unmapped { mappings: i64::try_from(mappings).unwrap_or(i64::MAX) })
}

fn listing(world: &World, item: ItemId) -> Item {
    world.items.get(&item).cloned().unwrap_or_else(|| Item::unknown(item))
}

fn leave(world: &mut World, work: Work, now: Timestamp) {
    let id = WorkId(world.mint.long());
    world.journal.work(NewWork { id, work, made_at: now });
}
