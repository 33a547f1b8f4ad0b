//! Plays an allocating ISV or a POS for a running platform: hears its calls at an address of its own, allocates or accepts and
//! ships, rightly and, where asked, wrongly.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_protocol::{AppKey, Secret};
use tokio::sync::watch;

use super::Tempo;
use super::casebook::Casebook;
use super::exchange::Masks;
use super::relay::Role;
use super::report::Report;
use super::rules::Rule;
use super::transcript::Transcript;
use super::unruly::{Unruly, UnrulyFront};
use crate::fault::{Fault, FaultPlan, Wanted};
use crate::ids::SellerId;
use crate::listener::{Listener, Party};
use crate::merchant::Merchant;
use crate::recorder::Recorder;
use crate::seed::Seeded;
use crate::standins::Stage;
use crate::standins::isv::Isv;
use crate::standins::pos::{Pos, RefundAnswers};
use crate::standins::till::Till;
use crate::tally::{Counted, REPORT_WITHIN, Tally};
use crate::temper::Temper;
use crate::wire::{BaseUrl, Connector, Http};

/// How long a call that must come again is waited for at the end: the platform's first attempts lie within it.
const REPEATS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Which party to play, and where.
#[derive(Debug, Clone)]
pub struct PlaySpec {
    /// The platform.
    pub server: BaseUrl,
    /// Where the platform is to send its calls (the app's SPI address, path `/spi`).
    pub listen: SocketAddr,
    /// The app's key.
    pub app_key: AppKey,
    /// Its secret.
    pub secret: Secret,
    /// The session for the seller.
    pub session: String,
    /// The seller.
    pub seller: SellerId,
    /// How long; the rate is the platform's.
    pub tempo: Tempo,
    /// How it behaves.
    pub temper: Temper,
    /// Faults; none where nothing is named.
    pub wanted: Vec<Wanted>,
}

/// Plays an allocating ISV for the tempo's seconds.
///
/// # Errors
/// The address cannot be opened.
pub async fn play_isv(http: &Http, spec: &PlaySpec) -> std::io::Result<Report> {
    play(http, spec, Role::Isv).await
}

/// Plays a POS for the tempo's seconds.
///
/// # Errors
/// The address cannot be opened.
pub async fn play_pos(http: &Http, spec: &PlaySpec) -> std::io::Result<Report> {
    play(http, spec, Role::Pos).await
}

async fn play(http: &Http, spec: &PlaySpec, role: Role) -> std::io::Result<Report> {
    let listener = Listener::open_at(spec.listen).await?;
    let (curtain, seen) = watch::channel(false);
    let plan = Arc::new(FaultPlan::new(spec.temper.seed, &spec.wanted, &[]));
    let temper = Temper {
        silent: spec.temper.silent.max(plan.share(Fault::NeverReports)),
        allocator_silent: spec.temper.allocator_silent.max(plan.share(Fault::NeverReports)),
        allocator_forgetful: spec.temper.allocator_forgetful || plan.share(Fault::Forgetful) > 0.0,
        ..spec.temper.clone()
    };
    let tally = Arc::new(Tally::default());
    let stage = Stage {
        seller: spec.seller,
        temper: Arc::new(temper),
        tally: Arc::clone(&tally),
        recorder: Arc::new(Recorder::none()),
        curtain: seen,
    };
    let unruly = Arc::new(Unruly {
        plan: Arc::clone(&plan),
        transcript: Arc::new(Transcript::new(REPORT_WITHIN, Masks::new([spec.session.clone()]))),
        casebook: Arc::new(Casebook::default()),
        secret: spec.secret.clone(),
    });
    let party = party(http, spec, role, &unruly, stage);
    listener.seat_front(Arc::new(UnrulyFront { unruly: Arc::clone(&unruly), party }));
    tokio::time::sleep(Duration::from_secs(spec.tempo.seconds)).await;
    plan.stop();
    wait_for_repeats(&unruly.casebook).await;
    curtain.send_replace(true);
    listener.close().await;
    conclude(&unruly, role, &tally);
    let faults = plan.faults();
    Ok(Report::of(role.name(), "played", &unruly.transcript, &faults, None))
}

/// The party without shelves of its own: the merchant's stock is known to the merchant only.
fn party(http: &Http, spec: &PlaySpec, role: Role, unruly: &Arc<Unruly>, stage: Stage) -> Arc<dyn Party> {
    let plain = Connector::new(
        http.clone(),
        spec.server.clone(),
        spec.app_key.clone(),
        spec.secret.clone(),
        &spec.session,
        spec.seller,
    );
    let gives_up = unruly.plan.share(Fault::GivesUp) > 0.0;
    let plain = if gives_up { plain.with_attempts(1) } else { plain };
    let connector = plain.clone().with_mischief(Arc::clone(unruly) as Arc<dyn crate::wire::Mischief>);
    let merchant = Arc::new(Merchant::with_items(spec.temper.seed, spec.seller, "", Vec::new()));
    let seeded = Seeded { merchant, stores: Vec::new() };
    match role {
        Role::Isv => Isv::new(connector, spec.app_key.as_str(), spec.secret.clone(), &seeded, stage),
        Role::Pos => {
            let till = Arc::new(Till::new(plain, &seeded, stage.clone()));
            Pos::new(connector, spec.secret.clone(), RefundAnswers::ByUpdate, till, stage)
        }
    }
}

async fn wait_for_repeats(casebook: &Casebook) {
    let deadline = Instant::now() + REPEATS_WITHIN;
    while !casebook.unrepeated().is_empty() && Instant::now() < deadline {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn conclude(unruly: &Unruly, role: Role, tally: &Tally) {
    for (method, tid, fault) in unruly.casebook.unrepeated() {
        let came = format!("trade {tid}: not within {} s after {}", REPEATS_WITHIN.as_secs(), fault.name());
        unruly.transcript.find(Rule::PlatformNoRepeat, &method, "the call again", &came, None);
        unruly.transcript.missed(fault);
    }
    let get = |what| tally.get(what);
    let said = match role {
        Role::Isv => format!(
            "{} sub-orders allocated, {} without a location, {} questions left unanswered on purpose, {} overtaken",
            get(Counted::Allocated),
            get(Counted::AllocationsFailed),
            get(Counted::AllocationsIgnored),
            get(Counted::Overtaken)
        ),
        Role::Pos => format!(
            "{} offers heard, {} accepted, {} refused, {} left unanswered on purpose, {} shipped, {} overtaken",
            get(Counted::OffersHeard),
            get(Counted::Accepted),
            get(Counted::Refused),
            get(Counted::Silent),
            get(Counted::Shipped),
            get(Counted::Overtaken)
        ),
    };
    unruly.transcript.note(format!("{said}; {} calls with a wrong signature", get(Counted::BadSignatures)));
}
