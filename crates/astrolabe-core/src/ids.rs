//! Typed identifiers. A bare `i64` or `String` never names a thing in this project.
//!
//! Ids that come from outside (trade, sub-order, item) are kept as they came. Ids that we give are minted by
//! [`IdMint`], time-ordered and unique on any number of nodes.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

number_ids! {
    /// The merchant. Leads every key; comes from app key and session, never from a body.
    SellerId;
    /// 淘宝交易主订单 id: the trade.
    Tid;
    /// 子订单 id: one line of a trade.
    Oid;
    /// 宝贝: the front-end listing.
    ItemId;
    /// SKU of a listing; 0 where the listing has none.
    SkuId;
    /// 货品: the back-end article that stock hangs on. Below 2⁵³.
    ScItemId;
    /// Where stock lies: a store (this is its wire `storeId`) or a warehouse. Below 2⁵³.
    LocationId;
    /// The sales channel; 0 for stock that is shared by all.
    ChannelId;
    /// 星盘派单号: names one assignment.
    AllocationCode;
    /// 退款单号.
    RefundId;
    /// One held quantity in one cell.
    ReservationId;
    /// One call outward.
    OutwardId;
    /// One piece of work that a decision left for later.
    WorkId;
    /// One thing that a person has to settle.
    ExceptionId;
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

text_ids! {
    /// 电商仓 code, 1–50 characters.
    WarehouseCode;
    /// The merchant's own code of a store (ERP 门店编码), 1–50 characters, unique per seller.
    StoreCode;
    /// 流水号: the caller's idempotency key of a stock bill, 1–50 characters.
    BillNum;
    /// The caller's key of a pre-payment hold, 1–50 characters.
    HoldKey;
    /// The application that signs calls.
    AppKey;
    /// A merchant's name for one of its webhooks, 1–50 characters.
    WebhookName;
}

/// 核销码: digits that the buyer shows to get the goods. Whoever knows them gets the goods, so they are never formatted: not
/// into logs, not into messages. Minted outside (the core has no chance in it).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandoverCode(String);

impl HandoverCode {
    /// A code as it was minted, stored or shown.
    pub fn of(digits: impl Into<String>) -> Self {
        Self(digits.into())
    }

    /// The digits, for whom they are meant.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HandoverCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandoverCode(…)")
    }
}

/// The channel whose trades come in first; other channels get their own number when they get an adapter.
pub const TMALL: ChannelId = ChannelId(1);
/// The channel number of stock that all channels and the shop floor share (`Uncertain`).
pub const ALL_CHANNELS: ChannelId = ChannelId(0);

/// Gives ids within one group. The lane sets its start from the clock and its node number, so that ids of two groups
/// never meet; within a group the mint only counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdMint {
    long: i64,
    long_step: i64,
    short: i64,
    short_step: i64,
}

impl IdMint {
    /// `long` and `short` are the last ids given; the steps keep the node's number in the low bits. Long ids have 63
    /// bits; short ones leave as JSON numbers and stay below 2⁵³.
    pub fn new(long: i64, long_step: i64, short: i64, short_step: i64) -> Self {
        Self { long, long_step, short, short_step }
    }

    /// The next 63-bit id.
    pub fn long(&mut self) -> i64 {
        self.long += self.long_step;
        self.long
    }

    /// The next id below 2⁵³.
    pub fn short(&mut self) -> i64 {
        self.short += self.short_step;
        self.short
    }

    /// The last 63-bit id given.
    pub fn last_long(&self) -> i64 {
        self.long
    }
}
