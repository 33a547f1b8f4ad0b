//! How the stand-ins behave: every delay, rate and probability in one place.

use std::time::Duration;

use crate::dice::Dice;

/// A span of milliseconds from which a delay is drawn, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// Shortest.
    pub least_ms: i64,
    /// Longest.
    pub most_ms: i64,
}

impl Delay {
    /// From, to.
    #[must_use]
    pub const fn ms(least_ms: i64, most_ms: i64) -> Self {
        Self { least_ms, most_ms }
    }

    /// Draws one.
    pub fn draw(self, dice: &mut Dice) -> Duration {
        Duration::from_millis(u64::try_from(dice.between(self.least_ms, self.most_ms)).unwrap_or_default())
    }
}

/// Tempers of all stand-ins of one merchant. Probabilities are 0 to 1.
#[derive(Debug, Clone)]
pub struct Temper {
    /// Chance follows from it.
    pub seed: u64,
    /// Trades a second from the channel.
    pub trades_per_second: f64,
    /// Trades of which a buyer asks one line's money back before shipping.
    pub refunds: f64,
    /// When buyers ask, after paying.
    pub refund_after: Delay,
    /// Refund askers who think better of it.
    pub refund_withdrawn: f64,
    /// How long a buyer waits for an order that nobody can serve before giving up.
    pub patience: Duration,
    /// How long a store takes to answer an offer.
    pub answer_after: Delay,
    /// Offers that a store refuses for want of goods.
    pub refuse: f64,
    /// Offers that a store leaves unanswered.
    pub silent: f64,
    /// How long a store takes to ship after accepting.
    pub ship_after: Delay,
    /// Refund questions that a store answers with "back on the shelf".
    pub back_on_shelf: f64,
    /// How long an ISV thinks before allocating.
    pub think: Delay,
    /// Calls to allocate that an ISV never answers.
    pub allocator_silent: f64,
    /// Calls to allocate that an ISV answers only when asked again (`allocatedinfo.get`).
    pub allocator_only_when_asked: f64,
    /// Whether an ISV allocates anew when it is asked twice about the same.
    pub allocator_forgetful: bool,
    /// Allocations before which an ISV moves the stock itself (`itemadjust`).
    pub itemadjust: f64,
    /// Sales over the counter a second, over all stores.
    pub offline_sales_per_second: f64,
    /// How often shipped and sold units are reported as TAOBAO_INCLUDED bills.
    pub report_every: Duration,
    /// How often a store keeper's phone asks for new offers.
    pub keeper_polls_every: Duration,
}

impl Default for Temper {
    /// Ordinary days at the pace of a demonstration: seconds where a merchant takes hours.
    fn default() -> Self {
        Self {
            seed: 1,
            trades_per_second: 5.0,
            refunds: 0.04,
            refund_after: Delay::ms(200, 2_500),
            refund_withdrawn: 0.2,
            patience: Duration::from_secs(8),
            answer_after: Delay::ms(100, 1_200),
            refuse: 0.05,
            silent: 0.02,
            ship_after: Delay::ms(200, 1_500),
            back_on_shelf: 0.75,
            think: Delay::ms(20, 300),
            allocator_silent: 0.02,
            allocator_only_when_asked: 0.03,
            allocator_forgetful: false,
            itemadjust: 0.2,
            offline_sales_per_second: 2.0,
            report_every: Duration::from_secs(5),
            keeper_polls_every: Duration::from_millis(400),
        }
    }
}
