//! Balances, ledger, holds, bills and queues of one group, a statement a table.

use astrolabe_core::stock::hold::{AheadHold, AheadPart};
use astrolabe_core::world::Changes;

use crate::error::StoreError;
use crate::postgres::save::Writing;
use crate::postgres::script::{Script, column, try_column, value};
use crate::rows::{
    CauseColumns, ahead_columns, ahead_state_code, bill_columns, cell_columns, class_code, count, entry_code,
    entry_columns, queue_outcome, quiet_articles, reservation_columns, role_code, to_doc, to_word,
};

pub(super) fn write(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    cells(script, writing, changes);
    entries(script, writing, changes);
    let mut articles = quiet_articles(&changes.stock);
    articles.extend(changes.sc_items.iter().map(|change| change.key));
    note_changes(script, writing, 0, articles.into_iter().map(|article| article.0).collect());
    reservations(script, writing, changes);
    ahead(script, writing, changes);
    bills(script, writing, changes)?;
    queue(script, writing, changes);
    discrepancies(script, writing, changes)
}

/// Lines of the change log: 0 articles, 1 listings.
pub(super) fn note_changes(script: &mut Script, writing: Writing, kind: i16, ids: Vec<i64>) {
    if !ids.is_empty() {
        script.add(
            "INSERT INTO lane_change (seller_id, version, kind, id) SELECT $1, $2, $3, id FROM unnest($4::bigint[]) AS id",
            vec![value(writing.seller.0), value(writing.version), value(kind), value(ids)],
        );
    }
}

const PUT_CELLS: &str = concat!(
    "INSERT INTO stock_cell (seller_id, ",
    cell_columns!(),
    ") SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[], \
                               $8::bigint[], $9::boolean[], $10::boolean[], $11::bigint[], $12::bigint[], \
                               $13::bigint[], $14::boolean[]) \
     ON CONFLICT (seller_id, sc_item, location_id, class, channel) DO UPDATE SET \
     on_hand = excluded.on_hand, reserved = excluded.reserved, unreported = excluded.unreported, \
     suspect = excluded.suspect, initialised = excluded.initialised, \
     reported_at = excluded.reported_at, overwritten_at = excluded.overwritten_at, \
     unreported_due = excluded.unreported_due, unreported_late = excluded.unreported_late"
);

fn cells(script: &mut Script, writing: Writing, changes: &Changes) {
    let cells = &changes.stock.cells;
    if cells.is_empty() {
        return;
    }
    script.add(
        PUT_CELLS,
        vec![
            value(writing.seller.0),
            column(cells, |(key, _)| key.sc_item.0),
            column(cells, |(key, _)| key.location.0),
            column(cells, |(key, _)| class_code(key.class)),
            column(cells, |(key, _)| key.channel.0),
            column(cells, |(_, cell)| cell.on_hand),
            column(cells, |(_, cell)| cell.reserved),
            column(cells, |(_, cell)| cell.unreported),
            column(cells, |(_, cell)| cell.suspect),
            column(cells, |(_, cell)| cell.initialised),
            column(cells, |(_, cell)| cell.reported_at.map(|at| at.0)),
            column(cells, |(_, cell)| cell.overwritten_at.map(|at| at.0)),
            column(cells, |(_, cell)| cell.unreported_due.map(|at| at.0)),
            column(cells, |(_, cell)| cell.unreported_late),
        ],
    );
}

const ADD_ENTRIES: &str = concat!(
    "INSERT INTO stock_entry (seller_id, version, n, ",
    entry_columns!(),
    ") SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], $7::bigint[], \
                                    $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::smallint[], \
                                    $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::bigint[], $18::bigint[])"
);

fn entries(script: &mut Script, writing: Writing, changes: &Changes) {
    let entries = &changes.stock.entries;
    if entries.is_empty() {
        return;
    }
    script.add(
        ADD_ENTRIES,
        vec![
            value(writing.seller.0),
            value(writing.version),
            column(0..entries.len(), count),
            column(entries, |entry| entry.cell.sc_item.0),
            column(entries, |entry| entry.cell.location.0),
            column(entries, |entry| class_code(entry.cell.class)),
            column(entries, |entry| entry.cell.channel.0),
            column(entries, |entry| entry_code(entry.kind)),
            column(entries, |entry| entry.on_hand),
            column(entries, |entry| entry.reserved),
            column(entries, |entry| entry.unreported),
            column(entries, |entry| CauseColumns::of(&entry.cause).cause),
            column(entries, |entry| CauseColumns::of(&entry.cause).tid),
            column(entries, |entry| CauseColumns::of(&entry.cause).oid),
            column(entries, |entry| CauseColumns::of(&entry.cause).code),
            column(entries, |entry| CauseColumns::of(&entry.cause).key.map(str::to_owned)),
            column(entries, |entry| entry.happened.0),
            column(entries, |entry| entry.learnt.0),
        ],
    );
}

