//! One data directory: initialise, start, stop, address. The server listens on 127.0.0.1 only, on a free port, with a
//! password made at initialisation; it has no socket in a shared directory.

use std::fs;

use crate::failure::{OrFail, Outcome};
use crate::home::{Home, free_port, random_password};
use crate::run::Run;
use crate::say;

use super::binaries::Binaries;

const USER: &str = "astrolabe";

/// Exists in every cluster; a suite that wants a database to itself makes one.
const DATABASE: &str = "postgres";

/// As durable as production, since that is what the tests are about; roomy enough for a suite that runs in parallel.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=256MB",
    "fsync=on",
    "synchronous_commit=on",
];

/// Another process may take the free port between our look and the server's start.
const START_ATTEMPTS_MAX: u32 = 3;

const REMEDY: &str = "remove the directory named above (it holds test data only) and run the command again";

#[derive(Debug)]
pub(crate) struct Cluster {
    binaries: Binaries,
    home: Home,
}

impl Cluster {
    /// Opens the data directory, making it anew if there is none, if its making was interrupted, or if another major
    /// version made it.
    pub(crate) fn open(binaries: Binaries, home: Home) -> Outcome<Self> {
        let cluster = Self { binaries, home };
        if !cluster.is_initialised()? {
            cluster.initialise()?;
        }
        Ok(cluster)
    }

    pub(crate) fn start(&self) -> Outcome {
        if self.is_running() {
            say::note("PostgreSQL is already running");
            return Ok(());
        }
        say::step(&format!("Starting PostgreSQL in {}", self.home.dir().display()));
        for attempt in 1..=START_ATTEMPTS_MAX {
            let port = free_port()?;
            self.home.write_private("port", &port.to_string())?;
            let started = self.pg_ctl("start").args(["-w", "-t", "60", "-l"]).arg(self.home.path("log"));
            match started.arg("-o").arg(options(port)).read(REMEDY) {
                Ok(_) => return Ok(()),
                Err(_) if attempt < START_ATTEMPTS_MAX => say::note("that port was taken; trying another"),
                Err(failure) => {
                    say::note(&format!("the server's log: {}", self.home.path("log").display()));
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn stop(&self) -> Outcome {
        if !self.is_running() {
            return Ok(());
        }
        say::step("Stopping PostgreSQL");
        self.pg_ctl("stop").args(["-w", "-m", "fast"]).read(REMEDY).map(drop)
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn url(&self) -> Outcome<String> {
        let port = self.home.written("port")?;
        let password = self.home.written("password")?;
        Ok(format!("postgres://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"))
    }

    fn is_initialised(&self) -> Outcome<bool> {
        let made_by = fs::read_to_string(self.home.path("data/PG_VERSION")).unwrap_or_default();
        Ok(self.home.path("initialised").exists() && made_by.trim() == self.binaries.major()?)
    }

    fn initialise(&self) -> Outcome {
        say::step("Initialising a PostgreSQL data directory");
        let data = self.home.path("data");
        if data.exists() {
            fs::remove_dir_all(&data).or_fail(data.display(), REMEDY)?;
        }
        self.home.write_private("password", &random_password()?)?;
        self.home
            .run(self.binaries.program("initdb"))
            .arg("--pgdata")
            .arg(&data)
            .arg("--pwfile")
            .arg(self.home.path("password"))
            .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"])
            // Losing a half-made empty cluster costs nothing; the running server does sync.
            .arg("--no-sync")
            .read(REMEDY)?;
        self.home.write_private("initialised", "")
    }

    fn is_running(&self) -> bool {
        self.pg_ctl("status").succeeds()
    }

    fn pg_ctl(&self, action: &str) -> Run {
        self.home.run(self.binaries.program("pg_ctl")).arg(action).arg("-D").arg(self.home.path("data"))
    }
}

fn options(port: u16) -> String {
    let mut words = vec![format!("-c port={port}")];
    words.extend(SETTINGS.iter().map(|setting| format!("-c {setting}")));
    words.join(" ")
}
