//! The POS of a merchant's stores (white paper §3.3, §3.4), which is also its warehouses' system: hears what was allocated
//! (`qimen.omniorder.allocatedinfo.sync`), lets the store accept, refuse or stay silent, tells the channel first and then the
//! platform that goods have left (§3.4), and answers refunds (§6.5).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use astrolabe_protocol::client::Shape;
use astrolabe_protocol::spi::{ReplyShape, SpiCall, SpiReply, reply};
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Fields, Secret};
use parking_lot::Mutex;

use crate::clock;
use crate::dice::Dice;
use crate::ids::{Location, Oid, SellerId, StoreId, Tid, Waybill};
use crate::listener::{Heard, Party, Saying};
use crate::recorder::{Fact, Told};
use crate::standins::Stage;
use crate::standins::isv::{is_anothers, refuse};
use crate::standins::till::Till;
use crate::tally::Counted;
use crate::wire::{CallError, Connector};

/// Who tells the platform about a refund's answer: §6.5 in 3.3, §6.4 in 3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundAnswers {
    /// `orderStatus.update`.
    ByUpdate,
    /// `orderStatus.sync`.
    BySync,
}

/// How far a store is with one offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Offered,
    Accepted,
    /// Refused, left unanswered, withdrawn, shipped or cancelled: nothing more to do.
    Over,
}

#[derive(Debug, Clone)]
struct Job {
    told: Told,
    step: Step,
    /// A buyer wants the money back and the store has not said "already gone".
    refund_stands: bool,
    /// Told apart from an earlier offer of the same sub-order.
    offer: u64,
}

/// The POS of one merchant.
#[derive(Debug)]
pub struct Pos {
    connector: Connector,
    secret: Secret,
    seller: SellerId,
    answers: RefundAnswers,
    stage: Stage,
    till: Arc<Till>,
    jobs: Mutex<HashMap<Oid, Job>>,
    dice: Mutex<Dice>,
    offers: AtomicU64,
}

enum Mood {
    Accept,
    Refuse,
    Silent,
}

/// An answer on its way to the platform.
struct Said<'a> {
    method: &'static str,
    job: &'a Job,
    counted: Counted,
    happened: Instant,
}

impl<'a> Said<'a> {
    fn now(method: &'static str, job: &'a Job, counted: Counted) -> Self {
        Self { method, job, counted, happened: Instant::now() }
    }
}

const ACCEPTED: &str = "taobao.omniorder.store.accpeted";
const REFUSED: &str = "taobao.omniorder.store.refuse";
const CONSIGNED: &str = "taobao.omniorder.store.consigned";
const OPERATOR: &str = "小王";
const CARRIER: &str = "SF";

impl Pos {
    /// For one merchant, handing out goods from the till's shelves.
    #[must_use]
    pub fn new(
        connector: Connector,
        secret: Secret,
        answers: RefundAnswers,
        till: Arc<Till>,
        stage: Stage,
    ) -> Arc<Self> {
        let dice = stage.dice("pos");
        Arc::new(Self {
            connector,
            secret,
            seller: stage.seller,
            answers,
            stage,
            till,
            jobs: Mutex::default(),
            dice,
            offers: AtomicU64::new(0),
        })
    }

    fn take(self: &Arc<Self>, call: &SpiCall) -> SpiReply {
        if is_anothers(call, &self.stage) {
            return SpiReply { code: "1".to_owned(), message: "not our seller".to_owned(), fields: Fields::new() };
        }
        match call.method.name {
            "taobao.qimen.omniorder.allocatedinfo.sync" => self.hear_allocations(&call.fields),
            "taobao.qimen.omniorder.customer.refund" => self.hear_refund(&call.fields),
            _ => {}
        }
        SpiReply { code: "0".to_owned(), message: String::new(), fields: Fields::new() }
    }

