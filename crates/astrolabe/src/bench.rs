//! `astrolabe bench`: puts a load on a server in a process of its own and, in the same run, on the fair opponent: the same server
//! committing each request alone. Figures depend on the machine; the ratio is what travels.

mod child;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_protocol::client::Credentials;
use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::ids::SellerId;
use astrolabe_rehearsal::load::lifecycle::{self, Sink};
use astrolabe_rehearsal::load::{LoadSpec, Pace, Report, Window, hot_sku};
use astrolabe_rehearsal::merchant::{Merchant, MerchantSpec};
use astrolabe_rehearsal::parties::{Addresses, Mode, Parties};
use astrolabe_rehearsal::seed::seed_over_wire;
use astrolabe_rehearsal::wire::{BaseUrl, Http};
use clap::{Args, ValueEnum};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::terminal::say;
use child::{ChildServer, Database};

/// Not counted at the start of each measurement.
const WARM_UP: Duration = Duration::from_secs(2);
/// Connections at which the ratio is taken.
const RATIO_CONNECTIONS: usize = 64;
/// Stores among which an order is routed.
const LIFECYCLE_STORES: usize = 1_000;
const LIFECYCLE_SKUS: usize = 40;
/// Units in every cell: more than any run takes.
const UNITS: i64 = 1_000_000;
/// The seller of a server that somebody else started.
const TARGET_SELLER: i64 = 900_001;

