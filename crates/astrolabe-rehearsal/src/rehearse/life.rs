//! A party in the whole life of orders: a real platform between it and stand-ins for everybody else. The party's SPI address is
//! called through a [`Relay`], the party calls [`Doors`]; both judge what passes. Who starts the platform brings its address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use astrolabe_protocol::{AppKey, Secret};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Tempo;
use super::calls::Caller;
use super::casebook::Casebook;
use super::doors::Doors;
use super::exchange::Masks;
use super::load::{LoadReport, StepReport, climb};
use super::relay::{Relay, Role};
use super::report::Report;
use super::right_calls::RightCalls;
use super::rules::Rule;
use super::spi_call::Address;
use super::transcript::Transcript;
use crate::clock;
use crate::fault::{Fault, FaultPlan, Wanted};
use crate::ids::{SellerId, Tid};
use crate::listener::{Front, Listener, Party};
use crate::merchant::{Merchant, MerchantSpec, Shelf, TradeMaker};
use crate::parties::{Addresses, AppParty, Mode, Parties};
use crate::recorder::Recorder;
use crate::seed::{SeedError, Seeded, seed_over_wire};
use crate::standins::Stage;
use crate::standins::channel::{Channel, RefundWatcher};
use crate::standins::pos::{Pos, RefundAnswers};
use crate::standins::till::Till;
use crate::tally::Tally;
use crate::temper::{Delay, Temper};
use crate::trade_view;
use crate::troupe::GatherError;
use crate::wire::{BaseUrl, Http};

/// What is counted under load.
const UNIT: &str = "trades paid and answered";
/// Stores of the rehearsal's merchant.
const STORES: usize = 12;
/// Its SKUs at least.
const SKUS_MIN: usize = 24;
/// Units added to every shelf: want of goods is not what is rehearsed, and a knee takes many.
const UNITS_MORE: i64 = 200_000;
/// A step of the load begins when nobody has called for so long.
const QUIET_FOR: Duration = Duration::from_secs(1);
/// How often the end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After the last answer, so long for a call that nobody expects any more.
const AFTERMATH: Duration = Duration::from_millis(500);
/// How long a platform waits for an allocation before it asks after it.
const ALLOCATE_WITHIN_MS_MAX: u128 = 5_000;

/// What to rehearse.
#[derive(Debug, Clone)]
pub struct LifeSpec {
    /// Which party.
    pub role: Role,
    /// Its SPI address.
    pub address: BaseUrl,
    /// Its app's key.
    pub app_key: AppKey,
    /// Its secret, as text: the platform must be told it.
    pub secret: String,
    /// The session it uses for the seller.
    pub session: String,
    /// The seller.
    pub seller: SellerId,
    /// Its shop name.
    pub nick: String,
    /// How long and how fast.
    pub tempo: Tempo,
    /// Where the doors open for the party.
    pub listen: SocketAddr,
    /// Faults; the default set where nothing is named.
    pub wanted: Vec<Wanted>,
    /// §5.4's five minutes.
    pub within: Duration,
    /// How long answers are waited for after the last trade.
    pub settle: Duration,
    /// Whether the knee is looked for afterwards.
    pub knee: bool,
    /// Everything drawn follows from it.
    pub seed: u64,
}

/// A rehearsal with its addresses open and nobody listening yet.
#[derive(Debug)]
pub struct Life {
    spec: LifeSpec,
    parties: Parties,
    merchant: Arc<Merchant>,
    spi: Listener,
    doors: Listener,
    pos: Listener,
}

