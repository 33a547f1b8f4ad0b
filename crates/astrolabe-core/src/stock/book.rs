//! The loaded stock of one seller and the one function that changes a balance.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::ScItemId;
use crate::stock::article::{ArticleStock, Waiting};
use crate::stock::cell::{CellKey, StockCell};
use crate::stock::entry::{Cause, EntryKind, StockEntry};
use crate::time::Timestamp;

/// Signed changes of one cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Change {
    pub on_hand: i64,
    pub reserved: i64,
    pub unreported: i64,
}

/// When a fact happened and when we learnt of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Moment {
    pub happened: Timestamp,
    pub learnt: Timestamp,
}

impl Moment {
    /// A fact of our own: it happens as we decide it.
    pub fn now(now: Timestamp) -> Self {
        Self { happened: now, learnt: now }
    }
}

/// A figure that does not add up and that a person should see. It changes nothing by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Discrepancy {
    pub cell: CellKey,
    pub kind: DiscrepancyKind,
    pub expected: i64,
    pub reported: i64,
    pub cause: Cause,
    pub at: Timestamp,
}

/// What does not add up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiscrepancyKind {
    /// A report would have taken `on_hand` below 0.
    BelowZero,
    /// `finalQuantity` is neither `on_hand` nor the book.
    FinalQuantity,
    /// Shipped units were not held where they were shipped.
    ShippedElsewhere,
    /// Shipped units were held nowhere.
    ShippedUnheld,
    /// A store says that transferred units have come, and its stock does not show them.
    TransferUnseen,
    /// Units committed that the merchant's reports have not shown within the report lag.
    UnreportedLate,
}

impl DiscrepancyKind {
    /// The stable name in tables, metrics and pages.
    pub fn name(self) -> &'static str {
        match self {
            DiscrepancyKind::BelowZero => "below_zero",
            DiscrepancyKind::FinalQuantity => "final_quantity",
            DiscrepancyKind::ShippedElsewhere => "shipped_elsewhere",
            DiscrepancyKind::ShippedUnheld => "shipped_unheld",
            DiscrepancyKind::TransferUnseen => "transfer_unseen",
            DiscrepancyKind::UnreportedLate => "unreported_late",
        }
    }
}

/// Loaded articles, what this group has posted, and how to take the running command back.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    articles: BTreeMap<ScItemId, ArticleStock>,
    entries: Vec<StockEntry>,
    discrepancies: Vec<Discrepancy>,
    touched: BTreeSet<CellKey>,
    short: BTreeSet<CellKey>,
    queue_changes: Vec<QueueChange>,
    undo: Undo,
}

#[derive(Clone, Debug, Default)]
struct Undo {
    cells: Vec<(CellKey, Option<StockCell>)>,
    entries: usize,
    discrepancies: usize,
    queue_changes: usize,
}

/// A change of a shortage queue that the store has to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QueueChange {
    Enqueued(ScItemId, Waiting),
    Dequeued(ScItemId, Waiting),
}

/// What a group posted, for the store.
#[derive(Clone, Debug, Default)]
pub struct StockChanges {
    pub cells: Vec<(CellKey, StockCell)>,
    pub entries: Vec<StockEntry>,
    pub discrepancies: Vec<Discrepancy>,
    pub queue: Vec<QueueChange>,
}

impl Stock {
    /// Whether the article's cells are here.
    pub fn is_loaded(&self, sc_item: ScItemId) -> bool {
        self.articles.contains_key(&sc_item)
    }

    /// Takes in an article as loaded from the store.
    pub fn load(&mut self, article: ArticleStock) {
        self.articles.insert(article.sc_item(), article);
    }

    /// Forgets an article, so that it is loaded again when next named.
    pub fn forget(&mut self, sc_item: ScItemId) {
        self.articles.remove(&sc_item);
    }

    /// Number of articles in memory.
    pub fn loaded_articles(&self) -> usize {
        self.articles.len()
    }

    /// An article's cells. Articles that a command needs are loaded before it is decided.
    pub fn article(&self, sc_item: ScItemId) -> Option<&ArticleStock> {
        self.articles.get(&sc_item)
    }

    /// All articles in memory.
    pub fn articles(&self) -> impl Iterator<Item = &ArticleStock> {
        self.articles.values()
    }

    /// One cell; `None` where nothing was ever reported.
    pub fn cell(&self, key: &CellKey) -> Option<&StockCell> {
        self.articles.get(&key.sc_item).and_then(|article| article.cell(key))
    }

    /// Entries posted by this group so far, the running command's included.
    pub fn entries(&self) -> &[StockEntry] {
        &self.entries
    }

    /// Posts one ledger entry: the only way a balance changes. Quantities stay far from overflow because every bound
    /// of the wire is below 2⁶² and sums saturate.
    pub fn post(&mut self, key: CellKey, kind: EntryKind, change: Change, cause: &Cause, at: Moment) {
        let mut cell = self.cell(&key).cloned().unwrap_or_default();
        let before = cell.available();
        cell.on_hand = cell.on_hand.saturating_add(change.on_hand);
        cell.reserved = cell.reserved.saturating_add(change.reserved);
        cell.unreported = cell.unreported.saturating_add(change.unreported);
        let after = cell.available();
        self.put(key, cell);
        if after < 0 && after < before {
            self.short.insert(key);
        }
        self.entries.push(StockEntry {
            cell: key,
            kind,
            on_hand: change.on_hand,
            reserved: change.reserved,
            unreported: change.unreported,
            cause: cause.clone(),
            happened: at.happened,
            learnt: at.learnt,
        });
    }

