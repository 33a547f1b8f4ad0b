//! What is measured. Each variant says from which fact to which, whom it belongs to, and where the white paper asks for it.

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// One figure. *Spans* have durations, *counts* only happen. A span belongs to the day its end happened on, the location
/// of the assignment and the app that reported the end; a count of offers to the day, location and app of the offer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// 分单时间 (§5.1.1): paid → the sub-order's first allocation. One a sub-order.
    Allocation,
    /// Given back (refused, unanswered, withdrawn, handed back) → allocated anew. One for every further allocation that
    /// something was given back before.
    Reallocation,
    /// Allocated → the location can know: from the allocating app's own instant to ours. Where we allocate both are one.
    Notice,
    /// 接单时间 (§5.1.2): allocated to a store (派单到门店) → accepted. Deliveries only.
    Acceptance,
    /// 发货时间 (§5.1.3): accepted by a store → shipped.
    Shipping,
    /// Allocated to a warehouse, which accepts nothing → shipped.
    WarehouseShipping,
    /// 物流时间 (§5.1.4): shipped → signed.
    Logistics,
    /// Pickup: allocated → confirmed ready.
    Confirmation,
    /// Pickup: ready → collected.
    Collection,
    /// §5.3: refund asked of a location → its first answer, yes or no.
    RefundAnswer,
    /// §5.3: return asked → goods received.
    ReturnReceipt,

    /// §5.4, X_ALLOCATION_NOTIFIED with `orderStatus.sync`: happened → learnt. As are the next five.
    StatusAllocated,
    /// §5.4, X_SHOP_ALLOCATION with `orderStatus.sync`.
    StatusAccepted,
    /// §5.4, X_ALLOCATION_NOTIFIED with `allocatedinfo.sync`.
    CallAllocated,
    /// §5.4, X_SHOP_ALLOCATION with `store.accpeted`.
    CallAccepted,
    /// §5.4, X_SHOP_HANDLED with `store.consigned`.
    CallConsigned,
    /// §5.4, X_SHOP_DENY with `store.refuse`.
    CallRefused,

    /// §5.2.2: omnichannel sub-orders that were decided on. Belongs to the day of payment, no location and no app.
    SubOrders,
    /// §5.2.2: those of them that were ever allocated to a store. As [`Metric::SubOrders`].
    SubOrdersToStores,
    /// §5.2.1: allocations to stores, pickups included.
    Offers,
    /// §5.2.1: those accepted (a pickup: confirmed ready), however late.
    OffersAccepted,
    /// Those refused.
    OffersRefused,
    /// Those not answered in time. One may still be accepted late.
    OffersUnanswered,
    /// Those taken back without blame.
    OffersWithdrawn,
    /// Those accepted first that the store could not serve after all.
    OffersGivenBack,
    /// Assignments whose shipping an app reported. Belongs to the shipping.
    ShippedByApp,
    /// Those of them for which X_TO_SYSTEM, which is required (§6.4), was reported, before or after. The rest is missing.
    ToSystemReported,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; 27] = [
        Metric::Allocation,
        Metric::Reallocation,
        Metric::Notice,
        Metric::Acceptance,
        Metric::Shipping,
        Metric::WarehouseShipping,
        Metric::Logistics,
        Metric::Confirmation,
        Metric::Collection,
        Metric::RefundAnswer,
        Metric::ReturnReceipt,
        Metric::StatusAllocated,
        Metric::StatusAccepted,
        Metric::CallAllocated,
        Metric::CallAccepted,
        Metric::CallConsigned,
        Metric::CallRefused,
        Metric::SubOrders,
        Metric::SubOrdersToStores,
        Metric::Offers,
        Metric::OffersAccepted,
        Metric::OffersRefused,
        Metric::OffersUnanswered,
        Metric::OffersWithdrawn,
        Metric::OffersGivenBack,
        Metric::ShippedByApp,
        Metric::ToSystemReported,
    ];

    /// The six rows of §5.4, in the white paper's order.
    pub const TIMELINESS: [Metric; 6] = [
        Metric::StatusAllocated,
        Metric::StatusAccepted,
        Metric::CallAllocated,
        Metric::CallAccepted,
        Metric::CallConsigned,
        Metric::CallRefused,
    ];

    /// Whether it counts sub-orders, which belong to no location and to no app.
    pub fn is_of_sub_orders(self) -> bool {
        matches!(self, Metric::SubOrders | Metric::SubOrdersToStores)
    }

    /// The time it should stay below, where the white paper says one: five minutes in §5.4; those of §5.1 are 待定 there.
    pub fn target(self) -> Option<Millis> {
        Self::TIMELINESS.contains(&self).then_some(Millis::minutes(5))
    }
}
