//! Trades, assignments, reservations, facts, work.

use std::collections::BTreeSet;

use astrolabe_core::command::Work;
use astrolabe_core::ids::{HandoverCode, LocationId, ReservationId, ScItemId, SellerId, Tid, WorkId};
use astrolabe_core::order::assignment::{
    Assignment, AssignmentState, BeforeCancel, CancelAim, Handover, RecordedFact, Shipment,
};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::{Actor, Fact};
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::stock::hold::Role;
use astrolabe_core::time::Millis;
use astrolabe_core::world::{Changes, Names, Occupancy, TradePlace, WAITING_MAX};
use astrolabe_store::StoreError;

use crate::home::{Home, commit, lease, load};
use crate::made::{NOW, assigned, assignment, cell, cell_key, fact, published, reservation, stock, trade, work};

fn tids(ids: &[i64]) -> Names {
    Names { tids: ids.iter().map(|id| Tid(*id)).collect(), ..Names::default() }
}

pub(crate) async fn files_come_back(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let key = cell_key(7, 1, StockClass::Uncertain);
    // Made in this order, whatever their codes say.
    let first = assignment(300, 1, 1, AssignmentState::Notified);
    let second = assignment(200, 1, 2, AssignmentState::Notified);
    let held = reservation(5, 1, Some(300), key, Role::Primary);
    let guard = reservation(6, 1, Some(300), cell_key(7, 2, StockClass::Certain), Role::Guard);
    let changes = Changes {
        put_trades: vec![trade(1), trade(2)],
        put_assignments: vec![first.clone()],
        put_reservations: vec![held.clone(), guard.clone()],
        ..Changes::default()
    };
    commit(&store, 1, changes).await;
    commit(&store, 1, Changes { put_assignments: vec![second.clone()], ..Changes::default() }).await;
    let file = TradeFile { trade: trade(1), assignments: vec![first, second.clone()], reservations: vec![held, guard] };
    let other = TradeFile { trade: trade(2), assignments: Vec::new(), reservations: Vec::new() };
    assert_eq!(load(&store, 1, tids(&[1, 2, 3])).await.files, vec![file, other]);

    let mut moved = assignment(
        300,
        1,
        1,
        AssignmentState::CancelRequested { from: BeforeCancel::Accepted, aim: CancelAim::Reallocate(9) },
    );
    moved.facts = BTreeSet::from([RecordedFact { fact: Fact::Accepted, request: 0 }]);
    moved.attributes = Some("gift".to_owned());
    moved.shipment = Some(Shipment {
        company_code: "SF".to_owned(),
        company_name: "顺丰".to_owned(),
        waybill: "1".to_owned(),
        at: NOW,
    });
    let changes = Changes { put_trades: vec![assigned(1)], put_assignments: vec![moved.clone()], ..Changes::default() };
    commit(&store, 1, changes).await;
    let files = load(&store, 1, tids(&[1])).await.files;
    assert_eq!(files[0].trade, assigned(1));
    assert_eq!(files[0].assignments, vec![moved, second]);
}

pub(crate) async fn reservations_go(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let key = cell_key(7, 1, StockClass::Certain);
    let held = |id: i64| reservation(id, 1, None, key, Role::Primary);
    let changes =
        Changes { put_trades: vec![trade(1)], put_reservations: vec![held(1), held(2)], ..Changes::default() };
    commit(&store, 1, changes).await;
    let mut fewer = held(2);
    fewer.units = 1;
    let changes = Changes {
        gone_reservations: vec![(Tid(1), ReservationId(1))],
        put_reservations: vec![fewer.clone()],
        ..Changes::default()
    };
    commit(&store, 1, changes).await;
    assert_eq!(load(&store, 1, tids(&[1])).await.files[0].reservations, vec![fewer]);
}

