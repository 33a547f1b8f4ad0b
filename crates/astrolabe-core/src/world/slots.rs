//! A keyed set of loaded things that remembers two pasts: the group's (to know what to write) and the running
//! command's (to take it back).

use std::collections::BTreeMap;

/// Loaded values by key. Absence is remembered too: a key that was looked for and not found is *known absent*.
#[derive(Clone, Debug)]
pub struct Slots<K, V> {
    now: BTreeMap<K, Option<V>>,
    base: BTreeMap<K, Option<V>>,
    undo: Vec<(K, Option<V>)>,
}

/// How one value differs from what the group loaded.
#[derive(Clone, PartialEq, Debug)]
pub struct SlotChange<K, V> {
    pub key: K,
    pub before: Option<V>,
    pub after: Option<V>,
}

impl<K, V> Default for Slots<K, V> {
    fn default() -> Self {
        Self { now: BTreeMap::new(), base: BTreeMap::new(), undo: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Slots<K, V> {
    /// Takes in what the store found, `None` for what it looked for in vain. Values that a group already changed stay.
    pub fn load(&mut self, key: K, value: Option<V>) {
        if !self.base.contains_key(&key) {
            self.now.insert(key, value);
        }
    }

    /// Whether the key was looked for.
    pub fn is_loaded(&self, key: &K) -> bool {
        self.now.contains_key(key)
    }

    /// The value, if there is one.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.now.get(key).and_then(Option::as_ref)
    }

    /// The value, to change it; remembers how it was.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.remember(key);
        self.now.get_mut(key).and_then(Option::as_mut)
    }

    /// Adds or replaces a value.
    pub fn put(&mut self, key: K, value: V) {
        self.remember(&key);
        self.now.insert(key, Some(value));
    }

    /// Removes a value.
    pub fn remove(&mut self, key: &K) {
        self.remember(key);
        self.now.insert(key.clone(), None);
    }

    /// Present values in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.now.iter().filter_map(|(key, value)| value.as_ref().map(|value| (key, value)))
    }

    /// Number of keys looked for.
    pub fn len(&self) -> usize {
        self.now.len()
    }

    /// Whether nothing was looked for.
    pub fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    fn remember(&mut self, key: &K) {
        let value = self.now.get(key).cloned().flatten();
        if !self.undo.iter().any(|(known, _)| known == key) {
            self.undo.push((key.clone(), value.clone()));
        }
        self.base.entry(key.clone()).or_insert(value);
    }

    pub(crate) fn begin(&mut self) {
        self.undo.clear();
    }

    pub(crate) fn revert(&mut self) {
        for (key, value) in self.undo.drain(..) {
            self.now.insert(key, value);
        }
    }

    /// What differs from what was loaded, and makes the present the new base.
    pub(crate) fn take_changes(&mut self) -> Vec<SlotChange<K, V>> {
        self.undo.clear();
        std::mem::take(&mut self.base)
            .into_iter()
            .filter_map(|(key, before)| {
                let after = self.now.get(&key).cloned().flatten();
                (before != after).then_some(SlotChange { key, before, after })
            })
            .collect()
    }

    /// Forgets one value, so that it is loaded again when next named.
    pub fn forget(&mut self, key: &K) {
        self.now.remove(key);
    }

    /// Forgets everything loaded.
    pub(crate) fn clear(&mut self) {
        self.now.clear();
        self.base.clear();
        self.undo.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reverted_command_leaves_no_trace_and_a_kept_one_shows_its_net_change() {
        let mut slots = Slots::default();
        slots.load(1, Some("a"));
        slots.load(2, None);

        slots.begin();
        slots.put(1, "b");
        slots.put(1, "c");
        slots.put(2, "new");
        slots.revert();
        assert_eq!((slots.get(&1), slots.get(&2)), (Some(&"a"), None));

        slots.begin();
        slots.put(1, "d");
        slots.begin();
        slots.put(2, "e");
        slots.remove(&2);
        assert_eq!(slots.take_changes(), vec![SlotChange { key: 1, before: Some("a"), after: Some("d") }]);
        assert!(slots.take_changes().is_empty());
    }
}
