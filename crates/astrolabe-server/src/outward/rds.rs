//! A push into an app's database (订单推送库): which database it is, what the row says, and what came of it.
//!
//! The row is made of what is known when it is written, so that one push stands for all changes before it. What is kept of
//! an attempt is where it went and how long the document was: the buyer's data is in the target and nowhere else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use astrolabe_core::ids::{AppKey, LocationId, RefundId, SellerId, Tid};
use astrolabe_core::outward::{Message, Outward};
use astrolabe_core::place::Location;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{EpochMs, Value, json};
use astrolabe_store::{
    Attempt, AttemptId, AttemptKey, AttemptOutcome, Exchange, PushUserQuery, RdsAddress, RdsDatabase, RdsError, RdsRow,
    RdsTable, RdsTarget, RdsValue, SentRequest, StoreError, TableFound, rds_database,
};
use parking_lot::Mutex;

use crate::app::App;
use crate::gateway::merged_trade;
use crate::outward::guard::Reach;
use crate::outward::meaning::About;
use crate::outward::rds_document::{self, document};

/// An address, and what its name led to.
type Dialled = (RdsAddress, Vec<IpAddr>);

/// Connections to databases, by address and what it was resolved to.
#[derive(Debug, Default)]
pub(crate) struct RdsDatabases {
    open: Mutex<HashMap<Dialled, Arc<dyn RdsDatabase>>>,
}

/// What a push came to, before anything follows from it.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// The app has no database for the seller any more, or there is nothing to say: nothing was sent.
    Nowhere,
    /// For now nothing is pushed there, or our own database failed: later.
    Later(String),
    /// It was tried.
    Tried { attempt: Box<Attempt>, error: Option<RdsError> },
}

/// Why a target cannot be tried.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RdsProblem {
    #[error("no database of that name is declared for the app")]
    NotDeclared,
    #[error("the database is declared without a url: nothing is pushed into it")]
    NoUrl,
    #[error("{0}")]
    Database(#[from] RdsError),
}

impl RdsProblem {
    /// What is wrong, in one stable word.
    pub fn name(&self) -> &'static str {
        match self {
            RdsProblem::NotDeclared => "not_declared",
            RdsProblem::NoUrl => "no_url",
            RdsProblem::Database(error) => error.name(),
        }
    }
}

/// Makes one attempt at a push.
pub(crate) async fn push_row(app: &App, seller: SellerId, key: &AppKey, outward: &Outward, about: About) -> Pushed {
    let Some(target) = (match target_of(app, seller, key).await {
        Ok(target) => target,
        Err(error) => return Pushed::Later(error.to_string()),
    }) else {
        return Pushed::Nowhere;
    };
    let Some(url) = target.url.as_deref() else { return Pushed::Nowhere };
    if target.paused {
        return Pushed::Later("the database is paused".to_owned());
    }
    let row = match row(app, seller, outward).await {
        Ok(Some(row)) => row,
        Ok(None) => return Pushed::Nowhere,
        Err(error) => return Pushed::Later(error.to_string()),
    };
    let started_at = app.clock.now();
    let (shown, result) = match RdsAddress::parse(url) {
        Ok(address) => {
            let shown = address.to_string();
            (shown, write(app, &address, &row).await)
        }
        Err(problem) => (String::new(), Err(RdsError::Unreachable(format!("the declared url {problem}")))),
    };
    let took = Millis(app.clock.now().0 - started_at.0);
    let error = result.err();
    Pushed::Tried { attempt: Box::new(attempt(about, started_at, took, shown, &row, error.as_ref())), error }
}

/// Tries one of an app's databases, writing nothing that stays.
///
/// # Errors
/// What keeps pushes from working.
pub async fn examine_rds(app: &App, target: &RdsTarget) -> Result<Vec<TableFound>, RdsProblem> {
    let url = target.url.as_deref().ok_or(RdsProblem::NoUrl)?;
    let address =
        RdsAddress::parse(url).map_err(|problem| RdsError::Unreachable(format!("the declared url {problem}")))?;
    Ok(app.databases.at(&app.dialer.reach(), &address).await?.examine().await?)
}

async fn write(app: &App, address: &RdsAddress, row: &RdsRow) -> Result<(), RdsError> {
    let database = app.databases.at(&app.dialer.reach(), address).await?;
    database.write(row).await.map(|_| ())
}

impl RdsDatabases {
    /// The database at an address, as its name leads there now: no name may lead into a network that is not allowed.
    async fn at(&self, reach: &Reach, address: &RdsAddress) -> Result<Arc<dyn RdsDatabase>, RdsError> {
        let found = tokio::net::lookup_host((address.host.as_str(), address.port)).await;
        let found = found.map_err(|_| RdsError::Unreachable("the name is not known".to_owned()))?;
        let mut allowed: Vec<IpAddr> = found.map(|found| found.ip()).filter(|ip| reach.allows(*ip)).collect();
        allowed.sort_unstable();
        allowed.dedup();
        if allowed.is_empty() {
            let why = "the address lies in a private or reserved network that allowed_networks does not name";
            return Err(RdsError::Unreachable(why.to_owned()));
        }
        let key = (address.clone(), allowed.clone());
        let mut open = self.open.lock();
        if !open.contains_key(&key) {
            // A name that leads elsewhere now: what it led to is given up.
            open.retain(|(known, _), _| known != address);
        }
        Ok(Arc::clone(open.entry(key).or_insert_with(|| rds_database(address, allowed))))
    }
}

