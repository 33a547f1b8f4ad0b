//! All cells of one article, kept so that "who has most" and "who waits longest" need no scan.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{ChannelId, LocationId, Oid, ScItemId, Tid};
use crate::stock::cell::{CellKey, StockCell, StockClass};
use crate::time::Timestamp;

/// A sub-order in the shortage queue of an article: first in, first out by pay time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Waiting {
    pub pay_time: Timestamp,
    pub tid: Tid,
    pub oid: Oid,
    /// Units of the article it still needs.
    pub units: i64,
    /// It was tried since it came and could not be served: newcomers may pass it.
    pub passed: bool,
}

/// The stock of one article at all of a seller's locations.
#[derive(Clone, Debug)]
pub struct ArticleStock {
    sc_item: ScItemId,
    cells: BTreeMap<CellKey, StockCell>,
    /// Cells that may be promised from, most available first; ties by location.
    by_available: BTreeSet<(StockClass, ChannelId, Reverse<i64>, LocationId)>,
    waiting: BTreeSet<Waiting>,
}

impl ArticleStock {
    /// From what a store loaded.
    pub fn new(
        sc_item: ScItemId,
        cells: impl IntoIterator<Item = (CellKey, StockCell)>,
        waiting: impl IntoIterator<Item = Waiting>,
    ) -> Self {
        let mut article =
            Self { sc_item, cells: BTreeMap::new(), by_available: BTreeSet::new(), waiting: BTreeSet::new() };
        for (key, cell) in cells {
            article.put(key, Some(cell));
        }
        article.waiting.extend(waiting);
        article
    }

    /// The article.
    pub fn sc_item(&self) -> ScItemId {
        self.sc_item
    }

    /// One of its cells.
    pub fn cell(&self, key: &CellKey) -> Option<&StockCell> {
        self.cells.get(key)
    }

    /// All cells in key order.
    pub fn cells(&self) -> impl Iterator<Item = (&CellKey, &StockCell)> {
        self.cells.iter()
    }

    /// Cells of a class that units may be promised from (available, not suspect), most available first, ties by
    /// location.
    pub fn most_available(&self, class: StockClass, channel: ChannelId) -> impl Iterator<Item = (CellKey, i64)> {
        let channel = CellKey::of(self.sc_item, LocationId(0), class, channel).channel;
        let first = (class, channel, Reverse(i64::MAX), LocationId(i64::MIN));
        let last = (class, channel, Reverse(1), LocationId(i64::MAX));
        self.by_available.range(first..=last).map(move |(class, channel, available, location)| {
            let key = CellKey { sc_item: self.sc_item, location: *location, class: *class, channel: *channel };
            (key, available.0)
        })
    }

    /// Number of cells that units may be promised from, of all channels.
    pub fn stocked_cells(&self) -> usize {
        self.by_available.len()
    }

    /// Units that may be promised at a location from both classes together.
    pub fn promisable_at(&self, location: LocationId, channel: ChannelId) -> i64 {
        [StockClass::Certain, StockClass::Uncertain]
            .into_iter()
            .filter_map(|class| self.cells.get(&CellKey::of(self.sc_item, location, class, channel)))
            .filter(|cell| !cell.suspect)
            .map(|cell| cell.available().max(0))
            .sum()
    }

    /// The shortage queue, longest waiting first.
    pub fn waiting(&self) -> &BTreeSet<Waiting> {
        &self.waiting
    }

    pub(crate) fn enqueue(&mut self, waiting: Waiting) {
        self.waiting.insert(waiting);
    }

    pub(crate) fn dequeue(&mut self, waiting: &Waiting) {
        self.waiting.remove(waiting);
    }

    /// Replaces a cell (or removes it, when a command that made it is reverted) and returns what stood there.
    pub(crate) fn put(&mut self, key: CellKey, cell: Option<StockCell>) -> Option<StockCell> {
        let rank = |cell: &StockCell| (key.class, key.channel, Reverse(cell.available()), key.location);
        match cell {
            Some(cell) => {
                if !cell.suspect && cell.available() > 0 {
                    self.by_available.insert(rank(&cell));
                }
                let available = cell.available();
                let suspect = cell.suspect;
                let old = self.cells.insert(key, cell);
                if let Some(old) = &old
                    && (old.available() != available || suspect)
                {
                    self.by_available.remove(&rank(old));
                }
                old
            }
            None => {
                let old = self.cells.remove(&key);
                if let Some(old) = &old {
                    self.by_available.remove(&rank(old));
                }
                old
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::TMALL;

    /// What [`ArticleStock::most_available`] stands for, by a scan.
    fn scanned(article: &ArticleStock, class: StockClass) -> Vec<(CellKey, i64)> {
        let mut cells: Vec<_> = article
            .cells()
            .filter(|(key, cell)| key.class == class && cell.promisable() > 0)
            .map(|(key, cell)| (*key, cell.available()))
            .collect();
        cells.sort_by_key(|(key, available)| (Reverse(*available), key.location));
        cells
    }

    proptest! {
        #[test]
        fn the_index_is_what_a_scan_finds(
            puts in prop::collection::vec((1_i64..6, any::<bool>(), 0_i64..4, 0_i64..4, any::<bool>(), 0_u8..5), 1..40)
        ) {
            let mut article = ArticleStock::new(ScItemId(1), [], []);
            for (location, certain, on_hand, reserved, suspect, gone) in puts {
                let class = if certain { StockClass::Certain } else { StockClass::Uncertain };
                let key = CellKey::of(ScItemId(1), LocationId(location), class, TMALL);
                let cell = StockCell { on_hand, reserved, suspect, ..StockCell::default() };
                article.put(key, (gone > 0).then_some(cell));
                for class in [StockClass::Certain, StockClass::Uncertain] {
                    let indexed: Vec<_> = article.most_available(class, TMALL).collect();
                    prop_assert_eq!(indexed, scanned(&article, class));
                }
            }
        }
    }
}
