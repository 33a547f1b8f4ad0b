//! Orders: the trade stays whole, its sub-orders get assignments, and the assignment has the state machine.

pub mod assignment;
pub mod file;
pub mod machine;
pub mod refund;
pub mod table;
pub mod timeline;
pub mod told;
pub mod trade;
pub mod waiting;
