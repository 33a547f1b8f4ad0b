//! One trade of one case, with verbs that mean the same in every role mode: a store accepts at the keeper's page or through its
//! POS, an allocation is awaited from the platform or made by the ISV.

use std::cell::Cell;

use astrolabe_protocol::client::Shape;
use astrolabe_protocol::spi::SpiReply;
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{EpochMs, Fields};
use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::ids::{Listing, Oid, StoreId, Tid};
use astrolabe_rehearsal::merchant::{RefundStatus, StockClass};
use serde_json::{Value, json};

use super::stage::{DEPOT, Side};
use crate::paper::{first_oid, listing, paid, refund, tid};
use crate::shop::{self, Shop, balance, done, refusal};
use crate::wait::until;

pub(super) const SYNC: &str = "taobao.omniorder.allocatedinfo.sync";
pub(super) const REFUSED: &str = "taobao.omniorder.store.refused";
pub(super) const CONSIGNED: &str = "taobao.omniorder.store.consigned";
pub(super) const UPDATE: &str = "taobao.qimen.orderStatus.update";
pub(super) const REALLOCATE: &str = "taobao.omniorder.store.reallocate";

/// The short names that an ear gives to what it hears.
pub(super) const TOLD_ALLOCATE: &str = "allocate";
pub(super) const TOLD_QUERY: &str = "allocatedinfo.get";
pub(super) const TOLD_SYNC: &str = "allocatedinfo.sync";
pub(super) const TOLD_ACCEPTED: &str = "store.accpeted";
pub(super) const TOLD_REFUSED: &str = "store.refused";
pub(super) const TOLD_SHIPPED: &str = "store.consigned";
pub(super) const TOLD_REFUND: &str = "customer.refund";
pub(super) const TOLD_SEND: &str = "logistics.offline.send";

/// A trade with goods of its own.
pub(super) struct Play<'s> {
    pub(super) side: &'s Side,
    pub(super) tid: Tid,
    pub(super) goods: Listing,
    /// How often the ISV has been asked and has answered.
    asked: Cell<usize>,
    /// How many statuses of a refund the channel has told.
    refund_step: Cell<i64>,
}

impl<'s> Play<'s> {
    pub(super) fn new(side: &'s Side, number: i64) -> Self {
        Self { side, tid: tid(number), goods: listing(number), asked: Cell::new(0), refund_step: Cell::new(0) }
    }

