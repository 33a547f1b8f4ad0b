//! Looking.

use astrolabe_core::exception::{ExceptionChange, ExceptionKind, Raised, Subject};
use astrolabe_core::ids::{
    AllocationCode, ExceptionId, HandoverCode, ItemId, LocationId, Oid, ScItemId, SellerId, SkuId, Tid,
};
use astrolabe_core::order::assignment::AssignmentState;
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::stock::hold::Role;
use astrolabe_core::time::Millis;
use astrolabe_core::world::Changes;
use astrolabe_store::ExceptionQuery;

use crate::home::{Home, commit};
use crate::made::{
    NOW, assigned, assignment, call, cell, cell_key, counted, fact, published, reservation, shop, stock, trade,
};

fn mismatch(tid: i64, detail: &str) -> ExceptionChange {
    ExceptionChange::Raised(Raised {
        id: ExceptionId(tid),
        kind: ExceptionKind::Mismatch,
        subject: Subject::SubOrder(Tid(tid), Oid(tid * 10 + 1)),
        location: None,
        detail: detail.to_owned(),
        at: NOW,
    })
}

/// Three trades: one waits, one was refused and given to another store, one lies at two stores.
fn busy() -> Changes {
    let key = cell_key(7, 1, StockClass::Certain);
    Changes {
        put_trades: vec![trade(1), assigned(2), assigned(3)],
        published: vec![(Tid(2), published("{\"tid\":2}"))],
        put_assignments: vec![
            assignment(100, 2, 1, AssignmentState::Refused),
            assignment(101, 2, 2, AssignmentState::Accepted),
            assignment(102, 3, 1, AssignmentState::Shipped),
            assignment(103, 3, 2, AssignmentState::Notified),
        ],
        put_reservations: vec![reservation(1, 2, Some(101), key, Role::Primary)],
        timeline: vec![
            fact(2, Fact::Paid, None, NOW),
            fact(2, Fact::Allocated, Some(100), NOW + Millis(40)),
            fact(2, Fact::Allocated, Some(101), NOW + Millis(900)),
            fact(3, Fact::Paid, None, NOW),
            fact(3, Fact::Allocated, Some(102), NOW + Millis(60)),
        ],
        outward: vec![call(10, 2, "pos"), call(11, 2, "wms")],
        exceptions: vec![mismatch(2, "first"), mismatch(3, "second")],
        handover_codes: vec![(HandoverCode::of("482100000001"), Tid(2))],
        stock: stock(&[(key, cell(5, 0))]),
        ..shop()
    }
}

pub(crate) async fn a_trade_with_everything(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    commit(&store, 1, busy()).await;
    let view = store.trade(SellerId(1), Tid(2)).await.unwrap().unwrap();
    assert_eq!(view.file.trade, assigned(2));
    assert_eq!(view.file.assignments, busy().put_assignments[..2]);
    assert_eq!(view.file.reservations, busy().put_reservations);
    assert_eq!(view.published, "{\"tid\":2}");
    assert_eq!(view.timeline, busy().timeline[..3]);
    let calls: Vec<_> = view.outward.into_iter().map(|view| view.outward).collect();
    assert_eq!(calls, busy().outward);
    assert!(store.trade(SellerId(1), Tid(9)).await.unwrap().is_none());

    assert_eq!(store.trade_of_allocation(SellerId(1), AllocationCode(102)).await.unwrap(), Some(Tid(3)));
    assert_eq!(store.trade_of_allocation(SellerId(1), AllocationCode(999)).await.unwrap(), None);
    assert_eq!(store.trade_of_sub_order(SellerId(1), Oid(21)).await.unwrap(), Some(Tid(2)));
    assert_eq!(store.trade_of_sub_order(SellerId(1), Oid(11)).await.unwrap(), None, "never assigned");
    let told: Vec<_> = view.exceptions.iter().map(|found| (found.kind, found.detail.as_str())).collect();
    assert_eq!(told, [(ExceptionKind::Mismatch, "first")]);
}

