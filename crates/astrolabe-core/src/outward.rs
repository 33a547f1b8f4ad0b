//! Calls outward, in the words of the business. Each is a row written with the decision that caused it; rendering and
//! sending it is somebody else's work.

use serde::{Deserialize, Serialize};

use crate::ids::{AppKey, ChannelId, HandoverCode, LocationId, Oid, OutwardId, RefundId, Tid, WebhookName};
use crate::order::assignment::Shipment;
use crate::order::timeline::TimelineFact;
use crate::time::Timestamp;

/// Who is called. Deliveries of one trade to one receiver keep their order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    App(AppKey),
    Channel(ChannelId),
    Webhook(WebhookName),
    /// The database into which the seller's trades are pushed for an app.
    Rds(AppKey),
}

/// One call outward about one trade.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outward {
    pub id: OutwardId,
    pub receiver: Receiver,
    pub tid: Tid,
    pub message: Message,
    pub made_at: Timestamp,
}

/// What is said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// 6.6.1 `omniorder.allocate`: allocate, or allocate again.
    AskAllocation,
    /// 6.6.3 `omniorder.allocatedinfo.get`: the allocator has been silent.
    QueryAllocation,
    /// 3.3 `qimen.omniorder.allocatedinfo.sync`: the trade's present allocations.
    TellAllocations { allocations: Vec<ToldAllocation> },
    /// 6.6.4 `omniorder.customer.refund`.
    TellRefund { sub_orders: Vec<Oid>, withdrawn: bool },
    /// 6.6.5 `omniorder.store.accpeted`.
    TellAccepted { sub_orders: Vec<Oid>, operator: String },
    /// 6.6.6 `omniorder.store.refused`.
    TellRefused { sub_orders: Vec<Oid>, operator: String },
    /// 6.6.7 `omniorder.store.consigned`.
    TellShipped { sub_orders: Vec<Oid>, operator: String },
    /// 3.1 / 3.2: `taobao.logistics.offline.send` to the channel.
    ConsignToChannel { sub_orders: Vec<Oid>, shipment: Shipment },
    /// Only the channel can end a paid sub-order: it is asked to close these and pay the buyer back.
    AskCancel { sub_orders: Vec<Oid>, reason: String },
    /// The channel knows the buyer and tells him the code for goods of this store: when it is issued, and again on wish.
    TellHandoverCode { sub_orders: Vec<Oid>, store: LocationId, code: HandoverCode, again: bool },
    /// To a webhook: a fact of the order's timeline, as it stands there.
    TellFact(Box<TimelineFact>),
    /// The trade as it stands when the push is made, into `jdp_tb_trade`.
    PushTrade,
    /// The refund likewise, into `jdp_tb_refund`.
    PushRefund { refund: RefundId },
}

/// One allocation as the POS app is told it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToldAllocation {
    pub oid: Oid,
    pub location: LocationId,
    pub warehouse: bool,
    /// The white paper's allocation status of the line: `Allocated`, or `Waiting` when it was withdrawn.
    pub withdrawn: bool,
    pub attributes: Option<String>,
}

/// How a call outward ended, or how its last attempt went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutwardState {
    /// Waits for its next attempt.
    Pending {
        attempts: u32,
        next_at: Timestamp,
        last_error: Option<String>,
    },
    Delivered {
        attempts: u32,
        at: Timestamp,
    },
    Dead {
        attempts: u32,
        at: Timestamp,
        error: String,
    },
    /// The receiver registered no address for it: nothing was sent, and nothing has to be.
    Skipped {
        at: Timestamp,
    },
}
