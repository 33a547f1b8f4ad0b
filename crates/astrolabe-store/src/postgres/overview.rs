//! Counts for summaries. They walk over what is kept.

use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use astrolabe_core::ids::{AllocationCode, LocationId, Oid, SellerId, Tid};

use crate::error::StoreError;
use crate::postgres::fields::{Params, all, each, first};
use crate::rows::{Fields, ShownStates, trade};
use crate::views::{Overview, StateCount};

const TRADES: &str = "SELECT count(*), coalesce(sum(sub_orders), 0)::bigint FROM trade WHERE seller_id = $1";

/// Those that are not closed.
const EXCEPTIONS: &str =
    "SELECT kind, count(*) FROM exception WHERE seller_id = $1 AND NOT closed GROUP BY kind ORDER BY kind";

const CALLS: &str = "\
    SELECT CASE state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' WHEN 2 THEN 'dead' ELSE 'skipped' END AS name, \
           count(*) FROM outward WHERE seller_id = $1 GROUP BY name ORDER BY name";

/// From the first "paid" to the first "allocated" of a trade, as they happened.
const WAITS: &str = "\
    SELECT count(*), coalesce(sum(wait), 0)::bigint, coalesce(max(wait), 0) FROM ( \
        SELECT min(CASE WHEN fact = 'allocated' THEN happened END) - min(CASE WHEN fact = 'paid' THEN happened END) \
               AS wait \
        FROM timeline WHERE seller_id = $1 AND fact IN ('paid', 'allocated') GROUP BY tid) AS waits \
    WHERE wait IS NOT NULL";

/// Locations count that were given the goods, not those that said no.
const SPLIT: &str = "\
    SELECT count(*) FROM ( \
        SELECT tid FROM assignment WHERE seller_id = $1 AND state NOT IN ('refused', 'unanswered', 'withdrawn') \
        GROUP BY tid HAVING count(DISTINCT location_id) > 1) AS split";

const BUSIEST: &str = "\
    SELECT location_id, count(*) AS given FROM assignment \
    WHERE seller_id = $1 AND state NOT IN ('refused', 'unanswered', 'withdrawn') \
    GROUP BY location_id ORDER BY given DESC, location_id LIMIT 10";

const REROUTED: &str = "\
    SELECT tid, code FROM assignment AS given \
    WHERE seller_id = $1 AND state NOT IN ('refused', 'unanswered', 'withdrawn') AND EXISTS ( \
        SELECT 1 FROM assignment AS before \
        WHERE before.seller_id = given.seller_id AND before.tid = given.tid AND before.oid = given.oid \
          AND before.code < given.code AND before.state IN ('refused', 'unanswered', 'withdrawn')) \
    ORDER BY made_version DESC, code DESC LIMIT 1";

/// All counts of a seller.
pub(super) async fn overview(client: &Transaction<'_>, seller: SellerId) -> Result<Overview, StoreError> {
    let key: &Params<'_> = &[&seller.0];
    let trades = first(client, TRADES, key, |row| Ok((row.int(0)?, row.int(1)?))).await?;
    let waits = first(client, WAITS, key, |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?))).await?;
    let (trades, sub_orders) = trades.unwrap_or_default();
    let (allocations, allocation_ms_sum, allocation_ms_max) = waits.unwrap_or_default();
    let states = "SELECT state, count(*) FROM assignment WHERE seller_id = $1 GROUP BY state ORDER BY state";
    let facts = "SELECT fact, count(*) FROM timeline WHERE seller_id = $1 GROUP BY fact ORDER BY fact";
    Ok(Overview {
        trades,
        sub_orders,
        sub_orders_by_state: shown_states(client, key).await?,
        assignments_by_state: all(client, states, key, counted).await?,
        facts: all(client, facts, key, counted).await?,
        outward: all(client, CALLS, key, counted).await?,
        exceptions: all(client, EXCEPTIONS, key, counted).await?,
        allocation_ms_sum,
        allocation_ms_max,
        allocations,
        split_trades: first(client, SPLIT, key, |row| row.int(0)).await?.unwrap_or(0),
        busiest: all(client, BUSIEST, key, |row| Ok((LocationId(row.int(0)?), row.int(1)?))).await?,
        newest_rerouted: first(client, REROUTED, key, |row| Ok((Tid(row.int(0)?), AllocationCode(row.int(1)?))))
            .await?,
    })
}

fn counted(row: &Row) -> Result<StateCount, StoreError> {
    Ok(StateCount { state: row.text(0)?, count: row.int(1)? })
}

async fn shown_states(client: &Transaction<'_>, key: &Params<'_>) -> Result<Vec<StateCount>, StoreError> {
    let mut shown = ShownStates::default();
    let assigned = "SELECT tid, oid, state FROM assignment WHERE seller_id = $1 ORDER BY made_version, code";
    each(client, assigned, key, |row| {
        shown.assignment(Tid(row.int(0)?), Oid(row.int(1)?), row.text(2)?);
        Ok(())
    })
    .await?;
    each(client, "SELECT doc FROM trade WHERE seller_id = $1", key, |row| {
        shown.trade(&trade(row, 0)?);
        Ok(())
    })
    .await?;
    Ok(shown.finish())
}
