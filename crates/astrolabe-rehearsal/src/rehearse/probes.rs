//! Calls that a party must refuse, or bear: forged, stale, about nothing, broken, out of order. Each is about a trade of its
//! own that does not exist, so that whatever the party does about it shows at the doors.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use astrolabe_protocol::catalogue::find_outward;
use astrolabe_protocol::spi::{SpiBody, parse_reply};
use astrolabe_protocol::{Fields, Method, Secret};

use super::casebook::Casebook;
use super::replies;
use super::rules::Rule;
use super::spi_call::{Address, Manner, Sent, send};
use super::transcript::{Transcript, Way};
use crate::fault::Fault;
use crate::ids::{Oid, SellerId, Tid};
use crate::wire::Http;

/// The published verifiers let five minutes pass.
const STALE_AGE: Duration = Duration::from_secs(600);
/// Trades of forged calls: a range that no stand-in channel makes.
const FORGED_FIRST: i64 = 7_700_000_000_000_000;

/// Who is probed, and where it is written down.
#[derive(Debug)]
pub(super) struct Prober<'a> {
    pub http: &'a Http,
    pub address: &'a Address,
    pub seller: SellerId,
    pub transcript: &'a Transcript,
    pub casebook: &'a Casebook,
    /// The method whose forgery is tried.
    pub method: &'static Method,
}

/// A trade that does not exist; each is used once.
pub(super) fn nobodys_trade() -> Tid {
    static NEXT: AtomicI64 = AtomicI64::new(FORGED_FIRST);
    Tid(NEXT.fetch_add(16, Ordering::Relaxed))
}

/// What a method is told of a trade, as far as the probes need it.
pub(super) fn fields_of(method: &str, tid: Tid, oid: Oid, seller: SellerId) -> Fields {
    let ids = Fields::new().with("tid", tid.0).with("seller_id", seller.0);
    match method {
        "taobao.qimen.omniorder.customer.refund" => {
            let line = Fields::new().with("sub_oid", oid.0).with("status", "STATUS_REFUNDED");
            ids.with("sub_order_list", vec![line])
        }
        "taobao.qimen.omniorder.allocatedinfo.sync" => {
            let line = Fields::new()
                .with("store_id", "1")
                .with("tid", tid.0)
                .with("sub_oid", oid.0)
                .with("type", "Store")
                .with("status", "Allocated");
            ids.with("status", "Allocated").with("store_allocated_list", vec![line])
        }
        _ => ids,
    }
}

impl Prober<'_> {
    /// Tries one of [`Fault::PROBES`].
    pub(super) async fn probe(&self, fault: Fault) {
        let tid = nobodys_trade();
        self.casebook.forge(tid, fault);
        let fields = fields_of(self.method.name, tid, Oid(tid.0 + 1), self.seller);
        let right = Manner::right(SpiBody::Form);
        let met = match fault {
            Fault::BadSign => {
                let manner = Manner { secret: Some(Secret::new("not the secret of anybody")), ..right };
                self.bad_sign(&self.send(self.method, &fields, &manner).await)
            }
            Fault::Stale => {
                let sent = self.send(self.method, &fields, &Manner { age: STALE_AGE, ..right }).await;
                self.refused(&sent, Rule::StaleTaken)
            }
            Fault::WrongSeller => {
                let other = fields_of(self.method.name, tid, Oid(tid.0 + 1), SellerId(self.seller.0 + 1));
                self.refused(&self.send(self.method, &other, &right).await, Rule::WrongSellerTaken)
            }
            // Taken or refused, it may say what it likes in a form that can be read. What it does shows at the doors.
            Fault::UnknownTid => {
                let sent = self.send(self.method, &fields, &right).await;
                replies::judge(self.method, &sent, self.transcript).is_some()
            }
            Fault::MissingField => {
                let bare = Fields::new().with("seller_id", self.seller.0);
                self.refused(&self.send(self.method, &bare, &right).await, Rule::MissingFieldTaken)
            }
            Fault::Garbage => {
                let manner = Manner { instead: Some("{\"tid\": 12, %%%"), body: SpiBody::Json, ..right };
                self.refused(&self.send(self.method, &fields, &manner).await, Rule::GarbageTaken)
            }
            Fault::OutOfOrder => self.out_of_order(tid).await,
            // Not probes: those are ways to send a right call, or to answer one.
            Fault::UnknownField
            | Fault::Duplicate
            | Fault::Late
            | Fault::Silent
            | Fault::ServerError
            | Fault::SlowDrip
            | Fault::UncheckedSign
            | Fault::WrongStore
            | Fault::NoTimestamp
            | Fault::FutureTimestamp
            | Fault::LateTimestamp
            | Fault::NoCode
            | Fault::MisnamedCode
            | Fault::GivesUp
            | Fault::NeverReports
            | Fault::Forgetful => return,
        };
        self.transcript.played(fault, met);
    }

    async fn send(&self, method: &'static Method, fields: &Fields, manner: &Manner) -> Sent {
        let sent = send(self.http, self.address, method, fields, manner, self.transcript).await;
        self.transcript.call(Way::Out, method.name, sent.took);
        sent
    }

    fn find(&self, rule: Rule, expected: &str, came: &str, sent: &Sent) {
        self.transcript.find(rule, self.method.name, expected, came, Some(&sent.exchange));
    }

    /// Whether the call was refused in whatever words. A status other than 2xx and a broken connection are refusals too.
    fn refused(&self, sent: &Sent, rule: Rule) -> bool {
        let taken = match &sent.got {
            Ok(got) if (200..300).contains(&got.status) => {
                parse_reply(self.method, got.content_type.as_deref(), &got.body).is_ok_and(|reply| reply.is_ok())
            }
            Ok(_) | Err(_) => false,
        };
        if taken {
            self.find(rule, "a refusal", "code \"0\"", sent);
        }
        !taken
    }

    fn bad_sign(&self, sent: &Sent) -> bool {
        if !self.refused(sent, Rule::BadSignTaken) {
            return false;
        }
        let body = sent.got.as_ref().map(|got| String::from_utf8_lossy(&got.body).into_owned()).unwrap_or_default();
        let named = body.contains("sign-check-failure");
        if !named {
            self.find(Rule::BadSignUnnamed, "sub_code sign-check-failure", "another refusal", sent);
        }
        named
    }

    /// Shipping is told of a trade that was never allocated or accepted; then the allocation is asked after.
    async fn out_of_order(&self, tid: Tid) -> bool {
        let notices = ["taobao.qimen.omniorder.store.consigned", "taobao.qimen.omniorder.allocatedinfo.get"];
        let notices: &[&str] = if self.method.name == "taobao.qimen.omniorder.allocatedinfo.sync" {
            &["taobao.qimen.omniorder.customer.refund"]
        } else {
            &notices
        };
        let mut met = true;
        for name in notices {
            let Some(method) = find_outward(name) else { continue };
            let fields = fields_of(name, tid, Oid(tid.0 + 1), self.seller);
            let sent = self.send(method, &fields, &Manner::right(SpiBody::Form)).await;
            let answered = match &sent.got {
                Ok(got) => got.status == 200 && parse_reply(method, got.content_type.as_deref(), &got.body).is_ok(),
                Err(_) => false,
            };
            if !answered {
                self.transcript.find(
                    Rule::OutOfOrderBroke,
                    name,
                    "a readable answer, success or not",
                    "none",
                    Some(&sent.exchange),
                );
            }
            met &= answered;
        }
        met
    }
}
