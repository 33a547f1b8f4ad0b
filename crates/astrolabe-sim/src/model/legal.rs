//! What must be accepted and what must be refused, as far as state and role alone decide it. Where stock or the order of
//! times decides, it says nothing.

use astrolabe_core::command::{Address, Command, StoreAnswer};
use astrolabe_core::order::assignment::Assignment;
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::{Actor, Fact};
use astrolabe_core::order::trade::Level;
use astrolabe_core::seller::{Acceptor, Allocator, Settings};

use super::Seen;

/// What a verdict must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Must {
    Accept,
    Refuse,
    /// More than state and role decides.
    Either,
}

/// What somebody says of an assignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Accepted,
    Refused,
    Shipped,
    CancelAnswered { confirmed: bool },
    Returned,
    Milestone(Fact),
    Confirmed,
    TransferStarted,
    TransferArrived,
}

pub(super) fn as_the_table_says(seen: &Seen<'_>) -> Vec<String> {
    let must = expected(seen);
    let broken = match (&seen.judged.verdict, must) {
        (Err(refusal), Must::Accept) => Some(format!("refused although it is lawful: {refusal}")),
        (Ok(_), Must::Refuse) => Some("accepted although nothing allows it".to_owned()),
        (Ok(_), Must::Accept | Must::Either) | (Err(_), Must::Refuse | Must::Either) => None,
    };
    broken.into_iter().map(|what| format!("{} {what}", seen.judged.command.name())).collect()
}

fn expected(seen: &Seen<'_>) -> Must {
    if let Some((said, answer)) = said_of(&seen.judged.command) {
        return answer_must(seen, said, answer);
    }
    let known = |tid| seen.judged.before.contains_key(tid);
    match &seen.judged.command {
        // Work, clocks and settled calls are ours: refusing one would leave it there for ever.
        Command::DoWork { .. } | Command::ExpireAhead { .. } | Command::SettleOutward { .. } => Must::Accept,
        Command::ReportStock(_) | Command::SeeTrade(_) => Must::Accept,
        Command::LookAtClock { tid } | Command::SeeSigned { tid, .. } if known(tid) => Must::Accept,
        Command::SeeRefund(told) if known(&told.tid) => Must::Accept,
        _ => Must::Either,
    }
}

fn said_of(command: &Command) -> Option<(Said, &StoreAnswer)> {
    match command {
        Command::Accept(answer) => Some((Said::Accepted, answer)),
        Command::Refuse { answer, .. } => Some((Said::Refused, answer)),
        Command::Ship { answer, .. } => Some((Said::Shipped, answer)),
        Command::AnswerCancel { answer, confirmed, .. } => {
            Some((Said::CancelAnswered { confirmed: *confirmed }, answer))
        }
        Command::ReceiveReturn(answer) => Some((Said::Returned, answer)),
        Command::RecordMilestone { answer, fact } => Some((Said::Milestone(*fact), answer)),
        Command::ConfirmPickup { answer, .. } => Some((Said::Confirmed, answer)),
        Command::StartTransfer(answer) => Some((Said::TransferStarted, answer)),
        Command::ReceiveTransfer { answer, .. } => Some((Said::TransferArrived, answer)),
        _ => None,
    }
}

fn answer_must(seen: &Seen<'_>, said: Said, answer: &StoreAnswer) -> Must {
    let Some(file) = seen.judged.before.get(&answer.tid).filter(|file| file.trade.level == Level::Routed) else {
        return Must::Refuse;
    };
    let meant = match &answer.address {
        Address::Code(code, _) => file.by_code(*code).into_iter().collect(),
        Address::Lines(lines) => match lines.as_slice() {
            [(oid, location)] => addressed(file, *oid, *location),
            _ => return Must::Either,
        },
        Address::SubOrders(_) => return Must::Either,
    };
    let made = match meant.as_slice() {
        [] => return Must::Refuse,
        [made] => *made,
        _ => return Must::Either,
    };
    if !may(file, made, seen.settings, &answer.who, said) {
        return Must::Refuse;
    }
    let spoken_of_before = matches!(answer.address, Address::Lines(_)) && answer.happened <= made.allocated_at;
    if spoken_of_before { Must::Either } else { by_state(file, made, seen.settings, said) }
}

fn addressed(
    file: &TradeFile,
    oid: astrolabe_core::ids::Oid,
    location: astrolabe_core::ids::LocationId,
) -> Vec<&Assignment> {
    let there = || file.assignments.iter().filter(move |made| made.oid == oid && made.location == location);
    let live: Vec<&Assignment> = there().filter(|made| made.state.is_live()).collect();
    if live.is_empty() { there().next_back().into_iter().collect() } else { live }
}

