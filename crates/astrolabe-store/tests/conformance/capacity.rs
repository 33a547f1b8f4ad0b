//! A location's settings, and what it has taken on a day.

use std::collections::BTreeSet;

use astrolabe_core::ids::{LocationId, SellerId};
use astrolabe_core::order::assignment::AssignmentState;
use astrolabe_core::place::Location;
use astrolabe_core::service_settings::{
    Campaign, DayKey, DayPlace, DeliveryRules, PickupRules, Priority, Schedule, Service, ServiceSettings, Windows,
};
use astrolabe_core::stock::invariants::audit;
use astrolabe_core::time::{Millis, OpeningHours};
use astrolabe_core::world::{Changes, Names};

use crate::home::{Home, commit, load};
use crate::made::{NOW, assigned, assignment, location};

const DAY: i64 = 19_676;

fn key(day: i64, location: i64, service: Service) -> DayKey {
    DayKey { day, location: LocationId(location), service }
}

fn counting(loads: &[(DayKey, i64)]) -> Changes {
    Changes { day_loads: loads.to_vec(), ..Changes::default() }
}

fn of_day(day: i64) -> Names {
    Names { days: BTreeSet::from([day]), ..Names::default() }
}

pub(crate) async fn settings_come_back_with_their_location(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let night = Windows(vec![OpeningHours { opens_minute: 18 * 60, closes_minute: 2 * 60 }]);
    let busy =
        DeliveryRules { dispatch: night, priority: Priority::LAST, threshold: Some(0), ..DeliveryRules::default() };
    let campaign = Some(Campaign { starts: NOW, ends: NOW + Millis::hours(24), rules: busy });
    let usual = PickupRules { threshold: Some(9), ..PickupRules::default() };
    let service = ServiceSettings {
        delivers: false,
        delivery: Schedule { campaign, ..Schedule::default() },
        pickup: Schedule { usual, campaign: None },
        ..ServiceSettings::default()
    };
    let set = Location { service, ..location(2) };
    commit(&store, 1, Changes { locations: vec![location(1), set.clone()], ..Changes::default() }).await;
    let mut group = store.begin(SellerId(1)).await.unwrap();
    assert_eq!(group.load_seller().await.unwrap().places, vec![location(1), set.clone()]);
    drop(group);
    assert_eq!(store.location(SellerId(1), LocationId(2)).await.unwrap(), Some(set));
}

pub(crate) async fn days_come_back_whole(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let today =
        [(key(DAY, 5, Service::Delivery), 3), (key(DAY, 5, Service::Pickup), 1), (key(DAY, 6, Service::Delivery), 0)];
    commit(&store, 1, counting(&today)).await;
    commit(&store, 1, counting(&[(key(DAY + 1, 5, Service::Delivery), 7)])).await;
    commit(&store, 2, counting(&[(key(DAY, 5, Service::Delivery), 9)])).await;
    let mut loaded = load(&store, 1, of_day(DAY)).await.day_loads;
    loaded.sort_unstable();
    assert_eq!(loaded, today);
    assert_eq!(load(&store, 1, of_day(DAY + 2)).await.day_loads, Vec::new());
    commit(&store, 1, counting(&[(key(DAY, 5, Service::Delivery), 2)])).await;
    assert!(load(&store, 1, of_day(DAY)).await.day_loads.contains(&(key(DAY, 5, Service::Delivery), 2)));
}

pub(crate) async fn another_handle_learns_of_days(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let (first, second) = (key(DAY, 5, Service::Delivery), key(DAY, 6, Service::Delivery));
    commit(&store, 1, counting(&[(first, 1), (second, 1)])).await;
    let other = home.open().await;
    let known = other.begin(SellerId(1)).await.unwrap().version();
    commit(&store, 1, counting(&[(first, 2)])).await;
    let mut group = other.begin(SellerId(1)).await.unwrap();
    assert_eq!(group.changed_since(known).await.unwrap().day_loads, vec![(first, 2)]);
    assert_eq!(group.changed_since(known + 1).await.unwrap().day_loads, Vec::new());
}

pub(crate) async fn a_count_that_lies_is_found(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let place = DayPlace { day: DAY, service: Service::Delivery, confirmed: true };
    let mut offer = assignment(3, 1, 5, AssignmentState::Accepted);
    offer.day_place = Some(place);
    let changes = Changes { put_trades: vec![assigned(1)], put_assignments: vec![offer], ..Changes::default() };
    commit(&store, 1, changes).await;
    let violated = async || {
        let snapshot = store.stock_snapshot(SellerId(1), NOW).await.unwrap();
        let found = audit(&snapshot).into_iter().filter(|violation| violation.id == "INV-CAPACITY-1");
        found.map(|violation| violation.detail).collect::<Vec<_>>()
    };
    assert_eq!(violated().await, vec![format!("location 5, day {DAY}, delivery: 0 counted, 1 placed")]);
    commit(&store, 1, counting(&[(key(DAY, 5, Service::Delivery), 1)])).await;
    assert_eq!(violated().await, Vec::<String>::new());
}
