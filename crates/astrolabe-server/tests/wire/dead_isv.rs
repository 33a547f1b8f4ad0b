//! One receiver that never answers, over 72 hours of a clock moved by hand: nothing of it is lost, nobody else waits for it, and
//! what was given up in the end can be sent again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use astrolabe_core::command::Command;
use astrolabe_core::ids::{AppKey, OutwardId, SellerId, Tid};
use astrolabe_core::outward::{OutwardState, Receiver};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Shape;
use astrolabe_server::app::{Clock, Limits};
use astrolabe_server::declare;

use crate::isv::Isv;
use crate::merchant::{Caller, Merchant, NEIGHBOUR, SELLER, bill, stock_report, store_fields, trade_json};

const START: Timestamp = Timestamp(1_767_319_200_000);
const ITEM: i64 = 900;
/// Trades whose POS app is dead: more than are called at once.
const DEAD_TRADES: i64 = 40;
/// Trades of the others in each measurement.
const MEASURED: i64 = 100;
/// Seconds after which each attempt is due at the latest, jitter included, after the first.
const DUE_S: [i64; 24] = [
    1, 3, 8, 20, 45, 90, 150, 240, 480, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 32_400, 43_200, 64_800,
    86_400, 129_600, 172_800, 216_000, 259_200,
];

/// The seller whose POS app lives at `dead`, with a WMS at `alive`, and his neighbour with a POS app at `alive`.
fn declared(dead: &str, alive: &str) -> String {
    format!(
        r#"
[[seller]]
id = {SELLER}
nick = "星盘示例旗舰店"
acceptor = "app:12345678"
wms = "33333333"
[seller.settings]
accept_within_ms = 604800000
ship_within_ms = 604800000

[[seller]]
id = {NEIGHBOUR}
nick = "邻居专营店"
acceptor = "app:87654321"

[[app]]
key = "12345678"
secret = "helloworld"
roles = ["erp", "pos"]
sellers = [{SELLER}]
spi = {{ online = {{ url = "{dead}", within_ms = 15000 }} }}

[[app]]
key = "33333333"
secret = "helloworld"
roles = ["wms"]
sellers = [{SELLER}]
spi = {{ online = "{alive}" }}

[[app]]
key = "87654321"
secret = "goodbyeworld"
roles = ["erp", "pos"]
sellers = [{NEIGHBOUR}]
spi = {{ online = "{alive}" }}

[[session]]
token = "test-session"
app = "12345678"
seller = {SELLER}

[[session]]
token = "neighbour-session"
app = "87654321"
seller = {NEIGHBOUR}

[[channel]]
name = "tmall"
seller = {SELLER}
token = "channel-token"

[[channel]]
name = "tmall"
seller = {NEIGHBOUR}
token = "neighbour-channel-token"

[[warehouse]]
seller = {SELLER}
code = "WH-EAST"
name = "华东电商仓"
province = "上海市"
city = "上海市"
district = "青浦区"
"#
    )
}

/// Two merchants on a clock that stands still.
struct Town {
    merchant: Merchant,
}

impl Town {
    async fn open(dead: &str, alive: &str) -> Self {
        let limits = Limits { allow_private_addresses: true, ..Limits::default() };
        let merchant = Merchant::open_with(&declared(dead, alive), Clock::manual(START), limits).await;
        let town = Self { merchant };
        town.call(Caller::Erp, "taobao.qimen.storeinventory.iteminitial", stock("WAREHOUSE", "WH-EAST")).await;
        town.tag(Caller::Erp).await;
        let store = town.call(Caller::Neighbour, "taobao.qimen.store.create", store_fields("N1")).await;
        let store = store.fields().long("store_id").expect("an id");
        let bind = Fields::new().with("action_type", "ADD").with("item_id", ITEM).with("store_ids", vec![store]);
        town.call(Caller::Neighbour, "taobao.qimen.itemstore.banding", bind).await;
        town.tag(Caller::Neighbour).await;
        let report = stock("STORE", &store.to_string());
        town.call(Caller::Neighbour, "taobao.qimen.storeinventory.iteminitial", report).await;
        town
    }

    async fn call(&self, caller: Caller, name: &str, fields: Fields) -> astrolabe_protocol::Answer {
        let answer = self.merchant.call_as(caller, Shape::TopJson, name, &fields).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(answer.failure_code(), None, "{name}: {answer:?}");
        answer
    }

    async fn tag(&self, caller: Caller) {
        let tag = Fields::new().with("item_id", ITEM).with("types", vec!["storeDeliver"]).with("status", 1);
        self.call(caller, "taobao.omniorder.item.tag.operate", tag).await;
    }

    /// A paid trade of one unit.
    async fn pay(&self, token: &str, tid: i64) {
        let body = trade_json(tid, &[(tid + 1, ITEM, 1)]);
        let (status, answer) = self.merchant.push("tmall/trades", token, body).await;
        assert_eq!((status, &answer["results"][0]["changed"]), (200, &serde_json::json!(true)), "{answer}");
    }

    /// How the calls about a trade stand, to one receiver.
    async fn calls(&self, seller: i64, tid: i64, app: &str) -> Vec<(OutwardId, OutwardState)> {
        let view = self.merchant.app().store.trade(SellerId(seller), Tid(tid)).await.expect("reads").expect("is there");
        let to = Receiver::App(AppKey(app.to_owned()));
        let of_app = view.outward.into_iter().filter(|call| call.outward.receiver == to);
        of_app.map(|call| (call.outward.id, call.state)).collect()
    }

