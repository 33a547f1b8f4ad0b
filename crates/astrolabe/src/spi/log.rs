//! `astrolabe spi log`: what went over the wire, newest first.

use std::cmp::Reverse;
use std::process::ExitCode;

use astrolabe_core::ids::{AppKey, SellerId, Tid};
use astrolabe_core::outward::Receiver;
use astrolabe_protocol::EpochMs;
use astrolabe_store::{Attempt, AttemptsOf};

use crate::cli::SpiLogArgs;
use crate::spi::shown::exchange_lines;
use crate::spi::{open, served_by};
use crate::terminal::say;

/// Prints the newest attempts of every seller asked for.
pub(super) async fn run(args: SpiLogArgs) -> Result<ExitCode, String> {
    let app = open(args.database).await?;
    let (of, sellers): (AttemptsOf, Vec<SellerId>) = match (args.of.tid, args.of.app) {
        (Some(tid), _) => {
            let mut sellers: Vec<SellerId> = app.directory.get().sellers().map(|seller| seller.id).collect();
            sellers.sort_unstable();
            (AttemptsOf::Trade(Tid(tid)), sellers)
        }
        (None, Some(key)) => {
            let key = AppKey(key);
            let sellers = served_by(&app, &key).ok_or_else(|| format!("app {key} is not registered"))?;
            (AttemptsOf::Receiver(Receiver::App(key)), sellers)
        }
        (None, None) => return Err("say whose attempts: --tid or --app".to_owned()),
    };
    let limit = usize::from(args.limit);
    let mut found = Vec::new();
    for seller in sellers.into_iter().filter(|seller| args.seller.is_none_or(|wanted| wanted == seller.0)) {
        found.extend(app.store.attempts(seller, &of, None, limit).await.map_err(|error| error.to_string())?);
    }
    found.sort_by_key(|attempt| Reverse(attempt.key));
    found.truncate(limit);
    if found.is_empty() {
        say("no attempt is kept");
    }
    for attempt in &found {
        say(attempt_line(attempt));
        if args.full {
            for line in exchange_lines(&attempt.exchange) {
                say(format!("    {line}"));
            }
            say("");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn attempt_line(attempt: &Attempt) -> String {
    let receiver = match &attempt.receiver {
        Receiver::App(key) => format!("app {key}"),
        Receiver::Channel(channel) => format!("channel {channel}"),
        Receiver::Webhook(name) => format!("webhook {name}"),
        Receiver::Rds(key) => format!("database of {key}"),
    };
    let which = match attempt.call {
        Some(_) => format!("attempt {}", attempt.number),
        None => "test call".to_owned(),
    };
    let Attempt { seller, tid, method, .. } = attempt;
    format!("{}  seller {seller} trade {tid}  {method} to {receiver}, {which}: {}", clock(attempt), went(attempt))
}

/// How an attempt went, in few words.
pub(crate) fn went(attempt: &Attempt) -> String {
    let status = attempt.exchange.reply.as_ref().map_or_else(String::new, |reply| format!(", HTTP {}", reply.status));
    let failure = &attempt.exchange.failure;
    let why = if failure.is_empty() { String::new() } else { format!(" ({failure})") };
    format!("{} after {} ms{status}{why}", attempt.outcome.name(), attempt.took.0)
}

fn clock(attempt: &Attempt) -> String {
    astrolabe_protocol::time::format_datetime(EpochMs(attempt.key.started_at.0))
}
