//! Lives of orders, command by command, through `decide` alone.

mod adjusts;
mod calls;
mod clocks;
mod kit;
mod lives;
mod masters;
mod pickups;
mod pushes;
mod refunds;
mod reports;
mod routes;
mod service_settings;
mod stock_random;
mod walks;
mod works;
