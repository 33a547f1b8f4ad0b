//! A generated merchant: real cities, stores, two e-commerce warehouses, listings, and stock spread over them. All of it
//! follows from one seed. It knows nothing of the platform: ids of stores come with seeding ([`crate::seed`]).

mod divisions;
mod goods;
mod trades;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use divisions::{Atlas, District, Point};
pub use goods::{Item, Sku};
pub use trades::{MadeTrade, RefundStatus, TradeLine, TradeMaker, refund_json};

use crate::dice::{Dice, Weights};
use crate::ids::{ItemId, Listing, SellerId, StoreCode, WarehouseCode};

/// What kind of merchant to make.
#[derive(Debug, Clone)]
pub struct MerchantSpec {
    /// Everything follows from it.
    pub seed: u64,
    /// The seller.
    pub seller: SellerId,
    /// Its shop name.
    pub nick: String,
    /// Stores.
    pub stores: usize,
    /// SKUs at least.
    pub skus_min: usize,
    /// Orders the stock is meant for.
    pub orders: usize,
}

/// 库存类型.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockClass {
    /// 确定性库存.
    Certain,
    /// 不确定性库存.
    Uncertain,
}

impl StockClass {
    /// The wire's `inventory_type`.
    #[must_use]
    pub fn wire(self) -> &'static str {
        match self {
            Self::Certain => "CERTAINTY",
            Self::Uncertain => "UNCERTAINTY",
        }
    }
}

/// A shop before the platform has given it an id.
#[derive(Debug, Clone, PartialEq)]
pub struct Shop {
    /// The merchant's code.
    pub code: StoreCode,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub district: &'static District,
    /// Street and number.
    pub detail_address: String,
}

/// An 电商仓, declared to the platform by the operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Depot {
    /// Its code.
    pub code: WarehouseCode,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub district: &'static District,
}

/// Where a stock line lies: an index into the merchant's shops or depots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// A shop.
    Shop(usize),
    /// A depot.
    Depot(usize),
}

/// Units of one SKU at one place when the platform is first told. A place holds one SKU in one class only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockLine {
    /// Where.
    pub shelf: Shelf,
    /// What.
    pub listing: Listing,
    /// The merchant's code of it.
    pub outer_code: String,
    /// Promised to the channel, or shared with the shop floor.
    pub class: StockClass,
    /// Units.
    pub quantity: i64,
}

/// A merchant.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// The seller.
    pub seller: SellerId,
    /// Its shop name.
    pub nick: String,
    /// Its stores.
    pub shops: Vec<Shop>,
    /// Its warehouses.
    pub depots: Vec<Depot>,
    /// Its listings, best seller first.
    pub items: Vec<Item>,
    /// Its stock.
    pub stock: Vec<StockLine>,
    seed: u64,
}

/// Lines of an average trade times units of an average line (the odds stand in `trades.rs`), rounded up.
const UNITS_PER_ORDER: f64 = 2.1;
/// Share of SKUs that no warehouse has and few stores: these run out.
const SCARCE: f64 = 0.03;
/// Share of SKUs that warehouses keep.
const IN_DEPOTS: f64 = 0.5;
/// Share of store cells that are promised to the channel.
const CERTAIN_IN_SHOPS: f64 = 0.2;
/// Most stores that keep one SKU: with three SKUs an item stays below the 200 of one binding call (§6.1.6).
const SHOPS_PER_SKU_MAX: usize = 60;

const MALLS: &[&str] = &[
    "万象城店",
    "银泰店",
    "万达广场店",
    "天街店",
    "印象城店",
    "大悦城店",
    "步行街店",
    "奥特莱斯店",
    "吾悦广场店",
    "中心店",
];
const ROADS: &[&str] =
    &["人民路", "解放路", "中山路", "建设大道", "文化路", "新华路", "和平路", "滨江大道", "延安路", "长江路"];

impl Merchant {
    /// Makes it.
    #[must_use]
    pub fn generate(spec: &MerchantSpec) -> Self {
        let mut dice = Dice::new(spec.seed, "merchant");
        let shops = (1..=spec.stores).map(|number| shop(&mut dice, number)).collect::<Vec<_>>();
        let items = goods::assortment(&mut dice, spec.seller.0 % 1_000, spec.skus_min);
        let stock = stock(&mut dice, spec, &items);
        Self { seller: spec.seller, nick: spec.nick.clone(), shops, depots: depots(), items, stock, seed: spec.seed }
    }

    /// A merchant of whom only the listings are known: for pushing trades at a platform that has its own stores and stock.
    #[must_use]
    pub fn with_items(seed: u64, seller: SellerId, nick: &str, items: Vec<Item>) -> Self {
        Self { seller, nick: nick.to_owned(), shops: Vec::new(), depots: Vec::new(), items, stock: Vec::new(), seed }
    }

    /// For benchmarks: every listing lies in every store, in amounts that do not run out, and nothing in warehouses. Even
    /// stores promise it to the channel, odd ones share it with the shop floor.
    #[must_use]
    pub fn everything_everywhere(spec: &MerchantSpec, units: i64) -> Self {
        let mut merchant = Self::generate(&MerchantSpec { orders: 0, ..spec.clone() });
        let listings = merchant
            .items
            .iter()
            .flat_map(|item| item.skus.iter().map(|sku| (item.listing(sku), sku.outer_code.clone())));
        merchant.stock = listings
            .flat_map(|(listing, outer_code)| {
                (0..spec.stores).map(move |index| StockLine {
                    shelf: Shelf::Shop(index),
                    listing,
                    outer_code: outer_code.clone(),
                    class: if index % 2 == 0 { StockClass::Certain } else { StockClass::Uncertain },
                    quantity: units,
                })
            })
            .collect();
        merchant.depots = Vec::new();
        merchant
    }

