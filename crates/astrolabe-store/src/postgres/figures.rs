//! Figures derived from the timeline: what a step of deriving reads, keeping its result, and reports.

use std::collections::BTreeMap;

use deadpool_postgres::Client;
use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::kpi::{Figures, Measure, Metric, Region, Span};

use crate::error::StoreError;
use crate::figures::{FigureQuery, FiguresFound};
use crate::postgres::fields::{all, commit_failure, each, failure};
use crate::postgres::readers;
use crate::readers::{FactPlace, PlacedFact, TimelineReader};
use crate::rows::{
    Fields, FigureColumns, FigureScan, add_measure, fact_columns, figure_columns, gather, grain_code, metric_code,
    placed_fact, scans, spread_text,
};

const FACTS: &str = concat!(
    "SELECT ",
    fact_columns!(),
    ", version, n FROM timeline WHERE seller_id = $1 AND tid = ANY($2) AND (version, n) <= ($3, $4) \
     ORDER BY version, n"
);

/// Facts of trades up to a place, in the order they were written.
pub(super) async fn facts_of_trades(
    client: &Client,
    seller: SellerId,
    tids: &[Tid],
    up_to: FactPlace,
) -> Result<Vec<PlacedFact>, StoreError> {
    let tids: Vec<i64> = tids.iter().map(|tid| tid.0).collect();
    all(client, FACTS, &[&seller.0, &tids, &up_to.version, &up_to.n], placed_fact).await
}

/// Where trades go.
pub(super) async fn regions(
    client: &Client,
    seller: SellerId,
    tids: &[Tid],
) -> Result<BTreeMap<Tid, Region>, StoreError> {
    let region = "SELECT tid, destination ->> 'province', destination ->> 'city' FROM \
                  (SELECT tid, doc::json -> 'destination' AS destination FROM trade \
                   WHERE seller_id = $1 AND tid = ANY($2)) AS found";
    let tids: Vec<i64> = tids.iter().map(|tid| tid.0).collect();
    let read =
        |row: &tokio_postgres::Row| Ok((Tid(row.int(0)?), Region { province: row.text(1)?, city: row.text(2)? }));
    Ok(all(client, region, &[&seller.0, &tids], read).await?.into_iter().collect())
}

/// Keys and measures, a column each.
#[derive(Default)]
struct Columns {
    metrics: Vec<i16>,
    grains: Vec<i16>,
    cuts: Vec<i16>,
    starts: Vec<i64>,
    locations: Vec<i64>,
    apps: Vec<String>,
    provinces: Vec<String>,
    cities: Vec<String>,
}

impl Columns {
    fn of(figures: &Figures) -> Self {
        let mut columns = Self::default();
        for (key, _) in figures.iter() {
            let FigureColumns { metric, grain, cut, start, location, app, province, city } = FigureColumns::of(key);
            columns.metrics.push(metric);
            columns.grains.push(grain);
            columns.cuts.push(cut);
            columns.starts.push(start);
            columns.locations.push(location);
            columns.apps.push(app.to_owned());
            columns.provinces.push(province.to_owned());
            columns.cities.push(city.to_owned());
        }
        columns
    }
}

const KNOWN: &str = "\
    SELECT asked.at, known.count, known.within, known.sum_ms, known.max_ms, known.spread \
    FROM unnest($2::smallint[], $3::smallint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], \
                $9::text[]) WITH ORDINALITY \
         AS asked (metric, grain, cut, start_day, location_id, app, province, city, at) \
    JOIN kpi_figure AS known ON known.seller_id = $1 AND known.metric = asked.metric AND known.grain = asked.grain \
         AND known.cut = asked.cut AND known.start_day = asked.start_day AND known.location_id = asked.location_id \
         AND known.app = asked.app AND known.province = asked.province AND known.city = asked.city";

const PUT: &str = "\
    INSERT INTO kpi_figure (seller_id, metric, grain, cut, start_day, location_id, app, province, city, \
                            count, within, sum_ms, max_ms, spread) \
    SELECT $1, row.* FROM unnest($2::smallint[], $3::smallint[], $4::smallint[], $5::bigint[], $6::bigint[], \
        $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], \
        $14::text[]) AS row \
    ON CONFLICT (seller_id, metric, grain, cut, start_day, location_id, app, province, city) \
    DO UPDATE SET count = excluded.count, within = excluded.within, sum_ms = excluded.sum_ms, \
    max_ms = excluded.max_ms, spread = excluded.spread";

