//! One step of deriving figures: what is new on a seller's timeline, what its trades' earlier facts make of it, and the sum
//! kept together with the reader's new place. Called by the worker that runs beside the doors, and by the benchmark.

use std::collections::BTreeSet;

use astrolabe_core::ids::{LocationId, SellerId, Tid};
use astrolabe_core::kpi::Figures;
use astrolabe_core::place::Location;
use astrolabe_core::time::Timestamp;

use crate::contract::Store;
use crate::error::StoreError;
use crate::readers::{FactPlace, PlacedFact, TimelineReader};

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DerivedStep {
    /// Facts read; fewer than were asked for when the timeline's end was reached.
    pub facts: usize,
    /// When the first of them was learnt: how far the figures were behind.
    pub oldest: Timestamp,
    /// Whether they count now; if not, another node was faster and they count already.
    pub kept: bool,
}

/// Takes up at most `facts_max` facts; `None` when there are none. Its cost is that of the facts and their trades.
pub async fn derive_figures(
    store: &dyn Store,
    seller: SellerId,
    facts_max: usize,
) -> Result<Option<DerivedStep>, StoreError> {
    let from = store.reader_place(seller, TimelineReader::Kpi).await?;
    let new = store.facts_after(seller, from, facts_max).await?;
    let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(None) };
    let tids: BTreeSet<Tid> = new.iter().map(|placed| placed.fact.tid).collect();
    let tids: Vec<Tid> = tids.into_iter().collect();
    let before =
        if from == FactPlace::default() { Vec::new() } else { store.facts_of_trades(seller, &tids, from).await? };
    let regions = store.regions_of_trades(seller, &tids).await?;
    let warehouses = warehouses(store, seller, before.iter().chain(&new)).await?;
    let (earlier, now) = (before.iter().map(|placed| &placed.fact), new.iter().map(|placed| &placed.fact));
    let figures = Figures::completed(earlier, now, &warehouses, &regions);
    let kept = store.add_figures(seller, from, last.place, &figures).await?;
    Ok(Some(DerivedStep { facts: new.len(), oldest: first.fact.at.learnt, kept }))
}

async fn warehouses(
    store: &dyn Store,
    seller: SellerId,
    facts: impl Iterator<Item = &PlacedFact>,
) -> Result<BTreeSet<LocationId>, StoreError> {
    let named: BTreeSet<LocationId> = facts.filter_map(|placed| placed.fact.location).collect();
    let found = store.locations_named(seller, &named).await?;
    Ok(found.iter().filter(|place| place.is_warehouse()).map(|place: &Location| place.id).collect())
}
