//! `jushita.jdp.user.add`, `.user.delete` and `jushita.jdp.users.get`: which of its sellers an app gets pushed, and into
//! which of its databases (订单推送库). They change and tell the registrations; the pushing itself is not theirs.

use std::collections::BTreeSet;

use astrolabe_core::command::{Command, PushUser};
use astrolabe_core::ids::SellerId;
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, EpochMs, Fields, Value, WireError};
use astrolabe_store::{AnswerKey, PushUserQuery, PushUserRow};

use crate::gateway::context::{AppContext, CallContext};
use crate::gateway::refusals::{invalid_permission, lane_failed, push_user_not_found, storage_failed};

/// Published: rows of a page where the call does not say.
const PER_PAGE_DEFAULT: i64 = 200;

/// `taobao.jushita.jdp.user.add`: for the session's seller. The same again changes nothing, other content replaces.
pub(super) async fn add(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let rds_name = fields.text("rds_name")?;
    let directory = context.app.directory.get();
    let declared = directory.app(&context.caller).is_some_and(|app| app.row.rds_target(rds_name).is_some());
    if !declared {
        return Err(WireError::invalid("rds_name", "is no database that is declared for this app"));
    }
    let user = PushUser {
        app: context.caller.clone(),
        rds_name: rds_name.to_owned(),
        history_days: fields.opt_long("history_days")?,
        topics: fields.opt_text("topics")?.map(str::to_owned),
        deleted: false,
        created: context.now,
        modified: context.now,
    };
    context.submit(Command::RegisterPush(user)).await?;
    Ok(Answer::ok())
}

/// `taobao.jushita.jdp.user.delete`: by nick or id, of a seller that has granted the app something. Deleted stays deleted.
pub(super) async fn delete(context: &AppContext) -> Result<Answer, WireError> {
    let seller = named_seller(context)?;
    let query = PushUserQuery { seller: Some(seller), ..users_of(context) };
    let (known, _) = context.app.store.push_users(&query).await.map_err(|error| storage_failed(&error))?;
    if known.is_empty() {
        return Err(push_user_not_found());
    }
    // As its twin: a repeat of the signed request is answered from what is kept of the first.
    let key = AnswerKey { app: context.caller.clone(), sign: context.call.sign.clone() };
    let command = Command::UnregisterPush { app: context.caller.clone() };
    context.app.submit(seller, command, Some(key)).await.map_err(|error| lane_failed(&error))?;
    Ok(Answer::ok())
}

fn named_seller(context: &AppContext) -> Result<SellerId, WireError> {
    let fields = &context.call.fields;
    let (nick, id) = (fields.opt_text("nick")?, fields.opt_long("user_id")?.map(SellerId));
    if nick.is_none() && id.is_none() {
        return Err(WireError::missing("nick"));
    }
    let granted: BTreeSet<SellerId> = context.directory.sellers_of(&context.caller).collect();
    let is_named = |seller: &&SellerId| {
        let known = context.directory.seller(**seller);
        id.is_none_or(|id| id == **seller) && nick.is_none_or(|nick| known.is_some_and(|known| known.nick == nick))
    };
    let found = granted.iter().find(is_named).copied();
    found.ok_or_else(|| invalid_permission("nick or user_id names no seller who has granted this app anything"))
}

/// `taobao.jushita.jdp.users.get`.
pub(super) async fn users(context: &AppContext) -> Result<Answer, WireError> {
    let fields = &context.call.fields;
    let time = |name| Ok::<_, WireError>(fields.opt_time(name)?.map(|at| Timestamp(at.0)));
    let query = PushUserQuery {
        seller: fields.opt_long("user_id")?.map(SellerId),
        from: time("start_modified")?,
        to: time("end_modified")?,
        page: fields.opt_long("page_no")?.unwrap_or(1),
        per_page: fields.opt_long("page_size")?.unwrap_or(PER_PAGE_DEFAULT),
        ..users_of(context)
    };
    let found = context.app.store.push_users(&query).await;
    let (users, total) = found.map_err(|error| storage_failed(&error))?;
    let users = users.iter().map(|user| Value::Struct(shown(context, user)));
    Ok(Answer::ok().with("total_results", total).with("users", Value::List(users.collect())))
}

/// The calling app's first registrations.
fn users_of(context: &AppContext) -> PushUserQuery {
    PushUserQuery { app: context.caller.clone(), seller: None, from: None, to: None, page: 1, per_page: 1 }
}

fn shown(context: &AppContext, row: &PushUserRow) -> Fields {
    let user = &row.user;
    let nick = context.directory.seller(row.seller).map(|seller| seller.nick.as_str());
    Fields::new()
        .with("user_id", row.seller.0)
        .with_opt("user_nick", nick)
        .with("rds_name", user.rds_name.as_str())
        .with("status", status(context, row).number())
        .with("created", format_datetime(EpochMs(user.created.0)))
        .with("modified", format_datetime(EpochMs(user.modified.0)))
}

/// How a registration stands; the numbers are published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    /// The operator has paused the database, or it is declared no longer.
    Paused,
    Normal,
    /// The seller has no session or no grant for the app any more.
    SessionInvalid,
    Deleted,
}

impl Status {
    fn number(self) -> i64 {
        match self {
            Status::Paused => 0,
            Status::Normal => 1,
            Status::SessionInvalid => 2,
            Status::Deleted => 3,
        }
    }
}

fn status(context: &AppContext, row: &PushUserRow) -> Status {
    let user = &row.user;
    let directory = &context.directory;
    let target = directory.app(&user.app).and_then(|app| app.row.rds_target(&user.rds_name));
    if user.deleted {
        Status::Deleted
    } else if !directory.has_session(&user.app, row.seller) || directory.roles(&user.app, row.seller).is_empty() {
        Status::SessionInvalid
    } else if target.is_none_or(|target| target.paused) {
        Status::Paused
    } else {
        Status::Normal
    }
}
