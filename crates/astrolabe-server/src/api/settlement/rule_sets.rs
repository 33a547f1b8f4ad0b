//! Rule sets: written as drafts by the merchant's people, checked, activated and retired by the merchant himself.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrolabe_core::ids::LocationId;
use astrolabe_core::settlement::{RuleFault, RuleSet, RuleSetVersion};
use astrolabe_store::{RuleSetChange, RuleSetChanged, RuleSetDeed, RuleSetRow};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;

/// Rule sets on one page.
const PAGE: usize = 20;
const PAGE_MAX: usize = 100;
/// Characters of a reason.
const WHY_MAX: usize = 500;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, draft))
        .routes(routes!(one, rewrite, throw_away))
        .routes(routes!(validate))
        .routes(routes!(activate))
        .routes(routes!(retire))
}

/// A rule set as written: `name`, `trigger` (`on`: `shipped` or `signed`, `after_days`), `remainder` and `rules`, each with
/// `categories`, `locations` and `parts` of a `party` with `share_bp` or `fixed_fen`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DraftBody {
    #[schema(value_type = Object)]
    rules: serde_json::Value,
    /// Why it is made or changed.
    #[serde(default)]
    why: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WhyBody {
    /// Kept with the deed.
    why: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct RuleSetBody {
    version: i64,
    /// `draft`, `active` or `retired`.
    state: &'static str,
    #[schema(value_type = Object)]
    rules: RuleSet,
    made: DeedBody,
    activated: Option<DeedBody>,
    retired: Option<DeedBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DeedBody {
    who: String,
    /// Epoch milliseconds.
    at: i64,
    why: String,
}

/// Rule sets, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct RuleSetList {
    rule_sets: Vec<RuleSetBody>,
    /// Gives the next page as `before`; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FaultList {
    /// Empty when the set can be used.
    faults: Vec<FaultBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FaultBody {
    field: String,
    problem: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// `next` of the page before.
    before: Option<i64>,
    /// 1 to 100; 20 when absent.
    limit: Option<usize>,
}

/// The merchant's rule sets.
#[utoipa::path(get, path = "/rule-sets", params(ListQuery),
    responses((status = 200, body = RuleSetList), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<RuleSetList>, ApiFailure> {
    caller.must_be_merchant()?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiFailure::field("limit", format!("limit must be 1 to {PAGE_MAX}")));
    }
    let found = app.store.rule_sets(caller.seller(), query.before.map(RuleSetVersion), limit).await;
    let found = found.map_err(|error| ApiFailure::storage(&error))?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.version.0);
    Ok(Json(RuleSetList { rule_sets: found.into_iter().map(body).collect(), next }))
}

/// Keeps a new draft under the merchant's next version.
#[utoipa::path(post, path = "/rule-sets", request_body = DraftBody,
    responses((status = 201, body = RuleSetBody), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(written): Json<DraftBody>,
) -> Result<(StatusCode, Json<RuleSetBody>), ApiFailure> {
    caller.must_be_merchant()?;
    let rules = usable(&app, &caller, written.rules).await?;
    let by = deed(&app, &caller, written.why)?;
    let version = app.store.draft_rule_set(caller.seller(), &rules, &by).await;
    let version = version.map_err(|error| ApiFailure::storage(&error))?;
    Ok((StatusCode::CREATED, Json(body(rule_set(&app, &caller, version.0).await?))))
}

/// One rule set.
#[utoipa::path(get, path = "/rule-sets/{version}", params(("version" = i64, Path, description = "the set's version")),
    responses((status = 200, body = RuleSetBody), (status = 404, body = ErrorBody)))]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(version): Path<i64>,
) -> Result<Json<RuleSetBody>, ApiFailure> {
    caller.must_be_merchant()?;
    rule_set(&app, &caller, version).await.map(|row| Json(body(row)))
}

/// Writes a draft anew.
#[utoipa::path(put, path = "/rule-sets/{version}", params(("version" = i64, Path, description = "the set's version")),
    request_body = DraftBody,
    responses((status = 200, body = RuleSetBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn rewrite(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(version): Path<i64>,
    Json(written): Json<DraftBody>,
) -> Result<Json<RuleSetBody>, ApiFailure> {
    caller.must_be_merchant()?;
    let rules = usable(&app, &caller, written.rules).await?;
    change(&app, &caller, version, RuleSetChange::Rewrite(rules), written.why).await?;
    rule_set(&app, &caller, version).await.map(|row| Json(body(row)))
}

/// Throws a draft away.
#[utoipa::path(delete, path = "/rule-sets/{version}", params(("version" = i64, Path, description = "the set's version")),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn throw_away(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(version): Path<i64>,
) -> Result<StatusCode, ApiFailure> {
    caller.must_be_merchant()?;
    change(&app, &caller, version, RuleSetChange::Drop, String::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says everything that is wrong with a rule set, and keeps nothing.
#[utoipa::path(post, path = "/rule-sets/validate", request_body = DraftBody,
    responses((status = 200, body = FaultList), (status = 400, body = ErrorBody)))]
async fn validate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(written): Json<DraftBody>,
) -> Result<Json<FaultList>, ApiFailure> {
    caller.must_be_merchant()?;
    let found = faults(&app, &caller, &read(written.rules)?).await?;
    let shown = |fault: RuleFault| FaultBody { field: format!("rules.{}", fault.field), problem: fault.problem };
    Ok(Json(FaultList { faults: found.into_iter().map(shown).collect() }))
}

