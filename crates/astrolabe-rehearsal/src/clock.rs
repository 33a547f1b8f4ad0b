//! The stand-ins' clock: the machine's. Merchants' systems have no better one.

use std::time::{SystemTime, UNIX_EPOCH};

use astrolabe_protocol::EpochMs;

/// Now, in milliseconds UTC; 0 if the machine's clock stands before 1970.
#[must_use]
pub fn now() -> EpochMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EpochMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
