//! The public SDKs, unmodified, against a running server: the proof that a connector works without being changed.
//!
//! Starts `astrolabe serve` on a free port with a data directory of its own and the merchant of `tests/sdk/merchant.toml`,
//! runs every client of `tests/sdk/`, stops the server, and has `astrolabe doctor` look at what they left.
//! The clients find the server in `ASTROLABE_URL`. Called by `test` and `test wire`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use crate::apt;
use crate::checkout::Checkout;
use crate::failure::{Failure, OrFail, Outcome};
use crate::pg::free_port;
use crate::program::{Profile, Program};
use crate::run::Run;
use crate::say;

const URL_VARIABLE: &str = "ASTROLABE_URL";
const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOG_LINES_SHOWN: usize = 40;

const REMEDY: &str = "read the failing test and the server's log above; `cargo xtask test wire` runs it again";
const REGISTRY: &str = "check that this machine reaches the package registry, then run the command again";

/// The protocol's clock is China's, and SDKs send local time. Node brings its own time zones.
const NODE_ZONE: &str = "Asia/Shanghai";
/// Python asks the system, which may have no time zone files: this spelling needs none.
const PYTHON_ZONE: &str = "CST-8";

pub(crate) fn run(checkout: &Checkout) -> Outcome {
    let program = Program::build(checkout, Profile::Quick)?;
    let node = install_node_sdk(checkout)?;
    let python = install_python_sdk(checkout)?;

    let data_dir = checkout.target("sdk-data");
    if data_dir.exists() {
        fs::remove_dir_all(&data_dir).or_fail(data_dir.display(), "remove it by hand")?;
    }
    let merchant = checkout.path("tests/sdk/merchant.toml");
    program.run(["apply", "-f"]).arg(merchant).arg("--data-dir").arg(&data_dir).stdin_none().stream(REMEDY)?;

    let mut server = Server::start(&program, &data_dir, checkout.target("sdk-server.log"))?;
    let clients = run_clients(&node, &python, &server.url());
    if clients.is_err() {
        server.show_log();
    }
    clients?;
    server.stop()?;
    program.doctor(&data_dir)
}

fn run_clients(node: &Path, python: &Python, url: &str) -> Outcome {
    say::step("Running the Node SDK and the XML client");
    let run = Run::new("node").args(["--test", "top.test.mjs", "qimen.test.mjs"]).dir(node).stdin_none();
    run.env("TZ", NODE_ZONE).env(URL_VARIABLE, url).stream(REMEDY)?;

    say::step("Running the Python SDK");
    let run = Run::new(&python.interpreter).args(["-m", "unittest", "-v"]).dir(&python.tests).stdin_none();
    run.env("TZ", PYTHON_ZONE).env(URL_VARIABLE, url).env("PYTHONDONTWRITEBYTECODE", "1").stream(REMEDY)
}

/// The folder of the Node clients, with what its lock file names installed.
fn install_node_sdk(checkout: &Checkout) -> Outcome<PathBuf> {
    let folder = checkout.path("tests/sdk/node");
    let wanted = folder.join("package-lock.json");
    install_once(&wanted, &folder.join("node_modules/.installed"), || {
        say::step("Installing the Node SDK");
        Run::new("npm").args(["ci", "--no-audit", "--no-fund"]).dir(&folder).stdin_none().stream(REGISTRY)
    })?;
    Ok(folder)
}

#[derive(Debug)]
struct Python {
    interpreter: PathBuf,
    tests: PathBuf,
}

/// The Python SDK in an environment below the target directory: the system's own is not ours to change.
fn install_python_sdk(checkout: &Checkout) -> Outcome<Python> {
    let tests = checkout.path("tests/sdk/python");
    let environment = checkout.target("sdk-venv");
    let interpreter = environment.join("bin/python");
    let wanted = tests.join("requirements.txt");
    install_once(&wanted, &environment.join("installed"), || {
        // Debian's python3 lacks what makes environments; that is a package of its own.
        if !Run::new("python3").args(["-c", "import ensurepip, venv"]).succeeds() {
            apt::install(&["python3", "python3-venv"], "the Python SDK's tests")?;
        }
        say::step("Installing the Python SDK");
        Run::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).stream(REGISTRY)?;
        let pip = Run::new(&interpreter).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        pip.arg(&wanted).stream(REGISTRY)
    })?;
    Ok(Python { interpreter, tests })
}

