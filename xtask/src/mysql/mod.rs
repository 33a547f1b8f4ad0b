//! The MariaDB of the tests: the kind of database that apps have their orders pushed into. Our own server on our own data
//! directory, thrown away at will.
//!
//! The distribution's service is never used, started or stopped: only the package without one is installed. Called by
//! `test`, `ci` and `mysql up|down`.

mod programs;
mod server;

use std::fs::File;

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::home::{self, Kind};
use crate::say;

use self::programs::Programs;
use self::server::Server;

const KIND: Kind = Kind { folder: "mysql", user: "mysql" };

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
            let server = open(checkout)?;
            server.start()?;
            server.home().keep(true)?;
            say::note("running until `cargo xtask mysql down`; for tests by hand, set ASTROLABE_TEST_MYSQL_URL to:");
            say::answer(&server.url()?);
            Ok(())
        }
        Action::Down => {
            // Nothing was ever started here, so nothing needs installing to stop it.
            if !home::exists(checkout, KIND) {
                say::note("no MariaDB of this checkout");
                return Ok(());
            }
            let server = open(checkout)?;
            server.home().keep(false)?;
            server.stop()
        }
    }
}

/// A running MariaDB. Stopped when dropped, unless `mysql up` asked for it to stay.
///
/// An interrupted run leaves its server behind; the next one takes it over and stops it.
#[derive(Debug)]
pub(crate) struct Mysql {
    server: Server,
    url: String,
    _one_at_a_time: File,
}

impl Mysql {
    /// Installs, initialises and starts what is missing. Waits while another run in this checkout uses the server.
    pub(crate) fn start(checkout: &Checkout) -> Outcome<Self> {
        let lock = home::lock(checkout, KIND)?;
        let server = open(checkout)?;
        server.start()?;
        let url = server.url()?;
        Ok(Self { server, url, _one_at_a_time: lock })
    }

    /// `mysql://user:password@127.0.0.1:port/`, of a user who may do all: suites make databases and users of their own.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Mysql {
    fn drop(&mut self) {
        if self.server.home().is_kept() {
            return;
        }
        // The run's own outcome matters more than this; it is shown and not returned.
        if let Err(failure) = self.server.stop() {
            say::failure(&failure);
        }
    }
}

fn open(checkout: &Checkout) -> Outcome<Server> {
    let programs = Programs::find_or_install()?;
    let home = home::prepare(checkout, KIND)?;
    Server::open(programs, home)
}
