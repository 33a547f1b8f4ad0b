//! The router: which location ships each line. A pure function of (snapshot, order, policy, now).
//!
//! [`Input`] is everything a plan may know; [`plan()`] chooses; [`check_plan`] judges a plan without looking at how it
//! was made. `decide` calls the router like this:
//!
//! ```text
//! let input = routing::gather(
//!     &Snapshot {
//!         places: &world.places,
//!         stock: &world.stock,
//!         day_loads: &world.day_loads,
//!         is_offer: true,
//!         channel: trade.channel,
//!         settings: world.seller.settings.router,
//!         split_quantity: world.seller.settings.split_quantity,
//!         destination: trade.destination.point,
//!         reservations: &file.reservations, // all of the trade's; those of a line's unassigned units count for it
//!         version: world.version,
//!         now,
//!     },
//!     &[Ask { oid, units, item: world.items.get(&line.item), components: &line.components,
//!             excluded: &line.excluded, left_out: &[] }],
//! );
//! let decision = Decision::on(input);              // the stored form, with serde; `.report()` explains it
//! for line in &decision.plan.lines {
//!     // line.outcome == Allocated: line.parts are (location, units of the listing), each to be moved and assigned;
//!     // otherwise line.outcome.name() is the reason to keep with Unfillable.
//! }
//! ```
//!
//! [`explain`] gives a reason for every location of the seller. The router neither holds stock nor knows of time passing.

mod check;
mod cost;
mod cover;
mod cut;
mod eligibility;
mod explain;
mod gather;
mod input;
mod look;
mod nearest;
mod plan;
mod problem;
mod report;
mod rows;
mod search;
mod settings;
mod shelf;
mod split;

pub use check::{PlanFault, check_plan};
pub use cost::{CostTerms, TermsFault, WEIGHT_MAX};
pub use eligibility::{Outcome, Reason};
pub use explain::{Explanation, Why, explain};
pub use gather::{Ask, Snapshot, gather, gather_all, next_opening};
pub use input::{Candidate, Cut, Input, Line, Supply};
pub use nearest::{Nearest, Site};
pub use plan::{Decision, LinePlan, Method, Part, Plan, choose, plan};
pub use report::{Considered, Report, SecondBest, Verdict};
pub use rows::RowFault;
pub use settings::RouterSettings;
