//! Stock bills (white paper §6.2, §6.3): finds the article and the key of each, and lets the ledger judge it.
//!
//! Bills of one command are independent: good ones apply, the others get their refusal as a verdict. The command itself
//! always succeeds, because a failed bill is an event (it may leave a mark on its cell).

use std::collections::BTreeMap;

use crate::command::{Bill, BillVerdict, Goods, Outcome};
use crate::goods::{Component, Item, Mapping, ScItem};
use crate::ids::{ItemId, ScItemId, SkuId, TMALL};
use crate::refusal::Refusal;
use crate::stock::cell::CellKey;
use crate::stock::report::{Report, committed_after, is_snapshot};
use crate::time::Timestamp;
use crate::world::{BillKey, BillRecord, Names, World};

/// What the bills name.
pub(super) fn first_names(bills: &[Bill], names: &mut Names) {
    for bill in bills {
        names.bill_nums.insert(bill.bill_num.clone());
        name_goods(&bill.goods, names);
    }
}

/// What an article or a listing names.
pub(super) fn name_goods(goods: &Goods, names: &mut Names) {
    match goods {
        Goods::Article(sc_item) => {
            names.sc_items.insert(*sc_item);
        }
        Goods::Listing { item, outer_code, .. } => {
            names.items.insert(*item);
            if !outer_code.is_empty() {
                names.outer_codes.insert(outer_code.clone());
            }
        }
    }
}

/// What the named things point at: the articles of listings, and what was committed after a snapshot's time.
pub(super) fn second_names(world: &World, bills: &[Bill], names: &mut Names) {
    let mut finder = Finder::default();
    for bill in bills {
        if let Some(sc_item) = finder.find(world, &bill.goods) {
            names.sc_items.insert(sc_item);
            if is_snapshot(bill, world.seller.settings.final_quantity) {
                names.committed_after.insert((cell_of(bill, sc_item), bill.operated_at.second()));
            }
        }
    }
}

/// Judges bills in their order.
pub(super) fn report_stock(world: &mut World, bills: &[Bill], now: Timestamp) -> Outcome {
    let mut finder = Finder::default();
    let verdicts = bills
        .iter()
        .map(|bill| BillVerdict {
            bill_num: bill.bill_num.clone(),
            refused: judge(world, &mut finder, bill, now).err(),
        })
        .collect();
    Outcome::Bills(verdicts)
}

fn judge(world: &mut World, finder: &mut Finder, bill: &Bill, now: Timestamp) -> Result<(), Refusal> {
    let known = finder.find(world, &bill.goods);
    if let Some(applied) = known.and_then(|sc_item| world.bills.get(&key_of(bill, sc_item))) {
        return same_content(applied, bill);
    }
    if world.places.live(bill.location).is_none() {
        return Err(Refusal::LocationNotFound { location: bill.location });
    }
    let sc_item = finder.find_or_make(world, &bill.goods)?;
    let cell = cell_of(bill, sc_item);
    let second = bill.operated_at.second();
    let saved = world.committed_after.get(&(cell, second)).copied().unwrap_or(0);
    let report = Report {
        bill,
        cell,
        committed_since: saved.saturating_add(committed_after(world.stock.entries(), cell, second)),
        policy: world.seller.settings.final_quantity,
    };
    let book_change = report.apply(&mut world.stock, now)?;
    world.bills.put(
        key_of(bill, sc_item),
        BillRecord {
            kind: bill.kind,
            quantity: bill.quantity,
            final_quantity: bill.final_quantity,
            book_change,
            operated_at: bill.operated_at,
            applied_at: now,
        },
    );
    Ok(())
}

/// A repeat is answered as at its first coming; another content under the same key is refused.
fn same_content(applied: &BillRecord, bill: &Bill) -> Result<(), Refusal> {
    let differs = if applied.kind != bill.kind {
        Some("type")
    } else if applied.quantity != bill.quantity {
        Some("quantity")
    } else if applied.final_quantity != bill.final_quantity {
        Some("finalQuantity")
    } else {
        None
    };
    differs.map_or(Ok(()), |field| Err(Refusal::BillReused { field }))
}

