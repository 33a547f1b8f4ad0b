//! Waiting for a condition with a deadline, never for a time.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything may take that should happen by itself: long enough for two slow cores and a neighbour's test.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Looks until `probe` finds something. What it saw instead goes into the message of the failure.
pub(crate) async fn until<T, F, Seen>(what: &str, mut probe: F) -> T
where
    F: FnMut() -> Seen,
    Seen: Future<Output = Result<T, String>>,
{
    let end = Instant::now() + DEADLINE;
    loop {
        match probe().await {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < end, "{what}: not within {DEADLINE:?}; last seen: {seen}"),
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What there is, if it is what is wanted; else what there is, for the message.
pub(crate) fn wanted<T: PartialEq + std::fmt::Debug>(seen: T, wanted: &T) -> Result<T, String> {
    if seen == *wanted { Ok(seen) } else { Err(format!("{seen:?}")) }
}
