//! Settlement (分账): rule sets, steps of settling, statements. Written outside groups: no decision about an order reads it.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::settlement::{Account, Period, RuleSet, RuleSetVersion};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::readers::TimelineReader;
use crate::rows::{
    Fields, activated_set, balance, entry_of, entry_rows, gains, pending, posting, posting_columns, rule_set,
    rule_set_columns, rule_set_state, settlement_fault, statement_line, to_doc, with_entries,
};
use crate::settlement::{
    RuleSetChange, RuleSetChanged, RuleSetDeed, RuleSetRow, RuleSetState, SettlementBalance, SettlementCase,
    SettlementFault, SettlementLoad, SettlementStep, StatementLine, StatementQuery,
};
use crate::sqlite::fields::{all, commit_failure, failure, first, limit as most, run};
use crate::sqlite::{readers, views};

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)
}

/// A new draft.
pub(super) fn draft(
    connection: &mut Connection,
    seller: SellerId,
    rules: &RuleSet,
    by: &RuleSetDeed,
) -> Result<RuleSetVersion, StoreError> {
    let transaction = begin(connection)?;
    let newest = "SELECT version FROM settlement_rule_set WHERE seller_id = ?1 ORDER BY version DESC LIMIT 1";
    let version = first(&transaction, newest, [seller.0], |row| row.int(0))?.unwrap_or(0) + 1;
    let add = "INSERT INTO settlement_rule_set (seller_id, version, state, doc, made_at, made_by, made_why) \
               VALUES (?1, ?2, 'draft', ?3, ?4, ?5, ?6)";
    run(&transaction, add, params![seller.0, version, to_doc(rules)?, by.at.0, by.who, by.why])?;
    transaction.commit().map_err(commit_failure)?;
    Ok(RuleSetVersion(version))
}

/// One change, from the state it needs.
pub(super) fn change(
    connection: &mut Connection,
    seller: SellerId,
    version: RuleSetVersion,
    change: &RuleSetChange,
    by: &RuleSetDeed,
) -> Result<RuleSetChanged, StoreError> {
    let transaction = begin(connection)?;
    let present = "SELECT state FROM settlement_rule_set WHERE seller_id = ?1 AND version = ?2";
    let key = (seller.0, version.0);
    let Some(state) = first(&transaction, present, key, |row| rule_set_state(&row.text(0)?))? else {
        return Ok(RuleSetChanged::Unknown);
    };
    let needed = match change {
        RuleSetChange::Rewrite(_) | RuleSetChange::Drop | RuleSetChange::Activate => RuleSetState::Draft,
        RuleSetChange::Retire => RuleSetState::Active,
    };
    if state != needed {
        return Ok(RuleSetChanged::IsIn(state));
    }
    match change {
        RuleSetChange::Rewrite(rules) => {
            let put = "UPDATE settlement_rule_set SET doc = ?3, made_at = ?4, made_by = ?5, made_why = ?6 \
                       WHERE seller_id = ?1 AND version = ?2";
            run(&transaction, put, params![seller.0, version.0, to_doc(rules)?, by.at.0, by.who, by.why])?;
        }
        RuleSetChange::Drop => {
            run(&transaction, "DELETE FROM settlement_rule_set WHERE seller_id = ?1 AND version = ?2", key)?;
        }
        RuleSetChange::Activate => activate(&transaction, seller, version, by)?,
        RuleSetChange::Retire => {
            retire(&transaction, seller, by)?;
            open_book(&transaction, seller, by.at)?;
        }
    }
    transaction.commit().map_err(commit_failure)?;
    Ok(RuleSetChanged::Done)
}

fn activate(
    transaction: &Connection,
    seller: SellerId,
    version: RuleSetVersion,
    by: &RuleSetDeed,
) -> Result<(), StoreError> {
    retire(transaction, seller, by)?;
    let put = "UPDATE settlement_rule_set SET state = 'active', activated_at = ?3, activated_by = ?4, \
               activated_why = ?5 WHERE seller_id = ?1 AND version = ?2";
    run(transaction, put, params![seller.0, version.0, by.at.0, by.who, by.why])?;
    open_book(transaction, seller, by.at)
}