pub(crate) async fn assignments_page_by_code(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    commit(&store, 1, busy()).await;
    let more = [104, 105, 106].map(|code| assignment(code, 2, 2, AssignmentState::Notified));
    commit(&store, 1, Changes { put_assignments: more.to_vec(), ..Changes::default() }).await;
    // What was refused or shipped is history.
    let table = [
        (Some(1), None, 10, vec![]),
        (Some(2), None, 10, vec![101, 103, 104, 105, 106]),
        (Some(2), Some(103), 2, vec![104, 105]),
        (Some(2), Some(105), 2, vec![106]),
        (None, None, 3, vec![101, 103, 104]),
        (None, Some(104), 3, vec![105, 106]),
    ];
    for (location, after, limit, expected) in table {
        let (location, after) = (location.map(LocationId), after.map(AllocationCode));
        let found = store.assignments_at(SellerId(1), location, after, limit).await.unwrap();
        let codes: Vec<_> = found.iter().map(|view| view.assignment.code.0).collect();
        assert_eq!(codes, expected, "{location:?} after {after:?}");
        assert!(found.iter().all(|view| view.published.is_empty() != (view.assignment.tid == Tid(2))));
    }
}

pub(crate) async fn counts_for_summaries(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    commit(&store, 1, busy()).await;
    let seen = store.overview(SellerId(1)).await.unwrap();
    assert_eq!((seen.trades, seen.sub_orders, seen.split_trades), (3, 3, 1));
    assert_eq!(counted(&seen.sub_orders_by_state), [("accepted", 1), ("notified", 1), ("routing", 1)].into());
    let assignments = [("accepted", 1), ("notified", 1), ("refused", 1), ("shipped", 1)].into();
    assert_eq!(counted(&seen.assignments_by_state), assignments);
    assert_eq!(counted(&seen.facts), [("allocated", 3), ("paid", 2)].into());
    assert_eq!(counted(&seen.outward), [("pending", 2)].into());
    assert_eq!(counted(&seen.exceptions), [("mismatch", 2)].into());
    assert_eq!((seen.allocations, seen.allocation_ms_sum, seen.allocation_ms_max), (2, 100, 60));
    assert_eq!(seen.busiest, vec![(LocationId(2), 2), (LocationId(1), 1)]);
    assert_eq!(seen.newest_rerouted, Some((Tid(2), AllocationCode(101))));
}

/// INV-STOCK-8 and its like: whatever seller 1 has, seller 2 sees none of it.
pub(crate) async fn nothing_of_another_seller(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    commit(&store, 1, busy()).await;
    let other = SellerId(2);
    assert!(store.trade(other, Tid(2)).await.unwrap().is_none());
    assert!(store.trade_of_allocation(other, AllocationCode(101)).await.unwrap().is_none());
    assert!(store.trade_of_handover_code(other, &HandoverCode::of("482100000001")).await.unwrap().is_none());
    assert!(store.trade_of_sub_order(other, Oid(21)).await.unwrap().is_none());
    assert!(store.assignments_at(other, None, None, 10).await.unwrap().is_empty());
    assert!(store.location(other, LocationId(1)).await.unwrap().is_none());
    assert!(store.locations(other).await.unwrap().is_empty());
    assert_eq!(store.stores_of_item(other, ItemId(500), 1, 10).await.unwrap(), (Vec::new(), 0));
    assert_eq!(store.items_of_store(other, LocationId(1), 1, 10).await.unwrap(), (Vec::new(), 0));
    assert!(store.mappings(other, &[(ItemId(500), SkuId(0))]).await.unwrap().is_empty());
    assert!(store.cells(other, &[(LocationId(1), ScItemId(7))]).await.unwrap().is_empty());
    assert!(
        store.exceptions(other, &ExceptionQuery { limit: 10, ..ExceptionQuery::default() }).await.unwrap().is_empty()
    );
    assert!(store.open_work(other, 10).await.unwrap().is_empty());
    assert_eq!(store.overview(other).await.unwrap().trades, 0);
    assert_eq!(store.locations(SellerId(1)).await.unwrap().len(), 2, "the case has something to hide");
}
