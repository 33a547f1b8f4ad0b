//! The demo's closing table, in words a merchant uses. It counts; it does not judge anything but whether all orders ended and the
//! stock adds up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::stock::cell::{CellKey, StockCell};
use astrolabe_rehearsal::parties::Mode;
use astrolabe_rehearsal::tally::{Counted, Tally};
use astrolabe_store::{Overview, StateCount};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};

use crate::doctor::Findings;

/// Sub-orders in these states have gone out.
const SHIPPED: &[&str] = &["shipped", "signed", "return_requested", "returned", "refunded"];
/// Sub-orders in these states were called off.
const CLOSED: &[&str] = &["cancelled", "closed"];
/// Nobody can serve it, and the trade says why.
const UNFILLABLE: &str = "unfillable";
/// Errors of the stand-ins shown at the end.
const ERRORS_SHOWN_MAX: usize = 8;

/// The count of one state.
pub(super) fn count_of(counts: &[StateCount], state: &str) -> i64 {
    counts.iter().filter(|known| known.state == state).map(|known| known.count).sum()
}

fn count_all(counts: &[StateCount], states: &[&str]) -> i64 {
    states.iter().map(|state| count_of(counts, state)).sum()
}

/// How all orders stand at one moment.
#[derive(Debug, Default)]
pub(super) struct Standings {
    pub(super) trades: i64,
    sub_orders: i64,
    shipped: i64,
    closed: i64,
    pub(super) unfillable: i64,
    /// Neither shipped nor closed nor explained.
    pub(super) open: i64,
    pending_calls: i64,
}

impl Standings {
    pub(super) fn add(&mut self, overview: &Overview) {
        let states = &overview.sub_orders_by_state;
        let (shipped, closed, unfillable) =
            (count_all(states, SHIPPED), count_all(states, CLOSED), count_of(states, UNFILLABLE));
        self.trades += overview.trades;
        self.sub_orders += overview.sub_orders;
        self.shipped += shipped;
        self.closed += closed;
        self.unfillable += unfillable;
        self.open += overview.sub_orders - shipped - closed - unfillable;
        self.pending_calls += count_of(&overview.outward, "pending");
    }

    /// The progress line.
    pub(super) fn line(&self) -> String {
        format!(
            "orders 订单 {} · lines 子订单 {} · shipped 已发 {} · closed 取消 {} · under way 进行中 {} · short 缺货 {} · calls waiting 待通知 {}",
            self.trades, self.sub_orders, self.shipped, self.closed, self.open, self.unfillable, self.pending_calls
        )
    }
}

/// One merchant's end.
#[derive(Debug)]
pub(super) struct MerchantResult {
    pub(super) mode: Mode,
    pub(super) overview: Overview,
    pub(super) cells: BTreeMap<CellKey, StockCell>,
    pub(super) tally: Arc<Tally>,
}

/// The demo's end.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) merchants: Vec<MerchantResult>,
    pub(super) findings: Findings,
    pub(super) took: Duration,
    /// Whether every order ended in time.
    pub(super) settled: bool,
}

