//! The other parties of one merchant, each on its own: they meet nowhere but on the wire, except that the till knows what the
//! counters of the stores hand out.

pub mod channel;
mod fetched;
pub mod isv;
pub mod keeper;
pub mod pos;
pub mod till;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::dice::Dice;
use crate::ids::SellerId;
use crate::recorder::{Fact, Recorder};
use crate::tally::Tally;
use crate::temper::Temper;

/// What every stand-in of one merchant is given.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The merchant.
    pub seller: SellerId,
    /// How they behave.
    pub temper: Arc<Temper>,
    /// What they count.
    pub tally: Arc<Tally>,
    /// Where acknowledged answers go.
    pub recorder: Arc<Recorder>,
    /// Turns true when they shall begin nothing new and end.
    pub curtain: watch::Receiver<bool>,
}

impl Stage {
    /// Writes an acknowledged fact down.
    pub fn record(&self, fact: Fact) {
        self.recorder.record(self.seller, fact);
    }

    /// Chance of one stand-in's own.
    #[must_use]
    pub fn dice(&self, who: &str) -> Mutex<Dice> {
        Mutex::new(Dice::new(self.temper.seed, &format!("{who}-{}", self.seller)))
    }

    /// Whether the play is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        *self.curtain.borrow()
    }

    /// Waits, but not past the end. Answers whether the play goes on.
    pub async fn pause(&self, span: std::time::Duration) -> bool {
        let mut curtain = self.curtain.clone();
        tokio::select! {
            () = tokio::time::sleep(span) => !self.is_over(),
            _ = curtain.wait_for(|over| *over) => false,
        }
    }
}
