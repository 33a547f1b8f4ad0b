//! Rehearsals with a real party: [`drive`] calls an ISV's or a POS's SPI address as the platform would, with faults among the
//! calls; [`play_pos`] and [`play_channel`] play a party against a running platform. Each ends with a [`PartyReport`].
//! Addresses are this machine's.

mod channel;
mod drive;
mod pos;
mod report;

pub use channel::{ChannelSpec, play_channel};
pub use drive::{DriveSpec, Driven, drive};
pub use pos::{PosSpec, play_pos};
pub use report::{MethodReport, PartyReport};

use std::time::Duration;

/// How long and how fast.
#[derive(Debug, Clone, Copy)]
pub struct Tempo {
    /// Trades a second.
    pub rate: f64,
    /// Seconds.
    pub seconds: u64,
}

/// Trades of one rehearsal at most.
const TRADES_MAX: u64 = 100_000;

impl Tempo {
    fn trades(self) -> u64 {
        // Both ends are bounded before the cast.
        (self.rate.clamp(0.0, TRADES_MAX as f64) * self.seconds.min(TRADES_MAX) as f64).clamp(1.0, TRADES_MAX as f64)
            as u64
    }

    fn gap(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate.clamp(0.01, TRADES_MAX as f64))
    }
}
