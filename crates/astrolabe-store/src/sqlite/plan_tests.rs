//! No statement of a group or a reader may read a whole seller to find one thing: SQLite's own plans say so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use astrolabe_core::command::{HistoryPlace, Published, Work};
use astrolabe_core::exception::{Exception, ExceptionChange, ExceptionKind, ExceptionState, Raised, Subject};
use astrolabe_core::goods::{Item, OmniTag, ScItem};
use astrolabe_core::ids::{
    AllocationCode, AppKey, BillNum, ExceptionId, HandoverCode, HoldKey, ItemId, LocationId, Oid, OutwardId, RefundId,
    ReservationId, ScItemId, SellerId, SkuId, TMALL, Tid, WorkId,
};
use astrolabe_core::kpi::{Figures, Grain, Metric, Region, Span, TradeHistory};
use astrolabe_core::order::timeline::{Actor, Fact, TimelineFact};
use astrolabe_core::order::told::TradeTold;
use astrolabe_core::order::trade::{AllocationAsk, Destination, Level, Trade, TradePayment};
use astrolabe_core::outward::{Message, Outward, OutwardState, Receiver};
use astrolabe_core::service_settings::{DayKey, Service};
use astrolabe_core::settlement::{Account, Party, Pending, Period, RuleSet, Trigger, TriggerEvent};
use astrolabe_core::stock::article::Waiting;
use astrolabe_core::stock::book::{Moment, QueueChange, StockChanges};
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{Changes, Names, NewWork, OutwardSettled, PublishedRefund, SlotChange};

use crate::attempts::{AttemptId, AttemptKey, AttemptsKept, AttemptsOf};
use crate::contract::{AnswerKey, Lease, StoredAnswer};
use crate::exceptions::{ExceptionPlace, ExceptionQuery};
use crate::figures::{FigureQuery, FiguresBy, FiguresOf};
use crate::lists::{PushUserQuery, SoldBy, SoldQuery};
use crate::migrate::MIGRATIONS;
use crate::readers::{FactPlace, TimelineReader};
use crate::rows::Fields;
use crate::settlement::{RuleSetChange, RuleSetDeed, SettlementStep, StatementPlace, StatementQuery};
use crate::sqlite::fields::all;
use crate::sqlite::lease::Leases;
use crate::sqlite::{attempts, due, exceptions, figures, lease, lists, load, push, readers, save, settlement, views};

/// What may be read for a whole seller: what is small, what is wanted whole, and what is read in its order up to a limit.
const WHOLE_SELLER: [&str; 9] = [
    "location",
    "work",
    "work_once",
    "trade_awaiting",
    "assignment_open",
    "sqlite_autoindex_settlement_rule_set_1",
    "settlement_rule_set_active",
    "settlement_book",
    "timeline_log",
];

const SELLER: SellerId = SellerId(1);
const NOW: Timestamp = Timestamp(1);

fn everything_named(cell: CellKey) -> Names {
    Names {
        tids: BTreeSet::from([Tid(1)]),
        items: BTreeSet::from([ItemId(1)]),
        sc_items: BTreeSet::from([ScItemId(1)]),
        outer_codes: BTreeSet::from(["A".to_owned()]),
        mapped_to: BTreeSet::from([ScItemId(1)]),
        hold_keys: BTreeSet::from([HoldKey("k".to_owned())]),
        bill_nums: BTreeSet::from([BillNum("b".to_owned())]),
        adjust_nums: BTreeSet::from([BillNum("b".to_owned())]),
        committed_after: BTreeSet::from([(cell, 1)]),
        holders: BTreeSet::from([cell]),
        occupancy: BTreeSet::from([LocationId(1)]),
        waiting_after: BTreeSet::from([None]),
        days: BTreeSet::from([1]),
        exceptions: BTreeSet::from([ExceptionId(1)]),
        history: BTreeSet::from([HistoryPlace { since: NOW, before: (NOW, Tid(1)) }]),
    }
}

