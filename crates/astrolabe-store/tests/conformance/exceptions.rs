//! The exceptions queue: one open exception about a thing, counted; ended, taken and listed page by page.

use std::sync::Arc;

use astrolabe_core::exception::{Closing, Exception, ExceptionChange, ExceptionKind, ExceptionState, Raised, Subject};
use astrolabe_core::ids::{ExceptionId, LocationId, Oid, SellerId, Tid};
use astrolabe_core::stock::cell::{StockCell, StockClass};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, Names};
use astrolabe_store::{ExceptionPlace, ExceptionQuery, Store};

use crate::home::{Home, commit};
use crate::made::{NOW, cell_key, shop, stock};

const SELLER: SellerId = SellerId(1);

fn raised(id: i64, kind: ExceptionKind, oid: i64, location: Option<i64>, at: Timestamp) -> ExceptionChange {
    ExceptionChange::Raised(Raised {
        id: ExceptionId(id),
        kind,
        subject: Subject::SubOrder(Tid(1), Oid(oid)),
        location: location.map(LocationId),
        detail: format!("as of {id}"),
        at,
    })
}

async fn keep(store: &Arc<dyn Store>, changes: Vec<ExceptionChange>) {
    commit(store, 1, Changes { exceptions: changes, ..Changes::default() }).await;
}

async fn known(store: &Arc<dyn Store>, id: i64) -> Exception {
    store.exception(SELLER, ExceptionId(id)).await.unwrap().unwrap()
}

pub(crate) async fn one_is_open_about_a_thing_and_is_counted(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let kind = ExceptionKind::Unfillable;
    let gone = |at| ExceptionChange::Gone { kind, subject: Subject::SubOrder(Tid(1), Oid(10)), how: "routed", at };
    let later = NOW + Millis(5);
    // In one group, and in another one after it.
    keep(&store, vec![raised(1, kind, 10, None, NOW), raised(2, kind, 10, None, NOW)]).await;
    keep(&store, vec![raised(3, kind, 10, None, later), raised(4, kind, 11, None, NOW)]).await;
    let found = known(&store, 1).await;
    assert_eq!((found.times, found.opened_at, found.last_at, found.detail.as_str()), (3, NOW, later, "as of 3"));
    assert_eq!((found.subject, found.state), (Subject::SubOrder(Tid(1), Oid(10)), ExceptionState::Open));
    assert!(store.exception(SELLER, ExceptionId(2)).await.unwrap().is_none());
    assert!(store.exception(SellerId(2), ExceptionId(1)).await.unwrap().is_none(), "another seller's");

    // Ended and raised again within a group: a new one.
    keep(&store, vec![gone(later), raised(5, kind, 10, None, later)]).await;
    let (first, second) = (known(&store, 1).await, known(&store, 5).await);
    assert_eq!(first.closing, Some(Closing { at: later, by: None, how: "routed".to_owned() }));
    assert_eq!((first.state, second.state, second.times), (ExceptionState::Closed, ExceptionState::Open, 1));
    assert_eq!(known(&store, 4).await.state, ExceptionState::Open, "another sub-order's");
}

pub(crate) async fn people_change_what_is_not_closed(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    keep(&store, vec![raised(1, ExceptionKind::Mismatch, 10, Some(1), NOW)]).await;
    let mut group = store.begin(SELLER).await.unwrap();
    let names = Names { exceptions: [ExceptionId(1), ExceptionId(9)].into(), ..Names::default() };
    let mut loaded = group.load(&names).await.unwrap().exceptions;
    assert_eq!(loaded.len(), 1);
    drop(group);
    let mut taken = loaded.remove(0);
    taken.owner = Some("li".to_owned());
    taken.note(NOW, "li", "asked the store");
    taken.state = ExceptionState::Taken;
    keep(&store, vec![ExceptionChange::Put(taken.clone())]).await;
    assert_eq!(known(&store, 1).await, taken);
    let closing = Closing { at: NOW, by: Some("li".to_owned()), how: "found".to_owned() };
    let closed = Exception { closing: Some(closing), state: ExceptionState::Closed, ..taken.clone() };
    keep(&store, vec![ExceptionChange::Put(closed.clone()), ExceptionChange::Put(taken)]).await;
    assert_eq!(known(&store, 1).await, closed, "what is closed stays as it is");
}

