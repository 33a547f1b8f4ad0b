//! Settlement (分账): rule sets, steps of settling, statements. Written outside groups: no decision about an order reads it.

use deadpool_postgres::{Client, Transaction};

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::settlement::{Account, Pending, Period, Posting, RuleSet, RuleSetVersion};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::postgres::fields::{Params, all, commit_failure, failure, first, limit as most};
use crate::postgres::{readers, views};
use crate::readers::TimelineReader;
use crate::rows::{
    Fields, activated_set, balance, count, entry_of, entry_rows, gains, pending, posting, posting_columns, rule_set,
    rule_set_columns, rule_set_state, settlement_fault, statement_line, to_doc, with_entries,
};
use crate::settlement::{
    RuleSetChange, RuleSetChanged, RuleSetDeed, RuleSetRow, RuleSetState, SettlementBalance, SettlementCase,
    SettlementFault, SettlementLoad, SettlementStep, StatementLine, StatementQuery,
};

/// A transaction that changes the merchant's rule sets: with his row locked, they go one by one.
async fn begin(client: &mut Client, seller: SellerId) -> Result<Transaction<'_>, StoreError> {
    let transaction = client.transaction().await.map_err(failure)?;
    run(&transaction, "SELECT 1 FROM seller WHERE seller_id = $1 FOR UPDATE", &[&seller.0]).await?;
    Ok(transaction)
}

async fn run(transaction: &Transaction<'_>, sql: &str, params: &Params<'_>) -> Result<u64, StoreError> {
    let statement = transaction.prepare_cached(sql).await.map_err(failure)?;
    transaction.execute(&statement, params).await.map_err(failure)
}

/// A new draft.
pub(super) async fn draft(
    client: &mut Client,
    seller: SellerId,
    rules: &RuleSet,
    by: &RuleSetDeed,
) -> Result<RuleSetVersion, StoreError> {
    let transaction = begin(client, seller).await?;
    let newest = "SELECT version FROM settlement_rule_set WHERE seller_id = $1 ORDER BY version DESC LIMIT 1";
    let version = first(&transaction, newest, &[&seller.0], |row| row.int(0)).await?.unwrap_or(0) + 1;
    let add = "INSERT INTO settlement_rule_set (seller_id, version, state, doc, made_at, made_by, made_why) \
               VALUES ($1, $2, 'draft', $3, $4, $5, $6)";
    run(&transaction, add, &[&seller.0, &version, &to_doc(rules)?, &by.at.0, &by.who, &by.why]).await?;
    transaction.commit().await.map_err(commit_failure)?;
    Ok(RuleSetVersion(version))
}

/// One change, from the state it needs.
pub(super) async fn change(
    client: &mut Client,
    seller: SellerId,
    version: RuleSetVersion,
    change: &RuleSetChange,
    by: &RuleSetDeed,
) -> Result<RuleSetChanged, StoreError> {
    let transaction = begin(client, seller).await?;
    let present = "SELECT state FROM settlement_rule_set WHERE seller_id = $1 AND version = $2";
    let key: &Params<'_> = &[&seller.0, &version.0];
    let Some(state) = first(&transaction, present, key, |row| rule_set_state(&row.text(0)?)).await? else {
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
            let put = "UPDATE settlement_rule_set SET doc = $3, made_at = $4, made_by = $5, made_why = $6 \
                       WHERE seller_id = $1 AND version = $2";
            run(&transaction, put, &[&seller.0, &version.0, &to_doc(rules)?, &by.at.0, &by.who, &by.why]).await?;
        }
        RuleSetChange::Drop => {
            run(&transaction, "DELETE FROM settlement_rule_set WHERE seller_id = $1 AND version = $2", key).await?;
        }
        RuleSetChange::Activate => activate(&transaction, seller, version, by).await?,
        RuleSetChange::Retire => {
            retire(&transaction, seller, by).await?;
            open_book(&transaction, seller, by.at).await?;
        }
    }
    transaction.commit().await.map_err(commit_failure)?;
    Ok(RuleSetChanged::Done)
}

