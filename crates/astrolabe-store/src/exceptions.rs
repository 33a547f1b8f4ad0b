//! Looking for exceptions: which, and where a page begins.

use astrolabe_core::exception::{ExceptionKind, ExceptionState};
use astrolabe_core::ids::{ExceptionId, LocationId};
use astrolabe_core::time::Timestamp;

/// Which exceptions are wanted. Those that are not closed come oldest first, closed ones newest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExceptionQuery {
    /// `None`: open and taken ones.
    pub state: Option<ExceptionState>,
    pub kind: Option<ExceptionKind>,
    /// Who took it.
    pub owner: Option<String>,
    pub location: Option<LocationId>,
    /// Opened before this instant.
    pub opened_before: Option<Timestamp>,
    /// The last of the page before.
    pub after: Option<ExceptionPlace>,
    pub limit: usize,
}

/// Where an exception stands in a list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ExceptionPlace {
    pub opened_at: Timestamp,
    pub id: ExceptionId,
}
