//! Trades, assignments, facts and work of one group.

use std::collections::BTreeMap;

use astrolabe_core::command::Published;
use astrolabe_core::ids::{RefundId, Tid};
use astrolabe_core::world::{Changes, PublishedRefund};

use crate::error::StoreError;
use crate::postgres::save::Writing;
use crate::postgres::script::{Script, column, try_column, value};
use crate::rows::{count, is_open, service_code, to_doc, to_word, trade_awaits};

pub(super) fn write(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    trades(script, writing, changes)?;
    assignments(script, writing, changes)?;
    refunds(script, writing, changes);
    timeline(script, writing, changes)?;
    work(script, writing, changes)?;
    day_loads(script, writing, changes);
    handover_codes(script, writing, changes);
    Ok(())
}

/// An empty text is no published trade: the old one stays, and stays where it lies.
const PUT_TRADES: &str = "\
    INSERT INTO trade (seller_id, tid, level, pay_time, created, modified, due_at, awaiting, sub_orders, doc, \
                       published, status, kind) \
    SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
                             $8::boolean[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[]) \
    ON CONFLICT (seller_id, tid) DO UPDATE SET level = excluded.level, pay_time = excluded.pay_time, \
    modified = excluded.modified, due_at = excluded.due_at, awaiting = excluded.awaiting, \
    sub_orders = excluded.sub_orders, doc = excluded.doc, \
    published = CASE WHEN excluded.published = '' THEN trade.published ELSE excluded.published END, \
    status = CASE WHEN excluded.published = '' THEN trade.status ELSE excluded.status END, \
    kind = CASE WHEN excluded.published = '' THEN trade.kind ELSE excluded.kind END";

/// The published text goes with its trade's row; what comes without the trade is written alone.
fn trades(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    let mut published: BTreeMap<Tid, Published> = changes.published.iter().cloned().collect();
    let trades = &changes.put_trades;
    if !trades.is_empty() {
        let mut told = Vec::with_capacity(trades.len());
        for trade in trades {
            told.push(published.remove(&trade.tid).unwrap_or_default());
        }
        script.add(
            PUT_TRADES,
            vec![
                value(writing.seller.0),
                column(trades, |trade| trade.tid.0),
                try_column(trades, |trade| to_word(&trade.level))?,
                column(trades, |trade| trade.pay_time.map(|at| at.0)),
                column(trades, |trade| trade.created.0),
                column(trades, |trade| trade.modified.0),
                column(trades, |trade| trade.due_at.map(|at| at.0)),
                column(trades, trade_awaits),
                column(trades, |trade| count(trade.sub_orders.len())),
                try_column(trades, to_doc)?,
                column(&told, |published| published.text.clone()),
                column(&told, |published| published.status.clone()),
                column(&told, |published| published.kind.clone()),
            ],
        );
    }
    if !published.is_empty() {
        script.add(
            "UPDATE trade SET published = told.json, status = told.status, kind = told.kind \
             FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS told (id, json, status, kind) \
             WHERE seller_id = $1 AND tid = told.id",
            vec![
                value(writing.seller.0),
                column(published.keys(), |tid| tid.0),
                column(published.values(), |told| told.text.clone()),
                column(published.values(), |told| told.status.clone()),
                column(published.values(), |told| told.kind.clone()),
            ],
        );
    }
    Ok(())
}

const PUT_ASSIGNMENTS: &str = "\
    INSERT INTO assignment (seller_id, made_version, code, tid, oid, location_id, state, open, due_at, doc, pickup) \
    SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::boolean[], \
                                 $9::bigint[], $10::text[], $11::boolean[]) \
    ON CONFLICT (seller_id, code) DO UPDATE SET location_id = excluded.location_id, state = excluded.state, \
    open = excluded.open, due_at = excluded.due_at, doc = excluded.doc";

fn assignments(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    let assignments = &changes.put_assignments;
    if assignments.is_empty() {
        return Ok(());
    }
    script.add(
        PUT_ASSIGNMENTS,
        vec![
            value(writing.seller.0),
            value(writing.version),
            column(assignments, |given| given.code.0),
            column(assignments, |given| given.tid.0),
            column(assignments, |given| given.oid.0),
            column(assignments, |given| given.location.0),
            column(assignments, |given| given.state.name()),
            column(assignments, |given| is_open(&given.state)),
            column(assignments, |given| given.due_at.map(|at| at.0)),
            try_column(assignments, to_doc)?,
            column(assignments, |given| given.pickup),
        ],
    );
    Ok(())
}

