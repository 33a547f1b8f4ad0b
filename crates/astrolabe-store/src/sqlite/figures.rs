//! Figures derived from the timeline: what a step of deriving reads, keeping its result, and reports.

use std::collections::BTreeMap;

use rusqlite::{Connection, TransactionBehavior, params};

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::kpi::{Figures, Measure, Metric, Region, Span};

use crate::error::StoreError;
use crate::figures::{FigureQuery, FiguresFound};
use crate::readers::{FactPlace, PlacedFact, TimelineReader};
use crate::rows::{
    CUTS, Fields, FigureColumns, FigureScan, add_measure, fact_columns, figure_columns, gather, grain_code,
    metric_code, placed_fact, scans, spread_text,
};
use crate::sqlite::fields::{all, commit_failure, each, failure, first, run};
use crate::sqlite::readers;

const FACTS: &str = concat!(
    "SELECT ",
    fact_columns!(),
    ", version, n FROM timeline WHERE seller_id = ?1 AND tid = ?2 AND (version, n) <= (?3, ?4) ORDER BY version, n"
);

/// Facts of trades up to a place, in the order they were written.
pub(super) fn facts_of_trades(
    connection: &Connection,
    seller: SellerId,
    tids: &[Tid],
    up_to: FactPlace,
) -> Result<Vec<PlacedFact>, StoreError> {
    let mut found = Vec::new();
    for tid in tids {
        let key = (seller.0, tid.0, up_to.version, up_to.n);
        found.extend(all(connection, FACTS, key, |row| placed_fact(row))?);
    }
    Ok(found)
}

/// Where trades go.
pub(super) fn regions(
    connection: &Connection,
    seller: SellerId,
    tids: &[Tid],
) -> Result<BTreeMap<Tid, Region>, StoreError> {
    let region = "SELECT doc ->> '$.destination.province', doc ->> '$.destination.city' FROM trade \
                  WHERE seller_id = ?1 AND tid = ?2";
    let mut found = BTreeMap::new();
    for tid in tids {
        let read = |row: &rusqlite::Row<'_>| Ok(Region { province: row.text(0)?, city: row.text(1)? });
        found.extend(first(connection, region, (seller.0, tid.0), read)?.map(|region| (*tid, region)));
    }
    Ok(found)
}

const KNOWN: &str = "\
    SELECT count, within, sum_ms, max_ms, spread FROM kpi_figure WHERE seller_id = ?1 AND metric = ?2 AND grain = ?3 \
    AND cut = ?4 AND start_day = ?5 AND location_id = ?6 AND app = ?7 AND province = ?8 AND city = ?9";

const PUT: &str = "\
    INSERT INTO kpi_figure (seller_id, metric, grain, cut, start_day, location_id, app, province, city, \
                            count, within, sum_ms, max_ms, spread) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
    ON CONFLICT (seller_id, metric, grain, cut, start_day, location_id, app, province, city) \
    DO UPDATE SET count = excluded.count, within = excluded.within, sum_ms = excluded.sum_ms, \
    max_ms = excluded.max_ms, spread = excluded.spread";

/// Adds figures and moves the reader on from `from`, if it still stands there; says whether it did.
pub(super) fn keep(
    connection: &mut Connection,
    seller: SellerId,
    (from, to): (FactPlace, FactPlace),
    figures: &Figures,
) -> Result<bool, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    if !readers::advance(&transaction, seller, TimelineReader::Kpi, from, to)? {
        return Ok(false);
    }
    for (key, added) in figures.iter() {
        let FigureColumns { metric, grain, cut, start, location, app, province, city } = FigureColumns::of(key);
        let key = params![seller.0, metric, grain, cut, start, location, app, province, city];
        let mut measure = added.clone();
        first(&transaction, KNOWN, key, |row| add_measure(&mut measure, row, 0))?;
        let Measure { count, within, sum_ms, max_ms, spread } = &measure;
        let spread = spread_text(spread);
        run(
            &transaction,
            PUT,
            params![
                seller.0, metric, grain, cut, start, location, app, province, city, count, within, sum_ms, max_ms,
                spread
            ],
        )?;
    }
    transaction.commit().map_err(commit_failure)?;
    Ok(true)
}

const OF_CUT: &str = concat!(
    "SELECT ",
    figure_columns!(),
    " FROM kpi_figure WHERE seller_id = ?1 AND metric = ?2 AND grain = ?3 AND cut = ?4 AND start_day BETWEEN ?5 AND ?6 \
     AND (?7 IS NULL OR app = ?7) AND (?8 IS NULL OR province = ?8) AND (?9 IS NULL OR city = ?9)"
);

const OF_LOCATION: &str = concat!(
    "SELECT ",
    figure_columns!(),
    " FROM kpi_figure WHERE seller_id = ?1 AND cut = 2 AND location_id = ?2 AND metric = ?3 AND grain = ?4 \
     AND start_day BETWEEN ?5 AND ?6 AND (?7 IS NULL OR app = ?7)"
);

/// Figures added up by what was asked.
pub(super) fn found(
    connection: &Connection,
    seller: SellerId,
    query: &FigureQuery,
) -> Result<FiguresFound, StoreError> {
    let mut found = FiguresFound::new();
    for scan in scans(query) {
        let FigureScan { metric, metric_code, grain, cut, from, to, location, app, province, city } = scan;
        let take = |row: &rusqlite::Row<'_>| gather(&mut found, query.by, metric, row);
        match location {
            Some(location) => {
                each(connection, OF_LOCATION, params![seller.0, location, metric_code, grain, from, to, app], take)?;
            }
            None => {
                let key = params![seller.0, metric_code, grain, cut, from, to, app, province, city];
                each(connection, OF_CUT, key, take)?;
            }
        }
    }
    Ok(found)
}

/// How many locations have a count in each period.
pub(super) fn locations_counted(
    connection: &Connection,
    seller: SellerId,
    metric: Metric,
    span: Span,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let counted = "SELECT start_day, count(DISTINCT location_id) FROM kpi_figure WHERE seller_id = ?1 AND metric = ?2 \
                   AND grain = ?3 AND cut = 2 AND start_day BETWEEN ?4 AND ?5 GROUP BY start_day ORDER BY start_day";
    let key = (seller.0, metric_code(metric), grain_code(span.grain), span.from, span.to);
    all(connection, counted, key, |row| Ok((row.int(0)?, row.int(1)?)))
}

/// Forgets figures of single days before a day; those of months stay.
pub(super) fn forget(connection: &mut Connection, seller: SellerId, before: i64) -> Result<usize, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    let old = "DELETE FROM kpi_figure \
               WHERE seller_id = ?1 AND metric = ?2 AND grain = 0 AND cut = ?3 AND start_day < ?4";
    let mut forgotten = 0;
    for metric in Metric::ALL {
        for cut in CUTS {
            forgotten += run(&transaction, old, (seller.0, metric_code(metric), cut, before))?;
        }
    }
    transaction.commit().map_err(commit_failure)?;
    Ok(forgotten)
}
