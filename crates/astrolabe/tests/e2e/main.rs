//! End to end: the real program as a child process, real HTTP, real databases, receivers on this machine. Each test has its
//! own database and server, so they run side by side. What can be told without a process is tested in the crates below.

mod budget;
mod capacity;
mod commands;
mod contention;
mod database;
mod ear;
mod graceful;
mod kills;
mod lifecycle;
mod paper;
mod paths;
mod queue;
mod rehearse;
mod repeats;
mod seen;
mod server;
mod shop;
mod socket;
mod spi;
mod tenants;
mod wait;
