//! The command line. Names here are a contract: scripts use them.

use std::net::SocketAddr;
use std::path::PathBuf;

use astrolabe_server::config::{self, Flags, LoadedConfig};
use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Look at the calls to apps: where they go, a test call, what went over the wire.
    Spi(SpiArgs),
    /// Look at the databases of apps that orders are pushed into.
    Rds(RdsArgs),
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
            | Job::Spi(_)
            | Job::Rds(_)
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
pub(crate) struct SpiArgs {
    #[command(subcommand)]
    pub(crate) action: SpiAction,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SpiAction {
    /// Where apps are called, online and for tests.
    Show(SpiShowArgs),
    /// Really sign and send one call to an app, and show both sides. No order is touched.
    Test(SpiTestArgs),
    /// What went over the wire about a trade or to an app, newest first.
    Log(SpiLogArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SpiShowArgs {
    /// One app only.
    #[arg(long, value_name = "KEY")]
    pub(crate) app: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// Which of an app's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum SpiEnvironment {
    Online,
    Test,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SpiTestArgs {
    /// The app to call.
    #[arg(long, value_name = "KEY")]
    pub(crate) app: String,
    /// The SPI, for example taobao.qimen.omniorder.allocate.
    #[arg(long, value_name = "NAME")]
    pub(crate) method: String,
    /// Which address; without it, the one that real calls go to.
    #[arg(long, value_enum)]
    pub(crate) env: Option<SpiEnvironment>,
    /// The seller to speak of; without it, the only one that the app serves.
    #[arg(long, value_name = "ID")]
    pub(crate) seller: Option<i64>,
    /// The trade to speak of; it need not exist and is not touched.
    #[arg(long, value_name = "TID")]
    pub(crate) tid: Option<i64>,
    /// A field in the place of its sample value; lists and structs as JSON. May be repeated.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) fields: Vec<(String, String)>,
    /// Send a form, whatever is registered.
    #[arg(long, conflicts_with = "json")]
    pub(crate) form: bool,
    /// Send JSON, whatever is registered.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SpiLogArgs {
    #[command(flatten)]
    pub(crate) of: SpiLogOf,
    /// One seller only.
    #[arg(long, value_name = "ID")]
    pub(crate) seller: Option<i64>,
    /// How many attempts, at most 1000.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
    /// Both sides of every attempt in full, not a line each.
    #[arg(long)]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SpiLogOf {
    /// Attempts about this trade.
    #[arg(long, value_name = "TID")]
    pub(crate) tid: Option<i64>,
    /// Attempts to this app.
    #[arg(long, value_name = "KEY")]
    pub(crate) app: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct RdsArgs {
    #[command(subcommand)]
    pub(crate) action: RdsAction,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RdsAction {
    /// Connect, write a row and take it back, and name what is wrong.
    Test(RdsTestArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct RdsTestArgs {
    /// The app whose databases they are.
    #[arg(long, value_name = "KEY")]
    pub(crate) app: String,
    /// One database by its declared name; without it, all of the app's.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    parts.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "write NAME=VALUE".to_owned())
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
