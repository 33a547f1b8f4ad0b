//! A published Trade as a [`SeenTrade`]: what decisions need of it, and the whole text beside it.
//!
//! Which published member decides what:
//!
//! | question | member |
//! |---|---|
//! | is it paid, and for what does it wait | `status`; staged payment waits for `step_trade_status` FRONT_PAID_FINAL_PAID; payment in parts for `o2o_step_trade_detail` without `nopaid` and for a `step_paid_fee` of the full `payment` |
//! | may it be shipped | not while `status` is PAID_FORBID_CONSIGN, nor with one of [`aside::HOLDS`]: a hold of the channel each |
//! | did the channel close it | `status` TRADE_CLOSED, TRADE_CLOSED_BY_TAOBAO, of the trade and of each order; a deposit that is lost (FRONT_PAID_FRONT_FORFEITED) closes it too |
//! | was it shipped | each order's `status` from WAIT_BUYER_CONFIRM_GOODS on, by `logistics_company` and `invoice_no` |
//! | is it another address, are there other notes | [`aside`]'s fingerprints of the members that a label and a packing note are made of |
//! | is it Tmall's own sale (level 1) | `tmall_delivery` or `is_force_dc` true: Tmall's own warehouses ship it. No published member says 自营 outright, so an adapter that knows better sends `astrolabe_self_operated` |
//! | is it omnichannel | `is_o2o_passport` true (item tags decide besides) |
//! | does the buyer fetch it | `rt_omni_send_type` pickUp, or a mark in `shop_pick` or `obs`; the store is `rt_omni_store_id`, else `rt_omni_outer_store_id` or `shop_code` |
//! | what was paid for a line | `divide_order_fee` (after discounts on the whole trade), else `payment` |

use std::collections::BTreeSet;

use astrolabe_core::command::{Published, SeenLine, SeenTrade};
use astrolabe_core::ids::{ChannelId, HoldKey, ItemId, Oid, SkuId, StoreCode, Tid};
use astrolabe_core::money::Fen;
use astrolabe_core::order::told::PaymentWait;
use astrolabe_core::order::trade::{Delivery, Destination, TradePayment};
use astrolabe_protocol::{Value, json};

use super::aside;
use super::reading::Object;
use crate::api::failure::ApiFailure;
use crate::app::Geography;

/// Longest hold key, as where holds are made.
const RESERVE_KEY_CHARS_MAX: usize = 50;

/// A trade as read; a pickup's store is still a name.
#[derive(Debug)]
pub(super) struct ReadTrade {
    pub(super) seen: SeenTrade,
    pub(super) pickup: Option<PickupStore>,
}

/// The store a buyer chose, and the member that names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum PickupStore {
    /// By our id.
    Id { text: String, field: String },
    /// By the merchant's code.
    Code { code: StoreCode, field: String },
}

/// What a published status means, of a trade and of an order alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    NotPaid(PaymentWait),
    /// Paid, and the channel does not let it be shipped yet.
    PaidForbidden,
    Paid,
    /// Paid and shipped.
    Consigned,
    /// Signed for, or finished.
    Done,
    Closed,
}

const STATUSES: [(&str, Status); 12] = [
    ("TRADE_NO_CREATE_PAY", Status::NotPaid(PaymentWait::Unpaid)),
    ("WAIT_BUYER_PAY", Status::NotPaid(PaymentWait::Unpaid)),
    ("PAY_PENDING", Status::NotPaid(PaymentWait::Pending)),
    ("WAIT_PRE_AUTH_CONFIRM", Status::NotPaid(PaymentWait::PreAuthorisation)),
    ("PAID_FORBID_CONSIGN", Status::PaidForbidden),
    ("WAIT_SELLER_SEND_GOODS", Status::Paid),
    ("SELLER_CONSIGNED_PART", Status::Paid),
    ("WAIT_BUYER_CONFIRM_GOODS", Status::Consigned),
    ("TRADE_BUYER_SIGNED", Status::Done),
    ("TRADE_FINISHED", Status::Done),
    ("TRADE_CLOSED", Status::Closed),
    ("TRADE_CLOSED_BY_TAOBAO", Status::Closed),
];

