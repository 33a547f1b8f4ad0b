//! Settlement: rule sets and their lives, steps that are kept once, statements, and what a check finds.

use std::sync::Arc;

use astrolabe_core::ids::{AllocationCode, LocationId, Oid, RefundId, SellerId, Tid};
use astrolabe_core::money::Fen;
use astrolabe_core::order::assignment::AssignmentState;
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::settlement::{
    Account, Entry, Party, Pending, Period, Posting, PostingCause, RuleSet, RuleSetVersion, Trigger, TriggerEvent,
};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::Changes;
use astrolabe_store::{
    FactPlace, RuleSetChange, RuleSetChanged, RuleSetDeed, RuleSetState, SettlementStep, StatementPlace,
    StatementQuery, Store, StoreError,
};

use crate::home::{Home, commit};
use crate::made::{NOW, assigned, assignment, fact, shop};

const ONE: SellerId = SellerId(1);
const OTHER: SellerId = SellerId(2);
const FIRST: RuleSetVersion = RuleSetVersion(1);

fn at(seconds: i64) -> Timestamp {
    NOW + Millis::seconds(seconds)
}

fn by(seconds: i64, why: &str) -> RuleSetDeed {
    RuleSetDeed { who: "王经理".to_owned(), at: at(seconds), why: why.to_owned() }
}

fn rules(name: &str) -> RuleSet {
    let trigger = Trigger { on: TriggerEvent::Shipped, after_days: 0 };
    RuleSet { name: name.to_owned(), trigger, remainder: Party::Company, rules: Vec::new() }
}

async fn changed(store: &Arc<dyn Store>, version: i64, change: RuleSetChange, seconds: i64) -> RuleSetChanged {
    let (version, by) = (RuleSetVersion(version), by(seconds, "because"));
    store.change_rule_set(ONE, version, &change, &by).await.unwrap()
}

/// A merchant whose first rule set is active.
async fn settling(home: &Home) -> Arc<dyn Store> {
    let store = home.with_sellers(&[1, 2]).await;
    assert_eq!(store.draft_rule_set(ONE, &rules("first"), &by(0, "")).await.unwrap(), FIRST);
    assert_eq!(changed(&store, 1, RuleSetChange::Activate, 1).await, RuleSetChanged::Done);
    store
}

pub(crate) async fn rule_sets_are_drafted_activated_and_retired(home: &Home) {
    use RuleSetChange::{Activate, Drop, Retire, Rewrite};
    use RuleSetState::{Active, Draft, Retired};
    let store = settling(home).await;
    for (name, version) in [("second", 2), ("third", 3)] {
        let given = store.draft_rule_set(ONE, &rules(name), &by(2, "")).await.unwrap();
        assert_eq!(given, RuleSetVersion(version));
    }
    // version, change, answer
    let table = [
        (1, Activate, RuleSetChanged::IsIn(Active)),
        (1, Drop, RuleSetChanged::IsIn(Active)),
        (1, Rewrite(rules("x")), RuleSetChanged::IsIn(Active)),
        (2, Retire, RuleSetChanged::IsIn(Draft)),
        (2, Rewrite(rules("rewritten")), RuleSetChanged::Done),
        (3, Drop, RuleSetChanged::Done),
        (3, Activate, RuleSetChanged::Unknown),
        (2, Activate, RuleSetChanged::Done),
        (1, Activate, RuleSetChanged::IsIn(Retired)),
        (2, Retire, RuleSetChanged::Done),
        (2, Retire, RuleSetChanged::IsIn(Retired)),
    ];
    for (seconds, (version, change, answer)) in (10..).zip(table) {
        let shown = format!("{version} {change:?}");
        assert_eq!(changed(&store, version, change, seconds).await, answer, "{shown}");
    }
    let sets = store.rule_sets(ONE, None, 10).await.unwrap();
    let told: Vec<_> = sets.iter().map(|set| (set.version.0, set.state, set.rules.name.as_str())).collect();
    assert_eq!(told, [(2, Retired, "rewritten"), (1, Retired, "first")]);
    assert_eq!((sets[0].made.clone(), sets[0].activated.clone()), (by(14, "because"), Some(by(17, "because"))));
    assert_eq!((sets[0].retired.clone(), sets[1].retired.clone()), (Some(by(19, "because")), Some(by(17, "because"))));
    let page = store.rule_sets(ONE, Some(RuleSetVersion(2)), 10).await.unwrap();
    assert_eq!(page.iter().map(|set| set.version.0).collect::<Vec<_>>(), [1]);
    assert_eq!(store.rule_sets(ONE, None, 1).await.unwrap().len(), 1);
    assert!(store.rule_sets(OTHER, None, 10).await.unwrap().is_empty());
    let load = store.load_settlement(ONE, &[]).await.unwrap();
    let spans: Vec<_> = load.sets.iter().map(|set| (set.version.0, set.from, set.until)).collect();
    assert_eq!(spans, [(1, at(1), Some(at(17))), (2, at(17), Some(at(19)))]);
}