async fn activate(
    transaction: &Transaction<'_>,
    seller: SellerId,
    version: RuleSetVersion,
    by: &RuleSetDeed,
) -> Result<(), StoreError> {
    retire(transaction, seller, by).await?;
    let put = "UPDATE settlement_rule_set SET state = 'active', activated_at = $3, activated_by = $4, \
               activated_why = $5 WHERE seller_id = $1 AND version = $2";
    run(transaction, put, &[&seller.0, &version.0, &by.at.0, &by.who, &by.why]).await?;
    open_book(transaction, seller, by.at).await
}

async fn retire(transaction: &Transaction<'_>, seller: SellerId, by: &RuleSetDeed) -> Result<(), StoreError> {
    let put = "UPDATE settlement_rule_set SET state = 'retired', retired_at = $2, retired_by = $3, retired_why = $4 \
               WHERE seller_id = $1 AND state = 'active'";
    run(transaction, put, &[&seller.0, &by.at.0, &by.who, &by.why]).await.map(|_| ())
}

/// Whoever has read the old sets writes nothing by them. The first time the reader is put behind all that was learnt
/// before: no set was active then.
async fn open_book(transaction: &Transaction<'_>, seller: SellerId, at: Timestamp) -> Result<(), StoreError> {
    let bump = "UPDATE settlement_book SET revision = revision + 1 WHERE seller_id = $1";
    if run(transaction, bump, &[&seller.0]).await? > 0 {
        return Ok(());
    }
    run(transaction, "INSERT INTO settlement_book (seller_id, revision) VALUES ($1, 1)", &[&seller.0]).await?;
    let skip = "INSERT INTO timeline_reader (seller_id, reader, version, n) \
                SELECT seller_id, $3, version, n FROM timeline WHERE seller_id = $1 AND learnt < $2 \
                ORDER BY version DESC, n DESC LIMIT 1 ON CONFLICT (seller_id, reader) DO NOTHING";
    run(transaction, skip, &[&seller.0, &at.0, &TimelineReader::Settlement.name()]).await.map(|_| ())
}

const RULE_SETS: &str = concat!(
    "SELECT ",
    rule_set_columns!(),
    " FROM settlement_rule_set WHERE seller_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3"
);

/// Rule sets, newest first.
pub(super) async fn rule_sets(
    client: &Client,
    seller: SellerId,
    before: Option<RuleSetVersion>,
    limit: usize,
) -> Result<Vec<RuleSetRow>, StoreError> {
    let before = before.map_or(i64::MAX, |version| version.0);
    all(client, RULE_SETS, &[&seller.0, &before, &most(limit)], rule_set).await
}

const SELLERS: &str = "\
    SELECT book.seller_id FROM settlement_book AS book \
    LEFT JOIN timeline_reader AS reader ON reader.seller_id = book.seller_id AND reader.reader = $1 \
    WHERE EXISTS (SELECT 1 FROM timeline AS fact WHERE fact.seller_id = book.seller_id \
                  AND (fact.version, fact.n) > (coalesce(reader.version, 0), coalesce(reader.n, 0))) \
       OR EXISTS (SELECT 1 FROM settlement_pending AS waiting WHERE waiting.seller_id = book.seller_id \
                  AND waiting.due_at <= $2) \
    ORDER BY book.seller_id LIMIT $3";

/// Sellers with something to settle.
pub(super) async fn sellers(client: &Client, now: Timestamp, limit: usize) -> Result<Vec<SellerId>, StoreError> {
    let reader = TimelineReader::Settlement.name();
    all(client, SELLERS, &[&reader, &now.0, &most(limit)], |row| Ok(SellerId(row.int(0)?))).await
}

