//! Calls outward: who is given them, when, and in what order.

use std::sync::Arc;

use astrolabe_core::ids::{OutwardId, SellerId};
use astrolabe_core::outward::{Outward, OutwardState};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, OutwardSettled};
use astrolabe_store::{Lease, Store};

use crate::home::{Home, lease};
use crate::made::{NOW, call, trade};

fn later(ms: i64) -> Timestamp {
    NOW + Millis(ms)
}

fn until(ms: i64) -> Lease {
    Lease { node: 2, until: later(ms) }
}

/// Commits calls and gives back those that the caller may make at once.
async fn make(store: &Arc<dyn Store>, seller: i64, calls: Vec<Outward>, settled: Vec<OutwardSettled>) -> Vec<i64> {
    let group = store.begin(SellerId(seller)).await.unwrap();
    let changes = Changes { put_trades: vec![trade(1)], outward: calls, settled, ..Changes::default() };
    let given = group.commit(changes, Vec::new(), lease(), NOW).await.unwrap();
    given.into_iter().map(|id| id.0).collect()
}

async fn due(store: &Arc<dyn Store>, now: Timestamp, lease: Lease) -> Vec<i64> {
    let due = store.lease_outward(now, lease, 100).await.unwrap();
    due.iter().map(|due| due.outward.id.0).collect()
}

fn settled(id: i64, state: OutwardState) -> Vec<OutwardSettled> {
    vec![OutwardSettled { id: OutwardId(id), state }]
}

fn pending(attempts: u32, next_at: Timestamp) -> OutwardState {
    OutwardState::Pending { attempts, next_at, last_error: Some("time-out".to_owned()) }
}

pub(crate) async fn a_new_call_is_the_callers(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    assert_eq!(make(&store, 1, vec![call(10, 1, "pos")], Vec::new()).await, vec![10]);
    assert!(due(&store, NOW, until(1)).await.is_empty());
    let past = lease().until + Millis(1);
    let found = store.lease_outward(past, Lease { node: 2, until: past + Millis(1) }, 100).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].seller, found[0].attempts), (SellerId(1), 0));
    assert_eq!(found[0].outward, call(10, 1, "pos"));
}

pub(crate) async fn calls_of_a_trade_keep_their_order(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let calls = vec![call(10, 1, "pos"), call(11, 1, "pos"), call(12, 1, "wms"), call(13, 2, "pos")];
    assert_eq!(make(&store, 1, calls, Vec::new()).await, vec![10, 12, 13]);
    assert_eq!(make(&store, 1, vec![call(9, 1, "pos")], Vec::new()).await, Vec::<i64>::new(), "behind 10 and 11");
    let past = lease().until + Millis(1);
    let again = Lease { node: 2, until: past + Millis(1_000) };
    assert_eq!(sorted(due(&store, past, again).await), vec![10, 12, 13]);
    assert!(due(&store, past, again).await.is_empty());

    // While the first waits for its next attempt, nothing overtakes it.
    make(&store, 1, Vec::new(), settled(10, pending(1, past + Millis(500)))).await;
    assert!(due(&store, past, again).await.is_empty());
    assert_eq!(due(&store, past + Millis(500), again).await, vec![10]);
    make(&store, 1, Vec::new(), settled(10, OutwardState::Delivered { attempts: 2, at: past })).await;
    assert_eq!(due(&store, past, again).await, vec![11]);
    let dead = OutwardState::Dead { attempts: 9, at: past, error: "gone".to_owned() };
    make(&store, 1, Vec::new(), settled(11, dead)).await;
    assert_eq!(due(&store, past, again).await, vec![9], "made after 11, whatever its number");
}

fn sorted(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids
}

pub(crate) async fn a_lease_runs_out(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    make(&store, 1, vec![call(10, 1, "pos")], Vec::new()).await;
    make(&store, 1, Vec::new(), settled(10, pending(1, later(10)))).await;
    assert!(due(&store, later(9), until(20)).await.is_empty(), "not due");
    assert_eq!(due(&store, later(10), until(20)).await, vec![10]);
    assert!(due(&store, later(19), until(30)).await.is_empty(), "leased");
    let found = store.lease_outward(later(20), until(30), 100).await.unwrap();
    assert_eq!(found.iter().map(|due| (due.outward.id.0, due.attempts)).collect::<Vec<_>>(), vec![(10, 1)]);
}

pub(crate) async fn a_settled_call_is_over(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let ends = [
        OutwardState::Delivered { attempts: 1, at: later(1) },
        OutwardState::Dead { attempts: 3, at: later(2), error: "no".to_owned() },
        OutwardState::Skipped { at: later(3) },
        pending(2, later(1_000_000)),
    ];
    for (id, end) in (10_i64..).zip(ends) {
        // One after the other of one trade: the next is given because the one before is over.
        assert_eq!(make(&store, 1, vec![call(id, 1, "pos")], Vec::new()).await, vec![id]);
        make(&store, 1, Vec::new(), settled(id, end.clone())).await;
        assert!(due(&store, later(100_000), until(200_000)).await.is_empty());
        let view = store.trade(SellerId(1), astrolabe_core::ids::Tid(1)).await.unwrap().unwrap();
        let last = view.outward.last().unwrap();
        assert_eq!((last.outward.clone(), last.state.clone()), (call(id, 1, "pos"), end));
    }
}

pub(crate) async fn sellers_do_not_wait_for_each_other(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    for seller in [1, 2] {
        make(&store, seller, (10..15).map(|id| call(id, id, "pos")).collect(), Vec::new()).await;
    }
    let past = lease().until + Millis(1);
    let again = Lease { node: 2, until: past + Millis(10) };
    let mut seen = std::collections::BTreeSet::new();
    for expected in [4, 4, 2, 0] {
        let found = store.lease_outward(past, again, 4).await.unwrap();
        assert_eq!(found.len(), expected);
        for due in found {
            assert!(seen.insert((due.seller, due.outward.id)), "given twice");
        }
    }
    assert_eq!(seen.len(), 10);
}