/// One statement may name a key once: of two refund objects the later stands.
fn refunds(script: &mut Script, writing: Writing, changes: &Changes) {
    if changes.refunds.is_empty() {
        return;
    }
    let refunds: BTreeMap<RefundId, &PublishedRefund> =
        changes.refunds.iter().map(|refund| (refund.id, refund)).collect();
    script.add(
        "INSERT INTO refund (seller_id, refund_id, tid, modified, published) \
         SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) \
         ON CONFLICT (seller_id, refund_id) DO UPDATE SET tid = excluded.tid, modified = excluded.modified, \
         published = excluded.published WHERE excluded.modified >= refund.modified",
        vec![
            value(writing.seller.0),
            column(refunds.keys(), |id| id.0),
            column(refunds.values(), |refund| refund.tid.0),
            column(refunds.values(), |refund| refund.modified.0),
            column(refunds.values(), |refund| refund.text.clone()),
        ],
    );
}

const ADD_FACTS: &str = "\
    INSERT INTO timeline (seller_id, version, n, tid, oid, code, fact, request, \
                          location_id, who, happened, learnt, detail) \
    SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], \
                                 $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::text[])";

fn timeline(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    let facts = &changes.timeline;
    if facts.is_empty() {
        return Ok(());
    }
    script.add(
        ADD_FACTS,
        vec![
            value(writing.seller.0),
            value(writing.version),
            column(0..facts.len(), count),
            column(facts, |fact| fact.tid.0),
            column(facts, |fact| fact.oid.map_or(0, |oid| oid.0)),
            column(facts, |fact| fact.code.map_or(0, |code| code.0)),
            try_column(facts, |fact| to_word(&fact.fact))?,
            column(facts, |fact| fact.request),
            column(facts, |fact| fact.location.map(|location| location.0)),
            try_column(facts, |fact| to_doc(&fact.who))?,
            column(facts, |fact| fact.at.happened.0),
            column(facts, |fact| fact.at.learnt.0),
            column(facts, |fact| fact.detail.clone()),
        ],
    );
    Ok(())
}

/// What is done goes first: the same work may have come up again. Work that already waits is not written twice.
fn work(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    if !changes.work_done.is_empty() {
        script.add(
            "DELETE FROM work WHERE seller_id = $1 AND work_id = ANY($2)",
            vec![value(writing.seller.0), column(&changes.work_done, |id| id.0)],
        );
    }
    if !changes.work.is_empty() {
        script.add(
            "INSERT INTO work (seller_id, work_id, work, made_at) \
             SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bigint[]) \
             ON CONFLICT (seller_id, work) DO NOTHING",
            vec![
                value(writing.seller.0),
                column(&changes.work, |new| new.id.0),
                try_column(&changes.work, |new| to_doc(&new.work))?,
                column(&changes.work, |new| new.made_at.0),
            ],
        );
    }
    Ok(())
}

const PUT_DAY_LOADS: &str = "\
    INSERT INTO day_load (seller_id, day, location_id, service, taken, version) \
    SELECT $1, day, location, service, taken, $6 \
    FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[]) AS new (day, location, service, taken) \
    ON CONFLICT (seller_id, day, location_id, service) \
    DO UPDATE SET taken = excluded.taken, version = excluded.version";

fn day_loads(script: &mut Script, writing: Writing, changes: &Changes) {
    let loads = &changes.day_loads;
    if !loads.is_empty() {
        script.add(
            PUT_DAY_LOADS,
            vec![
                value(writing.seller.0),
                column(loads, |(key, _)| key.day),
                column(loads, |(key, _)| key.location.0),
                column(loads, |(key, _)| service_code(key.service)),
                column(loads, |(_, taken)| *taken),
                value(writing.version),
            ],
        );
    }
}

/// A code that exists already is an error: it must not be given twice.
fn handover_codes(script: &mut Script, writing: Writing, changes: &Changes) {
    let codes = &changes.handover_codes;
    if codes.is_empty() {
        return;
    }
    script.add(
        "INSERT INTO handover_code (seller_id, code, tid) SELECT $1, * FROM unnest($2::text[], $3::bigint[])",
        vec![
            value(writing.seller.0),
            column(codes, |(code, _)| code.digits().to_owned()),
            column(codes, |(_, tid)| tid.0),
        ],
    );
}
