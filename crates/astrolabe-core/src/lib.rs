//! The business of omnichannel order routing, and nothing else: what stock is true, which state an order is in,
//! which location serves a line.
//!
//! Everything here is a pure function of its arguments. There is no IO, no clock (callers pass `now`), no randomness
//! (callers pass an [`ids::IdMint`]), no async, no SQL and no word of any wire protocol. The one entrance for changes is
//! [`decide::decide`], which judges a [`command::Command`] on a loaded [`world::World`]; the one exit is
//! [`world::Changes`], which a store writes in a single transaction.

#![warn(clippy::iter_over_hash_type)]

pub mod command;
pub mod deadlines;
pub mod decide;
pub mod exception;
pub mod geo;
pub mod goods;
pub mod ids;
pub mod kpi;
pub mod money;
pub mod order;
pub mod outward;
pub mod place;
pub mod refusal;
pub mod routing;
pub mod seller;
pub mod service_settings;
pub mod settlement;
pub mod stock;
pub mod subscription;
pub mod time;
pub mod world;
