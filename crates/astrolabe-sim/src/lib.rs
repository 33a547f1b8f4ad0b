//! Seeded simulation: the core's real decisions, driven by everybody who has a say in an order, judged by a reference
//! model that is far simpler than the core.
//!
//! It is a tool of the workshop: no crate that ships depends on it. It speaks to the core's public interface alone and, in
//! some seeds, to the real SQLite store; it knows neither wire formats nor HTTP. One seed is one run, the same on every
//! machine. `cargo xtask sim` runs it; `docs/simulation.md` says what it covers and which planted bugs it finds.

mod actors;
mod chance;
#[cfg(feature = "disk")]
mod disk;
mod keep;
mod lane;
mod letters;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule speaks of the commands, facts and states that it is about: a new one is not its to decide"
)]
mod model;
pub mod planted;
pub mod run;
pub mod scenario;
mod session;
pub mod shrink;
pub mod step;
mod town;
