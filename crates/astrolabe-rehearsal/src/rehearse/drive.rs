//! Calls a party's SPI address as the platform would (white paper §6.6): each trade's calls in their order, one of them twice as
//! after a lost answer, and now and then one with a wrong signature, which the party must refuse.

use std::time::Instant;

use astrolabe_protocol::catalogue::find_outward;
use astrolabe_protocol::spi::{SpiBody, SpiCaller, SpiReply, build, parse_reply};
use astrolabe_protocol::{AppKey, Fields, Secret, Value};

use super::Tempo;
use super::report::PartyReport;
use crate::clock;
use crate::ids::{Location, Oid, SellerId, Tid};
use crate::wire::{Http, LocalUrl};

/// One trade in so many is followed by a call with a wrong signature.
const WRONG_SIGNATURE_EVERY: u64 = 5;

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

/// What to drive, and how.
#[derive(Debug, Clone)]
pub struct DriveSpec {
    /// The SPI address.
    pub address: LocalUrl,
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
}

/// Drives it to the end of the tempo.
pub async fn drive(http: &Http, spec: &DriveSpec) -> PartyReport {
    let mut report = PartyReport::default();
    let start = Instant::now();
    for number in 0..spec.tempo.trades() {
        let due = spec.tempo.gap() * u32::try_from(number).unwrap_or(u32::MAX);
        tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
        let (tid, oid) = trade(spec, number);
        one_trade(http, spec, tid, oid, &mut report).await;
        if number % WRONG_SIGNATURE_EVERY == 0 {
            wrong_signature(http, spec, tid, &mut report).await;
        }
    }
    report.notes.push(
        "What the party then tells the platform is judged there: §5.4 counts from its answer to the platform's door."
            .to_owned(),
    );
    report
}

fn trade(spec: &DriveSpec, number: u64) -> (Tid, Oid) {
    if spec.trades.is_empty() {
        let base = clock::now().0 * 1_000 + i64::try_from(number % 100).unwrap_or_default() * 10;
        (Tid(base), Oid(base + 1))
    } else {
        spec.trades[usize::try_from(number).unwrap_or_default() % spec.trades.len()]
    }
}

async fn one_trade(http: &Http, spec: &DriveSpec, tid: Tid, oid: Oid, report: &mut PartyReport) {
    let ids = || Fields::new().with("tid", tid.0).with("seller_id", spec.seller.0);
    let refund = || {
        let line = Fields::new().with("sub_oid", oid.0).with("status", "STATUS_REFUNDED");
        ("taobao.qimen.omniorder.customer.refund", ids().with("sub_order_list", vec![line]))
    };
    let calls: Vec<(&'static str, Fields)> = match &spec.party {
        Driven::Isv => vec![
            ("taobao.qimen.omniorder.allocate", ids().with("seller_nick", spec.nick.as_str())),
            ("taobao.qimen.omniorder.allocatedinfo.get", ids()),
            ("taobao.qimen.omniorder.store.accpeted", ids()),
            ("taobao.qimen.omniorder.store.refused", ids()),
            ("taobao.qimen.omniorder.store.consigned", ids()),
            refund(),
        ],
        Driven::Pos { store } => {
            vec![("taobao.qimen.omniorder.allocatedinfo.sync", allocated(ids(), tid, oid, store)), refund()]
        }
    };
    let first = calls.first().cloned();
    for (name, fields) in calls {
        call(http, spec, name, &fields, report, name).await;
    }
    if let Some((name, fields)) = first {
        call(http, spec, name, &fields, report, &format!("{name} (again)")).await;
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

async fn call(
    http: &Http,
    spec: &DriveSpec,
    name: &'static str,
    fields: &Fields,
    report: &mut PartyReport,
    shown: &str,
) {
    let begun = Instant::now();
    let outcome = match send(http, spec, name, fields, &spec.secret).await {
        Ok(reply) if reply.is_ok() => Ok(()),
        Ok(reply) => Err(format!("code {} {}", reply.code, reply.message)),
        Err(why) => Err(why),
    };
    report.add(shown, begun.elapsed(), outcome);
}

async fn wrong_signature(http: &Http, spec: &DriveSpec, tid: Tid, report: &mut PartyReport) {
    let name = match spec.party {
        Driven::Isv => "taobao.qimen.omniorder.allocate",
        Driven::Pos { .. } => "taobao.qimen.omniorder.customer.refund",
    };
    let fields = Fields::new().with("tid", tid.0).with("seller_id", spec.seller.0);
    let begun = Instant::now();
    let outcome = match send(http, spec, name, &fields, &Secret::new("not the secret")).await {
        Ok(reply) if reply.is_ok() => Err("a call with a wrong signature was taken".to_owned()),
        // Refused in whatever words: that is what it should do.
        Ok(_) | Err(_) => Ok(()),
    };
    report.add(&format!("{name} (wrong signature)"), begun.elapsed(), outcome);
}

async fn send(
    http: &Http,
    spec: &DriveSpec,
    name: &'static str,
    fields: &Fields,
    secret: &Secret,
) -> Result<SpiReply, String> {
    let method = find_outward(name).ok_or_else(|| format!("there is no outward method {name}"))?;
    let caller = SpiCaller { app_key: &spec.app_key, secret, signed_headers: &[] };
    let request = build(method, fields, &caller, SpiBody::Form, clock::now());
    let url = request.url(&spec.address.to_string());
    let (status, body) = http
        .post(&url, &request.headers, request.content_type, request.body)
        .await
        .map_err(|error| error.to_string())?;
    if !(200..300).contains(&status) {
        return Err(format!("status {status}"));
    }
    parse_reply(method, None, &body).map_err(|error| error.to_string())
}
