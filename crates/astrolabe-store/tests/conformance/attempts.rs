//! Attempts at calls outward: kept once, found by trade and by receiver, forgotten by age and number.

use std::sync::Arc;

use astrolabe_core::ids::{AppKey, ChannelId, OutwardId, SellerId, Tid};
use astrolabe_core::outward::Receiver;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_store::{
    Attempt, AttemptId, AttemptKey, AttemptOutcome, AttemptsKept, AttemptsOf, Exchange, GotReply, SentRequest, Store,
};

use crate::home::Home;
use crate::made::NOW;

fn app(key: &str) -> Receiver {
    Receiver::App(AppKey(key.to_owned()))
}

fn at(ms: i64) -> Timestamp {
    NOW + Millis(ms)
}

/// One attempt; its id is made of its time, so that a repeat is the same row.
fn attempt(seller: i64, receiver: Receiver, tid: i64, ms: i64) -> Attempt {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Attempt {
        seller: SellerId(seller),
        receiver,
        key: AttemptKey { started_at: at(ms), id: AttemptId(ms * 7) },
        call: Some(OutwardId(tid * 10)),
        tid: Tid(tid),
        method: "taobao.qimen.omniorder.allocate".to_owned(),
        number: 2,
        took: Millis(31),
        outcome: AttemptOutcome::Unreachable,
        exchange: Exchange {
            request: SentRequest {
                url: "http://isv/?sign=AB".to_owned(),
                headers: vec![pair("content-type", "application/json")],
                body: "{\"tid\":1}".to_owned(),
            },
            reply: Some(GotReply {
                status: 502,
                headers: vec![pair("server", "x")],
                body: "坏了".to_owned(),
                cut: true,
            }),
            failure: "HTTP 502".to_owned(),
        },
    }
}

async fn times(
    store: &Arc<dyn Store>,
    seller: i64,
    of: &AttemptsOf,
    before: Option<AttemptKey>,
    limit: usize,
) -> Vec<i64> {
    let found = store.attempts(SellerId(seller), of, before, limit).await.unwrap();
    found.iter().map(|one| one.key.started_at.0 - NOW.0).collect()
}

pub(crate) async fn attempts_come_back_and_are_kept_once(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let trial = Attempt { call: None, number: 1, ..attempt(1, Receiver::Channel(ChannelId(1)), 5, 10) };
    let silent = Attempt {
        exchange: Exchange { reply: None, failure: "time-out".to_owned(), ..Exchange::default() },
        ..attempt(1, app("a"), 5, 20)
    };
    let all = [trial, silent, attempt(2, app("a"), 5, 30)];
    for _ in 0..2 {
        store.keep_attempts(&all).await.unwrap();
    }
    store.keep_attempts(&[]).await.unwrap();
    let found = store.attempts(SellerId(1), &AttemptsOf::Trade(Tid(5)), None, 10).await.unwrap();
    assert_eq!(found, [all[1].clone(), all[0].clone()], "newest first, of one seller");
    let found = store.attempts(SellerId(2), &AttemptsOf::Receiver(app("a")), None, 10).await.unwrap();
    assert_eq!(found, all[2..]);
}

pub(crate) async fn attempts_page_from_the_newest(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let mut all: Vec<Attempt> = (1..=5).map(|n| attempt(1, app("a"), n % 2, n)).collect();
    // Two of one millisecond: no page loses or repeats one of them.
    all.push(Attempt { key: AttemptKey { id: AttemptId(1), ..all[2].key }, ..all[2].clone() });
    all.push(attempt(1, app("b"), 1, 9));
    all.push(attempt(2, app("a"), 1, 9));
    store.keep_attempts(&all).await.unwrap();
    let of_app = AttemptsOf::Receiver(app("a"));
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = store.attempts(SellerId(1), &of_app, before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.key);
        pages.push(page.iter().map(|one| one.key.started_at.0 - NOW.0).collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec![5, 4], vec![3, 3], vec![2, 1]]);
    assert_eq!(times(&store, 1, &AttemptsOf::Trade(Tid(1)), None, 3).await, [9, 5, 3]);
    assert_eq!(times(&store, 1, &AttemptsOf::Trade(Tid(1)), Some(all[2].key), 9).await, [3, 1]);
    assert!(times(&store, 2, &AttemptsOf::Trade(Tid(0)), None, 9).await.is_empty());
}

pub(crate) async fn attempts_are_forgotten_by_age_and_number(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    let mut all: Vec<Attempt> = (1..=9).map(|n| attempt(1, app("a"), n, n)).collect();
    all.push(attempt(1, app("b"), 1, 1));
    all.push(attempt(2, app("a"), 1, 1));
    store.keep_attempts(&all).await.unwrap();
    let (of_app, forget) = (AttemptsOf::Receiver(app("a")), |since: i64, newest: usize, limit: usize| {
        let store = Arc::clone(&store);
        async move {
            let kept = AttemptsKept { since: at(since), newest };
            match store.attempts_to_forget(SellerId(1), &app("a"), kept).await.unwrap() {
                Some(up_to) => store.forget_attempts(SellerId(1), &app("a"), up_to, limit).await.unwrap(),
                None => 0,
            }
        }
    });
    assert_eq!(forget(1, 9, 10).await, 0, "the youngest of nine is not older than itself");
    assert_eq!(forget(4, 100, 2).await, 2, "a step");
    assert_eq!(times(&store, 1, &of_app, None, 20).await, [9, 8, 7, 6, 5, 4, 3]);
    assert_eq!(forget(4, 100, 10).await, 1);
    assert_eq!(forget(0, 4, 10).await, 2, "more than four");
    assert_eq!(times(&store, 1, &of_app, None, 20).await, [9, 8, 7, 6]);
    assert_eq!(forget(0, 4, 10).await, 0);
    assert_eq!(forget(100, 0, 10).await, 4);
    assert_eq!(times(&store, 1, &AttemptsOf::Receiver(app("b")), None, 20).await, [1]);
    assert_eq!(times(&store, 2, &of_app, None, 20).await, [1]);
}
