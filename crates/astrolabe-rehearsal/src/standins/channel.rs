//! The sales channel: pushes paid trades at a pace, lets some buyers ask for their money back before the goods leave, settles
//! that as the store answers, lets buyers give up on what nobody can serve, and hears what was shipped
//! (`taobao.logistics.offline.send`, modes 3.1 and 3.2).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use astrolabe_protocol::answer::{Answer, Rendered, RequestId};
use astrolabe_protocol::client::Credentials;
use astrolabe_protocol::{Call, Door, Envelope, EpochMs, Fields, Incoming, WireError};
use parking_lot::Mutex;
use serde_json::Value;

use crate::bounded::for_each;
use crate::clock;
use crate::dice::Dice;
use crate::ids::{Oid, Tid};
use crate::listener::{Heard, Party, Saying};
use crate::merchant::{MadeTrade, RefundStatus, TradeLine, TradeMaker, refund_json};
use crate::parties::Parties;
use crate::recorder::Fact;
use crate::standins::Stage;
use crate::tally::Counted;
use crate::trade_view::{self, Standing};
use crate::wire::{BaseUrl, CallError, Http, Verb};

/// How often the service desk looks at what is open.
const DESK_EVERY: Duration = Duration::from_secs(2);
/// Trades the desk looks at together.
const LOOKS_AT_ONCE: usize = 8;
/// Trades the desk looks at in one round at most.
const LOOKS_MAX: usize = 400;
/// Pushes of a trade whose outcome is unknown: the same trade again is an update that changes nothing.
const PUSHES_MAX: u32 = 20;
const PUSH_PAUSE: Duration = Duration::from_millis(250);
/// The platform's clock for `modified` counts seconds: the next status must lie in a later one.
const SECOND_MS: i64 = 1_000;

#[derive(Debug, Clone)]
enum RefundState {
    None,
    /// When, and whether the buyer will think better of it.
    Asked(EpochMs, bool),
}

#[derive(Debug, Clone)]
struct OpenLine {
    line: TradeLine,
    refund: RefundState,
}

#[derive(Debug, Clone)]
struct OpenTrade {
    since: Instant,
    lines: BTreeMap<Oid, OpenLine>,
}

/// The channel of one merchant.
#[derive(Debug)]
pub struct Channel {
    http: Http,
    server: BaseUrl,
    parties: Parties,
    credentials: Credentials,
    stage: Stage,
    maker: Mutex<TradeMaker>,
    dice: Mutex<Dice>,
    open: Mutex<BTreeMap<Tid, OpenTrade>>,
    /// Buyers who made up their mind to ask and have not yet.
    undecided: AtomicUsize,
    watcher: OnceLock<Arc<dyn RefundWatcher>>,
}

/// Who wants to know of refunds before the platform does.
pub trait RefundWatcher: std::fmt::Debug + Send + Sync {
    /// A buyer of this trade is about to ask.
    fn refund_asked(&self, tid: Tid);
}

impl Channel {
    /// Pushing what `maker` makes.
    #[must_use]
    pub fn new(http: Http, server: BaseUrl, parties: Parties, maker: TradeMaker, stage: Stage) -> Arc<Self> {
        let party = &parties.at_channel;
        let credentials = Credentials {
            app_key: party.key.clone(),
            secret: party.secret(),
            session: Some(party.session.clone()),
            customer_id: None,
        };
        let dice = stage.dice("channel");
        Arc::new(Self {
            http,
            server,
            parties,
            credentials,
            stage,
            maker: Mutex::new(maker),
            dice,
            open: Mutex::default(),
            undecided: AtomicUsize::new(0),
            watcher: OnceLock::new(),
        })
    }

    /// Tells somebody of refunds. The first one stays.
    pub fn watch_refunds(&self, watcher: Arc<dyn RefundWatcher>) {
        if self.watcher.set(watcher).is_err() {
            tracing::warn!("somebody watches this channel's refunds already");
        }
    }

    /// Trades of which the channel does not know yet that they are done.
    #[must_use]
    pub fn open_trades(&self) -> usize {
        self.open.lock().len()
    }

    /// Refunds asked, or about to be, that are not settled yet.
    #[must_use]
    pub fn open_refunds(&self) -> usize {
        let asked = |trade: &OpenTrade| {
            trade.lines.values().filter(|line| matches!(line.refund, RefundState::Asked(..))).count()
        };
        self.open.lock().values().map(asked).sum::<usize>() + self.undecided.load(Ordering::Relaxed)
    }

    /// Pushes this many trades at the temper's pace; a platform that is slow to answer slows it down.
    pub async fn push_trades(self: &Arc<Self>, how_many: usize) {
        let gap = Duration::from_secs_f64(1.0 / self.stage.temper.trades_per_second.max(0.01));
        let start = Instant::now();
        for number in 0..how_many {
            let due = gap * u32::try_from(number).unwrap_or(u32::MAX);
            let ahead = due.saturating_sub(start.elapsed());
            if !self.stage.pause(ahead).await {
                return;
            }
            self.push_one().await;
        }
    }

