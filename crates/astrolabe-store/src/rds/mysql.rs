//! MySQL from 5.7 on and its relatives.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Value};
use tokio::sync::Mutex;

use super::table::{Column, Holds, RdsRow, RdsTable, RdsValue, Widths};
use super::{CONNECTIONS_MAX, RdsAddress, RdsDatabase, RdsError, RdsWritten, TableFound, TableState, within};

/// Readers compare with Shanghai's time, whatever the server thinks of clocks.
const SESSION: &str = "SET time_zone = '+08:00', NAMES utf8mb4, lock_wait_timeout = 5, innodb_lock_wait_timeout = 5";

#[derive(Debug)]
pub(super) struct MysqlTarget {
    /// `None`: the URL has parameters that the driver does not know.
    pool: Option<Pool>,
    known: Mutex<BTreeMap<RdsTable, Arc<Widths>>>,
}

impl MysqlTarget {
    pub(super) fn new(address: &RdsAddress, dialled: Vec<IpAddr>) -> Self {
        let constraints = PoolConstraints::new(0, CONNECTIONS_MAX).unwrap_or_default();
        let pool = Opts::from_url(&address.url).ok().map(|opts| {
            let opts = OptsBuilder::from_opts(opts).resolved_ips(Some(dialled)).prefer_socket(false);
            let pool_opts = PoolOpts::default().with_constraints(constraints).with_reset_connection(false);
            Pool::new(opts.init(vec![SESSION]).pool_opts(pool_opts))
        });
        Self { pool, known: Mutex::default() }
    }

    async fn connection(&self) -> Result<Conn, RdsError> {
        let pool =
            self.pool.as_ref().ok_or_else(|| RdsError::Unreachable("the address has unknown parameters".into()))?;
        pool.get_conn().await.map_err(|error| told(&error, RdsTable::Trade))
    }

    /// The table's columns; a table that is missing is made.
    async fn ready(&self, conn: &mut Conn, table: RdsTable) -> Result<Arc<Widths>, RdsError> {
        if let Some(widths) = self.known.lock().await.get(&table) {
            return Ok(Arc::clone(widths));
        }
        let mut widths = columns(conn, table).await?;
        if widths.is_empty() {
            conn.query_drop(create(table)).await.map_err(|error| told(&error, table).on_create())?;
            widths = columns(conn, table).await?;
        }
        complete(table, &widths)?;
        let widths = Arc::new(widths);
        self.known.lock().await.insert(table, Arc::clone(&widths));
        Ok(widths)
    }

    async fn upsert(&self, conn: &mut Conn, row: &RdsRow) -> Result<RdsWritten, RdsError> {
        let table = row.table;
        let widths = self.ready(conn, table).await?;
        let values = table.columns().iter().map(|column| value(row, column, &widths));
        let written = conn.exec_drop(upsert(table), Params::Positional(values.collect())).await;
        if let Err(error) = written {
            self.known.lock().await.remove(&table);
            return Err(told(&error, table));
        }
        if conn.affected_rows() > 0 {
            return Ok(RdsWritten::Changed);
        }
        owned(conn, row, &widths).await
    }

    async fn look(&self, table: RdsTable) -> Result<TableState, RdsError> {
        let mut conn = self.connection().await?;
        let found = columns(&mut conn, table).await?;
        if found.is_empty() {
            let may: Option<i64> = conn.query_first(MAY_CREATE).await.map_err(|error| told(&error, table))?;
            return if may.is_some() { Ok(TableState::WillBeMade) } else { Err(RdsError::NoTable(table.name())) };
        }
        complete(table, &found)?;
        let engine: Option<Option<String>> =
            conn.exec_first(ENGINE, (table.name(),)).await.map_err(|error| told(&error, table))?;
        if !engine.flatten().is_some_and(|engine| engine.eq_ignore_ascii_case("innodb")) {
            return Ok(TableState::Unproven);
        }
        conn.query_drop("START TRANSACTION").await.map_err(|error| told(&error, table))?;
        let tried = self.upsert(&mut conn, &RdsRow::probe(table)).await;
        conn.query_drop("ROLLBACK").await.map_err(|error| told(&error, table))?;
        tried.map(|_| TableState::Ready)
    }
}

#[async_trait]
impl RdsDatabase for MysqlTarget {
    async fn write(&self, row: &RdsRow) -> Result<RdsWritten, RdsError> {
        within(async {
            let mut conn = self.connection().await?;
            self.upsert(&mut conn, row).await
        })
        .await
    }

    async fn examine(&self) -> Result<Vec<TableFound>, RdsError> {
        within(async {
            let mut found = Vec::new();
            for table in RdsTable::ALL {
                found.push(TableFound { table, state: self.look(table).await? });
            }
            Ok(found)
        })
        .await
    }
}

const COLUMNS: &str = "SELECT column_name, CAST(character_maximum_length AS SIGNED) FROM information_schema.columns \
                       WHERE table_schema = DATABASE() AND table_name = ?";
const ENGINE: &str = "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?";
const MAY_CREATE: &str = "SELECT 1 FROM information_schema.schema_privileges \
                          WHERE privilege_type = 'CREATE' AND DATABASE() LIKE table_schema \
                          UNION SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'CREATE' LIMIT 1";

