//! Tells the platform about a merchant, over the wire: stores, tags and bindings of listings, first stock. Each call may be
//! repeated, so seeding twice changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrolabe_protocol::client::Shape;
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, EpochMs, Fields};

use crate::bounded::for_each;
use crate::clock;
use crate::ids::{ItemId, Listing, Location, StoreId};
use crate::merchant::{Merchant, Shelf, Shop, StockLine};
use crate::wire::{CallError, Connector};

/// Calls at once.
const CALLS_AT_ONCE: usize = 16;
/// Most stores in one stock call (published).
const STORES_PER_CALL: usize = 20;
/// Most bills in one stock call: small enough for one group of the platform.
const BILLS_PER_CALL: usize = 500;
/// Main category of our shops: 品牌专卖店.
const MAIN_CATEGORY: i64 = 170_403;

/// Why a merchant could not be seeded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// A call failed.
    #[error("{what}: {error}")]
    Call {
        /// What was being done.
        what: String,
        /// How it failed.
        error: CallError,
    },
    /// The platform took a call and failed something in it.
    #[error("{what}: {why}")]
    Failed {
        /// What was being done.
        what: String,
        /// What it said.
        why: String,
    },
}

/// A merchant with the ids the platform gave.
#[derive(Debug, Clone)]
pub struct Seeded {
    /// The merchant.
    pub merchant: Arc<Merchant>,
    /// Store ids by shop index.
    pub stores: Vec<StoreId>,
}

impl Seeded {
    /// Where a stock line lies, as the wire names it.
    #[must_use]
    pub fn location(&self, shelf: Shelf) -> Location {
        match shelf {
            Shelf::Shop(index) => Location::Store(self.stores[index]),
            Shelf::Depot(index) => Location::Warehouse(self.merchant.depots[index].code.clone()),
        }
    }

    /// The merchant's stock by place and listing.
    #[must_use]
    pub fn stock(&self) -> BTreeMap<(Location, Listing), &StockLine> {
        self.merchant.stock.iter().map(|line| ((self.location(line.shelf), line.listing), line)).collect()
    }
}

/// Seeds it: stores by XML, tags and bindings by TOP forms, stock by XML again.
///
/// # Errors
/// [`SeedError`]: nothing is seeded by halves and called done.
pub async fn seed_over_wire(connector: &Connector, merchant: Arc<Merchant>) -> Result<Seeded, SeedError> {
    let stores = create_stores(connector, &merchant).await?;
    let seeded = Seeded { merchant, stores };
    list_items(connector, &seeded).await?;
    load_stock(connector, &seeded).await?;
    Ok(seeded)
}

async fn create_stores(connector: &Connector, merchant: &Arc<Merchant>) -> Result<Vec<StoreId>, SeedError> {
    for_each(CALLS_AT_ONCE, 0..merchant.shops.len(), |index| {
        let (connector, merchant) = (connector.clone(), Arc::clone(merchant));
        async move {
            let shop = &merchant.shops[index];
            let what = format!("create store {}", shop.code);
            let answer = done(
                &what,
                connector
                    .call_until_known("taobao.qimen.store.create", Shape::Qimen, &store_fields(shop, &merchant.nick))
                    .await,
            )?;
            let id =
                answer.fields().long("store_id").map_err(|error| SeedError::Failed { what, why: error.to_string() })?;
            Ok(StoreId(id))
        }
    })
    .await
}

/// Opening hours with equal ends mean always open: a rehearsal may run at night.
fn store_fields(shop: &Shop, company: &str) -> Fields {
    let district = shop.district;
    let address = Fields::new()
        .with("province", district.province)
        .with("city", district.city)
        .with("area", district.name)
        .with("detail_address", shop.detail_address.as_str());
    let keeper = Fields::new().with("name", "店长").with("tel", "021-00000000").with("mobile", "13800000000");
    Fields::new()
        .with("store_code", shop.code.0.as_str())
        .with("company_name", company)
        .with("store_name", shop.name.as_str())
        .with("store_type", "NORMAL")
        .with("main_category", MAIN_CATEGORY)
        .with("start_time", "00:00")
        .with("end_time", "00:00")
        .with("address", address)
        .with("store_status", "NORMAL")
        .with("store_keeper", keeper)
}

async fn list_items(connector: &Connector, seeded: &Seeded) -> Result<(), SeedError> {
    let bindings: Vec<(ItemId, Vec<i64>)> = seeded
        .merchant
        .shops_by_item()
        .into_iter()
        .map(|(item, shops)| (item, shops.into_iter().map(|index| seeded.stores[index].0).collect()))
        .collect();
    for_each(CALLS_AT_ONCE, bindings, |(item, stores)| {
        let connector = connector.clone();
        async move {
            let tag = Fields::new().with("item_id", item.0).with("types", vec!["storeDeliver"]).with("status", 1_i64);
            done(
                &format!("tag item {item}"),
                connector.call_until_known("taobao.omniorder.item.tag.operate", Shape::TopJson, &tag).await,
            )?;
            for part in stores.chunks(STORES_BOUND_PER_CALL) {
                let bind =
                    Fields::new().with("action_type", "ADD").with("item_id", item.0).with("store_ids", part.to_vec());
                done(
                    &format!("bind item {item}"),
                    connector.call_until_known("taobao.qimen.itemstore.banding", Shape::TopJson, &bind).await,
                )?;
            }
            Ok(())
        }
    })
    .await
    .map(drop)
}

