//! What a rehearsal remembers of each trade: when it was paid, what the party was asked, what it told, which calls about it were
//! forged, and which of the party's calls must come again because their outcome was kept from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::exchange::Exchange;
use super::load::StepSeen;
use crate::fault::Fault;
use crate::ids::{Oid, Tid};
use crate::standins::channel::RefundWatcher;

/// One trade.
#[derive(Debug, Clone, Default)]
struct Case {
    lines: BTreeSet<Oid>,
    /// When it was to be paid; taken away with the answer.
    due: Option<Instant>,
    /// How often the party was asked in earnest; a repeat of the same question counts no further.
    asked: u64,
    asked_at: Option<Instant>,
    /// Sub-orders that the question was about and that are not answered yet.
    awaited: BTreeSet<Oid>,
    told: bool,
    /// A refund was asked: nothing more is owed.
    refunding: bool,
    /// For which question each sub-order was given where.
    given: BTreeMap<Oid, (u64, String)>,
    /// Refusals of stores that the party was told of.
    refusals: u64,
}

/// A sub-order given elsewhere in answer to the same question.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub tid: Tid,
    pub oid: Oid,
    pub before: String,
    pub now: String,
    pub exchange: Exchange,
}

#[derive(Debug, Default)]
struct Cases {
    trades: HashMap<Tid, Case>,
    forged: HashMap<Tid, Fault>,
    owed: HashMap<(String, Tid), Fault>,
    changes: Vec<Change>,
    step: Step,
}

#[derive(Debug, Default)]
struct Step {
    seen: StepSeen,
    within: Duration,
    began: Option<Instant>,
    last: Option<Instant>,
}

/// Shared by relay, doors and probes.
#[derive(Debug, Default)]
pub(super) struct Casebook(Mutex<Cases>);

/// A report fits what was reported before, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The last sub-order of a question, so long after it.
    After(Duration),
    /// One of several, or told already and the same again.
    Noted,
    /// The same question was answered with another location before.
    Otherwise { before: String },
    /// Nobody asked.
    Unasked,
}

impl Casebook {
    /// A call about this trade is a forgery.
    pub(super) fn forge(&self, tid: Tid, fault: Fault) {
        self.0.lock().forged.insert(tid, fault);
    }

    /// Whether only forged calls spoke of this trade.
    pub(super) fn forged(&self, tid: Tid) -> Option<Fault> {
        self.0.lock().forged.get(&tid).copied()
    }

    /// A buyer is about to pay.
    pub(super) fn paid(&self, tid: Tid, due: Instant, lines: BTreeSet<Oid>) {
        let mut cases = self.0.lock();
        cases.trades.insert(tid, Case { lines, due: Some(due), ..Case::default() });
        cases.step.seen.sent += 1;
    }

    /// The payment did not reach the platform.
    pub(super) fn unpaid(&self, tid: Tid) {
        self.0.lock().trades.remove(&tid);
    }

    /// The party was asked in earnest: about these sub-orders, or about all of the trade. Asked again about all of it, it may have
    /// answered already: it can see a refusal in the trade before it is asked.
    pub(super) fn asked(&self, tid: Tid, about: Option<BTreeSet<Oid>>) {
        let mut cases = self.0.lock();
        let case = cases.trades.entry(tid).or_default();
        let first = case.asked == 0;
        case.asked += 1;
        case.asked_at = Some(Instant::now());
        match about {
            Some(about) => {
                case.told = false;
                case.awaited = about;
            }
            None if first => case.awaited = case.lines.clone(),
            None => {}
        }
    }

    /// A store refused: the next location of a sub-order may be another.
    pub(super) fn store_refused(&self, tid: Tid) {
        if let Some(case) = self.0.lock().trades.get_mut(&tid) {
            case.refusals += 1;
        }
    }

    /// The party named another location than before in answer to the same question. Whether a store refused in between shows only
    /// later: the notice may come after the report.
    pub(super) fn changed(&self, change: Change) {
        self.0.lock().changes.push(change);
    }

    /// Changes that no refusal explains.
    pub(super) fn unexplained(&self) -> Vec<Change> {
        let cases = self.0.lock();
        let mut explained: HashMap<Tid, u64> = HashMap::new();
        let unexplained = cases.changes.iter().filter(|change| {
            let used = explained.entry(change.tid).or_default();
            *used += 1;
            let refusals = cases.trades.get(&change.tid).map_or(0, |case| case.refusals);
            *used > refusals
        });
        unexplained.cloned().collect()
    }

