//! A channel's own database as a source: real MariaDB (`ASTROLABE_TEST_MYSQL_URL`) and PostgreSQL (`ASTROLABE_TEST_PG_URL`),
//! written to as the channel's platform writes. Without a server named in the environment its half is not run.

use std::time::{Duration, Instant};

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_store::{SourceException, SourceState, TradeView};

use crate::merchant::{Merchant, SELLER, trade_json};
use crate::written_source::{Row, Written, mysql, postgres};

const NICK: &str = "星盘示例旗舰店";

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

const TABLES: [&str; 2] = ["jdp_tb_trade", "jdp_tb_refund"];

async fn put_trade(written: &mut Written, tid: i64, nick: &str, second: i64, text: &str) {
    written.put(Row { table: TABLES[0], id: tid, tid, nick, second, response: text }).await;
}

async fn known(merchant: &Merchant, tid: i64) -> Option<TradeView> {
    merchant.app().store.trade(SellerId(SELLER), Tid(tid)).await.expect("reads")
}

async fn exceptions(merchant: &Merchant) -> Vec<SourceException> {
    merchant.app().store.source_exceptions(SellerId(SELLER), "tmall", 10).await.expect("reads")
}

async fn states(merchant: &Merchant) -> Vec<SourceState> {
    merchant.app().store.source_states(SellerId(SELLER), "tmall").await.expect("reads")
}

async fn trades_flow_in((mut written, url): (Written, String)) {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 50).await;
    let now = merchant.app().clock.now().0 / 1_000;
    read_first(&merchant, &mut written, &url, now).await;
    read_late_and_mended(&merchant, &mut written, now).await;
    // A source that dies shows it, and the place stays.
    let before = states(&merchant).await;
    assert!(before.iter().all(|state| state.failure.is_none()), "{before:?}");
    written.break_it().await;
    until("the failure", async || states(&merchant).await.iter().any(|state| state.failure.is_some())).await;
    let furthest = |states: &[SourceState]| states.iter().map(|state| state.place).max();
    assert_eq!(furthest(&states(&merchant).await), furthest(&before));
    merchant.close().await;
}

/// More than a page in one second; one that cannot be read among them; one of another shop; a refund before its trade.
async fn read_first(merchant: &Merchant, written: &mut Written, url: &str, now: i64) {
    for tid in 1_001..=1_150 {
        let text = trade_json(tid, &[(tid * 10, 7, 1)]);
        let text = if tid == 1_100 { text.replace("\"num\":1", "\"num\":0") } else { text };
        put_trade(written, tid, if tid == 1_101 { "邻居" } else { NICK }, now - 60, &text).await;
    }
    let asked = refund_json(1_200, 12_000, 5);
    let row = Row { table: TABLES[1], id: 5, tid: 1_200, nick: NICK, second: now - 50, response: &asked };
    written.put(row).await;
    let declared = format!(
        "[[channel]]\nname = \"tmall\"\nseller = {SELLER}\ntoken = \"channel-token\"\nrds = {{ url = \"{url}\", poll_ms = 100 }}\n"
    );
    astrolabe_server::declare::apply(merchant.app(), &declared, false).await.expect("applies");
    until("the last of the page", async || known(merchant, 1_150).await.is_some()).await;
    assert!(known(merchant, 1_100).await.is_none() && known(merchant, 1_101).await.is_none());
    until("the exception", async || !exceptions(merchant).await.is_empty()).await;
    let bad = exceptions(merchant).await;
    let field = bad[0].field.as_deref().unwrap_or_default();
    assert_eq!((bad.len(), bad[0].tid), (1, Some(Tid(1_100))));
    assert!(field.ends_with("orders.order[0].num"), "{field}");
    until("the refund", async || known(merchant, 1_200).await.is_some()).await;
}

/// One that was committed late, in a second that was read already; the bad one, mended; and the trade of the refund.
async fn read_late_and_mended(merchant: &Merchant, written: &mut Written, now: i64) {
    for (tid, second) in [(1_000, now - 61), (1_100, now - 60), (1_200, now - 40)] {
        put_trade(written, tid, NICK, second, &trade_json(tid, &[(tid * 10, 7, 1)])).await;
    }
    until("the late one", async || known(merchant, 1_000).await.is_some()).await;
    until("the mended one", async || known(merchant, 1_100).await.is_some()).await;
    until("no exception", async || exceptions(merchant).await.is_empty()).await;
    let lines = async || known(merchant, 1_200).await.map_or(0, |view| view.file.trade.sub_orders.len());
    until("the trade of the refund", async || lines().await == 1).await;
    let stopped = known(merchant, 1_200).await.expect("is there").file;
    assert!(stopped.assignments.is_empty() && stopped.trade.refunds.len() == 1, "{stopped:?}");
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
