//! A played party that is wrong on purpose, both ways: what it sends beside its right calls the platform must refuse; what it
//! answers wrongly the platform must bear, and call again. The party itself does not know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use astrolabe_protocol::catalogue::{Found, find_inward};
use astrolabe_protocol::client::{Credentials, Outgoing, Shape, build};
use astrolabe_protocol::pairs::{self, Charset};
use astrolabe_protocol::sign::{self, SIGN, sign_spi};
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, EpochMs, Fields, Method, Secret, Value};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::calls::tid_of;
use super::casebook::Casebook;
use super::doors::{cut_off, trickle};
use super::exchange::{Asked, Exchange};
use super::probes::nobodys_trade;
use super::rules::Rule;
use super::transcript::{Transcript, Way};
use crate::clock;
use crate::fault::{Fault, FaultPlan};
use crate::listener::{Front, Heard, Party, Response};
use crate::wire::{CallError, Called, Calling, Connector, Got, Mischief, door_path, read};

/// How late an answer comes: well before the platform gives up on it.
const LATE_BY: Duration = Duration::from_secs(2);
/// Older than any gateway lets pass.
const STALE_MS: i64 = 11 * 60_000;
/// A store that nobody has.
const NOBODYS_STORE: &str = "999999999999";
const HOUR_MS: i64 = 3_600_000;

/// Wrong on purpose.
#[derive(Debug)]
pub(super) struct Unruly {
    pub plan: Arc<FaultPlan>,
    pub transcript: Arc<Transcript>,
    pub casebook: Arc<Casebook>,
    pub secret: Secret,
}

/// What differs from a right call.
#[derive(Debug, Clone, Copy, Default)]
struct Twist {
    wrong_secret: bool,
    stale: bool,
    unknown_field: bool,
}

impl Unruly {
    async fn call_and_watch(&self, connector: &Connector, called: Called<'_>) -> Result<Answer, CallError> {
        let Some(Found::Method(method, _)) = find_inward(called.name) else {
            return Err(CallError::NoSuchMethod(called.name.to_owned()));
        };
        if !method.writes_something() {
            return self.send(connector, method, called, Twist::default()).await.0;
        }
        if let Some(fault) = self.plan.draw(Fault::PLAYED_PROBES) {
            self.probe(connector, method, called, fault).await;
        }
        let fault = self.plan.draw(Fault::PLAYED_CALLS);
        let fields = said_wrongly(called.fields, fault);
        let called = Called { fields: &fields, ..called };
        let (outcome, exchange) = self.send(connector, method, called, Twist::default()).await;
        if let Some(fault) = fault {
            self.transcript.played(fault, true);
        }
        self.judge(method, &outcome, &exchange);
        if fault == Some(Fault::Duplicate) && outcome.is_ok() {
            let (again, exchange) = self.send(connector, method, called, Twist::default()).await;
            if again.is_err() {
                self.transcript.missed(Fault::Duplicate);
            }
            self.judge(method, &again, &exchange);
        }
        outcome
    }

    fn judge(&self, method: &Method, outcome: &Result<Answer, CallError>, exchange: &Exchange) {
        let (rule, came) = match outcome {
            Ok(answer) => match answer.failure_code() {
                None => return,
                Some(code) => (Rule::PlatformRefused, code.to_owned()),
            },
            // A business refusal may be right: a buyer or another store was quicker. A platform's own code never is.
            Err(CallError::Refused { code, message }) if code.parse::<u16>().is_err() => {
                (Rule::Overtaken, format!("{code} {message}"))
            }
            Err(error @ (CallError::Refused { .. } | CallError::NoSuchMethod(_))) => {
                (Rule::PlatformRefused, error.to_string())
            }
            Err(CallError::Busy(_)) => return,
            Err(error @ CallError::Unknown(_)) => (Rule::PlatformSilent, error.to_string()),
        };
        self.transcript.find(rule, method.name, "taken", &came, Some(exchange));
    }

