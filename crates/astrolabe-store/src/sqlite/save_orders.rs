//! Trades, assignments, facts and work of one group.

use std::collections::BTreeMap;

use rusqlite::params;

use astrolabe_core::command::Published;
use astrolabe_core::ids::Tid;
use astrolabe_core::world::Changes;

use crate::error::StoreError;
use crate::rows::{count, is_open, service_code, to_doc, to_word, trade_awaits};
use crate::sqlite::fields::{failure, run};
use crate::sqlite::save::Place;

pub(super) fn write(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    trades(place, changes)?;
    assignments(place, changes)?;
    refunds(place, changes)?;
    timeline(place, changes)?;
    work(place, changes)?;
    day_loads(place, changes)?;
    handover_codes(place, changes)
}

const PUT_TRADE: &str = "\
    INSERT INTO trade (seller_id, tid, level, pay_time, created, modified, due_at, awaiting, sub_orders, doc, \
                       published, status, kind) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, coalesce(?11, ''), coalesce(?12, ''), coalesce(?13, '')) \
    ON CONFLICT (seller_id, tid) DO UPDATE SET level = excluded.level, pay_time = excluded.pay_time, \
    modified = excluded.modified, due_at = excluded.due_at, awaiting = excluded.awaiting, \
    sub_orders = excluded.sub_orders, doc = excluded.doc, published = coalesce(?11, published), \
    status = coalesce(?12, status), kind = coalesce(?13, kind)";

/// The published text goes with its trade's row; what comes without the trade is written alone.
fn trades(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    let mut published: BTreeMap<Tid, &Published> =
        changes.published.iter().map(|(tid, published)| (*tid, published)).collect();
    let mut put = place.connection.prepare_cached(PUT_TRADE).map_err(failure)?;
    for trade in &changes.put_trades {
        let told = published.remove(&trade.tid);
        put.execute(params![
            place.seller.0,
            trade.tid.0,
            to_word(&trade.level)?,
            trade.pay_time.map(|at| at.0),
            trade.created.0,
            trade.modified.0,
            trade.due_at.map(|at| at.0),
            trade_awaits(trade),
            count(trade.sub_orders.len()),
            to_doc(trade)?,
            told.map(|published| &published.text),
            told.map(|published| &published.status),
            told.map(|published| &published.kind),
        ])
        .map_err(failure)?;
    }
    for (tid, told) in published {
        run(
            place.connection,
            "UPDATE trade SET published = ?3, status = ?4, kind = ?5 WHERE seller_id = ?1 AND tid = ?2",
            params![place.seller.0, tid.0, told.text, told.status, told.kind],
        )?;
    }
    Ok(())
}

const PUT_ASSIGNMENT: &str = "\
    INSERT INTO assignment (seller_id, code, tid, oid, location_id, state, open, due_at, made_version, doc, pickup) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
    ON CONFLICT (seller_id, code) DO UPDATE SET location_id = excluded.location_id, state = excluded.state, \
    open = excluded.open, due_at = excluded.due_at, doc = excluded.doc";

fn assignments(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    let mut put = place.connection.prepare_cached(PUT_ASSIGNMENT).map_err(failure)?;
    for assignment in &changes.put_assignments {
        put.execute(params![
            place.seller.0,
            assignment.code.0,
            assignment.tid.0,
            assignment.oid.0,
            assignment.location.0,
            assignment.state.name(),
            is_open(&assignment.state),
            assignment.due_at.map(|at| at.0),
            place.version,
            to_doc(assignment)?,
            assignment.pickup,
        ])
        .map_err(failure)?;
    }
    Ok(())
}

const PUT_REFUND: &str = "\
    INSERT INTO refund (seller_id, refund_id, tid, modified, published) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT (seller_id, refund_id) DO UPDATE SET tid = excluded.tid, modified = excluded.modified, \
    published = excluded.published WHERE excluded.modified >= refund.modified";

fn refunds(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for refund in &changes.refunds {
        run(
            place.connection,
            PUT_REFUND,
            params![place.seller.0, refund.id.0, refund.tid.0, refund.modified.0, refund.text],
        )?;
    }
    Ok(())
}

const ADD_FACT: &str = "\
    INSERT INTO timeline (seller_id, tid, oid, code, fact, request, version, n, \
                          location_id, who, happened, learnt, detail) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

fn timeline(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    let mut add = place.connection.prepare_cached(ADD_FACT).map_err(failure)?;
    for (n, fact) in changes.timeline.iter().enumerate() {
        add.execute(params![
            place.seller.0,
            fact.tid.0,
            fact.oid.map_or(0, |oid| oid.0),
            fact.code.map_or(0, |code| code.0),
            to_word(&fact.fact)?,
            fact.request,
            place.version,
            count(n),
            fact.location.map(|location| location.0),
            to_doc(&fact.who)?,
            fact.at.happened.0,
            fact.at.learnt.0,
            fact.detail,
        ])
        .map_err(failure)?;
    }
    Ok(())
}

/// What is done goes first: the same work may have come up again. Work that already waits is not written twice.
fn work(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for id in &changes.work_done {
        run(place.connection, "DELETE FROM work WHERE seller_id = ?1 AND work_id = ?2", (place.seller.0, id.0))?;
    }
    for new in &changes.work {
        run(
            place.connection,
            "INSERT INTO work (seller_id, work_id, work, made_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (seller_id, work) DO NOTHING",
            params![place.seller.0, new.id.0, to_doc(&new.work)?, new.made_at.0],
        )?;
    }
    Ok(())
}

const PUT_DAY_LOAD: &str = "\
    INSERT INTO day_load (seller_id, day, location_id, service, taken, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
    ON CONFLICT (seller_id, day, location_id, service) \
    DO UPDATE SET taken = excluded.taken, version = excluded.version";

fn day_loads(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for (key, taken) in &changes.day_loads {
        let service = service_code(key.service);
        let columns = params![place.seller.0, key.day, key.location.0, service, taken, place.version];
        run(place.connection, PUT_DAY_LOAD, columns)?;
    }
    Ok(())
}

/// A code that exists already is an error: it must not be given twice.
fn handover_codes(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for (code, tid) in &changes.handover_codes {
        run(
            place.connection,
            "INSERT INTO handover_code (seller_id, code, tid) VALUES (?1, ?2, ?3)",
            params![place.seller.0, code.digits(), tid.0],
        )?;
    }
    Ok(())
}
