//! PostgreSQL: any number of nodes, each group a transaction that holds its seller's lane.
//!
//! Every statement of a group names one seller, so that the tables can be distributed by `seller_id` (Citus). Rows
//! are loaded and written by arrays, and statements that do not need each other's answers are sent together.

mod attempts;
mod directory;
mod due;
mod exceptions;
mod fields;
mod figures;
mod group;
mod lane;
mod lease;
mod lists;
mod load;
mod open;
mod overview;
mod push;
mod read;
mod readers;
mod save;
mod save_goods;
mod save_orders;
mod save_outward;
mod save_stock;
mod script;
mod settlement;
mod snapshot;
mod sources;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use deadpool_postgres::Pool;

use astrolabe_core::exception::Exception;
use astrolabe_core::goods::{Mapping, OmniTag, ScItem};
use astrolabe_core::ids::{
    AllocationCode, ExceptionId, HandoverCode, HoldKey, ItemId, LocationId, Oid, RefundId, ScItemId, SellerId, SkuId,
    Tid,
};
use astrolabe_core::kpi::{Figures, Metric, Region, Span};
use astrolabe_core::outward::Receiver;
use astrolabe_core::place::Location;
use astrolabe_core::settlement::{Account, Period, RuleSet, RuleSetVersion};
use astrolabe_core::stock::cell::{CellKey, StockCell};
use astrolabe_core::stock::invariants::Snapshot;
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::NewWork;

use crate::attempts::{Attempt, AttemptKey, AttemptsKept, AttemptsOf};
use crate::contract::{Group, Lease, Store};
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

use group::PostgresGroup;

/// The store on a PostgreSQL database.
pub(crate) struct PostgresStore {
    pool: Pool,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pool's own output has the password.
        f.debug_struct("PostgresStore").field("connections", &self.pool.status()).finish()
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    async fn ping(&self) -> Result<(), StoreError> {
        directory::version(&read::client(&self.pool).await?).await.map(|_| ())
    }

    async fn begin(&self, seller: SellerId) -> Result<Box<dyn Group>, StoreError> {
        let group = PostgresGroup::begin(&self.pool, seller).await?;
        Ok(Box::new(group))
    }

    async fn directory_version(&self) -> Result<i64, StoreError> {
        directory::version(&read::client(&self.pool).await?).await
    }

    async fn directory(&self) -> Result<Directory, StoreError> {
        let mut client = read::client(&self.pool).await?;
        directory::all(&read::consistent(&mut client).await?).await
    }

    async fn put_directory(&self, draft: &DirectoryDraft, _now: Timestamp) -> Result<(), StoreError> {
        directory::put(&mut read::client(&self.pool).await?, draft).await
    }

    async fn replace_app(&self, from: &AppRow, to: &AppRow) -> Result<bool, StoreError> {
        directory::replace_app(&mut read::client(&self.pool).await?, from, to).await
    }