    pub(super) fn shop(&self) -> &'s Shop {
        &self.side.shop
    }

    pub(super) fn oid(&self) -> Oid {
        first_oid(self.tid)
    }

    pub(super) fn store(&self, at: usize) -> StoreId {
        self.side.stores[at]
    }

    pub(super) fn isv_allocates(&self) -> bool {
        self.side.mode().isv_allocates()
    }

    pub(super) fn pos_accepts(&self) -> bool {
        self.side.mode().pos_accepts()
    }

    /// The goods are bound to all stores, and so many certain units lie there.
    pub(super) async fn stock(&self, units: [i64; 3]) {
        let (shop, erp) = (self.shop(), self.shop().erp());
        done(&erp, "taobao.omniorder.item.tag.operate", Shape::TopJson, &shop::tag_fields(self.goods)).await;
        let bind = shop::bind_fields(self.goods, &self.side.stores);
        done(&erp, "taobao.qimen.itemstore.banding", Shape::TopJson, &bind).await;
        for (store, units) in self.side.stores.into_iter().zip(units) {
            shop.load(store, self.goods, StockClass::Certain, units).await;
        }
    }

    /// So many certain units lie in the warehouse.
    pub(super) async fn stock_depot(&self, units: i64) {
        let bill = shop::bill_fields(&format!("INIT-{}", self.tid), self.goods, StockClass::Certain, units, None);
        let place = Fields::new()
            .with("warehouse_type", "WAREHOUSE")
            .with("warehouse_id", DEPOT)
            .with("store_inventories", vec![bill]);
        let fields = Fields::new()
            .with("user_id", self.shop().parties.seller.0)
            .with("operation_time", format_datetime(clock::now()))
            .with("stores", vec![place]);
        done(&self.shop().erp(), "taobao.qimen.storeinventory.iteminitial", Shape::TopJson, &fields).await;
    }

    /// The buyer pays for one unit.
    pub(super) async fn pays(&self) {
        self.push(&paid(self.tid, self.goods, 1)).await;
    }

    pub(super) async fn push(&self, trade: &Value) {
        self.shop().push("trades", trade).await;
    }

    /// The channel tells a later status of the trade and its line.
    pub(super) async fn channel_says(&self, status: &str) {
        let mut trade = paid(self.tid, self.goods, 1);
        let members = &mut trade["trade_fullinfo_get_response"]["trade"];
        members["status"] = json!(status);
        members["modified"] = json!(format_datetime(EpochMs(clock::now().0 + 2_000)));
        members["orders"]["order"][0]["status"] = json!(status);
        self.push(&trade).await;
    }

    /// The next status of the buyer's refund.
    pub(super) async fn refund(&self, status: RefundStatus, goods_come_back: bool) {
        let step = self.refund_step.replace(self.refund_step.get() + 2);
        let mut told = refund(self.tid, self.goods, status, step);
        let members = &mut told["refund_get_response"]["refund"];
        assert!(members.is_object(), "{told}");
        members["has_good_return"] = json!(goods_come_back);
        self.shop().push("refunds", &told).await;
    }

    /// The ISV is asked, once more.
    pub(super) async fn isv_is_asked(&self) {
        self.asked.set(self.asked.get() + 1);
        self.side.isv.hears_times(self.tid, TOLD_ALLOCATE, self.asked.get()).await;
    }

    /// The order is offered to the store: by the platform, which must choose it, or by the ISV, which is asked first.
    pub(super) async fn allocated_to(&self, at: usize) {
        let store = self.store(at);
        if self.isv_allocates() {
            self.isv_is_asked().await;
            done(&self.shop().isv(), SYNC, Shape::TopJson, &shop::allocation_fields(self.tid, store)).await;
        }
        self.is(at, "notified").await;
    }

    /// Its latest assignment is there in this state.
    pub(super) async fn is(&self, at: usize, state: &str) {
        self.shop().reaches(self.tid, self.store(at), state).await;
    }

    /// What its unassigned units wait for.
    pub(super) async fn waits(&self, state: &str) {
        until(&format!("trade {} waits as {state}", self.tid), || async {
            let seen = self.shop().trade(self.tid).await;
            if seen.waits_for(self.oid()) == Some(state) { Ok(()) } else { Err(seen.0.to_string()) }
        })
        .await;
    }

    /// Available and held certain units at a store.
    pub(super) async fn holds(&self, at: usize, available: i64, held: i64) {
        self.shop().balances(self.store(at), self.goods, balance(available, held)).await;
    }

    pub(super) async fn accepts(&self, at: usize) {
        if self.pos_accepts() {
            self.shop().accept(self.tid, self.store(at)).await;
        } else {
            self.shop().press(self.tid, "accept", &json!({})).await;
        }
        self.is(at, "accepted").await;
    }

    pub(super) async fn refuses(&self, at: usize) {
        if self.pos_accepts() {
            self.shop().refuse(self.tid, self.store(at), "店员很忙").await;
        } else {
            self.shop().press(self.tid, "refuse", &json!({ "reason": "other" })).await;
        }
    }

    pub(super) async fn ships(&self, at: usize) {
        if self.pos_accepts() {
            self.shop().ship(self.tid, self.store(at)).await;
        } else {
            self.shop().press(self.tid, "ship", &shop::parcel(self.tid)).await;
        }
        self.is(at, "shipped").await;
    }

    /// The store says whether the goods are still there.
    pub(super) async fn answers_cancel(&self, at: usize, back_on_shelf: bool) {
        if self.pos_accepts() {
            let status = if back_on_shelf { "X_SHOP_CANCEL_CONFIRM" } else { "X_SHOP_CANCEL_DENIED" };
            self.updates(at, "FAHUO", status).await;
        } else {
            let answer = if back_on_shelf { "back_on_shelf" } else { "already_gone" };
            self.shop().press(self.tid, "refund-answer", &json!({ "answer": answer })).await;
        }
    }

    /// What the buyer sent back is there.
    pub(super) async fn receives_return(&self, at: usize) {
        if self.pos_accepts() {
            self.updates(at, "FAHUO", "X_MATCHED").await;
        } else {
            self.shop().press(self.tid, "return-received", &json!({})).await;
        }
    }

    /// §6.5, by the POS.
    pub(super) async fn updates(&self, at: usize, kind: &str, status: &str) {
        let fields = Fields::new()
            .with("seller_code", self.shop().parties.seller.to_string())
            .with("parent_order_code", self.tid.0)
            .with("order_codes", vec![self.oid().0])
            .with("store_id", self.store(at).0)
            .with("type", kind)
            .with("status", status)
            .with("operator", "小王")
            .with("action_time", format_datetime(clock::now()));
        done(&self.shop().pos(), UPDATE, Shape::TopJson, &fields).await;
    }

    /// Another result of the ISV is refused.
    pub(super) async fn sync_is_refused(&self, at: usize, code: &str) {
        let fields = shop::allocation_fields(self.tid, self.store(at));
        assert_eq!(refusal(&self.shop().isv(), SYNC, Shape::TopJson, &fields).await, code);
    }

    /// The ISV says no to a call about this trade, which is a dead letter then.
    pub(super) async fn isv_will_refuse(&self, method: &str, code: &str, message: &str) {
        self.side.dead_letter(self.tid);
        let reply = SpiReply { code: code.to_owned(), message: message.to_owned(), fields: Fields::new() };
        self.side.isv.will_say(self.tid, method, reply).await;
    }

    /// Exactly these calls were made about the trade; of each list what the mode has a party for.
    pub(super) async fn told(&self, isv: &[&str], pos: &[&str], channel: &[&str]) {
        let (isv_allocates, pos_accepts) = (self.isv_allocates(), self.pos_accepts());
        let ears = [
            (&self.side.isv, if isv_allocates { isv } else { &[] }),
            (&self.side.pos, if pos_accepts { pos } else { &[] }),
            (&self.side.channel, channel),
        ];
        for (ear, expected) in ears {
            if expected.is_empty() {
                // Nothing more can come: what would come is a row by now.
                let heard = ear.heard_of(self.tid).await;
                assert!(heard.is_empty(), "{heard:?}");
            } else {
                ear.hears(self.tid, expected).await;
            }
        }
    }

    /// What the channel hears when a delivery has left: in 3.3 and 3.4 the merchant has told it himself.
    pub(super) fn sent(&self) -> &'static [&'static str] {
        if self.pos_accepts() { &[] } else { &[TOLD_SEND] }
    }
}
