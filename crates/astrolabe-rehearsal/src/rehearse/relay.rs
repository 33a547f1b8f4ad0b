//! Stands where the platform believes the party's SPI address to be: passes each call on, now as a form, now as JSON, sometimes
//! in an unusual way that must be borne, sometimes with a forged call beside it, and judges the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use astrolabe_protocol::Fields;
use astrolabe_protocol::spi::{SpiCall, SpiReply};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::casebook::Casebook;
use super::probes::Prober;
use super::right_calls::RightCalls;
use super::rules::Rule;
use crate::fault::Fault;
use crate::ids::{Oid, SellerId, Tid};
use crate::listener::{Front, Heard, Response};

/// A party learns with the answer to its report that it was taken; so long later it must say so when asked.
const ASK_AFTER: Duration = Duration::from_secs(2);
const GET: &str = "taobao.qimen.omniorder.allocatedinfo.get";
/// Trades that are asked after with `allocatedinfo.get`.
const ASKED_AFTER_MAX: u64 = 50;

/// Who is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An allocating ISV (§3.2, §3.4).
    Isv,
    /// A POS (§3.3).
    Pos,
}

impl Role {
    /// The call that asks the party for something.
    pub(super) fn question(self) -> &'static str {
        match self {
            Self::Isv => "taobao.qimen.omniorder.allocate",
            Self::Pos => "taobao.qimen.omniorder.allocatedinfo.sync",
        }
    }

    /// What can be forged or broken beside that call.
    pub(super) fn probes(self) -> &'static [Fault] {
        match self {
            Self::Isv => Fault::PROBES,
            Self::Pos => Fault::PROBES_OF_POS,
        }
    }

    /// The name of its place on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Isv => "isv",
            Self::Pos => "pos",
        }
    }
}

/// Between platform and party.
#[derive(Debug)]
pub(super) struct Relay {
    pub role: Role,
    pub calls: RightCalls,
    pub seller: SellerId,
    pub casebook: Arc<Casebook>,
    pub asked_after: AtomicU64,
    pub beside: Mutex<JoinSet<()>>,
}

