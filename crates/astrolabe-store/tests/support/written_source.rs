//! A channel's own database as its platform writes it, for tests that read from one: a real MariaDB or PostgreSQL.

use astrolabe_protocol::EpochMs;
use astrolabe_protocol::time::format_datetime;
use mysql_async::prelude::Queryable;

/// The channel's side of the source.
pub(crate) enum Written {
    MySql(mysql_async::Conn),
    Postgres(tokio_postgres::Client),
}

impl Written {
    async fn run(&mut self, statement: &str) {
        match self {
            Written::MySql(conn) => conn.query_drop(statement).await.expect("the source takes it"),
            Written::Postgres(client) => client.batch_execute(statement).await.expect("the source takes it"),
        }
    }

    /// Writes a row, or writes it anew.
    pub(crate) async fn put(&mut self, row: Row<'_>) {
        // Shanghai time without a zone, as the channel's platform writes it.
        let at = format_datetime(EpochMs(row.second * 1_000));
        let response = row.response.replace('\'', "''");
        let Row { table, id, tid, nick, .. } = row;
        let key = if table == "jdp_tb_trade" { "tid" } else { "refund_id" };
        self.run(&format!("DELETE FROM {table} WHERE {key} = {id}")).await;
        let (columns, ids) =
            if key == "tid" { ("tid", id.to_string()) } else { ("refund_id, tid", format!("{id}, {tid}")) };
        self.run(&format!(
            "INSERT INTO {table} ({columns}, seller_nick, jdp_modified, jdp_response) \
             VALUES ({ids}, '{nick}', '{at}', '{response}')"
        ))
        .await;
    }

    /// The trades are gone.
    pub(crate) async fn break_it(&mut self) {
        self.run("DROP TABLE jdp_tb_trade").await;
    }
}

/// One row as the channel's platform writes it, at a second since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) table: &'a str,
    pub(crate) id: i64,
    pub(crate) tid: i64,
    pub(crate) nick: &'a str,
    pub(crate) second: i64,
    pub(crate) response: &'a str,
}

fn name() -> String {
    format!("source_{}", uuid::Uuid::now_v7().simple())
}

pub(crate) async fn mysql() -> Option<(Written, String)> {
    let url = std::env::var("ASTROLABE_TEST_MYSQL_URL").ok()?;
    let name = name();
    let mut conn =
        mysql_async::Conn::new(mysql_async::Opts::from_url(&url).expect("an address")).await.expect("connects");
    conn.query_drop(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await.expect("makes it");
    conn.query_drop(format!("USE {name}")).await.expect("uses it");
    let mut written = Written::MySql(conn);
    written.run("CREATE TABLE jdp_tb_trade (tid bigint(20) PRIMARY KEY, seller_nick varchar(32), jdp_modified datetime, jdp_response mediumtext, KEY n (seller_nick, jdp_modified))").await;
    written.run("CREATE TABLE jdp_tb_refund (refund_id bigint(20) PRIMARY KEY, tid bigint(20), seller_nick varchar(32), jdp_modified datetime, jdp_response mediumtext, KEY n (seller_nick, jdp_modified))").await;
    Some((written, format!("{}/{name}", url.trim_end_matches('/'))))
}

pub(crate) async fn postgres() -> Option<(Written, String)> {
    let url = std::env::var("ASTROLABE_TEST_PG_URL").ok()?;
    let name = name();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connects");
    tokio::spawn(connection);
    let mut written = Written::Postgres(client);
    written.run(&format!("CREATE SCHEMA {name}; SET search_path = {name}")).await;
    written.run("CREATE TABLE jdp_tb_trade (tid bigint PRIMARY KEY, seller_nick varchar(32), jdp_modified timestamp, jdp_response text)").await;
    written.run("CREATE TABLE jdp_tb_refund (refund_id bigint PRIMARY KEY, tid bigint, seller_nick varchar(32), jdp_modified timestamp, jdp_response text)").await;
    let joint = if url.contains('?') { '&' } else { '?' };
    Some((written, format!("{url}{joint}options=-c%20search_path%3D{name}")))
}
