//! Gathering a few candidates loses nothing against looking at every location.

use astrolabe_core::geo::Point;
use astrolabe_core::goods::Component;
use astrolabe_core::ids::{ALL_CHANNELS, ReservationId, ScItemId, Tid};
use astrolabe_core::order::trade::{Exclusion, ExclusionReason};
use astrolabe_core::routing::{
    Ask, Reason, RouterSettings, Snapshot, Supply, Why, check_plan, choose, explain, gather, gather_all,
};
use astrolabe_core::stock::cell::{CellKey, StockClass};
use astrolabe_core::stock::hold::{Reservation, Role};
use astrolabe_core::time::Timestamp;

use crate::town::{Dice, Plot, Town, destination};

/// Weights as a merchant might set them: sometimes distance rules, sometimes splits, sometimes scarcity.
fn settings(dice: &mut Dice) -> RouterSettings {
    RouterSettings {
        per_km: [600, 6_000, 60_000][dice.below(3) as usize],
        split: [0, 200_000, 800_000][dice.below(3) as usize],
        scarcity: [0, 100_000, 2_000_000][dice.below(3) as usize],
        safety_stock: dice.below(3),
        packages_max: dice.below(4) as u8,
        unfilled: [300_000, 30_000_000][dice.below(2) as usize],
        ..RouterSettings::default()
    }
}

fn components(dice: &mut Dice, articles: i64) -> Vec<Component> {
    let mut parts = vec![Component { sc_item: ScItemId(dice.below(articles)), per_unit: 1 }];
    if dice.chance(15) {
        parts.push(Component { sc_item: ScItemId(dice.below(articles)), per_unit: 2 });
    }
    parts
}

fn hold(town: &Town, dice: &mut Dice, ask: &Ask<'_>) -> Reservation {
    let places: Vec<_> = town.places.all().map(|place| place.id).collect();
    let location = places[dice.below(places.len() as i64) as usize];
    let sc_item = ask.components[0].sc_item;
    Reservation {
        id: ReservationId(1),
        tid: Tid(1),
        oid: ask.oid,
        code: None,
        cell: CellKey { sc_item, location, class: StockClass::Uncertain, channel: ALL_CHANNELS },
        role: Role::Primary,
        units: 1 + dice.below(ask.units),
        made_at: Timestamp(0),
    }
}

/// One order of a town, asked about in both ways.
fn compare(town: &Town, dice: &mut Dice, label: &str) -> (i64, i64) {
    let articles = town.items.len() as i64;
    let parts: Vec<Vec<Component>> = (0..1 + dice.below(5)).map(|_| components(dice, articles)).collect();
    let units: Vec<i64> = parts.iter().map(|_| 1 + dice.below(3)).collect();
    let asks: Vec<Ask<'_>> =
        parts.iter().zip(&units).zip(0..).map(|((parts, units), oid)| town.ask(oid, *units, parts)).collect();
    let reservations = if dice.chance(50) { vec![hold(town, dice, &asks[0])] } else { Vec::new() };
    let snapshot = Snapshot { reservations: &reservations, ..town.snapshot(settings(dice), destination(dice)) };
    let (few, all) = (gather(&snapshot, &asks), gather_all(&snapshot, &asks));
    let (plan_few, plan_all) = (choose(&few), choose(&all));
    assert_eq!(check_plan(&few, &plan_few), Ok(plan_few.cost), "{label}");
    assert_eq!(check_plan(&all, &plan_all), Ok(plan_all.cost), "{label}");
    let saved = plan_few.cost.total() - plan_all.cost.total();
    match few.cut {
        None => assert_eq!(saved, 0, "{label}: {few:?}\n{plan_few:?}\n{plan_all:?}"),
        Some(cut) => assert!(plan_all.cost.total() >= cut.floor, "{label}: below the floor"),
    }
    let outcomes =
        |lines: &[astrolabe_core::routing::LinePlan]| lines.iter().map(|line| line.outcome).collect::<Vec<_>>();
    if few.cut.is_none() && parts.len() == 1 {
        assert_eq!(outcomes(&plan_few.lines), outcomes(&plan_all.lines), "{label}");
    }
    (few.candidates.len() as i64, all.candidates.len() as i64)
}

