//! Calls a party's SPI address as the platform would (white paper §6.6), without a platform: each trade's calls in their order,
//! form and JSON by turns, with the faults of the plan. What the party then tells a platform is not seen here; [`super::life`] is
//! for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use astrolabe_protocol::catalogue::find_outward;
use astrolabe_protocol::{AppKey, Fields, Secret, Value};
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::Tempo;
use super::casebook::Casebook;
use super::exchange::Masks;
use super::load::{LoadReport, StepReport, StepSeen, climb};
use super::probes::Prober;
use super::relay::Role;
use super::report::Report;
use super::right_calls::RightCalls;
use super::spi_call::Address;
use super::transcript::Transcript;
use crate::clock;
use crate::fault::{Fault, FaultPlan, Wanted};
use crate::ids::{Location, Oid, SellerId, Tid};
use crate::wire::{BaseUrl, Http};

/// What is counted under load.
const UNIT: &str = "calls to allocate or tell";
/// Ids between two made-up trades.
const IDS_PER_TRADE: i64 = 16;

/// Which party is driven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driven {
    /// An allocating ISV.
    Isv,
    /// A POS; it is told that the trade went to this location.
    Pos {
        /// One of the merchant's stores.
        store: Location,
    },
}

impl Driven {
    fn role(&self) -> Role {
        match self {
            Self::Isv => Role::Isv,
            Self::Pos { .. } => Role::Pos,
        }
    }
}

/// What to drive, and how.
#[derive(Debug, Clone)]
pub struct DriveSpec {
    /// The SPI address.
    pub address: BaseUrl,
    /// The app's key.
    pub app_key: AppKey,
    /// Its secret.
    pub secret: Secret,
    /// The seller.
    pub seller: SellerId,
    /// Its shop name.
    pub nick: String,
    /// Trades the calls are about; made-up ones are used when there are none.
    pub trades: Vec<(Tid, Oid)>,
    /// Who.
    pub party: Driven,
    /// How long and how fast.
    pub tempo: Tempo,
    /// Faults; the default set where nothing is named.
    pub wanted: Vec<Wanted>,
    /// Whether the knee is looked for afterwards.
    pub knee: bool,
}

/// Drives it to the end of the tempo.
pub async fn drive(http: &Http, spec: &DriveSpec) -> Report {
    let calls_only = [spec.party.role().probes(), Fault::VARIANTS].concat();
    let address = Address { url: spec.address.clone(), app_key: spec.app_key.clone(), secret: spec.secret.clone() };
    let plan = Arc::new(FaultPlan::new(1, &spec.wanted, &calls_only));
    let transcript = Arc::new(Transcript::new(crate::tally::REPORT_WITHIN, Masks::default()));
    let driver = Arc::new(Driver {
        calls: RightCalls::new(http.clone(), address, Arc::clone(&plan), Arc::clone(&transcript)),
        spec: spec.clone(),
        casebook: Casebook::default(),
        trades: AtomicU64::new(0),
        run: clock::now().0 * 1_000,
    });
    let first = driver.step(spec.tempo.rate, Script::Whole).await;
    let load = if spec.knee {
        plan.stop();
        climb(UNIT, spec.tempo.rate, async |rate| driver.step(rate, Script::Question).await).await
    } else {
        LoadReport { unit: UNIT, steps: vec![first], knee: None }
    };
    transcript.note(
        "Calls only: what the party tells a platform was not seen. Give --listen for the whole life of orders. \
         只验证了对 SPI 的调用；加 --listen 可演练完整的订单流程。"
            .to_owned(),
    );
    let faults: Vec<Fault> = plan.faults().into_iter().filter(|fault| calls_only.contains(fault)).collect();
    Report::of(spec.party.role().name(), "driven", &transcript, &faults, Some(load))
}

struct Driver {
    calls: RightCalls,
    spec: DriveSpec,
    casebook: Casebook,
    trades: AtomicU64,
    run: i64,
}

/// Which calls a trade brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// All of them, and the faults.
    Whole,
    /// The first only: the load is counted in it.
    Question,
}

