//! The timeline as a log that others derive from: figures, postings. A reader keeps its place in the transaction that
//! keeps what it derived, so that a fact counts once however often it is read. Nothing here waits for a lane.

use astrolabe_core::order::timeline::TimelineFact;

/// Who derives something from the timeline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TimelineReader {
    /// Figures of chapter 5.
    Kpi,
    /// Postings (分账).
    Settlement,
}

impl TimelineReader {
    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            TimelineReader::Kpi => "kpi",
            TimelineReader::Settlement => "settlement",
        }
    }
}

/// A place in a seller's timeline: the group that wrote a fact and its number there. The default is before all facts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct FactPlace {
    pub version: i64,
    pub n: i64,
}

/// A fact and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedFact {
    pub place: FactPlace,
    pub fact: TimelineFact,
}
