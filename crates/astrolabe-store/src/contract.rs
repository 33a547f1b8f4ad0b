//! The storage contract. Methods are operations of the business, each with its parameters and `now`; both databases
//! pass the same conformance suite.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;

use astrolabe_core::command::PushUser;
use astrolabe_core::exception::Exception;
use astrolabe_core::goods::{Mapping, OmniTag, ScItem};
use astrolabe_core::ids::{
    AllocationCode, AppKey, ExceptionId, HandoverCode, HoldKey, ItemId, LocationId, Oid, OutwardId, RefundId, ScItemId,
    SellerId, SkuId, Tid,
};
use astrolabe_core::kpi::{Figures, Metric, Region, Span};
use astrolabe_core::outward::Receiver;
use astrolabe_core::place::Location;
use astrolabe_core::seller::Seller;
use astrolabe_core::service_settings::DayKey;
use astrolabe_core::settlement::{Account, Period, RuleSet, RuleSetVersion};
use astrolabe_core::stock::cell::{CellKey, StockCell};
use astrolabe_core::stock::invariants::Snapshot;
use astrolabe_core::subscription::Subscription;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, Loaded, Names, NewWork};

use crate::attempts::{Attempt, AttemptKey, AttemptsKept, AttemptsOf};
use crate::directory::{AppRow, Directory, DirectoryDraft};
use crate::error::StoreError;
use crate::exceptions::ExceptionQuery;
use crate::figures::{FigureQuery, FiguresFound};
use crate::lists::{PushUserQuery, PushUserRow, SoldPage, SoldQuery};
use crate::readers::{FactPlace, PlacedFact, TimelineReader};
use crate::settlement::{
    RuleSetChange, RuleSetChanged, RuleSetDeed, RuleSetRow, SettlementBalance, SettlementFault, SettlementLoad,
    SettlementStep, StatementLine, StatementQuery,
};
use crate::source::{SourceException, SourceProgress, SourceState};
use crate::views::{AssignmentView, DueOutward, Overview, TradeView};

