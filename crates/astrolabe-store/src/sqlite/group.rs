//! A group on SQLite: calls into the writer thread, which serves nobody else until the group ends.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;

use async_trait::async_trait;
use tokio::sync::oneshot;

use astrolabe_core::ids::OutwardId;
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{Changes, Loaded, Names};

use crate::contract::{AnswerKey, ChangedSince, Group, Lease, SellerState, StoredAnswer};
use crate::error::StoreError;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What a group asks of the writer thread.
pub(super) enum GroupCall {
    LoadSeller(Reply<SellerState>),
    ChangedSince(i64, Reply<ChangedSince>),
    Load(Box<Names>, Reply<Loaded>),
    StoredAnswers(Vec<AnswerKey>, Timestamp, Reply<BTreeMap<AnswerKey, String>>),
    Commit(Box<GroupCommit>),
}

/// A group's last word.
pub(super) struct GroupCommit {
    pub(super) changes: Changes,
    pub(super) answers: Vec<StoredAnswer>,
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) reply: Reply<Vec<OutwardId>>,
}

/// One group; dropping it ends its turn and leaves nothing.
#[derive(Debug)]
pub(super) struct SqliteGroup {
    version: i64,
    calls: Sender<GroupCall>,
}

impl SqliteGroup {
    pub(super) fn new(version: i64, calls: Sender<GroupCall>) -> Self {
        Self { version, calls }
    }

    async fn ask<T>(&self, call: impl FnOnce(Reply<T>) -> GroupCall) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.calls.send(call(reply)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

/// The writer thread gave the turn to others before the group ended.
fn ended() -> StoreError {
    StoreError::Conflict("the group took too long and was undone".to_owned())
}

#[async_trait]
impl Group for SqliteGroup {
    fn version(&self) -> i64 {
        self.version
    }

    async fn load_seller(&mut self) -> Result<SellerState, StoreError> {
        self.ask(GroupCall::LoadSeller).await
    }

    async fn changed_since(&mut self, version: i64) -> Result<ChangedSince, StoreError> {
        self.ask(|reply| GroupCall::ChangedSince(version, reply)).await
    }

    async fn load(&mut self, names: &Names) -> Result<Loaded, StoreError> {
        if names.is_empty() {
            return Ok(Loaded::default());
        }
        let names = Box::new(names.clone());
        self.ask(|reply| GroupCall::Load(names, reply)).await
    }

    async fn stored_answers(
        &mut self,
        keys: &[AnswerKey],
        now: Timestamp,
    ) -> Result<BTreeMap<AnswerKey, String>, StoreError> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let keys = keys.to_vec();
        self.ask(|reply| GroupCall::StoredAnswers(keys, now, reply)).await
    }

    async fn commit(
        self: Box<Self>,
        changes: Changes,
        answers: Vec<StoredAnswer>,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Vec<OutwardId>, StoreError> {
        self.ask(|reply| GroupCall::Commit(Box::new(GroupCommit { changes, answers, lease, now, reply }))).await
    }
}
