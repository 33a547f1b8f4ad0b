//! Stores, bindings, tags, articles and mappings.

use std::collections::BTreeSet;

use crate::command::*;
use crate::decide::decide;
use crate::decide::tests::kit::*;
use crate::goods::{Component, OmniTag};
use crate::ids::*;
use crate::place::{Location, LocationCard, LocationKind, StoreStatus, StoreType};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator};
use crate::service_settings::ServiceSettings;
use crate::stock::cell::StockClass;
use crate::time::OpeningHours;

fn shop() -> Shop {
    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.world.mint = IdMint::new(10_000, 1, 10_000, 1);
    shop
}

fn new_store(code: &str) -> Location {
    let kind = LocationKind::Store { store_type: StoreType::Mall, code: StoreCode(code.into()) };
    Location {
        id: LocationId(0),
        kind,
        name: "new".into(),
        status: StoreStatus::Normal,
        hours: OpeningHours::ALWAYS,
        service: ServiceSettings::default(),
        point: None,
        deleted: false,
        card: LocationCard::default(),
    }
}

fn create(shop: &mut Shop, place: Location) -> Result<LocationId, Refusal> {
    let outcome = shop.ask(&Command::CreateStore(Box::new(place)))?;
    let Outcome::StoreCreated(id) = outcome else { panic!("{outcome:?}") };
    Ok(id)
}

#[test]
fn a_store_code_names_one_store() {
    let mut shop = shop();
    let id = create(&mut shop, new_store("N1")).unwrap();
    assert_eq!(create(&mut shop, new_store("N1")), Ok(id), "the same content again");
    let other = Location { name: "other".into(), ..new_store("N1") };
    assert_eq!(create(&mut shop, other), Err(Refusal::StoreCodeExists { code: StoreCode("N1".into()) }));
    let second = create(&mut shop, new_store("N2")).unwrap();
    assert_ne!(id, second);
    let taken = Location { id: second, ..new_store("N1") };
    let taken = shop.ask(&Command::UpdateStore(Box::new(taken)));
    assert_eq!(taken, Err(Refusal::StoreCodeExists { code: StoreCode("N1".into()) }));
    shop.tell(&Command::UpdateStore(Box::new(Location { id: second, ..new_store("N3") })));
    assert_eq!(shop.world.places.by_store_code(&StoreCode("N3".into())).map(|place| place.id), Some(second));
    shop.tell(&Command::DeleteStores(vec![id]));
    let again = create(&mut shop, new_store("N1")).unwrap();
    assert_ne!(again, id, "a deleted store gives its code free and keeps its id");
}

#[test]
fn a_warehouse_is_declared_by_its_code() {
    let mut shop = shop();
    let declared = |name: &str| {
        let kind = LocationKind::Warehouse { code: WarehouseCode("W9".into()) };
        Box::new(Location { kind, name: name.into(), ..new_store("-") })
    };
    assert_eq!(shop.ask(&Command::DeclareWarehouse(declared("x"))), Ok(Outcome::StoreCreated(WAREHOUSE)));
    assert_eq!(shop.world.places.get(WAREHOUSE).unwrap().name, "x");
    let wrong = shop.ask(&Command::CreateStore(declared("x")));
    assert!(matches!(wrong, Err(Refusal::WrongLocationKind { .. })));
    let wrong = shop.ask(&Command::UpdateStore(Box::new(Location { id: WAREHOUSE, ..new_store("N") })));
    assert!(matches!(wrong, Err(Refusal::WrongLocationKind { .. })));
}

#[test]
fn stores_are_deleted_all_or_none() {
    let busy = Refusal::StoreHasLiveAssignments { location: NEAR };
    let stocked = Refusal::StoreHasCertainStock { location: FAR };
    let table = [
        ("two idle ones", vec![MIDDLE, LocationId(4)], Err(Refusal::LocationNotFound { location: LocationId(4) })),
        ("one with an offer", vec![MIDDLE, NEAR], Err(busy)),
        ("one with certain stock", vec![MIDDLE, FAR], Err(stocked)),
        ("an idle one", vec![MIDDLE], Ok(Outcome::Done)),
        ("an idle one, twice", vec![MIDDLE, MIDDLE], Ok(Outcome::Done)),
    ];
    for (what, locations, expected) in table {
        let mut shop = shop();
        shop.stock(NEAR, StockClass::Uncertain, 5);
        shop.tell(&seen(paid(1, &[(ITEM, 2)], shop.now)));
        // Certain stock that the occupancy, looked up before, does not show yet.
        let bill = Bill {
            bill_num: BillNum("c".into()),
            location: FAR,
            goods: Goods::Article(ARTICLE),
            class: StockClass::Certain,
            kind: BillKind::Initial,
            quantity: 1,
            final_quantity: None,
            operated_at: shop.now,
        };
        shop.world.begin();
        let kept = decide(&mut shop.world, &Command::ReportStock(vec![bill]), shop.now);
        assert!(kept.is_ok());
        shop.world.begin();
        let deleted = decide(&mut shop.world, &Command::DeleteStores(locations), shop.now);
        if deleted.is_err() {
            shop.world.revert();
        }
        assert_eq!(deleted, expected, "{what}");
        assert_eq!(shop.world.places.live(MIDDLE).is_none(), deleted.is_ok(), "{what}");
    }
}

