//! Settlement as columns, and what a step of it writes.

use std::collections::BTreeMap;

use astrolabe_core::ids::{AllocationCode, LocationId, Oid, RefundId, Tid};
use astrolabe_core::money::Fen;
use astrolabe_core::settlement::{
    Account, ActivatedSet, Entry, Pending, Period, Posting, PostingCause, RuleSetVersion,
};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::rows::{Fields, count, from_doc};
use crate::settlement::{
    RuleSetDeed, RuleSetRow, RuleSetState, SettlementBalance, SettlementFault, SettlementStep, StatementLine,
    StatementPlace,
};

/// The columns of a rule set.
macro_rules! rule_set_columns {
    () => {
        "version, state, doc, made_at, made_by, made_why, activated_at, activated_by, activated_why, \
         retired_at, retired_by, retired_why"
    };
}
pub(crate) use rule_set_columns;

pub(crate) fn rule_set(row: &impl Fields) -> Result<RuleSetRow, StoreError> {
    let deed = |first: usize| -> Result<Option<RuleSetDeed>, StoreError> {
        let Some(at) = row.opt_int(first)? else { return Ok(None) };
        let (who, why) = (row.text(first + 1)?, row.text(first + 2)?);
        Ok(Some(RuleSetDeed { who, at: Timestamp(at), why }))
    };
    Ok(RuleSetRow {
        version: RuleSetVersion(row.int(0)?),
        state: rule_set_state(&row.text(1)?)?,
        rules: from_doc(&row.text(2)?)?,
        made: deed(3)?.ok_or_else(|| StoreError::Corrupt("a rule set that nobody made".to_owned()))?,
        activated: deed(6)?,
        retired: deed(9)?,
    })
}

pub(crate) fn rule_set_state(word: &str) -> Result<RuleSetState, StoreError> {
    let states = [RuleSetState::Draft, RuleSetState::Active, RuleSetState::Retired];
    states
        .into_iter()
        .find(|state| state.name() == word)
        .ok_or_else(|| StoreError::Corrupt(format!("{word:?} is no state of a rule set")))
}

/// A set that is or was active: version, document, activated, retired.
pub(crate) fn activated_set(row: &impl Fields) -> Result<ActivatedSet, StoreError> {
    Ok(ActivatedSet {
        version: RuleSetVersion(row.int(0)?),
        rules: from_doc(&row.text(1)?)?,
        from: Timestamp(row.int(2)?),
        until: row.opt_int(3)?.map(Timestamp),
    })
}

/// The columns of a posting.
macro_rules! posting_columns {
    () => {
        "posting.revision, posting.k, posting.tid, posting.oid, posting.code, posting.cause, posting.request, \
         posting.n, posting.location_id, posting.version, posting.units, posting.gross, posting.amount, \
         posting.happened, posting.booked"
    };
}
pub(crate) use posting_columns;

/// A posting without its entries, and its place.
pub(crate) fn posting(row: &impl Fields) -> Result<(StatementPlace, Posting), StoreError> {
    let place = StatementPlace { revision: row.int(0)?, k: row.int(1)? };
    let cause = match (row.text(5)?.as_str(), row.int(6)?) {
        ("settled", _) => PostingCause::Settled,
        ("refunded", refund) => PostingCause::Refunded(RefundId(refund)),
        ("restored", _) => PostingCause::Restored,
        (other, _) => return Err(StoreError::Corrupt(format!("{other:?} is no cause of a posting"))),
    };
    let posting = Posting {
        tid: Tid(row.int(2)?),
        oid: Oid(row.int(3)?),
        code: AllocationCode(row.int(4)?),
        cause,
        n: row.int(7)?,
        location: LocationId(row.int(8)?),
        version: RuleSetVersion(row.int(9)?),
        units: row.int(10)?,
        gross: Fen(row.int(11)?),
        amount: Fen(row.int(12)?),
        happened: Timestamp(row.int(13)?),
        booked: Timestamp(row.int(14)?),
        entries: Vec::new(),
    };
    Ok((place, posting))
}

