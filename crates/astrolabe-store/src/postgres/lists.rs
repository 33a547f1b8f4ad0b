//! Lists: a page by an index, then the long rows of that page alone.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::{Client, Transaction};

use astrolabe_core::goods::{OmniTag, ScItem};
use astrolabe_core::ids::{ItemId, LocationId, RefundId, ScItemId, SellerId};
use astrolabe_core::order::assignment::Assignment;
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::place::Location;

use crate::error::StoreError;
use crate::lists::{SoldPage, SoldQuery, SoldTrade};
use crate::postgres::fields::{Params, all, first};
use crate::rows::{Fields, assignment, item_tags, page_window, sold_by, to_word};

/// A page of trades, newest first.
pub(super) async fn trades_sold(
    client: &Transaction<'_>,
    seller: SellerId,
    query: &SoldQuery,
) -> Result<SoldPage, StoreError> {
    let by = sold_by(query.by);
    let wanted = format!(
        "FROM trade WHERE seller_id = $1 AND {by} BETWEEN $2 AND $3 \
         AND ($4::text[] IS NULL OR status = ANY($4)) AND ($5::text[] IS NULL OR kind = ANY($5))"
    );
    let (statuses, kinds) = (&query.statuses, &query.kinds);
    let (rows, skipped) = page_window(query.page, query.per_page);

    let page = format!("SELECT tid {wanted} ORDER BY {by} DESC, tid DESC LIMIT $6 OFFSET $7");
    let given: &Params<'_> = &[&seller.0, &query.from.0, &query.to.0, statuses, kinds, &(rows + 1), &skipped];
    let mut tids = all(client, &page, given, |row| row.int(0)).await?;
    let most = usize::try_from(rows).unwrap_or(0);
    let more = tids.len() > most;
    tids.truncate(most);

    let mut found = SoldPage { more, ..SoldPage::default() };
    if let Some(limit) = query.count_up_to {
        let count = format!("SELECT count(*) FROM (SELECT 1 {wanted} LIMIT $6) AS found");
        let given: &Params<'_> = &[&seller.0, &query.from.0, &query.to.0, statuses, kinds, &limit];
        found.total = first(client, &count, given, |row| row.int(0)).await?;
    }
    let row = "SELECT doc, published FROM unnest($2::bigint[]) WITH ORDINALITY AS asked (id, n) \
               JOIN trade ON seller_id = $1 AND tid = asked.id ORDER BY n";
    let given = "SELECT doc FROM assignment WHERE seller_id = $1 AND tid = ANY($2) ORDER BY made_version, code";
    let key: &Params<'_> = &[&seller.0, &tids];
    let (trades, assignments) = futures::try_join!(
        all(client, row, key, |row| Ok((crate::rows::trade(row, 0)?, row.text(1)?))),
        all(client, given, key, |row| assignment(row, 0)),
    )?;
    let mut by_trade: BTreeMap<_, Vec<Assignment>> = BTreeMap::new();
    for assignment in assignments {
        by_trade.entry(assignment.tid).or_default().push(assignment);
    }
    for (trade, published) in trades {
        let assignments = by_trade.remove(&trade.tid).unwrap_or_default();
        found.trades.push(SoldTrade { file: TradeFile { trade, assignments, reservations: Vec::new() }, published });
    }
    Ok(found)
}

/// A refund as published.
pub(super) async fn refund(client: &Client, seller: SellerId, id: RefundId) -> Result<Option<String>, StoreError> {
    let text = "SELECT published FROM refund WHERE seller_id = $1 AND refund_id = $2";
    first(client, text, &[&seller.0, &id.0], |row| row.text(0)).await
}

/// The tags of listings that have any.
pub(super) async fn tags_of_items(
    client: &Client,
    seller: SellerId,
    items: &[ItemId],
) -> Result<Vec<(ItemId, BTreeSet<OmniTag>)>, StoreError> {
    let docs = "SELECT item_id, doc FROM unnest($2::bigint[]) WITH ORDINALITY AS asked (id, n) \
                JOIN item ON seller_id = $1 AND item_id = asked.id ORDER BY n";
    let ids: Vec<i64> = items.iter().map(|item| item.0).collect();
    let found = all(client, docs, &[&seller.0, &ids], |row| Ok((ItemId(row.int(0)?), item_tags(row, 1)?))).await?;
    Ok(found.into_iter().filter(|(_, tags)| !tags.is_empty()).collect())
}

/// A page of the listings with a tag, and how many there are.
pub(super) async fn items_with_tag(
    client: &Client,
    seller: SellerId,
    tag: OmniTag,
    page: i64,
    per_page: i64,
) -> Result<(Vec<ItemId>, i64), StoreError> {
    let items = "SELECT item_id FROM item_tag WHERE seller_id = $1 AND tag = $2 ORDER BY item_id LIMIT $3 OFFSET $4";
    let total = "SELECT count(*) FROM item_tag WHERE seller_id = $1 AND tag = $2";
    let word = to_word(&tag)?;
    let (rows, skipped) = page_window(page, per_page);
    let found = all(client, items, &[&seller.0, &word, &rows, &skipped], |row| Ok(ItemId(row.int(0)?))).await?;
    let total = first(client, total, &[&seller.0, &word], |row| row.int(0)).await?.unwrap_or(0);
    Ok((found, total))
}

/// Articles by id.
pub(super) async fn articles(client: &Client, seller: SellerId, ids: &[ScItemId]) -> Result<Vec<ScItem>, StoreError> {
    let article = "SELECT sc_item, outer_code, name, combo FROM unnest($2::bigint[]) WITH ORDINALITY AS asked (id, n) \
                   JOIN sc_item ON seller_id = $1 AND sc_item = asked.id ORDER BY n";
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    all(client, article, &[&seller.0, &ids], crate::rows::sc_item).await
}

/// Locations by id, deleted ones included.
pub(super) async fn locations_named(
    client: &Client,
    seller: SellerId,
    ids: &BTreeSet<LocationId>,
) -> Result<Vec<Location>, StoreError> {
    let docs = "SELECT doc FROM location WHERE seller_id = $1 AND location_id = ANY($2) ORDER BY location_id";
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    all(client, docs, &[&seller.0, &ids], |row| crate::rows::location(row, 0)).await
}
