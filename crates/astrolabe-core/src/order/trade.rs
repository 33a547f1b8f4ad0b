//! 交易: a paid trade and its sub-orders, as far as decisions need them. The buyer's name, phone and street are not
//! here: the published JSON is kept beside it and passed on, never decided on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::geo::Point;
use crate::goods::Component;
use crate::ids::{AppKey, ChannelId, HoldKey, ItemId, LocationId, Oid, OutwardId, SkuId, Tid};
use crate::money::Fen;
use crate::order::refund::Refund;
use crate::order::timeline::Fact;
use crate::order::told::{LineTold, TradeTold};
use crate::seller::RoleMode;
use crate::time::Timestamp;

/// A trade as the channel last told it, and what we decided about it as a whole.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trade {
    pub tid: Tid,
    pub channel: ChannelId,
    pub created: Timestamp,
    pub pay_time: Option<Timestamp>,
    /// The channel's own modify time; an older one changes nothing.
    pub modified: Timestamp,
    pub payment: TradePayment,
    pub destination: Destination,
    pub level: Level,
    /// Fixed when the trade enters level 3.
    pub mode: Option<RoleMode>,
    pub allocation: AllocationAsk,
    pub holds: Vec<TradeHold>,
    pub sub_orders: Vec<SubOrder>,
    pub refunds: Vec<Refund>,
    /// Apps beside those of the mode that the allocating app has named: the trade is pushed into their databases too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pushed_to: BTreeSet<AppKey>,
    /// When something must be looked at next if nobody says anything; `None` when nothing is pending at trade level.
    pub due_at: Option<Timestamp>,
    #[serde(default)]
    pub told: TradeTold,
}

/// How much of the trade is paid (§2: only paid orders are routed).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradePayment {
    /// Not paid, or paid in part (staged payment waits for `FRONT_PAID_FINAL_PAID`).
    Awaited,
    Paid,
    /// The channel closed the whole trade.
    Closed,
}

/// Where the goods go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Destination {
    pub province: String,
    pub city: String,
    pub district: String,
    /// `None` when the address names no known division: distance then decides nothing.
    pub point: Option<Point>,
}

/// How far the three levels of routing have taken the trade (white paper §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Not paid yet: no level has judged it.
    Awaited,
    /// Level 1: Tmall's own sale, out of scope.
    PassedOnSelfOperated,
    /// Level 2: no line is omnichannel; the merchant's ordinary systems have it.
    PassedOnOrdinary,
    /// Level 3: ours to route.
    Routed,
}

/// Where an allocating app stands with this trade.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationAsk {
    /// The platform allocates, or nothing was asked yet.
    None,
    /// `allocate` is on its way (as `call`) or answered; silence is judged at `deadline`.
    Asked { app: AppKey, call: OutwardId, asked_at: Timestamp, deadline: Timestamp, queried: bool },
    /// The app stayed silent or failed, and the platform owns the allocation from here on. `call` is the `allocate` that it
    /// may still answer.
    TakenOver {
        app: AppKey,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<OutwardId>,
    },
    /// Silent, and the seller wants a person to look: an exception is open.
    Silent { app: AppKey, since: Timestamp },
    /// It answered `allocate` by saying that the order was shipped. Nobody takes over and it is not asked again, for then the
    /// goods might go out twice: its own result or somebody's re-allocation settles it.
    SaysShipped { app: AppKey, since: Timestamp },
}

/// A reason not to route yet. The hold ends when somebody lifts it or its time comes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TradeHold {
    pub who: String,
    pub why: String,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
}

/// One line of a trade.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SubOrder {
    pub oid: Oid,
    pub item: ItemId,
    pub sku: SkuId,
    pub outer_code: String,
    /// Units of the listing.
    pub quantity: i64,
    pub payment: Fen,
    /// The articles one unit takes: one, or a kit's components. Empty while the listing maps to none.
    pub components: Vec<Component>,
    pub delivery: Delivery,
    /// The pre-payment hold this line takes over.
    pub reserve_key: Option<HoldKey>,
    /// Whether the line is an omnichannel one (level 2).
    pub omni: bool,
    /// Units that no live assignment has, and what they wait for; `None` when all are assigned or done.
    pub unassigned: Option<Unassigned>,
    pub excluded: Vec<Exclusion>,
    /// What the merchant told the channel with a `logistics.*.send` (§3.4).
    pub channel_consigned: Option<ChannelConsign>,
    /// The channel's sub-order is closed: nothing more happens to it.
    pub channel_closed: bool,
    /// Milestones (§1.3.1) that the sub-order reached before any assignment had it: a repeat changes nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub milestones: BTreeSet<Fact>,
    /// When the channel was asked to end it because nobody served it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_asked: Option<Timestamp>,
    /// `None` where it was told before this was kept: nothing is concluded from its next telling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<LineTold>,
}

/// How the buyer gets the goods.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// `FAHUO`.
    Ship,
    /// `ZITI`: the buyer chose the store.
    Pickup { store: LocationId },
}

/// Units of a sub-order that no live assignment has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unassigned {
    pub units: i64,
    pub state: UnassignedState,
}

/// What unassigned units wait for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnassignedState {
    /// Known, not paid in full.
    Created,
    /// A hold stands.
    Held,
    /// On its way to an allocation.
    Routing,
    /// Nothing can serve it now.
    Unfillable { reason: String },
    /// A refund took it back before anybody had it.
    Cancelled,
    /// The channel closed it.
    Closed,
}

/// A location that a refusal keeps out of this sub-order's next plans.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exclusion {
    pub location: LocationId,
    pub why: ExclusionReason,
    pub at: Timestamp,
}

/// Why a location does not get a sub-order again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionReason {
    Refused,
    NoAnswer,
    /// Accepted first and could not ship after all.
    GaveBack,
}

/// A `logistics.*.send` that the merchant made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChannelConsign {
    pub company_code: String,
    pub waybill: String,
    pub at: Timestamp,
}

impl TradeHold {
    /// The holder's name where the channel itself forbids shipping.
    pub const CHANNEL: &str = "channel";
    /// The holder's name of the wait after payment that the seller wants.
    pub const PLATFORM: &str = "platform";
}

impl SubOrder {
    /// Whether a refusal keeps `location` out.
    pub fn is_excluded(&self, location: LocationId) -> bool {
        self.excluded.iter().any(|exclusion| exclusion.location == location)
    }

    /// Whether its units wait in Routing or Unfillable, where an allocation may take them.
    pub fn awaits_allocation(&self) -> bool {
        match self.unassigned.as_ref().map(|unassigned| &unassigned.state) {
            Some(UnassignedState::Routing | UnassignedState::Unfillable { .. }) => true,
            Some(
                UnassignedState::Created | UnassignedState::Held | UnassignedState::Cancelled | UnassignedState::Closed,
            )
            | None => false,
        }
    }
}

impl Trade {
    /// The line with this oid.
    pub fn sub_order(&self, oid: Oid) -> Option<&SubOrder> {
        self.sub_orders.iter().find(|line| line.oid == oid)
    }

    /// The line with this oid, to change it.
    pub fn sub_order_mut(&mut self, oid: Oid) -> Option<&mut SubOrder> {
        self.sub_orders.iter_mut().find(|line| line.oid == oid)
    }
}
