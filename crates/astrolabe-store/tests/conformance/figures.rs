//! The timeline as a log for readers, and the figures that one of them keeps: counted once, added up as asked, of one seller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use astrolabe_core::ids::{LocationId, SellerId, Tid};
use astrolabe_core::kpi::{Figures, Grain, Measure, Metric, Region, Sample, Span, spans};
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::Changes;
use astrolabe_store::{FactPlace, FigureGroup, FigureQuery, FiguresBy, FiguresOf, Store, TimelineReader};

use crate::home::{Home, commit};
use crate::made::{NOW, fact, trade};

const SELLER: SellerId = SellerId(1);
const DAY_MS: i64 = 86_400_000;
/// 2024-02-28.
const DAY: i64 = 19_781;

fn facts(tids: &[i64], kind: Fact) -> Changes {
    let told = |tid: &i64| fact(*tid, kind, (kind != Fact::Paid).then_some(tid * 100), NOW);
    Changes { timeline: tids.iter().map(told).collect(), ..Changes::default() }
}

fn sample(metric: Metric, day: i64, minutes: Option<i64>, location: i64, app: &str) -> Sample {
    let at = Timestamp(day * DAY_MS);
    Sample { metric, at, took: minutes.map(Millis::minutes), location: LocationId(location), app: app.to_owned() }
}

fn region(province: &str, city: &str) -> Region {
    Region { province: province.to_owned(), city: city.to_owned() }
}

fn counted(samples: &[(Sample, Region)]) -> Figures {
    let mut figures = Figures::default();
    for (sample, region) in samples {
        figures.add(sample, region);
    }
    figures
}

fn place(version: i64) -> FactPlace {
    FactPlace { version, n: 0 }
}

/// Counts and sums in minutes, by group.
async fn asked(
    store: &Arc<dyn Store>,
    seller: i64,
    (from, to): (i64, i64),
    of: FiguresOf,
    by: FiguresBy,
) -> Vec<(FigureGroup, i64, i64)> {
    let query = FigureQuery { metrics: vec![Metric::Acceptance], spans: spans(from, to), of, by };
    let found = store.figures(SellerId(seller), &query).await.unwrap();
    found.into_iter().map(|((group, _), measure)| (group, measure.count, measure.sum_ms / 60_000)).collect()
}

pub(crate) async fn readers_follow_the_timeline(home: &Home) {
    let store = home.with_sellers(&[1, 2, 3]).await;
    let behind = async || store.sellers_behind(TimelineReader::Kpi, 10).await.unwrap();
    assert!(behind().await.is_empty());
    commit(&store, 2, facts(&[1, 2], Fact::Paid)).await;
    commit(&store, 2, Changes::default()).await;
    commit(&store, 2, facts(&[1], Fact::Allocated)).await;
    commit(&store, 1, facts(&[9], Fact::Paid)).await;
    assert_eq!(behind().await, [SELLER, SellerId(2)]);
    assert_eq!(store.sellers_behind(TimelineReader::Kpi, 1).await.unwrap(), [SELLER]);

    let two = SellerId(2);
    assert_eq!(store.reader_place(two, TimelineReader::Kpi).await.unwrap(), FactPlace::default());
    let all = store.facts_after(two, FactPlace::default(), 10).await.unwrap();
    let seen: Vec<_> = all.iter().map(|one| (one.fact.tid.0, one.fact.fact)).collect();
    assert_eq!(seen, [(1, Fact::Paid), (2, Fact::Paid), (1, Fact::Allocated)]);
    assert_eq!(all[2].fact, fact(1, Fact::Allocated, Some(100), NOW), "as it was written");
    assert!(all.windows(2).all(|pair| pair[0].place < pair[1].place));
    assert_eq!(store.facts_after(two, FactPlace::default(), 1).await.unwrap(), all[..1], "a place within a group");
    assert_eq!(store.facts_after(two, all[0].place, 10).await.unwrap(), all[1..]);

    let moved = store.add_figures(two, FactPlace::default(), all[1].place, &Figures::default()).await.unwrap();
    assert!(moved);
    assert_eq!(store.reader_place(two, TimelineReader::Kpi).await.unwrap(), all[1].place);
    assert_eq!(behind().await, [SELLER, two], "one fact is left");
    assert!(store.add_figures(two, all[1].place, all[2].place, &Figures::default()).await.unwrap());
    assert_eq!(behind().await, [SELLER]);
    let other = store.sellers_behind(TimelineReader::Settlement, 10).await.unwrap();
    assert_eq!(other, [SELLER, two], "readers do not move each other");
    assert_eq!(store.reader_place(two, TimelineReader::Settlement).await.unwrap(), FactPlace::default());
}