fn retire(transaction: &Connection, seller: SellerId, by: &RuleSetDeed) -> Result<(), StoreError> {
    let put = "UPDATE settlement_rule_set SET state = 'retired', retired_at = ?2, retired_by = ?3, retired_why = ?4 \
               WHERE seller_id = ?1 AND state = 'active'";
    run(transaction, put, params![seller.0, by.at.0, by.who, by.why]).map(|_| ())
}

/// Whoever has read the old sets writes nothing by them. The first time the reader is put behind all that was learnt
/// before: no set was active then.
fn open_book(transaction: &Connection, seller: SellerId, at: Timestamp) -> Result<(), StoreError> {
    let bump = "UPDATE settlement_book SET revision = revision + 1 WHERE seller_id = ?1";
    if run(transaction, bump, [seller.0])? > 0 {
        return Ok(());
    }
    run(transaction, "INSERT INTO settlement_book (seller_id, revision) VALUES (?1, 1)", [seller.0])?;
    let skip = "INSERT INTO timeline_reader (seller_id, reader, version, n) \
                SELECT seller_id, ?3, version, n FROM timeline WHERE seller_id = ?1 AND learnt < ?2 \
                ORDER BY version DESC, n DESC LIMIT 1 ON CONFLICT (seller_id, reader) DO NOTHING";
    run(transaction, skip, (seller.0, at.0, TimelineReader::Settlement.name())).map(|_| ())
}

const RULE_SETS: &str = concat!(
    "SELECT ",
    rule_set_columns!(),
    " FROM settlement_rule_set WHERE seller_id = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3"
);

/// Rule sets, newest first.
pub(super) fn rule_sets(
    connection: &Connection,
    seller: SellerId,
    before: Option<RuleSetVersion>,
    limit: usize,
) -> Result<Vec<RuleSetRow>, StoreError> {
    let before = before.map_or(i64::MAX, |version| version.0);
    all(connection, RULE_SETS, (seller.0, before, most(limit)), |row| rule_set(row))
}

const SELLERS: &str = "\
    SELECT book.seller_id FROM settlement_book AS book \
    LEFT JOIN timeline_reader AS reader ON reader.seller_id = book.seller_id AND reader.reader = ?1 \
    WHERE EXISTS (SELECT 1 FROM timeline AS fact WHERE fact.seller_id = book.seller_id \
                  AND (fact.version, fact.n) > (coalesce(reader.version, 0), coalesce(reader.n, 0))) \
       OR EXISTS (SELECT 1 FROM settlement_pending AS waiting WHERE waiting.seller_id = book.seller_id \
                  AND waiting.due_at <= ?2) \
    ORDER BY book.seller_id LIMIT ?3";

