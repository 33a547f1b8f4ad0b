//! Everything a plan may know. It is stored with the decision, so that planning again gives the same bytes for ever:
//! distances are whole metres here, never floats, and weights are the values that applied, not a name for them.
//!
//! [`super::gather::gather`] makes it from the loaded world. The stored form (`rows`) is lists without names: a decision
//! for one line stays below 1 KB.

use serde::{Deserialize, Serialize};

use crate::geo::Point;
use crate::goods::Component;
use crate::ids::{LocationId, Oid, ScItemId};
use crate::routing::eligibility::Reason;
use crate::routing::rows::InputRow;
use crate::routing::settings::RouterSettings;
use crate::time::Timestamp;

/// The snapshot a plan is made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "InputRow", try_from = "InputRow")]
pub struct Input {
    /// The seller lane's version that the snapshot is exact at.
    pub version: i64,
    pub now: Timestamp,
    pub settings: RouterSettings,
    /// Whether one line's quantity may be divided when no single location can serve it.
    pub split_quantity: bool,
    /// `None` when the address names no known division.
    pub destination: Option<Point>,
    pub lines: Vec<Line>,
    /// Ascending by location, each location once.
    pub candidates: Vec<Candidate>,
    /// What was left behind when more locations qualified than a plan looks at; `None` when nothing was.
    pub cut: Option<Cut>,
}

/// One line to place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub oid: Oid,
    /// Units of the listing.
    pub units: i64,
    /// The articles one unit takes, each article once; empty while the listing maps to none.
    pub components: Vec<Component>,
    /// Only where no candidate can serve the line: how many stocked locations fell to which reason.
    pub misses: Vec<(Reason, u32)>,
}

/// One location that can serve something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    pub location: LocationId,
    pub warehouse: bool,
    /// Steps behind the merchant's first choice, 0 to 10.
    pub priority: u8,
    /// Great-circle distance to the destination; `None` when either end has no known point.
    pub metres: Option<i64>,
    /// For each line of the input, in its order.
    pub supply: Vec<Supply>,
    /// For each article of [`Input::shared`], in its order: units beyond what the trade itself holds here, after
    /// safety stock. Negative when the hold itself reaches into safety stock.
    pub pools: Vec<i64>,
}

/// What a location can do for a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Supply {
    /// It may serve it with up to `available` units of the listing after safety stock; `held` of them are held here for
    /// this line already. Less than the line's units serves only a divided line.
    Units { available: i64, held: i64 },
    /// It may not serve it.
    Refused(Reason),
}

/// What the gathering left behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cut {
    /// Locations left behind that might belong to a cheaper plan.
    pub locations: u32,
    /// No plan over all locations costs less than this (1/1000 fen).
    pub floor: i64,
}

impl Supply {
    /// Units of the listing that can come from here.
    pub fn available(self) -> i64 {
        match self {
            Supply::Units { available, .. } => available,
            Supply::Refused(_) => 0,
        }
    }

    /// Units of the listing that are held here for the line already.
    pub fn held(self) -> i64 {
        match self {
            Supply::Units { held, .. } => held,
            Supply::Refused(_) => 0,
        }
    }
}

impl Line {
    /// Whether it is known what to ship.
    pub fn is_known(&self) -> bool {
        self.units > 0 && !self.components.is_empty() && self.components.iter().all(|part| part.per_unit > 0)
    }

    /// Units of an article that one unit of the listing takes.
    pub fn per_unit(&self, sc_item: ScItemId) -> i64 {
        self.components.iter().filter(|part| part.sc_item == sc_item).map(|part| part.per_unit).sum()
    }
}

impl Input {
    /// Articles that more than one line needs, ascending: their stock at a location is shared by those lines.
    pub fn shared(&self) -> Vec<ScItemId> {
        shared_articles(self.lines.iter().map(|line| line.components.as_slice()))
    }

    /// The candidate with this location.
    pub fn candidate(&self, location: LocationId) -> Option<&Candidate> {
        self.candidates
            .binary_search_by_key(&location, |candidate| candidate.location)
            .ok()
            .and_then(|at| self.candidates.get(at))
    }
}

/// Articles that occur in more than one list, ascending.
pub(super) fn shared_articles<'a>(lists: impl Iterator<Item = &'a [Component]>) -> Vec<ScItemId> {
    let mut all: Vec<ScItemId> = lists.flatten().map(|part| part.sc_item).collect();
    all.sort_unstable();
    let mut shared: Vec<ScItemId> = all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    shared.dedup();
    shared
}