/// Runs `install` unless `stamp` says that it succeeded for the present content of `wanted`.
pub(crate) fn install_once(wanted: &Path, stamp: &Path, install: impl FnOnce() -> Outcome) -> Outcome {
    let text = fs::read_to_string(wanted).or_fail(wanted.display(), "restore the file from git")?;
    if fs::read_to_string(stamp).is_ok_and(|done| done == text) {
        return Ok(());
    }
    install()?;
    fs::write(stamp, text).or_fail(stamp.display(), "make the directory writable")
}

/// A running `astrolabe serve`; killed when dropped without [`Server::stop`].
#[derive(Debug)]
struct Server {
    process: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    fn start(program: &Program, data_dir: &Path, log: PathBuf) -> Outcome<Self> {
        let port = free_port()?;
        say::step(&format!("Starting astrolabe serve on port {port}"));
        let output = File::create(&log).or_fail(log.display(), "make the target directory writable")?;
        let errors = output.try_clone().or_fail(log.display(), "make the target directory writable")?;
        let listen = format!("127.0.0.1:{port}");
        let mut command =
            program.run(["serve", "--listen", &listen, "--data-dir"]).arg(data_dir).stdin_none().into_command();
        let process = command.stdout(output).stderr(errors).spawn().or_fail("astrolabe serve", REMEDY)?;
        let mut server = Self { process, port, log };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait_until_ready(&mut self) -> Outcome {
        let ready =
            wait(READY_WITHIN, || self.process.try_wait().is_ok_and(|exit| exit.is_some()) || is_ready(self.port));
        let exited = self.process.try_wait().is_ok_and(|exit| exit.is_some());
        if ready && !exited {
            return Ok(());
        }
        self.show_log();
        let happened = if exited { "astrolabe serve ended at once" } else { "astrolabe serve did not get ready" };
        Err(Failure::new(happened, "its log is shown above"))
    }

    /// Asks it to end, as an operator would, and waits for its clean exit.
    fn stop(&mut self) -> Outcome {
        say::step("Stopping astrolabe serve");
        Run::new("kill").args(["-TERM", &self.process.id().to_string()]).stream("it ended by itself: read its log")?;
        let mut exit = None;
        wait(STOPPED_WITHIN, || {
            exit = self.process.try_wait().ok().flatten();
            exit.is_some()
        });
        if exit.is_some_and(|status| status.success()) {
            return Ok(());
        }
        self.show_log();
        let happened =
            format!("astrolabe serve did not stop cleanly within {} ({exit:?})", say::duration(STOPPED_WITHIN));
        Err(Failure::new(happened, "its log is shown above"))
    }

    fn show_log(&self) {
        say::note(&format!("the end of the server's log ({}):", self.log.display()));
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..] {
            say::note(line);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|exit| exit.is_none()) {
            // It cannot be asked any more; a failure leaves a process that the log above explains.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Looks again and again until `holds` or the time is up; whether it held.
#[expect(clippy::disallowed_methods, reason = "it waits for a condition, and this thread has nothing else to do")]
fn wait(within: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < within {
        if holds() {
            return true;
        }
        thread::sleep(LOOK_EVERY);
    }
    false
}

/// One request by hand: a whole HTTP client for one question would be the largest dependency here.
fn is_ready(port: u16) -> bool {
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(1024).read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn installs_once_for_each_content_and_again_after_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let (wanted, stamp) = (dir.path().join("wanted"), dir.path().join("stamp"));
        let runs = Cell::new(0);
        let install = |succeeds: bool| {
            install_once(&wanted, &stamp, || {
                runs.set(runs.get() + 1);
                if succeeds { Ok(()) } else { Err(Failure::new("no network", "wait")) }
            })
        };
        fs::write(&wanted, "a==1").unwrap();
        assert!(install(false).is_err());
        assert!(install(true).is_ok());
        assert!(install(true).is_ok());
        assert_eq!(runs.get(), 2);
        fs::write(&wanted, "a==2").unwrap();
        assert!(install(true).is_ok());
        assert_eq!(runs.get(), 3);
    }

    #[test]
    fn ready_means_an_answer_of_200() {
        for (answer, ready) in [("HTTP/1.1 200 OK\r\n\r\n", true), ("HTTP/1.1 503 Service Unavailable\r\n\r\n", false)]
        {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0_u8; 512];
                let read = stream.read(&mut request).unwrap();
                assert!(request[..read].starts_with(b"GET /readyz "));
                stream.write_all(answer.as_bytes()).unwrap();
            });
            assert_eq!(is_ready(port), ready, "{answer}");
            server.join().unwrap();
        }
    }
}