/// Sellers with something to settle.
pub(super) fn sellers(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError> {
    let reader = TimelineReader::Settlement.name();
    all(connection, SELLERS, (reader, now.0, most(limit)), |row| Ok(SellerId(row.int(0)?)))
}

/// Trades whose day has come.
pub(super) fn due(
    connection: &Connection,
    seller: SellerId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Tid>, StoreError> {
    let due = "SELECT tid FROM settlement_pending WHERE seller_id = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3";
    all(connection, due, (seller.0, now.0, most(limit)), |row| Ok(Tid(row.int(0)?)))
}

const POSTINGS: &str = concat!(
    "SELECT ",
    posting_columns!(),
    " FROM settlement_posting AS posting WHERE posting.seller_id = ?1 AND posting.tid = ?2"
);

const ENTRIES: &str = "\
    SELECT entry.revision, entry.k, entry.account, entry.amount FROM settlement_posting AS posting \
    JOIN settlement_entry AS entry ON entry.seller_id = posting.seller_id AND entry.revision = posting.revision \
      AND entry.k = posting.k \
    WHERE posting.seller_id = ?1 AND posting.tid = ?2 ORDER BY entry.revision, entry.k, entry.line";

const PENDING: &str = "\
    SELECT tid, oid, code, version, happened, due_at FROM settlement_pending WHERE seller_id = ?1 AND tid = ?2 \
    ORDER BY oid, code";

/// What postings are made from.
pub(super) fn load(connection: &Connection, seller: SellerId, tids: &[Tid]) -> Result<SettlementLoad, StoreError> {
    let revision = "SELECT revision FROM settlement_book WHERE seller_id = ?1";
    let sets = "SELECT version, doc, activated_at, retired_at FROM settlement_rule_set \
                WHERE seller_id = ?1 AND activated_at IS NOT NULL ORDER BY activated_at, version";
    let mut load = SettlementLoad {
        revision: first(connection, revision, [seller.0], |row| row.int(0))?.unwrap_or(0),
        place: readers::place(connection, seller, TimelineReader::Settlement)?,
        sets: all(connection, sets, [seller.0], |row| activated_set(row))?,
        cases: Vec::new(),
    };
    for tid in tids {
        let Some(trade) = views::trade(connection, seller, *tid)? else { continue };
        let key = (seller.0, tid.0);
        let postings = all(connection, POSTINGS, key, |row| posting(row))?;
        let entries = all(connection, ENTRIES, key, |row| entry_of(row))?;
        let pending = all(connection, PENDING, key, |row| pending(row))?;
        load.cases.push(SettlementCase { trade, posted: with_entries(postings, entries), pending });
    }
    Ok(load)
}

/// One step, all of it or nothing.
pub(super) fn keep(connection: &mut Connection, step: &SettlementStep) -> Result<(), StoreError> {
    let transaction = begin(connection)?;
    let (seller, revision) = (step.seller, step.revision + 1);
    let bump = "UPDATE settlement_book SET revision = ?3 WHERE seller_id = ?1 AND revision = ?2";
    if run(&transaction, bump, (seller.0, step.revision, revision))? == 0 {
        return Err(StoreError::Conflict(format!("the settlement of seller {seller} has moved on")));
    }
    if !readers::advance(&transaction, seller, TimelineReader::Settlement, step.from, step.to)? {
        return Err(StoreError::Conflict(format!("the timeline of seller {seller} was read on by another")));
    }
    postings(&transaction, step, revision)?;
    for gone in &step.waits_no_more {
        let remove = "DELETE FROM settlement_pending WHERE seller_id = ?1 AND tid = ?2 AND oid = ?3 AND code = ?4";
        run(&transaction, remove, (seller.0, gone.tid.0, gone.oid.0, gone.code.0))?;
    }
    for waits in &step.waits {
        let add = "INSERT INTO settlement_pending (seller_id, tid, oid, code, version, happened, due_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (version, happened, due_at) = (waits.version.0, waits.happened.0, waits.due_at.0);
        run(&transaction, add, (seller.0, waits.tid.0, waits.oid.0, waits.code.0, version, happened, due_at))?;
    }
    transaction.commit().map_err(commit_failure)
}

const ADD_POSTING: &str = "\
    INSERT INTO settlement_posting (seller_id, revision, k, tid, oid, code, cause, request, n, location_id, version, \
                                    units, gross, amount, happened, booked) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

const ADD_GAIN: &str = "\
    INSERT INTO settlement_balance AS known (seller_id, period, account, settled, refunded, postings) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (seller_id, period, account) DO UPDATE SET \
    settled = known.settled + excluded.settled, refunded = known.refunded + excluded.refunded, \
    postings = known.postings + excluded.postings";

fn postings(transaction: &Connection, step: &SettlementStep, revision: i64) -> Result<(), StoreError> {
    let seller = step.seller.0;
    for (k, one) in (0_i64..).zip(&step.postings) {
        let row = params![
            seller,
            revision,
            k,
            one.tid.0,
            one.oid.0,
            one.code.0,
            one.cause.name(),
            one.cause.request(),
            one.n,
            one.location.0,
            one.version.0,
            one.units,
            one.gross.0,
            one.amount.0,
            one.happened.0,
            one.booked.0,
        ];
        run(transaction, ADD_POSTING, row)?;
    }
    for row in entry_rows(step) {
        let add = "INSERT INTO settlement_entry (seller_id, revision, k, line, account, period, amount) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        run(transaction, add, params![seller, revision, row.k, row.line, row.account, row.period, row.amount])?;
    }
    for ((period, account), gain) in gains(step) {
        run(transaction, ADD_GAIN, params![seller, period, account, gain.settled, gain.refunded, gain.postings])?;
    }
    Ok(())
}

/// Months of parties, by account.
pub(super) fn balances(
    connection: &Connection,
    seller: SellerId,
    period: Period,
    after: Option<&Account>,
    limit: usize,
) -> Result<Vec<SettlementBalance>, StoreError> {
    let page = "SELECT account, settled, refunded, postings FROM settlement_balance \
                WHERE seller_id = ?1 AND period = ?2 AND account > ?3 ORDER BY account LIMIT ?4";
    let after = after.map(Account::to_string).unwrap_or_default();
    all(connection, page, (seller.0, period.number(), after, most(limit)), |row| balance(row))
}

const STATEMENT: &str = concat!(
    "SELECT ",
    posting_columns!(),
    ", entry.amount FROM settlement_entry AS entry JOIN settlement_posting AS posting \
       ON posting.seller_id = entry.seller_id AND posting.revision = entry.revision AND posting.k = entry.k \
     WHERE entry.seller_id = ?1 AND entry.account = ?2 AND entry.period = ?3 AND (entry.revision, entry.k) > (?4, ?5) \
     ORDER BY entry.revision, entry.k LIMIT ?6"
);

/// A party's lines of a month.
pub(super) fn statement(
    connection: &Connection,
    seller: SellerId,
    query: &StatementQuery,
) -> Result<Vec<StatementLine>, StoreError> {
    let (account, period) = (query.account.to_string(), query.period.number());
    let key = (seller.0, account, period, query.after.revision, query.after.k, most(query.limit));
    all(connection, STATEMENT, key, |row| statement_line(row))
}

/// Sentences of INV-SETTLE-1 that do not hold: postings, then assignments' parties, then months.
const FAULTS: [&str; 3] = [
    "SELECT posting.tid, 'posting ' || posting.cause || ' of assignment ' || posting.code || ' does not cancel out' \
     FROM settlement_posting AS posting LEFT JOIN settlement_entry AS entry ON entry.seller_id = posting.seller_id \
       AND entry.revision = posting.revision AND entry.k = posting.k \
     WHERE posting.seller_id = ?1 GROUP BY posting.revision, posting.k, posting.tid, posting.cause, posting.code, \
       posting.amount \
     HAVING coalesce(sum(entry.amount), 0) <> 0 \
       OR coalesce(sum(CASE WHEN entry.account <> 'clearing' THEN entry.amount END), 0) <> posting.amount LIMIT ?2",
    "SELECT posting.tid, 'more was taken back from ' || entry.account || ' than was posted for assignment ' || \
       posting.code FROM settlement_posting AS posting JOIN settlement_entry AS entry \
       ON entry.seller_id = posting.seller_id AND entry.revision = posting.revision AND entry.k = posting.k \
     WHERE posting.seller_id = ?1 AND entry.account <> 'clearing' GROUP BY posting.tid, posting.code, entry.account \
     HAVING sum(entry.amount) < 0 LIMIT ?2",
    "SELECT NULL, 'month ' || period || ' of ' || account || ' is not the sum of its entries' FROM ( \
       SELECT period, account, amount FROM settlement_entry WHERE seller_id = ?1 UNION ALL \
       SELECT period, account, -settled - refunded FROM settlement_balance WHERE seller_id = ?1) AS both_ways \
     GROUP BY period, account HAVING sum(amount) <> 0 LIMIT ?2",
];

/// What breaks the rules of settlement.
pub(super) fn faults(
    connection: &Connection,
    seller: SellerId,
    limit: usize,
) -> Result<Vec<SettlementFault>, StoreError> {
    let mut found = Vec::new();
    for check in FAULTS {
        found.extend(all(connection, check, (seller.0, most(limit)), |row| settlement_fault(row))?);
    }
    Ok(found)
}