pub(crate) async fn a_trades_earlier_facts_and_its_region_are_found(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let shown = Changes { put_trades: vec![trade(1)], ..facts(&[1, 2, 3], Fact::Paid) };
    commit(&store, 1, shown).await;
    commit(&store, 1, facts(&[1, 2], Fact::Allocated)).await;
    commit(&store, 2, facts(&[1], Fact::Paid)).await;
    let all = store.facts_after(SELLER, FactPlace::default(), 10).await.unwrap();
    let of = async |tids: &[i64], up_to| {
        let tids: Vec<Tid> = tids.iter().map(|tid| Tid(*tid)).collect();
        store.facts_of_trades(SELLER, &tids, up_to).await.unwrap()
    };
    assert!(of(&[1, 2], FactPlace::default()).await.is_empty());
    assert_eq!(of(&[1], all[3].place).await, [all[0].clone(), all[3].clone()]);
    assert_eq!(of(&[1, 2], all[3].place).await.len(), 3);
    assert_eq!(of(&[3, 7], all[4].place).await, all[2..3]);
    let regions = store.regions_of_trades(SELLER, &[Tid(1), Tid(2)]).await.unwrap();
    assert_eq!(regions, BTreeMap::from([(Tid(1), region("浙江省", "杭州市"))]));
}

pub(crate) async fn figures_are_added_once(home: &Home) {
    let (store, other) = (home.with_sellers(&[1]).await, home.open().await);
    let one = counted(&[(sample(Metric::Acceptance, DAY, Some(3), 7, "pos"), region("浙江省", "杭州市"))]);
    let total = async || asked(&store, 1, (DAY, DAY), FiguresOf::Whole, FiguresBy::Nothing).await;
    // Two nodes read the same facts: one of them counts.
    let (mine, theirs) = tokio::join!(
        store.add_figures(SELLER, FactPlace::default(), place(5), &one),
        other.add_figures(SELLER, FactPlace::default(), place(5), &one),
    );
    assert!(mine.unwrap() != theirs.unwrap());
    assert_eq!(total().await, [(FigureGroup::All, 1, 3)]);
    for (from, to) in [(FactPlace::default(), place(6)), (place(4), place(6)), (place(6), place(7))] {
        assert!(!store.add_figures(SELLER, from, to, &one).await.unwrap(), "not from {from:?}");
    }
    assert_eq!(total().await, [(FigureGroup::All, 1, 3)]);
    assert_eq!(store.reader_place(SELLER, TimelineReader::Kpi).await.unwrap(), place(5));
    assert!(other.add_figures(SELLER, place(5), place(6), &one).await.unwrap());
    assert_eq!(total().await, [(FigureGroup::All, 2, 6)]);
}

pub(crate) async fn figures_come_back_whole(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let here = region("浙江省", "杭州市");
    let mut expected = Measure::default();
    for (step, minutes) in [2, 7, 7, 90].into_iter().enumerate() {
        let one = sample(Metric::CallAccepted, DAY, Some(minutes), 7, "pos");
        expected.add(&Measure::took(Millis::minutes(minutes), Metric::CallAccepted.target()));
        let from = if step == 0 { FactPlace::default() } else { place(step as i64) };
        let figures = counted(&[(one, here.clone())]);
        assert!(store.add_figures(SELLER, from, place(step as i64 + 1), &figures).await.unwrap());
    }
    assert_eq!((expected.count, expected.within), (4, 1));
    for of in [
        FiguresOf::Whole,
        FiguresOf::Apps(Some("pos".to_owned())),
        FiguresOf::Places { location: None, app: None },
        FiguresOf::Places { location: Some(LocationId(7)), app: Some("pos".to_owned()) },
        FiguresOf::Regions { province: Some(here.province.clone()), city: Some(here.city.clone()) },
    ] {
        for spans in [spans(DAY, DAY), vec![Span { grain: Grain::Month, from: DAY - 27, to: DAY }]] {
            let metrics = vec![Metric::Acceptance, Metric::CallAccepted];
            let query = FigureQuery { metrics, spans, of: of.clone(), by: FiguresBy::Nothing };
            let found = store.figures(SELLER, &query).await.unwrap();
            let key = (FigureGroup::All, Metric::CallAccepted);
            assert_eq!(found, BTreeMap::from([(key, expected.clone())]), "{query:?}");
            assert!(store.figures(SellerId(2), &query).await.unwrap().is_empty(), "another seller's");
        }
    }
}

