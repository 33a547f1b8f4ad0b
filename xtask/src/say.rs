//! The one place that writes to the terminal. Progress goes to standard error, so that a command's own output can be piped.

use std::io::{self, Write};
use std::time::Duration;

use crate::failure::Failure;

/// One line before something that takes a while.
pub(crate) fn step(what: &str) {
    line(&format!("==> {what}"));
}

pub(crate) fn note(what: &str) {
    line(&format!("    {what}"));
}

pub(crate) fn failure(failure: &Failure) {
    line(&format!("error: {failure}"));
}

/// `4.2 s` below a minute, `3 min 07 s` above.
pub(crate) fn duration(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// The answer to a question (such as a database address): the only thing that goes to standard output.
pub(crate) fn answer(text: &str) {
    // A closed pipe is the reader's choice, not a failure of the command.
    let _ = writeln!(io::stdout(), "{text}");
}

fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
