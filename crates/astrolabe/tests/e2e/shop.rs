//! A small merchant played by hand: his connectors, his staff and his channel, each as thin as the wire allows. What a call
//! brings is asserted here only where a test could not go on.

use astrolabe_protocol::catalogue::{Found, find_inward};
use astrolabe_protocol::client::{ClientRequest, Credentials, Outgoing, Shape, build};
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, EpochMs, Fields, Method};
use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::ids::{Listing, Oid, SellerId, StoreId, Tid};
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, AppParty, Mode, Parties};
use astrolabe_rehearsal::wire::{BaseUrl, CallError, Connector, Http, Verb};
use serde_json::{Value, json};

use crate::database::Database;
use crate::paper::first_oid;
use crate::seen::Seen;
use crate::server::{Server, apply};
use crate::wait::{until, wanted};

/// A district, as addresses name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(&'static str, &'static str, &'static str);

/// Where the buyers of [`crate::paper`] live, and places ever farther away.
pub(crate) const NEAR: Place = Place("浙江省", "杭州市", "西湖区");
pub(crate) const FARTHER: Place = Place("上海市", "上海市", "徐汇区");
pub(crate) const FARTHEST: Place = Place("北京市", "北京市", "朝阳区");

/// Units that can still be sold, and units that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) available: i64,
    pub(crate) occupied: i64,
}

/// Short for tables.
pub(crate) const fn balance(available: i64, occupied: i64) -> Balance {
    Balance { available, occupied }
}

/// The merchant with a server to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) parties: Parties,
    pub(crate) http: Http,
    pub(crate) server: BaseUrl,
}

/// Declares a merchant in a mode before its server starts, and starts it.
pub(crate) async fn open(
    database: &Database,
    mode: Mode,
    addresses: &Addresses,
    settings: &[(&str, &str)],
) -> (Server, Shop) {
    let parties = parties(mode);
    apply(database, &declaration(&parties, addresses, settings)).await;
    let server = Server::start(database).await;
    let shop = Shop::at(&server, parties);
    (server, shop)
}

/// The merchant of most tests.
pub(crate) fn parties(mode: Mode) -> Parties {
    Parties::of(SellerId(21_230), "星盘示例旗舰店", mode)
}

/// His declaration. He has no warehouse.
pub(crate) fn declaration(parties: &Parties, addresses: &Addresses, settings: &[(&str, &str)]) -> String {
    let settings: Vec<(&str, String)> = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    parties.declaration(&[], addresses, &settings)
}

impl Shop {
    pub(crate) fn at(server: &Server, parties: Parties) -> Self {
        Self { parties, http: Http::new().expect("an HTTP client"), server: server.url() }
    }

    /// The app's connector.
    pub(crate) fn as_app(&self, app: &AppParty) -> Connector {
        app.connector(&self.http, &self.server, self.parties.seller)
    }

    pub(crate) fn erp(&self) -> Connector {
        self.as_app(&self.parties.erp)
    }

    pub(crate) fn pos(&self) -> Connector {
        self.as_app(&self.parties.pos)
    }

    pub(crate) fn isv(&self) -> Connector {
        self.as_app(&self.parties.isv)
    }

    /// A signed request of an app that can be sent as often as one likes, byte for byte.
    pub(crate) fn signed(
        &self,
        app: &AppParty,
        name: &str,
        shape: Shape,
        fields: &Fields,
    ) -> (&'static Method, ClientRequest) {
        let Some(Found::Method(method, _)) = find_inward(name) else { panic!("{name} is not in the catalogue") };
        let credentials = Credentials {
            app_key: app.key.clone(),
            secret: app.secret(),
            session: Some(app.session.clone()),
            customer_id: Some(self.parties.seller.to_string()),
        };
        (
            method,
            build(&Outgoing { called_as: name, ..Outgoing::new(method, fields, shape) }, &credentials, clock::now()),
        )
    }