fn entry(account: Account, amount: i64) -> Entry {
    Entry { account, amount: Fen(amount) }
}

/// A posting about assignment 20 of trade 1: store 1 gets 60, the company the rest.
fn posting(cause: PostingCause, n: i64, amount: i64, booked: Timestamp) -> Posting {
    let store = amount * 6 / 10;
    Posting {
        tid: Tid(1),
        oid: Oid(11),
        code: AllocationCode(20),
        cause,
        n,
        location: LocationId(1),
        version: FIRST,
        units: 2,
        gross: Fen(9_900),
        amount: Fen(amount),
        happened: at(3),
        booked,
        entries: vec![
            entry(Account::Store(LocationId(1)), store),
            entry(Account::Company, amount - store),
            entry(Account::Clearing, -amount),
        ],
    }
}

async fn step(store: &Arc<dyn Store>, postings: Vec<Posting>) -> SettlementStep {
    let load = store.load_settlement(ONE, &[]).await.unwrap();
    let (revision, from) = (load.revision, load.place);
    SettlementStep { seller: ONE, revision, from, to: from, postings, waits: vec![], waits_no_more: vec![] }
}

fn waits(code: i64, due_at: Timestamp) -> Pending {
    Pending { tid: Tid(1), oid: Oid(11), code: AllocationCode(code), version: FIRST, happened: at(3), due_at }
}

/// A trade that shipped.
async fn shipped(store: &Arc<dyn Store>, seller: i64) {
    let put_assignments = vec![assignment(20, 1, 1, AssignmentState::Shipped)];
    let timeline = vec![fact(1, Fact::Paid, None, NOW), fact(1, Fact::Shipped, Some(20), NOW)];
    let changes = Changes { put_trades: vec![assigned(1)], put_assignments, timeline, ..shop() };
    commit(store, seller, changes).await;
}

pub(crate) async fn a_step_is_kept_once(home: &Home) {
    let store = settling(home).await;
    shipped(&store, 1).await;
    let settled = posting(PostingCause::Settled, 0, 9_900, at(4));
    let mut first = step(&store, vec![settled.clone()]).await;
    first.to = FactPlace { version: 1, n: 1 };
    first.waits = vec![waits(21, at(60)), waits(22, at(70))];
    store.keep_settlement(&first).await.unwrap();

    let load = store.load_settlement(ONE, &[Tid(1), Tid(2)]).await.unwrap();
    assert_eq!((load.revision, load.place), (first.revision + 1, first.to));
    assert_eq!(load.cases.len(), 1);
    assert_eq!(load.cases[0].posted, std::slice::from_ref(&settled), "with its entries in their order");
    assert_eq!(load.cases[0].pending, first.waits);
    assert_eq!(load.cases[0].trade.timeline.len(), 2);

    let moved_on =
        |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}");
    moved_on(store.keep_settlement(&first).await);
    moved_on(store.keep_settlement(&SettlementStep { revision: load.revision, ..first.clone() }).await);
    let again = SettlementStep { from: first.to, ..step(&store, vec![settled]).await };
    assert!(matches!(store.keep_settlement(&again).await, Err(StoreError::Constraint(_))), "the same posting twice");
    assert_eq!(store.load_settlement(ONE, &[]).await.unwrap().revision, load.revision, "nothing of it is kept");

    let back = posting(PostingCause::Refunded(RefundId(5)), 0, -900, at(5));
    let mut second = step(&store, vec![back.clone()]).await;
    second.waits_no_more = vec![waits(21, at(60))];
    store.keep_settlement(&second).await.unwrap();
    let load = store.load_settlement(ONE, &[Tid(1)]).await.unwrap();
    assert_eq!(load.cases[0].posted.last(), Some(&back));
    assert_eq!(load.cases[0].pending, [waits(22, at(70))]);
    assert!(store.settlement_faults(ONE, 10).await.unwrap().is_empty());
}

