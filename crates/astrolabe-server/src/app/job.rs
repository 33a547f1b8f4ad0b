//! A command on its way through a lane, and what comes back.

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::ids::{LocationId, ScItemId};
use astrolabe_core::refusal::Refusal;
use astrolabe_store::AnswerKey;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::oneshot;

/// One command waiting for a seller's lane.
#[derive(Debug)]
pub struct Job {
    pub command: Command,
    /// For writes without a business key: a repeat of the same signed request gets the first answer.
    pub answer_key: Option<AnswerKey>,
    /// Nobody listens for the platform's own work.
    pub reply: Option<oneshot::Sender<LaneAnswer>>,
}

/// What a lane answers, always after the commit.
pub type LaneAnswer = Result<Outcome, LaneError>;

/// Why a command was not carried out.
#[derive(Clone, Debug, Error)]
pub enum LaneError {
    /// Decided, and refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The lane's queue is full; nothing was done.
    #[error("too many commands are waiting; nothing was done")]
    Busy,
    /// The database failed; the command may be repeated.
    #[error("storage failed: {0}")]
    Storage(String),
    /// Deciding this command panicked; its changes were dropped and the group went on.
    #[error("an internal error was logged")]
    Bug,
    /// The server is stopping, or the answer took longer than a caller waits.
    #[error("no answer in time; repeat the call")]
    TimedOut,
}

/// An outcome as it is kept for repeats. Only the outcomes of commands without a business key are.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Done,
    StoreCreated(LocationId),
    ScItemAdded(ScItemId),
    Mapped(String),
    Unmapped(i64),
}

/// The outcome as text, where it is one that is kept.
pub(super) fn keep(outcome: &Outcome) -> Option<String> {
    let kept = match outcome {
        Outcome::Done => Kept::Done,
        Outcome::StoreCreated(id) => Kept::StoreCreated(*id),
        Outcome::ScItemAdded(id) => Kept::ScItemAdded(*id),
        Outcome::Mapped { outer_code } => Kept::Mapped(outer_code.clone()),
        Outcome::Unmapped { mappings } => Kept::Unmapped(*mappings),
        Outcome::Bills(_) | Outcome::Reserved { .. } | Outcome::Released { .. } | Outcome::Seen { .. } => return None,
    };
    serde_json::to_string(&kept).ok()
}

/// The outcome a kept text stands for.
pub(super) fn recall(body: &str) -> Option<Outcome> {
    Some(match serde_json::from_str(body).ok()? {
        Kept::Done => Outcome::Done,
        Kept::StoreCreated(id) => Outcome::StoreCreated(id),
        Kept::ScItemAdded(id) => Outcome::ScItemAdded(id),
        Kept::Mapped(outer_code) => Outcome::Mapped { outer_code },
        Kept::Unmapped(mappings) => Outcome::Unmapped { mappings },
    })
}
