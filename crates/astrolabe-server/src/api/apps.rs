//! Where an app is called: its addresses for real orders and for tests, and a test call to see what a connector makes of it.
//!
//! An address belongs to the app, not to one seller: a merchant changes it only while the app serves nobody else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use astrolabe_core::ids::{AppKey, SellerId, Tid};
use astrolabe_store::{AppRow, BodyKind, Environment, Role, SpiAddresses};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::api::outward::ExchangeBody;
use crate::app::{App, AppEntry};
use crate::outward::{AddressFault, Trial, TrialError, TrialReport, check_addresses, shown_addresses, unmask};

/// Fields a test call may give.
const FIELDS_MAX: usize = 64;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(addresses, put_addresses)).routes(routes!(try_call))
}

/// The apps that the seller has granted something.
#[derive(Debug, Serialize, ToSchema)]
struct AppList {
    apps: Vec<AppItem>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AppItem {
    key: String,
    name: String,
    /// `erp`, `pos`, `allocator`, `wms`: what it is to the seller.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    /// Epoch milliseconds of the first call in vain since the app last answered; null while it answers.
    unreachable_since: Option<i64>,
}

/// The seller's apps, and which of them do not answer.
#[utoipa::path(get, path = "", responses((status = 200, body = AppList), (status = 401, body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<AppList>, ApiFailure> {
    caller.must_be_merchant()?;
    let directory = app.directory.get();
    let item = |entry: &AppEntry| AppItem {
        key: entry.row.key.to_string(),
        name: entry.row.name.clone(),
        roles: entry.roles.get(&caller.seller()).cloned().unwrap_or_default(),
        unreachable_since: app.unreachable.since(&entry.row.key).map(|since| since.0),
    };
    Ok(Json(AppList { apps: directory.apps_of(caller.seller()).into_iter().map(item).collect() }))
}

/// What the description shows of `SpiAddresses`.
#[derive(Debug, Serialize, ToSchema)]
struct AddressesBody {
    /// For real orders: an address as text, or `{url, body: form | json, within_ms, headers}`; headers are sent and signed.
    #[schema(value_type = Option<Object>)]
    online: Option<()>,
    /// For tests, likewise.
    #[schema(value_type = Option<Object>)]
    test: Option<()>,
    /// Whether real calls go to the test addresses.
    use_test: bool,
    /// By an SPI's name: `{online, test}` in the place of the app's own.
    #[schema(value_type = Object)]
    methods: (),
}

/// Where the app is called. Values that are secret by their names are masked.
#[utoipa::path(get, path = "/{key}/spi", params(("key" = String, Path, description = "app key")),
    responses((status = 200, body = AddressesBody), (status = 404, body = ErrorBody)))]
async fn addresses(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<SpiAddresses>, ApiFailure> {
    let directory = app.directory.get();
    Ok(Json(shown_addresses(&seen(&caller, directory.app(&AppKey(key.clone())), &key)?.row.spi)))
}

/// Registers the app's addresses, all at once. A masked value that was read stays what it is.
#[utoipa::path(put, path = "/{key}/spi", params(("key" = String, Path, description = "app key")),
    request_body = AddressesBody,
    responses((status = 200, body = AddressesBody), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn put_addresses(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
    Json(body): Json<serde_json::Value>,
) -> Result<Json<SpiAddresses>, ApiFailure> {
    let wanted: SpiAddresses =
        serde_json::from_value(body).map_err(|error| ApiFailure::field("spi", error.to_string()))?;
    // Not from the cache: what is replaced must be what is there.
    app.directory.refresh(app.store.as_ref()).await.map_err(|error| ApiFailure::storage(&error))?;
    let directory = app.directory.get();
    let entry = seen(&caller, directory.app(&AppKey(key.clone())), &key)?;
    let serves_others = entry.roles.keys().any(|seller| *seller != caller.seller());
    if serves_others && !caller.is_operator() {
        return Err(ApiFailure::forbidden("the app serves other sellers too: an operator changes its addresses"));
    }
    let wrong = |fault: AddressFault| ApiFailure::field(format!("spi.{}", fault.field), fault.problem);
    let checked = check_addresses(wanted).map_err(wrong)?;
    let to = AppRow { spi: unmask(checked, &entry.row.spi).map_err(wrong)?, ..entry.row.clone() };
    let replaced = app.store.replace_app(&entry.row, &to).await.map_err(|error| ApiFailure::storage(&error))?;
    if !replaced {
        let message = "the app was changed at the same time: read it and repeat the call";
        return Err(ApiFailure::new(StatusCode::CONFLICT, "isv.app-changed", message));
    }
    app.directory.refresh(app.store.as_ref()).await.map_err(|error| ApiFailure::storage(&error))?;
    Ok(Json(shown_addresses(&to.spi)))
}

/// An app that the caller may look at: one that serves his seller, or any for an operator.
pub(super) fn seen<'a>(caller: &Caller, entry: Option<&'a AppEntry>, key: &str) -> Result<&'a AppEntry, ApiFailure> {
    caller.must_be_merchant()?;
    entry
        .filter(|entry| caller.is_operator() || entry.roles.contains_key(&caller.seller()))
        .ok_or_else(|| not_registered(key, caller.seller()))
}