/// The design's matrix of who may speak for an assignment.
fn may(file: &TradeFile, made: &Assignment, settings: &Settings, who: &Actor, said: Said) -> bool {
    let Some(mode) = &file.trade.mode else { return false };
    match who {
        Actor::Operator { .. } => true,
        Actor::Keeper { store, .. } => mode.acceptor == Acceptor::Keeper && !made.warehouse && *store == made.location,
        Actor::App { key, .. } => {
            let accepts = mode.acceptor == Acceptor::App(key.clone());
            let ships_from_warehouse = made.warehouse && settings.wms.as_ref() == Some(key);
            let allocates = mode.allocator == Allocator::App(key.clone());
            let beside_keeper = matches!(said, Said::CancelAnswered { .. } | Said::Returned | Said::Milestone(_));
            let for_keeper = mode.acceptor == Acceptor::Keeper && !beside_keeper;
            accepts || ships_from_warehouse || (allocates && !for_keeper)
        }
        Actor::Channel | Actor::Platform | Actor::Clock => false,
    }
}

fn by_state(file: &TradeFile, made: &Assignment, settings: &Settings, said: Said) -> Must {
    let state = made.state.name();
    let one_of = |states: &[&str]| if states.contains(&state) { Must::Accept } else { Must::Refuse };
    let known = |fact| made.has(fact, 0);
    match said {
        Said::Accepted if known(Fact::Accepted) => Must::Accept,
        Said::Confirmed if known(Fact::Confirmed) => Must::Accept,
        Said::Accepted | Said::Confirmed if ["withdrawn", "unanswered"].contains(&state) => Must::Either,
        Said::Accepted if made.pickup => Must::Refuse,
        Said::Accepted => one_of(&["notified"]),
        Said::Confirmed if made.pickup => one_of(&["notified", "transferring"]),
        Said::Confirmed => Must::Refuse,
        Said::Refused if known(Fact::Refused) || known(Fact::GaveBack) => Must::Accept,
        Said::Refused if made.pickup => one_of(&["notified", "confirmed", "transferring", "cancel_requested"]),
        Said::Refused => one_of(&["notified", "accepted", "cancel_requested"]),
        Said::Shipped if known(Fact::Shipped) => Must::Accept,
        Said::Shipped if made.pickup => Must::Refuse,
        Said::Shipped => ship_must(file, made, settings),
        Said::CancelAnswered { confirmed } => cancel_must(file, made, confirmed),
        Said::Returned => one_of(&["return_requested", "returned"]),
        Said::Milestone(fact) if known(fact) => Must::Accept,
        Said::Milestone(_) if state == "closed" => Must::Refuse,
        Said::Milestone(_) => Must::Accept,
        Said::TransferStarted if known(Fact::TransferStarted) => Must::Accept,
        Said::TransferStarted if !made.pickup => Must::Refuse,
        Said::TransferStarted if ["notified", "refused", "unanswered"].contains(&state) => Must::Either,
        Said::TransferStarted => Must::Refuse,
        Said::TransferArrived if known(Fact::TransferArrived) => Must::Accept,
        Said::TransferArrived if state == "confirmed" && known(Fact::TransferStarted) => Must::Accept,
        Said::TransferArrived => one_of(&["transferring"]),
    }
}

fn ship_must(file: &TradeFile, made: &Assignment, settings: &Settings) -> Must {
    let state = made.state.name();
    let ready = ["accepted", "cancel_requested", "cancel_denied"].contains(&state);
    let from_warehouse = made.warehouse && state == "notified";
    let by_app = file.trade.mode.as_ref().is_some_and(|mode| mode.acceptor != Acceptor::Keeper);
    let consigned = file.trade.sub_order(made.oid).is_some_and(|line| line.channel_consigned.is_some());
    let channel_first = by_app && settings.require_channel_consign && !consigned;
    if (ready || from_warehouse) && !channel_first { Must::Accept } else { Must::Refuse }
}

fn is_asked_back(file: &TradeFile, made: &Assignment) -> bool {
    file.trade.refunds.iter().any(|refund| refund.oid == made.oid)
}

fn cancel_must(file: &TradeFile, made: &Assignment, confirmed: bool) -> Must {
    let fact = if confirmed { Fact::CancelConfirmed } else { Fact::CancelDenied };
    let answered = made.facts.iter().any(|known| known.fact == fact);
    let open = made.state.name() == "cancel_requested";
    match (open, made.pickup && !confirmed) {
        (true, false) => Must::Accept,
        (true, true) => Must::Refuse,
        (false, _) if answered => Must::Accept,
        // The shipping overtook the answer, or the refund came after it: "already gone" is true of what left.
        (false, false) if !confirmed && made.has(Fact::Shipped, 0) && is_asked_back(file, made) => Must::Accept,
        (false, _) => Must::Refuse,
    }
}
