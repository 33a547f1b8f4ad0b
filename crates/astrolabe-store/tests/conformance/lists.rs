//! Lists: pages, filters and totals, and what they cost.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrolabe_core::command::{HistoryPlace, Published, PushUser};
use astrolabe_core::goods::{Item, OmniTag};
use astrolabe_core::ids::{AppKey, ItemId, LocationId, RefundId, ScItemId, SellerId, Tid};
use astrolabe_core::order::assignment::AssignmentState;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, Names, PublishedRefund, SlotChange};
use astrolabe_store::{PushUserQuery, PushUserRow, SoldBy, SoldPage, SoldQuery, Store};

use crate::home::{Home, commit, load};
use crate::made::{NOW, assigned, assignment, put, shop, trade};

const ONE: SellerId = SellerId(1);
const OTHER: SellerId = SellerId(2);

fn at(seconds: i64) -> Timestamp {
    NOW + Millis::seconds(seconds)
}

/// A span of a minute around now, unfiltered.
fn query(by: SoldBy) -> SoldQuery {
    SoldQuery {
        by,
        from: at(-60),
        to: at(60),
        statuses: None,
        kinds: None,
        page: 1,
        per_page: 10,
        count_up_to: Some(1_000),
    }
}

fn tids(page: &SoldPage) -> Vec<i64> {
    page.trades.iter().map(|sold| sold.file.trade.tid.0).collect()
}

/// Trades 1 to 5, made one second after another and changed the other way round; two of one second.
async fn sold(store: &Arc<dyn Store>) {
    let mut trades = Vec::new();
    let mut published = Vec::new();
    let told = [("WAIT", "fixed", 1), ("DONE", "fixed", 2), ("WAIT", "step", 3), ("WAIT", "", 4), ("DONE", "step", 4)];
    for (tid, (status, kind, created)) in (1..).zip(told) {
        let mut trade = if tid == 2 { assigned(tid) } else { trade(tid) };
        (trade.created, trade.modified) = (at(created), at(-tid));
        trades.push(trade);
        let text = format!("{{\"tid\":{tid}}}");
        published.push((Tid(tid), Published { text, status: status.to_owned(), kind: kind.to_owned() }));
    }
    let put_assignments =
        vec![assignment(20, 2, 1, AssignmentState::Refused), assignment(21, 2, 2, AssignmentState::Shipped)];
    commit(store, 1, Changes { put_trades: trades, published, put_assignments, ..shop() }).await;
}

pub(crate) async fn trades_by_time_newest_first(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    sold(&store).await;
    let whole = store.trades_sold(ONE, &query(SoldBy::Created)).await.unwrap();
    assert_eq!((tids(&whole), whole.more, whole.total), (vec![5, 4, 3, 2, 1], false, Some(5)));
    let second = &whole.trades[3];
    assert_eq!(second.published, "{\"tid\":2}");
    let codes: Vec<i64> = second.file.assignments.iter().map(|given| given.code.0).collect();
    assert_eq!((codes, second.file.reservations.len()), (vec![20, 21], 0));
    let changed = store.trades_sold(ONE, &query(SoldBy::Modified)).await.unwrap();
    assert_eq!(tids(&changed), [1, 2, 3, 4, 5]);

    let table = [
        (at(2), at(3), vec![3, 2]),
        (at(3), at(3), vec![3]),
        (at(4), at(60), vec![5, 4]),
        (at(5), at(60), vec![]),
        (at(3), at(2), vec![]),
    ];
    for (from, to, expected) in table {
        let page = store.trades_sold(ONE, &SoldQuery { from, to, ..query(SoldBy::Created) }).await.unwrap();
        assert_eq!(page.total, Some(expected.len() as i64));
        assert_eq!(tids(&page), expected, "from {from:?} to {to:?}");
    }
    let pages = [(1, vec![5, 4], true), (2, vec![3, 2], true), (3, vec![1], false), (4, vec![], false)];
    for (page, expected, more) in pages {
        let asked = SoldQuery { page, per_page: 2, count_up_to: None, ..query(SoldBy::Created) };
        let found = store.trades_sold(ONE, &asked).await.unwrap();
        assert_eq!((tids(&found), found.more, found.total), (expected, more, None), "page {page}");
    }
    let counted = SoldQuery { count_up_to: Some(3), ..query(SoldBy::Created) };
    assert_eq!(store.trades_sold(ONE, &counted).await.unwrap().total, Some(3), "nobody counts further than asked");
}

