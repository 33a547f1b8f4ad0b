//! What is read step by step against a recount that sees all facts at once, in whatever order and steps they came; and
//! one life of an order with every figure it must leave.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::ids::{AllocationCode, AppKey, LocationId, Oid, Tid};
use crate::order::timeline::{Actor, Fact, TimelineFact, Via};
use crate::stock::book::Moment;
use crate::time::{Millis, Timestamp};

const STORE: i64 = 1;
const WAREHOUSE: i64 = 9;
const MINUTE: i64 = 60_000;

fn warehouses() -> BTreeSet<LocationId> {
    BTreeSet::from([LocationId(WAREHOUSE)])
}

fn app(via: Via) -> Actor {
    Actor::App { key: AppKey("pos".to_owned()), operator: String::new(), via }
}

/// `code` 0: of the sub-order; `oid` 0: of the trade. Times in minutes.
fn fact(oid: i64, code: i64, fact: Fact, request: i64, who: Actor, (happened, learnt): (i64, i64)) -> TimelineFact {
    let location = if code % 2 == 0 { STORE } else { WAREHOUSE };
    TimelineFact {
        tid: Tid(1),
        oid: (oid != 0).then_some(Oid(oid)),
        code: (code != 0).then_some(AllocationCode(code)),
        fact,
        request,
        location: (code != 0).then_some(LocationId(location)),
        who,
        at: Moment { happened: Timestamp(happened * MINUTE), learnt: Timestamp(learnt * MINUTE) },
        detail: None,
    }
}

fn read_all(facts: &[TimelineFact]) -> Vec<Sample> {
    let mut history = TradeHistory::default();
    facts.iter().flat_map(|fact| history.read(fact, &warehouses())).collect()
}

fn told(samples: &[Sample]) -> BTreeMap<Metric, Vec<i64>> {
    let mut told: BTreeMap<Metric, Vec<i64>> = BTreeMap::new();
    for sample in samples {
        told.entry(sample.metric).or_default().push(sample.took.map_or(-1, |took| took.0 / MINUTE));
    }
    told
}

#[test]
fn a_refused_and_rerouted_order_leaves_these_figures() {
    let pos = || app(Via::OwnCall);
    let facts = [
        fact(0, 0, Fact::Paid, 0, Actor::Channel, (0, 1)),
        fact(11, 2, Fact::Allocated, 0, Actor::Platform, (3, 3)),
        fact(11, 2, Fact::Refused, 0, pos(), (5, 12)),
        fact(11, 4, Fact::Allocated, 0, app(Via::StatusSync), (12, 13)),
        fact(11, 4, Fact::Accepted, 0, pos(), (20, 21)),
        fact(11, 4, Fact::ToSystem, 0, pos(), (21, 21)),
        fact(11, 4, Fact::RefundAsked, 7, Actor::Channel, (22, 22)),
        fact(11, 4, Fact::CancelDenied, 7, pos(), (25, 25)),
        fact(11, 4, Fact::Shipped, 0, pos(), (30, 31)),
        fact(11, 4, Fact::ShipmentCorrected, 3, pos(), (31, 31)),
        fact(11, 4, Fact::Signed, 0, Actor::Channel, (90, 90)),
        fact(11, 4, Fact::ReturnAsked, 8, Actor::Channel, (100, 100)),
        fact(11, 4, Fact::Returned, 8, pos(), (150, 150)),
    ];
    let expected = BTreeMap::from([
        (Metric::Allocation, vec![3]),
        (Metric::Reallocation, vec![7]),
        (Metric::Notice, vec![1]),
        (Metric::Acceptance, vec![8]),
        (Metric::Shipping, vec![10]),
        (Metric::Logistics, vec![60]),
        (Metric::RefundAnswer, vec![3]),
        (Metric::ReturnReceipt, vec![50]),
        (Metric::StatusAllocated, vec![1]),
        (Metric::CallAccepted, vec![1]),
        (Metric::CallConsigned, vec![1]),
        (Metric::CallRefused, vec![7]),
        (Metric::SubOrders, vec![-1]),
        (Metric::SubOrdersToStores, vec![-1]),
        (Metric::Offers, vec![-1, -1]),
        (Metric::OffersAccepted, vec![-1]),
        (Metric::OffersRefused, vec![-1]),
        (Metric::ShippedByApp, vec![-1]),
        (Metric::ToSystemReported, vec![-1]),
    ]);
    assert_eq!(told(&read_all(&facts)), expected);
}

