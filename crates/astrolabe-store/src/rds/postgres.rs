//! PostgreSQL.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Error, GenericClient, NoTls};

use super::table::{Column, Holds, RdsRow, RdsTable, RdsValue, Widths};
use super::{CONNECTIONS_MAX, RdsAddress, RdsDatabase, RdsError, RdsWritten, TableFound, TableState, within};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Readers compare with Shanghai's time, whatever the server thinks of clocks.
const SESSION: &str = "-c TimeZone=Asia/Shanghai -c statement_timeout=7s -c lock_timeout=5s";

#[derive(Debug)]
pub(super) struct PostgresTarget {
    /// `None`: the URL has parameters that the driver does not know.
    pool: Option<Pool>,
    known: Mutex<BTreeMap<RdsTable, Arc<Widths>>>,
}

impl PostgresTarget {
    pub(super) fn new(address: &RdsAddress, dialled: Vec<IpAddr>) -> Self {
        Self { pool: pool(address, dialled), known: Mutex::default() }
    }

    async fn client(&self) -> Result<Client, RdsError> {
        let pool =
            self.pool.as_ref().ok_or_else(|| RdsError::Unreachable("the address has unknown parameters".into()))?;
        pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => told(&error, RdsTable::Trade),
            PoolError::Timeout(_) => RdsError::Unreachable("time-out".to_owned()),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                RdsError::Unreachable("no connection".to_owned())
            }
        })
    }

    /// The table's columns; a table that is missing is made.
    async fn ready(&self, client: &impl GenericClient, table: RdsTable) -> Result<Arc<Widths>, RdsError> {
        if let Some(widths) = self.known.lock().await.get(&table) {
            return Ok(Arc::clone(widths));
        }
        let mut widths = columns(client, table).await?;
        if widths.is_empty() {
            client.batch_execute(&create(table)).await.map_err(|error| told(&error, table).on_create())?;
            widths = columns(client, table).await?;
        }
        complete(table, &widths)?;
        let widths = Arc::new(widths);
        self.known.lock().await.insert(table, Arc::clone(&widths));
        Ok(widths)
    }

    async fn upsert(&self, client: &impl GenericClient, row: &RdsRow) -> Result<RdsWritten, RdsError> {
        let table = row.table;
        let widths = self.ready(client, table).await?;
        let values: Vec<Box<dyn ToSql + Sync + Send>> =
            table.columns().iter().map(|column| value(row, column, &widths)).collect();
        let params: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value.as_ref() as _).collect();
        match client.execute(&upsert(table), &params).await {
            Ok(0) => owned(client, row, &widths).await,
            Ok(_) => Ok(RdsWritten::Changed),
            Err(error) => {
                self.known.lock().await.remove(&table);
                Err(told(&error, table))
            }
        }
    }

    async fn look(&self, table: RdsTable) -> Result<TableState, RdsError> {
        let mut client = self.client().await?;
        let found = columns(&**client, table).await?;
        if found.is_empty() {
            let may = client.query_one("SELECT has_schema_privilege(current_schema(), 'CREATE')", &[]).await;
            let may: bool = may.map_err(|error| told(&error, table))?.get(0);
            return if may { Ok(TableState::WillBeMade) } else { Err(RdsError::NoTable(table.name())) };
        }
        complete(table, &found)?;
        let transaction = client.transaction().await.map_err(|error| told(&error, table))?;
        let tried = self.upsert(&*transaction, &RdsRow::probe(table)).await;
        transaction.rollback().await.map_err(|error| told(&error, table))?;
        tried.map(|_| TableState::Ready)
    }
}