#[derive(Clone, Debug, Args)]
pub(crate) struct BenchArgs {
    /// What to do again and again.
    #[arg(long, value_enum, default_value_t = Scenario::Lifecycle)]
    scenario: Scenario,
    /// A running server on this machine, with what `--write-declaration` wrote applied; without it servers are started, and
    /// the one-commit-per-request baseline beside.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Seconds of each measurement, after two of warm-up.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Write all figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// postgres://…: where the started servers keep their data; without it, embedded SQLite in a temporary directory.
    #[arg(long, value_name = "URL", conflicts_with = "target")]
    database_url: Option<String>,
    /// Write the declaration of the merchant that `--target` needs, and end.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "database_url"])]
    write_declaration: Option<PathBuf>,
    /// Where the sink of `--target` hears the server.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9009")]
    sink: std::net::SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Scenario {
    /// Mode 3.3: paid by the channel door, routed among 1,000 stores, notified to a local sink, accepted, shipped.
    Lifecycle,
    /// `astrolabe.stock.reserve` and `release` on one stock cell.
    HotSku,
}

/// One measurement and under what arrangement it was taken.
#[derive(Debug, Serialize)]
struct Run {
    arrangement: &'static str,
    #[serde(flatten)]
    report: Report,
}

/// All figures of one bench.
#[derive(Debug, Serialize)]
struct Figures {
    scenario: Scenario,
    database: &'static str,
    cpus: usize,
    runs: Vec<Run>,
    /// Group commit over one commit a request, at 64 connections.
    ratio: Option<f64>,
}

const GROUPED: &str = "group commit";
const ALONE: &str = "one commit per request";
const AS_FOUND: &str = "as found";

/// Runs it; errors in the load are exit code 1.
pub(crate) async fn run(args: BenchArgs) -> Result<ExitCode, String> {
    if let Some(file) = &args.write_declaration {
        return write_declaration(&args, file);
    }
    let runs = match &args.target {
        Some(target) => against_target(&args, target).await?,
        None => against_own_servers(&args).await?,
    };
    let per_second = |arrangement: &str| {
        let run = runs.iter().find(|run| {
            run.arrangement == arrangement
                && run.report.connections == RATIO_CONNECTIONS
                && run.report.offered_per_second.is_none()
        });
        run.map(|run| run.report.per_second).filter(|rate| *rate > 0.0)
    };
    let ratio = per_second(GROUPED).zip(per_second(ALONE)).map(|(grouped, alone)| grouped / alone);
    let database = if args.target.is_some() {
        "as found"
    } else if args.database_url.is_some() {
        "postgres"
    } else {
        "sqlite"
    };
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let figures = Figures { scenario: args.scenario, database, cpus, runs, ratio };
    print(&figures);
    if let Some(file) = &args.json {
        let text = serde_json::to_string_pretty(&figures).map_err(|error| error.to_string())?;
        std::fs::write(file, text + "\n").map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    let errors: u64 = figures.runs.iter().map(|run| run.report.error_count()).sum();
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The merchant of a bench with everything that calls it and is called.
struct Bench {
    scenario: Scenario,
    parties: Parties,
    merchant: Arc<Merchant>,
    http: Http,
    seconds: u64,
}

impl Bench {
    fn new(args: &BenchArgs, seller: SellerId) -> Result<Self, String> {
        let parties = Parties::of(seller, "星盘基准测试店", Mode::PlatformPos);
        let (stores, skus_min) = match args.scenario {
            Scenario::Lifecycle => (LIFECYCLE_STORES, LIFECYCLE_SKUS),
            Scenario::HotSku => (1, 1),
        };
        let spec = MerchantSpec { seed: 1, seller, nick: parties.nick.clone(), stores, skus_min, orders: 0 };
        let merchant = Arc::new(Merchant::everything_everywhere(&spec, UNITS));
        let http = Http::new().map_err(|error| error.to_string())?;
        Ok(Self { scenario: args.scenario, parties, merchant, http, seconds: args.seconds })
    }

    fn declaration(&self, sink: BaseUrl) -> String {
        self.parties.declaration(&[], &Addresses { pos: Some(sink), ..Addresses::default() }, &[])
    }

    async fn seed(&self, server: &BaseUrl) -> Result<(), String> {
        let connector = self.parties.erp.connector(&self.http, server, self.parties.seller);
        seed_over_wire(&connector, Arc::clone(&self.merchant)).await.map(drop).map_err(|error| error.to_string())
    }

    async fn measure(&self, server: &BaseUrl, sink: &Sink, connections: usize, pace: Pace) -> Result<Report, String> {
        let window = Window { warm_up: WARM_UP, measured: Duration::from_secs(self.seconds) };
        let spec = LoadSpec { server: server.clone(), connections, pace, window };
        let outcome = match self.scenario {
            Scenario::Lifecycle => lifecycle::run(&spec, &self.parties, &self.merchant, sink).await,
            Scenario::HotSku => {
                let erp = &self.parties.erp;
                let credentials = Credentials {
                    app_key: erp.key.clone(),
                    secret: erp.secret(),
                    session: Some(erp.session.clone()),
                    customer_id: None,
                };
                let listing =
                    self.merchant.stock.first().map(|line| line.listing).ok_or("the merchant has no stock")?;
                hot_sku::run(&spec, &credentials, listing).await
            }
        };
        outcome.map_err(|error| error.to_string())
    }
}

fn write_declaration(args: &BenchArgs, file: &Path) -> Result<ExitCode, String> {
    let bench = Bench::new(args, SellerId(TARGET_SELLER))?;
    let sink = BaseUrl::parse(&format!("http://{}/spi", args.sink)).map_err(|error| error.to_string())?;
    std::fs::write(file, bench.declaration(sink))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    say(format!("apply it with `astrolabe apply -f {}`; the server must allow private addresses", file.display()));
    Ok(ExitCode::SUCCESS)
}

async fn against_target(args: &BenchArgs, target: &str) -> Result<Vec<Run>, String> {
    let bench = Bench::new(args, SellerId(TARGET_SELLER))?;
    let server = BaseUrl::parse(target).map_err(|error| error.to_string())?;
    let sink = Sink::open_at(bench.parties.pos.secret(), args.sink).await.map_err(|error| error.to_string())?;
    say("seeding the bench merchant");
    bench.seed(&server).await?;
    let mut runs = Vec::new();
    for connections in [RATIO_CONNECTIONS, 1, 512] {
        measure_into(
            &mut runs,
            &bench,
            AS_FOUND,
            Aim { server: &server, sink: &sink, connections, pace: Pace::Closed },
        )
        .await?;
    }
    sink.close().await;
    Ok(runs)
}

async fn against_own_servers(args: &BenchArgs) -> Result<Vec<Run>, String> {
    let mut runs = Vec::new();
    // Two sellers that no earlier bench in this database had.
    let first = 900_000_000 + clock::now().0 / 1_000 % 40_000_000 * 2;
    for (number, (arrangement, group_commands_max)) in [(GROUPED, None), (ALONE, Some(1))].into_iter().enumerate() {
        let bench = Bench::new(args, SellerId(first + number as i64))?;
        let sink = Sink::open(bench.parties.pos.secret()).await.map_err(|error| error.to_string())?;
        let address = sink.address().map_err(|error| error.to_string())?;
        let database = Database::of(args.database_url.as_deref())?;
        let server = ChildServer::start(&bench.http, database, &bench.declaration(address), group_commands_max).await?;
        say(format!("{arrangement}: seeding {} stock cells", bench.merchant.stock.len()));
        bench.seed(server.url()).await?;
        let aim = |connections, pace| Aim { server: server.url(), sink: &sink, connections, pace };
        measure_into(&mut runs, &bench, arrangement, aim(RATIO_CONNECTIONS, Pace::Closed)).await?;
        measure_into(&mut runs, &bench, arrangement, aim(1, Pace::Closed)).await?;
        if arrangement == GROUPED {
            let half = runs.first().map_or(1.0, |run| run.report.per_second / 2.0).max(1.0);
            measure_into(&mut runs, &bench, arrangement, aim(RATIO_CONNECTIONS, Pace::Open { per_second: half }))
                .await?;
            measure_into(&mut runs, &bench, arrangement, aim(512, Pace::Closed)).await?;
        }
        sink.close().await;
        server.stop().await;
    }
    Ok(runs)
}

/// What a measurement aims at.
struct Aim<'a> {
    server: &'a BaseUrl,
    sink: &'a Sink,
    connections: usize,
    pace: Pace,
}

async fn measure_into(
    runs: &mut Vec<Run>,
    bench: &Bench,
    arrangement: &'static str,
    aim: Aim<'_>,
) -> Result<(), String> {
    let report = bench.measure(aim.server, aim.sink, aim.connections, aim.pace).await?;
    say(format!(
        "{arrangement}: {} connections: {:.0} {} a second",
        report.connections, report.per_second, report.unit
    ));
    runs.push(Run { arrangement, report });
    Ok(())
}

fn print(figures: &Figures) {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header([
        "arrangement",
        "connections",
        "pace",
        "step",
        "per second",
        "p50 ms",
        "p99 ms",
        "max ms",
        "errors",
    ]);
    for run in &figures.runs {
        let report = &run.report;
        let pace = report.offered_per_second.map_or("closed".to_owned(), |rate| format!("open {rate:.0}/s"));
        table.add_row([
            run.arrangement.to_owned(),
            report.connections.to_string(),
            pace,
            report.unit.clone(),
            format!("{:.0}", report.per_second),
            String::new(),
            String::new(),
            String::new(),
            report.error_count().to_string(),
        ]);
        for step in &report.steps {
            let [p50, p99, max] = [step.p50_ms, step.p99_ms, step.max_ms].map(|ms| format!("{ms:.1}"));
            let rate = format!("{:.0}", step.count as f64 / report.seconds);
            table.add_row([
                String::new(),
                String::new(),
                String::new(),
                step.step.clone(),
                rate,
                p50,
                p99,
                max,
                String::new(),
            ]);
        }
    }
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    say(table.to_string());
    for run in &figures.runs {
        run.report.errors.iter().for_each(|(why, count)| {
            say(format!("  {} ({} connections): {count} × {why}", run.arrangement, run.report.connections))
        });
    }
    if let Some(ratio) = figures.ratio {
        say(format!(
            "group commit does {ratio:.1} × what one commit per request does, at {RATIO_CONNECTIONS} connections, {} cpus, load generator beside",
            figures.cpus
        ));
    }
}
