//! The simulation's own command line; `cargo xtask sim` builds and calls it.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use astrolabe_sim::planted::{PLANTED, Plot};
use astrolabe_sim::run::{self, Failure, Tally};
use astrolabe_sim::scenario::Scenario;
use astrolabe_sim::shrink;
use astrolabe_sim::step::{Step, steps_of};
use clap::Parser;

/// Steps of a run unless asked otherwise.
const STEPS: usize = 150;
/// Failing seeds after which one thread stops looking for more.
const FAILURES_MAX: usize = 20;

#[derive(Debug, Parser)]
#[command(name = "astrolabe-sim", about = "Seeded simulation of orders and stock against a reference model.")]
struct Cli {
    /// Seeds to run, the last one not included
    #[arg(long, value_parser = range, default_value = "0..500")]
    seeds: Range<u64>,
    /// One seed alone, with everything that is said
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Of that seed the steps at these places alone, as a failure printed them
    #[arg(long, requires = "seed", value_delimiter = ',')]
    keep: Vec<usize>,
    /// Go on with further seeds until this time is over
    #[arg(long)]
    seconds: Option<u64>,
    /// Steps of each run
    #[arg(long, default_value_t = STEPS)]
    steps: usize,
    /// Do not shorten what fails
    #[arg(long)]
    no_shrink: bool,
    /// Stop at the first failing seed and say it in three lines
    #[arg(long)]
    first: bool,
    /// Plant the known bugs one by one in a copy of the checkout, and find each
    #[arg(long)]
    planted: bool,
    /// Of those the ones with these names alone
    #[arg(long, requires = "planted", value_delimiter = ',')]
    only: Vec<String>,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("write it as 0..500")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
    Ok(number(from)?..number(to)?)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A panic is a failure like any other: it is caught, shortened and printed.
    std::panic::set_hook(Box::new(|_| {}));
    if cli.planted {
        return hunt_all(&cli);
    }
    match cli.seed {
        Some(seed) => tell_one(&cli, seed),
        None => run_many(&cli),
    }
}

fn say(line: &str) {
    // A closed pipe is the reader's choice.
    let _gone = writeln!(std::io::stdout(), "{line}");
}

fn tell_one(cli: &Cli, seed: u64) -> ExitCode {
    let all = steps_of(seed, cli.steps);
    let places: Vec<usize> = if cli.keep.is_empty() { (0..all.len()).collect() } else { cli.keep.clone() };
    let steps: Vec<Step> = places.iter().filter_map(|at| all.get(*at)).copied().collect();
    let (verdict, story) = run::tell(&Scenario::of(seed), &steps);
    story.iter().for_each(|line| say(line));
    match verdict {
        Ok(tally) => {
            say(&format!("seed {seed} holds: {tally:?}"));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say(&format!("seed {seed}, step {}: {} {}", failure.at, failure.id, failure.what));
            ExitCode::FAILURE
        }
    }
}

