//! `astrolabe rds test`: whether orders can be pushed into an app's databases.

use std::process::ExitCode;

use astrolabe_core::ids::AppKey;
use astrolabe_server::config::LoadedConfig;
use astrolabe_server::outward::examine_rds;
use astrolabe_store::{RdsTarget, TableState};

use crate::cli::{RdsAction, RdsArgs, RdsTestArgs};
use crate::terminal::say;

/// Runs one of the `rds` commands.
pub(crate) async fn run(args: RdsArgs) -> Result<ExitCode, String> {
    match args.action {
        RdsAction::Test(args) => test(args).await,
    }
}

/// Tries each database; the exit code is 1 unless all of them take rows.
async fn test(args: RdsTestArgs) -> Result<ExitCode, String> {
    let LoadedConfig { config, .. } = args.database.load()?;
    let app = astrolabe_server::open(&config).await.map_err(|error| error.to_string())?;
    let directory = app.directory.get();
    let key = AppKey(args.app);
    let entry = directory.app(&key).ok_or_else(|| format!("app {key} is not registered"))?;
    let named = |target: &&RdsTarget| args.name.as_ref().is_none_or(|name| *name == target.name);
    let targets: Vec<&RdsTarget> = entry.row.rds.iter().filter(named).collect();
    if targets.is_empty() {
        return Err(format!("app {key} has no such database declared"));
    }
    let mut all_well = true;
    for target in targets {
        let paused = if target.paused { ", paused" } else { "" };
        match examine_rds(&app, target).await {
            Ok(tables) => {
                say(format!("{}{paused}: rows can be pushed", target.name));
                for found in tables {
                    say(format!("  {:<14} {}", found.table.name(), state(found.state)));
                }
            }
            Err(problem) => {
                all_well = false;
                say(format!("{}{paused}: {}: {problem}", target.name, problem.name()));
            }
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn state(state: TableState) -> &'static str {
    match state {
        TableState::Ready => "ready: a row was written and taken back",
        TableState::Unproven => "there; its engine cannot take a row back, so that none was written",
        TableState::WillBeMade => "missing: the first push makes it",
    }
}
