//! The exceptions queue: what people have to settle, with its cause, age, owner and what may help. A clerk sees his store's;
//! what helps an order is `acts`'.

mod acts;

use std::sync::Arc;

use astrolabe_core::exception::{Exception, ExceptionKind, ExceptionState, FixAction};
use astrolabe_core::ids::{ExceptionId, LocationId, SellerId};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::EpochMs;
use astrolabe_protocol::time::format_datetime;
use astrolabe_store::{ExceptionPlace, ExceptionQuery};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::export::{Cell, FileFormat, Table};
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Exceptions on one page.
const PAGE: usize = 50;
const PAGE_MAX: usize = 200;
/// Rows of a file that is taken away.
const FILE_ROWS_MAX: usize = 10_000;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(exceptions))
        .routes(routes!(exception))
        .routes(routes!(acts::take))
        .routes(routes!(acts::note))
        .routes(routes!(acts::close))
        .routes(routes!(acts::act))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// `open` (nobody has it), `taken` or `closed`; open and taken ones when absent.
    state: Option<String>,
    /// One kind, such as `unfillable` or `ship_late`.
    kind: Option<String>,
    /// Who took it.
    owner: Option<String>,
    location_id: Option<i64>,
    /// Opened at least so many minutes ago.
    older_than_minutes: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `csv` or `xlsx`: a file of up to 10,000 rows instead of a page.
    #[param(inline)]
    #[serde(default)]
    format: FileFormat,
}

