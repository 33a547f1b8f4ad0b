//! The published tables of a push database and one row of them, in no dialect.

use std::collections::BTreeMap;

/// Which table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RdsTable {
    Trade,
    Refund,
    Item,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    Long,
    /// Up to so many characters.
    Text(usize),
    Time,
    Document,
    Flag,
}

pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) holds: Holds,
}

const fn column(name: &'static str, holds: Holds) -> Column {
    Column { name, holds }
}

/// In the published order; the first is the key, and `modified` says which of two rows is newer.
const TRADE: [Column; 11] = [
    column("tid", Holds::Long),
    column("status", Holds::Text(64)),
    column("type", Holds::Text(64)),
    column("seller_nick", Holds::Text(32)),
    column("buyer_nick", Holds::Text(256)),
    column("created", Holds::Time),
    column("modified", Holds::Time),
    column("jdp_hashcode", Holds::Text(128)),
    column("jdp_response", Holds::Document),
    column("jdp_created", Holds::Time),
    column("jdp_modified", Holds::Time),
];
const REFUND: [Column; 12] = [
    column("refund_id", Holds::Long),
    column("seller_nick", Holds::Text(32)),
    column("buyer_nick", Holds::Text(256)),
    column("status", Holds::Text(64)),
    column("created", Holds::Time),
    column("tid", Holds::Long),
    column("oid", Holds::Long),
    column("modified", Holds::Time),
    column("jdp_hashcode", Holds::Text(128)),
    column("jdp_response", Holds::Document),
    column("jdp_created", Holds::Time),
    column("jdp_modified", Holds::Time),
];
const ITEM: [Column; 13] = [
    column("num_iid", Holds::Long),
    column("nick", Holds::Text(32)),
    column("approve_status", Holds::Text(32)),
    column("has_showcase", Holds::Text(32)),
    column("created", Holds::Time),
    column("modified", Holds::Time),
    column("cid", Holds::Text(256)),
    column("has_discount", Holds::Text(32)),
    column("jdp_hashcode", Holds::Text(128)),
    column("jdp_response", Holds::Document),
    column("jdp_delete", Holds::Flag),
    column("jdp_created", Holds::Time),
    column("jdp_modified", Holds::Time),
];

impl RdsTable {
    pub const ALL: [Self; 3] = [Self::Trade, Self::Refund, Self::Item];

    pub fn name(self) -> &'static str {
        match self {
            Self::Trade => "jdp_tb_trade",
            Self::Refund => "jdp_tb_refund",
            Self::Item => "jdp_tb_item",
        }
    }

    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Trade => &TRADE,
            Self::Refund => &REFUND,
            Self::Item => &ITEM,
        }
    }

    /// The seller's nick: whose the row is.
    pub(super) fn owner(self) -> &'static str {
        match self {
            Self::Trade | Self::Refund => "seller_nick",
            Self::Item => "nick",
        }
    }

    pub(super) fn key(self) -> &'static str {
        self.columns()[0].name
    }

    /// The published secondary indexes, by name.
    pub(super) fn indexes(self) -> [(String, String); 4] {
        let (table, owner) = (self.name(), self.owner());
        [
            (format!("ind_{table}_{owner}_jdp_modified"), format!("{owner}, jdp_modified")),
            (format!("ind_{table}_jdp_modified"), "jdp_modified".to_owned()),
            (format!("ind_{table}_{owner}_modified"), format!("{owner}, modified")),
            (format!("ind_{table}_modified"), "modified".to_owned()),
        ]
    }

    /// Those that an update sets, the response last: whether a row says something new is asked of it.
    pub(super) fn renewed(self) -> impl Iterator<Item = &'static str> {
        let kept = [self.key(), self.owner(), "jdp_created", "jdp_modified", "jdp_response"];
        let names = self.columns().iter().map(|column| column.name);
        names.filter(move |name| !kept.contains(name))
    }

    /// Columns of ours that are not among those found.
    pub(super) fn missing(self, found: &Widths) -> Vec<&'static str> {
        self.columns().iter().map(|column| column.name).filter(|name| !found.contains_key(*name)).collect()
    }
}

/// Columns as they were found, with how many characters they take.
pub(super) type Widths = BTreeMap<String, Option<usize>>;

