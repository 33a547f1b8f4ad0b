//! White paper §6.1.1–6.1.5: stores over the wire. Warehouses are declared by the operator and are not seen here.

use std::sync::LazyLock;

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::ids::{LocationId, StoreCode};
use astrolabe_core::place::{Location, LocationCard, LocationKind, StoreStatus, StoreType};
use astrolabe_core::refusal::Refusal;
use astrolabe_core::service_settings::ServiceSettings;
use astrolabe_core::time::OpeningHours;
use astrolabe_protocol::{Answer, Fields, WireError};

use crate::app::hours::{hour_minute, minute_of_day};
use crate::gateway::context::CallContext;
use crate::gateway::refusals::{bug, refused, storage_failed};

const CATEGORIES: &str = include_str!("../../../../../data/store-categories.json");

/// The category tree as one line of JSON, which is how §6.1.2 sends it.
static CATEGORY_TREE: LazyLock<Option<String>> =
    LazyLock::new(|| serde_json::from_str::<serde_json::Value>(CATEGORIES).ok().map(|tree| tree.to_string()));

/// §6.1.1.
pub(super) async fn create(context: &CallContext) -> Result<Answer, WireError> {
    let store = store_of(context, None)?;
    match context.submit(Command::CreateStore(Box::new(store))).await? {
        Outcome::StoreCreated(id) => Ok(Answer::ok().with("store_id", id.0)),
        Outcome::Done
        | Outcome::Bills(_)
        | Outcome::Reserved { .. }
        | Outcome::ScItemAdded(_)
        | Outcome::Mapped { .. }
        | Outcome::Unmapped { .. }
        | Outcome::Released { .. }
        | Outcome::Seen { .. } => Err(bug()),
    }
}

/// §6.1.2.
pub(super) async fn categories(_context: &CallContext) -> Result<Answer, WireError> {
    let tree = CATEGORY_TREE.as_deref().ok_or_else(bug)?;
    Ok(Answer::ok().with("store_category", tree))
}

/// §6.1.3. What the call leaves out stays as it was.
pub(super) async fn update(context: &CallContext) -> Result<Answer, WireError> {
    let known = known_store(context, context.fields().long("store_id")?).await?;
    let store = store_of(context, Some(known))?;
    context.submit(Command::UpdateStore(Box::new(store))).await?;
    Ok(Answer::ok())
}

/// §6.1.4: all of them, or none.
pub(super) async fn delete(context: &CallContext) -> Result<Answer, WireError> {
    let stores = context.fields().longs("store_id")?.into_iter().map(LocationId).collect();
    context.submit(Command::DeleteStores(stores)).await?;
    Ok(Answer::ok())
}

/// §6.1.5.
pub(super) async fn query(context: &CallContext) -> Result<Answer, WireError> {
    let store = known_store(context, context.fields().long("store_id")?).await?;
    Ok(Answer::of(store_fields(&store)))
}

/// A live store of the caller's seller.
pub(super) async fn known_store(context: &CallContext, id: i64) -> Result<Location, WireError> {
    let location = LocationId(id);
    let found = context.app.store.location(context.seller, location).await.map_err(|error| storage_failed(&error))?;
    found
        .filter(|place| !place.deleted && !place.is_warehouse())
        .ok_or_else(|| refused(&Refusal::LocationNotFound { location }))
}

/// The store as the call describes it, on top of what is known of it.
fn store_of(context: &CallContext, known: Option<Location>) -> Result<Location, WireError> {
    let fields = context.fields();
    let card = card_of(fields, known.as_ref().map(|store| store.card.clone()).unwrap_or_default())?;
    let status = match fields.opt_text("store_status")? {
        Some("HOLD") => StoreStatus::Hold,
        Some("CLOSE") => StoreStatus::Close,
        Some("NORMAL") => StoreStatus::Normal,
        Some(_) => return Err(WireError::invalid("store_status", "is no store status")),
        None => known.as_ref().map(|store| store.status).unwrap_or_default(),
    };
    Ok(Location {
        id: known.as_ref().map_or(LocationId(0), |store| store.id),
        kind: LocationKind::Store {
            store_type: store_type(fields.text("store_type")?)?,
            code: StoreCode(fields.text("store_code")?.to_owned()),
        },
        name: fields.text("store_name")?.to_owned(),
        status,
        hours: OpeningHours { opens_minute: minute(fields, "start_time")?, closes_minute: minute(fields, "end_time")? },
        // Kept as it is by the core; a new store has none.
        service: ServiceSettings::default(),
        point: context.app.geography.locate(&card.province, &card.city, &card.area),
        deleted: false,
        card,
    })
}

fn minute(fields: &Fields, name: &'static str) -> Result<u16, WireError> {
    minute_of_day(fields.text(name)?).ok_or_else(|| WireError::invalid(name, "is not a time HH:MM"))
}

