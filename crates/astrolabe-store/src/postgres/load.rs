//! What a group loads, inside its own transaction: everything by arrays of keys, all queries of a round together.

use std::collections::BTreeMap;

use deadpool_postgres::Client;
use tokio_postgres::Row;

use astrolabe_core::command::HistoryPlace;
use astrolabe_core::exception::Exception;
use astrolabe_core::goods::{Item, ScItem};
use astrolabe_core::ids::{HoldKey, ItemId, LocationId, ReservationId, ScItemId, SellerId, Tid};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::service_settings::DayKey;
use astrolabe_core::stock::article::ArticleStock;
use astrolabe_core::stock::cell::CellKey;
use astrolabe_core::stock::hold::{AheadHold, Holder, HolderName};
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{
    AdjustKey, AdjustRecord, BillKey, BillRecord, HOLDERS_MAX, Loaded, Names, OCCUPANTS_MAX, Occupancy, TradePlace,
    WAITING_MAX,
};

use crate::contract::{ANSWERS_KEPT, AnswerKey, ChangedSince, SellerState};
use crate::error::StoreError;
use crate::postgres::fields::{Params, all, first, limit};
use crate::postgres::push;
use crate::rows::{
    AheadGather, ArticleGather, Fields, FileGather, ItemGather, adjust, ahead_columns, assignment, bill, bill_columns,
    cell, cell_columns, class_code, day_load, exception, exception_columns, holder_kind, location, mapping,
    reservation, reservation_columns, sc_item, subscription, trade, trade_place, waiting,
};

/// The seller and its places.
pub(super) async fn seller(client: &Client, seller: SellerId) -> Result<SellerState, StoreError> {
    let row = "SELECT seller_id, nick, settings FROM seller WHERE seller_id = $1";
    let places = "SELECT doc FROM location WHERE seller_id = $1 ORDER BY location_id";
    let key: &Params<'_> = &[&seller.0];
    let webhooks = "SELECT doc FROM webhook WHERE seller_id = $1 ORDER BY name";
    let (known, places, webhooks, push_users) = futures::try_join!(
        first(client, row, key, crate::rows::seller),
        all(client, places, key, |row| location(row, 0)),
        all(client, webhooks, key, subscription),
        push::of_seller(client, seller),
    )?;
    let subscriptions = webhooks.into_iter().flatten().collect();
    Ok(SellerState { seller: known.ok_or(StoreError::UnknownSeller(seller))?, places, subscriptions, push_users })
}

const CHANGED_ARTICLES: &str = "\
    SELECT sc_item AS article FROM stock_entry WHERE seller_id = $1 AND version > $2 \
    UNION \
    SELECT id FROM lane_change WHERE seller_id = $1 AND version > $2 AND kind = 0 \
    ORDER BY article";

const CHANGED_LOADS: &str =
    "SELECT day, location_id, service, taken FROM day_load WHERE seller_id = $1 AND version > $2";

/// What other writers changed after `version`.
pub(super) async fn changed_since(client: &Client, seller: SellerId, version: i64) -> Result<ChangedSince, StoreError> {
    let after: &Params<'_> = &[&seller.0, &version];
    let items = "SELECT DISTINCT id FROM lane_change WHERE seller_id = $1 AND version > $2 AND kind = 1 ORDER BY id";
    let places = "SELECT places_version > $2 FROM seller_lane WHERE seller_id = $1";
    let (articles, items, day_loads, seller) = futures::try_join!(
        all(client, CHANGED_ARTICLES, after, |row| Ok(ScItemId(row.int(0)?))),
        all(client, items, after, |row| Ok(ItemId(row.int(0)?))),
        all(client, CHANGED_LOADS, after, day_load),
        first(client, places, after, |row| row.flag(0)),
    )?;
    Ok(ChangedSince { articles, items, day_loads, seller: seller.unwrap_or(false) })
}

/// Everything that `names` names.
pub(super) async fn names(client: &Client, seller: SellerId, names: &Names) -> Result<Loaded, StoreError> {
    let by = By { client, seller };
    let (
        files,
        items,
        sc_items,
        articles,
        ahead,
        bills,
        adjusts,
        committed_after,
        holders,
        occupancy,
        waiting_after,
        day_loads,
        exceptions,
        history,
    ) = futures::try_join!(
        by.files(names),
        by.items(names),
        by.sc_items(names),
        by.articles(names),
        by.ahead(names),
        by.bills(names),
        by.adjusts(names),
        by.committed_after(names),
        by.holders(names),
        by.occupancy(names),
        by.waiting_after(names),
        by.day_loads(names),
        by.exceptions(names),
        by.history(names),
    )?;
    Ok(Loaded {
        files,
        items,
        sc_items,
        articles,
        ahead,
        bills,
        adjusts,
        committed_after,
        holders,
        occupancy,
        waiting_after,
        day_loads,
        exceptions,
        history,
    })
}

