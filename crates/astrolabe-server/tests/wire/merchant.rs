//! A running server with two merchants, and callers for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_protocol::catalogue::{self, Found};
use astrolabe_protocol::client::{self, ClientError, ClientRequest, Credentials, Outgoing, Shape};
use astrolabe_protocol::{Answer, AppKey, Door, EpochMs, Fields, Method, Secret, Value};
use astrolabe_server::app::{App, Clock, Limits};
use astrolabe_server::{RunningServer, declare};
use astrolabe_store::StoreTarget;
use tempfile::TempDir;

/// The seller of most tests: the platform allocates, the POS app accepts (white paper §3.3), a WMS has the warehouse.
pub(crate) const SELLER: i64 = 21230;
pub(crate) const NEIGHBOUR: i64 = 21231;

pub(crate) const DECLARED: &str = r#"
[[seller]]
id = 21230
nick = "星盘示例旗舰店"
allocator = "platform"
acceptor = "app:12345678"
wms = "33333333"

[[seller]]
id = 21231
nick = "邻居专营店"

[[app]]
key = "12345678"
secret = "helloworld"
roles = ["erp", "pos"]
sellers = [21230]
allowed_parameters = ["vendor_trace"]
rds = [{ name = "rds-1" }, { name = "rds-2", paused = true }]

[[app]]
key = "33333333"
secret = "wmsworld"
roles = ["wms"]
sellers = [21230]

[[app]]
key = "44444444"
secret = "sessionless"
roles = ["erp"]
sellers = [21230]
rds = [{ name = "rds-4" }]

[[app]]
key = "87654321"
secret = "goodbyeworld"
roles = ["erp", "pos"]
sellers = [21231]
rds = [{ name = "rds-8" }]

[[session]]
token = "test-session"
app = "12345678"
seller = 21230

[[session]]
token = "wms-session"
app = "33333333"
seller = 21230

[[session]]
token = "neighbour-session"
app = "87654321"
seller = 21231

[[channel]]
name = "tmall"
seller = 21230
token = "channel-token"

[[channel]]
name = "tmall"
seller = 21231
token = "neighbour-channel-token"

[[warehouse]]
seller = 21230
code = "WH-EAST"
name = "华东电商仓"
province = "上海市"
city = "上海市"
district = "青浦区"
"#;

/// A server that ends with the test.
pub(crate) struct Merchant {
    server: Option<RunningServer>,
    http: reqwest::Client,
    data: TempDir,
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    Erp,
    Wms,
    Neighbour,
}

impl Caller {
    pub(crate) fn credentials(self) -> Credentials {
        let (key, secret, session, seller) = match self {
            Caller::Erp => ("12345678", "helloworld", "test-session", SELLER),
            Caller::Wms => ("33333333", "wmsworld", "wms-session", SELLER),
            Caller::Neighbour => ("87654321", "goodbyeworld", "neighbour-session", NEIGHBOUR),
        };
        Credentials {
            app_key: AppKey::new(key),
            secret: Secret::new(secret),
            session: Some(session.to_owned()),
            customer_id: Some(seller.to_string()),
        }
    }
}

/// A served method by any of its names.
pub(crate) fn method(name: &str) -> &'static Method {
    match catalogue::find_inward(name) {
        Some(Found::Method(method, _)) => method,
        other => panic!("{name} is {other:?}"),
    }
}

impl Merchant {
    pub(crate) async fn open() -> Self {
        Self::open_at(Clock::System).await
    }

    pub(crate) async fn open_at(clock: Clock) -> Self {
        Self::open_with(DECLARED, clock, Limits::default()).await
    }