#[async_trait]
impl RdsDatabase for PostgresTarget {
    async fn write(&self, row: &RdsRow) -> Result<RdsWritten, RdsError> {
        within(async {
            let client = self.client().await?;
            self.upsert(&**client, row).await
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

fn pool(address: &RdsAddress, dialled: Vec<IpAddr>) -> Option<Pool> {
    let parsed: Config = address.url.parse().ok()?;
    // Made anew, so that nothing but these addresses is dialled; the name stays for the server to see.
    let mut config = Config::new();
    config.user(parsed.get_user()?).dbname(parsed.get_dbname()?);
    if let Some(password) = parsed.get_password() {
        config.password(password);
    }
    for ip in dialled {
        config.host(&address.host).hostaddr(ip).port(address.port);
    }
    config.application_name("astrolabe").options(SESSION).connect_timeout(CONNECT_WITHIN);
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let builder = Pool::builder(Manager::from_config(config, NoTls, recycling)).max_size(CONNECTIONS_MAX);
    let builder = builder.runtime(Runtime::Tokio1).wait_timeout(Some(CONNECT_WITHIN));
    builder.create_timeout(Some(CONNECT_WITHIN)).recycle_timeout(Some(CONNECT_WITHIN)).build().ok()
}

const COLUMNS: &str = "SELECT column_name::text, character_maximum_length::bigint FROM information_schema.columns \
                       WHERE table_schema = current_schema() AND table_name = $1";

async fn columns(client: &impl GenericClient, table: RdsTable) -> Result<Widths, RdsError> {
    let rows = client.query(COLUMNS, &[&table.name()]).await.map_err(|error| told(&error, table))?;
    let width = |width: Option<i64>| width.and_then(|width| usize::try_from(width).ok());
    Ok(rows.iter().map(|row| (row.get::<_, String>(0), width(row.get(1)))).collect())
}

fn complete(table: RdsTable, found: &Widths) -> Result<(), RdsError> {
    match table.missing(found) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(RdsError::NoColumn { table: table.name(), columns: missing.join(", ") }),
    }
}

/// A row that was not changed says this already, or is newer, or is another seller's.
async fn owned(client: &impl GenericClient, row: &RdsRow, widths: &Widths) -> Result<RdsWritten, RdsError> {
    let table = row.table;
    let of =
        |name: &str| table.columns().iter().find(|column| column.name == name).map(|column| value(row, column, widths));
    let (key, owner) = (table.key(), table.owner());
    let ask = format!("SELECT 1 FROM {} WHERE {key} = $1 AND {owner} IS DISTINCT FROM $2", table.name());
    let values: Vec<Box<dyn ToSql + Sync + Send>> = [of(key), of(owner)].into_iter().flatten().collect();
    let params: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value.as_ref() as _).collect();
    let other = client.query_opt(&ask, &params).await.map_err(|error| told(&error, table))?;
    if other.is_some() { Err(RdsError::OtherSeller(table.name())) } else { Ok(RdsWritten::Unchanged) }
}

fn value(row: &RdsRow, column: &Column, widths: &Widths) -> Box<dyn ToSql + Sync + Send> {
    match (row.value(column, widths), column.holds) {
        (RdsValue::Text(text), _) => Box::new(Some(text)),
        (RdsValue::Long(number), Holds::Flag) => Box::new(i32::try_from(number).ok()),
        (RdsValue::Long(number), _) => Box::new(Some(number)),
        (RdsValue::Null, Holds::Flag) => Box::new(None::<i32>),
        (RdsValue::Null, Holds::Long) => Box::new(None::<i64>),
        (RdsValue::Null, Holds::Text(_) | Holds::Time | Holds::Document) => Box::new(None::<String>),
    }
}

fn create(table: RdsTable) -> String {
    let columns = table.columns().iter().map(|column| {
        let kind = match column.holds {
            Holds::Long => "bigint".to_owned(),
            Holds::Text(width) => format!("varchar({width})"),
            Holds::Time => "timestamp(0) without time zone".to_owned(),
            Holds::Document => "text".to_owned(),
            Holds::Flag => "integer".to_owned(),
        };
        let key = if column.name == table.key() { " PRIMARY KEY" } else { "" };
        format!("{} {kind}{key}", column.name)
    });
    let columns: Vec<String> = columns.collect();
    let name = table.name();
    let made = format!("CREATE TABLE IF NOT EXISTS {name} ({})", columns.join(", "));
    let indexes = table.indexes().map(|(index, on)| format!("; CREATE INDEX IF NOT EXISTS {index} ON {name} ({on})"));
    made + &indexes.concat()
}

/// The row is written only if it says something new and is not older, and only over the same seller's.
fn upsert(table: RdsTable) -> String {
    let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    let marks: Vec<String> = table
        .columns()
        .iter()
        .zip(1..)
        .map(|(column, n)| match column.holds {
            Holds::Time => format!("${n}::text::timestamp"),
            Holds::Long | Holds::Text(_) | Holds::Document | Holds::Flag => format!("${n}"),
        })
        .collect();
    let sets: Vec<String> =
        table.renewed().chain(["jdp_response"]).map(|name| format!("{name} = excluded.{name}")).collect();
    let owner = table.owner();
    format!(
        "INSERT INTO {} AS kept ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}, \
         jdp_modified = GREATEST(excluded.jdp_modified, kept.jdp_modified + interval '1 second') \
         WHERE kept.{owner} IS NOT DISTINCT FROM excluded.{owner} \
         AND (kept.modified IS NULL OR excluded.modified >= kept.modified) \
         AND kept.jdp_response IS DISTINCT FROM excluded.jdp_response",
        table.name(),
        names.join(", "),
        marks.join(", "),
        table.key(),
        sets.join(", ")
    )
}

/// What a failure means. The server's own words may repeat the row, its code does not.
fn told(error: &Error, table: RdsTable) -> RdsError {
    let Some(state) = error.code() else {
        return RdsError::Unreachable("no connection, or it broke".to_owned());
    };
    let code = || format!("PostgreSQL error {}", state.code());
    match *state {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => RdsError::Credentials,
        SqlState::INVALID_CATALOG_NAME => RdsError::NoDatabase,
        SqlState::INSUFFICIENT_PRIVILEGE => RdsError::Privileges(table.name()),
        SqlState::UNDEFINED_TABLE => RdsError::NoTable(table.name()),
        SqlState::UNDEFINED_COLUMN => {
            RdsError::NoColumn { table: table.name(), columns: "that was there before".to_owned() }
        }
        _ if ["22", "23"].iter().any(|class| state.code().starts_with(class)) => {
            RdsError::Rejected { table: table.name(), code: code() }
        }
        _ => RdsError::Failed(code()),
    }
}
