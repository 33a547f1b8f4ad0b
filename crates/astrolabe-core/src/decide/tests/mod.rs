//! Lives of orders, command by command, through `decide` alone.

mod clocks;
mod kit;
mod lives;
mod refunds;
mod routes;
mod stock_random;
mod walks;
mod adjusts;
mod reports;
mod works;
mod masters;