    /// A store that serves these listings.
    pub(crate) async fn open_store(&self, code: &str, place: Place, listings: &[Listing]) -> StoreId {
        let answer = done(&self.erp(), "taobao.qimen.store.create", Shape::Qimen, &store_fields(code, place)).await;
        let store = StoreId(answer.fields().long("store_id").expect("a store's id"));
        for listing in listings {
            done(&self.erp(), "taobao.omniorder.item.tag.operate", Shape::TopJson, &tag_fields(*listing)).await;
            done(&self.erp(), "taobao.qimen.itemstore.banding", Shape::TopJson, &bind_fields(*listing, &[store])).await;
        }
        store
    }

    /// First stock of a listing at a store.
    pub(crate) async fn load(&self, store: StoreId, listing: Listing, class: StockClass, quantity: i64) {
        let bill = format!("INIT-{store}-{}-{}", listing.item, class.wire());
        let fields = stock_fields(self.parties.seller, store, bill_fields(&bill, listing, class, quantity, None));
        done(&self.erp(), "taobao.qimen.storeinventory.iteminitial", Shape::TopJson, &fields).await;
    }

    /// A TAOBAO_EXCLUDED bill.
    pub(crate) async fn report(&self, store: StoreId, listing: Listing, class: StockClass, bill: &str, change: i64) {
        let fields = bill_fields(bill, listing, class, change, Some("TAOBAO_EXCLUDED"));
        let fields = stock_fields(self.parties.seller, store, fields);
        done(&self.erp(), "taobao.qimen.storeinventory.itemupdate", Shape::TopJson, &fields).await;
    }

    /// What the platform says of a listing's stock at a store.
    pub(crate) async fn balance(&self, store: StoreId, listing: Listing, class: StockClass) -> Balance {
        let line = Fields::new()
            .with("item_id", listing.item.0)
            .with("outer_id", outer_code(listing))
            .with("sku_id", listing.sku.0)
            .with("inventory_type", class.wire());
        let fields = Fields::new().with("stores", vec![place_fields(store, line)]);
        let answer = done(&self.erp(), "taobao.qimen.storeinventory.itemquery", Shape::TopJson, &fields).await;
        read_balance(&answer).unwrap_or_else(|| panic!("no balance in {answer:?}"))
    }

    /// Waits for a balance of certain stock.
    pub(crate) async fn balances(&self, store: StoreId, listing: Listing, expected: Balance) {
        until(&format!("the stock at {store}"), || async {
            wanted(self.balance(store, listing, StockClass::Certain).await, &expected)
        })
        .await;
    }

    /// The channel pushes a trade or a refund, and the platform takes it.
    pub(crate) async fn push(&self, what: &str, body: &Value) -> Value {
        let url = self.server.at(&format!("/api/v1/channels/{}/{what}", self.parties.channel_name()));
        let answer = self.http.rest(Verb::Post, &url, &self.parties.channel_token(), Some(body)).await;
        answer.unwrap_or_else(|error| panic!("the channel's {what}: {error}\n{body}"))
    }

    /// A trade as the merchant's staff see it.
    pub(crate) async fn trade(&self, tid: Tid) -> Seen {
        let url = self.server.at(&format!("/api/v1/trades/{tid}"));
        let answer = self.http.rest(Verb::Get, &url, &self.parties.merchant_token(), None).await;
        Seen(answer.unwrap_or_else(|error| panic!("trade {tid}: {error}")))
    }

    /// Waits until the latest assignment of a trade's first line is at this store in this state.
    pub(crate) async fn reaches(&self, tid: Tid, store: StoreId, state: &str) -> Seen {
        until(&format!("trade {tid} {state} at {store}"), || async {
            let seen = self.trade(tid).await;
            let latest = seen.latest(first_oid(tid));
            if latest == Some((store, state.to_owned())) { Ok(seen) } else { Err(format!("{latest:?} in {}", seen.0)) }
        })
        .await
    }