pub(crate) async fn statements_go_by_month_and_order(home: &Home) {
    let store = settling(home).await;
    let month = Period::of(at(4));
    let later = at(40 * 86_400);
    let first = vec![posting(PostingCause::Settled, 0, 9_900, at(4))];
    store.keep_settlement(&step(&store, first).await).await.unwrap();
    let second = vec![
        posting(PostingCause::Refunded(RefundId(5)), 0, -900, at(5)),
        posting(PostingCause::Refunded(RefundId(6)), 0, -100, at(5)),
        posting(PostingCause::Refunded(RefundId(7)), 0, -500, later),
    ];
    store.keep_settlement(&step(&store, second).await).await.unwrap();

    let told = async |seller, period, after: Option<Account>, limit| {
        let found = store.settlement_balances(seller, period, after.as_ref(), limit).await.unwrap();
        found.into_iter().map(|one| (one.account, one.settled.0, one.refunded.0, one.postings)).collect::<Vec<_>>()
    };
    let (shop, company) = (Account::Store(LocationId(1)), Account::Company);
    let whole =
        [(Account::Clearing, -9_900, 1_000, 3), (company.clone(), 3_960, -400, 3), (shop.clone(), 5_940, -600, 3)];
    assert_eq!(told(ONE, month, None, 10).await, whole);
    assert_eq!(told(ONE, month, Some(company.clone()), 10).await, whole[2..]);
    assert_eq!(told(ONE, month, None, 1).await, whole[..1]);
    assert_eq!(told(ONE, Period::of(later), Some(company), 10).await, [(shop.clone(), 0, -300, 1)]);
    assert!(told(OTHER, month, None, 10).await.is_empty());

    let lines = async |seller, period, after, limit| {
        let query = StatementQuery { account: shop.clone(), period, after, limit };
        store.settlement_statement(seller, &query).await.unwrap()
    };
    let all = lines(ONE, month, StatementPlace::default(), 10).await;
    assert_eq!(all.iter().map(|line| line.amount.0).collect::<Vec<_>>(), [5_940, -540, -60]);
    assert_eq!((all[1].posting.cause, all[1].posting.amount), (PostingCause::Refunded(RefundId(5)), Fen(-900)));
    let page = lines(ONE, month, all[0].place, 1).await;
    assert_eq!(page, all[1..2]);
    assert!(lines(ONE, month, all[2].place, 10).await.is_empty());
    assert_eq!(lines(ONE, Period::of(later), StatementPlace::default(), 10).await.len(), 1);
    assert!(lines(OTHER, month, StatementPlace::default(), 10).await.is_empty());
    assert!(store.settlement_faults(ONE, 10).await.unwrap().is_empty());
}

pub(crate) async fn only_who_settles_is_looked_at(home: &Home) {
    let store = home.with_sellers(&[1, 2]).await;
    shipped(&store, 1).await;
    shipped(&store, 2).await;
    let due = async |seconds| store.sellers_to_settle(at(seconds), 10).await.unwrap();
    assert_eq!(due(0).await, [], "nobody has rules");
    store.draft_rule_set(ONE, &rules("first"), &by(0, "")).await.unwrap();
    assert_eq!(due(0).await, [], "a draft is no rule");
    changed(&store, 1, RuleSetChange::Activate, 1).await;
    assert_eq!(due(0).await, [], "what was learnt before is not looked at");
    assert_eq!(store.load_settlement(ONE, &[]).await.unwrap().place, FactPlace { version: 1, n: 1 });

    let mut later = fact(1, Fact::Signed, Some(20), at(5));
    later.at.learnt = at(5);
    commit(&store, 1, Changes { timeline: vec![later], ..Changes::default() }).await;
    assert_eq!(due(0).await, [ONE]);
    let mut read = step(&store, vec![]).await;
    read.to = FactPlace { version: 2, n: 0 };
    read.waits = vec![waits(20, at(60)), waits(21, at(50))];
    store.keep_settlement(&read).await.unwrap();
    assert_eq!(due(49).await, []);
    assert_eq!(due(50).await, [ONE]);
    assert_eq!(store.due_settlements(ONE, at(50), 10).await.unwrap(), [Tid(1)]);
    assert_eq!(store.due_settlements(ONE, at(60), 10).await.unwrap(), [Tid(1), Tid(1)]);
    assert_eq!(store.due_settlements(ONE, at(60), 1).await.unwrap().len(), 1);
    assert!(store.due_settlements(OTHER, at(60), 10).await.unwrap().is_empty());
    // Another set: whoever has read under the old one writes nothing, and the place stays.
    let stale = step(&store, vec![]).await;
    store.draft_rule_set(ONE, &rules("second"), &by(6, "")).await.unwrap();
    changed(&store, 2, RuleSetChange::Activate, 7).await;
    assert!(matches!(store.keep_settlement(&stale).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.load_settlement(ONE, &[]).await.unwrap().place, read.to);
}

pub(crate) async fn a_settlement_that_lies_is_found(home: &Home) {
    let store = settling(home).await;
    let good = posting(PostingCause::Settled, 0, 100, at(4));
    store.keep_settlement(&step(&store, vec![good]).await).await.unwrap();
    let found = async || {
        let faults = store.settlement_faults(ONE, 10).await.unwrap();
        faults.into_iter().map(|fault| (fault.tid.map(|tid| tid.0), fault.what)).collect::<Vec<_>>()
    };
    assert_eq!(found().await, []);
    let mut lopsided = posting(PostingCause::Restored, 0, 10, at(4));
    lopsided.entries.pop();
    store.keep_settlement(&step(&store, vec![lopsided]).await).await.unwrap();
    let sentence = "posting restored of assignment 20 does not cancel out".to_owned();
    assert_eq!(found().await, [(Some(1), sentence)]);
    let too_much = posting(PostingCause::Refunded(RefundId(5)), 0, -200, at(4));
    store.keep_settlement(&step(&store, vec![too_much]).await).await.unwrap();
    let found = found().await;
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[1..].iter().all(|(_, what)| what.starts_with("more was taken back from ")), "{found:?}");
    assert!(store.settlement_faults(OTHER, 10).await.unwrap().is_empty());
}
