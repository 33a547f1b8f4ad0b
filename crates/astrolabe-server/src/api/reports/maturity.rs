//! §5.2: how far a merchant's stores have come. Offers accepted of offers made, sub-orders that went to stores of all, and
//! stores that accepted of stores that were asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrolabe_core::kpi::{Grain, Metric, Span, spans};
use astrolabe_store::{FigureGroup, FigureQuery, FiguresBy, FiguresOf};
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{Asked, GroupBy, ReportQuery, date};
use super::labels::{Labels, RowOf, number};
use super::share;
use crate::api::caller::Caller;
use crate::api::export::{Cell, Table};
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

const METRICS: [Metric; 4] = [Metric::Offers, Metric::OffersAccepted, Metric::SubOrders, Metric::SubOrdersToStores];

/// The three rates, as shares of 1. One that the asked part does not have is null: sub-orders are no store's and no app's,
/// and stores are counted over everything only.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MaturityReport {
    from: String,
    to: String,
    rows: Vec<MaturityRow>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MaturityRow {
    #[serde(flatten)]
    of: RowOf,
    /// Allocations to stores, by the day of the offer.
    offers: i64,
    offers_accepted: i64,
    /// 订单接单率 (§5.2.1): accepted offers of all.
    order_acceptance_rate: Option<f64>,
    /// Omnichannel sub-orders that were decided on, by the day of payment.
    sub_orders: Option<i64>,
    sub_orders_to_stores: Option<i64>,
    /// 门店派单率 (§5.2.2): sub-orders that were ever allocated to a store, of all.
    store_allocation_rate: Option<f64>,
    stores_with_offers: Option<i64>,
    stores_with_acceptances: Option<i64>,
    /// 门店接单率 (§5.2.3): stores that accepted something, of those that were offered something.
    store_acceptance_rate: Option<f64>,
}

/// The three maturity rates.
#[utoipa::path(get, path = "/maturity", params(ReportQuery),
    responses((status = 200, body = MaturityReport), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
              (status = 403, body = ErrorBody)))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiFailure> {
    let asked = query.asked(&app, &caller)?;
    let found = asked.figures(&app, &caller, &METRICS).await?;
    let labels = Labels::of(&app, &caller, found.keys().map(|(group, _)| group)).await?;
    let stores = stores_counted(&app, &caller, &asked).await?;
    let has_sub_orders = matches!(asked.of, FiguresOf::Whole | FiguresOf::Regions { .. });
    let mut groups: Vec<&FigureGroup> = found.keys().map(|(group, _)| group).collect();
    groups.dedup();
    let rows = groups.into_iter().map(|group| {
        let count = |metric| found.get(&(group.clone(), metric)).map_or(0, |measure| measure.count);
        let (offers, accepted) = (count(Metric::Offers), count(Metric::OffersAccepted));
        let (all, to_stores) = (count(Metric::SubOrders), count(Metric::SubOrdersToStores));
        let counted = stores.get(group).copied();
        MaturityRow {
            of: labels.row(asked.by, group),
            offers,
            offers_accepted: accepted,
            order_acceptance_rate: share(accepted, offers),
            sub_orders: has_sub_orders.then_some(all),
            sub_orders_to_stores: has_sub_orders.then_some(to_stores),
            store_allocation_rate: share(to_stores, all).filter(|_| has_sub_orders),
            stores_with_offers: counted.map(|(offered, _)| offered),
            stores_with_acceptances: counted.map(|(_, accepting)| accepting),
            store_acceptance_rate: counted.and_then(|(offered, accepting)| share(accepting, offered)),
        }
    });
    let body = MaturityReport { from: date(asked.from), to: date(asked.to), rows: rows.collect() };
    Ok(match table(asked.by, &body).file(query.format)? {
        Some(file) => file,
        None => Json(body).into_response(),
    })
}

/// Stores that were offered something and stores that accepted something, where all stores are asked about.
async fn stores_counted(
    app: &App,
    caller: &Caller,
    asked: &Asked,
) -> Result<BTreeMap<FigureGroup, (i64, i64)>, ApiFailure> {
    let mut counted = BTreeMap::new();
    if asked.of != FiguresOf::Whole {
        return Ok(counted);
    }
    match asked.by {
        GroupBy::Day => {
            let span = Span { grain: Grain::Day, from: asked.from, to: asked.to };
            let stores = async |metric| {
                let found = app.store.locations_counted(caller.seller(), metric, span).await;
                found.map_err(|error| ApiFailure::storage(&error))
            };
            for (day, offered) in stores(Metric::Offers).await? {
                counted.insert(FigureGroup::Period(day), (offered, 0));
            }
            for (day, accepting) in stores(Metric::OffersAccepted).await? {
                counted.entry(FigureGroup::Period(day)).or_insert((0, 0)).1 = accepting;
            }
        }
        GroupBy::Month => {
            let mut from = asked.from;
            while from <= asked.to {
                let month = Grain::Month.start(from);
                let next = Grain::Month.start(month + 31);
                let stores = stores_of(app, caller, from, asked.to.min(next - 1)).await?;
                counted.insert(FigureGroup::Period(month), stores);
                from = next;
            }
        }
        GroupBy::Total => {
            counted.insert(FigureGroup::All, stores_of(app, caller, asked.from, asked.to).await?);
        }
        GroupBy::Store | GroupBy::App | GroupBy::Province | GroupBy::City => {}
    }
    Ok(counted)
}

async fn stores_of(app: &App, caller: &Caller, from: i64, to: i64) -> Result<(i64, i64), ApiFailure> {
    let query = FigureQuery {
        metrics: vec![Metric::Offers, Metric::OffersAccepted],
        spans: spans(from, to),
        of: FiguresOf::Places { location: None, app: None },
        by: FiguresBy::Location,
    };
    let found = app.store.figures(caller.seller(), &query).await.map_err(|error| ApiFailure::storage(&error))?;
    let stores = |metric| found.keys().filter(|(_, known)| *known == metric).count() as i64;
    Ok((stores(Metric::Offers), stores(Metric::OffersAccepted)))
}

fn table(by: GroupBy, body: &MaturityReport) -> Table {
    let mut titles = RowOf::titles(by);
    let rest = [
        "offers",
        "offers_accepted",
        "order_acceptance_rate",
        "sub_orders",
        "sub_orders_to_stores",
        "store_allocation_rate",
        "stores_with_offers",
        "stores_with_acceptances",
        "store_acceptance_rate",
    ];
    titles.extend(rest.map(str::to_owned));
    let whole = |value: Option<i64>| value.map_or(Cell::Empty, Cell::Whole);
    let rows = body.rows.iter().map(|row| {
        let mut cells = row.of.cells();
        cells.extend([
            Cell::Whole(row.offers),
            Cell::Whole(row.offers_accepted),
            number(row.order_acceptance_rate),
            whole(row.sub_orders),
            whole(row.sub_orders_to_stores),
            number(row.store_allocation_rate),
            whole(row.stores_with_offers),
            whole(row.stores_with_acceptances),
            number(row.store_acceptance_rate),
        ]);
        cells
    });
    Table { name: format!("maturity_{}_{}", body.from, body.to), titles, rows: rows.collect() }
}
