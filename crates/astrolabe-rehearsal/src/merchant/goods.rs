//! Listings with one to three SKUs each, with titles as a clothing chain would write them.

use crate::dice::Dice;
use crate::ids::{ItemId, Listing, SkuId};

/// A listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Its title.
    pub title: String,
    /// The merchant's own code (`outer_iid`).
    pub outer_code: String,
    /// One to three.
    pub skus: Vec<Sku>,
}

/// One SKU of a listing; a listing without SKUs has one with id 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// Its id; 0 where the listing has none.
    pub id: SkuId,
    /// The merchant's own code (`outer_sku_id`, and the stock methods' `outer_id`).
    pub outer_code: String,
    /// `颜色:红;尺码:M`; empty for a listing without SKUs.
    pub properties: String,
    /// Price in fen.
    pub price_fen: i64,
}

impl Item {
    /// Item and SKU as one.
    #[must_use]
    pub fn listing(&self, sku: &Sku) -> Listing {
        Listing { item: self.id, sku: sku.id }
    }
}

const SEASONS: &[&str] = &["春季新款", "夏季薄款", "秋冬加厚", "四季百搭", "初秋新款", "冬季保暖"];
const STYLES: &[&str] = &["宽松", "修身", "复古", "简约", "通勤", "休闲", "法式", "日系", "运动", "轻奢"];
const MATERIALS: &[&str] = &["纯棉", "羊毛", "羊绒", "桑蚕丝", "亚麻", "牛仔", "灯芯绒", "莱赛尔", "针织", "小羊皮"];
const COLOURS: &[(&str, &str)] = &[
    ("黑", "BLK"),
    ("白", "WHT"),
    ("红", "RED"),
    ("灰", "GRY"),
    ("藏青", "NVY"),
    ("卡其", "KHK"),
    ("驼色", "CML"),
    ("墨绿", "GRN"),
];
const SIZES: &[&str] = &["S", "M", "L", "XL"];

/// Kinds of goods with the range of their price in yuan.
const KINDS: &[(&str, i64, i64)] = &[
    ("衬衫", 159, 399),
    ("连衣裙", 259, 899),
    ("羊毛衫", 299, 799),
    ("风衣", 499, 1_299),
    ("羽绒服", 599, 1_999),
    ("牛仔裤", 199, 499),
    ("半身裙", 169, 459),
    ("卫衣", 199, 429),
    ("T恤", 79, 199),
    ("西装外套", 459, 1_099),
    ("乐福鞋", 329, 799),
    ("双肩包", 259, 699),
    ("围巾", 99, 399),
    ("皮带", 129, 359),
];

/// Makes listings until there are at least `skus_min` SKUs. The `shop` number keeps two merchants' ids apart.
#[must_use]
pub(super) fn assortment(dice: &mut Dice, shop: i64, skus_min: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut skus = 0;
    while skus < skus_min {
        let item = item(dice, shop, items.len() as i64 + 1);
        skus += item.skus.len();
        items.push(item);
    }
    items
}

fn item(dice: &mut Dice, shop: i64, number: i64) -> Item {
    let (kind, low, high) = *dice.one_of(KINDS);
    let outer_code = format!("SP-{number:04}");
    let price_fen = dice.between(low / 10, high / 10) * 1_000 + 900;
    let (season, style, material) = (*dice.one_of(SEASONS), *dice.one_of(STYLES), *dice.one_of(MATERIALS));
    let title = format!("星盘示例 {season}{style}{material}{kind} 款{number:03}");
    let id = ItemId(530_000_000_000 + shop * 100_000 + number);
    let count = dice.between(1, 3);
    let bare = count == 1 && dice.chance(0.5);
    let skus = if bare {
        vec![Sku { id: SkuId(0), outer_code: outer_code.clone(), properties: String::new(), price_fen }]
    } else {
        skus(dice, id, &outer_code, count, price_fen)
    };
    Item { id, title, outer_code, skus }
}

fn skus(dice: &mut Dice, item: ItemId, outer_code: &str, count: i64, price_fen: i64) -> Vec<Sku> {
    let (colour, colour_code) = *dice.one_of(COLOURS);
    let first_size = dice.below(SIZES.len());
    (0..count)
        .map(|nth| {
            let size = SIZES[(first_size + nth as usize) % SIZES.len()];
            Sku {
                // Thirteen digits, like the published examples.
                id: SkuId(item.0 % 1_000_000_000 * 10 + 3_100_000_000_000 + nth + 1),
                outer_code: format!("{outer_code}-{size}-{colour_code}"),
                properties: format!("颜色:{colour};尺码:{size}"),
                price_fen,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_and_codes_are_unique_and_enough() {
        let items = assortment(&mut Dice::new(1, "goods"), 3, 500);
        let listings: Vec<Listing> =
            items.iter().flat_map(|item| item.skus.iter().map(|sku| item.listing(sku))).collect();
        assert!(listings.len() >= 500);
        assert_eq!(listings.iter().collect::<BTreeSet<_>>().len(), listings.len());
        let codes: BTreeSet<&str> =
            items.iter().flat_map(|item| item.skus.iter().map(|sku| sku.outer_code.as_str())).collect();
        assert_eq!(codes.len(), listings.len());
        let other = assortment(&mut Dice::new(1, "goods"), 4, 500);
        assert!(other.iter().all(|item| items.iter().all(|mine| mine.id != item.id)));
    }

    #[test]
    fn one_to_three_skus_each() {
        let items = assortment(&mut Dice::new(2, "goods"), 1, 300);
        assert!(items.iter().all(|item| (1..=3).contains(&item.skus.len())));
        assert!(items.iter().any(|item| item.skus[0].id.0 == 0));
        assert!(items.iter().any(|item| item.skus.len() == 3));
        assert!(items.iter().all(|item| item.skus.iter().all(|sku| sku.price_fen > 0)));
    }
}