/// Those that are not closed oldest first, closed ones newest first.
#[derive(Debug, Serialize, ToSchema)]
struct ExceptionList {
    exceptions: Vec<ExceptionBody>,
    /// Gives the next page as `after`; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExceptionBody {
    id: String,
    kind: &'static str,
    /// What it is about, in words.
    about: String,
    tid: Option<i64>,
    oid: Option<i64>,
    location_id: Option<i64>,
    /// The cause, as of the last time it came up.
    detail: String,
    state: &'static str,
    owner: Option<String>,
    /// Epoch milliseconds, as all times here.
    opened_at: i64,
    last_at: i64,
    /// How often it came up while it was open.
    times: i64,
    notes: Vec<NoteBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<ClosingBody>,
    /// What may be done about it with `POST …/actions`.
    actions: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NoteBody {
    at: i64,
    who: String,
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ClosingBody {
    at: i64,
    /// Absent where the cause was gone.
    by: Option<String>,
    how: String,
}

impl From<Exception> for ExceptionBody {
    fn from(found: Exception) -> Self {
        let actions = match found.state {
            ExceptionState::Open | ExceptionState::Taken => found.kind.actions(),
            ExceptionState::Closed => &[],
        };
        let notes = found.notes.into_iter().map(|note| NoteBody { at: note.at.0, who: note.who, text: note.text });
        Self {
            id: found.id.to_string(),
            kind: found.kind.name(),
            about: found.subject.to_string(),
            tid: found.subject.tid().map(|tid| tid.0),
            oid: found.subject.oid().map(|oid| oid.0),
            location_id: found.location.map(|location| location.0),
            detail: found.detail,
            state: found.state.name(),
            owner: found.owner,
            opened_at: found.opened_at.0,
            last_at: found.last_at.0,
            times: found.times,
            notes: notes.collect(),
            closed: found.closing.map(|closing| ClosingBody { at: closing.at.0, by: closing.by, how: closing.how }),
            actions: actions.iter().copied().map(FixAction::name).collect(),
        }
    }
}

/// The queue.
#[utoipa::path(get, path = "", params(ListQuery),
    responses((status = 200, body = ExceptionList), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn exceptions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiFailure> {
    let asked = asked(&caller, &query, app.clock.now())?;
    let found = app.store.exceptions(caller.seller(), &asked).await.map_err(|error| ApiFailure::storage(&error))?;
    if query.format != FileFormat::Json
        && let Some(file) = table(found.clone(), app.clock.now()).file(query.format)?
    {
        return Ok(file);
    }
    let next = found.last().filter(|_| found.len() == asked.limit).map(write_place);
    let exceptions = found.into_iter().map(ExceptionBody::from).collect();
    Ok(Json(ExceptionList { exceptions, next }).into_response())
}

fn asked(caller: &Caller, query: &ListQuery, now: Timestamp) -> Result<ExceptionQuery, ApiFailure> {
    let limit = match query.format {
        FileFormat::Json => query.limit.unwrap_or(PAGE),
        FileFormat::Csv | FileFormat::Xlsx => FILE_ROWS_MAX,
    };
    if query.format == FileFormat::Json && !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiFailure::field("limit", format!("limit must be 1 to {PAGE_MAX}")));
    }
    let location = query.location_id.map(LocationId);
    if let Some(location) = location {
        caller.must_act_for(location)?;
    }
    let word = |field: &'static str| move |_| ApiFailure::field(field, format!("{field} is not a known word"));
    let age = query.older_than_minutes;
    if age.is_some_and(|minutes| !(0..=5_256_000).contains(&minutes)) {
        return Err(ApiFailure::field("older_than_minutes", "older_than_minutes must be 0 to 5256000"));
    }
    Ok(ExceptionQuery {
        state: query.state.as_deref().map(str::parse::<ExceptionState>).transpose().map_err(word("state"))?,
        kind: query.kind.as_deref().map(str::parse::<ExceptionKind>).transpose().map_err(word("kind"))?,
        owner: query.owner.clone(),
        // A clerk's own store, whatever he asks.
        location: location.or(caller.store()),
        opened_before: age.map(|minutes| now + Millis(1 - Millis::minutes(minutes).0)),
        after: query.after.as_deref().map(read_place).transpose()?,
        limit,
    })
}

fn write_place(last: &Exception) -> String {
    format!("{}-{}", last.opened_at.0, last.id)
}

fn read_place(text: &str) -> Result<ExceptionPlace, ApiFailure> {
    let place = text.split_once('-').and_then(|(opened_at, id)| {
        Some(ExceptionPlace { opened_at: Timestamp(opened_at.parse().ok()?), id: ExceptionId(id.parse().ok()?) })
    });
    place.ok_or_else(|| ApiFailure::field("after", format!("{text:?} is not the next of a page")))
}

fn table(found: Vec<Exception>, now: Timestamp) -> Table {
    let titles = [
        "id", "kind", "about", "trade", "location", "state", "owner", "opened", "hours", "times", "detail", "closed",
        "how",
    ];
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
    let row = |found: Exception| {
        // How long it has stood, or stood.
        let until = found.closing.as_ref().map_or(now, |closing| closing.at);
        let hours = ((until - found.opened_at).0 / 360_000) as f64 / 10.0;
        let (closed, how) = found.closing.map_or((None, None), |it| (Some(shown(it.at)), Some(it.how)));
        vec![
            Cell::Whole(found.id.0),
            Cell::Text(found.kind.name().to_owned()),
            Cell::Text(found.subject.to_string()),
            found.subject.tid().map_or(Cell::Empty, |tid| Cell::Whole(tid.0)),
            found.location.map_or(Cell::Empty, |location| Cell::Whole(location.0)),
            Cell::Text(found.state.name().to_owned()),
            text(found.owner),
            Cell::Text(shown(found.opened_at)),
            Cell::Number(hours),
            Cell::Whole(found.times),
            Cell::Text(found.detail),
            text(closed),
            text(how),
        ]
    };
    Table {
        name: "exceptions".to_owned(),
        titles: titles.map(str::to_owned).to_vec(),
        rows: found.into_iter().map(row).collect(),
    }
}

fn shown(at: Timestamp) -> String {
    format_datetime(EpochMs(at.0))
}

/// One exception.
#[utoipa::path(get, path = "/{id}", params(("id" = i64, Path, description = "the exception's id")),
    responses((status = 200, body = ExceptionBody), (status = 404, body = ErrorBody)))]
async fn exception(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<ExceptionBody>, ApiFailure> {
    let found = find(&app, &caller, ExceptionId(id)).await?;
    Ok(Json(found.into()))
}

/// An exception that the caller may see.
async fn find(app: &App, caller: &Caller, id: ExceptionId) -> Result<Exception, ApiFailure> {
    let found = read(app, caller.seller(), id).await?;
    match (caller.store(), found.location) {
        (None, _) => Ok(found),
        (Some(own), Some(location)) if own == location => Ok(found),
        (Some(_), _) => Err(unknown(id)),
    }
}

async fn read(app: &App, seller: SellerId, id: ExceptionId) -> Result<Exception, ApiFailure> {
    let found = app.store.exception(seller, id).await.map_err(|error| ApiFailure::storage(&error))?;
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: ExceptionId) -> ApiFailure {
    ApiFailure::not_found(format!("exception {id} does not exist"))
}
