//! The platform's doors as the rehearsed party sees them: passes each call on to a real platform, judges the call by itself and by
//! what the platform says to it, and sometimes keeps the outcome from the party, who must then call again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_protocol::client::{ClientError, parse_answer};
use astrolabe_protocol::request::Call;
use astrolabe_protocol::{Answer, Fields};
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use futures::stream;

use super::calls::{Breach, Caller, Judged, door_of, judge, tid_of};
use super::casebook::{Casebook, Change, Told};
use super::exchange::{Asked, Exchange};
use super::relay::{Relay, Role};
use super::rules::Rule;
use super::transcript::{Transcript, Way};
use crate::fault::{Fault, FaultPlan};
use crate::ids::{Oid, Tid};
use crate::listener::{Front, Heard, Response};
use crate::wire::{BaseUrl, Got, Http};

/// A trickling answer comes in so many parts, with so long between them.
const DRIPS: usize = 8;
const DRIP_EVERY: Duration = Duration::from_millis(100);
/// Headers that belong to one connection, or that would make the answer unreadable for us.
const NOT_PASSED_ON: [&str; 6] =
    ["host", "connection", "content-length", "accept-encoding", "transfer-encoding", "expect"];

const ALLOCATED: &str = "taobao.omniorder.allocatedinfo.sync";
const ACCEPTED: &str = "taobao.omniorder.store.accpeted";
const REFUSED: &str = "taobao.omniorder.store.refused";
const CONSIGNED: &str = "taobao.omniorder.store.consigned";
const SYNCED: &str = "taobao.qimen.orderstatus.sync";

/// The rows of §5.4, in its order: status, what it says in Chinese, interface.
pub(super) const ROWS: [(&str, &str, &str); 6] = [
    ("X_ALLOCATION_NOTIFIED", "通知配货", SYNCED),
    ("X_SHOP_ALLOCATION", "已接单", SYNCED),
    ("X_ALLOCATION_NOTIFIED", "通知配货", ALLOCATED),
    ("X_SHOP_ALLOCATION", "已接单", ACCEPTED),
    ("X_SHOP_HANDLED", "已发货", CONSIGNED),
    ("X_SHOP_DENY", "已拒单", REFUSED),
];

/// Before the platform.
#[derive(Debug)]
pub(super) struct Doors {
    pub http: Http,
    pub server: BaseUrl,
    pub role: Role,
    pub caller: Caller,
    pub plan: Arc<FaultPlan>,
    pub transcript: Arc<Transcript>,
    pub casebook: Arc<Casebook>,
    pub relay: Arc<Relay>,
}

impl Doors {
    async fn pass_on(self: Arc<Self>, heard: Heard) -> Response {
        let target =
            if heard.query.is_empty() { heard.path.clone() } else { format!("{}?{}", heard.path, heard.query) };
        let multipart = heard.content_type().is_some_and(|kind| kind.starts_with("multipart/"));
        let Some(door) = door_of(&heard.path).filter(|_| !multipart) else {
            return answer_of(self.forward(&heard, &target).await);
        };
        let judged = judge(&heard, door, &self.caller);
        let about = judged.call.as_ref().and_then(|call| tid_of(&call.fields));
        let asked =
            Asked { verb: heard.verb.as_str(), target: &target, content_type: heard.content_type(), body: &heard.body };
        let writes = judged.call.as_ref().is_some_and(|call| call.method.writes_something());
        let fault = self.fault_for(&judged, about, writes);
        let begun = Instant::now();
        if fault == Some(Fault::ServerError) {
            self.transcript.call(Way::In, &judged.name, begun.elapsed());
            return (StatusCode::SERVICE_UNAVAILABLE, "unavailable").into_response();
        }
        let got = self.forward(&heard, &target).await;
        let took = begun.elapsed();
        self.transcript.call(Way::In, &judged.name, took);
        let exchange = self.transcript.exchange(took, asked, got.as_ref().map_err(String::as_str));
        let found = Watched { doors: &self, judged: &judged, about, exchange: &exchange };
        found.breaches();
        if let Ok(got) = &got {
            found.meaning(got);
        }
        match fault {
            Some(Fault::Silent) => cut_off(got),
            Some(Fault::SlowDrip) => {
                self.transcript.played(Fault::SlowDrip, true);
                trickle(got)
            }
            Some(_) | None => answer_of(got),
        }
    }

    /// Whether to keep the outcome of this call from the party. What is repeated on that account gets an answer.
    fn fault_for(&self, judged: &Judged, about: Option<Tid>, writes: bool) -> Option<Fault> {
        let (tid, right) = (about?, judged.breaches.iter().all(|breach| breach.rule == Rule::CallMemberUnknown));
        if self.casebook.repeated(&judged.name, tid).is_some() || !writes || !right {
            return None;
        }
        let fault = self.plan.draw(Fault::DOORS)?;
        if fault != Fault::SlowDrip {
            self.casebook.owe(&judged.name, tid, fault);
            self.transcript.played(fault, true);
        }
        Some(fault)
    }

