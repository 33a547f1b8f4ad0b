//! `cargo xtask bench`: figures are only taken from the optimised program.

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::program::{Profile, Program};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on to `astrolabe bench`, such as `-- --scenario hot-sku --seconds 10`
    #[arg(last = true)]
    args: Vec<String>,
}

pub(crate) fn run(options: &Options, checkout: &Checkout) -> Outcome {
    let program = Program::build(checkout, Profile::Release)?;
    program
        .run(["bench"])
        .args(&options.args)
        .stream("read the error above; `astrolabe bench --help` lists the scenarios")
}
