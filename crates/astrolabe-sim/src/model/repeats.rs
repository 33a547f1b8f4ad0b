//! Idempotency: which commands, once kept, must succeed for ever and change nothing.

use astrolabe_core::command::{Address, Command, StoreAnswer, SyncStatus};

use super::Seen;
use crate::lane::Judged;

/// Whether a command that was kept names its own fact: a repeat then finds it done.
pub(crate) fn names_its_fact(command: &Command, clock_went_back: bool) -> bool {
    let certain = |answer: &StoreAnswer| match answer.address {
        Address::Code(..) => true,
        // Told apart from a later offer to the same place by its time.
        Address::Lines(_) => !clock_went_back,
        Address::SubOrders(_) => false,
    };
    match command {
        Command::ReportStock(_) | Command::AdjustHold(_) => true,
        // Goods finished before we knew that they had left may be signed for later.
        Command::SeeTrade(told) => told.lines.iter().all(|line| !line.finished),
        Command::SeeRefund(_) => true,
        Command::Accept(answer) | Command::ReceiveReturn(answer) | Command::StartTransfer(answer) => certain(answer),
        Command::Refuse { answer, .. } => certain(answer),
        // A milestone of a place is of whatever is there now.
        Command::RecordMilestone { answer, .. } => matches!(answer.address, Address::Code(..)),
        Command::ConfirmPickup { answer, .. } | Command::ReceiveTransfer { answer, .. } => certain(answer),
        Command::SyncAllocation(sync) => {
            !clock_went_back && sync.lines.iter().all(|line| line.status == SyncStatus::Allocated)
        }
        Command::Reallocate(asked) => asked.request != 0 && !asked.sub_orders.is_empty(),
        Command::UseCode(_) => true,
        _ => false,
    }
}

pub(super) fn change_nothing(seen: &Seen<'_>) -> Vec<String> {
    let judged = seen.judged;
    if !seen.stands || !names_its_fact(&judged.command, seen.clock_went_back) {
        return Vec::new();
    }
    let name = judged.command.name();
    if told_otherwise_at_once(&judged.command, judged) || is_divided(&judged.command, judged) {
        return Vec::new();
    }
    if let Err(refusal) = &judged.verdict {
        return vec![format!("{name} was kept before and is now refused: {refusal}")];
    }
    let changes = [
        (judged.before != judged.after, "a trade"),
        (!judged.facts.is_empty(), "the timeline"),
        (!judged.calls.is_empty(), "calls outward"),
        (!judged.entries.is_empty(), "the ledger"),
    ];
    let changed = changes.iter().filter(|(changed, _)| *changed);
    changed.map(|(_, what)| format!("{name} was kept before and now changed {what}")).collect()
}

/// The channel's times are of the second: of two words about one refund in the same one, nobody can tell the later.
fn told_otherwise_at_once(command: &Command, judged: &Judged) -> bool {
    let Command::SeeRefund(told) = command else { return false };
    let mut known = judged.before.get(&told.tid).into_iter().flat_map(|file| &file.trade.refunds);
    let known = known.rfind(|refund| refund.id == told.id);
    // Told of a trade that was not paid: nothing was known of it then.
    known.is_none_or(|refund| {
        refund.modified < told.modified || (refund.modified == told.modified && refund.status != told.status)
    })
}

/// An assignment that was divided stands twice at its place: one that names the place alone may mean either part.
fn is_divided(command: &Command, judged: &Judged) -> bool {
    let answer = match command {
        Command::Accept(answer) | Command::Refuse { answer, .. } | Command::RecordMilestone { answer, .. } => answer,
        Command::ConfirmPickup { answer, .. } | Command::ReceiveTransfer { answer, .. } => answer,
        Command::StartTransfer(answer) | Command::ReceiveReturn(answer) => answer,
        _ => return false,
    };
    let Address::Lines(lines) = &answer.address else { return false };
    let file = judged.before.get(&answer.tid);
    lines.iter().any(|(oid, location)| {
        let there = file.into_iter().flat_map(|file| &file.assignments);
        let mut times: Vec<_> =
            there.filter(|made| made.oid == *oid && made.location == *location).map(|made| made.allocated_at).collect();
        let all = times.len();
        times.sort_unstable();
        times.dedup();
        times.len() < all
    })
}
