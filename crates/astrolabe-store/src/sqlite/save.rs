//! Writing one group: its rows in order of the tables, then the lane's own row. Nothing here commits.

use rusqlite::{Connection, params};

use astrolabe_core::ids::{OutwardId, SellerId};
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::Changes;

use crate::contract::{ANSWERS_KEPT, StoredAnswer};
use crate::error::StoreError;
use crate::sqlite::fields::{failure, run};
use crate::sqlite::{exceptions, push, save_goods, save_orders, save_outward, save_stock};

/// What becomes of the calls outward that a group names.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// New ones that the caller may make at once.
    pub(super) given: Vec<OutwardId>,
    pub(super) settled: Vec<OutwardId>,
}

/// A group's place in its seller's history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'c> {
    pub(super) connection: &'c Connection,
    pub(super) seller: SellerId,
    /// The version that the group makes.
    pub(super) version: i64,
}

/// Writes a group that was decided on `version`.
pub(super) fn group(
    connection: &Connection,
    seller: SellerId,
    version: i64,
    changes: Changes,
    answers: &[StoredAnswer],
    now: Timestamp,
) -> Result<Calls, StoreError> {
    let place = Place { connection, seller, version: version + 1 };
    save_goods::write(place, &changes)?;
    save_stock::write(place, &changes)?;
    save_orders::write(place, &changes)?;
    exceptions::write(place, &changes)?;
    let calls = save_outward::write(place, &changes)?;
    push::write(place, &changes)?;
    keep_answers(place, answers, now)?;
    let places_changed = !changes.locations.is_empty() || !changes.push_users.is_empty();
    let bumped = run(
        connection,
        "UPDATE seller_lane SET version = ?3, places_version = CASE WHEN ?4 THEN ?3 ELSE places_version END \
         WHERE seller_id = ?1 AND version = ?2",
        params![seller.0, version, place.version, places_changed],
    )?;
    if bumped == 1 {
        Ok(calls)
    } else {
        Err(StoreError::Conflict(format!("the lane of seller {seller} is no longer at version {version}")))
    }
}

fn keep_answers(place: Place<'_>, answers: &[StoredAnswer], now: Timestamp) -> Result<(), StoreError> {
    if answers.is_empty() {
        return Ok(());
    }
    let oldest = now.0 - ANSWERS_KEPT.0;
    run(place.connection, "DELETE FROM stored_answer WHERE seller_id = ?1 AND kept_at < ?2", (place.seller.0, oldest))?;
    let mut put = place
        .connection
        .prepare_cached(
            "INSERT INTO stored_answer (seller_id, app_key, sign, body, kept_at) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (seller_id, app_key, sign) DO UPDATE SET body = excluded.body, kept_at = excluded.kept_at",
        )
        .map_err(failure)?;
    for answer in answers {
        put.execute(params![place.seller.0, answer.key.app.0, answer.key.sign, answer.body, now.0]).map_err(failure)?;
    }
    Ok(())
}
