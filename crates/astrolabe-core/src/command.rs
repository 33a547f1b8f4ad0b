//! What callers may ask of a seller's lane. Commands are imperative and carry only checked, typed values; who is
//! asking is part of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::goods::OmniTag;
use crate::ids::{
    AllocationCode, AppKey, BillNum, HandoverCode, HoldKey, ItemId, LocationId, Oid, OutwardId, RefundId, ScItemId,
    SkuId, Tid, WorkId,
};
use crate::money::Fen;
use crate::order::assignment::Shipment;
use crate::order::refund::RefundStatus;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::{ChannelConsign, Delivery, Destination, TradePayment};
use crate::outward::OutwardState;
use crate::place::Location;
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::service_settings::ServiceChange;
use crate::stock::cell::{CellKey, StockClass};
use crate::stock::deduct::QueuePlace;
use crate::stock::hold::HolderName;
use crate::time::{Millis, Timestamp};

/// One thing asked of one seller's lane, decided as a whole.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// §6.2 / §6.3: stock bills; each is judged by itself.
    ReportStock(Vec<Bill>),
    /// §6.2.4 / §6.3.4.
    AdjustHold(AdjustHold),
    /// `astrolabe.stock.reserve`.
    ReserveAhead(ReserveAhead),
    /// `astrolabe.stock.release`.
    ReleaseAhead {
        key: HoldKey,
    },
    /// A trade as the channel tells it: new, or an update.
    SeeTrade(Box<SeenTrade>),
    /// A refund as the channel tells it.
    SeeRefund(SeenRefund),
    /// A `logistics.*.send` that the merchant made at the channel (§3.4).
    SeeChannelConsign {
        tid: Tid,
        sub_orders: Vec<Oid>,
        consign: ChannelConsign,
        who: Actor,
    },
    /// §6.6.2, or the answer to §6.6.3.
    SyncAllocation(SyncAllocation),
    /// §6.6.8, the keeper, or §6.5 X_SHOP_ALLOCATION.
    Accept(StoreAnswer),
    /// §6.6.9, the keeper, or §6.5 X_SHOP_DENY.
    Refuse {
        answer: StoreAnswer,
        reasons: PerLine<RefuseReason>,
    },
    /// §6.6.10, the keeper, or §6.5 X_SHOP_HANDLED.
    Ship {
        answer: StoreAnswer,
        shipments: PerLine<Shipment>,
    },
    /// §6.5 X_SHOP_CANCEL_CONFIRM (goods back on shelf) or X_SHOP_CANCEL_DENIED (already gone).
    AnswerCancel {
        answer: StoreAnswer,
        confirmed: bool,
        refund: Option<RefundId>,
    },
    /// §6.5 X_MATCHED.
    ReceiveReturn(StoreAnswer),
    /// §6.5 X_COMMODITY_CONFIRM, or the keeper: a pickup lies ready. The fresh code is issued unless the trade has one at
    /// this store that is still good.
    ConfirmPickup {
        answer: StoreAnswer,
        fresh: HandoverCode,
    },
    /// §6.5 X_COMMODITY_TRANSER: the store has none, the goods are to come from elsewhere.
    StartTransfer(StoreAnswer),
    /// §6.5 X_TRANSFER_SUCCESS: they have come.
    ReceiveTransfer {
        answer: StoreAnswer,
        fresh: HandoverCode,
    },
    /// `dtd.consign`: the store brings the buyer what it accepted of this trade.
    SetOut(SetOut),
    /// `storecollect.consume`, `dtd.consume`, or the keeper: the buyer showed the code and has the goods.
    UseCode(UseCode),
    /// `dtd.resend`: the codes of what is on its way are told to the buyer again.
    ResendCodes {
        tid: Tid,
        who: Actor,
    },
    /// The buyer signed (carrier or channel).
    SeeSigned {
        tid: Tid,
        sub_orders: Vec<Oid>,
        at: Timestamp,
    },
    /// A milestone of §1.3.1: of the assignments that are meant, or of a sub-order that no assignment has had yet.
    RecordMilestone {
        answer: StoreAnswer,
        fact: Fact,
    },
    /// `omniorder.store.reallocate` or the console.
    Reallocate(Reallocate),
    SetHold {
        tid: Tid,
        who: Actor,
        why: String,
        until: Option<Timestamp>,
    },
    LiftHold {
        tid: Tid,
        who: Actor,
    },
    /// The clock: whatever of the trade is due at `now`.
    LookAtClock {
        tid: Tid,
    },
    /// The clock: pre-payment holds that ran out.
    ExpireAhead {
        key: HoldKey,
    },
    /// A call outward was attempted.
    SettleOutward {
        id: OutwardId,
        tid: Tid,
        state: OutwardState,
    },
    /// Work that an earlier decision left.
    DoWork {
        id: WorkId,
        work: Work,
    },
    /// §6.1.1; the id inside is ignored, a new one is given.
    CreateStore(Box<Location>),
    /// §6.1.3.
    UpdateStore(Box<Location>),
    /// A warehouse declared by the operator: created or brought up to date by its code.
    DeclareWarehouse(Box<Location>),
    /// A location's settings for delivery or pickup.
    SetService {
        location: LocationId,
        change: ServiceChange,
    },
    /// §6.1.4: all of them, or none.
    DeleteStores(Vec<LocationId>),
    /// §6.1.6.
    BindItem {
        item: ItemId,
        locations: Vec<LocationId>,
        bind: bool,
    },
    /// `omniorder.item.tag.operate` / `qimen.items.marking`.
    TagItem {
        item: ItemId,
        tags: Vec<OmniTag>,
        add: bool,
        allocator: Option<Allocator>,
        acceptor: Option<Acceptor>,
    },
    /// `scitem.add`.
    AddScItem {
        outer_code: String,
        name: String,
        combo: Vec<crate::goods::Component>,
    },
    /// `scitem.map.add`.
    MapItem {
        item: ItemId,
        sku: SkuId,
        sc_item: Option<ScItemId>,
        outer_code: Option<String>,
    },
    /// `scitem.map.delete`.
    UnmapArticle {
        sc_item: ScItemId,
    },
}