type Row = (&'static str, fn(&MerchantResult) -> i64);

/// Rows that add up over the merchants.
const ROWS: &[Row] = &[
    ("paid orders 付款订单", |one| one.overview.trades),
    ("lines 子订单", |one| one.overview.sub_orders),
    ("  shipped 已发货", |one| count_all(&one.overview.sub_orders_by_state, SHIPPED)),
    ("  cancelled or closed 已取消", |one| count_all(&one.overview.sub_orders_by_state, CLOSED)),
    ("  short of goods, explained 缺货(有说明)", |one| count_of(&one.overview.sub_orders_by_state, UNFILLABLE)),
    ("  not ended 未完成", MerchantResult::open),
    ("orders split over places 拆单", |one| one.overview.split_trades),
    ("refused by stores 门店拒单", |one| one.fact("refused") + one.fact("gave_back")),
    ("no answer in time 超时未接", |one| one.fact("unanswered")),
    ("routed again 改派", |one| {
        one.fact("refused") + one.fact("gave_back") + one.fact("unanswered") + one.fact("withdrawn")
    }),
    ("ISV silent, platform took over 平台接管", |one| one.fact("taken_over")),
    ("given up, nobody had it 买家放弃缺货单", |one| one.counted(Counted::BuyersGaveUp)),
    ("refunds asked 退款申请", |one| one.counted(Counted::RefundsAsked)),
    ("  back on the shelf 货未发出", |one| one.counted(Counted::BackOnShelf)),
    ("  already gone 货已发出", |one| one.counted(Counted::AlreadyGone)),
    ("  granted 已退款", |one| one.counted(Counted::RefundsGranted)),
    ("  declined, goods had left 拒绝退款", |one| one.counted(Counted::RefundsRefused)),
    ("  thought better of 撤销退款", |one| one.counted(Counted::RefundsWithdrawn)),
    ("calls outward delivered 通知成功", |one| count_of(&one.overview.outward, "delivered")),
    ("  still waiting 待重试", |one| count_of(&one.overview.outward, "pending")),
    ("  dead letters 死信", |one| count_of(&one.overview.outward, "dead")),
    ("units sold at the counter 线下销售", |one| one.counted(Counted::SoldOffline)),
    ("stock bills applied 流水生效", |one| one.counted(Counted::BillsApplied)),
    ("  failed bills 流水失败", |one| one.counted(Counted::BillsFailed)),
    ("units on hand 现有库存", |one| one.cells.values().map(|cell| cell.on_hand).sum()),
    ("units reserved 占用", |one| one.cells.values().map(|cell| cell.reserved).sum()),
];

impl MerchantResult {
    fn fact(&self, name: &str) -> i64 {
        count_of(&self.overview.facts, name)
    }

    fn counted(&self, what: Counted) -> i64 {
        i64::try_from(self.tally.get(what)).unwrap_or(i64::MAX)
    }

    fn open(&self) -> i64 {
        let states = &self.overview.sub_orders_by_state;
        self.overview.sub_orders - count_all(states, SHIPPED) - count_all(states, CLOSED) - count_of(states, UNFILLABLE)
    }

    fn average_allocation_ms(&self) -> i64 {
        self.overview.allocation_ms_sum / self.overview.allocations.max(1)
    }
}

impl Summary {
    /// Whether every order ended, nothing that was acknowledged is missing, and every invariant holds.
    pub(super) fn is_good(&self) -> bool {
        self.settled
            && self.findings.count() == 0
            && self.merchants.iter().all(|one| one.open() == 0 && one.missing_trades() == 0)
    }

    /// The table and what to do next.
    pub(super) fn lines(&self, database_flag: &str) -> Vec<String> {
        let mut lines = vec![String::new(), self.table().to_string()];
        lines.push(self.invariants_line());
        for violations in self.findings.by_invariant.values() {
            lines.extend(violations.iter().take(ERRORS_SHOWN_MAX).map(|sentence| format!("  - {sentence}")));
        }
        for one in &self.merchants {
            if one.missing_trades() != 0 {
                lines.push(format!("{}: {} acknowledged orders are missing", one.mode.section(), one.missing_trades()));
            }
            let errors = one.tally.errors();
            lines.extend(
                errors
                    .iter()
                    .take(ERRORS_SHOWN_MAX)
                    .map(|(text, count)| format!("  {} stand-in: {count} × {text}", one.mode.section())),
            );
        }
        if !self.settled {
            lines.push("not every order ended in time 有订单未在时限内完成".to_owned());
        }
        lines.push(format!("took {:.0} s", self.took.as_secs_f64()));
        if let Some((tid, _)) = self.merchants.iter().find_map(|one| one.overview.newest_rerouted.as_ref()) {
            lines.push(format!(
                "why did an order go where it went 为什么派给这家店:  astrolabe explain {tid} {database_flag}"
            ));
        }
        lines.push(format!("check the stock yourself 核对库存:  astrolabe doctor {database_flag}"));
        lines
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        let heads = self.merchants.iter().map(|one| format!("{} {}", one.mode.section(), mode_words(one.mode)));
        table.set_header(std::iter::once(String::new()).chain(heads).chain([String::from("all 合计")]));
        for (name, count) in ROWS {
            let counts: Vec<i64> = self.merchants.iter().map(count).collect();
            let sum: i64 = counts.iter().sum();
            table.add_row(
                std::iter::once((*name).to_owned()).chain(counts.iter().chain([&sum]).map(ToString::to_string)),
            );
        }
        table.add_row(self.time_row(
            "paid to allocated, average 分单用时",
            MerchantResult::average_allocation_ms,
            Self::average,
        ));
        table.add_row(self.time_row(
            "paid to allocated, slowest 最慢",
            |one| one.overview.allocation_ms_max,
            Self::slowest,
        ));
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn time_row(&self, name: &str, of_one: fn(&MerchantResult) -> i64, of_all: fn(&Self) -> i64) -> Vec<String> {
        let times = self.merchants.iter().map(|one| seconds(of_one(one)));
        std::iter::once(name.to_owned()).chain(times).chain([seconds(of_all(self))]).collect()
    }

    fn average(&self) -> i64 {
        let sum: i64 = self.merchants.iter().map(|one| one.overview.allocation_ms_sum).sum();
        let count: i64 = self.merchants.iter().map(|one| one.overview.allocations).sum();
        sum / count.max(1)
    }

    fn slowest(&self) -> i64 {
        self.merchants.iter().map(|one| one.overview.allocation_ms_max).max().unwrap_or_default()
    }

    fn invariants_line(&self) -> String {
        match self.findings.count() {
            0 => format!("stock adds up 库存账实相符: all {} invariants hold", self.findings.by_invariant.len()),
            count => format!("STOCK DOES NOT ADD UP 库存不平: {count} violations"),
        }
    }
}

impl MerchantResult {
    /// Trades that the platform acknowledged and does not have.
    fn missing_trades(&self) -> i64 {
        (self.counted(Counted::TradesSent) - self.overview.trades).max(0)
    }
}

fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::PlatformKeeper => "星盘分单+店掌柜",
        Mode::IsvKeeper => "ISV 分单+店掌柜",
        Mode::PlatformPos => "星盘分单+POS",
        Mode::IsvPos => "ISV 分单+POS",
    }
}

