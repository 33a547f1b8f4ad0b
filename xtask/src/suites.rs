//! The public collections of bad and odd input that tests send: installed below `tests/suites/`, and collected there into one file.
//!
//! The tests are Rust's, in the crates; nothing is run here. Called by `test` before those that read the file.

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::install;
use crate::run::Run;

pub(crate) fn install(checkout: &Checkout) -> Outcome {
    let folder = install::node_packages(checkout, "tests/suites", "the test suites")?;
    let collect = Run::new("node").arg("collect.mjs").dir(&folder).stdin_none();
    collect.stream("read the error above: a suite is not laid out as tests/suites/collect.mjs expects")
}