pub(crate) async fn figures_add_up_by_what_is_asked(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let (hangzhou, ningbo, beijing) =
        (region("浙江省", "杭州市"), region("浙江省", "宁波市"), region("北京", "北京市"));
    let accepted = |day, minutes, location, app| sample(Metric::Acceptance, day, Some(minutes), location, app);
    let figures = counted(&[
        (accepted(DAY, 1, 7, "pos"), hangzhou.clone()),
        (accepted(DAY + 1, 2, 7, ""), ningbo.clone()),
        (accepted(DAY + 2, 4, 8, "pos"), beijing.clone()),
        (accepted(DAY + 40, 8, 8, "erp"), hangzhou.clone()),
        (sample(Metric::Offers, DAY, None, 7, ""), hangzhou.clone()),
        (sample(Metric::Offers, DAY, None, 8, ""), hangzhou.clone()),
        (sample(Metric::Offers, DAY + 1, None, 8, ""), hangzhou.clone()),
    ]);
    store.add_figures(SELLER, FactPlace::default(), place(1), &figures).await.unwrap();
    let all = (DAY, DAY + 40);
    let ask = async |range, of, by| asked(&store, 1, range, of, by).await;
    let app = |name: &str| FigureGroup::App(name.to_owned());
    let at = |id| FigureGroup::Location(LocationId(id));
    let places = |location: Option<i64>, app: Option<&str>| FiguresOf::Places {
        location: location.map(LocationId),
        app: app.map(str::to_owned),
    };
    let to = |province: Option<&str>, city: Option<&str>| FiguresOf::Regions {
        province: province.map(str::to_owned),
        city: city.map(str::to_owned),
    };
    assert_eq!(ask(all, FiguresOf::Whole, FiguresBy::Nothing).await, [(FigureGroup::All, 4, 15)]);
    assert_eq!(ask((DAY + 1, DAY + 2), FiguresOf::Whole, FiguresBy::Nothing).await, [(FigureGroup::All, 2, 6)]);
    assert_eq!(
        ask(all, FiguresOf::Apps(None), FiguresBy::App).await,
        [(app(""), 1, 2), (app("erp"), 1, 8), (app("pos"), 2, 5)]
    );
    assert_eq!(ask(all, places(None, None), FiguresBy::Location).await, [(at(7), 2, 3), (at(8), 2, 12)]);
    assert_eq!(ask(all, places(None, Some("pos")), FiguresBy::Location).await, [(at(7), 1, 1), (at(8), 1, 4)]);
    assert_eq!(ask(all, places(Some(8), None), FiguresBy::App).await, [(app("erp"), 1, 8), (app("pos"), 1, 4)]);
    let period = FigureGroup::Period;
    let days = (DAY, DAY + 2);
    assert_eq!(
        ask(days, places(Some(7), None), FiguresBy::Period).await,
        [(period(DAY), 1, 1), (period(DAY + 1), 1, 2)]
    );
    let group = |province: &str, city: &str| FigureGroup::Region(region(province, city));
    assert_eq!(
        ask(all, to(None, None), FiguresBy::Province).await,
        [(group("北京", ""), 1, 4), (group("浙江省", ""), 3, 11)]
    );
    assert_eq!(
        ask(all, to(Some("浙江省"), None), FiguresBy::City).await,
        [(group("浙江省", "宁波市"), 1, 2), (group("浙江省", "杭州市"), 2, 9)]
    );
    assert_eq!(ask(all, to(None, Some("杭州市")), FiguresBy::Nothing).await, [(FigureGroup::All, 2, 9)]);

    let span = Span { grain: Grain::Day, from: DAY, to: DAY + 9 };
    let stores = store.locations_counted(SELLER, Metric::Offers, span).await.unwrap();
    assert_eq!(stores, [(DAY, 2), (DAY + 1, 1)]);
}

pub(crate) async fn old_days_are_forgotten_and_their_months_stay(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let here = region("浙江省", "杭州市");
    let days: BTreeSet<i64> = BTreeSet::from([DAY - 40, DAY - 1, DAY]);
    let samples: Vec<_> =
        days.iter().map(|day| (sample(Metric::Acceptance, *day, Some(1), 7, "pos"), here.clone())).collect();
    for seller in [1, 2] {
        store.add_figures(SellerId(seller), FactPlace::default(), place(1), &counted(&samples)).await.unwrap();
    }
    assert_eq!(store.forget_figures(SELLER, DAY).await.unwrap(), 8, "two days in four cuts");
    assert_eq!(store.forget_figures(SELLER, DAY).await.unwrap(), 0);
    let by_day = async |seller| asked(&store, seller, (DAY - 26, DAY), FiguresOf::Whole, FiguresBy::Period).await.len();
    assert_eq!((by_day(1).await, by_day(2).await), (1, 2));
    let month = vec![Span { grain: Grain::Month, from: DAY - 100, to: DAY }];
    let metrics = vec![Metric::Acceptance];
    let query = FigureQuery { metrics, spans: month, of: FiguresOf::Whole, by: FiguresBy::Nothing };
    let found = store.figures(SELLER, &query).await.unwrap();
    assert_eq!(found.values().map(|measure| measure.count).collect::<Vec<_>>(), [3]);
}
