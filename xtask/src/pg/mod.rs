//! The PostgreSQL of the tests: our own server on our own data directory, durable as in production, thrown away at will.
//!
//! The distribution's service is never used, started or stopped. Called by `test`, `ci` and `pg up|down`.

mod binaries;
mod cluster;

use std::fs::File;

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::home::{self, Kind};
use crate::say;

use self::binaries::Binaries;
use self::cluster::Cluster;

const KIND: Kind = Kind { folder: "pg", user: "postgres" };

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Start it and leave it running; prints its address
    Up,
    /// Stop it
    Down,
}

pub(crate) fn run(options: &Options, checkout: &Checkout) -> Outcome {
    match options.action {
        Action::Up => {
            let cluster = open(checkout)?;
            cluster.start()?;
            cluster.home().keep(true)?;
            say::note("running until `cargo xtask pg down`; for tests by hand, set ASTROLABE_TEST_PG_URL to:");
            say::answer(&cluster.url()?);
            Ok(())
        }
        Action::Down => {
            // Nothing was ever started here, so nothing needs installing to stop it.
            if !home::exists(checkout, KIND) {
                say::note("no PostgreSQL of this checkout");
                return Ok(());
            }
            let cluster = open(checkout)?;
            cluster.home().keep(false)?;
            cluster.stop()
        }
    }
}

/// A running PostgreSQL. Stopped when dropped, unless `pg up` asked for it to stay.
///
/// An interrupted run leaves its server behind; the next one takes it over and stops it.
#[derive(Debug)]
pub(crate) struct Postgres {
    cluster: Cluster,
    url: String,
    _one_at_a_time: File,
}

impl Postgres {
    /// Installs, initialises and starts what is missing. Waits while another run in this checkout uses the server.
    pub(crate) fn start(checkout: &Checkout) -> Outcome<Self> {
        let lock = home::lock(checkout, KIND)?;
        let cluster = open(checkout)?;
        cluster.start()?;
        let url = cluster.url()?;
        Ok(Self { cluster, url, _one_at_a_time: lock })
    }

    /// `postgres://user:password@127.0.0.1:port/database`, a superuser's: suites make databases of their own.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.cluster.home().is_kept() {
            return;
        }
        // The run's own outcome matters more than this; it is shown and not returned.
        if let Err(failure) = self.cluster.stop() {
            say::failure(&failure);
        }
    }
}

fn open(checkout: &Checkout) -> Outcome<Cluster> {
    let binaries = Binaries::find_or_install()?;
    let home = home::prepare(checkout, KIND)?;
    Cluster::open(binaries, home)
}
