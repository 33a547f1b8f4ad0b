//! What an ISV answered to a call outward, where the answer itself says something: an allocation that was asked for.

use std::sync::Arc;

use astrolabe_core::command::{Command, SyncAllocation, SyncStatus, SyncedLine};
use astrolabe_core::ids::{AppKey, LocationId, Oid};
use astrolabe_core::order::timeline::{Actor, Via};
use astrolabe_core::outward::{Message, Receiver};
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::Fields;
use astrolabe_protocol::spi::SpiReply;
use astrolabe_store::{DueOutward, OrdersBy};

use crate::app::{App, Claim};

/// Most databases that an answer may name.
const NAMED_APPS_MAX: usize = 20;

/// Sends through the lane what the answer to `allocatedinfo.get` (§6.6.3) says. Answers to other calls say no more than
/// that they were heard. The app cannot have known more than what was so when it was asked, `asked_at`: a store may have
/// refused since what it answers.
pub(super) async fn take_back(app: &Arc<App>, call: &DueOutward, reply: SpiReply, asked_at: Timestamp) {
    let (Message::QueryAllocation, Receiver::App(key)) = (&call.outward.message, &call.outward.receiver) else {
        return;
    };
    if !reply.is_ok() {
        return;
    }
    let Ok(infos) = reply.fields.structs("store_allocated_list") else {
        tracing::warn!(tid = %call.outward.tid, "allocatedinfo.get was answered without a readable list");
        return;
    };
    let mut lines = Vec::with_capacity(infos.len());
    for info in infos {
        if let Some(line) = synced_line(app, call, info).await {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return;
    }
    let head = reply.fields.opt_text("status").ok().flatten().map_or(SyncStatus::Waiting, status_of);
    let sync = SyncAllocation {
        tid: call.outward.tid,
        who: Actor::App { key: key.clone(), operator: String::new(), via: Via::Other },
        lines,
        head,
        message: reply.message,
        happened: asked_at,
    };
    if let Err(error) = app.submit(call.seller, Command::SyncAllocation(sync), None).await {
        tracing::info!(tid = %call.outward.tid, %error, "an answered allocation was not taken");
    }
}

/// 方式一: the apps whose databases an answer to `allocate` names (§6.6.1 `appKey`, by commas). Not listened to where the
/// app is set up for 方式二.
pub(super) fn named_apps(app: &App, call: &DueOutward, reply: &SpiReply) -> Vec<AppKey> {
    let (Message::AskAllocation, Receiver::App(key)) = (&call.outward.message, &call.outward.receiver) else {
        return Vec::new();
    };
    let directory = app.directory.get();
    let listens = directory.app(key).is_some_and(|entry| entry.row.orders_by == OrdersBy::Spi);
    if !listens || !reply.is_ok() {
        return Vec::new();
    }
    let said = ["appKey", "app_key"].into_iter().find_map(|name| reply.fields.opt_text(name).ok().flatten());
    let names = said.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    names.take(NAMED_APPS_MAX).map(|name| AppKey(name.to_owned())).collect()
}

async fn synced_line(app: &App, call: &DueOutward, info: &Fields) -> Option<SyncedLine> {
    let oid = Oid(info.long("sub_oid").ok()?);
    let status = status_of(info.opt_text("status").ok().flatten()?);
    let location = match info.opt_text("store_id").ok().flatten() {
        Some(text) => {
            let warehouse = info.opt_text("store_type").ok().flatten() == Some("Warehouse");
            locate(app, call, text, warehouse).await
        }
        None => None,
    };
    Some(SyncedLine {
        oid,
        status,
        location,
        message: info.opt_text("description").ok().flatten().unwrap_or_default().to_owned(),
        attributes: info.opt_text("attributes").ok().flatten().map(str::to_owned),
    })
}

async fn locate(app: &App, call: &DueOutward, text: &str, warehouse: bool) -> Option<LocationId> {
    let claim = if warehouse { Claim::Warehouse } else { Claim::Store };
    app.places.resolve(app.store.as_ref(), call.seller, Some(claim), text).await.ok()
}

/// A status that is none of the published ones is read as "still at it".
fn status_of(text: &str) -> SyncStatus {
    match text {
        "Allocated" => SyncStatus::Allocated,
        "AllocateFail" => SyncStatus::Failed,
        _ => SyncStatus::Waiting,
    }
}