    fn hear_allocations(self: &Arc<Self>, fields: &Fields) {
        let Ok(tid) = fields.long("tid").map(Tid) else { return };
        for line in fields.structs("store_allocated_list").unwrap_or_default() {
            let (Ok(oid), Ok(store_id)) = (line.long("sub_oid").map(Oid), line.text("store_id")) else { continue };
            let Some(location) = Location::read(line.text("type").unwrap_or("Store"), store_id) else { continue };
            let told = Told { tid, oid, location };
            if line.text("status") == Ok("Allocated") { self.offered(told) } else { self.withdrawn(&told) }
        }
    }

    fn offered(self: &Arc<Self>, told: Told) {
        let (oid, offer) = (told.oid, {
            let mut jobs = self.jobs.lock();
            let before = jobs.get(&told.oid);
            // The list always names all of a trade's allocations: one that we have is no news.
            if before.is_some_and(|job| job.told.location == told.location) {
                return;
            }
            let offer = self.next_offer();
            jobs.insert(told.oid, Job { told, step: Step::Offered, refund_stands: false, offer });
            offer
        });
        self.stage.tally.count(Counted::OffersHeard);
        self.spawn_work(oid, offer);
    }

    /// Numbers are never used again, so that a task of an earlier offer finds itself outdated.
    fn next_offer(&self) -> u64 {
        self.offers.fetch_add(1, Ordering::Relaxed)
    }

    fn withdrawn(&self, told: &Told) {
        let mut jobs = self.jobs.lock();
        if jobs.get(&told.oid).is_some_and(|job| job.told.location == told.location) {
            jobs.remove(&told.oid);
        }
    }

    fn spawn_work(self: &Arc<Self>, oid: Oid, offer: u64) {
        let pos = Arc::clone(self);
        tokio::spawn(async move { pos.work(oid, offer).await });
    }

    /// Takes an offer from where it stands to its end, unless a refund or a withdrawal stops it on the way.
    async fn work(self: &Arc<Self>, oid: Oid, offer: u64) {
        let (mood, answer_after, ship_after) = self.draw();
        if let Some(job) = self.current(oid, offer, Step::Offered) {
            if !self.stage.pause(answer_after).await || self.current(oid, offer, Step::Offered).is_none() {
                return;
            }
            self.answer_offer(&job, mood).await;
        }
        if self.current(oid, offer, Step::Accepted).is_none() || !self.stage.pause(ship_after).await {
            return;
        }
        if let Some(job) = self.current(oid, offer, Step::Accepted) {
            self.ship(&job).await;
        }
    }

    fn draw(&self) -> (Mood, std::time::Duration, std::time::Duration) {
        let temper = &self.stage.temper;
        let mut dice = self.dice.lock();
        let mood = if dice.chance(temper.refuse) {
            Mood::Refuse
        } else if dice.chance(temper.silent) {
            Mood::Silent
        } else {
            Mood::Accept
        };
        (mood, temper.answer_after.draw(&mut dice), temper.ship_after.draw(&mut dice))
    }

    fn current(&self, oid: Oid, offer: u64, step: Step) -> Option<Job> {
        let jobs = self.jobs.lock();
        jobs.get(&oid).filter(|job| job.offer == offer && job.step == step && !job.refund_stands).cloned()
    }

    fn advance(&self, job: &Job, step: Step) {
        if let Some(stored) = self.jobs.lock().get_mut(&job.told.oid).filter(|stored| stored.offer == job.offer) {
            stored.step = step;
        }
    }