    async fn forward(&self, heard: &Heard, target: &str) -> Result<Got, String> {
        let passed = |(name, _): &&(String, String)| !NOT_PASSED_ON.contains(&name.as_str());
        let headers: Vec<(String, String)> = heard.headers.iter().filter(passed).cloned().collect();
        let sent = self.http.exchange(heard.verb.clone(), &self.server.at(target), &headers, heard.body.to_vec()).await;
        sent.map_err(|error| error.to_string())
    }
}

/// One call with what was seen of it.
struct Watched<'a> {
    doors: &'a Doors,
    judged: &'a Judged,
    about: Option<Tid>,
    exchange: &'a Exchange,
}

impl Watched<'_> {
    fn find(&self, rule: Rule, expected: &str, came: &str) {
        self.doors.transcript.find(rule, &self.judged.name, expected, came, Some(self.exchange));
    }

    fn breaches(&self) {
        self.judged.breaches.iter().for_each(|Breach { rule, expected, came }| self.find(*rule, expected, came));
        let Some((fault, tid)) = self.about.and_then(|tid| Some((self.doors.casebook.forged(tid)?, tid))) else {
            return;
        };
        let writes = self.judged.call.as_ref().is_some_and(|call| call.method.writes_something());
        if matches!(fault, Fault::BadSign | Fault::Stale) {
            self.find(Rule::BadSignActed, "nothing", &format!("a call about trade {tid}, known from that call only"));
            self.doors.transcript.missed(fault);
        } else if writes {
            self.find(Rule::UnknownTidActed, "nothing", &format!("a report about trade {tid}, which does not exist"));
            self.doors.transcript.missed(fault);
        }
    }

    /// What the platform made of it.
    fn meaning(&self, got: &Got) {
        let Some(call) = &self.judged.call else { return };
        match parse_answer(call.method, &self.judged.style, &got.body) {
            Ok(answer) if answer.failure_code().is_none() => self.taken(call, &answer),
            Ok(answer) => self.refused(answer.failure_code().unwrap_or_default(), "failed in part"),
            Err(ClientError::Refused { code, message, sub_code }) => {
                self.refused(sub_code.as_deref().unwrap_or(&code), &message);
            }
            Err(ClientError::Unreadable(why)) => tracing::error!(why, "the platform's own answer cannot be read"),
        }
    }

    /// A refusal that its own breaches explain is not told twice.
    fn refused(&self, code: &str, message: &str) {
        if !self.judged.breaches.is_empty() || self.about.is_some_and(|tid| self.doors.casebook.forged(tid).is_some()) {
            return;
        }
        let rule = match code {
            "isv.store-not-exist" | "isv.warehouse-not-exist" => Rule::StoreUnknown,
            "isv.trade-not-exist" | "isv.sub-order-not-exist" | "isv.allocation-not-exist" => Rule::TidUnknown,
            "isv.order-state-invalid" | "isv.not-allocated-there" | "isv.nothing-to-answer" => {
                let refunding = self.about.is_some_and(|tid| self.doors.casebook.is_refunding(tid));
                if refunding { Rule::Overtaken } else { Rule::StatusOrder }
            }
            "isv.cancel-requested"
            | "isv.offer-withdrawn"
            | "isv.accepted-elsewhere"
            | "isv.allocation-closed"
            | "isv.stock-insufficient"
            | "isv.reserve-taken-over" => Rule::Overtaken,
            busy if busy.starts_with("isp.") || busy == "7" || busy == "10" => return,
            _ => Rule::CallRefused,
        };
        self.find(rule, "taken", &format!("{code} {message}"));
        if let Some(tid) = self.about.filter(|_| rule == Rule::Overtaken) {
            self.doors.casebook.answered(tid);
        }
    }

    fn taken(&self, call: &Call, _answer: &Answer) {
        let Some(tid) = self.about else { return };
        match call.method.name {
            ALLOCATED => {
                self.timely("X_ALLOCATION_NOTIFIED", ALLOCATED, call);
                self.allocated(tid, &call.fields);
            }
            ACCEPTED => self.answered_offer("X_SHOP_ALLOCATION", ACCEPTED, tid, call),
            REFUSED => self.answered_offer("X_SHOP_DENY", REFUSED, tid, call),
            CONSIGNED => self.timely("X_SHOP_HANDLED", CONSIGNED, call),
            SYNCED => match call.fields.text("status") {
                Ok("X_ALLOCATION_NOTIFIED") => {
                    self.timely("X_ALLOCATION_NOTIFIED", SYNCED, call);
                    let store = call.fields.long("store_id").map(|id| id.to_string()).unwrap_or_default();
                    let oids = call.fields.longs("order_codes").unwrap_or_default();
                    oids.into_iter().for_each(|oid| self.told(tid, Oid(oid), &store));
                }
                Ok("X_SHOP_ALLOCATION") => self.timely("X_SHOP_ALLOCATION", SYNCED, call),
                Ok(_) | Err(_) => {}
            },
            _ => {}
        }
    }

    fn timely(&self, status: &'static str, method: &'static str, call: &Call) {
        let happened = match method {
            SYNCED => call.fields.opt_time("action_time").ok().flatten(),
            _ => call.fields.long("report_timestamp").ok().map(astrolabe_protocol::EpochMs),
        };
        if let Err((rule, came)) = self.doors.transcript.reported(status, method, happened) {
            let within = self.doors.transcript.within.as_secs();
            self.find(rule, &format!("a time of the last {within} s"), &came);
        }
    }

    fn allocated(&self, tid: Tid, fields: &Fields) {
        for line in fields.structs("sub_order_list").unwrap_or_default() {
            let Ok(oid) = line.long("sub_oid").map(Oid) else { continue };
            match line.text("status") {
                Ok("Allocated") => self.told(tid, oid, line.text("store_id").unwrap_or_default()),
                Ok("AllocateFail") => self.doors.casebook.unplaced(tid, oid),
                Ok(_) | Err(_) => {}
            }
        }
        // The head counts for an empty list. Waiting is no answer.
        if fields.text("status") == Ok("AllocateFail") {
            self.doors.casebook.answered(tid);
        }
        self.doors.relay.ask_after(tid);
    }

    fn answered_offer(&self, status: &'static str, method: &'static str, tid: Tid, call: &Call) {
        self.timely(status, method, call);
        if self.doors.role == Role::Pos {
            for line in call.fields.structs("sub_order_list").unwrap_or_default() {
                let Ok(oid) = line.long("sub_oid").map(Oid) else { continue };
                self.told(tid, oid, line.text("store_id").unwrap_or_default());
            }
        }
    }

    fn told(&self, tid: Tid, oid: Oid, location: &str) {
        match self.doors.casebook.told(tid, oid, location) {
            Told::After(took) => {
                let hop = match self.doors.role {
                    Role::Isv => "allocate → allocatedinfo.sync",
                    Role::Pos => "allocatedinfo.sync → accepted / refused",
                };
                self.doors.transcript.hop(hop, took);
                if took >= self.doors.transcript.within {
                    let within = self.doors.transcript.within.as_secs();
                    self.find(
                        Rule::Late,
                        &format!("within {within} s of the question"),
                        &format!("{} s after it", took.as_secs()),
                    );
                }
            }
            Told::Otherwise { before } if self.doors.role == Role::Isv => {
                let (now, exchange) = (location.to_owned(), self.exchange.clone());
                self.doors.casebook.changed(Change { tid, oid, before, now, exchange });
            }
            Told::Otherwise { .. } | Told::Noted | Told::Unasked => {}
        }
    }
}

