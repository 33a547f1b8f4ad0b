//! What `astrolabe rehearse` can be told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use astrolabe_protocol::{AppKey, Secret};
use astrolabe_rehearsal::fault::Wanted;
use astrolabe_rehearsal::ids::{ItemId, Listing, Location, SellerId, SkuId, StoreId};
use astrolabe_rehearsal::rehearse::{ChannelSpec, DriveSpec, Driven, LifeSpec, PlaySpec, Role, Tempo};
use astrolabe_rehearsal::temper::Temper;
use astrolabe_rehearsal::wire::BaseUrl;
use clap::{Args, Subcommand};

#[derive(Clone, Debug, Args)]
pub(crate) struct RehearseArgs {
    #[command(subcommand)]
    pub(super) party: Party,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Party {
    /// Drive an allocating ISV as the platform would and judge it (--spi), or play one for an Astrolabe (--target).
    Isv(PartyArgs),
    /// Drive a POS as the platform would and judge it (--spi), or play one for an Astrolabe (--target).
    Pos(PartyArgs),
    /// Play a sales channel for an Astrolabe.
    Channel(ChannelArgs),
    /// After a crash: ask an Astrolabe whether every acknowledged answer of `demo --record FILE` still stands.
    Verify(VerifyArgs),
}

#[derive(Clone, Debug, Args)]
pub(super) struct OutcomeArgs {
    /// Trades a second, at their instants whatever the other side does.
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
    /// Seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Something to do wrongly: NAME or NAME=SHARE; may be given several times. `right` does nothing wrongly.
    #[arg(long = "fault", value_name = "NAME[=SHARE]")]
    faults: Vec<Wanted>,
    /// Afterwards double the rate until answers fail or slow down, from --rate on, --seconds a step.
    #[arg(long)]
    knee: bool,
    /// Write the report to this file as well: .md, .json or .html; may be given several times.
    #[arg(long = "report", value_name = "FILE")]
    pub(super) reports: Vec<PathBuf>,
}

impl OutcomeArgs {
    fn tempo(&self) -> Tempo {
        Tempo { rate: self.rate, seconds: self.seconds }
    }
}

#[derive(Clone, Debug, Args)]
#[command(group(clap::ArgGroup::new("whom").required(true).args(["spi", "target"])))]
pub(super) struct PartyArgs {
    /// Drive the party at this SPI address.
    #[arg(long, value_name = "URL")]
    spi: Option<String>,
    /// Play the party for the Astrolabe at this address.
    #[arg(long, value_name = "URL", alias = "server", requires_all = ["session", "listen"])]
    target: Option<String>,
    /// Play, do not drive: says what --target means.
    #[arg(long, requires = "target")]
    play: bool,
    /// Driving: open the platform's doors for the party here and rehearse the whole life of orders. Playing: where the played party
    /// listens; register `http://ADDRESS/spi` as the app's SPI address.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The app's key.
    #[arg(long, alias = "app")]
    app_key: String,
    /// Its secret; better given in the environment than in a list of processes.
    #[arg(long, env = "ASTROLABE_REHEARSE_SECRET", hide_env_values = true)]
    secret: String,
    /// The session the app uses for the seller.
    #[arg(long, env = "ASTROLABE_REHEARSE_SESSION", hide_env_values = true)]
    session: Option<String>,
    /// The seller's id.
    #[arg(long, default_value_t = 21_230)]
    seller: i64,
    /// The seller's shop name.
    #[arg(long, default_value = "星盘示例旗舰店")]
    nick: String,
    /// Driving a POS without --listen: the store it is told of.
    #[arg(long)]
    store: Option<i64>,
    /// What counts as in time, in seconds (§5.4: five minutes).
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    within: u64,
    /// How long answers are waited for after the last trade.
    #[arg(long, default_value_t = 20, value_name = "SECONDS")]
    settle: u64,
    /// Everything drawn follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    pub(super) outcome: OutcomeArgs,
}

/// What is to be done with an ISV or a POS.
#[derive(Debug)]
pub(super) enum Plan {
    /// Calls only.
    Drive(DriveSpec),
    /// The whole life of orders.
    Live(LifeSpec),
    /// The party itself, for a platform.
    Play(PlaySpec),
}

/// Without a word from the user this is the session that the doors take.
const SESSION: &str = "rehearsal-session";

impl PartyArgs {
    /// What the flags mean for a role.
    pub(super) fn plan(&self, role: Role) -> Result<Plan, String> {
        match (&self.spi, &self.target, self.listen) {
            (Some(spi), _, Some(listen)) => Ok(Plan::Live(self.life(role, spi, listen)?)),
            (Some(spi), _, None) => Ok(Plan::Drive(self.drive(role, spi)?)),
            (None, Some(target), Some(listen)) => Ok(Plan::Play(self.play(target, listen)?)),
            (None, _, _) => Err("give --spi to drive, or --target with --listen and --session to play".to_owned()),
        }
    }

    fn drive(&self, role: Role, spi: &str) -> Result<DriveSpec, String> {
        let party = match (role, self.store) {
            (Role::Isv, _) => Driven::Isv,
            (Role::Pos, Some(store)) => Driven::Pos { store: Location::Store(StoreId(store)) },
            (Role::Pos, None) => return Err("a POS is told of a --store, or gets doors with --listen".to_owned()),
        };
        Ok(DriveSpec {
            address: address(spi)?,
            app_key: AppKey::new(self.app_key.as_str()),
            secret: Secret::new(self.secret.as_str()),
            seller: SellerId(self.seller),
            nick: self.nick.clone(),
            trades: Vec::new(),
            party,
            tempo: self.outcome.tempo(),
            wanted: self.outcome.faults.clone(),
            knee: self.outcome.knee,
        })
    }