impl Command {
    /// The stable name in logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Command::ReportStock(_) => "report_stock",
            Command::AdjustHold(_) => "adjust_hold",
            Command::ReserveAhead(_) => "reserve_ahead",
            Command::ReleaseAhead { .. } => "release_ahead",
            Command::SeeTrade(_) => "see_trade",
            Command::SeeRefund(_) => "see_refund",
            Command::SeeChannelConsign { .. } => "see_channel_consign",
            Command::SyncAllocation(_) => "sync_allocation",
            Command::Accept(_) => "accept",
            Command::Refuse { .. } => "refuse",
            Command::Ship { .. } => "ship",
            Command::AnswerCancel { .. } => "answer_cancel",
            Command::ReceiveReturn(_) => "receive_return",
            Command::ConfirmPickup { .. } => "confirm_pickup",
            Command::StartTransfer(_) => "start_transfer",
            Command::ReceiveTransfer { .. } => "receive_transfer",
            Command::SetOut(_) => "set_out",
            Command::UseCode(_) => "use_code",
            Command::ResendCodes { .. } => "resend_codes",
            Command::SeeSigned { .. } => "see_signed",
            Command::RecordMilestone { .. } => "record_milestone",
            Command::Reallocate(_) => "reallocate",
            Command::SetHold { .. } => "set_hold",
            Command::LiftHold { .. } => "lift_hold",
            Command::LookAtClock { .. } => "look_at_clock",
            Command::ExpireAhead { .. } => "expire_ahead",
            Command::SettleOutward { .. } => "settle_outward",
            Command::DoWork { .. } => "do_work",
            Command::CreateStore(_) => "create_store",
            Command::UpdateStore(_) => "update_store",
            Command::DeclareWarehouse(_) => "declare_warehouse",
            Command::SetService { .. } => "set_service",
            Command::DeleteStores(_) => "delete_stores",
            Command::BindItem { .. } => "bind_item",
            Command::TagItem { .. } => "tag_item",
            Command::AddScItem { .. } => "add_sc_item",
            Command::MapItem { .. } => "map_item",
            Command::UnmapArticle { .. } => "unmap_article",
        }
    }

    /// Most short ids that deciding it may mint: stores, and articles that bills make on first use.
    pub fn short_ids_max(&self) -> i64 {
        match self {
            Command::ReportStock(bills) => i64::try_from(bills.len()).unwrap_or(i64::MAX / 2),
            Command::CreateStore(_)
            | Command::DeclareWarehouse(_)
            | Command::AddScItem { .. }
            | Command::MapItem { .. }
            | Command::ReserveAhead(_)
            | Command::AdjustHold(_) => 1,
            Command::ReleaseAhead { .. }
            | Command::SeeTrade(_)
            | Command::SeeRefund(_)
            | Command::SeeChannelConsign { .. }
            | Command::SyncAllocation(_)
            | Command::Accept(_)
            | Command::Refuse { .. }
            | Command::Ship { .. }
            | Command::AnswerCancel { .. }
            | Command::ReceiveReturn(_)
            | Command::ConfirmPickup { .. }
            | Command::StartTransfer(_)
            | Command::ReceiveTransfer { .. }
            | Command::SetOut(_)
            | Command::UseCode(_)
            | Command::ResendCodes { .. }
            | Command::SeeSigned { .. }
            | Command::RecordMilestone { .. }
            | Command::Reallocate(_)
            | Command::SetHold { .. }
            | Command::LiftHold { .. }
            | Command::LookAtClock { .. }
            | Command::ExpireAhead { .. }
            | Command::SettleOutward { .. }
            | Command::DoWork { .. }
            | Command::UpdateStore(_)
            | Command::SetService { .. }
            | Command::DeleteStores(_)
            | Command::BindItem { .. }
            | Command::TagItem { .. }
            | Command::UnmapArticle { .. } => 0,
        }
    }
}

