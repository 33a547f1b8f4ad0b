//! The statements of one group, sent together with COMMIT in one round trip.

use deadpool_postgres::Client;
use futures::future::{MaybeDone, maybe_done};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::StoreError;
use crate::postgres::fields::{commit_failure, failure};
use crate::postgres::lane::Turn;

type Value = Box<dyn ToSql + Sync + Send>;

/// Statements in the order in which they run.
#[derive(Debug, Default)]
pub(super) struct Script {
    statements: Vec<(&'static str, Vec<Value>)>,
}

/// One parameter.
pub(super) fn value(value: impl ToSql + Sync + Send + 'static) -> Value {
    Box::new(value)
}

/// One column of many rows, as an array for `unnest`.
pub(super) fn column<T, V>(rows: impl IntoIterator<Item = T>, read: impl Fn(T) -> V) -> Value
where
    Vec<V>: ToSql + Sync + Send + 'static,
{
    Box::new(rows.into_iter().map(read).collect::<Vec<V>>())
}

/// One column whose values may fail to be written as text.
pub(super) fn try_column<T, V>(
    rows: impl IntoIterator<Item = T>,
    read: impl Fn(T) -> Result<V, StoreError>,
) -> Result<Value, StoreError>
where
    Vec<V>: ToSql + Sync + Send + 'static,
{
    Ok(Box::new(rows.into_iter().map(read).collect::<Result<Vec<V>, StoreError>>()?))
}

impl Script {
    /// Adds a statement and says its number.
    pub(super) fn add(&mut self, sql: &'static str, values: Vec<Value>) -> usize {
        self.statements.push((sql, values));
        self.statements.len() - 1
    }

    /// Prepares what this connection has not prepared yet, inside the open transaction.
    pub(super) async fn prepare(self, client: &Client) -> Result<Prepared, StoreError> {
        let mut prepared = Prepared { statements: Vec::with_capacity(self.statements.len()) };
        for (sql, values) in self.statements {
            prepared.statements.push((client.prepare_cached(sql).await.map_err(failure)?, values));
        }
        Ok(prepared)
    }
}

/// A script that can be sent at once.
#[derive(Debug)]
pub(super) struct Prepared {
    statements: Vec<(tokio_postgres::Statement, Vec<Value>)>,
}

impl Prepared {
    /// Runs all statements and COMMIT, and gives back each statement's rows. When the server refuses a statement, it
    /// turns the COMMIT behind it into a ROLLBACK; then that statement's error is told.
    ///
    /// # Errors
    /// [`StoreError::CommitUnknown`] when the connection is lost with answers outstanding.
    pub(super) async fn commit(&self, turn: &mut Turn) -> Result<Vec<Vec<Row>>, StoreError> {
        let client = turn.client();
        let params: Vec<Vec<&(dyn ToSql + Sync)>> =
            self.statements.iter().map(|(_, values)| values.iter().map(as_param).collect()).collect();
        let mut running = Vec::with_capacity(params.len());
        for ((statement, _), params) in self.statements.iter().zip(&params) {
            let mut query = Box::pin(maybe_done(client.query(statement, params)));
            // A prepared statement is sent when its future is first polled: that fixes the order. What fails right
            // here was never sent, and COMMIT must not be sent without it.
            let _ = futures::poll!(query.as_mut());
            if let MaybeDone::Done(Err(_)) = &*query
                && let Some(Err(error)) = query.as_mut().take_output()
            {
                return Err(failure(error));
            }
            running.push(query);
        }
        let commit = client.batch_execute("COMMIT");
        let (committed, ()) = futures::join!(commit, async {
            for query in &mut running {
                query.as_mut().await;
            }
        });
        let mut rows = Vec::with_capacity(running.len());
        let outcome =
            running.into_iter().filter_map(|mut query| query.as_mut().take_output()).try_for_each(
                |answer| match answer {
                    Ok(found) => {
                        rows.push(found);
                        Ok(())
                    }
                    // The server refused it, and with it the COMMIT.
                    Err(error) if error.as_db_error().is_some() => Err(failure(error)),
                    Err(error) => Err(commit_failure(error)),
                },
            );
        // A lost connection does not go back to the pool as a living one.
        if !turn.client().is_closed() {
            turn.ended();
        }
        outcome?;
        committed.map_err(commit_failure)?;
        Ok(rows)
    }
}

fn as_param(value: &Value) -> &(dyn ToSql + Sync) {
    value.as_ref()
}