impl Life {
    /// Opens the addresses and makes a merchant of stores only: §3.3's POS and §3.4's ISV need no warehouse.
    ///
    /// # Errors
    /// [`GatherError`].
    pub async fn prepare(spec: LifeSpec) -> Result<Self, GatherError> {
        let doors = Listener::open_at(spec.listen).await?;
        let (spi, pos) = (Listener::open().await?, Listener::open().await?);
        let mode = match spec.role {
            Role::Isv => Mode::IsvPos,
            Role::Pos => Mode::PlatformPos,
        };
        let mut parties = Parties::of(spec.seller, &spec.nick, mode);
        let app = AppParty::given(spec.app_key.as_str(), &spec.secret, &spec.session);
        match spec.role {
            Role::Isv => parties.isv = app,
            Role::Pos => parties.pos = app,
        }
        let merchant = MerchantSpec {
            seed: spec.seed,
            seller: spec.seller,
            nick: spec.nick.clone(),
            stores: STORES,
            skus_min: SKUS_MIN,
            orders: 1,
        };
        let mut merchant = Merchant::generate(&merchant);
        merchant.depots.clear();
        merchant.stock.retain(|line| match line.shelf {
            Shelf::Shop(_) => true,
            Shelf::Depot(_) => false,
        });
        merchant.stock.iter_mut().for_each(|line| line.quantity += UNITS_MORE);
        Ok(Self { spec, parties, merchant: Arc::new(merchant), spi, doors, pos })
    }

    /// What `astrolabe apply` is to be told.
    ///
    /// # Errors
    /// Never: the addresses are this machine's.
    pub fn declaration(&self) -> Result<String, GatherError> {
        let (spi, pos) = (Some(self.spi.url("/spi")?), Some(self.pos.url("/spi")?));
        let addresses = match self.spec.role {
            Role::Isv => Addresses { isv: spi, pos, ..Addresses::default() },
            Role::Pos => Addresses { pos: spi, ..Addresses::default() },
        };
        let asks_after = (self.spec.within.as_millis() / 2).clamp(1, ALLOCATE_WITHIN_MS_MAX);
        let settings = [("allocate_within_ms", asks_after.to_string()), ("takeover", "false".to_owned())];
        Ok(self.parties.declaration(&self.merchant.depots, &addresses, &settings))
    }

    /// Where the party calls: doors with the paths of a platform.
    ///
    /// # Errors
    /// Never: the address is this machine's.
    pub fn doors(&self) -> Result<BaseUrl, GatherError> {
        Ok(self.doors.url("")?)
    }

    /// Seeds the merchant with its own connector.
    ///
    /// # Errors
    /// [`SeedError`].
    pub async fn seed(&self, http: &Http, server: &BaseUrl) -> Result<Seeded, SeedError> {
        let connector = self.parties.erp.connector(http, server, self.parties.seller);
        seed_over_wire(&connector, Arc::clone(&self.merchant)).await
    }

    /// Rehearses to the end.
    pub async fn run(self, http: &Http, server: &BaseUrl, seeded: &Seeded) -> Report {
        let ensemble = Ensemble::new(&self, http, server);
        self.spi.seat_front(Arc::clone(&ensemble.relay) as Arc<dyn Front>);
        self.doors.seat_front(Arc::clone(&ensemble.doors) as Arc<dyn Front>);
        let cast = Cast { life: &self, http, server, seeded };
        let staging = Staging::new(&cast, everyday(&self.spec));
        staging.channel.watch_refunds(Arc::clone(&ensemble.casebook) as Arc<dyn RefundWatcher>);
        if self.spec.role == Role::Isv {
            self.pos.seat(staging.pos(&cast) as Arc<dyn Party>);
        }
        let first = ensemble.step(&staging, self.spec.tempo.rate).await;
        ensemble.wait_for_the_end(&staging).await;
        ensemble.conclude().await;
        staging.end().await;
        let mut load = LoadReport { unit: UNIT, steps: vec![first], knee: None };
        if self.spec.knee {
            ensemble.relay.calls.plan.stop();
            let staging = Staging::new(&cast, calm(&self.spec));
            load = climb(UNIT, self.spec.tempo.rate, async |rate| ensemble.fresh_step(&staging, rate).await).await;
            staging.end().await;
        }
        let faults = ensemble.relay.calls.plan.faults();
        let report = Report::of(self.spec.role.name(), "driven", &ensemble.transcript, &faults, Some(load));
        for listener in [self.spi, self.doors, self.pos] {
            listener.close().await;
        }
        report
    }
}