    async fn probe(&self, connector: &Connector, method: &'static Method, called: Called<'_>, fault: Fault) {
        let other = beside(called, fault);
        let Some((name, fields)) = other else { return };
        let Some(Found::Method(other, _)) = find_inward(name) else { return };
        let twist = Twist {
            wrong_secret: fault == Fault::BadSign,
            stale: fault == Fault::Stale,
            unknown_field: fault == Fault::UnknownField,
        };
        let (outcome, exchange) =
            self.send(connector, other, Called { name, shape: Shape::TopJson, fields: &fields }, twist).await;
        let taken = outcome.is_ok_and(|answer| answer.failure_code().is_none());
        self.transcript.played(fault, !taken);
        if taken {
            let expected = format!("a refusal ({})", fault.name());
            self.transcript.find(Rule::PlatformTook, method.name, &expected, "taken", Some(&exchange));
        }
    }

    async fn send(
        &self,
        connector: &Connector,
        method: &'static Method,
        called: Called<'_>,
        twist: Twist,
    ) -> (Result<Answer, CallError>, Exchange) {
        let outgoing = Outgoing { called_as: called.name, ..Outgoing::new(method, called.fields, called.shape) };
        let mut credentials: Credentials = connector.credentials().clone();
        if twist.wrong_secret {
            credentials.secret = Secret::new("not the secret of anybody");
        }
        let now = EpochMs(clock::now().0 - if twist.stale { STALE_MS } else { 0 });
        let mut request = build(&outgoing, &credentials, now);
        if twist.unknown_field {
            request.query = with_unknown(&request.query, &request.body, &outgoing, &credentials.secret);
        }
        let target = format!("{}?{}", door_path(request.door), request.query);
        let headers = [("content-type".to_owned(), request.content_type.to_owned())];
        let begun = Instant::now();
        let url = connector.server().at(&target);
        let verb = axum::http::Method::POST;
        let got = connector.http().exchange(verb, &url, &headers, request.body.clone()).await;
        let took = begun.elapsed();
        self.transcript.call(Way::Out, method.name, took);
        let asked =
            Asked { verb: "POST", target: &target, content_type: Some(request.content_type), body: &request.body };
        let why = got.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let exchange = self.transcript.exchange(took, asked, got.as_ref().map_err(|_| why.as_str()));
        let outcome = match got {
            Ok(Got { status: 200, body, .. }) => read(method, &outgoing, &body),
            Ok(got) => Err(CallError::Unknown(format!("status {} at a router door", got.status))),
            Err(error) => Err(error),
        };
        (outcome, exchange)
    }

    /// The party hears a call, and its answer is spoilt, or not.
    async fn hear(&self, party: Arc<dyn Party>, heard: Heard) -> Response {
        let fault = self.plan.draw(Fault::PLAYED_ANSWERS);
        let call = heard.spi(&self.secret).ok();
        let about = call.as_ref().and_then(|call| tid_of(&call.fields).map(|tid| (call.method.name, tid)));
        if let Some((method, tid)) = about {
            self.casebook.repeated(method, tid);
        }
        let begun = Instant::now();
        let unchecked = call.is_none() && self.plan.draw(&[Fault::UncheckedSign]).is_some();
        let heard = if unchecked { self.signed_anew(heard) } else { heard };
        if fault == Some(Fault::ServerError) {
            self.spoilt(Fault::ServerError, about);
            return (StatusCode::SERVICE_UNAVAILABLE, "unavailable").into_response();
        }
        let rendered = party.hear(heard).await;
        if let Some((method, _)) = about {
            self.transcript.call(Way::In, method, begun.elapsed());
        }
        let got = Got { status: 200, content_type: Some(rendered.content_type.to_owned()), body: rendered.body.into() };
        match fault {
            None => answer(got),
            Some(fault) => {
                self.spoilt(fault, about);
                spoil(fault, got).await
            }
        }
    }

