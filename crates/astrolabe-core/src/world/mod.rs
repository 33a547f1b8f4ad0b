//! The working set of one seller: what decisions see, change, and leave to be written.
//!
//! A lane keeps one `World` per seller. Settings, places, listings and stock stay in it from group to group, exact
//! while the lane's version equals the stored one; trades, holds and bills are loaded for a group and forgotten after
//! it. [`World::begin`] / [`World::revert`] make a command whole: a refused one leaves no trace.

mod bills;
mod changes;
mod day_loads;
mod journal;
mod names;
mod push_users;
mod slots;

use std::collections::BTreeMap;

pub use bills::{AdjustKey, AdjustRecord, BillKey, BillRecord};
pub use changes::{Changes, NewWork, OutwardSettled, PublishedRefund};
pub use day_loads::DayLoads;
pub use journal::Journal;
pub use names::{Names, TradePlace};
use push_users::PushUsers;
pub use slots::{SlotChange, Slots};

use crate::command::{HistoryPlace, PushUser};
use crate::exception::Exception;
use crate::goods::{Item, ScItem};
use crate::ids::{AppKey, ExceptionId, HoldKey, IdMint, ItemId, LocationId, ScItemId, Tid};
use crate::order::file::TradeFile;
use crate::place::{Location, Places};
use crate::seller::Seller;
use crate::service_settings::DayKey;
use crate::stock::article::ArticleStock;
use crate::stock::book::Stock;
use crate::stock::cell::CellKey;
use crate::stock::hold::{AheadHold, Holder};
use crate::subscription::Subscription;
use crate::time::Timestamp;

/// What one location still has to do or to lose; asked for before it is deleted or shut.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Occupancy {
    /// Live assignments that hold stock there.
    pub live_assignments: i64,
    /// Trades with a Notified delivery (not pickup) there, oldest first, at most [`OCCUPANTS_MAX`].
    pub notified: Vec<Tid>,
    /// Units of certain stock on hand.
    pub certain_units: i64,
}

/// Most trades that one piece of work looks at.
pub const OCCUPANTS_MAX: usize = 200;

/// Most trades that wait for an allocation that one piece of work names.
pub const WAITING_MAX: usize = 200;

/// Most trades of a seller's history that one piece of work looks at.
pub const HISTORY_MAX: usize = 200;

/// Most holders of a cell that one piece of work looks at.
pub const HOLDERS_MAX: usize = 200;

/// Loaded state of one seller.
#[derive(Clone, Debug)]
pub struct World {
    pub seller: Seller,
    /// The seller lane's version that this working set is exact at.
    pub version: i64,
    pub mint: IdMint,
    pub places: Places,
    /// Who is told of facts as they are noted.
    pub subscriptions: Vec<Subscription>,
    pub items: Slots<ItemId, Item>,
    pub sc_items: Slots<ScItemId, ScItem>,
    pub stock: Stock,
    pub files: Slots<Tid, TradeFile>,
    pub ahead: Slots<HoldKey, AheadHold>,
    pub bills: Slots<BillKey, BillRecord>,
    pub adjusts: Slots<AdjustKey, AdjustRecord>,
    /// Answers of [`Names::committed_after`].
    pub committed_after: BTreeMap<(CellKey, i64), i64>,
    /// Answers of [`Names::holders`].
    pub holders: BTreeMap<CellKey, Vec<Holder>>,
    /// Answers of [`Names::occupancy`].
    pub occupancy: BTreeMap<LocationId, Occupancy>,
    /// Answers of [`Names::waiting_after`].
    pub waiting_after: BTreeMap<Option<TradePlace>, Vec<TradePlace>>,
    /// Sub-orders that locations have taken, day by day.
    pub day_loads: DayLoads,
    /// Exceptions that people act on.
    pub exceptions: Slots<ExceptionId, Exception>,
    /// Answers of [`Names::history`].
    pub history: BTreeMap<HistoryPlace, Vec<(Timestamp, Tid)>>,
    /// Facts, calls outward, work and exceptions that this group leaves.
    pub journal: Journal,
    push_users: PushUsers,
    place_undo: Vec<(LocationId, Option<Location>)>,
    places_touched: BTreeMap<LocationId, ()>,
}

