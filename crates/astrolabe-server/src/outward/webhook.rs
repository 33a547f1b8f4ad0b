//! A call to a merchant's own system by the Standard Webhooks rule: JSON, signed, any 2xx is "heard".

use std::time::Duration;

use astrolabe_core::order::timeline::{Actor, TimelineFact};
use astrolabe_core::outward::{Message, Outward};
use astrolabe_core::time::Millis;
use astrolabe_protocol::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookSecret};
use astrolabe_store::WebhookRow;
use serde::Serialize;

use crate::app::App;
use crate::outward::dial::Post;
use crate::outward::guard::check_url;
use crate::outward::meaning::{Meaning, Spoken};

const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// What is sent. Ids of 63 bits are text: a JavaScript number would be another one.
#[derive(Serialize)]
struct Body<'a> {
    /// `order.` and the fact, or `ping`.
    r#type: String,
    /// Epoch milliseconds: when it was written, not when it is sent.
    timestamp: i64,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Fact(FactData<'a>),
    Ping { seller_id: i64 },
}

/// A line of an order's timeline. It never names the buyer.
#[derive(Serialize)]
struct FactData<'a> {
    seller_id: i64,
    tid: String,
    oid: Option<String>,
    allocation_code: Option<String>,
    location_id: Option<i64>,
    /// The refund or re-allocation it belongs to, or a recurrence; `0` for what happens once.
    request: String,
    by: &'static str,
    happened_at: i64,
    learnt_at: i64,
    detail: Option<&'a str>,
}

/// Makes one attempt; `None` where the row is no call to a webhook.
pub(crate) async fn call_webhook(app: &App, row: &WebhookRow, outward: &Outward) -> Option<Spoken> {
    let Message::TellFact(fact) = &outward.message else { return None };
    let body = Body { r#type: fact_type(fact), timestamp: outward.made_at.0, data: Data::Fact(data(row, fact)) };
    Some(post(app, row, &format!("msg_{}", outward.id), &body).await)
}

/// A test call, to see whether the address hears and checks our signature.
pub(crate) async fn ping_webhook(app: &App, row: &WebhookRow) -> Spoken {
    let now = app.clock.now();
    let body = Body { r#type: "ping".to_owned(), timestamp: now.0, data: Data::Ping { seller_id: row.seller.0 } };
    post(app, row, &format!("msg_ping_{}", now.0), &body).await
}

async fn post(app: &App, row: &WebhookRow, id: &str, body: &Body<'_>) -> Spoken {
    let started_at = app.clock.now();
    let body = serde_json::to_vec(body).unwrap_or_default();
    let timestamp = started_at.0 / 1_000;
    let signature = WebhookSecret::parse(&row.secret).map(|secret| secret.sign(id, timestamp, &body));
    let headers = [
        (ID_HEADER, id.to_owned()),
        (TIMESTAMP_HEADER, timestamp.to_string()),
        (SIGNATURE_HEADER, signature.unwrap_or_default()),
    ];
    let post = Post {
        url: row.url.clone(),
        content_type: "application/json",
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body,
        within: ANSWER_WITHIN,
    };
    let dialled = app.dialer.post(&post).await;
    let took = Millis(app.clock.now().0 - started_at.0);
    let meaning = match &dialled.failure {
        Some(failure) => Meaning::Failed(failure.clone()),
        None => Meaning::Said { code: "0".to_owned(), message: String::new() },
    };
    let exchange = Spoken::exchange(&post, &dialled, &meaning);
    Spoken { method: "webhook", meaning, reply: None, exchange, started_at, took }
}

/// Whether an address may be called; else a sentence for the field that holds it.
pub(crate) fn check_webhook_url(app: &App, url: &str) -> Result<(), String> {
    check_url(url, &app.dialer.reach()).map(|_| ()).map_err(|refused| refused.to_string())
}

/// `order.` and the stable word of the fact.
fn fact_type(fact: &TimelineFact) -> String {
    let word = serde_json::to_value(fact.fact).ok();
    format!("order.{}", word.as_ref().and_then(|word| word.as_str()).unwrap_or_default())
}

fn data<'a>(row: &WebhookRow, fact: &'a TimelineFact) -> FactData<'a> {
    FactData {
        seller_id: row.seller.0,
        tid: fact.tid.to_string(),
        oid: fact.oid.map(|oid| oid.to_string()),
        allocation_code: fact.code.map(|code| code.to_string()),
        location_id: fact.location.map(|location| location.0),
        request: fact.request.to_string(),
        by: match fact.who {
            Actor::Channel => "channel",
            Actor::Platform => "platform",
            Actor::Clock => "clock",
            Actor::App { .. } => "app",
            Actor::Keeper { .. } => "keeper",
            Actor::Operator { .. } => "operator",
        },
        happened_at: fact.at.happened.0,
        learnt_at: fact.at.learnt.0,
        detail: fact.detail.as_deref(),
    }
}
