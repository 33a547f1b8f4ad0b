//! Inventory: what is true about stock, and the only places that may change it.
//!
//! A [`cell::StockCell`] is a balance; every change of one is an [`entry::StockEntry`], and nothing else changes it.
//! [`book::Stock`] holds the loaded cells of one seller and posts entries; the other files are the verbs on top of it.

pub mod article;
pub mod book;
pub mod cell;
pub mod commits;
pub mod deduct;
pub mod entry;
pub mod held;
pub mod hold;
pub mod holds;
pub mod invariants;
pub mod moves;
pub(crate) mod report;
pub mod snapshot;
