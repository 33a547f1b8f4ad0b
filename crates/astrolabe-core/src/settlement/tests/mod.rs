//! Settlement as tables and as properties. Trades are written as the database keeps them, so that a field that a later
//! version adds needs no change here.

mod book;
mod lives;
mod parties;
mod properties;
mod rules;
