//! Exceptions as columns, and the conditions of a list of them.

use astrolabe_core::exception::{Closing, Exception, ExceptionState};
use astrolabe_core::ids::{ExceptionId, LocationId};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::exceptions::ExceptionQuery;
use crate::rows::{Fields, from_doc};

/// The columns of an exception, as [`exception`] reads them.
macro_rules! exception_columns {
    () => {
        "exception_id, kind, subject, location_id, owner, opened_at, last_at, times, detail, notes, \
         closed, closed_at, closed_by, how"
    };
}
pub(crate) use exception_columns;

pub(crate) fn exception(row: &impl Fields) -> Result<Exception, StoreError> {
    let word = row.text(1)?;
    let kind = word.parse().map_err(|_| StoreError::Corrupt(format!("{word:?} is no kind of exception")))?;
    let owner = row.opt_text(4)?;
    let closing = match row.flag(10)? {
        false => None,
        true => Some(Closing {
            at: Timestamp(row.opt_int(11)?.unwrap_or_default()),
            by: row.opt_text(12)?,
            how: row.opt_text(13)?.unwrap_or_default(),
        }),
    };
    let state = match (&closing, &owner) {
        (Some(_), _) => ExceptionState::Closed,
        (None, Some(_)) => ExceptionState::Taken,
        (None, None) => ExceptionState::Open,
    };
    Ok(Exception {
        id: ExceptionId(row.int(0)?),
        kind,
        subject: from_doc(&row.text(2)?)?,
        location: row.opt_int(3)?.map(LocationId),
        state,
        owner,
        opened_at: Timestamp(row.int(5)?),
        last_at: Timestamp(row.int(6)?),
        times: row.int(7)?,
        detail: row.text(8)?,
        notes: from_doc(&row.text(9)?)?,
        closing,
    })
}

/// A value of a list's condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Given {
    Number(i64),
    Word(String),
}

/// The list's statement for a database that writes parameters with `mark` and a truth as given, and its values. Only what
/// is asked becomes a condition, so that each question finds its own index.
pub(crate) fn exception_list(
    query: &ExceptionQuery,
    seller: i64,
    mark: char,
    truth: impl Fn(bool) -> &'static str,
) -> (String, Vec<Given>) {
    let is_closed = query.state == Some(ExceptionState::Closed);
    let (order, beyond) = if is_closed { ("DESC", "<") } else { ("ASC", ">") };
    let mut values = vec![Given::Number(seller)];
    let mut wanted = format!("seller_id = {mark}1 AND closed = {}", truth(is_closed));
    let mut add = |condition: &str, value: Given| {
        values.push(value);
        wanted += &format!(" AND {condition} {mark}{}", values.len());
    };
    if let Some(kind) = query.kind {
        add("kind =", Given::Word(kind.name().to_owned()));
    }
    if let Some(owner) = &query.owner {
        add("owner =", Given::Word(owner.clone()));
    }
    if let Some(location) = query.location {
        add("location_id =", Given::Number(location.0));
    }
    if let Some(before) = query.opened_before {
        add("opened_at <", Given::Number(before.0));
    }
    match query.state {
        Some(ExceptionState::Open) => wanted += " AND owner IS NULL",
        Some(ExceptionState::Taken) => wanted += " AND owner IS NOT NULL",
        Some(ExceptionState::Closed) | None => {}
    }
    if let Some(after) = query.after {
        values.push(Given::Number(after.opened_at.0));
        values.push(Given::Number(after.id.0));
        let (at, id) = (values.len() - 1, values.len());
        wanted += &format!(" AND (opened_at, exception_id) {beyond} ({mark}{at}, {mark}{id})");
    }
    values.push(Given::Number(crate::rows::count(query.limit)));
    let columns = exception_columns!();
    let sql = format!(
        "SELECT {columns} FROM exception WHERE {wanted} \
         ORDER BY opened_at {order}, exception_id {order} LIMIT {mark}{}",
        values.len()
    );
    (sql, values)
}
