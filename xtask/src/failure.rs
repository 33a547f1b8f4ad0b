//! Why a developer command stopped, and what the reader can do about it. Every command returns an [`Outcome`].

use std::fmt;

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// One sentence of what happened and one of what to do. Both are for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure {
    happened: String,
    remedy: String,
}

impl Failure {
    pub(crate) fn new(happened: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { happened: happened.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  what to do: {}", self.happened, self.remedy)
    }
}

/// Turns an error of the operating system into a [`Failure`] that names what was being done.
pub(crate) trait OrFail<T> {
    fn or_fail(self, doing: impl fmt::Display, remedy: &str) -> Outcome<T>;
}

impl<T> OrFail<T> for std::io::Result<T> {
    fn or_fail(self, doing: impl fmt::Display, remedy: &str) -> Outcome<T> {
        self.map_err(|error| Failure::new(format!("{doing}: {error}"), remedy))
    }
}
