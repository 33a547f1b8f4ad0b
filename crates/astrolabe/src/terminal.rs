//! The one place that prints.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

/// Sends logs to standard error: plain lines for people, JSON when it is no terminal. `RUST_LOG` overrides the level.
pub(crate) fn install_logging(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().init();
    }
}

/// Prints a line on standard output. A closed pipe is the reader's choice, not an error.
pub(crate) fn say(line: impl AsRef<str>) {
    let _closed_pipe = writeln!(io::stdout(), "{}", line.as_ref());
}

/// Prints an error and gives the exit code for it.
pub(crate) fn fail(message: &str) -> ExitCode {
    let _closed_pipe = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(2)
}
