//! `astrolabe apply`.

use std::process::ExitCode;

use astrolabe_server::config::LoadedConfig;
use astrolabe_server::declare;

use crate::cli::ApplyArgs;
use crate::terminal::say;

/// Applies a file and prints one line a thing.
pub(crate) async fn run(args: ApplyArgs) -> Result<ExitCode, String> {
    let file = args.file;
    let toml = std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let LoadedConfig { config, .. } = args.database.load()?;
    let app = astrolabe_server::open(&config).await.map_err(|error| error.to_string())?;
    let applied =
        declare::apply(&app, &toml, args.dry_run).await.map_err(|error| format!("{}: {error}", file.display()))?;
    app.lanes.drain().await;
    for line in &applied.lines {
        say(line);
    }
    say(match (applied.changes, args.dry_run) {
        (0, _) => "nothing to change".to_owned(),
        (count, true) => format!("{count} to change; run it without --dry-run to do so"),
        (count, false) => format!("{count} changed"),
    });
    Ok(ExitCode::SUCCESS)
}