/// What a store found for some [`Names`]. Keys that are named and not here do not exist.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub files: Vec<TradeFile>,
    pub items: Vec<Item>,
    pub sc_items: Vec<ScItem>,
    pub articles: Vec<ArticleStock>,
    pub ahead: Vec<AheadHold>,
    pub bills: Vec<(BillKey, BillRecord)>,
    pub adjusts: Vec<(AdjustKey, AdjustRecord)>,
    pub committed_after: BTreeMap<(CellKey, i64), i64>,
    pub holders: BTreeMap<CellKey, Vec<Holder>>,
    pub occupancy: BTreeMap<LocationId, Occupancy>,
    pub waiting_after: BTreeMap<Option<TradePlace>, Vec<TradePlace>>,
    pub day_loads: Vec<(DayKey, i64)>,
    pub exceptions: Vec<Exception>,
    /// Trades by when the channel last changed them, newest first, at most [`HISTORY_MAX`] after a place.
    pub history: BTreeMap<HistoryPlace, Vec<(Timestamp, Tid)>>,
}

impl World {
    /// A working set with nothing but the seller and its places.
    pub fn new(seller: Seller, version: i64, places: impl IntoIterator<Item = Location>) -> Self {
        let mut all = Places::default();
        for location in places {
            all.put(location);
        }
        Self {
            seller,
            version,
            mint: IdMint::new(0, 1, 0, 1),
            places: all,
            subscriptions: Vec::new(),
            items: Slots::default(),
            sc_items: Slots::default(),
            stock: Stock::default(),
            files: Slots::default(),
            ahead: Slots::default(),
            bills: Slots::default(),
            adjusts: Slots::default(),
            committed_after: BTreeMap::new(),
            holders: BTreeMap::new(),
            occupancy: BTreeMap::new(),
            waiting_after: BTreeMap::new(),
            day_loads: DayLoads::default(),
            exceptions: Slots::default(),
            history: BTreeMap::new(),
            journal: Journal::default(),
            push_users: PushUsers::default(),
            place_undo: Vec::new(),
            places_touched: BTreeMap::new(),
        }
    }

    /// Takes out of `names` what is already here.
    pub fn missing(&self, mut names: Names) -> Names {
        names.tids.retain(|tid| !self.files.is_loaded(tid));
        names.items.retain(|item| !self.items.is_loaded(item));
        names.sc_items.retain(|sc_item| !self.stock.is_loaded(*sc_item) || !self.sc_items.is_loaded(sc_item));
        names.hold_keys.retain(|key| !self.ahead.is_loaded(key));
        names.exceptions.retain(|id| !self.exceptions.is_loaded(id));
        names.days.retain(|day| !self.day_loads.is_loaded(*day));
        names.committed_after.retain(|key| !self.committed_after.contains_key(key));
        names
    }

