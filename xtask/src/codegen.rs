//! `cargo xtask codegen`: the pages that the program writes about itself. With `--check`, says which are stale.

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::program::{Profile, Program};
use crate::say;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Change nothing; fail when a page is stale
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(options: &Options, checkout: &Checkout) -> Outcome {
    generate(checkout, options.check)
}

/// The step of `ci`: stale pages fail.
pub(crate) fn check(checkout: &Checkout) -> Outcome {
    generate(checkout, true)
}

fn generate(checkout: &Checkout, check: bool) -> Outcome {
    let program = Program::build(checkout, Profile::Quick)?;
    say::step(if check { "Checking the generated pages" } else { "Writing the generated pages" });
    let run = program.run(["docs", "--root"]).arg(checkout.root());
    let run = if check { run.arg("--check") } else { run };
    run.stream("run `cargo xtask codegen` and commit what it wrote")
}
