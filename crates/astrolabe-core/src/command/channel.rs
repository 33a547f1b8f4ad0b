//! What a channel tells: trades and refunds, as they stand there.

use crate::ids::{HoldKey, ItemId, Oid, RefundId, SkuId, Tid};
use crate::money::Fen;
use crate::order::refund::RefundStatus;
use crate::order::told::{Fingerprint, PaymentWait};
use crate::order::trade::{ChannelConsign, Delivery, Destination, TradePayment};
use crate::time::Timestamp;

/// A trade as the channel tells it.
#[derive(Clone, PartialEq, Debug)]
pub struct SeenTrade {
    pub tid: Tid,
    pub channel: crate::ids::ChannelId,
    pub created: Timestamp,
    pub pay_time: Option<Timestamp>,
    pub modified: Timestamp,
    pub payment: TradePayment,
    pub self_operated: bool,
    /// The channel itself marks the trade as omnichannel (`is_o2o_passport`).
    pub omni_marked: bool,
    pub destination: Destination,
    pub lines: Vec<SeenLine>,
    /// What else it tells.
    pub aside: SeenAside,
    /// The trade object as published, kept for whoever queries it.
    pub published: Published,
}

/// What a channel tells of a trade beside its goods and money.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SeenAside {
    /// What payment in full still waits for; `None` once it is paid or closed.
    pub waits_for: Option<PaymentWait>,
    /// Why the channel does not let a paid trade be shipped, in its own words: one hold each.
    pub holds: Vec<String>,
    /// Of everything that a parcel's label says of its receiver.
    pub address: Fingerprint,
    /// Of what buyer and seller wrote to whoever packs.
    pub notes: Fingerprint,
    /// Sub-orders that somebody has consigned at the channel.
    pub consigned: Vec<(Oid, ChannelConsign)>,
}

/// A trade as the channel published it, and the channel's own words in it that lists of trades are filtered by. Passed on,
/// never decided on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Published {
    pub text: String,
    /// The trade's status in the channel's words.
    pub status: String,
    /// The trade's type in the channel's words; empty where it tells none.
    pub kind: String,
}

/// A line of a seen trade.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenLine {
    pub oid: Oid,
    pub item: ItemId,
    pub sku: SkuId,
    pub outer_code: String,
    pub quantity: i64,
    pub payment: Fen,
    pub delivery: Delivery,
    pub reserve_key: Option<HoldKey>,
    /// The channel has closed this line.
    pub closed: bool,
    /// The channel has the line signed for or finished.
    pub finished: bool,
}

/// A refund as the channel tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenRefund {
    pub tid: Tid,
    pub oid: Oid,
    pub id: RefundId,
    pub status: RefundStatus,
    pub refund_fee: Fen,
    pub has_good_return: bool,
    pub modified: Timestamp,
    /// The refund object as published, kept for whoever queries it.
    pub published: String,
}
