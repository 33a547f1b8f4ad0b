//! Sellers, places, listings and articles as columns.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use astrolabe_core::goods::{Item, Mapping, OmniTag, ScItem};
use astrolabe_core::ids::{ItemId, LocationId, ScItemId, SellerId, SkuId};
use astrolabe_core::place::Location;
use astrolabe_core::seller::{Acceptor, Allocator, Seller};

use crate::error::StoreError;
use crate::rows::{Fields, from_doc};

/// What a listing says of itself; its SKUs and bindings are rows of their own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ItemDoc {
    tags: BTreeSet<OmniTag>,
    allocator: Option<Allocator>,
    acceptor: Option<Acceptor>,
}

pub(crate) fn item_doc(item: &Item) -> ItemDoc {
    ItemDoc { tags: item.tags.clone(), allocator: item.allocator.clone(), acceptor: item.acceptor.clone() }
}

/// The tags of the listing in a document column.
pub(crate) fn item_tags(row: &impl Fields, column: usize) -> Result<BTreeSet<OmniTag>, StoreError> {
    let doc: ItemDoc = from_doc(&row.text(column)?)?;
    Ok(doc.tags)
}

/// A seller: id, nick, settings.
pub(crate) fn seller(row: &impl Fields) -> Result<Seller, StoreError> {
    Ok(Seller { id: SellerId(row.int(0)?), nick: row.text(1)?, settings: from_doc(&row.text(2)?)? })
}

/// The location in a document column.
pub(crate) fn location(row: &impl Fields, column: usize) -> Result<Location, StoreError> {
    from_doc(&row.text(column)?)
}

/// An article: id, outer code, name, combo.
pub(crate) fn sc_item(row: &impl Fields) -> Result<ScItem, StoreError> {
    Ok(ScItem {
        id: ScItemId(row.int(0)?),
        outer_code: row.text(1)?,
        name: row.text(2)?,
        combo: from_doc(&row.text(3)?)?,
    })
}

/// What an SKU maps to: item, SKU, article, components.
pub(crate) fn mapping(row: &impl Fields) -> Result<((ItemId, SkuId), Mapping), StoreError> {
    let key = (ItemId(row.int(0)?), SkuId(row.int(1)?));
    Ok((key, Mapping { sc_item: ScItemId(row.int(2)?), components: from_doc(&row.text(3)?)? }))
}

/// Puts listings, SKUs and bindings together. Rows of listings that are not there are dropped with them.
#[derive(Debug, Default)]
pub(crate) struct ItemGather {
    items: BTreeMap<ItemId, Item>,
}

impl ItemGather {
    pub(crate) fn item(&mut self, id: ItemId, doc: &str) -> Result<(), StoreError> {
        let doc: ItemDoc = from_doc(doc)?;
        let item = Item { tags: doc.tags, allocator: doc.allocator, acceptor: doc.acceptor, ..Item::unknown(id) };
        self.items.insert(id, item);
        Ok(())
    }

    pub(crate) fn sku(&mut self, ((item, sku), mapping): ((ItemId, SkuId), Mapping)) {
        if let Some(item) = self.items.get_mut(&item) {
            item.skus.insert(sku, mapping);
        }
    }

    pub(crate) fn bound(&mut self, item: ItemId, location: LocationId) {
        if let Some(item) = self.items.get_mut(&item) {
            item.bound.insert(location);
        }
    }

    pub(crate) fn finish(self) -> Vec<Item> {
        self.items.into_values().collect()
    }
}
