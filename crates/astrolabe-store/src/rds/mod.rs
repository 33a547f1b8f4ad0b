//! Databases of apps into which orders are pushed (订单推送库): MySQL and PostgreSQL, with the published tables `jdp_tb_trade`,
//! `jdp_tb_refund` and `jdp_tb_item`.
//!
//! They are others' databases: nothing is read back that decides anything, a table that is missing is made where that is
//! allowed, and what a server says is told in our words, because its own may repeat the row. What a row says, and when it
//! is written, is the server's business. Called by its pushes and its connection test.

mod address;
mod mysql;
mod postgres;
mod table;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

pub use self::address::{RdsAddress, RdsKind};
pub use self::table::{RdsRow, RdsTable, RdsValue};

/// How long one operation may take as a whole: shorter than a lease on a call, so that no push is under way twice.
const WITHIN: Duration = Duration::from_secs(8);
/// Connections to one database.
const CONNECTIONS_MAX: usize = 4;

/// One database. Connections are made when they are needed, kept, and given up when they fail.
#[async_trait]
pub trait RdsDatabase: Send + Sync + fmt::Debug {
    /// Writes a row by its key, unless a newer one is there. The same row again changes nothing.
    async fn write(&self, row: &RdsRow) -> Result<RdsWritten, RdsError>;

    /// Whether pushes would work. Leaves nothing.
    async fn examine(&self) -> Result<Vec<TableFound>, RdsError>;
}

/// What a write did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RdsWritten {
    /// The row is new, or says something new.
    Changed,
    /// The row says this already, or something newer.
    Unchanged,
}

/// How a table was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableFound {
    pub table: RdsTable,
    pub state: TableState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableState {
    /// Complete, and a row was written and taken back.
    Ready,
    /// Complete; its engine cannot take a row back, so that none was written.
    Unproven,
    /// Missing; the first push makes it.
    WillBeMade,
}

/// Why nothing was written. No text repeats the address, a credential or a value of the row.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RdsError {
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    #[error("user name or password are refused")]
    Credentials,
    #[error("there is no such database, or the user may not use it")]
    NoDatabase,
    #[error("table {0} is missing and the user may not create it")]
    NoTable(&'static str),
    #[error("table {table} has no column {columns}")]
    NoColumn { table: &'static str, columns: String },
    #[error("the user may not write {0}: SELECT, INSERT and UPDATE are needed")]
    Privileges(&'static str),
    #[error("the row in {0} belongs to another seller_nick and is left alone")]
    OtherSeller(&'static str),
    #[error("{table} refuses the row: {code}")]
    Rejected { table: &'static str, code: String },
    #[error("the database failed: {0}")]
    Failed(String),
}

impl RdsError {
    /// Whether somebody can mend it without another row: then the push is tried again.
    pub fn may_pass(&self) -> bool {
        match self {
            RdsError::Unreachable(_)
            | RdsError::Credentials
            | RdsError::NoDatabase
            | RdsError::NoTable(_)
            | RdsError::NoColumn { .. }
            | RdsError::Privileges(_)
            | RdsError::Failed(_) => true,
            RdsError::OtherSeller(_) | RdsError::Rejected { .. } => false,
        }
    }

    /// The same of a table that was to be made: what the user may not do is make it.
    fn on_create(self) -> Self {
        if let RdsError::Privileges(name) = self { RdsError::NoTable(name) } else { self }
    }

    /// What is wrong, in one stable word.
    pub fn name(&self) -> &'static str {
        match self {
            RdsError::Unreachable(_) => "unreachable",
            RdsError::Credentials => "credentials",
            RdsError::NoDatabase => "no_database",
            RdsError::NoTable(_) => "missing_table",
            RdsError::NoColumn { .. } => "missing_column",
            RdsError::Privileges(_) => "privileges",
            RdsError::OtherSeller(_) => "other_seller",
            RdsError::Rejected { .. } => "rejected",
            RdsError::Failed(_) => "failed",
        }
    }
}

/// The database at an address, dialled at these of its host's addresses alone.
pub fn rds_database(address: &RdsAddress, dialled: Vec<IpAddr>) -> Arc<dyn RdsDatabase> {
    match address.kind {
        RdsKind::Mysql => Arc::new(mysql::MysqlTarget::new(address, dialled)),
        RdsKind::Postgres => Arc::new(postgres::PostgresTarget::new(address, dialled)),
    }
}

/// Bounded in time: a database that hangs is one that cannot be reached.
async fn within<T>(work: impl Future<Output = Result<T, RdsError>>) -> Result<T, RdsError> {
    match tokio::time::timeout(WITHIN, work).await {
        Ok(result) => result,
        Err(_) => Err(RdsError::Unreachable("time-out".to_owned())),
    }
}