fn run_many(cli: &Cli) -> ExitCode {
    let start = Instant::now();
    let workers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let deadline = cli.seconds.map(Duration::from_secs);
    let any_failed = AtomicBool::new(false);
    let goes_on = |seed: u64| match deadline {
        _ if cli.first && any_failed.load(Ordering::Relaxed) => false,
        Some(limit) => start.elapsed() < limit,
        None => seed < cli.seeds.end,
    };
    let found = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                let (goes_on, any_failed) = (&goes_on, &any_failed);
                scope.spawn(move || {
                    let (mut sum, mut seeds, mut failed) = (Tally::default(), 0_u64, Vec::new());
                    let mut seed = cli.seeds.start + worker;
                    while goes_on(seed) {
                        match run::run(&Scenario::of(seed), &steps_of(seed, cli.steps)) {
                            Ok(tally) => add(&mut sum, tally),
                            Err(failure) => {
                                any_failed.store(true, Ordering::Relaxed);
                                failed.push((seed, failure));
                            }
                        }
                        seeds += 1;
                        if failed.len() >= FAILURES_MAX {
                            break;
                        }
                        seed += workers;
                    }
                    (sum, seeds, failed)
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
    });
    let mut sum = Tally::default();
    found.iter().for_each(|(tally, _, _)| add(&mut sum, *tally));
    let seeds: u64 = found.iter().map(|(_, seeds, _)| seeds).sum();
    let took = start.elapsed().as_secs_f64();
    let Tally { steps, commands, refused, crashes, facts } = sum;
    say(&format!(
        "{seeds} seeds: {steps} steps, {commands} commands ({refused} refused), {facts} facts, {crashes} crashes \
         in {took:.1} s: {:.0} steps/s",
        steps as f64 / took.max(0.001)
    ));
    let mut failed: Vec<(u64, Failure)> = found.into_iter().flat_map(|(_, _, failed)| failed).collect();
    failed.sort_by_key(|(seed, _)| *seed);
    let Some((seed, failure)) = failed.first() else { return ExitCode::SUCCESS };
    report(cli, *seed, failure);
    for (seed, failure) in failed.iter().skip(1) {
        say(&format!("seed {seed} fails too, at step {}: {} {}", failure.at, failure.id, failure.what));
    }
    ExitCode::FAILURE
}

fn add(sum: &mut Tally, other: Tally) {
    sum.steps += other.steps;
    sum.commands += other.commands;
    sum.refused += other.refused;
    sum.crashes += other.crashes;
    sum.facts += other.facts;
}

/// The seed, the sentence, and the fewest steps that break it.
fn report(cli: &Cli, seed: u64, failure: &Failure) {
    let (scenario, all) = (Scenario::of(seed), steps_of(seed, cli.steps));
    say(&format!("seed {seed} fails at step {} of {}", failure.at, all.len()));
    say(&format!("  {}: {}", failure.id, failure.what));
    if cli.no_shrink || cli.first {
        return;
    }
    let (kept, shortest) = shrink::shortest(&scenario, &all, failure);
    say(&format!("shortened to {} steps: {}", kept.len(), shortest.what));
    let steps: Vec<Step> = kept.iter().map(|at| all[*at]).collect();
    kept.iter().zip(&steps).for_each(|(at, step)| say(&format!("  {at:>4} {step}")));
    let (_, story) = run::tell(&scenario, &steps);
    story.iter().for_each(|line| say(line));
    let places: Vec<String> = kept.iter().map(usize::to_string).collect();
    let keep = if places.is_empty() { String::new() } else { format!(" --keep {}", places.join(",")) };
    say(&format!("again: cargo xtask sim --seed {seed} --steps {}{keep}", cli.steps));
}

/// Seeds in which a planted bug must be found.
const HUNT_SEEDS: u64 = 2_000;

/// Every planted bug must be found; says which seed and sentence found it.
fn hunt_all(cli: &Cli) -> ExitCode {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = own.ancestors().nth(2).unwrap_or(own);
    let plot = match Plot::lay_out(checkout, &checkout.join("target/planted")) {
        Ok(plot) => plot,
        Err(error) => {
            say(&error);
            return ExitCode::FAILURE;
        }
    };
    let mut missed = 0;
    for planted in
        PLANTED.iter().filter(|planted| cli.only.is_empty() || cli.only.iter().any(|name| name == planted.name))
    {
        match plot.hunt(planted, HUNT_SEEDS) {
            Ok(hunt) => {
                missed += usize::from(!hunt.found);
                let verdict = if hunt.found { "found" } else { "NOT FOUND" };
                say(&format!("{verdict} in {:.1} s: {}: {}", hunt.took.as_secs_f64(), planted.name, planted.what));
                say(&format!("    {}", hunt.words));
            }
            Err(error) => {
                missed += 1;
                say(&format!("{}: {error}", planted.name));
            }
        }
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
