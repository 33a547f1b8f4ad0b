//! What the channel last told of a trade beside its goods and money: what payment still waits for, fingerprints by which
//! a later message is seen to differ, and refunds that came before there was anything to stop. Nothing of it names the
//! buyer.

use serde::{Deserialize, Serialize};

use crate::ids::{ItemId, Oid, RefundId, SkuId};
use crate::money::Fen;
use crate::order::refund::RefundStatus;
use crate::order::trade::Delivery;
use crate::time::Timestamp;

/// What stands between a trade and its payment in full.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentWait {
    /// WAIT_BUYER_PAY, TRADE_NO_CREATE_PAY: nothing is paid.
    Unpaid,
    /// PAY_PENDING: the payment is on its way.
    Pending,
    /// WAIT_PRE_AUTH_CONFIRM: the buyer's promise to pay (0 元购) is not confirmed.
    PreAuthorisation,
    /// FRONT_NOPAID_FINAL_NOPAID: the first stage of a staged payment.
    Deposit,
    /// FRONT_PAID_FINAL_NOPAID: the last stage of a staged payment.
    Balance,
    /// Some of the parts that a trade is paid in, or of the whole sum, lack.
    Parts,
}

impl PaymentWait {
    /// The stable name in bodies and pages.
    pub fn name(self) -> &'static str {
        match self {
            PaymentWait::Unpaid => "unpaid",
            PaymentWait::Pending => "pending",
            PaymentWait::PreAuthorisation => "pre_authorisation",
            PaymentWait::Deposit => "deposit",
            PaymentWait::Balance => "balance",
            PaymentWait::Parts => "parts",
        }
    }
}

/// Tells two published texts apart without keeping either. 0: nothing was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub i64);

impl Fingerprint {
    /// Whether both were told and differ.
    pub fn differs_from(self, other: Fingerprint) -> bool {
        self != other && self != Fingerprint::default() && other != Fingerprint::default()
    }
}

/// Of a whole trade.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TradeTold {
    /// While the trade is not paid in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<PaymentWait>,
    /// Of everything that a parcel's label says of its receiver.
    pub address: Fingerprint,
    /// Of what buyer and seller wrote to whoever packs.
    pub notes: Fingerprint,
    /// Refunds of sub-orders that were not known, or not paid, when they were told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub early_refunds: Vec<EarlyRefund>,
}

/// A refund that waits for its sub-order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EarlyRefund {
    pub id: RefundId,
    pub oid: Oid,
    pub status: RefundStatus,
    pub refund_fee: Fen,
    pub has_good_return: bool,
    pub modified: Timestamp,
}

/// What a sub-order is of, as last told. It differs from the sub-order itself while `stands_out`, or where the store of a
/// pickup was agreed upon with us.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LineTold {
    pub item: ItemId,
    pub sku: SkuId,
    pub outer_code: String,
    pub quantity: i64,
    pub payment: Fen,
    pub delivery: Delivery,
    /// Somebody had accepted the goods when the change was told: it is followed once they are ours to route again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_out: bool,
}
