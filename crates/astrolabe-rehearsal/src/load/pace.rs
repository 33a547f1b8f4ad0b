//! When the next request is due. Closed: as soon as a connection is free, which measures what a server can do. Open: at a fixed
//! rate whatever the server does, which measures what its users feel: latency counts from the instant a request was due, so a
//! stall shows in every request it delayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How fast requests come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// One after the other on every connection.
    Closed,
    /// So many a second over all connections.
    Open {
        /// Requests a second.
        per_second: f64,
    },
}

/// The time of one measurement: a warm-up that counts nothing, then the measured span.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Not counted.
    pub warm_up: Duration,
    /// Counted.
    pub measured: Duration,
}

/// Gives out due times until the window ends.
#[derive(Debug, Clone)]
pub struct Schedule {
    pace: Pace,
    start: Instant,
    window: Window,
    tickets: Arc<AtomicU64>,
}

impl Schedule {
    /// Starting now.
    #[must_use]
    pub fn start(pace: Pace, window: Window) -> Self {
        Self { pace, start: Instant::now(), window, tickets: Arc::new(AtomicU64::new(0)) }
    }

    /// The instant the next request is due; nothing once that lies past the end.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let due = match self.pace {
            Pace::Closed => Instant::now(),
            Pace::Open { per_second } => {
                let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
                self.start + Duration::from_secs_f64(ticket as f64 / per_second.max(0.001))
            }
        };
        (due < self.end()).then_some(due)
    }

    /// The instant from which a request's latency counts: when it was due; in a closed loop, when it is really sent.
    #[must_use]
    pub fn counted_from(&self, due: Instant) -> Instant {
        match self.pace {
            Pace::Closed => Instant::now(),
            Pace::Open { .. } => due,
        }
    }

    /// Whether something that ended at this instant is counted.
    #[must_use]
    pub fn counts(&self, ended: Instant) -> bool {
        ended >= self.start + self.window.warm_up && ended < self.end()
    }

    /// When the measured span ends.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.start + self.window.warm_up + self.window.measured
    }

    /// The measured span in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.window.measured.as_secs_f64()
    }
}

/// Waits until an instant; returns at once if it is past.
pub(super) async fn wait_until(due: Instant) {
    let now = Instant::now();
    if due > now {
        tokio::time::sleep(due - now).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_schedule_gives_the_rate_and_ends() {
        let window = Window { warm_up: Duration::from_secs(1), measured: Duration::from_secs(1) };
        let schedule = Schedule::start(Pace::Open { per_second: 10.0 }, window);
        let dues: Vec<Instant> = std::iter::from_fn(|| schedule.next_due()).collect();
        assert_eq!(dues.len(), 20);
        assert_eq!((dues[11] - dues[10]).as_millis(), 100);
        assert!(!schedule.counts(dues[9]) && schedule.counts(dues[10]));
    }
}
