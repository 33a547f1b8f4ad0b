//! Paid trades and refunds in the published JSON: masked buyers, real divisions, payments that add up. No two trades of one
//! maker share an id.

use astrolabe_protocol::EpochMs;
use astrolabe_protocol::time::format_datetime;
use serde_json::{Value, json};

use super::{Atlas, District, Merchant};
use crate::dice::{Dice, Weights};
use crate::ids::{Listing, Oid, RefundId, SellerId, Tid};

/// Odds of 1, 2, … 5 lines in a trade, in hundredths.
const LINES: [u64; 5] = [55, 25, 12, 5, 3];
/// Odds of 1, 2, 3 units in a line, in hundredths.
const UNITS: [u64; 3] = [88, 10, 2];
/// Odds of a line having a discount.
const DISCOUNTED: f64 = 0.3;
/// Odds of the buyer paying postage.
const WITH_POSTAGE: f64 = 0.1;
const POSTAGE_FEN: i64 = 800;
/// Ids between two trades: the trade's own, one for each line, and as many for refunds.
const IDS_PER_TRADE: i64 = 16;
/// Ids of one run, so 62,500 trades.
const IDS_PER_RUN: i64 = 1_000_000;
/// Runs before ids come round again.
const RUNS: i64 = 50_000_000;

const SURNAMES: &[&str] =
    &["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "林"];
const MESSAGES: &[&str] = &["", "", "", "", "请尽快发货", "麻烦包装好一点", "放门卫处", "周末送货"];
const MOBILE_PREFIXES: &[&str] = &["130", "135", "138", "139", "150", "158", "177", "186", "188", "199"];

/// One line of a trade as the stand-ins remember it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeLine {
    /// The sub-order.
    pub oid: Oid,
    /// What was bought.
    pub listing: Listing,
    /// Units.
    pub quantity: i64,
    /// What the buyer paid for the line, in fen.
    pub payment_fen: i64,
}

/// A trade and what it says.
#[derive(Debug, Clone)]
pub struct MadeTrade {
    /// The trade.
    pub tid: Tid,
    /// Its lines.
    pub lines: Vec<TradeLine>,
    /// `{"trade_fullinfo_get_response":{"trade":{…}}}`.
    pub json: Value,
}

/// Makes trades, one after the other.
#[derive(Debug)]
pub struct TradeMaker {
    dice: Dice,
    items: Vec<super::Item>,
    nick: String,
    popularity: Weights,
    lines: Weights,
    units: Weights,
    next: i64,
    ending: i64,
}

impl TradeMaker {
    /// For this merchant, from its seed. `run` keeps two runs of one seed apart in one database: seconds since the epoch will do.
    #[must_use]
    pub fn new(merchant: &Merchant, run: i64) -> Self {
        Self {
            dice: Dice::new(merchant.seed(), "trades"),
            items: merchant.items.clone(),
            nick: merchant.nick.clone(),
            popularity: Weights::zipf(merchant.items.len()),
            lines: LINES.into_iter().collect(),
            units: UNITS.into_iter().collect(),
            // At most eighteen digits: with the ending below they stay inside 63 bits.
            next: run.rem_euclid(RUNS) * IDS_PER_RUN + IDS_PER_TRADE,
            ending: seller_ending(merchant.seller),
        }
    }

    /// One line a trade, one unit a line: the order that benchmarks count.
    #[must_use]
    pub fn one_line(mut self) -> Self {
        self.lines = Weights::from_iter([1]);
        self.units = Weights::from_iter([1]);
        self
    }

    /// The next trade, paid at this instant.
    pub fn next(&mut self, paid_at: EpochMs) -> MadeTrade {
        let first_id = self.next;
        self.next += IDS_PER_TRADE;
        let wanted = self.dice.weighted(&self.lines) + 1;
        let mut drafts: Vec<Draft> = Vec::with_capacity(wanted);
        while drafts.len() < wanted {
            let draft = self.draft(self.id(first_id + 1 + drafts.len() as i64));
            if drafts.iter().all(|other| other.listing != draft.listing) {
                drafts.push(draft);
            }
        }
        let tid = Tid(self.id(first_id));
        let district = Atlas::get().draw(&mut self.dice);
        let json = self.trade_json(tid, paid_at, district, &drafts);
        let lines = drafts.iter().map(Draft::line).collect();
        MadeTrade { tid, lines, json }
    }

    fn id(&self, number: i64) -> i64 {
        number * 10_000 + self.ending
    }

    fn draft(&mut self, oid: i64) -> Draft {
        let item = &self.items[self.dice.weighted(&self.popularity)];
        let sku = self.dice.one_of(&item.skus);
        let quantity = self.dice.weighted(&self.units) as i64 + 1;
        let total_fen = sku.price_fen * quantity;
        let discount_fen = if self.dice.chance(DISCOUNTED) { (total_fen / 10 / 100 * 100).min(5_000) } else { 0 };
        Draft {
            oid: Oid(oid),
            listing: item.listing(sku),
            title: item.title.clone(),
            outer_code: item.outer_code.clone(),
            outer_sku: sku.outer_code.clone(),
            properties: sku.properties.clone(),
            quantity,
            price_fen: sku.price_fen,
            total_fen,
            discount_fen,
        }
    }