/// What a bill is about: an article, or a listing whose article we find or make (§4.2, schemes 1 and 2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Goods {
    Article(ScItemId),
    Listing { item: ItemId, sku: SkuId, outer_code: String },
}

/// One stock bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bill {
    pub bill_num: BillNum,
    pub location: LocationId,
    pub goods: Goods,
    pub class: StockClass,
    pub kind: BillKind,
    /// Units; signed for updates, ≥ 0 for snapshots.
    pub quantity: i64,
    pub final_quantity: Option<i64>,
    /// `operationTime`.
    pub operated_at: Timestamp,
}

/// 单据类型.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    Initial,
    /// TAOBAO_INCLUDED.
    Included,
    /// TAOBAO_EXCLUDED.
    Excluded,
    /// BALANCE.
    Balance,
}

/// A bill's verdict, in the order of the bills.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillVerdict {
    pub bill_num: BillNum,
    /// The refusal, or nothing when it was applied (now or at its first coming).
    pub refused: Option<Refusal>,
}

/// §6.2.4: bring a sub-order's hold to where the allocator sent it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustHold {
    pub bill_num: BillNum,
    pub tid: Tid,
    pub oid: Oid,
    pub target: LocationId,
    pub goods: Goods,
    pub class: StockClass,
    pub quantity: i64,
    pub original: Option<LocationId>,
    /// Recorded, decides nothing.
    pub adjust_type: Option<String>,
    pub who: Actor,
}

/// A hold before payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReserveAhead {
    pub key: HoldKey,
    pub item: ItemId,
    pub sku: SkuId,
    pub quantity: i64,
    pub ttl: Millis,
}

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
    /// The trade object as published, kept for whoever queries it.
    pub published: Published,
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

/// An allocating app's result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncAllocation {
    pub tid: Tid,
    pub who: Actor,
    pub lines: Vec<SyncedLine>,
    /// The head's status, meant for every line when the list is empty.
    pub head: SyncStatus,
    pub message: String,
    pub happened: Timestamp,
}

/// One line of an allocation result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncedLine {
    pub oid: Oid,
    pub status: SyncStatus,
    /// Needed when allocated.
    pub location: Option<LocationId>,
    pub message: String,
    pub attributes: Option<String>,
}

/// `Waiting` / `Allocated` / `AllocateFail`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncStatus {
    Waiting,
    Allocated,
    Failed,
}

/// How a call addresses assignments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// (sub-order, location): the live assignment there, else the latest.
    Lines(Vec<(Oid, LocationId)>),
    /// An allocation code, with the sub-orders it is said to cover (empty: its own).
    Code(AllocationCode, Vec<Oid>),
    /// Sub-orders wherever they are (empty: all of the trade's): their live assignments, else the latest.
    SubOrders(Vec<Oid>),
}

/// What one call says of each line it speaks of: mostly the same of all, sometimes another thing of some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PerLine<T> {
    of_all: T,
    of_some: BTreeMap<(Oid, LocationId), T>,
}

impl<T> PerLine<T> {
    /// The same of every line.
    pub fn all(said: T) -> Self {
        Self { of_all: said, of_some: BTreeMap::new() }
    }