impl Front for Doors {
    fn answer(self: Arc<Self>, heard: Heard) -> std::pin::Pin<Box<dyn std::future::Future<Output = Response> + Send>> {
        Box::pin(self.pass_on(heard))
    }
}

fn answer_of(got: Result<Got, String>) -> Response {
    match got {
        Ok(got) => {
            let status = StatusCode::from_u16(got.status).unwrap_or(StatusCode::BAD_GATEWAY);
            let kind = got.content_type.unwrap_or_else(|| "text/plain".to_owned());
            (status, [(header::CONTENT_TYPE, kind)], got.body).into_response()
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The work is done, and the connection breaks before the answer is through.
pub(super) fn cut_off(got: Result<Got, String>) -> Response {
    let half = got.map(|got| got.body[..got.body.len() / 2].to_vec()).unwrap_or_default();
    let parts = [Ok(bytes::Bytes::from(half)), Err(std::io::Error::other("cut off on purpose"))];
    Body::from_stream(stream::iter(parts)).into_response()
}

/// The answer comes in parts.
pub(super) fn trickle(got: Result<Got, String>) -> Response {
    let Ok(got) = got else { return StatusCode::BAD_GATEWAY.into_response() };
    let status = StatusCode::from_u16(got.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let kind = got.content_type.unwrap_or_else(|| "text/plain".to_owned());
    let size = got.body.len().div_ceil(DRIPS).max(1);
    let parts: Vec<bytes::Bytes> = got.body.chunks(size).map(bytes::Bytes::copy_from_slice).collect();
    let drips = stream::unfold(parts.into_iter(), |mut parts| async move {
        let part = parts.next()?;
        tokio::time::sleep(DRIP_EVERY).await;
        Some((Ok::<_, std::io::Error>(part), parts))
    });
    (status, [(header::CONTENT_TYPE, kind)], Body::from_stream(drips)).into_response()
}