    /// Takes in what a store found for `names`.
    pub fn load(&mut self, names: &Names, loaded: Loaded) {
        for tid in &names.tids {
            self.files.load(*tid, None);
        }
        for file in loaded.files {
            self.files.load(file.trade.tid, Some(file));
        }
        for item in &names.items {
            self.items.load(*item, Some(Item::unknown(*item)));
        }
        for item in loaded.items {
            self.items.load(item.id, Some(item));
        }
        for sc_item in &names.sc_items {
            self.sc_items.load(*sc_item, None);
        }
        for sc_item in loaded.sc_items {
            self.sc_items.load(sc_item.id, Some(sc_item));
        }
        for article in loaded.articles {
            if !self.stock.is_loaded(article.sc_item()) {
                self.stock.load(article);
            }
        }
        for sc_item in &names.sc_items {
            if !self.stock.is_loaded(*sc_item) {
                self.stock.load(ArticleStock::new(*sc_item, [], []));
            }
        }
        for key in &names.hold_keys {
            self.ahead.load(key.clone(), None);
        }
        for hold in loaded.ahead {
            self.ahead.load(hold.key.clone(), Some(hold));
        }
        for (key, record) in loaded.bills {
            self.bills.load(key, Some(record));
        }
        for (key, record) in loaded.adjusts {
            self.adjusts.load(key, Some(record));
        }
        self.committed_after.extend(loaded.committed_after);
        self.holders.extend(loaded.holders);
        self.occupancy.extend(loaded.occupancy);
        self.waiting_after.extend(loaded.waiting_after);
        self.day_loads.load(&names.days, loaded.day_loads);
        for id in &names.exceptions {
            self.exceptions.load(*id, None);
        }
        for exception in loaded.exceptions {
            self.exceptions.load(exception.id, Some(exception));
        }
        self.history.extend(loaded.history);
    }

    /// A location, to add or change it; the running command can be taken back.
    pub fn put_place(&mut self, location: Location) {
        let id = location.id;
        self.place_undo.push((id, self.places.get(id).cloned()));
        self.places_touched.insert(id, ());
        self.places.put(location);
    }

    /// Whose databases the seller's trades are pushed into, deleted registrations included.
    pub fn push_users(&self) -> &BTreeMap<AppKey, PushUser> {
        self.push_users.all()
    }

    /// Takes in the registrations that the store has.
    pub fn load_push_users(&mut self, users: impl IntoIterator<Item = PushUser>) {
        self.push_users.load(users);
    }

    /// A registration, to add or change it; the running command can be taken back.
    pub fn put_push_user(&mut self, user: PushUser) {
        self.push_users.put(user);
    }

    /// Starts a command.
    pub fn begin(&mut self) {
        self.items.begin();
        self.sc_items.begin();
        self.stock.begin();
        self.files.begin();
        self.ahead.begin();
        self.bills.begin();
        self.adjusts.begin();
        self.day_loads.begin();
        self.exceptions.begin();
        self.journal.begin();
        self.push_users.begin();
        self.place_undo.clear();
    }

    /// Takes the running command back.
    pub fn revert(&mut self) {
        self.items.revert();
        self.sc_items.revert();
        self.stock.revert();
        self.files.revert();
        self.ahead.revert();
        self.bills.revert();
        self.adjusts.revert();
        self.day_loads.revert();
        self.exceptions.revert();
        self.journal.revert();
        self.push_users.revert();
        for (id, old) in std::mem::take(&mut self.place_undo).into_iter().rev() {
            match old {
                Some(location) => self.places.put(location),
                None => {
                    self.places.remove(id);
                }
            }
        }
    }

    /// Everything the group changed, for one transaction; the working set then stands for what that transaction
    /// leaves, at `version + 1`.
    pub fn take_changes(&mut self) -> Changes {
        changes::take(self)
    }

    /// Rows that the group will write at least, to stop before a transaction grows too large.
    pub fn rows_so_far(&self) -> usize {
        self.stock.entries().len() * 2 + self.journal.facts().len() * 2 + self.journal.calls().len()
    }

    /// Forgets what was loaded for one group.
    pub fn end_group(&mut self) {
        self.files.clear();
        self.ahead.clear();
        self.bills.clear();
        self.adjusts.clear();
        self.committed_after.clear();
        self.holders.clear();
        self.occupancy.clear();
        self.exceptions.clear();
        self.waiting_after.clear();
        self.day_loads.end_group();
        self.history.clear();
    }

    /// Forgets listings and articles when more than `articles_max` are in memory, so that the cache stays bounded.
    pub fn trim(&mut self, articles_max: usize) {
        if self.stock.loaded_articles() > articles_max || self.items.len() > articles_max {
            self.stock = Stock::default();
            self.items.clear();
            self.sc_items.clear();
        }
    }
}
