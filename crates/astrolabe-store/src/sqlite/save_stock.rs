//! Balances, ledger, holds, bills and queues of one group. The rows of a reservation are the most frequent ones there
//! are: each statement is prepared once a group.

use rusqlite::params;

use astrolabe_core::ids::HoldKey;
use astrolabe_core::stock::hold::AheadHold;
use astrolabe_core::world::{Changes, SlotChange};

use crate::error::StoreError;
use crate::rows::{
    CauseColumns, ahead_columns, ahead_state_code, bill_columns, cell_columns, class_code, count, entry_code,
    entry_columns, queue_outcome, quiet_articles, reservation_columns, role_code, to_doc, to_word,
};
use crate::sqlite::fields::{failure, run};
use crate::sqlite::save::Place;

pub(super) fn write(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    cells(place, changes)?;
    entries(place, changes)?;
    for article in quiet_articles(&changes.stock) {
        note_change(place, 0, article.0)?;
    }
    reservations(place, changes)?;
    ahead(place, &changes.ahead)?;
    bills(place, changes)?;
    queue(place, changes)?;
    discrepancies(place, changes)
}

/// A line of the change log: 0 an article, 1 a listing.
pub(super) fn note_change(place: Place<'_>, kind: i16, id: i64) -> Result<(), StoreError> {
    run(
        place.connection,
        "INSERT INTO lane_change (seller_id, version, kind, id) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (seller_id, version, kind, id) DO NOTHING",
        (place.seller.0, place.version, kind, id),
    )?;
    Ok(())
}

const PUT_CELL: &str = concat!(
    "INSERT INTO stock_cell (seller_id, ",
    cell_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
     ON CONFLICT (seller_id, sc_item, location_id, class, channel) DO UPDATE SET \
     on_hand = excluded.on_hand, reserved = excluded.reserved, unreported = excluded.unreported, \
     suspect = excluded.suspect, initialised = excluded.initialised, \
     reported_at = excluded.reported_at, overwritten_at = excluded.overwritten_at, \
     unreported_due = excluded.unreported_due, unreported_late = excluded.unreported_late"
);

fn cells(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    let mut put = place.connection.prepare_cached(PUT_CELL).map_err(failure)?;
    for (key, cell) in &changes.stock.cells {
        put.execute(params![
            place.seller.0,
            key.sc_item.0,
            key.location.0,
            class_code(key.class),
            key.channel.0,
            cell.on_hand,
            cell.reserved,
            cell.unreported,
            cell.suspect,
            cell.initialised,
            cell.reported_at.map(|at| at.0),
            cell.overwritten_at.map(|at| at.0),
            cell.unreported_due.map(|at| at.0),
            cell.unreported_late,
        ])
        .map_err(failure)?;
    }
    Ok(())
}

const ADD_ENTRY: &str = concat!(
    "INSERT INTO stock_entry (seller_id, version, n, ",
    entry_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
);

fn entries(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    let mut add = place.connection.prepare_cached(ADD_ENTRY).map_err(failure)?;
    for (n, entry) in changes.stock.entries.iter().enumerate() {
        let cause = CauseColumns::of(&entry.cause);
        add.execute(params![
            place.seller.0,
            place.version,
            count(n),
            entry.cell.sc_item.0,
            entry.cell.location.0,
            class_code(entry.cell.class),
            entry.cell.channel.0,
            entry_code(entry.kind),
            entry.on_hand,
            entry.reserved,
            entry.unreported,
            cause.cause,
            cause.tid,
            cause.oid,
            cause.code,
            cause.key,
            entry.happened.0,
            entry.learnt.0,
        ])
        .map_err(failure)?;
    }
    Ok(())
}

const PUT_RESERVATION: &str = concat!(
    "INSERT INTO reservation (seller_id, ",
    reservation_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
     ON CONFLICT (seller_id, tid, reservation_id) DO UPDATE SET \
     oid = excluded.oid, code = excluded.code, sc_item = excluded.sc_item, location_id = excluded.location_id, \
     class = excluded.class, channel = excluded.channel, role = excluded.role, units = excluded.units, \
     made_at = excluded.made_at"
);

fn reservations(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for (tid, id) in &changes.gone_reservations {
        run(
            place.connection,
            "DELETE FROM reservation WHERE seller_id = ?1 AND tid = ?2 AND reservation_id = ?3",
            (place.seller.0, tid.0, id.0),
        )?;
    }
    let mut put = place.connection.prepare_cached(PUT_RESERVATION).map_err(failure)?;
    for held in &changes.put_reservations {
        put.execute(params![
            place.seller.0,
            held.tid.0,
            held.id.0,
            held.oid.0,
            held.code.map(|code| code.0),
            held.cell.sc_item.0,
            held.cell.location.0,
            class_code(held.cell.class),
            held.cell.channel.0,
            role_code(held.role),
            held.units,
            held.made_at.0,
        ])
        .map_err(failure)?;
    }
    Ok(())
}

