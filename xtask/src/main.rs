//! Developer commands: everything a person or CI runs on a checkout, with its own set-up.
//!
//! It is not part of the product: nothing here ships, and no crate of ours may depend on it. Called as
//! `cargo xtask COMMAND` (the alias is in `.cargo/config.toml`). Each command has a file of its own; this one only
//! reads the command line.

mod apt;
mod bench;
mod checkout;
mod ci;
mod codegen;
mod demo;
mod failure;
mod home;
mod install;
mod mysql;
mod pg;
mod program;
mod run;
mod say;
mod sdk;
mod suites;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::checkout::Checkout;
use crate::failure::Outcome;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Developer commands of Astrolabe. Each does its own set-up.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the program and run `astrolabe demo`: a merchant, his stores and his orders on this machine
    Demo(demo::Options),
    /// Run the tests, or one part of them, on both databases and with the public SDKs
    Test(test::Options),
    /// Everything a change must pass: tidy, fmt, clippy, generated pages, test, a short demo
    Ci,
    /// Check what the compiler does not: crate arrows, licences, banned words and crates, file sizes
    Tidy,
    /// Start or stop the PostgreSQL that the tests use
    Pg(pg::Options),
    /// Start or stop the MariaDB that the tests push orders into
    Mysql(mysql::Options),
    /// Write the generated pages, or check that they are fresh
    Codegen(codegen::Options),
    /// Build the optimised program and run `astrolabe bench`
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command, &Checkout::find()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::failure(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, checkout: &Checkout) -> Outcome {
    match command {
        Command::Demo(options) => demo::run(&options, checkout),
        Command::Test(options) => test::run(&options, checkout),
        Command::Ci => ci::run(checkout),
        Command::Tidy => tidy::run(checkout),
        Command::Pg(options) => pg::run(&options, checkout),
        Command::Mysql(options) => mysql::run(&options, checkout),
        Command::Codegen(options) => codegen::run(&options, checkout),
        Command::Bench(options) => bench::run(&options, checkout),
    }
}
