//! Calls outward as columns.

use astrolabe_core::ids::{OutwardId, SellerId, Tid};
use astrolabe_core::outward::{Outward, OutwardState, Receiver};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::rows::codes::unknown;
use crate::rows::{Fields, from_doc, to_doc};
use crate::views::{DueOutward, OutwardView};

/// The columns of a call outward as it was made, and the attempts at it.
macro_rules! outward_columns {
    () => {
        "seller_id, outward_id, tid, receiver, message, made_at, attempts"
    };
}
pub(crate) use outward_columns;

/// The columns of how it stands, after those of [`outward_columns`].
macro_rules! outward_state_columns {
    () => {
        "state, next_at, ended_at, last_error"
    };
}
pub(crate) use outward_state_columns;

/// The receiver as a key column.
pub(crate) fn receiver_text(receiver: &Receiver) -> Result<String, StoreError> {
    to_doc(receiver)
}

/// How a call stands, as columns. `next_at` of a call that ended is when it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StateColumns {
    pub(crate) state: i16,
    pub(crate) attempts: i64,
    pub(crate) next_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) last_error: Option<String>,
}

impl StateColumns {
    pub(crate) fn of(state: &OutwardState) -> Self {
        let ended = |state: i16, attempts: u32, at: Timestamp, last_error: Option<String>| Self {
            state,
            attempts: i64::from(attempts),
            next_at: at.0,
            ended_at: Some(at.0),
            last_error,
        };
        match state {
            OutwardState::Pending { attempts, next_at, last_error } => Self {
                state: 0,
                attempts: i64::from(*attempts),
                next_at: next_at.0,
                ended_at: None,
                last_error: last_error.clone(),
            },
            OutwardState::Delivered { attempts, at } => ended(1, *attempts, *at, None),
            OutwardState::Dead { attempts, at, error } => ended(2, *attempts, *at, Some(error.clone())),
            OutwardState::Skipped { at } => ended(3, 0, *at, None),
        }
    }

    /// A call that was just made.
    pub(crate) fn fresh(outward: &Outward) -> Self {
        Self::of(&OutwardState::Pending { attempts: 0, next_at: outward.made_at, last_error: None })
    }
}

fn outward(row: &impl Fields) -> Result<Outward, StoreError> {
    Ok(Outward {
        id: OutwardId(row.int(1)?),
        tid: Tid(row.int(2)?),
        receiver: from_doc(&row.text(3)?)?,
        message: from_doc(&row.text(4)?)?,
        made_at: Timestamp(row.int(5)?),
    })
}

fn attempts(row: &impl Fields) -> Result<u32, StoreError> {
    let attempts = row.int(6)?;
    u32::try_from(attempts).map_err(|_| StoreError::Corrupt(format!("{attempts} attempts at a call")))
}

pub(crate) fn due_outward(row: &impl Fields) -> Result<DueOutward, StoreError> {
    Ok(DueOutward { seller: SellerId(row.int(0)?), outward: outward(row)?, attempts: attempts(row)? })
}

pub(crate) fn outward_view(row: &impl Fields) -> Result<OutwardView, StoreError> {
    let attempts = attempts(row)?;
    let at = Timestamp(row.int(8)?);
    let last_error = row.opt_text(10)?;
    let state = match row.code(7)? {
        0 => OutwardState::Pending { attempts, next_at: at, last_error },
        1 => OutwardState::Delivered { attempts, at },
        2 => OutwardState::Dead { attempts, at, error: last_error.unwrap_or_default() },
        3 => OutwardState::Skipped { at },
        other => return Err(unknown("state of a call outward", other)),
    };
    Ok(OutwardView { outward: outward(row)?, state })
}