const ADD_AHEAD: &str = concat!(
    "INSERT INTO ahead_hold (seller_id, ",
    ahead_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
);

/// A hold that only changed its state keeps its rows; another one gets its parts anew.
fn ahead(place: Place<'_>, changes: &[SlotChange<HoldKey, AheadHold>]) -> Result<(), StoreError> {
    let mut add = place.connection.prepare_cached(ADD_AHEAD).map_err(failure)?;
    for change in changes {
        let kept = match (&change.before, &change.after) {
            (Some(before), Some(after)) => end_in_place(place, before, after)?,
            (Some(_), None) => {
                delete_ahead(place, &change.key)?;
                true
            }
            (None, Some(_) | None) => false,
        };
        let Some(hold) = change.after.as_ref().filter(|_| !kept) else { continue };
        let (state, tid, oid) = ahead_state_code(&hold.state);
        for (n, part) in hold.parts.iter().enumerate() {
            add.execute(params![
                place.seller.0,
                hold.key.0,
                count(n),
                hold.item.0,
                hold.sku.0,
                hold.sc_item.0,
                hold.quantity,
                state,
                tid,
                oid,
                part.cell.sc_item.0,
                part.cell.location.0,
                class_code(part.cell.class),
                part.cell.channel.0,
                part.units,
                hold.made_at.0,
                hold.expires_at.0,
            ])
            .map_err(failure)?;
        }
    }
    Ok(())
}

/// Whether the hold's rows could stay, with another state; otherwise they are gone now.
fn end_in_place(place: Place<'_>, before: &AheadHold, after: &AheadHold) -> Result<bool, StoreError> {
    if *after != (AheadHold { state: after.state.clone(), ..before.clone() }) {
        delete_ahead(place, &before.key)?;
        return Ok(false);
    }
    let (state, tid, oid) = ahead_state_code(&after.state);
    run(
        place.connection,
        "UPDATE ahead_hold SET state = ?3, tid = ?4, oid = ?5 WHERE seller_id = ?1 AND hold_key = ?2",
        params![place.seller.0, before.key.0, state, tid, oid],
    )?;
    Ok(true)
}

fn delete_ahead(place: Place<'_>, key: &HoldKey) -> Result<(), StoreError> {
    run(
        place.connection,
        "DELETE FROM ahead_hold WHERE seller_id = ?1 AND hold_key = ?2",
        params![place.seller.0, key.0],
    )?;
    Ok(())
}

const ADD_BILL: &str = concat!(
    "INSERT INTO stock_bill (seller_id, ",
    bill_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
);

fn bills(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    let mut add = place.connection.prepare_cached(ADD_BILL).map_err(failure)?;
    for (key, bill) in &changes.bills {
        add.execute(params![
            place.seller.0,
            key.bill_num.0,
            key.location.0,
            key.sc_item.0,
            class_code(key.class),
            to_word(&bill.kind)?,
            bill.quantity,
            bill.final_quantity,
            bill.book_change,
            bill.operated_at.0,
            bill.applied_at.0,
        ])
        .map_err(failure)?;
    }
    for (key, record) in &changes.adjusts {
        run(
            place.connection,
            "INSERT INTO stock_adjust (seller_id, bill_num, oid, doc) VALUES (?1, ?2, ?3, ?4)",
            params![place.seller.0, key.bill_num.0, key.oid.0, to_doc(record)?],
        )?;
    }
    Ok(())
}

fn queue(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for ((sc_item, pay_time, tid, oid), waiting) in queue_outcome(&changes.stock.queue) {
        match waiting {
            Some(waiting) => run(
                place.connection,
                "INSERT INTO shortage_queue (seller_id, sc_item, pay_time, tid, oid, units, passed) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (seller_id, sc_item, pay_time, tid, oid) \
                 DO UPDATE SET units = excluded.units, passed = excluded.passed",
                params![place.seller.0, sc_item.0, pay_time.0, tid.0, oid.0, waiting.units, waiting.passed],
            )?,
            None => run(
                place.connection,
                "DELETE FROM shortage_queue \
                 WHERE seller_id = ?1 AND sc_item = ?2 AND pay_time = ?3 AND tid = ?4 AND oid = ?5",
                (place.seller.0, sc_item.0, pay_time.0, tid.0, oid.0),
            )?,
        };
    }
    Ok(())
}

fn discrepancies(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for (n, found) in changes.stock.discrepancies.iter().enumerate() {
        run(
            place.connection,
            "INSERT INTO discrepancy (seller_id, version, n, sc_item, location_id, class, channel, \
                                      kind, expected, reported, cause, at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                place.seller.0,
                place.version,
                count(n),
                found.cell.sc_item.0,
                found.cell.location.0,
                class_code(found.cell.class),
                found.cell.channel.0,
                found.kind.name(),
                found.expected,
                found.reported,
                to_doc(&found.cause)?,
                found.at.0,
            ],
        )?;
    }
    Ok(())
}
