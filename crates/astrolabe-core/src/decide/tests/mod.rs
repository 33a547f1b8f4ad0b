//! Lives of orders, command by command, through `decide` alone.

mod adjusts;
mod allocations;
mod calls;
mod clocks;
mod door_to_door;
mod every_command;
mod exceptions;
mod kit;
mod lives;
mod masters;
mod modes;
mod partial;
mod pickups;
mod pushes;
mod races;
mod refunds;
mod regressions;
mod reports;
mod routes;
mod service_settings;
mod stages;
mod stock_random;
mod unreported;
mod updates;
mod walks;
mod works;
