//! The merchant's reports, judged a second time with arithmetic of one cell: key, time, kind, figures.

use std::collections::BTreeMap;

use astrolabe_core::command::{Bill, BillKind, Command, Goods, Outcome};
use astrolabe_core::ids::{BillNum, LocationId, ScItemId, TMALL};
use astrolabe_core::refusal::Refusal;
use astrolabe_core::seller::{FinalQuantityPolicy, Settings};
use astrolabe_core::stock::cell::{CellKey, StockCell, StockClass};
use astrolabe_core::time::Timestamp;

use super::Seen;
use crate::keep::is_commit;

type Key = (BillNum, LocationId, ScItemId, StockClass);
type Content = (BillKind, i64, Option<i64>);

/// What the model remembers of reports.
#[derive(Clone, Debug, Default)]
pub(super) struct Bills {
    applied: BTreeMap<Key, Content>,
    cells: BTreeMap<CellKey, Times>,
    /// Units that left a cell, by when we learnt of it.
    commits: Vec<(CellKey, Timestamp, i64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    initialised: bool,
    reported: Option<Timestamp>,
    overwritten: Option<Timestamp>,
}

/// What a bill must do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Must {
    Repeat,
    Refuse,
    /// The cell's `on_hand` and `unreported` after it.
    Apply(i64, i64),
}

impl Bills {
    pub(super) fn watch(&mut self, seen: &Seen<'_>) -> Vec<String> {
        let judged = seen.judged;
        let mut broken = Vec::new();
        if let (Command::ReportStock(bills), Ok(Outcome::Bills(verdicts))) = (&judged.command, &judged.verdict) {
            let mut cells = judged.cells.clone();
            for (bill, verdict) in bills.iter().zip(verdicts) {
                broken.extend(self.judge(bill, verdict.refused.as_ref(), &mut cells, seen));
            }
            let ended = ended(seen);
            broken.extend(ended.into_iter().filter_map(|(key, (on_hand, unreported))| {
                let cell = cells.get(&key).cloned().unwrap_or_default();
                let differs = (cell.on_hand, cell.unreported) != (on_hand, unreported);
                differs.then(|| {
                    let StockCell { on_hand: wanted, unreported: left, .. } = cell;
                    format!("{key}: {on_hand} on hand and {unreported} unreported, should be {wanted} and {left}")
                })
            }));
        }
        let left = judged.entries.iter().filter(|entry| is_commit(entry));
        self.commits.extend(left.map(|entry| (entry.cell, entry.learnt, entry.unreported)));
        broken
    }

    fn judge(
        &mut self,
        bill: &Bill,
        refused: Option<&Refusal>,
        cells: &mut BTreeMap<CellKey, StockCell>,
        seen: &Seen<'_>,
    ) -> Option<String> {
        let sc_item = article(&bill.goods);
        let key = (bill.bill_num.clone(), bill.location, sc_item, bill.class);
        let cell = CellKey::of(sc_item, bill.location, bill.class, TMALL);
        let now = cells.get(&cell).cloned().unwrap_or_default();
        let must = self.must(bill, &key, cell, &now, seen);
        let as_it_must = match must {
            Must::Repeat | Must::Apply(..) => refused.is_none(),
            Must::Refuse => refused.is_some(),
        };
        if let Must::Apply(on_hand, unreported) = must {
            self.remember(bill, key, cell, seen);
            cells.insert(cell, StockCell { on_hand, unreported, ..now });
        }
        (!as_it_must).then(|| format!("bill {} of {cell}: must {must:?}, refused: {refused:?}", bill.bill_num))
    }

    fn must(&self, bill: &Bill, key: &Key, cell: CellKey, now: &StockCell, seen: &Seen<'_>) -> Must {
        if let Some(known) = self.applied.get(key) {
            let same = *known == (bill.kind, bill.quantity, bill.final_quantity);
            return if same { Must::Repeat } else { Must::Refuse };
        }
        let times = self.cells.get(&cell).copied().unwrap_or_default();
        let told = bill.operated_at.min(seen.judged.at);
        let figure = snapshot(bill, seen.settings);
        let twice = bill.kind == BillKind::Initial && bill.class == StockClass::Certain && times.initialised;
        let newest = if figure.is_some() { times.reported } else { times.overwritten };
        if twice || figure.is_some_and(|figure| figure < 0) || newest.is_some_and(|newest| told < newest) {
            return Must::Refuse;
        }
        let (on_hand, unreported) = match figure {
            Some(figure) => {
                let later = self.commits.iter().filter(|(of, learnt, _)| {
                    *of == cell && learnt.0.div_euclid(1_000) > bill.operated_at.0.div_euclid(1_000)
                });
                let committed: i64 = later.map(|(_, _, units)| units).sum();
                (figure - committed, committed)
            }
            None if bill.kind == BillKind::Included => included(now, bill.quantity),
            None => (now.on_hand + bill.quantity, now.unreported),
        };
        let below = on_hand < 0 && on_hand < now.on_hand;
        if below { Must::Refuse } else { Must::Apply(on_hand, unreported) }
    }

    fn remember(&mut self, bill: &Bill, key: Key, cell: CellKey, seen: &Seen<'_>) {
        self.applied.insert(key, (bill.kind, bill.quantity, bill.final_quantity));
        let told = bill.operated_at.min(seen.judged.at);
        let times = self.cells.entry(cell).or_default();
        times.reported = times.reported.max(Some(told));
        if snapshot(bill, seen.settings).is_some() {
            times.overwritten = Some(told);
        }
        times.initialised |= bill.kind == BillKind::Initial;
    }
}

/// The figure that a report sets the book to, where it is a snapshot.
fn snapshot(bill: &Bill, settings: &Settings) -> Option<i64> {
    match bill.kind {
        BillKind::Initial => Some(bill.quantity),
        BillKind::Included | BillKind::Excluded | BillKind::Balance => {
            bill.final_quantity.filter(|_| settings.final_quantity == FinalQuantityPolicy::Trust)
        }
    }
}

/// Sales that we have taken off already are not taken off again.
fn included(now: &StockCell, quantity: i64) -> (i64, i64) {
    let (mut on_hand, mut unreported) = (now.on_hand, now.unreported);
    for _ in 0..quantity.abs() {
        let sign = quantity.signum();
        if sign * unreported < 0 {
            unreported += sign;
        } else {
            on_hand += sign;
        }
    }
    (on_hand, unreported)
}

/// The articles of a run: its listing's, or the one that is named.
fn article(goods: &Goods) -> ScItemId {
    match goods {
        Goods::Article(sc_item) => *sc_item,
        Goods::Listing { .. } => ScItemId(500),
    }
}

/// What the touched cells came to: as they were, and what the ledger says of this command.
fn ended(seen: &Seen<'_>) -> BTreeMap<CellKey, (i64, i64)> {
    let mut ended: BTreeMap<CellKey, (i64, i64)> = BTreeMap::new();
    for (key, cell) in &seen.judged.cells {
        ended.insert(*key, (cell.on_hand, cell.unreported));
    }
    for entry in &seen.judged.entries {
        let cell = ended.entry(entry.cell).or_default();
        cell.0 += entry.on_hand;
        cell.1 += entry.unreported;
    }
    ended
}
