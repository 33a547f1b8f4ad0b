//! The doors end to end: a real server on a real port with a real (embedded) database, and callers that know only the wire.

mod channel;
mod doors;
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
mod settings;
mod spi;
mod stock;
