//! Places, listings, articles.

use std::collections::BTreeSet;

use astrolabe_core::goods::{Component, Item, OmniTag, ScItem};
use astrolabe_core::ids::{AppKey, ItemId, LocationId, ScItemId, SellerId, SkuId};
use astrolabe_core::place::StoreStatus;
use astrolabe_core::seller::Acceptor;
use astrolabe_core::world::{Changes, Names, SlotChange};
use astrolabe_store::StoreError;

use crate::home::{Home, commit, lease, load};
use crate::made::{NOW, item, location, put, sc_item, shop};

fn change(before: &Item, after: Option<Item>) -> Changes {
    let change = SlotChange { key: before.id, before: Some(before.clone()), after };
    Changes { items: vec![change], ..Changes::default() }
}

pub(crate) async fn listings_come_back(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let names = Names { items: BTreeSet::from([ItemId(500), ItemId(999)]), ..Names::default() };
    let first = item(500, &[(0, 7), (1, 8)], &[1, 2, 3]);
    let second = Item {
        tags: BTreeSet::from([OmniTag::StoreCollect, OmniTag::SyncStock]),
        acceptor: Some(Acceptor::App(AppKey("pos".to_owned()))),
        ..item(500, &[(1, 9), (2, 7)], &[2, 4])
    };
    // The listing may be known as absent, or as one of which nothing is known yet.
    commit(&store, 1, change(&Item::unknown(ItemId(500)), Some(first.clone()))).await;
    assert_eq!(load(&store, 1, names.clone()).await.items, vec![first.clone()]);
    commit(&store, 1, change(&first, Some(second.clone()))).await;
    assert_eq!(load(&store, 1, names.clone()).await.items, vec![second.clone()]);

    for (article, found) in [(7, 1), (9, 1), (8, 0)] {
        let names = Names { mapped_to: BTreeSet::from([ScItemId(article)]), ..Names::default() };
        assert_eq!(load(&store, 1, names).await.items.len(), found, "article {article}");
    }
    let listings = [(ItemId(500), SkuId(1)), (ItemId(500), SkuId(0)), (ItemId(999), SkuId(0))];
    let mapped = store.mappings(SellerId(1), &listings).await.unwrap();
    assert_eq!(mapped.len(), 1);
    assert_eq!(mapped[&(ItemId(500), SkuId(1))], second.skus[&SkuId(1)]);

    commit(&store, 1, change(&second, None)).await;
    assert!(load(&store, 1, names).await.items.is_empty());
}

pub(crate) async fn articles_are_found_by_id_and_code(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let combo = ScItem {
        combo: vec![Component { sc_item: ScItemId(7), per_unit: 2 }],
        outer_code: String::new(),
        ..sc_item(8)
    };
    let nameless = ScItem { outer_code: String::new(), ..sc_item(9) };
    let articles = [sc_item(7), combo.clone(), nameless];
    let changes = Changes {
        sc_items: articles.into_iter().map(|article| put(article.id, article)).collect(),
        ..Changes::default()
    };
    commit(&store, 1, changes).await;
    let by_id = Names { sc_items: BTreeSet::from([ScItemId(8), ScItemId(99)]), ..Names::default() };
    assert_eq!(load(&store, 1, by_id).await.sc_items, vec![combo]);
    let by_code = Names { outer_codes: ["A7", "A99", ""].map(str::to_owned).into(), ..Names::default() };
    assert_eq!(load(&store, 1, by_code).await.sc_items, vec![sc_item(7)]);

    // The merchant's code names one article.
    let double = ScItem { id: ScItemId(77), ..sc_item(7) };
    let group = store.begin(SellerId(1)).await.unwrap();
    let changes = Changes { sc_items: vec![put(ScItemId(77), double)], ..Changes::default() };
    let refused = group.commit(changes, Vec::new(), lease(), NOW).await;
    assert!(matches!(refused, Err(StoreError::Constraint(_))), "{refused:?}");
}

pub(crate) async fn places_come_back(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    commit(&store, 1, shop()).await;
    let mut closed = location(1);
    closed.status = StoreStatus::Close;
    let mut gone = location(2);
    gone.deleted = true;
    let changes = Changes { locations: vec![closed.clone(), gone.clone()], ..Changes::default() };
    commit(&store, 1, changes).await;
    assert_eq!(store.locations(SellerId(1)).await.unwrap(), vec![closed.clone()]);
    assert_eq!(store.location(SellerId(1), LocationId(2)).await.unwrap(), Some(gone.clone()));
    assert_eq!(store.location(SellerId(1), LocationId(3)).await.unwrap(), None);
    let state = store.begin(SellerId(1)).await.unwrap().load_seller().await.unwrap();
    assert_eq!(state.places, vec![closed, gone]);
}

pub(crate) async fn pages_of_bindings(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let items = (1..=5).map(|id| put(ItemId(id), item(id, &[], &[1, id + 10]))).collect();
    commit(&store, 1, Changes { items, ..Changes::default() }).await;
    let ids = |from: i64, to: i64| (from..=to).map(ItemId).collect::<Vec<_>>();
    for (page, expected) in [(1, ids(1, 2)), (2, ids(3, 4)), (3, ids(5, 5)), (4, Vec::new())] {
        let found = store.items_of_store(SellerId(1), LocationId(1), page, 2).await.unwrap();
        assert_eq!(found, (expected, 5), "page {page}");
    }
    let stores = store.stores_of_item(SellerId(1), ItemId(3), 1, 10).await.unwrap();
    assert_eq!(stores, (vec![LocationId(1), LocationId(13)], 2));
    assert_eq!(store.stores_of_item(SellerId(1), ItemId(99), 1, 10).await.unwrap(), (Vec::new(), 0));
}
