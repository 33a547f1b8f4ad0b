//! Whose databases the seller's trades are pushed into, all of them in memory: a seller has a handful.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::PushUser;
use crate::ids::AppKey;

/// The seller's registrations, deleted ones included.
#[derive(Clone, Debug, Default)]
pub(super) struct PushUsers {
    now: BTreeMap<AppKey, PushUser>,
    undo: Vec<(AppKey, Option<PushUser>)>,
    touched: BTreeSet<AppKey>,
}

impl PushUsers {
    pub(super) fn load(&mut self, users: impl IntoIterator<Item = PushUser>) {
        self.now = users.into_iter().map(|user| (user.app.clone(), user)).collect();
    }

    pub(super) fn all(&self) -> &BTreeMap<AppKey, PushUser> {
        &self.now
    }

    pub(super) fn put(&mut self, user: PushUser) {
        let app = user.app.clone();
        self.touched.insert(app.clone());
        let old = self.now.insert(app.clone(), user);
        self.undo.push((app, old));
    }

    pub(super) fn begin(&mut self) {
        self.undo.clear();
    }

    pub(super) fn revert(&mut self) {
        for (app, old) in std::mem::take(&mut self.undo).into_iter().rev() {
            match old {
                Some(user) => self.now.insert(app, user),
                None => self.now.remove(&app),
            };
        }
    }

    /// Those that the group changed.
    pub(super) fn take_changes(&mut self) -> Vec<PushUser> {
        let touched = std::mem::take(&mut self.touched);
        touched.iter().filter_map(|app| self.now.get(app).cloned()).collect()
    }
}