#[test]
fn warehouses_are_offered_nothing_and_accept_nothing() {
    let facts = [
        fact(0, 0, Fact::Paid, 0, Actor::Channel, (0, 0)),
        fact(11, 3, Fact::Allocated, 0, Actor::Platform, (2, 2)),
        fact(11, 3, Fact::Accepted, 0, app(Via::OwnCall), (9, 9)),
        fact(11, 3, Fact::Shipped, 0, app(Via::OwnCall), (9, 9)),
    ];
    let expected = BTreeMap::from([
        (Metric::Allocation, vec![2]),
        (Metric::WarehouseShipping, vec![7]),
        (Metric::CallConsigned, vec![0]),
        (Metric::SubOrders, vec![-1]),
        (Metric::ShippedByApp, vec![-1]),
    ]);
    assert_eq!(told(&read_all(&facts)), expected);
}

#[test]
fn a_trade_that_is_not_ours_counts_nowhere_and_a_pickup_is_an_offer() {
    assert!(read_all(&[fact(0, 0, Fact::PassedOn, 0, Actor::Platform, (0, 0))]).is_empty());
    let facts = [
        fact(0, 0, Fact::Paid, 0, Actor::Channel, (0, 0)),
        fact(11, 2, Fact::Allocated, 0, Actor::Platform, (0, 0)),
        fact(11, 2, Fact::Confirmed, 0, Actor::Keeper { user: "k".into(), store: LocationId(STORE) }, (5, 5)),
        fact(11, 2, Fact::Collected, 0, Actor::Keeper { user: "k".into(), store: LocationId(STORE) }, (65, 65)),
    ];
    let told = told(&read_all(&facts));
    assert_eq!((told.get(&Metric::Confirmation), told.get(&Metric::Collection)), (Some(&vec![5]), Some(&vec![60])));
    assert_eq!((told.get(&Metric::OffersAccepted), told.get(&Metric::ShippedByApp)), (Some(&vec![-1]), None));
}

#[test]
fn a_late_older_fact_goes_to_its_own_day() {
    let day = 24 * 60;
    let mut figures = Figures::default();
    let facts = [
        fact(11, 2, Fact::Shipped, 0, Actor::Platform, (day + 30, day + 30)),
        fact(11, 2, Fact::Accepted, 0, app(Via::OwnCall), (10, 3 * day)),
        fact(11, 2, Fact::Allocated, 0, Actor::Platform, (5, 4 * day)),
    ];
    for sample in read_all(&facts) {
        figures.add(&sample, &Region::default());
    }
    let of = |metric| {
        let whole = |key: &FigureKey| key.metric == metric && key.cut == Cut::Whole && key.grain == Grain::Day;
        let found: Vec<_> = figures.iter().filter(|(key, _)| whole(key)).collect();
        assert_eq!(found.len(), 1, "{metric:?}");
        (found[0].0.start, found[0].1.sum_ms / MINUTE)
    };
    assert_eq!(of(Metric::Shipping), (1, day + 20));
    assert_eq!(of(Metric::Acceptance), (0, 5));
    assert_eq!((of(Metric::Offers).0, of(Metric::OffersAccepted).0), (0, 0), "an outcome belongs to its offer's day");
}

const DRAWN: [Fact; 18] = [
    Fact::Paid,
    Fact::Allocated,
    Fact::Accepted,
    Fact::Refused,
    Fact::Unanswered,
    Fact::GaveBack,
    Fact::Withdrawn,
    Fact::RefundAsked,
    Fact::CancelConfirmed,
    Fact::CancelDenied,
    Fact::Shipped,
    Fact::ShipmentCorrected,
    Fact::Signed,
    Fact::Confirmed,
    Fact::Collected,
    Fact::ReturnAsked,
    Fact::Returned,
    Fact::ToSystem,
];

fn any_fact() -> impl Strategy<Value = TimelineFact> {
    let who =
        prop_oneof![Just(Actor::Platform), Just(app(Via::Other)), Just(app(Via::OwnCall)), Just(app(Via::StatusSync)),];
    (0..DRAWN.len(), 1_i64..3, 1_i64..3, 0_i64..3, who, 0_i64..5_000, 0_i64..20).prop_map(
        |(which, oid, offer, level, who, happened, late)| {
            let at = (happened, happened + late);
            let drawn = DRAWN[which];
            if drawn == Fact::Paid {
                return fact(0, 0, Fact::Paid, 0, who, at);
            }
            if drawn == Fact::ToSystem && level == 0 {
                return fact(oid, 0, Fact::ToSystem, 0, who, at);
            }
            let asked =
                [Fact::RefundAsked, Fact::CancelConfirmed, Fact::CancelDenied, Fact::ReturnAsked, Fact::Returned];
            let request = if asked.contains(&drawn) { 1 + level % 2 } else { 0 };
            // The sub-order's offers: 10·oid + 1 is a warehouse's, + 2 a store's.
            fact(oid, 10 * oid + offer, drawn, request, who, at)
        },
    )
}

