//! Samples added up: by day and by month, over all, by app, by place and by destination. The cuts are never crossed with each
//! other, so that a sample is in at most eight figures however many stores, apps and cities there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{LocationId, Tid};
use crate::kpi::history::{Sample, TradeHistory};
use crate::kpi::measure::Measure;
use crate::kpi::metric::Metric;
use crate::kpi::period::Grain;
use crate::order::timeline::TimelineFact;

/// Where a trade goes, as far as reports tell: never nearer than the city.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Region {
    pub province: String,
    pub city: String,
}

/// The part of a seller's business that a figure is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cut {
    Whole,
    /// The app that reported ("": none did), wherever.
    App(String),
    /// A location (0: none) and the app that reported.
    Place {
        location: LocationId,
        app: String,
    },
    Region(Region),
}

/// Names one figure of a seller.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FigureKey {
    pub metric: Metric,
    pub grain: Grain,
    /// The first day of the period.
    pub start: i64,
    pub cut: Cut,
}

/// Figures of one seller, or what is to be added to them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures(BTreeMap<FigureKey, Measure>);

impl Figures {
    /// Adds a sample of a trade that goes to `region`.
    pub fn add(&mut self, sample: &Sample, region: &Region) {
        let place = Cut::Place { location: sample.location, app: sample.app.clone() };
        let measure = match sample.took {
            Some(span) => Measure::took(span, sample.metric.target()),
            None => Measure::once(),
        };
        let mut cuts = vec![Cut::Whole, Cut::Region(region.clone())];
        if !sample.metric.is_of_sub_orders() {
            cuts.extend([Cut::App(sample.app.clone()), place]);
        }
        for cut in cuts {
            for grain in Grain::ALL {
                let start = grain.start(sample.at.shanghai_day());
                let key = FigureKey { metric: sample.metric, grain, start, cut: cut.clone() };
                self.0.entry(key).or_default().add(&measure);
            }
        }
    }

    /// What new facts of some trades complete, given all facts of theirs that came before. Both in the order they were
    /// written; a trade without a region is one of nowhere.
    pub fn completed<'f>(
        before: impl IntoIterator<Item = &'f TimelineFact>,
        new: impl IntoIterator<Item = &'f TimelineFact>,
        warehouses: &BTreeSet<LocationId>,
        regions: &BTreeMap<Tid, Region>,
    ) -> Self {
        let mut histories: BTreeMap<Tid, TradeHistory> = BTreeMap::new();
        for fact in before {
            histories.entry(fact.tid).or_default().read(fact, warehouses);
        }
        let (mut figures, nowhere) = (Self::default(), Region::default());
        for fact in new {
            let region = regions.get(&fact.tid).unwrap_or(&nowhere);
            for sample in histories.entry(fact.tid).or_default().read(fact, warehouses) {
                figures.add(&sample, region);
            }
        }
        figures
    }

    /// Adds other figures.
    pub fn merge(&mut self, other: Figures) {
        for (key, measure) in other.0 {
            self.0.entry(key).or_default().add(&measure);
        }
    }

    /// All of them by key.
    pub fn iter(&self) -> impl Iterator<Item = (&FigureKey, &Measure)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
