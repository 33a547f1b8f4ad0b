//! What callers may ask of a seller's lane. Commands are imperative and carry only checked, typed values; who is
//! asking is part of them.

mod assignments;
mod channel;
mod push;
mod stock;

use serde::{Deserialize, Serialize};

pub use self::assignments::{
    Address, HandoverPlace, PerLine, Reallocate, RefuseReason, SetOut, StoreAnswer, SyncAllocation, SyncStatus,
    SyncedLine, UseCode,
};
pub use self::channel::{Published, SeenAside, SeenLine, SeenRefund, SeenTrade};
pub use self::push::{FirstAttempt, HistoryPlace, PushUser, PushedAfter};
pub use self::stock::{AdjustHold, Bill, BillKind, BillVerdict, Goods, ReserveAhead};
use crate::goods::OmniTag;
use crate::ids::{
    AppKey, ExceptionId, HandoverCode, HoldKey, ItemId, LocationId, Oid, OutwardId, RefundId, ScItemId, SkuId, Tid,
    WorkId,
};
use crate::order::assignment::Shipment;
use crate::order::timeline::{Actor, Fact};
use crate::order::trade::ChannelConsign;
use crate::outward::OutwardState;
use crate::place::Location;
use crate::seller::{Acceptor, Allocator};
use crate::service_settings::{Service, ServiceChange};
use crate::stock::cell::CellKey;
use crate::stock::deduct::QueuePlace;
use crate::stock::hold::HolderName;
use crate::time::Timestamp;
use crate::world::TradePlace;

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
    /// Lifts one's own holds, or all of one holder: an operator may name any, others themselves or the platform's wait.
    LiftHold {
        tid: Tid,
        who: Actor,
        holder: Option<String>,
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
    /// A call outward that was given up is made again, by hand. `attempts` is how often it was made.
    ResendCall {
        tid: Tid,
        call: OutwardId,
        attempts: u32,
        who: Actor,
    },
    /// A person takes an exception, from whoever has it.
    TakeException {
        id: ExceptionId,
        who: Actor,
    },
    /// A person writes something down about an exception.
    NoteException {
        id: ExceptionId,
        who: Actor,
        text: String,
    },
    /// A person closes an exception.
    CloseException {
        id: ExceptionId,
        who: Actor,
        why: String,
    },
    /// A row of a source cannot be read, or can be at last.
    SeeSourceRow {
        source: String,
        row: String,
        /// Why not; `None` once it was read.
        fault: Option<String>,
    },
    /// The channel is asked to end sub-orders that nobody serves or has accepted.
    AskCancel {
        tid: Tid,
        sub_orders: Vec<Oid>,
        who: Actor,
        why: String,
    },
    /// The clock: whether units of a cell have been unreported for too long. `as_of` is when that was asked.
    JudgeUnreported {
        cell: CellKey,
        as_of: Timestamp,
    },
    /// The merchant's settings changed: what waits is tried again.
    SeeSettings,
    /// The same of a first attempt that a push follows.
    SettleFirst(Box<FirstAttempt>),
    /// `jushita.jdp.user.add`.
    RegisterPush(PushUser),
    /// `jushita.jdp.user.delete`.
    UnregisterPush {
        app: AppKey,
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
            Command::ResendCall { .. } => "resend_call",
            Command::TakeException { .. } => "take_exception",
            Command::NoteException { .. } => "note_exception",
            Command::CloseException { .. } => "close_exception",
            Command::SeeSourceRow { .. } => "see_source_row",
            Command::AskCancel { .. } => "ask_cancel",
            Command::JudgeUnreported { .. } => "judge_unreported",
            Command::SeeSettings => "see_settings",
            Command::SettleFirst(_) => "settle_first",
            Command::RegisterPush(_) => "register_push",
            Command::UnregisterPush { .. } => "unregister_push",
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
            | Command::ResendCall { .. }
            | Command::TakeException { .. }
            | Command::NoteException { .. }
            | Command::CloseException { .. }
            | Command::SeeSourceRow { .. }
            | Command::AskCancel { .. }
            | Command::JudgeUnreported { .. }
            | Command::SeeSettings
            | Command::SettleFirst(_)
            | Command::RegisterPush(_)
            | Command::UnregisterPush { .. }
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
    /// A store opened or was bound to something: look again at what nobody could serve, from the place after this one on.
    StoreOpened {
        location: LocationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<TradePlace>,
    },
    /// A location that had taken all it takes in a day has a place again: look again at who may want it, from the place
    /// after this one on, until the places are taken.
    PlaceFreed { location: LocationId, service: Service, after: Option<TradePlace> },
    /// Push what a newly registered app is to have of the seller's history, from here on back.
    PushHistory { app: AppKey, place: HistoryPlace },
    /// Push one trade of it.
    PushAgain { app: AppKey, tid: Tid },
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