#[test]
fn bindings_and_tags() {
    let mut shop = shop();
    let item = ItemId(950);
    let bind = |locations: Vec<LocationId>, bind| Command::BindItem { item, locations, bind };
    assert_eq!(
        shop.ask(&bind(vec![NEAR, LocationId(77)], true)),
        Err(Refusal::LocationNotFound { location: LocationId(77) })
    );
    shop.tell(&bind(vec![NEAR, FAR], true));
    assert_eq!(shop.work.len(), 1, "one look at what nobody could serve");
    shop.tell(&bind(vec![NEAR], true));
    assert_eq!(shop.work.len(), 1, "nothing new");
    shop.tell(&bind(vec![FAR], false));
    let tag = |tags: Vec<OmniTag>, add| Command::TagItem { item, tags, add, allocator: Some(isv()), acceptor: None };
    shop.tell(&tag(vec![OmniTag::StoreDeliver, OmniTag::StoreCollect], true));
    shop.tell(&tag(vec![OmniTag::StoreCollect], false));
    let listing = shop.world.items.get(&item).unwrap();
    assert_eq!(listing.bound, BTreeSet::from([NEAR]));
    assert_eq!(listing.tags, BTreeSet::from([OmniTag::StoreDeliver]));
    assert_eq!((listing.allocator.clone(), listing.acceptor.clone()), (Some(isv()), None));
}

fn add(shop: &mut Shop, code: &str, name: &str, combo: &[(ScItemId, i64)]) -> Result<ScItemId, Refusal> {
    let combo = combo.iter().map(|(sc_item, per_unit)| Component { sc_item: *sc_item, per_unit: *per_unit }).collect();
    let outcome = shop.ask(&Command::AddScItem { outer_code: code.into(), name: name.into(), combo })?;
    let Outcome::ScItemAdded(id) = outcome else { panic!("{outcome:?}") };
    Ok(id)
}

#[test]
fn articles_and_what_maps_to_them() {
    let mut shop = shop();
    let plain = add(&mut shop, "P", "plain", &[]).unwrap();
    assert_eq!(add(&mut shop, "P", "plain", &[]), Ok(plain));
    assert_eq!(add(&mut shop, "P", "other", &[]), Err(Refusal::OuterCodeExists { outer_code: "P".into() }));
    let combo = add(&mut shop, "C", "combo", &[(ARTICLE, 1), (OTHER_ARTICLE, 2)]).unwrap();
    assert_eq!(add(&mut shop, "D", "", &[(combo, 1)]), Err(Refusal::ComboHasNoStock { sc_item: combo }));
    assert_eq!(add(&mut shop, "D", "", &[(ScItemId(1), 1)]), Err(Refusal::ArticleNotFound { sc_item: ScItemId(1) }));
    assert_eq!(add(&mut shop, "D", "", &[(ARTICLE, 0)]), Err(Refusal::QuantityNotPositive));

    let map = |item: i64, sc_item: Option<ScItemId>, code: Option<&str>| Command::MapItem {
        item: ItemId(item),
        sku: SkuId(1),
        sc_item,
        outer_code: code.map(str::to_owned),
    };
    let mapped = Ok(Outcome::Mapped { outer_code: "C".into() });
    assert_eq!(shop.ask(&map(960, Some(combo), None)), mapped);
    assert_eq!(shop.ask(&map(960, None, Some("C"))), mapped, "the same again");
    assert_eq!(shop.ask(&map(960, Some(plain), None)), Err(Refusal::MappedElsewhere { sc_item: combo }));
    assert_eq!(shop.ask(&map(961, None, Some("Z"))), Err(Refusal::OuterCodeNotFound { outer_code: "Z".into() }));
    let components = |shop: &Shop| shop.world.items.get(&ItemId(960)).unwrap().skus.values().next().cloned();
    assert_eq!(components(&shop).unwrap().components.len(), 2);
    let unmap = Command::UnmapArticle { sc_item: combo };
    assert_eq!(shop.ask(&unmap), Ok(Outcome::Unmapped { mappings: 1 }));
    assert_eq!(shop.ask(&unmap), Ok(Outcome::Unmapped { mappings: 0 }));
    assert_eq!(components(&shop), None);
    assert_eq!(
        shop.ask(&Command::UnmapArticle { sc_item: ScItemId(1) }),
        Err(Refusal::ArticleNotFound { sc_item: ScItemId(1) })
    );
}
