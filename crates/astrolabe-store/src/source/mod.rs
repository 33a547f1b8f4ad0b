//! A channel's own database as a source: 订单推送库 into which the platform of the channel writes (`jdp_tb_trade`,
//! `jdp_tb_refund`), read by time of writing. MySQL 5.7 and its relatives, or PostgreSQL. Nothing is written there, and
//! nothing here understands what a row says. Times there are Shanghai's, without a zone.

mod mysql;
mod postgres;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::time::Timestamp;

/// How long a connection, and how long a page, may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Where a channel's trades are read from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// `mysql://user:password@host/database` or `postgres://…`.
    pub url: String,
    /// Rows of this nick alone are the seller's; the seller's own nick when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_nick: Option<String>,
    /// How many days back the first reading starts.
    #[serde(default = "history_days")]
    pub history_days: u32,
    /// How often it is read.
    #[serde(default = "poll_ms")]
    pub poll_ms: u32,
    /// Nothing is read for now.
    #[serde(default)]
    pub paused: bool,
}

impl std::fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceConfig").field("seller_nick", &self.seller_nick).finish_non_exhaustive()
    }
}

fn history_days() -> u32 {
    3
}

fn poll_ms() -> u32 {
    2_000
}

impl SourceConfig {
    /// What is wrong with the address, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        let known = ["mysql://", "postgres://", "postgresql://"].iter().any(|scheme| self.url.starts_with(scheme));
        (!known).then_some("rds.url is neither a mysql:// nor a postgres:// address")
    }
}

/// Which table of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SourceTable {
    Trade,
    Refund,
}

impl SourceTable {
    pub const ALL: [SourceTable; 2] = [Self::Trade, Self::Refund];

    /// Its name there, and here.
    pub fn name(self) -> &'static str {
        match self {
            SourceTable::Trade => "jdp_tb_trade",
            SourceTable::Refund => "jdp_tb_refund",
        }
    }

    fn id(self) -> &'static str {
        match self {
            SourceTable::Trade => "tid",
            SourceTable::Refund => "refund_id",
        }
    }
}

/// A place in a table, ordered by when its rows were written: microseconds since 1970 UTC, and the row's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct SourcePlace {
    pub moment: i64,
    pub row_id: i64,
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceRow {
    pub place: SourcePlace,
    pub tid: Option<i64>,
    /// `jdp_response`; `None` where there is none.
    pub response: Option<String>,
}

/// What is read in one go.
#[derive(Clone, Debug)]
pub struct SourceQuery<'a> {
    pub table: SourceTable,
    pub seller_nick: &'a str,
    pub after: SourcePlace,
    /// Rows written at this microsecond or later are left for the next reading.
    pub until: i64,
    pub limit: usize,
}

/// Why it could not be read. It names no address and no secret.
#[derive(Debug, Error)]
pub enum SourceError {
    #[error("the address cannot be used: {0}")]
    Address(&'static str),
    #[error("no answer in time")]
    TimedOut,
    #[error("the source failed: {0}")]
    Failed(String),
}

/// An open connection to a source.
#[derive(Debug)]
pub enum Source {
    MySql(mysql::MySqlSource),
    Postgres(postgres::PostgresSource),
}

impl Source {
    /// Connects.
    ///
    /// # Errors
    /// [`SourceError`] when the address is none or nobody answers there.
    pub async fn connect(config: &SourceConfig) -> Result<Self, SourceError> {
        if let Some(problem) = config.problem() {
            return Err(SourceError::Address(problem));
        }
        in_time(async {
            if config.url.starts_with("mysql://") {
                Ok(Self::MySql(mysql::MySqlSource::connect(&config.url).await?))
            } else {
                Ok(Self::Postgres(postgres::PostgresSource::connect(&config.url).await?))
            }
        })
        .await
    }

    /// Rows after a place, oldest first.
    ///
    /// # Errors
    /// [`SourceError`]; the connection is then not to be used again.
    pub async fn read(&mut self, query: &SourceQuery<'_>) -> Result<Vec<SourceRow>, SourceError> {
        in_time(async {
            match self {
                Source::MySql(source) => source.read(query).await,
                Source::Postgres(source) => source.read(query).await,
            }
        })
        .await
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
    tokio::time::timeout(ANSWER_WITHIN, asked).await.map_err(|_late| SourceError::TimedOut)?
}

/// How far a table was read, and how the last reading went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceState {
    pub table: SourceTable,
    pub place: SourcePlace,
    pub read_at: Timestamp,
    /// When and why reading failed, if it did since it last succeeded.
    pub failure: Option<(Timestamp, String)>,
}

/// A row that could not be taken in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceException {
    pub table: SourceTable,
    pub row_id: i64,
    pub tid: Option<Tid>,
    /// The member that is wrong.
    pub field: Option<String>,
    pub problem: String,
    pub at: Timestamp,
}

/// What one reading leaves, kept at once.
#[derive(Clone, Debug)]
pub struct SourceProgress {
    pub seller: SellerId,
    pub channel: String,
    pub state: SourceState,
    pub bad: Vec<SourceException>,
    /// Rows that were taken in: whatever was wrong with them is over.
    pub good: Vec<i64>,
}
