//! Attempts at calls outward: written in batches beside the groups, read by trade or receiver, forgotten in steps.

use deadpool_postgres::Client;
use tokio_postgres::types::ToSql;

use astrolabe_core::ids::SellerId;
use astrolabe_core::outward::Receiver;

use crate::attempts::{Attempt, AttemptKey, AttemptsKept, AttemptsOf};
use crate::error::StoreError;
use crate::postgres::fields::{all, commit_failure, failure, first, limit as most};
use crate::rows::{NEWEST, attempt, attempt_columns, attempt_key, newest_forgotten, receiver_text, to_doc};

const KEEP: &str = concat!(
    "INSERT INTO outward_attempt (",
    attempt_columns!(),
    ") SELECT $1, row.* FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], \
         $8::bigint[], $9::bigint[], $10::text[], $11::text[]) AS row \
     ON CONFLICT (seller_id, receiver, started_at, attempt_id) DO NOTHING"
);

/// A column each.
#[derive(Default)]
struct Columns {
    receivers: Vec<String>,
    started_at: Vec<i64>,
    ids: Vec<i64>,
    calls: Vec<Option<i64>>,
    tids: Vec<i64>,
    methods: Vec<String>,
    numbers: Vec<i64>,
    took_ms: Vec<i64>,
    outcomes: Vec<&'static str>,
    exchanges: Vec<String>,
}

impl Columns {
    fn of<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for one in attempts {
            columns.receivers.push(receiver_text(&one.receiver)?);
            columns.started_at.push(one.key.started_at.0);
            columns.ids.push(one.key.id.0);
            columns.calls.push(one.call.map(|call| call.0));
            columns.tids.push(one.tid.0);
            columns.methods.push(one.method.clone());
            columns.numbers.push(i64::from(one.number));
            columns.took_ms.push(one.took.0);
            columns.outcomes.push(one.outcome.name());
            columns.exchanges.push(to_doc(&one.exchange)?);
        }
        Ok(columns)
    }
}

/// Keeps attempts, one transaction a seller. Losing the last ones with the server's power is no harm: nobody waits for
/// the disk.
pub(super) async fn keep(client: &mut Client, attempts: &[Attempt]) -> Result<(), StoreError> {
    let mut sellers: Vec<SellerId> = attempts.iter().map(|one| one.seller).collect();
    sellers.sort_unstable();
    sellers.dedup();
    for seller in sellers {
        let rows = Columns::of(attempts.iter().filter(|one| one.seller == seller))?;
        let transaction = client.transaction().await.map_err(failure)?;
        transaction.batch_execute("SET LOCAL synchronous_commit = off").await.map_err(failure)?;
        let statement = transaction.prepare_cached(KEEP).await.map_err(failure)?;
        let params: &[&(dyn ToSql + Sync)] = &[
            &seller.0,
            &rows.receivers,
            &rows.started_at,
            &rows.ids,
            &rows.calls,
            &rows.tids,
            &rows.methods,
            &rows.numbers,
            &rows.took_ms,
            &rows.outcomes,
            &rows.exchanges,
        ];
        transaction.execute(&statement, params).await.map_err(failure)?;
        transaction.commit().await.map_err(commit_failure)?;
    }
    Ok(())
}

const OF_TRADE: &str = concat!(
    "SELECT ",
    attempt_columns!(),
    " FROM outward_attempt WHERE seller_id = $1 AND tid = $2 AND (started_at, attempt_id) < ($3, $4) \
     ORDER BY started_at DESC, attempt_id DESC LIMIT $5"
);

const OF_RECEIVER: &str = concat!(
    "SELECT ",
    attempt_columns!(),
    " FROM outward_attempt WHERE seller_id = $1 AND receiver = $2 AND (started_at, attempt_id) < ($3, $4) \
     ORDER BY started_at DESC, attempt_id DESC LIMIT $5"
);

/// Attempts before a key, newest first.
pub(super) async fn page(
    client: &Client,
    seller: SellerId,
    of: &AttemptsOf,
    before: Option<AttemptKey>,
    limit: usize,
) -> Result<Vec<Attempt>, StoreError> {
    let AttemptKey { started_at, id } = before.unwrap_or(NEWEST);
    match of {
        AttemptsOf::Trade(tid) => {
            all(client, OF_TRADE, &[&seller.0, &tid.0, &started_at.0, &id.0, &most(limit)], attempt).await
        }
        AttemptsOf::Receiver(receiver) => {
            let receiver = receiver_text(receiver)?;
            all(client, OF_RECEIVER, &[&seller.0, &receiver, &started_at.0, &id.0, &most(limit)], attempt).await
        }
    }
}

/// The newest attempt of a receiver that need not be kept, if there is one.
pub(super) async fn to_forget(
    client: &Client,
    seller: SellerId,
    receiver: &Receiver,
    kept: AttemptsKept,
) -> Result<Option<AttemptKey>, StoreError> {
    let receiver = receiver_text(receiver)?;
    let surplus = "SELECT started_at, attempt_id FROM outward_attempt WHERE seller_id = $1 AND receiver = $2 \
                   ORDER BY started_at DESC, attempt_id DESC LIMIT 1 OFFSET $3";
    let surplus =
        first(client, surplus, &[&seller.0, &receiver, &most(kept.newest)], |row| attempt_key(row, 0)).await?;
    let up_to = newest_forgotten(kept, surplus);
    let oldest = "SELECT started_at, attempt_id FROM outward_attempt WHERE seller_id = $1 AND receiver = $2 \
                  ORDER BY started_at, attempt_id LIMIT 1";
    let oldest = first(client, oldest, &[&seller.0, &receiver], |row| attempt_key(row, 0)).await?;
    Ok(oldest.filter(|oldest| *oldest <= up_to).map(|_| up_to))
}

/// Forgets a step of a receiver's attempts up to a key, oldest first: a range of the key, whose end is looked for first.
pub(super) async fn forget(
    client: &Client,
    seller: SellerId,
    receiver: &Receiver,
    up_to: AttemptKey,
    limit: usize,
) -> Result<usize, StoreError> {
    let receiver = receiver_text(receiver)?;
    let end = "SELECT started_at, attempt_id FROM outward_attempt \
               WHERE seller_id = $1 AND receiver = $2 AND (started_at, attempt_id) <= ($3, $4) \
               ORDER BY started_at, attempt_id LIMIT 1 OFFSET $5";
    let skipped = most(limit.saturating_sub(1));
    let key: &[&(dyn ToSql + Sync)] = &[&seller.0, &receiver, &up_to.started_at.0, &up_to.id.0, &skipped];
    let end = first(client, end, key, |row| attempt_key(row, 0)).await?.unwrap_or(up_to);
    let step = "DELETE FROM outward_attempt \
                WHERE seller_id = $1 AND receiver = $2 AND (started_at, attempt_id) <= ($3, $4)";
    let statement = client.prepare_cached(step).await.map_err(failure)?;
    let key: &[&(dyn ToSql + Sync)] = &[&seller.0, &receiver, &end.started_at.0, &end.id.0];
    let forgotten = client.execute(&statement, key).await.map_err(failure)?;
    Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
}