pub(crate) async fn they_are_listed_by_what_is_asked(home: &Home) {
    use ExceptionKind::{Mismatch, ShipLate, Unfillable};
    let store = home.with_sellers(&[1]).await;
    let at = |n: i64| NOW + Millis(n);
    let rows = [(1, Unfillable, None), (2, ShipLate, Some(7)), (3, ShipLate, Some(8)), (4, Mismatch, Some(7))];
    let made = rows.map(|(id, kind, location)| raised(id, kind, id, location, at(id)));
    keep(&store, made.to_vec()).await;
    let gone =
        |kind, oid| ExceptionChange::Gone { kind, subject: Subject::SubOrder(Tid(1), Oid(oid)), how: "", at: NOW };
    keep(&store, vec![gone(Unfillable, 1), gone(Mismatch, 4)]).await;
    let taken = Exception { owner: Some("li".into()), state: ExceptionState::Taken, ..known(&store, 3).await };
    keep(&store, vec![ExceptionChange::Put(taken)]).await;

    let all = ExceptionQuery { limit: 10, ..ExceptionQuery::default() };
    let state = |state| ExceptionQuery { state: Some(state), ..all.clone() };
    let after = |n| Some(ExceptionPlace { opened_at: at(n), id: ExceptionId(n) });
    let table = [
        (all.clone(), vec![2, 3]),
        (ExceptionQuery { limit: 1, ..all.clone() }, vec![2]),
        (ExceptionQuery { after: after(2), ..all.clone() }, vec![3]),
        (ExceptionQuery { kind: Some(ShipLate), location: Some(LocationId(7)), ..all.clone() }, vec![2]),
        (ExceptionQuery { owner: Some("li".into()), ..all.clone() }, vec![3]),
        (ExceptionQuery { opened_before: Some(at(3)), ..all.clone() }, vec![2]),
        (state(ExceptionState::Open), vec![2]),
        (state(ExceptionState::Taken), vec![3]),
        (state(ExceptionState::Closed), vec![4, 1]),
        (ExceptionQuery { after: after(4), ..state(ExceptionState::Closed) }, vec![1]),
    ];
    for (query, expected) in table {
        let found = store.exceptions(SELLER, &query).await.unwrap();
        let ids: Vec<i64> = found.iter().map(|found| found.id.0).collect();
        assert_eq!(ids, expected, "{query:?}");
    }
}

pub(crate) async fn cells_with_unreported_units_come_due(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let (soon, later) = (cell_key(7, 1, StockClass::Certain), cell_key(7, 2, StockClass::Certain));
    let due = |at: Timestamp| StockCell { unreported: 1, unreported_due: Some(at), ..StockCell::default() };
    let cells = [(soon, due(NOW)), (later, StockCell { unreported_late: true, ..due(NOW + Millis(9)) })];
    commit(&store, 1, Changes { stock: stock(&cells), ..shop() }).await;
    for (now, expected) in [(NOW + Millis(-1), vec![]), (NOW, vec![soon]), (NOW + Millis(9), vec![soon, later])] {
        assert_eq!(store.due_cells(SELLER, now, 10).await.unwrap(), expected);
        let sellers = store.sellers_with_due(now, 10).await.unwrap();
        assert_eq!(sellers.contains(&SELLER), !expected.is_empty());
        assert!(store.due_cells(SellerId(2), now, 10).await.unwrap().is_empty());
    }
    let found = store.cells(SELLER, &[(later.location, later.sc_item)]).await.unwrap();
    assert_eq!(found, [(later, cells[1].1.clone())]);
}
