//! `cargo xtask sim`: builds the simulation and runs seeds, or plants bugs for it to find.

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::run::Run;
use crate::say;

const REMEDY: &str = "run the line that begins with `again:`; it plays the fewest steps that fail";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Go on with further seeds for so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Seeds to run, the last one not included, such as 0..500
    #[arg(long)]
    seeds: Option<String>,
    /// One seed alone, with everything that is said
    #[arg(long)]
    seed: Option<u64>,
    /// Of that seed the steps at these places alone
    #[arg(long, requires = "seed")]
    keep: Option<String>,
    /// Steps of each run
    #[arg(long)]
    steps: Option<usize>,
    /// Plant the known bugs one by one in a copy, and find each
    #[arg(long)]
    planted: bool,
    /// Of those the ones with these names alone
    #[arg(long, requires = "planted")]
    only: Option<String>,
}

pub(crate) fn run(options: &Options, checkout: &Checkout) -> Outcome {
    let mut args: Vec<String> = Vec::new();
    let given = [
        ("--seconds", options.seconds.map(|seconds| seconds.to_string())),
        ("--seeds", options.seeds.clone()),
        ("--seed", options.seed.map(|seed| seed.to_string())),
        ("--keep", options.keep.clone()),
        ("--steps", options.steps.map(|steps| steps.to_string())),
        ("--only", options.only.clone()),
    ];
    for (name, value) in given {
        args.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    }
    args.extend(options.planted.then(|| "--planted".to_owned()));
    simulate(checkout, &args)
}

/// The seeds of every change.
pub(crate) fn seeds_of_ci(checkout: &Checkout) -> Outcome {
    simulate(checkout, &["--seeds".to_owned(), "0..500".to_owned()])
}

fn simulate(checkout: &Checkout, args: &[String]) -> Outcome {
    say::step("Simulating orders from seeds");
    let cargo = Run::cargo(checkout.root()).args(["run", "--quiet", "--package", "astrolabe-sim", "--"]);
    cargo.args(args).stdin_none().stream(REMEDY)
}