fn card_of(fields: &Fields, known: LocationCard) -> Result<LocationCard, WireError> {
    let text = |from: &Fields, name: &str, old: String| Ok(from.opt_text(name)?.map_or(old, str::to_owned));
    let address = fields.structure("address")?;
    let keeper = fields.structure("store_keeper")?;
    Ok(LocationCard {
        shop_id: fields.opt_long("shop_id")?.or(known.shop_id),
        company_name: text(fields, "company_name", known.company_name)?,
        main_category: fields.opt_long("main_category")?.or(known.main_category),
        region: text(address, "region", known.region)?,
        province: text(address, "province", known.province)?,
        city: text(address, "city", known.city)?,
        area: text(address, "area", known.area)?,
        town: text(address, "town", known.town)?,
        detail_address: text(address, "detail_address", known.detail_address)?,
        country_code: text(address, "country_code", known.country_code)?,
        description: text(fields, "store_description", known.description)?,
        keeper_name: text(keeper, "name", known.keeper_name)?,
        keeper_tel: text(keeper, "tel", known.keeper_tel)?,
        keeper_mobile: text(keeper, "mobile", known.keeper_mobile)?,
        keeper_fax: text(keeper, "fax", known.keeper_fax)?,
        keeper_zip_code: text(keeper, "zip_code", known.keeper_zip_code)?,
        remark: text(fields, "remark", known.remark)?,
    })
}

fn store_fields(store: &Location) -> Fields {
    let (store_type, code) = match &store.kind {
        LocationKind::Store { store_type, code } => (store_type_name(*store_type), code.0.as_str()),
        LocationKind::Warehouse { code } => ("WAREHOUSE", code.0.as_str()),
    };
    let card = &store.card;
    let address = [
        ("region", &card.region),
        ("province", &card.province),
        ("city", &card.city),
        ("area", &card.area),
        ("town", &card.town),
        ("detail_address", &card.detail_address),
        ("country_code", &card.country_code),
    ];
    let keeper = [
        ("name", &card.keeper_name),
        ("tel", &card.keeper_tel),
        ("mobile", &card.keeper_mobile),
        ("fax", &card.keeper_fax),
        ("zip_code", &card.keeper_zip_code),
    ];
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Fields::new()
        .with("store_code", code)
        .with_opt("shop_id", card.shop_id.map(|id| id.to_string()))
        .with_opt("company_name", given(&card.company_name))
        .with("store_name", store.name.as_str())
        .with("store_type", store_type)
        .with_opt("main_category", card.main_category)
        .with("start_time", hour_minute(store.hours.opens_minute))
        .with("end_time", hour_minute(store.hours.closes_minute))
        .with("address", given_texts(&address))
        .with("store_status", status_name(store.status))
        .with_opt("store_description", given(&card.description))
        .with("store_keeper", given_texts(&keeper))
        .with_opt("remark", given(&card.remark))
}

fn given_texts(members: &[(&'static str, &String)]) -> Fields {
    let given = members.iter().filter(|(_, text)| !text.is_empty());
    given.fold(Fields::new(), |fields, (name, text)| fields.with(*name, text.as_str()))
}

const STORE_TYPES: [(&str, StoreType); 7] = [
    ("NORMAL", StoreType::Normal),
    ("MALL", StoreType::Mall),
    ("MALL_SHOP", StoreType::MallShop),
    ("LIGHT_SHOP", StoreType::LightShop),
    ("HOSPITAL", StoreType::Hospital),
    ("DEPARTMENT", StoreType::Department),
    ("WAREHOUSE", StoreType::Warehouse),
];

fn store_type(text: &str) -> Result<StoreType, WireError> {
    let found = STORE_TYPES.iter().find(|(name, _)| *name == text);
    found.map(|(_, kind)| *kind).ok_or_else(|| WireError::invalid("store_type", "is no store type"))
}

fn store_type_name(store_type: StoreType) -> &'static str {
    match store_type {
        StoreType::Normal => "NORMAL",
        StoreType::Mall => "MALL",
        StoreType::MallShop => "MALL_SHOP",
        StoreType::LightShop => "LIGHT_SHOP",
        StoreType::Hospital => "HOSPITAL",
        StoreType::Department => "DEPARTMENT",
        StoreType::Warehouse => "WAREHOUSE",
    }
}

fn status_name(status: StoreStatus) -> &'static str {
    match status {
        StoreStatus::Normal => "NORMAL",
        StoreStatus::Hold => "HOLD",
        StoreStatus::Close => "CLOSE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_types_read_back_as_written() {
        for (name, kind) in STORE_TYPES {
            assert_eq!(store_type(name).expect("is known"), kind);
            assert_eq!(store_type_name(kind), name);
        }
    }

    #[test]
    fn the_categories_are_one_tree_of_ids_and_names() {
        let tree: serde_json::Value =
            serde_json::from_str(CATEGORY_TREE.as_deref().expect("the data file is JSON")).expect("is JSON");
        let roots = tree.as_array().expect("a list");
        assert!(!roots.is_empty() && roots.iter().all(|node| node["id"].is_i64() && node["children"].is_array()));
    }
}