    async fn answer_offer(&self, job: &Job, mood: Mood) {
        // A warehouse needs no acceptance: it ships what it is told. A store looks at its shelf first.
        let mood = match (&job.told.location, mood) {
            (Location::Warehouse(_), _) => None,
            (Location::Store(_), Mood::Accept)
                if !self.till.has_goods(job.told.tid, job.told.oid, &job.told.location).await =>
            {
                Some(Mood::Refuse)
            }
            (Location::Store(_), mood) => Some(mood),
        };
        match mood {
            None => self.advance(job, Step::Accepted),
            Some(Mood::Silent) => {
                self.stage.tally.count(Counted::Silent);
                self.advance(job, Step::Over);
            }
            Some(Mood::Accept) => {
                let said = Said::now(ACCEPTED, job, Counted::Accepted);
                let outcome = self.tell(ACCEPTED, &job.told, "").await;
                if self.settle(said, outcome, Fact::Accepted(job.told.clone())) {
                    self.advance(job, Step::Accepted);
                }
            }
            Some(Mood::Refuse) => {
                let said = Said::now(REFUSED, job, Counted::Refused);
                let outcome = self.tell(REFUSED, &job.told, "无货").await;
                self.settle(said, outcome, Fact::Refused(job.told.clone()));
                self.advance(job, Step::Over);
            }
        }
    }

    async fn tell(&self, method: &str, told: &Told, message: &str) -> Result<(), CallError> {
        let line = Fields::new()
            .with("code", "0")
            .with("sub_oid", told.oid.0)
            .with("tid", told.tid.0)
            .with("store_id", told.location.id_text())
            .with("store_type", told.location.order_type())
            .with("operator", OPERATOR)
            .with_opt("message", Some(message).filter(|text| !text.is_empty()));
        let fields = Fields::new()
            .with("tid", told.tid.0)
            .with("report_timestamp", clock::now().0)
            .with("sub_order_list", vec![line]);
        self.connector.call_until_known(method, Shape::TopJson, &fields).await.map(drop)
    }

    async fn ship(&self, job: &Job) {
        let told = &job.told;
        let said = Said::now(CONSIGNED, job, Counted::Shipped);
        let waybill = Waybill(format!("SF{:013}", told.oid.0.rem_euclid(10_000_000_000_000)));
        let sent = Fields::new()
            .with("tid", told.tid.0)
            .with("sub_tid", vec![told.oid.0])
            .with("is_split", 1_i64)
            .with("out_sid", waybill.0.as_str())
            .with("company_code", CARRIER);
        if let Err(error) =
            self.connector.call_until_known("taobao.logistics.offline.send", Shape::TopJson, &sent).await
        {
            self.failed("taobao.logistics.offline.send", job, error);
            return;
        }
        let line = Fields::new()
            .with("code", "0")
            .with("sub_oid", told.oid.0)
            .with("tid", told.tid.0)
            .with("store_id", told.location.id_text())
            .with("store_type", told.location.order_type())
            .with("operator", OPERATOR)
            .with("logistic_company_code", CARRIER)
            .with("logistic_no", waybill.0.as_str());
        let fields = Fields::new()
            .with("tid", told.tid.0)
            .with("report_timestamp", clock::now().0)
            .with("sub_order_list", vec![line]);
        let outcome = self.connector.call_until_known(CONSIGNED, Shape::TopJson, &fields).await.map(drop);
        let fact = Fact::Shipped { told: told.clone(), waybill };
        if self.settle(said, outcome, fact) {
            self.advance(job, Step::Over);
            self.till.handed_out(told.tid, told.oid, &told.location).await;
        }
    }

    /// Writes an acknowledged answer down, then counts it. Answers whether it was acknowledged.
    fn settle(&self, told: Said<'_>, outcome: Result<(), CallError>, fact: Fact) -> bool {
        match outcome {
            Ok(()) => {
                self.stage.record(fact);
                self.stage.tally.count(told.counted);
                self.stage.tally.took(told.method, told.happened.elapsed());
                true
            }
            Err(error) => {
                self.failed(told.method, told.job, error);
                false
            }
        }
    }

    fn failed(&self, method: &str, job: &Job, error: CallError) {
        match error {
            // A withdrawal, a time limit or a refund was faster. The platform says so again by a sync or a refund notice.
            CallError::Refused { code, message } => {
                tracing::debug!(method, oid = %job.told.oid, code, message, "met another decision");
                self.stage.tally.count(Counted::Overtaken);
            }
            error @ (CallError::Unknown(_) | CallError::Busy(_) | CallError::NoSuchMethod(_)) => {
                self.stage.tally.error(method, &error)
            }
        }
    }

