//! The real program as a child process: `serve` that is started, killed, started again and stopped, and the other commands
//! beside it.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use astrolabe_rehearsal::wire::BaseUrl;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::database::Database;
use crate::socket::{Reply, Socket, get};
use crate::wait::DEADLINE;

/// A port between looking for it and listening on it can be taken.
const STARTS_MAX: u32 = 5;
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Below the range that the system gives to outgoing connections, so that none of those takes a killed server's port.
const PORTS: std::ops::Range<u16> = 12_000..30_000;
/// A server that does not stop by then hangs.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// The program with nothing of the caller's settings.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_astrolabe"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ASTROLABE_") {
            command.env_remove(name);
        }
    }
    // The receivers of the tests listen on this machine.
    command.env("ASTROLABE_ALLOW_PRIVATE_ADDRESSES", "true").env("RUST_LOG", "warn").kill_on_drop(true);
    command
}

/// What a command left behind.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command of the program on a database to its end.
pub(crate) async fn run<A: AsRef<OsStr>>(database: &Database, args: impl IntoIterator<Item = A>) -> Ran {
    run_where(database, &[], args).await
}

/// Likewise, with these variables in its environment.
pub(crate) async fn run_where<A: AsRef<OsStr>>(
    database: &Database,
    variables: &[(&str, &str)],
    args: impl IntoIterator<Item = A>,
) -> Ran {
    let mut command = program();
    let output =
        command.envs(variables.iter().copied()).args(args).args(database.flags()).current_dir(database.dir()).output();
    let output = timeout(DEADLINE, output).await.expect("the command ends").expect("the program runs");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `doctor` finds nothing.
pub(crate) async fn assert_healthy(database: &Database) {
    let ran = run(database, ["doctor"]).await;
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(0), Some("ok")), "{ran:?}");
}

/// `apply` of this text succeeds.
pub(crate) async fn apply(database: &Database, declaration: &str) -> Ran {
    let file = database.file("merchant.toml");
    std::fs::write(&file, declaration).expect("a file in the test's directory");
    let ran = run(database, [OsStr::new("apply"), OsStr::new("-f"), file.as_os_str()]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}\n{declaration}");
    ran
}

/// A running `astrolabe serve`.
#[derive(Debug)]
pub(crate) struct Server {
    flags: Vec<OsString>,
    dir: PathBuf,
    address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts it on a free port and waits until it is ready.
    pub(crate) async fn start(database: &Database) -> Self {
        let dir = database.dir().to_owned();
        for _ in 0..STARTS_MAX {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            let flags = database.flags();
            let child = spawn(&flags, &dir, address);
            let mut server = Self { flags, dir: dir.clone(), address, child };
            match server.ready().await {
                Ok(()) => return server,
                Err(said) => assert!(said.contains("cannot listen"), "the server did not start: {said}"),
            }
        }
        panic!("no free port in {STARTS_MAX} attempts");
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("a child can be killed");
    }

    /// Starts it again where it was, on the same database and port, and waits until it is ready.
    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(&self.flags, &self.dir, self.address);
        if let Err(said) = self.ready().await {
            panic!("the server did not start again: {said}");
        }
    }

    /// SIGTERM: how it ended, and how long that took.
    pub(crate) async fn terminate(&mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("the server runs"), Signal::TERM).expect("a child can be signalled");
        let status = timeout(STOP_WITHIN, self.child.wait()).await.expect("the server stops").expect("it is our child");
        (status, asked.elapsed())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> BaseUrl {
        BaseUrl::parse(&format!("http://{}", self.address)).expect("a loopback address")
    }

    /// The sum of a counter over its labels; 0 where it was never counted.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let reply = self.get("/metrics").await.expect("the server answers");
        assert_eq!(reply.status, 200);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let values = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        values
            .filter(|(series, _)| series.split('{').next() == Some(name))
            .map(|(_, value)| value.parse::<f64>().expect("a number"))
            .sum()
    }

    /// A GET that needs no token.
    pub(crate) async fn get(&self, path: &str) -> std::io::Result<Reply> {
        Socket::connect(self.address).await?.exchange(&get(self.address, path)).await
    }

    /// Waits until it answers that it is ready; what it said if it ended instead.
    async fn ready(&mut self) -> Result<(), String> {
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return Err(format!("{status}: {}", self.said()));
            }
            if self.get("/readyz").await.is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
        Err(format!("not ready within {DEADLINE:?}: {}", self.said()))
    }

    /// Everything it wrote so far, over all its lives.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(log(&self.dir)).unwrap_or_default()
    }
}

fn log(dir: &std::path::Path) -> PathBuf {
    dir.join("serve.log")
}

fn spawn(flags: &[OsString], dir: &std::path::Path, address: SocketAddr) -> Child {
    let log =
        std::fs::OpenOptions::new().create(true).append(true).open(log(dir)).expect("a log in the test's directory");
    let errors = log.try_clone().expect("a second handle");
    let mut command = program();
    command.arg("serve").args(flags).args(["--listen", &address.to_string()]).current_dir(dir);
    command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("the program runs")
}

/// A port that nobody listens on at this moment. Tests in other processes begin their search elsewhere.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let width = PORTS.end - PORTS.start;
    let first =
        u16::try_from(std::process::id().wrapping_mul(97) % u32::from(width)).expect("less than the range is wide");
    for _ in 0..width {
        let port = PORTS.start + (first + NEXT.fetch_add(1, Ordering::Relaxed) % width) % width;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port in {PORTS:?}");
}