    /// Trades that may not be answered yet: asked once and not told everything, or asked again.
    pub(super) fn doubtful(&self) -> Vec<Tid> {
        let cases = self.0.lock();
        let doubtful = |case: &Case| case.asked > 0 && !case.refunding && (!case.told || case.asked > 1);
        cases.trades.iter().filter(|(_, case)| doubtful(case)).map(|(tid, _)| *tid).collect()
    }

    /// A buyer asks for the money back: from now on nothing is owed, and the trade counts for no load.
    pub(super) fn refunding(&self, tid: Tid) {
        let mut cases = self.0.lock();
        let Some(case) = cases.trades.get_mut(&tid) else { return };
        case.refunding = true;
        if case.due.take().is_some() {
            cases.step.seen.sent = cases.step.seen.sent.saturating_sub(1);
        }
    }

    /// Whether a buyer asked for the money back.
    pub(super) fn is_refunding(&self, tid: Tid) -> bool {
        self.0.lock().trades.get(&tid).is_some_and(|case| case.refunding)
    }

    /// The party reported a location for a sub-order, and the platform took it.
    pub(super) fn told(&self, tid: Tid, oid: Oid, location: &str) -> Told {
        let mut cases = self.0.lock();
        let Some(case) = cases.trades.get_mut(&tid).filter(|case| case.asked > 0) else { return Told::Unasked };
        let question = case.asked;
        let before = case.given.insert(oid, (question, location.to_owned()));
        if let Some((_, before)) = before.filter(|(asked, before)| *asked == question && before != location) {
            return Told::Otherwise { before };
        }
        case.awaited.remove(&oid);
        if case.told || !case.awaited.is_empty() {
            return Told::Noted;
        }
        let took = case.asked_at.map(|at| at.elapsed()).unwrap_or_default();
        cases.answered(tid);
        Told::After(took)
    }

    /// The party said that nobody can serve a sub-order.
    pub(super) fn unplaced(&self, tid: Tid, oid: Oid) {
        let mut cases = self.0.lock();
        let Some(case) = cases.trades.get_mut(&tid) else { return };
        case.awaited.remove(&oid);
        if case.awaited.is_empty() {
            cases.answered(tid);
        }
    }

    /// The party answered the question without a location, whatever became of it.
    pub(super) fn answered(&self, tid: Tid) {
        self.0.lock().answered(tid);
    }

    /// Where a trade's sub-orders were last given to.
    pub(super) fn given(&self, tid: Tid) -> BTreeMap<Oid, String> {
        let cases = self.0.lock();
        let given = cases.trades.get(&tid).map(|case| &case.given);
        given.into_iter().flatten().map(|(oid, (_, location))| (*oid, location.clone())).collect()
    }

    /// Trades of which the party was asked and did not tell everything.
    pub(super) fn untold(&self) -> Vec<Tid> {
        let cases = self.0.lock();
        let owed = |case: &Case| case.asked > 0 && !case.told && !case.refunding;
        cases.trades.iter().filter(|(_, case)| owed(case)).map(|(tid, _)| *tid).collect()
    }

    /// Trades that were paid and are not answered.
    pub(super) fn unanswered(&self) -> usize {
        let cases = self.0.lock();
        cases.trades.values().filter(|case| case.due.is_some() && !case.refunding).count()
    }

    /// The outcome of this call was kept from the party: it must come again.
    pub(super) fn owe(&self, method: &str, tid: Tid, fault: Fault) {
        self.0.lock().owed.insert((method.to_owned(), tid), fault);
    }

    /// A call came: whether it is one that was owed.
    pub(super) fn repeated(&self, method: &str, tid: Tid) -> Option<Fault> {
        self.0.lock().owed.remove(&(method.to_owned(), tid))
    }

    /// Calls that should have come again and did not.
    pub(super) fn unrepeated(&self) -> Vec<(String, Tid, Fault)> {
        let cases = self.0.lock();
        cases.owed.iter().map(|((method, tid), fault)| (method.clone(), *tid, *fault)).collect()
    }

