//! What readers get: whole things in the words of the business, never rows.

use astrolabe_core::exception::Exception;
use astrolabe_core::ids::{AllocationCode, LocationId, SellerId, Tid};
use astrolabe_core::order::assignment::Assignment;
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::TimelineFact;
use astrolabe_core::outward::{Outward, OutwardState};

/// A trade with everything known of it.
#[derive(Clone, Debug)]
pub struct TradeView {
    pub file: TradeFile,
    /// The trade object as the channel published it.
    pub published: String,
    pub timeline: Vec<TimelineFact>,
    pub outward: Vec<OutwardView>,
    /// Everything that people had to settle about it, oldest first.
    pub exceptions: Vec<Exception>,
}

/// A call outward and how it stands.
#[derive(Clone, Debug)]
pub struct OutwardView {
    pub outward: Outward,
    pub state: OutwardState,
}

/// A call outward whose next attempt is due.
#[derive(Clone, Debug)]
pub struct DueOutward {
    pub seller: SellerId,
    pub outward: Outward,
    /// Attempts made so far.
    pub attempts: u32,
}

/// An assignment as a store's list shows it.
#[derive(Clone, Debug)]
pub struct AssignmentView {
    pub assignment: Assignment,
    /// The trade object as published, for the packing slip.
    pub published: String,
}

/// How many are in one state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateCount {
    pub state: String,
    pub count: i64,
}

/// Counts for summaries. Grows with what is kept; not for the request path.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    pub trades: i64,
    pub sub_orders: i64,
    /// Sub-orders by shown state: the least advanced of their live assignments and unassigned units.
    pub sub_orders_by_state: Vec<StateCount>,
    /// Assignments by state.
    pub assignments_by_state: Vec<StateCount>,
    /// Timeline facts by kind.
    pub facts: Vec<StateCount>,
    /// Calls outward by state (pending, delivered, dead).
    pub outward: Vec<StateCount>,
    /// Exceptions that are not closed, by kind.
    pub exceptions: Vec<StateCount>,
    /// Sum and maximum of paid → allocated, in milliseconds, and how many.
    pub allocation_ms_sum: i64,
    pub allocation_ms_max: i64,
    pub allocations: i64,
    /// Sub-orders with more than one location in their trade.
    pub split_trades: i64,
    /// The busiest locations: (location, live and done assignments).
    pub busiest: Vec<(LocationId, i64)>,
    /// An example to look at with `explain`.
    pub newest_rerouted: Option<(Tid, AllocationCode)>,
}