pub(crate) async fn a_fact_is_recorded_once(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let accepted = fact(1, Fact::Accepted, Some(100), NOW);
    let mut again = accepted.clone();
    again.request = 7;
    let changes = Changes { put_trades: vec![trade(1)], timeline: vec![accepted.clone(), again], ..Changes::default() };
    commit(&store, 1, changes).await;
    let group = store.begin(SellerId(1)).await.unwrap();
    let repeat = Changes { timeline: vec![accepted], ..Changes::default() };
    let refused = group.commit(repeat, Vec::new(), lease(), NOW).await;
    assert!(matches!(refused, Err(StoreError::Constraint(_))), "{refused:?}");
    let view = store.trade(SellerId(1), Tid(1)).await.unwrap().unwrap();
    assert_eq!(view.timeline.len(), 2);
}

pub(crate) async fn work_waits_once(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let risen = Work::StockRisen { sc_item: ScItemId(7), after: None };
    let again = Work::ServeWaiting { tid: Tid(1) };
    let changes = Changes { work: vec![work(2, again.clone()), work(1, risen.clone())], ..Changes::default() };
    commit(&store, 1, changes).await;
    commit(&store, 1, Changes { work: vec![work(3, risen.clone())], ..Changes::default() }).await;
    let open = store.open_work(SellerId(1), 10).await.unwrap();
    assert_eq!(open, vec![work(1, risen.clone()), work(2, again.clone())]);
    assert_eq!(store.open_work(SellerId(1), 1).await.unwrap().len(), 1);

    // Done, and come up again in the same group.
    let changes = Changes { work_done: vec![WorkId(1)], work: vec![work(4, risen.clone())], ..Changes::default() };
    commit(&store, 1, changes).await;
    let open = store.open_work(SellerId(1), 10).await.unwrap();
    assert_eq!(open, vec![work(2, again), work(4, risen)]);
}

/// Neither a short cell nor a shut store finds it among what it may take back.
pub(crate) async fn a_pickups_offer_stays(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let key = cell_key(7, 1, StockClass::Certain);
    let offer = assignment(100, 1, 1, AssignmentState::Notified);
    let mut pickup = Assignment { pickup: true, ..assignment(200, 2, 1, AssignmentState::Notified) };
    let held = |tid: i64, code: i64| reservation(code, tid, Some(code), key, Role::Primary);
    let changes = Changes {
        put_trades: vec![assigned(1), assigned(2)],
        put_assignments: vec![offer, pickup.clone()],
        put_reservations: vec![held(1, 100), held(2, 200)],
        ..Changes::default()
    };
    commit(&store, 1, changes).await;
    let names = Names {
        holders: BTreeSet::from([key]),
        occupancy: BTreeSet::from([LocationId(1)]),
        tids: BTreeSet::from([Tid(2)]),
        ..Names::default()
    };
    let found = load(&store, 1, names.clone()).await;
    assert_eq!(found.holders[&key].len(), 1, "the delivery's hold alone may be freed");
    let there = &found.occupancy[&LocationId(1)];
    assert_eq!((there.live_assignments, &there.notified), (2, &vec![Tid(1)]));

    // Its code comes back with it.
    let used_by = Some(Actor::Keeper { user: "k".to_owned(), store: LocationId(1) });
    pickup.handover = Some(Handover { code: HandoverCode::of("482100000001"), used_by });
    pickup.state = AssignmentState::Collected;
    commit(&store, 1, Changes { put_assignments: vec![pickup.clone()], ..Changes::default() }).await;
    let found = load(&store, 1, names).await;
    assert_eq!(found.files[0].assignments, vec![pickup]);
    assert_eq!(found.occupancy[&LocationId(1)].live_assignments, 1, "what is collected is history");
}

pub(crate) async fn a_handover_code_is_given_once(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let code = HandoverCode::of("482100000001");
    let issued = |tid: i64| Changes {
        put_trades: vec![trade(tid)],
        handover_codes: vec![(code.clone(), Tid(tid))],
        ..Changes::default()
    };
    commit(&store, 1, issued(1)).await;
    let group = store.begin(SellerId(1)).await.unwrap();
    let refused = group.commit(issued(2), Vec::new(), lease(), NOW).await;
    assert!(matches!(refused, Err(StoreError::Constraint(_))), "{refused:?}");
    commit(&store, 2, issued(3)).await;
    let of = |seller| store.trade_of_handover_code(SellerId(seller), &code);
    assert_eq!((of(1).await.unwrap(), of(2).await.unwrap()), (Some(Tid(1)), Some(Tid(3))));
    let unknown = store.trade_of_handover_code(SellerId(1), &HandoverCode::of("0")).await.unwrap();
    assert_eq!(unknown, None);
}