/// The database that the seller registered the app with.
async fn target_of(app: &App, seller: SellerId, key: &AppKey) -> Result<Option<RdsTarget>, StoreError> {
    let directory = app.directory.get();
    let Some(entry) = directory.app(key) else { return Ok(None) };
    let query = PushUserQuery { app: key.clone(), seller: Some(seller), from: None, to: None, page: 1, per_page: 1 };
    let (users, _) = app.store.push_users(&query).await?;
    let user = users.into_iter().map(|row| row.user).find(|user| !user.deleted);
    Ok(user.and_then(|user| entry.row.rds_target(&user.rds_name).cloned()))
}

/// The row that a push writes; `None` where there is nothing to say.
async fn row(app: &App, seller: SellerId, outward: &Outward) -> Result<Option<RdsRow>, StoreError> {
    let nick = app.directory.get().seller(seller).map(|seller| seller.nick.clone()).unwrap_or_default();
    match &outward.message {
        Message::PushTrade => trade_row(app, seller, &nick, outward.tid).await,
        Message::PushRefund { refund } => refund_row(app, seller, &nick, *refund).await,
        Message::AskAllocation
        | Message::QueryAllocation
        | Message::TellAllocations { .. }
        | Message::TellRefund { .. }
        | Message::TellAccepted { .. }
        | Message::TellRefused { .. }
        | Message::TellShipped { .. }
        | Message::ConsignToChannel { .. }
        | Message::AskCancel { .. }
        | Message::TellHandoverCode { .. }
        | Message::TellFact(_) => Ok(None),
    }
}

async fn trade_row(app: &App, seller: SellerId, nick: &str, tid: Tid) -> Result<Option<RdsRow>, StoreError> {
    let Some(view) = app.store.trade(seller, tid).await? else { return Ok(None) };
    let named: BTreeSet<LocationId> = view.file.assignments.iter().map(|given| given.location).collect();
    let places = app.store.locations_named(seller, &named).await?;
    let places: BTreeMap<LocationId, Location> = places.into_iter().map(|place| (place.id, place)).collect();
    let trade = rds_document::trade(merged_trade(&view.file, &view.published, &places));
    let text = |name: &str| rds_document::text(&trade, name);
    let response = document("trade_fullinfo_get_response", "trade", trade.clone());
    let row = RdsRow::new(RdsTable::Trade, tid.0, response, &time(app.clock.now()))
        .with("status", text("status"))
        .with("type", text("type"))
        .with("seller_nick", RdsValue::Text(nick.to_owned()))
        .with("buyer_nick", text("buyer_nick"))
        .with("created", RdsValue::Text(time(view.file.trade.created)))
        .with("modified", RdsValue::Text(time(view.file.trade.modified)));
    Ok(Some(row))
}

async fn refund_row(app: &App, seller: SellerId, nick: &str, id: RefundId) -> Result<Option<RdsRow>, StoreError> {
    let Some(published) = app.store.refund(seller, id).await? else { return Ok(None) };
    let Ok(Some(Value::Struct(refund))) = json::parse(&published) else { return Ok(None) };
    let refund = rds_document::refund(refund);
    let text = |name: &str| rds_document::text(&refund, name);
    let moment = |name: &str| rds_document::moment(&refund, name);
    let long = |name: &str| rds_document::long(&refund, name);
    let response = document("refund_get_response", "refund", refund.clone());
    let row = RdsRow::new(RdsTable::Refund, id.0, response, &time(app.clock.now()))
        .with("seller_nick", RdsValue::Text(nick.to_owned()))
        .with("buyer_nick", text("buyer_nick"))
        .with("status", text("status"))
        .with("created", moment("created"))
        .with("tid", long("tid"))
        .with("oid", long("oid"))
        .with("modified", moment("modified"));
    Ok(Some(row))
}

fn time(at: Timestamp) -> String {
    format_datetime(EpochMs(at.0))
}

fn attempt(
    about: About,
    started_at: Timestamp,
    took: Millis,
    shown: String,
    row: &RdsRow,
    error: Option<&RdsError>,
) -> Attempt {
    let outcome = match error {
        None => AttemptOutcome::Delivered,
        Some(error) if error.may_pass() => AttemptOutcome::Unreachable,
        Some(_) => AttemptOutcome::Refused,
    };
    let body = format!("a document of {} bytes, jdp_hashcode {}", row.response_bytes(), row.hashcode());
    Attempt {
        seller: about.seller,
        receiver: about.receiver,
        key: AttemptKey { started_at, id: AttemptId(rand::random_range(0..AttemptId::BOUND)) },
        call: about.call,
        tid: about.tid,
        method: row.table.name().to_owned(),
        number: about.number,
        took,
        outcome,
        exchange: Exchange {
            request: SentRequest { url: shown, headers: Vec::new(), body },
            reply: None,
            failure: error.map(ToString::to_string).unwrap_or_default(),
        },
    }
}