#[test]
fn few_candidates_cost_no_more_than_all_of_300_stores() {
    let (mut few, mut all) = (0, 0);
    for seed in 0..60 {
        let dice = &mut Dice::new(seed);
        let plot = Plot {
            stores: 300,
            warehouses: dice.below(4),
            articles: 4,
            stocked: [2, 10, 30, 70, 100][dice.below(5) as usize],
            depth: [2, 5, 30][dice.below(3) as usize],
            warehoused: 70,
        };
        let town = Town::build(dice, plot);
        for order in 0..20 {
            let (of_few, of_all) = compare(&town, dice, &format!("seed {seed} order {order}"));
            few += of_few;
            all += of_all;
        }
    }
    assert!(few * 3 < all, "gathering looked at {few} of {all} candidates: it hardly cut anything");
}

#[test]
fn few_candidates_cost_no_more_than_all_of_3000_stores() {
    for (seed, stocked) in [(1, 1), (2, 8), (3, 35), (4, 90)] {
        let dice = &mut Dice::new(seed);
        let plot = Plot { stores: 3_000, warehouses: 2, articles: 5, stocked, depth: 6, warehoused: 50 };
        let town = Town::build(dice, plot);
        for order in 0..25 {
            compare(&town, dice, &format!("{stocked} % order {order}"));
        }
    }
}

#[test]
fn every_location_not_chosen_has_its_reason() {
    let dice = &mut Dice::new(11);
    let plot = Plot { stores: 200, warehouses: 2, articles: 3, stocked: 60, depth: 3, warehoused: 100 };
    let town = Town::build(dice, plot);
    let parts = [Component { sc_item: ScItemId(1), per_unit: 1 }];
    let refused: Vec<Exclusion> = town
        .places
        .all()
        .take(9)
        .map(|place| Exclusion { location: place.id, why: ExclusionReason::Refused, at: Timestamp(0) })
        .collect();
    let asks = [Ask { excluded: &refused, ..town.ask(1, 2, &parts) }];
    let snapshot = town.snapshot(RouterSettings::default(), Some(Point::from_degrees(31.2, 121.4)));
    let input = gather(&snapshot, &asks);
    let plan = choose(&input);
    let explained = explain(&snapshot, &asks, &plan);
    assert_eq!(explained.len(), town.places.all().count(), "every live location");
    let all = gather_all(&snapshot, &asks);
    let mut chosen = 0;
    let mut reasons = std::collections::BTreeSet::new();
    for explanation in &explained {
        let why = explanation.lines[0];
        assert!(!why.en().is_empty() && !why.zh().is_empty());
        match why {
            Why::Chosen { units } => {
                assert_eq!(units, 2);
                chosen += 1;
            }
            Why::Dearer { alone, chosen } => {
                assert!(Some(alone) >= chosen, "a cheaper one was passed over");
                assert!(all.candidate(explanation.location).is_some());
            }
            Why::Refused(reason) => {
                reasons.insert(reason);
                let supply = all.candidate(explanation.location).map(|candidate| candidate.supply[0]);
                assert!(!matches!(supply, Some(Supply::Units { available: 2.., .. })), "{explanation:?}");
            }
            Why::LineUnknown => panic!("the line is known"),
        }
    }
    assert_eq!(chosen, 1);
    let expected = [
        Reason::OnHold,
        Reason::Shut,
        Reason::RefusedBefore,
        Reason::NotBound,
        Reason::Suspect,
        Reason::NoStock,
        Reason::TooFew,
    ];
    for reason in expected {
        assert!(reasons.contains(&reason), "{reason} never happened: the town is too kind");
    }
}
