//! Directory rows and versions.

use std::collections::BTreeSet;

use astrolabe_core::ids::{AppKey, ChannelId, LocationId, SellerId, WebhookName};
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::seller::ReturnPolicy;
use astrolabe_store::{
    AppRow, ChannelRow, DirectoryDraft, Grant, OrdersBy, RdsTarget, Role, SessionRow, SpiAddress, SpiAddresses,
    StoreError, UserRole, UserRow, WebhookRow,
};

use crate::home::{Home, commit};
use crate::made::{NOW, seller, shop};

fn draft() -> DirectoryDraft {
    let app = AppKey("12345678".to_owned());
    DirectoryDraft {
        sellers: vec![seller(1), seller(2)],
        apps: vec![AppRow {
            key: app.clone(),
            secret: "secret".to_owned(),
            name: "POS".to_owned(),
            spi: SpiAddresses { online: Some(SpiAddress::plain("http://pos.example/spi")), ..SpiAddresses::default() },
            orders_by: OrdersBy::Rds,
            allowed_parameters: vec!["extra".to_owned()],
            rds: vec![RdsTarget { name: "rds-1".to_owned(), url: None, paused: true }],
        }],
        grants: vec![Grant { app: app.clone(), seller: SellerId(1), roles: vec![Role::Pos, Role::Wms] }],
        sessions: vec![SessionRow { token: "t".to_owned(), app: app.clone(), seller: SellerId(1) }],
        channels: vec![ChannelRow {
            name: "tmall".to_owned(),
            channel: ChannelId(1),
            seller: SellerId(1),
            token: "c".to_owned(),
            endpoint: None,
            app_key: Some(app),
            secret: None,
            session: None,
            rds: None,
        }],
        users: vec![UserRow {
            name: "clerk".to_owned(),
            seller: SellerId(1),
            role: UserRole::StoreClerk { store: LocationId(1) },
            token: "u".to_owned(),
        }],
        ..DirectoryDraft::default()
    }
}

pub(crate) async fn rows_come_back_and_replace_each_other(home: &Home) {
    let store = home.open().await;
    assert_eq!(store.directory_version().await.unwrap(), 0);
    store.put_directory(&draft(), NOW).await.unwrap();
    let first = store.directory().await.unwrap();
    assert_eq!(first.version, 1);
    let wanted = draft();
    assert_eq!(
        (&first.sellers, &first.apps, &first.grants, &first.sessions, &first.channels, &first.users),
        (&wanted.sellers, &wanted.apps, &wanted.grants, &wanted.sessions, &wanted.channels, &wanted.users)
    );

    let mut second = draft();
    second.apps[0].secret = "rotated".to_owned();
    second.users[0].role = UserRole::Operator;
    second.users.push(UserRow { seller: SellerId(2), token: "other".to_owned(), ..second.users[0].clone() });
    let only = DirectoryDraft { apps: second.apps.clone(), users: second.users.clone(), ..DirectoryDraft::default() };
    store.put_directory(&only, NOW).await.unwrap();
    let merged = home.open().await.directory().await.unwrap();
    assert_eq!((merged.version, merged.apps, merged.users), (2, second.apps, second.users));
    assert_eq!(merged.channels, first.channels);
}

pub(crate) async fn settings_go_through_the_lane(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    commit(&store, 1, shop()).await;
    let mut changed = seller(1);
    changed.settings.returns = ReturnPolicy::Restock;
    let draft = DirectoryDraft { sellers: vec![changed.clone()], ..DirectoryDraft::default() };
    store.put_directory(&draft, NOW).await.unwrap();

    let mut group = store.begin(SellerId(1)).await.unwrap();
    assert_eq!(group.version(), 2);
    assert!(group.changed_since(1).await.unwrap().seller);
    assert!(!group.changed_since(2).await.unwrap().seller);
    let state = group.load_seller().await.unwrap();
    assert_eq!(state.seller, changed);
    assert_eq!(state.places, shop().locations);
}

pub(crate) async fn webhooks_go_through_the_lane(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    commit(&store, 1, shop()).await;
    let webhook = |seller: i64, name: &str, paused| WebhookRow {
        seller: SellerId(seller),
        name: WebhookName(name.to_owned()),
        url: "https://shop.example.com/".to_owned(),
        secret: "whsec_".to_owned(),
        facts: BTreeSet::from([Fact::Shipped]),
        paused,
    };
    let webhooks = vec![webhook(1, "erp", false), webhook(1, "quiet", true), webhook(2, "other", false)];
    let draft = DirectoryDraft { webhooks: webhooks.clone(), ..DirectoryDraft::default() };
    store.put_directory(&draft, NOW).await.unwrap();
    assert_eq!(store.directory().await.unwrap().webhooks, webhooks);

    let mut group = store.begin(SellerId(1)).await.unwrap();
    assert!(group.changed_since(1).await.unwrap().seller);
    let told: Vec<_> = webhooks[0].subscription().into_iter().collect();
    assert_eq!(group.load_seller().await.unwrap().subscriptions, told);
    drop(group);

    let gone_webhooks = vec![(SellerId(1), WebhookName("erp".to_owned())), (SellerId(2), WebhookName("x".to_owned()))];
    store.put_directory(&DirectoryDraft { gone_webhooks, ..DirectoryDraft::default() }, NOW).await.unwrap();
    assert_eq!(store.directory().await.unwrap().webhooks, webhooks[1..]);
    let mut group = store.begin(SellerId(1)).await.unwrap();
    assert_eq!(group.load_seller().await.unwrap().subscriptions, vec![]);
}

pub(crate) async fn an_undeclared_seller_has_no_lane(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let refused = store.begin(SellerId(9)).await.err();
    assert!(matches!(refused, Some(StoreError::UnknownSeller(SellerId(9)))), "{refused:?}");
    assert_eq!(store.begin(SellerId(1)).await.unwrap().version(), 0);
}

pub(crate) async fn an_app_is_replaced_as_it_was_seen(home: &Home) {
    let store = home.open().await;
    store.put_directory(&draft(), NOW).await.unwrap();
    let seen = store.directory().await.unwrap().apps.remove(0);
    let mut wanted = seen.clone();
    wanted.spi.use_test = true;
    assert!(store.replace_app(&seen, &wanted).await.unwrap());
    let other = AppRow { secret: "rotated".to_owned(), ..seen.clone() };
    assert!(!store.replace_app(&seen, &other).await.unwrap(), "seen before the change");
    let unknown = AppRow { key: AppKey("nobody".to_owned()), ..seen };
    assert!(!store.replace_app(&unknown, &unknown).await.unwrap());
    let directory = store.directory().await.unwrap();
    assert_eq!((directory.version, directory.apps), (2, vec![wanted]));
}
