//! One data directory: initialise, start, stop, address. The server listens on 127.0.0.1 only, on a free port, with a
//! password made at initialisation; its socket lies in its own data directory.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::failure::{Failure, OrFail, Outcome};
use crate::home::{Home, free_port, random_password};
use crate::run::Run;
use crate::say;

use super::programs::Programs;

const USER: &str = "astrolabe";

/// Small, since the tables of a test hold a few rows; as durable as production.
const SETTINGS: [&str; 6] = [
    "--bind-address=127.0.0.1",
    "--socket=socket",
    "--max-connections=200",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=1",
    "--character-set-server=utf8mb4",
];

/// Another process may take the free port between our look and the server's start.
const START_ATTEMPTS_MAX: u32 = 3;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

const REMEDY: &str = "remove the directory named above (it holds test data only) and run the command again";

#[derive(Debug)]
pub(crate) struct Server {
    programs: Programs,
    home: Home,
}

impl Server {
    /// Opens the data directory, making it anew if there is none or if its making was interrupted.
    pub(crate) fn open(programs: Programs, home: Home) -> Outcome<Self> {
        let server = Self { programs, home };
        if !server.home.path("initialised").exists() {
            server.initialise()?;
        }
        Ok(server)
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn start(&self) -> Outcome {
        if self.pid().is_some() {
            say::note("MariaDB is already running");
            return Ok(());
        }
        say::step(&format!("Starting MariaDB in {}", self.home.dir().display()));
        for attempt in 1..=START_ATTEMPTS_MAX {
            match self.try_start() {
                Ok(()) => return Ok(()),
                Err(_) if attempt < START_ATTEMPTS_MAX => say::note("that port was taken; trying another"),
                Err(failure) => {
                    say::note(&format!("the server's log: {}", self.home.path("log.err").display()));
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn stop(&self) -> Outcome {
        let Some(pid) = self.pid() else { return Ok(()) };
        say::step("Stopping MariaDB");
        Run::new("kill").args(["-TERM", &pid]).read(REMEDY)?;
        until("MariaDB did not stop", || self.pid().is_none().then_some(()))
    }

    pub(crate) fn url(&self) -> Outcome<String> {
        let port = self.home.written("port")?;
        let password = self.home.written("password")?;
        Ok(format!("mysql://{USER}:{password}@127.0.0.1:{port}/"))
    }

    fn initialise(&self) -> Outcome {
        say::step("Initialising a MariaDB data directory");
        let data = self.home.path("data");
        if data.exists() {
            fs::remove_dir_all(&data).or_fail(data.display(), REMEDY)?;
        }
        let password = random_password()?;
        self.home.write_private("password", &password)?;
        self.home.write_private("init.sql", &first_statements(&password))?;
        let install = self.home.run(&self.programs.install_db).arg("--no-defaults").arg(flag("datadir", &data));
        // root may come in by the socket alone, and only as this server's own user.
        install.args(["--skip-test-db", "--auth-root-authentication-method=socket"]).read(REMEDY)?;
        self.home.write_private("initialised", "")
    }

    fn try_start(&self) -> Outcome {
        let port = free_port()?;
        self.home.write_private("port", &port.to_string())?;
        let run = self.home.run(&self.programs.server).arg("--no-defaults").args(SETTINGS);
        let run = run.arg(format!("--port={port}")).arg(flag("datadir", &self.home.path("data")));
        let run =
            run.arg(flag("init-file", &self.home.path("init.sql"))).arg(flag("log-error", &self.home.path("log.err")));
        let mut command = run.arg(flag("pid-file", &self.pid_file())).into_command();
        // In a process group of its own, so that Ctrl-C on a test run reaches the tests first and not their database.
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = quiet.spawn().or_fail("starting mariadbd", REMEDY)?;
        until("MariaDB does not answer", || {
            let ended = child.try_wait().ok().flatten().is_some();
            if ended {
                Some(Err(Failure::new("MariaDB stopped while it started", REMEDY)))
            } else {
                greets(port).then_some(Ok(()))
            }
        })?
    }

    /// Of the server that runs on this data directory. A number left by a crash may be somebody else's by now.
    fn pid(&self) -> Option<String> {
        let pid = fs::read_to_string(self.pid_file()).ok()?.trim().to_owned();
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let ours = flag("datadir", &self.home.path("data"));
        command.split(|byte| *byte == 0).any(|word| word == ours.as_bytes()).then_some(pid)
    }

    fn pid_file(&self) -> PathBuf {
        self.home.path("pid")
    }
}

fn flag(name: &str, value: &std::path::Path) -> String {
    format!("--{name}={}", value.display())
}

/// Run at each start, before the first connection is let in; one statement a line.
fn first_statements(password: &str) -> String {
    format!(
        "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{password}';\n\
         GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
    )
}

/// Whether somebody on this port sends the first bytes that a MySQL server sends unasked.
fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut header = [0_u8; 5];
    stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok() && stream.read_exact(&mut header).is_ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a process has no event to wait for, and xtask has one thread and no runtime"
)]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Outcome<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return Ok(found);
        }
        std::thread::sleep(PAUSE);
    }
    Err(Failure::new(format!("{what} within {} s", PATIENCE.as_secs()), REMEDY))
}
