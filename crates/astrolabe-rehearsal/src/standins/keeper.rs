//! 店掌柜: the clerks of all stores of a merchant on their phones (white paper §3.1, §3.2). They look for new offers now and then
//! and accept, refuse, forget, ship, or answer a refund. REST only.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::bounded::for_each;
use crate::dice::Dice;
use crate::ids::{Location, Oid, StoreId, Tid, Waybill};
use crate::recorder::{Fact, Told};
use crate::seed::Seeded;
use crate::standins::Stage;
use crate::standins::till::Till;
use crate::tally::Counted;
use crate::wire::{BaseUrl, CallError, Http, Verb};

/// Assignments on one page (the most the platform gives).
const PAGE: usize = 100;
/// Pages of one look at most: the rest is seen at the next.
const PAGES_MAX: usize = 50;
/// Clerks who press a button at once.
const CLERKS_AT_ONCE: usize = 8;

/// An assignment as the list shows it.
#[derive(Debug, Clone)]
struct Shown {
    code: i64,
    told: Told,
    state: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Accept,
    Refuse,
    Ship,
    BackOnShelf,
    AlreadyGone,
}

/// What a clerk means to do with an assignment in one state, and when.
#[derive(Debug, Clone)]
struct Plan {
    state: String,
    act: Option<Act>,
    at: Instant,
}

/// All clerks of one merchant.
#[derive(Debug)]
pub struct Keeper {
    http: Http,
    server: BaseUrl,
    token: String,
    stores: std::collections::HashSet<StoreId>,
    stage: Stage,
    till: Arc<Till>,
    plans: Mutex<HashMap<i64, Plan>>,
    dice: Mutex<Dice>,
}

impl Keeper {
    /// With the bearer token of the merchant's staff.
    #[must_use]
    pub fn new(http: Http, server: BaseUrl, token: &str, seeded: &Seeded, till: Arc<Till>, stage: Stage) -> Arc<Self> {
        let dice = stage.dice("keeper");
        let stores = seeded.stores.iter().copied().collect();
        Arc::new(Self { http, server, token: token.to_owned(), stores, stage, till, plans: Mutex::default(), dice })
    }

    /// Looks and acts until the play is over.
    pub async fn run(self: Arc<Self>) {
        while self.stage.pause(self.stage.temper.keeper_polls_every).await {
            let shown = match self.look().await {
                Ok(shown) => shown,
                Err(error) => {
                    self.stage.tally.error("GET keeper/assignments", &error);
                    continue;
                }
            };
            let due = self.plan(&shown);
            let outcome: Result<Vec<()>, std::convert::Infallible> = for_each(CLERKS_AT_ONCE, due, |(shown, act)| {
                let keeper = Arc::clone(&self);
                async move {
                    keeper.act(&shown, act).await;
                    Ok(())
                }
            })
            .await;
            match outcome {
                Ok(_) => {}
            }
        }
    }

