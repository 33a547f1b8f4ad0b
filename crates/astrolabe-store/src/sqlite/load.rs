//! What a group loads, inside its own transaction: everything by key, statement by prepared statement.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use astrolabe_core::command::HistoryPlace;
use astrolabe_core::exception::Exception;
use astrolabe_core::goods::{Item, ScItem};
use astrolabe_core::ids::{HoldKey, ItemId, LocationId, OutwardId, ReservationId, ScItemId, SellerId, Tid};
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
use crate::rows::{
    AheadGather, ArticleGather, Fields, FileGather, ItemGather, adjust, ahead_columns, assignment, bill, bill_columns,
    cell, cell_columns, class_code, day_load, holder_kind, location, mapping, reservation, reservation_columns,
    sc_item, subscription, trade, trade_place, waiting,
};
use crate::sqlite::fields::{all, each, first, limit};
use crate::sqlite::push;

/// The seller and its places.
pub(super) fn seller(connection: &Connection, seller: SellerId) -> Result<SellerState, StoreError> {
    let row = "SELECT seller_id, nick, settings FROM seller WHERE seller_id = ?1";
    let known = first(connection, row, [seller.0], |row| crate::rows::seller(row))?;
    let places = "SELECT doc FROM location WHERE seller_id = ?1 ORDER BY location_id";
    let webhooks = "SELECT doc FROM webhook WHERE seller_id = ?1 ORDER BY name";
    Ok(SellerState {
        seller: known.ok_or(StoreError::UnknownSeller(seller))?,
        places: all(connection, places, [seller.0], |row| location(row, 0))?,
        subscriptions: all(connection, webhooks, [seller.0], |row| subscription(row))?.into_iter().flatten().collect(),
        push_users: push::of_seller(connection, seller)?,
    })
}

const CHANGED_ARTICLES: &str = "\
    SELECT sc_item FROM stock_entry WHERE seller_id = ?1 AND version > ?2 \
    UNION \
    SELECT id FROM lane_change WHERE seller_id = ?1 AND version > ?2 AND kind = 0 \
    ORDER BY sc_item";

const CHANGED_LOADS: &str =
    "SELECT day, location_id, service, taken FROM day_load WHERE seller_id = ?1 AND version > ?2";

/// What other writers changed after `version`.
pub(super) fn changed_since(
    connection: &Connection,
    seller: SellerId,
    version: i64,
) -> Result<ChangedSince, StoreError> {
    let after = (seller.0, version);
    let items = "SELECT DISTINCT id FROM lane_change WHERE seller_id = ?1 AND version > ?2 AND kind = 1 ORDER BY id";
    let places = "SELECT places_version > ?2 FROM seller_lane WHERE seller_id = ?1";
    Ok(ChangedSince {
        articles: all(connection, CHANGED_ARTICLES, after, |row| Ok(ScItemId(row.int(0)?)))?,
        items: all(connection, items, after, |row| Ok(ItemId(row.int(0)?)))?,
        day_loads: all(connection, CHANGED_LOADS, after, |row| day_load(row))?,
        seller: first(connection, places, after, |row| row.flag(0))?.unwrap_or(false),
    })
}

/// Everything that `names` names.
pub(super) fn names(connection: &Connection, seller: SellerId, names: &Names) -> Result<Loaded, StoreError> {
    let by = By { connection, seller };
    Ok(Loaded {
        files: by.files(names)?,
        items: by.items(names)?,
        sc_items: by.sc_items(names)?,
        articles: by.articles(names)?,
        ahead: by.ahead(names)?,
        bills: by.bills(names)?,
        adjusts: by.adjusts(names)?,
        committed_after: by.committed_after(names)?,
        holders: by.holders(names)?,
        occupancy: by.occupancy(names)?,
        waiting_after: by.waiting_after(names)?,
        day_loads: by.day_loads(names)?,
        exceptions: by.exceptions(names)?,
        history: by.history(names)?,
    })
}

/// Stored answers that are not too old.
pub(super) fn stored_answers(
    connection: &Connection,
    seller: SellerId,
    keys: &[AnswerKey],
    now: Timestamp,
) -> Result<BTreeMap<AnswerKey, String>, StoreError> {
    let answer = "SELECT body FROM stored_answer \
                  WHERE seller_id = ?1 AND app_key = ?2 AND sign = ?3 AND kept_at >= ?4";
    let oldest = now.0 - ANSWERS_KEPT.0;
    let mut answers = BTreeMap::new();
    for key in keys {
        let given = params![seller.0, key.app.0, key.sign, oldest];
        if let Some(body) = first(connection, answer, given, |row| row.text(0))? {
            answers.insert(key.clone(), body);
        }
    }
    Ok(answers)
}

