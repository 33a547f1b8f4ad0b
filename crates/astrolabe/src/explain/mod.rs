//! `astrolabe explain TID`: what happened to a trade and why, for a person at a terminal. It names no buyer.

mod decision;

use std::collections::BTreeMap;
use std::process::ExitCode;

use astrolabe_core::exception::Exception;
use astrolabe_core::ids::{LocationId, OutwardId, SellerId, Tid};
use astrolabe_core::order::timeline::{Actor, TimelineFact};
use astrolabe_core::order::trade::{SubOrder, UnassignedState};
use astrolabe_core::outward::{Message, OutwardState, Receiver};
use astrolabe_core::place::{Location, LocationKind};
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::stock::hold::Role;
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::EpochMs;
use astrolabe_server::config::LoadedConfig;
use astrolabe_store::{Attempt, AttemptsOf, OutwardView, Store, TradeView};

use crate::cli::ExplainArgs;
use crate::spi::went;
use crate::terminal::say;

/// Prints the trade with this id, of whichever seller has it.
pub(crate) async fn run(args: ExplainArgs) -> Result<ExitCode, String> {
    let LoadedConfig { config, .. } = args.database.load()?;
    let app = astrolabe_server::open(&config).await.map_err(|error| error.to_string())?;
    let store = app.store.as_ref();
    let directory = store.directory().await.map_err(|error| error.to_string())?;
    for seller in directory.sellers {
        let found = store.trade(seller.id, Tid(args.tid)).await.map_err(|error| error.to_string())?;
        if let Some(view) = found {
            let names = Names::load(store, seller.id).await?;
            let attempts = Attempts::load(store, seller.id, Tid(args.tid)).await?;
            for line in story(&view, &names, &attempts, &seller.nick) {
                say(line);
            }
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(format!("trade {} is not known to any seller here", args.tid))
}

/// Most attempts that are told.
const ATTEMPTS_MAX: usize = 200;

/// What is kept of the attempts at a trade's calls, oldest first.
struct Attempts(Vec<Attempt>);

impl Attempts {
    async fn load(store: &dyn Store, seller: SellerId, tid: Tid) -> Result<Self, String> {
        let found = store.attempts(seller, &AttemptsOf::Trade(tid), None, ATTEMPTS_MAX).await;
        let mut found = found.map_err(|error| error.to_string())?;
        found.reverse();
        Ok(Self(found))
    }

    fn story_of(&self, call: OutwardId) -> impl Iterator<Item = String> {
        let of_call = self.0.iter().filter(move |attempt| attempt.call == Some(call));
        of_call.map(|attempt| {
            format!("        {}  attempt {}: {}", clock(attempt.key.started_at), attempt.number, went(attempt))
        })
    }
}

/// Names of places.
struct Names(BTreeMap<LocationId, String>);

impl Names {
    async fn load(store: &dyn Store, seller: SellerId) -> Result<Self, String> {
        let places = store.locations(seller).await.map_err(|error| error.to_string())?;
        Ok(Self(places.iter().map(|place| (place.id, describe_place(place))).collect()))
    }

    fn of(&self, id: LocationId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| format!("location {id} (deleted)"))
    }
}

fn describe_place(place: &Location) -> String {
    match &place.kind {
        LocationKind::Store { .. } => format!("store {} {}", place.id, place.name),
        LocationKind::Warehouse { code } => format!("warehouse {code} {}", place.name),
    }
}

fn story(view: &TradeView, names: &Names, attempts: &Attempts, nick: &str) -> Vec<String> {
    let trade = &view.file.trade;
    let mode = trade
        .mode
        .as_ref()
        .map_or_else(|| "not ours to route".to_owned(), |mode| format!("role mode {}", mode.section()));
    let mut lines = vec![format!("trade {} of {nick}, {mode}", trade.tid)];
    lines.push(format!("to {} {} {}", trade.destination.province, trade.destination.city, trade.destination.district));
    for line in &trade.sub_orders {
        lines.extend(line_story(line, view, names));
    }
    lines.push(String::new());
    lines.push("timeline".to_owned());
    lines.extend(view.timeline.iter().map(|fact| fact_story(fact, names)));
    if !view.outward.is_empty() {
        lines.push(String::new());
        lines.push("calls outward".to_owned());
        for call in &view.outward {
            lines.push(call_story(call));
            lines.extend(attempts.story_of(call.outward.id));
        }
    }
    if !view.exceptions.is_empty() {
        lines.push(String::new());
        lines.push("exceptions".to_owned());
        lines.extend(view.exceptions.iter().map(exception_story));
    }
    lines
}

fn exception_story(found: &Exception) -> String {
    let times = if found.times > 1 { format!(", {} times", found.times) } else { String::new() };
    let owner = found.owner.as_ref().map_or_else(String::new, |owner| format!(" by {owner}"));
    let closing = found.closing.as_ref().map_or_else(String::new, |closing| {
        let by = closing.by.as_deref().unwrap_or("its cause is gone");
        format!(" {}: {} ({by})", clock(closing.at), closing.how)
    });
    let (at, kind, state) = (clock(found.opened_at), found.kind.name(), found.state.name());
    format!("  {at}  {kind}, {}: {}{times}; {state}{owner}{closing}", found.subject, found.detail)
}

fn line_story(line: &SubOrder, view: &TradeView, names: &Names) -> Vec<String> {
    let mut lines = vec![String::new(), format!("sub-order {}: {} × item {}", line.oid, line.quantity, line.item)];
    for assignment in view.file.assignments.iter().filter(|assignment| assignment.oid == line.oid) {
        let waybill = assignment.shipment.as_ref().filter(|shipment| !shipment.is_unnamed());
        let shipped = waybill.map_or_else(String::new, |it| format!(", {} {}", it.company_code, it.waybill));
        lines.push(format!(
            "  allocation {}: {} at {}, {} ({}){shipped}",
            assignment.code,
            assignment.units,
            names.of(assignment.location),
            assignment.state.name(),
            assignment.state.white_paper_state(),
        ));
    }
    if let Some(unassigned) = &line.unassigned {
        let why = match &unassigned.state {
            UnassignedState::Created => "not paid in full yet".to_owned(),
            UnassignedState::Held => "held".to_owned(),
            UnassignedState::Routing => "being routed".to_owned(),
            UnassignedState::Unfillable { reason } => format!("unfillable: {reason}"),
            UnassignedState::Cancelled => "cancelled by a refund".to_owned(),
            UnassignedState::Closed => "closed by the channel".to_owned(),
        };
        lines.push(format!("  unassigned: {}, {why}", unassigned.units));
    }
    for held in view.file.reservations.iter().filter(|held| held.oid == line.oid) {
        let class = match held.cell.class {
            StockClass::Certain => "certain",
            StockClass::Uncertain => "uncertain",
        };
        let role = match held.role {
            Role::Primary => "primary",
            Role::Guard => "guard",
        };
        let place = names.of(held.cell.location);
        lines.push(format!("  holds {} {class} at {place} ({role}, article {})", held.units, held.cell.sc_item));
    }
    for excluded in &line.excluded {
        lines.push(format!("  not again: {} ({:?})", names.of(excluded.location), excluded.why));
    }
    lines
}

fn fact_story(fact: &TimelineFact, names: &Names) -> String {
    let place = fact.location.map_or_else(String::new, |location| format!(" at {}", names.of(location)));
    let who = match &fact.who {
        Actor::Channel => "channel".to_owned(),
        Actor::Platform => "platform".to_owned(),
        Actor::Clock => "clock".to_owned(),
        Actor::App { key, operator, .. } if operator.is_empty() => format!("app {key}"),
        Actor::App { key, operator, .. } => format!("app {key} ({operator})"),
        Actor::Keeper { user, .. } => format!("keeper {user}"),
        Actor::Operator { user } => format!("operator {user}"),
    };
    let line = fact.oid.map_or_else(String::new, |oid| format!(" of {oid}"));
    // The stable word, as the API and the tables have it.
    let word = serde_json::to_value(fact.fact).ok().and_then(|word| word.as_str().map(str::to_owned));
    let word = word.unwrap_or_default().replace('_', " ");
    let head = format!("  {}  {word}{line}{place}, by {who}", clock(fact.at.happened));
    let Some(detail) = fact.detail.as_deref() else { return head };
    let explained = decision::story(detail, fact.oid, names).unwrap_or_else(|| vec![detail.to_owned()]);
    explained.iter().fold(head, |story, sentence| format!("{story}\n        {sentence}"))
}

fn call_story(call: &OutwardView) -> String {
    let receiver = match &call.outward.receiver {
        Receiver::App(key) => format!("app {key}"),
        Receiver::Channel(channel) => format!("channel {channel}"),
        Receiver::Webhook(name) => format!("webhook {name}"),
        Receiver::Rds(key) => format!("database of {key}"),
    };
    let what = match &call.outward.message {
        Message::AskAllocation => "omniorder.allocate",
        Message::QueryAllocation => "omniorder.allocatedinfo.get",
        Message::TellAllocations { .. } => "omniorder.allocatedinfo.sync",
        Message::TellRefund { .. } => "omniorder.customer.refund",
        Message::TellAccepted { .. } => "omniorder.store.accpeted",
        Message::TellRefused { .. } => "omniorder.store.refused",
        Message::TellShipped { .. } => "omniorder.store.consigned",
        Message::ConsignToChannel { shipment, .. } if shipment.is_unnamed() => "logistics.dummy.send",
        Message::ConsignToChannel { .. } => "logistics.offline.send",
        Message::AskCancel { .. } => "astrolabe.order.cancel.ask",
        Message::TellHandoverCode { again: false, .. } => "astrolabe.handover.code.tell",
        Message::PushTrade => "jdp_tb_trade",
        Message::PushRefund { .. } => "jdp_tb_refund",
        Message::TellHandoverCode { again: true, .. } => "astrolabe.handover.code.tell (again)",
        Message::TellFact(_) => "a fact",
    };
    let state = match &call.state {
        OutwardState::Pending { attempts: 0, .. } => "waiting".to_owned(),
        OutwardState::Pending { attempts, next_at, last_error } => {
            let error = last_error.as_deref().unwrap_or("no error kept");
            format!("failed {attempts} times ({error}), next at {}", clock(*next_at))
        }
        OutwardState::Delivered { attempts, at } => format!("delivered at {} (attempt {attempts})", clock(*at)),
        OutwardState::Dead { attempts, error, .. } => format!("given up after {attempts} attempts: {error}"),
        OutwardState::Skipped { .. } => "not sent: no address is registered".to_owned(),
    };
    format!("  {}  {what} to {receiver}: {state}", clock(call.outward.made_at))
}

/// Shanghai time, as everybody in this business reads clocks.
fn clock(at: Timestamp) -> String {
    astrolabe_protocol::time::format_datetime(EpochMs(at.0))
}
