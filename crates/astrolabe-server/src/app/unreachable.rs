//! Which apps do not answer, and since when: what the attempts of this process at calling them have shown. Not stored: after
//! a start it is learnt anew from the next attempt. Written by the worker that makes attempts; read by readiness, metrics
//! and the list of apps, so that an allocator that is configured and silent is loud.

use std::collections::BTreeMap;

use astrolabe_core::ids::AppKey;
use astrolabe_core::time::Timestamp;
use parking_lot::RwLock;

/// Apps that were called and could not be reached, each with the first attempt in vain since it last answered.
#[derive(Debug, Default)]
pub struct Unreachable {
    since: RwLock<BTreeMap<AppKey, Timestamp>>,
}

impl Unreachable {
    /// An attempt in vain.
    pub(crate) fn failed(&self, app: &AppKey, at: Timestamp) {
        if self.since.read().contains_key(app) {
            return;
        }
        tracing::error!(%app, "an app cannot be reached");
        let since = *self.since.write().entry(app.clone()).or_insert(at);
        gauge(app, since.0 / 1_000);
    }

    /// The app answered, whatever it said.
    pub(crate) fn answered(&self, app: &AppKey) {
        if self.since.read().contains_key(app) && self.since.write().remove(app).is_some() {
            tracing::info!(%app, "an app can be reached again");
            gauge(app, 0);
        }
    }

    /// Since when the app cannot be reached, if it cannot.
    pub fn since(&self, app: &AppKey) -> Option<Timestamp> {
        self.since.read().get(app).copied()
    }

    /// All of them.
    pub fn all(&self) -> Vec<(AppKey, Timestamp)> {
        self.since.read().iter().map(|(app, since)| (app.clone(), *since)).collect()
    }
}

/// Epoch seconds; 0 where the app answers.
fn gauge(app: &AppKey, since: i64) {
    metrics::gauge!("astrolabe_app_unreachable_since_seconds", "app" => app.0.clone()).set(since as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempt_in_vain_counts_until_there_is_an_answer() {
        let (book, app) = (Unreachable::default(), AppKey("isv".to_owned()));
        book.answered(&app);
        assert_eq!(book.since(&app), None);
        book.failed(&app, Timestamp(5));
        book.failed(&app, Timestamp(9));
        assert_eq!(book.all(), [(app.clone(), Timestamp(5))]);
        book.answered(&app);
        book.failed(&app, Timestamp(11));
        assert_eq!(book.since(&app), Some(Timestamp(11)));
    }
}
