//! The doors end to end: a real server on a real port with a real (embedded) database, and callers that know only the wire.

mod channel;
mod doors;
mod golden;
mod merchant;
mod orders;
mod stock;
