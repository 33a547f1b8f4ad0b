//! The other parties of the platform, for rehearsal: a generated merchant, stand-ins for channel, allocating ISV, POS and
//! store keeper, rehearsals that drive a real party and judge it, a recorder of acknowledged answers, and a load generator.
//!
//! Everything here speaks to the platform over the wire only and knows nothing of its inside, and calls no address but those it
//! is given. Callers: the program's `demo`, `bench` and `rehearse`, and tests.

#![warn(missing_docs)]

pub mod bounded;
pub mod clock;
pub mod dice;
pub mod fault;
pub mod ids;
pub mod listener;
pub mod load;
pub mod merchant;
pub mod parties;
pub mod recorder;
pub mod rehearse;
pub mod seed;
pub mod standins;
pub mod tally;
pub mod temper;
pub mod trade_view;
pub mod troupe;
pub mod verify;
pub mod wire;
