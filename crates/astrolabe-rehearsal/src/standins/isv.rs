//! The allocating ISV (white paper §3.2, §3.4): hears `omniorder.allocate`, gets the trade, gives each line to the nearest
//! location that has it by what the ISV knows, and tells the platform with `allocatedinfo.sync`. Its knowledge of stock is its
//! own and grows stale, as in life. Sometimes it stays silent, or answers only when asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use astrolabe_protocol::answer::Rendered;
use astrolabe_protocol::client::Shape;
use astrolabe_protocol::spi::{ReplyShape, SpiCall, SpiReply, reply};
use astrolabe_protocol::{Fields, Secret};
use parking_lot::Mutex;

use crate::clock;
use crate::dice::Dice;
use crate::ids::{Listing, Location, Oid, StoreId, Tid};
use crate::listener::{Heard, Party, Saying};
use crate::merchant::{Point, StockClass};
use crate::recorder::{Fact, Told};
use crate::seed::Seeded;
use crate::standins::Stage;
use crate::standins::fetched::{FetchedLine, fetch_trade};
use crate::tally::Counted;
use crate::wire::{CallError, Connector};

/// Trades that can be asked after.
const TOLD_MAX: usize = 50_000;
/// Units that a store is taken to have when nobody told the ISV of its stock.
const UNITS_UNKNOWN: i64 = 1_000_000;

/// What the ISV decided for one line.
#[derive(Debug, Clone)]
struct Choice {
    oid: Oid,
    listing: Listing,
    quantity: i64,
    place: Option<Place>,
}

/// Where it goes, and from which stock.
#[derive(Debug, Clone)]
struct Place {
    location: Location,
    class: StockClass,
    outer_code: String,
}

#[derive(Debug, Clone)]
struct KnownShelf {
    location: Location,
    at: Point,
    class: StockClass,
    outer_code: String,
    units: i64,
}

#[derive(Debug, Default)]
struct Desk {
    shelves: BTreeMap<Listing, Vec<KnownShelf>>,
    /// Where each sub-order was given, every time.
    given: BTreeMap<Oid, Vec<Location>>,
    /// Trades that are answered only when asked again.
    reluctant: BTreeSet<Tid>,
    /// Trades that are being allocated, and whether somebody asked again meanwhile.
    allocating: BTreeMap<Tid, bool>,
    /// What was decided of each trade, for `allocatedinfo.get`.
    told: BTreeMap<Tid, BTreeMap<Oid, Fields>>,
    /// Sub-orders whose buyer wants the money back.
    refunding: BTreeSet<Oid>,
    bills: u64,
}

/// The ISV of one merchant.
#[derive(Debug)]
pub struct Isv {
    connector: Connector,
    secret: Secret,
    app_key: String,
    stage: Stage,
    desk: Mutex<Desk>,
    dice: Mutex<Dice>,
    run: i64,
}

enum Mood {
    Prompt(Duration),
    OnlyWhenAsked,
    Silent,
}

impl Isv {
    /// With its own picture of the merchant's stock.
    #[must_use]
    pub fn new(connector: Connector, app_key: &str, secret: Secret, seeded: &Seeded, stage: Stage) -> Arc<Self> {
        let mut shelves: BTreeMap<Listing, Vec<KnownShelf>> = BTreeMap::new();
        for line in &seeded.merchant.stock {
            let at = match line.shelf {
                crate::merchant::Shelf::Shop(index) => seeded.merchant.shops[index].district.point,
                crate::merchant::Shelf::Depot(index) => seeded.merchant.depots[index].district.point,
            };
            let shelf = KnownShelf {
                location: seeded.location(line.shelf),
                at,
                class: line.class,
                outer_code: line.outer_code.clone(),
                units: line.quantity,
            };
            shelves.entry(line.listing).or_default().push(shelf);
        }
        let desk = Mutex::new(Desk { shelves, ..Desk::default() });
        let dice = stage.dice("isv");
        Arc::new(Self {
            connector,
            secret,
            app_key: app_key.to_owned(),
            stage,
            desk,
            dice,
            run: clock::now().0 / 1_000,
        })
    }

    async fn answer(self: Arc<Self>, call: SpiCall) -> SpiReply {
        let Ok(tid) = call.fields.long("tid").map(Tid) else { return failed("tid is missing") };
        if is_anothers(&call, &self.stage) {
            return failed("not our seller");
        }
        match call.method.name {
            "taobao.qimen.omniorder.allocate" => {
                self.asked_to_allocate(tid);
                let mut reply = ok();
                reply.fields.push("app_key", self.app_key.as_str());
                reply
            }
            "taobao.qimen.omniorder.allocatedinfo.get" => self.asked_again(tid).await,
            "taobao.qimen.omniorder.customer.refund" => {
                self.desk.lock().hear_refund(&call.fields);
                ok()
            }
            // Acceptance, refusal, shipping: heard. What they mean for the next allocation stands in the trade.
            _ => ok(),
        }
    }