    async fn sellers_with_due(&self, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError> {
        due::sellers(&read::client(&self.pool).await?, now, limit).await
    }

    async fn due_trades(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<Tid>, StoreError> {
        due::trades(&read::client(&self.pool).await?, seller, now, limit).await
    }

    async fn open_work(&self, seller: SellerId, limit: usize) -> Result<Vec<NewWork>, StoreError> {
        due::work(&read::client(&self.pool).await?, seller, limit).await
    }

    async fn expired_holds(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<HoldKey>, StoreError> {
        due::expired_holds(&read::client(&self.pool).await?, seller, now, limit).await
    }

    async fn due_cells(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<CellKey>, StoreError> {
        due::cells(&read::client(&self.pool).await?, seller, now, limit).await
    }

    async fn lease_outward(&self, now: Timestamp, lease: Lease, limit: usize) -> Result<Vec<DueOutward>, StoreError> {
        lease::take(&read::client(&self.pool).await?, now, lease, limit).await
    }

    async fn give_up_leases(&self, node: i64) -> Result<(), StoreError> {
        lease::give_up(&read::client(&self.pool).await?, node).await
    }

    async fn keep_source_progress(&self, progress: &SourceProgress) -> Result<(), StoreError> {
        sources::keep(&mut read::client(&self.pool).await?, progress).await
    }

    async fn source_states(&self, seller: SellerId, channel: &str) -> Result<Vec<SourceState>, StoreError> {
        sources::states(&read::client(&self.pool).await?, seller, channel).await
    }

    async fn source_exceptions(
        &self,
        seller: SellerId,
        channel: &str,
        limit: usize,
    ) -> Result<Vec<SourceException>, StoreError> {
        sources::exceptions(&read::client(&self.pool).await?, seller, channel, limit).await
    }

    async fn push_users(&self, query: &PushUserQuery) -> Result<(Vec<PushUserRow>, i64), StoreError> {
        push::users(&read::client(&self.pool).await?, query).await
    }

    async fn keep_attempts(&self, attempts: &[Attempt]) -> Result<(), StoreError> {
        attempts::keep(&mut read::client(&self.pool).await?, attempts).await
    }

    async fn attempts(
        &self,
        seller: SellerId,
        of: &AttemptsOf,
        before: Option<AttemptKey>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        attempts::page(&read::client(&self.pool).await?, seller, of, before, limit).await
    }

    async fn attempts_to_forget(
        &self,
        seller: SellerId,
        receiver: &Receiver,
        kept: AttemptsKept,
    ) -> Result<Option<AttemptKey>, StoreError> {
        attempts::to_forget(&read::client(&self.pool).await?, seller, receiver, kept).await
    }

    async fn forget_attempts(
        &self,
        seller: SellerId,
        receiver: &Receiver,
        up_to: AttemptKey,
        limit: usize,
    ) -> Result<usize, StoreError> {
        attempts::forget(&read::client(&self.pool).await?, seller, receiver, up_to, limit).await
    }

    async fn sellers_behind(&self, reader: TimelineReader, limit: usize) -> Result<Vec<SellerId>, StoreError> {
        readers::behind(&read::client(&self.pool).await?, reader, limit).await
    }

    async fn reader_place(&self, seller: SellerId, reader: TimelineReader) -> Result<FactPlace, StoreError> {
        readers::place(&read::client(&self.pool).await?, seller, reader).await
    }

    async fn facts_after(
        &self,
        seller: SellerId,
        place: FactPlace,
        limit: usize,
    ) -> Result<Vec<PlacedFact>, StoreError> {
        readers::after(&read::client(&self.pool).await?, seller, place, limit).await
    }

    async fn facts_of_trades(
        &self,
        seller: SellerId,
        tids: &[Tid],
        up_to: FactPlace,
    ) -> Result<Vec<PlacedFact>, StoreError> {
        figures::facts_of_trades(&read::client(&self.pool).await?, seller, tids, up_to).await
    }

    async fn regions_of_trades(&self, seller: SellerId, tids: &[Tid]) -> Result<BTreeMap<Tid, Region>, StoreError> {
        figures::regions(&read::client(&self.pool).await?, seller, tids).await
    }

    async fn add_figures(
        &self,
        seller: SellerId,
        from: FactPlace,
        to: FactPlace,
        figures: &Figures,
    ) -> Result<bool, StoreError> {
        figures::keep(&mut read::client(&self.pool).await?, seller, (from, to), figures).await
    }

    async fn figures(&self, seller: SellerId, query: &FigureQuery) -> Result<FiguresFound, StoreError> {
        figures::found(&read::client(&self.pool).await?, seller, query).await
    }

    async fn locations_counted(
        &self,
        seller: SellerId,
        metric: Metric,
        span: Span,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        figures::locations_counted(&read::client(&self.pool).await?, seller, metric, span).await
    }

    async fn forget_figures(&self, seller: SellerId, before: i64) -> Result<usize, StoreError> {
        figures::forget(&read::client(&self.pool).await?, seller, before).await
    }

    async fn draft_rule_set(
        &self,
        seller: SellerId,
        rules: &RuleSet,
        by: &RuleSetDeed,
    ) -> Result<RuleSetVersion, StoreError> {
        settlement::draft(&mut read::client(&self.pool).await?, seller, rules, by).await
    }

    async fn change_rule_set(
        &self,
        seller: SellerId,
        version: RuleSetVersion,
        change: &RuleSetChange,
        by: &RuleSetDeed,
    ) -> Result<RuleSetChanged, StoreError> {
        settlement::change(&mut read::client(&self.pool).await?, seller, version, change, by).await
    }

    async fn rule_sets(
        &self,
        seller: SellerId,
        before: Option<RuleSetVersion>,
        limit: usize,
    ) -> Result<Vec<RuleSetRow>, StoreError> {
        settlement::rule_sets(&read::client(&self.pool).await?, seller, before, limit).await
    }

    async fn sellers_to_settle(&self, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError> {
        settlement::sellers(&read::client(&self.pool).await?, now, limit).await
    }

    async fn due_settlements(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<Tid>, StoreError> {
        settlement::due(&read::client(&self.pool).await?, seller, now, limit).await
    }

    async fn load_settlement(&self, seller: SellerId, tids: &[Tid]) -> Result<SettlementLoad, StoreError> {
        let mut client = read::client(&self.pool).await?;
        settlement::load(&read::consistent(&mut client).await?, seller, tids).await
    }

    async fn keep_settlement(&self, step: &SettlementStep) -> Result<(), StoreError> {
        settlement::keep(&mut read::client(&self.pool).await?, step).await
    }

    async fn settlement_balances(
        &self,
        seller: SellerId,
        period: Period,
        after: Option<&Account>,
        limit: usize,
    ) -> Result<Vec<SettlementBalance>, StoreError> {
        settlement::balances(&read::client(&self.pool).await?, seller, period, after, limit).await
    }

    async fn settlement_statement(
        &self,
        seller: SellerId,
        query: &StatementQuery,
    ) -> Result<Vec<StatementLine>, StoreError> {
        settlement::statement(&read::client(&self.pool).await?, seller, query).await
    }

    async fn settlement_faults(&self, seller: SellerId, limit: usize) -> Result<Vec<SettlementFault>, StoreError> {
        let mut client = read::client(&self.pool).await?;
        settlement::faults(&read::consistent(&mut client).await?, seller, limit).await
    }

    async fn trade(&self, seller: SellerId, tid: Tid) -> Result<Option<TradeView>, StoreError> {
        let mut client = read::client(&self.pool).await?;
        views::trade(&read::consistent(&mut client).await?, seller, tid).await
    }

    async fn trade_of_allocation(&self, seller: SellerId, code: AllocationCode) -> Result<Option<Tid>, StoreError> {
        views::trade_of_allocation(&read::client(&self.pool).await?, seller, code).await
    }

    async fn trade_of_handover_code(&self, seller: SellerId, code: &HandoverCode) -> Result<Option<Tid>, StoreError> {
        views::trade_of_handover_code(&read::client(&self.pool).await?, seller, code).await
    }

    async fn trade_of_sub_order(&self, seller: SellerId, oid: Oid) -> Result<Option<Tid>, StoreError> {
        views::trade_of_sub_order(&read::client(&self.pool).await?, seller, oid).await
    }

    async fn assignments_at(
        &self,
        seller: SellerId,
        location: Option<LocationId>,
        after: Option<AllocationCode>,
        limit: usize,
    ) -> Result<Vec<AssignmentView>, StoreError> {
        views::assignments_at(&read::client(&self.pool).await?, seller, location, after, limit).await
    }

    async fn location(&self, seller: SellerId, id: LocationId) -> Result<Option<Location>, StoreError> {
        views::location(&read::client(&self.pool).await?, seller, id).await
    }

    async fn locations(&self, seller: SellerId) -> Result<Vec<Location>, StoreError> {
        views::locations(&read::client(&self.pool).await?, seller).await
    }

    async fn stores_of_item(
        &self,
        seller: SellerId,
        item: ItemId,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<LocationId>, i64), StoreError> {
        views::stores_of_item(&read::client(&self.pool).await?, seller, item, page, per_page).await
    }

    async fn items_of_store(
        &self,
        seller: SellerId,
        store: LocationId,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<ItemId>, i64), StoreError> {
        views::items_of_store(&read::client(&self.pool).await?, seller, store, page, per_page).await
    }

    async fn mappings(
        &self,
        seller: SellerId,
        listings: &[(ItemId, SkuId)],
    ) -> Result<BTreeMap<(ItemId, SkuId), Mapping>, StoreError> {
        views::mappings(&read::client(&self.pool).await?, seller, listings).await
    }

    async fn locations_named(&self, seller: SellerId, ids: &BTreeSet<LocationId>) -> Result<Vec<Location>, StoreError> {
        lists::locations_named(&read::client(&self.pool).await?, seller, ids).await
    }

    async fn articles(&self, seller: SellerId, ids: &[ScItemId]) -> Result<Vec<ScItem>, StoreError> {
        lists::articles(&read::client(&self.pool).await?, seller, ids).await
    }

    async fn tags_of_items(
        &self,
        seller: SellerId,
        items: &[ItemId],
    ) -> Result<Vec<(ItemId, BTreeSet<OmniTag>)>, StoreError> {
        lists::tags_of_items(&read::client(&self.pool).await?, seller, items).await
    }

    async fn items_with_tag(
        &self,
        seller: SellerId,
        tag: OmniTag,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<ItemId>, i64), StoreError> {
        lists::items_with_tag(&read::client(&self.pool).await?, seller, tag, page, per_page).await
    }

    async fn trades_sold(&self, seller: SellerId, query: &SoldQuery) -> Result<SoldPage, StoreError> {
        let mut client = read::client(&self.pool).await?;
        lists::trades_sold(&read::consistent(&mut client).await?, seller, query).await
    }

    async fn refund(&self, seller: SellerId, id: RefundId) -> Result<Option<String>, StoreError> {
        lists::refund(&read::client(&self.pool).await?, seller, id).await
    }

    async fn cells(
        &self,
        seller: SellerId,
        places: &[(LocationId, ScItemId)],
    ) -> Result<Vec<(CellKey, StockCell)>, StoreError> {
        views::cells(&read::client(&self.pool).await?, seller, places).await
    }

    async fn exceptions(&self, seller: SellerId, query: &ExceptionQuery) -> Result<Vec<Exception>, StoreError> {
        exceptions::page(&read::client(&self.pool).await?, seller, query).await
    }

    async fn exception(&self, seller: SellerId, id: ExceptionId) -> Result<Option<Exception>, StoreError> {
        exceptions::one(&read::client(&self.pool).await?, seller, id).await
    }

    async fn overview(&self, seller: SellerId) -> Result<Overview, StoreError> {
        let mut client = read::client(&self.pool).await?;
        overview::overview(&read::consistent(&mut client).await?, seller).await
    }

    async fn stock_snapshot(&self, seller: SellerId, now: Timestamp) -> Result<Snapshot, StoreError> {
        let mut client = read::client(&self.pool).await?;
        snapshot::stock(&read::consistent(&mut client).await?, seller, now).await
    }
}