/// A timeline as the database has it: each fact once.
fn any_timeline() -> impl Strategy<Value = Vec<TimelineFact>> {
    proptest::collection::vec(any_fact(), 0..60).prop_map(|mut facts| {
        let mut seen = BTreeSet::new();
        facts.retain(|fact| seen.insert((fact.oid, fact.code, fact.fact, fact.request)));
        facts
    })
}

/// Counts of each metric, and the sum of its durations.
#[derive(Default)]
struct Tally(BTreeMap<Metric, (i64, i64)>);

impl Tally {
    fn note(&mut self, metric: Metric, ms: i64) {
        let figure = self.0.entry(metric).or_insert((0, 0));
        *figure = (figure.0 + 1, figure.1 + ms.max(0));
    }

    fn pair(&mut self, metric: Metric, from: Option<&TimelineFact>, to: Option<&TimelineFact>) {
        if let (Some(from), Some(to)) = (from, to) {
            self.note(metric, (to.at.happened - from.at.happened).0);
        }
    }

    fn note_if(&mut self, metric: Metric, is_so: bool) {
        if is_so {
            self.note(metric, 0);
        }
    }
}

fn of_store(fact: &TimelineFact) -> bool {
    fact.location != Some(LocationId(WAREHOUSE))
}

/// From all facts at once. Written from the definitions in `docs/kpis.md`, not from the reader.
fn recount(facts: &[TimelineFact]) -> BTreeMap<Metric, (i64, i64)> {
    let mut tally = Tally::default();
    let codes: BTreeSet<_> = facts.iter().filter_map(|fact| fact.code).collect();
    for code in codes {
        let all: Vec<_> = facts.iter().filter(|fact| fact.code == Some(code)).collect();
        recount_hops(&all, &mut tally);
        recount_outcomes(&all, &mut tally);
        recount_reports(facts, &all, &mut tally);
    }
    let paid = facts.iter().find(|fact| fact.fact == Fact::Paid);
    let oids: BTreeSet<_> = facts.iter().filter_map(|fact| fact.oid).collect();
    for oid in oids.into_iter().filter(|_| paid.is_some()) {
        let of_line = facts.iter().filter(|fact| fact.oid == Some(oid));
        let allocated: Vec<_> = of_line.filter(|fact| fact.fact == Fact::Allocated).collect();
        tally.note(Metric::SubOrders, 0);
        tally.pair(Metric::Allocation, paid, allocated.first().copied());
        tally.note_if(Metric::SubOrdersToStores, allocated.iter().any(|fact| of_store(fact)));
    }
    tally.0
}

fn recount_hops(all: &[&TimelineFact], tally: &mut Tally) {
    let get = |kind, request| all.iter().copied().find(|fact| (fact.fact, fact.request) == (kind, request));
    let (allocated, accepted, shipped) = (get(Fact::Allocated, 0), get(Fact::Accepted, 0), get(Fact::Shipped, 0));
    if of_store(all[0]) {
        tally.pair(Metric::Acceptance, allocated, accepted);
        tally.pair(Metric::Shipping, accepted, shipped);
    } else {
        tally.pair(Metric::WarehouseShipping, allocated, shipped);
    }
    tally.pair(Metric::Logistics, shipped, get(Fact::Signed, 0));
    tally.pair(Metric::Confirmation, allocated, get(Fact::Confirmed, 0));
    tally.pair(Metric::Collection, get(Fact::Confirmed, 0), get(Fact::Collected, 0));
    for request in 1..=2 {
        tally.pair(Metric::ReturnReceipt, get(Fact::ReturnAsked, request), get(Fact::Returned, request));
    }
}

fn recount_outcomes(all: &[&TimelineFact], tally: &mut Tally) {
    let any = |kinds: &[Fact]| all.iter().any(|fact| kinds.contains(&fact.fact));
    if !of_store(all[0]) || !any(&[Fact::Allocated]) {
        return;
    }
    tally.note(Metric::Offers, 0);
    tally.note_if(Metric::OffersAccepted, any(&[Fact::Accepted, Fact::Confirmed]));
    tally.note_if(Metric::OffersRefused, any(&[Fact::Refused]));
    tally.note_if(Metric::OffersUnanswered, any(&[Fact::Unanswered]));
    tally.note_if(Metric::OffersWithdrawn, any(&[Fact::Withdrawn]));
    tally.note_if(Metric::OffersGivenBack, any(&[Fact::GaveBack]));
}