    /// The clerk of a store presses a button for a trade's first line.
    pub(crate) async fn press(&self, tid: Tid, button: &str, body: &Value) -> Value {
        let seen = self.trade(tid).await;
        let code = seen.code(first_oid(tid)).unwrap_or_else(|| panic!("no allocation in {}", seen.0));
        let url = self.server.at(&format!("/api/v1/keeper/assignments/{code}/{button}"));
        let answer = self.http.rest(Verb::Post, &url, &self.parties.merchant_token(), Some(body)).await;
        answer.unwrap_or_else(|error| panic!("{button} of {tid}: {error}"))
    }

    /// The POS accepts a trade's first line.
    pub(crate) async fn accept(&self, tid: Tid, store: StoreId) {
        done(&self.pos(), "taobao.omniorder.store.accpeted", Shape::TopJson, &answer_fields(tid, store, "0", None))
            .await;
    }

    /// The POS refuses it.
    pub(crate) async fn refuse(&self, tid: Tid, store: StoreId, why: &str) {
        done(&self.pos(), "taobao.omniorder.store.refused", Shape::TopJson, &answer_fields(tid, store, "0", Some(why)))
            .await;
    }

    /// The POS tells the channel's door first, then that it shipped.
    pub(crate) async fn ship(&self, tid: Tid, store: StoreId) {
        done(&self.pos(), "taobao.logistics.offline.send", Shape::TopJson, &consign_fields(tid)).await;
        done(&self.pos(), "taobao.omniorder.store.consigned", Shape::TopJson, &ship_fields(tid, store)).await;
    }
}

/// A call that must succeed.
pub(crate) async fn done(connector: &Connector, name: &str, shape: Shape, fields: &Fields) -> Answer {
    let answer = connector
        .call_until_known(name, shape, fields)
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}\n{fields:?}"));
    assert_eq!(answer.failure_code(), None, "{name}: {answer:?}");
    answer
}

/// The code a call is refused with.
pub(crate) async fn refusal(connector: &Connector, name: &str, shape: Shape, fields: &Fields) -> String {
    match connector.call_until_known(name, shape, fields).await {
        Ok(answer) => answer.failure_code().unwrap_or("success").to_owned(),
        Err(CallError::Refused { code, .. }) => code,
        Err(error) => panic!("{name}: {error}"),
    }
}

/// The merchant's code of a listing.
pub(crate) fn outer_code(listing: Listing) -> String {
    format!("SP-{}", listing.item)
}

pub(crate) fn waybill(tid: Tid) -> String {
    format!("SF{:012}", tid.0 % 1_000_000_000_000)
}

/// Opening hours with equal ends mean always open: tests run at night too.
pub(crate) fn store_fields(code: &str, place: Place) -> Fields {
    let Place(province, city, area) = place;
    let address = Fields::new()
        .with("province", province)
        .with("city", city)
        .with("area", area)
        .with("detail_address", "文一西路1号");
    let keeper = Fields::new().with("name", "小王").with("tel", "0571-88888888").with("mobile", "13800000000");
    Fields::new()
        .with("store_code", code)
        .with("company_name", "星盘示例")
        .with("store_name", format!("{code}店"))
        .with("store_type", "NORMAL")
        .with("main_category", 170_403_i64)
        .with("start_time", "00:00")
        .with("end_time", "00:00")
        .with("address", address)
        .with("store_status", "NORMAL")
        .with("store_keeper", keeper)
}

pub(crate) fn tag_fields(listing: Listing) -> Fields {
    Fields::new().with("item_id", listing.item.0).with("types", vec!["storeDeliver"]).with("status", 1_i64)
}

pub(crate) fn bind_fields(listing: Listing, stores: &[StoreId]) -> Fields {
    let ids: Vec<i64> = stores.iter().map(|store| store.0).collect();
    Fields::new().with("action_type", "ADD").with("item_id", listing.item.0).with("store_ids", ids)
}