impl Driver {
    /// Trades begin at their instants, whatever the party does.
    async fn step(self: &Arc<Self>, rate: f64, script: Script) -> StepReport {
        let tempo = Tempo { rate, ..self.spec.tempo };
        let start = Instant::now();
        let seen = Arc::new(Mutex::new(StepSeen { sent: tempo.trades(), ..StepSeen::default() }));
        let mut trades = JoinSet::new();
        for number in 0..tempo.trades() {
            let due = start + tempo.gap() * u32::try_from(number).unwrap_or(u32::MAX);
            tokio::time::sleep_until(due.into()).await;
            let (driver, seen) = (Arc::clone(self), Arc::clone(&seen));
            trades.spawn(async move {
                let (tid, oid) = driver.next_trade();
                let mut calls = driver.calls_of(tid, oid).into_iter();
                let Some((name, fields)) = calls.next() else { return };
                let taken = driver.call(name, &fields).await;
                {
                    let mut seen = seen.lock();
                    seen.lasted = start.elapsed().as_secs_f64();
                    if taken {
                        seen.good += 1;
                        seen.times.add(due.elapsed());
                    } else {
                        seen.failed += 1;
                    }
                }
                if script == Script::Whole {
                    driver.rest(name, calls).await;
                }
            });
        }
        while let Some(ended) = trades.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a trade ended badly");
            }
        }
        let seen = seen.lock().clone();
        StepReport::of(rate, tempo.seconds, &seen)
    }

    fn next_trade(&self) -> (Tid, Oid) {
        let number = self.trades.fetch_add(1, Ordering::Relaxed);
        if self.spec.trades.is_empty() {
            let tid = self.run + i64::try_from(number).unwrap_or_default() * IDS_PER_TRADE;
            (Tid(tid), Oid(tid + 1))
        } else {
            self.spec.trades[usize::try_from(number).unwrap_or_default() % self.spec.trades.len()]
        }
    }

    async fn call(&self, name: &'static str, fields: &Fields) -> bool {
        match find_outward(name) {
            Some(method) => self.calls.call(method, fields).await.1.is_some(),
            None => false,
        }
    }

    /// What follows the question, and a fault beside it.
    async fn rest(&self, question: &'static str, calls: impl Iterator<Item = (&'static str, Fields)>) {
        for (name, fields) in calls {
            self.call(name, &fields).await;
        }
        let probe = self.calls.plan.draw(self.spec.party.role().probes());
        if let (Some(method), Some(fault)) = (find_outward(question), probe) {
            let RightCalls { http, address, transcript, .. } = &self.calls;
            let (seller, casebook) = (self.spec.seller, &self.casebook);
            Prober { http, address, seller, transcript, casebook, method }.probe(fault).await;
        }
    }

    fn calls_of(&self, tid: Tid, oid: Oid) -> Vec<(&'static str, Fields)> {
        let ids = || Fields::new().with("tid", tid.0).with("seller_id", self.spec.seller.0);
        let refund = || {
            let line = Fields::new().with("sub_oid", oid.0).with("status", "STATUS_REFUNDED");
            ("taobao.qimen.omniorder.customer.refund", ids().with("sub_order_list", vec![line]))
        };
        match &self.spec.party {
            Driven::Isv => vec![
                ("taobao.qimen.omniorder.allocate", ids().with("seller_nick", self.spec.nick.as_str())),
                ("taobao.qimen.omniorder.allocatedinfo.get", ids()),
                ("taobao.qimen.omniorder.store.accpeted", ids()),
                ("taobao.qimen.omniorder.store.refused", ids()),
                ("taobao.qimen.omniorder.store.consigned", ids()),
                refund(),
            ],
            Driven::Pos { store } => {
                vec![("taobao.qimen.omniorder.allocatedinfo.sync", allocated(ids(), tid, oid, store)), refund()]
            }
        }
    }
}

fn allocated(ids: Fields, tid: Tid, oid: Oid, store: &Location) -> Fields {
    let line = Fields::new()
        .with("store_id", store.id_text())
        .with("store_name", "")
        .with("tid", tid.0)
        .with("sub_oid", oid.0)
        .with("type", store.order_type())
        .with("status", "Allocated");
    ids.with("status", "Allocated").with("store_allocated_list", vec![Value::Struct(line)])
}
