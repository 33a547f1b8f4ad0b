//! `cargo xtask demo`: from a fresh checkout to running orders with one command.

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::program::{Profile, Program};
use crate::say;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Build what a merchant runs instead of what is ready soonest: compiles several times as long, runs faster
    #[arg(long)]
    release: bool,
    /// Passed on to `astrolabe demo`, such as `-- --orders 5000 --exit`
    #[arg(last = true)]
    args: Vec<String>,
}

/// Builds quickly by default: a newcomer waits for the compiler, not for the orders, and the tests reuse what it made.
pub(crate) fn run(options: &Options, checkout: &Checkout) -> Outcome {
    let profile = if options.release { Profile::Release } else { Profile::Quick };
    let program = Program::build(checkout, profile)?;
    say::step("Running astrolabe demo");
    program
        .run(["demo"])
        .args(&options.args)
        .stream("read the closing summary above; `astrolabe doctor` names what does not add up")
}
