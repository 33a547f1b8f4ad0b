//! Rehearsals with a real party. Driving: [`drive`] calls an ISV's or a POS's SPI address as the platform would; [`Life`] puts the
//! party into the whole life of orders, with a real platform between it and stand-ins for everybody else. Playing: [`play_isv`],
//! [`play_pos`] and [`play_channel`] are a party for a running platform. Each ends with a [`Report`].
//! Addresses are this machine's.

mod calls;
mod casebook;
mod channel;
mod doors;
mod drive;
mod exchange;
mod life;
mod load;
mod play;
mod probes;
mod relay;
mod replies;
mod report;
mod right_calls;
mod rules;
mod shape;
mod spi_call;
mod transcript;
mod unruly;

pub use channel::{ChannelSpec, play_channel};
pub use drive::{DriveSpec, Driven, drive};
pub use exchange::Exchange;
pub use life::{Life, LifeSpec};
pub use load::{LoadReport, StepReport};
pub use play::{PlaySpec, play_isv, play_pos};
pub use relay::Role;
pub use report::{
    FaultReport, Finding, HopReport, MethodReport, Report, TimelyReport, WriteError as ReportError, span,
};
pub use rules::{Rule, Severity};

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
