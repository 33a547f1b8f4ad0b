//! `cargo xtask ci`: what a change must pass, cheapest first, with the time of each step at the end.

use std::fs;
use std::time::{Duration, Instant};

use crate::checkout::Checkout;
use crate::failure::{OrFail, Outcome};
use crate::program::{Profile, Program};
use crate::run::Run;
use crate::{codegen, say, sim, test, tidy};

type Step = (&'static str, fn(&Checkout) -> Outcome);

const STEPS: [Step; 7] = [
    ("tidy", tidy::run),
    ("format", format),
    ("clippy", clippy),
    ("pages", codegen::check),
    ("test", test::everything),
    ("sim", sim::seeds_of_ci),
    ("demo", demo),
];

pub(crate) fn run(checkout: &Checkout) -> Outcome {
    let mut took: Vec<(&str, Duration)> = Vec::new();
    for (name, step) in STEPS {
        let start = Instant::now();
        step(checkout)?;
        took.push((name, start.elapsed()));
    }
    say::step("All of ci passed");
    for (name, duration) in took {
        say::note(&format!("{name:8} {}", say::duration(duration)));
    }
    Ok(())
}

fn format(checkout: &Checkout) -> Outcome {
    say::step("Checking the format");
    Run::cargo(checkout.root()).args(["fmt", "--all", "--check"]).stream("run `cargo fmt --all`")
}

fn clippy(checkout: &Checkout) -> Outcome {
    say::step("Running clippy on every target");
    Run::cargo(checkout.root())
        .args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
        .stream("fix what it names; an exception is `#[expect(lint, reason = \"…\")]`")
}

/// A few hundred orders end to end, then the doctor on what they left.
fn demo(checkout: &Checkout) -> Outcome {
    let program = Program::build(checkout, Profile::Quick)?;
    let data_dir = checkout.target("ci-demo");
    if data_dir.exists() {
        fs::remove_dir_all(&data_dir).or_fail(data_dir.display(), "remove it by hand")?;
    }
    say::step("Running 300 orders through astrolabe demo");
    program
        .run(["demo", "--orders", "300", "--exit", "--data-dir"])
        .arg(&data_dir)
        .stdin_none()
        .stream("run `cargo xtask demo -- --orders 300 --exit` and read its closing summary")?;
    program.doctor(&data_dir)
}
