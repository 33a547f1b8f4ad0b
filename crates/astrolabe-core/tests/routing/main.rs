//! The router from outside: its plans against every possible plan, its gathering against looking everywhere, its
//! stored form, its explanations.

mod divided;
mod exact;
mod gathered;
mod inputs;
mod outcomes;
mod stored;
mod town;
