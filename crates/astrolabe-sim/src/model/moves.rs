//! The state table as orders' design gives it: which state may follow which. It knows names of states only.

use astrolabe_core::command::Command;
use astrolabe_core::order::assignment::{Assignment, AssignmentState, CancelAim};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::Fact;

use super::Seen;

/// Where a delivery may go from each state, in one command.
const DELIVERY: [(&str, &[&str]); 8] = [
    ("notified", &["accepted", "refused", "unanswered", "withdrawn", "cancel_requested", "shipped", "closed"]),
    ("accepted", &["refused", "withdrawn", "cancel_requested", "shipped", "closed"]),
    (
        "cancel_requested",
        &["notified", "accepted", "cancelled", "cancel_denied", "withdrawn", "refused", "shipped", "closed"],
    ),
    ("cancel_denied", &["cancel_requested", "shipped"]),
    ("shipped", &["signed", "return_requested", "refunded"]),
    ("signed", &["return_requested", "refunded"]),
    // A late yes wins while the units are free.
    ("withdrawn", &["accepted"]),
    ("unanswered", &["accepted"]),
];

/// Where a pickup may go.
const PICKUP: [(&str, &[&str]); 7] = [
    ("notified", &["confirmed", "transferring", "refused", "unanswered", "withdrawn", "cancel_requested", "closed"]),
    ("confirmed", &["collected", "refused", "withdrawn", "cancel_requested", "closed"]),
    ("transferring", &["confirmed", "refused", "withdrawn", "cancel_requested", "closed"]),
    ("cancel_requested", &["notified", "confirmed", "transferring", "cancelled", "closed"]),
    ("collected", &["return_requested", "refunded"]),
    ("withdrawn", &["confirmed"]),
    ("unanswered", &["confirmed"]),
];

/// Where either may go once a return was asked.
const RETURNING: &[&str] = &["returned", "shipped", "signed", "collected"];

/// States in which an assignment may be after the command that made it: a plan may be undone, a part divided off.
const FIRST: [&str; 6] = ["notified", "transferring", "accepted", "confirmed", "withdrawn", "shipped"];

/// Every pair of (before, after) of an assignment; nothing before for a new one.
pub(super) fn pairs<'s>(
    seen: &Seen<'s>,
) -> impl Iterator<Item = (Option<&'s Assignment>, &'s Assignment, &'s TradeFile)> {
    let judged = seen.judged;
    judged.after.iter().flat_map(|(tid, file)| {
        let before = judged.before.get(tid);
        file.assignments.iter().map(move |made| (before.and_then(|file| file.by_code(made.code)), made, file))
    })
}

pub(super) fn refused_leaves_nothing(seen: &Seen<'_>) -> Vec<String> {
    let judged = seen.judged;
    let Err(refusal) = &judged.verdict else { return Vec::new() };
    let traces = [
        (judged.before != judged.after, "a trade"),
        (!judged.facts.is_empty(), "the timeline"),
        (!judged.calls.is_empty(), "calls outward"),
        (!judged.entries.is_empty(), "the ledger"),
    ];
    let left = traces.iter().filter(|(trace, _)| *trace);
    left.map(|(_, what)| format!("refused ({refusal}), yet it changed {what}")).collect()
}

pub(super) fn along_the_table(seen: &Seen<'_>) -> Vec<String> {
    let mut broken: Vec<String> = pairs(seen)
        .filter(|(before, after, _)| !may_follow(before.map(|made| made.state.name()), after))
        .map(|(before, after, _)| {
            let from = before.map_or("nothing", |made| made.state.name());
            format!("assignment {} went from {from} to {}", after.code, after.state.name())
        })
        .collect();
    broken.extend(pairs(seen).filter_map(|(before, after, _)| {
        let before = before?;
        // An answer about some of its units divides it: the rest is another assignment, and no unit is lost (SIM-UNITS).
        let same = after.units <= before.units && before.oid == after.oid && before.location == after.location;
        (!same).then(|| format!("assignment {} became another one", after.code))
    }));
    for (tid, file) in &seen.judged.before {
        let after = seen.judged.after.get(tid);
        let gone = file.assignments.iter().filter(|made| after.is_none_or(|file| file.by_code(made.code).is_none()));
        broken.extend(gone.map(|made| format!("assignment {} has vanished", made.code)));
    }
    broken
}

/// What one refund asked back, no other refund lets go again.
pub(super) fn let_go_by_its_own(seen: &Seen<'_>) -> Vec<String> {
    let Command::SeeRefund(told) = &seen.judged.command else { return Vec::new() };
    let back = ["notified", "accepted", "confirmed", "transferring"];
    let broken = pairs(seen).filter_map(|(before, after, _)| {
        let AssignmentState::CancelRequested { aim: CancelAim::Refund(asked), .. } = before?.state else { return None };
        let wrong = back.contains(&after.state.name()) && asked != told.id;
        wrong.then(|| format!("assignment {}: refund {asked} asked it back, {} let it go", after.code, told.id))
    });
    broken.collect()
}

fn may_follow(before: Option<&str>, after: &Assignment) -> bool {
    let to = after.state.name();
    let Some(from) = before else { return FIRST.contains(&to) };
    if from == to {
        return true;
    }
    if from == "return_requested" {
        return RETURNING.contains(&to);
    }
    let table: &[(&str, &[&str])] = if after.pickup { &PICKUP } else { &DELIVERY };
    table.iter().any(|(state, next)| *state == from && next.contains(&to))
}

/// The facts of which one must be new when an assignment comes into a state.
fn facts_of(state: &str) -> &'static [Fact] {
    match state {
        "accepted" => &[Fact::Accepted, Fact::RefundWithdrawn, Fact::CancelDenied],
        "notified" => &[Fact::Allocated, Fact::RefundWithdrawn],
        "refused" => &[Fact::Refused, Fact::GaveBack],
        "unanswered" => &[Fact::Unanswered],
        "withdrawn" => &[Fact::Withdrawn, Fact::CancelConfirmed],
        "cancel_requested" => &[Fact::RefundAsked, Fact::ReallocationAsked],
        "cancel_denied" => &[Fact::CancelDenied],
        "cancelled" => &[Fact::CancelConfirmed],
        "shipped" => &[Fact::Shipped, Fact::ReturnWithdrawn],
        "signed" => &[Fact::Signed, Fact::ReturnWithdrawn],
        "collected" => &[Fact::Collected, Fact::ReturnWithdrawn],
        "return_requested" => &[Fact::ReturnAsked],
        "returned" => &[Fact::Returned],
        "refunded" => &[Fact::Refunded],
        "closed" => &[Fact::Closed],
        "confirmed" => &[Fact::Confirmed, Fact::RefundWithdrawn],
        "transferring" => &[Fact::TransferStarted, Fact::RefundWithdrawn],
        _ => &[],
    }
}

pub(super) fn on_the_timeline(seen: &Seen<'_>) -> Vec<String> {
    let told = |made: &Assignment| {
        let wanted = facts_of(made.state.name());
        seen.judged.facts.iter().any(|fact| fact.code == Some(made.code) && wanted.contains(&fact.fact))
    };
    pairs(seen)
        .filter(|(before, after, _)| before.is_none_or(|before| before.state.name() != after.state.name()))
        .filter(|(_, after, _)| !told(after))
        .map(|(_, after, _)| format!("assignment {} is {} and no fact says so", after.code, after.state.name()))
        .collect()
}
