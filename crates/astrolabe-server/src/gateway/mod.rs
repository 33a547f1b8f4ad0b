//! The router doors: signed calls of connectors in, one command or one look each, the published answer out.
//!
//! It translates and admits; it decides nothing about orders or stock and keeps no state but a cache of facts that never
//! change. The wire itself (signatures, shapes, the method catalogue) is `astrolabe-protocol`'s. The way of a call:
//! `doors` reads and answers HTTP, `admission` says for which seller the caller acts and whether it may, `handlers` turns
//! the decoded fields into a command, `refusals` turns what the lane refused into the wire's codes.

mod admission;
mod body;
mod context;
mod doors;
mod handlers;
mod omnichannel;
mod refusals;

pub use doors::router;
pub use handlers::is_served;
pub use omnichannel::{merged_trade, omnichannel_param};
pub use refusals::{errors_markdown, refusal_code};
