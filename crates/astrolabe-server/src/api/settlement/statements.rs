//! Statements: what parties got in a month, and the lines of one party, as JSON by pages, as CSV or as a workbook.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use astrolabe_core::ids::LocationId;
use astrolabe_core::settlement::{Account, Period};
use astrolabe_store::{SettlementBalance, StatementLine, StatementPlace, StatementQuery};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::export::{Cell, FileFormat, Table};
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Lines of a page, and of a file; a longer one goes on with what the header names.
const PAGE: usize = 100;
const PAGE_MAX: usize = 1_000;
const FILE_MAX: usize = 20_000;
/// Names where a file that was cut goes on, to be given as `after`.
const NEXT_HEADER: &str = "astrolabe-next";

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(parties)).routes(routes!(lines))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// `next` of the page before, or the header `astrolabe-next` of a file that did not hold all.
    after: Option<String>,
    /// 1 to 1,000; 100 when absent. A file has 20,000 lines when absent, and no more.
    limit: Option<usize>,
    /// `json`, `csv` or `xlsx`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    format: FileFormat,
}

/// A month's parties, by account.
#[derive(Debug, Serialize, ToSchema)]
struct PartyList {
    /// `2026-11`: a month of the Shanghai calendar.
    period: String,
    parties: Vec<PartyBody>,
    /// Gives the next page as `after`; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PartyBody {
    /// `clearing`, `store:<id>`, `company`, `platform`, `guide` or `named:<name>`.
    account: String,
    /// A location's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    settled_fen: i64,
    /// What refunds took, below zero for a party.
    refunded_fen: i64,
    balance_fen: i64,
    postings: i64,
}

/// A party's lines of a month, in the order they were posted.
#[derive(Debug, Serialize, ToSchema)]
struct LineList {
    period: String,
    account: String,
    lines: Vec<LineBody>,
    /// Gives the next page as `after`; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LineBody {
    tid: i64,
    oid: i64,
    code: i64,
    location_id: i64,
    /// `settled`, `refunded` or `restored`.
    cause: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<i64>,
    version: i64,
    units: i64,
    /// What all parties got of the posting together.
    shared_fen: i64,
    /// What this party got.
    amount_fen: i64,
    happened_at: i64,
    booked_at: i64,
}

