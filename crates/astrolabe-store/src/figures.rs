//! What is asked of the figures that the timeline's reader keeps, and how they are grouped. The figures themselves are
//! the core's ([`astrolabe_core::kpi`]); an answer costs the periods and places it names, never the orders behind them.

use std::collections::BTreeMap;

use astrolabe_core::ids::LocationId;
use astrolabe_core::kpi::{Measure, Metric, Region, Span};

/// Which figures, and over what they are added up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FigureQuery {
    pub metrics: Vec<Metric>,
    /// Periods that do not overlap.
    pub spans: Vec<Span>,
    pub of: FiguresOf,
    pub by: FiguresBy,
}

/// The part of the business that is asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FiguresOf {
    Whole,
    /// By app, or one.
    Apps(Option<String>),
    /// By location and app, or of one location or one app.
    Places {
        location: Option<LocationId>,
        app: Option<String>,
    },
    /// By destination, or to one province or one city of it.
    Regions {
        province: Option<String>,
        city: Option<String>,
    },
}

/// What one answer is of; what the asked part does not tell apart falls together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FiguresBy {
    Nothing,
    Period,
    Location,
    App,
    Province,
    City,
}

/// Names an answer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FigureGroup {
    All,
    /// The first day of the period.
    Period(i64),
    Location(LocationId),
    App(String),
    /// With an empty city where only provinces are told apart.
    Region(Region),
}

/// The answers; what has none is not there.
pub type FiguresFound = BTreeMap<(FigureGroup, Metric), Measure>;