    fn asked_to_allocate(self: &Arc<Self>, tid: Tid) {
        let mood = self.mood();
        match mood {
            Mood::Silent => self.stage.tally.count(Counted::AllocationsIgnored),
            Mood::OnlyWhenAsked => {
                self.desk.lock().reluctant.insert(tid);
            }
            Mood::Prompt(after) => {
                let busy = self.desk.lock().allocating.insert(tid, false).is_some();
                if busy && !self.stage.temper.allocator_forgetful {
                    // It may be another sub-order that was refused: look again when this is done.
                    self.desk.lock().allocating.insert(tid, true);
                    return;
                }
                let isv = Arc::clone(self);
                tokio::spawn(async move {
                    while isv.stage.pause(after).await {
                        isv.allocate(tid).await;
                        if !isv.desk.lock().is_asked_again(tid) {
                            break;
                        }
                    }
                });
            }
        }
    }

    fn mood(&self) -> Mood {
        let temper = &self.stage.temper;
        let mut dice = self.dice.lock();
        if dice.chance(temper.allocator_silent) {
            Mood::Silent
        } else if dice.chance(temper.allocator_only_when_asked) {
            Mood::OnlyWhenAsked
        } else {
            Mood::Prompt(temper.think.draw(&mut dice))
        }
    }

    async fn allocate(&self, tid: Tid) {
        let choices = match self.choose(tid).await {
            Ok(choices) => choices,
            Err(error) => return self.stage.tally.error("taobao.trade.fullinfo.get", &error),
        };
        if choices.is_empty() {
            return;
        }
        for choice in &choices {
            if self.dice.lock().chance(self.stage.temper.itemadjust) {
                self.move_stock(tid, choice).await;
            }
        }
        match self.sync(tid, &choices).await {
            // One line that met another decision must not hold the others back.
            Err(CallError::Refused { .. }) if choices.len() > 1 => {
                for choice in &choices {
                    let outcome = self.sync(tid, std::slice::from_ref(choice)).await;
                    self.settled(tid, std::slice::from_ref(choice), outcome);
                }
            }
            outcome => self.settled(tid, &choices, outcome),
        }
    }

    async fn sync(&self, tid: Tid, choices: &[Choice]) -> Result<(), CallError> {
        let all_failed = choices.iter().all(|choice| choice.place.is_none());
        let fields = Fields::new()
            .with("tid", tid.0)
            .with("report_timestamp", clock::now().0)
            .with("status", if all_failed { "AllocateFail" } else { "Allocated" })
            .with("sub_order_list", choices.iter().map(|choice| item(tid, choice)).collect::<Vec<_>>());
        self.connector.call_until_known("taobao.omniorder.allocatedinfo.sync", Shape::TopJson, &fields).await.map(drop)
    }

    /// The answer to `allocatedinfo.get`: a reluctant ISV allocates now, a silent one has nothing to say.
    async fn asked_again(&self, tid: Tid) -> SpiReply {
        let reluctant = self.desk.lock().reluctant.remove(&tid);
        let choices = if reluctant { self.choose(tid).await.unwrap_or_default() } else { Vec::new() };
        let fresh = choices.iter().filter(|choice| choice.place.is_some()).count();
        self.stage.tally.add(Counted::Allocated, fresh as u64);
        let given: Vec<Fields> = {
            let desk = self.desk.lock();
            desk.told.get(&tid).map(|told| told.values().cloned().collect()).unwrap_or_default()
        };
        let mut reply = ok();
        reply.fields = Fields::new()
            .with("tid", tid.0)
            .with("status", if given.is_empty() { "Waiting" } else { "Allocated" })
            .with("store_allocated_list", given);
        reply
    }

    async fn choose(&self, tid: Tid) -> Result<Vec<Choice>, CallError> {
        let trade = fetch_trade(&self.connector, tid).await?;
        for line in &trade.lines {
            self.learn_shelves(line.listing).await?;
        }
        let mut desk = self.desk.lock();
        // Who forgets what he allocated, allocates it again as long as no store has accepted it.
        let forgets = self.stage.temper.allocator_forgetful;
        let is_open = |line: &&FetchedLine| awaits_allocation(line) || (forgets && is_offered(line));
        let open: Vec<&FetchedLine> =
            trade.lines.iter().filter(is_open).filter(|line| !desk.refunding.contains(&line.oid)).collect();
        let choices: Vec<Choice> = open.into_iter().map(|line| desk.choose(line, trade.to)).collect();
        choices.iter().filter(|choice| choice.place.is_some()).for_each(|choice| desk.tell(tid, choice));
        Ok(choices)
    }

