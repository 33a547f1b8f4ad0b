//! Bugs to plant in the core, each a change of one exact text, to prove that the simulation finds them. `cargo xtask sim
//! --planted` makes a copy, plants one after the other, and runs seeds until each is found; a text that is no longer there
//! fails a test and the command, so that none is ever skipped.
//!
//! What found them is in `docs/simulation.md`.

use std::path::Path;

/// One bug.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// Its name on the command line and in the docs.
    pub name: &'static str,
    /// What goes wrong, in a sentence.
    pub what: &'static str,
    /// Below `crates/astrolabe-core/src`.
    pub file: &'static str,
    /// Stands there exactly once.
    pub text: &'static str,
    pub becomes: &'static str,
}

/// All of them.
pub const PLANTED: [Planted; 14] = [
    Planted {
        name: "suspect-promises",
        what: "units of a suspect cell are promised",
        file: "stock/cell.rs",
        text: "if self.suspect { 0 } else { self.available().max(0) }",
        becomes: "self.available().max(0)",
    },
    Planted {
        name: "revert-keeps-queue",
        what: "a refused command leaves its place in the shortage queue",
        file: "stock/book.rs",
        text: "                        article.dequeue(&waiting);\n                    }\n                }\n                QueueChange::Dequeued(sc_item, waiting) => {\n                    if let Some(article) = self.articles.get_mut(&sc_item) {",
        becomes: "                        let _ = (&article, &waiting);\n                    }\n                }\n                QueueChange::Dequeued(sc_item, waiting) => {\n                    if let Some(article) = self.articles.get_mut(&sc_item) {",
    },
    Planted {
        name: "absorbs-too-much",
        what: "a report that includes our own sales absorbs more than was sold",
        file: "stock/report.rs",
        text: "quantity.max(cell.unreported.max(0).saturating_neg())",
        becomes: "quantity.max(cell.unreported.max(1).saturating_neg())",
    },
    Planted {
        name: "snapshot-by-millisecond",
        what: "a count of stock takes off again what left the shelf in the same second before it",
        file: "stock/report.rs",
        text: "entry.cell == cell && entry.learnt.second() > second",
        becomes: "entry.cell == cell && entry.learnt.second() >= second",
    },
    Planted {
        name: "bill-acts-again",
        what: "a repeated bill acts again when its figure is the same as the cell's",
        file: "decide/report.rs",
        text: "if let Some(applied) = known.and_then(|sc_item| world.bills.get(&key_of(bill, sc_item))) {",
        becomes: "if let Some(applied) = known.and_then(|sc_item| world.bills.get(&key_of(bill, sc_item))).filter(|applied| applied.quantity > 0) {",
    },
    Planted {
        name: "guard-stays",
        what: "accepting leaves the Guard held elsewhere",
        file: "order/machine/delivery.rs",
        text: "Event::Accept => to(AssignmentState::Accepted, StockStep::ReleaseGuard),",
        becomes: "Event::Accept => to(AssignmentState::Accepted, StockStep::Keep),",
    },
    Planted {
        name: "closed-keeps-hold",
        what: "a line that the channel closes while it is asked back keeps its units",
        file: "order/machine/delivery.rs",
        text: "        (Event::Close, CancelAim::Refund(_) | CancelAim::Reallocate(_)) => {\n            to(AssignmentState::Closed, StockStep::Release)",
        becomes: "        (Event::Close, CancelAim::Refund(_) | CancelAim::Reallocate(_)) => {\n            to(AssignmentState::Closed, StockStep::Keep)",
    },
    Planted {
        name: "timer-takes-accepted",
        what: "an accepted order that ships late is taken from its store",
        file: "order/machine/delivery.rs",
        text: "        (Event::DenyCancel, CancelAim::Reallocate(_)) => to(back(from), StockStep::Keep),",
        becomes: "        (Event::DenyCancel, CancelAim::Reallocate(_)) => to(AssignmentState::Notified, StockStep::Keep),",
    },
    Planted {
        name: "refund-of-another",
        what: "withdrawing one refund lifts the cancel request of another",
        file: "order/machine/delivery.rs",
        text: "(Event::LiftRefund { refund }, CancelAim::Refund(asked)) if refund == asked =>",
        becomes: "(Event::LiftRefund { .. }, CancelAim::Refund(_)) =>",
    },
    Planted {
        name: "units-vanish",
        what: "units given back replace those that wait instead of joining them",
        file: "decide/carry.rs",
        text: "line.unassigned = Some(Unassigned { units: before + units, state });",
        becomes: "line.unassigned = Some(Unassigned { units: before.max(units), state });",
    },
    Planted {
        name: "silent-shipment",
        what: "the allocating app is not told of what a keeper ships",
        file: "decide/tell.rs",
        text: "    let moved = gone.iter().map(|(oid, _)| *oid).collect();\n    tell_allocator(case,",
        becomes: "    let moved = gone.iter().skip(1).map(|(oid, _)| *oid).collect();\n    tell_allocator(case,",
    },
    Planted {
        name: "withdrawn-unsaid",
        what: "a store whose offer ran out is not told that it is gone",
        file: "decide/carry.rs",
        text: "if let AssignmentState::Withdrawn | AssignmentState::Unanswered | AssignmentState::Closed = &assignment.state {",
        becomes: "if let AssignmentState::Withdrawn | AssignmentState::Closed = &assignment.state {",
    },
    Planted {
        name: "forgotten-changes",
        what: "a group that follows one in memory does not write what the first began",
        file: "world/slots.rs",
        text: "        self.undo.clear();\n        std::mem::take(&mut self.base)\n            .into_iter()\n            .filter_map(|(key, before)| {\n                let after = self.now.get(&key).cloned().flatten();\n                (before != after)",
        becomes: "        self.undo.clear();\n        std::mem::take(&mut self.base)\n            .into_iter()\n            .filter_map(|(key, before)| {\n                let after = self.now.get(&key).cloned().flatten();\n                (before.is_none() && before != after)",
    },
    Planted {
        name: "work-undone",
        what: "nobody who waits hears of units that another order gave back",
        file: "decide/work.rs",
        text: "    for sc_item in risen {",
        becomes: "    for sc_item in risen.into_iter().skip(1) {",
    },
];

impl Planted {
    /// The file with the bug in it.
    ///
    /// # Errors
    /// Its text is not there, or more than once: the core has changed, and this bug must be planted anew.
    pub fn plant(&self, core: &Path) -> Result<String, String> {
        let path = core.join("src").join(self.file);
        let source = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        match source.matches(self.text).count() {
            1 => Ok(source.replace(self.text, self.becomes)),
            found => Err(format!(
                "planted bug {}: its text stands {found} times in {}; plant it anew in astrolabe-sim/src/planted.rs",
                self.name, self.file
            )),
        }
    }
}
