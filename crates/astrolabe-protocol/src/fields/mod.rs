//! Field definitions at work: reading any shape into the neutral tree and writing the tree into any shape.
//!
//! The one place that knows how a [`crate::catalogue::Kind`] looks as form text, JSON or XML. It knows no method, no
//! envelope and no signature. Callers: `request`, `answer`, `spi`, `client`.

pub(crate) mod check;
pub(crate) mod decode;
pub(crate) mod encode;

/// Which names a shape writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// `store_id`.
    Top,
    /// `storeId`.
    Qimen,
}