    /// A listing that nobody told the ISV of may be had at every store that is bound to it (§6.1.7).
    async fn learn_shelves(&self, listing: Listing) -> Result<(), CallError> {
        if self.desk.lock().shelves.contains_key(&listing) {
            return Ok(());
        }
        let fields = Fields::new().with("item_id", listing.item.0);
        let answer = self.connector.call_until_known("taobao.qimen.itemstore.query", Shape::TopJson, &fields).await?;
        let stores = answer.fields().longs("store_ids").unwrap_or_default();
        let shelf = |id| KnownShelf {
            location: Location::Store(StoreId(id)),
            at: Point { latitude: 0.0, longitude: 0.0 },
            class: StockClass::Uncertain,
            outer_code: String::new(),
            units: UNITS_UNKNOWN,
        };
        self.desk.lock().shelves.insert(listing, stores.into_iter().map(shelf).collect());
        Ok(())
    }

    /// Asks for the move itself, as ISVs did before the platform tried it at sync. A refusal is no harm: sync follows.
    async fn move_stock(&self, tid: Tid, choice: &Choice) {
        let Some(place) = &choice.place else { return };
        let number = {
            let mut desk = self.desk.lock();
            desk.bills += 1;
            desk.bills
        };
        let info = Fields::new()
            .with("bill_num", format!("ADJ-{}-{number}", self.run))
            .with("tb_trade_order", tid.to_string())
            .with("tb_sub_trade_order", choice.oid.to_string())
            .with("target_warehouse_type", place.location.stock_type())
            .with("target_warehouse_id", place.location.id_text())
            .with("item_id", choice.listing.item.0)
            .with("outer_id", place.outer_code.as_str())
            .with_opt("sku_id", Some(choice.listing.sku.0).filter(|sku| *sku != 0))
            .with("inventory_type", place.class.wire())
            .with("quantity", choice.quantity);
        let info = Fields::new()
            .with("user_id", self.stage.seller.0)
            .with("operation_time", astrolabe_protocol::time::format_datetime(clock::now()))
            .with("inventory_adjust_info", info);
        match self.connector.call_until_known("taobao.qimen.storeinventory.itemadjust", Shape::TopJson, &info).await {
            Ok(_) => self.stage.tally.count(Counted::Adjusted),
            Err(CallError::Refused { code, .. }) => tracing::debug!(%tid, code, "a move was refused"),
            Err(error) => self.stage.tally.error("taobao.qimen.storeinventory.itemadjust", &error),
        }
    }

    fn settled(&self, tid: Tid, choices: &[Choice], outcome: Result<(), CallError>) {
        match outcome {
            Ok(()) => choices.iter().for_each(|choice| self.told(tid, choice)),
            Err(CallError::Refused { code, message }) => {
                tracing::debug!(%tid, code, message, "an allocation met another decision");
                self.stage.tally.count(Counted::Overtaken);
            }
            Err(error) => self.stage.tally.error("taobao.omniorder.allocatedinfo.sync", &error),
        }
    }

    fn told(&self, tid: Tid, choice: &Choice) {
        match &choice.place {
            Some(place) => {
                self.stage.record(Fact::Allocated(Told { tid, oid: choice.oid, location: place.location.clone() }));
                self.stage.tally.count(Counted::Allocated);
            }
            None => self.stage.tally.count(Counted::AllocationsFailed),
        }
    }
}

/// A line that has no record yet, or whose last one ended without shipping.
fn awaits_allocation(line: &FetchedLine) -> bool {
    line.state.as_deref().is_none_or(|state| matches!(state, "" | "X_SHOP_DENY" | "X_SHOP_CANCEL"))
}

/// A line that a store has, and has not answered.
fn is_offered(line: &FetchedLine) -> bool {
    line.state.as_deref() == Some("X_ALLOCATION_NOTIFIED")
}

impl Desk {
    /// The nearest location that has the units and never had this sub-order before.
    fn choose(&mut self, line: &FetchedLine, to: Option<Point>) -> Choice {
        let had = self.given.entry(line.oid).or_default();
        let shelves = self.shelves.entry(line.listing).or_default();
        let told = line.target.as_deref();
        let able = shelves.iter_mut().filter(|shelf| {
            shelf.units >= line.quantity
                && !had.contains(&shelf.location)
                && told != Some(shelf.location.id_text().as_str())
        });
        let distance = |shelf: &KnownShelf| to.map_or(0.0, |to| shelf.at.kilometres_to(to));
        let nearest = able.min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let place = nearest.map(|shelf| {
            shelf.units -= line.quantity;
            had.push(shelf.location.clone());
            Place { location: shelf.location.clone(), class: shelf.class, outer_code: shelf.outer_code.clone() }
        });
        Choice { oid: line.oid, listing: line.listing, quantity: line.quantity, place }
    }

