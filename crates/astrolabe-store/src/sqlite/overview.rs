//! Counts for summaries. They walk over what is kept.

use rusqlite::Connection;

use astrolabe_core::ids::{AllocationCode, LocationId, Oid, SellerId, Tid};

use crate::error::StoreError;
use crate::rows::{Fields, ShownStates, trade};
use crate::sqlite::fields::{all, each, first};
use crate::views::{Overview, StateCount};

const TRADES: &str = "SELECT count(*), coalesce(sum(sub_orders), 0) FROM trade WHERE seller_id = ?1";

/// Those that are not closed.
const EXCEPTIONS: &str =
    "SELECT kind, count(*) FROM exception WHERE seller_id = ?1 AND closed = 0 GROUP BY kind ORDER BY kind";

const CALLS: &str = "\
    SELECT CASE state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' WHEN 2 THEN 'dead' ELSE 'skipped' END AS name, \
           count(*) FROM outward WHERE seller_id = ?1 GROUP BY name ORDER BY name";

/// From the first "paid" to the first "allocated" of a trade, as they happened.
const WAITS: &str = "\
    SELECT count(*), coalesce(sum(wait), 0), coalesce(max(wait), 0) FROM ( \
        SELECT min(CASE WHEN fact = 'allocated' THEN happened END) - min(CASE WHEN fact = 'paid' THEN happened END) \
               AS wait \
        FROM timeline WHERE seller_id = ?1 AND fact IN ('paid', 'allocated') GROUP BY tid) AS waits \
    WHERE wait IS NOT NULL";

/// Locations count that were given the goods, not those that said no.
const SPLIT: &str = "\
    SELECT count(*) FROM ( \
        SELECT tid FROM assignment WHERE seller_id = ?1 AND state NOT IN ('refused', 'unanswered', 'withdrawn') \
        GROUP BY tid HAVING count(DISTINCT location_id) > 1) AS split";

const BUSIEST: &str = "\
    SELECT location_id, count(*) AS given FROM assignment \
    WHERE seller_id = ?1 AND state NOT IN ('refused', 'unanswered', 'withdrawn') \
    GROUP BY location_id ORDER BY given DESC, location_id LIMIT 10";

const REROUTED: &str = "\
    SELECT tid, code FROM assignment AS given \
    WHERE seller_id = ?1 AND state NOT IN ('refused', 'unanswered', 'withdrawn') AND EXISTS ( \
        SELECT 1 FROM assignment AS before \
        WHERE before.seller_id = given.seller_id AND before.tid = given.tid AND before.oid = given.oid \
          AND before.code < given.code AND before.state IN ('refused', 'unanswered', 'withdrawn')) \
    ORDER BY made_version DESC, code DESC LIMIT 1";

/// All counts of a seller.
pub(super) fn overview(connection: &Connection, seller: SellerId) -> Result<Overview, StoreError> {
    let counts =
        |sql: &str| all(connection, sql, [seller.0], |row| Ok(StateCount { state: row.text(0)?, count: row.int(1)? }));
    let trades = first(connection, TRADES, [seller.0], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let waits = first(connection, WAITS, [seller.0], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?;
    let (trades, sub_orders) = trades.unwrap_or_default();
    let (allocations, allocation_ms_sum, allocation_ms_max) = waits.unwrap_or_default();
    Ok(Overview {
        trades,
        sub_orders,
        sub_orders_by_state: shown_states(connection, seller)?,
        assignments_by_state: counts(
            "SELECT state, count(*) FROM assignment WHERE seller_id = ?1 GROUP BY state ORDER BY state",
        )?,
        facts: counts("SELECT fact, count(*) FROM timeline WHERE seller_id = ?1 GROUP BY fact ORDER BY fact")?,
        outward: counts(CALLS)?,
        exceptions: counts(EXCEPTIONS)?,
        allocation_ms_sum,
        allocation_ms_max,
        allocations,
        split_trades: first(connection, SPLIT, [seller.0], |row| row.int(0))?.unwrap_or(0),
        busiest: all(connection, BUSIEST, [seller.0], |row| Ok((LocationId(row.int(0)?), row.int(1)?)))?,
        newest_rerouted: first(connection, REROUTED, [seller.0], |row| {
            Ok((Tid(row.int(0)?), AllocationCode(row.int(1)?)))
        })?,
    })
}

fn shown_states(connection: &Connection, seller: SellerId) -> Result<Vec<StateCount>, StoreError> {
    let mut shown = ShownStates::default();
    let assigned = "SELECT tid, oid, state FROM assignment WHERE seller_id = ?1 ORDER BY made_version, code";
    each(connection, assigned, [seller.0], |row| {
        shown.assignment(Tid(row.int(0)?), Oid(row.int(1)?), row.text(2)?);
        Ok(())
    })?;
    each(connection, "SELECT doc FROM trade WHERE seller_id = ?1", [seller.0], |row| {
        shown.trade(&trade(row, 0)?);
        Ok(())
    })?;
    Ok(shown.finish())
}
