//! The router: which location ships each line. A pure function of (snapshot, order, policy, now).
//!
//! [`input::Input`] is everything a plan may know; [`plan::plan`] chooses; [`check::check_plan`] judges a plan without
//! looking at how it was made. Gathering the input from the loaded world is `decide`'s work.

mod settings;

pub use settings::RouterSettings;