pub(crate) fn bill_fields(
    bill: &str,
    listing: Listing,
    class: StockClass,
    quantity: i64,
    kind: Option<&str>,
) -> Fields {
    Fields::new()
        .with("bill_num", bill)
        .with_opt("bill_type", kind)
        .with("item_id", listing.item.0)
        .with("outer_id", outer_code(listing))
        .with("sku_id", listing.sku.0)
        .with("inventory_type", class.wire())
        .with("quantity", quantity)
}

pub(crate) fn place_fields(store: StoreId, inventory: Fields) -> Fields {
    Fields::new()
        .with("warehouse_type", "STORE")
        .with("warehouse_id", store.to_string())
        .with("store_inventories", vec![inventory])
}

pub(crate) fn stock_fields(seller: SellerId, store: StoreId, bill: Fields) -> Fields {
    Fields::new()
        .with("user_id", seller.0)
        .with("operation_time", format_datetime(clock::now()))
        .with("stores", vec![place_fields(store, bill)])
}

fn read_balance(answer: &Answer) -> Option<Balance> {
    let stores = answer.fields().structs("stores").ok()?;
    let lines = stores.first()?.structs("store_inventories").ok()?;
    let details = lines.first()?.structs("quantity_details").ok()?;
    let detail = details.first()?;
    Some(Balance { available: detail.long("quantity").ok()?, occupied: detail.long("occupy_quantity").ok()? })
}

fn line_fields(tid: Tid, store: StoreId) -> Fields {
    Fields::new()
        .with("tid", tid.0)
        .with("sub_oid", first_oid(tid).0)
        .with("store_id", store.to_string())
        .with("store_type", "Store")
        .with("operator", "小王")
}

fn report_fields(tid: Tid, line: Fields) -> Fields {
    Fields::new().with("tid", tid.0).with("report_timestamp", clock::now().0).with("sub_order_list", vec![line])
}

/// Accepted or refused.
pub(crate) fn answer_fields(tid: Tid, store: StoreId, code: &str, message: Option<&str>) -> Fields {
    report_fields(tid, line_fields(tid, store).with("code", code).with_opt("message", message))
}

pub(crate) fn ship_fields(tid: Tid, store: StoreId) -> Fields {
    let line =
        line_fields(tid, store).with("code", "0").with("logistic_company_code", "SF").with("logistic_no", waybill(tid));
    report_fields(tid, line)
}

/// §3.4: the merchant's own call to the channel, which comes first.
pub(crate) fn consign_fields(tid: Tid) -> Fields {
    Fields::new()
        .with("tid", tid.0)
        .with("sub_tid", vec![first_oid(tid).0])
        .with("is_split", 1_i64)
        .with("out_sid", waybill(tid))
        .with("company_code", "SF")
}

/// §6.6.2: the ISV gives the first line to a store.
pub(crate) fn allocation_fields(tid: Tid, store: StoreId) -> Fields {
    let line = Fields::new()
        .with("code", "0")
        .with("tid", tid.0)
        .with("sub_oid", first_oid(tid).0)
        .with("status", "Allocated")
        .with("store_id", store.to_string())
        .with("store_type", "Store");
    report_fields(tid, line).with("status", "Allocated")
}

/// §6.5: what became of a refund at the store.
pub(crate) fn status_fields(seller: SellerId, tid: Tid, oid: Oid, store: StoreId, status: &str) -> Fields {
    Fields::new()
        .with("seller_code", seller.to_string())
        .with("parent_order_code", tid.0)
        .with("order_codes", vec![oid.0])
        .with("store_id", store.0)
        .with("type", "FAHUO")
        .with("status", status)
        .with("operator", "小王")
        .with("action_time", format_datetime(EpochMs(clock::now().0)))
}

/// A parcel as the keeper's page tells it.
pub(crate) fn parcel(tid: Tid) -> Value {
    json!({ "company_code": "SF", "waybill": waybill(tid) })
}