const PUT_RESERVATIONS: &str = concat!(
    "INSERT INTO reservation (seller_id, ",
    reservation_columns!(),
    ") SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
                               $8::smallint[], $9::bigint[], $10::smallint[], $11::bigint[], $12::bigint[]) \
     ON CONFLICT (seller_id, tid, reservation_id) DO UPDATE SET \
     oid = excluded.oid, code = excluded.code, sc_item = excluded.sc_item, location_id = excluded.location_id, \
     class = excluded.class, channel = excluded.channel, role = excluded.role, units = excluded.units, \
     made_at = excluded.made_at"
);

fn reservations(script: &mut Script, writing: Writing, changes: &Changes) {
    let gone = &changes.gone_reservations;
    if !gone.is_empty() {
        script.add(
            "DELETE FROM reservation USING unnest($2::bigint[], $3::bigint[]) AS gone (trade, id) \
             WHERE seller_id = $1 AND tid = gone.trade AND reservation_id = gone.id",
            vec![value(writing.seller.0), column(gone, |(tid, _)| tid.0), column(gone, |(_, id)| id.0)],
        );
    }
    let put = &changes.put_reservations;
    if put.is_empty() {
        return;
    }
    script.add(
        PUT_RESERVATIONS,
        vec![
            value(writing.seller.0),
            column(put, |held| held.tid.0),
            column(put, |held| held.id.0),
            column(put, |held| held.oid.0),
            column(put, |held| held.code.map(|code| code.0)),
            column(put, |held| held.cell.sc_item.0),
            column(put, |held| held.cell.location.0),
            column(put, |held| class_code(held.cell.class)),
            column(put, |held| held.cell.channel.0),
            column(put, |held| role_code(held.role)),
            column(put, |held| held.units),
            column(put, |held| held.made_at.0),
        ],
    );
}

const ADD_AHEAD: &str = concat!(
    "INSERT INTO ahead_hold (seller_id, ",
    ahead_columns!(),
    ") SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
                               $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], \
                               $13::smallint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[])"
);

/// A hold that only changed its state keeps its rows; another one gets its parts anew.
fn ahead(script: &mut Script, writing: Writing, changes: &Changes) {
    let mut ended: Vec<&AheadHold> = Vec::new();
    let mut gone: Vec<String> = Vec::new();
    let mut new: Vec<&AheadHold> = Vec::new();
    for change in &changes.ahead {
        match (&change.before, &change.after) {
            (Some(before), Some(after)) if *after == (AheadHold { state: after.state.clone(), ..before.clone() }) => {
                ended.push(after);
            }
            (before, after) => {
                gone.extend(before.as_ref().map(|before| before.key.0.clone()));
                new.extend(after.as_ref());
            }
        }
    }
    if !gone.is_empty() {
        script.add(
            "DELETE FROM ahead_hold WHERE seller_id = $1 AND hold_key = ANY($2)",
            vec![value(writing.seller.0), value(gone)],
        );
    }
    if !ended.is_empty() {
        script.add(
            "UPDATE ahead_hold SET state = ended.state, tid = ended.tid, oid = ended.oid \
             FROM unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[]) AS ended (key, state, tid, oid) \
             WHERE seller_id = $1 AND hold_key = ended.key",
            vec![
                value(writing.seller.0),
                column(&ended, |hold| hold.key.0.clone()),
                column(&ended, |hold| ahead_state_code(&hold.state).0),
                column(&ended, |hold| ahead_state_code(&hold.state).1),
                column(&ended, |hold| ahead_state_code(&hold.state).2),
            ],
        );
    }
    let parts: Vec<(&AheadHold, usize, &AheadPart)> =
        new.iter().flat_map(|hold| hold.parts.iter().enumerate().map(|(n, part)| (*hold, n, part))).collect();
    if !parts.is_empty() {
        add_parts(script, writing, &parts);
    }
}

fn add_parts(script: &mut Script, writing: Writing, parts: &[(&AheadHold, usize, &AheadPart)]) {
    script.add(
        ADD_AHEAD,
        vec![
            value(writing.seller.0),
            column(parts, |(hold, _, _)| hold.key.0.clone()),
            column(parts, |(_, n, _)| count(*n)),
            column(parts, |(hold, _, _)| hold.item.0),
            column(parts, |(hold, _, _)| hold.sku.0),
            column(parts, |(hold, _, _)| hold.sc_item.0),
            column(parts, |(hold, _, _)| hold.quantity),
            column(parts, |(hold, _, _)| ahead_state_code(&hold.state).0),
            column(parts, |(hold, _, _)| ahead_state_code(&hold.state).1),
            column(parts, |(hold, _, _)| ahead_state_code(&hold.state).2),
            column(parts, |(_, _, part)| part.cell.sc_item.0),
            column(parts, |(_, _, part)| part.cell.location.0),
            column(parts, |(_, _, part)| class_code(part.cell.class)),
            column(parts, |(_, _, part)| part.cell.channel.0),
            column(parts, |(_, _, part)| part.units),
            column(parts, |(hold, _, _)| hold.made_at.0),
            column(parts, |(hold, _, _)| hold.expires_at.0),
        ],
    );
}

