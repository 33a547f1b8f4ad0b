//! Paid trades and refunds as the channel publishes them, made from the project's samples.

use astrolabe_protocol::EpochMs;
use astrolabe_protocol::time::format_datetime;
use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::ids::{ItemId, Listing, Oid, SkuId, Tid};
use astrolabe_rehearsal::merchant::{RefundStatus, TradeLine, refund_json};
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../../tests/data/trade.json");
/// What every line costs.
const PRICE_FEN: i64 = 27_900;
/// How long before paying a trade is made.
const MADE_BEFORE_MS: i64 = 60_000;
/// The channel's clock counts seconds: the next status of a refund lies in a later one.
const NEXT_STATUS_MS: i64 = 1_000;

/// A listing with one SKU.
pub(crate) const fn listing(number: i64) -> Listing {
    Listing { item: ItemId(530_099_000_000 + number), sku: SkuId(310_099_000_000 + number) }
}

/// A trade number with room for its lines.
pub(crate) const fn tid(number: i64) -> Tid {
    Tid(2_004_574_000_000_000 + number * 100)
}

/// The first line of a trade.
pub(crate) const fn first_oid(tid: Tid) -> Oid {
    Oid(tid.0 + 1)
}

/// A trade of one line, paid now.
pub(crate) fn paid(tid: Tid, listing: Listing, quantity: i64) -> Value {
    paid_at(tid, listing, quantity, clock::now())
}

/// A trade of one line, paid at an instant.
pub(crate) fn paid_at(tid: Tid, listing: Listing, quantity: i64, at: EpochMs) -> Value {
    let mut envelope: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
    let trade = &mut envelope["trade_fullinfo_get_response"]["trade"];
    let oid = first_oid(tid);
    let sum = yuan(PRICE_FEN * quantity);
    let members = json!({
        "tid": tid.0, "tid_str": tid.0.to_string(), "payment": sum, "total_fee": sum, "discount_fee": "0.00",
        "created": format_datetime(EpochMs(at.0 - MADE_BEFORE_MS)),
        "pay_time": format_datetime(at), "modified": format_datetime(at),
    });
    overwrite(trade, &members);
    let mut line = trade["orders"]["order"][0].clone();
    let members = json!({
        "oid": oid.0, "oid_str": oid.0.to_string(), "num_iid": listing.item.0, "sku_id": listing.sku.0.to_string(),
        "num": quantity, "price": yuan(PRICE_FEN), "total_fee": sum, "payment": sum,
    });
    overwrite(&mut line, &members);
    trade["orders"]["order"] = json!([line]);
    trade["promotion_details"] = json!({ "promotion_detail": [] });
    envelope
}

fn overwrite(object: &mut Value, members: &Value) {
    for (name, value) in members.as_object().expect("an object") {
        object[name] = value.clone();
    }
}

/// The buyer of such a trade wants all the money back, or what became of that. Successive statuses need successive `step`s.
pub(crate) fn refund(tid: Tid, listing: Listing, status: RefundStatus, step: i64) -> Value {
    let line = TradeLine { oid: first_oid(tid), listing, quantity: 1, payment_fen: PRICE_FEN };
    let asked = EpochMs(clock::now().0 - 10 * NEXT_STATUS_MS);
    refund_json("星盘示例旗舰店", tid, &line, status, asked, EpochMs(asked.0 + step * NEXT_STATUS_MS))
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}
