//! Exceptions: what a group does to them, and lists of them.

use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;

use astrolabe_core::exception::{Exception, ExceptionChange, Raised};
use astrolabe_core::ids::{ExceptionId, SellerId, Tid};
use astrolabe_core::world::Changes;

use crate::error::StoreError;
use crate::exceptions::ExceptionQuery;
use crate::postgres::fields::{all, first};
use crate::postgres::save::Writing;
use crate::postgres::script::{Script, value};
use crate::rows::{Given, exception, exception_columns, exception_list, to_doc};

const RAISE: &str = "\
    INSERT INTO exception (seller_id, exception_id, kind, subject, tid, oid, location_id, opened_at, last_at, times, detail) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1, $9) \
    ON CONFLICT (seller_id, subject, kind) WHERE NOT closed \
    DO UPDATE SET times = exception.times + 1, last_at = excluded.last_at, detail = excluded.detail";

const GONE: &str = "\
    UPDATE exception SET closed = true, closed_at = ended.at, how = ended.why \
    FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[]) AS ended (about, what, at, why) \
    WHERE seller_id = $1 AND subject = ended.about AND kind = ended.what AND NOT closed";

const PUT: &str = "\
    UPDATE exception SET owner = $3, notes = $4, closed = $5, closed_at = $6, closed_by = $7, how = $8 \
    WHERE seller_id = $1 AND exception_id = $2 AND NOT closed";

/// Causes that ended one after the other, as columns.
#[derive(Debug, Default)]
struct Ended {
    subjects: Vec<String>,
    kinds: Vec<&'static str>,
    at: Vec<i64>,
    how: Vec<&'static str>,
}

/// In the order in which they happened. What is closed stays as it is.
pub(super) fn write(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    let mut ended = Ended::default();
    for change in &changes.exceptions {
        match change {
            ExceptionChange::Gone { kind, subject, how, at } => {
                ended.subjects.push(to_doc(subject)?);
                ended.kinds.push(kind.name());
                ended.at.push(at.0);
                ended.how.push(how);
            }
            ExceptionChange::Raised(raised) => {
                end(script, writing, &mut ended);
                raise(script, writing, raised)?;
            }
            ExceptionChange::Put(changed) => {
                end(script, writing, &mut ended);
                put(script, writing, changed)?;
            }
        }
    }
    end(script, writing, &mut ended);
    Ok(())
}

fn end(script: &mut Script, writing: Writing, ended: &mut Ended) {
    let Ended { subjects, kinds, at, how } = std::mem::take(ended);
    if !subjects.is_empty() {
        script.add(GONE, vec![value(writing.seller.0), value(subjects), value(kinds), value(at), value(how)]);
    }
}

fn raise(script: &mut Script, writing: Writing, raised: &Raised) -> Result<(), StoreError> {
    let given = vec![
        value(writing.seller.0),
        value(raised.id.0),
        value(raised.kind.name()),
        value(to_doc(&raised.subject)?),
        value(raised.subject.tid().map(|tid| tid.0)),
        value(raised.subject.oid().map(|oid| oid.0)),
        value(raised.location.map(|location| location.0)),
        value(raised.at.0),
        value(raised.detail.clone()),
    ];
    script.add(RAISE, given);
    Ok(())
}

fn put(script: &mut Script, writing: Writing, changed: &Exception) -> Result<(), StoreError> {
    let closing = changed.closing.as_ref();
    let given = vec![
        value(writing.seller.0),
        value(changed.id.0),
        value(changed.owner.clone()),
        value(to_doc(&changed.notes)?),
        value(closing.is_some()),
        value(closing.map(|closing| closing.at.0)),
        value(closing.and_then(|closing| closing.by.clone())),
        value(closing.map(|closing| closing.how.clone())),
    ];
    script.add(PUT, given);
    Ok(())
}

/// One exception.
pub(super) async fn one(
    client: &impl GenericClient,
    seller: SellerId,
    id: ExceptionId,
) -> Result<Option<Exception>, StoreError> {
    let row = concat!("SELECT ", exception_columns!(), " FROM exception WHERE seller_id = $1 AND exception_id = $2");
    first(client, row, &[&seller.0, &id.0], exception).await
}

/// All exceptions of a trade, oldest first.
pub(super) async fn of_trade(
    client: &impl GenericClient,
    seller: SellerId,
    tid: Tid,
) -> Result<Vec<Exception>, StoreError> {
    let rows = concat!(
        "SELECT ",
        exception_columns!(),
        " FROM exception WHERE seller_id = $1 AND tid = $2 ORDER BY opened_at, exception_id"
    );
    all(client, rows, &[&seller.0, &tid.0], exception).await
}

/// A page.
pub(super) async fn page(
    client: &impl GenericClient,
    seller: SellerId,
    query: &ExceptionQuery,
) -> Result<Vec<Exception>, StoreError> {
    let (sql, values) = exception_list(query, seller.0, '$', |truth| if truth { "true" } else { "false" });
    let given: Vec<&(dyn ToSql + Sync)> = values
        .iter()
        .map(|value| match value {
            Given::Number(number) => number as &(dyn ToSql + Sync),
            Given::Word(word) => word as &(dyn ToSql + Sync),
        })
        .collect();
    all(client, &sql, &given, exception).await
}