pub(crate) async fn trades_by_the_channels_words(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    sold(&store).await;
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let table = [
        (words(&["WAIT"]), None, vec![4, 3, 1]),
        (words(&["WAIT", "DONE"]), words(&["step"]), vec![5, 3]),
        (None, words(&["fixed", ""]), vec![4, 2, 1]),
        (words(&["CLOSED"]), None, vec![]),
        (words(&[]), None, vec![]),
        (words(&["DONE"]), words(&["\"fixed"]), vec![]),
    ];
    for (statuses, kinds, expected) in table {
        let asked = SoldQuery { statuses, kinds, ..query(SoldBy::Created) };
        let found = store.trades_sold(ONE, &asked).await.unwrap();
        assert_eq!((tids(&found), found.total), (expected.clone(), Some(expected.len() as i64)), "{asked:?}");
    }
    // The trade's own row changes without the channel's word, the word with or without the row.
    let waits = SoldQuery { statuses: words(&["WAIT"]), ..query(SoldBy::Created) };
    let mut decided = assigned(1);
    (decided.created, decided.modified) = (at(1), at(-1));
    commit(&store, 1, Changes { put_trades: vec![decided.clone()], ..Changes::default() }).await;
    assert_eq!(tids(&store.trades_sold(ONE, &waits).await.unwrap()), [4, 3, 1]);
    let done =
        |tid: i64| (Tid(tid), Published { status: "DONE".to_owned(), text: "{}".to_owned(), ..Published::default() });
    decided.modified = at(9);
    let changes = Changes { put_trades: vec![decided], published: vec![done(1), done(3)], ..Changes::default() };
    commit(&store, 1, changes).await;
    assert_eq!(tids(&store.trades_sold(ONE, &waits).await.unwrap()), [4]);
    let newest = SoldQuery { per_page: 1, ..query(SoldBy::Modified) };
    assert_eq!(tids(&store.trades_sold(ONE, &newest).await.unwrap()), [1]);
}

pub(crate) async fn refunds_keep_the_newest_text(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let told = |modified: i64, text: &str| Changes {
        refunds: vec![PublishedRefund { id: RefundId(5), tid: Tid(1), modified: at(modified), text: text.to_owned() }],
        ..Changes::default()
    };
    assert_eq!(store.refund(ONE, RefundId(5)).await.unwrap(), None);
    for (modified, text, kept) in [(10, "a", "a"), (9, "b", "a"), (10, "c", "c"), (11, "d", "d")] {
        commit(&store, 1, told(modified, text)).await;
        assert_eq!(store.refund(ONE, RefundId(5)).await.unwrap().as_deref(), Some(kept), "{text}");
    }
    let mut both = told(12, "e");
    both.refunds.extend(told(13, "f").refunds);
    commit(&store, 1, both).await;
    assert_eq!(store.refund(ONE, RefundId(5)).await.unwrap().as_deref(), Some("f"));
}

fn tagged(id: i64, tags: &[OmniTag]) -> Item {
    Item { tags: tags.iter().copied().collect(), ..Item::unknown(ItemId(id)) }
}

