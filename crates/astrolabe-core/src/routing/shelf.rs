//! One article's stock as a plan reads it: how many units are at a location, and at which locations there are any.
//! Reads the seller's loaded stock and changes nothing.

use crate::ids::{ChannelId, LocationId, ScItemId};
use crate::stock::article::ArticleStock;
use crate::stock::book::Stock;
use crate::stock::cell::{CellKey, StockCell, StockClass};

/// Promisable units at one location: available, not suspect, never below 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct OnShelf {
    pub certain: i64,
    pub uncertain: i64,
}

/// One article, for one channel.
#[derive(Debug)]
pub(super) struct Shelf<'a> {
    pub sc_item: ScItemId,
    channel: ChannelId,
    article: Option<&'a ArticleStock>,
    /// Whether any certain units can be promised anywhere; most articles of most merchants have none.
    has_certain: bool,
    /// Every location with something promisable, ascending: read in one pass once single look-ups would cost more.
    swept: Option<Vec<(LocationId, OnShelf)>>,
}

/// Up to this many stocked cells the ranking by availability is read and sorted; above, all cells in key order.
const RANKED_MAX: usize = 256;

impl<'a> Shelf<'a> {
    pub(super) fn of(stock: &'a Stock, sc_item: ScItemId, channel: ChannelId) -> Self {
        let article = stock.article(sc_item);
        let has_certain =
            article.is_some_and(|article| article.most_available(StockClass::Certain, channel).next().is_some());
        Self { sc_item, channel, article, has_certain, swept: None }
    }

    /// Most cells with something promisable (other channels' included).
    pub(super) fn stocked_at_most(&self) -> usize {
        self.article.map_or(0, ArticleStock::stocked_cells)
    }

    /// Most units that any one location may have.
    pub(super) fn units_at_most(&self) -> i64 {
        let most = |class| {
            self.article
                .and_then(|article| article.most_available(class, self.channel).next())
                .map_or(0, |(_, units)| units)
        };
        i64::saturating_add(most(StockClass::Certain), most(StockClass::Uncertain))
    }

    /// What is at a location.
    pub(super) fn at(&self, location: LocationId) -> OnShelf {
        if let Some(swept) = &self.swept {
            let found = swept.binary_search_by_key(&location, |(at, _)| *at);
            return found.ok().and_then(|at| swept.get(at)).map_or(OnShelf::default(), |(_, units)| *units);
        }
        let units = |class| {
            let key = CellKey::of(self.sc_item, location, class, self.channel);
            self.article.and_then(|article| article.cell(&key)).map_or(0, promisable)
        };
        let certain = if self.has_certain { units(StockClass::Certain) } else { 0 };
        OnShelf { certain, uncertain: units(StockClass::Uncertain) }
    }

    /// Whether units lie at a location that its suspect cells keep from being promised.
    pub(super) fn is_suspect_at(&self, location: LocationId) -> bool {
        [StockClass::Certain, StockClass::Uncertain].into_iter().any(|class| {
            let key = CellKey::of(self.sc_item, location, class, self.channel);
            let cell = self.article.and_then(|article| article.cell(&key));
            cell.is_some_and(|cell| cell.suspect && cell.available() > 0)
        })
    }

    /// Reads every stocked location at once; look-ups are cheaper afterwards.
    pub(super) fn sweep(&mut self) -> &[(LocationId, OnShelf)] {
        if self.swept.is_none() {
            self.swept = Some(self.read_all());
        }
        self.swept.as_deref().unwrap_or_default()
    }

    fn read_all(&self) -> Vec<(LocationId, OnShelf)> {
        let Some(article) = self.article else { return Vec::new() };
        let mut units: Vec<(LocationId, StockClass, i64)> = if self.stocked_at_most() <= RANKED_MAX {
            let classes = [StockClass::Certain, StockClass::Uncertain].into_iter();
            let ranked = classes.flat_map(|class| article.most_available(class, self.channel));
            ranked.map(|(key, available)| (key.location, key.class, available)).collect()
        } else {
            let ours = article.cells().filter(|(key, _)| {
                CellKey::of(key.sc_item, key.location, key.class, self.channel).channel == key.channel
            });
            ours.map(|(key, cell)| (key.location, key.class, promisable(cell))).collect()
        };
        units.sort_unstable();
        let mut all: Vec<(LocationId, OnShelf)> = Vec::with_capacity(units.len());
        for (location, class, available) in units.into_iter().filter(|(.., available)| *available > 0) {
            let mut here = match all.pop() {
                Some(last) if last.0 == location => last,
                Some(last) => {
                    all.push(last);
                    (location, OnShelf::default())
                }
                None => (location, OnShelf::default()),
            };
            match class {
                StockClass::Certain => here.1.certain = available,
                StockClass::Uncertain => here.1.uncertain = available,
            }
            all.push(here);
        }
        all
    }
}

fn promisable(cell: &StockCell) -> i64 {
    if cell.suspect { 0 } else { cell.available().max(0) }
}
