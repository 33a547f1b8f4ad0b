//! What can go wrong between us and the database. None of it is ever "out of stock".

use thiserror::Error;

/// A storage failure.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database cannot be reached or closed the connection; nothing of the transaction is known to be kept unless
    /// the error came from COMMIT, which is [`StoreError::CommitUnknown`].
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// COMMIT was sent and its answer never came: the group may or may not stand.
    #[error("commit outcome unknown: {0}")]
    CommitUnknown(String),
    /// 40001, 40P01, 55P03, SQLITE_BUSY: the same transaction may succeed when tried again.
    #[error("conflict, to be retried: {0}")]
    Conflict(String),
    /// The database refused a row (a constraint): a bug of ours, never the caller's fault.
    #[error("row refused: {0}")]
    Constraint(String),
    /// What lies in the database cannot be read by this version.
    #[error("cannot read stored data: {0}")]
    Corrupt(String),
    /// The schema is newer than this program, or a migration was changed after it ran.
    #[error("schema: {0}")]
    Schema(String),
    /// The seller is not declared.
    #[error("seller {0} is not declared")]
    UnknownSeller(astrolabe_core::ids::SellerId),
}