/// Most stores one binding call takes (§6.1.6).
const STORES_BOUND_PER_CALL: usize = 200;

async fn load_stock(connector: &Connector, seeded: &Seeded) -> Result<(), SeedError> {
    let now = clock::now();
    let calls = stock_calls(seeded, now);
    for_each(CALLS_AT_ONCE, calls, |fields| {
        let connector = connector.clone();
        async move {
            done(
                "first stock",
                connector.call_until_known("taobao.qimen.storeinventory.iteminitial", Shape::Qimen, &fields).await,
            )?;
            Ok(())
        }
    })
    .await
    .map(drop)
}

fn stock_calls(seeded: &Seeded, at: EpochMs) -> Vec<Fields> {
    let mut by_place: BTreeMap<Shelf, Vec<&StockLine>> = BTreeMap::new();
    for line in &seeded.merchant.stock {
        by_place.entry(line.shelf).or_default().push(line);
    }
    let mut calls = Vec::new();
    let (mut stores, mut bills) = (Vec::new(), 0);
    for (shelf, lines) in by_place {
        for part in lines.chunks(BILLS_PER_CALL) {
            if stores.len() == STORES_PER_CALL || bills + part.len() > BILLS_PER_CALL {
                calls.push(stock_call(seeded, at, std::mem::take(&mut stores)));
                bills = 0;
            }
            bills += part.len();
            stores.push(store_of(seeded, shelf, part));
        }
    }
    if !stores.is_empty() {
        calls.push(stock_call(seeded, at, stores));
    }
    calls
}

fn stock_call(seeded: &Seeded, at: EpochMs, stores: Vec<Fields>) -> Fields {
    Fields::new()
        .with("user_id", seeded.merchant.seller.0)
        .with("operation_time", format_datetime(at))
        .with("stores", stores)
}

fn store_of(seeded: &Seeded, shelf: Shelf, lines: &[&StockLine]) -> Fields {
    let location = seeded.location(shelf);
    let bills: Vec<Fields> = lines.iter().map(|line| bill(line)).collect();
    Fields::new()
        .with("warehouse_type", location.stock_type())
        .with("warehouse_id", location.id_text())
        .with("store_inventories", bills)
}

fn bill(line: &StockLine) -> Fields {
    let place = match line.shelf {
        Shelf::Shop(index) => format!("S{index}"),
        Shelf::Depot(index) => format!("W{index}"),
    };
    Fields::new()
        .with("bill_num", format!("INIT-{place}-{}-{}", line.listing.item, line.listing.sku))
        .with("item_id", line.listing.item.0)
        .with("outer_id", line.outer_code.as_str())
        .with_opt("sku_id", Some(line.listing.sku.0).filter(|sku| *sku != 0))
        .with("inventory_type", line.class.wire())
        .with("quantity", line.quantity)
}

fn done(what: &str, outcome: Result<Answer, CallError>) -> Result<Answer, SeedError> {
    let answer = outcome.map_err(|error| SeedError::Call { what: what.to_owned(), error })?;
    match answer.failure_code() {
        None => Ok(answer),
        Some(code) => Err(SeedError::Failed { what: what.to_owned(), why: format!("{code} {:?}", answer.fields()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SellerId;
    use crate::merchant::MerchantSpec;

    #[test]
    fn stock_calls_keep_the_published_bounds_and_leave_nothing_out() {
        let spec =
            MerchantSpec { seed: 1, seller: SellerId(1), nick: "x".into(), stores: 320, skus_min: 500, orders: 1_000 };
        let merchant = Arc::new(Merchant::generate(&spec));
        let stores = (1..=320).map(StoreId).collect();
        let seeded = Seeded { merchant: Arc::clone(&merchant), stores };
        let calls = stock_calls(&seeded, EpochMs(0));
        let mut lines = 0;
        for call in &calls {
            let stores = call.structs("stores").unwrap();
            assert!(stores.len() <= STORES_PER_CALL);
            let here: usize = stores.iter().map(|store| store.list("store_inventories").unwrap().len()).sum();
            assert!(here <= BILLS_PER_CALL);
            lines += here;
        }
        assert_eq!(lines, merchant.stock.len());
    }

    #[test]
    fn bill_numbers_are_unique_and_short() {
        let spec =
            MerchantSpec { seed: 2, seller: SellerId(999), nick: "x".into(), stores: 320, skus_min: 500, orders: 100 };
        let merchant = Merchant::generate(&spec);
        let numbers: std::collections::BTreeSet<String> =
            merchant.stock.iter().map(|line| bill(line).text("bill_num").unwrap().to_owned()).collect();
        assert_eq!(numbers.len(), merchant.stock.len());
        assert!(numbers.iter().all(|number| number.len() <= 50));
    }
}