    /// Writes it down; what cannot be read must come again.
    fn spoilt(&self, fault: Fault, about: Option<(&'static str, crate::ids::Tid)>) {
        self.transcript.played(fault, true);
        let readable = matches!(fault, Fault::Late | Fault::SlowDrip);
        if let Some((method, tid)) = about.filter(|_| !readable) {
            self.casebook.owe(method, tid, fault);
        }
    }

    /// As a receiver that checks no signature would take it.
    fn signed_anew(&self, heard: Heard) -> Heard {
        let mut query = pairs::parse(heard.query.as_bytes(), Charset::Utf8).unwrap_or_default();
        query.retain(|(name, _)| name != SIGN && name != "timestamp");
        query.push(("timestamp".to_owned(), format_datetime(clock::now())));
        let is_form = heard.content_type().is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let mut signed = query.clone();
        if is_form {
            signed.extend(pairs::parse(&heard.body, Charset::Utf8).unwrap_or_default());
        }
        let raw = (!is_form).then_some(heard.body.as_ref());
        query.push((SIGN.to_owned(), sign_spi(&self.secret, &signed, raw)));
        Heard { query: pairs::write_query(&query), ..heard }
    }
}

impl Mischief for Unruly {
    fn call<'a>(&'a self, connector: &'a Connector, called: Called<'a>) -> Calling<'a> {
        Box::pin(self.call_and_watch(connector, called))
    }
}

/// A party behind its unruliness.
pub(super) struct UnrulyFront {
    pub unruly: Arc<Unruly>,
    pub party: Arc<dyn Party>,
}

impl Front for UnrulyFront {
    fn answer(self: Arc<Self>, heard: Heard) -> std::pin::Pin<Box<dyn std::future::Future<Output = Response> + Send>> {
        Box::pin(async move { self.unruly.hear(Arc::clone(&self.party), heard).await })
    }
}

/// The call to make beside a right one; nothing where the fault does not fit.
fn beside<'a>(called: Called<'a>, fault: Fault) -> Option<(&'a str, Fields)> {
    let fields = called.fields;
    let replaced = |of: &Fields, name: &str, value: Value| {
        let kept = of.iter().filter(|(own, _)| *own != name).map(|(own, value)| (own.to_owned(), value.clone()));
        let rest: Fields = kept.fold(Fields::new(), |fields, (own, value)| fields.with(own, value));
        rest.with(name.to_owned(), value)
    };
    let has_list = fields.has("sub_order_list") && fields.has("tid");
    match fault {
        Fault::BadSign | Fault::Stale | Fault::UnknownField => Some((called.name, fields.clone())),
        Fault::UnknownTid if has_list => {
            let nobodys = nobodys_trade();
            let items = fields.structs("sub_order_list").ok()?.into_iter();
            let items = items.map(|item| {
                let item = replaced(item, "tid", Value::Int(nobodys.0));
                Value::Struct(replaced(&item, "sub_oid", Value::Int(nobodys.0 + 1)))
            });
            let list = Value::List(items.collect());
            let fields = replaced(fields, "tid", Value::Int(nobodys.0));
            Some((called.name, replaced(&fields, "sub_order_list", list)))
        }
        Fault::MissingField if has_list => {
            let tid = fields.long("tid").ok()?;
            Some((called.name, Fields::new().with("tid", tid)))
        }
        Fault::WrongStore if has_list => {
            let items = fields.structs("sub_order_list").ok()?;
            let elsewhere = items
                .into_iter()
                .map(|item| Value::Struct(replaced(item, "store_id", Value::Text(NOBODYS_STORE.to_owned()))));
            let list = Value::List(elsewhere.collect());
            Some((called.name, replaced(fields, "sub_order_list", list)))
        }
        Fault::OutOfOrder if called.name == "taobao.omniorder.store.accpeted" => {
            let items = fields.structs("sub_order_list").ok()?;
            let shipped = items.into_iter().map(|item| {
                Value::Struct(item.clone().with("logistic_company_code", "SF").with("logistic_no", "SF0000000000000"))
            });
            let list = Value::List(shipped.collect());
            Some(("taobao.omniorder.store.consigned", replaced(fields, "sub_order_list", list)))
        }
        Fault::UnknownTid
        | Fault::MissingField
        | Fault::WrongStore
        | Fault::OutOfOrder
        | Fault::WrongSeller
        | Fault::Duplicate
        | Fault::Late
        | Fault::Silent
        | Fault::ServerError
        | Fault::Garbage
        | Fault::SlowDrip
        | Fault::UncheckedSign
        | Fault::NoTimestamp
        | Fault::FutureTimestamp
        | Fault::LateTimestamp
        | Fault::NoCode
        | Fault::MisnamedCode
        | Fault::GivesUp
        | Fault::NeverReports
        | Fault::Forgetful => None,
    }
}