    /// The seed it came from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many SKUs there are.
    #[must_use]
    pub fn sku_count(&self) -> usize {
        self.items.iter().map(|item| item.skus.len()).sum()
    }

    /// The shops that keep any SKU of a listing: what it is to be bound to.
    #[must_use]
    pub fn shops_by_item(&self) -> BTreeMap<ItemId, BTreeSet<usize>> {
        let mut shops: BTreeMap<ItemId, BTreeSet<usize>> = BTreeMap::new();
        for line in &self.stock {
            if let Shelf::Shop(index) = line.shelf {
                shops.entry(line.listing.item).or_default().insert(index);
            }
        }
        shops
    }
}

fn shop(dice: &mut Dice, number: usize) -> Shop {
    let district = Atlas::get().draw(dice);
    let name = format!("星盘{}{}{}", district.city.trim_end_matches('市'), district.name, dice.one_of(MALLS));
    let detail_address = format!("{}{}号", dice.one_of(ROADS), dice.between(1, 999));
    Shop { code: StoreCode(format!("S{number:04}")), name, district, detail_address }
}

fn depots() -> Vec<Depot> {
    [("WH-EAST", "华东电商仓", "上海市", "上海市", "青浦区"), ("WH-SOUTH", "华南电商仓", "广东省", "广州市", "黄埔区")]
        .into_iter()
        .filter_map(|(code, name, province, city, district)| {
            let district = Atlas::get().find(province, city, district)?;
            Some(Depot { code: WarehouseCode(code.to_owned()), name: name.to_owned(), district })
        })
        .collect()
}

fn stock(dice: &mut Dice, spec: &MerchantSpec, items: &[Item]) -> Vec<StockLine> {
    let popularity = Weights::zipf(items.len());
    let mut lines = Vec::new();
    for (rank, item) in items.iter().enumerate() {
        let units = spec.orders as f64 * UNITS_PER_ORDER * popularity.share(rank) / item.skus.len() as f64;
        for sku in &item.skus {
            stock_of_sku(dice, spec.stores, units, |shelf, class, quantity| {
                lines.push(StockLine {
                    shelf,
                    listing: item.listing(sku),
                    outer_code: sku.outer_code.clone(),
                    class,
                    quantity,
                });
            });
        }
    }
    lines
}

fn stock_of_sku(dice: &mut Dice, stores: usize, units_wanted: f64, mut put: impl FnMut(Shelf, StockClass, i64)) {
    let scarce = dice.chance(SCARCE);
    let wanted = units_wanted.ceil() as i64;
    let shops = if scarce { 3 } else { (dice.between(8, 16) + wanted / 3) as usize }.min(SHOPS_PER_SKU_MAX).min(stores);
    let mut chosen = BTreeSet::new();
    while chosen.len() < shops {
        chosen.insert(dice.below(stores));
    }
    for index in chosen {
        let class = if dice.chance(CERTAIN_IN_SHOPS) { StockClass::Certain } else { StockClass::Uncertain };
        let quantity = if scarce { dice.between(1, 2) } else { dice.between(2, 8) + wanted / shops.max(1) as i64 };
        put(Shelf::Shop(index), class, quantity);
    }
    if !scarce && dice.chance(IN_DEPOTS) {
        for depot in 0..2 {
            if depot == 0 || dice.chance(0.6) {
                put(Shelf::Depot(depot), StockClass::Certain, dice.between(10, 30) + wanted / 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn spec(seed: u64) -> MerchantSpec {
        MerchantSpec {
            seed,
            seller: SellerId(21_230),
            nick: "星盘示例旗舰店".to_owned(),
            stores: 320,
            skus_min: 500,
            orders: 500,
        }
    }

    #[test]
    fn one_seed_one_merchant() {
        let (one, again, other) =
            (Merchant::generate(&spec(1)), Merchant::generate(&spec(1)), Merchant::generate(&spec(2)));
        assert_eq!((&one.shops, &one.items, &one.stock), (&again.shops, &again.items, &again.stock));
        assert_ne!(one.shops, other.shops);
    }

    #[test]
    fn as_large_as_asked_and_in_the_big_cities() {
        let merchant = Merchant::generate(&spec(3));
        assert_eq!(merchant.shops.len(), 320);
        assert_eq!(merchant.depots.len(), 2);
        assert!(merchant.sku_count() >= 500);
        let in_shanghai = merchant.shops.iter().filter(|shop| shop.district.city == "上海市").count();
        assert!((10..80).contains(&in_shanghai), "{in_shanghai}");
        let classes: BTreeSet<StockClass> = merchant.stock.iter().map(|line| line.class).collect();
        assert_eq!(classes.len(), 2);
    }

    #[test]
    fn stock_lines_are_one_class_a_shelf_and_bindings_fit_one_call() {
        let merchant = Merchant::generate(&spec(4));
        let keys: BTreeSet<(Shelf, Listing)> = merchant.stock.iter().map(|line| (line.shelf, line.listing)).collect();
        assert_eq!(keys.len(), merchant.stock.len());
        assert!(merchant.stock.iter().all(|line| line.quantity > 0));
        assert!(merchant.shops_by_item().values().all(|shops| (1..=200).contains(&shops.len())));
    }
}