/// An entry and the posting it belongs to: revision, k, account, amount.
pub(crate) fn entry_of(row: &impl Fields) -> Result<(StatementPlace, Entry), StoreError> {
    let place = StatementPlace { revision: row.int(0)?, k: row.int(1)? };
    Ok((place, Entry { account: account(&row.text(2)?)?, amount: Fen(row.int(3)?) }))
}

/// Postings in their order with their entries.
pub(crate) fn with_entries(
    postings: Vec<(StatementPlace, Posting)>,
    entries: Vec<(StatementPlace, Entry)>,
) -> Vec<Posting> {
    let mut by_place: BTreeMap<StatementPlace, Posting> = postings.into_iter().collect();
    for (place, entry) in entries {
        if let Some(posting) = by_place.get_mut(&place) {
            posting.entries.push(entry);
        }
    }
    by_place.into_values().collect()
}

/// A line of a statement: a posting's columns, then the amount.
pub(crate) fn statement_line(row: &impl Fields) -> Result<StatementLine, StoreError> {
    let (place, posting) = posting(row)?;
    Ok(StatementLine { place, amount: Fen(row.int(15)?), posting })
}

fn account(text: &str) -> Result<Account, StoreError> {
    Account::parse(text).ok_or_else(|| StoreError::Corrupt(format!("{text:?} names no account")))
}

/// What waits: trade, sub-order, assignment, version, happened, due.
pub(crate) fn pending(row: &impl Fields) -> Result<Pending, StoreError> {
    Ok(Pending {
        tid: Tid(row.int(0)?),
        oid: Oid(row.int(1)?),
        code: AllocationCode(row.int(2)?),
        version: RuleSetVersion(row.int(3)?),
        happened: Timestamp(row.int(4)?),
        due_at: Timestamp(row.int(5)?),
    })
}

/// A month of a party: account, settled, refunded, postings.
pub(crate) fn balance(row: &impl Fields) -> Result<SettlementBalance, StoreError> {
    Ok(SettlementBalance {
        account: account(&row.text(0)?)?,
        settled: Fen(row.int(1)?),
        refunded: Fen(row.int(2)?),
        postings: row.int(3)?,
    })
}

/// What a check found: trade, words.
pub(crate) fn settlement_fault(row: &impl Fields) -> Result<SettlementFault, StoreError> {
    Ok(SettlementFault { tid: row.opt_int(0)?.map(Tid), what: row.text(1)? })
}

/// An entry as it is written: k, line, account, period, amount.
pub(crate) struct EntryRow {
    pub(crate) k: i64,
    pub(crate) line: i64,
    pub(crate) account: String,
    pub(crate) period: i64,
    pub(crate) amount: i64,
}

/// What an account's month gains by a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Gain {
    pub(crate) settled: i64,
    pub(crate) refunded: i64,
    pub(crate) postings: i64,
}

/// The entries of a step.
pub(crate) fn entry_rows(step: &SettlementStep) -> Vec<EntryRow> {
    let of_posting = |(k, posting): (usize, &Posting)| -> Vec<EntryRow> {
        let (k, period) = (count(k), Period::of(posting.booked).number());
        let row = |(line, entry): (i64, &Entry)| EntryRow {
            k,
            line,
            account: entry.account.to_string(),
            period,
            amount: entry.amount.0,
        };
        (0..).zip(&posting.entries).map(row).collect()
    };
    step.postings.iter().enumerate().flat_map(of_posting).collect()
}

/// What the months of accounts gain by a step, by month and account.
pub(crate) fn gains(step: &SettlementStep) -> BTreeMap<(i64, String), Gain> {
    let mut gains: BTreeMap<(i64, String), Gain> = BTreeMap::new();
    for posting in &step.postings {
        let period = Period::of(posting.booked).number();
        for entry in &posting.entries {
            let gain = gains.entry((period, entry.account.to_string())).or_default();
            gain.postings += 1;
            match posting.cause {
                PostingCause::Settled | PostingCause::Restored => gain.settled += entry.amount.0,
                PostingCause::Refunded(_) => gain.refunded += entry.amount.0,
            }
        }
    }
    gains
}