/// Loading by key for one seller.
struct By<'c> {
    connection: &'c Connection,
    seller: SellerId,
}

impl By<'_> {
    fn history(&self, names: &Names) -> Result<BTreeMap<HistoryPlace, Vec<(Timestamp, Tid)>>, StoreError> {
        let of_place = |place: &HistoryPlace| Ok((*place, push::history(self.connection, self.seller, *place)?));
        names.history.iter().map(of_place).collect()
    }

    fn files(&self, names: &Names) -> Result<Vec<TradeFile>, StoreError> {
        let trades = "SELECT doc FROM trade WHERE seller_id = ?1 AND tid = ?2";
        let assignments = "SELECT doc FROM assignment WHERE seller_id = ?1 AND tid = ?2 ORDER BY made_version, code";
        let reservations = concat!(
            "SELECT ",
            reservation_columns!(),
            " FROM reservation WHERE seller_id = ?1 AND tid = ?2 ORDER BY reservation_id"
        );
        let mut files = FileGather::default();
        for tid in &names.tids {
            let key = (self.seller.0, tid.0);
            let Some(known) = first(self.connection, trades, key, |row| trade(row, 0))? else { continue };
            files.trade(known);
            each(self.connection, assignments, key, |row| files.assignment(assignment(row, 0)?))?;
            each(self.connection, reservations, key, |row| files.reservation(reservation(row)?))?;
        }
        Ok(files.finish())
    }

    fn items(&self, names: &Names) -> Result<Vec<Item>, StoreError> {
        let items = "SELECT item_id, doc FROM item WHERE seller_id = ?1 AND item_id = ?2";
        let skus = "SELECT item_id, sku_id, sc_item, components FROM item_sku WHERE seller_id = ?1 AND item_id = ?2";
        let bound = "SELECT item_id, location_id FROM item_store WHERE seller_id = ?1 AND item_id = ?2";
        let mapped = "SELECT item_id FROM item_sku WHERE seller_id = ?1 AND sc_item = ?2";
        let mut wanted = names.items.clone();
        for sc_item in &names.mapped_to {
            let key = (self.seller.0, sc_item.0);
            wanted.extend(all(self.connection, mapped, key, |row| Ok(ItemId(row.int(0)?)))?);
        }
        let mut found = ItemGather::default();
        for item in wanted {
            let key = (self.seller.0, item.0);
            each(self.connection, items, key, |row| found.item(ItemId(row.int(0)?), &row.text(1)?))?;
            each(self.connection, skus, key, |row| {
                found.sku(mapping(row)?);
                Ok(())
            })?;
            each(self.connection, bound, key, |row| {
                found.bound(ItemId(row.int(0)?), LocationId(row.int(1)?));
                Ok(())
            })?;
        }
        Ok(found.finish())
    }

    fn sc_items(&self, names: &Names) -> Result<Vec<ScItem>, StoreError> {
        let by_id = "SELECT sc_item, outer_code, name, combo FROM sc_item WHERE seller_id = ?1 AND sc_item = ?2";
        let by_code = "SELECT sc_item, outer_code, name, combo FROM sc_item \
                       WHERE seller_id = ?1 AND outer_code = ?2 AND outer_code <> ''";
        let mut found: BTreeMap<ScItemId, ScItem> = BTreeMap::new();
        for id in &names.sc_items {
            let known = first(self.connection, by_id, (self.seller.0, id.0), |row| sc_item(row))?;
            found.extend(known.map(|known| (known.id, known)));
        }
        for code in &names.outer_codes {
            let known = first(self.connection, by_code, params![self.seller.0, code], |row| sc_item(row))?;
            found.extend(known.map(|known| (known.id, known)));
        }
        Ok(found.into_values().collect())
    }

    fn articles(&self, names: &Names) -> Result<Vec<ArticleStock>, StoreError> {
        let cells = concat!("SELECT ", cell_columns!(), " FROM stock_cell WHERE seller_id = ?1 AND sc_item = ?2");
        let queue = "SELECT sc_item, pay_time, tid, oid, units, passed FROM shortage_queue \
                     WHERE seller_id = ?1 AND sc_item = ?2";
        let mut articles = ArticleGather::default();
        for id in &names.sc_items {
            let key = (self.seller.0, id.0);
            each(self.connection, cells, key, |row| {
                articles.cell(cell(row)?);
                Ok(())
            })?;
            each(self.connection, queue, key, |row| {
                articles.waiting(waiting(row)?);
                Ok(())
            })?;
        }
        Ok(articles.finish())
    }

    fn ahead(&self, names: &Names) -> Result<Vec<AheadHold>, StoreError> {
        let parts = concat!(
            "SELECT ",
            ahead_columns!(),
            " FROM ahead_hold WHERE seller_id = ?1 AND hold_key = ?2 ORDER BY part"
        );
        let mut holds = AheadGather::default();
        for key in &names.hold_keys {
            each(self.connection, parts, params![self.seller.0, key.0], |row| holds.part(row))?;
        }
        Ok(holds.finish())
    }

    fn bills(&self, names: &Names) -> Result<Vec<(BillKey, BillRecord)>, StoreError> {
        let bills = concat!("SELECT ", bill_columns!(), " FROM stock_bill WHERE seller_id = ?1 AND bill_num = ?2");
        let mut found = Vec::new();
        for number in &names.bill_nums {
            found.extend(all(self.connection, bills, params![self.seller.0, number.0], |row| bill(row))?);
        }
        Ok(found)
    }

    fn adjusts(&self, names: &Names) -> Result<Vec<(AdjustKey, AdjustRecord)>, StoreError> {
        let adjusts = "SELECT bill_num, oid, doc FROM stock_adjust WHERE seller_id = ?1 AND bill_num = ?2";
        let mut found = Vec::new();
        for number in &names.adjust_nums {
            found.extend(all(self.connection, adjusts, params![self.seller.0, number.0], |row| adjust(row))?);
        }
        Ok(found)
    }

    /// A commit of held units and one of unheld units both add to `unreported`.
    fn committed_after(&self, names: &Names) -> Result<BTreeMap<(CellKey, i64), i64>, StoreError> {
        let sum = "SELECT coalesce(sum(unreported), 0) FROM stock_entry \
                   WHERE seller_id = ?1 AND sc_item = ?2 AND location_id = ?3 AND class = ?4 AND channel = ?5 \
                     AND learnt >= ?6 AND kind IN (5, 6)";
        let mut found = BTreeMap::new();
        for (cell, second) in &names.committed_after {
            let CellKey { sc_item, location, class, channel } = cell;
            let next_second = second.saturating_add(1).saturating_mul(1_000);
            let key = params![self.seller.0, sc_item.0, location.0, class_code(*class), channel.0, next_second];
            let units = first(self.connection, sum, key, |row| row.int(0))?.unwrap_or(0);
            found.insert((*cell, *second), units);
        }
        Ok(found)
    }

    fn holders(&self, names: &Names) -> Result<BTreeMap<CellKey, Vec<Holder>>, StoreError> {
        let mut found = BTreeMap::new();
        for cell in &names.holders {
            let CellKey { sc_item, location, class, channel } = cell;
            let key = params![self.seller.0, sc_item.0, location.0, class_code(*class), channel.0, limit(HOLDERS_MAX)];
            let mut holders = all(self.connection, HOLDING_TRADES, key, |row| {
                Ok(Holder {
                    kind: holder_kind(row.code(0)?)?,
                    who: HolderName::Trade { tid: Tid(row.int(1)?), reservation: ReservationId(row.int(2)?) },
                    units: row.int(3)?,
                    made_at: Timestamp(row.int(4)?),
                })
            })?;
            holders.extend(all(self.connection, HOLDING_AHEAD, key, |row| {
                Ok(Holder {
                    kind: holder_kind(1)?,
                    who: HolderName::Ahead { key: HoldKey(row.text(0)?) },
                    units: row.int(1)?,
                    made_at: Timestamp(row.int(2)?),
                })
            })?);
            holders.sort_by_key(Holder::freeing_order);
            holders.truncate(HOLDERS_MAX);
            found.insert(*cell, holders);
        }
        Ok(found)
    }

    fn occupancy(&self, names: &Names) -> Result<BTreeMap<LocationId, Occupancy>, StoreError> {
        if names.occupancy.is_empty() {
            return Ok(BTreeMap::new());
        }
        let units = "SELECT coalesce(sum(max(on_hand, 0)), 0) FROM stock_cell \
                     WHERE seller_id = ?1 AND location_id = ?2 AND class = 0";
        let live = "SELECT count(*) FROM assignment \
                    WHERE seller_id = ?1 AND location_id = ?2 AND open = 1 AND state <> 'return_requested'";
        let notified = "SELECT tid FROM assignment \
                        WHERE seller_id = ?1 AND location_id = ?2 AND open = 1 AND state = 'notified' AND pickup = 0 \
                        GROUP BY tid ORDER BY min(code) LIMIT ?3";
        let most = limit(OCCUPANTS_MAX);
        let tid = |row: &rusqlite::Row<'_>| Ok(Tid(row.int(0)?));
        let mut found = BTreeMap::new();
        for id in &names.occupancy {
            let key = (self.seller.0, id.0);
            let occupancy = Occupancy {
                live_assignments: first(self.connection, live, key, |row| row.int(0))?.unwrap_or(0),
                notified: all(self.connection, notified, (self.seller.0, id.0, most), tid)?,
                certain_units: first(self.connection, units, key, |row| row.int(0))?.unwrap_or(0),
            };
            found.insert(*id, occupancy);
        }
        Ok(found)
    }

    fn waiting_after(&self, names: &Names) -> Result<BTreeMap<Option<TradePlace>, Vec<TradePlace>>, StoreError> {
        let waiting = "SELECT pay_time, tid FROM trade \
                       WHERE seller_id = ?1 AND awaiting = 1 AND (pay_time, tid) > (?2, ?3) \
                       ORDER BY pay_time, tid LIMIT ?4";
        let mut found = BTreeMap::new();
        for after in &names.waiting_after {
            let (pay_time, tid) = after.map_or((i64::MIN, 0), |place| (place.pay_time.0, place.tid.0));
            let key = (self.seller.0, pay_time, tid, limit(WAITING_MAX));
            found.insert(*after, all(self.connection, waiting, key, |row| trade_place(row))?);
        }
        Ok(found)
    }

    fn day_loads(&self, names: &Names) -> Result<Vec<(DayKey, i64)>, StoreError> {
        let loads = "SELECT day, location_id, service, taken FROM day_load WHERE seller_id = ?1 AND day = ?2";
        let mut found = Vec::new();
        for day in &names.days {
            found.extend(all(self.connection, loads, (self.seller.0, *day), |row| day_load(row))?);
        }
        Ok(found)
    }

    fn exceptions(&self, names: &Names) -> Result<Vec<Exception>, StoreError> {
        let mut found = Vec::new();
        for id in &names.exceptions {
            found.extend(crate::sqlite::exceptions::one(self.connection, self.seller, *id)?);
        }
        Ok(found)
    }
}

