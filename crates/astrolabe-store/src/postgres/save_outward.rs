//! Calls outward of one group: what was settled first, because it makes room for what comes after it.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::world::Changes;

use crate::error::StoreError;
use crate::postgres::save::Writing;
use crate::postgres::script::{Script, column, try_column, value};
use crate::rows::{StateColumns, receiver_text, to_doc};

const SETTLE: &str = "\
    UPDATE outward SET state = now.state, attempts = now.attempts, next_at = now.next_at, ended_at = now.ended_at, \
    last_error = now.last_error, lease_node = NULL, lease_until = NULL \
    FROM unnest($2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[]) \
         AS now (id, state, attempts, next_at, ended_at, last_error) \
    WHERE seller_id = $1 AND outward_id = now.id";

/// A call is leased from the start unless an earlier one is pending, in the table or (`behind`) in this very group. The
/// sum keeps PostgreSQL from looking for it among all pending calls: its trade has few.
const ADD: &str = "\
    INSERT INTO outward (seller_id, version, outward_id, tid, receiver, message, made_at, state, attempts, next_at, \
                         lease_node, lease_until) \
    SELECT $1, $2, new.id, new.tid, new.receiver, new.message, new.made_at, 0, 0, new.made_at, \
           CASE WHEN first THEN $9::bigint END, CASE WHEN first THEN $10::bigint END \
    FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::boolean[]) \
         AS new (id, tid, receiver, message, made_at, behind) \
    CROSS JOIN LATERAL (SELECT NOT new.behind AND NOT EXISTS ( \
        SELECT 1 FROM outward AS earlier WHERE earlier.seller_id = $1 AND earlier.tid = new.tid \
          AND earlier.receiver = new.receiver AND earlier.state + 0 = 0) AS first) AS standing \
    RETURNING outward_id, lease_node IS NOT NULL";

/// Says which statement answers what the caller was given.
pub(super) fn write(script: &mut Script, writing: Writing, changes: &Changes) -> Result<Option<usize>, StoreError> {
    // One statement may name a row once: of two outcomes the later stands.
    let settled: BTreeMap<i64, StateColumns> =
        changes.settled.iter().map(|settled| (settled.id.0, StateColumns::of(&settled.state))).collect();
    if !settled.is_empty() {
        script.add(
            SETTLE,
            vec![
                value(writing.seller.0),
                column(settled.keys(), |id| *id),
                column(settled.values(), |state| state.state),
                column(settled.values(), |state| state.attempts),
                column(settled.values(), |state| state.next_at),
                column(settled.values(), |state| state.ended_at),
                column(settled.values(), |state| state.last_error.clone()),
            ],
        );
    }
    let calls = &changes.outward;
    if calls.is_empty() {
        return Ok(None);
    }
    let mut seen = BTreeSet::new();
    let behind: Vec<bool> = calls.iter().map(|call| !seen.insert((call.tid, &call.receiver))).collect();
    let statement = script.add(
        ADD,
        vec![
            value(writing.seller.0),
            value(writing.version),
            column(calls, |call| call.id.0),
            column(calls, |call| call.tid.0),
            try_column(calls, |call| receiver_text(&call.receiver))?,
            try_column(calls, |call| to_doc(&call.message))?,
            column(calls, |call| call.made_at.0),
            value(behind),
            value(writing.lease.node),
            value(writing.lease.until.0),
        ],
    );
    Ok(Some(statement))
}
