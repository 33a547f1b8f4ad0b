//! `astrolabe rehearse`: plays one party of the protocol, or drives an ISV's or POS's SPI address, and reports by method.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use astrolabe_protocol::{AppKey, Secret};
use astrolabe_rehearsal::ids::{ItemId, Listing, Location, SellerId, SkuId, StoreId};
use astrolabe_rehearsal::parties::{Mode, Parties};
use astrolabe_rehearsal::recorder;
use astrolabe_rehearsal::rehearse::{
    ChannelSpec, DriveSpec, Driven, PartyReport, PosSpec, Tempo, drive, play_channel, play_pos,
};
use astrolabe_rehearsal::temper::Temper;
use astrolabe_rehearsal::verify::verify;
use astrolabe_rehearsal::wire::{Http, LocalUrl};
use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;

use crate::terminal::say;

#[derive(Clone, Debug, Args)]
pub(crate) struct RehearseArgs {
    #[command(subcommand)]
    party: Party,
}

#[derive(Clone, Debug, Subcommand)]
enum Party {
    /// Call an allocating ISV's SPI address as the platform would, with faults among the calls.
    Isv(IsvArgs),
    /// Call a POS's SPI address as the platform would, or play the POS against an Astrolabe.
    Pos(PosArgs),
    /// Play a sales channel against an Astrolabe.
    Channel(ChannelArgs),
    /// After a crash: ask an Astrolabe whether every acknowledged answer of `demo --record FILE` still stands.
    Verify(VerifyArgs),
}

#[derive(Clone, Debug, Args)]
struct TempoArgs {
    /// Trades a second.
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
    /// Seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

impl TempoArgs {
    fn tempo(&self) -> Tempo {
        Tempo { rate: self.rate, seconds: self.seconds }
    }
}

#[derive(Clone, Debug, Args)]
struct AppArgs {
    /// The app's key.
    #[arg(long)]
    app_key: String,
    /// Its secret; better given in the environment than in a list of processes.
    #[arg(long, env = "ASTROLABE_REHEARSE_SECRET", hide_env_values = true)]
    secret: String,
    /// The seller's id.
    #[arg(long)]
    seller: i64,
}

#[derive(Clone, Debug, Args)]
struct IsvArgs {
    /// The ISV's SPI address on this machine.
    #[arg(long, value_name = "URL")]
    spi: String,
    #[command(flatten)]
    app: AppArgs,
    /// The seller's shop name.
    #[arg(long, default_value = "星盘示例旗舰店")]
    nick: String,
    #[command(flatten)]
    tempo: TempoArgs,
}

#[derive(Clone, Debug, Args)]
#[command(group(clap::ArgGroup::new("whom").required(true).args(["spi", "server"])))]
struct PosArgs {
    /// Drive the POS at this SPI address.
    #[arg(long, value_name = "URL", requires = "store")]
    spi: Option<String>,
    /// The store the driven POS is told of.
    #[arg(long)]
    store: Option<i64>,
    /// Play the POS against the Astrolabe at this address.
    #[arg(long, value_name = "URL", requires_all = ["session", "listen"])]
    server: Option<String>,
    /// Where the played POS listens: register `http://ADDRESS/spi` as the app's SPI address.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The played POS's session for the seller.
    #[arg(long)]
    session: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    tempo: TempoArgs,
}

#[derive(Clone, Debug, Args)]
struct ChannelArgs {
    /// The Astrolabe's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// The channel's name.
    #[arg(long)]
    channel: String,
    /// Its bearer token; better given in the environment than in a list of processes.
    #[arg(long, env = "ASTROLABE_REHEARSE_TOKEN", hide_env_values = true)]
    token: String,
    /// The seller's id.
    #[arg(long)]
    seller: i64,
    /// The seller's shop name, as the trades say it.
    #[arg(long)]
    nick: String,
    /// What buyers buy: ITEM or ITEM:SKU; may be given several times, best seller first.
    #[arg(long = "item", value_name = "ITEM[:SKU]", required = true, value_parser = listing)]
    items: Vec<Listing>,
    /// Trades follow from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    tempo: TempoArgs,
}

#[derive(Clone, Debug, Args)]
struct VerifyArgs {
    /// The Astrolabe's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// What `demo --record` wrote.
    #[arg(long, value_name = "FILE")]
    record: PathBuf,
}

/// Rehearses and reports; a failed rehearsal is exit code 1.
pub(crate) async fn run(args: RehearseArgs) -> Result<ExitCode, String> {
    let http = Http::new().map_err(|error| error.to_string())?;
    let report = match args.party {
        Party::Isv(args) => drive(&http, &args.spec()?).await,
        Party::Pos(args) => args.run(&http).await?,
        Party::Channel(args) => play_channel(&http, &args.spec()?).await,
        Party::Verify(args) => return check(&http, &args).await,
    };
    print(&report);
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn local(url: &str) -> Result<LocalUrl, String> {
    LocalUrl::parse(url).map_err(|error| error.to_string())
}

fn listing(text: &str) -> Result<Listing, String> {
    let (item, sku) = text.split_once(':').unwrap_or((text, "0"));
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("{text} is no number"));
    Ok(Listing { item: ItemId(number(item)?), sku: SkuId(number(sku)?) })
}

impl IsvArgs {
    fn spec(&self) -> Result<DriveSpec, String> {
        Ok(DriveSpec {
            address: local(&self.spi)?,
            app_key: AppKey::new(self.app.app_key.as_str()),
            secret: Secret::new(self.app.secret.as_str()),
            seller: SellerId(self.app.seller),
            nick: self.nick.clone(),
            trades: Vec::new(),
            party: Driven::Isv,
            tempo: self.tempo.tempo(),
        })
    }
}

impl PosArgs {
    async fn run(&self, http: &Http) -> Result<PartyReport, String> {
        match (&self.spi, self.store, &self.server, self.listen, &self.session) {
            (Some(spi), Some(store), _, _, _) => Ok(drive(http, &self.drive_spec(spi, StoreId(store))?).await),
            (None, _, Some(server), Some(listen), Some(session)) => {
                let spec = self.play_spec(server, listen, session)?;
                say(format!("playing the POS: http://{listen}/spi hears the platform for {} s", self.tempo.seconds));
                play_pos(http, &spec).await.map_err(|error| format!("cannot listen on {listen}: {error}"))
            }
            _ => Err("give --spi with --store, or --server with --listen and --session".to_owned()),
        }
    }