/// Trades whose day has come.
pub(super) async fn due(
    client: &Client,
    seller: SellerId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Tid>, StoreError> {
    let due = "SELECT tid FROM settlement_pending WHERE seller_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3";
    all(client, due, &[&seller.0, &now.0, &most(limit)], |row| Ok(Tid(row.int(0)?))).await
}

const POSTINGS: &str = concat!(
    "SELECT ",
    posting_columns!(),
    " FROM settlement_posting AS posting WHERE posting.seller_id = $1 AND posting.tid = $2"
);

const ENTRIES: &str = "\
    SELECT entry.revision, entry.k, entry.account, entry.amount FROM settlement_posting AS posting \
    JOIN settlement_entry AS entry ON entry.seller_id = posting.seller_id AND entry.revision = posting.revision \
      AND entry.k = posting.k \
    WHERE posting.seller_id = $1 AND posting.tid = $2 ORDER BY entry.revision, entry.k, entry.line";

const PENDING: &str = "\
    SELECT tid, oid, code, version, happened, due_at FROM settlement_pending WHERE seller_id = $1 AND tid = $2 \
    ORDER BY oid, code";

/// What postings are made from.
pub(super) async fn load(
    client: &Transaction<'_>,
    seller: SellerId,
    tids: &[Tid],
) -> Result<SettlementLoad, StoreError> {
    let revision = "SELECT revision FROM settlement_book WHERE seller_id = $1";
    let sets = "SELECT version, doc, activated_at, retired_at FROM settlement_rule_set \
                WHERE seller_id = $1 AND activated_at IS NOT NULL ORDER BY activated_at, version";
    let mut load = SettlementLoad {
        revision: first(client, revision, &[&seller.0], |row| row.int(0)).await?.unwrap_or(0),
        place: readers::place(client, seller, TimelineReader::Settlement).await?,
        sets: all(client, sets, &[&seller.0], activated_set).await?,
        cases: Vec::new(),
    };
    for tid in tids {
        let key: &Params<'_> = &[&seller.0, &tid.0];
        let (trade, postings, entries, pending) = futures::try_join!(
            views::trade(client, seller, *tid),
            all(client, POSTINGS, key, posting),
            all(client, ENTRIES, key, entry_of),
            all(client, PENDING, key, pending),
        )?;
        let Some(trade) = trade else { continue };
        load.cases.push(SettlementCase { trade, posted: with_entries(postings, entries), pending });
    }
    Ok(load)
}

/// One step, all of it or nothing.
pub(super) async fn keep(client: &mut Client, step: &SettlementStep) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(failure)?;
    let (seller, revision) = (step.seller, step.revision + 1);
    let bump = "UPDATE settlement_book SET revision = $3 WHERE seller_id = $1 AND revision = $2";
    if run(&transaction, bump, &[&seller.0, &step.revision, &revision]).await? == 0 {
        return Err(StoreError::Conflict(format!("the settlement of seller {seller} has moved on")));
    }
    if !readers::advance(&transaction, seller, TimelineReader::Settlement, step.from, step.to).await? {
        return Err(StoreError::Conflict(format!("the timeline of seller {seller} was read on by another")));
    }
    postings(&transaction, step, revision).await?;
    pendings(&transaction, step).await?;
    transaction.commit().await.map_err(commit_failure)
}

