//! What becomes of a line that nobody ships, and why.

use astrolabe_core::geo::Point;
use astrolabe_core::goods::{Component, Item};
use astrolabe_core::ids::{ALL_CHANNELS, ItemId, LocationId, Oid, ScItemId, StoreCode, TMALL};
use astrolabe_core::order::trade::{Exclusion, ExclusionReason};
use astrolabe_core::place::{Location, LocationCard, LocationKind, Places, StoreStatus, StoreType};
use astrolabe_core::routing::{Ask, Outcome, Reason, RouterSettings, Snapshot, Supply, check_plan, choose, gather};
use astrolabe_core::service_settings::{DeliveryRules, Schedule, ServiceSettings, Windows};
use astrolabe_core::stock::article::ArticleStock;
use astrolabe_core::stock::book::Stock;
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::time::{OpeningHours, Timestamp};
use astrolabe_core::world::DayLoads;

/// One store and what is asked of it.
#[derive(Clone, Copy)]
struct Case {
    status: StoreStatus,
    deleted: bool,
    bound: bool,
    refused: Option<ExclusionReason>,
    left_out: bool,
    certain: i64,
    uncertain: i64,
    suspect: bool,
    wanted: i64,
    safety: i64,
    unfilled: i64,
    known: bool,
    service: fn() -> ServiceSettings,
}

const FINE: Case = Case {
    status: StoreStatus::Normal,
    deleted: false,
    bound: true,
    refused: None,
    left_out: false,
    certain: 0,
    uncertain: 5,
    suspect: false,
    wanted: 2,
    safety: 0,
    unfilled: 30_000_000,
    known: true,
    service: ServiceSettings::default,
};

const STORE: LocationId = LocationId(8);
const ARTICLE: ScItemId = ScItemId(3);

fn decide(case: Case) -> (Outcome, Vec<(Reason, u32)>) {
    let mut places = Places::default();
    places.put(Location {
        id: STORE,
        kind: LocationKind::Store { store_type: StoreType::Normal, code: StoreCode("A".into()) },
        name: "A".into(),
        status: case.status,
        hours: OpeningHours::ALWAYS,
        service: (case.service)(),
        point: Some(Point::from_degrees(31.2, 121.4)),
        deleted: case.deleted,
        card: LocationCard::default(),
    });
    let cell = |class, on_hand| {
        let cell = StockCell { on_hand, suspect: case.suspect, ..StockCell::default() };
        (CellKey::of(ARTICLE, STORE, class, TMALL), cell)
    };
    let cells = [cell(StockClass::Certain, case.certain), cell(StockClass::Uncertain, case.uncertain)];
    assert_eq!(cells[1].0.channel, ALL_CHANNELS);
    let mut stock = Stock::default();
    stock.load(ArticleStock::new(ARTICLE, cells, []));
    let mut item = Item::unknown(ItemId(1));
    if case.bound {
        item.bound.insert(STORE);
    }
    let components = [Component { sc_item: ARTICLE, per_unit: 1 }];
    let excluded: Vec<Exclusion> =
        case.refused.into_iter().map(|why| Exclusion { location: STORE, why, at: Timestamp(0) }).collect();
    let ask = Ask {
        oid: Oid(1),
        units: case.wanted,
        item: Some(&item),
        components: if case.known { &components } else { &[] },
        excluded: &excluded,
        left_out: if case.left_out { &[STORE] } else { &[] },
    };
    let input = gather(
        &Snapshot {
            places: &places,
            stock: &stock,
            day_loads: &DayLoads::default(),
            is_offer: true,
            channel: TMALL,
            settings: RouterSettings {
                safety_stock: case.safety,
                unfilled: case.unfilled,
                ..RouterSettings::default()
            },
            split_quantity: false,
            destination: Some(Point::from_degrees(31.3, 121.4)),
            reservations: &[],
            version: 1,
            now: Timestamp(0),
        },
        &[ask],
    );
    let plan = choose(&input);
    assert_eq!(check_plan(&input, &plan), Ok(plan.cost));
    (plan.lines[0].outcome, input.lines[0].misses.clone())
}

fn switched_off() -> ServiceSettings {
    ServiceSettings { delivers: false, ..ServiceSettings::default() }
}

fn delivering(usual: DeliveryRules) -> ServiceSettings {
    ServiceSettings { delivery: Schedule { usual, campaign: None }, ..ServiceSettings::default() }
}

