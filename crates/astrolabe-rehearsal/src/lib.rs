//! The other parties of the platform, for rehearsal: a generated merchant, stand-ins for channel, allocating ISV, POS and
//! store keeper, a recorder of acknowledged answers, and a load generator.
//!
//! Everything here speaks to the platform over the wire only and knows nothing of its inside; every server it opens and every
//! address it calls is on this machine. Callers: the program's `demo`, `bench` and `rehearse`, and tests.

#![warn(missing_docs)]

pub mod bounded;
pub mod clock;
pub mod dice;
pub mod ids;
pub mod merchant;
pub mod seed;
pub mod wire;
