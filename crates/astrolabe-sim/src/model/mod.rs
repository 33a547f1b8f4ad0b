//! The reference model: what must be true of every decision, written down a second time and far simpler than the core,
//! from the design's sentences alone. It keeps a few figures of its own (bills, commits) and otherwise compares the trades
//! before a command with the trades after it. It never calls into the code it judges.

mod bills;
mod legal;
mod moves;
mod notices;
mod repeats;
mod shelves;
mod units;

pub(crate) mod quiet;

use astrolabe_core::seller::Settings;

use crate::lane::Judged;

/// A sentence that did not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Broken {
    /// Names the sentence.
    pub(crate) id: &'static str,
    pub(crate) sentence: &'static str,
    pub(crate) detail: String,
}

/// A sentence, and how it is judged of one command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) sentence: &'static str,
    check: fn(&Seen<'_>) -> Vec<String>,
}

/// One command with what the rules look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'j> {
    pub(crate) judged: &'j Judged,
    pub(crate) settings: &'j Settings,
    /// The same command was kept before: its sender says it again.
    pub(crate) stands: bool,
    /// The clock went back in this run: what was said before or after what cannot be told from its times.
    pub(crate) clock_went_back: bool,
}

/// What the model remembers from command to command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    bills: bills::Bills,
}

/// Every rule of one command.
pub(crate) const RULES: [Rule; 10] = [
    Rule { id: "SIM-WHOLE", sentence: "a refused command leaves no trace", check: moves::refused_leaves_nothing },
    Rule {
        id: "SIM-MOVES",
        sentence: "an assignment moves along the state table only, and what has ended stays",
        check: moves::along_the_table,
    },
    Rule {
        id: "SIM-REFUNDS",
        sentence: "what one refund asked back, no other refund lets go again",
        check: moves::let_go_by_its_own,
    },
    Rule {
        id: "SIM-FACTS",
        sentence: "every move is on the timeline, in the transaction that made it",
        check: moves::on_the_timeline,
    },
    Rule {
        id: "SIM-UNITS",
        sentence: "ordered units are assigned, waiting, gone, cancelled or closed: none is lost and none is made",
        check: units::conserved,
    },
    Rule {
        id: "SIM-SHELVES",
        sentence: "what leaves the shelves is what was shipped or collected; only returns bring units back",
        check: shelves::shipped_is_committed,
    },
    Rule {
        id: "SIM-HELD",
        sentence: "what the platform or an operator allocates is held where it was allocated to",
        check: shelves::allocated_is_held,
    },
    Rule {
        id: "SIM-NOTICES",
        sentence: "whoever must know of a move is called in the transaction that made it",
        check: notices::who_must_know_is_told,
    },
    Rule {
        id: "SIM-LEGAL",
        sentence: "what the state and the role allow is accepted, anything else is refused",
        check: legal::as_the_table_says,
    },
    Rule {
        id: "SIM-REPEATS",
        sentence: "a command that stands succeeds again and changes nothing",
        check: repeats::change_nothing,
    },
];

/// The rule of bills, which has a memory.
pub(crate) const BILLS: (&str, &str) =
    ("SIM-BILLS", "a bill is judged by its key, its time and the cell alone, and does to the cell what its kind says");

impl Model {
    /// Judges one command that was committed.
    pub(crate) fn watch(&mut self, seen: &Seen<'_>) -> Vec<Broken> {
        let rules = RULES.iter().flat_map(|rule| {
            (rule.check)(seen).into_iter().map(|detail| Broken { id: rule.id, sentence: rule.sentence, detail })
        });
        let mut broken: Vec<Broken> = rules.collect();
        let bills = self.bills.watch(seen).into_iter();
        broken.extend(bills.map(|detail| Broken { id: BILLS.0, sentence: BILLS.1, detail }));
        broken
    }
}