    /// With a declaration, a clock and limits of the test's own.
    pub(crate) async fn open_with(declared: &str, clock: Clock, limits: Limits) -> Self {
        let _installed_once = rustls::crypto::ring::default_provider().install_default();
        let data = TempDir::new().expect("a directory");
        let target = StoreTarget::DataDir(data.path().to_owned());
        let store = astrolabe_store::open(&target).await.expect("opens");
        let app = App::new(store, clock, 1, limits).await.expect("starts");
        declare::apply(&app, declared, false).await.expect("is declared");
        let server = astrolabe_server::serve(app, SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("listens");
        Self { server: Some(server), http: reqwest::Client::new(), data }
    }

    fn server(&self) -> &RunningServer {
        self.server.as_ref().expect("runs until the end")
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.server().app
    }

    /// Where its database lies.
    pub(crate) fn data_dir(&self) -> &std::path::Path {
        self.data.path()
    }

    pub(crate) fn now(&self) -> EpochMs {
        EpochMs(self.app().clock.now().0)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server().address())
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Stops as a server does: with everything answered and committed.
    pub(crate) async fn close(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// POSTs a built request as it is.
    pub(crate) async fn send(&self, request: ClientRequest) -> Vec<u8> {
        let path = match request.door {
            Door::Top => "/router/rest",
            Door::Qimen => "/router/qimen/service",
            Door::QimenCloud => "/router/qm",
        };
        let url = format!("{}?{}", self.url(path), request.query);
        let query = request.query;
        let sent = self.http.post(url).header("content-type", request.content_type).body(request.body).send().await;
        let answer = sent.expect("is answered");
        assert_eq!(answer.status(), 200, "the router doors answer 200 always");
        let body = answer.bytes().await.expect("has a body").to_vec();
        every_code_is_listed(&query, &String::from_utf8_lossy(&body));
        body
    }

    /// Calls in a shape and reads the answer.
    pub(crate) async fn call_as(
        &self,
        caller: Caller,
        shape: Shape,
        name: &str,
        fields: &Fields,
    ) -> Result<Answer, ClientError> {
        let outgoing = Outgoing { called_as: name, ..Outgoing::new(method(name), fields, shape) };
        let body = self.send(client::build(&outgoing, &caller.credentials(), self.now())).await;
        client::parse_answer(method(name), &outgoing.style(), &body)
    }

    /// Calls at the TOP door in JSON, as most connectors do.
    pub(crate) async fn call(&self, name: &str, fields: Fields) -> Result<Answer, ClientError> {
        self.call_as(Caller::Erp, Shape::TopJson, name, &fields).await
    }

    /// Calls, and expects success.
    pub(crate) async fn done(&self, name: &str, fields: Fields) -> Answer {
        let answer = self.call(name, fields).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(answer.failure_code(), None, "{name}: {answer:?}");
        answer
    }

    /// Makes an open store with a merchant's code, and answers its id.
    pub(crate) async fn store(&self, code: &str) -> i64 {
        let answer = self.done("taobao.qimen.store.create", store_fields(code)).await;
        answer.fields().long("store_id").expect("an id")
    }

    /// Makes a listing sellable from a store: bound, tagged for shipping, with certain stock.
    pub(crate) async fn offer(&self, store: i64, item: i64, quantity: i64) {
        let bind = Fields::new().with("action_type", "ADD").with("item_id", item).with("store_ids", vec![store]);
        self.done("taobao.qimen.itemstore.banding", bind).await;
        let tag = Fields::new().with("item_id", item).with("types", vec!["storeDeliver"]).with("status", 1);
        self.done("taobao.omniorder.item.tag.operate", tag).await;
        let bill =
            bill(&format!("INIT-{store}-{item}"), item).with("inventory_type", "CERTAINTY").with("quantity", quantity);
        let report = stock_report("STORE", &store.to_string(), vec![bill]);
        self.done("taobao.qimen.storeinventory.iteminitial", report).await;
    }

    /// (available, reserved) of certain stock.
    pub(crate) async fn stock_at(&self, kind: &str, place: &str, item: i64) -> (i64, i64) {
        let line = Fields::new().with("item_id", item).with("outer_id", format!("SP-{item}")).with("sku_id", sku(item));
        let query = Fields::new().with("stores", Value::List(vec![place_fields(kind, place, vec![line])]));
        let answer = self.done("taobao.qimen.storeinventory.itemquery", query).await;
        let stores = answer.fields().structs("stores").expect("stores");
        let lines = stores[0].structs("store_inventories").expect("lines");
        let details = lines[0].structs("quantity_details").expect("details");
        let certain = details.iter().find(|detail| detail.text("inventory_type") == Ok("CERTAINTY")).expect("certain");
        (certain.long("quantity").expect("a number"), certain.long("occupy_quantity").expect("a number"))
    }

    /// Pushes JSON through the channel door; answers the HTTP status and the body.
    pub(crate) async fn push(&self, path: &str, token: &str, body: String) -> (u16, serde_json::Value) {
        let request = self.http.post(self.url(&format!("/api/v1/channels/{path}"))).bearer_auth(token).body(body);
        let answer = request.header("content-type", "application/json").send().await.expect("is answered");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("has a body");
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
    }

    /// A paid trade with one line a (oid, item, quantity) comes in.
    pub(crate) async fn pay(&self, tid: i64, lines: &[(i64, i64, i64)]) {
        let (status, answer) = self.push("tmall/trades", "channel-token", trade_json(tid, lines)).await;
        assert_eq!((status, &answer["results"][0]["changed"]), (200, &serde_json::json!(true)), "{answer}");
    }

    /// The members of the first `omnichannel_param` record of a sub-order; none while there is no record.
    pub(crate) async fn record(&self, tid: i64, oid: i64) -> Option<Vec<(String, String)>> {
        let fields = Fields::new().with("tid", tid).with("fields", "tid,status,orders,omnichannel_param");
        let answer = self.done("taobao.trade.fullinfo.get", fields).await;
        let trade = answer.fields().structure("trade").expect("a trade").clone();
        let param = trade.opt_text("omnichannel_param").expect("is text")?.to_owned();
        let record = param.split(';').find(|record| record.contains(&format!("subOrderCode:{oid}")))?.to_owned();
        let members = record.split(',').filter_map(|member| member.split_once(':'));
        Some(members.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// One member of that record, once there is one.
    pub(crate) async fn told(&self, tid: i64, oid: i64, name: &str) -> Option<String> {
        let record = self.record(tid, oid).await?;
        record.into_iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Looks until a sub-order shows a state. Never a fixed pause: the test fails when it takes too long.
    pub(crate) async fn reaches(&self, tid: i64, oid: i64, state: &str) {
        for _ in 0..400 {
            if self.told(tid, oid, "orderState").await.as_deref() == Some(state) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{oid} did not reach {state}: {:?}", self.record(tid, oid).await);
    }
}

/// Whatever a test is told, the catalogue says that the method can say it: a connector's code branches on these.
pub(crate) fn every_code_is_listed(query: &str, body: &str) {
    let name = query.split('&').find_map(|pair| pair.strip_prefix("method="));
    let Some(Found::Method(method, _)) = name.and_then(catalogue::find_inward) else { return };
    for code in codes_in(body) {
        let listed = method.errors.contains(&code) || catalogue::ERRORS_OF_ANY.contains(&code);
        let not_served = code == "isv.not-supported" && !astrolabe_server::gateway::is_served(method.name);
        assert!(listed || not_served, "{} answers {code}, and the catalogue does not list it: {body}", method.name);
    }
}

/// `isv.…` and `isp.…` wherever they stand: bills have theirs in a description.
fn codes_in(body: &str) -> Vec<&str> {
    let starts = body.match_indices("isv.").chain(body.match_indices("isp."));
    let code = |at: usize| {
        let rest = &body[at + 4..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'-').count();
        &body[at..at + 4 + length]
    };
    starts.map(|(at, _)| code(at)).collect()
}

/// A listing's only SKU in these tests.
pub(crate) fn sku(item: i64) -> i64 {
    item + 1_000_000
}

pub(crate) fn store_fields(code: &str) -> Fields {
    let address = Fields::new()
        .with("province", "浙江省")
        .with("city", "杭州市")
        .with("area", "西湖区")
        .with("detail_address", "文一西路1号");
    Fields::new()
        .with("store_code", code)
        .with("company_name", "星盘示例")
        .with("store_name", format!("{code}店"))
        .with("store_type", "NORMAL")
        .with("main_category", 170_403)
        .with("start_time", "00:00")
        .with("end_time", "24:00")
        .with("address", address)
        .with("store_keeper", Fields::new().with("tel", "0571-1").with("mobile", "138"))
}

pub(crate) fn bill(number: &str, item: i64) -> Fields {
    Fields::new()
        .with("bill_num", number)
        .with("item_id", item)
        .with("outer_id", format!("SP-{item}"))
        .with("sku_id", sku(item))
}

pub(crate) fn place_fields(kind: &str, place: &str, lines: Vec<Fields>) -> Value {
    let lines = lines.into_iter().map(Value::Struct).collect();
    let place = Fields::new().with("warehouse_type", kind).with("warehouse_id", place);
    Value::Struct(place.with("store_inventories", Value::List(lines)))
}

pub(crate) fn stock_report(kind: &str, place: &str, lines: Vec<Fields>) -> Fields {
    Fields::new()
        .with("operation_time", "2026-01-01 10:00:00")
        .with("stores", Value::List(vec![place_fields(kind, place, lines)]))
}

/// A paid trade as the channel publishes it.
pub(crate) fn trade_json(tid: i64, lines: &[(i64, i64, i64)]) -> String {
    let orders: Vec<serde_json::Value> = lines
        .iter()
        .map(|(oid, item, quantity)| {
            serde_json::json!({
                "oid": oid, "num_iid": item, "sku_id": sku(*item).to_string(), "num": quantity, "payment": "279.00",
                "status": "WAIT_SELLER_SEND_GOODS", "title": "示例羊毛衫",
            })
        })
        .collect();
    serde_json::json!({"trade_fullinfo_get_response": {"trade": {
        "tid": tid, "status": "WAIT_SELLER_SEND_GOODS", "created": "2026-01-02 09:58:11", "pay_time": "2026-01-02 09:59:02",
        "modified": "2026-01-02 09:59:02", "payment": "279.00", "is_o2o_passport": true, "receiver_name": "张**",
        "receiver_state": "浙江省", "receiver_city": "杭州市", "receiver_district": "西湖区", "orders": {"order": orders},
    }}})
    .to_string()
}