/// Stored answers that are not too old.
pub(super) async fn stored_answers(
    client: &Client,
    seller: SellerId,
    keys: &[AnswerKey],
    now: Timestamp,
) -> Result<BTreeMap<AnswerKey, String>, StoreError> {
    let answers = "SELECT n, body FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS asked (app, by_sign, n) \
                   JOIN stored_answer ON seller_id = $1 AND app_key = app AND sign = by_sign \
                   WHERE kept_at >= $4";
    let apps: Vec<&str> = keys.iter().map(|key| key.app.0.as_str()).collect();
    let signs: Vec<&str> = keys.iter().map(|key| key.sign.as_str()).collect();
    let oldest = now.0 - ANSWERS_KEPT.0;
    let found =
        all(client, answers, &[&seller.0, &apps, &signs, &oldest], |row| Ok((row.int(0)?, row.text(1)?))).await?;
    let keyed = found.into_iter().filter_map(|(n, body)| {
        let at = usize::try_from(n - 1).ok()?;
        keys.get(at).map(|key| (key.clone(), body))
    });
    Ok(keyed.collect())
}

/// Loading by keys for one seller. What nobody named costs no query.
struct By<'c> {
    client: &'c Client,
    seller: SellerId,
}

impl By<'_> {
    async fn history(&self, names: &Names) -> Result<BTreeMap<HistoryPlace, Vec<(Timestamp, Tid)>>, StoreError> {
        let mut found = BTreeMap::new();
        for place in &names.history {
            found.insert(*place, push::history(self.client, self.seller, *place).await?);
        }
        Ok(found)
    }

    /// Rows whose key is in `keys`: `$1` is the seller, `$2` the keys.
    async fn of_ids<T>(
        &self,
        sql: &str,
        keys: &[i64],
        read: impl Fn(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        all(self.client, sql, &[&self.seller.0, &keys], read).await
    }

    /// The same with keys that are text.
    async fn of_words<T>(
        &self,
        sql: &str,
        keys: Vec<&str>,
        read: impl Fn(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        all(self.client, sql, &[&self.seller.0, &keys], read).await
    }

    async fn files(&self, names: &Names) -> Result<Vec<TradeFile>, StoreError> {
        let trades = "SELECT doc FROM trade WHERE seller_id = $1 AND tid = ANY($2)";
        let assignments =
            "SELECT doc FROM assignment WHERE seller_id = $1 AND tid = ANY($2) ORDER BY made_version, code";
        let reservations = concat!(
            "SELECT ",
            reservation_columns!(),
            " FROM reservation WHERE seller_id = $1 AND tid = ANY($2) ORDER BY reservation_id"
        );
        let tids: Vec<i64> = names.tids.iter().map(|tid| tid.0).collect();
        let (trades, assignments, reservations) = futures::try_join!(
            self.of_ids(trades, &tids, |row| trade(row, 0)),
            self.of_ids(assignments, &tids, |row| assignment(row, 0)),
            self.of_ids(reservations, &tids, reservation),
        )?;
        let mut files = FileGather::default();
        trades.into_iter().for_each(|trade| files.trade(trade));
        for assignment in assignments {
            files.assignment(assignment)?;
        }
        for reservation in reservations {
            files.reservation(reservation)?;
        }
        Ok(files.finish())
    }

    async fn items(&self, names: &Names) -> Result<Vec<Item>, StoreError> {
        let mapped = "SELECT DISTINCT item_id FROM item_sku WHERE seller_id = $1 AND sc_item = ANY($2)";
        let articles: Vec<i64> = names.mapped_to.iter().map(|article| article.0).collect();
        let mut ids = self.of_ids(mapped, &articles, |row| row.int(0)).await?;
        ids.extend(names.items.iter().map(|item| item.0));
        let items = "SELECT item_id, doc FROM item WHERE seller_id = $1 AND item_id = ANY($2)";
        let skus = "SELECT item_id, sku_id, sc_item, components FROM item_sku \
                    WHERE seller_id = $1 AND item_id = ANY($2)";
        let bound = "SELECT item_id, location_id FROM item_store WHERE seller_id = $1 AND item_id = ANY($2)";
        let (items, skus, bound) = futures::try_join!(
            self.of_ids(items, &ids, |row| Ok((ItemId(row.int(0)?), row.text(1)?))),
            self.of_ids(skus, &ids, mapping),
            self.of_ids(bound, &ids, |row| Ok((ItemId(row.int(0)?), LocationId(row.int(1)?)))),
        )?;
        let mut found = ItemGather::default();
        for (id, doc) in items {
            found.item(id, &doc)?;
        }
        skus.into_iter().for_each(|sku| found.sku(sku));
        bound.into_iter().for_each(|(item, location)| found.bound(item, location));
        Ok(found.finish())
    }

    async fn sc_items(&self, names: &Names) -> Result<Vec<ScItem>, StoreError> {
        let by_id = "SELECT sc_item, outer_code, name, combo FROM sc_item WHERE seller_id = $1 AND sc_item = ANY($2)";
        let by_code = "SELECT sc_item, outer_code, name, combo FROM sc_item \
                       WHERE seller_id = $1 AND outer_code = ANY($2) AND outer_code <> ''";
        let ids: Vec<i64> = names.sc_items.iter().map(|id| id.0).collect();
        let codes: Vec<&str> = names.outer_codes.iter().map(String::as_str).collect();
        let (of_ids, of_codes) =
            futures::try_join!(self.of_ids(by_id, &ids, sc_item), self.of_words(by_code, codes, sc_item),)?;
        let found: BTreeMap<ScItemId, ScItem> =
            of_ids.into_iter().chain(of_codes).map(|article| (article.id, article)).collect();
        Ok(found.into_values().collect())
    }

    async fn exceptions(&self, names: &Names) -> Result<Vec<Exception>, StoreError> {
        let rows =
            concat!("SELECT ", exception_columns!(), " FROM exception WHERE seller_id = $1 AND exception_id = ANY($2)");
        let ids: Vec<i64> = names.exceptions.iter().map(|id| id.0).collect();
        self.of_ids(rows, &ids, exception).await
    }

    async fn articles(&self, names: &Names) -> Result<Vec<ArticleStock>, StoreError> {
        let cells = concat!("SELECT ", cell_columns!(), " FROM stock_cell WHERE seller_id = $1 AND sc_item = ANY($2)");
        let queue = "SELECT sc_item, pay_time, tid, oid, units, passed FROM shortage_queue \
                     WHERE seller_id = $1 AND sc_item = ANY($2)";
        let ids: Vec<i64> = names.sc_items.iter().map(|id| id.0).collect();
        let (cells, queue) = futures::try_join!(self.of_ids(cells, &ids, cell), self.of_ids(queue, &ids, waiting),)?;
        let mut articles = ArticleGather::default();
        cells.into_iter().for_each(|cell| articles.cell(cell));
        queue.into_iter().for_each(|entry| articles.waiting(entry));
        Ok(articles.finish())
    }

    async fn ahead(&self, names: &Names) -> Result<Vec<AheadHold>, StoreError> {
        let parts = concat!(
            "SELECT ",
            ahead_columns!(),
            " FROM ahead_hold WHERE seller_id = $1 AND hold_key = ANY($2) ORDER BY hold_key, part"
        );
        if names.hold_keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&str> = names.hold_keys.iter().map(|key| key.0.as_str()).collect();
        let statement = self.client.prepare_cached(parts).await.map_err(crate::postgres::fields::failure)?;
        let rows = self.client.query(&statement, &[&self.seller.0, &keys]).await;
        let mut holds = AheadGather::default();
        for row in rows.map_err(crate::postgres::fields::failure)? {
            holds.part(&row)?;
        }
        Ok(holds.finish())
    }

    async fn bills(&self, names: &Names) -> Result<Vec<(BillKey, BillRecord)>, StoreError> {
        let bills = concat!(
            "SELECT ",
            bill_columns!(),
            " FROM stock_bill WHERE seller_id = $1 AND bill_num = ANY($2) \
              ORDER BY bill_num, location_id, sc_item, class"
        );
        let numbers = names.bill_nums.iter().map(|number| number.0.as_str()).collect();
        self.of_words(bills, numbers, bill).await
    }

    async fn adjusts(&self, names: &Names) -> Result<Vec<(AdjustKey, AdjustRecord)>, StoreError> {
        let adjusts = "SELECT bill_num, oid, doc FROM stock_adjust \
                       WHERE seller_id = $1 AND bill_num = ANY($2) ORDER BY bill_num, oid";
        let numbers = names.adjust_nums.iter().map(|number| number.0.as_str()).collect();
        self.of_words(adjusts, numbers, adjust).await
    }

    async fn committed_after(&self, names: &Names) -> Result<BTreeMap<(CellKey, i64), i64>, StoreError> {
        if names.committed_after.is_empty() {
            return Ok(BTreeMap::new());
        }
        let asked: Vec<_> = names.committed_after.iter().copied().collect();
        let since: Vec<i64> = asked.iter().map(|(_, second)| second.saturating_add(1).saturating_mul(1_000)).collect();
        let cells = CellColumns::of(asked.iter().map(|(cell, _)| cell));
        let CellColumns { sc_items, locations, classes, channels } = &cells;
        let params: &Params<'_> = &[&self.seller.0, sc_items, locations, classes, channels, &since];
        let units = all(self.client, COMMITTED_AFTER, params, |row| row.int(0)).await?;
        Ok(asked.into_iter().zip(units).collect())
    }

    async fn holders(&self, names: &Names) -> Result<BTreeMap<CellKey, Vec<Holder>>, StoreError> {
        let cells = names.holders.iter().map(|cell| self.holders_of(*cell));
        Ok(futures::future::try_join_all(cells).await?.into_iter().collect())
    }

    async fn holders_of(&self, cell: CellKey) -> Result<(CellKey, Vec<Holder>), StoreError> {
        let CellKey { sc_item, location, class, channel } = cell;
        let class = class_code(class);
        let most = limit(HOLDERS_MAX);
        let key: &Params<'_> = &[&self.seller.0, &sc_item.0, &location.0, &class, &channel.0, &most];
        let (trades, ahead) = futures::try_join!(
            all(self.client, HOLDING_TRADES, key, |row| {
                Ok(Holder {
                    kind: holder_kind(row.code(0)?)?,
                    who: HolderName::Trade { tid: Tid(row.int(1)?), reservation: ReservationId(row.int(2)?) },
                    units: row.int(3)?,
                    made_at: Timestamp(row.int(4)?),
                })
            }),
            all(self.client, HOLDING_AHEAD, key, |row| {
                Ok(Holder {
                    kind: holder_kind(1)?,
                    who: HolderName::Ahead { key: HoldKey(row.text(0)?) },
                    units: row.int(1)?,
                    made_at: Timestamp(row.int(2)?),
                })
            }),
        )?;
        let mut holders: Vec<Holder> = trades.into_iter().chain(ahead).collect();
        holders.sort_by_key(Holder::freeing_order);
        holders.truncate(HOLDERS_MAX);
        Ok((cell, holders))
    }

    async fn day_loads(&self, names: &Names) -> Result<Vec<(DayKey, i64)>, StoreError> {
        let loads = "SELECT day, location_id, service, taken FROM day_load WHERE seller_id = $1 AND day = ANY($2)";
        let days: Vec<i64> = names.days.iter().copied().collect();
        self.of_ids(loads, &days, day_load).await
    }

    async fn occupancy(&self, names: &Names) -> Result<BTreeMap<LocationId, Occupancy>, StoreError> {
        if names.occupancy.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<i64> = names.occupancy.iter().map(|id| id.0).collect();
        let most = limit(OCCUPANTS_MAX);
        let by_location: &Params<'_> = &[&self.seller.0, &ids];
        let at_most: &Params<'_> = &[&self.seller.0, &ids, &most];
        let counted = |row: &Row| Ok((LocationId(row.int(0)?), row.int(1)?));
        let (units, live, notified) = futures::try_join!(
            all(self.client, CERTAIN_UNITS, by_location, counted),
            all(self.client, LIVE_ASSIGNMENTS, by_location, counted),
            all(self.client, NOTIFIED, at_most, |row| Ok((LocationId(row.int(0)?), Tid(row.int(1)?)))),
        )?;
        let mut found: BTreeMap<LocationId, Occupancy> =
            names.occupancy.iter().map(|id| (*id, Occupancy::default())).collect();
        for (id, units) in units {
            found.entry(id).or_default().certain_units = units;
        }
        for (id, live) in live {
            found.entry(id).or_default().live_assignments = live;
        }
        for (id, tid) in notified {
            found.entry(id).or_default().notified.push(tid);
        }
        Ok(found)
    }

    async fn waiting_after(&self, names: &Names) -> Result<BTreeMap<Option<TradePlace>, Vec<TradePlace>>, StoreError> {
        let places = names.waiting_after.iter().map(|after| self.waiting_from(*after));
        Ok(futures::future::try_join_all(places).await?.into_iter().collect())
    }

    async fn waiting_from(
        &self,
        after: Option<TradePlace>,
    ) -> Result<(Option<TradePlace>, Vec<TradePlace>), StoreError> {
        let (pay_time, tid) = after.map_or((i64::MIN, 0), |place| (place.pay_time.0, place.tid.0));
        let most = limit(WAITING_MAX);
        let key: &Params<'_> = &[&self.seller.0, &pay_time, &tid, &most];
        Ok((after, all(self.client, WAITING_TRADES, key, trade_place).await?))
    }
}

/// Cells as arrays.
struct CellColumns {
    sc_items: Vec<i64>,
    locations: Vec<i64>,
    classes: Vec<i16>,
    channels: Vec<i64>,
}

impl CellColumns {
    fn of<'a>(cells: impl Iterator<Item = &'a CellKey> + Clone) -> Self {
        Self {
            sc_items: cells.clone().map(|cell| cell.sc_item.0).collect(),
            locations: cells.clone().map(|cell| cell.location.0).collect(),
            classes: cells.clone().map(|cell| class_code(cell.class)).collect(),
            channels: cells.map(|cell| cell.channel.0).collect(),
        }
    }
}

