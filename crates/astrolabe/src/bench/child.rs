//! A server in a process of its own: this very program, on a new database or a given one, stopped with its bench.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::wire::{BaseUrl, Http, Verb};
use tokio::process::{Child, Command};

/// How long a server may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where a started server keeps its data.
pub(super) enum Database {
    /// A new directory, removed with the server.
    Directory(PathBuf),
    /// A database that is there.
    Url(String),
}

impl Database {
    /// The given one, or a new directory.
    pub(super) fn of(url: Option<&str>) -> Result<Self, String> {
        if let Some(url) = url {
            return Ok(Self::Url(url.to_owned()));
        }
        let dir = std::env::temp_dir().join(format!("astrolabe-bench-{}-{}", std::process::id(), clock::now().0));
        std::fs::create_dir_all(&dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        Ok(Self::Directory(dir))
    }

    fn tell(&self, command: &mut Command) {
        match self {
            Self::Directory(dir) => command.arg("--data-dir").arg(dir),
            // Not as an argument: a URL holds a password.
            Self::Url(url) => command.env("ASTROLABE_DATABASE_URL", url),
        };
    }
}

/// A server at work.
pub(super) struct ChildServer {
    child: Child,
    url: BaseUrl,
    database: Database,
}

impl ChildServer {
    /// Declares the merchant, starts the server and waits until it is ready.
    pub(super) async fn start(
        http: &Http,
        database: Database,
        declaration: &str,
        group_commands_max: Option<usize>,
    ) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))?;
        apply(&program, &database, declaration).await?;
        let address = free_address().map_err(|error| format!("no free port: {error}"))?;
        let mut command = Command::new(&program);
        command.args(["serve", "--listen", &address.to_string()]);
        database.tell(&mut command);
        command.env("ASTROLABE_ALLOW_PRIVATE_ADDRESSES", "true").env("RUST_LOG", "warn");
        if let Some(most) = group_commands_max {
            command.env("ASTROLABE_GROUP_COMMANDS_MAX", most.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().map_err(|error| format!("the server does not start: {error}"))?;
        let url = BaseUrl::parse(&format!("http://{address}")).map_err(|error| error.to_string())?;
        let mut server = Self { child, url, database };
        server.wait_until_ready(http).await?;
        Ok(server)
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &BaseUrl {
        &self.url
    }

    async fn wait_until_ready(&mut self, http: &Http) -> Result<(), String> {
        let deadline = Instant::now() + READY_WITHIN;
        while http.rest(Verb::Get, &self.url.at("/readyz"), "", None).await.is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the server ended at once: {status}"));
            }
            if Instant::now() >= deadline {
                return Err("the server does not become ready".to_owned());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Ends it and removes its directory.
    pub(super) async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "the server was gone already");
        }
        if let Database::Directory(dir) = &self.database
            && let Err(error) = std::fs::remove_dir_all(dir)
        {
            tracing::warn!(%error, "the bench's directory stays");
        }
    }
}

async fn apply(program: &Path, database: &Database, declaration: &str) -> Result<(), String> {
    let file = std::env::temp_dir().join(format!("astrolabe-bench-{}-{}.toml", std::process::id(), clock::now().0));
    std::fs::write(&file, declaration).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let mut command = Command::new(program);
    command.arg("apply").arg("-f").arg(&file);
    database.tell(&mut command);
    let output = command.stdin(Stdio::null()).output().await;
    if let Err(error) = std::fs::remove_file(&file) {
        tracing::debug!(%error, "a temporary file stays");
    }
    let output = output.map_err(|error| format!("cannot run apply: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("apply failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// A port that was free a moment ago.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.local_addr()
}
