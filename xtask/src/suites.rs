//! The public collections of bad and odd input that tests send: installed below `tests/suites/`, and collected there into one file.
//!
//! The tests are Rust's, in the crates; nothing is run here. Called by `test` before those that read the file.

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::run::Run;
use crate::{say, sdk};

const REGISTRY: &str = "check that this machine reaches the package registry, then run the command again";

pub(crate) fn install(checkout: &Checkout) -> Outcome {
    let folder = checkout.path("tests/suites");
    let wanted = folder.join("package-lock.json");
    sdk::install_once(&wanted, &folder.join("node_modules/.installed"), || {
        say::step("Installing the test suites");
        // Their data is wanted, and none of their install scripts: one of those fetches from elsewhere.
        let npm = Run::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.dir(&folder).stdin_none().stream(REGISTRY)
    })?;
    let collect = Run::new("node").arg("collect.mjs").dir(&folder).stdin_none();
    collect.stream("read the error above: a suite is not laid out as tests/suites/collect.mjs expects")
}