/// Kinds as [`holder_kind`] numbers them; those that are never freed are left out.
const HOLDING_TRADES: &str = "\
    SELECT CASE WHEN held.role = 1 THEN 0 WHEN held.code IS NULL THEN 2 ELSE 3 END AS kind, \
           held.tid, held.reservation_id, held.units, held.made_at \
    FROM reservation AS held \
    LEFT JOIN assignment AS given ON given.seller_id = held.seller_id AND given.code = held.code \
    WHERE held.seller_id = ?1 AND held.sc_item = ?2 AND held.location_id = ?3 AND held.class = ?4 \
      AND held.channel = ?5 \
      AND (held.role = 1 OR held.code IS NULL OR (given.state = 'notified' AND given.pickup = 0)) \
    ORDER BY kind, held.made_at DESC, held.reservation_id DESC LIMIT ?6";

const HOLDING_AHEAD: &str = "\
    SELECT hold_key, units, made_at FROM ahead_hold \
    WHERE seller_id = ?1 AND part_sc_item = ?2 AND location_id = ?3 AND class = ?4 AND channel = ?5 AND state = 0 \
    ORDER BY made_at DESC, hold_key DESC LIMIT ?6";

/// Whether an earlier call to the same receiver about the same trade is still pending.
pub(super) fn has_pending_call(
    connection: &Connection,
    seller: SellerId,
    tid: Tid,
    receiver: &str,
) -> Result<Option<OutwardId>, StoreError> {
    let pending = "SELECT outward_id FROM outward \
                   WHERE seller_id = ?1 AND tid = ?2 AND receiver = ?3 AND state = 0 LIMIT 1";
    first(connection, pending, params![seller.0, tid.0, receiver], |row| Ok(OutwardId(row.int(0)?)))
}