/// A database that keeps everything. Cheap to share; every method may be called from any task.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// "sqlite" or "postgres", for logs and metrics.
    fn kind(&self) -> &'static str;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Starts one group of one seller: takes the lane (nobody else decides for this seller until the group ends).
    /// Waits for the lane; a group that is dropped without [`Group::commit`] leaves nothing.
    async fn begin(&self, seller: SellerId) -> Result<Box<dyn Group>, StoreError>;

    // Directory.

    /// The directory's version, to see cheaply whether the cache is stale.
    async fn directory_version(&self) -> Result<i64, StoreError>;
    /// All directory tables.
    async fn directory(&self) -> Result<Directory, StoreError>;
    /// Puts directory rows and bumps the version; new sellers get their lane.
    async fn put_directory(&self, draft: &DirectoryDraft, now: Timestamp) -> Result<(), StoreError>;

    /// Replaces an app's row if it still is `from`, and bumps the version; says whether it was.
    async fn replace_app(&self, from: &AppRow, to: &AppRow) -> Result<bool, StoreError>;

    // What waits.

    /// Sellers with anything due at `now` (trades, assignments, cells, work, holds to expire), at most `limit`.
    async fn sellers_with_due(&self, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError>;
    /// Trades of a seller with a clock that has run out (trade's or one of its assignments' `due_at` ≤ now), oldest first.
    async fn due_trades(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<Tid>, StoreError>;
    /// Work rows of a seller, oldest first.
    async fn open_work(&self, seller: SellerId, limit: usize) -> Result<Vec<NewWork>, StoreError>;
    /// Pre-payment holds of a seller that ran out.
    async fn expired_holds(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<HoldKey>, StoreError>;
    /// Cells of a seller whose unreported units are to be judged, longest overdue first.
    async fn due_cells(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<CellKey>, StoreError>;
    /// Calls outward whose next attempt is due and that nobody has leased, with the lease taken for the caller. Of one
    /// trade to one receiver only the first pending one is given.
    async fn lease_outward(&self, now: Timestamp, lease: Lease, limit: usize) -> Result<Vec<DueOutward>, StoreError>;

    /// Gives up the leases that this node number holds: what a process of that number left when it died is due again.
    /// Asked once, at start.
    async fn give_up_leases(&self, node: i64) -> Result<(), StoreError>;

    // Who gets trades pushed.

    /// An app's registrations, deleted ones included, by seller: the page and the total.
    async fn push_users(&self, query: &PushUserQuery) -> Result<(Vec<PushUserRow>, i64), StoreError>;

    // Channels' own databases.

    /// Keeps what one reading of a channel's database leaves: the place, how it went, rows that could not be taken in.
    async fn keep_source_progress(&self, progress: &SourceProgress) -> Result<(), StoreError>;
    /// How far a channel's database was read: a state for each table that ever was.
    async fn source_states(&self, seller: SellerId, channel: &str) -> Result<Vec<SourceState>, StoreError>;
    /// Rows of it that could not be taken in, at most `limit`.
    async fn source_exceptions(
        &self,
        seller: SellerId,
        channel: &str,
        limit: usize,
    ) -> Result<Vec<SourceException>, StoreError>;

    // Attempts at calls outward.

    /// Keeps attempts; one that is kept already stays as it is. No group waits for it and no decision reads it.
    async fn keep_attempts(&self, attempts: &[Attempt]) -> Result<(), StoreError>;
    /// Attempts of a trade or a receiver before a key (`None`: from the newest on), newest first, at most `limit`.
    async fn attempts(
        &self,
        seller: SellerId,
        of: &AttemptsOf,
        before: Option<AttemptKey>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError>;
    /// The newest of a receiver's attempts that need not be kept; `None` where all are.
    async fn attempts_to_forget(
        &self,
        seller: SellerId,
        receiver: &Receiver,
        kept: AttemptsKept,
    ) -> Result<Option<AttemptKey>, StoreError>;
    /// Forgets at most `limit` of a receiver's attempts up to a key, oldest first, and says how many.
    async fn forget_attempts(
        &self,
        seller: SellerId,
        receiver: &Receiver,
        up_to: AttemptKey,
        limit: usize,
    ) -> Result<usize, StoreError>;

    // Deriving from the timeline.

    /// Sellers with facts that a reader has not seen, at most `limit`.
    async fn sellers_behind(&self, reader: TimelineReader, limit: usize) -> Result<Vec<SellerId>, StoreError>;
    /// How far a reader has come with a seller's timeline.
    async fn reader_place(&self, seller: SellerId, reader: TimelineReader) -> Result<FactPlace, StoreError>;
    /// Facts of a seller after a place, in the order they were written, at most `limit`.
    async fn facts_after(
        &self,
        seller: SellerId,
        place: FactPlace,
        limit: usize,
    ) -> Result<Vec<PlacedFact>, StoreError>;

    // Figures.

    /// Facts of trades up to a place, those of one trade in the order they were written.
    async fn facts_of_trades(
        &self,
        seller: SellerId,
        tids: &[Tid],
        up_to: FactPlace,
    ) -> Result<Vec<PlacedFact>, StoreError>;
    /// Where trades go; absent ones are left out.
    async fn regions_of_trades(&self, seller: SellerId, tids: &[Tid]) -> Result<BTreeMap<Tid, Region>, StoreError>;
    /// Adds to a seller's figures and moves [`TimelineReader::Kpi`] from its place to another, in one transaction. Where it
    /// stands elsewhere by now nothing happens, and the answer is no.
    async fn add_figures(
        &self,
        seller: SellerId,
        from: FactPlace,
        to: FactPlace,
        figures: &Figures,
    ) -> Result<bool, StoreError>;
    /// Figures, added up by what is asked. Costs the periods, apps, locations and cities it names.
    async fn figures(&self, seller: SellerId, query: &FigureQuery) -> Result<FiguresFound, StoreError>;
    /// How many locations have a metric in each period of a span.
    async fn locations_counted(
        &self,
        seller: SellerId,
        metric: Metric,
        span: Span,
    ) -> Result<Vec<(i64, i64)>, StoreError>;
    /// Forgets figures of single days before a day and says how many; those of months stay.
    async fn forget_figures(&self, seller: SellerId, before: i64) -> Result<usize, StoreError>;
    // Settlement (分账).

    /// Keeps a new draft and gives it the merchant's next version.
    async fn draft_rule_set(
        &self,
        seller: SellerId,
        rules: &RuleSet,
        by: &RuleSetDeed,
    ) -> Result<RuleSetVersion, StoreError>;
    /// Changes a rule set from the state that the change needs. The first activation ever begins the merchant's
    /// settlement: what his timeline had learnt before is not looked at.
    async fn change_rule_set(
        &self,
        seller: SellerId,
        version: RuleSetVersion,
        change: &RuleSetChange,
        by: &RuleSetDeed,
    ) -> Result<RuleSetChanged, StoreError>;
    /// Rule sets of a seller before a version (`None`: from the newest on), newest first.
    async fn rule_sets(
        &self,
        seller: SellerId,
        before: Option<RuleSetVersion>,
        limit: usize,
    ) -> Result<Vec<RuleSetRow>, StoreError>;
    /// Sellers who settle and have facts that were not looked at, or a settlement whose day has come.
    async fn sellers_to_settle(&self, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError>;
    /// Trades of a seller with a settlement whose day has come, oldest first.
    async fn due_settlements(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<Tid>, StoreError>;
    /// What postings of these trades are made from; trades that do not exist are left out.
    async fn load_settlement(&self, seller: SellerId, tids: &[Tid]) -> Result<SettlementLoad, StoreError>;
    /// Writes a step of settling, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody wrote since it was loaded: load and settle again.
    async fn keep_settlement(&self, step: &SettlementStep) -> Result<(), StoreError>;
    /// Months of parties by account, after one.
    async fn settlement_balances(
        &self,
        seller: SellerId,
        period: Period,
        after: Option<&Account>,
        limit: usize,
    ) -> Result<Vec<SettlementBalance>, StoreError>;
    /// A party's statement, in the order it was posted.
    async fn settlement_statement(
        &self,
        seller: SellerId,
        query: &StatementQuery,
    ) -> Result<Vec<StatementLine>, StoreError>;
    /// Postings and months that break what must hold of them, at most `limit` of a kind. It reads the whole of a seller's
    /// settlement: for `doctor`.
    async fn settlement_faults(&self, seller: SellerId, limit: usize) -> Result<Vec<SettlementFault>, StoreError>;

    // Looking.

    /// One trade with everything known of it.
    async fn trade(&self, seller: SellerId, tid: Tid) -> Result<Option<TradeView>, StoreError>;
    /// The trade an allocation code belongs to.
    async fn trade_of_allocation(&self, seller: SellerId, code: AllocationCode) -> Result<Option<Tid>, StoreError>;
    /// The trade a handover code was issued for, whether or not it is still good.
    async fn trade_of_handover_code(&self, seller: SellerId, code: &HandoverCode) -> Result<Option<Tid>, StoreError>;
    /// The trade a sub-order belongs to, among trades that are or were assigned.
    async fn trade_of_sub_order(&self, seller: SellerId, oid: Oid) -> Result<Option<Tid>, StoreError>;
    /// Open assignments at a location (`None`: at all of them), oldest first, after a code (for paging), at most
    /// `limit`. Open are those that hold units there and those with a return on its way back; what was shipped is history.
    async fn assignments_at(
        &self,
        seller: SellerId,
        location: Option<LocationId>,
        after: Option<AllocationCode>,
        limit: usize,
    ) -> Result<Vec<AssignmentView>, StoreError>;
    /// One location, deleted ones included.
    async fn location(&self, seller: SellerId, id: LocationId) -> Result<Option<Location>, StoreError>;
    /// All live locations of a seller.
    async fn locations(&self, seller: SellerId) -> Result<Vec<Location>, StoreError>;
    /// Stores bound to an item: the page (from 1, `per_page` rows) and the total.
    async fn stores_of_item(
        &self,
        seller: SellerId,
        item: ItemId,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<LocationId>, i64), StoreError>;
    /// Items bound to a store: the page and the total.
    async fn items_of_store(
        &self,
        seller: SellerId,
        store: LocationId,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<ItemId>, i64), StoreError>;
    /// What listings map to; absent ones map to nothing.
    async fn mappings(
        &self,
        seller: SellerId,
        listings: &[(ItemId, SkuId)],
    ) -> Result<BTreeMap<(ItemId, SkuId), Mapping>, StoreError>;
    /// Locations by id, deleted ones included; absent ones are left out.
    async fn locations_named(&self, seller: SellerId, ids: &BTreeSet<LocationId>) -> Result<Vec<Location>, StoreError>;
    /// Articles by id; absent ones are left out.
    async fn articles(&self, seller: SellerId, ids: &[ScItemId]) -> Result<Vec<ScItem>, StoreError>;
    /// The tags of listings, in the order asked; those without any are left out.
    async fn tags_of_items(
        &self,
        seller: SellerId,
        items: &[ItemId],
    ) -> Result<Vec<(ItemId, BTreeSet<OmniTag>)>, StoreError>;
    /// Listings with a tag: the page and the total.
    async fn items_with_tag(
        &self,
        seller: SellerId,
        tag: OmniTag,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<ItemId>, i64), StoreError>;
    /// Trades of a span of time, newest first. Costs what lies between the span's newest end and the page's last trade.
    async fn trades_sold(&self, seller: SellerId, query: &SoldQuery) -> Result<SoldPage, StoreError>;
    /// A refund object as the channel published it.
    async fn refund(&self, seller: SellerId, id: RefundId) -> Result<Option<String>, StoreError>;
    /// Every cell of the named (location, article) pairs.
    async fn cells(
        &self,
        seller: SellerId,
        places: &[(LocationId, ScItemId)],
    ) -> Result<Vec<(CellKey, StockCell)>, StoreError>;
    /// A page of exceptions.
    async fn exceptions(&self, seller: SellerId, query: &ExceptionQuery) -> Result<Vec<Exception>, StoreError>;
    /// One exception.
    async fn exception(&self, seller: SellerId, id: ExceptionId) -> Result<Option<Exception>, StoreError>;
    /// Counts for summaries.
    async fn overview(&self, seller: SellerId) -> Result<Overview, StoreError>;
    /// Everything the stock invariants speak of, from one consistent read. It holds the seller's whole ledger in
    /// memory for a moment: for `doctor`, not for the request path.
    async fn stock_snapshot(&self, seller: SellerId, now: Timestamp) -> Result<Snapshot, StoreError>;
}

/// One group of one seller, from taking the lane to the commit.
#[async_trait]
pub trait Group: Send {
    /// The lane's version as locked.
    fn version(&self) -> i64;
    /// The seller and its places, for a lane that starts.
    async fn load_seller(&mut self) -> Result<SellerState, StoreError>;
    /// What other writers changed after `version`, for a lane whose working set is older than the lane.
    async fn changed_since(&mut self, version: i64) -> Result<ChangedSince, StoreError>;
    /// One round of loading.
    async fn load(&mut self, names: &Names) -> Result<Loaded, StoreError>;
    /// Stored answers for repeats of writes that have no business key, as far as they are not older than
    /// [`ANSWERS_KEPT`] at `now`.
    async fn stored_answers(
        &mut self,
        keys: &[AnswerKey],
        now: Timestamp,
    ) -> Result<BTreeMap<AnswerKey, String>, StoreError>;
    /// Writes the group and commits: `version + 1`. Gives back the new calls outward that are leased to the caller
    /// from the start: those with no earlier pending call of the same trade to the same receiver. The others are found
    /// by [`Store::lease_outward`] when their turn comes.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] and [`StoreError::Constraint`] keep nothing; after [`StoreError::CommitUnknown`] the
    /// group may stand, and [`Group::version`] of the next group tells: it is higher if it does (or another committed).
    async fn commit(
        self: Box<Self>,
        changes: Changes,
        answers: Vec<StoredAnswer>,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Vec<OutwardId>, StoreError>;
}

/// How long the answer of a write without a business key is kept for repeats.
pub const ANSWERS_KEPT: Millis = Millis::minutes(25);

/// A node's claim on calls outward until an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    pub node: i64,
    pub until: Timestamp,
}

/// The seller and its places.
#[derive(Clone, Debug)]
pub struct SellerState {
    pub seller: Seller,
    pub places: Vec<Location>,
    pub subscriptions: Vec<Subscription>,
    /// Whose databases its trades are pushed into, deleted registrations included.
    pub push_users: Vec<PushUser>,
}

/// What a lane must forget or load again.
#[derive(Clone, Debug, Default)]
pub struct ChangedSince {
    pub articles: Vec<ScItemId>,
    pub items: Vec<ItemId>,
    /// Counts of sub-orders taken, as they stand now.
    pub day_loads: Vec<(DayKey, i64)>,
    /// Settings or places changed.
    pub seller: bool,
}

/// Names a stored answer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AnswerKey {
    pub app: AppKey,
    pub sign: String,
}

/// An answer to keep, so that a repeat of the same signed request gets it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredAnswer {
    pub key: AnswerKey,
    pub body: String,
}
