//! The timeline: who, what, when it happened, when we learnt of it. The only source of clocks and KPIs, and the
//! idempotency record of order commands.

use serde::{Deserialize, Serialize};

use crate::ids::{AllocationCode, AppKey, LocationId, Oid, Tid};
use crate::stock::book::Moment;

/// What happened. `Milestone*` are facts that move no state (white paper §1.3.1 通用状态).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Paid,
    PassedOn,
    AddressChanged,
    NotesChanged,
    GoodsChanged,
    Held,
    HoldLifted,
    AllocationAsked,
    AllocatorSilent,
    TakenOver,
    Allocated,
    Unfillable,
    Accepted,
    Refused,
    Unanswered,
    GaveBack,
    Withdrawn,
    Mismatch,
    RefundAsked,
    RefundWithdrawn,
    ReallocationAsked,
    /// The place that a re-allocation named could not hold the units any more: they were routed anew.
    TargetMissed,
    CancelConfirmed,
    CancelDenied,
    Cancelled,
    ChannelConsigned,
    Shipped,
    ShipmentCorrected,
    /// A share of a hop's time has passed; the request is the hop.
    DeadlineNear,
    ShipLate,
    TransferLate,
    CollectLate,
    CancelUnanswered,
    ReturnLate,
    /// The channel was asked to end the sub-order.
    CancelAsked,
    /// A call outward that was given up is made again.
    CallResent,
    Signed,
    Closed,
    ReturnAsked,
    ReturnWithdrawn,
    Returned,
    Refunded,
    Confirmed,
    TransferStarted,
    TransferArrived,
    Collected,
    CodeResent,
    ToSystem,
    ServiceAudited,
    FinanceAudited,
    SortPrinted,
    SendPrinted,
    LogisticsPrinted,
    Sorted,
    Examined,
    Packaged,
    Weighed,
    OutWarehouse,
}

/// Who did it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    Channel,
    Platform,
    Clock,
    App {
        key: AppKey,
        operator: String,
        #[serde(default, skip_serializing_if = "Via::is_other")]
        via: Via,
    },
    Keeper {
        user: String,
        store: LocationId,
    },
    Operator {
        user: String,
    },
}

/// With which call an app told it, as far as §5.4 gives the calls a time of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Any call that has no time there.
    #[default]
    Other,
    /// A status (§6.4, §6.5).
    StatusSync,
    /// The call made for it: allocation result, acceptance, refusal, shipping (§6.6).
    OwnCall,
}

impl Via {
    fn is_other(&self) -> bool {
        *self == Via::Other
    }
}

/// One line of a timeline. Unique per (trade, sub-order, assignment, fact, request).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimelineFact {
    pub tid: Tid,
    /// `None` for facts of the whole trade.
    pub oid: Option<Oid>,
    pub code: Option<AllocationCode>,
    pub fact: Fact,
    /// The refund or re-allocation it belongs to, else 0; for facts that may recur on a sub-order, the recurrence; for a
    /// resent code, the Shanghai day.
    pub request: i64,
    pub location: Option<LocationId>,
    pub who: Actor,
    pub at: Moment,
    /// What explains it: a decision's inputs, a refusal's reason, a waybill. Never a buyer's data.
    pub detail: Option<String>,
}