impl Relay {
    async fn pass_on(self: Arc<Self>, heard: Heard) -> Response {
        let call = match heard.spi(&self.calls.address.secret) {
            Ok(call) => call,
            Err(error) => {
                tracing::error!(%error, "the platform's own call does not hold");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        self.remember(&call);
        if call.method.name == self.role.question()
            && let Some(fault) = self.calls.plan.draw(self.role.probes())
        {
            self.probe_beside(fault, &call);
        }
        let (sent, reply) = self.calls.call(call.method, &call.fields).await;
        if let Some(reply) = reply.filter(|_| call.method.name == GET) {
            self.take_answer(&call, &reply);
        }
        match sent.got {
            Ok(got) => {
                let status = StatusCode::from_u16(got.status).unwrap_or(StatusCode::BAD_GATEWAY);
                let kind = got.content_type.unwrap_or_else(|| "application/json".to_owned());
                (status, [(header::CONTENT_TYPE, kind)], got.body).into_response()
            }
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }

    fn remember(&self, call: &SpiCall) {
        let Ok(tid) = call.fields.long("tid").map(Tid) else { return };
        match call.method.name {
            name if name == self.role.question() => {
                let about = match self.role {
                    Role::Isv => None,
                    Role::Pos => Some(offers(&call.fields, &self.casebook.given(tid))),
                };
                if about.as_ref().is_none_or(|offers| !offers.is_empty()) {
                    self.casebook.asked(tid, about);
                }
            }
            "taobao.qimen.omniorder.customer.refund" => self.casebook.refunding(tid),
            "taobao.qimen.omniorder.store.refused" => self.casebook.store_refused(tid),
            _ => {}
        }
    }

    fn probe_beside(self: &Arc<Self>, fault: Fault, call: &SpiCall) {
        let (relay, method) = (Arc::clone(self), call.method);
        self.beside.lock().spawn(async move {
            let RightCalls { http, address, transcript, .. } = &relay.calls;
            let (seller, casebook) = (relay.seller, &relay.casebook);
            Prober { http, address, seller, transcript, casebook, method }.probe(fault).await;
        });
    }

    /// What `allocatedinfo.get` says is as good as a report.
    fn take_answer(&self, call: &SpiCall, reply: &SpiReply) {
        let Ok(tid) = call.fields.long("tid").map(Tid) else { return };
        if !reply.fields.structs("store_allocated_list").unwrap_or_default().is_empty() {
            self.casebook.answered(tid);
        }
    }

    /// Asks after a trade that was reported, as the platform does when it is in doubt (§6.6.3). A party that has just decided
    /// otherwise and is about to say so gets a second chance.
    pub(super) fn ask_after(self: &Arc<Self>, tid: Tid) {
        if self.role != Role::Isv || self.asked_after.fetch_add(1, Ordering::Relaxed) >= ASKED_AFTER_MAX {
            return;
        }
        let Some(method) = astrolabe_protocol::catalogue::find_outward(GET) else { return };
        let relay = Arc::clone(self);
        let fields = Fields::new().with("tid", tid.0).with("seller_id", self.seller.0);
        self.beside.lock().spawn(async move {
            for last in [false, true] {
                tokio::time::sleep(ASK_AFTER).await;
                let given = relay.casebook.given(tid);
                let (sent, reply) = relay.calls.plain(method, &fields).await;
                let Some((expected, came)) = reply.and_then(|reply| relay.disagreement(tid, &given, &reply)) else {
                    return;
                };
                if last {
                    let exchange = Some(&sent.exchange);
                    relay.calls.transcript.find(Rule::GetDisagrees, GET, &expected, &came, exchange);
                }
            }
        });
    }

    /// Where an answer differs from what was reported. `Waiting`, or nothing, contradicts a report. A sub-order that was given anew
    /// while the question was under way proves nothing, nor does one whose buyer wants the money back.
    fn disagreement(&self, tid: Tid, before: &BTreeMap<Oid, String>, reply: &SpiReply) -> Option<(String, String)> {
        if self.casebook.is_refunding(tid) {
            return None;
        }
        let lines = reply.fields.structs("store_allocated_list").unwrap_or_default();
        let said = |oid: &Oid| {
            let line = lines.iter().find(|line| line.long("sub_oid") == Ok(oid.0));
            line.and_then(|line| line.opt_text("store_id").ok().flatten()).unwrap_or("nothing")
        };
        let after = self.casebook.given(tid);
        let mut stable = before.iter().filter(|(oid, location)| after.get(oid) == Some(location));
        let (oid, location) = stable.find(|(oid, location)| said(oid) != location.as_str())?;
        Some((format!("sub-order {oid} at {location}"), said(oid).to_owned()))
    }

    /// Waits for what still runs beside.
    pub(super) async fn settle(&self) {
        let mut beside = std::mem::take(&mut *self.beside.lock());
        while let Some(ended) = beside.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a probe ended badly");
            }
        }
    }
}

/// Sub-orders that a POS is newly offered by this list, which names all of a trade's every time.
fn offers(fields: &Fields, given: &BTreeMap<Oid, String>) -> BTreeSet<Oid> {
    let lines = fields.structs("store_allocated_list").unwrap_or_default();
    let offered = lines.into_iter().filter(|line| line.text("status") == Ok("Allocated"));
    let pairs = offered.filter_map(|line| Some((Oid(line.long("sub_oid").ok()?), line.text("store_id").ok()?)));
    pairs.filter(|(oid, store)| given.get(oid).is_none_or(|given| given != store)).map(|(oid, _)| oid).collect()
}

impl Front for Relay {
    fn answer(self: Arc<Self>, heard: Heard) -> std::pin::Pin<Box<dyn std::future::Future<Output = Response> + Send>> {
        Box::pin(self.pass_on(heard))
    }
}
