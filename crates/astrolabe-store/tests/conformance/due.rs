//! What waits.

use astrolabe_core::command::Work;
use astrolabe_core::ids::{HoldKey, SellerId, Tid};
use astrolabe_core::order::assignment::{Assignment, AssignmentState};
use astrolabe_core::order::trade::Trade;
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::stock::hold::{AheadHold, AheadState};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::Changes;

use crate::home::{Home, commit};
use crate::made::{NOW, ahead, assignment, cell_key, put, trade, work};

fn at(ms: i64) -> Timestamp {
    NOW + Millis(ms)
}

fn due_trade(tid: i64, due_at: Option<Timestamp>) -> Trade {
    Trade { due_at, ..trade(tid) }
}

fn due_assignment(code: i64, tid: i64, due_at: Timestamp) -> Assignment {
    Assignment { due_at: Some(due_at), ..assignment(code, tid, 1, AssignmentState::Notified) }
}

pub(crate) async fn clocks_that_ran_out(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let changes = Changes {
        put_trades: vec![
            due_trade(1, Some(at(50))),
            due_trade(2, None),
            due_trade(3, Some(at(10))),
            due_trade(4, None),
        ],
        put_assignments: vec![
            due_assignment(100, 2, at(30)),
            due_assignment(101, 1, at(20)),
            due_assignment(102, 4, at(90)),
        ],
        ..Changes::default()
    };
    commit(&store, 1, changes).await;
    let table = [(9, vec![]), (10, vec![3]), (20, vec![3, 1]), (50, vec![3, 1, 2]), (90, vec![3, 1, 2, 4])];
    for (now, expected) in table {
        let due = store.due_trades(SellerId(1), at(now), 10).await.unwrap();
        assert_eq!(due, expected.into_iter().map(Tid).collect::<Vec<_>>(), "at {now}");
    }
    assert_eq!(store.due_trades(SellerId(1), at(90), 2).await.unwrap(), vec![Tid(3), Tid(1)]);
    assert!(store.due_trades(SellerId(2), at(90), 10).await.unwrap().is_empty());

    let over = Changes { put_trades: vec![due_trade(3, None)], ..Changes::default() };
    commit(&store, 1, over).await;
    assert_eq!(store.due_trades(SellerId(1), at(20), 10).await.unwrap(), vec![Tid(1)]);
}

pub(crate) async fn holds_that_ran_out(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let parts = [cell_key(7, 1, StockClass::Certain), cell_key(7, 2, StockClass::Certain)];
    let over = AheadHold { state: AheadState::Released, ..ahead("over", &parts, at(1)) };
    let holds = [ahead("late", &parts, at(20)), ahead("early", &parts, at(10)), over];
    let changes =
        Changes { ahead: holds.into_iter().map(|hold| put(hold.key.clone(), hold)).collect(), ..Changes::default() };
    commit(&store, 1, changes).await;
    let keys = |names: &[&str]| names.iter().map(|name| HoldKey((*name).to_owned())).collect::<Vec<_>>();
    for (now, limit, expected) in
        [(9, 9, keys(&[])), (10, 9, keys(&["early"])), (20, 9, keys(&["early", "late"])), (20, 1, keys(&["early"]))]
    {
        let found = store.expired_holds(SellerId(1), at(now), limit).await.unwrap();
        assert_eq!(found, expected, "at {now}, at most {limit}");
    }
}

pub(crate) async fn sellers_with_anything_due(home: &Home) {
    let store = home.with_sellers(&[1, 2, 3, 4, 5]).await;
    let hold = ahead("cart", &[cell_key(7, 1, StockClass::Certain)], at(10));
    let each = [
        (1, Changes { put_trades: vec![due_trade(1, Some(at(10)))], ..Changes::default() }),
        (
            2,
            Changes {
                put_assignments: vec![due_assignment(1, 1, at(10))],
                put_trades: vec![trade(1)],
                ..Changes::default()
            },
        ),
        (3, Changes { work: vec![work(1, Work::ServeWaiting { tid: Tid(1) })], ..Changes::default() }),
        (4, Changes { ahead: vec![put(hold.key.clone(), hold)], ..Changes::default() }),
        (5, Changes { put_trades: vec![due_trade(1, Some(at(11)))], ..Changes::default() }),
    ];
    for (seller, changes) in each {
        commit(&store, seller, changes).await;
    }
    let sellers = |ids: &[i64]| ids.iter().map(|id| SellerId(*id)).collect::<Vec<_>>();
    for (now, limit, expected) in [
        (9, 10, sellers(&[3])),
        (10, 10, sellers(&[1, 2, 3, 4])),
        (10, 2, sellers(&[1, 2])),
        (11, 10, sellers(&[1, 2, 3, 4, 5])),
    ] {
        assert_eq!(store.sellers_with_due(at(now), limit).await.unwrap(), expected, "at {now}");
    }
}