async fn pendings(transaction: &Transaction<'_>, step: &SettlementStep) -> Result<(), StoreError> {
    let column = |waits: &[Pending], of: fn(&Pending) -> i64| waits.iter().map(of).collect::<Vec<i64>>();
    let gone = &step.waits_no_more;
    if !gone.is_empty() {
        let remove = "DELETE FROM settlement_pending AS waiting USING unnest($2::bigint[], $3::bigint[], $4::bigint[]) \
                      AS gone (tid, oid, code) WHERE waiting.seller_id = $1 AND waiting.tid = gone.tid \
                      AND waiting.oid = gone.oid AND waiting.code = gone.code";
        let (tids, oids) = (column(gone, |one| one.tid.0), column(gone, |one| one.oid.0));
        run(transaction, remove, &[&step.seller.0, &tids, &oids, &column(gone, |one| one.code.0)]).await?;
    }
    let new = &step.waits;
    if !new.is_empty() {
        let add = "INSERT INTO settlement_pending (seller_id, tid, oid, code, version, happened, due_at) \
                   SELECT $1, row.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], \
                   $6::bigint[], $7::bigint[]) AS row";
        let (tids, oids, codes) =
            (column(new, |one| one.tid.0), column(new, |one| one.oid.0), column(new, |one| one.code.0));
        let (versions, happened, due) =
            (column(new, |one| one.version.0), column(new, |one| one.happened.0), column(new, |one| one.due_at.0));
        run(transaction, add, &[&step.seller.0, &tids, &oids, &codes, &versions, &happened, &due]).await?;
    }
    Ok(())
}

const ADD_POSTINGS: &str = "\
    INSERT INTO settlement_posting (seller_id, revision, k, tid, oid, code, cause, request, n, location_id, version, \
                                    units, gross, amount, happened, booked) \
    SELECT $1, $2, row.* FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], \
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], \
        $15::bigint[], $16::bigint[]) AS row";

const ADD_ENTRIES: &str = "\
    INSERT INTO settlement_entry (seller_id, revision, k, line, account, period, amount) \
    SELECT $1, $2, row.* FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[]) AS row";

const ADD_GAINS: &str = "\
    INSERT INTO settlement_balance AS known (seller_id, period, account, settled, refunded, postings) \
    SELECT $1, row.* FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS row \
    ON CONFLICT (seller_id, period, account) DO UPDATE SET settled = known.settled + excluded.settled, \
    refunded = known.refunded + excluded.refunded, postings = known.postings + excluded.postings";

async fn postings(transaction: &Transaction<'_>, step: &SettlementStep, revision: i64) -> Result<(), StoreError> {
    if step.postings.is_empty() {
        return Ok(());
    }
    let of = |value: fn(&Posting) -> i64| -> Vec<i64> { step.postings.iter().map(value).collect() };
    let ks: Vec<i64> = (0..count(step.postings.len())).collect();
    let causes: Vec<&str> = step.postings.iter().map(|one| one.cause.name()).collect();
    let row: &Params<'_> = &[
        &step.seller.0,
        &revision,
        &ks,
        &of(|one| one.tid.0),
        &of(|one| one.oid.0),
        &of(|one| one.code.0),
        &causes,
        &of(|one| one.cause.request()),
        &of(|one| one.n),
        &of(|one| one.location.0),
        &of(|one| one.version.0),
        &of(|one| one.units),
        &of(|one| one.gross.0),
        &of(|one| one.amount.0),
        &of(|one| one.happened.0),
        &of(|one| one.booked.0),
    ];
    run(transaction, ADD_POSTINGS, row).await?;

    let entries = entry_rows(step);
    let ks: Vec<i64> = entries.iter().map(|entry| entry.k).collect();
    let lines: Vec<i64> = entries.iter().map(|entry| entry.line).collect();
    let accounts: Vec<&str> = entries.iter().map(|entry| entry.account.as_str()).collect();
    let periods: Vec<i64> = entries.iter().map(|entry| entry.period).collect();
    let amounts: Vec<i64> = entries.iter().map(|entry| entry.amount).collect();
    let row: &Params<'_> = &[&step.seller.0, &revision, &ks, &lines, &accounts, &periods, &amounts];
    run(transaction, ADD_ENTRIES, row).await?;

    let gains = gains(step);
    let (periods, accounts): (Vec<i64>, Vec<&str>) =
        gains.keys().map(|(period, account)| (*period, account.as_str())).unzip();
    let settled: Vec<i64> = gains.values().map(|gain| gain.settled).collect();
    let refunded: Vec<i64> = gains.values().map(|gain| gain.refunded).collect();
    let counts: Vec<i64> = gains.values().map(|gain| gain.postings).collect();
    let row: &Params<'_> = &[&step.seller.0, &periods, &accounts, &settled, &refunded, &counts];
    run(transaction, ADD_GAINS, row).await.map(|_| ())
}