/// One value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RdsValue {
    Null,
    Long(i64),
    Text(String),
}

/// One row to write. Times are texts `yyyy-MM-dd HH:mm:ss` of Shanghai, as readers expect them.
#[derive(Clone, PartialEq, Eq)]
pub struct RdsRow {
    pub table: RdsTable,
    values: BTreeMap<&'static str, RdsValue>,
}

/// The buyer's data in it is nobody's to see.
impl std::fmt::Debug for RdsRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RdsRow").field("table", &self.table).finish_non_exhaustive()
    }
}

impl RdsRow {
    /// A row with its key, its document, and when it is pushed.
    pub fn new(table: RdsTable, key: i64, response: String, pushed_at: &str) -> Self {
        let hash = hashcode(&response).to_string();
        let pushed = RdsValue::Text(pushed_at.to_owned());
        let mut values = BTreeMap::from([
            (table.key(), RdsValue::Long(key)),
            ("jdp_hashcode", RdsValue::Text(hash)),
            ("jdp_response", RdsValue::Text(response)),
            ("jdp_created", pushed.clone()),
            ("jdp_modified", pushed),
        ]);
        if table == RdsTable::Item {
            values.insert("jdp_delete", RdsValue::Long(0));
        }
        Self { table, values }
    }

    /// The row with another column's value.
    #[must_use]
    pub fn with(mut self, column: &'static str, value: RdsValue) -> Self {
        self.values.insert(column, value);
        self
    }

    /// A value, cut to what its column takes. A document is never cut: it would be none.
    pub(super) fn value(&self, column: &Column, widths: &Widths) -> RdsValue {
        let value = self.values.get(column.name).cloned().unwrap_or(RdsValue::Null);
        let width = widths.get(column.name).copied().flatten();
        match (value, column.holds, width) {
            (RdsValue::Text(text), Holds::Text(_), Some(width)) if text.chars().count() > width => {
                RdsValue::Text(text.chars().take(width).collect())
            }
            (value, _, _) => value,
        }
    }

    /// The document's size in bytes.
    pub fn response_bytes(&self) -> usize {
        match self.values.get("jdp_response") {
            Some(RdsValue::Text(text)) => text.len(),
            Some(RdsValue::Null | RdsValue::Long(_)) | None => 0,
        }
    }

    /// The hash that readers may compare.
    pub fn hashcode(&self) -> &str {
        match self.values.get("jdp_hashcode") {
            Some(RdsValue::Text(text)) => text,
            Some(RdsValue::Null | RdsValue::Long(_)) | None => "",
        }
    }

    /// A row that nobody has, to see whether it could be written.
    pub(super) fn probe(table: RdsTable) -> Self {
        let time = RdsValue::Text("2000-01-01 00:00:00".to_owned());
        let row = Self::new(table, i64::MIN + 1, "{}".to_owned(), "2000-01-01 00:00:00");
        row.with(table.owner(), RdsValue::Text("astrolabe".to_owned())).with("modified", time)
    }
}

/// The hash of a text by the rule of Java's `String`: over UTF-16 units, 32 bits, signed.
fn hashcode(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_signed_32_bit_numbers() {
        for (text, hash) in [("", 0), ("a", 97), ("hello", 99_162_322), ("Astrolabe 星盘", hashcode("Astrolabe 星盘"))]
        {
            assert_eq!(hashcode(text), hash);
        }
        assert!(hashcode("{\"trade_fullinfo_get_response\":{}}") != hashcode("{}"));
    }

    #[test]
    fn texts_are_cut_to_their_columns_and_documents_never() {
        let row = RdsRow::new(RdsTable::Trade, 1, "长".repeat(9), "2026-01-01 00:00:00")
            .with("buyer_nick", RdsValue::Text("长".repeat(9)));
        let widths: Widths = TRADE.iter().map(|column| (column.name.to_owned(), Some(4))).collect();
        let of = |name: &str| row.value(TRADE.iter().find(|column| column.name == name).unwrap(), &widths);
        assert_eq!(of("buyer_nick"), RdsValue::Text("长".repeat(4)));
        assert_eq!(of("jdp_response"), RdsValue::Text("长".repeat(9)));
        assert!(!format!("{row:?}").contains('长'));
    }
}
