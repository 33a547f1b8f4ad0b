//! SQLite: everything in one file, one writer thread, a few readers.
//!
//! Groups of several sellers share one COMMIT, which is one fsync ([`lane`]). Leases on calls outward are in memory:
//! one process serves a file. Other processes may read it, and write to it between two groups.

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
#[cfg(test)]
mod plan_tests;
mod push;
mod read;
mod readers;
mod save;
mod save_goods;
mod save_orders;
mod save_outward;
mod save_stock;
mod settlement;
mod snapshot;
mod sources;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;

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

use group::SqliteGroup;
use lane::Lanes;
use lease::Leases;
use read::Readers;

/// The store on an SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    lanes: Lanes,
    readers: Readers,
    leases: Arc<Leases>,
}

#[async_trait]
impl Store for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.readers.read(|connection| directory::version(connection).map(|_| ())).await
    }

    async fn begin(&self, seller: SellerId) -> Result<Box<dyn Group>, StoreError> {
        let group: SqliteGroup = self.lanes.begin(seller).await?;
        Ok(Box::new(group))
    }

    async fn directory_version(&self) -> Result<i64, StoreError> {
        self.readers.read(directory::version).await
    }

    async fn directory(&self) -> Result<Directory, StoreError> {
        self.readers.read(directory::all).await
    }

    async fn put_directory(&self, draft: &DirectoryDraft, _now: Timestamp) -> Result<(), StoreError> {
        let draft = draft.clone();
        self.lanes.write(move |connection| directory::put(connection, &draft)).await
    }

    async fn replace_app(&self, from: &AppRow, to: &AppRow) -> Result<bool, StoreError> {
        let (from, to) = (from.clone(), to.clone());
        self.lanes.write(move |connection| directory::replace_app(connection, &from, &to)).await
    }

    async fn sellers_with_due(&self, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError> {
        self.readers.read(move |connection| due::sellers(connection, now, limit)).await
    }

    async fn due_trades(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<Tid>, StoreError> {
        self.readers.read(move |connection| due::trades(connection, seller, now, limit)).await
    }

    async fn open_work(&self, seller: SellerId, limit: usize) -> Result<Vec<NewWork>, StoreError> {
        self.readers.read(move |connection| due::work(connection, seller, limit)).await
    }

    async fn expired_holds(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<HoldKey>, StoreError> {
        self.readers.read(move |connection| due::expired_holds(connection, seller, now, limit)).await
    }

    async fn due_cells(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<CellKey>, StoreError> {
        self.readers.read(move |connection| due::cells(connection, seller, now, limit)).await
    }

    async fn lease_outward(&self, now: Timestamp, lease: Lease, limit: usize) -> Result<Vec<DueOutward>, StoreError> {
        let leases = Arc::clone(&self.leases);
        self.readers.read(move |connection| lease::take(connection, &leases, now, lease, limit)).await
    }

    async fn give_up_leases(&self, _node: i64) -> Result<(), StoreError> {
        // Leases are in memory: a process that begins has none.
        Ok(())
    }

    async fn keep_source_progress(&self, progress: &SourceProgress) -> Result<(), StoreError> {
        let progress = progress.clone();
        self.lanes.write(move |connection| sources::keep(connection, &progress)).await
    }

    async fn source_states(&self, seller: SellerId, channel: &str) -> Result<Vec<SourceState>, StoreError> {
        let channel = channel.to_owned();
        self.readers.read(move |connection| sources::states(connection, seller, &channel)).await
    }

    async fn source_exceptions(
        &self,
        seller: SellerId,
        channel: &str,
        limit: usize,
    ) -> Result<Vec<SourceException>, StoreError> {
        let channel = channel.to_owned();
        self.readers.read(move |connection| sources::exceptions(connection, seller, &channel, limit)).await
    }

    async fn push_users(&self, query: &PushUserQuery) -> Result<(Vec<PushUserRow>, i64), StoreError> {
        let query = query.clone();
        self.readers.read(move |connection| push::users(connection, &query)).await
    }

    async fn keep_attempts(&self, attempts: &[Attempt]) -> Result<(), StoreError> {
        // Made here, so that the writer thread only writes.
        let rows = attempts::rows(attempts)?;
        self.lanes.write(move |connection| attempts::keep(connection, &rows)).await
    }

    async fn attempts(
        &self,
        seller: SellerId,
        of: &AttemptsOf,
        before: Option<AttemptKey>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let of = of.clone();
        self.readers.read(move |connection| attempts::page(connection, seller, &of, before, limit)).await
    }

    async fn attempts_to_forget(
        &self,
        seller: SellerId,
        receiver: &Receiver,
        kept: AttemptsKept,
    ) -> Result<Option<AttemptKey>, StoreError> {
        let receiver = receiver.clone();
        self.readers.read(move |connection| attempts::to_forget(connection, seller, &receiver, kept)).await
    }

    async fn forget_attempts(
        &self,
        seller: SellerId,
        receiver: &Receiver,
        up_to: AttemptKey,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let receiver = receiver.clone();
        self.lanes.write(move |connection| attempts::forget(connection, seller, &receiver, up_to, limit)).await
    }

    async fn sellers_behind(&self, reader: TimelineReader, limit: usize) -> Result<Vec<SellerId>, StoreError> {
        self.readers.read(move |connection| readers::behind(connection, reader, limit)).await
    }

    async fn reader_place(&self, seller: SellerId, reader: TimelineReader) -> Result<FactPlace, StoreError> {
        self.readers.read(move |connection| readers::place(connection, seller, reader)).await
    }

    async fn facts_after(
        &self,
        seller: SellerId,
        place: FactPlace,
        limit: usize,
    ) -> Result<Vec<PlacedFact>, StoreError> {
        self.readers.read(move |connection| readers::after(connection, seller, place, limit)).await
    }

    async fn facts_of_trades(
        &self,
        seller: SellerId,
        tids: &[Tid],
        up_to: FactPlace,
    ) -> Result<Vec<PlacedFact>, StoreError> {
        let tids = tids.to_vec();
        self.readers.read(move |connection| figures::facts_of_trades(connection, seller, &tids, up_to)).await
    }

    async fn regions_of_trades(&self, seller: SellerId, tids: &[Tid]) -> Result<BTreeMap<Tid, Region>, StoreError> {
        let tids = tids.to_vec();
        self.readers.read(move |connection| figures::regions(connection, seller, &tids)).await
    }

    async fn add_figures(
        &self,
        seller: SellerId,
        from: FactPlace,
        to: FactPlace,
        figures: &Figures,
    ) -> Result<bool, StoreError> {
        let figures = figures.clone();
        self.lanes.write(move |connection| figures::keep(connection, seller, (from, to), &figures)).await
    }

    async fn figures(&self, seller: SellerId, query: &FigureQuery) -> Result<FiguresFound, StoreError> {
        let query = query.clone();
        self.readers.read(move |connection| figures::found(connection, seller, &query)).await
    }

    async fn locations_counted(
        &self,
        seller: SellerId,
        metric: Metric,
        span: Span,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        self.readers.read(move |connection| figures::locations_counted(connection, seller, metric, span)).await
    }

    async fn forget_figures(&self, seller: SellerId, before: i64) -> Result<usize, StoreError> {
        self.lanes.write(move |connection| figures::forget(connection, seller, before)).await
    }

    async fn draft_rule_set(
        &self,
        seller: SellerId,
        rules: &RuleSet,
        by: &RuleSetDeed,
    ) -> Result<RuleSetVersion, StoreError> {
        let (rules, by) = (rules.clone(), by.clone());
        self.lanes.write(move |connection| settlement::draft(connection, seller, &rules, &by)).await
    }

    async fn change_rule_set(
        &self,
        seller: SellerId,
        version: RuleSetVersion,
        change: &RuleSetChange,
        by: &RuleSetDeed,
    ) -> Result<RuleSetChanged, StoreError> {
        let (change, by) = (change.clone(), by.clone());
        self.lanes.write(move |connection| settlement::change(connection, seller, version, &change, &by)).await
    }

    async fn rule_sets(
        &self,
        seller: SellerId,
        before: Option<RuleSetVersion>,
        limit: usize,
    ) -> Result<Vec<RuleSetRow>, StoreError> {
        self.readers.read(move |connection| settlement::rule_sets(connection, seller, before, limit)).await
    }

    async fn sellers_to_settle(&self, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError> {
        self.readers.read(move |connection| settlement::sellers(connection, now, limit)).await
    }

    async fn due_settlements(&self, seller: SellerId, now: Timestamp, limit: usize) -> Result<Vec<Tid>, StoreError> {
        self.readers.read(move |connection| settlement::due(connection, seller, now, limit)).await
    }

    async fn load_settlement(&self, seller: SellerId, tids: &[Tid]) -> Result<SettlementLoad, StoreError> {
        let tids = tids.to_vec();
        self.readers.read(move |connection| settlement::load(connection, seller, &tids)).await
    }

    async fn keep_settlement(&self, step: &SettlementStep) -> Result<(), StoreError> {
        let step = step.clone();
        self.lanes.write(move |connection| settlement::keep(connection, &step)).await
    }

    async fn settlement_balances(
        &self,
        seller: SellerId,
        period: Period,
        after: Option<&Account>,
        limit: usize,
    ) -> Result<Vec<SettlementBalance>, StoreError> {
        let after = after.cloned();
        self.readers
            .read(move |connection| settlement::balances(connection, seller, period, after.as_ref(), limit))
            .await
    }

    async fn settlement_statement(
        &self,
        seller: SellerId,
        query: &StatementQuery,
    ) -> Result<Vec<StatementLine>, StoreError> {
        let query = query.clone();
        self.readers.read(move |connection| settlement::statement(connection, seller, &query)).await
    }

    async fn settlement_faults(&self, seller: SellerId, limit: usize) -> Result<Vec<SettlementFault>, StoreError> {
        self.readers.read(move |connection| settlement::faults(connection, seller, limit)).await
    }

    async fn trade(&self, seller: SellerId, tid: Tid) -> Result<Option<TradeView>, StoreError> {
        self.readers.read(move |connection| views::trade(connection, seller, tid)).await
    }

    async fn trade_of_allocation(&self, seller: SellerId, code: AllocationCode) -> Result<Option<Tid>, StoreError> {
        self.readers.read(move |connection| views::trade_of_allocation(connection, seller, code)).await
    }

    async fn trade_of_handover_code(&self, seller: SellerId, code: &HandoverCode) -> Result<Option<Tid>, StoreError> {
        let code = code.clone();
        self.readers.read(move |connection| views::trade_of_handover_code(connection, seller, &code)).await
    }

    async fn trade_of_sub_order(&self, seller: SellerId, oid: Oid) -> Result<Option<Tid>, StoreError> {
        self.readers.read(move |connection| views::trade_of_sub_order(connection, seller, oid)).await
    }

    async fn assignments_at(
        &self,
        seller: SellerId,
        location: Option<LocationId>,
        after: Option<AllocationCode>,
        limit: usize,
    ) -> Result<Vec<AssignmentView>, StoreError> {
        self.readers.read(move |connection| views::assignments_at(connection, seller, location, after, limit)).await
    }

    async fn location(&self, seller: SellerId, id: LocationId) -> Result<Option<Location>, StoreError> {
        self.readers.read(move |connection| views::location(connection, seller, id)).await
    }

    async fn locations(&self, seller: SellerId) -> Result<Vec<Location>, StoreError> {
        self.readers.read(move |connection| views::locations(connection, seller)).await
    }

    async fn stores_of_item(
        &self,
        seller: SellerId,
        item: ItemId,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<LocationId>, i64), StoreError> {
        self.readers.read(move |connection| views::stores_of_item(connection, seller, item, page, per_page)).await
    }

    async fn items_of_store(
        &self,
        seller: SellerId,
        store: LocationId,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<ItemId>, i64), StoreError> {
        self.readers.read(move |connection| views::items_of_store(connection, seller, store, page, per_page)).await
    }

    async fn mappings(
        &self,
        seller: SellerId,
        listings: &[(ItemId, SkuId)],
    ) -> Result<BTreeMap<(ItemId, SkuId), Mapping>, StoreError> {
        let listings = listings.to_vec();
        self.readers.read(move |connection| views::mappings(connection, seller, &listings)).await
    }

    async fn locations_named(&self, seller: SellerId, ids: &BTreeSet<LocationId>) -> Result<Vec<Location>, StoreError> {
        let ids = ids.clone();
        self.readers.read(move |connection| lists::locations_named(connection, seller, &ids)).await
    }

    async fn articles(&self, seller: SellerId, ids: &[ScItemId]) -> Result<Vec<ScItem>, StoreError> {
        let ids = ids.to_vec();
        self.readers.read(move |connection| lists::articles(connection, seller, &ids)).await
    }

    async fn tags_of_items(
        &self,
        seller: SellerId,
        items: &[ItemId],
    ) -> Result<Vec<(ItemId, BTreeSet<OmniTag>)>, StoreError> {
        let items = items.to_vec();
        self.readers.read(move |connection| lists::tags_of_items(connection, seller, &items)).await
    }

    async fn items_with_tag(
        &self,
        seller: SellerId,
        tag: OmniTag,
        page: i64,
        per_page: i64,
    ) -> Result<(Vec<ItemId>, i64), StoreError> {
        self.readers.read(move |connection| lists::items_with_tag(connection, seller, tag, page, per_page)).await
    }

    async fn trades_sold(&self, seller: SellerId, query: &SoldQuery) -> Result<SoldPage, StoreError> {
        let query = query.clone();
        self.readers.read(move |connection| lists::trades_sold(connection, seller, &query)).await
    }

    async fn refund(&self, seller: SellerId, id: RefundId) -> Result<Option<String>, StoreError> {
        self.readers.read(move |connection| lists::refund(connection, seller, id)).await
    }

    async fn cells(
        &self,
        seller: SellerId,
        places: &[(LocationId, ScItemId)],
    ) -> Result<Vec<(CellKey, StockCell)>, StoreError> {
        let places = places.to_vec();
        self.readers.read(move |connection| views::cells(connection, seller, &places)).await
    }

    async fn exceptions(&self, seller: SellerId, query: &ExceptionQuery) -> Result<Vec<Exception>, StoreError> {
        let query = query.clone();
        self.readers.read(move |connection| exceptions::page(connection, seller, &query)).await
    }

    async fn exception(&self, seller: SellerId, id: ExceptionId) -> Result<Option<Exception>, StoreError> {
        self.readers.read(move |connection| exceptions::one(connection, seller, id)).await
    }

    async fn overview(&self, seller: SellerId) -> Result<Overview, StoreError> {
        self.readers.read(move |connection| overview::overview(connection, seller)).await
    }

    async fn stock_snapshot(&self, seller: SellerId, now: Timestamp) -> Result<Snapshot, StoreError> {
        self.readers.read(move |connection| snapshot::stock(connection, seller, now)).await
    }
}
