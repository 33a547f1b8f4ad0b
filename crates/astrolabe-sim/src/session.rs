//! What a lane reads from while it decides a group: the last commit in memory and, in seeds that keep their data on disk,
//! the real store beside it. Both are asked everything and must answer the same; the store's answer is the one used.

use astrolabe_core::world::{Loaded, Names, World};

use crate::keep::{Changed, Keep};

#[cfg(feature = "disk")]
use crate::disk::DiskGroup;

/// One group's view of the last commit.
#[derive(Debug)]
pub(crate) struct Session<'k> {
    keep: &'k Keep,
    #[cfg(feature = "disk")]
    disk: Option<DiskGroup<'k>>,
}

impl<'k> Session<'k> {
    /// In memory alone.
    #[cfg(not(feature = "disk"))]
    pub(crate) fn in_memory(keep: &'k Keep) -> Self {
        Self { keep }
    }

    /// With the store's group beside it.
    #[cfg(feature = "disk")]
    pub(crate) fn on_disk(keep: &'k Keep, disk: Option<DiskGroup<'k>>) -> Self {
        Self { keep, disk }
    }

    /// The store's group, to commit it.
    #[cfg(feature = "disk")]
    pub(crate) fn into_disk(self) -> Option<DiskGroup<'k>> {
        self.disk
    }

    pub(crate) fn version(&self) -> i64 {
        self.keep.version
    }

    pub(crate) fn world(&mut self) -> Result<World, String> {
        let (seller, places) = (self.keep.seller.clone(), self.keep.places.values().cloned().collect::<Vec<_>>());
        #[cfg(feature = "disk")]
        if let Some(disk) = &mut self.disk {
            let (stored, stored_places) = disk.seller()?;
            same("the seller", &seller, &stored)?;
            same("the places", &places, &stored_places)?;
        }
        Ok(World::new(seller, self.keep.version, places))
    }

    pub(crate) fn changed_since(&mut self, version: i64) -> Result<Changed, String> {
        let changed = self.keep.changed_since(version);
        #[cfg(feature = "disk")]
        if let Some(disk) = &mut self.disk {
            let stored = disk.changed_since(version)?;
            // The store names articles whose queue alone has changed or not: what must be there is what has entries.
            let missing: Vec<_> = changed.items.difference(&stored.items).collect();
            if !missing.is_empty() || changed.seller != stored.seller {
                return Err(format!("the store's changes since {version} are {stored:?}, the model's {changed:?}"));
            }
            return Ok(stored);
        }
        Ok(changed)
    }

    pub(crate) fn load(&mut self, names: &Names) -> Result<Loaded, String> {
        let loaded = self.keep.load(names);
        #[cfg(feature = "disk")]
        if let Some(disk) = &mut self.disk {
            let stored = disk.load(names)?;
            same_loaded(&loaded, &stored)?;
            return Ok(stored);
        }
        Ok(loaded)
    }
}

#[cfg(feature = "disk")]
fn same<T: std::fmt::Debug + PartialEq>(what: &str, kept: &T, stored: &T) -> Result<(), String> {
    if kept == stored { Ok(()) } else { Err(format!("the store answers {what} as {stored:?}, the model {kept:?}")) }
}

/// Compares what both answered, whatever the order of what has none.
#[cfg(feature = "disk")]
fn same_loaded(kept: &Loaded, stored: &Loaded) -> Result<(), String> {
    same("files", &kept.files, &stored.files)?;
    same("items", &by_text(&kept.items), &by_text(&stored.items))?;
    same("articles' names", &by_text(&kept.sc_items), &by_text(&stored.sc_items))?;
    same("holds before payment", &by_text(&kept.ahead), &by_text(&stored.ahead))?;
    same("bills", &by_text(&kept.bills), &by_text(&stored.bills))?;
    same("adjusts", &by_text(&kept.adjusts), &by_text(&stored.adjusts))?;
    same("units committed after", &kept.committed_after, &stored.committed_after)?;
    same("holders", &kept.holders, &stored.holders)?;
    same("occupancy", &kept.occupancy, &stored.occupancy)?;
    same("day loads", &by_text(&nonzero(kept)), &by_text(&nonzero(stored)))?;
    let stock = |loaded: &Loaded| {
        let of = |article: &astrolabe_core::stock::article::ArticleStock| {
            let cells: Vec<_> = article.cells().map(|(key, cell)| (*key, cell.clone())).collect();
            format!("{:?} {cells:?} {:?}", article.sc_item(), article.waiting())
        };
        let mut articles: Vec<String> = loaded.articles.iter().map(of).collect();
        articles.sort_unstable();
        articles
    };
    same("articles", &stock(kept), &stock(stored))
}

#[cfg(feature = "disk")]
fn nonzero(loaded: &Loaded) -> Vec<(astrolabe_core::service_settings::DayKey, i64)> {
    loaded.day_loads.iter().filter(|(_, taken)| *taken != 0).copied().collect()
}

#[cfg(feature = "disk")]
fn by_text<T: std::fmt::Debug>(things: &[T]) -> Vec<String> {
    let mut texts: Vec<String> = things.iter().map(|thing| format!("{thing:?}")).collect();
    texts.sort_unstable();
    texts
}
