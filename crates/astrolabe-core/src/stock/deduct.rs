//! 默认扣减: which cells give the units that somebody paid for, before anybody has decided who ships them
//! (white paper §4.3; step 1 of a channel life).
//!
//! Pure choice: nothing is held here, [`crate::stock::holds`] does that. Opening hours and store status don't matter to
//! it; deleted and excluded locations and suspect cells don't count.

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, LocationId, Oid, ScItemId, Tid};
use crate::place::Places;
use crate::stock::article::{ArticleStock, Waiting};
use crate::stock::book::Stock;
use crate::stock::cell::{CellKey, StockClass};
use crate::time::Timestamp;

/// Units of one cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    pub cell: CellKey,
    pub units: i64,
}

/// Units of one article.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    pub sc_item: ScItemId,
    pub units: i64,
}

/// Where units may come from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub stock: &'a Stock,
    pub places: &'a Places,
    pub channel: ChannelId,
    /// Locations that refused this sub-order.
    pub avoid: &'a [LocationId],
    /// The store the buyer will come to: it gives first.
    pub pickup: Option<LocationId>,
}

/// Who asks, as the shortage queue orders them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct QueuePlace {
    pub pay_time: Timestamp,
    pub tid: Tid,
    pub oid: Oid,
}

impl QueuePlace {
    /// The place of somebody who waits.
    pub fn of(waiting: &Waiting) -> Self {
        Self { pay_time: waiting.pay_time, tid: waiting.tid, oid: waiting.oid }
    }
}