    fn hear_refund(self: &Arc<Self>, fields: &Fields) {
        let Ok(tid) = fields.long("tid").map(Tid) else { return };
        for line in fields.structs("sub_order_list").unwrap_or_default() {
            let Ok(oid) = line.long("sub_oid").map(Oid) else { continue };
            let withdrawn = line.text("status") == Ok("STATUS_PAID");
            if withdrawn { self.resume(oid) } else { self.refund_asked(tid, oid) }
        }
    }

    /// The buyer thought better of it: work goes on from where it stood.
    fn resume(self: &Arc<Self>, oid: Oid) {
        let offer = {
            let mut jobs = self.jobs.lock();
            let Some(job) = jobs.get_mut(&oid).filter(|job| job.refund_stands && job.step != Step::Over) else {
                return;
            };
            job.refund_stands = false;
            job.offer = self.next_offer();
            job.offer
        };
        self.spawn_work(oid, offer);
    }

    fn refund_asked(self: &Arc<Self>, tid: Tid, oid: Oid) {
        {
            let mut jobs = self.jobs.lock();
            let Some(job) = jobs.get_mut(&oid).filter(|job| job.told.tid == tid) else { return };
            job.refund_stands = true;
        }
        let pos = Arc::clone(self);
        tokio::spawn(async move { pos.answer_refund(oid).await });
    }

    async fn answer_refund(self: &Arc<Self>, oid: Oid) {
        let (on_shelf, after) = {
            let mut dice = self.dice.lock();
            (dice.chance(self.stage.temper.back_on_shelf), self.stage.temper.answer_after.draw(&mut dice))
        };
        if !self.stage.pause(after).await {
            return;
        }
        let Some(job) = self.jobs.lock().get(&oid).filter(|job| job.refund_stands).cloned() else { return };
        // What was never accepted is on its shelf; only what was packed can be gone.
        let confirm = on_shelf || job.step != Step::Accepted;
        let outcome = match (&job.told.location, confirm) {
            (Location::Store(id), true) => self.tell_refund_answer(&job.told, *id, "X_SHOP_CANCEL_CONFIRM").await,
            (Location::Store(id), false) => self.tell_refund_answer(&job.told, *id, "X_SHOP_CANCEL_DENIED").await,
            // §6.4 and §6.5 name stores only: a warehouse refuses the order, or ships it.
            (Location::Warehouse(_), true) => self.tell(REFUSED, &job.told, "已放回货架").await,
            (Location::Warehouse(_), false) => Ok(()),
        };
        if let Err(error) = outcome {
            self.failed("answer to a refund", &job, error);
            return;
        }
        self.stage.tally.count(if confirm { Counted::BackOnShelf } else { Counted::AlreadyGone });
        if confirm {
            self.advance(&job, Step::Over);
        } else {
            self.resume(oid);
        }
    }

    async fn tell_refund_answer(&self, told: &Told, store: StoreId, status: &str) -> Result<(), CallError> {
        let method = match self.answers {
            RefundAnswers::ByUpdate => "taobao.qimen.orderStatus.update",
            RefundAnswers::BySync => "taobao.qimen.orderStatus.sync",
        };
        let fields = Fields::new()
            .with("seller_code", self.seller.to_string())
            .with("parent_order_code", told.tid.0)
            .with("order_codes", vec![told.oid.0])
            .with("store_id", store.0)
            .with("type", "FAHUO")
            .with("status", status)
            .with("operator", OPERATOR)
            .with("action_time", format_datetime(clock::now()));
        self.connector.call_until_known(method, Shape::Qimen, &fields).await.map(drop)
    }
}

impl Party for Pos {
    fn hear(self: Arc<Self>, heard: Heard) -> Saying {
        Box::pin(async move {
            match heard.spi(&self.secret) {
                Ok(call) => reply(call.method, &self.take(&call), ReplyShape::Flat),
                Err(refusal) => refuse(&self.stage, &refusal),
            }
        })
    }
}
