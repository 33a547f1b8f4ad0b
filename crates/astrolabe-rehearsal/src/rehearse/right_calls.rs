//! Right calls to a party, form and JSON by turns, some in an unusual way that must be borne: with a field nobody knows, late,
//! trickling, twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use astrolabe_protocol::spi::{SpiBody, SpiReply};
use astrolabe_protocol::{Fields, Method};

use super::replies;
use super::rules::Rule;
use super::spi_call::{Address, Manner, Sent, send};
use super::transcript::{Transcript, Way};
use crate::fault::{Fault, FaultPlan};
use crate::wire::Http;

/// A call that was so long under way must still be taken: five minutes are allowed.
const LATE_BY: Duration = Duration::from_secs(240);

/// Who calls a party rightly.
#[derive(Debug)]
pub(super) struct RightCalls {
    pub http: Http,
    pub address: Address,
    pub plan: Arc<FaultPlan>,
    pub transcript: Arc<Transcript>,
    turns: AtomicU64,
}

impl RightCalls {
    pub(super) fn new(http: Http, address: Address, plan: Arc<FaultPlan>, transcript: Arc<Transcript>) -> Self {
        Self { http, address, plan, transcript, turns: AtomicU64::new(0) }
    }

    /// One call, perhaps in an unusual way, and its answer if it was taken.
    pub(super) async fn call(&self, method: &'static Method, fields: &Fields) -> (Sent, Option<SpiReply>) {
        let variant = self.plan.draw(Fault::VARIANTS);
        let (sent, reply) = self.call_so(method, fields, variant).await;
        if let Some((fault, rule)) = variant.and_then(rule_of) {
            self.transcript.played(fault, reply.is_some());
            if reply.is_none() {
                let came = "refused, or no answer";
                self.transcript.find(rule, method.name, "code \"0\"", came, Some(&sent.exchange));
            }
        }
        if variant == Some(Fault::Duplicate) {
            self.again(method, fields, reply.is_some()).await;
        }
        (sent, reply)
    }

    /// One call as the platform makes it.
    pub(super) async fn plain(&self, method: &'static Method, fields: &Fields) -> (Sent, Option<SpiReply>) {
        self.call_so(method, fields, None).await
    }

    async fn call_so(
        &self,
        method: &'static Method,
        fields: &Fields,
        variant: Option<Fault>,
    ) -> (Sent, Option<SpiReply>) {
        let sent = self.send(method, fields, variant).await;
        let reply = replies::judge_right(method, &sent, &self.transcript);
        (sent, reply)
    }

    async fn send(&self, method: &'static Method, fields: &Fields, variant: Option<Fault>) -> Sent {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        let manner = Manner {
            age: if variant == Some(Fault::Late) { LATE_BY } else { Duration::ZERO },
            unknown_field: variant == Some(Fault::UnknownField),
            drip: variant == Some(Fault::SlowDrip),
            ..Manner::right(if turn.is_multiple_of(2) { SpiBody::Form } else { SpiBody::Json })
        };
        let sent = send(&self.http, &self.address, method, fields, &manner, &self.transcript).await;
        self.transcript.call(Way::Out, method.name, sent.took);
        sent
    }

    /// The same call once more, as after a lost answer.
    async fn again(&self, method: &'static Method, fields: &Fields, first_was_taken: bool) {
        let sent = self.send(method, fields, None).await;
        let taken = replies::judge(method, &sent, &self.transcript).is_some_and(|reply| reply.is_ok());
        self.transcript.played(Fault::Duplicate, taken || !first_was_taken);
        if first_was_taken && !taken {
            let expected = "code \"0\" again";
            self.transcript.find(Rule::DuplicateRefused, method.name, expected, "not", Some(&sent.exchange));
        }
    }
}

/// What a variant that was not taken breaks.
fn rule_of(fault: Fault) -> Option<(Fault, Rule)> {
    let rules = [
        (Fault::UnknownField, Rule::UnknownFieldRefused),
        (Fault::Late, Rule::LateRefused),
        (Fault::SlowDrip, Rule::DripBroke),
    ];
    rules.into_iter().find(|(of, _)| *of == fault)
}