/// Months of parties, by account.
pub(super) async fn balances(
    client: &Client,
    seller: SellerId,
    period: Period,
    after: Option<&Account>,
    limit: usize,
) -> Result<Vec<SettlementBalance>, StoreError> {
    let page = "SELECT account, settled, refunded, postings FROM settlement_balance \
                WHERE seller_id = $1 AND period = $2 AND account > $3 ORDER BY account LIMIT $4";
    let after = after.map(Account::to_string).unwrap_or_default();
    all(client, page, &[&seller.0, &period.number(), &after, &most(limit)], balance).await
}

const STATEMENT: &str = concat!(
    "SELECT ",
    posting_columns!(),
    ", entry.amount FROM settlement_entry AS entry JOIN settlement_posting AS posting \
       ON posting.seller_id = entry.seller_id AND posting.revision = entry.revision AND posting.k = entry.k \
     WHERE entry.seller_id = $1 AND entry.account = $2 AND entry.period = $3 AND (entry.revision, entry.k) > ($4, $5) \
     ORDER BY entry.revision, entry.k LIMIT $6"
);

/// A party's lines of a month.
pub(super) async fn statement(
    client: &Client,
    seller: SellerId,
    query: &StatementQuery,
) -> Result<Vec<StatementLine>, StoreError> {
    let (account, period) = (query.account.to_string(), query.period.number());
    let key: &Params<'_> = &[&seller.0, &account, &period, &query.after.revision, &query.after.k, &most(query.limit)];
    all(client, STATEMENT, key, statement_line).await
}

/// Sentences of INV-SETTLE-1 that do not hold: postings, then assignments' parties, then months.
const FAULTS: [&str; 3] = [
    "SELECT posting.tid, 'posting ' || posting.cause || ' of assignment ' || posting.code || ' does not cancel out' \
     FROM settlement_posting AS posting LEFT JOIN settlement_entry AS entry ON entry.seller_id = posting.seller_id \
       AND entry.revision = posting.revision AND entry.k = posting.k \
     WHERE posting.seller_id = $1 GROUP BY posting.revision, posting.k, posting.tid, posting.cause, posting.code, \
       posting.amount \
     HAVING coalesce(sum(entry.amount), 0) <> 0 \
       OR coalesce(sum(CASE WHEN entry.account <> 'clearing' THEN entry.amount END), 0) <> posting.amount LIMIT $2",
    "SELECT posting.tid, 'more was taken back from ' || entry.account || ' than was posted for assignment ' || \
       posting.code FROM settlement_posting AS posting JOIN settlement_entry AS entry \
       ON entry.seller_id = posting.seller_id AND entry.revision = posting.revision AND entry.k = posting.k \
     WHERE posting.seller_id = $1 AND entry.account <> 'clearing' GROUP BY posting.tid, posting.code, entry.account \
     HAVING sum(entry.amount) < 0 LIMIT $2",
    "SELECT NULL::bigint, 'month ' || period || ' of ' || account || ' is not the sum of its entries' FROM ( \
       SELECT period, account, amount FROM settlement_entry WHERE seller_id = $1 UNION ALL \
       SELECT period, account, -settled - refunded FROM settlement_balance WHERE seller_id = $1) AS both_ways \
     GROUP BY period, account HAVING sum(amount) <> 0 LIMIT $2",
];

/// What breaks the rules of settlement.
pub(super) async fn faults(
    client: &Transaction<'_>,
    seller: SellerId,
    limit: usize,
) -> Result<Vec<SettlementFault>, StoreError> {
    let mut found = Vec::new();
    for check in FAULTS {
        found.extend(all(client, check, &[&seller.0, &most(limit)], settlement_fault).await?);
    }
    Ok(found)
}
