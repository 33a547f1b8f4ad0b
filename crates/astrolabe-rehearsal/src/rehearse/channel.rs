//! Plays a channel against a running platform: pushes paid trades for listings the merchant really has, some of them twice, and
//! now and then with a wrong token.

use std::time::Instant;

use serde_json::Value;

use super::Tempo;
use super::report::PartyReport;
use crate::clock;
use crate::ids::{ItemId, Listing, SellerId};
use crate::merchant::{Item, Merchant, Sku, TradeMaker};
use crate::wire::{CallError, Http, LocalUrl, Verb};

/// One trade in so many is pushed twice.
const TWICE_EVERY: u64 = 10;
/// One trade in so many is pushed with a wrong token first.
const WRONG_TOKEN_EVERY: u64 = 20;
/// Price of every listing, in fen: the merchant's prices are not the channel's secret here.
const PRICE_FEN: i64 = 19_900;

/// Which channel to play, and where.
#[derive(Debug, Clone)]
pub struct ChannelSpec {
    /// The platform.
    pub server: LocalUrl,
    /// The channel's name.
    pub channel: String,
    /// Its bearer token.
    pub token: String,
    /// The seller.
    pub seller: SellerId,
    /// Its shop name.
    pub nick: String,
    /// What buyers buy; best seller first.
    pub listings: Vec<Listing>,
    /// Trades follow from it.
    pub seed: u64,
    /// How long and how fast.
    pub tempo: Tempo,
}

/// Plays it to the end of the tempo.
pub async fn play_channel(http: &Http, spec: &ChannelSpec) -> PartyReport {
    let mut report = PartyReport::default();
    let merchant = Merchant::with_items(spec.seed, spec.seller, &spec.nick, items(&spec.listings));
    // With few listings a trade cannot have many different lines.
    let mut maker = TradeMaker::new(&merchant, clock::now().0 / 1_000).one_line();
    let url = spec.server.at(&format!("/api/v1/channels/{}/trades", spec.channel));
    let start = Instant::now();
    for number in 0..spec.tempo.trades() {
        let due = spec.tempo.gap() * u32::try_from(number).unwrap_or(u32::MAX);
        tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
        let made = maker.next(clock::now());
        if number % WRONG_TOKEN_EVERY == 0 {
            push(http, &url, "not the token", &made.json, &mut report, Expect::Refusal).await;
        }
        push(http, &url, &spec.token, &made.json, &mut report, Expect::Taken).await;
        if number % TWICE_EVERY == 0 {
            push(http, &url, &spec.token, &made.json, &mut report, Expect::Unchanged).await;
        }
    }
    report
}

fn items(listings: &[Listing]) -> Vec<Item> {
    listings
        .iter()
        .map(|listing| {
            let outer_code = format!("SP-{}", listing.item);
            let sku = Sku {
                id: listing.sku,
                outer_code: format!("{outer_code}-{}", listing.sku),
                properties: String::new(),
                price_fen: PRICE_FEN,
            };
            Item { id: ItemId(listing.item.0), title: format!("宝贝 {}", listing.item), outer_code, skus: vec![sku] }
        })
        .collect()
}

#[derive(Debug, Clone, Copy)]
enum Expect {
    Taken,
    Unchanged,
    Refusal,
}

async fn push(http: &Http, url: &str, token: &str, json: &Value, report: &mut PartyReport, expect: Expect) {
    let begun = Instant::now();
    let answer = http.rest(Verb::Post, url, token, Some(json)).await;
    let took = begun.elapsed();
    let (name, outcome) = match expect {
        Expect::Taken => ("trades", answer.map(drop).map_err(|error| error.to_string())),
        Expect::Unchanged => {
            ("trades (again)", answer.map_err(|error| error.to_string()).and_then(|answer| unchanged(&answer)))
        }
        Expect::Refusal => ("trades (wrong token)", refused(answer)),
    };
    report.add(name, took, outcome);
}

fn unchanged(answer: &Value) -> Result<(), String> {
    match answer["results"][0]["changed"].as_bool() {
        Some(false) => Ok(()),
        Some(true) => Err("the same trade again changed something".to_owned()),
        None => Err("the answer does not say whether anything changed".to_owned()),
    }
}

fn refused(answer: Result<Value, CallError>) -> Result<(), String> {
    match answer {
        Err(CallError::Refused { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("a wrong token was taken".to_owned()),
    }
}