fn key_of(bill: &Bill, sc_item: ScItemId) -> BillKey {
    BillKey { bill_num: bill.bill_num.clone(), location: bill.location, sc_item, class: bill.class }
}

fn cell_of(bill: &Bill, sc_item: ScItemId) -> CellKey {
    CellKey::of(sc_item, bill.location, bill.class, TMALL)
}

/// Finds articles by what a bill says. The index of the merchant's codes is built when a listing without a mapping
/// first needs it, once per command.
#[derive(Debug, Default)]
pub(super) struct Finder {
    by_code: Option<BTreeMap<String, ScItemId>>,
}

impl Finder {
    /// The article, if there is one.
    pub(super) fn find(&mut self, world: &World, goods: &Goods) -> Option<ScItemId> {
        match goods {
            Goods::Article(sc_item) => Some(*sc_item),
            Goods::Listing { item, sku, outer_code } => match mapping_of(world, *item, *sku) {
                Some(mapping) => Some(mapping.sc_item),
                None => self.find_by_code(world, outer_code),
            },
        }
    }

    /// The article with the merchant's code, among those that are loaded.
    pub(super) fn find_by_code(&mut self, world: &World, outer_code: &str) -> Option<ScItemId> {
        if outer_code.is_empty() {
            return None;
        }
        let index = self.by_code.get_or_insert_with(|| {
            world
                .sc_items
                .iter()
                .filter(|(_, sc_item)| !sc_item.outer_code.is_empty())
                .map(|(id, sc_item)| (sc_item.outer_code.clone(), *id))
                .collect()
        });
        index.get(outer_code).copied()
    }

    /// The plain article that reports are for. Scheme 2: a listing seen for the first time gets an article of its own
    /// and a mapping to it (or to the article that has its code already: codes are unique).
    fn find_or_make(&mut self, world: &mut World, goods: &Goods) -> Result<ScItemId, Refusal> {
        let found = self.find(world, goods);
        if let Some(sc_item) = found {
            match world.sc_items.get(&sc_item) {
                Some(article) if article.combo.is_empty() => {}
                Some(_) => return Err(Refusal::ComboHasNoStock { sc_item }),
                None => return Err(Refusal::ArticleNotFound { sc_item }),
            }
        }
        match goods {
            Goods::Article(sc_item) => Ok(*sc_item),
            Goods::Listing { item, sku, outer_code } => {
                if mapping_of(world, *item, *sku).is_none() {
                    let sc_item = found.unwrap_or_else(|| self.make(world, outer_code));
                    map(world, *item, *sku, sc_item);
                    return Ok(sc_item);
                }
                found.ok_or(Refusal::NotMapped { item: *item })
            }
        }
    }

    fn make(&mut self, world: &mut World, outer_code: &str) -> ScItemId {
        let id = ScItemId(world.mint.short());
        let name = outer_code.to_owned();
        world.sc_items.put(id, ScItem { id, outer_code: name.clone(), name, combo: Vec::new() });
        if let (Some(index), false) = (&mut self.by_code, outer_code.is_empty()) {
            index.insert(outer_code.to_owned(), id);
        }
        id
    }
}

/// What a listing's SKU maps to. SKU 0 is the listing itself.
pub(super) fn mapping_of(world: &World, item: ItemId, sku: SkuId) -> Option<&Mapping> {
    world.items.get(&item).and_then(|item| item.skus.get(&sku))
}

/// What an order line maps to: its SKU, else the listing itself.
pub(super) fn mapping_of_line(world: &World, item: ItemId, sku: SkuId) -> Option<&Mapping> {
    mapping_of(world, item, sku).or_else(|| mapping_of(world, item, SkuId(0)))
}

fn map(world: &mut World, item: ItemId, sku: SkuId, sc_item: ScItemId) {
    if world.items.get(&item).is_none() {
        world.items.put(item, Item::unknown(item));
    }
    if let Some(listing) = world.items.get_mut(&item) {
        let components = vec![Component { sc_item, per_unit: 1 }];
        listing.skus.insert(sku, Mapping { sc_item, components });
    }
}
