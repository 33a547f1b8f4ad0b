//! A database of a test's own: a directory for SQLite, or a fresh database on the PostgreSQL that `cargo xtask test` starts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Names a superuser's database of the PostgreSQL to test on.
const PG_URL: &str = "ASTROLABE_TEST_PG_URL";
/// Set to 1 by somebody who knowingly tests on SQLite alone.
const SQLITE_ONLY: &str = "ASTROLABE_TEST_SQLITE_ONLY";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Where one test keeps everything.
#[derive(Debug)]
pub(crate) struct Database {
    dir: TempDir,
    postgres: Option<Postgres>,
}

#[derive(Debug)]
struct Postgres {
    server: String,
    name: String,
}

impl Database {
    /// Embedded, in a directory that goes away with the test.
    pub(crate) fn sqlite() -> Self {
        Self { dir: TempDir::new().expect("a temporary directory"), postgres: None }
    }

    /// A new database on PostgreSQL; `None` only for whoever asked for SQLite alone.
    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var(PG_URL) else {
            let knowingly = std::env::var(SQLITE_ONLY).is_ok_and(|set| set == "1");
            assert!(
                knowingly,
                "{PG_URL} is not set: run `cargo xtask test`, or `cargo xtask pg up` and set what it prints; \
                 {SQLITE_ONLY}=1 tests SQLite alone"
            );
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("astrolabe_e2e_{}_{number}", std::process::id());
        let postgres = Postgres { server, name };
        // One of that name is what an aborted run with the same process id left behind.
        postgres.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", postgres.name)).await;
        postgres.execute(&format!("CREATE DATABASE {}", postgres.name)).await;
        Some(Self { postgres: Some(postgres), ..Self::sqlite() })
    }

    /// The flags that name it to the program.
    pub(crate) fn flags(&self) -> Vec<OsString> {
        match &self.postgres {
            None => vec!["--data-dir".into(), self.dir.path().join("data").into()],
            Some(postgres) => vec!["--database-url".into(), postgres.url().into()],
        }
    }

    /// A file beside it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The directory beside it.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Takes it away. A test that fails leaves a PostgreSQL database behind, for a look.
    pub(crate) async fn remove(self) {
        if let Some(postgres) = &self.postgres {
            postgres.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", postgres.name)).await;
        }
    }
}

impl Postgres {
    /// The server's address with this database in the place of its own.
    fn url(&self) -> String {
        let (before, query) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (host, _own) = before.rsplit_once('/').expect("a database URL names a database");
        let question = if query.is_empty() { "" } else { "?" };
        format!("{host}/{}{question}{query}", self.name)
    }

    async fn execute(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.server, NoTls).await.expect("PostgreSQL answers");
        let driver = tokio::spawn(connection);
        client.batch_execute(sql).await.expect("a superuser may make and drop databases");
        drop(client);
        driver.await.expect("the connection's task").expect("the connection ends well");
    }
}