    /// Waits until every call to the dead app is as wanted. Never a fixed pause.
    async fn all_dead_calls(&self, what: &str, wanted: impl Fn(&OutwardState) -> bool) {
        for tid in dead_tids() {
            let end = Instant::now() + Duration::from_secs(30);
            loop {
                let calls = self.calls(SELLER, tid, "12345678").await;
                if !calls.is_empty() && calls.iter().all(|(_, state)| wanted(state)) {
                    break;
                }
                assert!(Instant::now() < end, "{what}: {calls:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Wall time from the channel's push to the delivery at the neighbour's POS, of so many trades one after the other; the
    /// slowest of a hundred. Each is delivered at its first attempt, at the very instant it was made.
    async fn slowest_delivery(&self, first_tid: i64) -> Duration {
        let mut times = Vec::new();
        for tid in (first_tid..).step_by(10).take(usize::try_from(MEASURED).expect("is small")) {
            let began = Instant::now();
            self.pay("neighbour-channel-token", tid).await;
            let end = Instant::now() + Duration::from_secs(30);
            loop {
                let calls = self.calls(NEIGHBOUR, tid, "87654321").await;
                if let [(_, OutwardState::Delivered { attempts, at })] = calls.as_slice() {
                    assert_eq!((*attempts, *at), (1, self.merchant.app().clock.now()));
                    break;
                }
                assert!(Instant::now() < end, "{tid}: {calls:?}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            times.push(began.elapsed());
        }
        times.sort();
        times[times.len() * 99 / 100]
    }

    async fn send_again(&self, tid: i64, id: OutwardId, attempts: u32) {
        let state = OutwardState::Pending { attempts, next_at: self.merchant.app().clock.now(), last_error: None };
        let again = Command::SettleOutward { id, tid: Tid(tid), state };
        self.merchant.app().submit(SellerId(SELLER), again, None).await.expect("is taken");
    }
}

fn stock(kind: &str, place: &str) -> Fields {
    let line = bill(&format!("INIT-{place}"), ITEM).with("inventory_type", "CERTAINTY").with("quantity", 100_000);
    stock_report(kind, place, vec![line])
}

fn dead_tids() -> impl Iterator<Item = i64> {
    (0..DEAD_TRADES).map(|n| 5_000_000 + n * 10)
}

fn attempts(state: &OutwardState) -> u32 {
    match state {
        OutwardState::Pending { attempts, .. }
        | OutwardState::Delivered { attempts, .. }
        | OutwardState::Dead { attempts, .. } => *attempts,
        OutwardState::Skipped { .. } => 0,
    }
}

#[expect(clippy::print_stdout, reason = "wall time is shown and not judged: the machine is shared")]
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_receiver_loses_nothing_and_holds_up_nobody() {
    let isv = Isv::open(Clock::manual(START)).await;
    let town = Town::open(&isv.url("/held"), &isv.url("/keyless")).await;
    let without = town.slowest_delivery(7_000_000).await;

    // More calls than may be under way at once hang at the dead app, and none of them ends while the others are measured.
    for tid in dead_tids() {
        town.pay("channel-token", tid).await;
    }
    isv.until_heard("/held", 32).await;
    let beside = town.slowest_delivery(8_000_000).await;
    assert_eq!(isv.heard_at("/held"), 32, "all its connections are still open");
    println!("slowest of {MEASURED} deliveries: {without:?} without the dead app, {beside:?} beside it");
    town.all_dead_calls("nothing ended", |state| attempts(state) == 0).await;
    // The same seller's warehouse was told of the very same trades.
    for tid in dead_tids() {
        let calls = town.calls(SELLER, tid, "33333333").await;
        assert!(matches!(calls.as_slice(), [(_, OutwardState::Delivered { attempts: 1, .. })]), "{tid}: {calls:?}");
    }

    // 72 hours in which it never answers.
    isv.let_go();
    town.all_dead_calls("first attempts", |state| attempts(state) == 1).await;
    let clock = &town.merchant.app().clock;
    for (made, due) in (2..).zip(DUE_S) {
        let latest = START + Millis(due * 1_100);
        clock.advance(Millis((latest - clock.now()).0.max(600)));
        town.all_dead_calls(&format!("attempt {made}"), |state| attempts(state) == made).await;
        if made == 9 {
            assert!(clock.now() <= START + Millis::minutes(5), "nine attempts in five minutes: {}", clock.now());
        }
    }
    town.all_dead_calls("given up", |state| matches!(state, OutwardState::Dead { attempts: 25, .. })).await;
    let heard_again = town.slowest_delivery(9_000_000).await;
    println!("and {heard_again:?} after 72 hours");

    // It is back: one is sent again, then all.
    declare::apply(town.merchant.app(), &declared(&isv.url("/good"), &isv.url("/keyless")), false)
        .await
        .expect("is declared");
    let mut dead = Vec::new();
    for tid in dead_tids() {
        dead.extend(town.calls(SELLER, tid, "12345678").await.into_iter().map(|(id, _)| (tid, id)));
    }
    assert_eq!(dead.len(), usize::try_from(DEAD_TRADES).expect("is small"), "no event is lost or doubled");
    let (tid, id) = dead[0];
    town.send_again(tid, id, 25).await;
    isv.until_heard("/good", 1).await;
    for (tid, id) in &dead[1..] {
        town.send_again(*tid, *id, 25).await;
    }
    town.all_dead_calls("sent again", |state| matches!(state, OutwardState::Delivered { attempts: 26, .. })).await;
    let told: BTreeSet<String> =
        isv.heard().iter().filter(|heard| heard.path == "/good").map(|it| it.body.clone()).collect();
    assert_eq!(told.len(), dead.len(), "each trade was told of");
    town.merchant.close().await;
}