/// Reads one trade; the error names the member that is wrong.
pub(super) fn read(trade: &Object<'_>, channel: ChannelId, geography: &Geography) -> Result<ReadTrade, ApiFailure> {
    let status = status_of(trade)?.ok_or_else(|| trade.invalid("status", "is required"))?;
    let created = trade.opt_time("created")?.ok_or_else(|| trade.invalid("created", "is required"))?;
    let pay_time = trade.opt_time("pay_time")?;
    let (payment, waits_for) = match payment(trade, status)? {
        Payment::Awaits(what) => (TradePayment::Awaited, Some(what)),
        Payment::Full => (TradePayment::Paid, None),
        Payment::Never => (TradePayment::Closed, None),
    };
    let seen = SeenTrade {
        tid: Tid(trade.id("tid")?),
        channel,
        created,
        pay_time,
        modified: trade.opt_time("modified")?.or(pay_time).unwrap_or(created),
        payment,
        self_operated: self_operated(trade)?,
        omni_marked: trade.opt_flag("is_o2o_passport")?.unwrap_or(false),
        destination: destination(trade, geography)?,
        lines: lines(trade, status)?,
        aside: aside::read(trade, status, waits_for)?,
        published: Published {
            text: json::write(&Value::Struct(trade.fields.clone())),
            status: trade.text("status")?,
            kind: trade.opt_text("type")?.unwrap_or_default(),
        },
    };
    Ok(ReadTrade { seen, pickup: pickup(trade)? })
}

pub(super) fn status_of(object: &Object<'_>) -> Result<Option<Status>, ApiFailure> {
    let Some(text) = object.opt_text("status")? else { return Ok(None) };
    let known = STATUSES.iter().find(|(name, _)| *name == text).map(|(_, status)| *status);
    known.map(Some).ok_or_else(|| object.invalid("status", format!("{text:?} is no published status")))
}

/// How much of the trade is paid.
enum Payment {
    Awaits(PaymentWait),
    Full,
    /// It will not be.
    Never,
}

fn payment(trade: &Object<'_>, status: Status) -> Result<Payment, ApiFailure> {
    Ok(match status {
        Status::Closed => Payment::Never,
        Status::NotPaid(waits) => match stage(trade)? {
            Some(Payment::Never) => Payment::Never,
            Some(Payment::Awaits(stage)) => Payment::Awaits(stage),
            Some(Payment::Full) | None => Payment::Awaits(waits),
        },
        Status::Done | Status::Consigned => Payment::Full,
        // The status alone says "paid" when the first part is.
        Status::Paid | Status::PaidForbidden => match stage(trade)? {
            Some(stage) => stage,
            None if all_parts_paid(trade)? => Payment::Full,
            None => Payment::Awaits(PaymentWait::Parts),
        },
    })
}

/// Staged payment (定金 and 尾款).
fn stage(trade: &Object<'_>) -> Result<Option<Payment>, ApiFailure> {
    Ok(match trade.opt_text("step_trade_status")?.as_deref() {
        None => None,
        Some("FRONT_NOPAID_FINAL_NOPAID") => Some(Payment::Awaits(PaymentWait::Deposit)),
        Some("FRONT_PAID_FINAL_NOPAID") => Some(Payment::Awaits(PaymentWait::Balance)),
        Some("FRONT_PAID_FINAL_PAID") => Some(Payment::Full),
        Some("FRONT_PAID_FRONT_FORFEITED") => Some(Payment::Never),
        Some(other) => return Err(trade.invalid("step_trade_status", format!("{other:?} is no published value"))),
    })
}

