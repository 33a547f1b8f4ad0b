//! `astrolabe demo`: the whole platform at work on this machine. Four merchants, one for each role mode of white paper §3, with
//! stand-in channels, ISVs, POS, warehouses and store clerks who speak to the server over the wire only.
//!
//! The demo looks into the database for its progress line and its closing table; the stand-ins do not.

mod summary;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_core::ids::SellerId;
use astrolabe_rehearsal::ids as wire_ids;
use astrolabe_rehearsal::merchant::MerchantSpec;
use astrolabe_rehearsal::parties::Mode;
use astrolabe_rehearsal::recorder::Recorder;
use astrolabe_rehearsal::tally::Tally;
use astrolabe_rehearsal::temper::Temper;
use astrolabe_rehearsal::troupe::{Performance, Scene, Troupe};
use astrolabe_rehearsal::wire::{BaseUrl, Http};
use astrolabe_server::RunningServer;
use astrolabe_server::app::App;
use astrolabe_server::config::ServerConfig;
use astrolabe_server::declare;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::serve::wait_for_stop;
use crate::terminal::say;
use summary::{MerchantResult, Standings, Summary};

/// Orders of one demo at most: everything here is bounded.
const ORDERS_MAX: u64 = 50_000;
/// Stores of each merchant.
const STORES: usize = 320;
/// SKUs of each merchant at least.
const SKUS_MIN: usize = 500;
/// First seller id; each demo in one database takes the next four that are free.
const FIRST_SELLER: i64 = 21_230;
/// How often the progress line is drawn.
const LOOK_EVERY: Duration = Duration::from_millis(1_000);
/// How long orders may take to end after the last was pushed.
const SETTLE_WITHIN: Duration = Duration::from_secs(120);
/// How long calls outward may take to end after the last order did.
const DELIVER_WITHIN: Duration = Duration::from_secs(30);
/// Without a terminal a line is printed only so often.
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Paid trades in all.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=ORDERS_MAX))]
    orders: u64,
    /// Paid trades a second, over the four merchants.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    orders_per_second: u32,
    /// End after the closing table instead of staying up.
    #[arg(long)]
    exit: bool,
    /// Where the embedded database lies; a new directory under the system's temporary one when absent.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// postgres://…; without it, embedded SQLite.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Where to listen; a free port of the loopback address when 8080 is taken.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Chance follows from it: merchants, trades, tempers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write every acknowledged answer to this file, for `astrolabe rehearse verify`.
    #[arg(long, value_name = "FILE", hide = true)]
    record: Option<PathBuf>,
}