pub(crate) async fn tags_by_listing_and_by_tag(home: &Home) {
    use OmniTag::{StoreCollect, StoreDeliver, SyncStock};
    let store = home.with_sellers(&[1]).await;
    let before = tagged(2, &[SyncStock, StoreDeliver]);
    let first = [tagged(1, &[SyncStock]), before.clone(), tagged(3, &[])];
    let items = first.into_iter().map(|item| put(item.id, item)).collect();
    commit(&store, 1, Changes { items, ..Changes::default() }).await;
    let after = tagged(2, &[StoreDeliver, StoreCollect]);
    let changed = SlotChange { key: ItemId(2), before: Some(before), after: Some(after) };
    commit(&store, 1, Changes { items: vec![changed], ..Changes::default() }).await;

    let asked = [3, 2, 9, 1].map(ItemId);
    let found = store.tags_of_items(ONE, &asked).await.unwrap();
    let expected =
        vec![(ItemId(2), BTreeSet::from([StoreDeliver, StoreCollect])), (ItemId(1), BTreeSet::from([SyncStock]))];
    assert_eq!(found, expected);
    for (tag, items) in [(SyncStock, vec![1]), (StoreCollect, vec![2]), (OmniTag::AllocateByFront, vec![])] {
        let total = items.len() as i64;
        let items: Vec<ItemId> = items.into_iter().map(ItemId).collect();
        assert_eq!(store.items_with_tag(ONE, tag, 1, 10).await.unwrap(), (items, total), "{tag:?}");
    }
    let many = (11..=15).map(|id| put(ItemId(id), tagged(id, &[SyncStock]))).collect();
    commit(&store, 1, Changes { items: many, ..Changes::default() }).await;
    let page = store.items_with_tag(ONE, SyncStock, 2, 4).await.unwrap();
    assert_eq!(page, (vec![ItemId(14), ItemId(15)], 6));
    let gone = SlotChange { key: ItemId(1), before: Some(tagged(1, &[SyncStock])), after: None };
    commit(&store, 1, Changes { items: vec![gone], ..Changes::default() }).await;
    assert_eq!(store.items_with_tag(ONE, SyncStock, 1, 10).await.unwrap().1, 5);
}

pub(crate) async fn articles_and_locations_by_id(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let mut changes = shop();
    changes.locations[1].deleted = true;
    commit(&store, 1, changes.clone()).await;
    let found = store.articles(ONE, &[ScItemId(8), ScItemId(7)]).await.unwrap();
    assert_eq!(found.iter().map(|article| article.outer_code.as_str()).collect::<Vec<_>>(), ["A7"]);
    let named = BTreeSet::from([1, 2, 3].map(LocationId));
    assert_eq!(store.locations_named(ONE, &named).await.unwrap(), changes.locations);
}

fn app(key: &str) -> AppKey {
    AppKey(key.to_owned())
}

fn push_user(key: &str, modified: i64) -> PushUser {
    PushUser {
        app: app(key),
        rds_name: "rds-1".to_owned(),
        history_days: None,
        topics: None,
        deleted: false,
        created: at(modified),
        modified: at(modified),
    }
}

async fn register(store: &Arc<dyn Store>, seller: i64, user: PushUser) {
    commit(store, seller, Changes { push_users: vec![user], ..Changes::default() }).await;
}

fn row(seller: i64, user: PushUser) -> PushUserRow {
    PushUserRow { seller: SellerId(seller), user }
}

fn users_of(key: &str) -> PushUserQuery {
    PushUserQuery { app: app(key), seller: None, from: None, to: None, page: 1, per_page: 10 }
}

