//! 派单: some units of one sub-order given to one location, with the states it can be in. Where events lead from a state is
//! [`crate::order::machine`]'s to say.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::deadlines::HopClock;
use crate::ids::{AllocationCode, HandoverCode, LocationId, Oid, RefundId, Tid};
use crate::order::timeline::{Actor, Fact};
use crate::service_settings::DayPlace;
use crate::stock::cell::CellKey;
use crate::time::Timestamp;

/// One allocation of units to a location, for ever: a refused one stays as history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Assignment {
    pub code: AllocationCode,
    pub tid: Tid,
    pub oid: Oid,
    pub location: LocationId,
    /// A warehouse assignment needs no acceptance.
    pub warehouse: bool,
    /// 门店自提: the buyer collects it here, so that its machine is that of pickups.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pickup: bool,
    pub units: i64,
    pub state: AssignmentState,
    pub allocated_at: Timestamp,
    pub allocated_by: AllocatedBy,
    /// The seller lane's version the decision was made at.
    pub decided_at_version: i64,
    /// Gifts, batch numbers and the like that the allocator wrote (§2.4), passed on as they came.
    pub attributes: Option<String>,
    pub shipment: Option<Shipment>,
    /// Facts already on the timeline for this assignment: a repeat answers success and changes nothing.
    pub facts: BTreeSet<RecordedFact>,
    /// When the next rung of the ladder is reached; `None` when no clock runs, or all were.
    pub due_at: Option<Timestamp>,
    /// The hop that is under way, by which `due_at` is reckoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<HopClock>,
    /// The units that left when it shipped, by cell: a return goes back to the same class.
    #[serde(default)]
    pub committed: Vec<CommittedPart>,
    /// The place it takes in its location's day, where that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_place: Option<DayPlace>,
    /// What the buyer must show to get the goods: once a pickup is confirmed, or the store set out to bring them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    /// Where it is to go once its location gives it back. Means something only while a re-allocation is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_for: Option<BoundFor>,
}

/// The place that a re-allocation from an accepted one named.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoundFor {
    pub location: LocationId,
    /// Who chose it.
    pub by: AllocatedBy,
}

/// 核销: a code that was issued for goods of one trade at one store. Sub-orders that are handed over together share it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Handover {
    pub code: HandoverCode,
    /// Who took the code when the goods were handed over; a code is used once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<Actor>,
}

/// Units that left one cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CommittedPart {
    pub cell: CellKey,
    pub units: i64,
}

/// Who chose the location.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocatedBy {
    Router,
    App,
    Operator,
}

/// A fact with the request it answers (a refund, a re-allocation); 0 for facts that belong to none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct RecordedFact {
    pub fact: Fact,
    pub request: i64,
}

/// Carrier and waybill; neither where goods were collected, or where nobody said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shipment {
    pub company_code: String,
    pub company_name: String,
    pub waybill: String,
    pub at: Timestamp,
}

/// The states of deliveries (`FAHUO`) and pickups (`ZITI`). Those that end the assignment say so in
/// [`AssignmentState::is_live`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// X_ALLOCATION_NOTIFIED: offered to the location.
    Notified,
    /// X_SHOP_ALLOCATION.
    Accepted,
    /// X_COMMODITY_CONFIRM (pickup): it lies ready for the buyer, who has the code.
    Confirmed,
    /// X_COMMODITY_TRANSER (pickup): the store has none, the goods are on their way to it from elsewhere.
    Transferring,
    /// X_SHOP_CANCEL: somebody wants it back; timers stop, the hold stays.
    CancelRequested {
        from: BeforeCancel,
        aim: CancelAim,
    },
    /// X_SHOP_CANCEL_DENIED: the goods are already gone.
    CancelDenied {
        from: BeforeCancel,
        aim: CancelAim,
    },
    /// X_SHOP_HANDLED.
    Shipped,
    Signed,
    /// The buyer has collected the pickup; the code is used up.
    Collected,
    /// X_HANDLED_CANCEL.
    ReturnRequested {
        from: AfterShipping,
        refund: RefundId,
    },
    /// X_MATCHED.
    Returned,
    /// Money back without the goods.
    Refunded,
    /// X_SHOP_DENY by the store.
    Refused,
    /// X_SHOP_DENY by the clock.
    Unanswered,
    /// Taken back without blame.
    Withdrawn,
    /// X_SHOP_CANCEL_CONFIRM.
    Cancelled,
    /// The channel closed the sub-order.
    Closed,
}

/// The states a cancel request may interrupt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeforeCancel {
    Notified,
    Accepted,
    Confirmed,
    Transferring,
}

/// The states a return may start from: the goods have left the shelf for good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterShipping {
    Shipped,
    Signed,
    Collected,
}

/// What a cancel request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelAim {
    /// The buyer wants the money back.
    Refund(RefundId),
    /// The platform or the merchant wants another location; the number names the request.
    Reallocate(i64),
}