/// A commit of held units and one of unheld units both add to `unreported`.
const COMMITTED_AFTER: &str = "\
    SELECT later.units \
    FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[]) WITH ORDINALITY \
         AS asked (sc_item, location_id, class, channel, since, n) \
    CROSS JOIN LATERAL ( \
        SELECT coalesce(sum(entry.unreported), 0)::bigint AS units FROM stock_entry AS entry \
        WHERE entry.seller_id = $1 AND entry.sc_item = asked.sc_item AND entry.location_id = asked.location_id \
          AND entry.class = asked.class AND entry.channel = asked.channel AND entry.learnt >= asked.since \
          AND entry.kind IN (5, 6)) AS later \
    ORDER BY asked.n";

/// Kinds as [`holder_kind`] numbers them; those that are never freed are left out.
const HOLDING_TRADES: &str = "\
    SELECT (CASE WHEN held.role = 1 THEN 0 WHEN held.code IS NULL THEN 2 ELSE 3 END)::smallint AS kind, \
           held.tid, held.reservation_id, held.units, held.made_at \
    FROM reservation AS held \
    LEFT JOIN assignment AS given ON given.seller_id = held.seller_id AND given.code = held.code \
    WHERE held.seller_id = $1 AND held.sc_item = $2 AND held.location_id = $3 AND held.class = $4 \
      AND held.channel = $5 \
      AND (held.role = 1 OR held.code IS NULL OR (given.state = 'notified' AND NOT given.pickup)) \
    ORDER BY kind, held.made_at DESC, held.reservation_id DESC LIMIT $6";

