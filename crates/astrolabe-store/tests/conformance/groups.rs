//! What a group is: whole, alone, and known by its version.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use astrolabe_core::ids::{AppKey, ItemId, ScItemId, SellerId, Tid};
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::stock::article::Waiting;
use astrolabe_core::stock::book::{QueueChange, StockChanges};
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::stock::entry::EntryKind;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, Names};
use astrolabe_store::{ANSWERS_KEPT, AnswerKey, Store, StoreError, StoredAnswer};

use crate::home::{Home, commit, lease, load};
use crate::made::{NOW, cell, cell_key, entry, fact, item, published, put, sc_item, shop, stock, trade};

fn tids(ids: impl IntoIterator<Item = i64>) -> Names {
    Names { tids: ids.into_iter().map(Tid).collect(), ..Names::default() }
}

fn one_trade(tid: i64) -> Changes {
    Changes { put_trades: vec![trade(tid)], ..Changes::default() }
}

pub(crate) async fn a_dropped_group_leaves_nothing(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let mut group = store.begin(SellerId(1)).await.unwrap();
    group.load(&tids([1])).await.unwrap();
    drop(group);
    // A commit that is given up before it was sent leaves nothing either.
    let group = store.begin(SellerId(1)).await.unwrap();
    drop(group.commit(one_trade(1), Vec::new(), lease(), NOW));

    let mut group = store.begin(SellerId(1)).await.unwrap();
    assert_eq!(group.version(), 0);
    assert!(group.load(&tids([1])).await.unwrap().files.is_empty());
}

pub(crate) async fn a_commit_makes_the_next_version(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    for version in 0..3 {
        let group = store.begin(SellerId(1)).await.unwrap();
        assert_eq!(group.version(), version);
        group.commit(Changes::default(), Vec::new(), lease(), NOW).await.unwrap();
    }
    assert_eq!(store.begin(SellerId(2)).await.unwrap().version(), 0);
}

pub(crate) async fn groups_of_one_seller_exclude_each_other(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let other = home.open().await;
    let first = store.begin(SellerId(1)).await.unwrap();
    let mut waits = tokio::spawn(async move {
        let mut second = other.begin(SellerId(1)).await.unwrap();
        let seen = second.load(&tids([1])).await.unwrap().files.len();
        (second.version(), seen)
    });
    // That the second does not begin can only be seen by letting time pass.
    let early = tokio::time::timeout(Duration::from_millis(100), &mut waits).await;
    assert!(early.is_err(), "two groups of one seller at once: {early:?}");
    first.commit(one_trade(1), Vec::new(), lease(), NOW).await.unwrap();
    assert_eq!(waits.await.unwrap(), (1, 1));
}

/// Three sellers' groups are under way together: the second breaks a constraint and is alone with that. On SQLite they
/// share a COMMIT.
pub(crate) async fn a_failed_group_takes_nobody_with_it(home: &Home) {
    let store = home.with_sellers(&[1, 2, 3]).await;
    let twice = fact(1, Fact::Paid, None, NOW);
    let broken = Changes { timeline: vec![twice.clone(), twice], ..one_trade(1) };
    let first = store.begin(SellerId(1)).await.unwrap();
    let queued = |seller: i64, changes: Changes| {
        let store: Arc<dyn Store> = Arc::clone(&store);
        let (asked, is_asked) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut beginning = store.begin(SellerId(seller));
            assert!(futures::poll!(&mut beginning).is_pending());
            asked.send(()).unwrap();
            beginning.await?.commit(changes, Vec::new(), lease(), NOW).await
        });
        (task, is_asked)
    };
    let (second, second_asked) = queued(2, broken);
    let (third, third_asked) = queued(3, one_trade(3));
    second_asked.await.unwrap();
    third_asked.await.unwrap();
    first.commit(one_trade(1), Vec::new(), lease(), NOW).await.unwrap();
    let refused = second.await.unwrap();
    assert!(matches!(refused, Err(StoreError::Constraint(_))), "{refused:?}");
    third.await.unwrap().unwrap();

    let again = home.open().await;
    for (seller, kept) in [(1, 1), (2, 0), (3, 1)] {
        let files = load(&again, seller, tids([1, 3])).await.files;
        assert_eq!(files.len(), kept, "seller {seller}");
    }
    assert_eq!(again.begin(SellerId(2)).await.unwrap().version(), 0);
}

pub(crate) async fn a_group_that_was_given_up_frees_the_lane(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    for _ in 0..40 {
        // More often than there are connections: a leaked one would be missed.
        let mut group = store.begin(SellerId(1)).await.unwrap();
        let names = tids(0..200);
        tokio::select! {
            biased;
            _ = group.load(&names) => {}
            () = std::future::ready(()) => {}
        }
        drop(group);
    }
    commit(&store, 1, one_trade(1)).await;
    assert_eq!(load(&store, 1, tids([1])).await.files.len(), 1);
}