fn recount_reports(facts: &[TimelineFact], all: &[&TimelineFact], tally: &mut Tally) {
    for fact in all {
        let Actor::App { via, .. } = &fact.who else { continue };
        let late = (fact.at.learnt - fact.at.happened).0;
        let is = |wanted, kind| *via == wanted && fact.fact == kind;
        if is(Via::StatusSync, Fact::Allocated) {
            tally.note(Metric::StatusAllocated, late);
        } else if is(Via::StatusSync, Fact::Accepted) && of_store(fact) {
            tally.note(Metric::StatusAccepted, late);
        } else if is(Via::OwnCall, Fact::Allocated) {
            tally.note(Metric::CallAllocated, late);
        } else if is(Via::OwnCall, Fact::Accepted) && of_store(fact) {
            tally.note(Metric::CallAccepted, late);
        } else if is(Via::OwnCall, Fact::Shipped) {
            tally.note(Metric::CallConsigned, late);
        } else if is(Via::OwnCall, Fact::Refused) || is(Via::OwnCall, Fact::GaveBack) {
            tally.note(Metric::CallRefused, late);
        }
        if fact.fact == Fact::Shipped {
            tally.note(Metric::ShippedByApp, 0);
            let same =
                |other: &TimelineFact| other.code == fact.code || (other.code.is_none() && other.oid == fact.oid);
            let told = facts.iter().any(|other| other.fact == Fact::ToSystem && same(other));
            tally.note_if(Metric::ToSystemReported, told);
        }
    }
}

/// As [`recount`], of figures; without what only the order of writing defines.
fn totals(figures: &Figures, grain: Grain, of: impl Fn(&Cut) -> bool) -> BTreeMap<Metric, (i64, i64)> {
    let mut totals: BTreeMap<Metric, (i64, i64)> = BTreeMap::new();
    let ordered = [Metric::Notice, Metric::Reallocation, Metric::RefundAnswer];
    for (key, measure) in figures.iter() {
        if key.grain == grain && of(&key.cut) && !ordered.contains(&key.metric) {
            let total = totals.entry(key.metric).or_insert((0, 0));
            *total = (total.0 + measure.count, total.1 + measure.sum_ms);
        }
    }
    totals
}

proptest! {
    #[test]
    fn any_steps_give_what_a_recount_gives(facts in any_timeline(), step in 1_usize..12) {
        let region = Region { province: "浙江省".to_owned(), city: "杭州市".to_owned() };
        let mut in_steps = Figures::default();
        for from in (0..facts.len()).step_by(step) {
            // Each step starts from nothing but what is written, as a worker does.
            let mut history = TradeHistory::default();
            for fact in &facts[..from] {
                history.read(fact, &warehouses());
            }
            let mut figures = Figures::default();
            for fact in facts.iter().skip(from).take(step) {
                for sample in history.read(fact, &warehouses()) {
                    figures.add(&sample, &region);
                }
            }
            in_steps.merge(figures);
        }
        let mut at_once = Figures::default();
        for sample in read_all(&facts) {
            at_once.add(&sample, &region);
        }
        prop_assert_eq!(&in_steps, &at_once, "steps of {} differ", step);
        let expected = recount(&facts);
        for grain in Grain::ALL {
            prop_assert_eq!(&totals(&in_steps, grain, |cut| *cut == Cut::Whole), &expected);
            prop_assert_eq!(&totals(&in_steps, grain, |cut| matches!(cut, Cut::Region(_))), &expected);
            // Sub-orders are no place's and no app's.
            let placed = expected.clone().into_iter();
            let placed: BTreeMap<_, _> = placed.filter(|(metric, _)| !metric.is_of_sub_orders()).collect();
            prop_assert_eq!(&totals(&in_steps, grain, |cut| matches!(cut, Cut::Place { .. })), &placed);
            prop_assert_eq!(&totals(&in_steps, grain, |cut| matches!(cut, Cut::App(_))), &placed);
        }
    }

    #[test]
    fn a_fact_that_comes_again_changes_nothing(facts in any_timeline()) {
        let twice: Vec<_> = facts.iter().flat_map(|fact| [fact.clone(), fact.clone()]).collect();
        prop_assert_eq!(read_all(&facts), read_all(&twice));
    }
}

#[test]
fn nothing_is_taken_for_negative() {
    let samples = read_all(&[
        fact(0, 0, Fact::Paid, 0, Actor::Channel, (50, 50)),
        fact(11, 2, Fact::Allocated, 0, Actor::Platform, (3, 3)),
    ]);
    assert!(samples.iter().all(|sample| sample.took.is_none_or(|took| took >= Millis(0))));
}