    /// Marks what a report leaves on a cell beside its balances (suspect, initialised, times). No quantity changes.
    pub fn annotate(&mut self, key: CellKey, note: impl FnOnce(&mut StockCell)) {
        let mut cell = self.cell(&key).cloned().unwrap_or_default();
        let balances = (cell.on_hand, cell.reserved, cell.unreported);
        note(&mut cell);
        (cell.on_hand, cell.reserved, cell.unreported) = balances;
        self.put(key, cell);
    }

    /// Records a figure that does not add up.
    pub fn note_discrepancy(&mut self, discrepancy: Discrepancy) {
        self.discrepancies.push(discrepancy);
    }

    /// Puts a sub-order into an article's shortage queue.
    pub fn enqueue(&mut self, sc_item: ScItemId, waiting: Waiting) {
        if let Some(article) = self.articles.get_mut(&sc_item) {
            article.enqueue(waiting);
        }
        self.queue_changes.push(QueueChange::Enqueued(sc_item, waiting));
    }

    /// Takes a sub-order out of an article's shortage queue.
    pub fn dequeue(&mut self, sc_item: ScItemId, waiting: Waiting) {
        if let Some(article) = self.articles.get_mut(&sc_item) {
            article.dequeue(&waiting);
        }
        self.queue_changes.push(QueueChange::Dequeued(sc_item, waiting));
    }

    fn put(&mut self, key: CellKey, cell: StockCell) {
        let article = self.articles.entry(key.sc_item).or_insert_with(|| ArticleStock::new(key.sc_item, [], []));
        let old = article.put(key, Some(cell));
        self.undo.cells.push((key, old));
        self.touched.insert(key);
    }

    /// Starts a command: from here [`Stock::revert`] can take everything back.
    pub(crate) fn begin(&mut self) {
        self.undo = Undo {
            cells: Vec::new(),
            entries: self.entries.len(),
            discrepancies: self.discrepancies.len(),
            queue_changes: self.queue_changes.len(),
        };
        self.short.clear();
    }

    /// Undoes the running command. Cells stay in `touched`: writing an unchanged cell is harmless.
    pub(crate) fn revert(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        for (key, old) in undo.cells.into_iter().rev() {
            if let Some(article) = self.articles.get_mut(&key.sc_item) {
                article.put(key, old);
            }
        }
        self.entries.truncate(undo.entries);
        self.discrepancies.truncate(undo.discrepancies);
        for change in self.queue_changes.split_off(undo.queue_changes).into_iter().rev() {
            match change {
                QueueChange::Enqueued(sc_item, waiting) => {
                    if let Some(article) = self.articles.get_mut(&sc_item) {
                        article.dequeue(&waiting);
                    }
                }
                QueueChange::Dequeued(sc_item, waiting) => {
                    if let Some(article) = self.articles.get_mut(&sc_item) {
                        article.enqueue(waiting);
                    }
                }
            }
        }
        self.short.clear();
    }

    /// Articles of which the running command made units promisable, in the end and in some cell: what it released and
    /// took again wakes nobody.
    pub(crate) fn risen(&self) -> BTreeSet<ScItemId> {
        let mut before: BTreeMap<CellKey, i64> = BTreeMap::new();
        for (key, old) in &self.undo.cells {
            before.entry(*key).or_insert_with(|| old.as_ref().map_or(0, StockCell::promisable));
        }
        before
            .into_iter()
            .filter(|(key, before)| self.cell(key).map_or(0, StockCell::promisable) > *before)
            .map(|(key, _)| key.sc_item)
            .collect()
    }

    /// Cells that the running command left with more held than there is.
    pub(crate) fn newly_short(&self) -> impl Iterator<Item = CellKey> {
        self.short.iter().filter(|key| self.cell(key).is_some_and(StockCell::is_short)).copied()
    }

    /// Cells that the running command touched, with what they were before it.
    pub(crate) fn touched_now(&self) -> BTreeMap<CellKey, StockCell> {
        let mut before: BTreeMap<CellKey, StockCell> = BTreeMap::new();
        for (key, old) in &self.undo.cells {
            before.entry(*key).or_insert_with(|| old.clone().unwrap_or_default());
        }
        before
    }

    /// Entries of the running command.
    pub(crate) fn entries_now(&self) -> &[StockEntry] {
        self.entries.get(self.undo.entries..).unwrap_or_default()
    }

    /// Discrepancies of the running command.
    pub(crate) fn discrepancies_now(&self) -> &[Discrepancy] {
        self.discrepancies.get(self.undo.discrepancies..).unwrap_or_default()
    }

    /// What the group posted; leaves the loaded articles in place for the next group.
    pub(crate) fn take_changes(&mut self) -> StockChanges {
        let touched = std::mem::take(&mut self.touched);
        let cells = touched.into_iter().filter_map(|key| self.cell(&key).cloned().map(|cell| (key, cell))).collect();
        self.undo = Undo::default();
        StockChanges {
            cells,
            entries: std::mem::take(&mut self.entries),
            discrepancies: std::mem::take(&mut self.discrepancies),
            queue: std::mem::take(&mut self.queue_changes),
        }
    }
}