pub(crate) async fn another_handle_learns_what_changed(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let other = home.open().await;
    let waiting =
        |oid: i64| Waiting { pay_time: NOW, tid: Tid(1), oid: astrolabe_core::ids::Oid(oid), units: 1, passed: false };
    let queued = |sc_item: i64| StockChanges {
        queue: vec![QueueChange::Enqueued(ScItemId(sc_item), waiting(1))],
        ..StockChanges::default()
    };
    let noted =
        StockChanges { cells: vec![(cell_key(9, 1, StockClass::Certain), cell(0, 0))], ..StockChanges::default() };
    let rounds: Vec<(Changes, &[i64], &[i64], bool)> = vec![
        (shop(), &[7], &[500], true),
        (
            Changes { stock: stock(&[(cell_key(7, 1, StockClass::Certain), cell(5, 0))]), ..Changes::default() },
            &[7],
            &[],
            false,
        ),
        (Changes { stock: queued(8), ..Changes::default() }, &[8], &[], false),
        (Changes { stock: noted, ..Changes::default() }, &[9], &[], false),
        (Changes { items: vec![put(ItemId(501), item(501, &[], &[]))], ..Changes::default() }, &[], &[501], false),
        (Changes { sc_items: vec![put(ScItemId(10), sc_item(10))], ..Changes::default() }, &[10], &[], false),
        (one_trade(1), &[], &[], false),
    ];
    for (version, (changes, articles, items, seller)) in (0_i64..).zip(rounds) {
        commit(&store, 1, changes).await;
        let mut group = other.begin(SellerId(1)).await.unwrap();
        let changed = group.changed_since(version).await.unwrap();
        assert_eq!(group.version(), version + 1);
        assert_eq!(changed.articles, articles.iter().map(|id| ScItemId(*id)).collect::<Vec<_>>(), "{version}");
        assert_eq!(changed.items, items.iter().map(|id| ItemId(*id)).collect::<Vec<_>>(), "{version}");
        assert_eq!(changed.seller, seller, "{version}");
        let nothing = group.changed_since(version + 1).await.unwrap();
        assert!(nothing.articles.is_empty() && nothing.items.is_empty() && !nothing.seller);
    }
    let mut group = other.begin(SellerId(1)).await.unwrap();
    let all = group.changed_since(0).await.unwrap();
    assert_eq!(all.articles, [7, 8, 9, 10].map(ScItemId));
}

pub(crate) async fn answers_are_kept_for_a_while(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let key = |sign: &str| AnswerKey { app: AppKey("app".to_owned()), sign: sign.to_owned() };
    let answer = |sign: &str| StoredAnswer { key: key(sign), body: format!("answer to {sign}") };
    let group = store.begin(SellerId(1)).await.unwrap();
    group.commit(Changes::default(), vec![answer("a"), answer("b")], lease(), NOW).await.unwrap();

    let keys = [key("a"), key("b"), key("c")];
    let late = NOW + ANSWERS_KEPT + Millis(1);
    for (seller, now, found) in [(1, NOW, 2), (1, NOW + ANSWERS_KEPT, 2), (1, late, 0), (2, NOW, 0)] {
        let mut group = store.begin(SellerId(seller)).await.unwrap();
        let answers = group.stored_answers(&keys, now).await.unwrap();
        assert_eq!(answers.len(), found, "seller {seller} at {now}");
        assert!(answers.iter().all(|(key, body)| *body == format!("answer to {}", key.sign)));
    }
    // What is too old goes when the next answer comes; the same key again replaces.
    let group = store.begin(SellerId(1)).await.unwrap();
    let newer = StoredAnswer { key: key("b"), body: "answer to b".to_owned() };
    group.commit(Changes::default(), vec![newer], lease(), late).await.unwrap();
    let mut group = store.begin(SellerId(1)).await.unwrap();
    assert_eq!(group.stored_answers(&keys, NOW).await.unwrap().len(), 1);
}

pub(crate) async fn twenty_thousand_rows_fit(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let key = cell_key(7, 1, StockClass::Certain);
    let trades = 5_000;
    let changes = Changes {
        put_trades: (1..=trades).map(trade).collect(),
        published: (1..=trades).map(|tid| (Tid(tid), published("{}"))).collect(),
        timeline: (1..=trades).map(|tid| fact(tid, Fact::Paid, None, NOW)).collect(),
        stock: StockChanges {
            cells: vec![(key, cell(0, 0))],
            entries: vec![entry(key, EntryKind::Reserve, 0, 1, 0); 10_000],
            ..StockChanges::default()
        },
        ..Changes::default()
    };
    assert!(changes.rows() >= 20_000);
    commit(&store, 1, changes).await;
    let found = load(&store, 1, tids(1..=trades)).await;
    assert_eq!(found.files.len(), 5_000);
    assert_eq!(found.files[41].trade, trade(42));
    let snapshot = store.stock_snapshot(SellerId(1), Timestamp(0)).await.unwrap();
    assert_eq!(snapshot.entries[&key].reserved, 10_000);
}

pub(crate) async fn a_database_opens_again(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    commit(&store, 1, one_trade(1)).await;
    drop(store);
    let again = home.open().await;
    again.ping().await.unwrap();
    assert_eq!(again.kind() == "sqlite", home.is_sqlite());
    assert_eq!(load(&again, 1, tids([1])).await.files[0].trade, trade(1));
}