/// Runs it.
pub(crate) async fn run(args: DemoArgs) -> Result<ExitCode, String> {
    let begun = Instant::now();
    let config = config(&args);
    let server = start(&config, args.listen.is_some()).await?;
    let url = BaseUrl::parse(&format!("http://{}", server.address())).map_err(|error| error.to_string())?;
    let place = whereabouts(&config);
    say(format!("astrolabe demo 星盘演示 · {url} · {}", place.said));
    let http = Http::new().map_err(|error| error.to_string())?;
    let venue = Venue { app: &server.app, http: &http, url: &url };

    let performances = venue.raise(&args).await?;
    let progress = Progress::new(args.orders);
    let settled = watch(&server.app, &performances, &progress, &args).await?;
    let mut tallies = Vec::new();
    for performance in performances {
        tallies.push((
            performance.parties.mode,
            SellerId(performance.parties.seller.0),
            Arc::clone(&performance.tally),
        ));
        performance.end().await;
    }
    wait_for_deliveries(&server.app, &tallies).await?;
    progress.end();

    let summary = summarise(&server.app, &tallies, begun.elapsed(), settled).await?;
    summary.lines(&place.flag).into_iter().for_each(say);
    let good = summary.is_good();
    if args.exit {
        server.stop().await;
        return Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    say(format!("the server stays up: {url}/docs · metrics {url}/metrics · Ctrl-C ends it"));
    wait_for_stop().await;
    server.stop().await;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn config(args: &DemoArgs) -> ServerConfig {
    let fresh = || std::env::temp_dir().join(format!("astrolabe-demo-{}", astrolabe_rehearsal::clock::now().0 / 1_000));
    ServerConfig {
        listen: args.listen.unwrap_or(ServerConfig::default().listen),
        data_dir: args.data_dir.clone().unwrap_or_else(fresh),
        database_url: args.database_url.clone(),
        // The stand-ins are all on this machine.
        allow_private_addresses: true,
        ..ServerConfig::default()
    }
}

/// Where the data is, for people and as flags of other commands.
struct Whereabouts {
    said: String,
    flag: String,
}

fn whereabouts(config: &ServerConfig) -> Whereabouts {
    match &config.database_url {
        Some(url) => {
            let masked = astrolabe_server::config::mask_password(url);
            Whereabouts { said: masked.clone(), flag: format!("--database-url {masked}") }
        }
        None => {
            let dir = config.data_dir.display();
            Whereabouts { said: format!("SQLite in {dir}"), flag: format!("--data-dir {dir}") }
        }
    }
}

async fn start(config: &ServerConfig, address_is_asked_for: bool) -> Result<RunningServer, String> {
    match astrolabe_server::start(config).await {
        Err(astrolabe_server::StartError::Listen { address, .. }) if !address_is_asked_for => {
            let free = ServerConfig { listen: SocketAddr::new(address.ip(), 0), ..config.clone() };
            astrolabe_server::start(&free).await.map_err(|error| error.to_string())
        }
        outcome => outcome.map_err(|error| error.to_string()),
    }
}

/// The server the parties gather around.
struct Venue<'a> {
    app: &'a Arc<App>,
    http: &'a Http,
    url: &'a BaseUrl,
}

impl Venue<'_> {
    /// Declares and seeds four merchants and lets them begin.
    async fn raise(&self, args: &DemoArgs) -> Result<Vec<Performance>, String> {
        let first = free_sellers(self.app).await?;
        let recorder = match &args.record {
            Some(path) => {
                Recorder::append_to(path).map_err(|error| format!("cannot write {}: {error}", path.display()))?
            }
            None => Recorder::none(),
        };
        let recorder = Arc::new(recorder);
        let mut performances = Vec::new();
        let mut ready = Vec::new();
        for (number, mode) in Mode::ALL.into_iter().enumerate() {
            let orders = share(args.orders, number as u64);
            let troupe = Troupe::gather(&spec(args.seed, first + number as i64, mode, orders), mode)
                .await
                .map_err(|error| error.to_string())?;
            declare::apply(self.app, &troupe.declaration(&settings()), false)
                .await
                .map_err(|error| error.to_string())?;
            let seeded =
                troupe.seed(self.http, self.url).await.map_err(|error| format!("{}: {error}", troupe.parties.nick))?;
            say(format!(
                "  {} {} · {} stores 门店 · {} warehouses 电商仓 · {} SKUs · {} stock cells 库存",
                mode.section(),
                troupe.parties.nick,
                troupe.merchant.shops.len(),
                troupe.merchant.depots.len(),
                troupe.merchant.sku_count(),
                troupe.merchant.stock.len()
            ));
            ready.push((troupe, seeded, orders));
        }
        for (troupe, seeded, orders) in ready {
            let temper = Temper {
                seed: args.seed,
                trades_per_second: f64::from(args.orders_per_second) / Mode::ALL.len() as f64,
                ..Temper::default()
            };
            let scene = Scene {
                http: self.http.clone(),
                server: self.url.clone(),
                temper: Arc::new(temper),
                recorder: Arc::clone(&recorder),
                tally: Arc::new(Tally::default()),
                orders: usize::try_from(orders).unwrap_or(usize::MAX),
            };
            performances.push(troupe.perform(scene, &seeded));
        }
        Ok(performances)
    }
}

/// The orders of one of four merchants.
fn share(orders: u64, number: u64) -> u64 {
    let merchants = Mode::ALL.len() as u64;
    orders / merchants + u64::from(number < orders % merchants)
}

fn spec(seed: u64, seller: i64, mode: Mode, orders: u64) -> MerchantSpec {
    let nick = match mode {
        Mode::PlatformKeeper => "星盘示例旗舰店",
        Mode::IsvKeeper => "星盘示例女装店",
        Mode::PlatformPos => "星盘示例男装店",
        Mode::IsvPos => "星盘示例鞋包店",
    };
    MerchantSpec {
        seed: seed + seller.unsigned_abs(),
        seller: wire_ids::SellerId(seller),
        nick: nick.to_owned(),
        stores: STORES,
        skus_min: SKUS_MIN,
        orders: usize::try_from(orders).unwrap_or(usize::MAX),
    }
}