/// The fields with a wrong time of report.
fn said_wrongly(fields: &Fields, fault: Option<Fault>) -> Fields {
    let now = clock::now().0;
    let at = match fault {
        Some(Fault::NoTimestamp) => None,
        Some(Fault::FutureTimestamp) => Some(now + HOUR_MS),
        Some(Fault::LateTimestamp) => Some(now - HOUR_MS / 6),
        Some(_) | None => return fields.clone(),
    };
    let kept = fields.iter().filter(|(name, _)| *name != "report_timestamp" && *name != "action_time");
    let rest = kept.fold(Fields::new(), |all, (name, value)| all.with(name.to_owned(), value.clone()));
    rest.with_opt("report_timestamp", at.filter(|_| fields.has("report_timestamp")))
        .with_opt("action_time", at.filter(|_| fields.has("action_time")).map(|at| format_datetime(EpochMs(at))))
}

/// A parameter that nobody defined, signed as it should be.
fn with_unknown(query: &str, body: &[u8], outgoing: &Outgoing<'_>, secret: &Secret) -> String {
    let mut query = pairs::parse(query.as_bytes(), Charset::Utf8).unwrap_or_default();
    query.retain(|(name, _)| name != SIGN);
    query.push(("astrolabe_future".to_owned(), "1".to_owned()));
    let mut signed = query.clone();
    signed.extend(pairs::parse(body, Charset::Utf8).unwrap_or_default());
    query.push((SIGN.to_owned(), sign::sign(outgoing.signing.method, secret, &signed, None)));
    pairs::write_query(&query)
}

fn answer(got: Got) -> Response {
    let kind = got.content_type.unwrap_or_default();
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], got.body).into_response()
}

async fn spoil(fault: Fault, got: Got) -> Response {
    let text = String::from_utf8_lossy(&got.body).into_owned();
    let with = |body: String| answer(Got { body: body.into(), ..got.clone() });
    match fault {
        Fault::Late => {
            tokio::time::sleep(LATE_BY).await;
            answer(got)
        }
        Fault::Silent => cut_off(Ok(got)),
        Fault::SlowDrip => trickle(Ok(got)),
        Fault::Garbage => with("%%% no answer <at> all".to_owned()),
        Fault::NoCode => with(text.replace("\"code\":\"0\",", "").replace("\"code\":\"0\"", "\"message\":\"\"")),
        Fault::MisnamedCode => with(text.replace("\"code\":", "\"err_code\":")),
        Fault::BadSign
        | Fault::Stale
        | Fault::WrongSeller
        | Fault::UnknownTid
        | Fault::MissingField
        | Fault::UnknownField
        | Fault::Duplicate
        | Fault::OutOfOrder
        | Fault::ServerError
        | Fault::UncheckedSign
        | Fault::WrongStore
        | Fault::NoTimestamp
        | Fault::FutureTimestamp
        | Fault::LateTimestamp
        | Fault::GivesUp
        | Fault::NeverReports
        | Fault::Forgetful => answer(got),
    }
}