/// Ordinary days with some refunds and refusals, in seconds.
fn everyday(spec: &LifeSpec) -> Temper {
    Temper {
        seed: spec.seed,
        refunds: 0.15,
        refund_after: Delay::ms(100, 1_200),
        patience: Duration::from_secs(2),
        answer_after: Delay::ms(100, 500),
        refuse: 0.15,
        silent: 0.0,
        ship_after: Delay::ms(100, 500),
        offline_sales_per_second: 0.0,
        ..Temper::default()
    }
}

/// Nothing but trades: for load.
fn calm(spec: &LifeSpec) -> Temper {
    Temper { refunds: 0.0, refuse: 0.0, patience: Duration::from_secs(86_400), ..everyday(spec) }
}

/// What everybody is made from.
struct Cast<'a> {
    life: &'a Life,
    http: &'a Http,
    server: &'a BaseUrl,
    seeded: &'a Seeded,
}

/// The stand-ins of one phase.
struct Staging {
    curtain: watch::Sender<bool>,
    stage: Stage,
    channel: Arc<Channel>,
    desk: JoinSet<()>,
}

impl Staging {
    fn new(cast: &Cast<'_>, temper: Temper) -> Self {
        let (curtain, seen) = watch::channel(false);
        let stage = Stage {
            seller: cast.life.spec.seller,
            temper: Arc::new(temper),
            tally: Arc::new(Tally::default()),
            recorder: Arc::new(Recorder::none()),
            curtain: seen,
        };
        let maker = TradeMaker::new(&cast.life.merchant, clock::now().0 / 1_000);
        let (http, server, parties) = (cast.http.clone(), cast.server.clone(), cast.life.parties.clone());
        let channel = Channel::new(http, server, parties, maker, stage.clone());
        let mut desk = JoinSet::new();
        desk.spawn(Arc::clone(&channel).run_desk());
        Self { curtain, stage, channel, desk }
    }

    fn pos(&self, cast: &Cast<'_>) -> Arc<Pos> {
        let parties = &cast.life.parties;
        let erp = parties.erp.connector(cast.http, cast.server, parties.seller);
        let till = Arc::new(Till::new(erp, cast.seeded, self.stage.clone()));
        let connector = parties.pos.connector(cast.http, cast.server, parties.seller);
        Pos::new(connector, parties.pos.secret(), RefundAnswers::BySync, till, self.stage.clone())
    }

    async fn end(mut self) {
        self.curtain.send_replace(true);
        while let Some(ended) = self.desk.join_next().await {
            if let Err(error) = ended {
                tracing::warn!(%error, "the channel's desk ended badly");
            }
        }
    }
}

/// What watches, over all phases.
struct Ensemble {
    relay: Arc<Relay>,
    doors: Arc<Doors>,
    casebook: Arc<Casebook>,
    transcript: Arc<Transcript>,
    spec: LifeSpec,
    merchant_token: String,
}

impl Ensemble {
    fn new(life: &Life, http: &Http, server: &BaseUrl) -> Self {
        let spec = life.spec.clone();
        let masks = Masks::new([spec.secret.clone(), spec.session.clone()]);
        let transcript = Arc::new(Transcript::new(spec.within, masks));
        let casebook = Arc::new(Casebook::default());
        let faults = [spec.role.probes(), Fault::VARIANTS, Fault::DOORS].concat();
        let plan = Arc::new(FaultPlan::new(spec.seed, &spec.wanted, &faults));
        let secret = Secret::new(spec.secret.as_str());
        let address = Address { url: spec.address.clone(), app_key: spec.app_key.clone(), secret: secret.clone() };
        let relay = Arc::new(Relay {
            role: spec.role,
            calls: RightCalls::new(http.clone(), address, Arc::clone(&plan), Arc::clone(&transcript)),
            seller: spec.seller,
            casebook: Arc::clone(&casebook),
            asked_after: AtomicU64::new(0),
            beside: Mutex::default(),
        });
        let caller = Caller {
            app_key: spec.app_key.clone(),
            secret,
            session: spec.session.clone(),
            seller: spec.seller.to_string(),
        };
        let doors = Arc::new(Doors {
            http: http.clone(),
            server: server.clone(),
            role: spec.role,
            caller,
            plan,
            transcript: Arc::clone(&transcript),
            casebook: Arc::clone(&casebook),
            relay: Arc::clone(&relay),
        });
        let merchant_token = life.parties.merchant_token();
        Self { relay, doors, casebook, transcript, spec, merchant_token }
    }