impl AllocatedBy {
    /// Whose choice it is when this actor names a location.
    pub fn choice_of(who: &Actor) -> Self {
        match who {
            Actor::App { .. } => AllocatedBy::App,
            Actor::Operator { .. } | Actor::Keeper { .. } | Actor::Channel | Actor::Platform | Actor::Clock => {
                AllocatedBy::Operator
            }
        }
    }
}

impl Shipment {
    /// Whether it names neither carrier nor waybill.
    pub fn is_unnamed(&self) -> bool {
        self.company_code.is_empty() && self.waybill.is_empty()
    }
}

impl CancelAim {
    /// The request a fact about this cancel belongs to.
    pub fn request(self) -> i64 {
        match self {
            CancelAim::Refund(refund) => refund.0,
            CancelAim::Reallocate(request) => request,
        }
    }
}

impl AssignmentState {
    /// Whether the offer was taken back without a refusal: a late yes may still win.
    pub fn is_taken_back(&self) -> bool {
        matches!(self, AssignmentState::Withdrawn | AssignmentState::Unanswered)
    }

    /// Whether the assignment still has its units (they are at the location, or on their way to the buyer).
    pub fn is_live(&self) -> bool {
        match self {
            AssignmentState::Notified
            | AssignmentState::Accepted
            | AssignmentState::Confirmed
            | AssignmentState::Transferring
            | AssignmentState::CancelRequested { .. }
            | AssignmentState::CancelDenied { .. }
            | AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::Collected
            | AssignmentState::ReturnRequested { .. } => true,
            AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Unanswered
            | AssignmentState::Withdrawn
            | AssignmentState::Cancelled
            | AssignmentState::Closed => false,
        }
    }

    /// Whether units of stock may be held for it.
    pub fn holds_stock(&self) -> bool {
        match self {
            AssignmentState::Notified
            | AssignmentState::Accepted
            | AssignmentState::Confirmed
            | AssignmentState::Transferring
            | AssignmentState::CancelRequested { .. }
            | AssignmentState::CancelDenied { .. } => true,
            AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::Collected
            | AssignmentState::ReturnRequested { .. }
            | AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Unanswered
            | AssignmentState::Withdrawn
            | AssignmentState::Cancelled
            | AssignmentState::Closed => false,
        }
    }

    /// The stable name in tables, metrics, URLs and pages.
    pub fn name(&self) -> &'static str {
        match self {
            AssignmentState::Notified => "notified",
            AssignmentState::Accepted => "accepted",
            AssignmentState::Confirmed => "confirmed",
            AssignmentState::Transferring => "transferring",
            AssignmentState::CancelRequested { .. } => "cancel_requested",
            AssignmentState::CancelDenied { .. } => "cancel_denied",
            AssignmentState::Shipped => "shipped",
            AssignmentState::Signed => "signed",
            AssignmentState::Collected => "collected",
            AssignmentState::ReturnRequested { .. } => "return_requested",
            AssignmentState::Returned => "returned",
            AssignmentState::Refunded => "refunded",
            AssignmentState::Refused => "refused",
            AssignmentState::Unanswered => "unanswered",
            AssignmentState::Withdrawn => "withdrawn",
            AssignmentState::Cancelled => "cancelled",
            AssignmentState::Closed => "closed",
        }
    }

    /// The white paper's state (§1.3.1, §6.5) that `omnichannel_param` shows.
    pub fn white_paper_state(&self) -> &'static str {
        match self {
            AssignmentState::Notified => "X_ALLOCATION_NOTIFIED",
            AssignmentState::Accepted => "X_SHOP_ALLOCATION",
            // The white paper has no state after it for pickups.
            AssignmentState::Confirmed | AssignmentState::Collected => "X_COMMODITY_CONFIRM",
            // Published with this spelling.
            AssignmentState::Transferring => "X_COMMODITY_TRANSER",
            AssignmentState::CancelRequested { .. } | AssignmentState::Withdrawn | AssignmentState::Closed => {
                "X_SHOP_CANCEL"
            }
            AssignmentState::CancelDenied { .. } => "X_SHOP_CANCEL_DENIED",
            AssignmentState::Shipped | AssignmentState::Signed | AssignmentState::Refunded => "X_SHOP_HANDLED",
            AssignmentState::ReturnRequested { .. } => "X_HANDLED_CANCEL",
            AssignmentState::Returned => "X_MATCHED",
            AssignmentState::Refused | AssignmentState::Unanswered => "X_SHOP_DENY",
            AssignmentState::Cancelled => "X_SHOP_CANCEL_CONFIRM",
        }
    }
}

impl Assignment {
    /// Whether this fact was recorded before for the same request.
    pub fn has(&self, fact: Fact, request: i64) -> bool {
        self.facts.contains(&RecordedFact { fact, request })
    }
}