impl Sources<'_> {
    /// Whether a location may give anything.
    pub fn counts(&self, location: LocationId) -> bool {
        self.places.live(location).is_some() && !self.avoid.contains(&location)
    }

    /// Units that a cell can still promise; 0 for a suspect or short one and where nothing was ever reported.
    pub fn promisable(&self, key: &CellKey) -> i64 {
        match self.stock.cell(key) {
            Some(cell) if self.counts(key.location) => cell.promisable(),
            Some(_) | None => 0,
        }
    }

    /// Cells of a class that may give units, most first, ties by location.
    pub fn largest_first<'s>(
        &'s self,
        article: &'s ArticleStock,
        class: StockClass,
    ) -> impl Iterator<Item = (CellKey, i64)> + 's {
        article.most_available(class, self.channel).filter(|(key, _)| self.counts(key.location))
    }

    /// Whether all locations together can promise `units` of the article. Looks no further than that takes.
    pub fn suffices(&self, sc_item: ScItemId, units: i64) -> bool {
        self.promisable_up_to(sc_item, units) >= units
    }

    /// Units of the article that all locations together can promise, counted until `enough` is reached.
    pub fn promisable_up_to(&self, sc_item: ScItemId, enough: i64) -> i64 {
        let Some(article) = self.stock.article(sc_item) else { return 0 };
        let mut sum = 0_i64;
        for class in [StockClass::Certain, StockClass::Uncertain] {
            for (_, available) in self.largest_first(article, class) {
                if sum >= enough {
                    return sum;
                }
                sum = sum.saturating_add(available);
            }
        }
        sum
    }

    /// The one certain cell that can guard `units` shipped from `location`: the largest elsewhere, if it suffices.
    pub fn guard(&self, sc_item: ScItemId, location: LocationId, units: i64) -> Option<CellKey> {
        let article = self.stock.article(sc_item)?;
        let (cell, available) =
            self.largest_first(article, StockClass::Certain).find(|(key, _)| key.location != location)?;
        (available >= units).then_some(cell)
    }

    /// Whether an earlier paid sub-order waits for one of the articles and the stock could serve it. One that was tried
    /// in vain although there seemed to be enough may be passed.
    pub fn must_yield(&self, needs: &[Need], me: QueuePlace) -> bool {
        let anywhere = Sources { avoid: &[], pickup: None, ..*self };
        needs.iter().filter_map(|need| self.stock.article(need.sc_item)).any(|article| {
            article.waiting().iter().take_while(|waiting| QueuePlace::of(waiting) < me).any(|waiting| {
                waiting.units > 0 && !waiting.passed && anywhere.suffices(article.sc_item(), waiting.units)
            })
        })
    }

    /// The default deduction of one article: one certain cell, else one uncertain cell, else spread; `None` when there
    /// is too little in all.
    pub fn choose(&self, need: Need) -> Option<Vec<Part>> {
        if let Some(parts) = self.pickup.and_then(|store| self.at_location(need, store)) {
            return Some(parts);
        }
        let article = self.stock.article(need.sc_item)?;
        for class in [StockClass::Certain, StockClass::Uncertain] {
            if let Some((cell, available)) = self.largest_first(article, class).next()
                && available >= need.units
            {
                return Some(vec![Part { cell, units: need.units }]);
            }
        }
        self.spread(article, need)
    }

    fn spread(&self, article: &ArticleStock, need: Need) -> Option<Vec<Part>> {
        let chosen = self.pickup;
        let at_chosen = chosen.into_iter().flat_map(|store| self.cells_at(need.sc_item, store));
        let elsewhere = [StockClass::Certain, StockClass::Uncertain]
            .into_iter()
            .flat_map(|class| self.largest_first(article, class))
            .filter(|(key, _)| Some(key.location) != chosen);
        take_in_order(at_chosen.chain(elsewhere), need.units)
    }

    /// The whole need at one location: one cell if one suffices (certain first), else both, certain first.
    fn at_location(&self, need: Need, location: LocationId) -> Option<Vec<Part>> {
        let cells = self.cells_at(need.sc_item, location);
        let one = cells.iter().find(|(_, available)| *available >= need.units);
        match one {
            Some((cell, _)) => Some(vec![Part { cell: *cell, units: need.units }]),
            None => take_in_order(cells, need.units),
        }
    }

    fn cells_at(&self, sc_item: ScItemId, location: LocationId) -> [(CellKey, i64); 2] {
        [StockClass::Certain, StockClass::Uncertain].map(|class| {
            let key = CellKey::of(sc_item, location, class, self.channel);
            (key, self.promisable(&key))
        })
    }

    /// The default deduction of a kit: everything at one location, from certain cells alone if any location can, and
    /// where most kits could be built.
    pub fn choose_kit(&self, needs: &[Need]) -> Option<Vec<Part>> {
        let whole = |location: LocationId| {
            needs.iter().map(|need| self.at_location(*need, location)).collect::<Option<Vec<_>>>()
        };
        if let Some(parts) = self.pickup.and_then(whole) {
            return Some(parts.concat());
        }
        let location = self.best_kit_location(needs, true).or_else(|| self.best_kit_location(needs, false))?;
        whole(location).map(|parts| parts.concat())
    }

    /// The location whose scarcest component leaves most; ties by location.
    fn best_kit_location(&self, needs: &[Need], certain_only: bool) -> Option<LocationId> {
        let first = needs.first()?;
        let article = self.stock.article(first.sc_item)?;
        let classes: &[StockClass] =
            if certain_only { &[StockClass::Certain] } else { &[StockClass::Certain, StockClass::Uncertain] };
        let mut best: Option<(i64, LocationId)> = None;
        for (key, _) in classes.iter().flat_map(|class| self.largest_first(article, *class)) {
            let Some(spare) = self.spare_after(needs, key.location, certain_only) else { continue };
            let better = best.is_none_or(|(most, location)| spare > most || (spare == most && key.location < location));
            if better {
                best = Some((spare, key.location));
            }
        }
        best.map(|(_, location)| location)
    }

    /// Units of the scarcest component left at a location once the needs are met there; `None` if they can't be.
    fn spare_after(&self, needs: &[Need], location: LocationId, certain_only: bool) -> Option<i64> {
        let mut scarcest = i64::MAX;
        for need in needs {
            let [(_, certain), (_, uncertain)] = self.cells_at(need.sc_item, location);
            let there = if certain_only { certain } else { certain.saturating_add(uncertain) };
            if there < need.units {
                return None;
            }
            scarcest = scarcest.min(there - need.units);
        }
        Some(scarcest)
    }
}

fn take_in_order(cells: impl IntoIterator<Item = (CellKey, i64)>, units: i64) -> Option<Vec<Part>> {
    let mut rest = units;
    let mut parts = Vec::new();
    for (cell, available) in cells {
        let taken = rest.min(available);
        if taken > 0 {
            parts.push(Part { cell, units: taken });
            rest -= taken;
        }
        if rest == 0 {
            return Some(parts);
        }
    }
    None
}