fn not_registered(key: &str, seller: SellerId) -> ApiFailure {
    ApiFailure::not_found(format!("app {key} is not registered for seller {seller}"))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TrialBody {
    /// An SPI's name.
    method: String,
    /// `online` or `test`; absent: where real calls go.
    #[schema(value_type = Option<String>)]
    environment: Option<Environment>,
    /// `form` or `json`; absent: as registered.
    #[schema(value_type = Option<String>)]
    body: Option<BodyKind>,
    /// A trade id to speak of; the order itself is not touched.
    tid: Option<i64>,
    /// Fields in the place of sample values; lists and structs as JSON.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: BTreeMap<String, serde_json::Value>,
}

/// What a test call brought.
#[derive(Debug, Serialize, ToSchema)]
struct TrialAnswer {
    method: &'static str,
    environment: &'static str,
    #[serde(flatten)]
    exchange: ExchangeBody,
    took_ms: i64,
    /// `delivered`, `fault`, `refused` or `unreachable`.
    outcome: &'static str,
    /// As the reply says, where it could be read.
    code: Option<String>,
    message: String,
    /// The reply's own fields under their published names.
    #[schema(value_type = Object)]
    fields: serde_json::Value,
    /// Where the connector's author looks first; empty where all is well.
    advice: Vec<String>,
}

/// Really signs and sends one SPI for the caller's seller, and shows both sides. No order is touched.
#[utoipa::path(post, path = "/{key}/spi/test", params(("key" = String, Path, description = "app key")),
    request_body = TrialBody,
    responses((status = 200, body = TrialAnswer), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn try_call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
    Json(body): Json<TrialBody>,
) -> Result<Json<TrialAnswer>, ApiFailure> {
    caller.must_be_merchant()?;
    if body.fields.len() > FIELDS_MAX {
        return Err(ApiFailure::field("fields", format!("fields must be at most {FIELDS_MAX}")));
    }
    let trial = Trial {
        app: AppKey(key),
        seller: caller.seller(),
        method: body.method,
        environment: body.environment,
        body: body.body,
        tid: body.tid.map(Tid),
        fields: body.fields.into_iter().map(|(name, value)| (name, as_text(value))).collect(),
    };
    trial.run(&app).await.map(|report| Json(answer(report))).map_err(not_sent)
}

/// As a person would type it: texts as they are, everything else as JSON.
fn as_text(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        other @ (serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_)) => other.to_string(),
    }
}

fn answer(report: TrialReport) -> TrialAnswer {
    TrialAnswer {
        method: report.method,
        environment: report.environment.name(),
        exchange: report.exchange.into(),
        took_ms: report.took.0,
        outcome: report.outcome.name(),
        code: report.code,
        message: report.message,
        fields: serde_json::from_str(&report.fields).unwrap_or_default(),
        advice: report.advice,
    }
}

fn not_sent(error: TrialError) -> ApiFailure {
    match error {
        TrialError::NotGranted(key, seller) => not_registered(&key.0, seller),
        TrialError::UnknownMethod(..) => ApiFailure::field("method", error.to_string()),
        TrialError::NoAddress { .. } => ApiFailure::field("environment", error.to_string()),
        TrialError::Field(problem) => ApiFailure::field("fields", problem),
        TrialError::Store(error) => ApiFailure::storage(&error),
    }
}
