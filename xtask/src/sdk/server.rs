//! `astrolabe serve` for the time of a run: started on a free port, asked whether it is ready, asked to end.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::REMEDY;
use crate::failure::{Failure, OrFail, Outcome};
use crate::home::free_port;
use crate::program::Program;
use crate::run::Run;
use crate::say;

const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOG_LINES_SHOWN: usize = 40;

/// A running `astrolabe serve`; killed when dropped without [`Server::stop`].
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    pub(super) fn start(program: &Program, data_dir: &Path, log: PathBuf) -> Outcome<Self> {
        let port = free_port()?;
        say::step(&format!("Starting astrolabe serve on port {port}"));
        let output = File::create(&log).or_fail(log.display(), "make the target directory writable")?;
        let errors = output.try_clone().or_fail(log.display(), "make the target directory writable")?;
        let listen = format!("127.0.0.1:{port}");
        let serve = program.run(["serve", "--listen", &listen, "--data-dir"]).arg(data_dir).stdin_none();
        // The systems that it calls listen on this machine.
        let mut command = serve.env("ASTROLABE_ALLOW_PRIVATE_ADDRESSES", "true").into_command();
        let process = command.stdout(output).stderr(errors).spawn().or_fail("astrolabe serve", REMEDY)?;
        let mut server = Self { process, port, log };
        server.wait_until_ready()?;
        Ok(server)
    }

    pub(super) fn url(&self) -> String {
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
    pub(super) fn stop(&mut self) -> Outcome {
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

    pub(super) fn show_log(&self) {
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
    use std::net::TcpListener;

    use super::*;

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