    fn trade_json(&mut self, tid: Tid, paid_at: EpochMs, district: &District, drafts: &[Draft]) -> Value {
        let total_fen: i64 = drafts.iter().map(|draft| draft.total_fen).sum();
        let discount_fen: i64 = drafts.iter().map(|draft| draft.discount_fen).sum();
        let postage_fen = if self.dice.chance(WITH_POSTAGE) { POSTAGE_FEN } else { 0 };
        let paid = format_datetime(paid_at);
        let buyer_nick = format!("t**{}", self.dice.between(0, 9));
        let mobile = format!("{}******{:02}", self.dice.one_of(MOBILE_PREFIXES), self.dice.between(0, 99));
        let promotions: Vec<Value> = drafts.iter().filter_map(Draft::promotion_json).collect();
        let mut trade = json!({
            "tid": tid.0,
            "tid_str": tid.0.to_string(),
            "status": "WAIT_SELLER_SEND_GOODS",
            "type": "fixed",
            "seller_nick": self.nick,
            "buyer_nick": buyer_nick,
            "buyer_open_uid": format!("AAH{:012x}", self.dice.between(0, 0xffff_ffff_ffff)),
            "created": format_datetime(EpochMs(paid_at.0 - self.dice.between(20_000, 90_000))),
            "pay_time": paid,
            "modified": paid,
            "payment": yuan(total_fen - discount_fen + postage_fen),
            "total_fee": yuan(total_fen),
            "discount_fee": yuan(discount_fen),
            "post_fee": yuan(postage_fen),
            "received_payment": "0.00",
            "shipping_type": "express",
            "is_o2o_passport": true,
            "receiver_name": format!("{}**", self.dice.one_of(SURNAMES)),
            "receiver_mobile": mobile,
            "receiver_state": district.province,
            "receiver_city": district.city,
            "receiver_district": district.name,
            "receiver_address": "文**路***号",
            "receiver_zip": district.adcode,
            "orders": { "order": drafts.iter().map(Draft::order_json).collect::<Vec<_>>() },
        });
        let message = *self.dice.one_of(MESSAGES);
        if !message.is_empty() {
            trade["buyer_message"] = json!(message);
        }
        if !promotions.is_empty() {
            trade["promotion_details"] = json!({ "promotion_detail": promotions });
        }
        json!({ "trade_fullinfo_get_response": { "trade": trade } })
    }
}

/// Four digits that keep the trades of sellers with neighbouring ids apart.
fn seller_ending(seller: SellerId) -> i64 {
    seller.0.rem_euclid(10_000)
}

struct Draft {
    oid: Oid,
    listing: Listing,
    title: String,
    outer_code: String,
    outer_sku: String,
    properties: String,
    quantity: i64,
    price_fen: i64,
    total_fen: i64,
    discount_fen: i64,
}

impl Draft {
    fn payment_fen(&self) -> i64 {
        self.total_fen - self.discount_fen
    }

    fn line(&self) -> TradeLine {
        TradeLine { oid: self.oid, listing: self.listing, quantity: self.quantity, payment_fen: self.payment_fen() }
    }

    fn order_json(&self) -> Value {
        let mut order = json!({
            "oid": self.oid.0,
            "oid_str": self.oid.0.to_string(),
            "num_iid": self.listing.item.0,
            "outer_iid": self.outer_code,
            "title": self.title,
            "num": self.quantity,
            "price": yuan(self.price_fen),
            "total_fee": yuan(self.total_fen),
            "payment": yuan(self.payment_fen()),
            "status": "WAIT_SELLER_SEND_GOODS",
            "refund_status": "NO_REFUND",
        });
        if self.listing.sku.0 != 0 {
            order["sku_id"] = json!(self.listing.sku.0.to_string());
            order["outer_sku_id"] = json!(self.outer_sku);
            order["sku_properties_name"] = json!(self.properties);
        }
        order
    }

    fn promotion_json(&self) -> Option<Value> {
        (self.discount_fen > 0).then(|| {
            json!({ "id": self.oid.0, "promotion_name": "满减", "discount_fee": yuan(self.discount_fen), "promotion_id": "mj-1" })
        })
    }
}

/// The channel's refund status, as far as the stand-in uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundStatus {
    /// The buyer asks.
    WaitSellerAgree,
    /// Granted.
    Success,
    /// Refused by the seller: the goods had left.
    SellerRefuseBuyer,
    /// The buyer thought better of it.
    Closed,
}

impl RefundStatus {
    /// The wire's word.
    #[must_use]
    pub fn wire(self) -> &'static str {
        match self {
            Self::WaitSellerAgree => "WAIT_SELLER_AGREE",
            Self::Success => "SUCCESS",
            Self::SellerRefuseBuyer => "SELLER_REFUSE_BUYER",
            Self::Closed => "CLOSED",
        }
    }
}

/// The id of the refund of a sub-order: one a sub-order.
#[must_use]
fn refund_id(oid: Oid) -> RefundId {
    RefundId(oid.0)
}