/// Time limits of seconds, where a merchant has minutes and hours.
fn settings() -> Vec<(&'static str, String)> {
    vec![
        ("allocate_within_ms", "3000".to_owned()),
        ("accept_within_ms", "4000".to_owned()),
        ("ship_within_ms", "60000".to_owned()),
        ("takeover", "true".to_owned()),
        // A store that lacked one thing goes on offering the rest until its next count.
        ("suspect_on_no_goods", "true".to_owned()),
    ]
}

/// The first of four seller ids that no earlier demo in this database took.
async fn free_sellers(app: &App) -> Result<i64, String> {
    let directory = app.store.directory().await.map_err(|error| error.to_string())?;
    let taken = directory.sellers.iter().map(|seller| seller.id.0);
    Ok(taken.filter(|id| *id >= FIRST_SELLER).max().map_or(FIRST_SELLER, |last| last + 1))
}

/// The progress line: redrawn on a terminal, now and then a plain line elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(orders: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(orders), ProgressDrawTarget::stderr());
        if bar.is_hidden() {
            return Self { bar: None };
        }
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {msg}") {
            bar.set_style(style);
        }
        Self { bar: Some(bar) }
    }

    fn show(&self, done: u64, text: &str, plain_line_due: bool) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(done);
                bar.set_message(text.to_owned());
            }
            None if plain_line_due => say(text),
            None => {}
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Watches until every order is shipped, closed or explained. Answers whether that came in time.
async fn watch(app: &App, performances: &[Performance], progress: &Progress, args: &DemoArgs) -> Result<bool, String> {
    let pushing = Duration::from_secs(args.orders / u64::from(args.orders_per_second.max(1)) + 1);
    // A slow machine pushes slower than asked.
    let deadline = Instant::now() + pushing * 3 + SETTLE_WITHIN;
    let mut last_plain: Option<Instant> = None;
    loop {
        let mut standing = Standings::default();
        for performance in performances {
            let overview =
                app.store.overview(SellerId(performance.parties.seller.0)).await.map_err(|error| error.to_string())?;
            standing.add(&overview);
        }
        let all_pushed = performances.iter().all(Performance::all_pushed);
        let line_due = last_plain.is_none_or(|last| last.elapsed() >= PLAIN_LINE_EVERY);
        if line_due {
            last_plain = Some(Instant::now());
        }
        progress.show(standing.trades.unsigned_abs(), &standing.line(), line_due);
        // What nobody can serve is settled when its buyer gave up; a refund when the channel's desk has decided it.
        let buyers_wait = standing.unfillable != 0 && performances.iter().any(|one| one.open_trades() != 0);
        let refunds_wait = performances.iter().any(|one| one.open_refunds() != 0);
        if all_pushed && standing.open == 0 && !buyers_wait && !refunds_wait {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until no call outward is on its way any more, but not for ever.
async fn wait_for_deliveries(app: &App, sellers: &[(Mode, SellerId, Arc<Tally>)]) -> Result<(), String> {
    let deadline = Instant::now() + DELIVER_WITHIN;
    while Instant::now() < deadline {
        let mut pending = 0;
        for (_, seller, _) in sellers {
            let overview = app.store.overview(*seller).await.map_err(|error| error.to_string())?;
            pending += summary::count_of(&overview.outward, "pending");
        }
        if pending == 0 {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn summarise(
    app: &App,
    sellers: &[(Mode, SellerId, Arc<Tally>)],
    took: Duration,
    settled: bool,
) -> Result<Summary, String> {
    let mut merchants = Vec::new();
    for (mode, seller, tally) in sellers {
        let overview = app.store.overview(*seller).await.map_err(|error| error.to_string())?;
        let snapshot = app.store.stock_snapshot(*seller, app.clock.now()).await.map_err(|error| error.to_string())?;
        merchants.push(MerchantResult { mode: *mode, overview, cells: snapshot.cells, tally: Arc::clone(tally) });
    }
    let findings = crate::doctor::examine(app.store.as_ref(), app.clock.now()).await?;
    Ok(Summary { merchants, findings, took, settled })
}
