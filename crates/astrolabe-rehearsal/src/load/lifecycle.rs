//! An order's whole life in mode 3.3, five durable steps: paid by the channel door, routed, notified to a local sink, accepted,
//! shipped. A connection keeps a few orders under way, so that it never idles while the platform notifies.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_protocol::client::Credentials;
use astrolabe_protocol::spi::{ReplyShape, SpiReply, reply};
use astrolabe_protocol::{Fields, Secret};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::clock;
use crate::ids::{Oid, Tid};
use crate::listener::{Heard, Listener, Party, Saying};
use crate::load::pace::wait_until;
use crate::load::{Caller, Line, LoadError, LoadSpec, Post, Report, Schedule, Seen, StepError, gather};
use crate::merchant::{Merchant, TradeMaker};
use crate::parties::Parties;

/// Orders a connection keeps under way.
const UNDER_WAY_MAX: usize = 4;
/// How long orders that are under way at the end may take to finish.
const DRAIN_WITHIN: Duration = Duration::from_secs(15);
const CARRIER: &str = "SF";

/// What the sink heard of one order.
#[derive(Debug, Clone)]
struct Offer {
    tid: Tid,
    oid: Oid,
    store_id: String,
    store_type: String,
    heard: Instant,
}

/// Where the platform's notices go. Open it, declare its address as the POS app's, then [`run`].
#[derive(Debug)]
pub struct Sink {
    listener: Listener,
    desk: Arc<SinkDesk>,
}

#[derive(Debug)]
struct SinkDesk {
    secret: Secret,
    waiting: Mutex<HashMap<Tid, mpsc::UnboundedSender<Offer>>>,
    bad: Mutex<Vec<String>>,
}