/// Makes a draft the active set; the one that was retires. The merchant's own people only.
#[utoipa::path(post, path = "/rule-sets/{version}/activate",
    params(("version" = i64, Path, description = "the set's version")), request_body = WhyBody,
    responses((status = 200, body = RuleSetBody), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn activate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(version): Path<i64>,
    Json(given): Json<WhyBody>,
) -> Result<Json<RuleSetBody>, ApiFailure> {
    caller.must_own_the_money()?;
    let row = rule_set(&app, &caller, version).await?;
    if let Some(fault) = faults(&app, &caller, &row.rules).await?.into_iter().next() {
        return Err(wrong(fault));
    }
    change(&app, &caller, version, RuleSetChange::Activate, given.why).await?;
    rule_set(&app, &caller, version).await.map(|row| Json(body(row)))
}

/// Ends the active set with nothing in its place: what happens from now on is not settled. The merchant's own people only.
#[utoipa::path(post, path = "/rule-sets/{version}/retire",
    params(("version" = i64, Path, description = "the set's version")), request_body = WhyBody,
    responses((status = 200, body = RuleSetBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn retire(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(version): Path<i64>,
    Json(given): Json<WhyBody>,
) -> Result<Json<RuleSetBody>, ApiFailure> {
    caller.must_own_the_money()?;
    change(&app, &caller, version, RuleSetChange::Retire, given.why).await?;
    rule_set(&app, &caller, version).await.map(|row| Json(body(row)))
}

/// A rule set of the caller's merchant.
pub(super) async fn rule_set(app: &App, caller: &Caller, version: i64) -> Result<RuleSetRow, ApiFailure> {
    let before = RuleSetVersion(version.saturating_add(1));
    let found = app.store.rule_sets(caller.seller(), Some(before), 1).await;
    let found = found.map_err(|error| ApiFailure::storage(&error))?.pop();
    found.filter(|row| row.version.0 == version).ok_or_else(|| unknown(version))
}

fn unknown(version: i64) -> ApiFailure {
    ApiFailure::not_found(format!("there is no rule set {version}"))
}

async fn change(
    app: &App,
    caller: &Caller,
    version: i64,
    change: RuleSetChange,
    why: String,
) -> Result<(), ApiFailure> {
    let by = deed(app, caller, why)?;
    let changed = app.store.change_rule_set(caller.seller(), RuleSetVersion(version), &change, &by).await;
    match changed.map_err(|error| ApiFailure::storage(&error))? {
        RuleSetChanged::Done => Ok(()),
        RuleSetChanged::Unknown => Err(unknown(version)),
        RuleSetChanged::IsIn(state) => {
            let needed = match change {
                RuleSetChange::Retire => "only the active one can be retired",
                RuleSetChange::Rewrite(_) | RuleSetChange::Drop | RuleSetChange::Activate => "only a draft can be",
            };
            let message = format!("rule set {version} is {}: {needed}", state.name());
            Err(ApiFailure::new(StatusCode::CONFLICT, "isv.rule-set-state", message))
        }
    }
}

fn deed(app: &App, caller: &Caller, why: String) -> Result<RuleSetDeed, ApiFailure> {
    if why.chars().count() > WHY_MAX {
        return Err(ApiFailure::field("why", format!("why must have at most {WHY_MAX} characters")));
    }
    Ok(RuleSetDeed { who: caller.name().to_owned(), at: app.clock.now(), why })
}

fn read(rules: serde_json::Value) -> Result<RuleSet, ApiFailure> {
    serde_json::from_value(rules).map_err(|error| ApiFailure::field("rules", error.to_string()))
}

/// A rule set that can be kept; the first fault otherwise.
async fn usable(app: &App, caller: &Caller, rules: serde_json::Value) -> Result<RuleSet, ApiFailure> {
    let rules = read(rules)?;
    match faults(app, caller, &rules).await?.into_iter().next() {
        None => Ok(rules),
        Some(fault) => Err(wrong(fault)),
    }
}

fn wrong(fault: RuleFault) -> ApiFailure {
    let field = format!("rules.{}", fault.field);
    let message = format!("{field} {}", fault.problem);
    ApiFailure::field(field, message)
}

/// What the core finds, and locations that the merchant does not have.
async fn faults(app: &App, caller: &Caller, rules: &RuleSet) -> Result<Vec<RuleFault>, ApiFailure> {
    let mut found = rules.faults();
    if !found.is_empty() {
        return Ok(found);
    }
    let named: BTreeSet<LocationId> = rules.rules.iter().flat_map(|rule| rule.locations.iter().copied()).collect();
    let known = app.store.locations_named(caller.seller(), &named).await;
    let known: BTreeSet<LocationId> =
        known.map_err(|error| ApiFailure::storage(&error))?.into_iter().map(|location| location.id).collect();
    for (at, rule) in rules.rules.iter().enumerate() {
        if let Some(stranger) = rule.locations.iter().find(|location| !known.contains(location)) {
            let problem = format!("names location {stranger}, which does not exist");
            found.push(RuleFault { field: format!("rules[{at}].locations"), problem });
        }
    }
    Ok(found)
}

fn body(row: RuleSetRow) -> RuleSetBody {
    let deed = |deed: RuleSetDeed| DeedBody { who: deed.who, at: deed.at.0, why: deed.why };
    RuleSetBody {
        version: row.version.0,
        state: row.state.name(),
        rules: row.rules,
        made: deed(row.made),
        activated: row.activated.map(deed),
        retired: row.retired.map(deed),
    }
}