pub(crate) async fn push_users_are_kept(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    for (seller, user) in [(2, push_user("a", 1)), (1, push_user("a", 2)), (1, push_user("b", 3))] {
        register(&store, seller, user).await;
    }
    let (users, total) = store.push_users(&users_of("a")).await.unwrap();
    assert_eq!((users, total), (vec![row(1, push_user("a", 2)), row(2, push_user("a", 1))], 2));

    let changed = PushUser { history_days: Some(30), topics: Some("refund".to_owned()), ..push_user("a", 10) };
    register(&store, 1, changed.clone()).await;
    let of_one = PushUserQuery { seller: Some(ONE), ..users_of("a") };
    let (users, _) = store.push_users(&of_one).await.unwrap();
    assert_eq!(users, vec![row(1, changed.clone())]);
    let deleted = PushUser { deleted: true, modified: at(20), ..changed };
    register(&store, 1, deleted.clone()).await;

    let mut group = store.begin(ONE).await.unwrap();
    let version = group.version();
    let loaded = group.load_seller().await.unwrap().push_users;
    assert_eq!(loaded, vec![deleted, push_user("b", 3)], "a lane that starts has them all");
    assert!(group.changed_since(version - 1).await.unwrap().seller, "other nodes hear of it");
    drop(group);

    let table = [
        (Some(at(20)), None, vec![1]),
        (Some(at(21)), None, vec![]),
        (None, Some(at(19)), vec![2]),
        (Some(at(1)), Some(at(20)), vec![1, 2]),
    ];
    for (from, to, expected) in table {
        let (users, total) = store.push_users(&PushUserQuery { from, to, ..users_of("a") }).await.unwrap();
        let sellers: Vec<i64> = users.iter().map(|user| user.seller.0).collect();
        assert_eq!(total, sellers.len() as i64);
        assert_eq!(sellers, expected, "{from:?} {to:?}");
    }
    let second = PushUserQuery { page: 2, per_page: 1, ..users_of("a") };
    let (users, total) = store.push_users(&second).await.unwrap();
    assert_eq!((users[0].seller, users.len(), total), (OTHER, 1, 2));
}

pub(crate) async fn history_comes_newest_first_from_a_place_on(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    sold(&store).await;
    let newest = (Timestamp(i64::MAX), Tid(i64::MAX));
    let table = [
        (at(-60), newest, vec![1, 2, 3, 4, 5]),
        (at(-3), newest, vec![1, 2, 3]),
        (at(-60), (at(-2), Tid(2)), vec![3, 4, 5]),
        (at(-60), (at(-2), Tid(3)), vec![2, 3, 4, 5]),
        (at(-1), (at(-1), Tid(1)), vec![]),
    ];
    for (since, before, expected) in table {
        let place = HistoryPlace { since, before };
        let names = Names { history: BTreeSet::from([place]), ..Names::default() };
        let found = load(&store, 1, names.clone()).await.history;
        let tids: Vec<i64> = found[&place].iter().map(|(_, tid)| tid.0).collect();
        assert_eq!(tids, expected, "{place:?}");
        assert_eq!(load(&store, 2, names).await.history[&place], [], "nothing of another seller");
    }
}

pub(crate) async fn lists_show_nothing_of_another_seller(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    sold(&store).await;
    let refund = PublishedRefund { id: RefundId(5), tid: Tid(1), modified: NOW, text: "{}".to_owned() };
    let items = vec![put(ItemId(1), tagged(1, &[OmniTag::SyncStock]))];
    commit(&store, 1, Changes { refunds: vec![refund], items, ..Changes::default() }).await;
    register(&store, 1, push_user("a", 1)).await;
    for (seller, some) in [(ONE, true), (OTHER, false)] {
        for by in [SoldBy::Created, SoldBy::Modified] {
            let page = store.trades_sold(seller, &query(by)).await.unwrap();
            assert_eq!((page.trades.is_empty(), page.total == Some(0)), (!some, !some));
        }
        assert_eq!(store.refund(seller, RefundId(5)).await.unwrap().is_some(), some);
        assert_eq!(store.tags_of_items(seller, &[ItemId(1)]).await.unwrap().is_empty(), !some);
        assert_eq!(store.items_with_tag(seller, OmniTag::SyncStock, 1, 10).await.unwrap().1 > 0, some);
        assert_eq!(store.articles(seller, &[ScItemId(7)]).await.unwrap().is_empty(), !some);
        let named = BTreeSet::from([LocationId(1)]);
        assert_eq!(store.locations_named(seller, &named).await.unwrap().is_empty(), !some);
        let users = PushUserQuery { seller: Some(seller), ..users_of("a") };
        assert_eq!(store.push_users(&users).await.unwrap().1 > 0, some);
    }
    assert_eq!(store.push_users(&users_of("b")).await.unwrap().1, 0, "another app's");
}
