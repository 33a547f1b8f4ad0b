//! `astrolabe serve` and `astrolabe migrate`.

use std::process::ExitCode;

use astrolabe_server::config::LoadedConfig;

use crate::cli::{DatabaseArgs, ServeArgs};
use crate::terminal::say;

/// Runs until SIGTERM or Ctrl-C, then stops without losing an answer.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, String> {
    let LoadedConfig { config, .. } = args.load()?;
    raise_file_limit();
    let server = astrolabe_server::start(&config).await.map_err(|error| error.to_string())?;
    say(format!("astrolabe listens on http://{}", server.address()));
    if server.app.directory.get().sellers().next().is_none() {
        say("no merchant is declared yet: run `astrolabe apply -f FILE.toml` (see README)");
    }
    wait_for_stop().await;
    say("stopping");
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Every connection is a file: takes as many as the system gives without asking for more rights.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Opens the database, which brings its schema up to date.
pub(crate) async fn migrate(args: DatabaseArgs) -> Result<ExitCode, String> {
    let LoadedConfig { config, .. } = args.load()?;
    let app = astrolabe_server::open(&config).await.map_err(|error| error.to_string())?;
    say(format!("the {} schema is up to date", app.store.kind()));
    Ok(ExitCode::SUCCESS)
}

/// SIGTERM or Ctrl-C.
pub(crate) async fn wait_for_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM is not caught");
            if let Err(error) = tokio::signal::ctrl_c().await {
                tracing::error!(%error, "Ctrl-C is not caught");
            }
        }
    }
}
