//! Whether orders can be pushed into an app's databases: a test that leaves nothing behind, and names what is wrong.

use std::sync::Arc;

use astrolabe_core::ids::AppKey;
use astrolabe_store::{RdsTarget, TableState};
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::apps::seen;
use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;
use crate::outward::{RdsProblem, examine_rds};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(try_databases))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct RdsTestBody {
    /// One database by its declared name; absent: all of the app's.
    name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RdsTestAnswer {
    databases: Vec<DatabaseBody>,
}

/// How one database was found.
#[derive(Debug, Serialize, ToSchema)]
struct DatabaseBody {
    name: String,
    paused: bool,
    /// Whether pushes would work.
    ok: bool,
    /// `unreachable`, `credentials`, `no_database`, `missing_table`, `missing_column`, `privileges`, `other_seller`,
    /// `rejected`, `failed`, or `no_url`; absent where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
    /// The same in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    tables: Vec<TableBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TableBody {
    name: &'static str,
    /// `ready`, `unproven` (its engine cannot take a test row back), or `will_be_made` by the first push.
    state: &'static str,
}

/// Connects to the app's databases and writes a row that is taken back. Addresses and credentials are not shown.
#[utoipa::path(post, path = "/{key}/rds/test", params(("key" = String, Path, description = "app key")),
    request_body = RdsTestBody,
    responses((status = 200, body = RdsTestAnswer), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn try_databases(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
    Json(body): Json<RdsTestBody>,
) -> Result<Json<RdsTestAnswer>, ApiFailure> {
    let directory = app.directory.get();
    let entry = seen(&caller, directory.app(&AppKey(key.clone())), &key)?;
    let named = |target: &&RdsTarget| body.name.as_ref().is_none_or(|name| *name == target.name);
    let targets: Vec<&RdsTarget> = entry.row.rds.iter().filter(named).collect();
    if targets.is_empty() {
        return Err(ApiFailure::field("name", RdsProblem::NotDeclared.to_string()));
    }
    let mut databases = Vec::with_capacity(targets.len());
    for target in targets {
        databases.push(found(&app, target).await);
    }
    Ok(Json(RdsTestAnswer { databases }))
}

async fn found(app: &App, target: &RdsTarget) -> DatabaseBody {
    let (tables, problem) = match examine_rds(app, target).await {
        Ok(tables) => (tables, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let table = |state| match state {
        TableState::Ready => "ready",
        TableState::Unproven => "unproven",
        TableState::WillBeMade => "will_be_made",
    };
    DatabaseBody {
        name: target.name.clone(),
        paused: target.paused,
        ok: problem.is_none(),
        problem: problem.as_ref().map(RdsProblem::name),
        message: problem.as_ref().map(ToString::to_string),
        tables: tables.iter().map(|found| TableBody { name: found.table.name(), state: table(found.state) }).collect(),
    }
}
