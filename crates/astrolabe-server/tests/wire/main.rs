//! The doors end to end: a real server on a real port with a real (embedded) database, and callers that know only the wire.

mod channel;
mod dead_isv;
mod doors;
mod exceptions;
mod golden;
mod isv;
mod lists;
mod merchant;
mod naughty;
mod orders;
mod pickups;
mod push_users;
mod rds;
mod replays;
mod reports;
mod settings;
mod settlement;
mod sources;
mod spi;
mod stock;
mod webhooks;
// Its statements stand with the store's.
#[path = "../../../astrolabe-store/tests/support/written_source.rs"]
mod written_source;
