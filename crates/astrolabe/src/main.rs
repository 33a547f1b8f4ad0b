//! The program: one binary, one command a job. It wires the crates together and speaks to the person at the terminal.

mod apply;
mod bench;
mod cli;
mod config;
mod demo;
mod docs;
mod doctor;
mod explain;
mod rds;
mod rehearse;
mod serve;
mod spi;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Job};

fn main() -> ExitCode {
    let cli = Cli::parse();
    terminal::install_logging(cli.job.logs_by_default());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return terminal::fail(&format!("cannot start: {error}")),
    };
    match runtime.block_on(run(cli.job)) {
        Ok(code) => code,
        Err(message) => terminal::fail(&message),
    }
}

/// Runs one job. An error is a sentence for the person who asked.
async fn run(job: Job) -> Result<ExitCode, String> {
    match job {
        Job::Serve(args) => serve::run(args).await,
        Job::Apply(args) => apply::run(args).await,
        Job::Demo(args) => demo::run(args).await,
        Job::Doctor(args) => doctor::run(args).await,
        Job::Explain(args) => explain::run(args).await,
        Job::Spi(args) => spi::run(args).await,
        Job::Rds(args) => rds::run(args).await,
        Job::Bench(args) => bench::run(args).await,
        Job::Rehearse(args) => rehearse::run(args).await,
        Job::Config(args) => config::run(args),
        Job::Migrate(args) => serve::migrate(args).await,
        Job::Docs(args) => docs::run(args),
    }
}