    /// From here on trades count for a new step of the load; what earlier steps left open is theirs.
    pub(super) fn begin_step(&self, within: Duration) {
        let mut cases = self.0.lock();
        cases.trades.values_mut().for_each(|case| case.due = None);
        cases.step = Step { within, began: Some(Instant::now()), ..Step::default() };
    }

    /// What came of the step.
    pub(super) fn end_step(&self) -> StepSeen {
        let mut cases = self.0.lock();
        let step = std::mem::take(&mut cases.step);
        let lasted = step.began.zip(step.last).map(|(began, last)| last.saturating_duration_since(began));
        let failed = step.seen.sent.saturating_sub(step.seen.good);
        StepSeen { failed, lasted: lasted.unwrap_or_default().as_secs_f64(), ..step.seen }
    }
}

impl RefundWatcher for Casebook {
    fn refund_asked(&self, tid: Tid) {
        self.refunding(tid);
    }
}

impl Cases {
    fn answered(&mut self, tid: Tid) {
        let Some(case) = self.trades.get_mut(&tid) else { return };
        case.told = true;
        case.awaited.clear();
        let Some(due) = case.due.take() else { return };
        let took = due.elapsed();
        self.step.last = Some(Instant::now());
        self.step.seen.times.add(took);
        self.step.seen.good += u64::from(took < self.step.within);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(oids: &[i64]) -> BTreeSet<Oid> {
        oids.iter().copied().map(Oid).collect()
    }

    #[test]
    fn a_second_answer_to_one_question_must_be_the_first() {
        let book = Casebook::default();
        let (tid, oid) = (Tid(1), Oid(2));
        assert_eq!(book.told(tid, oid, "5"), Told::Unasked);
        book.asked(tid, None);
        assert_eq!(book.untold(), [tid]);
        assert!(matches!(book.told(tid, oid, "5"), Told::After(_)));
        assert_eq!(book.told(tid, oid, "5"), Told::Noted);
        assert_eq!(book.told(tid, oid, "6"), Told::Otherwise { before: "5".into() });
        book.asked(tid, None);
        assert_eq!(book.told(tid, oid, "7"), Told::Noted, "asked again, another store is right");
        assert!(book.untold().is_empty());
    }

    #[test]
    fn a_change_is_explained_by_a_refusal_whenever_that_is_told() {
        let book = Casebook::default();
        let masks = crate::rehearse::exchange::Masks::default();
        let asked = crate::rehearse::exchange::Asked { verb: "POST", target: "/", content_type: None, body: b"" };
        let exchange = masks.exchange(String::new(), Duration::ZERO, asked, Err("none"));
        let change = Change { tid: Tid(1), oid: Oid(2), before: "5".into(), now: "6".into(), exchange };
        book.asked(Tid(1), None);
        book.changed(change.clone());
        book.changed(change);
        assert_eq!(book.unexplained().len(), 2);
        book.store_refused(Tid(1));
        assert_eq!(book.unexplained().len(), 1);
        book.store_refused(Tid(1));
        assert!(book.unexplained().is_empty());
    }

    #[test]
    fn every_line_of_a_trade_is_owed() {
        let book = Casebook::default();
        book.begin_step(Duration::from_secs(300));
        book.paid(Tid(1), Instant::now(), lines(&[2, 3]));
        book.asked(Tid(1), None);
        assert_eq!(book.told(Tid(1), Oid(2), "5"), Told::Noted);
        assert_eq!((book.untold(), book.unanswered()), (vec![Tid(1)], 1));
        assert!(matches!(book.told(Tid(1), Oid(3), "5"), Told::After(_)));
        assert_eq!((book.untold(), book.unanswered()), (vec![], 0));
        book.paid(Tid(9), Instant::now(), lines(&[10]));
        let step = book.end_step();
        assert_eq!((step.sent, step.good, step.failed), (2, 1, 1));
    }

    #[test]
    fn a_call_is_owed_until_it_comes() {
        let book = Casebook::default();
        book.owe("m", Tid(1), Fault::Silent);
        assert_eq!(book.repeated("n", Tid(1)), None);
        assert_eq!(book.unrepeated().len(), 1);
        assert_eq!(book.repeated("m", Tid(1)), Some(Fault::Silent));
        assert!(book.unrepeated().is_empty());
    }
}
