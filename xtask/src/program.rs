//! Building the `astrolabe` program and running it.

use std::path::{Path, PathBuf};

use crate::checkout::Checkout;
use crate::failure::Outcome;
use crate::run::Run;
use crate::say;

/// How the program is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Slightly optimised; shares everything it compiles with the tests.
    Quick,
    /// What a merchant runs.
    Release,
}

#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    pub(crate) fn build(checkout: &Checkout, profile: Profile) -> Outcome<Self> {
        let (flags, folder): (&[&str], &str) = match profile {
            Profile::Quick => (&[], "debug"),
            Profile::Release => (&["--release"], "release"),
        };
        let path = checkout.target(folder).join("astrolabe");
        say::step(&if path.exists() {
            "Building astrolabe".to_owned()
        } else {
            "Building astrolabe (the first time this takes some minutes)".to_owned()
        });
        Run::cargo(checkout.root())
            // The whole workspace is named so that features resolve as in the tests, and nothing is compiled twice.
            .args(["build", "--workspace", "--bin", "astrolabe"])
            .args(flags)
            .stream("fix the compiler's errors above")?;
        Ok(Self { path })
    }

    pub(crate) fn run(&self, args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Run {
        Run::new(&self.path).args(args)
    }

    /// `doctor` on an embedded database: fails when an invariant is violated.
    pub(crate) fn doctor(&self, data_dir: &Path) -> Outcome {
        say::step("Checking every invariant (astrolabe doctor)");
        self.run(["doctor", "--data-dir"])
            .arg(data_dir)
            .stream("the data directory is kept: look at the lines above that name an invariant")
    }
}