/// The statements that look for rows before they change them.
fn searching_changes(cell: CellKey) -> Changes {
    let waiting = Waiting { pay_time: NOW, tid: Tid(1), oid: Oid(1), units: 1, passed: false };
    let item = |bound: i64, tag| Item {
        bound: BTreeSet::from([LocationId(bound)]),
        tags: BTreeSet::from([tag]),
        ..Item::unknown(ItemId(1))
    };
    let article = ScItem { id: ScItemId(1), outer_code: String::new(), name: String::new(), combo: Vec::new() };
    Changes {
        stock: StockChanges {
            cells: vec![(cell, StockCell::default())],
            queue: vec![QueueChange::Dequeued(ScItemId(1), waiting)],
            ..StockChanges::default()
        },
        gone_reservations: vec![(Tid(1), ReservationId(1))],
        items: vec![SlotChange {
            key: ItemId(1),
            before: Some(item(1, OmniTag::SyncStock)),
            after: Some(item(2, OmniTag::StoreCollect)),
        }],
        sc_items: vec![SlotChange { key: ScItemId(1), before: Some(article), after: None }],
        outward: vec![Outward {
            id: OutwardId(1),
            receiver: Receiver::App(AppKey("a".to_owned())),
            tid: Tid(1),
            message: Message::AskAllocation,
            made_at: NOW,
        }],
        settled: vec![OutwardSettled { id: OutwardId(1), state: OutwardState::Skipped { at: NOW } }],
        work: vec![NewWork { id: WorkId(1), work: Work::ServeWaiting { tid: Tid(1) }, made_at: NOW }],
        work_done: vec![WorkId(1)],
        day_loads: vec![(DayKey { day: 1, location: LocationId(1), service: Service::Delivery }, 1)],
        handover_codes: vec![(HandoverCode::of("1"), Tid(1))],
        put_trades: vec![empty_trade()],
        published: vec![(Tid(2), Published::default())],
        exceptions: exception_changes(),
        refunds: vec![PublishedRefund { id: RefundId(1), tid: Tid(1), modified: NOW, text: String::new() }],
        ..Changes::default()
    }
}

fn exception_changes() -> Vec<ExceptionChange> {
    let (id, kind, subject) = (ExceptionId(1), ExceptionKind::Unfillable, Subject::Trade(Tid(1)));
    let raised = Raised { id, kind, subject: subject.clone(), location: None, detail: String::new(), at: NOW };
    let known = Exception::of(&raised);
    let gone = ExceptionChange::Gone { kind, subject, how: "", at: NOW };
    vec![ExceptionChange::Raised(raised), ExceptionChange::Put(known), gone]
}

/// Something to load, so that what belongs to it is looked for.
fn empty_trade() -> Trade {
    let nowhere = Destination { province: String::new(), city: String::new(), district: String::new(), point: None };
    Trade {
        tid: Tid(1),
        channel: TMALL,
        created: NOW,
        pay_time: None,
        modified: NOW,
        payment: TradePayment::Awaited,
        destination: nowhere,
        level: Level::Awaited,
        mode: None,
        allocation: AllocationAsk::None,
        holds: Vec::new(),
        sub_orders: Vec::new(),
        refunds: Vec::new(),
        pushed_to: BTreeSet::new(),
        due_at: None,
        told: TradeTold::default(),
    }
}

fn run_everything(connection: &mut Connection) {
    let cell = CellKey::of(ScItemId(1), LocationId(1), StockClass::Certain, TMALL);
    let key = AnswerKey { app: AppKey("a".to_owned()), sign: "s".to_owned() };
    let answers = [StoredAnswer { key: key.clone(), body: String::new() }];
    save::group(connection, SELLER, 0, searching_changes(cell), &answers, NOW).unwrap();
    load::names(connection, SELLER, &everything_named(cell)).unwrap();
    load::changed_since(connection, SELLER, 0).unwrap();
    load::stored_answers(connection, SELLER, std::slice::from_ref(&key), NOW).unwrap();
    due::sellers(connection, NOW, 10).unwrap();
    due::trades(connection, SELLER, NOW, 10).unwrap();
    due::work(connection, SELLER, 10).unwrap();
    due::expired_holds(connection, SELLER, NOW, 10).unwrap();
    let until = Lease { node: 1, until: Timestamp(2) };
    lease::take(connection, &Leases::default(), NOW, until, 10).unwrap();
    views::trade(connection, SELLER, Tid(1)).unwrap();
    views::trade_of_allocation(connection, SELLER, AllocationCode(1)).unwrap();
    views::trade_of_handover_code(connection, SELLER, &HandoverCode::of("1")).unwrap();
    views::trade_of_sub_order(connection, SELLER, Oid(1)).unwrap();
    for location in [None, Some(LocationId(1))] {
        views::assignments_at(connection, SELLER, location, Some(AllocationCode(1)), 10).unwrap();
    }
    views::location(connection, SELLER, LocationId(1)).unwrap();
    views::locations(connection, SELLER).unwrap();
    views::stores_of_item(connection, SELLER, ItemId(1), 1, 10).unwrap();
    views::items_of_store(connection, SELLER, LocationId(1), 1, 10).unwrap();
    views::mappings(connection, SELLER, &[(ItemId(1), SkuId(0))]).unwrap();
    views::cells(connection, SELLER, &[(LocationId(1), ScItemId(1))]).unwrap();
    due::cells(connection, SELLER, NOW, 10).unwrap();
    run_exceptions(connection);
    run_lists(connection);
    run_figures(connection);
    run_settlement(connection);
}

