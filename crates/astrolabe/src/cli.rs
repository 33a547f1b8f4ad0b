//! The command line. Names here are a contract: scripts use them.

use std::net::SocketAddr;
use std::path::PathBuf;

use astrolabe_server::config::{self, Flags, LoadedConfig};
use clap::{Args, Parser, Subcommand};

/// 星盘: open omnichannel order routing.
#[derive(Debug, Parser)]
#[command(name = "astrolabe", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) job: Job,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// Run the server.
    Serve(ServeArgs),
    /// Declare a merchant from a file; applying it again changes nothing.
    Apply(ApplyArgs),
    /// See it work: a merchant, its channel, ISV, POS and store clerks, all on this machine.
    Demo(crate::demo::DemoArgs),
    /// Check every stock invariant of every seller.
    Doctor(DatabaseArgs),
    /// Say what happened to a trade, and why.
    Explain(ExplainArgs),
    /// Load it, beside a baseline in the same run.
    Bench(crate::bench::BenchArgs),
    /// Play one party of the protocol against an Astrolabe or an ISV, and report.
    Rehearse(crate::rehearse::RehearseArgs),
    /// Show the settings that hold, and where each came from.
    Config(ConfigArgs),
    /// Bring the database's schema up to this program's.
    Migrate(DatabaseArgs),
    /// Write the generated pages of the documentation.
    #[command(hide = true)]
    Docs(DocsArgs),
}

impl Job {
    /// Servers log; commands for people at a terminal only warn.
    pub(crate) fn logs_by_default(&self) -> &'static str {
        match self {
            Job::Serve(_) => "info",
            Job::Apply(_)
            | Job::Demo(_)
            | Job::Doctor(_)
            | Job::Explain(_)
            | Job::Bench(_)
            | Job::Rehearse(_)
            | Job::Config(_)
            | Job::Migrate(_)
            | Job::Docs(_) => "error",
        }
    }
}

/// Which database.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DatabaseArgs {
    /// Where the embedded database lies.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// postgres://…; without it, embedded SQLite.
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// A settings file; astrolabe.toml is read when it is there.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The settings these flags and the layers below them give.
    pub(crate) fn load(self) -> Result<LoadedConfig, String> {
        let flags = Flags { data_dir: self.data_dir, database_url: self.database_url, ..Flags::default() };
        config::load(self.config, flags).map_err(|error| error.to_string())
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Where to listen; 127.0.0.1:8080 when nothing says otherwise.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// This node's number among those that share a database, 0 to 63.
    #[arg(long)]
    pub(crate) node: Option<i64>,
}

impl ServeArgs {
    /// The settings these flags and the layers below them give.
    pub(crate) fn load(self) -> Result<LoadedConfig, String> {
        let flags = Flags {
            listen: self.listen,
            data_dir: self.database.data_dir,
            database_url: self.database.database_url,
            node: self.node,
        };
        config::load(self.database.config, flags).map_err(|error| error.to_string())
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ApplyArgs {
    /// The declaration, TOML.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print the difference and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The trade's id.
    pub(crate) tid: i64,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Every setting, its value and its source.
    Show(ServeArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct DocsArgs {
    /// The root that the pages lie under.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// Compare instead of writing; fail when a page is stale.
    #[arg(long)]
    pub(crate) check: bool,
}