/// Payment in parts.
fn all_parts_paid(trade: &Object<'_>) -> Result<bool, ApiFailure> {
    for name in ["o2o_step_trade_detail", "o2o_step_trade_detail_new"] {
        // Published as 3_1_100_paid ; 3_2_2000_nopaid: stages, which one, fen, state.
        if trade.opt_text(name)?.is_some_and(|text| text.split(';').any(|part| part.trim().ends_with("nopaid"))) {
            return Ok(false);
        }
    }
    match (trade.opt_money("step_paid_fee")?, trade.opt_money("payment")?) {
        (Some(paid), Some(whole)) if paid > Fen(0) => Ok(paid >= whole),
        (Some(_) | None, _) => Ok(true),
    }
}

fn self_operated(trade: &Object<'_>) -> Result<bool, ApiFailure> {
    if let Some(told) = trade.opt_flag("astrolabe_self_operated")? {
        return Ok(told);
    }
    Ok(trade.opt_flag("tmall_delivery")?.unwrap_or(false) || trade.opt_flag("is_force_dc")?.unwrap_or(false))
}

fn destination(trade: &Object<'_>, geography: &Geography) -> Result<Destination, ApiFailure> {
    let text = |name| Ok::<_, ApiFailure>(trade.opt_text(name)?.unwrap_or_default());
    let (province, city, district) = (text("receiver_state")?, text("receiver_city")?, text("receiver_district")?);
    let point = geography.locate(&province, &city, &district);
    Ok(Destination { province, city, district, point })
}

fn lines(trade: &Object<'_>, trade_status: Status) -> Result<Vec<SeenLine>, ApiFailure> {
    let orders = trade.list("orders", "order")?;
    if orders.is_empty() {
        return Err(trade.invalid("orders", "has no order"));
    }
    let mut seen = BTreeSet::new();
    let mut lines = Vec::with_capacity(orders.len());
    for order in &orders {
        let line = line(order, trade_status)?;
        if !seen.insert(line.oid) {
            return Err(order.invalid("oid", "is given twice"));
        }
        lines.push(line);
    }
    Ok(lines)
}

fn line(order: &Object<'_>, trade_status: Status) -> Result<SeenLine, ApiFailure> {
    let quantity = order.opt_whole("num")?.ok_or_else(|| order.invalid("num", "is required"))?;
    if quantity <= 0 {
        return Err(order.invalid("num", "is not greater than 0"));
    }
    let sku = order.opt_whole("sku_id")?.unwrap_or(0);
    if sku < 0 {
        return Err(order.invalid("sku_id", "is below 0"));
    }
    let paid = match order.opt_money("divide_order_fee")? {
        Some(paid) => Some(paid),
        None => order.opt_money("payment")?,
    };
    let outer_code = match order.opt_text("outer_sku_id")? {
        Some(code) => code,
        None => order.opt_text("outer_iid")?.unwrap_or_default(),
    };
    let status = status_of(order)?.unwrap_or(trade_status);
    Ok(SeenLine {
        oid: Oid(order.id("oid")?),
        item: ItemId(order.id("num_iid")?),
        sku: SkuId(sku),
        outer_code,
        quantity,
        payment: paid.ok_or_else(|| order.invalid("payment", "is required"))?,
        delivery: Delivery::Ship,
        reserve_key: reserve_key(order)?,
        closed: status == Status::Closed,
        finished: status == Status::Done,
    })
}

/// Our own extra member: the hold made before payment that this line takes over.
fn reserve_key(order: &Object<'_>) -> Result<Option<HoldKey>, ApiFailure> {
    const NAME: &str = "astrolabe_reserve_key";
    let Some(key) = order.opt_text(NAME)? else { return Ok(None) };
    if key.chars().count() > RESERVE_KEY_CHARS_MAX {
        return Err(order.invalid(NAME, format!("is longer than {RESERVE_KEY_CHARS_MAX} characters")));
    }
    Ok(Some(HoldKey(key)))
}