fn run_exceptions(connection: &Connection) {
    exceptions::one(connection, SELLER, ExceptionId(1)).unwrap();
    exceptions::of_trade(connection, SELLER, Tid(1)).unwrap();
    let after = Some(ExceptionPlace { opened_at: NOW, id: ExceptionId(1) });
    let all = ExceptionQuery { after, limit: 10, ..ExceptionQuery::default() };
    let asked = [
        ExceptionQuery { kind: Some(ExceptionKind::Unfillable), ..all.clone() },
        ExceptionQuery { owner: Some("a".to_owned()), opened_before: Some(NOW), ..all.clone() },
        ExceptionQuery { location: Some(LocationId(1)), state: Some(ExceptionState::Taken), ..all.clone() },
        ExceptionQuery { state: Some(ExceptionState::Closed), ..all.clone() },
        ExceptionQuery { state: Some(ExceptionState::Open), ..all.clone() },
        all,
    ];
    for query in asked {
        exceptions::page(connection, SELLER, &query).unwrap();
    }
}

fn run_lists(connection: &Connection) {
    for by in [SoldBy::Created, SoldBy::Modified] {
        let words = Some(vec!["fixed".to_owned()]);
        let query = SoldQuery {
            by,
            from: NOW,
            to: NOW,
            statuses: words.clone(),
            kinds: words,
            page: 1,
            per_page: 10,
            count_up_to: Some(10),
        };
        lists::trades_sold(connection, SELLER, &query).unwrap();
    }
    lists::refund(connection, SELLER, RefundId(1)).unwrap();
    lists::tags_of_items(connection, SELLER, &[ItemId(1)]).unwrap();
    lists::items_with_tag(connection, SELLER, OmniTag::SyncStock, 1, 10).unwrap();
    lists::articles(connection, SELLER, &[ScItemId(1)]).unwrap();
    lists::locations_named(connection, SELLER, &BTreeSet::from([LocationId(1)])).unwrap();
    let app = AppKey("a".to_owned());
    let query = PushUserQuery { app, seller: None, from: None, to: None, page: 1, per_page: 10 };
    push::users(connection, &query).unwrap();
    let receiver = Receiver::App(AppKey("a".to_owned()));
    let kept = AttemptsKept { since: NOW, newest: 10 };
    let key = AttemptKey { started_at: NOW, id: AttemptId(1) };
    attempts::to_forget(connection, SELLER, &receiver, kept).unwrap();
    attempts::forget(connection, SELLER, &receiver, key, 10).unwrap();
    for of in [AttemptsOf::Trade(Tid(1)), AttemptsOf::Receiver(receiver)] {
        attempts::page(connection, SELLER, &of, Some(key), 10).unwrap();
    }
}

fn run_figures(connection: &mut Connection) {
    let place = FactPlace { version: 1, n: 1 };
    readers::behind(connection, TimelineReader::Kpi, 10).unwrap();
    readers::place(connection, SELLER, TimelineReader::Kpi).unwrap();
    readers::after(connection, SELLER, place, 10).unwrap();
    figures::facts_of_trades(connection, SELLER, &[Tid(1)], place).unwrap();
    figures::regions(connection, SELLER, &[Tid(1)]).unwrap();
    let mut counted = Figures::default();
    let paid = TimelineFact {
        tid: Tid(1),
        oid: None,
        code: None,
        fact: Fact::Paid,
        request: 0,
        location: None,
        who: Actor::Channel,
        at: Moment::now(NOW),
        detail: None,
    };
    let decided = TimelineFact { oid: Some(Oid(1)), fact: Fact::Unfillable, ..paid.clone() };
    let mut history = TradeHistory::default();
    for fact in [paid, decided] {
        for sample in history.read(&fact, &BTreeSet::new()) {
            counted.add(&sample, &Region::default());
        }
    }
    assert!(figures::keep(connection, SELLER, (FactPlace::default(), place), &counted).unwrap());
    assert!(figures::keep(connection, SELLER, (place, place), &counted).unwrap());
    let span = Span { grain: Grain::Day, from: 0, to: 9 };
    let places = |location| FiguresOf::Places { location, app: None };
    let regions = FiguresOf::Regions { province: None, city: None };
    for of in [FiguresOf::Whole, places(None), places(Some(LocationId(1))), regions] {
        let query = FigureQuery { metrics: vec![Metric::SubOrders], spans: vec![span], of, by: FiguresBy::Nothing };
        figures::found(connection, SELLER, &query).unwrap();
    }
    figures::locations_counted(connection, SELLER, Metric::Offers, span).unwrap();
    figures::forget(connection, SELLER, 1).unwrap();
}