    fn drive_spec(&self, spi: &str, store: StoreId) -> Result<DriveSpec, String> {
        Ok(DriveSpec {
            address: local(spi)?,
            app_key: AppKey::new(self.app.app_key.as_str()),
            secret: Secret::new(self.app.secret.as_str()),
            seller: SellerId(self.app.seller),
            nick: String::new(),
            trades: Vec::new(),
            party: Driven::Pos { store: Location::Store(store) },
            tempo: self.tempo.tempo(),
        })
    }

    fn play_spec(&self, server: &str, listen: SocketAddr, session: &str) -> Result<PosSpec, String> {
        Ok(PosSpec {
            server: local(server)?,
            listen,
            app_key: AppKey::new(self.app.app_key.as_str()),
            secret: Secret::new(self.app.secret.as_str()),
            session: session.to_owned(),
            seller: SellerId(self.app.seller),
            tempo: self.tempo.tempo(),
            temper: Temper::default(),
        })
    }
}

impl ChannelArgs {
    fn spec(&self) -> Result<ChannelSpec, String> {
        Ok(ChannelSpec {
            server: local(&self.server)?,
            channel: self.channel.clone(),
            token: self.token.clone(),
            seller: SellerId(self.seller),
            nick: self.nick.clone(),
            listings: self.items.clone(),
            seed: self.seed,
            tempo: self.tempo.tempo(),
        })
    }
}

fn print(report: &PartyReport) {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["method 接口", "ok", "failed", "slowest", "> 5 min (§5.4)"]);
    for (name, method) in &report.methods {
        table.add_row([
            name.clone(),
            method.ok.to_string(),
            method.failed.to_string(),
            format!("{} ms", method.slowest_ms),
            method.beyond_five_minutes.to_string(),
        ]);
    }
    say(table.to_string());
    for (name, method) in &report.methods {
        method.reasons.iter().for_each(|why| say(format!("  {name}: {why}")));
    }
    report.notes.iter().for_each(say);
    say(if report.passed() { "passed" } else { "not passed" });
}

async fn check(http: &Http, args: &VerifyArgs) -> Result<ExitCode, String> {
    let facts = recorder::read(&args.record).map_err(|error| format!("{}: {error}", args.record.display()))?;
    let sellers: std::collections::BTreeSet<SellerId> = facts.iter().map(|known| known.seller).collect();
    // Tokens and keys follow from the seller alone; the mode does not matter for looking.
    let parties: Vec<Parties> =
        sellers.into_iter().map(|seller| Parties::of(seller, "", Mode::PlatformKeeper)).collect();
    let verdict = verify(http, &local(&args.server)?, &parties, &facts).await.map_err(|error| error.to_string())?;
    verdict.named.iter().for_each(|lost| say(format!("lost: {lost}")));
    say(format!("{} acknowledged facts asked after, {} lost", verdict.asked, verdict.lost));
    Ok(if verdict.lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_an_item_with_or_without_a_sku() {
        let read = |text| listing(text).map(|listing| (listing.item.0, listing.sku.0));
        assert_eq!(read("530000000001"), Ok((530_000_000_001, 0)));
        assert_eq!(read("530000000001:31"), Ok((530_000_000_001, 31)));
        assert!(read("x").is_err() && read("1:").is_err());
    }
}