    async fn push_one(self: &Arc<Self>) {
        let made = self.make();
        self.push_made(&made).await;
    }

    /// The next trade, paid now.
    pub fn make(&self) -> MadeTrade {
        self.maker.lock().next(clock::now())
    }

    /// Pushes a trade until the platform has it. Answers whether it has.
    pub async fn push_made(self: &Arc<Self>, made: &MadeTrade) -> bool {
        let lines = made
            .lines
            .iter()
            .map(|line| (line.oid, OpenLine { line: line.clone(), refund: RefundState::None }))
            .collect();
        self.open.lock().insert(made.tid, OpenTrade { since: Instant::now(), lines });
        if let Err(error) = self.push("trades", &made.json).await {
            self.stage.tally.error("POST channel trades", &error);
            self.open.lock().remove(&made.tid);
            return false;
        }
        self.stage.record(Fact::TradeSeen { tid: made.tid });
        self.stage.tally.count(Counted::TradesSent);
        let (asks, withdraws, after, which) = {
            let temper = &self.stage.temper;
            let mut dice = self.dice.lock();
            (
                dice.chance(temper.refunds),
                dice.chance(temper.refund_withdrawn),
                temper.refund_after.draw(&mut dice),
                dice.below(made.lines.len()),
            )
        };
        if asks {
            let (channel, tid, line) = (Arc::clone(self), made.tid, made.lines[which].clone());
            self.undecided.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                if channel.stage.pause(after).await {
                    channel.ask_refund(tid, &line, withdraws).await;
                }
                channel.undecided.fetch_sub(1, Ordering::Relaxed);
            });
        }
        true
    }

    /// Pushes until the outcome is known: channels do.
    async fn push(&self, what: &str, body: &Value) -> Result<(), CallError> {
        let url = self.server.at(&format!("/api/v1/channels/{}/{what}", self.parties.channel_name()));
        let token = self.parties.channel_token();
        for _ in 1..PUSHES_MAX {
            match self.http.rest(Verb::Post, &url, &token, Some(body)).await {
                Err(error) if error.is_passing() => {
                    if !self.stage.pause(PUSH_PAUSE).await {
                        return Err(error);
                    }
                }
                outcome => return outcome.map(drop),
            }
        }
        self.http.rest(Verb::Post, &url, &token, Some(body)).await.map(drop)
    }

    async fn ask_refund(&self, tid: Tid, line: &TradeLine, withdraws: bool) {
        let asked_at = clock::now();
        if let Some(watcher) = self.watcher.get() {
            watcher.refund_asked(tid);
        }
        if !self.tell_refund(tid, line, RefundStatus::WaitSellerAgree, asked_at).await {
            return;
        }
        self.stage.tally.count(Counted::RefundsAsked);
        let mut open = self.open.lock();
        if let Some(open) = open.get_mut(&tid).and_then(|trade| trade.lines.get_mut(&line.oid)) {
            open.refund = RefundState::Asked(asked_at, withdraws);
        }
    }

    async fn tell_refund(&self, tid: Tid, line: &TradeLine, status: RefundStatus, asked_at: EpochMs) -> bool {
        let now = clock::now();
        let modified =
            if status == RefundStatus::WaitSellerAgree { asked_at } else { EpochMs(now.0.max(asked_at.0 + SECOND_MS)) };
        let json = refund_json(&self.parties.nick, tid, line, status, asked_at, modified);
        match self.push("refunds", &json).await {
            Ok(()) => true,
            Err(error) => {
                self.stage.tally.error("POST channel refunds", &error);
                false
            }
        }
    }

    /// The service desk: settles refunds, lets buyers give up, forgets what is done. Until the play is over.
    pub async fn run_desk(self: Arc<Self>) {
        while self.stage.pause(DESK_EVERY).await {
            let due = self.due();
            let outcome: Result<Vec<()>, std::convert::Infallible> = for_each(LOOKS_AT_ONCE, due, |tid| {
                let channel = Arc::clone(&self);
                async move {
                    channel.look_at(tid).await;
                    Ok(())
                }
            })
            .await;
            match outcome {
                Ok(_) => {}
            }
        }
    }

    /// Trades with a refund asked, and trades older than a buyer's patience, oldest first.
    fn due(&self) -> Vec<Tid> {
        let patience = self.stage.temper.patience;
        let open = self.open.lock();
        let asked = |trade: &OpenTrade| trade.lines.values().any(|line| matches!(line.refund, RefundState::Asked(..)));
        let due = open.iter().filter(|(_, trade)| trade.since.elapsed() > patience || asked(trade));
        due.map(|(tid, _)| *tid).take(LOOKS_MAX).collect()
    }

    async fn look_at(&self, tid: Tid) {
        let view = match trade_view::fetch(&self.http, &self.server, &self.parties.merchant_token(), tid).await {
            Ok(view) => view,
            Err(error) => return self.stage.tally.error("GET trades", &error),
        };
        let Some(trade) = self.open.lock().get(&tid).cloned() else { return };
        for open in trade.lines.values() {
            if self.settle_line(tid, open, view.standing(open.line.oid), trade.since).await {
                self.forget(tid, open.line.oid);
            }
        }
    }

    /// Does what the line's standing asks for. Answers whether the line is done.
    async fn settle_line(&self, tid: Tid, open: &OpenLine, standing: Standing, since: Instant) -> bool {
        let line = &open.line;
        match (&open.refund, standing) {
            (RefundState::None, Standing::Open) | (RefundState::Asked(_, false), Standing::Open) => false,
            (RefundState::None, Standing::Gone | Standing::Closed | Standing::Cancelled) => true,
            (RefundState::None, Standing::Unfillable) => {
                if since.elapsed() > self.stage.temper.patience {
                    self.give_up(tid, line).await;
                }
                false
            }
            (RefundState::Asked(asked_at, true), Standing::Open) => {
                if self.tell_refund(tid, line, RefundStatus::Closed, *asked_at).await {
                    self.stage.tally.count(Counted::RefundsWithdrawn);
                    self.withdrawn(tid, line.oid);
                }
                false
            }
            (RefundState::Asked(asked_at, _), Standing::Gone) => self.settled(
                Counted::RefundsRefused,
                self.tell_refund(tid, line, RefundStatus::SellerRefuseBuyer, *asked_at).await,
            ),
            (RefundState::Asked(asked_at, _), Standing::Cancelled | Standing::Closed | Standing::Unfillable) => self
                .settled(Counted::RefundsGranted, self.tell_refund(tid, line, RefundStatus::Success, *asked_at).await),
        }
    }

    fn settled(&self, counted: Counted, told: bool) -> bool {
        if told {
            self.stage.tally.count(counted);
        }
        told
    }

    /// Nobody can serve it: the buyer asks for the money, which needs no store's answer.
    async fn give_up(&self, tid: Tid, line: &TradeLine) {
        self.stage.tally.count(Counted::BuyersGaveUp);
        self.ask_refund(tid, line, false).await;
    }

    fn withdrawn(&self, tid: Tid, oid: Oid) {
        let mut open = self.open.lock();
        if let Some(trade) = open.get_mut(&tid) {
            trade.since = Instant::now();
            if let Some(line) = trade.lines.get_mut(&oid) {
                line.refund = RefundState::None;
            }
        }
    }

    fn forget(&self, tid: Tid, oid: Oid) {
        let mut open = self.open.lock();
        let Some(trade) = open.get_mut(&tid) else { return };
        trade.lines.remove(&oid);
        if trade.lines.is_empty() {
            open.remove(&tid);
        }
    }

    /// A signed call from the platform, checked as the channel's own gateway would.
    fn consigned(&self, heard: &Heard) -> Rendered {
        let incoming = Incoming {
            door: Door::Top,
            query: &heard.query,
            content_type: heard.content_type(),
            body: &heard.body,
            multipart: None,
        };
        let request_id = RequestId::new(format!("channel-{}", clock::now().0));
        let envelope = match Envelope::parse(&incoming) {
            Ok(envelope) => envelope,
            Err(refused) => return refused.error.render(&refused.style, &request_id),
        };
        let style = envelope.style().clone();
        let judged = self.judge(&envelope);
        match judged {
            Ok(call) => {
                if call.method.name.starts_with("taobao.logistics.") {
                    self.stage.tally.count(Counted::ConsignsHeard);
                }
                // What the method does not declare is not rendered.
                let answer = Answer::ok().with("shipping", Fields::new().with("is_success", true));
                answer.render(call.method, &style, &request_id)
            }
            Err(error) => {
                self.stage.tally.count(Counted::BadSignatures);
                error.render(&style, &request_id)
            }
        }
    }

    fn judge(&self, envelope: &Envelope) -> Result<Call, WireError> {
        envelope.verify(&self.credentials.secret, clock::now())?;
        if envelope.session() != self.credentials.session.as_deref() || envelope.app_key() != self.credentials.app_key {
            return Err(WireError::platform(astrolabe_protocol::PlatformCode::InvalidSession));
        }
        envelope.decode_at_channel()
    }
}

impl Party for Channel {
    fn hear(self: Arc<Self>, heard: Heard) -> Saying {
        Box::pin(async move { self.consigned(&heard) })
    }
}