/// What every party got in a month.
#[utoipa::path(get, path = "/statements/{period}", params(("period" = String, Path, description = "2026-11"), PageQuery),
    responses((status = 200, body = PartyList), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn parties(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(period): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Response, ApiFailure> {
    caller.must_be_merchant()?;
    let period = read_period(&period)?;
    let limit = limit_of(&query)?;
    let after = query.after.as_deref().map(|text| account("after", text)).transpose()?;
    let found = app.store.settlement_balances(caller.seller(), period, after.as_ref(), limit).await;
    let found = found.map_err(|error| ApiFailure::storage(&error))?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.account.to_string());
    let names = names(&app, &caller, &found).await?;
    let parties: Vec<PartyBody> = found.into_iter().map(|balance| party(balance, &names)).collect();
    match party_table(period, &parties).file(query.format)? {
        Some(file) => Ok(going_on(file, next)),
        None => Ok(Json(PartyList { period: period.to_string(), parties, next }).into_response()),
    }
}

/// One party's lines of a month.
#[utoipa::path(get, path = "/statements/{period}/{account}",
    params(("period" = String, Path, description = "2026-11"), ("account" = String, Path, description = "store:17"), PageQuery),
    responses((status = 200, body = LineList), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn lines(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((period, party)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Result<Response, ApiFailure> {
    caller.must_be_merchant()?;
    let (period, account) = (read_period(&period)?, account("account", &party)?);
    let limit = limit_of(&query)?;
    let after = query.after.as_deref().map(read_place).transpose()?.unwrap_or_default();
    let wanted = StatementQuery { account, period, after, limit };
    let found = app.store.settlement_statement(caller.seller(), &wanted).await;
    let found = found.map_err(|error| ApiFailure::storage(&error))?;
    let next = found.last().filter(|_| found.len() == limit);
    let next = next.map(|last| format!("{}-{}", last.place.revision, last.place.k));
    let lines: Vec<LineBody> = found.into_iter().map(line).collect();
    match line_table(period, &wanted.account, &lines).file(query.format)? {
        Some(file) => Ok(going_on(file, next)),
        None => {
            let account = wanted.account.to_string();
            Ok(Json(LineList { period: period.to_string(), account, lines, next }).into_response())
        }
    }
}

fn read_period(text: &str) -> Result<Period, ApiFailure> {
    Period::parse(text).ok_or_else(|| ApiFailure::field("period", format!("{text:?} is no month such as 2026-11")))
}

fn account(field: &str, text: &str) -> Result<Account, ApiFailure> {
    Account::parse(text).ok_or_else(|| ApiFailure::field(field, format!("{text:?} names no account")))
}

fn read_place(text: &str) -> Result<StatementPlace, ApiFailure> {
    let place = text
        .split_once('-')
        .and_then(|(revision, k)| Some(StatementPlace { revision: revision.parse().ok()?, k: k.parse().ok()? }));
    place.ok_or_else(|| ApiFailure::field("after", format!("{text:?} is not the next of a page")))
}

fn limit_of(query: &PageQuery) -> Result<usize, ApiFailure> {
    let (usual, most) = match query.format {
        FileFormat::Json => (PAGE, PAGE_MAX),
        FileFormat::Csv | FileFormat::Xlsx => (FILE_MAX, FILE_MAX),
    };
    let limit = query.limit.unwrap_or(usual);
    let allowed = (1..=most).contains(&limit);
    allowed.then_some(limit).ok_or_else(|| ApiFailure::field("limit", format!("limit must be 1 to {most}")))
}

fn going_on(mut file: Response, next: Option<String>) -> Response {
    // An account may be named in Chinese: a header has ASCII only, so it is written as in an address.
    let coded = next.map(|next| percent_coded(&next));
    if let Some(value) = coded.and_then(|next| HeaderValue::from_str(&next).ok()) {
        file.headers_mut().insert(NEXT_HEADER, value);
    }
    file
}

fn percent_coded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Names of the locations among the accounts.
async fn names(
    app: &App,
    caller: &Caller,
    balances: &[SettlementBalance],
) -> Result<BTreeMap<LocationId, String>, ApiFailure> {
    let location = |balance: &SettlementBalance| match balance.account {
        Account::Store(location) => Some(location),
        Account::Clearing | Account::Company | Account::Platform | Account::Guide | Account::Named(_) => None,
    };
    let ids: BTreeSet<LocationId> = balances.iter().filter_map(location).collect();
    let found = app.store.locations_named(caller.seller(), &ids).await;
    let found = found.map_err(|error| ApiFailure::storage(&error))?;
    Ok(found.into_iter().map(|location| (location.id, location.name)).collect())
}

fn party(balance: SettlementBalance, names: &BTreeMap<LocationId, String>) -> PartyBody {
    let name = match &balance.account {
        Account::Store(location) => names.get(location).cloned(),
        Account::Clearing | Account::Company | Account::Platform | Account::Guide | Account::Named(_) => None,
    };
    PartyBody {
        account: balance.account.to_string(),
        name,
        settled_fen: balance.settled.0,
        refunded_fen: balance.refunded.0,
        balance_fen: balance.settled.0 + balance.refunded.0,
        postings: balance.postings,
    }
}

fn line(line: StatementLine) -> LineBody {
    let posting = line.posting;
    LineBody {
        tid: posting.tid.0,
        oid: posting.oid.0,
        code: posting.code.0,
        location_id: posting.location.0,
        cause: posting.cause.name(),
        refund_id: Some(posting.cause.request()).filter(|refund| *refund != 0),
        version: posting.version.0,
        units: posting.units,
        shared_fen: posting.amount.0,
        amount_fen: line.amount.0,
        happened_at: posting.happened.0,
        booked_at: posting.booked.0,
    }
}

fn titles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn party_table(period: Period, parties: &[PartyBody]) -> Table {
    let row = |party: &PartyBody| {
        vec![
            Cell::Text(period.to_string()),
            Cell::Text(party.account.clone()),
            party.name.clone().map_or(Cell::Empty, Cell::Text),
            Cell::Fen(party.settled_fen),
            Cell::Fen(party.refunded_fen),
            Cell::Fen(party.balance_fen),
            Cell::Whole(party.postings),
        ]
    };
    Table {
        name: format!("settlement-{period}"),
        titles: titles(&["period", "account", "name", "settled", "refunded", "balance", "postings"]),
        rows: parties.iter().map(row).collect(),
    }
}

fn line_table(period: Period, account: &Account, lines: &[LineBody]) -> Table {
    let row = |line: &LineBody| {
        vec![
            Cell::Text(shanghai_time(line.booked_at)),
            Cell::Text(account.to_string()),
            Cell::Whole(line.tid),
            Cell::Whole(line.oid),
            Cell::Whole(line.code),
            Cell::Whole(line.location_id),
            Cell::Text(line.cause.to_owned()),
            line.refund_id.map_or(Cell::Empty, Cell::Whole),
            Cell::Whole(line.version),
            Cell::Whole(line.units),
            Cell::Fen(line.shared_fen),
            Cell::Fen(line.amount_fen),
            share(line),
            Cell::Text(shanghai_time(line.happened_at)),
        ]
    };
    // A file's name is ASCII in a header: parties with names of their own share one.
    let party = match account {
        Account::Named(_) => "named".to_owned(),
        Account::Clearing | Account::Store(_) | Account::Company | Account::Platform | Account::Guide => {
            account.to_string().replace(':', "-")
        }
    };
    Table {
        name: format!("settlement-{period}-{party}"),
        titles: titles(&[
            "booked",
            "account",
            "tid",
            "oid",
            "code",
            "location_id",
            "cause",
            "refund_id",
            "version",
            "units",
            "shared",
            "amount",
            "share",
            "happened",
        ]),
        rows: lines.iter().map(row).collect(),
    }
}

/// What of the posting is this party's, as a number to compute with.
fn share(line: &LineBody) -> Cell {
    match line.shared_fen {
        0 => Cell::Empty,
        shared => Cell::Number(line.amount_fen as f64 / shared as f64),
    }
}

fn shanghai_time(at: i64) -> String {
    astrolabe_protocol::time::format_datetime(astrolabe_protocol::EpochMs(at))
}
