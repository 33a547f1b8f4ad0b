//! A group on PostgreSQL: a transaction that holds its seller's lane.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deadpool_postgres::Pool;

use astrolabe_core::ids::{OutwardId, SellerId};
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{Changes, Loaded, Names};

use crate::contract::{AnswerKey, ChangedSince, Group, Lease, SellerState, StoredAnswer};
use crate::error::StoreError;
use crate::postgres::lane::Turn;
use crate::postgres::{load, save};

/// One group; dropping it rolls back.
#[derive(Debug)]
pub(super) struct PostgresGroup {
    turn: Turn,
    seller: SellerId,
    version: i64,
}

impl PostgresGroup {
    pub(super) async fn begin(pool: &Pool, seller: SellerId) -> Result<Self, StoreError> {
        let (turn, version) = Turn::take(pool, seller).await?;
        Ok(Self { turn, seller, version })
    }
}

#[async_trait]
impl Group for PostgresGroup {
    fn version(&self) -> i64 {
        self.version
    }

    async fn load_seller(&mut self) -> Result<SellerState, StoreError> {
        load::seller(self.turn.client(), self.seller).await
    }

    async fn changed_since(&mut self, version: i64) -> Result<ChangedSince, StoreError> {
        load::changed_since(self.turn.client(), self.seller, version).await
    }

    async fn load(&mut self, names: &Names) -> Result<Loaded, StoreError> {
        if names.is_empty() {
            return Ok(Loaded::default());
        }
        load::names(self.turn.client(), self.seller, names).await
    }

    async fn stored_answers(
        &mut self,
        keys: &[AnswerKey],
        now: Timestamp,
    ) -> Result<BTreeMap<AnswerKey, String>, StoreError> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        load::stored_answers(self.turn.client(), self.seller, keys, now).await
    }

    async fn commit(
        mut self: Box<Self>,
        changes: Changes,
        answers: Vec<StoredAnswer>,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Vec<OutwardId>, StoreError> {
        let group = save::Writing { seller: self.seller, version: self.version + 1, lease, now };
        let script = save::group(group, &changes, answers)?;
        let prepared = script.statements.prepare(self.turn.client()).await?;
        let rows = prepared.commit(&mut self.turn).await?;
        script.calls.given(&rows)
    }
}
