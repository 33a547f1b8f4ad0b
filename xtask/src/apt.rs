//! Debian packages, installed only when something is missing. Called by the set-up of PostgreSQL and of the SDK tests.

use crate::failure::{Failure, Outcome};
use crate::run::Run;
use crate::say;

/// Installs `packages`; `needed_for` ends the sentence "… is needed for".
///
/// Only root on a machine with `apt-get` can do it; anybody else is told the command to give to somebody who can.
pub(crate) fn install(packages: &[&str], needed_for: &str) -> Outcome {
    let list = packages.join(" ");
    if !Run::new("apt-get").arg("--version").succeeds() {
        return Err(Failure::new(
            format!("{list} is needed for {needed_for}, and this is no Debian system"),
            format!("install what corresponds to the Debian packages {list} and run the command again"),
        ));
    }
    if !is_root()? {
        return Err(Failure::new(
            format!("{list} is needed for {needed_for}, and only root may install it"),
            format!("run `sudo apt-get install -y --no-install-recommends {list}`, then this command again"),
        ));
    }
    say::step(&format!("Installing {list} (for {needed_for})"));
    let offline = "check that this machine reaches a Debian mirror, then run the command again";
    apt(&["update", "-qq"]).stream(offline)?;
    apt(&["install", "-y", "-qq", "--no-install-recommends"]).args(packages).stream(offline)
}

pub(crate) fn is_root() -> Outcome<bool> {
    let uid = Run::new("id").arg("-u").read("`id` belongs to coreutils: install it")?;
    Ok(uid.trim() == "0")
}

fn apt(args: &[&str]) -> Run {
    // No package may stop to ask a question that nobody is there to answer.
    Run::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive").stdin_none()
}