fn run_settlement(connection: &mut Connection) {
    let trigger = Trigger { on: TriggerEvent::Shipped, after_days: 0 };
    let rules = RuleSet { name: "n".to_owned(), trigger, remainder: Party::Company, rules: Vec::new() };
    let by = RuleSetDeed { who: String::new(), at: NOW, why: String::new() };
    let version = settlement::draft(connection, SELLER, &rules, &by).unwrap();
    let changes = [RuleSetChange::Rewrite(rules), RuleSetChange::Activate, RuleSetChange::Retire];
    for change in changes {
        settlement::change(connection, SELLER, version, &change, &by).unwrap();
    }
    settlement::rule_sets(connection, SELLER, None, 10).unwrap();
    settlement::sellers(connection, NOW, 10).unwrap();
    settlement::due(connection, SELLER, NOW, 10).unwrap();
    let place = settlement::load(connection, SELLER, &[Tid(1)]).unwrap();
    let waits = Pending { tid: Tid(1), oid: Oid(1), code: AllocationCode(1), version, happened: NOW, due_at: NOW };
    let step = SettlementStep {
        seller: SELLER,
        revision: place.revision,
        from: place.place,
        to: place.place,
        postings: Vec::new(),
        waits: vec![waits],
        waits_no_more: vec![waits],
    };
    settlement::keep(connection, &step).unwrap();
    let period = Period::of(NOW);
    settlement::balances(connection, SELLER, period, None, 10).unwrap();
    let query = StatementQuery { account: Account::Company, period, after: StatementPlace::default(), limit: 10 };
    settlement::statement(connection, SELLER, &query).unwrap();
}

/// Lines of a plan that walk over a table, or over all of a seller's rows of one.
fn walks(plan: &[String]) -> Vec<&String> {
    let walks = |line: &&String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let of_seller = line.ends_with("(seller_id=?)") || line.contains("(seller_id=?) ");
        let through = match line.split_once(" INDEX ") {
            Some((_, rest)) => rest.split_whitespace().next(),
            None => words.get(1).copied(),
        };
        let scans =
            words.first() == Some(&"SCAN") && !["lane", "book", "due", "held", "asked", "found"].contains(&words[1]);
        scans || (of_seller && !through.is_some_and(|name| WHOLE_SELLER.contains(&name)))
    };
    plan.iter().filter(walks).collect()
}

#[test]
fn nothing_reads_a_whole_seller() {
    let mut connection = Connection::open_in_memory().unwrap();
    for migration in MIGRATIONS {
        connection.execute_batch(migration.sqlite).unwrap();
    }
    connection.execute_batch("INSERT INTO seller_lane VALUES (1, 0, 0)").unwrap();
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let seeing = Arc::clone(&seen);
    let note = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            seeing.lock().unwrap().insert(statement.sql().into_owned());
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note)).unwrap();
    run_everything(&mut connection);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.len() > 40, "only {} statements were seen", seen.len());
    let mut found = Vec::new();
    for sql in &seen {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let blanks = vec![rusqlite::types::Null; connection.prepare(sql).unwrap().parameter_count()];
        let plan = all(&connection, &explain, rusqlite::params_from_iter(blanks), |row| row.text(3)).unwrap();
        if sql.contains("BETWEEN ?2 AND ?3") {
            let alone = plan.iter().any(|line| line.contains("USING COVERING INDEX trade_"));
            assert!(alone, "a list reads long rows to leave them out: {sql}\n{}", plan.join("\n"));
        }
        found.extend(walks(&plan).into_iter().map(|line| format!("{line}\n    in {sql}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
