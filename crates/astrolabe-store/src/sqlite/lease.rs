//! Leases on calls outward, in memory: one process serves a file, and a process that dies leaves none behind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use astrolabe_core::ids::{OutwardId, SellerId};
use astrolabe_core::time::Timestamp;

use crate::contract::Lease;
use crate::error::StoreError;
use crate::rows::{due_outward, outward_columns};
use crate::sqlite::fields::failure;
use crate::views::DueOutward;

/// A call outward of a seller.
pub(super) type CallKey = (SellerId, OutwardId);

/// Who has been given which call until when. Only "until when" matters: there is one node.
#[derive(Debug, Default)]
pub(super) struct Leases {
    until: Mutex<BTreeMap<CallKey, Timestamp>>,
}

impl Leases {
    /// Before the COMMIT that shows the calls: nobody else can be given them in between.
    pub(super) fn add(&self, calls: &[CallKey], until: Timestamp) {
        if !calls.is_empty() {
            self.lock().extend(calls.iter().map(|call| (*call, until)));
        }
    }

    /// After the COMMIT that settled the calls: until then they look pending.
    pub(super) fn end(&self, calls: &[CallKey]) {
        if !calls.is_empty() {
            let mut until = self.lock();
            for call in calls {
                until.remove(call);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CallKey, Timestamp>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const DUE: &str = concat!(
    "SELECT ",
    outward_columns!(),
    " FROM outward AS call \
     WHERE seller_id IN (SELECT seller_id FROM seller_lane) AND state = 0 AND next_at <= ?1 AND NOT EXISTS ( \
         SELECT 1 FROM outward AS earlier \
         WHERE earlier.seller_id = call.seller_id AND earlier.tid = call.tid AND earlier.receiver = call.receiver \
           AND earlier.state = 0 AND (earlier.version, earlier.outward_id) < (call.version, call.outward_id)) \
     ORDER BY seller_id, next_at"
);

/// Due calls that nobody has, leased to the caller. The map stays locked while the query runs: a call that is settled
/// meanwhile is either still leased here, or no longer pending in what the query sees.
pub(super) fn take(
    connection: &Connection,
    leases: &Leases,
    now: Timestamp,
    lease: Lease,
    limit: usize,
) -> Result<Vec<DueOutward>, StoreError> {
    let mut until = leases.lock();
    until.retain(|_, until| *until > now);
    let mut taken = Vec::new();
    let mut statement = connection.prepare_cached(DUE).map_err(failure)?;
    let mut rows = statement.query([now.0]).map_err(failure)?;
    while taken.len() < limit {
        let Some(row) = rows.next().map_err(failure)? else { break };
        let seller = SellerId(row.get(0).map_err(failure)?);
        let id = OutwardId(row.get(1).map_err(failure)?);
        if let std::collections::btree_map::Entry::Vacant(free) = until.entry((seller, id)) {
            taken.push(due_outward(row)?);
            free.insert(lease.until);
        }
    }
    Ok(taken)
}