    /// Another thing of this line. Of a line named twice the last word counts, so that a repeat of the call says the same.
    #[must_use]
    pub fn but(mut self, oid: Oid, location: LocationId, said: T) -> Self {
        self.of_some.insert((oid, location), said);
        self
    }

    /// What is said of the sub-order at the location.
    pub fn of(&self, oid: Oid, location: LocationId) -> &T {
        self.of_some.get(&(oid, location)).unwrap_or(&self.of_all)
    }
}

/// What a store, POS or WMS says about assignments of one trade. All of it happens, or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreAnswer {
    pub tid: Tid,
    pub address: Address,
    /// The caller says these are warehouse assignments (`type` Warehouse).
    pub claims_warehouse: Option<bool>,
    pub who: Actor,
    pub happened: Timestamp,
}

/// 门店自送: the store takes the goods to the buyer itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetOut {
    pub tid: Tid,
    pub store: LocationId,
    /// What the trade's books say of the parcel.
    pub shipment: Shipment,
    pub fresh: HandoverCode,
    pub who: Actor,
}

/// A code that the buyer showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UseCode {
    pub tid: Tid,
    pub code: HandoverCode,
    pub place: HandoverPlace,
    pub who: Actor,
    pub happened: Timestamp,
}

/// Where goods change hands. A code is good at one of them only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandoverPlace {
    /// 门店自提: the buyer comes to the store.
    Counter,
    /// 门店自送: the store comes to the buyer.
    Door,
}

/// Why a store refuses. Reasons change stock by policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefuseReason {
    NoGoods,
    Damaged,
    ShopClosed,
    Other,
}

impl RefuseReason {
    /// The stable word on timelines and in APIs.
    pub fn name(self) -> &'static str {
        match self {
            RefuseReason::NoGoods => "no_goods",
            RefuseReason::Damaged => "damaged",
            RefuseReason::ShopClosed => "shop_closed",
            RefuseReason::Other => "other",
        }
    }
}

/// Take sub-orders back from where they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reallocate {
    pub tid: Tid,
    /// Empty: every sub-order with a live assignment.
    pub sub_orders: Vec<Oid>,
    /// Withdraw and assign there in one step; without it the lines are routed anew.
    pub target: Option<LocationId>,
    pub who: Actor,
    /// Names the request, so that answers belong to it.
    pub request: i64,
    /// Only an operator may take an accepted one without asking the store.
    pub force: bool,
}

/// What a decision means for other orders, decided later as commands of their own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Units of an article became promisable: serve who waits, from the place in the queue after this one on.
    StockRisen { sc_item: ScItemId, after: Option<QueuePlace> },
    /// Try again what waits in this trade.
    ServeWaiting { tid: Tid },
    /// A cell holds more than it has: choose whole reservations to free. `round` counts how often that was done since
    /// the cell became short: holders may have changed by the time they are to be freed.
    CellShort { cell: CellKey, round: u32 },
    /// Free one holder's units in a cell, if the cell is still short.
    FreeHold { cell: CellKey, who: HolderName },
    /// A store paused or closed: withdraw what it has not answered.
    StoreShut { location: LocationId, round: u32 },
    /// Take back what a shut store has not answered of this trade.
    WithdrawOffers { tid: Tid, location: LocationId },
    /// A store opened or was bound to something: look again at what nobody could serve.
    StoreOpened { location: LocationId },
}

/// What a decided command answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    Done,
    Bills(Vec<BillVerdict>),
    StoreCreated(LocationId),
    /// When the hold ends by itself; `repeated` when this very hold existed before.
    Reserved {
        expires_at: Timestamp,
        repeated: bool,
    },
    ScItemAdded(ScItemId),
    /// The article's outer code.
    Mapped {
        outer_code: String,
    },
    /// How many listings' SKUs mapped to the article.
    Unmapped {
        mappings: i64,
    },
    /// Units of the listing that the hold before payment gave back; 0 when it had run out by itself.
    Released {
        quantity: i64,
    },
    /// Channel trades: whether anything was new.
    Seen {
        changed: bool,
    },
}

/// The app behind an actor, where it is one.
pub fn app_of(who: &Actor) -> Option<&AppKey> {
    match who {
        Actor::App { key, .. } => Some(key),
        Actor::Channel | Actor::Platform | Actor::Clock | Actor::Keeper { .. } | Actor::Operator { .. } => None,
    }
}