    /// A step that does not pay for what the one before left behind.
    async fn fresh_step(&self, staging: &Staging, rate: f64) -> StepReport {
        let deadline = Instant::now() + self.spec.settle;
        let mut before = self.transcript.calls();
        while Instant::now() < deadline {
            tokio::time::sleep(QUIET_FOR).await;
            let now = self.transcript.calls();
            if now == before {
                break;
            }
            before = now;
        }
        self.step(staging, rate).await
    }

    /// Trades are paid at their instants whatever the platform and the party do.
    async fn step(&self, staging: &Staging, rate: f64) -> StepReport {
        self.casebook.begin_step(self.spec.within);
        let tempo = Tempo { rate, ..self.spec.tempo };
        let start = Instant::now();
        let mut payments = JoinSet::new();
        for number in 0..tempo.trades() {
            let due = start + tempo.gap() * u32::try_from(number).unwrap_or(u32::MAX);
            tokio::time::sleep_until(due.into()).await;
            let made = staging.channel.make();
            let lines = made.lines.iter().map(|line| line.oid).collect();
            self.casebook.paid(made.tid, due, lines);
            let (channel, casebook) = (Arc::clone(&staging.channel), Arc::clone(&self.casebook));
            payments.spawn(async move {
                if !channel.push_made(&made).await {
                    casebook.unpaid(made.tid);
                }
            });
        }
        while let Some(ended) = payments.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a payment ended badly");
            }
        }
        self.until(|| self.casebook.unanswered() == 0).await;
        StepReport::of(rate, tempo.seconds, &self.casebook.end_step())
    }

    /// Every order shipped, cancelled or given up, and every call repeated that had to be.
    async fn wait_for_the_end(&self, staging: &Staging) {
        self.until(|| {
            self.casebook.untold().is_empty()
                && self.casebook.unrepeated().is_empty()
                && staging.channel.open_trades() == 0
        })
        .await;
    }

    /// Waits for a condition, but not longer than the rehearsal is to settle.
    async fn until(&self, settled: impl Fn() -> bool) {
        let deadline = Instant::now() + self.spec.settle;
        while !settled() && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What shows only at the end: what never came, and what nothing explains.
    async fn conclude(&self) {
        self.relay.settle().await;
        tokio::time::sleep(AFTERMATH).await;
        for tid in self.casebook.doubtful() {
            if self.still_waits(tid).await {
                let came = format!("nothing about trade {tid} within {} s", self.spec.settle.as_secs());
                let question = self.spec.role.question();
                self.transcript.find(Rule::NeverTold, question, "an answer to every question", &came, None);
            }
        }
        for change in self.casebook.unexplained() {
            let expected = format!("sub-order {} at {}", change.oid, change.before);
            let method = "taobao.omniorder.allocatedinfo.sync";
            self.transcript.find(Rule::AllocatedTwice, method, &expected, &change.now, Some(&change.exchange));
            self.transcript.missed(Fault::Duplicate);
        }
        for (method, tid, fault) in self.casebook.unrepeated() {
            let came = format!("trade {tid}: once, after the fault {}", fault.name());
            self.transcript.find(Rule::NotRepeated, &method, "the call again", &came, None);
            self.transcript.missed(fault);
        }
    }

    /// Whether the platform still waits for the party: the platform knows best.
    async fn still_waits(&self, tid: Tid) -> bool {
        let (http, server) = (&self.doors.http, &self.doors.server);
        match trade_view::fetch(http, server, &self.merchant_token, tid).await {
            Ok(view) => match self.spec.role {
                Role::Isv => view.lines.iter().any(|line| line.unassigned.as_deref() == Some("routing")),
                Role::Pos => view.assignments.iter().any(|assignment| assignment.state == "notified"),
            },
            Err(error) => {
                tracing::error!(%error, %tid, "the platform does not say how a trade stands");
                false
            }
        }
    }
}