/// Adds figures and moves the reader on from `from`, if it still stands there; says whether it did. The reader's row is
/// what two nodes wait for each other at.
pub(super) async fn keep(
    client: &mut Client,
    seller: SellerId,
    (from, to): (FactPlace, FactPlace),
    figures: &Figures,
) -> Result<bool, StoreError> {
    let transaction = client.transaction().await.map_err(failure)?;
    if !readers::advance(&transaction, seller, TimelineReader::Kpi, from, to).await? {
        return Ok(false);
    }
    let keys = Columns::of(figures);
    let mut measures: Vec<Measure> = figures.iter().map(|(_, measure)| measure.clone()).collect();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![
        &seller.0,
        &keys.metrics,
        &keys.grains,
        &keys.cuts,
        &keys.starts,
        &keys.locations,
        &keys.apps,
        &keys.provinces,
        &keys.cities,
    ];
    each(&transaction, KNOWN, &params, |row| {
        let at = usize::try_from(row.int(0)? - 1).ok().and_then(|at| measures.get_mut(at));
        let measure = at.ok_or_else(|| StoreError::Corrupt("a figure that was not asked for".to_owned()))?;
        add_measure(measure, row, 1)
    })
    .await?;
    let column = |read: fn(&Measure) -> i64| measures.iter().map(read).collect::<Vec<i64>>();
    let (counts, withins) = (column(|one| one.count), column(|one| one.within));
    let (sums, most) = (column(|one| one.sum_ms), column(|one| one.max_ms));
    let spreads: Vec<String> = measures.iter().map(|one| spread_text(&one.spread)).collect();
    let values: [&(dyn ToSql + Sync); 5] = [&counts, &withins, &sums, &most, &spreads];
    params.extend(values);
    let statement = transaction.prepare_cached(PUT).await.map_err(failure)?;
    transaction.execute(&statement, &params).await.map_err(failure)?;
    transaction.commit().await.map_err(commit_failure)?;
    Ok(true)
}

const OF_CUT: &str = concat!(
    "SELECT ",
    figure_columns!(),
    " FROM kpi_figure WHERE seller_id = $1 AND metric = $2 AND grain = $3 AND cut = $4 AND start_day BETWEEN $5 AND $6 \
     AND ($7::text IS NULL OR app = $7) AND ($8::text IS NULL OR province = $8) AND ($9::text IS NULL OR city = $9)"
);

const OF_LOCATION: &str = concat!(
    "SELECT ",
    figure_columns!(),
    " FROM kpi_figure WHERE seller_id = $1 AND cut = 2 AND location_id = $2 AND metric = $3 AND grain = $4 \
     AND start_day BETWEEN $5 AND $6 AND ($7::text IS NULL OR app = $7)"
);

/// Figures added up by what was asked.
pub(super) async fn found(client: &Client, seller: SellerId, query: &FigureQuery) -> Result<FiguresFound, StoreError> {
    let mut found = FiguresFound::new();
    for scan in scans(query) {
        let FigureScan { metric, metric_code, grain, cut, from, to, location, app, province, city } = scan;
        let take = |row: &tokio_postgres::Row| gather(&mut found, query.by, metric, row);
        match location {
            Some(location) => {
                let key: &[&(dyn ToSql + Sync)] = &[&seller.0, &location, &metric_code, &grain, &from, &to, &app];
                each(client, OF_LOCATION, key, take).await?;
            }
            None => {
                let key: &[&(dyn ToSql + Sync)] =
                    &[&seller.0, &metric_code, &grain, &cut, &from, &to, &app, &province, &city];
                each(client, OF_CUT, key, take).await?;
            }
        }
    }
    Ok(found)
}

/// How many locations have a count in each period.
pub(super) async fn locations_counted(
    client: &Client,
    seller: SellerId,
    metric: Metric,
    span: Span,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let counted = "SELECT start_day, count(DISTINCT location_id) FROM kpi_figure WHERE seller_id = $1 AND metric = $2 \
                   AND grain = $3 AND cut = 2 AND start_day BETWEEN $4 AND $5 GROUP BY start_day ORDER BY start_day";
    let key: &[&(dyn ToSql + Sync)] = &[&seller.0, &metric_code(metric), &grain_code(span.grain), &span.from, &span.to];
    all(client, counted, key, |row| Ok((row.int(0)?, row.int(1)?))).await
}

/// Forgets figures of single days before a day; those of months stay.
pub(super) async fn forget(client: &Client, seller: SellerId, before: i64) -> Result<usize, StoreError> {
    let old = "DELETE FROM kpi_figure WHERE seller_id = $1 AND metric = ANY($2) AND grain = 0 AND start_day < $3";
    let metrics: Vec<i16> = Metric::ALL.iter().map(|metric| metric_code(*metric)).collect();
    let statement = client.prepare_cached(old).await.map_err(failure)?;
    let forgotten = client.execute(&statement, &[&seller.0, &metrics, &before]).await.map_err(commit_failure)?;
    Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
}
