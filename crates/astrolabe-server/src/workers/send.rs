//! One attempt at a call outward: who is called with what, and what follows from how it went.

use astrolabe_core::ids::{AppKey, ChannelId, WebhookName};
use astrolabe_core::outward::Receiver;
use astrolabe_protocol::spi;
use astrolabe_protocol::spi::SpiReply;
use astrolabe_store::{Attempt, AttemptOutcome, DueOutward};

use crate::app::App;
use crate::outward::{
    About, NotCallable, Pushed, SpiCall, Spoken, call_app, call_channel, call_webhook, push_row, spi_call,
};
use crate::workers::attempts::Ending;

/// What one attempt brought.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) ending: Ending,
    /// A readable answer of an ISV, when it was one.
    pub(super) reply: Option<SpiReply>,
    /// What went over the wire, when something did.
    pub(super) attempt: Option<Attempt>,
}

/// Makes one attempt.
pub(super) async fn send(app: &App, call: &DueOutward) -> Sent {
    let spoken = match &call.outward.receiver {
        Receiver::App(key) => send_spi(app, call, key).await,
        Receiver::Channel(channel) => send_channel(app, call, *channel).await,
        Receiver::Webhook(name) => send_webhook(app, call, name).await,
        Receiver::Rds(key) => return push(app, call, key).await,
    };
    match spoken {
        Ok(mut spoken) => {
            let about = about(call);
            let (ending, reply) = (ending_of(&spoken), spoken.reply.take());
            Sent { ending, reply, attempt: Some(spoken.into_attempt(about)) }
        }
        Err(ending) => Sent { ending, reply: None, attempt: None },
    }
}

fn about(call: &DueOutward) -> About {
    About {
        seller: call.seller,
        receiver: call.outward.receiver.clone(),
        call: Some(call.outward.id),
        tid: call.outward.tid,
        number: call.attempts + 1,
    }
}

/// A database has no code of its own to say no with: what somebody can mend is tried to the end of the schedule.
async fn push(app: &App, call: &DueOutward, key: &AppKey) -> Sent {
    let (ending, attempt) = match push_row(app, call.seller, key, &call.outward, about(call)).await {
        Pushed::Nowhere => (Ending::NoAddress, None),
        Pushed::Later(why) => (Ending::Unreachable(why), None),
        Pushed::Tried { attempt, error } => {
            let ending = match error {
                None => Ending::Delivered,
                Some(error) if error.may_pass() => Ending::Unreachable(error.to_string()),
                Some(error) => Ending::Refused(error.to_string()),
            };
            (ending, Some(*attempt))
        }
    };
    Sent { ending, reply: None, attempt }
}

async fn send_spi(app: &App, call: &DueOutward, key: &AppKey) -> Result<Spoken, Ending> {
    let directory = app.directory.get();
    let entry = directory.app(key).ok_or(Ending::NoAddress)?;
    let nick = directory.seller(call.seller).map(|seller| seller.nick.clone()).unwrap_or_default();
    let rendered = spi_call(app, call.seller, &nick, &call.outward).await;
    let rendered = rendered.map_err(|error| Ending::Unreachable(error.to_string()))?;
    let (name, fields) = rendered.ok_or_else(|| Ending::Refused("not a call to an app".to_owned()))?;
    let method = spi::find(name).ok_or_else(|| Ending::Refused(format!("{name} is not in the catalogue")))?;
    let addresses = &entry.row.spi;
    let address = addresses.of(addresses.in_use(), method.name).ok_or(Ending::NoAddress)?;
    Ok(call_app(app, SpiCall { app: &entry.row, address, body: None, method, fields: &fields }).await)
}

async fn send_channel(app: &App, call: &DueOutward, channel: ChannelId) -> Result<Spoken, Ending> {
    let directory = app.directory.get();
    let row = directory.channel_of(call.seller, channel).ok_or(Ending::NoAddress)?;
    call_channel(app, row, &call.outward).await.map_err(|reason| match reason {
        NotCallable::NoAddress => Ending::NoAddress,
        NotCallable::NotForChannels => Ending::Refused("not a call to a channel".to_owned()),
    })
}

async fn send_webhook(app: &App, call: &DueOutward, name: &WebhookName) -> Result<Spoken, Ending> {
    let directory = app.directory.get();
    let row = directory.webhook(call.seller, name).ok_or(Ending::NoAddress)?;
    call_webhook(app, row, &call.outward).await.ok_or_else(|| Ending::Refused("not a call to a webhook".to_owned()))
}

fn ending_of(spoken: &Spoken) -> Ending {
    let said = spoken.meaning.said();
    match spoken.meaning.outcome() {
        AttemptOutcome::Delivered => Ending::Delivered,
        AttemptOutcome::Fault => Ending::Fault(said),
        AttemptOutcome::Refused => Ending::Refused(said),
        AttemptOutcome::Unreachable => Ending::Unreachable(said),
    }
}