fn pickup(trade: &Object<'_>) -> Result<Option<PickupStore>, ApiFailure> {
    let by_type = trade.opt_text("rt_omni_send_type")?.is_some_and(|kind| kind.eq_ignore_ascii_case("pickup"));
    if !by_type && !trade.mark("shop_pick")? && !trade.mark("obs")? {
        return Ok(None);
    }
    if let Some(text) = trade.opt_text("rt_omni_store_id")? {
        return Ok(Some(PickupStore::Id { text, field: trade.at("rt_omni_store_id") }));
    }
    for name in ["rt_omni_outer_store_id", "shop_code"] {
        if let Some(code) = trade.opt_text(name)? {
            return Ok(Some(PickupStore::Code { code: StoreCode(code), field: trade.at(name) }));
        }
    }
    Err(trade.invalid("rt_omni_store_id", "is required: the buyer fetches the goods"))
}

#[cfg(test)]
mod tests {
    use astrolabe_core::ids::TMALL;
    use astrolabe_protocol::Fields;

    use super::super::reading::objects_of;
    use super::super::{OBJECTS_MAX, TRADES};
    use super::*;

    const PUBLISHED: &str = include_str!("../../../../../tests/data/trade.json");

    fn object(text: &str) -> Fields {
        match json::parse(text) {
            Ok(Some(Value::Struct(fields))) => fields,
            other => panic!("not an object: {other:?}"),
        }
    }

    fn read_all(text: &str) -> Result<Vec<ReadTrade>, ApiFailure> {
        let body = object(text);
        let geography = Geography::bundled();
        objects_of(&body, TRADES, OBJECTS_MAX)?.iter().map(|trade| read(trade, TMALL, &geography)).collect()
    }

