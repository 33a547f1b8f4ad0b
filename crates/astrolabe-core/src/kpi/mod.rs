//! The figures of white paper chapter 5: what each of them means, and how they come from a trade's timeline.
//!
//! [`TradeHistory`] reads one trade's facts in the order they were written and says, fact by fact, what can be counted
//! now; [`Figures`] adds that up by day and month. What was counted is never taken back: a sample is complete with the
//! last fact it needs, whichever that is, and goes to the day on which it happened. So the same facts give the same
//! figures in however many steps they are read.
//!
//! Nothing here asks a database or knows the time. The worker that reads timelines and the reports call it.

mod figures;
mod history;
mod measure;
mod metric;
mod period;
#[cfg(test)]
mod recount_tests;

pub use figures::{Cut, FigureKey, Figures, Region};
pub use history::{Sample, TradeHistory};
pub use measure::{Measure, Spread};
pub use metric::Metric;
pub use period::{Grain, Span, civil_of_day, day_of_civil, month_start, spans};
