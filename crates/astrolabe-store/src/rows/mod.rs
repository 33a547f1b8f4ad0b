//! How things of the business become columns and come back: the half of storing that both databases share. No SQL is
//! run here; the column lists are the one order in which both write and read.

mod attempts;
mod codes;
mod directory;
mod exceptions;
mod figures;
mod goods;
mod lists;
mod orders;
mod outward;
mod overview;
mod settlement;
mod snapshot;
mod sources;
mod stock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

pub(crate) use attempts::{NEWEST, attempt, attempt_columns, attempt_key, newest_forgotten};
pub(crate) use codes::{CauseColumns, class_code, entry_code, holder_kind, role_code, service_code};
pub(crate) use directory::{DirectoryKind, DirectoryRows, SellerRow, directory_rows, subscription};
pub(crate) use exceptions::{Given, exception, exception_columns, exception_list};
pub(crate) use figures::{
    CUTS, FigureColumns, FigureScan, add_measure, figure_columns, gather, grain_code, metric_code, scans, spread_text,
};
pub(crate) use goods::{ItemGather, item_doc, item_tags, location, mapping, sc_item, seller};
pub(crate) use lists::{push_user, push_user_columns, sold_by};
pub(crate) use orders::{
    FileGather, assignment, day_load, fact_columns, is_open, placed_fact, reservation, reservation_columns,
    timeline_fact, trade, trade_awaits, trade_place, work,
};
pub(crate) use outward::{
    StateColumns, due_outward, outward_columns, outward_state_columns, outward_view, receiver_text,
};
pub(crate) use overview::ShownStates;
pub(crate) use settlement::{
    activated_set, balance, entry_of, entry_rows, gains, pending, posting, posting_columns, rule_set, rule_set_columns,
    rule_set_state, settlement_fault, statement_line, with_entries,
};
pub(crate) use snapshot::{ahead_facts, report, stranger};
pub(crate) use sources::{source_exception, source_state};
pub(crate) use stock::{
    AheadGather, ArticleGather, adjust, ahead_columns, ahead_state_code, bill, bill_columns, cell, cell_columns,
    cell_key, entry, entry_columns, queue_outcome, quiet_articles, waiting,
};

/// One row as a driver gives it, by column number.
pub(crate) trait Fields {
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn code(&self, column: usize) -> Result<i16, StoreError>;
    fn flag(&self, column: usize) -> Result<bool, StoreError>;
    fn text(&self, column: usize) -> Result<String, StoreError>;
    fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError>;
}

/// A document column.
pub(crate) fn to_doc(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(format!("cannot write as JSON: {error}")))
}

/// What a document column says.
pub(crate) fn from_doc<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        let kind = std::any::type_name::<T>();
        StoreError::Corrupt(format!("a stored {kind} does not read: {error}"))
    })
}

/// The stable word of a unit variant.
pub(crate) fn to_word(value: &impl Serialize) -> Result<String, StoreError> {
    let mut quoted = to_doc(value)?;
    quoted.retain(|letter| letter != '"');
    Ok(quoted)
}

/// The unit variant that a word names.
pub(crate) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word))
        .map_err(|error| StoreError::Corrupt(format!("an unknown word is stored: {error}")))
}

/// A count in a column.
pub(crate) fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Rows to take and rows to skip for a page, counted from 1.
pub(crate) fn page_window(page: i64, per_page: i64) -> (i64, i64) {
    let rows = per_page.max(0);
    (rows, page.saturating_sub(1).max(0).saturating_mul(rows))
}
