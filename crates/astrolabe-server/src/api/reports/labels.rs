//! What a row is of, in words: a day, a store with its name, an app, a place on the map.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::ids::LocationId;
use astrolabe_core::place::{Location, LocationKind};
use astrolabe_store::FigureGroup;
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{GroupBy, date};
use crate::api::caller::Caller;
use crate::api::export::Cell;
use crate::api::failure::ApiFailure;
use crate::app::App;

/// What a row is of: of the fields, those that the report was asked to tell apart.
#[derive(Clone, PartialEq, Debug, Default, Serialize, ToSchema)]
pub(super) struct RowOf {
    /// `YYYY-MM-DD`; of a month, its first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<StoreOf>,
    /// The app's key; empty for what no app reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    province: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
}

/// A store or warehouse.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub(super) struct StoreOf {
    pub(super) id: i64,
    /// The merchant's own code.
    pub(super) code: String,
    pub(super) name: String,
}

/// Names of the stores that rows are of.
#[derive(Debug, Default)]
pub(super) struct Labels {
    stores: BTreeMap<LocationId, Location>,
}

impl Labels {
    /// For these groups.
    pub(super) async fn of(
        app: &App,
        caller: &Caller,
        groups: impl Iterator<Item = &FigureGroup>,
    ) -> Result<Self, ApiFailure> {
        let ids: BTreeSet<LocationId> = groups
            .filter_map(|group| match group {
                FigureGroup::Location(id) => Some(*id),
                FigureGroup::All | FigureGroup::Period(_) | FigureGroup::App(_) | FigureGroup::Region(_) => None,
            })
            .collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let found = app.store.locations_named(caller.seller(), &ids).await;
        let found = found.map_err(|error| ApiFailure::storage(&error))?;
        Ok(Self { stores: found.into_iter().map(|place| (place.id, place)).collect() })
    }

    pub(super) fn store(&self, id: LocationId) -> StoreOf {
        let place = self.stores.get(&id);
        let code = place.map_or(String::new(), |place| match &place.kind {
            LocationKind::Store { code, .. } => code.0.clone(),
            LocationKind::Warehouse { code } => code.0.clone(),
        });
        StoreOf { id: id.0, code, name: place.map_or(String::new(), |place| place.name.clone()) }
    }

    pub(super) fn row(&self, by: GroupBy, group: &FigureGroup) -> RowOf {
        let none = RowOf::default();
        match group {
            FigureGroup::All => none,
            FigureGroup::Period(start) => RowOf { period: Some(date(*start)), ..none },
            FigureGroup::Location(id) => RowOf { store: Some(self.store(*id)), ..none },
            FigureGroup::App(app) => RowOf { app: Some(app.clone()), ..none },
            FigureGroup::Region(region) => {
                let city = (by == GroupBy::City).then(|| region.city.clone());
                RowOf { province: Some(region.province.clone()), city, ..none }
            }
        }
    }
}

impl RowOf {
    /// The titles of [`RowOf::cells`].
    pub(super) fn titles(by: GroupBy) -> Vec<String> {
        let titles: &[&str] = match by {
            GroupBy::Total => &[],
            GroupBy::Day => &["day"],
            GroupBy::Month => &["month"],
            GroupBy::Store => &["store_id", "store_code", "store_name"],
            GroupBy::App => &["app"],
            GroupBy::Province => &["province"],
            GroupBy::City => &["province", "city"],
        };
        titles.iter().map(|title| (*title).to_owned()).collect()
    }

    /// As columns of a file.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let text = |text: &Option<String>| text.clone().map(Cell::Text);
        let store = self.store.iter().flat_map(StoreOf::cells);
        let rest = [&self.app, &self.province, &self.city];
        text(&self.period).into_iter().chain(store).chain(rest.into_iter().filter_map(text)).collect()
    }
}

impl StoreOf {
    pub(super) fn cells(&self) -> [Cell; 3] {
        [Cell::Whole(self.id), Cell::Text(self.code.clone()), Cell::Text(self.name.clone())]
    }
}

/// A number that may be missing, as a cell.
pub(super) fn number(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, Cell::Number)
}

/// Milliseconds as seconds in a cell: what people read in a sheet.
pub(super) fn seconds(ms: Option<i64>) -> Cell {
    number(ms.map(|ms| ms as f64 / 1_000.0))
}