fn seconds(ms: i64) -> String {
    format!("{:.2} s", ms as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(states: &[(&str, i64)], sent: u64) -> MerchantResult {
        let sub_orders_by_state: Vec<StateCount> =
            states.iter().map(|(state, count)| StateCount { state: (*state).to_owned(), count: *count }).collect();
        let sub_orders = sub_orders_by_state.iter().map(|state| state.count).sum();
        let tally = Arc::new(Tally::default());
        tally.add(Counted::TradesSent, sent);
        let overview = Overview { trades: 3, sub_orders, sub_orders_by_state, ..Overview::default() };
        MerchantResult { mode: Mode::IsvPos, overview, cells: BTreeMap::new(), tally }
    }

    fn summary(merchant: MerchantResult) -> Summary {
        Summary {
            merchants: vec![merchant],
            findings: Findings::default(),
            took: Duration::from_secs(1),
            settled: true,
        }
    }

    #[test]
    fn only_ended_orders_and_a_clean_doctor_are_good() {
        let ended = [("shipped", 4), ("cancelled", 1), ("closed", 1), ("unfillable", 1)];
        assert!(summary(merchant(&ended, 3)).is_good());
        assert!(!summary(merchant(&[("shipped", 4), ("notified", 1)], 3)).is_good());
        assert!(!summary(merchant(&ended, 4)).is_good(), "an acknowledged order is missing");
        let mut violated = summary(merchant(&ended, 3));
        violated.findings.by_invariant.insert("INV-STOCK-1", vec!["x".to_owned()]);
        assert!(!violated.is_good());
        let mut late = summary(merchant(&ended, 3));
        late.settled = false;
        assert!(!late.is_good());
    }

    #[test]
    fn the_table_names_every_count() {
        let lines = summary(merchant(&[("shipped", 4)], 3)).lines("--data-dir /x").join("\n");
        for (name, _) in ROWS {
            assert!(lines.contains(name.trim()), "{name}");
        }
        assert!(lines.contains("astrolabe doctor --data-dir /x"));
    }
}