    /// Whether a trade was asked for again while it was being allocated; if not, it no longer is.
    fn is_asked_again(&mut self, tid: Tid) -> bool {
        let again = self.allocating.remove(&tid) == Some(true);
        if again {
            self.allocating.insert(tid, false);
        }
        again
    }

    /// Remembers what was decided; trades that are long past are forgotten.
    fn tell(&mut self, tid: Tid, choice: &Choice) {
        self.told.entry(tid).or_default().insert(choice.oid, answered_item(tid, choice));
        if self.told.len() > TOLD_MAX {
            self.told.pop_first();
        }
    }

    /// STATUS_PAID in such a notice means that the buyer thought better of it.
    fn hear_refund(&mut self, fields: &Fields) {
        for line in fields.structs("sub_order_list").unwrap_or_default() {
            let Ok(oid) = line.long("sub_oid").map(Oid) else { continue };
            if line.text("status") == Ok("STATUS_PAID") {
                self.refunding.remove(&oid);
            } else {
                self.refunding.insert(oid);
            }
        }
    }
}

fn item(tid: Tid, choice: &Choice) -> Fields {
    match &choice.place {
        Some(_) => answered_item(tid, choice).with("code", "0"),
        None => Fields::new()
            .with("tid", tid.0)
            .with("sub_oid", choice.oid.0)
            .with("status", "AllocateFail")
            .with("message", "各门店均无货"),
    }
}

fn answered_item(tid: Tid, choice: &Choice) -> Fields {
    let fields = Fields::new().with("tid", tid.0).with("sub_oid", choice.oid.0).with("status", "Allocated");
    match &choice.place {
        Some(place) => {
            fields.with("store_id", place.location.id_text()).with("store_type", place.location.order_type())
        }
        None => fields,
    }
}

fn ok() -> SpiReply {
    SpiReply { code: "0".to_owned(), message: String::new(), fields: Fields::new() }
}

fn failed(why: &str) -> SpiReply {
    SpiReply { code: "1".to_owned(), message: why.to_owned(), fields: Fields::new() }
}

impl Party for Isv {
    fn hear(self: Arc<Self>, heard: Heard) -> Saying {
        Box::pin(async move {
            match heard.spi(&self.secret) {
                Ok(call) => {
                    let method = call.method;
                    reply(method, &self.answer(call).await, ReplyShape::Flat)
                }
                Err(refusal) => refuse(&self.stage, &refusal),
            }
        })
    }
}

/// Whether a call is for a seller whom the party does not serve.
pub(super) fn is_anothers(call: &SpiCall, stage: &Stage) -> bool {
    call.fields.long("seller_id").is_ok_and(|seller| seller != stage.seller.0)
}

/// The published refusal, counted where the signature was the reason.
pub(super) fn refuse(stage: &Stage, refusal: &astrolabe_protocol::spi::SpiRefusal) -> Rendered {
    if *refusal == astrolabe_protocol::spi::SpiRefusal::SignCheckFailure {
        stage.tally.count(Counted::BadSignatures);
    }
    refusal.render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ItemId, SkuId};

    #[test]
    fn the_nearest_with_stock_is_chosen_and_never_twice() {
        let listing = Listing { item: ItemId(1), sku: SkuId(2) };
        let shelf = |id, latitude, units| KnownShelf {
            location: Location::Store(StoreId(id)),
            at: Point { latitude, longitude: 120.0 },
            class: StockClass::Uncertain,
            outer_code: "SP".into(),
            units,
        };
        let mut desk = Desk::default();
        desk.shelves.insert(listing, vec![shelf(1, 40.0, 9), shelf(2, 31.0, 1), shelf(3, 32.0, 9)]);
        let line = FetchedLine { oid: Oid(7), listing, quantity: 2, state: None, target: None };
        let to = Some(Point { latitude: 30.0, longitude: 120.0 });
        let mut picks = Vec::new();
        for _ in 0..3 {
            picks.push(desk.choose(&line, to).place.map(|place| place.location));
        }
        assert_eq!(picks, [Some(Location::Store(StoreId(3))), Some(Location::Store(StoreId(1))), None]);
        let accepted = FetchedLine { state: Some("X_SHOP_ALLOCATION".into()), ..line.clone() };
        assert!(!awaits_allocation(&accepted) && awaits_allocation(&line));
    }
}