pub(crate) async fn the_published_text_stays(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let told = |text: &str| vec![(Tid(1), published(text))];
    let rounds = [
        (Changes { put_trades: vec![trade(1)], published: told("first"), ..Changes::default() }, "first"),
        (Changes { put_trades: vec![assigned(1)], ..Changes::default() }, "first"),
        (Changes { published: told("second"), ..Changes::default() }, "second"),
        (Changes { put_trades: vec![trade(1)], published: told("third"), ..Changes::default() }, "third"),
    ];
    for (changes, expected) in rounds {
        commit(&store, 1, changes).await;
        let view = store.trade(SellerId(1), Tid(1)).await.unwrap().unwrap();
        assert_eq!(view.published, expected);
    }
}

pub(crate) async fn occupancy_counts_what_stands(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let changes = Changes {
        put_trades: vec![assigned(1), assigned(2), trade(4), trade(3), assigned(5)],
        put_assignments: vec![
            assignment(103, 1, 1, AssignmentState::Notified),
            assignment(102, 2, 1, AssignmentState::Notified),
            assignment(101, 5, 1, AssignmentState::Accepted),
            assignment(104, 5, 1, AssignmentState::Shipped),
            assignment(105, 5, 1, AssignmentState::Refused),
            assignment(106, 5, 2, AssignmentState::Notified),
        ],
        stock: stock(&[
            (cell_key(7, 1, StockClass::Certain), cell(5, 0)),
            (cell_key(8, 1, StockClass::Certain), cell(-2, 0)),
            (cell_key(9, 1, StockClass::Certain), cell(1, 0)),
            (cell_key(7, 1, StockClass::Uncertain), cell(100, 0)),
            (cell_key(7, 2, StockClass::Certain), cell(100, 0)),
        ]),
        ..Changes::default()
    };
    commit(&store, 1, changes).await;
    let names = Names { occupancy: [1, 3].map(LocationId).into(), ..Names::default() };
    let found = load(&store, 1, names).await.occupancy;
    let busy = Occupancy { live_assignments: 3, notified: vec![Tid(2), Tid(1)], certain_units: 6 };
    assert_eq!(found[&LocationId(1)], busy);
    assert_eq!(found[&LocationId(3)], Occupancy::default());
}

pub(crate) async fn who_waits_is_read_from_a_place_on(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let paid = |tid: i64, seconds: i64| {
        let mut trade = trade(tid);
        trade.pay_time = Some(NOW + Millis::seconds(seconds));
        trade
    };
    let last = i64::try_from(WAITING_MAX).unwrap() + 2;
    let mut trades: Vec<_> = (3..=last).map(|tid| paid(tid, 2)).collect();
    trades.extend([paid(1, 3), paid(2, 1), assigned(last + 1)]);
    commit(&store, 1, Changes { put_trades: trades, ..Changes::default() }).await;
    commit(&store, 2, Changes { put_trades: vec![paid(7, 0)], ..Changes::default() }).await;
    let place = |tid: i64, seconds: i64| TradePlace { pay_time: NOW + Millis::seconds(seconds), tid: Tid(tid) };
    let (middle, end) = (Some(place(last - 1, 2)), Some(place(1, 3)));
    let names = Names { waiting_after: BTreeSet::from([None, middle, end]), ..Names::default() };
    let found = load(&store, 1, names).await.waiting_after;
    let first = &found[&None];
    assert_eq!((first.len(), first[0], first[1]), (WAITING_MAX, place(2, 1), place(3, 2)));
    assert_eq!(found[&middle], vec![place(last, 2), place(1, 3)]);
    assert_eq!(found[&end], vec![]);
}