async fn columns(conn: &mut Conn, table: RdsTable) -> Result<Widths, RdsError> {
    let rows: Vec<(String, Option<i64>)> =
        conn.exec(COLUMNS, (table.name(),)).await.map_err(|error| told(&error, table))?;
    let width = |width: Option<i64>| width.and_then(|width| usize::try_from(width).ok());
    Ok(rows.into_iter().map(|(name, characters)| (name.to_ascii_lowercase(), width(characters))).collect())
}

fn complete(table: RdsTable, found: &Widths) -> Result<(), RdsError> {
    match table.missing(found) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(RdsError::NoColumn { table: table.name(), columns: missing.join(", ") }),
    }
}

/// A row that was not changed says this already, or is newer, or is another seller's.
async fn owned(conn: &mut Conn, row: &RdsRow, widths: &Widths) -> Result<RdsWritten, RdsError> {
    let table = row.table;
    let of =
        |name: &str| table.columns().iter().find(|column| column.name == name).map(|column| value(row, column, widths));
    let (key, owner) = (table.key(), table.owner());
    let ask = format!("SELECT 1 FROM {} WHERE {key} = ? AND NOT ({owner} <=> ?)", table.name());
    let params: Vec<Value> = [of(key), of(owner)].into_iter().flatten().collect();
    let other: Option<i64> =
        conn.exec_first(ask, Params::Positional(params)).await.map_err(|error| told(&error, table))?;
    if other.is_some() { Err(RdsError::OtherSeller(table.name())) } else { Ok(RdsWritten::Unchanged) }
}

fn value(row: &RdsRow, column: &Column, widths: &Widths) -> Value {
    match row.value(column, widths) {
        RdsValue::Null => Value::NULL,
        RdsValue::Long(number) => Value::Int(number),
        RdsValue::Text(text) => Value::Bytes(text.into_bytes()),
    }
}

fn create(table: RdsTable) -> String {
    let columns = table.columns().iter().map(|column| {
        let kind = match column.holds {
            Holds::Long => "bigint(20)".to_owned(),
            Holds::Text(width) => format!("varchar({width})"),
            Holds::Time => "datetime".to_owned(),
            Holds::Document => "mediumtext".to_owned(),
            Holds::Flag => "int(2)".to_owned(),
        };
        let null = if column.name == table.key() { "NOT NULL" } else { "DEFAULT NULL" };
        format!("`{}` {kind} {null}", column.name)
    });
    let keys = table.indexes().map(|(name, columns)| format!("KEY {name} ({columns})"));
    let lines: Vec<String> = columns.chain([format!("PRIMARY KEY ({})", table.key())]).chain(keys).collect();
    format!("CREATE TABLE IF NOT EXISTS {} ({}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4", table.name(), lines.join(", "))
}

/// Assignments run from left to right and see each other: the document, by which a row is told from the same one, and
/// `modified`, by which an older one is, keep their answers throughout.
fn upsert(table: RdsTable) -> String {
    let names: Vec<String> = table.columns().iter().map(|column| format!("`{}`", column.name)).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let owner = table.owner();
    let newer = format!(
        "({owner} <=> VALUES({owner}) AND (modified IS NULL OR VALUES(modified) >= modified) \
         AND NOT (BINARY jdp_response <=> BINARY VALUES(jdp_response)))"
    );
    let last = ["jdp_response"];
    let first = format!(
        "jdp_modified = IF({newer}, GREATEST(VALUES(jdp_modified), \
         COALESCE(jdp_modified + INTERVAL 1 SECOND, VALUES(jdp_modified))), jdp_modified)"
    );
    let set = |name: &str| format!("`{name}` = IF({newer}, VALUES(`{name}`), `{name}`)");
    let sets: Vec<String> = [first].into_iter().chain(table.renewed().chain(last).map(set)).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({marks}) ON DUPLICATE KEY UPDATE {}",
        table.name(),
        names.join(", "),
        sets.join(", ")
    )
}

/// What a failure means. The server's own words may repeat the row, its number does not.
fn told(error: &Error, table: RdsTable) -> RdsError {
    let Error::Server(server) = error else {
        return RdsError::Unreachable(match error {
            Error::Io(io) => io_words(io),
            Error::Driver(_) | Error::Other(_) | Error::Url(_) | Error::Server(_) => "the connection failed".to_owned(),
        });
    };
    let code = || format!("MySQL error {}", server.code);
    match server.code {
        1045 | 1251 | 1698 | 3118 => RdsError::Credentials,
        1044 | 1049 => RdsError::NoDatabase,
        1142 | 1143 | 1227 => RdsError::Privileges(table.name()),
        1146 => RdsError::NoTable(table.name()),
        1054 => RdsError::NoColumn { table: table.name(), columns: "that was there before".to_owned() },
        1048 | 1062 | 1153 | 1264 | 1292 | 1364 | 1366 | 1406 | 3140 => {
            RdsError::Rejected { table: table.name(), code: code() }
        }
        _ => RdsError::Failed(code()),
    }
}

fn io_words(error: &mysql_async::IoError) -> String {
    match error {
        mysql_async::IoError::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => "nobody listens there",
        mysql_async::IoError::Io(_) => "the connection broke",
        mysql_async::IoError::Tls(_) => "TLS was refused",
    }
    .to_owned()
}
