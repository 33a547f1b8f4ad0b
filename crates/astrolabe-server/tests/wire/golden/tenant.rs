//! One seller of the stage: what is said for it, what is known of it, and the words that stand for what was minted.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use astrolabe_core::command::Command;
use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::order::timeline::Actor;
use astrolabe_core::outward::OutwardState;
use astrolabe_core::place::LocationKind;
use astrolabe_protocol::catalogue::Role;
use astrolabe_protocol::client::{self, Outgoing, Shape};
use astrolabe_protocol::{Answer, Fields, Value};
use astrolabe_store::OutwardView;

use super::spoken::Speech;
use super::stage::{Mode, Stage, credentials};
use crate::merchant::{bill, method, sku, stock_report, store_fields, trade_json};

/// One seller.
pub(crate) struct Tenant<'s> {
    pub(crate) stage: &'s Stage,
    pub(crate) seller: i64,
    pub(crate) mode: Mode,
    /// Added to the numbers that the channel gives, so that two sellers' trades and items differ.
    series: i64,
    /// Whether the trade goes to the warehouse instead of the store.
    from_warehouse: bool,
    /// Articles that answers told of: nothing lists a seller's articles.
    articles: Mutex<BTreeSet<i64>>,
}

impl<'s> Tenant<'s> {
    pub(crate) fn new(stage: &'s Stage, seller: i64, mode: Mode) -> Self {
        Self { stage, seller, mode, series: 0, from_warehouse: false, articles: Mutex::default() }
    }

    /// The same seller, whose channel counts from elsewhere.
    pub(crate) fn in_series(mut self, series: i64) -> Self {
        self.series = series * 10_000;
        self
    }

    /// The same seller, whose stock lies in the warehouse.
    pub(crate) fn with_goods_in_the_warehouse(mut self) -> Self {
        self.from_warehouse = true;
        self
    }

    pub(crate) fn tid(&self) -> i64 {
        2_004_574_256_110_000 + self.series
    }

    pub(crate) fn oid(&self, line: i64) -> i64 {
        self.tid() + line
    }

    pub(crate) fn item(&self) -> i64 {
        610_000_000_007 + self.series
    }

