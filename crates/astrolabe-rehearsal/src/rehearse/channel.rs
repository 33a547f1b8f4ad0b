//! Plays a channel for a running platform: pushes paid trades for listings the merchant really has, at their instants whatever
//! the platform does, some of them twice, and now and then with a wrong token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::task::JoinSet;

use super::Tempo;
use super::exchange::{Asked, Masks};
use super::load::{LoadReport, StepReport, StepSeen, climb};
use super::report::Report;
use super::rules::Rule;
use super::transcript::{Transcript, Way};
use crate::clock;
use crate::fault::{Fault, FaultPlan, Wanted};
use crate::ids::{ItemId, Listing, SellerId};
use crate::merchant::{Item, Merchant, Sku, TradeMaker};
use crate::wire::{BaseUrl, CallError, Http, Verb};

/// What is counted under load.
const UNIT: &str = "trades pushed";
/// What the door is called in the report.
const DOOR: &str = "POST /api/v1/channels/…/trades";
/// Price of every listing, in fen: the merchant's prices are not the channel's secret here.
const PRICE_FEN: i64 = 19_900;

/// Which channel to play, and where.
#[derive(Debug, Clone)]
pub struct ChannelSpec {
    /// The platform.
    pub server: BaseUrl,
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
    /// Faults; twice and with a wrong token where nothing is named.
    pub wanted: Vec<Wanted>,
    /// Whether the knee is looked for afterwards.
    pub knee: bool,
}

/// Plays it to the end of the tempo.
pub async fn play_channel(http: &Http, spec: &ChannelSpec) -> Report {
    let merchant = Merchant::with_items(spec.seed, spec.seller, &spec.nick, items(&spec.listings));
    // With few listings a trade cannot have many different lines.
    let maker = TradeMaker::new(&merchant, clock::now().0 / 1_000).one_line();
    let transcript = Transcript::new(crate::tally::REPORT_WITHIN, Masks::new([spec.token.clone()]));
    let plan = FaultPlan::new(spec.seed, &spec.wanted, &FAULTS);
    let url = spec.server.at(&format!("/api/v1/channels/{}/trades", spec.channel));
    let pusher = Arc::new(Pusher { http: http.clone(), url, token: spec.token.clone(), transcript, plan });
    let maker = Mutex::new(maker);
    let first = pusher.step(&maker, spec.tempo).await;
    let load = if spec.knee {
        pusher.plan.stop();
        let step = async |rate| pusher.step(&maker, Tempo { rate, ..spec.tempo }).await;
        climb(UNIT, spec.tempo.rate, step).await
    } else {
        LoadReport { unit: UNIT, steps: vec![first], knee: None }
    };
    let faults: Vec<Fault> = pusher.plan.faults().into_iter().filter(|fault| FAULTS.contains(fault)).collect();
    Report::of("channel", "played", &pusher.transcript, &faults, Some(load))
}

/// What a channel can do wrongly: a wrong token, the same trade twice, a body that is none.
const FAULTS: [Fault; 3] = [Fault::BadSign, Fault::Duplicate, Fault::Garbage];

struct Pusher {
    http: Http,
    url: String,
    token: String,
    transcript: Transcript,
    plan: FaultPlan,
}

impl Pusher {
    async fn step(self: &Arc<Self>, maker: &Mutex<TradeMaker>, tempo: Tempo) -> StepReport {
        let start = Instant::now();
        let seen = Arc::new(Mutex::new(StepSeen { sent: tempo.trades(), ..StepSeen::default() }));
        let mut pushes = JoinSet::new();
        for number in 0..tempo.trades() {
            let due = start + tempo.gap() * u32::try_from(number).unwrap_or(u32::MAX);
            tokio::time::sleep_until(due.into()).await;
            let body = maker.lock().next(clock::now()).json;
            let (pusher, seen) = (Arc::clone(self), Arc::clone(&seen));
            pushes.spawn(async move {
                let fault = pusher.plan.draw(&FAULTS);
                let taken = pusher.push(&pusher.token, &body, Expect::Taken).await;
                let took = due.elapsed();
                {
                    let mut seen = seen.lock();
                    if taken {
                        seen.good += 1;
                        seen.times.add(took);
                    } else {
                        seen.failed += 1;
                    }
                    seen.lasted = start.elapsed().as_secs_f64();
                }
                if let Some(fault) = fault {
                    pusher.fault(fault, &body).await;
                }
            });
        }
        while let Some(ended) = pushes.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a push ended badly");
            }
        }
        let seen = seen.lock().clone();
        StepReport::of(tempo.rate, tempo.seconds, &seen)
    }

    async fn fault(&self, fault: Fault, body: &Value) {
        let met = if fault == Fault::BadSign {
            self.push("not the token", body, Expect::Refusal).await
        } else if fault == Fault::Duplicate {
            self.push(&self.token, body, Expect::Unchanged).await
        } else {
            self.push(&self.token, &Value::String("%%%".to_owned()), Expect::Refusal).await
        };
        self.transcript.played(fault, met);
    }

    async fn push(&self, token: &str, json: &Value, expect: Expect) -> bool {
        let begun = Instant::now();
        let answer = self.http.rest(Verb::Post, &self.url, token, Some(json)).await;
        let took = begun.elapsed();
        self.transcript.call(Way::Out, DOOR, took);
        let judged = match (expect, &answer) {
            (Expect::Taken, Ok(_)) => Ok(()),
            (Expect::Taken, Err(error)) => Err((Rule::PlatformRefused, "taken", error.to_string())),
            (Expect::Unchanged, Ok(answer)) if answer["results"][0]["changed"] == Value::Bool(false) => Ok(()),
            (Expect::Unchanged, Ok(_)) => Err((Rule::PlatformTook, "changed: false", "something changed".to_owned())),
            (Expect::Unchanged, Err(error)) => Err((Rule::PlatformRefused, "changed: false", error.to_string())),
            (Expect::Refusal, Err(CallError::Refused { .. })) => Ok(()),
            (Expect::Refusal, Err(error)) => Err((Rule::PlatformSilent, "a refusal", error.to_string())),
            (Expect::Refusal, Ok(_)) => Err((Rule::PlatformTook, "a refusal", "taken".to_owned())),
        };
        let Err((rule, expected, came)) = judged else { return true };
        let exchange = self.shown(json, took, &answer);
        self.transcript.find(rule, DOOR, expected, &came, Some(&exchange));
        false
    }

    fn shown(&self, json: &Value, took: Duration, answer: &Result<Value, CallError>) -> super::Exchange {
        let body = json.to_string();
        let asked =
            Asked { verb: "POST", target: &self.url, content_type: Some("application/json"), body: body.as_bytes() };
        let said = match answer {
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        };
        self.transcript.exchange(took, asked, Err(&said))
    }
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
