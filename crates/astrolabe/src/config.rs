//! `astrolabe config show`.

use std::process::ExitCode;

use crate::cli::{ConfigAction, ConfigArgs};
use crate::terminal::say;

/// Prints every setting, its value and where it came from.
pub(crate) fn run(args: ConfigArgs) -> Result<ExitCode, String> {
    let ConfigAction::Show(args) = args.action;
    let loaded = args.load()?;
    for (name, value, source) in loaded.origins {
        say(format!("{name:<24} {value:<32} {source}"));
    }
    Ok(ExitCode::SUCCESS)
}
