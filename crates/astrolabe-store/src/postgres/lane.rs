//! How a group gets its turn: a transaction that first takes its seller's row. A group needs no other row lock, so
//! two groups never wait for each other in a circle, on any number of nodes.
//!
//! A group costs four round trips: BEGIN with the lane's row, two rounds of loading, and all rows with COMMIT. A lane
//! that starts or catches up adds one; stored answers add one.

use std::time::Duration;

use deadpool_postgres::{Client, Object, Pool};

use astrolabe_core::ids::SellerId;

use crate::error::StoreError;
use crate::postgres::fields::{failure, no_connection};
use crate::rows::Fields;

/// A group reads and writes rows by their keys alone. Without these settings the planner, which has no statistics of a
/// young table and keeps the plan it made then, joins a few hundred keys to all of a seller's rows. Planning once for
/// all saves the rest.
const BEGIN: &str = "\
    BEGIN; \
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
    SET LOCAL plan_cache_mode = force_generic_plan";
/// How long a dropped group's ROLLBACK may take before its connection is thrown away instead.
const ROLLBACK_MAX: Duration = Duration::from_secs(5);
/// Dead connections that one group puts up with before it says so: after a failover the whole pool may be dead.
const DEAD_CONNECTIONS_MAX: usize = 20;

/// A connection with an open transaction. However it is dropped, the pool never sees the transaction again.
#[derive(Debug)]
pub(super) struct Turn {
    client: Option<Client>,
    ended: bool,
}

impl Turn {
    /// Waits for the seller's lane and says which version it is at. A pooled connection that turns out to be dead is
    /// replaced: nothing was decided yet.
    pub(super) async fn take(pool: &Pool, seller: SellerId) -> Result<(Self, i64), StoreError> {
        let mut left = DEAD_CONNECTIONS_MAX;
        loop {
            let client = pool.get().await.map_err(no_connection)?;
            // From here on the guard sees to it that whatever was begun is ended.
            let turn = Self { client: Some(client), ended: false };
            match turn.begin(seller).await {
                Ok(version) => return Ok((turn, version)),
                Err(_) if turn.client().is_closed() && left > 0 => left -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn begin(&self, seller: SellerId) -> Result<i64, StoreError> {
        let client = self.client();
        let lane = "SELECT version FROM seller_lane WHERE seller_id = $1 FOR UPDATE";
        let lane = client.prepare_cached(lane).await.map_err(failure)?;
        let key: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&seller.0];
        let (begun, row) = futures::join!(client.batch_execute(BEGIN), client.query_opt(&lane, key));
        begun.map_err(failure)?;
        row.map_err(failure)?.ok_or(StoreError::UnknownSeller(seller))?.int(0)
    }

    /// The connection, inside the transaction.
    pub(super) fn client(&self) -> &Client {
        self.client.as_ref().expect("taken out by drop alone")
    }

    /// COMMIT or ROLLBACK was sent: the connection may go back to the pool.
    pub(super) fn ended(&mut self) {
        self.ended = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if self.ended {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(roll_back(client));
            }
            // Without a runtime nobody can wait: a closed connection rolls back too.
            Err(_) => drop(Object::take(client)),
        }
    }
}

async fn roll_back(client: Client) {
    let rolled_back = tokio::time::timeout(ROLLBACK_MAX, client.batch_execute("ROLLBACK")).await;
    if !matches!(rolled_back, Ok(Ok(()))) {
        drop(Object::take(client));
    }
}
