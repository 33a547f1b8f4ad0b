//! Dry run: what a rule set would have posted of real trades had it always been active, beside what the active one would
//! have. It reads, computes and throws away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use astrolabe_core::ids::Tid;
use astrolabe_core::settlement::{ActivatedSet, Posting};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_store::{RuleSetRow, SettlementCase, SoldBy, SoldQuery};
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::postings::{PostingBody, posting};
use super::rule_sets::rule_set;
use crate::api::caller::Caller;
use crate::api::failure::{ApiFailure, ErrorBody};
use crate::app::App;
use crate::app::settling::settle_trade;

/// How far back a dry run may look, and at how many trades.
const DAYS_MAX: i64 = 90;
const NAMED_MAX: usize = 200;
const TRADES_MAX: usize = 1_000;
/// Trades in memory together.
const CHUNK: usize = 100;
/// Lines shown; the totals are of all.
const LINES_MAX: usize = 500;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(dry_run))
}

/// Which trades: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DryRunBody {
    /// Made in the last 1 to 90 days, the newest 1,000 of them.
    days: Option<i64>,
    /// Given ones, 1 to 200.
    tids: Option<Vec<i64>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunAnswer {
    version: i64,
    /// The set it is compared with, if there is one.
    active_version: Option<i64>,
    /// Trades looked at.
    trades: usize,
    /// Whether there are more in the time than were looked at.
    more: bool,
    /// Settlements whose day has not come by this set.
    waiting: usize,
    /// By account; `clearing` is what was shared, against all others.
    parties: Vec<PartyBody>,
    /// What would have been posted, at most 500 postings.
    postings: Vec<PostingBody>,
    /// Whether there are more postings than shown.
    postings_cut: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct PartyBody {
    account: String,
    amount_fen: i64,
    /// By the active set.
    active_fen: Option<i64>,
    difference_fen: Option<i64>,
}

/// What one set makes of the trades.
struct Outcome {
    set: [ActivatedSet; 1],
    totals: BTreeMap<String, i64>,
    postings: Vec<Posting>,
    count: usize,
    waiting: usize,
}

impl Outcome {
    fn of(row: RuleSetRow) -> Self {
        let set = ActivatedSet { version: row.version, rules: row.rules, from: Timestamp(i64::MIN), until: None };
        Self { set: [set], totals: BTreeMap::new(), postings: Vec::new(), count: 0, waiting: 0 }
    }

    fn add(&mut self, case: &SettlementCase, now: Timestamp) {
        let settled = settle_trade(&case.trade, &[], &self.set, now);
        self.waiting += settled.pending.len();
        for posting in settled.postings {
            for entry in &posting.entries {
                *self.totals.entry(entry.account.to_string()).or_default() += entry.amount.0;
            }
            self.count += 1;
            if self.postings.len() < LINES_MAX {
                self.postings.push(posting);
            }
        }
    }
}

/// What a set would have posted. Changes nothing.
#[utoipa::path(post, path = "/rule-sets/{version}/dry-run",
    params(("version" = i64, Path, description = "the set's version")), request_body = DryRunBody,
    responses((status = 200, body = DryRunAnswer), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
async fn dry_run(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(version): Path<i64>,
    Json(asked): Json<DryRunBody>,
) -> Result<Json<DryRunAnswer>, ApiFailure> {
    caller.must_be_merchant()?;
    let mut candidate = Outcome::of(rule_set(&app, &caller, version).await?);
    let (tids, more) = trades(&app, &caller, asked).await?;
    let now = app.clock.now();
    let mut active: Option<Outcome> = None;
    let mut looked_at = 0;
    for (at, chunk) in tids.chunks(CHUNK).enumerate() {
        let load = app.store.load_settlement(caller.seller(), chunk).await;
        let load = load.map_err(|error| ApiFailure::storage(&error))?;
        if at == 0
            && let Some(set) = load.sets.iter().find(|set| set.until.is_none())
        {
            active = Some(Outcome::of(rule_set(&app, &caller, set.version.0).await?));
        }
        looked_at += load.cases.len();
        for case in &load.cases {
            candidate.add(case, now);
            if let Some(active) = &mut active {
                active.add(case, now);
            }
        }
    }
    let parties = compared(&candidate, active.as_ref());
    Ok(Json(DryRunAnswer {
        version,
        active_version: active.map(|active| active.set[0].version.0),
        trades: looked_at,
        more,
        waiting: candidate.waiting,
        parties,
        postings_cut: candidate.count > candidate.postings.len(),
        postings: candidate.postings.into_iter().map(posting).collect(),
    }))
}

fn compared(candidate: &Outcome, active: Option<&Outcome>) -> Vec<PartyBody> {
    let accounts: BTreeSet<&String> =
        candidate.totals.keys().chain(active.into_iter().flat_map(|active| active.totals.keys())).collect();
    let total = |outcome: &Outcome, account: &String| outcome.totals.get(account).copied().unwrap_or(0);
    let party = |account: &String| {
        let amount_fen = total(candidate, account);
        let active_fen = active.map(|active| total(active, account));
        let difference_fen = active_fen.map(|active| amount_fen - active);
        PartyBody { account: account.clone(), amount_fen, active_fen, difference_fen }
    };
    accounts.into_iter().map(party).collect()
}

/// The trades asked for, and whether there are more.
async fn trades(app: &App, caller: &Caller, asked: DryRunBody) -> Result<(Vec<Tid>, bool), ApiFailure> {
    match (asked.days, asked.tids) {
        (Some(days), None) if (1..=DAYS_MAX).contains(&days) => recent(app, caller, days).await,
        (Some(_), None) => Err(ApiFailure::field("days", format!("days must be 1 to {DAYS_MAX}"))),
        (None, Some(tids)) if (1..=NAMED_MAX).contains(&tids.len()) => {
            let tids: BTreeSet<Tid> = tids.into_iter().map(Tid).collect();
            Ok((tids.into_iter().collect(), false))
        }
        (None, Some(_)) => Err(ApiFailure::field("tids", format!("tids must be 1 to {NAMED_MAX}"))),
        (Some(_), Some(_)) | (None, None) => Err(ApiFailure::field("days", "give one of days and tids")),
    }
}

async fn recent(app: &App, caller: &Caller, days: i64) -> Result<(Vec<Tid>, bool), ApiFailure> {
    let now = app.clock.now();
    let mut query = SoldQuery {
        by: SoldBy::Created,
        from: now + Millis::hours(-24 * days),
        to: now,
        statuses: None,
        kinds: None,
        page: 1,
        per_page: 200,
        count_up_to: None,
    };
    let mut tids = Vec::new();
    loop {
        let page = app.store.trades_sold(caller.seller(), &query).await;
        let page = page.map_err(|error| ApiFailure::storage(&error))?;
        tids.extend(page.trades.iter().map(|sold| sold.file.trade.tid));
        if !page.more || tids.len() >= TRADES_MAX {
            return Ok((tids, page.more));
        }
        query.page += 1;
    }
}
