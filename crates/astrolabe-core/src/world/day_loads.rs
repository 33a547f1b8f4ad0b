//! How many sub-orders locations have taken, day by day. A day is loaded whole, for all of a seller's locations that limit
//! theirs, and stays in memory while it is one of the latest: a plan may then ask of any candidate. Only `decide::capacity`
//! changes it.

use std::collections::BTreeSet;

use crate::service_settings::DayKey;
use crate::world::slots::{SlotChange, Slots};

/// Days kept in memory from group to group: today, and yesterday for what is given back late.
const DAYS_KEPT: usize = 2;

/// Loaded counts. What is not there was not taken.
#[derive(Clone, Debug, Default)]
pub struct DayLoads {
    counts: Slots<DayKey, i64>,
    days: BTreeSet<i64>,
}

impl DayLoads {
    /// Sub-orders taken.
    pub fn taken(&self, key: DayKey) -> i64 {
        self.counts.get(&key).copied().unwrap_or(0)
    }

    /// Whether a day's counts are known.
    pub fn is_loaded(&self, day: i64) -> bool {
        self.days.contains(&day)
    }

    /// All counts of some days.
    pub(super) fn load(&mut self, days: &BTreeSet<i64>, counts: Vec<(DayKey, i64)>) {
        self.days.extend(days);
        for (key, taken) in counts {
            self.counts.load(key, Some(taken));
        }
    }

    /// What another writer has changed; days that are not loaded stay so.
    pub fn refresh(&mut self, counts: Vec<(DayKey, i64)>) {
        for (key, taken) in counts.into_iter().filter(|(key, _)| self.days.contains(&key.day)) {
            self.counts.load(key, Some(taken));
        }
    }

    /// One sub-order more.
    pub(crate) fn take(&mut self, key: DayKey) {
        let taken = self.taken(key);
        self.counts.put(key, taken + 1);
    }

    /// One sub-order less.
    pub(crate) fn give_back(&mut self, key: DayKey) {
        let taken = self.taken(key);
        self.counts.put(key, taken - 1);
    }

    /// Counts that are known, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&DayKey, &i64)> {
        self.counts.iter()
    }

    pub(super) fn begin(&mut self) {
        self.counts.begin();
    }

    pub(super) fn revert(&mut self) {
        self.counts.revert();
    }

    pub(super) fn take_changes(&mut self) -> Vec<(DayKey, i64)> {
        let changes = self.counts.take_changes();
        changes.into_iter().map(|SlotChange { key, after, .. }| (key, after.unwrap_or(0))).collect()
    }

    /// Forgets all but the latest days.
    pub(super) fn end_group(&mut self) {
        while self.days.len() > DAYS_KEPT {
            let Some(oldest) = self.days.pop_first() else { return };
            let keys: Vec<DayKey> = self.counts.iter().map(|(key, _)| *key).filter(|key| key.day == oldest).collect();
            for key in keys {
                self.counts.forget(&key);
            }
        }
    }
}
