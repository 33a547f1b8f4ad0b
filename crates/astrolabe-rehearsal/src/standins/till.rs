//! The shop floor: what really lies on the shelves. It sells over the counter, learns what the stores ship, and reports both to
//! the platform: counter sales at once as TAOBAO_EXCLUDED bills, and what the stores shipped, with counter sales of that moment,
//! as TAOBAO_INCLUDED bills. Orders are not its matter.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use astrolabe_protocol::client::Shape;
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, Fields};
use parking_lot::Mutex;

use crate::clock;
use crate::dice::Dice;
use crate::ids::{BillNum, Listing, Location, Oid, SellerId, Tid};
use crate::merchant::{Merchant, StockClass};
use crate::recorder::{AppliedBill, BillType, Fact};
use crate::seed::Seeded;
use crate::standins::Stage;
use crate::standins::fetched::fetch_trade;
use crate::tally::Counted;
use crate::wire::{CallError, Connector};

/// How often the counters sell.
const TICK: Duration = Duration::from_millis(500);
/// Most stores in one bill call (published).
const STORES_PER_CALL: usize = 20;
/// Sub-orders remembered at once; further ones are looked up again.
const KNOWN_MAX: usize = 10_000;
/// Shelves looked at for one counter sale before nobody buys.
const LOOKS_MAX: usize = 20;

#[derive(Debug, Clone)]
struct ShelfStock {
    class: StockClass,
    outer_code: String,
    /// Units that lie there.
    units: i64,
    /// Units shipped for the channel and not yet reported.
    shipped: i64,
}

/// The shelves of one merchant.
#[derive(Debug)]
pub struct Till {
    connector: Connector,
    stage: Stage,
    seller: SellerId,
    shelves: Mutex<BTreeMap<(Location, Listing), ShelfStock>>,
    places: Vec<(Location, Listing)>,
    /// What sub-orders on offer bought, until their goods are handed out.
    known: Mutex<HashMap<Oid, (Listing, i64)>>,
    dice: Mutex<Dice>,
    run: i64,
    bills: AtomicU64,
}

impl Till {
    /// With the stock the merchant was seeded with.
    #[must_use]
    pub fn new(connector: Connector, seeded: &Seeded, stage: Stage) -> Self {
        let shelves: BTreeMap<(Location, Listing), ShelfStock> = seeded
            .stock()
            .into_iter()
            .map(|(key, line)| {
                let stock = ShelfStock {
                    class: line.class,
                    outer_code: line.outer_code.clone(),
                    units: line.quantity,
                    shipped: 0,
                };
                (key, stock)
            })
            .collect();
        let shop_floor = |location: &Location| match location {
            Location::Store(_) => true,
            Location::Warehouse(_) => false,
        };
        let places = shelves.keys().filter(|(location, _)| shop_floor(location)).cloned().collect();
        let merchant: &Merchant = &seeded.merchant;
        Self {
            connector,
            seller: merchant.seller,
            dice: stage.dice("till"),
            stage,
            shelves: Mutex::new(shelves),
            places,
            known: Mutex::default(),
            run: clock::now().0 / 1_000,
            bills: AtomicU64::new(0),
        }
    }

    /// A store handed a sub-order's goods to the carrier: takes them off the shelf. What was bought stands in the trade.
    pub async fn handed_out(&self, tid: Tid, oid: Oid, location: &Location) {
        let Some((listing, quantity)) = self.bought(tid, oid).await else { return };
        self.known.lock().remove(&oid);
        let mut shelves = self.shelves.lock();
        if let Some(shelf) = shelves.get_mut(&(location.clone(), listing)) {
            shelf.units -= quantity;
            shelf.shipped += quantity;
        }
    }

    /// Whether the shelf of a location really has a sub-order's goods. A trade that cannot be read is given the benefit of the doubt.
    pub async fn has_goods(&self, tid: Tid, oid: Oid, location: &Location) -> bool {
        let Some((listing, quantity)) = self.bought(tid, oid).await else { return true };
        let known = self.known.lock().len();
        if known < KNOWN_MAX {
            self.known.lock().insert(oid, (listing, quantity));
        }
        let shelves = self.shelves.lock();
        shelves.is_empty() || shelves.get(&(location.clone(), listing)).is_some_and(|shelf| shelf.units >= quantity)
    }

    async fn bought(&self, tid: Tid, oid: Oid) -> Option<(Listing, i64)> {
        let known = self.known.lock().get(&oid).copied();
        if known.is_some() {
            return known;
        }
        match fetch_trade(&self.connector, tid).await {
            Ok(trade) => trade.lines.iter().find(|line| line.oid == oid).map(|line| (line.listing, line.quantity)),
            Err(error) => {
                self.stage.tally.error("taobao.trade.fullinfo.get", &error);
                None
            }
        }
    }

    /// Sells and reports until the play is over, and reports once more at the end.
    pub async fn run(self: Arc<Self>) {
        let mut since_report = Duration::ZERO;
        let mut owed = 0.0;
        while self.stage.pause(TICK).await {
            owed += self.stage.temper.offline_sales_per_second * TICK.as_secs_f64();
            self.sell(owed as usize).await;
            owed = owed.fract();
            since_report += TICK;
            if since_report >= self.stage.temper.report_every {
                since_report = Duration::ZERO;
                self.report_shipped().await;
            }
        }
        self.report_shipped().await;
    }

