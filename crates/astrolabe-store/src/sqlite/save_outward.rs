//! Calls outward of one group: what was settled first, because it makes room for what comes after it.

use rusqlite::params;

use astrolabe_core::world::Changes;

use crate::error::StoreError;
use crate::rows::{StateColumns, receiver_text, to_doc};
use crate::sqlite::fields::failure;
use crate::sqlite::load::has_pending_call;
use crate::sqlite::save::{Calls, Place};

const SETTLE: &str = "\
    UPDATE outward SET state = ?3, attempts = ?4, next_at = ?5, ended_at = ?6, last_error = ?7 \
    WHERE seller_id = ?1 AND outward_id = ?2";

const ADD: &str = "\
    INSERT INTO outward (seller_id, outward_id, version, tid, receiver, message, made_at, state, attempts, next_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

pub(super) fn write(place: Place<'_>, changes: &Changes) -> Result<Calls, StoreError> {
    let mut calls = Calls::default();
    let mut settle = place.connection.prepare_cached(SETTLE).map_err(failure)?;
    for settled in &changes.settled {
        let state = StateColumns::of(&settled.state);
        settle
            .execute(params![
                place.seller.0,
                settled.id.0,
                state.state,
                state.attempts,
                state.next_at,
                state.ended_at,
                state.last_error,
            ])
            .map_err(failure)?;
        calls.settled.push(settled.id);
    }
    let mut add = place.connection.prepare_cached(ADD).map_err(failure)?;
    for outward in &changes.outward {
        let receiver = receiver_text(&outward.receiver)?;
        if has_pending_call(place.connection, place.seller, outward.tid, &receiver)?.is_none() {
            calls.given.push(outward.id);
        }
        let state = StateColumns::fresh(outward);
        add.execute(params![
            place.seller.0,
            outward.id.0,
            place.version,
            outward.tid.0,
            receiver,
            to_doc(&outward.message)?,
            outward.made_at.0,
            state.state,
            state.attempts,
            state.next_at,
        ])
        .map_err(failure)?;
    }
    Ok(calls)
}