impl Sink {
    /// Opens it for a POS app's secret.
    ///
    /// # Errors
    /// No port is free.
    pub async fn open(secret: Secret) -> Result<Self, LoadError> {
        Self::open_at(secret, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Opens it at a loopback address that is known beforehand.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn open_at(secret: Secret, address: SocketAddr) -> Result<Self, LoadError> {
        let listener = Listener::open_at(address).await?;
        let desk = Arc::new(SinkDesk { secret, waiting: Mutex::default(), bad: Mutex::default() });
        listener.seat(Arc::clone(&desk) as Arc<dyn Party>);
        Ok(Self { listener, desk })
    }

    /// Its SPI address.
    ///
    /// # Errors
    /// Never: it is this machine's.
    pub fn address(&self) -> Result<crate::wire::BaseUrl, crate::wire::NotAnAddress> {
        self.listener.url("/spi")
    }

    /// Closes it.
    pub async fn close(self) {
        self.listener.close().await;
    }
}

impl Party for SinkDesk {
    fn hear(self: Arc<Self>, heard: Heard) -> Saying {
        Box::pin(async move {
            match heard.spi(&self.secret) {
                Ok(call) => {
                    self.hand_over(&call.fields);
                    let ok = SpiReply { code: "0".to_owned(), message: String::new(), fields: Fields::new() };
                    reply(call.method, &ok, ReplyShape::Flat)
                }
                Err(refusal) => {
                    self.bad.lock().push(refusal.to_string());
                    refusal.render()
                }
            }
        })
    }
}

impl SinkDesk {
    fn hand_over(&self, fields: &Fields) {
        let Ok(tid) = fields.long("tid").map(Tid) else { return };
        for line in fields.structs("store_allocated_list").unwrap_or_default() {
            let (Ok(oid), Ok(store_id)) = (line.long("sub_oid").map(Oid), line.text("store_id")) else { continue };
            let store_type = line.text("type").unwrap_or("Store").to_owned();
            let offer = Offer { tid, oid, store_id: store_id.to_owned(), store_type, heard: Instant::now() };
            // Taken out with the first notice: a repeat of it finds nobody waiting.
            if let Some(client) = self.waiting.lock().remove(&tid)
                && client.send(offer).is_err()
            {
                tracing::debug!(%tid, "its client has ended");
            }
        }
    }
}

/// Puts the load on. The merchant must be seeded and the sink declared.
///
/// # Errors
/// [`LoadError`]; refused calls are errors in the report instead.
pub async fn run(spec: &LoadSpec, parties: &Parties, merchant: &Merchant, sink: &Sink) -> Result<Report, LoadError> {
    let credentials = Credentials {
        app_key: parties.pos.key.clone(),
        secret: parties.pos.secret(),
        session: Some(parties.pos.session.clone()),
        customer_id: None,
    };
    let shared = Arc::new(Shared {
        accept: Caller::new("taobao.omniorder.store.accpeted", &credentials)?,
        ship: Caller::new("taobao.omniorder.store.consigned", &credentials)?,
        trades: format!("/api/v1/channels/{}/trades", parties.channel_name()),
        token: parties.channel_token(),
        maker: Mutex::new(TradeMaker::new(merchant, clock::now().0 / 1_000).one_line()),
        desk: Arc::clone(&sink.desk),
    });
    let mut lines = Vec::with_capacity(spec.connections);
    for _ in 0..spec.connections {
        lines.push(Line::open(&spec.server).await?);
    }
    let schedule = Schedule::start(spec.pace, spec.window);
    let mut tasks = JoinSet::new();
    for line in lines {
        let (to_client, offers) = mpsc::unbounded_channel();
        let client = Client {
            shared: Arc::clone(&shared),
            schedule: schedule.clone(),
            to_client,
            offers,
            under_way: HashMap::new(),
            seen: Seen::default(),
        };
        tasks.spawn(client.run(line));
    }
    let mut seen = gather(tasks).await;
    sink.desk.bad.lock().drain(..).for_each(|why| seen.error(format!("sink: {why}")));
    Ok(Report::of("lifecycle", "orders", spec.connections, spec.offered(), schedule.seconds(), seen))
}

struct Shared {
    accept: Caller,
    ship: Caller,
    trades: String,
    token: String,
    maker: Mutex<TradeMaker>,
    desk: Arc<SinkDesk>,
}

struct Client {
    shared: Arc<Shared>,
    schedule: Schedule,
    to_client: mpsc::UnboundedSender<Offer>,
    offers: mpsc::UnboundedReceiver<Offer>,
    /// When each order was due and when its payment was answered.
    under_way: HashMap<Tid, (Instant, Instant)>,
    seen: Seen,
}

/// What a client does next.
enum Next {
    Pay(Instant),
    Serve(Offer),
    WindowEnded,
    End,
}

impl Client {
    async fn run(mut self, mut line: Line) -> Seen {
        let mut due = self.schedule.next_due();
        loop {
            let outcome = match self.next(due).await {
                Next::Pay(paid_due) => {
                    due = self.schedule.next_due();
                    self.pay(&mut line, paid_due).await
                }
                Next::Serve(offer) => self.serve(&mut line, offer).await,
                Next::WindowEnded => {
                    due = None;
                    Ok(())
                }
                Next::End => return self.end(),
            };
            if let Err(error) = outcome {
                let refused = error.is_refusal();
                self.seen.error(error.to_string());
                if !refused {
                    return self.end();
                }
            }
        }
    }

    /// Offers first: an order under way is worth more than a new one.
    async fn next(&mut self, due: Option<Instant>) -> Next {
        if let Ok(offer) = self.offers.try_recv() {
            return Next::Serve(offer);
        }
        let may_pay = self.under_way.len() < UNDER_WAY_MAX;
        match due {
            Some(due) if may_pay => {
                tokio::select! {
                    biased;
                    Some(offer) = self.offers.recv() => Next::Serve(offer),
                    () = wait_until(due) => Next::Pay(due),
                }
            }
            None if self.under_way.is_empty() => Next::End,
            Some(_) | None => {
                let until = self.schedule.end() + DRAIN_WITHIN;
                tokio::select! {
                    Some(offer) = self.offers.recv() => Next::Serve(offer),
                    () = wait_until(until) => Next::End,
                    // In a closed loop the window may end while we wait for an offer.
                    () = wait_until(self.schedule.end()), if due.is_some() => Next::WindowEnded,
                }
            }
        }
    }

    async fn pay(&mut self, line: &mut Line, due: Instant) -> Result<(), StepError> {
        let due = self.schedule.counted_from(due);
        if due >= self.schedule.end() {
            return Ok(());
        }
        let made = self.shared.maker.lock().next(clock::now());
        self.shared.desk.waiting.lock().insert(made.tid, self.to_client.clone());
        let body = made.json.to_string();
        let post = Post {
            target: &self.shared.trades,
            content_type: "application/json",
            bearer: Some(&self.shared.token),
            body: body.as_bytes(),
        };
        let (status, said) = line.post(post).await.map_err(StepError::Broken)?;
        if status != 200 {
            let said = String::from_utf8_lossy(said).chars().take(120).collect::<String>();
            return Err(StepError::Refused(format!("pay: status {status} {said}")));
        }
        let ended = self.step("1 paid", due);
        self.under_way.insert(made.tid, (due, ended));
        Ok(())
    }

    async fn serve(&mut self, line: &mut Line, offer: Offer) -> Result<(), StepError> {
        let Some((due, paid)) = self.under_way.remove(&offer.tid) else { return Ok(()) };
        if self.schedule.counts(offer.heard) {
            self.seen.step("2 notified after paid", offer.heard.saturating_duration_since(paid));
        }
        let item = Fields::new()
            .with("code", "0")
            .with("sub_oid", offer.oid.0)
            .with("tid", offer.tid.0)
            .with("store_id", offer.store_id.as_str())
            .with("store_type", offer.store_type.as_str())
            .with("operator", "load");
        let accept = answer_fields(&offer, item.clone());
        let begun = Instant::now();
        self.shared.accept.call(line, &accept).await?;
        self.step("3 accepted", begun);
        let shipped = item
            .with("logistic_company_code", CARRIER)
            .with("logistic_no", format!("SF{:013}", offer.oid.0 % 10_000_000_000_000));
        let begun = Instant::now();
        self.shared.ship.call(line, &answer_fields(&offer, shipped)).await?;
        let ended = self.step("4 shipped", begun);
        if self.schedule.counts(ended) {
            self.seen.step("5 paid to shipped", ended - due);
            self.seen.done();
        }
        Ok(())
    }

    fn step(&mut self, name: &'static str, begun: Instant) -> Instant {
        let ended = Instant::now();
        if self.schedule.counts(ended) {
            self.seen.step(name, ended - begun);
        }
        ended
    }

    fn end(mut self) -> Seen {
        for tid in self.under_way.keys() {
            self.shared.desk.waiting.lock().remove(tid);
            self.seen.error("an order was never notified".to_owned());
        }
        self.seen
    }
}

fn answer_fields(offer: &Offer, item: Fields) -> Fields {
    Fields::new().with("tid", offer.tid.0).with("report_timestamp", clock::now().0).with("sub_order_list", vec![item])
}
