//! Installing what tests need of others from their registries, as our lock files name it: the SDKs and the suites of odd input.
//! Nothing of them is ours, and nothing is changed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::apt;
use crate::checkout::Checkout;
use crate::failure::{OrFail, Outcome};
use crate::run::Run;
use crate::say;

const REGISTRY: &str = "check that this machine reaches the package registry, then run the command again";

/// What the lock file of `folder` names, below it. No install scripts: nothing here needs one, and they compile or fetch.
pub(crate) fn node_packages(checkout: &Checkout, folder: &str, what: &str) -> Outcome<PathBuf> {
    let folder = checkout.path(folder);
    let wanted = folder.join("package-lock.json");
    once(&wanted, &folder.join("node_modules/.installed"), || {
        say::step(&format!("Installing {what}"));
        let npm = Run::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.dir(&folder).stdin_none().stream(REGISTRY)
    })?;
    Ok(folder)
}

#[derive(Debug)]
pub(crate) struct Python {
    pub(crate) interpreter: PathBuf,
    pub(crate) tests: PathBuf,
}

/// The Python SDKs in an environment below the target directory: the system's own is not ours to change.
pub(crate) fn python_sdks(checkout: &Checkout) -> Outcome<Python> {
    let tests = checkout.path("tests/sdk/python");
    let environment = checkout.target("sdk-venv");
    let interpreter = environment.join("bin/python");
    let wanted = tests.join("requirements.txt");
    once(&wanted, &environment.join("installed"), || {
        // Debian's python3 lacks what makes environments; that is a package of its own.
        if !Run::new("python3").args(["-c", "import ensurepip, venv"]).succeeds() {
            apt::install(&["python3", "python3-venv"], "the Python SDKs' tests")?;
        }
        say::step("Installing the Python SDKs");
        Run::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).stream(REGISTRY)?;
        let pip = Run::new(&interpreter).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        pip.arg(&wanted).stream(REGISTRY)
    })?;
    Ok(Python { interpreter, tests })
}

/// Runs `install` unless `stamp` says that it succeeded for the present content of `wanted`.
fn once(wanted: &Path, stamp: &Path, install: impl FnOnce() -> Outcome) -> Outcome {
    let text = fs::read_to_string(wanted).or_fail(wanted.display(), "restore the file from git")?;
    if fs::read_to_string(stamp).is_ok_and(|done| done == text) {
        return Ok(());
    }
    install()?;
    fs::write(stamp, text).or_fail(stamp.display(), "make the directory writable")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::failure::Failure;

    #[test]
    fn installs_once_for_each_content_and_again_after_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let (wanted, stamp) = (dir.path().join("wanted"), dir.path().join("stamp"));
        let runs = Cell::new(0);
        let install = |succeeds: bool| {
            once(&wanted, &stamp, || {
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
}