const HOLDING_AHEAD: &str = "\
    SELECT hold_key, units, made_at FROM ahead_hold \
    WHERE seller_id = $1 AND part_sc_item = $2 AND location_id = $3 AND class = $4 AND channel = $5 AND state = 0 \
    ORDER BY made_at DESC, hold_key DESC LIMIT $6";

const CERTAIN_UNITS: &str = "\
    SELECT location_id, sum(greatest(on_hand, 0))::bigint FROM stock_cell \
    WHERE seller_id = $1 AND location_id = ANY($2) AND class = 0 GROUP BY location_id";

const LIVE_ASSIGNMENTS: &str = "\
    SELECT location_id, count(*) FROM assignment \
    WHERE seller_id = $1 AND location_id = ANY($2) AND open AND state <> 'return_requested' GROUP BY location_id";

const NOTIFIED: &str = "\
    SELECT asked.id, offered.tid FROM unnest($2::bigint[]) AS asked (id) \
    CROSS JOIN LATERAL ( \
        SELECT tid, min(code) AS first_code FROM assignment \
        WHERE seller_id = $1 AND location_id = asked.id AND open AND state = 'notified' AND NOT pickup \
        GROUP BY tid ORDER BY first_code LIMIT $3) AS offered \
    ORDER BY asked.id, offered.first_code";

const WAITING_TRADES: &str = "\
    SELECT pay_time, tid FROM trade WHERE seller_id = $1 AND awaiting AND (pay_time, tid) > ($2, $3) \
    ORDER BY pay_time, tid LIMIT $4";
