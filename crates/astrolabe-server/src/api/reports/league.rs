//! The stores beside each other: what they were offered, what they made of it, and how fast.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrolabe_core::kpi::{Measure, Metric};
use astrolabe_store::FigureGroup;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::asked::{GroupBy, ReportQuery, date};
use super::labels::{Labels, StoreOf, number, seconds};
use super::share;
use crate::api::caller::Caller;
use crate::api::export::{Cell, FileFormat, Table};
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Stores on one page; a file has them all.
const PAGE: usize = 100;
const PAGE_MAX: usize = 1_000;

const METRICS: [Metric; 8] = [
    Metric::Offers,
    Metric::OffersAccepted,
    Metric::OffersRefused,
    Metric::OffersUnanswered,
    Metric::OffersWithdrawn,
    Metric::OffersGivenBack,
    Metric::Acceptance,
    Metric::Shipping,
];

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LeagueQuery {
    /// First day, `YYYY-MM-DD`, Shanghai time. Seven days when neither is given.
    from: Option<String>,
    /// Last day, included; today when absent.
    to: Option<String>,
    /// What the first store has most of; `offers` when absent. Stores with nothing to compare come last.
    #[param(inline)]
    sort: LeagueSort,
    /// Stores in a JSON answer, 1 to 1000; 100 when absent.
    limit: Option<usize>,
    #[param(inline)]
    format: FileFormat,
}

/// The order of stores; each puts the one to look at first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LeagueSort {
    /// Most offers first.
    #[default]
    Offers,
    /// Lowest acceptance rate first.
    AcceptanceRate,
    /// Slowest average acceptance first.
    Acceptance,
    /// Slowest average shipping first.
    Shipping,
}

/// Stores that were offered something, accepted or shipped something in these days.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct League {
    from: String,
    to: String,
    /// How many there are; `rows` has the first of them.
    stores: usize,
    rows: Vec<LeagueRow>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeagueRow {
    store: StoreOf,
    /// By the day of the offer, as its outcomes are.
    offers: i64,
    accepted: i64,
    refused: i64,
    unanswered: i64,
    withdrawn: i64,
    /// Accepted first, and then not served after all.
    given_back: i64,
    acceptance_rate: Option<f64>,
    average_acceptance_ms: Option<i64>,
    p90_acceptance_ms: Option<i64>,
    /// Deliveries shipped, by the day of shipping.
    shipped: i64,
    average_shipping_ms: Option<i64>,
    p90_shipping_ms: Option<i64>,
}

/// The store league table.
#[utoipa::path(get, path = "/stores", params(LeagueQuery),
    responses((status = 200, body = League), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
              (status = 403, body = ErrorBody)))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<LeagueQuery>,
) -> Result<Response, ApiFailure> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiFailure::field("limit", format!("limit must be 1 to {PAGE_MAX}")));
    }
    let asked = ReportQuery::of_days(query.from, query.to, GroupBy::Store).asked(&app, &caller)?;
    let found = asked.figures(&app, &caller, &METRICS).await?;
    let groups: BTreeSet<&FigureGroup> = found.keys().map(|(group, _)| group).collect();
    let labels = Labels::of(&app, &caller, groups.iter().copied()).await?;
    let nothing = Measure::default();
    let mut rows: Vec<LeagueRow> = Vec::new();
    for group in groups {
        if let FigureGroup::Location(id) = group {
            let measure = |metric| found.get(&(group.clone(), metric)).unwrap_or(&nothing);
            rows.push(row(labels.store(*id), measure));
        }
    }
    rows.sort_by(|a, b| query.sort.key(b).total_cmp(&query.sort.key(a)).then(a.store.id.cmp(&b.store.id)));
    let mut body = League { from: date(asked.from), to: date(asked.to), stores: rows.len(), rows };
    if let Some(file) = table(&body).file(query.format)? {
        return Ok(file);
    }
    body.rows.truncate(limit);
    Ok(Json(body).into_response())
}

fn row<'f>(store: StoreOf, measure: impl Fn(Metric) -> &'f Measure) -> LeagueRow {
    let count = |metric| measure(metric).count;
    let (acceptance, shipping) = (measure(Metric::Acceptance), measure(Metric::Shipping));
    LeagueRow {
        store,
        offers: count(Metric::Offers),
        accepted: count(Metric::OffersAccepted),
        refused: count(Metric::OffersRefused),
        unanswered: count(Metric::OffersUnanswered),
        withdrawn: count(Metric::OffersWithdrawn),
        given_back: count(Metric::OffersGivenBack),
        acceptance_rate: share(count(Metric::OffersAccepted), count(Metric::Offers)),
        average_acceptance_ms: acceptance.average_ms(),
        p90_acceptance_ms: acceptance.percentile_ms(90),
        shipped: shipping.count,
        average_shipping_ms: shipping.average_ms(),
        p90_shipping_ms: shipping.percentile_ms(90),
    }
}

impl LeagueSort {
    /// Higher comes first.
    fn key(self, row: &LeagueRow) -> f64 {
        let last = f64::NEG_INFINITY;
        match self {
            LeagueSort::Offers => row.offers as f64,
            LeagueSort::AcceptanceRate => row.acceptance_rate.map_or(last, |rate| -rate),
            LeagueSort::Acceptance => row.average_acceptance_ms.map_or(last, |ms| ms as f64),
            LeagueSort::Shipping => row.average_shipping_ms.map_or(last, |ms| ms as f64),
        }
    }
}

fn table(body: &League) -> Table {
    let titles = [
        "store_id",
        "store_code",
        "store_name",
        "offers",
        "accepted",
        "refused",
        "unanswered",
        "withdrawn",
        "given_back",
        "acceptance_rate",
        "average_acceptance_s",
        "p90_acceptance_s",
        "shipped",
        "average_shipping_s",
        "p90_shipping_s",
    ];
    let rows = body.rows.iter().map(|row| {
        let counts = [row.offers, row.accepted, row.refused, row.unanswered, row.withdrawn, row.given_back];
        let mut cells: Vec<Cell> = row.store.cells().into_iter().chain(counts.map(Cell::Whole)).collect();
        cells.extend([
            number(row.acceptance_rate),
            seconds(row.average_acceptance_ms),
            seconds(row.p90_acceptance_ms),
            Cell::Whole(row.shipped),
            seconds(row.average_shipping_ms),
            seconds(row.p90_shipping_ms),
        ]);
        cells
    });
    let name = format!("stores_{}_{}", body.from, body.to);
    Table { name, titles: titles.map(str::to_owned).to_vec(), rows: rows.collect() }
}