/// A full refund of one line before shipping: `{"refund_get_response":{"refund":{…}}}`.
#[must_use]
pub fn refund_json(
    nick: &str,
    tid: Tid,
    line: &TradeLine,
    status: RefundStatus,
    asked_at: EpochMs,
    modified_at: EpochMs,
) -> Value {
    json!({ "refund_get_response": { "refund": {
        "refund_id": refund_id(line.oid).0.to_string(),
        "tid": tid.0,
        "oid": line.oid.0,
        "status": status.wire(),
        "refund_phase": "onsale",
        "dispute_type": "REFUND",
        "good_status": "BUYER_NOT_RECEIVED",
        "has_good_return": false,
        "reason": "不想要了",
        "num": line.quantity,
        "num_iid": line.listing.item.0,
        "total_fee": yuan(line.payment_fen),
        "payment": "0.00",
        "refund_fee": yuan(line.payment_fen),
        "seller_nick": nick,
        "buyer_nick": "t**2",
        "created": format_datetime(asked_at),
        "modified": format_datetime(modified_at),
    } } })
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::merchant::MerchantSpec;

    const PAID: EpochMs = EpochMs(1_474_509_542_000);
    const SAMPLE: &str = include_str!("../../../../tests/data/trade.json");
    const REFUND: &str = include_str!("../../../../tests/data/refund.json");

    fn merchant(seed: u64) -> Merchant {
        let spec = MerchantSpec {
            seed,
            seller: SellerId(21_230),
            nick: "星盘示例旗舰店".into(),
            stores: 40,
            skus_min: 60,
            orders: 100,
        };
        Merchant::generate(&spec)
    }

    fn fen(value: &Value) -> i64 {
        let text = value.as_str().expect("money is text");
        let (whole, cents) = text.split_once('.').expect("two decimals");
        whole.parse::<i64>().expect("yuan") * 100 + cents.parse::<i64>().expect("fen")
    }

    fn keys(value: &Value) -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    }

    #[test]
    fn one_seed_the_same_trades() {
        let make = |seed| {
            let mut maker = TradeMaker::new(&merchant(seed), 7);
            (0..30).map(|_| maker.next(PAID).json).collect::<Vec<_>>()
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }

    #[test]
    fn sums_are_right_and_ids_unique() {
        let mut maker = TradeMaker::new(&merchant(5), 1_795_000_000);
        let mut seen = BTreeSet::new();
        for _ in 0..400 {
            let made = maker.next(PAID);
            let trade = &made.json["trade_fullinfo_get_response"]["trade"];
            let orders = trade["orders"]["order"].as_array().expect("orders");
            assert!((1..=5).contains(&orders.len()));
            assert_eq!(orders.len(), made.lines.len());
            let sum = |name: &str| orders.iter().map(|order| fen(&order[name])).sum::<i64>();
            assert_eq!(fen(&trade["total_fee"]), sum("total_fee"));
            assert_eq!(fen(&trade["payment"]), sum("payment") + fen(&trade["post_fee"]));
            assert_eq!(fen(&trade["total_fee"]) - fen(&trade["discount_fee"]), sum("payment"));
            for (order, line) in orders.iter().zip(&made.lines) {
                let units = order["num"].as_i64().expect("num");
                assert_eq!(fen(&order["price"]) * units, fen(&order["total_fee"]));
                assert_eq!(line.payment_fen, fen(&order["payment"]));
                assert!(seen.insert(line.oid.0));
            }
            assert!(seen.insert(made.tid.0));
        }
    }

    #[test]
    fn the_shape_is_the_published_sample() {
        let sample: Value = serde_json::from_str(SAMPLE).expect("the sample");
        let known = keys(&sample["trade_fullinfo_get_response"]["trade"]);
        let known_order = keys(&sample["trade_fullinfo_get_response"]["trade"]["orders"]["order"][0]);
        let mut maker = TradeMaker::new(&merchant(9), 1);
        for _ in 0..50 {
            let made = maker.next(PAID);
            let trade = &made.json["trade_fullinfo_get_response"]["trade"];
            assert!(keys(trade).is_subset(&known), "{:?}", keys(trade).difference(&known));
            assert!(keys(&trade["orders"]["order"][0]).is_subset(&known_order));
            let place = Atlas::get().find(
                trade["receiver_state"].as_str().expect("province"),
                trade["receiver_city"].as_str().expect("city"),
                trade["receiver_district"].as_str().expect("district"),
            );
            assert!(place.is_some());
            assert!(trade["receiver_mobile"].as_str().expect("mobile").contains("******"));
        }
        let refund: Value = serde_json::from_str(REFUND).expect("the sample");
        let line = TradeLine {
            oid: Oid(5),
            listing: Listing { item: crate::ids::ItemId(1), sku: crate::ids::SkuId(2) },
            quantity: 1,
            payment_fen: 27_900,
        };
        let made = refund_json("x", Tid(4), &line, RefundStatus::WaitSellerAgree, PAID, PAID);
        assert_eq!(keys(&made["refund_get_response"]["refund"]), keys(&refund["refund_get_response"]["refund"]));
    }
}