const ADD_BILLS: &str = concat!(
    "INSERT INTO stock_bill (seller_id, ",
    bill_columns!(),
    ") SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::smallint[], $6::text[], $7::bigint[], \
                               $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])"
);

fn bills(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    let bills = &changes.bills;
    if !bills.is_empty() {
        script.add(
            ADD_BILLS,
            vec![
                value(writing.seller.0),
                column(bills, |(key, _)| key.bill_num.0.clone()),
                column(bills, |(key, _)| key.location.0),
                column(bills, |(key, _)| key.sc_item.0),
                column(bills, |(key, _)| class_code(key.class)),
                try_column(bills, |(_, bill)| to_word(&bill.kind))?,
                column(bills, |(_, bill)| bill.quantity),
                column(bills, |(_, bill)| bill.final_quantity),
                column(bills, |(_, bill)| bill.book_change),
                column(bills, |(_, bill)| bill.operated_at.0),
                column(bills, |(_, bill)| bill.applied_at.0),
            ],
        );
    }
    let adjusts = &changes.adjusts;
    if !adjusts.is_empty() {
        script.add(
            "INSERT INTO stock_adjust (seller_id, bill_num, oid, doc) \
             SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[])",
            vec![
                value(writing.seller.0),
                column(adjusts, |(key, _)| key.bill_num.0.clone()),
                column(adjusts, |(key, _)| key.oid.0),
                try_column(adjusts, |(_, record)| to_doc(record))?,
            ],
        );
    }
    Ok(())
}

fn queue(script: &mut Script, writing: Writing, changes: &Changes) {
    let outcome = queue_outcome(&changes.stock.queue);
    let gone: Vec<_> = outcome.iter().filter(|(_, waiting)| waiting.is_none()).map(|(place, _)| *place).collect();
    if !gone.is_empty() {
        script.add(
            "DELETE FROM shortage_queue \
             USING unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS gone (article, paid, trade, line) \
             WHERE seller_id = $1 AND sc_item = gone.article AND pay_time = gone.paid AND tid = gone.trade \
               AND oid = gone.line",
            vec![
                value(writing.seller.0),
                column(&gone, |(sc_item, _, _, _)| sc_item.0),
                column(&gone, |(_, pay_time, _, _)| pay_time.0),
                column(&gone, |(_, _, tid, _)| tid.0),
                column(&gone, |(_, _, _, oid)| oid.0),
            ],
        );
    }
    let put: Vec<_> = outcome.iter().filter_map(|(place, waiting)| waiting.map(|waiting| (place.0, waiting))).collect();
    if !put.is_empty() {
        script.add(
            "INSERT INTO shortage_queue (seller_id, sc_item, pay_time, tid, oid, units, passed) \
             SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::boolean[]) \
             ON CONFLICT (seller_id, sc_item, pay_time, tid, oid) \
             DO UPDATE SET units = excluded.units, passed = excluded.passed",
            vec![
                value(writing.seller.0),
                column(&put, |(sc_item, _)| sc_item.0),
                column(&put, |(_, waiting)| waiting.pay_time.0),
                column(&put, |(_, waiting)| waiting.tid.0),
                column(&put, |(_, waiting)| waiting.oid.0),
                column(&put, |(_, waiting)| waiting.units),
                column(&put, |(_, waiting)| waiting.passed),
            ],
        );
    }
}

fn discrepancies(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    let found = &changes.stock.discrepancies;
    if found.is_empty() {
        return Ok(());
    }
    script.add(
        "INSERT INTO discrepancy (seller_id, version, n, sc_item, location_id, class, channel, \
                                  kind, expected, reported, cause, at) \
         SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], $7::bigint[], \
                                      $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[])",
        vec![
            value(writing.seller.0),
            value(writing.version),
            column(0..found.len(), count),
            column(found, |found| found.cell.sc_item.0),
            column(found, |found| found.cell.location.0),
            column(found, |found| class_code(found.cell.class)),
            column(found, |found| found.cell.channel.0),
            column(found, |found| found.kind.name()),
            column(found, |found| found.expected),
            column(found, |found| found.reported),
            try_column(found, |found| to_doc(&found.cause))?,
            column(found, |found| found.at.0),
        ],
    );
    Ok(())
}