    /// A small trade with members of the trade and of its only order put in (`""` removes nothing, it is just last).
    fn trade_with(trade: &str, order: &str) -> String {
        let comma = |text: &str| if text.is_empty() { String::new() } else { format!(",{text}") };
        let order = format!(r#"{{"oid":2,"num_iid":3,"num":1,"payment":"1.00"{}}}"#, comma(order));
        format!(r#"{{"tid":1,"created":"2016-09-22 10:00:00"{},"orders":{{"order":[{order}]}}}}"#, comma(trade))
    }

    fn one(trade: &str, order: &str) -> ReadTrade {
        let mut read = read_all(&trade_with(trade, order)).expect("is readable");
        read.pop().expect("is one")
    }

    const PAID: &str = r#""status":"WAIT_SELLER_SEND_GOODS""#;

    #[test]
    fn the_published_example_is_read_whole() {
        let read = read_all(PUBLISHED).expect("is readable").pop().expect("is one");
        let seen = read.seen;
        assert_eq!(seen.tid, Tid(2_004_574_256_073_903));
        assert_eq!(seen.payment, TradePayment::Paid);
        assert_eq!(seen.created.0, 1_474_509_491_000, "09:58:11 in Shanghai");
        assert!(seen.omni_marked && !seen.self_operated && read.pickup.is_none());
        assert_eq!(seen.destination.city, "杭州市");
        assert!(seen.destination.point.is_some());
        let lines: Vec<_> =
            seen.lines.iter().map(|line| (line.oid.0, line.sku.0, line.quantity, line.payment.0)).collect();
        assert_eq!(
            lines,
            [
                (2_004_574_256_083_903, 3_101_234_567_890, 1, 27_900),
                (2_004_574_256_093_903, 3_101_234_567_891, 2, 9_800)
            ]
        );
        assert_eq!(seen.lines[0].outer_code, "SP-1001-M-RED");
        assert!(seen.published.text.starts_with(r#"{"tid":2004574256073903,"#), "the trade alone, as it came");
        assert!(seen.published.text.contains("张**") && seen.published.text.contains("promotion_details"));
    }

    #[test]
    fn trades_come_in_envelopes_bare_and_in_lists() {
        let bare = trade_with(PAID, "");
        let forms = [
            bare.clone(),
            format!(r#"{{"trade":{bare}}}"#),
            format!(r#"{{"trade_fullinfo_get_response":{{"trade":{bare}}}}}"#),
            format!(r#"{{"trades":[{bare}]}}"#),
            format!(r#"{{"trades":{{"trade":[{bare}]}}}}"#),
            format!(r#"{{"trades":[{{"trade_fullinfo_get_response":{{"trade":{bare}}}}}]}}"#),
        ];
        for form in forms {
            let read = read_all(&form).expect("is readable");
            assert_eq!(read.len(), 1);
            assert_eq!(json::write(&Value::Struct(object(&read[0].seen.published.text))), bare, "{form}");
        }
    }

    #[test]
    fn payment_waits_for_the_full_sum() {
        use PaymentWait::{Balance, Deposit, Parts, Pending, PreAuthorisation, Unpaid};
        use TradePayment::{Awaited, Closed, Paid};
        let staged = |status: &str, stage: &str| format!(r#""status":"{status}","step_trade_status":"{stage}""#);
        let sold = |rest: &str| format!("{PAID},{rest}");
        let table = [
            (PAID.to_owned(), Paid, None),
            (r#""status":"TRADE_NO_CREATE_PAY""#.into(), Awaited, Some(Unpaid)),
            (r#""status":"WAIT_BUYER_PAY""#.into(), Awaited, Some(Unpaid)),
            (r#""status":"PAY_PENDING""#.into(), Awaited, Some(Pending)),
            (r#""status":"WAIT_PRE_AUTH_CONFIRM""#.into(), Awaited, Some(PreAuthorisation)),
            (r#""status":"PAID_FORBID_CONSIGN""#.into(), Paid, None),
            (r#""status":"SELLER_CONSIGNED_PART""#.into(), Paid, None),
            (r#""status":"WAIT_BUYER_CONFIRM_GOODS""#.into(), Paid, None),
            (r#""status":"TRADE_BUYER_SIGNED""#.into(), Paid, None),
            (r#""status":"TRADE_FINISHED""#.into(), Paid, None),
            (r#""status":"TRADE_CLOSED""#.into(), Closed, None),
            (r#""status":"TRADE_CLOSED_BY_TAOBAO""#.into(), Closed, None),
            (staged("WAIT_BUYER_PAY", "FRONT_NOPAID_FINAL_NOPAID"), Awaited, Some(Deposit)),
            (staged("WAIT_BUYER_PAY", "FRONT_PAID_FINAL_NOPAID"), Awaited, Some(Balance)),
            (staged("WAIT_BUYER_PAY", "FRONT_PAID_FRONT_FORFEITED"), Closed, None),
            (staged("WAIT_SELLER_SEND_GOODS", "FRONT_PAID_FINAL_NOPAID"), Awaited, Some(Balance)),
            (staged("WAIT_SELLER_SEND_GOODS", "FRONT_PAID_FRONT_FORFEITED"), Closed, None),
            (staged("WAIT_SELLER_SEND_GOODS", "FRONT_PAID_FINAL_PAID"), Paid, None),
            (staged("PAID_FORBID_CONSIGN", "FRONT_PAID_FINAL_NOPAID"), Awaited, Some(Balance)),
            (sold(r#""step_paid_fee":"10.00","payment":"30.00""#), Awaited, Some(Parts)),
            (sold(r#""step_paid_fee":"30.00","payment":"30.00""#), Paid, None),
            (sold(r#""received_payment":"0.00","payment":"30.00""#), Paid, None),
            (sold(r#""o2o_step_trade_detail":"2_1_100_paid ; 2_2_2000_nopaid""#), Awaited, Some(Parts)),
            (sold(r#""o2o_step_trade_detail":"2_1_100_paid;2_2_2000_paid""#), Paid, None),
        ];
        for (members, payment, waits_for) in table {
            let seen = one(&members, "").seen;
            assert_eq!((seen.payment, seen.aside.waits_for), (payment, waits_for), "{members}");
        }
    }

    #[test]
    fn an_order_has_its_own_status_fee_and_hold() {
        let table = [
            ("", (false, false, 100)),
            (r#""status":"TRADE_CLOSED""#, (true, false, 100)),
            (r#""status":"TRADE_FINISHED","divide_order_fee":"0.80""#, (false, true, 80)),
        ];
        for (members, (closed, finished, fen)) in table {
            let line = one(PAID, members).seen.lines.remove(0);
            assert_eq!((line.closed, line.finished, line.payment.0), (closed, finished, fen), "{members}");
        }
        let line = one(PAID, r#""oid_str":"2004574256083999","sku_id":"","astrolabe_reserve_key":"cart-1""#)
            .seen
            .lines
            .remove(0);
        assert_eq!((line.oid.0, line.sku.0), (2_004_574_256_083_999, 0), "the text twin has all digits");
        assert_eq!(line.reserve_key, Some(HoldKey("cart-1".into())));
    }

    #[test]
    fn marks_of_pickup_and_self_operation() {
        let code =
            |code: &str, field: &str| Some(PickupStore::Code { code: StoreCode(code.into()), field: field.into() });
        let id = Some(PickupStore::Id { text: "1342".into(), field: "rt_omni_store_id".into() });
        let table = [
            (r#""rt_omni_send_type":"storeSend","rt_omni_store_id":"1342""#, None),
            (r#""rt_omni_send_type":"pickUp","rt_omni_store_id":"1342","shop_code":"S1""#, id),
            (r#""shop_pick":"1","shop_code":"S1""#, code("S1", "shop_code")),
            (r#""shop_pick":"0","shop_code":"S1""#, None),
        ];
        for (members, expected) in table {
            assert_eq!(one(&format!("{PAID},{members}"), "").pickup, expected, "{members}");
        }
        let own = [(r#""tmall_delivery":true"#, true), (r#""is_force_dc":"true""#, true), (r#""x":1"#, false)];
        for (members, expected) in own {
            assert_eq!(one(&format!("{PAID},{members}"), "").seen.self_operated, expected, "{members}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let table = [
            (trade_with("", ""), "status"),
            (trade_with(r#""status":"PAID""#, ""), "status"),
            (trade_with(PAID, r#""num_iid_str":"x""#), "orders.order[0].num_iid_str"),
            (trade_with(PAID, r#""divide_order_fee":"1,00""#), "orders.order[0].divide_order_fee"),
            (trade_with(PAID, r#""status":"SOLD""#), "orders.order[0].status"),
            (trade_with(&format!(r#"{PAID},"pay_time":"yesterday""#), ""), "pay_time"),
            (trade_with(&format!(r#"{PAID},"shop_pick":"1""#), ""), "rt_omni_store_id"),
            (trade_with(&format!(r#"{PAID},"step_trade_status":"X""#), ""), "step_trade_status"),
            (
                r#"{"tid":1,"status":"TRADE_CLOSED","created":"2016-09-22 10:00:00","orders":{"order":[]}}"#.into(),
                "orders",
            ),
            (trade_with(PAID, "").replace(r#""num":1"#, r#""num":0"#), "orders.order[0].num"),
            (trade_with(PAID, "").replace(r#""tid":1"#, r#""tid":-1"#), "tid"),
            (format!(r#"{{"trades":[{},{}]}}"#, trade_with(PAID, ""), trade_with("", "")), "trades[1].status"),
            (r#"{"trades":[]}"#.into(), "trades"),
            (r#"{"trades":[1]}"#.into(), "trades[0]"),
        ];
        for (text, field) in table {
            let failure = read_all(&text).expect_err(&text);
            assert_eq!(failure.body.error.field.as_deref(), Some(field), "{text}");
        }
    }

    #[test]
    fn a_hundred_trades_and_no_more() {
        let many = |count: usize| format!(r#"{{"trades":[{}]}}"#, vec![trade_with(PAID, ""); count].join(","));
        assert_eq!(read_all(&many(100)).expect("is readable").len(), 100);
        assert!(read_all(&many(101)).is_err());
    }
}
