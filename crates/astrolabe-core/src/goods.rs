//! Listings and articles: N `ItemSku` map to one `ScItem`, and stock hangs on the article alone (white paper §4.2).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{ItemId, LocationId, ScItemId, SkuId};
use crate::seller::{Acceptor, Allocator};

/// 全渠道标: what a listing offers beside ordinary shipping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OmniTag {
    /// `storeDeliver`: 门店发货.
    StoreDeliver,
    /// `storeCollect`: 门店自提.
    StoreCollect,
    /// `AllocateByFront`: 前置拆单.
    AllocateByFront,
    /// `TBKU`: 同步库存标.
    SyncStock,
}

/// One article in a listing: which, and how many units of it one unit sold takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Component {
    pub sc_item: ScItemId,
    pub per_unit: i64,
}

/// What one SKU of a listing maps to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mapping {
    pub sc_item: ScItemId,
    /// The articles whose stock one unit takes: `sc_item` itself, or a combo's components.
    pub components: Vec<Component>,
}

/// A listing with all that routing must know of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    pub id: ItemId,
    pub tags: BTreeSet<OmniTag>,
    /// Who allocates and who accepts for this item, where it differs from the seller's (§3, `omni_setting`).
    pub allocator: Option<Allocator>,
    pub acceptor: Option<Acceptor>,
    /// SKU → what it maps to. SKU 0 is the listing itself.
    pub skus: BTreeMap<SkuId, Mapping>,
    /// The stores that may serve it (§6.1.6). Warehouses need no binding.
    pub bound: BTreeSet<LocationId>,
}

impl Item {
    /// A listing of which nothing is known yet.
    pub fn unknown(id: ItemId) -> Self {
        Self {
            id,
            tags: BTreeSet::new(),
            allocator: None,
            acceptor: None,
            skus: BTreeMap::new(),
            bound: BTreeSet::new(),
        }
    }
}

/// An article as the merchant describes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScItem {
    pub id: ScItemId,
    /// ISV 系统中商品编码; unique per seller where given.
    pub outer_code: String,
    pub name: String,
    /// What a combo (组合货品) is made of; empty for a plain article.
    pub combo: Vec<Component>,
}

impl ScItem {
    /// The articles whose stock one unit takes: itself, or a combo's components.
    pub fn components(&self) -> Vec<Component> {
        if self.combo.is_empty() { vec![Component { sc_item: self.id, per_unit: 1 }] } else { self.combo.clone() }
    }
}