    /// A key of the caller's own.
    pub(crate) fn key(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.series / 10_000 + 1)
    }

    /// Calls as a role's app; the call must succeed.
    pub(crate) async fn done(&self, role: Role, name: &str, fields: Fields) -> Answer {
        let outgoing = Outgoing { called_as: name, ..Outgoing::new(method(name), &fields, Shape::TopJson) };
        let request = client::build(&outgoing, &credentials(role, self.seller), self.stage.now());
        let said = Speech::posted(request).send(self.stage).await;
        let answer = client::parse_answer(method(name), &outgoing.style(), said.body.as_bytes());
        let answer = answer.unwrap_or_else(|error| panic!("{name} for {}: {error}", self.mode.section()));
        assert_eq!(answer.failure_code(), None, "{name}: {answer:?}");
        self.learn(&answer);
        answer
    }

    /// Remembers what an answer minted and nothing else shows.
    pub(crate) fn learn(&self, answer: &Answer) {
        if let Ok(Some(sc_item)) = answer.fields().opt_structure("sc_item") {
            let id = sc_item.long("item_id").expect("an id");
            self.articles.lock().expect("nobody panicked").insert(id);
        }
    }

    /// An open store with that code; its id.
    pub(crate) async fn store(&self, code: &str) -> i64 {
        let answer = self.done(Role::Merchant, "taobao.qimen.store.create", store_fields(code)).await;
        answer.fields().long("store_id").expect("an id")
    }

    /// Binds the item to the store and tags it for shipping and pickup.
    pub(crate) async fn bind(&self, store: i64) {
        let bind = Fields::new().with("action_type", "ADD").with("item_id", self.item()).with("store_ids", vec![store]);
        self.done(Role::Merchant, "taobao.qimen.itemstore.banding", bind).await;
        let tags = vec!["storeDeliver", "storeCollect"];
        let tag = Fields::new().with("item_id", self.item()).with("types", tags).with("status", 1);
        self.done(Role::Merchant, "taobao.omniorder.item.tag.operate", tag).await;
    }

    /// A location that sells the item, with certain stock: the store S001, or the warehouse.
    pub(crate) async fn selling(&self, quantity: i64) -> i64 {
        self.selling_from("S001", quantity).await
    }

    async fn selling_from(&self, code: &str, quantity: i64) -> i64 {
        let store = self.store(code).await;
        self.bind(store).await;
        if !self.from_warehouse {
            self.stock(store, code, quantity).await;
            return store;
        }
        let locations = self.stage.app().store.locations(SellerId(self.seller)).await.expect("reads");
        let warehouse = locations.iter().find(|place| place.is_warehouse()).expect("was declared").id.0;
        self.report("WAREHOUSE", warehouse, "WH", quantity).await;
        warehouse
    }

    /// What reports call the place that the goods are at.
    pub(crate) fn place_type(&self) -> &'static str {
        if self.from_warehouse { "Warehouse" } else { "Store" }
    }

    /// Certain stock of the item at a store.
    pub(crate) async fn stock(&self, store: i64, code: &str, quantity: i64) {
        self.report("STORE", store, code, quantity).await;
    }

    async fn report(&self, place_type: &str, place: i64, code: &str, quantity: i64) {
        let line = bill(&self.key(&format!("INIT-{code}")), self.item())
            .with("inventory_type", "CERTAINTY")
            .with("quantity", quantity);
        let report = stock_report(place_type, &place.to_string(), vec![line]);
        self.done(Role::Merchant, "taobao.qimen.storeinventory.iteminitial", report).await;
    }

    /// An article, by the code the seller gives it; its id.
    pub(crate) async fn article(&self, code: &str) -> i64 {
        let fields = Fields::new().with("item_name", "示例羊毛衫").with("outer_code", self.key(code));
        let answer = self.done(Role::Merchant, "taobao.scitem.add", fields).await;
        answer.fields().structure("sc_item").expect("an article").long("item_id").expect("an id")
    }

    /// Pushes through the channel door; the push must be taken.
    pub(crate) async fn push(&self, what: &str, body: String) {
        let url = self.stage.url(&format!("/api/v1/channels/tmall/{what}"));
        let request = self.stage.http().post(url).bearer_auth(format!("channel-{}", self.seller)).body(body);
        let answer = request.header("content-type", "application/json").send().await.expect("is answered");
        let status = answer.status();
        let text = answer.text().await.expect("has a body");
        assert_eq!(status, 200, "{text}");
    }

    /// The trade is paid: one line of the item; and routed as far as the platform does it.
    pub(crate) async fn pay(&self) {
        self.pay_as(|trade| trade).await;
    }

    /// As [`Self::pay`], with something changed in what the channel says.
    pub(crate) async fn pay_as(&self, change: impl FnOnce(String) -> String) {
        self.push("trades", change(trade_json(self.tid(), &[(self.oid(1), self.item(), 1)]))).await;
        self.settle().await;
    }

    /// A paid trade that is offered to the store S001, by whoever allocates in this mode; the store's id.
    pub(crate) async fn notified(&self) -> i64 {
        self.notified_from("S001").await
    }

    /// As [`Self::notified`], from the store with that code.
    pub(crate) async fn notified_from(&self, code: &str) -> i64 {
        let store = self.selling_from(code, 5).await;
        self.pay().await;
        if self.mode.app_allocates() {
            self.done(Role::Allocator, "taobao.omniorder.allocatedinfo.sync", self.allocated(store)).await;
            self.settle().await;
        }
        store
    }

    /// A paid trade that its store has accepted, by whoever accepts in this mode; the location's id. A warehouse accepts
    /// nothing.
    pub(crate) async fn accepted(&self) -> i64 {
        let store = self.notified().await;
        let code = self.allocation_code().await.to_string();
        if !self.from_warehouse && self.mode.pos_accepts() {
            let accept = Fields::new()
                .with("allocation_code", code)
                .with("is_accept", true)
                .with("sub_order_code", vec![self.oid(1).to_string()]);
            self.done(Role::Pos, "tmall.storedeliver.allocation.accept", accept).await;
        } else if !self.from_warehouse {
            self.keeper(&format!("assignments/{code}/accept"), String::new()).await;
        }
        self.settle().await;
        store
    }

    /// A keeper's action over REST; it must succeed.
    pub(crate) async fn keeper(&self, path: &str, body: String) {
        let url = self.stage.url(&format!("/api/v1/keeper/{path}"));
        let request = self.stage.http().post(url).bearer_auth(format!("user-{}", self.seller)).body(body);
        let answer = request.header("content-type", "application/json").send().await.expect("is answered");
        let status = answer.status();
        let text = answer.text().await.expect("has a body");
        assert_eq!(status, 200, "{path}: {text}");
    }

    /// The merchant's staff give the trade back to the channel.
    pub(crate) async fn ask_cancel(&self, why: &str) {
        let (who, why) = (Actor::Operator { user: "小王".to_owned() }, why.to_owned());
        let command = Command::AskCancel { tid: Tid(self.tid()), sub_orders: Vec::new(), who, why };
        self.stage.app().submit(SellerId(self.seller), command, None).await.expect("is asked");
    }

    /// A paid trade that its buyer collects at the store S001, which has it ready: then there is a code. The store's id.
    pub(crate) async fn ready_to_collect(&self) -> i64 {
        let store = self.store("S001").await;
        self.bind(store).await;
        self.stock(store, "S001", 5).await;
        let picked_up = |trade: String| {
            let mut trade: serde_json::Value = serde_json::from_str(&trade).expect("is JSON");
            let members = &mut trade["trade_fullinfo_get_response"]["trade"];
            members["rt_omni_send_type"] = "pickUp".into();
            members["rt_omni_store_id"] = store.to_string().into();
            trade.to_string()
        };
        self.pay_as(picked_up).await;
        let view = self.trade().await.expect("there is a trade");
        let offered = view.file.assignments.first().map(|assignment| assignment.code);
        match offered {
            Some(code) if !self.mode.pos_accepts() => {
                self.keeper(&format!("assignments/{code}/confirm"), String::new()).await;
            }
            Some(_) => {
                let confirm = Fields::new()
                    .with("parent_order_code", self.tid())
                    .with("order_codes", vec![self.oid(1)])
                    .with("store_id", store)
                    .with("type", "ZITI")
                    .with("status", "X_COMMODITY_CONFIRM")
                    .with("operator", "小王");
                self.done(Role::Pos, "taobao.qimen.orderstatus.update", confirm).await;
            }
            None => {}
        }
        self.settle().await;
        store
    }

    /// A paid trade that its store brings to the buyer: then there is a code.
    pub(crate) async fn under_way(&self) {
        let store = self.accepted().await;
        if self.mode.pos_accepts() && !self.from_warehouse {
            let consign = Fields::new().with("main_order_id", self.tid()).with("store_id", store);
            self.done(Role::Pos, "taobao.omniorder.dtd.consign", consign).await;
            self.settle().await;
        }
    }

    /// The code that the buyer shows, as the merchant's staff see it; a made-up one while there is none.
    pub(crate) async fn handover_code(&self) -> String {
        let url = self.stage.url(&format!("/api/v1/trades/{}", self.tid()));
        let request = self.stage.http().get(url).bearer_auth(format!("user-{}", self.seller));
        let text = request.send().await.expect("is answered").text().await.expect("has a body");
        let trade: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        trade["assignments"][0]["handover_code"].as_str().unwrap_or("123456789012").to_owned()
    }

    pub(crate) fn refund_id(&self) -> i64 {
        98_765_000 + self.series / 10_000
    }

    /// A paid trade whose buyer wants his money back before anything was shipped.
    pub(crate) async fn refunded(&self) {
        self.notified().await;
        let refund = serde_json::json!({"refund_id": self.refund_id().to_string(), "tid": self.tid(),
            "oid": self.oid(1), "status": "WAIT_SELLER_AGREE", "refund_fee": "279.00", "has_good_return": false,
            "modified": "2026-01-02 09:59:40"});
        self.push("refunds", refund.to_string()).await;
        self.settle().await;
    }

    /// What the allocating app says: the line goes to the store.
    pub(crate) fn allocated(&self, store: i64) -> Fields {
        let line = Fields::new()
            .with("sub_oid", self.oid(1))
            .with("store_id", store.to_string())
            .with("store_type", self.place_type())
            .with("status", "Allocated");
        Fields::new()
            .with("tid", self.tid())
            .with("status", "Allocated")
            .with("sub_order_list", Value::List(vec![Value::Struct(line)]))
    }

    /// The first allocation's code.
    pub(crate) async fn allocation_code(&self) -> i64 {
        let view = self.trade().await.expect("there is a trade");
        view.file.assignments.first().expect("it was allocated").code.0
    }

    pub(crate) async fn trade(&self) -> Option<astrolabe_store::TradeView> {
        let found = self.stage.app().store.trade(SellerId(self.seller), Tid(self.tid())).await;
        found.expect("reads")
    }

    /// Waits until nothing is under way for the seller: calls outward have ended and left-over work is done.
    pub(crate) async fn settle(&self) {
        let store = &self.stage.app().store;
        for _ in 0..2_000 {
            // In this order: work that is done leaves calls outward behind.
            let works = !store.open_work(SellerId(self.seller), 1).await.expect("reads").is_empty();
            let calls = self.trade().await.map(|view| view.outward).unwrap_or_default();
            if !works && !calls.iter().any(|call| is_under_way(call, &calls)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("seller {} does not come to rest", self.seller);
    }

    /// The version of the seller's lane: as long as it is the same, nothing was written for the seller.
    pub(crate) async fn version(&self) -> i64 {
        self.stage.app().store.begin(SellerId(self.seller)).await.expect("begins").version()
    }

    /// Everything that is known of the seller, a line a thing, minted ids by their names.
    pub(crate) async fn state(&self) -> Vec<String> {
        let (store, seller) = (&self.stage.app().store, SellerId(self.seller));
        let snapshot = store.stock_snapshot(seller, self.stage.app().clock.now()).await.expect("reads");
        let mut lines = Vec::new();
        let mut locations = store.locations(seller).await.expect("reads");
        locations.sort_by_key(|place| format!("{:?}", place.kind));
        for place in &locations {
            let (items, _) = store.items_of_store(seller, place.id, 1, 100).await.expect("reads");
            lines.push(format!("{place:?} sells {items:?}"));
        }
        lines.extend(snapshot.cells.iter().map(|cell| format!("{cell:?}")));
        lines.extend(snapshot.entries.iter().map(|entry| format!("{entry:?}")));
        lines.extend(snapshot.reservations.iter().map(|held| format!("{held:?}")));
        lines.extend(snapshot.ahead.iter().map(|held| format!("{held:?}")));
        lines.extend(snapshot.bill_entries.iter().map(|bill| format!("{bill:?}")));
        if let Some(view) = self.trade().await {
            lines.push(format!("{:?}", view.file));
            lines.extend(view.timeline.iter().map(|fact| format!("{fact:?}")));
            lines.extend(view.outward.iter().map(|call| format!("{call:?}")));
        }
        let listings = [(astrolabe_core::ids::ItemId(self.item()), astrolabe_core::ids::SkuId(sku(self.item())))];
        lines.push(format!("{:?}", store.mappings(seller, &listings).await.expect("reads")));
        let overview = store.overview(seller).await.expect("reads");
        lines.push(format!("{:?} {:?} {:?}", overview.sub_orders_by_state, overview.facts, overview.exceptions));
        let masks = self.masks().await;
        let mut lines: Vec<String> = lines.iter().map(|line| without_chance(&masked(line, &masks))).collect();
        lines.sort();
        lines
    }

    /// What was minted, and the names that stand for it in what is written down.
    pub(crate) async fn masks(&self) -> Vec<(String, String)> {
        let (store, seller) = (&self.stage.app().store, SellerId(self.seller));
        let mut masks = Vec::new();
        let mut locations = store.locations(seller).await.expect("reads");
        locations.sort_by_key(|place| format!("{:?}", place.kind));
        for place in locations {
            let name = match place.kind {
                LocationKind::Store { code, .. } => format!("{{store {code}}}"),
                LocationKind::Warehouse { code } => format!("{{warehouse {code}}}"),
            };
            masks.push((place.id.to_string(), name));
        }
        let snapshot = store.stock_snapshot(seller, self.stage.app().clock.now()).await.expect("reads");
        let mut articles = self.articles.lock().expect("nobody panicked").clone();
        articles.extend(snapshot.cells.keys().map(|cell| cell.sc_item.0));
        masks.extend(numbered(articles, "article"));
        if let Some(view) = self.trade().await {
            let codes: BTreeSet<i64> = view.file.assignments.iter().map(|assignment| assignment.code.0).collect();
            masks.extend(numbered(codes, "allocation_code"));
            let calls: BTreeSet<i64> = view.outward.iter().map(|call| call.outward.id.0).collect();
            masks.extend(numbered(calls, "call outward"));
        }
        if self.trade().await.is_some() {
            masks.push((self.handover_code().await, "{code}".to_owned()));
        }
        masks.push((self.seller.to_string(), "{seller}".to_owned()));
        masks
    }
}

fn numbered(ids: BTreeSet<i64>, what: &str) -> Vec<(String, String)> {
    let only = ids.len() == 1;
    let named = ids.into_iter().zip(1..);
    named
        .map(|(id, at)| (id.to_string(), if only { format!("{{{what}}}") } else { format!("{{{what} {at}}}") }))
        .collect()
}

/// Whether the call has yet to be tried, and may be: a receiver gets a trade's calls one after the other.
fn is_under_way(call: &OutwardView, calls: &[OutwardView]) -> bool {
    let tried = |state: &OutwardState| matches!(state, OutwardState::Pending { attempts: 1.., .. });
    let untried = matches!(call.state, OutwardState::Pending { attempts: 0, .. });
    untried && !calls.iter().any(|other| tried(&other.state) && other.outward.receiver == call.outward.receiver)
}

/// What tells nothing of an effect: a re-allocation's random number, the lane's version, which depends on what was committed
/// together, and ids of the lane that have no name, which depend on what its clocks did meanwhile.
fn without_chance(line: &str) -> String {
    let line = without_number(line, "decided_at_version: ", 1);
    let line = without_number(&line, r#"\"v\":"#, 1);
    let line = without_number(&line, "request: ", LANE_ID_DIGITS - 2);
    without_number(&line, "Id(", LANE_ID_DIGITS)
}

/// Digits of an id that a lane gives.
const LANE_ID_DIGITS: usize = 18;

fn without_number(line: &str, mark: &str, digits_min: usize) -> String {
    let mut pieces = line.split(mark);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        result += mark;
        result += if digits >= digits_min { "{number}" } else { &piece[..digits] };
        result += &piece[digits..];
    }
    result
}

/// The text with names for what was minted.
pub(crate) fn masked(text: &str, masks: &[(String, String)]) -> String {
    masks.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
}
