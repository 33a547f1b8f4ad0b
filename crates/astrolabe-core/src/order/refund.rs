//! 退款: what the buyer asked back, as the channel tells it.

use serde::{Deserialize, Serialize};

use crate::ids::{Oid, RefundId};
use crate::money::Fen;
use crate::time::Timestamp;

/// One refund of one sub-order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refund {
    pub id: RefundId,
    pub oid: Oid,
    pub status: RefundStatus,
    pub kind: RefundKind,
    pub refund_fee: Fen,
    /// The channel's own modify time; an older one changes nothing.
    pub modified: Timestamp,
}

/// The channel's refund status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// WAIT_SELLER_AGREE.
    Asked,
    /// WAIT_BUYER_RETURN_GOODS, WAIT_SELLER_CONFIRM_GOODS: agreed, the goods are on their way back.
    Returning,
    /// SELLER_REFUSE_BUYER.
    RefusedBySeller,
    /// CLOSED.
    Withdrawn,
    /// SUCCESS.
    Granted,
}

/// What a refund means for the goods. Decided once, when it is first seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundKind {
    /// Before shipping: the goods must not leave.
    ForGoods,
    /// After shipping: the goods come back.
    Return,
    /// After shipping: money alone.
    WithoutReturn,
    /// Less than the line's payment before shipping: recorded, stops nothing.
    AmountOnly,
}
