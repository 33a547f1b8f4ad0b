//! One order by hand in each role mode of white paper §3, and the ways it may go off the straight road. At every step: the
//! state, the stock, and what was called outward.

mod bodies;
mod guard;
mod modes;
mod pickups;
mod refunds;
mod reroutes;
