//! White paper §6.2.3 and §6.3.3: what can still be sold, and what is held. `quantity` is what 扣减 leaves (available, never
//! shown below 0), `occupy_quantity` what is reserved.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::goods::{Component, Mapping};
use astrolabe_core::ids::{ItemId, LocationId, ScItemId, SkuId, TMALL};
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_protocol::{Answer, Fields, Value, WireError};

use super::inventory_reports::stock_class;
use crate::app::Claim;
use crate::gateway::context::CallContext;
use crate::gateway::refusals::storage_failed;

/// §6.2.3.
pub(super) async fn query(context: &CallContext) -> Result<Answer, WireError> {
    let asked = asked_of(context).await?;
    answer(context, &asked, |line| {
        let sc_item = ScItemId(line.long("sc_item_id")?);
        Ok(Some(Mapping { sc_item, components: vec![Component { sc_item, per_unit: 1 }] }))
    })
    .await
}

/// §6.3.3. A listing that maps to nothing has no stock; one that maps to a kit has as much as its scarcest part makes.
pub(super) async fn item_query(context: &CallContext) -> Result<Answer, WireError> {
    let asked = asked_of(context).await?;
    let mut listings = BTreeSet::new();
    for line in asked.iter().flat_map(|place| &place.lines) {
        listings.insert(listing(line)?);
    }
    let listings: Vec<(ItemId, SkuId)> = listings.into_iter().collect();
    let found = context.app.store.mappings(context.seller, &listings).await;
    let mappings: BTreeMap<(ItemId, SkuId), Mapping> = found.map_err(|error| storage_failed(&error))?;
    answer(context, &asked, |line| Ok(mappings.get(&listing(line)?).cloned())).await
}

fn listing(line: &Fields) -> Result<(ItemId, SkuId), WireError> {
    Ok((ItemId(line.long("item_id")?), SkuId(line.opt_long("sku_id")?.unwrap_or(0))))
}

/// One place of a query.
struct Asked<'a> {
    location: LocationId,
    place: &'a Fields,
    lines: Vec<&'a Fields>,
}

async fn asked_of(context: &CallContext) -> Result<Vec<Asked<'_>>, WireError> {
    let mut asked = Vec::new();
    for place in context.fields().structs("stores")? {
        let claim = Claim::of(place.text("warehouse_type")?);
        let location = context.location(Some(claim), place.text("warehouse_id")?, "warehouse_id").await?;
        asked.push(Asked { location, place, lines: place.structs("store_inventories")? });
    }
    Ok(asked)
}

async fn answer(
    context: &CallContext,
    asked: &[Asked<'_>],
    goods_of: impl Fn(&Fields) -> Result<Option<Mapping>, WireError>,
) -> Result<Answer, WireError> {
    let mut pairs = BTreeSet::new();
    for place in asked {
        for line in &place.lines {
            let parts = goods_of(line)?.into_iter().flat_map(|goods| goods.components);
            pairs.extend(parts.map(|part| (place.location, part.sc_item)));
        }
    }
    let pairs: Vec<(LocationId, ScItemId)> = pairs.into_iter().collect();
    let found = context.app.store.cells(context.seller, &pairs).await.map_err(|error| storage_failed(&error))?;
    let cells: BTreeMap<CellKey, StockCell> = found.into_iter().collect();
    let mut stores = Vec::new();
    for place in asked {
        let mut lines = Vec::new();
        for line in &place.lines {
            let goods = goods_of(line)?;
            let components = goods.as_ref().map(|goods| goods.components.as_slice()).unwrap_or_default();
            let details = quantity_details(&cells, place.location, components, line)?;
            let told = repeat(line, LINE_NAMES).with_opt("sc_item_id", goods.as_ref().map(|goods| goods.sc_item.0));
            lines.push(Value::Struct(told.with("quantity_details", details)));
        }
        stores.push(Value::Struct(repeat(place.place, PLACE_NAMES).with("store_inventories", Value::List(lines))));
    }
    Ok(Answer::ok().with("stores", Value::List(stores)))
}

const PLACE_NAMES: &[&str] = &["warehouse_type", "warehouse_id"];
const LINE_NAMES: &[&str] = &["item_id", "outer_id", "sku_id"];

/// What the answer says again of the question.
fn repeat(from: &Fields, names: &'static [&'static str]) -> Fields {
    let given = names.iter().filter_map(|name| from.get(name).map(|value| (*name, value.clone())));
    given.fold(Fields::new(), |fields, (name, value)| fields.with(name, value))
}

fn quantity_details(
    cells: &BTreeMap<CellKey, StockCell>,
    location: LocationId,
    components: &[Component],
    line: &Fields,
) -> Result<Value, WireError> {
    let only = if line.has("inventory_type") { Some(stock_class(line)?) } else { None };
    let classes = [("CERTAINTY", StockClass::Certain), ("UNCERTAINTY", StockClass::Uncertain)];
    let details =
        classes.into_iter().filter(|(_, class)| only.is_none_or(|only| only == *class)).map(|(name, class)| {
            let (available, reserved) = balance(cells, location, components, class);
            let detail = Fields::new()
                .with("inventory_type", name)
                .with("quantity", available)
                .with("occupy_quantity", reserved);
            Value::Struct(detail)
        });
    Ok(Value::List(details.collect()))
}

/// Units of the listing that are available and reserved; a kit has what its scarcest component makes.
fn balance(
    cells: &BTreeMap<CellKey, StockCell>,
    location: LocationId,
    components: &[Component],
    class: StockClass,
) -> (i64, i64) {
    let units = |part: &Component, of: fn(&StockCell) -> i64| {
        let cell = cells.get(&CellKey::of(part.sc_item, location, class, TMALL));
        cell.map_or(0, of).max(0) / part.per_unit.max(1)
    };
    let least = |of: fn(&StockCell) -> i64| components.iter().map(|part| units(part, of)).min().unwrap_or(0);
    (least(StockCell::available), least(|cell| cell.reserved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_has_what_its_scarcest_component_makes_and_nothing_shows_below_zero() {
        let location = LocationId(1);
        let cell = |sc_item, on_hand, reserved| {
            let key = CellKey::of(ScItemId(sc_item), location, StockClass::Certain, TMALL);
            (key, StockCell { on_hand, reserved, ..StockCell::default() })
        };
        let cells = BTreeMap::from([cell(1, 10, 2), cell(2, 9, 3), cell(3, -4, 0)]);
        let part = |sc_item, per_unit| Component { sc_item: ScItemId(sc_item), per_unit };
        let table = [
            (vec![part(1, 1)], (8, 2)),
            (vec![part(1, 1), part(2, 3)], (2, 1)),
            (vec![part(3, 1)], (0, 0)),
            (vec![part(4, 1)], (0, 0)),
            (vec![], (0, 0)),
        ];
        for (components, expected) in table {
            assert_eq!(balance(&cells, location, &components, StockClass::Certain), expected, "{components:?}");
        }
    }
}