    fn life(&self, role: Role, spi: &str, listen: SocketAddr) -> Result<LifeSpec, String> {
        Ok(LifeSpec {
            role,
            address: address(spi)?,
            app_key: AppKey::new(self.app_key.as_str()),
            secret: self.secret.clone(),
            session: self.session.clone().unwrap_or_else(|| SESSION.to_owned()),
            seller: SellerId(self.seller),
            nick: self.nick.clone(),
            tempo: self.outcome.tempo(),
            listen,
            wanted: self.outcome.faults.clone(),
            within: Duration::from_secs(self.within),
            settle: Duration::from_secs(self.settle),
            knee: self.outcome.knee,
            seed: self.seed,
        })
    }

    fn play(&self, target: &str, listen: SocketAddr) -> Result<PlaySpec, String> {
        Ok(PlaySpec {
            server: address(target)?,
            listen,
            app_key: AppKey::new(self.app_key.as_str()),
            secret: Secret::new(self.secret.as_str()),
            session: self.session.clone().unwrap_or_else(|| SESSION.to_owned()),
            seller: SellerId(self.seller),
            tempo: self.outcome.tempo(),
            // Right unless a fault is asked for; refusing and shipping late are everyday business.
            temper: Temper {
                seed: self.seed,
                silent: 0.0,
                allocator_silent: 0.0,
                allocator_only_when_asked: 0.0,
                itemadjust: 0.0,
                ..Temper::default()
            },
            wanted: self.outcome.faults.clone(),
        })
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct ChannelArgs {
    /// The Astrolabe's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", alias = "server")]
    target: String,
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
    pub(super) outcome: OutcomeArgs,
}

impl ChannelArgs {
    pub(super) fn spec(&self) -> Result<ChannelSpec, String> {
        Ok(ChannelSpec {
            server: address(&self.target)?,
            channel: self.channel.clone(),
            token: self.token.clone(),
            seller: SellerId(self.seller),
            nick: self.nick.clone(),
            listings: self.items.clone(),
            seed: self.seed,
            tempo: self.outcome.tempo(),
            wanted: self.outcome.faults.clone(),
            knee: self.outcome.knee,
        })
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct VerifyArgs {
    /// The Astrolabe's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(super) server: String,
    /// What `demo --record` wrote.
    #[arg(long, value_name = "FILE")]
    pub(super) record: PathBuf,
}

pub(super) fn address(url: &str) -> Result<BaseUrl, String> {
    BaseUrl::parse(url).map_err(|error| error.to_string())
}

fn listing(text: &str) -> Result<Listing, String> {
    let (item, sku) = text.split_once(':').unwrap_or((text, "0"));
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("{text} is no number"));
    Ok(Listing { item: ItemId(number(item)?), sku: SkuId(number(sku)?) })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_listing_is_an_item_with_or_without_a_sku() {
        let read = |text| listing(text).map(|listing| (listing.item.0, listing.sku.0));
        assert_eq!(read("530000000001"), Ok((530_000_000_001, 0)));
        assert_eq!(read("530000000001:31"), Ok((530_000_000_001, 31)));
        assert!(read("x").is_err() && read("1:").is_err());
    }

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: RehearseArgs,
    }

    fn planned(line: &str) -> Result<&'static str, String> {
        let words = ["rehearse"].into_iter().chain(line.split(' '));
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        let plan = match &line.args.party {
            Party::Isv(args) => args.plan(Role::Isv)?,
            Party::Pos(args) => args.plan(Role::Pos)?,
            Party::Channel(_) | Party::Verify(_) => return Ok("other"),
        };
        Ok(match plan {
            Plan::Drive(_) => "drive",
            Plan::Live(_) => "live",
            Plan::Play(_) => "play",
        })
    }

    #[test]
    fn flags_say_whether_to_drive_to_live_or_to_play() {
        let app = "--app-key 1 --secret s";
        let table = [
            (format!("isv --spi http://127.0.0.1:1/spi {app}"), Some("drive")),
            ("isv --spi http://127.0.0.1:1/spi --app 1 --secret s --seller 7".to_owned(), Some("drive")),
            (format!("isv --spi http://127.0.0.1:1/spi {app} --listen 127.0.0.1:0"), Some("live")),
            (format!("isv --play --target http://127.0.0.1:1 {app} --listen 127.0.0.1:0 --session x"), Some("play")),
            (format!("isv --play --spi http://127.0.0.1:1/spi {app}"), None),
            (format!("isv {app}"), None),
            (format!("pos --spi http://127.0.0.1:1/spi {app} --store 5"), Some("drive")),
            (format!("pos --spi http://127.0.0.1:1/spi {app}"), None),
            (format!("pos --server http://127.0.0.1:1 {app} --listen 127.0.0.1:0 --session x"), Some("play")),
            (format!("pos --server http://127.0.0.1:1 {app}"), None),
            (format!("isv --spi https://isv.example.com/spi {app}"), Some("drive")),
            (format!("isv --spi isv.example.com/spi {app}"), None),
            (format!("isv --spi http://127.0.0.1:1/spi {app} --fault lately"), None),
        ];
        for (line, plan) in table {
            assert_eq!(planned(&line).ok(), plan, "{line}");
        }
    }
}
