//! A database of its own for each case, on both kinds of server, and a look into it that knows nothing of the code that
//! wrote. The server's tests of pushes use this file too, so that they need no SQL.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use astrolabe_store::{RdsAddress, RdsDatabase, RdsKind, rds_database};
use mysql_async::prelude::Queryable;
use url::Url;

/// One fresh database.
pub(crate) struct Fresh {
    pub(crate) kind: RdsKind,
    pub(crate) url: String,
    base: String,
    name: String,
}

/// A database of each kind.
pub(crate) async fn both() -> Vec<Fresh> {
    vec![fresh(RdsKind::Mysql).await, fresh(RdsKind::Postgres).await]
}

pub(crate) async fn fresh(kind: RdsKind) -> Fresh {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (variable, command) = match kind {
        RdsKind::Mysql => ("ASTROLABE_TEST_MYSQL_URL", "cargo xtask mysql up"),
        RdsKind::Postgres => ("ASTROLABE_TEST_PG_URL", "cargo xtask pg up"),
    };
    let base = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set; start one with `{command}`"));
    let name = format!("rds_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut url = Url::parse(&base).expect("the test database answers");
    url.set_path(&name);
    let fresh = Fresh { kind, url: url.into(), base, name };
    fresh.at_base(&format!("CREATE DATABASE {}", fresh.name)).await;
    fresh
}

impl Fresh {
    pub(crate) fn open(&self) -> Arc<dyn RdsDatabase> {
        open(&self.url)
    }

    /// Runs a statement in it.
    pub(crate) async fn run(&self, sql: &str) {
        run(self.kind, &self.url, sql).await;
    }

    /// Rows of one column, as text.
    pub(crate) async fn read(&self, sql: &str) -> Vec<String> {
        self.try_read(sql).await.unwrap_or_else(|| panic!("cannot run {sql}"))
    }

    /// `None` where the table is not there yet.
    async fn try_read(&self, sql: &str) -> Option<Vec<String>> {
        match self.kind {
            RdsKind::Mysql => {
                let mut conn = mysql_async::Conn::from_url(&self.url).await.expect("the test database answers");
                let rows = conn.query(sql).await.ok();
                conn.disconnect().await.expect("the test database answers");
                rows
            }
            RdsKind::Postgres => {
                let client = connect(&self.url).await;
                Some(client.query(sql, &[]).await.ok()?.iter().map(|row| row.get(0)).collect())
            }
        }
    }

    /// What a row says, as its readers ask: the trade's or refund's document, where there is one.
    pub(crate) async fn document(&self, table: &str, key: &str, id: i64) -> Option<String> {
        let sql = format!("SELECT jdp_response FROM {table} WHERE {key} = {id}");
        self.try_read(&sql).await.unwrap_or_default().pop()
    }

    /// The column of a trade that readers filter by.
    pub(crate) async fn status(&self, tid: i64) -> String {
        self.one(&format!("SELECT status FROM jdp_tb_trade WHERE tid = {tid}")).await
    }

    pub(crate) async fn one(&self, sql: &str) -> String {
        let mut rows = self.read(sql).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows.remove(0)
    }

    /// The same database as somebody else.
    pub(crate) fn url_of(&self, user: &str, password: &str) -> String {
        let mut url = Url::parse(&self.url).expect("the test database answers");
        url.set_username(user).expect("the test database answers");
        url.set_password(Some(password)).expect("the test database answers");
        url.into()
    }

    pub(crate) async fn at_base(&self, sql: &str) {
        run(self.kind, &self.base, sql).await;
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn drop(self) {
        let force = match self.kind {
            RdsKind::Mysql => "",
            RdsKind::Postgres => " WITH (FORCE)",
        };
        self.at_base(&format!("DROP DATABASE {}{force}", self.name)).await;
    }
}

pub(crate) fn open(url: &str) -> Arc<dyn RdsDatabase> {
    rds_database(&RdsAddress::parse(url).expect("the test database answers"), vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
}

async fn run(kind: RdsKind, url: &str, sql: &str) {
    match kind {
        RdsKind::Mysql => {
            let mut conn = mysql_async::Conn::from_url(url).await.expect("the test database answers");
            conn.query_drop(sql).await.expect("the test database answers");
            conn.disconnect().await.expect("the test database answers");
        }
        RdsKind::Postgres => connect(url).await.batch_execute(sql).await.expect("the test database answers"),
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the test database answers");
    tokio::spawn(connection);
    client
}
