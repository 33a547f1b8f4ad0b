//! A channel's own database as a source: real MariaDB (`ASTROLABE_TEST_MYSQL_URL`) and PostgreSQL (`ASTROLABE_TEST_PG_URL`),
//! written to as the channel's platform writes. Without a server named in the environment its half is not run.

use std::time::{Duration, Instant};

use astrolabe_core::ids::{SellerId, Tid};
use mysql_async::prelude::Queryable;

use crate::merchant::{Merchant, SELLER, trade_json};

const NICK: &str = "星盘示例旗舰店";

/// The channel's side of the source.
enum Written {
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

    async fn put(&mut self, table: &str, id: i64, tid: i64, nick: &str, second: i64, response: &str) {
        // Shanghai time without a zone, as the channel's platform writes it.
        let at = astrolabe_protocol::time::format_datetime(astrolabe_protocol::EpochMs(second * 1_000));
        let response = response.replace('\'', "''");
        let statement = if table == "jdp_tb_trade" {
            format!(
                "INSERT INTO jdp_tb_trade (tid, seller_nick, jdp_modified, jdp_response) VALUES ({id}, '{nick}', '{at}', '{response}')"
            )
        } else {
            format!(
                "INSERT INTO jdp_tb_refund (refund_id, tid, seller_nick, jdp_modified, jdp_response) VALUES ({id}, {tid}, '{nick}', '{at}', '{response}')"
            )
        };
        self.run(&format!(
            "DELETE FROM {table} WHERE {} = {id}",
            if table == "jdp_tb_trade" { "tid" } else { "refund_id" }
        ))
        .await;
        self.run(&statement).await;
    }
}

fn name() -> String {
    format!("source_{}", uuid::Uuid::now_v7().simple())
}

async fn mysql() -> Option<(Written, String)> {
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

async fn postgres() -> Option<(Written, String)> {
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

/// Waits until `seen` says so.
async fn until(what: &str, mut seen: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !seen().await {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn refund_json(tid: i64, oid: i64, id: i64) -> String {
    format!(
        r#"{{"refund_get_response":{{"refund":{{"refund_id":{id},"tid":{tid},"oid":{oid},"status":"WAIT_SELLER_AGREE","refund_fee":"279.00","has_good_return":false,"modified":"2016-09-22 12:00:00"}}}}}}"#
    )
}

async fn trades_flow_in((mut written, url): (Written, String)) {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 50).await;
    let now = merchant.app().clock.now().0 / 1_000;
    // More than a page in one second; one that cannot be read among them; one of another shop; a refund before its trade.
    for tid in 1_001..=1_150 {
        let text = trade_json(tid, &[(tid * 10, 7, 1)]);
        let text = if tid == 1_100 { text.replace("\"num\":1", "\"num\":0") } else { text };
        written.put("jdp_tb_trade", tid, tid, if tid == 1_101 { "邻居" } else { NICK }, now - 60, &text).await;
    }
    written.put("jdp_tb_refund", 5, 1_200, NICK, now - 50, &refund_json(1_200, 12_000, 5)).await;
    let declared = format!(
        "[[channel]]\nname = \"tmall\"\nseller = {SELLER}\ntoken = \"channel-token\"\nrds = {{ url = \"{url}\", poll_ms = 100 }}\n"
    );
    astrolabe_server::declare::apply(merchant.app(), &declared, false).await.expect("applies");
    let app = merchant.app();
    let known = async |tid: i64| app.store.trade(SellerId(SELLER), Tid(tid)).await.expect("reads");
    until("the last of the page", async || known(1_150).await.is_some()).await;
    assert!(known(1_100).await.is_none() && known(1_101).await.is_none());
    until("the exception", async || {
        let bad = app.store.source_exceptions(SellerId(SELLER), "tmall", 10).await.expect("reads");
        bad.len() == 1
            && bad[0].tid == Some(Tid(1_100))
            && bad[0].field.as_deref().is_some_and(|field| field.ends_with("orders.order[0].num"))
    })
    .await;
    until("the refund", async || known(1_200).await.is_some()).await;
    // Written in a second that was read already: committed late. And the bad row, mended; and the trade of the refund.
    written.put("jdp_tb_trade", 1_000, 1_000, NICK, now - 61, &trade_json(1_000, &[(10_000, 7, 1)])).await;
    written.put("jdp_tb_trade", 1_100, 1_100, NICK, now - 60, &trade_json(1_100, &[(11_000, 7, 1)])).await;
    written.put("jdp_tb_trade", 1_200, 1_200, NICK, now - 40, &trade_json(1_200, &[(12_000, 7, 1)])).await;
    until("the late one", async || known(1_000).await.is_some()).await;
    until("the mended one", async || {
        known(1_100).await.is_some()
            && app.store.source_exceptions(SellerId(SELLER), "tmall", 10).await.expect("reads").is_empty()
    })
    .await;
    until("the trade of the refund", async || {
        known(1_200).await.is_some_and(|view| view.file.trade.sub_orders.len() == 1)
    })
    .await;
    let stopped = known(1_200).await.expect("is there").file;
    assert!(stopped.assignments.is_empty() && stopped.trade.refunds.len() == 1, "{stopped:?}");
    // A source that dies shows it, and the place stays.
    let place = async || app.store.source_states(SellerId(SELLER), "tmall").await.expect("reads");
    let before = place().await;
    assert!(before.iter().all(|state| state.failure.is_none()), "{before:?}");
    written.run("DROP TABLE jdp_tb_trade").await;
    until("the failure", async || place().await.iter().any(|state| state.failure.is_some())).await;
    let after = place().await;
    assert_eq!(after.iter().map(|state| state.place).max(), before.iter().map(|state| state.place).max());
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_flow_in_from_mysql() {
    if let Some(source) = mysql().await {
        trades_flow_in(source).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_flow_in_from_postgres() {
    if let Some(source) = postgres().await {
        trades_flow_in(source).await;
    }
}
