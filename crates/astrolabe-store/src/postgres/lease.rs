//! Leases on calls outward, in their rows: any node may die, and its leases run out.

use deadpool_postgres::Client;

use astrolabe_core::ids::SellerId;
use astrolabe_core::time::Timestamp;

use crate::contract::Lease;
use crate::error::StoreError;
use crate::postgres::fields::{all, failure, limit as most};
use crate::rows::{Fields, due_outward, outward_columns};
use crate::views::DueOutward;

const SELLERS: &str = "\
    SELECT seller_id FROM seller_lane AS lane WHERE EXISTS ( \
        SELECT 1 FROM outward AS call \
        WHERE call.seller_id = lane.seller_id AND call.state = 0 AND call.next_at <= $1 \
          AND (call.lease_until IS NULL OR call.lease_until <= $1)) \
    ORDER BY seller_id";

/// One statement a seller. It skips rows that a group is settling, so it never waits and nobody waits long for it. The sum keeps
/// PostgreSQL from looking for the earlier ones among all pending calls.
const TAKE: &str = concat!(
    "WITH due AS MATERIALIZED ( \
         SELECT outward_id AS id FROM outward AS call \
         WHERE seller_id = $1 AND state = 0 AND next_at <= $2 AND (lease_until IS NULL OR lease_until <= $2) \
           AND NOT EXISTS ( \
             SELECT 1 FROM outward AS earlier \
             WHERE earlier.seller_id = $1 AND earlier.tid = call.tid AND earlier.receiver = call.receiver \
               AND earlier.state + 0 = 0 AND (earlier.version, earlier.outward_id) < (call.version, call.outward_id)) \
         ORDER BY next_at, outward_id LIMIT $5 FOR UPDATE SKIP LOCKED) \
     UPDATE outward SET lease_node = $3, lease_until = $4 \
     FROM due WHERE seller_id = $1 AND outward_id = due.id \
     RETURNING ",
    outward_columns!()
);

const HOLDERS: &str = "\
    SELECT seller_id FROM seller_lane AS lane WHERE EXISTS ( \
        SELECT 1 FROM outward AS call \
        WHERE call.seller_id = lane.seller_id AND call.state = 0 AND call.lease_node = $1) \
    ORDER BY seller_id";
const GIVE_UP: &str = "UPDATE outward SET lease_until = NULL WHERE seller_id = $1 AND state = 0 AND lease_node = $2";

/// Leases of a node that begins anew, one statement a seller.
pub(super) async fn give_up(client: &Client, node: i64) -> Result<(), StoreError> {
    for seller in all(client, HOLDERS, &[&node], |row| Ok(SellerId(row.int(0)?))).await? {
        client.execute(GIVE_UP, &[&seller.0, &node]).await.map_err(failure)?;
    }
    Ok(())
}

/// Due calls that nobody has, leased to the caller.
pub(super) async fn take(
    client: &Client,
    now: Timestamp,
    lease: Lease,
    limit: usize,
) -> Result<Vec<DueOutward>, StoreError> {
    let sellers = all(client, SELLERS, &[&now.0], |row| Ok(SellerId(row.int(0)?))).await?;
    let mut taken = Vec::new();
    for seller in sellers {
        let left = limit.saturating_sub(taken.len());
        if left == 0 {
            break;
        }
        let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&seller.0, &now.0, &lease.node, &lease.until.0, &most(left)];
        taken.extend(all(client, TAKE, params, due_outward).await?);
    }
    Ok(taken)
}