/// The tests' hour is eight in the morning: the location works, or is offered orders, from nine on.
fn shut_at_eight(working: bool) -> ServiceSettings {
    let from_nine = Windows(vec![OpeningHours { opens_minute: 9 * 60, closes_minute: 12 * 60 }]);
    delivering(match working {
        true => DeliveryRules { working: from_nine, ..DeliveryRules::default() },
        false => DeliveryRules { dispatch: from_nine, ..DeliveryRules::default() },
    })
}

fn limited(threshold: i64) -> ServiceSettings {
    delivering(DeliveryRules { threshold: Some(threshold), ..DeliveryRules::default() })
}

#[test]
fn an_unshipped_line_says_what_kept_it() {
    let table: [(&str, Case, Outcome, Option<Reason>); 23] = [
        ("fine", FINE, Outcome::Allocated, None),
        ("on hold", Case { status: StoreStatus::Hold, ..FINE }, Outcome::Closed, Some(Reason::OnHold)),
        ("shut", Case { status: StoreStatus::Close, ..FINE }, Outcome::Closed, Some(Reason::Shut)),
        (
            "on hold and empty",
            Case { status: StoreStatus::Hold, uncertain: 1, ..FINE },
            Outcome::NoStock,
            Some(Reason::TooFew),
        ),
        ("switched off", Case { service: switched_off, ..FINE }, Outcome::Closed, Some(Reason::SwitchedOff)),
        (
            "taking no orders",
            Case { service: || shut_at_eight(true), ..FINE },
            Outcome::Closed,
            Some(Reason::OutsideWorkingTime),
        ),
        (
            "offered nothing",
            Case { service: || shut_at_eight(false), ..FINE },
            Outcome::Closed,
            Some(Reason::OutsideDispatchTime),
        ),
        ("day full", Case { service: || limited(0), ..FINE }, Outcome::NoCapacity, Some(Reason::DayFull)),
        ("room for one", Case { service: || limited(1), ..FINE }, Outcome::Allocated, None),
        ("off and empty", Case { service: switched_off, uncertain: 1, ..FINE }, Outcome::NoStock, Some(Reason::TooFew)),
        ("deleted", Case { deleted: true, ..FINE }, Outcome::NoStock, Some(Reason::Deleted)),
        ("not bound", Case { bound: false, ..FINE }, Outcome::NoStock, Some(Reason::NotBound)),
        (
            "refused",
            Case { refused: Some(ExclusionReason::Refused), ..FINE },
            Outcome::NoCapacity,
            Some(Reason::RefusedBefore),
        ),
        (
            "silent",
            Case { refused: Some(ExclusionReason::NoAnswer), ..FINE },
            Outcome::NoCapacity,
            Some(Reason::SilentBefore),
        ),
        (
            "gave back",
            Case { refused: Some(ExclusionReason::GaveBack), ..FINE },
            Outcome::NoCapacity,
            Some(Reason::GaveBackBefore),
        ),
        ("left out", Case { left_out: true, ..FINE }, Outcome::NoCapacity, Some(Reason::LeftOut)),
        ("too few", Case { wanted: 6, ..FINE }, Outcome::NoStock, Some(Reason::TooFew)),
        ("both classes together", Case { wanted: 6, certain: 1, ..FINE }, Outcome::Allocated, None),
        ("nothing", Case { uncertain: 0, ..FINE }, Outcome::NoStock, None),
        ("suspect", Case { suspect: true, ..FINE }, Outcome::NoStock, None),
        ("safety stock", Case { safety: 4, ..FINE }, Outcome::NoStock, Some(Reason::TooFew)),
        ("safety stock spares certain units", Case { safety: 9, certain: 2, ..FINE }, Outcome::Allocated, None),
        ("dearer than leaving it", Case { unfilled: 1_000, ..FINE }, Outcome::NoCapacity, None),
    ];
    for (name, case, outcome, reason) in table {
        let misses: Vec<(Reason, u32)> = reason.map(|reason| (reason, 1)).into_iter().collect();
        assert_eq!(decide(case), (outcome, misses), "{name}");
    }
}

#[test]
fn what_cannot_be_decided_is_never_no_stock() {
    let unknown = decide(Case { known: false, ..FINE });
    assert_eq!(unknown, (Outcome::DataUnknown, Vec::new()));
    let senseless = decide(Case { unfilled: -1, ..FINE });
    assert_eq!(senseless.0, Outcome::RuleError);
    assert!(!unknown.0.may_reach_a_customer() && !senseless.0.may_reach_a_customer());
    let refused = Supply::Refused(Reason::NotBound);
    assert_eq!((refused.available(), refused.held()), (0, 0));
}
