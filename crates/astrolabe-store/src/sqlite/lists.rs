//! Lists: a page by an index, then the long rows of that page alone.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use astrolabe_core::goods::{OmniTag, ScItem};
use astrolabe_core::ids::{ItemId, LocationId, RefundId, ScItemId, SellerId};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::place::Location;

use crate::error::StoreError;
use crate::lists::{SoldPage, SoldQuery, SoldTrade};
use crate::rows::{Fields, assignment, item_tags, page_window, sold_by, to_doc, to_word};
use crate::sqlite::fields::{all, first};

/// A page of trades, newest first.
pub(super) fn trades_sold(
    connection: &Connection,
    seller: SellerId,
    query: &SoldQuery,
) -> Result<SoldPage, StoreError> {
    let by = sold_by(query.by);
    let wanted = format!(
        "FROM trade WHERE seller_id = ?1 AND {by} BETWEEN ?2 AND ?3 \
         AND (?4 IS NULL OR status IN (SELECT value FROM json_each(?4) AS asked)) \
         AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5) AS asked))"
    );
    let words = |words: &Option<Vec<String>>| words.as_ref().map(to_doc).transpose();
    let (statuses, kinds) = (words(&query.statuses)?, words(&query.kinds)?);
    let (rows, skipped) = page_window(query.page, query.per_page);

    let page = format!("SELECT tid {wanted} ORDER BY {by} DESC, tid DESC LIMIT ?6 OFFSET ?7");
    let given = params![seller.0, query.from.0, query.to.0, statuses, kinds, rows + 1, skipped];
    let mut tids = all(connection, &page, given, |row| row.int(0))?;
    let most = usize::try_from(rows).unwrap_or(0);
    let more = tids.len() > most;
    tids.truncate(most);

    let mut found = SoldPage { more, ..SoldPage::default() };
    if let Some(limit) = query.count_up_to {
        let count = format!("SELECT count(*) FROM (SELECT 1 {wanted} LIMIT ?6) AS found");
        let given = params![seller.0, query.from.0, query.to.0, statuses, kinds, limit];
        found.total = first(connection, &count, given, |row| row.int(0))?;
    }
    for tid in tids {
        let row = "SELECT doc, published FROM trade WHERE seller_id = ?1 AND tid = ?2";
        let known = first(connection, row, (seller.0, tid), |row| Ok((crate::rows::trade(row, 0)?, row.text(1)?)))?;
        let Some((trade, published)) = known else { continue };
        let given = "SELECT doc FROM assignment WHERE seller_id = ?1 AND tid = ?2 ORDER BY made_version, code";
        let assignments = all(connection, given, (seller.0, tid), |row| assignment(row, 0))?;
        found.trades.push(SoldTrade { file: TradeFile { trade, assignments, reservations: Vec::new() }, published });
    }
    Ok(found)
}

/// A refund as published.
pub(super) fn refund(connection: &Connection, seller: SellerId, id: RefundId) -> Result<Option<String>, StoreError> {
    let text = "SELECT published FROM refund WHERE seller_id = ?1 AND refund_id = ?2";
    first(connection, text, (seller.0, id.0), |row| row.text(0))
}

/// The tags of listings that have any.
pub(super) fn tags_of_items(
    connection: &Connection,
    seller: SellerId,
    items: &[ItemId],
) -> Result<Vec<(ItemId, BTreeSet<OmniTag>)>, StoreError> {
    let doc = "SELECT doc FROM item WHERE seller_id = ?1 AND item_id = ?2";
    let mut found = Vec::new();
    for item in items {
        let tags = first(connection, doc, (seller.0, item.0), |row| item_tags(row, 0))?.unwrap_or_default();
        if !tags.is_empty() {
            found.push((*item, tags));
        }
    }
    Ok(found)
}

/// A page of the listings with a tag, and how many there are.
pub(super) fn items_with_tag(
    connection: &Connection,
    seller: SellerId,
    tag: OmniTag,
    page: i64,
    per_page: i64,
) -> Result<(Vec<ItemId>, i64), StoreError> {
    let items = "SELECT item_id FROM item_tag WHERE seller_id = ?1 AND tag = ?2 ORDER BY item_id LIMIT ?3 OFFSET ?4";
    let total = "SELECT count(*) FROM item_tag WHERE seller_id = ?1 AND tag = ?2";
    let word = to_word(&tag)?;
    let (rows, skipped) = page_window(page, per_page);
    let found = all(connection, items, (seller.0, &word, rows, skipped), |row| Ok(ItemId(row.int(0)?)))?;
    let total = first(connection, total, (seller.0, &word), |row| row.int(0))?.unwrap_or(0);
    Ok((found, total))
}

/// Articles by id.
pub(super) fn articles(connection: &Connection, seller: SellerId, ids: &[ScItemId]) -> Result<Vec<ScItem>, StoreError> {
    let article = "SELECT sc_item, outer_code, name, combo FROM sc_item WHERE seller_id = ?1 AND sc_item = ?2";
    let mut found = Vec::new();
    for id in ids {
        found.extend(first(connection, article, (seller.0, id.0), |row| crate::rows::sc_item(row))?);
    }
    Ok(found)
}

/// Locations by id, deleted ones included.
pub(super) fn locations_named(
    connection: &Connection,
    seller: SellerId,
    ids: &BTreeSet<LocationId>,
) -> Result<Vec<Location>, StoreError> {
    let doc = "SELECT doc FROM location WHERE seller_id = ?1 AND location_id = ?2";
    let mut found = Vec::new();
    for id in ids {
        found.extend(first(connection, doc, (seller.0, id.0), |row| crate::rows::location(row, 0))?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::MIGRATIONS;

    /// What a database held before there were lists.
    const BEFORE: &str = r#"
        INSERT INTO trade (seller_id, tid, level, modified, awaiting, sub_orders, doc, published) VALUES
            (1, 10, 'routed', 5, 0, 1, '{"created":1700}', '{"tid":10,"status":"TRADE_FINISHED","type":"fixed"}'),
            (1, 11, 'routed', 6, 0, 1, '{"created":1800}', '');
        INSERT INTO item (seller_id, item_id, doc) VALUES
            (1, 7, '{"tags":["sync_stock","store_collect"],"allocator":null,"acceptor":null}'),
            (1, 8, '{"tags":[],"allocator":null,"acceptor":null}');"#;

    #[test]
    fn what_was_there_before_lists_is_listed() {
        let connection = Connection::open_in_memory().unwrap();
        let run = |lists: bool| {
            for step in MIGRATIONS.iter().filter(|step| (step.name == "lists") == lists) {
                connection.execute_batch(step.sqlite).unwrap();
            }
        };
        run(false);
        connection.execute_batch(BEFORE).unwrap();
        run(true);
        let told = "SELECT tid, created, status, kind FROM trade ORDER BY tid";
        let rows =
            all(&connection, told, [], |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?, row.text(3)?))).unwrap();
        let told = |tid, created, status: &str, kind: &str| (tid, created, status.to_owned(), kind.to_owned());
        assert_eq!(rows, [told(10, 1700, "TRADE_FINISHED", "fixed"), told(11, 1800, "", "")]);
        for (tag, items) in [(OmniTag::SyncStock, vec![ItemId(7)]), (OmniTag::StoreDeliver, vec![])] {
            assert_eq!(items_with_tag(&connection, SellerId(1), tag, 1, 10).unwrap().0, items);
        }
    }
}