    async fn look(&self) -> Result<Vec<Shown>, CallError> {
        let mut all = Vec::new();
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let url = self.server.at(&format!("/api/v1/keeper/assignments?limit={PAGE}{after}"));
            let page = self.http.rest(Verb::Get, &url, &self.token, None).await?;
            let items = page["assignments"].as_array().cloned().unwrap_or_default();
            let Some(last) = items.last().and_then(|item| item["code"].as_i64()) else { break };
            after = format!("&after={last}");
            let full = items.len() == PAGE;
            // The merchant's staff see warehouse assignments too; no clerk stands there.
            all.extend(items.iter().filter_map(shown).filter(|shown| self.is_ours(shown)));
            if !full {
                break;
            }
        }
        Ok(all)
    }

    fn is_ours(&self, shown: &Shown) -> bool {
        match &shown.told.location {
            Location::Store(id) => self.stores.contains(id),
            Location::Warehouse(_) => false,
        }
    }

    /// Makes plans for what is new and gives those whose time has come.
    fn plan(&self, shown: &[Shown]) -> Vec<(Shown, Act)> {
        let now = Instant::now();
        let mut plans = self.plans.lock();
        plans.retain(|code, _| shown.iter().any(|shown| shown.code == *code));
        let mut due = Vec::new();
        for shown in shown {
            let known = plans.get(&shown.code).is_some_and(|plan| plan.state == shown.state);
            if !known {
                plans.insert(shown.code, self.decide(&shown.state, now));
            }
            if let Some(plan) = plans.get_mut(&shown.code)
                && plan.at <= now
                && let Some(act) = plan.act.take()
            {
                due.push((shown.clone(), act));
            }
        }
        due
    }

    fn decide(&self, state: &str, now: Instant) -> Plan {
        let temper = &self.stage.temper;
        let mut dice = self.dice.lock();
        let (act, after) = match state {
            "notified" => {
                self.stage.tally.count(Counted::OffersHeard);
                let after = temper.answer_after.draw(&mut dice);
                if dice.chance(temper.refuse) {
                    (Some(Act::Refuse), after)
                } else if dice.chance(temper.silent) {
                    self.stage.tally.count(Counted::Silent);
                    (None, after)
                } else {
                    (Some(Act::Accept), after)
                }
            }
            "accepted" | "cancel_denied" => (Some(Act::Ship), temper.ship_after.draw(&mut dice)),
            "cancel_requested" => {
                let act = if dice.chance(temper.back_on_shelf) { Act::BackOnShelf } else { Act::AlreadyGone };
                (Some(act), temper.answer_after.draw(&mut dice))
            }
            _ => (None, Duration::ZERO),
        };
        Plan { state: state.to_owned(), act, at: now + after }
    }

    async fn act(&self, shown: &Shown, act: Act) {
        let told = shown.told.clone();
        // The clerk looks at the shelf before pressing "accept".
        let act = if act == Act::Accept && !self.till.has_goods(told.tid, told.oid, &told.location).await {
            Act::Refuse
        } else {
            act
        };
        let (rest, body) = request_of(shown, act);
        let url = self.server.at(&format!("/api/v1/keeper/assignments/{}/{rest}", shown.code));
        match self.press(&url, &body).await {
            Ok(()) => self.acknowledged(told, act).await,
            Err(CallError::Refused { code, message }) => {
                tracing::debug!(code, message, "a clerk was overtaken");
                self.stage.tally.count(Counted::Overtaken);
                self.plans.lock().remove(&shown.code);
            }
            Err(error) => {
                self.stage.tally.error(&format!("POST keeper/{rest}"), &error);
                self.plans.lock().remove(&shown.code);
            }
        }
    }

    /// Presses once more when the first press has no known outcome: a repeat changes nothing.
    async fn press(&self, url: &str, body: &Value) -> Result<(), CallError> {
        match self.http.rest(Verb::Post, url, &self.token, Some(body)).await {
            Err(error) if error.is_passing() => {
                self.http.rest(Verb::Post, url, &self.token, Some(body)).await.map(drop)
            }
            outcome => outcome.map(drop),
        }
    }

    async fn acknowledged(&self, told: Told, act: Act) {
        let (counted, fact) = match act {
            Act::Accept => (Counted::Accepted, Some(Fact::Accepted(told.clone()))),
            Act::Refuse => (Counted::Refused, Some(Fact::Refused(told.clone()))),
            Act::Ship => (Counted::Shipped, Some(Fact::Shipped { waybill: waybill(told.oid), told: told.clone() })),
            Act::BackOnShelf => (Counted::BackOnShelf, None),
            Act::AlreadyGone => (Counted::AlreadyGone, None),
        };
        if let Some(fact) = fact {
            self.stage.record(fact);
        }
        self.stage.tally.count(counted);
        if act == Act::Ship {
            self.till.handed_out(told.tid, told.oid, &told.location).await;
        }
    }
}

fn request_of(shown: &Shown, act: Act) -> (&'static str, Value) {
    match act {
        Act::Accept => ("accept", json!({})),
        Act::Refuse => ("refuse", json!({ "reason": "no_goods" })),
        Act::Ship => ("ship", json!({ "company_code": "SF", "waybill": waybill(shown.told.oid) })),
        Act::BackOnShelf => ("refund-answer", json!({ "answer": "back_on_shelf" })),
        Act::AlreadyGone => ("refund-answer", json!({ "answer": "already_gone" })),
    }
}

fn waybill(oid: Oid) -> Waybill {
    Waybill(format!("SF{:013}", oid.0.rem_euclid(10_000_000_000_000)))
}

fn shown(item: &Value) -> Option<Shown> {
    let number = |name: &str| item[name].as_i64();
    let location = Location::Store(StoreId(number("store_id")?));
    let told = Told { tid: Tid(number("tid")?), oid: Oid(number("oid")?), location };
    Some(Shown { code: number("code")?, told, state: item["state"].as_str()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_item_is_read_or_left_out() {
        let item = json!({"code": 5, "tid": 1, "oid": 2, "store_id": 3, "quantity": 1, "state": "notified", "due_at": null, "title": "t"});
        let read = shown(&item).unwrap();
        assert_eq!(
            (read.code, read.told.location.clone(), read.state.as_str()),
            (5, Location::Store(StoreId(3)), "notified")
        );
        assert!(shown(&json!({"code": 5})).is_none());
        let (rest, body) = request_of(&read, Act::Ship);
        assert_eq!((rest, body["waybill"].as_str()), ("ship", Some("SF0000000000002")));
    }
}