    async fn sell(&self, sales: usize) {
        let sold: Vec<AppliedBill> = (0..sales).filter_map(|_| self.sell_one()).collect();
        let units = sold.len() as u64;
        self.stage.tally.add(Counted::SoldOffline, units);
        self.report(sold).await;
    }

    /// Somebody buys one unit of something that lies on a shop's shelf.
    fn sell_one(&self) -> Option<AppliedBill> {
        let mut shelves = self.shelves.lock();
        let mut dice = self.dice.lock();
        for _ in 0..LOOKS_MAX.min(self.places.len()) {
            let key = dice.one_of(&self.places);
            if let Some(shelf) = shelves.get_mut(key).filter(|shelf| shelf.units > 0) {
                shelf.units -= 1;
                return Some(self.bill(key, shelf, BillType::Excluded, -1));
            }
        }
        None
    }

    /// Reports what was shipped since the last report, shelf by shelf, with one counter sale where there is a unit left.
    async fn report_shipped(&self) {
        let bills: Vec<AppliedBill> = {
            let mut shelves = self.shelves.lock();
            let touched = shelves.iter_mut().filter(|(_, shelf)| shelf.shipped > 0);
            touched
                .map(|(key, shelf)| {
                    let at_the_counter = i64::from(shelf.units > 1 && matches!(key.0, Location::Store(_)));
                    shelf.units -= at_the_counter;
                    let gone = std::mem::take(&mut shelf.shipped) + at_the_counter;
                    self.stage.tally.add(Counted::SoldOffline, at_the_counter.unsigned_abs());
                    self.bill(key, shelf, BillType::Included, -gone)
                })
                .collect()
        };
        self.report(bills).await;
    }

    fn bill(&self, key: &(Location, Listing), shelf: &ShelfStock, bill_type: BillType, quantity: i64) -> AppliedBill {
        let number = self.bills.fetch_add(1, Ordering::Relaxed);
        AppliedBill {
            bill: BillNum(format!("{}-{}-{number}", bill_type.wire(), self.run)),
            bill_type,
            location: key.0.clone(),
            listing: key.1,
            outer_code: shelf.outer_code.clone(),
            class: shelf.class,
            quantity,
        }
    }

    async fn report(&self, bills: Vec<AppliedBill>) {
        for part in bills.chunks(STORES_PER_CALL) {
            let outcome = send_bills(&self.connector, self.seller, part).await;
            match outcome {
                Ok(failed) => part.iter().for_each(|bill| self.settle(bill, failed.contains(&bill.bill))),
                Err(error) => self.stage.tally.error("taobao.qimen.storeinventory.itemupdate", &error),
            }
        }
    }

    fn settle(&self, bill: &AppliedBill, failed: bool) {
        if failed {
            self.stage.tally.count(Counted::BillsFailed);
        } else {
            self.stage.record(Fact::BillApplied(bill.clone()));
            self.stage.tally.count(Counted::BillsApplied);
        }
    }
}

/// Sends bills, one store element a bill, and gives the numbers of those that failed.
///
/// # Errors
/// The call failed as a whole.
pub async fn send_bills(
    connector: &Connector,
    seller: SellerId,
    bills: &[AppliedBill],
) -> Result<Vec<BillNum>, CallError> {
    let stores: Vec<Fields> = bills.iter().map(store_of).collect();
    let fields = Fields::new()
        .with("user_id", seller.0)
        .with("operation_time", format_datetime(clock::now()))
        .with("stores", stores);
    let answer = connector.call_until_known("taobao.qimen.storeinventory.itemupdate", Shape::Qimen, &fields).await?;
    Ok(failed_bills(&answer))
}

fn store_of(bill: &AppliedBill) -> Fields {
    let inventory = Fields::new()
        .with("bill_num", bill.bill.0.as_str())
        .with("bill_type", bill.bill_type.wire())
        .with("item_id", bill.listing.item.0)
        .with("outer_id", bill.outer_code.as_str())
        .with_opt("sku_id", Some(bill.listing.sku.0).filter(|sku| *sku != 0))
        .with("inventory_type", bill.class.wire())
        .with("quantity", bill.quantity);
    Fields::new()
        .with("warehouse_type", bill.location.stock_type())
        .with("warehouse_id", bill.location.id_text())
        .with("store_inventories", vec![inventory])
}

/// The bills an answer lists as failed; several may stand in one element, joined by commas.
fn failed_bills(answer: &Answer) -> Vec<BillNum> {
    let errors = answer.fields().structs("error_descriptions").unwrap_or_default();
    errors
        .iter()
        .filter_map(|error| error.opt_text("failed_bill_num").ok().flatten())
        .flat_map(|numbers| numbers.split(','))
        .map(|number| BillNum(number.trim().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_bills_are_read_one_by_one() {
        let error = |numbers: &str| Fields::new().with("descrpition", "why").with("failed_bill_num", numbers);
        let answer = Answer::failed("x", "y").with("error_descriptions", vec![error("a,b"), error("c")]);
        assert_eq!(failed_bills(&answer), ["a", "b", "c"].map(|number| BillNum(number.to_owned())));
        assert!(failed_bills(&Answer::ok()).is_empty());
    }
}
