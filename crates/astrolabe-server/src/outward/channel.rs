//! A call to the channel by the TOP rule: a consignment (white paper §3.1, §3.2), or the code that a buyer will need.

use std::time::Duration;

use astrolabe_core::outward::{Message, Outward};
use astrolabe_core::time::Millis;
use astrolabe_protocol::client::{self, ClientError, Credentials, Outgoing, Shape};
use astrolabe_protocol::{EpochMs, Secret, catalogue};
use astrolabe_store::ChannelRow;

use crate::app::App;
use crate::outward::dial::Post;
use crate::outward::meaning::{Meaning, Spoken};
use crate::outward::render;

const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Why no call can be made of a row.
#[derive(Debug)]
pub(crate) enum NotCallable {
    /// The channel is not called: it registered no address, or no key to sign with.
    NoAddress,
    /// The row is no call to a channel.
    NotForChannels,
}

/// Makes one attempt at a call to a channel.
pub(crate) async fn call_channel(app: &App, row: &ChannelRow, outward: &Outward) -> Result<Spoken, NotCallable> {
    let (Some(endpoint), Some(key), Some(secret)) = (&row.endpoint, &row.app_key, &row.secret) else {
        return Err(NotCallable::NoAddress);
    };
    let (name, fields) = render::channel_call(outward).ok_or(NotCallable::NotForChannels)?;
    let method = catalogue::find_outward(name).ok_or(NotCallable::NotForChannels)?;
    let credentials = Credentials {
        app_key: astrolabe_protocol::AppKey::new(key.0.clone()),
        secret: Secret::new(secret.clone()),
        session: row.session.clone(),
        customer_id: None,
    };
    let outgoing = Outgoing::new(method, &fields, Shape::TopJson);
    let started_at = app.clock.now();
    let request = client::build(&outgoing, &credentials, EpochMs(started_at.0));
    let post = Post {
        url: format!("{endpoint}?{}", request.query),
        content_type: request.content_type,
        headers: Vec::new(),
        body: request.body,
        within: ANSWER_WITHIN,
    };
    let dialled = app.dialer.post(&post).await;
    let took = Millis(app.clock.now().0 - started_at.0);
    let meaning = match (&dialled.failure, &dialled.got) {
        (Some(failure), _) => Meaning::Failed(failure.clone()),
        (None, got) => {
            let body = got.as_ref().map(|got| got.body.as_slice()).unwrap_or_default();
            match client::parse_answer(method, &outgoing.style(), body) {
                Ok(_answer) => Meaning::Said { code: "0".to_owned(), message: String::new() },
                Err(ClientError::Refused { code, message, sub_code, .. }) => {
                    Meaning::Said { code: sub_code.unwrap_or(code), message }
                }
                Err(error) => Meaning::Unreadable(error.to_string()),
            }
        }
    };
    let exchange = Spoken::exchange(&post, &dialled, &meaning);
    let spoken = Spoken { method: method.name, meaning, reply: None, exchange, started_at, took };
    Ok(match handover_code(outward) {
        Some(code) => spoken.without(code),
        None => spoken,
    })
}

/// The code in it, which is the buyer's alone: neither what was sent nor what came back is kept with it.
fn handover_code(outward: &Outward) -> Option<&str> {
    match &outward.message {
        Message::TellHandoverCode { code, .. } => Some(code.digits()),
        Message::AskAllocation
        | Message::QueryAllocation
        | Message::TellAllocations { .. }
        | Message::TellRefund { .. }
        | Message::TellAccepted { .. }
        | Message::TellRefused { .. }
        | Message::TellShipped { .. }
        | Message::ConsignToChannel { .. }
        | Message::TellFact(_)
        | Message::AskCancel { .. }
        | Message::PushTrade
        | Message::PushRefund { .. } => None,
    }
}
